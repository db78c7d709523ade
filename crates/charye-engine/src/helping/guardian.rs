//! Room: engine/helping. A guardian speaks for a child under fourteen, by a registry's word: no code, because a child has no
//! telephone to receive one.
//!
//! Called by `web/citizen` and `web/api`. It must never tell why a registry said no.

use charye_domain::book::{Action, Channel, Command, Outcome};
use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::Person;
use jiff::civil::Date;

use crate::answered::{Answered, by_system};
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::helping::HelpStands;
use crate::identity::complete_sign_in;
use crate::ports::{GuardianRegistry, GuardianSaid};

/// What a guardian says of a child.
#[derive(Clone, PartialEq, Eq)]
pub struct ChildTold {
    pub name: String,
    pub birth_date: Date,
    /// The number in the registry.
    pub registry_number: String,
}

impl std::fmt::Debug for ChildTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChildTold(..)")
    }
}

/// Has a registry asked whether this person is the guardian of that child; if it says so, they may act for the child.
/// `None`: it does not say so, whether there is no such child, it is another's, or the names do not match.
///
/// # Errors
/// `Busy` (`TooOften`, or the registry does not answer), `NotAChild`, `HelpLimit`, `HelpersEnough`. Otherwise as
/// [`Engine::command`].
pub async fn attest_guardian(
    engine: &Engine,
    registry: &dyn GuardianRegistry,
    guardian: Person,
    child: ChildTold,
    campaign: &Campaign,
    channel: Channel,
) -> Result<Answered<Option<HelpStands>>, Failure> {
    engine.help_desk().count_try(guardian, engine.shared.clock.monotonic())?;
    let Some(guardian_details) = engine.people.get(guardian).await? else {
        return Ok(Answered { seq: engine.head_seq(), value: None });
    };
    let said = GuardianSaid {
        guardian: guardian_details,
        child_name: child.name,
        child_birth_date: child.birth_date,
        child_number: child.registry_number,
    };
    let proven = registry.attest(&said).await?.filter(|proven| proven.scheme == campaign.uniqueness);
    let Some(proven) = proven else { return Ok(Answered { seq: engine.head_seq(), value: None }) };
    let child = complete_sign_in(engine, &proven, channel).await?.value.person;
    let facts = CitizenFacts { birth_date: proven.details.birth_date };
    let scheme = proven.scheme;
    let action = Action::AttestGuardian { helper: guardian, helped: child, scheme, campaign: campaign.id, facts };
    let answered = engine.command(Command { by: by_system(channel), operation: None, action }).await?;
    match answered.value {
        Outcome::HelpStands { help, ends_at } => Ok(answered.map(|_| Some(HelpStands { help, ends_at }))),
        _ => Err(mismatched("attest a guardian")),
    }
}

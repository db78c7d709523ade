//! Room: engine/helping. An agent finds who is on the telephone, by exact identifiers that a registry confirms. That they looked,
//! and why, is durable before anything is shown (law I12); whom nobody finds is on record as well.
//!
//! Called by `web/agents`. It must never show anything when the record fails, nor tell why nobody was found.

use std::time::Duration;

use charye_domain::book::{Action, Actor, Channel, Command, LookUpsView, Provenance, Query, Reply, StaffNumber};
use charye_domain::helping::LOOK_UPS_MAX;
use charye_domain::ids::Person;
use charye_domain::weakness::Defence;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::{BusyCause, Failure};
use crate::identity::{
    ProofWanted, SignInAnswer, SignInBy, SignInDesk, SignInFailure, SignInWish, answer_sign_in, begin_sign_in,
    complete_sign_in,
};
use crate::ports::{Parameters, ProvenCitizen};

/// Whose last look-ups are under way asks again after this.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Which agent asks, why, and how many people they may look up within an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentAsking {
    pub agent: StaffNumber,
    /// Code of the reasons table, never 0.
    pub reason: u16,
    pub budget_per_hour: u32,
}

/// Whom they look for.
#[derive(Clone, Copy, Debug)]
pub struct CallerSought<'a> {
    /// The registry's name.
    pub registry: &'a str,
    /// What the campaign asks of the proof.
    pub wanted: ProofWanted,
    /// What the registry asks for, as the caller said it.
    pub filled_in: &'a Parameters,
}

/// Who was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCaller {
    pub person: Person,
    pub proven: ProvenCitizen,
}

/// Looks a caller up. `None`: nobody, for whatever reason.
///
/// # Errors
/// `Busy`: the budget is spent (`TooOften`), or the registry does not answer. Otherwise as [`Engine::command`]; then nothing
/// may be shown.
pub async fn find_caller(
    engine: &Engine,
    desk: &SignInDesk,
    asking: AgentAsking,
    sought: CallerSought<'_>,
) -> Result<Answered<Option<FoundCaller>>, Failure> {
    let looking_up = engine.help_desk().begin_look_up(asking.agent);
    check_budget(engine, asking, looking_up.others).await?;
    let proven = ask_registry(desk, sought).await?;
    let found = match proven {
        Some(proven) => {
            let person = complete_sign_in(engine, &proven, Channel::Call).await?.value.person;
            Some(FoundCaller { person, proven })
        }
        None => None,
    };
    let by = Provenance { actor: Actor::Agent(asking.agent), channel: Channel::Call, reason: asking.reason };
    let action = Action::LookUpCaller { person: found.as_ref().map(|found| found.person) };
    let recorded = engine.command(Command { by, operation: None, action }).await?;
    Ok(recorded.map(|_| found))
}

/// People whom an agent may still look up within this hour. For the agent to know; the budget is checked when they do.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_ups_left(engine: &Engine, agent: StaffNumber, budget_per_hour: u32) -> Result<u32, Failure> {
    let budget = budget_per_hour.min(LOOK_UPS_MAX);
    let answered = engine.query(Query::LookUps { agent, budget }).await?;
    let Reply::LookUps(LookUpsView { spent, .. }) = answered.value else {
        return Err(mismatched("count an agent's look-ups"));
    };
    Ok(budget.saturating_sub(spent))
}

/// Whether one more is within the budget: what is on record counts for an hour, whatever process recorded it, and so does what
/// is under way.
async fn check_budget(engine: &Engine, asking: AgentAsking, under_way: u32) -> Result<(), Failure> {
    let budget = asking.budget_per_hour.min(LOOK_UPS_MAX);
    let answered = engine.query(Query::LookUps { agent: asking.agent, budget }).await?;
    let Reply::LookUps(LookUpsView { spent, left_in_ms }) = answered.value else {
        return Err(mismatched("count an agent's look-ups"));
    };
    if spent.saturating_add(under_way) < budget || Defence::AgentBudget.is_off() {
        return Ok(());
    }
    let retry_after = Duration::from_millis(left_in_ms).max(ASK_AGAIN_AFTER);
    Err(Failure::Busy { retry_after, cause: BusyCause::TooOften })
}

async fn ask_registry(desk: &SignInDesk, sought: CallerSought<'_>) -> Result<Option<ProvenCitizen>, Failure> {
    let CallerSought { registry, wanted, filled_in } = sought;
    let (by, language, go_on_to) = (SignInBy::Staff, "ko", "");
    let wish =
        SignInWish { provider: registry, by, wanted: Some(wanted), filled_in, language, go_on_to, instead_of: None };
    let answered = match begin_sign_in(desk, wish).await {
        Ok(begun) => answer_sign_in(desk, registry, &begun.sealed_state, filled_in).await,
        Err(failure) => Err(failure),
    };
    match answered {
        Ok(SignInAnswer::Proven(proven)) if wanted.is_met_by(&proven.citizen) => Ok(Some(proven.citizen)),
        Ok(SignInAnswer::Proven(_) | SignInAnswer::NotYet { .. }) | Err(SignInFailure::Refused(_)) => Ok(None),
        Err(SignInFailure::InLine { about, .. }) => {
            Err(Failure::Busy { retry_after: about, cause: BusyCause::Saturated })
        }
        Err(SignInFailure::LeftAlone { retry_after, .. } | SignInFailure::Busy { retry_after }) => {
            Err(Failure::Busy { retry_after, cause: BusyCause::Saturated })
        }
        Err(SignInFailure::ProviderFault(_)) => Err(Failure::busy(BusyCause::Saturated)),
    }
}

//! Room: engine/helping. Who helps whom, as either side is told; and whether somebody may act for another right now, asked
//! before anything about that person is shown. Queries in turn, so an end counts at once.
//!
//! Called by `web`.

use charye_domain::book::{Query, Reply};
use charye_domain::helping::HelpView;
use charye_domain::ids::{HelpId, Person};
use charye_domain::weakness::Defence;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::ports::PersonalDetails;

/// Whom a helper is about to act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpedPerson {
    pub view: HelpView,
    pub details: PersonalDetails,
}

/// Everything open that concerns a person: whom they help, who helps them, codes that are out.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_up_helping(engine: &Engine, person: Person) -> Result<Answered<Vec<HelpView>>, Failure> {
    let Answered { seq, value } = engine.query(Query::Helping { person }).await?;
    match value {
        Reply::Helping(views) => Ok(Answered { seq, value: views }),
        _ => Err(mismatched("look up who helps whom")),
    }
}

/// Whether `helper` may act for `helped` now.
///
/// # Errors
/// As [`Engine::query`].
pub async fn may_act(engine: &Engine, helper: Person, helped: Person) -> Result<bool, Failure> {
    let views = look_up_helping(engine, helper).await?.value;
    // `weak-consent` stands here too: for what is only looked at.
    Ok(views.iter().any(|view| view.stands_for(helper, helped)) || Defence::Consent.is_off())
}

/// The person whom `helper` helps by this number, with what the rules need of them. `None`: nobody.
///
/// # Errors
/// As [`Engine::query`]; `Fault`: their details could not be read.
pub async fn helped_person(
    engine: &Engine,
    helper: Person,
    help: HelpId,
) -> Result<Answered<Option<HelpedPerson>>, Failure> {
    let Answered { seq, value: views } = look_up_helping(engine, helper).await?;
    let view = views.into_iter().find(|view| view.help == help && view.stands_for(helper, view.helped));
    let Some(view) = view else { return Ok(Answered { seq, value: None }) };
    let details = engine.people.get(view.helped).await?;
    Ok(Answered { seq, value: details.map(|details| HelpedPerson { view, details }) })
}

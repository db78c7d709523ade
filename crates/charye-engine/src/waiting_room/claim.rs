//! Room: engine/waiting_room. Somebody whose turn it is comes in, or the visit moves to the device that asks now. Who was
//! called and missed it gets a place in the returners' lane by asking.
//!
//! Called by `web/citizen` and `web/api`. Never decides whose turn it is: the book does.

use charye_domain::book::{Action, Command, LineStanding, Outcome, Provenance};
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::{CampaignId, OpeningId, Person};
use charye_domain::time::UnixMillis;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::waiting_room::InLine;

/// A running visit: what a pass is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub opening: OpeningId,
    /// Passes of older generations are void.
    pub generation: u32,
    pub ends_at: UnixMillis,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    Inside(Visit),
    /// The call was missed: a place in the returners' lane is theirs now.
    Returning(InLine),
}

/// Starts or moves a visit. Where a campaign has no line, whoever may reserve is let in.
///
/// # Errors
/// As [`Engine::command`]: `not_called` whoever waits, stands in no line or is on the list of a draw; who may not reserve
/// now is rejected with the reason and the date to come.
pub async fn claim(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
    facts: CitizenFacts,
    by: Provenance,
) -> Result<Answered<Claimed>, Failure> {
    let action = Action::StartVisit { person, campaign, facts };
    let answered = engine.command(Command { by, operation: None, action }).await?;
    match answered.value {
        Outcome::Visiting { opening, generation, ends_at } => {
            Ok(answered.map(|_| Claimed::Inside(Visit { opening, generation, ends_at })))
        }
        Outcome::InLine { opening, standing: standing @ LineStanding::Returning { .. } } => {
            Ok(answered.map(|_| Claimed::Returning(InLine { opening, standing })))
        }
        _ => Err(mismatched("start a visit")),
    }
}

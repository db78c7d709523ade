//! Room: engine/waiting_room. Lets a person in, or moves their visit to the device that asks now.
//!
//! Called by `web/citizen`. Never decides eligibility or capacity: the book does.

use charye_domain::book::{Action, Channel, Command, Outcome};
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::{CampaignId, OpeningId, Person};
use charye_domain::time::UnixMillis;

use crate::answered::{Answered, by_citizen};
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// A running visit: what a pass is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    pub opening: OpeningId,
    /// Passes of older generations are void.
    pub generation: u32,
    pub ends_at: UnixMillis,
}

/// Starts or moves a visit.
///
/// # Errors
/// As [`Engine::command`]: who may not reserve now is rejected with the reason and the date to come.
pub async fn enter(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
    facts: CitizenFacts,
    channel: Channel,
) -> Result<Answered<Visit>, Failure> {
    let action = Action::StartVisit { person, campaign, facts };
    let answered = engine.command(Command { by: by_citizen(person, channel), operation: None, action }).await?;
    match answered.value {
        Outcome::Visiting { opening, generation, ends_at } => {
            Ok(answered.map(|_| Visit { opening, generation, ends_at }))
        }
        _ => Err(mismatched("start a visit")),
    }
}

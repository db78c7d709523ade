//! Room: engine/waiting_room. An operator changes a line: terms, pause, message, time of opening. Recorded with actor and
//! reason, and in force with the batch that records it.
//!
//! Called by `web/operators` and by tests. Never judges a change: the book does.

use std::sync::Arc;

use charye_domain::book::{Action, Command, Operation, Outcome, Provenance};
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::waiting_room::steering::Steering;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// What an operator wants, and why.
#[derive(Clone, Debug)]
pub struct SteeringOrder {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub steering: Steering,
    /// The reason in words, recorded. At most [`Steering::NOTE_CHARS_MAX`] characters.
    pub note: Arc<str>,
    /// In a rehearsal an opening may be moved without notice.
    pub rehearsal: bool,
}

/// Changes a line.
///
/// # Errors
/// As [`Engine::command`]: unsound terms, too short a notice, or an actor who may not.
pub async fn steer(
    engine: &Engine,
    order: SteeringOrder,
    by: Provenance,
    operation: Option<Operation>,
) -> Result<Answered<()>, Failure> {
    let SteeringOrder { campaign, opening, steering, note, rehearsal } = order;
    let action = Action::Steer { campaign, opening, steering: Box::new(steering), note, rehearsal };
    let answered = engine.command(Command { by, operation, action }).await?;
    match answered.value {
        Outcome::Steered => Ok(answered.map(|_| ())),
        _ => Err(mismatched("steer a line")),
    }
}

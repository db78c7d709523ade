//! Room: engine/waiting_room. Ends a visit because its person signs out. Its room is back at once.
//!
//! Called by `web/citizen`.

use charye_domain::book::{Action, Command, EndWish, Outcome, Provenance};
use charye_domain::ids::{CampaignId, Person};

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Ends the visit with this generation; an older device cannot end a newer one's.
///
/// # Errors
/// As [`Engine::command`].
pub async fn leave(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
    generation: u32,
    by: Provenance,
) -> Result<Answered<()>, Failure> {
    let action = Action::EndVisit { person, campaign, generation, wish: EndWish::SignOut };
    let answered = engine.command(Command { by, operation: None, action }).await?;
    match answered.value {
        Outcome::VisitOver => Ok(answered.map(|_| ())),
        _ => Err(mismatched("end a visit")),
    }
}

//! Room: engine/waiting_room. Ends a visit because its person signs out. Its room is back at once.
//!
//! Called by `web/citizen`.

use charye_domain::book::{Action, Channel, Command, EndWish, Outcome};
use charye_domain::ids::{CampaignId, Person};

use crate::answered::{Answered, by_citizen};
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
    channel: Channel,
) -> Result<Answered<()>, Failure> {
    let action = Action::EndVisit { person, campaign, generation, wish: EndWish::SignOut };
    let answered = engine.command(Command { by: by_citizen(person, channel), operation: None, action }).await?;
    match answered.value {
        Outcome::VisitOver => Ok(answered.map(|_| ())),
        _ => Err(mismatched("end a visit")),
    }
}

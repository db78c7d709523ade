//! Room: engine/waiting_room. Gives a place in a line up. Called by `web/citizen` and `web/api`.

use charye_domain::book::{Action, Channel, Command};
use charye_domain::ids::{CampaignId, Person};

use crate::answered::{Answered, by_citizen};
use crate::engine::Engine;
use crate::failure::Failure;

/// Gives the place up; who stands in no line has given it up.
///
/// # Errors
/// As [`Engine::command`].
pub async fn leave_line(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
    channel: Channel,
) -> Result<Answered<()>, Failure> {
    let action = Action::LeaveLine { person, campaign };
    let answered = engine.command(Command { by: by_citizen(person, channel), operation: None, action }).await?;
    Ok(answered.map(|_| ()))
}

//! Room: engine/waiting_room. Gives a place in a line up. Called by `web/citizen` and `web/api`.

use charye_domain::book::{Action, Command, Provenance};
use charye_domain::ids::{CampaignId, Person};

use crate::answered::Answered;
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
    by: Provenance,
) -> Result<Answered<()>, Failure> {
    let action = Action::LeaveLine { person, campaign };
    let answered = engine.command(Command { by, operation: None, action }).await?;
    Ok(answered.map(|_| ()))
}

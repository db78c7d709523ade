//! Room: engine/helping. Either side ends it, at any time; what the helper has open ends with it.
//!
//! Called by `web/citizen` and `web/api`.

use charye_domain::book::{Action, Channel, Outcome};
use charye_domain::ids::{HelpId, Person};

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::helping::invite::by_citizen;

/// Ends helping, or takes an invitation back, for one of the two.
///
/// # Errors
/// `HelpUnknown`: nothing open under this number concerns this person. Otherwise as [`Engine::command`].
pub async fn end_help(
    engine: &Engine,
    person: Person,
    help: HelpId,
    channel: Channel,
) -> Result<Answered<()>, Failure> {
    let answered = engine.command(by_citizen(person, channel, Action::EndHelp { person, help })).await?;
    match answered.value {
        Outcome::HelpOver => Ok(answered.map(|_| ())),
        _ => Err(mismatched("end helping")),
    }
}

//! Room: engine/waiting_room. Where somebody stands by the book, and not by their ticket: a query in turn. Called by the page
//! of those whose turn it is, whom the hard cap counts; never by polls.

use charye_domain::book::{Query, Reply};
use charye_domain::ids::{CampaignId, Person};

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::waiting_room::InLine;

/// The place of somebody in a campaign's lines, in the first that is not over; `None` if they stand in none.
///
/// # Errors
/// As [`Engine::query`].
pub async fn look_up_place(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
) -> Result<Answered<Option<InLine>>, Failure> {
    let answered = engine.query(Query::InLine { person, campaign }).await?;
    match answered.value {
        Reply::InLine(found) => Ok(answered.map(|_| found.map(|(opening, standing)| InLine { opening, standing }))),
        _ => Err(mismatched("look up a place in a line")),
    }
}

//! Room: engine/waiting_room. Takes a place in a line: on the list of the draw before an opening, by the moment the sign-in
//! began after it. Called by `web/citizen` and `web/api`. Never decides a place: the book does.

use charye_domain::book::{Action, Command, LinePurpose, LineStanding, Outcome, Provenance};
use charye_domain::citizen::CitizenFacts;
use charye_domain::ids::{CampaignId, OpeningId, Person};
use charye_domain::time::UnixMillis;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Where somebody stands: what a ticket is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InLine {
    pub opening: OpeningId,
    pub standing: LineStanding,
}

/// Takes a place, or finds the one that this person has: the same from every device. `began_at` is when this sign-in
/// began, as sealed in its state.
///
/// # Errors
/// As [`Engine::command`]: who is in no opening is told the date to come, who has what they came for is told so, and a
/// line closed to arrivals takes nobody new.
pub async fn arrive(
    engine: &Engine,
    person: Person,
    campaign: CampaignId,
    facts: CitizenFacts,
    began_at: UnixMillis,
    purpose: LinePurpose,
    by: Provenance,
) -> Result<Answered<InLine>, Failure> {
    let action = Action::Arrive { person, campaign, facts, began_at, purpose };
    let answered = engine.command(Command { by, operation: None, action }).await?;
    match answered.value {
        Outcome::InLine { opening, standing } => Ok(answered.map(|_| InLine { opening, standing })),
        _ => Err(mismatched("take a place in a line")),
    }
}

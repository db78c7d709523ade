//! Room: engine/reservation. Takes places for a short time, keeps them a little longer, gives them back.
//!
//! Called by `web/citizen` and `web/api`. It must never promise a place: only the book's answer does.

use charye_domain::book::{Action, Authority, Command, Operation, Outcome, Places, Provenance};
use charye_domain::ids::{HoldId, Person};
use charye_domain::time::UnixMillis;

use crate::answered::{Answered, Inside};
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::reservation::sold_out::{PlaceFailure, ask_for_places, refuse_if_sold_out};

/// A hold that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub hold: HoldId,
    /// From this instant on it cannot be confirmed any more.
    pub expires_at: UnixMillis,
}

/// Takes one place, or both of a pair of doses, for the campaign's hold time.
///
/// Repeating the same operation returns the first result and writes nothing.
///
/// # Errors
/// `SoldOut` with `recorded: false` straight from the board, or recorded from the book. Otherwise as
/// [`Engine::command`].
pub async fn hold_places(engine: &Engine, inside: Inside, places: Places) -> Result<Answered<Held>, PlaceFailure> {
    let Inside { person, campaign, authority, facts, by, operation } = inside;
    refuse_if_sold_out(engine, operation, places)?;
    let action = Action::Hold { person, campaign, authority, facts, places };
    let answered = ask_for_places(engine, Command { by, operation, action }, places).await?;
    match answered.value {
        Outcome::Held { hold, expires_at } => Ok(answered.map(|_| Held { hold, expires_at })),
        _ => Err(mismatched("hold places").into()),
    }
}

/// Moves a hold's end by the campaign's extension time (WCAG 2.2.1).
///
/// # Errors
/// As [`Engine::command`].
pub async fn extend_hold(
    engine: &Engine,
    person: Person,
    hold: HoldId,
    authority: Authority,
    by: Provenance,
    operation: Option<Operation>,
) -> Result<Answered<Held>, Failure> {
    let action = Action::ExtendHold { person, hold, authority };
    let answered = engine.command(Command { by, operation, action }).await?;
    match answered.value {
        Outcome::Held { hold, expires_at } => Ok(answered.map(|_| Held { hold, expires_at })),
        _ => Err(mismatched("extend a hold")),
    }
}

/// Gives the places of a hold back.
///
/// # Errors
/// As [`Engine::command`].
pub async fn release_hold(
    engine: &Engine,
    person: Person,
    hold: HoldId,
    by: Provenance,
    operation: Option<Operation>,
) -> Result<Answered<()>, Failure> {
    let action = Action::ReleaseHold { person, hold };
    let answered = engine.command(Command { by, operation, action }).await?;
    match answered.value {
        Outcome::HoldReleased => Ok(answered.map(|_| ())),
        _ => Err(mismatched("release a hold")),
    }
}

//! Room: engine/reservation. Hold and confirmation in one decision, for callers who do not look at a page in between.
//!
//! Called by `web/api`, the call centre and benches. Never draws a number twice for one operation that was recorded.

use charye_domain::book::{Action, Command, Outcome, Places};
use charye_domain::ids::ReservationNumber;

use crate::answered::{Answered, Inside};
use crate::engine::{Engine, mismatched};
use crate::reservation::confirm::Reserved;
use crate::reservation::sold_out::{PlaceFailure, ask_for_places, refuse_if_sold_out};

/// Reserves one place, or both of a pair of doses.
///
/// Repeating the same operation returns the first result and writes nothing.
///
/// # Errors
/// As [`crate::reservation::hold_places`].
pub async fn reserve_at_once(
    engine: &Engine,
    inside: Inside,
    places: Places,
) -> Result<Answered<Reserved>, PlaceFailure> {
    let Inside { person, campaign, authority, facts, by, operation } = inside;
    refuse_if_sold_out(engine, operation, places)?;
    let number = ReservationNumber::from_random(engine.random().bits());
    let action = Action::ReserveAtOnce { person, campaign, authority, facts, places, number };
    let answered = ask_for_places(engine, Command { by, operation, action }, places).await?;
    match answered.value {
        Outcome::Reserved { reservation, number } => Ok(answered.map(|_| Reserved { reservation, number })),
        _ => Err(mismatched("reserve at once").into()),
    }
}

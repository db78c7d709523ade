//! Room: engine/reservation. Swaps the places of a reservation for others, or changes nothing.
//!
//! Called by `web/citizen` and `web/api`. It must never free the old place itself: one decision of the book does both.

use charye_domain::book::{Action, Command, Outcome, Places};
use charye_domain::ids::ReservationId;

use crate::answered::{Answered, Inside};
use crate::engine::{Engine, mismatched};
use crate::reservation::sold_out::{PlaceFailure, ask_for_places};

/// Moves a reservation to `places`, which name every dose still to come, changed or not. The new places are secured
/// before the old are freed, or nothing happens.
///
/// The board is not asked first: a place that the reservation keeps may well be the slot's last.
///
/// # Errors
/// As [`crate::reservation::hold_places`].
pub async fn reschedule_reservation(
    engine: &Engine,
    inside: Inside,
    reservation: ReservationId,
    places: Places,
) -> Result<Answered<ReservationId>, PlaceFailure> {
    let Inside { person, authority, facts, by, operation, .. } = inside;
    let action = Action::Reschedule { person, reservation, authority, facts, places };
    let answered = ask_for_places(engine, Command { by, operation, action }, places).await?;
    match answered.value {
        Outcome::Rescheduled { reservation } => Ok(answered.map(|_| reservation)),
        _ => Err(mismatched("reschedule a reservation").into()),
    }
}

//! Room: engine/reservation. Turns a held place into a reservation.
//!
//! Called by `web/citizen` and `web/api`. It must never reuse a reservation number for another person: each call draws
//! its own, and a repetition gets the one that was recorded first.

use charye_domain::book::{Action, Command, Outcome};
use charye_domain::ids::{HoldId, ReservationId, ReservationNumber};

use crate::answered::{Answered, Inside};
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// A reservation that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserved {
    pub reservation: ReservationId,
    /// What the citizen quotes.
    pub number: ReservationNumber,
}

/// Turns a held place into a reservation.
///
/// Repeating the same operation returns the first result and writes nothing.
///
/// # Errors
/// `Rejected`: a rule says no. `Busy`: the sequencer's queue is full. `Fault`: the batch may or may not have landed; ask
/// for the operation by its key before trying again.
pub async fn confirm_reservation(engine: &Engine, inside: Inside, hold: HoldId) -> Result<Answered<Reserved>, Failure> {
    let Inside { person, authority, by, operation, .. } = inside;
    let number = ReservationNumber::from_random(engine.random().bits());
    let action = Action::Confirm { person, hold, authority, number };
    let answered = engine.command(Command { by, operation, action }).await?;
    match answered.value {
        Outcome::Reserved { reservation, number } => Ok(answered.map(|_| Reserved { reservation, number })),
        _ => Err(mismatched("confirm a reservation")),
    }
}

//! Room: engine/reservation. Gives back every place of a reservation that is still to come.
//!
//! Called by `web/citizen` and `web/api`. Needs sign-in only, no visit (law I9).

use charye_domain::book::{Action, Command, Operation, Outcome, Provenance};
use charye_domain::ids::{Person, ReservationId};

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Cancels a reservation.
///
/// # Errors
/// As [`Engine::command`]; another person's reservation is `ReservationUnknown`.
pub async fn cancel_reservation(
    engine: &Engine,
    person: Person,
    reservation: ReservationId,
    by: Provenance,
    operation: Option<Operation>,
) -> Result<Answered<ReservationId>, Failure> {
    let action = Action::Cancel { person, reservation };
    let answered = engine.command(Command { by, operation, action }).await?;
    match answered.value {
        Outcome::Cancelled { reservation } => Ok(answered.map(|_| reservation)),
        _ => Err(mismatched("cancel a reservation")),
    }
}

//! Room: engine/reservation. How asking for places fails: like anything else, or because they are gone.
//!
//! Used by hold, reserve at once and reschedule.

use charye_domain::book::{Outcome, Places, Rejection};

use crate::answered::Answered;
use crate::engine::Engine;
use crate::failure::Failure;

/// Why places could not be had.
#[derive(Debug)]
pub enum PlaceFailure {
    /// They are gone. `recorded: false` if the board knew before the queue: nothing happened.
    SoldOut {
        rejection: Rejection,
        recorded: bool,
    },
    Other(Failure),
}

impl From<Failure> for PlaceFailure {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// Refuses what the board shows as taken, at memory speed, before the queue.
///
/// The board may show a place as taken a moment before that is durable, never as free too early: so this may send
/// somebody on who would have had luck a moment later, and never promises anything.
pub(crate) fn refuse_if_sold_out(_engine: &Engine, _places: Places) -> Result<(), PlaceFailure> {
    Ok(())
}

/// Has the book decide; a recorded "sold out" comes with what is near.
pub(crate) async fn ask_for_places(
    engine: &Engine,
    command: charye_domain::book::Command,
    _places: Places,
) -> Result<Answered<Outcome>, PlaceFailure> {
    match engine.command(command).await {
        Err(Failure::Rejected {
            rejection: rejection @ (Rejection::SoldOut | Rejection::SecondDoseSoldOut),
            recorded,
        }) => Err(PlaceFailure::SoldOut { rejection, recorded }),
        answer => Ok(answer?),
    }
}

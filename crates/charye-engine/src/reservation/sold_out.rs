//! Room: engine/reservation. How asking for places fails: like anything else, or because they are gone.
//!
//! Used by hold, reserve at once and reschedule.

use charye_domain::book::{Command, Operation, Outcome, Places, Rejection};

use crate::answered::Answered;
use crate::availability::{Alternatives, Availability};
use crate::engine::Engine;
use crate::failure::Failure;

/// Why places could not be had.
#[derive(Debug)]
pub enum PlaceFailure {
    /// They are gone; these are near. `recorded: false` if the board knew before the queue: nothing happened.
    SoldOut {
        rejection: Rejection,
        recorded: bool,
        alternatives: Alternatives,
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
/// The board may show a place as taken a moment before that is durable, and as free never too early: so this may send
/// somebody on who would have had luck a moment later, and promises nothing. A slot that the board does not know goes to
/// the book, which says why; and so does a repetition, whose answer may be that it took the last place itself.
pub(crate) fn refuse_if_sold_out(
    engine: &Engine,
    operation: Option<Operation>,
    places: Places,
) -> Result<(), PlaceFailure> {
    let availability = engine.availability();
    let board = availability.board();
    let is_gone = |slot| board.remaining(slot) == 0 && board.place(slot).is_some();
    let rejection = if is_gone(places.first) {
        Rejection::SoldOut
    } else if places.second.is_some_and(is_gone) {
        Rejection::SecondDoseSoldOut
    } else {
        return Ok(());
    };
    // After the board: a key is noted before its taking of a place is shown.
    if operation.is_some_and(|operation| engine.shared.answered_keys.may_hold(operation.key)) {
        return Ok(());
    }
    Err(sold_out(engine, &availability, places, rejection, false))
}

/// Has the book decide; a "sold out" from there comes with what is near, too.
pub(crate) async fn ask_for_places(
    engine: &Engine,
    command: Command,
    places: Places,
) -> Result<Answered<Outcome>, PlaceFailure> {
    match engine.command(command).await {
        Err(Failure::Rejected {
            rejection: rejection @ (Rejection::SoldOut | Rejection::SecondDoseSoldOut),
            recorded,
        }) => Err(sold_out(engine, &engine.availability(), places, rejection, recorded)),
        answer => Ok(answer?),
    }
}

fn sold_out(
    engine: &Engine,
    availability: &Availability,
    places: Places,
    rejection: Rejection,
    recorded: bool,
) -> PlaceFailure {
    let (wanted, first) = match (rejection, places.second) {
        (Rejection::SecondDoseSoldOut, Some(second)) => (second, Some(places.first)),
        _ => (places.first, None),
    };
    let board = availability.board();
    let alternatives = board.place(wanted).and_then(|place| {
        let moment = availability.moment(place.plane.campaign, engine.now());
        availability.alternatives(wanted, first, moment).ok()
    });
    PlaceFailure::SoldOut { rejection, recorded, alternatives: alternatives.unwrap_or_default() }
}

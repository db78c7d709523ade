//! Room: simulator/surge. What comes of an errand: the answer of one use case, with who asked. Made by the player's errands,
//! heard by the player.

use charye_domain::book::{Operation, Outcome};
use charye_domain::ids::{Person, ReservationId, SlotId};
use charye_engine::reservation::{Held, PlaceFailure, Reserved};
use charye_engine::waiting_room::{Claimed, InLine};
use charye_engine::{Answered, Failure};

/// An answer.
pub(crate) enum Told {
    Arrived {
        who: usize,
        told: Result<Answered<InLine>, Failure>,
    },
    OtherDevice {
        who: usize,
        told: Result<Answered<InLine>, Failure>,
    },
    Claimed {
        who: usize,
        told: Result<Answered<Claimed>, Failure>,
    },
    Held {
        who: usize,
        slot: SlotId,
        operation: Operation,
        generation: u32,
        told: Result<Answered<Held>, PlaceFailure>,
    },
    Confirmed {
        who: usize,
        operation: Operation,
        told: Result<Answered<Reserved>, Failure>,
    },
    LookedUp {
        who: usize,
        operation: Operation,
        told: Result<Answered<Option<Outcome>>, Failure>,
    },
    SignedOut {
        who: usize,
        told: Result<Answered<()>, Failure>,
    },
    /// The visit of `who` failed by a fault of ours.
    Failed {
        who: usize,
        told: Result<Answered<Outcome>, Failure>,
    },
    Cancelled {
        who: usize,
        told: Result<Answered<ReservationId>, Failure>,
    },
    AgentEntered {
        caller: Person,
        told: Result<Answered<Outcome>, Failure>,
    },
    AgentLeft {
        caller: Person,
    },
    /// `incident`: its number in the scenario.
    Steered {
        incident: usize,
        told: Result<Answered<()>, Failure>,
    },
}

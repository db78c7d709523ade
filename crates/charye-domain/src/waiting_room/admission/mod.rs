//! Room: domain/waiting_room. Calling people in: the [`Door`] keeps the law (hard cap, order, grace, returners' share) and is
//! derived from the journal; the [`AdmissionController`] decides from measurements how many to call next. Whatever the
//! controller asks for, the door calls no more than there are seats.

mod controller;
mod door;
mod gate_watch;
mod rate;
mod returners;
mod show_up;
mod terms;

pub use controller::{AdmissionController, Explanation, Limit};
pub(crate) use door::DoorParts;
pub use door::{Called, Calls, Door, Lane, NotCalled, PauseReason, Turn};
pub use gate_watch::{GateTurn, GateWatch};
pub use rate::{Measured, Rate, RateReason};
pub use show_up::ShowUp;
pub(crate) use terms::GRACE_MIN_SECS;
pub use terms::{Terms, TermsFault};

//! Charye's law: the rules of vaccination and queueing as pure state machines.
//!
//! Changes when the law changes. Everyone above calls in; this crate calls nobody. It must never hold a clock,
//! randomness, I/O, async, logging or serde: `now` and every id come in as arguments, facts go out as events.

pub mod book;
pub mod campaign;
pub mod citizen;
pub mod clinic;
pub mod cohort;
pub mod eligibility;
pub mod helping;
pub mod identity;
pub mod ids;
pub mod law;
pub mod opening;
pub mod reservation;
pub mod slot;
pub mod time;
pub mod vaccine;
pub mod waiting_room;
pub mod weakness;

//! Charye's engine: the running state. One thread decides in order and has it recorded; a board answers look-ups; use
//! cases, one file each, know the order of steps. Called by web and server. It must never hold SQL, HTTP or templates.

mod answered;
pub mod availability;
pub mod campaign;
pub mod clinic;
mod engine;
pub mod failure;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod helping;
pub mod identity;
pub mod metrics;
pub mod notification;
pub mod operations;
pub mod ports;
pub mod reservation;
pub mod sequencer;
mod start;
pub mod waiting_room;

pub use answered::{Answered, Inside, by_citizen, by_system};
pub use engine::{Engine, Health};
pub use failure::{BusyCause, Failure, Fault};
pub use start::{Burn, EnginePorts, EngineSettings};

//! Room: domain/book. The judge: who holds what, who may have what. `decide` says which facts follow from a command,
//! `apply` makes them so. Owned by one sequencer thread; read by nobody else. No clock, no chance, no I/O.

pub mod command;
pub mod event;
mod outcome;
mod rejection;

pub use command::{Action, Actor, Authority, Channel, Command, Operation, Places, Provenance, StaffNumber};
pub use event::{EndOfVisit, Entry, Event};
pub use outcome::{CitizenView, HoldView, Outcome, Query, Reply, ReservationView, VisitView};
pub use rejection::Rejection;

mod state;
pub use state::Book;

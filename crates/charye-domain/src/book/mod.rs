//! Room: domain/book. The judge: who holds what, who may have what. `decide` says which facts follow from a command,
//! `apply` makes them so. Owned by one sequencer thread; read by nobody else. No clock, no chance, no I/O.

pub mod command;
pub mod event;
mod outcome;
mod rejection;

mod state;

mod answer;
mod apply;
mod decide;
mod due;
mod events;
mod image;
mod record;
mod touched;
mod warm;

#[cfg(any(test, feature = "samples"))]
pub mod samples;

#[cfg(test)]
mod tests;

mod campaigns;
mod clinics;
mod counters;
mod deadlines;
mod grid;
mod hash;
mod helps;
mod holds;
mod imports;
mod index;
mod laying_out;
mod look_ups;
mod operations;
mod people;
mod reservations;
mod rooms;
mod visits;
mod wanted;

pub use command::{
    Action, Actor, Authority, Channel, Command, EndWish, LinePurpose, Operation, Places, Provenance, StaffNumber,
};
pub use event::{EndOfVisit, Entry, Event};
pub use events::Events;
pub use grid::{Block, Row, RowId, slot_fingerprint};
pub use image::{CampaignReader, IMAGE_BEGINNING_BYTES, ImageError, check_beginning_of_image};
pub use imports::{IMPORTS_MAX, STAGED_MAX, STAGED_PER_COMMAND_MAX};
pub use look_ups::LookUpsView;
pub use operations::OPERATION_KEPT_MS;
pub use outcome::{
    CitizenView, ENROLLED_PER_QUERY_MAX, HoldView, LineStanding, Outcome, Query, Reply, ReservationView, VisitView,
};
pub use rejection::Rejection;
pub use rooms::{Draw, RoomPhase, WaitingRoom};
pub use state::{Book, Room, SlotCounts};
pub use touched::{Touched, TouchedSlots};
pub use visits::EXPIRED_HOLDS_MAX;

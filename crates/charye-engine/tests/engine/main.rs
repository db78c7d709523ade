//! The engine on fakes: one world in memory, real threads, clocks turned by hand, a journal that hangs and fails on demand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set its stage fails")]

mod line_stage;
mod stage;

mod answers;
mod draw;
mod failures;
mod followers;
mod helping;
mod line;
mod overload;
mod places;
mod restart;
mod time;

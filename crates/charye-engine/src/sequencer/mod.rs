//! Room: engine/sequencer. One thread decides every command in turn and has it recorded before anyone is answered.
//!
//! The way of a question: `lanes` (bounded queues) -> `thread` (decide, apply, append, sync) -> `answer`. `time` says what
//! time it is; `shown` and `published` are what may be seen without a turn; `recovery` comes before the first turn;
//! `followers`, `projector` and `snapshot_maker` work behind. Use cases call in through [`crate::Engine`]. Nothing here
//! may hold SQL or HTTP, and nobody but the thread may touch the book.

pub mod lanes;

mod thread;
pub use thread::{ClockJumps, DUE_PER_BATCH, LOOK_AT_CLOCK_EVERY, OUTAGE_FROM_MS};
pub(crate) use thread::{Parts, Sequencer, SnapshotTrigger};

mod pace;
mod stepper;
pub use stepper::{Stepper, Turned};

pub mod answer;
pub(crate) mod answered_keys;
pub mod time;

pub mod published;
pub(crate) mod shown;

mod strain;

mod recovery;
pub use recovery::StartFailure;
pub(crate) use recovery::recover;

pub(crate) mod followers;

mod projector;
pub(crate) use projector::Projector;

mod snapshot_maker;
pub(crate) use snapshot_maker::{SnapshotDesk, SnapshotMaker};

mod ending;
pub(crate) use ending::Ending;
pub use ending::{Running, WhyFailed};

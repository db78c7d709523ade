//! Room: engine/sequencer. One thread decides every command in turn and has it recorded before anyone is answered.
//!
//! The way of a question: `lanes` (bounded queues) -> the thread in `run` (decide, apply, append, sync) -> `answer`.
//! `time` says what time it is; `published` is what may be seen without a turn. Use cases call in through
//! [`crate::Engine`]. Nothing here may hold SQL or HTTP, and nobody but the thread may touch the book.

pub mod answer;
pub mod ending;
pub mod lanes;
pub mod published;

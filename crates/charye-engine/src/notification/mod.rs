//! Room: engine/notification. Messages due follow from the journal; whoever carries them stands behind a port. Runs beside
//! the sequencer as one of its followers. It never decides what is true, only tells it.

mod due;
mod messenger;

pub use due::message_due;
pub(crate) use messenger::Messenger;

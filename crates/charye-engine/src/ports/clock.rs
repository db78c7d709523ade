//! Room: engine/ports. The only way to time. `sequencer/time` decides what the book is told; nobody else decides by it.

use std::time::Duration;

use charye_domain::time::UnixMillis;

/// Two clocks: one that tells the date and may be turned, one that only goes forward.
pub trait Clock: Send + Sync {
    /// The machine's wall clock. May jump.
    fn wall(&self) -> UnixMillis;
    /// Time since some fixed moment of this process. Never goes back.
    fn monotonic(&self) -> Duration;
}

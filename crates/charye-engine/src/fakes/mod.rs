//! Room: engine/fakes. Every port in memory, with what real ones only do on bad days: appends that fail or hang, clocks that
//! are turned. For tests and the simulator, behind the feature `fakes`. It must never be part of the program.

mod clock;
mod identity_provider;
mod journal;
mod keys;
mod messages;
mod people;
mod projection;
mod random;
mod snapshots;

pub use clock::HandClock;
pub use identity_provider::{FakeProvider, Treatment};
pub use journal::{MemoryJournal, NextAppend};
pub use keys::{ToyKeyRing, ToyKeys};
pub use messages::MemoryMessages;
pub use people::MemoryPeople;
pub use projection::MemoryProjection;
pub use random::SeededRandom;
pub use snapshots::MemorySnapshots;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use charye_domain::time::UnixMillis;

use crate::start::EnginePorts;

/// A world in memory, whose parts a test keeps hold of while an engine runs on them, ends, and starts again.
#[derive(Clone, Default)]
pub struct FakeWorld {
    pub journal: MemoryJournal,
    pub snapshots: MemorySnapshots,
    pub projection: MemoryProjection,
    pub people: MemoryPeople,
    pub clock: HandClock,
    pub messages: MemoryMessages,
}

impl FakeWorld {
    /// A world in which it is `now`.
    pub fn at(now: UnixMillis) -> Self {
        let world = Self::default();
        world.clock.turn_wall_to(now);
        world
    }

    /// Ports for one more start: a new writer of the same journal, and everything else as it is. No snapshots, projection
    /// or messages: the test adds them.
    pub fn ports(&self) -> EnginePorts {
        EnginePorts {
            journal: Box::new(self.journal.clone().open()),
            snapshots: None,
            projection: None,
            people: Arc::new(self.people.clone()),
            keys: Arc::new(ToyKeys),
            clock: Arc::new(self.clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
            messages: None,
            in_background: Arc::new(|| {}),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

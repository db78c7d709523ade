//! Room: simulator. The disk under the journal: writing takes simulated time, and goes wrong when the world says so. A wall
//! around the engine's own journal in memory. Called by the engine as its journal port, and by the world. It must never
//! change what is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charye_engine::fakes::{MemoryJournal, NextAppend};
use charye_engine::ports::{AppendFailure, Batch, Head, Journal, JournalReader, RecordedBatch, RowHash};

use crate::virtual_clock::VirtualClock;

/// What a commit takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteCost {
    /// Each sync, however much it writes.
    pub sync: Duration,
    /// Each entry: deciding, encoding and writing it.
    pub per_entry: Duration,
}

impl Default for WriteCost {
    /// As measured on an idle machine: a sync in two milliseconds, 100,000 entries a second beside it.
    fn default() -> Self {
        Self { sync: Duration::from_millis(2), per_entry: Duration::from_micros(10) }
    }
}

/// The disk. Clones are the same disk.
#[derive(Clone)]
pub struct Disk {
    journal: MemoryJournal,
    clock: VirtualClock,
    cost: Arc<Mutex<WriteCost>>,
}

impl Disk {
    /// An empty disk.
    pub fn new(clock: VirtualClock) -> Self {
        Self { journal: MemoryJournal::default(), clock, cost: Arc::default() }
    }

    /// A writer of the journal, with an epoch of its own.
    pub fn open(&self) -> Box<dyn Journal> {
        Box::new(Writer {
            journal: Box::new(self.journal.clone().open()),
            clock: self.clock.clone(),
            cost: Arc::clone(&self.cost),
        })
    }

    /// What commits take from now on.
    pub fn set_cost(&self, cost: WriteCost) {
        *locked(&self.cost) = cost;
    }

    /// What becomes of the next append.
    pub fn next_append(&self, next: NextAppend) {
        self.journal.next_append(next);
    }

    /// Bytes free from now on; negative is a disk that is nearly full.
    pub fn set_headroom_bytes(&self, bytes: i64) {
        self.journal.set_headroom_bytes(bytes);
    }

    /// Every durable row.
    pub fn rows(&self) -> Vec<RecordedBatch> {
        self.journal.rows()
    }
}

struct Writer {
    journal: Box<dyn Journal>,
    clock: VirtualClock,
    cost: Arc<Mutex<WriteCost>>,
}

impl Journal for Writer {
    fn head(&self) -> Head {
        self.journal.head()
    }

    fn epoch(&self) -> u64 {
        self.journal.epoch()
    }

    fn append(&mut self, batch: &Batch) -> Result<RowHash, AppendFailure> {
        let WriteCost { sync, per_entry } = *locked(&self.cost);
        let entries = u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
        self.clock.pass(sync.saturating_add(per_entry.saturating_mul(entries)));
        self.journal.append(batch)
    }

    fn after_answers(&mut self) {
        self.journal.after_answers();
    }

    fn storage_headroom_bytes(&self) -> i64 {
        self.journal.storage_headroom_bytes()
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        self.journal.reader()
    }
}

fn locked(cost: &Mutex<WriteCost>) -> MutexGuard<'_, WriteCost> {
    cost.lock().unwrap_or_else(PoisonError::into_inner)
}

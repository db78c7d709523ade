//! Room: engine/fakes. A journal in memory, with the bad days of a disk: an append that fails before or after it is durable,
//! one that hangs, a full disk, another leader.

use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::fakes::locked;
use crate::ports::{AppendFailure, Batch, Head, Journal, JournalReader, ReadFailure, RecordedBatch, RowHash};

/// What becomes of the appends to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NextAppend {
    #[default]
    Works,
    /// "Unknown", and the row is not there.
    FailsBeforeDurable,
    /// "Unknown", and the row is there.
    FailsAfterDurable,
    /// The writer's thread panics.
    Panics,
}

/// The journal's rows, outside any writer's life. Clones are the same journal.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    disk: Arc<Disk>,
}

#[derive(Default)]
struct Disk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rows: Vec<RecordedBatch>,
    leader: u64,
    next_append: NextAppend,
    appends_hang: bool,
    hanging: usize,
    headroom_bytes: i64,
}

/// The writing end: one leader.
struct MemoryWriter {
    disk: Arc<Disk>,
    epoch: u64,
}

struct MemoryReader {
    disk: Arc<Disk>,
}

impl MemoryJournal {
    /// A writer with an epoch of its own; the one before is deposed.
    pub fn open(self) -> impl Journal + 'static {
        let mut state = locked(&self.disk.state);
        state.leader += 1;
        let epoch = state.leader;
        drop(state);
        MemoryWriter { disk: self.disk, epoch }
    }

    /// What becomes of the next append; the ones after it work again.
    pub fn next_append(&self, next: NextAppend) {
        locked(&self.disk.state).next_append = next;
    }

    /// From now on appends hang before they are durable, until [`MemoryJournal::let_appends_go`].
    pub fn hang_appends(&self) {
        locked(&self.disk.state).appends_hang = true;
    }

    /// Blocks until an append hangs.
    pub fn wait_until_an_append_hangs(&self) {
        let state = locked(&self.disk.state);
        drop(self.disk.changed.wait_while(state, |state| state.hanging == 0).unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets hanging appends and those to come go on.
    pub fn let_appends_go(&self) {
        locked(&self.disk.state).appends_hang = false;
        self.disk.changed.notify_all();
    }

    /// Bytes free from now on; negative is a disk that is nearly full.
    pub fn set_headroom_bytes(&self, bytes: i64) {
        locked(&self.disk.state).headroom_bytes = bytes;
    }

    /// Every row.
    pub fn rows(&self) -> Vec<RecordedBatch> {
        locked(&self.disk.state).rows.clone()
    }

    /// Takes a row out, as somebody with access to the file might.
    pub fn remove_row(&self, position: usize) {
        locked(&self.disk.state).rows.remove(position);
    }

    /// A reader, for audits in tests.
    pub fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(MemoryReader { disk: Arc::clone(&self.disk) })
    }
}

impl State {
    fn head(&self) -> Head {
        match self.rows.last() {
            Some(row) => Head { next_seq: row.last_seq() + 1, epoch: row.epoch, at: Some(row.at), hash: row.hash },
            None => Head { next_seq: 1, epoch: 0, at: None, hash: [0; 32] },
        }
    }
}

impl Journal for MemoryWriter {
    fn head(&self) -> Head {
        locked(&self.disk.state).head()
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&mut self, batch: &Batch) -> Result<RowHash, AppendFailure> {
        let mut state = locked(&self.disk.state);
        state.hanging += 1;
        self.disk.changed.notify_all();
        state = self.disk.changed.wait_while(state, |state| state.appends_hang).unwrap_or_else(PoisonError::into_inner);
        state.hanging -= 1;
        if state.leader != self.epoch || batch.epoch != self.epoch {
            return Err(AppendFailure::Deposed { epoch: state.leader });
        }
        let unknown = |why: &str| AppendFailure::Unknown { first_seq: batch.first_seq, source: why.into() };
        if batch.entries.is_empty() || batch.first_seq != state.head().next_seq {
            return Err(unknown("batch does not follow on"));
        }
        let next = std::mem::take(&mut state.next_append);
        assert!(next != NextAppend::Panics, "append panics, as it was told to");
        if next == NextAppend::FailsBeforeDurable {
            return Err(unknown("told to fail before"));
        }
        let hash = hash_of(state.head().hash, batch);
        let Batch { first_seq, epoch, at, entries } = batch;
        let entries = entries.as_slice().into();
        state.rows.push(RecordedBatch { first_seq: *first_seq, epoch: *epoch, at: *at, hash, entries });
        if next == NextAppend::FailsAfterDurable { Err(unknown("told to fail after")) } else { Ok(hash) }
    }

    fn after_answers(&mut self) {}

    fn storage_headroom_bytes(&self) -> i64 {
        locked(&self.disk.state).headroom_bytes
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(MemoryReader { disk: Arc::clone(&self.disk) })
    }
}

impl JournalReader for MemoryReader {
    fn read(
        &mut self,
        from_seq: u64,
        visit: &mut dyn FnMut(RecordedBatch) -> ControlFlow<()>,
    ) -> Result<(), ReadFailure> {
        let rows = locked(&self.disk.state).rows.clone();
        let first = rows.partition_point(|row| row.last_seq() < from_seq);
        for row in rows.into_iter().skip(first) {
            if visit(row).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A chain over what entries look like: enough to tell two histories apart.
fn hash_of(previous: RowHash, batch: &Batch) -> RowHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&previous).update(&batch.first_seq.to_le_bytes()).update(&batch.at.0.to_le_bytes());
    hasher.update(format!("{:?}", batch.entries).as_bytes());
    hasher.finalize().into()
}

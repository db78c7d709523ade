//! Room: engine/ports. The journal: append-only truth. One row a batch, chained by hashes, insert-only, so that it fits
//! SQLite and PostgreSQL alike. The epoch is checked inside the append, so a deposed leader cannot write.

use std::ops::ControlFlow;
use std::sync::Arc;

use charye_domain::book::Entry;
use charye_domain::time::UnixMillis;

/// BLAKE3 of a row: its header, its entries and the hash of the row before.
pub type RowHash = [u8; 32];

/// What is to become one row.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Sequence number of the first entry; the row's key. Sequence numbers start at 1.
    pub first_seq: u64,
    pub epoch: u64,
    /// The sequencer's time for every entry of the batch.
    pub at: UnixMillis,
    pub entries: Vec<Entry>,
}

/// A batch that is durable, as followers (projector, snapshots, board, messages) see it.
#[derive(Clone, Debug)]
pub struct RecordedBatch {
    pub first_seq: u64,
    pub epoch: u64,
    pub at: UnixMillis,
    pub hash: RowHash,
    pub entries: Arc<[Entry]>,
}

impl RecordedBatch {
    /// Sequence number of the last entry.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.entries.len() as u64 - 1
    }
}

/// Where a journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Sequence number the next entry will get; 1 in an empty journal.
    pub next_seq: u64,
    /// Epoch of the last row, 0 in an empty journal.
    pub epoch: u64,
    /// Time of the last row.
    pub at: Option<UnixMillis>,
    /// Hash of the last row; all zero in an empty journal.
    pub hash: RowHash,
}

/// The writing end. One at a time; on its own thread.
pub trait Journal: Send {
    /// Where the journal ends, as of the last append.
    fn head(&self) -> Head;

    /// The epoch this writer leads in: what every batch it appends must carry. Taken when the journal was opened.
    fn epoch(&self) -> u64;

    /// Makes a batch durable: when this returns `Ok`, it survives power loss. An empty batch is refused.
    ///
    /// # Errors
    /// `Deposed`: nothing was written, another leader has the journal. `Unknown`: the row may or may not be there; the
    /// caller must stop and recover.
    fn append(&mut self, batch: &Batch) -> Result<RowHash, AppendFailure>;

    /// Called after the answers of a batch are out: checkpoints a bounded piece of work.
    fn after_answers(&mut self);

    /// Bytes free for the journal, its reserve not counted; below 0 the reserve is being eaten.
    fn storage_headroom_bytes(&self) -> i64;

    /// A reader of the same journal, for recovery, audit, snapshots and catching up, usable from another thread.
    fn reader(&self) -> Box<dyn JournalReader>;
}

/// The reading end. Sees durable rows only.
pub trait JournalReader: Send {
    /// Visits rows in order, from the row that holds `from_seq` on, until the end or a `Break`. Verifies codec, gaps,
    /// order and the hash chain as it goes (the row before the first is taken on trust; from 1, nothing is).
    ///
    /// # Errors
    /// `Corrupt` names the row that does not fit; rows before it have been visited.
    fn read(
        &mut self,
        from_seq: u64,
        visit: &mut dyn FnMut(RecordedBatch) -> ControlFlow<()>,
    ) -> Result<(), ReadFailure>;
}

/// Why a batch did not land.
#[derive(Debug, thiserror::Error)]
pub enum AppendFailure {
    #[error("another leader has epoch {epoch}")]
    Deposed { epoch: u64 },
    #[error("could not make batch {first_seq} durable; its outcome is unknown")]
    Unknown {
        first_seq: u64,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    #[error("journal row {first_seq} is damaged: {reason}")]
    Corrupt { first_seq: u64, reason: String },
    #[error("could not read the journal")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
}

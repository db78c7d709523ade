//! Room: engine/ports. Snapshots: the book at a sequence number, to restart from. Made beside the sequencer.

use charye_domain::book::Book;

use crate::ports::RowHash;

/// Where snapshots are kept.
pub trait Snapshots: Send {
    /// The newest snapshot that is whole and matches the journal: `hash_at(seq)` is the hash of the row that ends at
    /// `seq`, or `None` if no row ends there. A damaged or foreign snapshot is skipped, and said so in the log.
    fn load_newest(
        &mut self,
        hash_at: &mut dyn FnMut(u64) -> Option<RowHash>,
    ) -> Result<Option<(u64, Book)>, SnapshotFailure>;

    /// Writes a snapshot of the book as of `last_seq`, the last entry of the row with `hash`; older ones but one go. Calls
    /// `rest` between pieces, none of them large: it may wait, so that whoever else syncs on the same disk goes first.
    fn save(
        &mut self,
        last_seq: u64,
        hash: RowHash,
        book: &Book,
        rest: &mut dyn FnMut(),
    ) -> Result<(), SnapshotFailure>;
}

/// Why a snapshot could not be read or written. Never fatal: the journal is the truth.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFailure {
    #[error("could not {doing} snapshot")]
    Storage {
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

//! Room: engine/ports. SQL tables written behind the journal, for consoles, reports and people with a SQL prompt.
//! Rebuildable; nothing starts from them.

use crate::ports::RecordedBatch;

/// The writing end of the projections.
pub trait Projection: Send {
    /// Sequence number of the last entry applied; 0 when empty.
    fn applied_seq(&self) -> u64;

    /// Applies batches that follow on, in one transaction. Batches already applied are skipped. Violations of the
    /// auditing constraints are stored and counted, and the rest goes on.
    fn apply(&mut self, batches: &[RecordedBatch]) -> Result<(), ProjectionFailure>;

    /// Violations stored so far.
    fn violations(&self) -> u64;

    /// Empties the projections, to be filled from the journal again.
    fn clear(&mut self) -> Result<(), ProjectionFailure>;
}

/// Why the projections could not be written. They lag until it works again.
#[derive(Debug, thiserror::Error)]
#[error("could not write projections")]
pub struct ProjectionFailure(#[source] pub Box<dyn std::error::Error + Send + Sync>);

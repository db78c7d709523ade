//! Room: engine/sequencer. The projector: writes the SQL projections behind the journal, on a thread of its own.
//!
//! Fed from memory while it keeps up, from the journal when it does not. Under load it rests between transactions, so
//! that what citizens wait for goes first; then its lag grows, is shown, and is caught up later.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Shared;
use crate::metrics;
use crate::ports::{JournalReader, Projection, ProjectionFailure, ReadFailure, RecordedBatch};
use crate::sequencer::followers::{FollowerQueue, Found};

/// Entries of one transaction, about: a batch is never split.
const ENTRIES_PER_TRANSACTION: usize = 4_096;
/// Time from the beginning of one transaction to the next: what comes meanwhile gathers, because entries that touch the same
/// page share its cost. Half the lag that is promised (100 ms), so that a transaction may take the other half.
const TRANSACTION_EVERY: Duration = Duration::from_millis(50);
/// Longest time until a wish for a rebuild is seen.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Entries a second from which on the projector steps back. It is promised to keep up with 20,000.
const PACED_FROM_PER_SEC: u64 = 25_000;
/// The longest rest after a transaction, as a multiple of the time it took: it then has a sixteenth of a core.
const REST_PER_WORK_MAX: u32 = 15;
/// Longest rest before the rate is looked at again.
const REST_STEP: Duration = Duration::from_millis(50);
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// The projector's thread.
pub(crate) struct Projector {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Arc<FollowerQueue>,
    pub(crate) projection: Box<dyn Projection>,
    pub(crate) reader: Box<dyn JournalReader>,
}

/// Why the projector stopped for a while.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error(transparent)]
    Projection(#[from] ProjectionFailure),
    #[error(transparent)]
    Journal(#[from] ReadFailure),
}

impl Projector {
    /// Runs until the engine ends.
    pub(crate) fn run(mut self) {
        let mut retry_after = RETRY_FIRST;
        loop {
            match self.follow() {
                Ok(()) => return,
                Err(stuck) => {
                    tracing::error!(error = &stuck as &dyn std::error::Error, "projections lag");
                    metrics::projector_stuck();
                    self.queue.fall_behind();
                    if self.queue.rest(retry_after) {
                        return;
                    }
                    retry_after = (retry_after * 2).min(RETRY_MAX);
                }
            }
        }
    }

    fn follow(&mut self) -> Result<(), Stuck> {
        self.refuse_to_be_ahead()?;
        let mut began_at = Duration::ZERO;
        loop {
            self.rebuild_if_wished()?;
            let since = self.shared.clock.monotonic().saturating_sub(began_at);
            let found = self.queue.take(ENTRIES_PER_TRANSACTION, TRANSACTION_EVERY.saturating_sub(since), LOOK_EVERY);
            began_at = self.shared.clock.monotonic();
            match found {
                Found::Batches(batches) => self.apply_those_new(batches)?,
                Found::FellBehind => self.catch_up()?,
                Found::Nothing => {}
                Found::Closed => return Ok(()),
            }
        }
    }

    /// Projections ahead of their journal were made from another one.
    fn refuse_to_be_ahead(&mut self) -> Result<(), ProjectionFailure> {
        if self.projection.applied_seq() > self.shared.pulse.head_seq() {
            tracing::warn!("projections are ahead of the journal: rebuilding them");
            self.projection.clear()?;
        }
        self.show_lag();
        Ok(())
    }

    /// Rows were found that no entry put there. A wish that cannot be met now is kept.
    fn rebuild_if_wished(&mut self) -> Result<(), ProjectionFailure> {
        if !self.shared.pulse.take_rebuild_wish() {
            return Ok(());
        }
        tracing::warn!("projections are emptied and filled from the journal");
        if let Err(failure) = self.projection.clear() {
            self.shared.pulse.wish_for_rebuild();
            return Err(failure);
        }
        metrics::projection_rebuilt();
        self.queue.fall_behind();
        self.show_lag();
        Ok(())
    }

    fn apply_those_new(&mut self, mut batches: Vec<RecordedBatch>) -> Result<(), Stuck> {
        batches.retain(|batch| batch.first_seq > self.projection.applied_seq());
        match batches.first() {
            Some(first) if first.first_seq == self.projection.applied_seq() + 1 => self.apply(&batches),
            // The batch before never came here: the journal has it.
            Some(_) => self.catch_up(),
            None => Ok(()),
        }
    }

    /// Reads the journal to its end, a transaction's worth at a time, so that no read stays open while we write.
    fn catch_up(&mut self) -> Result<(), Stuck> {
        let mut batches = Vec::new();
        while !self.queue.is_closed() {
            let mut entries = 0;
            self.reader.read(self.projection.applied_seq() + 1, &mut |batch| {
                entries += batch.entries.len();
                batches.push(batch);
                if entries < ENTRIES_PER_TRANSACTION { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            if batches.is_empty() {
                break;
            }
            self.apply(&batches)?;
            batches.clear();
        }
        Ok(())
    }

    fn apply(&mut self, batches: &[RecordedBatch]) -> Result<(), Stuck> {
        let began = self.shared.clock.monotonic();
        self.projection.apply(batches)?;
        let took = self.shared.clock.monotonic().saturating_sub(began);
        self.show_lag();
        let mut rested = Duration::ZERO;
        while rested < rest_after(took, self.shared.pulse.entries_per_sec()) && !self.queue.rest(REST_STEP) {
            rested += REST_STEP;
        }
        Ok(())
    }

    fn show_lag(&self) {
        let (applied, violations) = (self.projection.applied_seq(), self.projection.violations());
        self.shared.pulse.set_projected(applied, violations);
        metrics::projected(self.shared.pulse.head_seq().saturating_sub(applied), violations);
    }
}

/// How long to step back after a transaction: not at all up to the rate that is promised, then the longer the quicker the
/// journal grows. At four times that rate it has a quarter of a core, at sixteen times and beyond a sixteenth.
fn rest_after(took: Duration, entries_per_sec: u64) -> Duration {
    let beyond = entries_per_sec.saturating_sub(PACED_FROM_PER_SEC) as f64 / PACED_FROM_PER_SEC as f64;
    took.mul_f64(beyond.min(f64::from(REST_PER_WORK_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quicker_the_journal_grows_the_further_the_projector_steps_back() {
        let rest_ms = |per_sec| rest_after(Duration::from_millis(40), per_sec).as_millis();
        assert_eq!([20_000, 25_000].map(rest_ms), [0, 0], "it is promised to keep up");
        assert_eq!([37_500, 50_000, 100_000].map(rest_ms), [20, 40, 120]);
        assert_eq!([400_000, 2_000_000].map(rest_ms), [600, 600], "and never quite stops");
    }
}

//! Room: engine/fakes. A projection in memory: which entries it has, in order, and whether they came without a gap.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use charye_domain::book::Entry;

use crate::fakes::locked;
use crate::ports::{Projection, ProjectionFailure, RecordedBatch};

/// The projected entries. Clones are the same tables.
#[derive(Clone, Default)]
pub struct MemoryProjection {
    tables: Arc<(Mutex<Tables>, Condvar)>,
}

#[derive(Default)]
struct Tables {
    entries: Vec<Entry>,
    refusals_left: u32,
}

impl MemoryProjection {
    /// Every entry applied, the first is sequence number 1.
    pub fn entries(&self) -> Vec<Entry> {
        locked(&self.tables.0).entries.clone()
    }

    /// The next so many transactions fail.
    pub fn fail(&self, times: u32) {
        locked(&self.tables.0).refusals_left = times;
    }

    /// Blocks until this sequence number is applied, or says `false` after a minute.
    pub fn wait_for(&self, seq: u64) -> bool {
        let (tables, applied) = &*self.tables;
        let (tables, _) = applied
            .wait_timeout_while(locked(tables), Duration::from_secs(60), |tables| (tables.entries.len() as u64) < seq)
            .unwrap_or_else(PoisonError::into_inner);
        tables.entries.len() as u64 >= seq
    }
}

impl Projection for MemoryProjection {
    fn applied_seq(&self) -> u64 {
        locked(&self.tables.0).entries.len() as u64
    }

    fn apply(&mut self, batches: &[RecordedBatch]) -> Result<(), ProjectionFailure> {
        let mut tables = locked(&self.tables.0);
        if tables.refusals_left > 0 {
            tables.refusals_left -= 1;
            return Err(ProjectionFailure("told to fail".into()));
        }
        for batch in batches {
            let next = tables.entries.len() as u64 + 1;
            if batch.first_seq > next {
                return Err(ProjectionFailure(format!("gap before {}", batch.first_seq).into()));
            }
            if batch.first_seq == next {
                tables.entries.extend(batch.entries.iter().cloned());
            }
        }
        drop(tables);
        self.tables.1.notify_all();
        Ok(())
    }

    fn violations(&self) -> u64 {
        0
    }

    fn clear(&mut self) -> Result<(), ProjectionFailure> {
        locked(&self.tables.0).entries.clear();
        Ok(())
    }
}

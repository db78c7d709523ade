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
    clearings: u32,
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

    /// Somebody changes a row: the entry at this position becomes the first one.
    pub fn forge(&self, position: usize) {
        let mut tables = locked(&self.tables.0);
        tables.entries[position] = tables.entries[0].clone();
    }

    /// Blocks until this sequence number is applied, or says `false` after a minute.
    pub fn wait_for(&self, seq: u64) -> bool {
        self.wait_until(|tables| tables.entries.len() as u64 >= seq)
    }

    /// Blocks until the tables have been emptied so often, or says `false` after a minute.
    pub fn wait_for_clearing(&self, times: u32) -> bool {
        self.wait_until(|tables| tables.clearings >= times)
    }

    fn wait_until(&self, holds: impl Fn(&Tables) -> bool) -> bool {
        let (tables, changed) = &*self.tables;
        let (tables, _) = changed
            .wait_timeout_while(locked(tables), Duration::from_secs(60), |tables| !holds(tables))
            .unwrap_or_else(PoisonError::into_inner);
        holds(&tables)
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
        let mut tables = locked(&self.tables.0);
        tables.entries.clear();
        tables.clearings += 1;
        drop(tables);
        self.tables.1.notify_all();
        Ok(())
    }
}

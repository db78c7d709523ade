//! Room: engine/sequencer. Makes snapshots beside the sequencer: from the newest one and the journal's tail, in a book of its
//! own, on a thread of its own. Answers never wait for it.
//!
//! While one is made, memory holds a second book. It also proves the first: both must have the same fingerprint at the
//! same sequence number (law I14).

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charye_domain::book::Room;

use crate::engine::Shared;
use crate::metrics;
use crate::ports::{JournalReader, Snapshots};
use crate::sequencer::recovery::{newest_snapshot, read_on};

/// How long to rest after a piece was written, as a multiple of the time that it took: the disk is the journal's for so
/// many parts of five. A disk that is slow for us is slow for the journal too, and gets the longer rests.
const REST_PER_WORK: u32 = 4;
/// Entries a second from which on anybody is there to wait for the disk. Below, a snapshot is made without rests.
const RESTS_FROM_PER_SEC: u64 = 100;
/// Longest rest between two pieces.
const REST_MAX: Duration = Duration::from_millis(500);

/// Where sequencer and maker meet.
#[derive(Debug, Default)]
pub(crate) struct SnapshotDesk {
    wish: Mutex<Wish>,
    come: Condvar,
}

#[derive(Debug, Default)]
struct Wish {
    /// The live book as it was at a row's end: what a snapshot made now must look like.
    wanted: Option<LiveBook>,
    working: bool,
    last_seq: u64,
    closed: bool,
}

impl Wish {
    /// Takes what is wanted, to work on it.
    fn begin(&mut self) -> Option<LiveBook> {
        let live = self.wanted.take().filter(|_| !self.closed)?;
        self.working = true;
        Some(live)
    }
}

/// What the sequencer knows of its own book at the end of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiveBook {
    pub(crate) last_seq: u64,
    pub(crate) fingerprint: u64,
}

impl SnapshotDesk {
    /// Asks for a snapshot, unless one is being made.
    pub(crate) fn ask_for(&self, live: LiveBook) {
        let mut wish = self.locked();
        if !wish.working {
            wish.wanted = Some(live);
            drop(wish);
            self.come.notify_all();
        }
    }

    /// Sequence number of the newest snapshot known to this process; 0 without one.
    pub(crate) fn last_seq(&self) -> u64 {
        self.locked().last_seq
    }

    pub(crate) fn note_found(&self, last_seq: u64) {
        self.locked().last_seq = last_seq;
    }

    pub(crate) fn close(&self) {
        self.locked().closed = true;
        self.come.notify_all();
    }

    fn next_wish(&self) -> Option<LiveBook> {
        let mut wish = self
            .come
            .wait_while(self.locked(), |wish| wish.wanted.is_none() && !wish.closed)
            .unwrap_or_else(PoisonError::into_inner);
        wish.begin()
    }

    fn is_closed(&self) -> bool {
        self.locked().closed
    }

    /// Rests, unless the engine ends meanwhile.
    fn rest(&self, duration: Duration) {
        drop(self.come.wait_timeout_while(self.locked(), duration, |wish| !wish.closed));
    }

    fn locked(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The maker's thread.
pub(crate) struct SnapshotMaker {
    pub(crate) desk: Arc<SnapshotDesk>,
    pub(crate) snapshots: Box<dyn Snapshots>,
    pub(crate) reader: Box<dyn JournalReader>,
    pub(crate) shared: Arc<Shared>,
}

impl SnapshotMaker {
    /// Runs until the engine ends.
    pub(crate) fn run(mut self) {
        while let Some(live) = self.desk.next_wish() {
            self.fulfil(live);
        }
    }

    /// Makes the snapshot that was asked for, if one was; says whether one is kept now. For a stepped engine.
    pub(crate) fn make_if_asked(&mut self) -> bool {
        let live = self.desk.locked().begin();
        live.is_some_and(|live| self.fulfil(live))
    }

    fn fulfil(&mut self, live: LiveBook) -> bool {
        let made = self.make(live);
        let mut wish = self.desk.locked();
        wish.working = false;
        wish.last_seq = made.unwrap_or(wish.last_seq);
        made.is_some()
    }

    /// Makes one snapshot; the second book is gone when this returns.
    fn make(&mut self, live: LiveBook) -> Option<u64> {
        let mut replica = newest_snapshot(&mut *self.reader, Some(&mut *self.snapshots), Room::default());
        let mut break_off = || self.desk.is_closed();
        if let Err(failure) = read_on(&mut *self.reader, &mut replica, live.last_seq, &mut break_off) {
            tracing::error!(error = &failure as &dyn std::error::Error, "could not read the journal for a snapshot");
            return None;
        }
        if replica.last_seq != live.last_seq {
            return None;
        }
        if replica.book.fingerprint() != live.fingerprint {
            tracing::error!(
                last_seq = live.last_seq,
                "book and journal differ: law I14 is broken; no snapshot is kept"
            );
            metrics::fingerprints_differ();
            return None;
        }
        let Self { desk, shared, snapshots, .. } = self;
        let mut began = shared.clock.monotonic();
        let mut rest = || {
            let took = shared.clock.monotonic().saturating_sub(began);
            if let Some(rest) = rest_after(took, shared.pulse.entries_per_sec()) {
                desk.rest(rest);
            }
            began = shared.clock.monotonic();
        };
        match snapshots.save(replica.last_seq, replica.hash, &replica.book, &mut rest) {
            Ok(()) => {
                metrics::snapshot_made(replica.last_seq);
                Some(replica.last_seq)
            }
            Err(failure) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "snapshot is missing");
                None
            }
        }
    }
}

/// How long to leave the disk to others after a piece that took so long.
fn rest_after(took: Duration, entries_per_sec: u64) -> Option<Duration> {
    (entries_per_sec >= RESTS_FROM_PER_SEC).then(|| took.saturating_mul(REST_PER_WORK).min(REST_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_leaves_the_disk_to_who_waits_for_it_and_to_nobody_else() {
        let rest_ms =
            |took_ms, per_sec| rest_after(Duration::from_millis(took_ms), per_sec).map(|rest| rest.as_millis());
        assert_eq!([0, 99].map(|per_sec| rest_ms(20, per_sec)), [None, None]);
        assert_eq!([1, 20, 5_000].map(|took_ms| rest_ms(took_ms, 100)), [Some(4), Some(80), Some(500)]);
    }
}

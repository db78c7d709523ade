//! Room: domain/book. Deadlines of holds and visits: found by who owns them, walked oldest first, all moved at once by an
//! outage. Called by `holds` and `visits`. Never expires anything: that is an event.

use std::collections::BTreeSet;

use crate::time::UnixMillis;

/// Deadlines in order. An outage moves them all in one step, however many there are: what is stored is the deadline
/// without the outages noted so far.
pub(super) struct Deadlines<Owner> {
    order: BTreeSet<(UnixMillis, Owner)>,
    outages_ms: i64,
}

/// A deadline as stored: without the outages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored(UnixMillis);

impl<Owner: Copy + Ord> Deadlines<Owner> {
    pub(super) fn new() -> Self {
        Self { order: BTreeSet::new(), outages_ms: 0 }
    }

    pub(super) fn put(&mut self, owner: Owner, at: UnixMillis) -> Stored {
        let stored = at.plus_millis(self.outages_ms.saturating_neg());
        self.order.insert((stored, owner));
        Stored(stored)
    }

    pub(super) fn remove(&mut self, owner: Owner, stored: Stored) {
        self.order.remove(&(stored.0, owner));
    }

    /// The instant a stored deadline stands for now.
    pub(super) fn instant(&self, stored: Stored) -> UnixMillis {
        stored.0.plus_millis(self.outages_ms)
    }

    pub(super) fn move_all(&mut self, gap_ms: u64) {
        self.outages_ms = self.outages_ms.saturating_add(i64::try_from(gap_ms).unwrap_or(i64::MAX));
    }

    /// Who is at or past their deadline, oldest first.
    pub(super) fn due(&self, now: UnixMillis) -> impl Iterator<Item = (UnixMillis, Owner)> + use<'_, Owner> {
        let outages_ms = self.outages_ms;
        self.order
            .iter()
            .map(move |(stored, owner)| (stored.plus_millis(outages_ms), *owner))
            .take_while(move |(at, _)| *at <= now)
    }
}

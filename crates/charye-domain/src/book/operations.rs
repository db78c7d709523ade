//! Room: domain/book. Answers remembered by operation key for 24 hours, so a repetition gets the same (law I5).
//! Called by `record`, `apply` and `answer`. Never forgets more than a few at a time: no stall, however many are old.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::book::hash::mix_wide;
use crate::book::{Operation, Outcome};
use crate::ids::OperationKey;
use crate::time::UnixMillis;

/// How long an answer is remembered. Unit: milliseconds.
pub const OPERATION_KEPT_MS: i64 = 24 * 3_600_000;

/// Old answers forgotten with each entry applied: more than can arrive, so the table shrinks again after a rush.
const FORGOTTEN_PER_ENTRY: usize = 4;

/// The remembered answers, oldest first.
pub(super) struct Operations {
    ring: VecDeque<OperationRow>,
    /// Serial number of the front of the ring, wrapping; the index holds serial numbers.
    front: u32,
    by_key: HashTable<u32>,
}

/// One remembered answer.
#[derive(Clone, Copy)]
pub(super) struct OperationRow {
    key: [u8; 16],
    pub(super) request_hash: u64,
    pub(super) at: UnixMillis,
    pub(super) outcome: Outcome,
}

impl OperationRow {
    pub(super) fn new(operation: Operation, at: UnixMillis, outcome: Outcome) -> Self {
        Self { key: operation.key.0.to_le_bytes(), request_hash: operation.request_hash, at, outcome }
    }

    pub(super) fn key(&self) -> OperationKey {
        OperationKey(u128::from_le_bytes(self.key))
    }
}

impl Operations {
    pub(super) fn with_room_for(operations: usize) -> Self {
        Self { ring: VecDeque::with_capacity(operations), front: 0, by_key: HashTable::with_capacity(operations) }
    }

    pub(super) fn make_room_for(&mut self, operations: usize) {
        self.ring.reserve(operations.saturating_sub(self.ring.len()));
        let Self { ring, front, by_key } = self;
        by_key.reserve(operations.saturating_sub(by_key.len()), |serial| hash_at(ring, *front, *serial));
    }

    /// What was answered under this key less than 24 hours ago.
    pub(super) fn find(&self, key: OperationKey, now: UnixMillis) -> Option<&OperationRow> {
        let serial = *self.by_key.find(mix_wide(key.0), |serial| self.has(*serial, key))?;
        self.at(serial).filter(|row| now.millis_since(row.at) < OPERATION_KEPT_MS)
    }

    /// Whether any answer lies where this key's would. Of no meaning but to have looked there.
    pub(super) fn holds_hash_of(&self, key: OperationKey) -> bool {
        self.by_key.find(mix_wide(key.0), |_| true).is_some()
    }

    /// Remembers an answer, in place of an older one under the same key.
    pub(super) fn remember(&mut self, row: OperationRow) {
        let (key, hash) = (row.key(), mix_wide(row.key().0));
        let stale = self.by_key.find(hash, |serial| self.has(*serial, key)).copied();
        if let Some(Ok(entry)) = stale.map(|stale| self.by_key.find_entry(hash, |serial| *serial == stale)) {
            entry.remove();
        }
        let serial = self.front.wrapping_add(self.ring.len() as u32);
        self.ring.push_back(row);
        let Self { ring, front, by_key } = self;
        by_key.insert_unique(hash, serial, |serial| hash_at(ring, *front, *serial));
    }

    /// Forgets at most a few answers older than 24 hours.
    pub(super) fn forget_old(&mut self, now: UnixMillis) {
        for _ in 0..FORGOTTEN_PER_ENTRY {
            match self.ring.front() {
                Some(row) if now.millis_since(row.at) >= OPERATION_KEPT_MS => {
                    let (hash, front) = (mix_wide(row.key().0), self.front);
                    if let Ok(entry) = self.by_key.find_entry(hash, |serial| *serial == front) {
                        entry.remove();
                    }
                    self.ring.pop_front();
                    self.front = self.front.wrapping_add(1);
                }
                _ => return,
            }
        }
    }

    /// All remembered answers, oldest first.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &OperationRow> {
        self.ring.iter()
    }

    fn has(&self, serial: u32, key: OperationKey) -> bool {
        self.at(serial).is_some_and(|row| row.key() == key)
    }

    fn at(&self, serial: u32) -> Option<&OperationRow> {
        self.ring.get(serial.wrapping_sub(self.front) as usize)
    }
}

fn hash_at(ring: &VecDeque<OperationRow>, front: u32, serial: u32) -> u64 {
    ring.get(serial.wrapping_sub(front) as usize).map_or(0, |row| mix_wide(row.key().0))
}

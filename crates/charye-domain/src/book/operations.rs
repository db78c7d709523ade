//! Room: domain/book. Answers remembered by operation key for 24 hours, so a repetition gets the same (law I5).
//! Called by `record`, `apply` and `answer`. Never forgets more than a few at a time: no stall, however many are old.

use std::collections::VecDeque;

use crate::book::hash::mix_wide;
use crate::book::index::Index;
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
    by_key: Index,
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
        Self { ring: VecDeque::with_capacity(operations), front: 0, by_key: Index::with_room_for(operations) }
    }

    pub(super) fn make_room_for(&mut self, operations: usize) {
        self.ring.reserve(operations.saturating_sub(self.ring.len()));
        self.by_key.make_room_for(operations);
    }

    /// What was answered under this key less than 24 hours ago.
    pub(super) fn find(&self, key: OperationKey, now: UnixMillis) -> Option<&OperationRow> {
        let serial = self.by_key.find(mix_wide(key.0), |serial| self.has(serial, key))?;
        self.at(serial).filter(|row| now.millis_since(row.at) < OPERATION_KEPT_MS)
    }

    /// Waits ahead of time for where this key would be found or put.
    pub(super) fn warm(&self, key: OperationKey) {
        self.by_key.warm(mix_wide(key.0));
    }

    /// Remembers an answer, in place of an older one under the same key.
    pub(super) fn remember(&mut self, row: OperationRow) {
        let (key, hash) = (row.key(), mix_wide(row.key().0));
        if let Some(stale) = self.by_key.find(hash, |serial| self.has(serial, key)) {
            self.by_key.remove(hash, |serial| serial == stale);
        }
        let serial = self.front.wrapping_add(self.ring.len() as u32);
        self.ring.push_back(row);
        self.by_key.insert(hash, serial);
    }

    /// Forgets at most a few answers older than 24 hours.
    pub(super) fn forget_old(&mut self, now: UnixMillis) {
        for _ in 0..FORGOTTEN_PER_ENTRY {
            match self.ring.front() {
                Some(row) if now.millis_since(row.at) >= OPERATION_KEPT_MS => {
                    let (hash, front) = (mix_wide(row.key().0), self.front);
                    self.by_key.remove(hash, |serial| serial == front);
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

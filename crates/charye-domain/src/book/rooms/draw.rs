//! Room: domain/book/rooms. How far the draw of an opening has come. Judged by `decide/draw`, moved on by `apply`. It never
//! computes a place: draw ids need a key that the book must not have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ids::{CitizenKey, KeyId};
use crate::waiting_room::draw::{Closing, Commitments, DrawSecret, Seed};

/// The draw of one opening.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    pub(super) committed: Option<(KeyId, Commitments)>,
    /// Numbers given before the opening: 0 to here.
    pub(super) listed: u32,
    /// Of these, the ones who left before the list was closed.
    pub(super) left: BTreeSet<u32>,
    /// Keys that people had when the list was closed and have no longer, by number, because they were erased or have another
    /// under a newer key of the installation: without them nobody could show that the list is the one that was closed. They
    /// stand in the journal anyway, and nobody is found by them here.
    pub(super) drawn_with: BTreeMap<u32, CitizenKey>,
    pub(super) closing: Option<Closing>,
    pub(super) revealed: Option<(DrawSecret, Arc<[u8]>)>,
    /// Numbers below this one have their places.
    pub(super) placed: u32,
}

impl Draw {
    /// Bytes of a public value.
    pub const PUBLIC_VALUE_BYTES_MAX: usize = 256;
    /// Places given at a time.
    pub const PLACES_MAX: usize = 10_000;

    /// What was committed to. `None`: nobody can enrol.
    pub fn commitments(&self) -> Option<&Commitments> {
        self.committed.as_ref().map(|(_, commitments)| commitments)
    }

    /// Which key of the installation secret and draw key are derived from.
    pub fn key_id(&self) -> Option<KeyId> {
        self.committed.as_ref().map(|(key_id, _)| *key_id)
    }

    /// Numbers of the list, those of people who left it included: 0 to here.
    pub fn numbers(&self) -> u32 {
        self.listed
    }

    /// People on the list.
    pub fn people(&self) -> u32 {
        self.listed.saturating_sub(self.left.len() as u32)
    }

    /// Whether this number is on the list: it is, whatever becomes of its person once the list is closed.
    pub fn has(&self, number: u32) -> bool {
        number < self.listed && !self.left.contains(&number)
    }

    /// The key with which somebody was drawn, if it is not theirs any longer.
    pub fn key_drawn_with(&self, number: u32) -> Option<CitizenKey> {
        self.drawn_with.get(&number).copied()
    }

    pub fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    pub fn secret(&self) -> Option<&DrawSecret> {
        self.revealed.as_ref().map(|(secret, _)| secret)
    }

    pub fn public_value(&self) -> Option<&Arc<[u8]>> {
        self.revealed.as_ref().map(|(_, public_value)| public_value)
    }

    /// What every place follows from, once it is revealed.
    pub fn seed(&self) -> Option<Seed> {
        let (secret, public_value) = self.revealed.as_ref()?;
        Some(Seed::new(secret, &self.closing?.root, public_value))
    }

    /// The number that is given its place next.
    pub fn placed(&self) -> u32 {
        self.placed
    }

    /// Whether everybody who enrolled has a place, or nobody could enrol: calling may begin.
    pub fn is_complete(&self) -> bool {
        self.committed.is_none() || (self.closing.is_some() && self.placed >= self.listed)
    }

    /// Somebody has this number, and is on the list.
    pub(super) fn enrol(&mut self, number: u32) {
        self.listed = self.listed.max(number.saturating_add(1));
        self.left.remove(&number);
    }

    /// Somebody on the list leaves: off it, unless it is closed.
    pub(super) fn leave(&mut self, number: u32) {
        if self.closing.is_none() && number < self.listed {
            self.left.insert(number);
        }
    }

    /// Somebody's key is theirs no longer. Only of a closed list it matters, only of who is on it, and only the first time.
    pub(super) fn keep_key_drawn_with(&mut self, number: u32, key: CitizenKey) {
        if self.closing.is_some() && self.has(number) {
            self.drawn_with.entry(number).or_insert(key);
        }
    }
}

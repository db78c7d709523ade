//! Room: domain/waiting_room/line. Everybody who has ever stood in this line, found again by person: 48 bytes each at most.
//! Called by [`super::Line`] only, off the path of polls. Never moves a record once made, so a line of ten million grows
//! without a stall.

use hashbrown::HashTable;
use rustc_hash::FxHasher;
use std::hash::Hasher as _;

use super::Stage;
use crate::ids::Person;
use crate::waiting_room::place::Place;
use crate::waiting_room::wait_estimate::Promise;

/// Records in a chunk.
const CHUNK: usize = 1 << 14;
/// No further record in a bucket's list.
pub(super) const NONE: u32 = u32::MAX;

/// One person's record.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) place: Place,
    pub(super) promise: Promise,
    pub(super) person: Person,
    /// The record after this one in its bucket's list.
    pub(super) next: u32,
    pub(super) stage: Stage,
    /// Whether a list, the front or the overtaken still name this record.
    pub(super) linked: bool,
}

/// All records, by number, and their numbers, by person.
pub(super) struct Arrivals {
    chunks: Vec<Vec<Arrival>>,
    by_person: HashTable<u32>,
    count: u32,
    people_max: u32,
}

impl Arrivals {
    pub(super) fn new(expected: u32, people_max: u32) -> Self {
        let expected = expected.min(people_max) as usize;
        Self {
            chunks: Vec::with_capacity(expected.div_ceil(CHUNK)),
            by_person: HashTable::with_capacity(expected),
            count: 0,
            people_max,
        }
    }

    pub(super) fn number(&self, person: Person) -> Option<u32> {
        let found = self.by_person.find(hash(person), |number| self.person(*number) == Some(person));
        found.copied()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Arrival> {
        self.chunks.get(number as usize / CHUNK)?.get(number as usize % CHUNK)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Arrival> {
        self.chunks.get_mut(number as usize / CHUNK)?.get_mut(number as usize % CHUNK)
    }

    /// The new record's number, or `None` when the line is as long as it may get.
    pub(super) fn push(&mut self, person: Person, place: Place, stage: Stage) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let number = self.count;
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let record = Arrival { place, promise: Promise::NONE, person, next: NONE, stage, linked: false };
        self.chunks.last_mut()?.push(record);
        self.count += 1;
        let chunks = &self.chunks;
        self.by_person.insert_unique(hash(person), number, |number| {
            let record = chunks.get(*number as usize / CHUNK).and_then(|chunk| chunk.get(*number as usize % CHUNK));
            record.map_or(0, |record| hash(record.person))
        });
        Some(number)
    }

    pub(super) fn len(&self) -> u32 {
        self.count
    }

    /// Memory taken. Unit: bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<Arrival>()
            + self.chunks.capacity() * size_of::<Vec<Arrival>>()
            + self.by_person.allocation_size()
    }

    pub(super) fn is_full(&self) -> bool {
        self.count >= self.people_max
    }

    pub(super) fn person(&self, number: u32) -> Option<Person> {
        self.get(number).map(|record| record.person)
    }
}

fn hash(person: Person) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u32(person.0);
    hasher.finish()
}

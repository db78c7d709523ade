//! Room: domain/book. Who is who: from citizen key to person and back. Called by `decide` and `apply`.
//! Never holds a name, a birth date or a key in plain; an erased person leaves an empty row, so a number is never reused.

use crate::book::hash::{Link, mix_wide};
use crate::book::index::Index;
use crate::ids::{CitizenKey, KeyId, Person, ReservationId};

/// People a journal can hold.
pub(super) const PEOPLE_MAX: u32 = u32::MAX - 1;

/// Everyone who ever signed in.
pub(super) struct People {
    rows: Vec<PersonRow>,
    by_key: Index,
}

/// What the book keeps of one person. 28 bytes: there are ten million of them.
#[derive(Clone, Copy)]
pub(super) struct PersonRow {
    /// All zero once erased.
    pub(super) key: CitizenKey,
    pub(super) key_id: KeyId,
    pub(super) erased: bool,
    /// The generation of the newest visit; the next one gets a higher one, so old passes never fit again.
    pub(super) generation: u32,
    newest_reservation: Link,
}

impl PersonRow {
    /// The person's newest reservation; older ones hang behind it.
    pub(super) fn newest_reservation(&self) -> Option<ReservationId> {
        self.newest_reservation.get().map(ReservationId)
    }
}

impl People {
    pub(super) fn with_room_for(people: usize) -> Self {
        Self { rows: Vec::with_capacity(people), by_key: Index::with_room_for(people) }
    }

    pub(super) fn make_room_for(&mut self, people: usize) {
        self.rows.reserve(people.saturating_sub(self.rows.len()));
        self.by_key.make_room_for(people);
    }

    /// The number the next person gets.
    pub(super) fn next(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn rows(&self) -> &[PersonRow] {
        &self.rows
    }

    /// The row of a person who is not erased.
    pub(super) fn known(&self, person: Person) -> Option<&PersonRow> {
        self.rows.get(person.0 as usize).filter(|row| !row.erased)
    }

    pub(super) fn is_erased(&self, person: Person) -> bool {
        self.rows.get(person.0 as usize).is_some_and(|row| row.erased)
    }

    pub(super) fn find(&self, key_id: KeyId, key: CitizenKey) -> Option<Person> {
        let fits = |row: u32| self.rows.get(row as usize).is_some_and(|row| row.key == key && row.key_id == key_id);
        self.by_key.find(hash_of(key), fits).map(Person)
    }

    /// Waits ahead of time for where this key would be found.
    pub(super) fn warm_key(&self, key: CitizenKey) {
        self.by_key.warm(hash_of(key));
    }

    /// Adds a row. Rows come in order; one that is out of order is not taken.
    pub(super) fn register(&mut self, person: Person, key_id: KeyId, key: CitizenKey) {
        if person.0 == self.next() {
            self.restore(PersonRow { key, key_id, erased: false, generation: 0, newest_reservation: Link::NONE });
        }
    }

    /// Adds a row as an image has it.
    pub(super) fn restore(&mut self, row: PersonRow) {
        let position = self.next();
        self.rows.push(row);
        if !row.erased {
            self.by_key.insert(hash_of(row.key), position);
        }
    }

    pub(super) fn rekey(&mut self, person: Person, key_id: KeyId, key: CitizenKey) {
        self.forget_key(person);
        if let Some(row) = self.rows.get_mut(person.0 as usize).filter(|row| !row.erased) {
            (row.key, row.key_id) = (key, key_id);
            self.by_key.insert(hash_of(key), person.0);
        }
    }

    pub(super) fn erase(&mut self, person: Person) {
        self.forget_key(person);
        if let Some(row) = self.rows.get_mut(person.0 as usize) {
            (row.key, row.key_id, row.erased) = (CitizenKey([0; 16]), KeyId(0), true);
        }
    }

    pub(super) fn set_generation(&mut self, person: Person, generation: u32) {
        if let Some(row) = self.rows.get_mut(person.0 as usize) {
            row.generation = row.generation.max(generation);
        }
    }

    /// Puts a reservation in front of the person's others; returns the one that was in front.
    pub(super) fn push_reservation(&mut self, person: Person, reservation: ReservationId) -> Option<ReservationId> {
        let row = self.rows.get_mut(person.0 as usize)?;
        let older = row.newest_reservation();
        row.newest_reservation = Link::to(reservation.0);
        older
    }

    fn forget_key(&mut self, person: Person) {
        let Some(row) = self.rows.get(person.0 as usize).filter(|row| !row.erased) else { return };
        self.by_key.remove(hash_of(row.key), |row| row == person.0);
    }
}

impl PersonRow {
    /// A row as an image has it, before any reservation hangs on it.
    pub(super) fn from_image(key: CitizenKey, key_id: KeyId, erased: bool, generation: u32) -> Self {
        Self { key, key_id, erased, generation, newest_reservation: Link::NONE }
    }
}

fn hash_of(key: CitizenKey) -> u64 {
    mix_wide(u128::from_le_bytes(key.0))
}

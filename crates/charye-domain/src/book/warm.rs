//! Room: domain/book. Fetching ahead: a decision waits for half a dozen far-apart places in memory, one after the other;
//! a batch's worth of them can be waited for together. Called by the sequencer for each command of a batch before it
//! decides the first. Changes nothing and decides nothing: without it everything comes out the same, later.

use std::hint::black_box;

use crate::book::command::{Action, Command};
use crate::book::{Book, Entry, Event, Places};
use crate::ids::{Person, ReservationNumber, SlotId};

impl Book {
    /// Reads what deciding and applying this command will read. Costs some tens of nanoseconds.
    pub fn warm(&self, command: &Command) {
        if let Some(operation) = command.operation {
            self.operations.warm(operation.key);
        }
        match &command.action {
            Action::RegisterCitizen { key, .. } => self.people.warm_key(*key),
            Action::Hold { person, places, .. } | Action::Reschedule { person, places, .. } => {
                self.warm_claim(*person, *places);
            }
            Action::ReserveAtOnce { person, places, number, .. } => {
                self.warm_claim(*person, *places);
                self.reservations.warm_number(*number);
            }
            Action::Confirm { person, number, .. } => {
                self.warm_person(*person);
                self.reservations.warm_number(*number);
            }
            Action::Cancel { person, reservation } => {
                self.warm_person(*person);
                black_box(self.reservations.get(*reservation).map(|row| row.person));
            }
            _ => {}
        }
    }

    /// Reads what applying this entry will read: for replays, where many entries wait to be applied.
    pub fn warm_entry(&self, entry: &Entry) {
        if let Some(operation) = entry.operation {
            self.operations.warm(operation.key);
        }
        match &entry.event {
            Event::CitizenRegistered { citizen_key, .. } => self.people.warm_key(*citizen_key),
            Event::Reserved { person, number, first, second, .. } => {
                self.warm_reservation(*person, (*first, *second), Some(*number));
            }
            Event::Confirmed { person, number, .. } => {
                self.warm_person(*person);
                self.reservations.warm_number(*number);
            }
            Event::Held { person, first, second, .. } => {
                self.warm_claim(*person, Places { first: *first, second: *second });
            }
            _ => {}
        }
    }

    /// Reads what adding a reservation will read.
    pub(super) fn warm_reservation(
        &self,
        person: Person,
        (first, second): (SlotId, Option<SlotId>),
        number: Option<ReservationNumber>,
    ) {
        self.warm_claim(person, Places { first, second });
        if let Some(number) = number {
            self.reservations.warm_number(number);
        }
    }

    fn warm_claim(&self, person: Person, places: Places) {
        self.warm_person(person);
        self.warm_slot(places.first);
        places.second.into_iter().for_each(|slot| self.warm_slot(slot));
    }

    fn warm_person(&self, person: Person) {
        black_box(self.people.known(person).map(|row| row.generation));
    }

    fn warm_slot(&self, slot: SlotId) {
        black_box(self.grid.counts(slot).map(|counts| counts.capacity));
    }
}

//! Room: domain/book. Every reservation ever made, found by id, by number and by person. Called by `decide`, `apply` and
//! `answer`. Never counts places: that is the grid's.

use crate::book::hash::{Link, mix};
use crate::book::index::Index;
use crate::ids::{Person, ReservationId, ReservationNumber, SlotId};
use crate::reservation::DoseState;
use crate::time::UnixMillis;

/// Reservations a journal can hold.
const RESERVATIONS_MAX: u32 = u32::MAX - 1;
/// Reservations one person can ever make, ended ones included: bounds the walk over them.
pub(super) const RESERVATIONS_PER_PERSON_MAX: usize = 64;

/// The id that a reservation gets after so many; none once the journal holds all that it can.
pub(super) fn id_after(reservations: u32) -> Option<ReservationId> {
    (reservations < RESERVATIONS_MAX).then_some(ReservationId(reservations))
}

/// The table of reservations.
pub(super) struct Reservations {
    rows: Vec<Reservation>,
    by_number: Index,
}

/// One reservation. 32 bytes: there are ten million of them.
#[derive(Clone, Copy)]
pub(super) struct Reservation {
    first: SlotId,
    second: Link,
    pub(super) person: Person,
    older: Link,
    pub(super) reserved_at: UnixMillis,
    /// Bits 0..40 the number without its check digit, 40..44 the state of the first place, 44..48 of the second.
    body_and_states: u64,
}

/// Which of a reservation's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlaceOf {
    First,
    Second,
}

const BODY_MASK: u64 = (1 << 40) - 1;

impl PlaceOf {
    fn state_shift(self) -> u32 {
        match self {
            Self::First => 40,
            Self::Second => 44,
        }
    }
}

impl Reservation {
    /// A fresh reservation: every place is still to come.
    pub(super) fn new(
        person: Person,
        number: ReservationNumber,
        first: SlotId,
        second: Option<SlotId>,
        reserved_at: UnixMillis,
    ) -> Self {
        let mut fresh = Self {
            first,
            second: second.map_or(Link::NONE, |slot| Link::to(slot.0)),
            person,
            older: Link::NONE,
            reserved_at,
            body_and_states: body(number),
        };
        fresh.set_state(PlaceOf::First, DoseState::Reserved);
        fresh.set_state(PlaceOf::Second, DoseState::Reserved);
        fresh
    }

    pub(super) fn number(&self) -> ReservationNumber {
        ReservationNumber::from_random(self.body())
    }

    fn body(&self) -> u64 {
        self.body_and_states & BODY_MASK
    }

    pub(super) fn older(&self) -> Option<ReservationId> {
        self.older.get().map(ReservationId)
    }

    pub(super) fn slot(&self, place: PlaceOf) -> Option<SlotId> {
        match place {
            PlaceOf::First => Some(self.first),
            PlaceOf::Second => self.second.get().map(SlotId),
        }
    }

    pub(super) fn state(&self, place: PlaceOf) -> DoseState {
        state_from_code((self.body_and_states >> place.state_shift() & 0xf) as u8).unwrap_or(DoseState::Cancelled)
    }

    pub(super) fn set_slot(&mut self, place: PlaceOf, slot: SlotId) {
        match place {
            PlaceOf::First => self.first = slot,
            PlaceOf::Second => self.second = Link::to(slot.0),
        }
    }

    pub(super) fn set_state(&mut self, place: PlaceOf, state: DoseState) {
        let shift = place.state_shift();
        self.body_and_states &= !(0xf << shift);
        self.body_and_states |= u64::from(state_code(state)) << shift;
    }

    /// Its places, first to second, each with its state.
    pub(super) fn places(&self) -> impl Iterator<Item = (PlaceOf, SlotId, DoseState)> + use<> {
        let of = *self;
        [PlaceOf::First, PlaceOf::Second]
            .into_iter()
            .filter_map(move |place| of.slot(place).map(|slot| (place, slot, of.state(place))))
    }

    /// Its places that are still to come.
    pub(super) fn still_to_come(&self) -> impl Iterator<Item = (PlaceOf, SlotId)> + use<> {
        self.places().filter(|(.., state)| *state == DoseState::Reserved).map(|(place, slot, _)| (place, slot))
    }
}

/// A number without its check digit: what [`ReservationNumber::from_random`] makes the number from.
fn body(number: ReservationNumber) -> u64 {
    number.value() / 10
}

/// Whether a dose in this state keeps its person from reserving the same dose again (law I2).
pub(super) fn is_active(state: DoseState) -> bool {
    matches!(state, DoseState::Reserved | DoseState::CheckedIn | DoseState::Administered)
}

/// Whether a dose in this state takes a place of its slot. One that was given, or missed, took it for good.
pub(super) fn takes_a_place(state: DoseState) -> bool {
    state != DoseState::Cancelled
}

pub(super) fn state_code(state: DoseState) -> u8 {
    match state {
        DoseState::Reserved => 0,
        DoseState::CheckedIn => 1,
        DoseState::Administered => 2,
        DoseState::NoShow => 3,
        DoseState::Cancelled => 4,
    }
}

pub(super) fn state_from_code(code: u8) -> Option<DoseState> {
    Some(match code {
        0 => DoseState::Reserved,
        1 => DoseState::CheckedIn,
        2 => DoseState::Administered,
        3 => DoseState::NoShow,
        4 => DoseState::Cancelled,
        _ => return None,
    })
}

impl Reservations {
    pub(super) fn with_room_for(reservations: usize) -> Self {
        Self { rows: Vec::with_capacity(reservations), by_number: Index::with_room_for(reservations) }
    }

    pub(super) fn make_room_for(&mut self, reservations: usize) {
        self.rows.reserve(reservations.saturating_sub(self.rows.len()));
        self.by_number.make_room_for(reservations);
    }

    /// The id the next reservation gets.
    pub(super) fn next(&self) -> u32 {
        self.rows.len() as u32
    }

    pub(super) fn rows(&self) -> &[Reservation] {
        &self.rows
    }

    pub(super) fn get(&self, id: ReservationId) -> Option<&Reservation> {
        self.rows.get(id.0 as usize)
    }

    pub(super) fn get_mut(&mut self, id: ReservationId) -> Option<&mut Reservation> {
        self.rows.get_mut(id.0 as usize)
    }

    pub(super) fn find(&self, number: ReservationNumber) -> Option<ReservationId> {
        let fits = |row: u32| self.rows.get(row as usize).is_some_and(|row| row.body() == body(number));
        self.by_number.find(mix(body(number)), fits).map(ReservationId)
    }

    /// Waits ahead of time for where this number would be found or put.
    pub(super) fn warm_number(&self, number: ReservationNumber) {
        self.by_number.warm(mix(body(number)));
    }

    /// The number drawn, or the next one after it that nobody has: with ten million out of ten thousand million, one
    /// draw in a thousand meets a number that is taken.
    pub(super) fn free_number(&self, drawn: ReservationNumber) -> ReservationNumber {
        let mut number = drawn;
        // Ends: fewer reservations than numbers can exist.
        while self.find(number).is_some() {
            number = ReservationNumber::from_random(body(number) + 1);
        }
        number
    }

    /// Adds a reservation behind which the person's older ones hang. Ids come in order.
    pub(super) fn push(&mut self, mut row: Reservation, older: Option<ReservationId>) {
        row.older = older.map_or(Link::NONE, |older| Link::to(older.0));
        let position = self.next();
        self.rows.push(row);
        self.by_number.insert(mix(row.body()), position);
    }

    /// A chain of reservations, from the one given to the oldest.
    pub(super) fn chain(
        &self,
        newest: Option<ReservationId>,
    ) -> impl Iterator<Item = (ReservationId, &Reservation)> + use<'_> {
        let mut next = newest;
        std::iter::from_fn(move || {
            let id = next?;
            let row = self.get(id)?;
            next = row.older();
            Some((id, row))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reservation_that_a_journal_can_hold_has_an_id_and_can_be_linked_to() {
        let last = id_after(RESERVATIONS_MAX - 1).expect("one more is within the limit");
        assert_eq!(Link::to(last.0).get(), Some(last.0));
        assert_eq!(id_after(RESERVATIONS_MAX), None);
        assert_eq!(id_after(u32::MAX), None);
    }
}

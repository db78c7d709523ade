//! Room: domain/law. Laws I1, I2, I7 and I15: who claims what, counted by hand.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Actor, Entry, Event};
use crate::ids::{CampaignId, HoldId, Person, ReservationId, SlotId};
use crate::law::grid::NaiveGrid;
use crate::law::{Findings, Law, of_another};
use crate::reservation::{DoseState, EndOfHold};
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;

/// How late a place may come back. Unit: milliseconds.
const RETURN_MS: i64 = 2_000;

/// Holds, reservations, and how many places of each slot they take.
#[derive(Default)]
pub(super) struct Claims {
    holds: BTreeMap<HoldId, Hold>,
    deadlines: BTreeSet<(UnixMillis, HoldId)>,
    holds_of: BTreeMap<Person, HoldId>,
    reservations: BTreeMap<ReservationId, Reservation>,
    /// Which reservation a person's dose is reserved in, or was given in.
    active: BTreeMap<(Person, CampaignId, DoseNumber), ReservationId>,
    /// Held and reserved places.
    slots: BTreeMap<SlotId, (u32, u32)>,
}

struct Hold {
    person: Person,
    campaign: Option<CampaignId>,
    slots: Vec<SlotId>,
    expires_at: UnixMillis,
    extensions: u8,
}

struct Reservation {
    person: Person,
    places: Vec<(SlotId, DoseState)>,
}

impl Claims {
    pub(super) fn of(&self, slot: SlotId) -> (u32, u32) {
        self.slots.get(&slot).copied().unwrap_or_default()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (SlotId, u32, u32)> {
        self.slots
            .iter()
            .filter(|(_, claimed)| **claimed != (0, 0))
            .map(|(slot, (held, reserved))| (*slot, *held, *reserved))
    }

    pub(super) fn has_hold_in(&self, person: Person, campaign: Option<CampaignId>) -> bool {
        let hold = self.holds_of.get(&person).and_then(|hold| self.holds.get(hold));
        hold.is_some_and(|hold| hold.campaign == campaign)
    }

    /// Whoever acts 2 s after a hold has run out must find its place returned. What Charye does by itself is exempt: it
    /// is how places are returned, and how outages are noted.
    pub(super) fn check_lateness(&self, at: UnixMillis, entry: &Entry, findings: &mut Findings) {
        if entry.by.actor == Actor::System || entry.event == Event::ClockAccepted {
            return;
        }
        if let Some((deadline, hold)) = self.deadlines.first() {
            let late = at.millis_since(*deadline);
            findings.unless(late <= RETURN_MS, Law::I15, || format!("hold {hold} is open {late} ms after its end"));
        }
    }

    pub(super) fn hold(
        &mut self,
        id: HoldId,
        (person, campaign): (Person, Option<CampaignId>),
        slots: Vec<SlotId>,
        expires_at: UnixMillis,
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        let first = !self.holds_of.contains_key(&person);
        findings.unless(first, Law::I15, || format!("person {person} has two open holds"));
        for slot in &slots {
            self.count(*slot, (1, 0), findings);
            self.check_room(*slot, grid, findings);
        }
        self.holds_of.insert(person, id);
        self.deadlines.insert((expires_at, id));
        self.holds.insert(id, Hold { person, campaign, slots, expires_at, extensions: 0 });
    }

    pub(super) fn extend(
        &mut self,
        id: HoldId,
        expires_at: UnixMillis,
        (at, extensions_max): (UnixMillis, u8),
        findings: &mut Findings,
    ) {
        let Some(hold) = self.holds.get_mut(&id) else {
            return findings.add(Law::I15, format!("hold {id} is extended and not open"));
        };
        hold.extensions = hold.extensions.saturating_add(1);
        let in_time = at < hold.expires_at && hold.extensions <= extensions_max;
        findings.unless(in_time, Law::I15, || format!("hold {id} is extended too late or too often"));
        self.deadlines.remove(&(hold.expires_at, id));
        hold.expires_at = expires_at;
        self.deadlines.insert((expires_at, id));
    }

    /// The campaign of the hold that ended.
    pub(super) fn end_hold(
        &mut self,
        id: HoldId,
        cause: EndOfHold,
        at: UnixMillis,
        findings: &mut Findings,
    ) -> Option<CampaignId> {
        let Some(hold) = self.take_hold(id) else {
            findings.add(Law::I15, format!("hold {id} returns its places, but is not open"));
            return None;
        };
        let early = cause == EndOfHold::Expired && at < hold.expires_at;
        findings.unless(!early, Law::I15, || format!("hold {id} expires before its time"));
        hold.slots.iter().for_each(|slot| self.count(*slot, (-1, 0), findings));
        hold.campaign
    }

    pub(super) fn confirm(
        &mut self,
        id: HoldId,
        reservation: ReservationId,
        (person, at): (Person, UnixMillis),
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        let Some(hold) = self.take_hold(id) else {
            return findings.add(Law::I15, format!("hold {id} is confirmed, but is not open"));
        };
        findings.unless(at < hold.expires_at, Law::I15, || format!("hold {id} is confirmed after its end"));
        of_another(person, hold.person).into_iter().for_each(|what| findings.add(Law::I2, what));
        hold.slots.iter().for_each(|slot| self.count(*slot, (-1, 0), findings));
        // What was held keeps its place, even if an edit has since left the slot with less than is claimed.
        self.make(reservation, (person, hold.campaign), hold.slots, grid, findings);
    }

    pub(super) fn reserve(
        &mut self,
        id: ReservationId,
        of: (Person, Option<CampaignId>),
        slots: &[SlotId],
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        self.make(id, of, slots.to_vec(), grid, findings);
        slots.iter().for_each(|slot| self.check_room(*slot, grid, findings));
    }

    fn make(
        &mut self,
        id: ReservationId,
        (person, campaign): (Person, Option<CampaignId>),
        slots: Vec<SlotId>,
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        for slot in &slots {
            self.count(*slot, (0, 1), findings);
            let of_campaign = grid.dose(*slot).is_some_and(|(of, _)| Some(of) == campaign);
            findings.unless(of_campaign, Law::I7, || format!("slot {} is not of the campaign", slot.0));
            self.activate(id, person, *slot, grid, findings);
        }
        let places = slots.into_iter().map(|slot| (slot, DoseState::Reserved)).collect();
        let before = self.reservations.insert(id, Reservation { person, places });
        findings.unless(before.is_none(), Law::I2, || format!("reservation {id} is made twice"));
    }

    pub(super) fn reschedule(
        &mut self,
        id: ReservationId,
        person: Person,
        slots: Vec<SlotId>,
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        let Some(mut reservation) = self.own(id, person, findings) else { return };
        let mut to_come = reservation.places.iter_mut().filter(|(_, state)| *state == DoseState::Reserved);
        for new in slots {
            let Some((slot, _)) = to_come.next() else {
                findings.add(Law::I7, format!("reservation {id} gets a place for which it gives none"));
                break;
            };
            let old = std::mem::replace(slot, new);
            if old != new {
                self.count(new, (0, 1), findings);
                self.check_room(new, grid, findings);
                self.count(old, (0, -1), findings);
                let same_dose = grid.dose(old) == grid.dose(new);
                findings.unless(same_dose, Law::I2, || format!("reservation {id} changes into another dose"));
            }
        }
        self.reservations.insert(id, reservation);
    }

    pub(super) fn cancel(&mut self, id: ReservationId, person: Person, grid: &NaiveGrid, findings: &mut Findings) {
        let Some(mut reservation) = self.own(id, person, findings) else { return };
        let mut given_back = 0;
        for (slot, state) in reservation.places.iter_mut().filter(|(_, state)| *state == DoseState::Reserved) {
            *state = DoseState::Cancelled;
            self.count(*slot, (0, -1), findings);
            self.deactivate(id, person, *slot, grid);
            given_back += 1;
        }
        findings.unless(given_back > 0, Law::I7, || format!("reservation {id} is cancelled with nothing to come"));
        self.reservations.insert(id, reservation);
    }

    pub(super) fn move_dose(
        &mut self,
        id: ReservationId,
        dose: DoseNumber,
        to: DoseState,
        grid: &NaiveGrid,
        findings: &mut Findings,
    ) {
        let Some(mut reservation) = self.reservations.remove(&id) else {
            return findings.add(Law::I7, format!("reservation {id} does not exist"));
        };
        let gives = |slot: SlotId| grid.dose(slot).map(|(_, dose)| dose);
        match reservation.places.iter_mut().find(|(slot, _)| gives(*slot) == Some(dose)) {
            Some((slot, state)) => {
                let cancelled = *state == DoseState::Cancelled;
                findings.unless(!cancelled, Law::I7, || format!("a cancelled dose of reservation {id} lives on"));
                if to == DoseState::NoShow {
                    self.deactivate(id, reservation.person, *slot, grid);
                } else if *state == DoseState::NoShow {
                    self.activate(id, reservation.person, *slot, grid, findings);
                }
                *state = to;
            }
            None => findings.add(Law::I7, format!("reservation {id} has no such dose")),
        }
        self.reservations.insert(id, reservation);
    }

    pub(super) fn move_deadlines(&mut self, gap_ms: u64) {
        let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
        self.holds.values_mut().for_each(|hold| hold.expires_at = hold.expires_at.plus_millis(gap_ms));
        self.deadlines = self.holds.iter().map(|(id, hold)| (hold.expires_at, *id)).collect();
    }

    fn take_hold(&mut self, id: HoldId) -> Option<Hold> {
        let hold = self.holds.remove(&id)?;
        self.deadlines.remove(&(hold.expires_at, id));
        if self.holds_of.get(&hold.person) == Some(&id) {
            self.holds_of.remove(&hold.person);
        }
        Some(hold)
    }

    fn own(&mut self, id: ReservationId, person: Person, findings: &mut Findings) -> Option<Reservation> {
        let reservation = self.reservations.remove(&id);
        match &reservation {
            Some(found) => of_another(person, found.person).into_iter().for_each(|what| findings.add(Law::I2, what)),
            None => findings.add(Law::I7, format!("reservation {id} does not exist")),
        }
        reservation
    }

    /// Law I2.
    fn activate(&mut self, id: ReservationId, person: Person, slot: SlotId, grid: &NaiveGrid, findings: &mut Findings) {
        if let Some((campaign, dose)) = grid.dose(slot) {
            let other = self.active.insert((person, campaign, dose), id);
            findings.unless(other.is_none(), Law::I2, || format!("person {person} has dose {} twice", dose.value()));
        }
    }

    fn deactivate(&mut self, id: ReservationId, person: Person, slot: SlotId, grid: &NaiveGrid) {
        if let Some((campaign, dose)) = grid.dose(slot)
            && self.active.get(&(person, campaign, dose)) == Some(&id)
        {
            self.active.remove(&(person, campaign, dose));
        }
    }

    /// Law I1: a claim fits into what was imported. An edit may leave more claimed than it allows; a claim may not.
    fn check_room(&self, slot: SlotId, grid: &NaiveGrid, findings: &mut Findings) {
        let (held, reserved) = self.of(slot);
        match grid.capacity(slot) {
            Some(capacity) => findings.unless(held + reserved <= u32::from(capacity), Law::I1, || {
                format!("slot {} has {capacity} places; {held} are held and {reserved} reserved", slot.0)
            }),
            None => findings.add(Law::I1, format!("slot {} does not exist", slot.0)),
        }
    }

    fn count(&mut self, slot: SlotId, (held, reserved): (i32, i32), findings: &mut Findings) {
        let counts = self.slots.entry(slot).or_default();
        match counts.0.checked_add_signed(held).zip(counts.1.checked_add_signed(reserved)) {
            Some(after) => *counts = after,
            None => findings.add(Law::I7, format!("slot {} gives back a place nobody had", slot.0)),
        }
    }
}

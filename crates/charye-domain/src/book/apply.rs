//! Room: domain/book. Facts become state, and nothing else does. Called by the sequencer as it decides, and by whoever
//! replays a journal: both come to the same book. Never judges, never fails: a fact is a fact.

use std::sync::Arc;

use crate::book::campaigns::CampaignState;
use crate::book::grid::Claim;
use crate::book::imports;
use crate::book::operations::OperationRow;
use crate::book::reservations::{PlaceOf, Reservation};
use crate::book::touched::TouchedSlots;
use crate::book::{Actor, Book, Entry, Event, Outcome, Touched};
use crate::campaign::Campaign;
use crate::helping::HelpBasis;
use crate::ids::{CampaignId, HoldId, ImportId, OpeningId, Person, ReservationId, ReservationNumber, SlotId};
use crate::reservation::{DoseState, EndOfHold};
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;
use crate::waiting_room::steering::Steering;

impl Book {
    /// Makes an entry so, as of the time of its batch. What the entry refers to and does not exist is passed over: the
    /// journal's hash chain and the auditor see to it that there is no such entry.
    ///
    /// Bounded work, except for an activated import: in proportion to what was staged and not laid out before, and to the slots
    /// that it changes.
    pub fn apply(&mut self, entry: &Entry, at: UnixMillis) -> Touched {
        self.rooms.forget_old(at);
        let touched = self.apply_event(entry, at);
        if let Some(operation) = entry.operation {
            self.operations.remember(OperationRow::new(operation, at, Outcome::of(&entry.event)));
        }
        self.operations.forget_old(at);
        touched
    }

    fn apply_event(&mut self, entry: &Entry, at: UnixMillis) -> Touched {
        let campaign = entry.under.map(|(campaign, _)| campaign);
        match &entry.event {
            Event::CitizenRegistered { person, key_id, citizen_key } => {
                self.people.register(*person, *key_id, *citizen_key);
            }
            Event::CitizenRekeyed { person, key_id, citizen_key } => {
                if let Some(key) = self.people.known(*person).map(|row| row.key) {
                    self.rooms.keep_key_drawn_with(*person, key);
                }
                self.people.rekey(*person, *key_id, *citizen_key);
            }
            Event::PersonErased { person } => {
                if let Some(key) = self.people.known(*person).map(|row| row.key) {
                    self.rooms.keep_key_drawn_with(*person, key);
                }
                self.people.erase(*person);
                self.rooms.erase(*person);
                self.helps.erase(*person);
            }
            Event::CallerLookedUp { .. } => {
                if let Actor::Agent(agent) = entry.by.actor {
                    self.look_ups.note(agent, at);
                }
            }
            Event::CitizenRecognised { .. }
            | Event::Delivered { .. }
            | Event::ClockAccepted
            | Event::Refused { .. } => {}

            Event::HelperInvited { help, helped, scheme, proof, expires_at, .. } => {
                self.helps.invite(*help, (*helped, *scheme), *proof, *expires_at);
            }
            Event::HelpMissed { help, .. } => self.helps.miss(*help),
            Event::HelpAccepted { help, helper, helped, ends_at } => {
                if let Some(scheme) = self.helps.get(*help).map(|help| help.scheme) {
                    self.helps.stand(*help, (*helper, *helped), (scheme, HelpBasis::Consent), *ends_at);
                }
            }
            Event::HelpAttested { help, helper, helped, scheme, ends_at } => {
                self.helps.stand(*help, (*helper, *helped), (*scheme, HelpBasis::Registry), *ends_at);
            }
            Event::HelpEnded { help, .. } => self.helps.end(*help),

            Event::DrawCommitted { .. }
            | Event::Enrolled { .. }
            | Event::DrawClosed { .. }
            | Event::DrawRevealed { .. }
            | Event::PlacesDrawn { .. }
            | Event::Arrived { .. }
            | Event::CameBack { .. }
            | Event::LeftLine { .. }
            | Event::PutBack { .. }
            | Event::Called { .. } => {
                if let Some(state) = campaign.and_then(|campaign| self.campaigns.get(usize::from(campaign.0))) {
                    self.rooms.apply(&state.campaign, &entry.event, at);
                }
            }
            Event::ProviderSteered { order } => self.operator_words.say(&order.provider, order.word),
            Event::Steered { opening, steering, .. } => {
                return self.steered(campaign, *opening, steering, &entry.event, at);
            }

            Event::VisitStarted { person, opening, generation, ends_at } => {
                if let Some(campaign) = campaign {
                    self.visits.start(*person, (campaign, *opening), *generation, *ends_at);
                    self.visits.let_in_by(*person, entry.by.actor);
                    self.people.set_generation(*person, *generation);
                    if let Some(state) = self.campaigns.get(usize::from(campaign.0)) {
                        self.rooms.visit_started(&state.campaign, *opening, (*person, entry.by.actor), at);
                    }
                }
            }
            Event::VisitMoved { person, generation, ends_at, .. } => {
                self.visits.take_over(*person, *generation, *ends_at);
                self.visits.let_in_by(*person, entry.by.actor);
                self.people.set_generation(*person, *generation);
            }
            Event::VisitEnded { person, cause, .. } => {
                if let Some(visit) = self.visits.of(*person) {
                    self.rooms.visit_ended(visit.campaign, visit.opening, *person, *cause);
                }
                self.visits.end(*person);
            }

            Event::Held { person, hold, first, second, expires_at, .. } => {
                return self.hold(*hold, (*person, campaign), (*first, *second), *expires_at);
            }
            Event::HoldExtended { hold, expires_at, .. } => self.holds.extend(*hold, *expires_at),
            Event::HoldEnded { person, hold, cause } => return self.end_hold(*person, *hold, *cause),
            Event::Confirmed { person, hold, reservation, number } => {
                self.fulfilled(campaign, *person);
                return self.confirm(*person, *hold, *reservation, *number, at);
            }
            Event::Reserved { person, reservation, number, first, second, .. } => {
                self.fulfilled(campaign, *person);
                let row = Reservation::new(*person, *number, *first, *second, at);
                return self.reserve(*reservation, row, Claim::Reserve);
            }
            Event::Rescheduled { reservation, first, second, .. } => {
                return self.reschedule(*reservation, *first, *second);
            }
            Event::Cancelled { reservation, .. } => return self.cancel(*reservation),
            Event::CheckedIn { reservation, dose } => self.set_state(*reservation, *dose, DoseState::CheckedIn),
            Event::Administered { reservation, dose } => self.set_state(*reservation, *dose, DoseState::Administered),
            Event::MarkedNoShow { reservation, dose } => self.set_state(*reservation, *dose, DoseState::NoShow),

            Event::CampaignPublished { campaign, text } => {
                return self.publish(campaign, text);
            }
            Event::ClinicsStaged { import, clinics } => self.imports.stage_clinics(*import, clinics.clone()),
            Event::SessionsStaged { import, sessions } => {
                if let Some(campaign) = campaign {
                    self.imports.stage_sessions(*import, campaign, sessions.clone());
                }
            }
            Event::ImportLaidOut { import, from, clinics } => {
                let parts = (&self.clinics, &mut self.grid, self.campaigns.as_slice());
                self.imports.lay_out(*import, *from..from.saturating_add(*clinics), parts);
            }
            Event::ImportActivated { import } => return self.activate(*import),
            Event::ImportDiscarded { import } => drop(self.imports.take(*import)),
            Event::SlotsBlocked { block, mask } => {
                self.grid.close(*block, *mask);
                return Touched::Block(*block);
            }
            Event::SlotsUnblocked { block, mask } => {
                self.grid.reopen(*block, *mask);
                return Touched::Block(*block);
            }
            Event::ShareReleased { opening } => return self.release(campaign, CampaignState::released_with(*opening)),

            Event::OutageNoted { gap_ms } => {
                self.holds.move_deadlines(*gap_ms);
                self.visits.move_deadlines(*gap_ms);
                self.rooms.move_deadlines(*gap_ms);
            }
        }
        Touched::Nothing
    }

    fn hold(
        &mut self,
        hold: HoldId,
        (person, campaign): (Person, Option<CampaignId>),
        (first, second): (SlotId, Option<SlotId>),
        expires_at: UnixMillis,
    ) -> Touched {
        let Some(campaign) = campaign else { return Touched::Nothing };
        self.holds.open(hold, (person, campaign), (first, second), 0, expires_at);
        self.claim([Some(first), second].into_iter().flatten(), Claim::Hold)
    }

    fn end_hold(&mut self, person: Person, hold: HoldId, cause: EndOfHold) -> Touched {
        let Some(ended) = self.holds.end(hold) else { return Touched::Nothing };
        let of_this_visit = self.visits.of(person).is_some_and(|visit| visit.campaign == ended.campaign);
        if cause == EndOfHold::Expired && of_this_visit {
            self.visits.note_expired_hold(person, hold);
        }
        self.claim(ended.slots(), Claim::EndHold)
    }

    fn confirm(
        &mut self,
        person: Person,
        hold: HoldId,
        reservation: ReservationId,
        number: ReservationNumber,
        at: UnixMillis,
    ) -> Touched {
        let Some(held) = self.holds.end(hold) else { return Touched::Nothing };
        let row = Reservation::new(person, number, held.first, held.second, at);
        self.reserve(reservation, row, Claim::HeldToReserved)
    }

    fn reserve(&mut self, id: ReservationId, row: Reservation, claim: Claim) -> Touched {
        debug_assert_eq!(id.0, self.reservations.next(), "reservations come in order");
        let older = self.people.push_reservation(row.person, id);
        self.reservations.push(row, older);
        self.claim(row.places().map(|(_, slot, _)| slot), claim)
    }

    /// The places still to come are given up for the ones named, in order. New ones are counted in before old ones are
    /// counted out, so a dose that stays where it is never shows as free.
    fn reschedule(&mut self, id: ReservationId, first: SlotId, second: Option<SlotId>) -> Touched {
        let Some(row) = self.reservations.get_mut(id) else { return Touched::Nothing };
        let mut touched = TouchedSlots::default();
        let mut old_slots = [None; 2];
        let mut new_slots = [None; 2];
        for (((place, old), new), (old_slot, new_slot)) in
            row.still_to_come().zip([Some(first), second]).zip(old_slots.iter_mut().zip(&mut new_slots))
        {
            if let Some(new) = new {
                row.set_slot(place, new);
                if old != new {
                    (*old_slot, *new_slot) = (Some(old), Some(new));
                }
            }
        }
        for slot in new_slots.into_iter().flatten() {
            self.grid.claim(slot, Claim::Reserve);
            touched.add(slot);
        }
        for slot in old_slots.into_iter().flatten() {
            self.grid.claim(slot, Claim::GiveBack);
            touched.add(slot);
        }
        Touched::Slots(touched)
    }

    fn cancel(&mut self, id: ReservationId) -> Touched {
        let Some(row) = self.reservations.get_mut(id) else { return Touched::Nothing };
        let given_back: TouchedSlots = row
            .still_to_come()
            .map(|(place, slot)| {
                row.set_state(place, DoseState::Cancelled);
                slot
            })
            .collect();
        self.claim(given_back.iter(), Claim::GiveBack)
    }

    fn set_state(&mut self, id: ReservationId, dose: DoseNumber, state: DoseState) {
        let place = self.reservations.get(id).and_then(|row| self.place_of_dose(row, dose));
        if let Some((row, place)) = self.reservations.get_mut(id).zip(place) {
            row.set_state(place, state);
        }
    }

    /// Which place of a reservation is for a dose: the grid knows what each slot gives.
    pub(super) fn place_of_dose(&self, row: &Reservation, dose: DoseNumber) -> Option<PlaceOf> {
        let gives = |slot: &SlotId| self.grid.find(*slot).map(|found| found.row.dose);
        row.places().find(|(_, slot, _)| gives(slot) == Some(dose)).map(|(place, ..)| place)
    }

    fn publish(&mut self, campaign: &Arc<Campaign>, text: &Arc<str>) -> Touched {
        match self.campaigns.get_mut(usize::from(campaign.id.0)) {
            Some(place) => {
                let next = place.followed_by(campaign.clone(), text.clone());
                let before = std::mem::replace(place, next);
                self.rooms.take_up(&place.campaign, Some(&before.campaign));
                self.imports.campaign_changed(campaign.id);
            }
            None => self.campaigns.push(CampaignState::new(campaign.clone(), text.clone(), 0)),
        }
        Touched::Campaign(campaign.id)
    }

    fn steered(
        &mut self,
        campaign: Option<CampaignId>,
        opening: OpeningId,
        steering: &Steering,
        event: &Event,
        at: UnixMillis,
    ) -> Touched {
        let Some(state) = campaign.and_then(|campaign| self.campaigns.get_mut(usize::from(campaign.0))) else {
            return Touched::Nothing;
        };
        if let Steering::OpenAt(opens_at) = steering {
            state.open_at(opening, *opens_at);
            self.rooms.take_up(&state.campaign, Some(&state.campaign));
            return Touched::Campaign(state.campaign.id);
        }
        self.rooms.apply(&state.campaign, event, at);
        Touched::Nothing
    }

    fn fulfilled(&mut self, campaign: Option<CampaignId>, person: Person) {
        if let Some(campaign) = campaign {
            self.rooms.fulfilled(campaign, person);
        }
    }

    fn activate(&mut self, import: ImportId) -> Touched {
        let Some((staged, laid_out)) = self.imports.take(import) else { return Touched::Nothing };
        let campaign = staged.campaign.and_then(|campaign| self.campaigns.get(usize::from(campaign.0)));
        imports::carry_out((import, &staged, laid_out), &mut self.clinics, &mut self.grid, campaign);
        self.imports.start_over();
        staged.campaign.map_or(Touched::Clinics, Touched::Campaign)
    }

    fn release(&mut self, campaign: Option<CampaignId>, openings: u16) -> Touched {
        let Some(state) = campaign.and_then(|campaign| self.campaigns.get_mut(usize::from(campaign.0))) else {
            return Touched::Nothing;
        };
        state.release(openings);
        Touched::Campaign(state.campaign.id)
    }

    fn claim(&mut self, slots: impl Iterator<Item = SlotId>, claim: Claim) -> Touched {
        let touched: TouchedSlots = slots.inspect(|slot| self.grid.claim(*slot, claim)).collect();
        Touched::Slots(touched)
    }
}

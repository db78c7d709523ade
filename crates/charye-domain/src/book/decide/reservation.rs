//! Room: domain/book/decide. Reservations: exchanged as one step, given back. Another person's is never found.

use crate::book::decide::doses::{InsteadOf, Wish};
use crate::book::decide::{Asking, check_eligible};
use crate::book::reservations::{PlaceOf, Reservation};
use crate::book::{Actor, Authority, Book, Event, Events, Places, Rejection};
use crate::citizen::CitizenFacts;
use crate::eligibility::Ineligible;
use crate::ids::{CampaignId, ReservationId, SlotId};
use crate::reservation::{ActorKind, DoseState, EndOfHold, Move, NotAllowed, Stage, may_move};
use crate::time::UnixMillis;

impl Book {
    /// The new places are secured before the old are freed, or nothing happens. For staff, who move people when a clinic
    /// closes, the person's opening need not be open any more.
    pub(super) fn reschedule_reservation(
        &self,
        asking: Asking,
        (id, authority): (ReservationId, Authority),
        facts: &CitizenFacts,
        places: Places,
    ) -> Result<Events, Rejection> {
        let row = self.person(asking.person)?;
        let (reservation, campaign) = self.own_reservation(asking, id)?;
        let state = self.in_force(campaign)?;
        match (check_eligible(state, facts, asking.now), authority) {
            (Ok(_), _) | (Err(Rejection::Ineligible(Ineligible::OpeningsOver { .. })), Authority::Staff) => {}
            (Err(rejection), _) => return Err(rejection),
        }
        self.check_inside(asking, campaign, authority)?;
        self.check_move(reservation, Move::Reschedule, asking.actor)?;
        self.check_notice(asking, self.slots_left(id, places))?;
        let old = self.places_to_come(id).ok_or(Rejection::MoveNotAllowed)?;
        let has = self.doses_of(row, state, Some(id));
        let instead_of = InsteadOf::ToCome(old);
        self.check_places(&Wish { campaign: state, places, has, instead_of, now: asking.now })?;

        let person = asking.person;
        let mut events = Events::under(&state.campaign);
        if let Some(visit_ends) = self.visit_fulfilled(person, campaign) {
            let hold = self.holds.of(person).filter(|(_, hold)| hold.campaign == campaign);
            if let Some((hold, _)) = hold {
                events.push(Event::HoldEnded { person, hold, cause: EndOfHold::VisitEnded });
            }
            events.push(visit_ends);
        }
        let Places { first, second } = places;
        Ok(events.and(Event::Rescheduled { person, reservation: id, first, second }))
    }

    /// Gives back every place that is still to come. Needs no visit: who frees places should not have to wait.
    pub(super) fn cancel_reservation(&self, asking: Asking, id: ReservationId) -> Result<Events, Rejection> {
        self.person(asking.person)?;
        let (reservation, campaign) = self.own_reservation(asking, id)?;
        self.check_move(reservation, Move::Cancel, asking.actor)?;
        self.check_notice(asking, reservation.still_to_come().map(|(_, slot)| slot))?;
        let campaign = &self.in_force(campaign)?.campaign;
        Ok(Events::under(campaign).and(Event::Cancelled { person: asking.person, reservation: id }))
    }

    fn own_reservation(&self, asking: Asking, id: ReservationId) -> Result<(&Reservation, CampaignId), Rejection> {
        let reservation = self.reservations.get(id).filter(|row| row.person == asking.person);
        let reservation = reservation.ok_or(Rejection::ReservationUnknown)?;
        Ok((reservation, self.campaign_of(reservation)?))
    }

    pub(super) fn campaign_of(&self, reservation: &Reservation) -> Result<CampaignId, Rejection> {
        let found = reservation.slot(PlaceOf::First).and_then(|slot| self.grid.find(slot));
        found.map(|found| found.row.campaign).ok_or(Rejection::ReservationUnknown)
    }

    /// The move must start from the state of at least one dose.
    fn check_move(&self, reservation: &Reservation, step: Move, actor: Actor) -> Result<(), Rejection> {
        let may = |state: DoseState| may_move(Stage::Dose(state), step, ActorKind::from(actor));
        let mut refused = Rejection::MoveNotAllowed;
        for (.., state) in reservation.places() {
            match may(state) {
                Ok(_) => return Ok(()),
                Err(NotAllowed::NotThisActor) => refused = Rejection::NotAllowed,
                Err(NotAllowed::NotFromHere) => {}
            }
        }
        Err(refused)
    }

    /// Changes need notice, so that the clinic can give the place to another. Its own staff, and operators, know better.
    fn check_notice(&self, asking: Asking, mut left: impl Iterator<Item = SlotId>) -> Result<(), Rejection> {
        if matches!(asking.actor, Actor::ClinicStaff(_) | Actor::Operator(_)) {
            return Ok(());
        }
        match left.find_map(|slot| self.latest_change(slot).filter(|until| asking.now > *until)) {
            Some(until) => Err(Rejection::TooLate { until }),
            None => Ok(()),
        }
    }

    /// The last moment at which a place may be given up.
    fn latest_change(&self, slot: SlotId) -> Option<UnixMillis> {
        let found = self.grid.find(slot)?;
        let campaign = self.campaign_state(found.row.campaign)?;
        let notice_ms = i64::from(campaign.campaign.change_notice_secs) * 1_000;
        Some(campaign.start(found.day, found.minute).plus_millis(-notice_ms))
    }
}

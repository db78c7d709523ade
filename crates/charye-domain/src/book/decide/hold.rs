//! Room: domain/book/decide. Holds: a short claim on one place or a pair, extended, released, confirmed.

use crate::book::decide::doses::{InsteadOf, Wish};
use crate::book::decide::{Asking, check_eligible};
use crate::book::holds::{HOLDS_MAX, Hold};
use crate::book::reservations::{RESERVATIONS_PER_PERSON_MAX, id_after};
use crate::book::{Authority, Book, Event, Events, Places, Rejection};
use crate::citizen::CitizenFacts;
use crate::ids::{CampaignId, CohortId, HoldId, OpeningId, ReservationId, ReservationNumber};
use crate::reservation::EndOfHold;
use crate::weakness::Defence;

impl Book {
    pub(super) fn hold_places(
        &self,
        asking: Asking,
        inside: (CampaignId, Authority),
        facts: &CitizenFacts,
        places: Places,
    ) -> Result<Events, Rejection> {
        let (opening, cohort) = self.check_new_claim(asking, inside, facts, places)?;
        if self.holds.next() >= HOLDS_MAX {
            return Err(Rejection::LimitReached);
        }
        let campaign = &self.in_force(inside.0)?.campaign;
        let Places { first, second } = places;
        let (person, hold) = (asking.person, HoldId(self.holds.next()));
        let expires_at = asking.now.plus_secs(campaign.hold.ttl_secs);
        Ok(Events::under(campaign).and(Event::Held { person, hold, first, second, opening, cohort, expires_at }))
    }

    pub(super) fn extend_hold(&self, asking: Asking, id: HoldId, authority: Authority) -> Result<Events, Rejection> {
        let hold = self.open_hold(asking, id, Some(authority))?;
        let campaign = &self.in_force(hold.campaign)?.campaign;
        if hold.extensions >= campaign.hold.extensions_max && !Defence::HoldExtensions.is_off() {
            return Err(Rejection::HoldExtendedTooOften);
        }
        let expires_at = self.holds.expires_at(hold).plus_secs(campaign.hold.extension_secs);
        Ok(Events::under(campaign).and(Event::HoldExtended { person: asking.person, hold: id, expires_at }))
    }

    pub(super) fn release_hold(&self, asking: Asking, id: HoldId) -> Result<Events, Rejection> {
        let hold = self.open_hold(asking, id, None)?;
        let campaign = &self.in_force(hold.campaign)?.campaign;
        let cause = EndOfHold::Released;
        Ok(Events::under(campaign).and(Event::HoldEnded { person: asking.person, hold: id, cause }))
    }

    pub(super) fn confirm_hold(
        &self,
        asking: Asking,
        id: HoldId,
        authority: Authority,
        drawn: ReservationNumber,
    ) -> Result<Events, Rejection> {
        let hold = self.open_hold(asking, id, Some(authority))?;
        let campaign = self.in_force(hold.campaign)?;
        // What the person has may have changed since they took the hold: a missed dose given after all, a first dose
        // cancelled. The places themselves are theirs.
        let places = Places { first: hold.first, second: hold.second };
        let has = self.doses_of(self.person(asking.person)?, campaign, None);
        self.check_none_reserved(campaign, &has, places)?;
        self.check_places(&Wish { campaign, places, has, instead_of: InsteadOf::Held(places), now: asking.now })?;
        let (reservation, number) = self.next_reservation(drawn)?;
        let mut events = Events::under(&campaign.campaign);
        self.visit_fulfilled(asking.person, hold.campaign).into_iter().for_each(|event| events.push(event));
        Ok(events.and(Event::Confirmed { person: asking.person, hold: id, reservation, number }))
    }

    pub(super) fn reserve_at_once(
        &self,
        asking: Asking,
        inside: (CampaignId, Authority),
        facts: &CitizenFacts,
        places: Places,
        drawn: ReservationNumber,
    ) -> Result<Events, Rejection> {
        let (opening, cohort) = self.check_new_claim(asking, inside, facts, places)?;
        let (reservation, number) = self.next_reservation(drawn)?;
        let mut events = Events::under(&self.in_force(inside.0)?.campaign);
        self.visit_fulfilled(asking.person, inside.0).into_iter().for_each(|event| events.push(event));
        let (person, Places { first, second }) = (asking.person, places);
        Ok(events.and(Event::Reserved { person, reservation, number, first, second, opening, cohort }))
    }

    /// Everything that must hold before a person gets places they do not have.
    fn check_new_claim(
        &self,
        asking: Asking,
        (campaign, authority): (CampaignId, Authority),
        facts: &CitizenFacts,
        places: Places,
    ) -> Result<(OpeningId, CohortId), Rejection> {
        let Asking { person, now, .. } = asking;
        let row = self.person(person)?;
        let state = self.in_force(campaign)?;
        let admitted = check_eligible(state, facts, now)?;
        self.check_inside(asking, campaign, authority)?;
        let has = self.doses_of(row, state, None);
        self.check_none_reserved(state, &has, places)?;
        if self.holds.of(person).is_some() && !Defence::OneHold.is_off() {
            return Err(Rejection::HoldOpen);
        }
        self.check_places(&Wish { campaign: state, places, has, instead_of: InsteadOf::Nothing, now })?;
        if has.reservations >= RESERVATIONS_PER_PERSON_MAX {
            return Err(Rejection::LimitReached);
        }
        Ok(admitted)
    }

    /// The person's own open hold, still good; with an authority, also from inside. A stale page's hold is not found.
    fn open_hold(&self, asking: Asking, id: HoldId, authority: Option<Authority>) -> Result<&Hold, Rejection> {
        let Asking { person, now, .. } = asking;
        self.person(person)?;
        let hold = self.holds.get(id).filter(|hold| hold.person == person || Defence::OwnHold.is_off());
        let visit = self.visits.of(person);
        if let Some(authority) = authority {
            let campaign = hold.map(|hold| hold.campaign).or(visit.map(|visit| visit.campaign));
            self.check_inside(asking, campaign.ok_or(Rejection::NoVisit)?, authority)?;
        }
        match hold {
            Some(hold) if now < self.holds.expires_at(hold) => Ok(hold),
            Some(_) => Err(Rejection::HoldExpired),
            None if visit.is_some_and(|visit| visit.last_expired == Some(id)) => Err(Rejection::HoldExpired),
            None => Err(Rejection::HoldUnknown),
        }
    }

    fn next_reservation(&self, drawn: ReservationNumber) -> Result<(ReservationId, ReservationNumber), Rejection> {
        let id = id_after(self.reservations.next()).ok_or(Rejection::LimitReached)?;
        Ok((id, self.reservations.free_number(drawn)))
    }
}

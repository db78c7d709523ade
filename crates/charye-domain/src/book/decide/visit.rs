//! Room: domain/book/decide. Visits: coming in, moving to a newer device, going. One a person; who is let in when is the
//! waiting room's to say.

use crate::book::campaigns::CampaignState;
use crate::book::decide::line::call_one_overtaken;
use crate::book::decide::{Asking, check_eligible};
use crate::book::visits::Visit;
use crate::book::{Actor, Book, EndOfVisit, EndWish, Event, Events, Rejection};
use crate::citizen::CitizenFacts;
use crate::ids::{CampaignId, OpeningId};
use crate::reservation::EndOfHold;

impl Book {
    pub(super) fn start_visit(
        &self,
        asking: Asking,
        campaign: CampaignId,
        facts: &CitizenFacts,
    ) -> Result<Events, Rejection> {
        let Asking { person, now, .. } = asking;
        let row = self.person(person)?;
        let state = self.in_force(campaign)?;
        let (opening, _) = check_eligible(state, facts, now)?;
        let generation = row.generation.checked_add(1).ok_or(Rejection::LimitReached)?;
        let has_line = state.campaign.line.is_some();
        let mut events = Events::under(&state.campaign);
        if let Some(visit) = self.visits.of(person) {
            let ends_at = self.visits.ends_at(visit);
            let current = visit.campaign == campaign && now < ends_at;
            if current {
                // The newer device gets what is left, not a new half hour.
                return Ok(events.and(Event::VisitMoved { person, opening: visit.opening, generation, ends_at }));
            }
            if visit.campaign == campaign && has_line {
                // Over, though that is not written yet: the next visit wants another turn.
                return Err(Rejection::NotCalled);
            }
            let cause = if now < ends_at { EndOfVisit::SignedOut } else { EndOfVisit::Expired };
            self.end(asking, visit, cause, &mut events);
        }
        if has_line && let Some(instead) = self.may_come_in(asking, state, opening)? {
            return Ok(instead);
        }
        let ends_at = now.plus_secs(state.campaign.visit.max_secs);
        Ok(events.and(Event::VisitStarted { person, opening, generation, ends_at }))
    }

    /// Law I9 where there is a line: called, or an agent's caller with a seat of the agents' share.
    fn may_come_in(
        &self,
        asking: Asking,
        state: &CampaignState,
        opening: OpeningId,
    ) -> Result<Option<Events>, Rejection> {
        if !matches!(asking.actor, Actor::Agent(_)) {
            return self.turn_to_enter(asking, state, opening);
        }
        let room = self.rooms.get(state.campaign.id, opening);
        // A room nobody has come to yet has all its seats.
        let seats = || state.campaign.line.as_ref().map_or(0, |plan| plan.terms.agent_seats());
        let may_enter = room.map_or_else(|| seats() > 0, |room| room.door.agent_may_enter(asking.now));
        if may_enter { Ok(None) } else { Err(Rejection::NotCalled) }
    }

    pub(super) fn end_visit(
        &self,
        asking: Asking,
        campaign: CampaignId,
        generation: u32,
        wish: EndWish,
    ) -> Result<Events, Rejection> {
        self.person(asking.person)?;
        let state = self.in_force(campaign)?;
        let visit = self.visits.of(asking.person).filter(|visit| visit.campaign == campaign);
        let visit = visit.ok_or(Rejection::NoVisit)?;
        if visit.generation != generation {
            return Err(Rejection::VisitMoved);
        }
        let mut events = Events::under(&state.campaign);
        let cause = match wish {
            EndWish::SignOut => EndOfVisit::SignedOut,
            EndWish::OurFault => EndOfVisit::OurFault,
        };
        self.end(asking, visit, cause, &mut events);
        if cause == EndOfVisit::OurFault {
            self.let_in_again(asking, visit, &mut events);
        }
        Ok(events)
    }

    /// Whom we failed goes back to the place they had, before everybody who has not been called, and in again if a seat is
    /// free: theirs is. An agent's caller has no place to go back to.
    fn let_in_again(&self, asking: Asking, visit: &Visit, events: &mut Events) {
        let Some(room) = self.rooms.get(visit.campaign, visit.opening) else { return };
        if room.has_agents_visit_of(asking.person) {
            return;
        }
        events.push_consequence(Event::PutBack { person: asking.person, opening: visit.opening });
        if room.may_call(asking.now) && room.door.seat_free_after_one_leaves(asking.now) {
            events.push_consequence(call_one_overtaken(visit.opening));
        }
    }

    /// A visit takes its hold with it.
    pub(super) fn end(&self, asking: Asking, visit: &Visit, cause: EndOfVisit, events: &mut Events) {
        let person = asking.person;
        let hold = self.holds.of(person).filter(|(_, hold)| hold.campaign == visit.campaign);
        if let Some((hold, open)) = hold {
            let expired = self.holds.expires_at(open) <= asking.now;
            let cause = if expired { EndOfHold::Expired } else { EndOfHold::VisitEnded };
            events.push(Event::HoldEnded { person, hold, cause });
        }
        events.push(Event::VisitEnded { person, generation: visit.generation, cause });
    }
}

//! Room: domain/book/decide. Visits: coming in, moving to a newer device, going. One a person; who is let in when is the
//! waiting room's to say.

use crate::book::decide::{Asking, check_eligible};
use crate::book::visits::Visit;
use crate::book::{Book, EndOfVisit, EndWish, Event, Events, Rejection};
use crate::citizen::CitizenFacts;
use crate::ids::CampaignId;
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
        let mut events = Events::under(&state.campaign);
        if let Some(visit) = self.visits.of(person) {
            let ends_at = self.visits.ends_at(visit);
            let current = visit.campaign == campaign && now < ends_at;
            if current {
                // The newer device gets what is left, not a new half hour.
                return Ok(events.and(Event::VisitMoved { person, opening: visit.opening, generation, ends_at }));
            }
            let cause = if now < ends_at { EndOfVisit::SignedOut } else { EndOfVisit::Expired };
            self.end(asking, visit, cause, &mut events);
        }
        let ends_at = now.plus_secs(state.campaign.visit.max_secs);
        Ok(events.and(Event::VisitStarted { person, opening, generation, ends_at }))
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
        Ok(events)
    }

    /// A visit takes its hold with it.
    fn end(&self, asking: Asking, visit: &Visit, cause: EndOfVisit, events: &mut Events) {
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

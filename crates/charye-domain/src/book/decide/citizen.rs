//! Room: domain/book/decide. Who is who: registering at sign-in, taking up a newer key, erasing.

use crate::book::campaigns::CampaignState;
use crate::book::decide::Asking;
use crate::book::people::PEOPLE_MAX;
use crate::book::{Book, EndOfVisit, Event, Events, Outcome, Rejection};
use crate::ids::{CitizenKey, KeyId, Person};
use crate::reservation::EndOfHold;

/// Former keys that are looked up.
const FORMER_KEYS_MAX: usize = 8;

impl Book {
    pub(super) fn register_citizen(
        &self,
        (key_id, citizen_key): (KeyId, CitizenKey),
        former: &[(KeyId, CitizenKey)],
        keyed: bool,
    ) -> Result<Events, Rejection> {
        if let Some(person) = self.people.find(key_id, citizen_key) {
            return Ok(if keyed {
                Events::outside().and(Event::CitizenRecognised { person })
            } else {
                Events::none(Outcome::Registered { person })
            });
        }
        let mut former = former.iter().take(FORMER_KEYS_MAX);
        if let Some(person) = former.find_map(|(key_id, key)| self.people.find(*key_id, *key)) {
            return Ok(Events::outside().and(Event::CitizenRekeyed { person, key_id, citizen_key }));
        }
        if self.people.next() >= PEOPLE_MAX {
            return Err(Rejection::LimitReached);
        }
        let person = Person(self.people.next());
        Ok(Events::outside().and(Event::CitizenRegistered { person, key_id, citizen_key }))
    }

    /// Erasing twice is erasing: after a restore, everyone erased is erased again.
    pub(super) fn erase_person(&self, asking: Asking) -> Result<Events, Rejection> {
        let person = asking.person;
        if self.people.is_erased(person) {
            return Ok(if asking.keyed {
                Events::outside().and(Event::PersonErased { person })
            } else {
                Events::none(Outcome::Erased)
            });
        }
        let row = self.person(person)?;
        if self.has_places_to_come(row) {
            return Err(Rejection::ReservationActive);
        }
        // A person may hold in one campaign and visit another: the facts are journaled under where they visit.
        let hold = self.holds.of(person);
        let visit = self.visits.of(person);
        let campaign = visit.map(|visit| visit.campaign).or(hold.map(|(_, hold)| hold.campaign));
        let mut events = Events::outside();
        events.under = campaign.and_then(|campaign| self.campaign_state(campaign)).map(CampaignState::under);
        if let Some((hold, _)) = hold {
            events.push(Event::HoldEnded { person, hold, cause: EndOfHold::VisitEnded });
        }
        if let Some(visit) = visit {
            events.push(Event::VisitEnded { person, generation: visit.generation, cause: EndOfVisit::Erased });
        }
        Ok(events.and(Event::PersonErased { person }))
    }
}

//! Room: engine/waiting_room. Looks over the judge's shoulder: whether anybody comes in without a call, or takes a place
//! without being inside. Called by the sequencer's thread for every entry, before it is applied.
//!
//! No decision lets that happen; if one ever does it is counted and told at once, and `charye audit bypass` lists it from
//! the journal. Keeps an account of its own of who is inside. It must never hold anything back.

use charye_domain::book::{Actor, Book, EndOfVisit, Entry, Event, Query, Reply};
use charye_domain::ids::{CampaignId, Person};
use charye_domain::time::UnixMillis;
use rustc_hash::FxHashSet;

use crate::metrics;

/// The look-out.
#[derive(Default)]
pub(crate) struct Lookout {
    /// Who is inside, as far as visits began while we looked.
    inside: FxHashSet<(CampaignId, Person)>,
    /// Whose visit ended with its purpose in the entry before: the place that it ended for is recorded next.
    fulfilled: Option<(CampaignId, Person)>,
}

/// How somebody got past the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bypass {
    VisitWithoutCall,
    PlaceWithoutVisit,
}

impl Bypass {
    /// As in metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::VisitWithoutCall => "visit_without_call",
            Self::PlaceWithoutVisit => "place_without_visit",
        }
    }
}

impl Lookout {
    /// Counts and tells what an entry that is about to be applied at `now` would let past.
    pub(crate) fn note(&mut self, book: &Book, entry: &Entry, now: UnixMillis) {
        if let Some(bypass) = self.look_at(book, entry, now) {
            metrics::bypass(bypass.name());
            tracing::error!(bypass = bypass.name(), "somebody got past the door: see `charye audit bypass`");
        }
    }

    fn look_at(&mut self, book: &Book, entry: &Entry, now: UnixMillis) -> Option<Bypass> {
        let (campaign, _) = entry.under?;
        let fulfilled = self.fulfilled.take();
        match &entry.event {
            Event::VisitStarted { person, opening, .. } => {
                self.inside.insert((campaign, *person));
                let has_line = book.campaign(campaign)?.line.is_some();
                let by_agent = matches!(entry.by.actor, Actor::Agent(_));
                let is_called = || book.room(campaign, *opening)?.door().called_at(*person);
                (has_line && !by_agent && is_called().is_none()).then_some(Bypass::VisitWithoutCall)
            }
            Event::VisitEnded { person, cause, .. } => {
                let has_begun = self.inside.remove(&(campaign, *person));
                let was_inside = has_begun || was_inside(book, campaign, *person, now);
                let is_fulfilled = was_inside && *cause == EndOfVisit::Reserved;
                self.fulfilled = is_fulfilled.then_some((campaign, *person));
                None
            }
            Event::Held { person, .. } | Event::Reserved { person, .. } | Event::Rescheduled { person, .. } => {
                let by_themselves = matches!(entry.by.actor, Actor::Citizen(_) | Actor::Proxy(_));
                let of_person = (campaign, *person);
                let is_inside = fulfilled == Some(of_person)
                    || self.inside.contains(&of_person)
                    || was_inside(book, campaign, *person, now);
                (by_themselves && !is_inside).then_some(Bypass::PlaceWithoutVisit)
            }
            _ => None,
        }
    }
}

/// For visits that began before we did.
fn was_inside(book: &Book, campaign: CampaignId, person: Person, now: UnixMillis) -> bool {
    matches!(book.answer(&Query::Citizen { person, campaign }, now), Reply::Citizen(view) if view.visit.is_some())
}

#[cfg(test)]
mod tests {
    use charye_domain::book::samples::{self, CAMPAIGN};
    use charye_domain::book::{Channel, Provenance};
    use charye_domain::campaign::Campaign;
    use charye_domain::ids::{CampaignVersion, OpeningId};
    use charye_domain::vaccine::DoseTwoPolicy;
    use charye_domain::waiting_room::admission::Terms;
    use charye_domain::waiting_room::plan::LinePlan;

    use super::*;
    use crate::answered::by_system;

    const PERSON: Person = Person(5);

    fn entry(actor: Actor, event: Event) -> Entry {
        let by = Provenance { actor, channel: Channel::Api, reason: 0 };
        Entry { by, under: Some((CAMPAIGN, CampaignVersion(1))), operation: None, event }
    }

    fn book_with(line: Option<LinePlan>) -> Book {
        let mut book = Book::default();
        let campaign = Campaign { line, ..samples::campaign(DoseTwoPolicy::Together) };
        let event = Event::CampaignPublished { campaign: campaign.into(), text: "sample".into() };
        let by = by_system(Channel::CommandLine);
        let published = Entry { by, under: None, operation: None, event };
        book.apply(&published, samples::opens_at());
        book
    }

    fn check(line: bool, actor: Actor, expected: [Option<Bypass>; 3]) {
        let terms = Terms::new(5, 0, 1..=60, 60).unwrap();
        let plan = LinePlan { terms, enrol_secs: 0, public_value_note: None };
        let book = book_with(line.then_some(plan));
        let now = samples::opens_at();
        let opening = OpeningId(0);
        let started = Event::VisitStarted { person: PERSON, opening, generation: 1, ends_at: now.plus_secs(60) };
        let moved = Event::Rescheduled {
            person: PERSON,
            reservation: charye_domain::ids::ReservationId(0),
            first: charye_domain::ids::SlotId(0),
            second: None,
        };
        let mut lookout = Lookout::default();
        let found = [moved.clone(), started, moved].map(|event| lookout.look_at(&book, &entry(actor, event), now));
        assert_eq!(found, expected, "line {line}, {actor:?}");
    }

    #[test]
    fn who_comes_without_a_call_or_takes_without_coming_is_seen() {
        let outside = Some(Bypass::PlaceWithoutVisit);
        let citizen = Actor::Citizen(PERSON);
        check(true, citizen, [outside, Some(Bypass::VisitWithoutCall), None]);
        check(false, citizen, [outside, None, None]);
        check(true, Actor::Proxy(PERSON), [outside, Some(Bypass::VisitWithoutCall), None]);
        check(true, Actor::Agent(charye_domain::book::StaffNumber(1)), [None, None, None]);
    }

    #[test]
    fn a_reservation_that_ends_its_visit_is_no_bypass() {
        let (book, now) = (book_with(None), samples::opens_at());
        let citizen = Actor::Citizen(PERSON);
        let started =
            Event::VisitStarted { person: PERSON, opening: OpeningId(0), generation: 1, ends_at: now.plus_secs(60) };
        let ended = |cause| Event::VisitEnded { person: PERSON, generation: 1, cause };
        let moved = Event::Rescheduled {
            person: PERSON,
            reservation: charye_domain::ids::ReservationId(0),
            first: charye_domain::ids::SlotId(0),
            second: None,
        };
        let outside = Some(Bypass::PlaceWithoutVisit);
        for (cause, expected) in [(EndOfVisit::Reserved, None), (EndOfVisit::SignedOut, outside)] {
            let mut lookout = Lookout::default();
            let events = [started.clone(), ended(cause), moved.clone(), moved.clone()];
            let found = events.map(|event| lookout.look_at(&book, &entry(citizen, event), now));
            assert_eq!(found, [None, None, expected, outside], "{cause:?}");
        }
    }
}

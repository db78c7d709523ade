//! Room: domain/book. What time alone brings: holds, visits and consents that run out, shares of openings that have begun. Called by
//! the sequencer before each batch and at least every 250 ms. Changes nothing: yields entries, to be recorded and applied.

use std::collections::BTreeSet;

use crate::book::campaigns::CampaignState;
use crate::book::visits::EXPIRED_HOLDS_MAX;
use crate::book::{Actor, Book, Channel, EndOfVisit, Entry, Event, Provenance};
use crate::helping::EndOfHelp;
use crate::ids::{CampaignId, HelpId, HoldId, Person};
use crate::reservation::EndOfHold;
use crate::time::UnixMillis;
use crate::weakness::Defence;

/// Whose doing it is: nobody's.
const BY_TIME: Provenance = Provenance { actor: Actor::System, channel: Channel::Internal, reason: 0 };

#[derive(Clone, Copy)]
enum Due {
    Share(CampaignId, usize),
    Hold(HoldId),
    Visit(Person),
    Help(HelpId),
}

impl Book {
    /// Pushes at most `limit` entries for what is due at `now`, oldest first: shares of openings that have begun, holds
    /// and visits that have run out (and, with a visit, its hold; with its third expired hold, the visit: law I15). The
    /// caller applies them all before it asks again.
    pub fn due(&self, now: UnixMillis, limit: usize, entries: &mut Vec<Entry>) {
        let full = entries.len().saturating_add(limit);
        let mut over = Over::default();
        for (_, due) in self.all_due(now, limit) {
            let events = match due {
                Due::Share(campaign, opening) => self.release_due(campaign, opening),
                Due::Hold(hold) => self.hold_due(hold, &mut over),
                Due::Visit(person) => self.visit_due(person, &mut over),
                Due::Help(help) => [Some(help_over(help)), None],
            };
            let events = events.into_iter().flatten();
            if entries.len() + events.clone().count() > full {
                return;
            }
            entries.extend(events);
        }
    }

    /// The oldest `limit` things due, in order.
    fn all_due(&self, now: UnixMillis, limit: usize) -> impl Iterator<Item = (UnixMillis, Due)> {
        let mut due: Vec<(UnixMillis, Due)> = Vec::new();
        for state in &self.campaigns {
            let begun = state.campaign.openings.iter().enumerate().skip(usize::from(state.openings_released));
            due.extend(
                begun
                    .take_while(|(_, opening)| opening.window.opens_at <= now)
                    .map(|(position, opening)| (opening.window.opens_at, Due::Share(state.campaign.id, position))),
            );
        }
        due.extend(self.holds.due(now).take(limit).map(|(at, hold)| (at, Due::Hold(hold))));
        due.extend(self.visits.due(now).take(limit).map(|(at, person)| (at, Due::Visit(person))));
        due.extend(self.helps.due(now).take(limit).map(|(at, help)| (at, Due::Help(help))));
        // Stable: at one instant shares come first, then holds, visits and consents, each by id.
        due.sort_by_key(|(at, _)| *at);
        due.into_iter().take(limit)
    }

    fn release_due(&self, campaign: CampaignId, opening: usize) -> [Option<Entry>; 2] {
        let opening = self.campaign(campaign).and_then(|campaign| campaign.openings.get(opening));
        [opening.map(|opening| self.entry(campaign, Event::ShareReleased { opening: opening.id })), None]
    }

    fn hold_due(&self, id: HoldId, over: &mut Over) -> [Option<Entry>; 2] {
        let Some(hold) = self.holds.get(id).filter(|_| over.holds.insert(id)) else { return [None, None] };
        let person = hold.person;
        let ended = self.entry(hold.campaign, Event::HoldEnded { person, hold: id, cause: EndOfHold::Expired });
        let spent = self.visits.of(person).filter(|visit| {
            visit.campaign == hold.campaign
                && visit.holds_expired.saturating_add(1) >= EXPIRED_HOLDS_MAX
                && !Defence::ExpiredHolds.is_off()
        });
        let visit_over = spent.filter(|_| over.visits.insert(person)).map(|visit| {
            let cause = EndOfVisit::HoldsExpired;
            self.entry(visit.campaign, Event::VisitEnded { person, generation: visit.generation, cause })
        });
        [Some(ended), visit_over]
    }

    fn visit_due(&self, person: Person, over: &mut Over) -> [Option<Entry>; 2] {
        let Some(visit) = self.visits.of(person).filter(|_| over.visits.insert(person)) else { return [None, None] };
        let hold = self.holds.of(person).filter(|(id, hold)| hold.campaign == visit.campaign && over.holds.insert(*id));
        let hold_over = hold.map(|(hold, open)| {
            self.entry(open.campaign, Event::HoldEnded { person, hold, cause: EndOfHold::VisitEnded })
        });
        let cause = EndOfVisit::Expired;
        let ended = self.entry(visit.campaign, Event::VisitEnded { person, generation: visit.generation, cause });
        [hold_over, Some(ended)]
    }

    fn entry(&self, campaign: CampaignId, event: Event) -> Entry {
        let under = self.campaign_state(campaign).map(CampaignState::under);
        Entry { by: BY_TIME, under, operation: None, event }
    }
}

fn help_over(help: HelpId) -> Entry {
    let event = Event::HelpEnded { help, cause: EndOfHelp::Expired };
    Entry { by: BY_TIME, under: None, operation: None, event }
}

/// What this call has ended already: a hold and its visit may both be due.
#[derive(Default)]
struct Over {
    holds: BTreeSet<HoldId>,
    visits: BTreeSet<Person>,
}

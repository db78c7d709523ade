//! Room: domain. The laws that a journal alone can prove, each defined once, as code. Fed every entry in order by property
//! tests, the simulator and `charye audit verify`. Keeps accounts of its own, naively and apart from the book, whose
//! mistakes it is there to find: it must never ask the book.
//!
//! Of the table in docs/laws.md: I1, I2, I4, I5, I7, I8, I9, I10, I15, I17 and I18, and of I12 that an agent says why. The others need what clients saw, or other
//! stores. A journal is checked from its first entry, because every account starts at zero.

mod claims;
mod grid;
mod helping;
#[cfg(test)]
mod helping_tests;
mod inside;
#[cfg(test)]
mod line_tests;
mod lines;
mod operations;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::book::{Actor, Entry, Event, SlotCounts};
use crate::campaign::Campaign;
use crate::ids::{CampaignId, CampaignVersion, CohortId, OpeningId, Person, SlotId};
use crate::time::UnixMillis;
use crate::waiting_room::steering::Steering;

use claims::Claims;
use grid::NaiveGrid;
use helping::Helping;
use inside::Inside;
use lines::Lines;
use operations::Operations;

/// A law, by its number in the project's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// No oversell.
    I1,
    /// One active reservation per person, campaign and dose.
    I2,
    /// A recorded refusal never becomes anything else.
    I4,
    /// Exactly once: one answer a key.
    I5,
    /// Conservation: every place is accounted for.
    I7,
    /// Eligibility, cohort and opening time hold at commit time.
    I8,
    /// No hold, reservation or reschedule without a current visit, or staff; one visit per person.
    I9,
    /// Order of admission: drawn and late places, overtaken people first, returners at most one in five.
    I10,
    /// Looked at on the record: an agent says why.
    I12,
    /// An expired hold returns its place within 2 s, once; one open hold per person; three expired ones end the visit.
    I15,
    /// The hard cap: inside and called people never grow past it.
    I17,
    /// Nobody acts for another without a standing consent, or a registry's word.
    I18,
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// An entry that breaks a law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub law: Law,
    /// Sequence number of the entry.
    pub seq: u64,
    /// What is wrong, for the auditor. Pseudonymous: numbers, never names.
    pub what: String,
    /// Whether somebody got past the door.
    pub bypass: Option<Bypass>,
}

/// How somebody got past the door; what `charye audit bypass` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bypass {
    /// Held, reserved or moved a place without a visit.
    PlaceWithoutVisit,
    /// Inside without having been called.
    VisitWithoutCall,
}

/// Checks a journal from its first entry on.
#[derive(Default)]
pub struct Checker {
    campaigns: BTreeMap<CampaignId, Arc<Campaign>>,
    grid: NaiveGrid,
    claims: Claims,
    inside: Inside,
    operations: Operations,
    lines: Lines,
    helping: Helping,
    /// Openings that begin at another time than published, with the time that was published.
    moved: BTreeMap<(CampaignId, OpeningId), (UnixMillis, UnixMillis)>,
}

/// Where violations of one entry are gathered.
struct Findings {
    seq: u64,
    found: Vec<Violation>,
}

impl Findings {
    fn add(&mut self, law: Law, what: impl Into<String>) {
        self.found.push(Violation { law, seq: self.seq, what: what.into(), bypass: None });
    }

    fn add_bypass(&mut self, bypass: Bypass, what: impl Into<String>) {
        let what = what.into();
        self.found.push(Violation { law: Law::I9, seq: self.seq, what, bypass: Some(bypass) });
    }

    fn unless(&mut self, holds: bool, law: Law, what: impl FnOnce() -> String) {
        if !holds {
            self.add(law, what());
        }
    }
}

impl Checker {
    /// A checker for a journal from its first entry on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next entry into account. Returns the laws it breaks; the accounts go on as if it were lawful.
    pub fn check(&mut self, seq: u64, at: UnixMillis, entry: &Entry) -> Vec<Violation> {
        let mut findings = Findings { seq, found: Vec::new() };
        self.operations.check(at, entry, &mut findings);
        self.helping.check(at, entry, &mut findings);
        self.inside.check_promise(entry, &mut findings);
        self.claims.check_lateness(at, entry, &mut findings);
        let campaign = entry.under.map(|(campaign, _)| campaign);
        self.grid_event(campaign, &entry.event);
        self.line_event(entry, at, &mut findings);
        self.visit_event(campaign, at, entry, &mut findings);
        self.claim_event(campaign, at, entry, &mut findings);
        findings.found
    }

    /// Compares a slot's account with what a book (or a board, or a projection) says of it: law I7.
    pub fn compare(&self, seq: u64, slot: SlotId, counts: SlotCounts) -> Option<Violation> {
        let (held, reserved) = self.claims.of(slot);
        let claimed = held + reserved;
        let capacity = u32::from(self.grid.capacity(slot).unwrap_or(0)).max(claimed);
        let free = u32::from(self.grid.free(slot, &self.campaigns)).saturating_sub(claimed);
        let expected = [capacity, held, reserved, capacity - claimed - free.min(capacity - claimed), free];
        let told = [counts.capacity, counts.held, counts.reserved, counts.blocked, counts.free].map(u32::from);
        (expected != told).then(|| Violation {
            law: Law::I7,
            seq,
            what: format!(
                "slot {}: capacity, held, reserved, blocked, free are {expected:?}, told are {told:?}",
                slot.0
            ),
            bypass: None,
        })
    }

    /// Slots with claims, and how many places of each are held and reserved.
    pub fn claimed_slots(&self) -> impl Iterator<Item = (SlotId, u32, u32)> {
        self.claims.slots()
    }

    fn grid_event(&mut self, campaign: Option<CampaignId>, event: &Event) {
        match event {
            Event::CampaignPublished { campaign, .. } => self.publish(campaign),
            Event::Steered { opening, steering, .. } => {
                if let (Some(campaign), Steering::OpenAt(opens_at)) = (campaign, &**steering) {
                    self.open_at(campaign, *opening, *opens_at);
                }
            }
            Event::ClinicsStaged { import, clinics } => self.grid.stage_clinics(*import, clinics),
            Event::SessionsStaged { import, sessions } => self.grid.stage_sessions(*import, campaign, sessions),
            Event::ImportDiscarded { import } => self.grid.discard(*import),
            Event::ImportLaidOut { import, from, clinics } => {
                self.grid.lay_out(*import, (*from, *clinics), &self.campaigns);
            }
            Event::ImportActivated { import } => self.grid.activate(*import, &self.campaigns),
            Event::SlotsBlocked { block, mask } => self.grid.close(*block, *mask),
            Event::SlotsUnblocked { block, mask } => self.grid.reopen(*block, *mask),
            Event::ShareReleased { opening } => self.grid.release(campaign, *opening),
            _ => {}
        }
    }

    fn publish(&mut self, campaign: &Arc<Campaign>) {
        let before = self.campaigns.insert(campaign.id, campaign.clone());
        self.lines.take_up_terms(before.as_deref(), campaign);
        // Openings stay moved, unless this version moves them itself.
        let of_campaign = (campaign.id, OpeningId(0))..=(campaign.id, OpeningId(u8::MAX));
        let moved: Vec<_> = self.moved.range(of_campaign).map(|(of, times)| (*of, *times)).collect();
        for ((id, opening), (published, opens_at)) in moved {
            if campaign.opening(opening).is_some_and(|opening| opening.window.opens_at == published) {
                self.open_at(id, opening, opens_at);
            } else {
                self.moved.remove(&(id, opening));
            }
        }
    }

    fn open_at(&mut self, campaign: CampaignId, opening: OpeningId, opens_at: UnixMillis) {
        let Some(rules) = self.campaigns.get_mut(&campaign) else { return };
        let Some(place) = Arc::make_mut(rules).openings.get_mut(usize::from(opening.0)) else { return };
        let before = std::mem::replace(&mut place.window.opens_at, opens_at);
        let published = self.moved.get(&(campaign, opening)).map_or(before, |(published, _)| *published);
        self.moved.insert((campaign, opening), (published, opens_at));
    }

    /// Laws I8, I9, I10 and I17 where people wait.
    fn line_event(&mut self, entry: &Entry, at: UnixMillis, findings: &mut Findings) {
        if let Event::Arrived { opening, .. } | Event::Called { opening, .. } = &entry.event {
            self.check_admitted(entry.under, *opening, None, at, findings);
        }
        let campaign = entry.under.and_then(|(campaign, _)| self.campaigns.get(&campaign));
        self.lines.check(campaign.map(|campaign| &**campaign), (&entry.event, entry.by.actor), at, findings);
    }

    fn visit_event(&mut self, campaign: Option<CampaignId>, at: UnixMillis, entry: &Entry, findings: &mut Findings) {
        match &entry.event {
            Event::VisitStarted { person, generation, ends_at, opening } => {
                self.check_admitted(entry.under, *opening, None, at, findings);
                self.inside.start(*person, campaign, *generation, *ends_at, findings);
            }
            Event::VisitMoved { person, generation, ends_at, .. } => {
                self.inside.take_over(*person, *generation, *ends_at, findings);
            }
            Event::VisitEnded { person, cause, .. } => {
                self.inside.end(*person, *cause, findings);
                let outlived =
                    self.claims.has_hold_in(*person, campaign) && *cause != crate::book::EndOfVisit::Reserved;
                findings.unless(!outlived, Law::I15, || format!("a hold of person {person} outlives its visit"));
            }
            Event::OutageNoted { gap_ms } => {
                self.inside.move_deadlines(*gap_ms);
                self.claims.move_deadlines(*gap_ms);
            }
            _ => {}
        }
    }

    fn claim_event(&mut self, campaign: Option<CampaignId>, at: UnixMillis, entry: &Entry, findings: &mut Findings) {
        let by = entry.by.actor;
        match &entry.event {
            Event::Held { person, hold, first, second, opening, cohort, expires_at } => {
                self.check_admitted(entry.under, *opening, Some(*cohort), at, findings);
                self.inside.check_inside(*person, campaign, at, by, findings);
                self.inside.check_holds_left(*person, campaign, findings);
                let slots = [Some(*first), *second].into_iter().flatten().collect();
                self.claims.hold(*hold, (*person, campaign), slots, *expires_at, &self.grid, findings);
            }
            Event::HoldExtended { hold, expires_at, .. } => {
                let campaign = campaign.and_then(|campaign| self.campaigns.get(&campaign));
                let extensions_max = campaign.map_or(0, |campaign| campaign.hold.extensions_max);
                self.claims.extend(*hold, *expires_at, (at, extensions_max), findings);
            }
            Event::HoldEnded { person, hold, cause } => {
                let campaign = self.claims.end_hold(*hold, *cause, at, findings);
                if *cause == crate::reservation::EndOfHold::Expired {
                    self.inside.note_expired(*person, campaign);
                }
            }
            Event::Confirmed { person, hold, reservation, .. } => {
                self.inside.check_inside(*person, campaign, at, by, findings);
                self.inside.check_left(*person, campaign, findings);
                self.claims.confirm(*hold, *reservation, (*person, at), &self.grid, findings);
            }
            Event::Reserved { person, reservation, first, second, opening, cohort, .. } => {
                self.check_admitted(entry.under, *opening, Some(*cohort), at, findings);
                self.inside.check_inside(*person, campaign, at, by, findings);
                self.inside.check_left(*person, campaign, findings);
                let slots: Vec<SlotId> = [Some(*first), *second].into_iter().flatten().collect();
                self.claims.reserve(*reservation, (*person, campaign), &slots, &self.grid, findings);
            }
            Event::Rescheduled { person, reservation, first, second } => {
                self.inside.check_inside(*person, campaign, at, by, findings);
                let slots = [Some(*first), *second].into_iter().flatten().collect();
                self.claims.reschedule(*reservation, *person, slots, &self.grid, findings);
            }
            Event::Cancelled { person, reservation } => {
                self.claims.cancel(*reservation, *person, &self.grid, findings);
            }
            Event::CheckedIn { reservation, dose } => {
                self.claims.move_dose(
                    *reservation,
                    *dose,
                    crate::reservation::DoseState::CheckedIn,
                    &self.grid,
                    findings,
                );
            }
            Event::Administered { reservation, dose } => {
                self.claims.move_dose(
                    *reservation,
                    *dose,
                    crate::reservation::DoseState::Administered,
                    &self.grid,
                    findings,
                );
            }
            Event::MarkedNoShow { reservation, dose } => {
                self.claims.move_dose(*reservation, *dose, crate::reservation::DoseState::NoShow, &self.grid, findings);
            }
            _ => {}
        }
    }

    /// Law I8: the entry names the version in force, an opening whose window it falls in, and a cohort of that opening.
    fn check_admitted(
        &self,
        under: Option<(CampaignId, CampaignVersion)>,
        opening: OpeningId,
        cohort: Option<CohortId>,
        at: UnixMillis,
        findings: &mut Findings,
    ) {
        let campaign = under.and_then(|(campaign, version)| {
            self.campaigns.get(&campaign).filter(|campaign| campaign.version == version)
        });
        let Some(campaign) = campaign else {
            return findings.add(Law::I8, format!("{under:?} is not the campaign version in force"));
        };
        let Some(opening) = campaign.opening(opening) else {
            return findings.add(Law::I8, format!("opening {opening} does not exist"));
        };
        let open = opening.window.opens_at <= at && at < opening.window.closes_at;
        findings.unless(open, Law::I8, || format!("opening {} is not open", opening.id));
        let of_opening = cohort.is_none_or(|cohort| opening.cohorts.contains(&cohort));
        findings.unless(of_opening, Law::I8, || format!("cohort {cohort:?} is not of opening {}", opening.id));
    }
}

/// Whether an actor reserves only from inside.
fn needs_visit(actor: Actor) -> bool {
    matches!(actor, Actor::Citizen(_) | Actor::Proxy(_) | Actor::System)
}

/// A person's claims are theirs alone: what belongs to someone else is told of by number.
fn of_another(person: Person, owner: Person) -> Option<String> {
    (person != owner).then(|| format!("person {person} moves what is person {owner}'s"))
}

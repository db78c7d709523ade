//! Room: domain/law. Law I9, and I15's last word: who is inside, one visit a person, gone once they have reserved.

use std::collections::BTreeMap;

use crate::book::{Actor, EXPIRED_HOLDS_MAX, EndOfVisit, Entry, Event};
use crate::ids::{CampaignId, Person};
use crate::law::{Bypass, Findings, Law, needs_visit};
use crate::time::UnixMillis;

/// Running visits.
#[derive(Default)]
pub(super) struct Inside {
    visits: BTreeMap<Person, Visit>,
    generations: BTreeMap<Person, u32>,
    /// A visit that ended "reserved": the next entry has to be what was reserved.
    fulfilled: Option<(Person, Visit)>,
}

#[derive(Clone, Copy)]
struct Visit {
    campaign: Option<CampaignId>,
    ends_at: UnixMillis,
    holds_expired: u8,
}

impl Inside {
    /// Who left because they reserved did reserve, in the very next entry.
    pub(super) fn check_promise(&mut self, entry: &Entry, findings: &mut Findings) {
        let Some((left, _)) = self.fulfilled else { return };
        let kept = match &entry.event {
            Event::Confirmed { person, .. } | Event::Reserved { person, .. } | Event::Rescheduled { person, .. } => {
                *person == left
            }
            _ => false,
        };
        if !kept {
            findings.add(Law::I9, format!("the visit of person {left} ended as reserved, but nothing was"));
            self.fulfilled = None;
        }
    }

    pub(super) fn start(
        &mut self,
        person: Person,
        campaign: Option<CampaignId>,
        generation: u32,
        ends_at: UnixMillis,
        findings: &mut Findings,
    ) {
        findings.unless(!self.visits.contains_key(&person), Law::I9, || format!("person {person} visits twice"));
        self.check_generation(person, generation, findings);
        self.visits.insert(person, Visit { campaign, ends_at, holds_expired: 0 });
    }

    pub(super) fn take_over(&mut self, person: Person, generation: u32, ends_at: UnixMillis, findings: &mut Findings) {
        self.check_generation(person, generation, findings);
        match self.visits.get_mut(&person) {
            Some(visit) => {
                let longer = visit.ends_at < ends_at;
                findings.unless(!longer, Law::I9, || format!("a new device gives person {person} more time"));
                visit.ends_at = ends_at;
            }
            None => findings.add(Law::I9, format!("person {person} moves a visit they do not have")),
        }
    }

    pub(super) fn end(&mut self, person: Person, cause: EndOfVisit, findings: &mut Findings) {
        match self.visits.remove(&person) {
            Some(visit) if cause == EndOfVisit::Reserved => self.fulfilled = Some((person, visit)),
            Some(_) => {}
            None => findings.add(Law::I9, format!("person {person} leaves without having been inside")),
        }
    }

    /// Whether the person may claim places now: from inside, or through staff.
    pub(super) fn check_inside(
        &mut self,
        person: Person,
        campaign: Option<CampaignId>,
        at: UnixMillis,
        by: Actor,
        findings: &mut Findings,
    ) {
        let fulfilled = self.fulfilled.take().filter(|(left, _)| *left == person).map(|(_, visit)| visit);
        let visit = fulfilled.or_else(|| self.visits.get(&person).copied());
        let current = visit.is_some_and(|visit| visit.campaign == campaign && at < visit.ends_at);
        if !current && needs_visit(by) {
            findings.add_bypass(Bypass::PlaceWithoutVisit, format!("person {person} claims from outside"));
        }
    }

    /// Who has reserved is not inside any more.
    pub(super) fn check_left(&mut self, person: Person, campaign: Option<CampaignId>, findings: &mut Findings) {
        let stays = self.visits.get(&person).is_some_and(|visit| visit.campaign == campaign);
        findings.unless(!stays, Law::I9, || format!("person {person} has reserved and keeps their visit"));
    }

    pub(super) fn check_holds_left(&self, person: Person, campaign: Option<CampaignId>, findings: &mut Findings) {
        let visit = self.visits.get(&person).filter(|visit| visit.campaign == campaign);
        let spent = visit.is_some_and(|visit| visit.holds_expired >= EXPIRED_HOLDS_MAX);
        findings.unless(!spent, Law::I15, || format!("person {person} let three holds expire and holds again"));
    }

    pub(super) fn note_expired(&mut self, person: Person, campaign: Option<CampaignId>) {
        if let Some(visit) = self.visits.get_mut(&person).filter(|visit| visit.campaign == campaign) {
            visit.holds_expired = visit.holds_expired.saturating_add(1);
        }
    }

    pub(super) fn move_deadlines(&mut self, gap_ms: u64) {
        let gap_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX);
        self.visits.values_mut().for_each(|visit| visit.ends_at = visit.ends_at.plus_millis(gap_ms));
    }

    fn check_generation(&mut self, person: Person, generation: u32, findings: &mut Findings) {
        let before = self.generations.insert(person, generation);
        let newer = before.is_none_or(|before| before < generation);
        findings.unless(newer, Law::I9, || format!("an old pass of person {person} would fit again"));
    }
}

//! Room: domain/book. Visits: who is inside now, at most one a person, bounded by the cap. Called by `decide`, `apply` and
//! `due`. Never lets anyone in by itself.

use rustc_hash::FxHashMap;

use crate::book::Actor;
use crate::book::deadlines::{Deadlines, Stored};
use crate::ids::{CampaignId, HoldId, OpeningId, Person};
use crate::time::UnixMillis;

/// Holds of one visit that may run out; with the last of them the visit ends (law I15).
pub const EXPIRED_HOLDS_MAX: u8 = 3;

/// The running visits.
pub(super) struct Visits {
    running: FxHashMap<Person, Visit>,
    deadlines: Deadlines<Person>,
}

/// One visit.
#[derive(Clone, Copy)]
pub(super) struct Visit {
    pub(super) campaign: CampaignId,
    pub(super) opening: OpeningId,
    pub(super) generation: u32,
    pub(super) holds_expired: u8,
    /// The hold that ran out last, so that a late confirmation is told what happened.
    pub(super) last_expired: Option<HoldId>,
    /// The helper on whose device it is, if it is on a helper's.
    pub(super) proxy: Option<Person>,
    ends: Stored,
}

impl Visits {
    pub(super) fn new() -> Self {
        Self { running: FxHashMap::default(), deadlines: Deadlines::new() }
    }

    pub(super) fn make_room_for(&mut self, visits: usize) {
        self.running.reserve(visits.saturating_sub(self.running.len()));
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// The person's visit, whether or not its end has passed.
    pub(super) fn of(&self, person: Person) -> Option<&Visit> {
        self.running.get(&person)
    }

    pub(super) fn ends_at(&self, visit: &Visit) -> UnixMillis {
        self.deadlines.instant(visit.ends)
    }

    pub(super) fn start(
        &mut self,
        person: Person,
        (campaign, opening): (CampaignId, OpeningId),
        generation: u32,
        ends_at: UnixMillis,
    ) {
        self.end(person);
        let ends = self.deadlines.put(person, ends_at);
        let visit = Visit { campaign, opening, generation, holds_expired: 0, last_expired: None, proxy: None, ends };
        self.running.insert(person, visit);
    }

    /// A newer device takes the visit over. Its end is what the event says.
    pub(super) fn take_over(&mut self, person: Person, generation: u32, ends_at: UnixMillis) {
        if let Some(visit) = self.running.get_mut(&person) {
            self.deadlines.remove(person, visit.ends);
            visit.ends = self.deadlines.put(person, ends_at);
            visit.generation = generation;
        }
    }

    /// On whose device the visit is from now on.
    pub(super) fn let_in_by(&mut self, person: Person, actor: Actor) {
        if let Some(visit) = self.running.get_mut(&person) {
            visit.proxy = match actor {
                Actor::Proxy(helper) => Some(helper),
                _ => None,
            };
        }
    }

    pub(super) fn note_expired_hold(&mut self, person: Person, hold: HoldId) {
        if let Some(visit) = self.running.get_mut(&person) {
            visit.holds_expired = visit.holds_expired.saturating_add(1);
            visit.last_expired = Some(hold);
        }
    }

    pub(super) fn end(&mut self, person: Person) {
        if let Some(visit) = self.running.remove(&person) {
            self.deadlines.remove(person, visit.ends);
        }
    }

    /// Visits at or past their end, oldest first.
    pub(super) fn due(&self, now: UnixMillis) -> impl Iterator<Item = (UnixMillis, Person)> + use<'_> {
        self.deadlines.due(now)
    }

    pub(super) fn move_deadlines(&mut self, gap_ms: u64) {
        self.deadlines.move_all(gap_ms);
    }

    /// The running visits by person, for an image.
    pub(super) fn sorted(&self) -> Vec<(Person, &Visit)> {
        let mut sorted: Vec<_> = self.running.iter().map(|(person, visit)| (*person, visit)).collect();
        sorted.sort_unstable_by_key(|(person, _)| *person);
        sorted
    }

    /// Puts back what an image knows of a visit beyond its start.
    pub(super) fn restore_expired(&mut self, person: Person, holds_expired: u8, last_expired: Option<HoldId>) {
        if let Some(visit) = self.running.get_mut(&person) {
            (visit.holds_expired, visit.last_expired) = (holds_expired, last_expired);
        }
    }
}

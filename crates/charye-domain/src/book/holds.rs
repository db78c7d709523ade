//! Room: domain/book. Open holds: at most one a person, so bounded by the cap on visits (and staff). Called by `decide`,
//! `apply` and `due`. Never counts places, never ends a hold by itself.

use rustc_hash::FxHashMap;

use crate::book::deadlines::{Deadlines, Stored};
use crate::ids::{CampaignId, HoldId, Person, SlotId};
use crate::time::UnixMillis;

/// Holds a journal can give.
pub(super) const HOLDS_MAX: u32 = u32::MAX - 1;

/// The open holds.
pub(super) struct Holds {
    open: FxHashMap<HoldId, Hold>,
    of_person: FxHashMap<Person, HoldId>,
    deadlines: Deadlines<HoldId>,
    next: u32,
}

/// One open hold.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) person: Person,
    pub(super) campaign: CampaignId,
    pub(super) first: SlotId,
    pub(super) second: Option<SlotId>,
    pub(super) extensions: u8,
    expires: Stored,
}

impl Hold {
    /// The one or two slots held.
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> + use<> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

impl Holds {
    pub(super) fn new() -> Self {
        Self { open: FxHashMap::default(), of_person: FxHashMap::default(), deadlines: Deadlines::new(), next: 0 }
    }

    /// The id the next hold gets.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn set_next(&mut self, next: u32) {
        self.next = next;
    }

    pub(super) fn get(&self, id: HoldId) -> Option<&Hold> {
        self.open.get(&id)
    }

    pub(super) fn of(&self, person: Person) -> Option<(HoldId, &Hold)> {
        let id = *self.of_person.get(&person)?;
        self.open.get(&id).map(|hold| (id, hold))
    }

    pub(super) fn expires_at(&self, hold: &Hold) -> UnixMillis {
        self.deadlines.instant(hold.expires)
    }

    pub(super) fn open(
        &mut self,
        id: HoldId,
        (person, campaign): (Person, CampaignId),
        (first, second): (SlotId, Option<SlotId>),
        extensions: u8,
        expires_at: UnixMillis,
    ) {
        let expires = self.deadlines.put(id, expires_at);
        self.open.insert(id, Hold { person, campaign, first, second, extensions, expires });
        self.of_person.insert(person, id);
        self.next = self.next.max(id.0.saturating_add(1));
    }

    pub(super) fn extend(&mut self, id: HoldId, expires_at: UnixMillis) {
        if let Some(hold) = self.open.get_mut(&id) {
            self.deadlines.remove(id, hold.expires);
            hold.expires = self.deadlines.put(id, expires_at);
            hold.extensions = hold.extensions.saturating_add(1);
        }
    }

    pub(super) fn end(&mut self, id: HoldId) -> Option<Hold> {
        let hold = self.open.remove(&id)?;
        self.of_person.remove(&hold.person);
        self.deadlines.remove(id, hold.expires);
        Some(hold)
    }

    /// Holds at or past their end, oldest first.
    pub(super) fn due(&self, now: UnixMillis) -> impl Iterator<Item = (UnixMillis, HoldId)> + use<'_> {
        self.deadlines.due(now)
    }

    pub(super) fn move_deadlines(&mut self, gap_ms: u64) {
        self.deadlines.move_all(gap_ms);
    }

    /// The open holds by id, for an image.
    pub(super) fn sorted(&self) -> Vec<(HoldId, &Hold)> {
        let mut sorted: Vec<_> = self.open.iter().map(|(id, hold)| (*id, hold)).collect();
        sorted.sort_unstable_by_key(|(id, _)| *id);
        sorted
    }
}

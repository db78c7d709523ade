//! Room: domain/book. Who helps whom, and which codes are out. Called by `decide`, `apply`, `due` and `answer`. Bounded by
//! what one person may have open; what is over is forgotten. Never judges a code by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::people::People;
use crate::campaign::UniquenessScheme;
use crate::helping::{HelpBasis, HelpProof, HelpStage, HelpView};
use crate::ids::{CitizenKey, HelpId, Person};
use crate::time::UnixMillis;

/// Everything that is open between two people.
#[derive(Default)]
pub(super) struct Helps {
    open: BTreeMap<HelpId, Help>,
    /// Both sides of each, to find what concerns a person.
    of_person: BTreeSet<(Person, HelpId)>,
    by_end: BTreeSet<(UnixMillis, HelpId)>,
    next: u32,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Help {
    /// Not known before somebody gives the code back.
    pub(super) helper: Option<Person>,
    pub(super) helped: Person,
    pub(super) scheme: UniquenessScheme,
    pub(super) ends_at: UnixMillis,
    pub(super) stage: Stage,
}

#[derive(Clone, Copy)]
pub(super) enum Stage {
    Invited { proof: HelpProof, misses: u8 },
    Standing(HelpBasis),
}

impl Help {
    pub(super) fn is_standing(&self) -> bool {
        matches!(self.stage, Stage::Standing(_))
    }

    fn view(&self, help: HelpId, helped_key: CitizenKey) -> HelpView {
        let (helper, ends_at) = (self.helper, self.ends_at);
        let stage = match (self.stage, helper) {
            (Stage::Standing(basis), Some(helper)) => HelpStage::Standing { helper, basis, ends_at },
            _ => HelpStage::Invited { expires_at: ends_at },
        };
        HelpView { help, helped: self.helped, scheme: self.scheme, helped_key, stage }
    }
}

impl Helps {
    /// The number the next one gets.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    pub(super) fn get(&self, help: HelpId) -> Option<&Help> {
        self.open.get(&help)
    }

    /// What is open at `now` and concerns this person, on either side, oldest first.
    pub(super) fn of(&self, person: Person, now: UnixMillis) -> impl Iterator<Item = (HelpId, &Help)> {
        let theirs = self.of_person.range((person, HelpId(0))..=(person, HelpId(u32::MAX)));
        theirs.filter_map(|(_, help)| Some((*help, self.open.get(help)?))).filter(move |(_, help)| now < help.ends_at)
    }

    /// The same, as they are told of it.
    pub(super) fn views(&self, person: Person, people: &People, now: UnixMillis) -> Vec<HelpView> {
        let view = |(id, help): (HelpId, &Help)| Some(help.view(id, people.known(help.helped)?.key));
        self.of(person, now).filter_map(view).collect()
    }

    /// What lets `helper` act for `helped` at `now`.
    pub(super) fn standing(&self, helper: Person, helped: Person, now: UnixMillis) -> Option<HelpId> {
        let fits = |help: &Help| help.is_standing() && help.helper == Some(helper) && help.helped == helped;
        self.of(helper, now).find(|(_, help)| fits(help)).map(|(id, _)| id)
    }

    pub(super) fn invite(
        &mut self,
        id: HelpId,
        (helped, scheme): (Person, UniquenessScheme),
        proof: HelpProof,
        ends_at: UnixMillis,
    ) {
        let stage = Stage::Invited { proof, misses: 0 };
        self.put(id, Help { helper: None, helped, scheme, ends_at, stage });
    }

    pub(super) fn miss(&mut self, id: HelpId) {
        if let Some(Help { stage: Stage::Invited { misses, .. }, .. }) = self.open.get_mut(&id) {
            *misses = misses.saturating_add(1);
        }
    }

    /// From now on `helper` acts for `helped`. What stood between the two before is replaced.
    pub(super) fn stand(
        &mut self,
        id: HelpId,
        (helper, helped): (Person, Person),
        (scheme, basis): (UniquenessScheme, HelpBasis),
        ends_at: UnixMillis,
    ) {
        let same = |help: &Help| help.is_standing() && help.helper == Some(helper) && help.helped == helped;
        let before: Vec<HelpId> =
            self.of(helper, UnixMillis(i64::MIN)).filter(|(_, help)| same(help)).map(|(id, _)| id).collect();
        before.into_iter().for_each(|before| self.end(before));
        self.end(id);
        self.put(id, Help { helper: Some(helper), helped, scheme, ends_at, stage: Stage::Standing(basis) });
    }

    pub(super) fn end(&mut self, id: HelpId) {
        let Some(help) = self.open.remove(&id) else { return };
        self.by_end.remove(&(help.ends_at, id));
        for person in [help.helper, Some(help.helped)].into_iter().flatten() {
            self.of_person.remove(&(person, id));
        }
    }

    /// Nobody acts for, and nothing is done by, who is erased.
    pub(super) fn erase(&mut self, person: Person) {
        let theirs: Vec<HelpId> = self.of(person, UnixMillis(i64::MIN)).map(|(id, _)| id).collect();
        theirs.into_iter().for_each(|help| self.end(help));
    }

    /// What is at or past its end, oldest first.
    pub(super) fn due(&self, now: UnixMillis) -> impl Iterator<Item = (UnixMillis, HelpId)> + use<'_> {
        self.by_end.iter().copied().take_while(move |(at, _)| *at <= now)
    }

    /// Everything open, by number, for an image.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (HelpId, &Help)> {
        self.open.iter().map(|(id, help)| (*id, help))
    }

    /// Puts back what an image has. `false`: it cannot be.
    pub(super) fn restore(&mut self, id: HelpId, help: Help) -> bool {
        let sound = id.0 < self.next && !self.open.contains_key(&id) && help.helper != Some(help.helped);
        if sound && (help.helper.is_some() || !help.is_standing()) {
            self.put(id, help);
            return true;
        }
        false
    }

    pub(super) fn set_next(&mut self, next: u32) {
        self.next = next;
    }

    fn put(&mut self, id: HelpId, help: Help) {
        self.next = self.next.max(id.0.saturating_add(1));
        self.by_end.insert((help.ends_at, id));
        for person in [help.helper, Some(help.helped)].into_iter().flatten() {
            self.of_person.insert((person, id));
        }
        self.open.insert(id, help);
    }
}

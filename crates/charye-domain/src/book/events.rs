//! Room: domain/book. What a decision yields: a short list of facts and the answer that follows from the last of them.
//! Made by `decide`, written down by `record`.

use crate::book::{Event, Outcome};
use crate::campaign::Campaign;
use crate::ids::{CampaignId, CampaignVersion};

/// Facts that follow from one command. At most [`Events::MAX`], in order. One of them is what the command was about, so that a
/// repetition can be answered from it: the last one, consequences apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    list: [Option<Event>; Self::MAX],
    len: usize,
    /// Position of the fact that the command was about.
    answers: usize,
    pub(super) under: Option<(CampaignId, CampaignVersion)>,
    outcome: Outcome,
}

impl Events {
    /// A visit that we failed: its hold and it end, its person is put back and called again. Nothing yields more.
    pub const MAX: usize = 4;

    /// Nothing happens, and this is the answer.
    pub(super) fn none(outcome: Outcome) -> Self {
        Self { list: [const { None }; Self::MAX], len: 0, answers: 0, under: None, outcome }
    }

    /// Facts outside any campaign.
    pub(super) fn outside() -> Self {
        Self::none(Outcome::Done)
    }

    /// Facts under the rules of a campaign.
    pub(super) fn under(campaign: &Campaign) -> Self {
        Self { under: Some((campaign.id, campaign.version)), ..Self::outside() }
    }

    pub(super) fn and(mut self, event: Event) -> Self {
        self.push(event);
        self
    }

    /// And, without changing the answer, what follows from it.
    pub(super) fn then(mut self, event: Event) -> Self {
        self.push_consequence(event);
        self
    }

    pub(super) fn push(&mut self, event: Event) {
        self.outcome = Outcome::of(&event);
        self.answers = self.len;
        self.push_consequence(event);
    }

    pub(super) fn push_consequence(&mut self, event: Event) {
        debug_assert!(self.len < Self::MAX, "a decision yields at most {} events", Self::MAX);
        if let Some(place) = self.list.get_mut(self.len) {
            *place = Some(event);
            self.len += 1;
        }
    }

    /// The answer to the command.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Position of the fact that the answer follows from. Meaningless where there is none.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }

    /// The facts, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.list.iter().flatten()
    }

    pub(super) fn into_list(self) -> impl Iterator<Item = Event> {
        self.list.into_iter().flatten()
    }
}

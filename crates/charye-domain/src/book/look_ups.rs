//! Room: domain/book. When each agent looked callers up within the last hour: an agent's budget is counted from here, so that
//! a restart gives nobody a new one. Called by `apply` and `answer`. It must never hold who was looked up.

use std::collections::{BTreeMap, VecDeque};

use crate::book::StaffNumber;
use crate::helping::{LOOK_UP_COUNTS_SECS, LOOK_UPS_MAX};
use crate::time::UnixMillis;

/// Agents of whom it is kept. A file of tokens has fewer.
pub(super) const AGENTS_MAX: usize = 1_024;

/// Look-ups by agent, each in the order of time: at most [`LOOK_UPS_MAX`] of [`AGENTS_MAX`] agents.
#[derive(Default)]
pub(super) struct LookUps {
    of_agents: BTreeMap<StaffNumber, VecDeque<UnixMillis>>,
}

/// What an agent has spent of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookUpsView {
    /// Callers looked up within the last hour, found or not; at most [`LOOK_UPS_MAX`].
    pub spent: u32,
    /// How long until fewer than the budget count. 0: fewer do. Unit: milliseconds.
    pub left_in_ms: u64,
}

impl LookUps {
    /// One more, as it happened.
    pub(super) fn note(&mut self, agent: StaffNumber, at: UnixMillis) {
        if self.of_agents.len() >= AGENTS_MAX && !self.of_agents.contains_key(&agent) {
            self.make_room(at);
        }
        let times = self.of_agents.entry(agent).or_default();
        while times.len() >= LOOK_UPS_MAX as usize || times.front().is_some_and(|first| !counts(*first, at)) {
            times.pop_front();
        }
        times.push_back(at);
    }

    /// What counts of this agent's at `now`, held against a budget.
    pub(super) fn view(&self, agent: StaffNumber, budget: u32, now: UnixMillis) -> LookUpsView {
        let times = self.of_agents.get(&agent);
        let counting = || times.into_iter().flatten().filter(|at| counts(**at, now));
        let spent = counting().count();
        // So many have to be an hour old before one more is within the budget.
        let over = (spent + 1).checked_sub(budget as usize).and_then(|over| over.checked_sub(1));
        let last_over = over.and_then(|over| counting().nth(over));
        let left_in_ms = last_over.map_or(0, |at| at.plus_secs(LOOK_UP_COUNTS_SECS).millis_since(now).unsigned_abs());
        LookUpsView { spent: spent as u32, left_in_ms }
    }

    /// Everything kept, by agent, for an image.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (StaffNumber, &VecDeque<UnixMillis>)> {
        self.of_agents.iter().map(|(agent, times)| (*agent, times))
    }

    /// Puts back what an image has of an agent. `false`: it cannot be.
    pub(super) fn restore(&mut self, agent: StaffNumber, times: VecDeque<UnixMillis>) -> bool {
        let few = (1..=LOOK_UPS_MAX as usize).contains(&times.len()) && self.of_agents.len() < AGENTS_MAX;
        let in_order = times.iter().is_sorted();
        few && in_order && self.of_agents.insert(agent, times).is_none()
    }

    /// Forgets the agents of whom nothing counts any more; if all do, the one who has looked nobody up for longest.
    fn make_room(&mut self, at: UnixMillis) {
        self.of_agents.retain(|_, times| times.back().is_some_and(|last| counts(*last, at)));
        if self.of_agents.len() >= AGENTS_MAX {
            let idle = self.of_agents.iter().min_by_key(|(_, times)| times.back().copied()).map(|(agent, _)| *agent);
            idle.map(|agent| self.of_agents.remove(&agent));
        }
    }
}

/// Whether a look-up at `at` counts at `now`.
fn counts(at: UnixMillis, now: UnixMillis) -> bool {
    now < at.plus_secs(LOOK_UP_COUNTS_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const SEVEN: StaffNumber = StaffNumber(7);

    fn seen(look_ups: &LookUps, agent: StaffNumber, budget: u32, now: i64) -> (u32, u64) {
        let LookUpsView { spent, left_in_ms } = look_ups.view(agent, budget, UnixMillis(now));
        (spent, left_in_ms)
    }

    #[test]
    fn a_look_up_counts_for_an_hour_and_for_its_agent_alone() {
        let mut look_ups = LookUps::default();
        for at in [0, 100_000] {
            look_ups.note(SEVEN, UnixMillis(at));
        }
        assert_eq!(seen(&look_ups, SEVEN, 3, 200_000), (2, 0));
        assert_eq!(seen(&look_ups, SEVEN, 2, 200_000), (2, 3_400_000));
        assert_eq!(seen(&look_ups, SEVEN, 1, 200_000), (2, 3_500_000), "both have to be over");
        assert_eq!(seen(&look_ups, StaffNumber(8), 2, 200_000), (0, 0));
        assert_eq!(seen(&look_ups, SEVEN, 2, HOUR_MS - 1), (2, 1));
        assert_eq!(seen(&look_ups, SEVEN, 2, HOUR_MS), (1, 0));
        assert_eq!(seen(&look_ups, SEVEN, 1, HOUR_MS), (1, 100_000));
        assert_eq!(seen(&look_ups, SEVEN, 1, HOUR_MS + 100_000), (0, 0));
    }

    #[test]
    fn no_more_is_kept_of_an_agent_than_the_largest_budget() {
        let mut look_ups = LookUps::default();
        for at in 0..i64::from(LOOK_UPS_MAX) + 500 {
            look_ups.note(SEVEN, UnixMillis(at));
        }
        assert_eq!(look_ups.of_agents[&SEVEN].len(), LOOK_UPS_MAX as usize);
        assert_eq!(seen(&look_ups, SEVEN, LOOK_UPS_MAX, 2_000), (LOOK_UPS_MAX, (HOUR_MS + 500 - 2_000).unsigned_abs()));
        look_ups.note(SEVEN, UnixMillis(2 * HOUR_MS));
        assert_eq!(look_ups.of_agents[&SEVEN], [UnixMillis(2 * HOUR_MS)], "what is over is forgotten with the next");
    }

    #[test]
    fn of_too_many_agents_the_idle_ones_are_forgotten_first() {
        let mut look_ups = LookUps::default();
        let all = AGENTS_MAX as u32;
        for agent in 0..all {
            look_ups.note(StaffNumber(agent), UnixMillis(i64::from(agent)));
        }
        look_ups.note(StaffNumber(3), UnixMillis(5_000));
        look_ups.note(StaffNumber(all), UnixMillis(5_000));
        assert_eq!(look_ups.of_agents.len(), AGENTS_MAX);
        assert_eq!(seen(&look_ups, StaffNumber(0), 1, 5_000).0, 0, "nobody was idle for longer");
        assert_eq!(seen(&look_ups, StaffNumber(3), 1, 5_000).0, 2);

        look_ups.note(StaffNumber(all + 1), UnixMillis(HOUR_MS + 500));
        assert!(!look_ups.of_agents.contains_key(&StaffNumber(500)), "nothing of theirs counts");
        assert!(look_ups.of_agents.contains_key(&StaffNumber(501)), "one of theirs still does");
    }
}

//! Room: engine/helping. How often one person tries codes and registries, and how many people an agent looks up: bounded by
//! counts that live in this process. Held by the engine. It must never hold who was looked up.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use charye_domain::book::StaffNumber;
use charye_domain::ids::Person;
use charye_domain::weakness::Defence;
use rustc_hash::FxHashMap;

use crate::failure::{BusyCause, Failure};
use crate::identity::Recent;

/// Codes that one person may type, and children that one person may ask a registry about, within ten minutes.
const TRIES_MAX: u32 = 10;
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// People of whom it is remembered that they tried.
const PEOPLE_MAX: usize = 1 << 17;
/// An agent's budget is for so long.
const BUDGET_FOR: Duration = Duration::from_secs(3_600);
/// Most people an hour that a budget may be.
pub(crate) const BUDGET_MAX: u32 = 1_000;
/// Agents that are counted; a file of tokens has fewer.
const AGENTS_MAX: usize = 1_024;

/// The counts.
pub struct HelpDesk {
    tries: Mutex<Recent>,
    looked_up: Mutex<FxHashMap<StaffNumber, VecDeque<Duration>>>,
}

impl HelpDesk {
    /// Most people an hour that an agent's budget may be.
    pub const BUDGET_MAX: u32 = BUDGET_MAX;

    pub(crate) fn new() -> Self {
        Self { tries: Mutex::new(Recent::new(TEN_MINUTES, PEOPLE_MAX)), looked_up: Mutex::default() }
    }

    /// Counts one try of this person.
    pub(super) fn count_try(&self, person: Person, now: Duration) -> Result<(), Failure> {
        let mut what = [0; 16];
        what[..4].copy_from_slice(&person.0.to_le_bytes());
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        match tries.count(&what, now) {
            Ok(count) if count <= TRIES_MAX => Ok(()),
            Ok(_) => Err(Failure::Busy { retry_after: TEN_MINUTES, cause: BusyCause::TooOften }),
            Err(_) => Err(Failure::busy(BusyCause::Saturated)),
        }
    }

    /// Counts one look-up of this agent, found or not. An hour after the oldest of a spent budget the next is let in.
    pub(super) fn count_look_up(&self, agent: StaffNumber, budget: u32, now: Duration) -> Result<(), Failure> {
        let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        if looked_up.len() >= AGENTS_MAX && !looked_up.contains_key(&agent) {
            return Err(Failure::busy(BusyCause::Saturated));
        }
        let times = looked_up.entry(agent).or_default();
        while times.front().is_some_and(|at| now.saturating_sub(*at) >= BUDGET_FOR) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= budget.min(BUDGET_MAX) as usize && !Defence::AgentBudget.is_off() => {
                let retry_after = BUDGET_FOR.saturating_sub(now.saturating_sub(*oldest));
                Err(Failure::Busy { retry_after, cause: BusyCause::TooOften })
            }
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(result: Result<(), Failure>) -> (&'static str, u64) {
        match result {
            Ok(()) => ("ok", 0),
            Err(Failure::Busy { retry_after, cause }) => (cause.code(), retry_after.as_secs()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_budget_is_spent_by_each_agent_alone_and_comes_back_one_by_one() {
        let desk = HelpDesk::new();
        let look = |agent, secs| said(desk.count_look_up(StaffNumber(agent), 2, Duration::from_secs(secs)));
        assert_eq!([look(1, 0), look(1, 100)], [("ok", 0), ("ok", 0)]);
        assert_eq!(look(1, 200), ("tried_too_often", 3_400));
        assert_eq!(look(2, 200), ("ok", 0));
        assert_eq!(look(1, 3_600), ("ok", 0));
        assert_eq!(look(1, 3_600), ("tried_too_often", 100));
    }

    #[test]
    fn a_person_who_guesses_is_told_to_wait() {
        let desk = HelpDesk::new();
        let tried = |person, secs| said(desk.count_try(Person(person), Duration::from_secs(secs))).0;
        assert!((0..TRIES_MAX).all(|_| tried(1, 0) == "ok"));
        assert_eq!((tried(1, 1), tried(2, 1)), ("tried_too_often", "ok"));
        assert_eq!(tried(1, 1_300), "ok");
    }
}

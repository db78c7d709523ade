//! Room: engine/helping. How often one person tries codes and registries, in counts that live in this process, and which
//! look-ups of an agent are under way: those on record the book counts. Held by the engine. It must never hold who is looked up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use charye_domain::book::StaffNumber;
use charye_domain::helping::LOOK_UPS_MAX;
use charye_domain::ids::Person;
use rustc_hash::FxHashMap;

use crate::failure::{BusyCause, Failure};
use crate::identity::Recent;

/// Codes that one person may type, and children that one person may ask a registry about, within ten minutes.
const TRIES_MAX: u32 = 10;
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// People of whom it is remembered that they tried.
const PEOPLE_MAX: usize = 1 << 17;

/// The counts.
pub struct HelpDesk {
    tries: Mutex<Recent>,
    /// By agent; none that is 0. Bounded by the requests of the agents' listener.
    looking_up: Mutex<FxHashMap<StaffNumber, u32>>,
}

impl HelpDesk {
    /// Most people an hour that an agent's budget may be.
    pub const BUDGET_MAX: u32 = LOOK_UPS_MAX;

    pub(crate) fn new() -> Self {
        Self { tries: Mutex::new(Recent::new(TEN_MINUTES, PEOPLE_MAX)), looking_up: Mutex::default() }
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

    /// An agent begins to look somebody up. Dropped when that is over, on record or not.
    pub(super) fn begin_look_up(&self, agent: StaffNumber) -> LookingUp<'_> {
        let mut looking_up = self.looking_up.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = looking_up.entry(agent).or_default();
        let others = *under_way;
        *under_way = others.saturating_add(1);
        LookingUp { desk: self, agent, others }
    }
}

/// One look-up under way: an agent who asks for many at once spends no more than their budget.
pub(super) struct LookingUp<'d> {
    desk: &'d HelpDesk,
    agent: StaffNumber,
    /// Others of this agent that were under way when this one began.
    pub(super) others: u32,
}

impl Drop for LookingUp<'_> {
    fn drop(&mut self) {
        let mut looking_up = self.desk.looking_up.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = looking_up.get_mut(&self.agent) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                looking_up.remove(&self.agent);
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
    fn look_ups_under_way_are_counted_by_agent_and_forgotten_when_they_are_over() {
        let desk = HelpDesk::new();
        let (one, other) = (desk.begin_look_up(StaffNumber(1)), desk.begin_look_up(StaffNumber(2)));
        let two = desk.begin_look_up(StaffNumber(1));
        assert_eq!([one.others, other.others, two.others], [0, 0, 1]);
        drop(one);
        assert_eq!(desk.begin_look_up(StaffNumber(1)).others, 1);
        drop((two, other));
        assert!(desk.looking_up.lock().unwrap().is_empty());
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

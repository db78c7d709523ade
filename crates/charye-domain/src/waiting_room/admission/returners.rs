//! Room: domain/waiting_room/admission. The lane of those who were called and did not come within their grace: in the order
//! in which they came back, at most one admission in five while others wait. Called by the door alone.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::ids::Person;

/// One returner in five admissions: four admissions of the line earn one.
const ADMISSIONS_PER_RETURNER: u64 = 4;
/// Earned admissions that can be saved up, so that a lane long empty does not flood the door. Unit: returners.
const SAVED_MAX: u64 = 32;

/// The returners, and how many of them the line has earned.
#[derive(Default)]
pub(super) struct Returners {
    queue: VecDeque<Person>,
    /// Numbered through all the lane's life, from 0.
    numbers: FxHashMap<Person, u64>,
    called: u64,
    line_admissions: u64,
}

impl Returners {
    /// Somebody is back: at the end of the lane, or where they were. How many are ahead of them.
    pub(super) fn come_back(&mut self, person: Person) -> u32 {
        let next = self.called + self.queue.len() as u64;
        let number = *self.numbers.entry(person).or_insert(next);
        if number == next {
            self.queue.push_back(person);
        }
        (number - self.called) as u32
    }

    pub(super) fn ahead_of(&self, person: Person) -> Option<u32> {
        self.numbers.get(&person).map(|number| (number - self.called) as u32)
    }

    /// Somebody of the line has come in.
    pub(super) fn line_admitted(&mut self) {
        self.line_admissions = (self.line_admissions + 1).min(SAVED_MAX * ADMISSIONS_PER_RETURNER);
    }

    /// How many may be called now.
    pub(super) fn callable(&self, others_wait: bool) -> u32 {
        let queued = self.queue.len() as u64;
        let callable = if others_wait { queued.min(self.line_admissions / ADMISSIONS_PER_RETURNER) } else { queued };
        u32::try_from(callable).unwrap_or(u32::MAX)
    }

    /// Calls the next one. Only after [`Self::callable`] said so.
    pub(super) fn call_next(&mut self, others_wait: bool) -> Option<Person> {
        let person = self.queue.pop_front()?;
        self.numbers.remove(&person);
        self.called += 1;
        if others_wait {
            self.line_admissions = self.line_admissions.saturating_sub(ADMISSIONS_PER_RETURNER);
        }
        Some(person)
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.queue.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returners_keep_the_order_of_their_return_however_often_they_ask() {
        let mut lane = Returners::default();
        assert_eq!([4, 9, 4, 2, 9].map(|person| lane.come_back(Person(person))), [0, 1, 0, 2, 1]);
        assert_eq!(lane.call_next(false), Some(Person(4)));
        assert_eq!((lane.ahead_of(Person(2)), lane.ahead_of(Person(4))), (Some(1), None));
        assert_eq!(lane.come_back(Person(4)), 2);
    }

    #[test]
    fn four_admissions_of_the_line_earn_one_returner_while_others_wait() {
        let mut lane = Returners::default();
        (0..100).for_each(|person| {
            lane.come_back(Person(person));
        });
        let mut called = 0_u32;
        for admitted in 1..=200_u32 {
            lane.line_admitted();
            while lane.callable(true) > 0 {
                lane.call_next(true).unwrap();
                called += 1;
            }
            assert!(called * 4 <= admitted, "{called} returners beside {admitted}");
        }
        assert_eq!(called, 50);
    }

    #[test]
    fn an_empty_line_leaves_the_door_to_returners() {
        let mut lane = Returners::default();
        lane.come_back(Person(1));
        assert_eq!((lane.callable(true), lane.callable(false)), (0, 1));
    }
}

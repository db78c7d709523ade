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
#[derive(Clone, Debug, Default)]
pub(super) struct Returners {
    /// In order of their return; `None` for who has left the lane since.
    queue: VecDeque<Option<Person>>,
    /// Numbered through all the lane's life, from 0.
    numbers: FxHashMap<Person, u64>,
    /// Numbers below this one have been called, or had left.
    called: u64,
    line_admissions: u64,
}

impl Returners {
    /// Somebody is back: at the end of the lane, or where they were. How many are ahead of them.
    pub(super) fn come_back(&mut self, person: Person) -> u32 {
        let next = self.next_number();
        let number = *self.numbers.entry(person).or_insert(next);
        if number == next {
            self.queue.push_back(Some(person));
        }
        self.ahead_of_number(number)
    }

    /// Somebody in the lane gives their place in it up.
    pub(super) fn leave(&mut self, person: Person) {
        let Some(number) = self.numbers.remove(&person) else { return };
        let at = usize::try_from(number - self.called).unwrap_or(usize::MAX);
        if let Some(place) = self.queue.get_mut(at) {
            *place = None;
        }
    }

    pub(super) fn number(&self, person: Person) -> Option<u64> {
        self.numbers.get(&person).copied()
    }

    /// The number that the next person to come back gets.
    pub(super) fn next_number(&self) -> u64 {
        self.called + self.queue.len() as u64
    }

    /// Numbers below this one have had their turn.
    pub(super) fn called(&self) -> u64 {
        self.called
    }

    /// Places of the lane before this number, those of people who have left included.
    pub(super) fn ahead_of_number(&self, number: u64) -> u32 {
        u32::try_from(number.saturating_sub(self.called)).unwrap_or(u32::MAX)
    }

    pub(super) fn ahead_of(&self, person: Person) -> Option<u32> {
        self.numbers.get(&person).map(|number| self.ahead_of_number(*number))
    }

    /// The lane as an image has it: the queue, numbers called, admissions earned.
    pub(super) fn parts(&self) -> (impl ExactSizeIterator<Item = Option<Person>> + '_, u64, u64) {
        (self.queue.iter().copied(), self.called, self.line_admissions)
    }

    /// The lane that an image has. `None` if it is none: somebody stands in it twice.
    pub(super) fn from_parts(queue: Vec<Option<Person>>, called: u64, line_admissions: u64) -> Option<Self> {
        let numbers: FxHashMap<Person, u64> =
            (called..).zip(&queue).filter_map(|(number, person)| Some(((*person)?, number))).collect();
        let people = queue.iter().flatten().count();
        let whole = numbers.len() == people && line_admissions <= SAVED_MAX * ADMISSIONS_PER_RETURNER;
        whole.then_some(Self { queue: queue.into(), numbers, called, line_admissions })
    }

    /// Somebody of the line has come in.
    pub(super) fn line_admitted(&mut self) {
        self.line_admissions = (self.line_admissions + 1).min(SAVED_MAX * ADMISSIONS_PER_RETURNER);
    }

    /// How many may be called now.
    pub(super) fn callable(&self, others_wait: bool) -> u32 {
        let queued = self.numbers.len() as u64;
        let callable = if others_wait { queued.min(self.line_admissions / ADMISSIONS_PER_RETURNER) } else { queued };
        u32::try_from(callable).unwrap_or(u32::MAX)
    }

    /// Calls the next one. Only after [`Self::callable`] said so.
    pub(super) fn call_next(&mut self, others_wait: bool) -> Option<Person> {
        let person = loop {
            let next = self.queue.pop_front()?;
            self.called += 1;
            if let Some(person) = next {
                break person;
            }
        };
        self.numbers.remove(&person);
        if others_wait {
            self.line_admissions = self.line_admissions.saturating_sub(ADMISSIONS_PER_RETURNER);
        }
        Some(person)
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.numbers.len()).unwrap_or(u32::MAX)
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
    fn who_leaves_the_lane_is_passed_over_and_nobody_elses_number_changes() {
        let mut lane = Returners::default();
        (1..=4).for_each(|person| {
            lane.come_back(Person(person));
        });
        lane.leave(Person(1));
        lane.leave(Person(3));
        assert_eq!((lane.len(), lane.number(Person(4)), lane.callable(false)), (2, Some(3), 2));
        assert_eq!(lane.call_next(false), Some(Person(2)));
        assert_eq!((lane.called(), lane.ahead_of(Person(4))), (2, Some(1)));
        assert_eq!((lane.call_next(false), lane.call_next(false)), (Some(Person(4)), None));
        assert_eq!(lane.next_number(), 4);
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

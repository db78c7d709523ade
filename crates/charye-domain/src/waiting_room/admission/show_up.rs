//! Room: domain/waiting_room/admission. How many of those called come: decides how far ahead to call, and nothing else.
//! Measured by the second of their call; fed and asked by the controller. Never used to count seats.

use std::collections::VecDeque;

use crate::time::UnixMillis;

/// However few come, no more than ten are called for one.
pub(super) const RATIO_MIN: f64 = 0.1;
/// People at the front ask every three seconds or so: after this, who is coming has mostly come. Unit: seconds.
const SETTLED_SECS: i64 = 8;
/// Calls remembered. Unit: seconds.
const REMEMBERED_SECS: i64 = 68;
/// The newest calls that say enough. Unit: people.
const ENOUGH_PEOPLE: f64 = 150.0;
/// What is assumed before anything is measured, as strong as this many people who all came.
const ASSUMED_PEOPLE: f64 = 4.0;

/// The show-up ratio of the last calls, a minute's at most.
#[derive(Clone, Debug, Default)]
pub struct ShowUp {
    /// By second of the call, oldest first.
    seconds: VecDeque<Second>,
}

#[derive(Clone, Copy, Debug)]
struct Second {
    second: i64,
    called: u32,
    came: u32,
}

impl ShowUp {
    /// So many people were called.
    pub fn note_called(&mut self, people: u32, at: UnixMillis) {
        let second = at.0.div_euclid(1_000);
        match self.seconds.back_mut().filter(|last| last.second >= second) {
            Some(last) => last.called = last.called.saturating_add(people),
            None => self.seconds.push_back(Second { second, called: people, came: 0 }),
        }
        while self.seconds.front().is_some_and(|first| first.second < second - REMEMBERED_SECS) {
            self.seconds.pop_front();
        }
    }

    /// Somebody who was called at `called_at` came.
    pub fn note_came(&mut self, called_at: UnixMillis) {
        let second = called_at.0.div_euclid(1_000);
        let after = self.seconds.partition_point(|known| known.second <= second);
        if let Some(known) = after.checked_sub(1).and_then(|at| self.seconds.get_mut(at)) {
            known.came = known.came.saturating_add(1);
        }
    }

    /// The part of those called who come, between a tenth and one.
    pub fn ratio(&self, now: UnixMillis) -> f64 {
        let settled = now.0.div_euclid(1_000) - SETTLED_SECS;
        // Newest first, and only as many as say enough: when people leave in numbers, old calls know nothing of it.
        let (mut called, mut came) = (0.0, 0.0);
        for known in self.seconds.iter().rev().skip_while(|known| known.second > settled) {
            called += f64::from(known.called);
            came += f64::from(known.came);
            if called >= ENOUGH_PEOPLE {
                break;
            }
        }
        // What was assumed fades as more is known.
        let assumed = ASSUMED_PEOPLE * (1.0 - called / ENOUGH_PEOPLE).max(0.0);
        let ratio = if called + assumed > 0.0 { (came + assumed) / (called + assumed) } else { 1.0 };
        ratio.clamp(RATIO_MIN, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: i64) -> UnixMillis {
        UnixMillis(secs * 1_000)
    }

    #[test]
    fn everybody_is_expected_until_it_is_known_better() {
        let mut show_up = ShowUp::default();
        show_up.note_called(100, secs(0));
        assert!(show_up.ratio(secs(SETTLED_SECS - 1)) > 0.999);
    }

    #[test]
    fn the_ratio_follows_those_who_come_and_has_a_floor() {
        let mut show_up = ShowUp::default();
        for second in 0..60 {
            show_up.note_called(100, secs(second));
            (0..40).for_each(|_| show_up.note_came(secs(second)));
        }
        assert!((show_up.ratio(secs(60)) - 0.4).abs() < 0.01);
        for second in 60..400 {
            show_up.note_called(100, secs(second));
        }
        assert!((show_up.ratio(secs(400)) - RATIO_MIN).abs() < 1e-9);
        assert!(show_up.seconds.len() <= REMEMBERED_SECS as usize + 1);
    }
}

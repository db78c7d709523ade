//! Room: domain/book/rooms. Whether people were called when they were told they would be. Fed by every call of the line;
//! changes nobody's turn.
//!
//! Who arrives while the speed is known is told a range of their own, which stands in their `Arrived` event. Everybody else
//! who waits is told at the moment the speed is first measured, each by their rank. Nothing is recorded of that: the k-th
//! person called from then on is taken to have had k people before them then.

use crate::time::UnixMillis;
use crate::waiting_room::admission::Terms;
use crate::waiting_room::line::Standing;
use crate::waiting_room::wait_estimate::{Estimate, Measured, Promise, PromiseScore, estimate_at};

/// How often a line may be told at once. The speed is measured anew after every change of terms.
pub(super) const TOLD_MAX: usize = 32;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Promises {
    pub(super) score: PromiseScore,
    /// People of the line called so far.
    pub(super) calls: u32,
    /// Oldest first.
    pub(super) told: Vec<ToldAtOnce>,
}

/// Everybody who waited and had not been told a time was told one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ToldAtOnce {
    pub(super) at: UnixMillis,
    pub(super) measured: Measured,
    /// Everybody whose number is below this one.
    pub(super) people: u32,
    /// People called before.
    pub(super) calls: u32,
    pub(super) terms_number: u16,
}

/// By whose clock and under which terms a promise is judged.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) at: UnixMillis,
    pub(super) opens_at: UnixMillis,
    pub(super) terms: &'a Terms,
    pub(super) terms_number: u16,
}

impl Promises {
    pub(super) fn score(&self) -> PromiseScore {
        self.score
    }

    /// The speed is known from now on.
    pub(super) fn tell_at_once(&mut self, at: UnixMillis, measured: Measured, people: u32, terms_number: u16) {
        if self.told.len() < TOLD_MAX {
            self.told.push(ToldAtOnce { at, measured, people, calls: self.calls, terms_number });
        }
    }

    /// Somebody of the line was called.
    pub(super) fn note_called(&mut self, standing: &Standing, judge: Judge<'_>) {
        let own = if standing.promise == Promise::NONE { self.told_by_rank(standing.number, judge) } else { None };
        let promise = own.unwrap_or(standing.promise);
        if let Some(verdict) = promise.judge(judge.at, judge.opens_at, judge.terms_number) {
            self.score.count(verdict);
        }
        self.calls = self.calls.saturating_add(1);
    }

    fn told_by_rank(&self, number: u32, judge: Judge<'_>) -> Option<Promise> {
        let told = self.told.iter().find(|told| number < told.people)?;
        let ahead = self.calls.saturating_sub(told.calls);
        match estimate_at(ahead, Some(told.measured), judge.terms.fastest_per_sec()) {
            Estimate::Range(range) => Some(Promise::new(range, told.at, judge.opens_at, told.terms_number)),
            Estimate::Paused | Estimate::NotYet { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting_room::line::Stage;
    use crate::waiting_room::place::Place;

    const OPENS: UnixMillis = UnixMillis(1_628_506_800_000);

    fn called(promises: &mut Promises, number: u32, at_secs: u32, terms_number: u16) {
        let terms = Terms::new(1_000, 0, 60..=600, 60).unwrap();
        let standing = Standing { place: Some(Place(0)), number, stage: Stage::Called, promise: Promise::NONE };
        let judge = Judge { at: OPENS.plus_secs(at_secs), opens_at: OPENS, terms: &terms, terms_number };
        promises.note_called(&standing, judge);
    }

    #[test]
    fn those_told_at_once_are_judged_by_their_rank() {
        let mut promises = Promises::default();
        called(&mut promises, 0, 90, 0);
        assert_eq!(promises.score(), PromiseScore::default(), "nobody was told anything");
        promises.tell_at_once(OPENS.plus_secs(100), Measured { people_per_sec: 1.0, spread: 0.0 }, 2_000, 0);
        // With 0 people ahead: within three minutes. With 1,000 ahead and one a second: some 1,000 s.
        called(&mut promises, 1, 110, 0);
        (0..999).for_each(|ahead| called(&mut promises, 2 + ahead, 101 + ahead, 0));
        assert_eq!((promises.score().kept, promises.score().late), (1_000, 0));
        called(&mut promises, 1_500, 3_000, 0);
        assert_eq!(promises.score().late, 1);
        called(&mut promises, 1_501, 1_100, 1);
        assert_eq!(promises.score().void, 1, "other terms were in force");
        called(&mut promises, 2_000, 1_100, 0);
        assert_eq!(promises.score().kept, 1_000, "who came later was not told then");
    }
}

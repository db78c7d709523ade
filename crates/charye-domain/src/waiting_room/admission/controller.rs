//! Room: domain/waiting_room/admission. Decides how many to call next, at most ten times a second, from the rate that the
//! service can bear and the part of those called who come. Called by whoever drives the door; what it decides is recorded
//! as [`Calls`]. It keeps measurements only: losing it costs a few seconds of calling, never a place.

use std::collections::VecDeque;

use super::door::{Calls, Door, PauseReason};
use super::rate::{Measured, Rate, RateReason};
use super::show_up::ShowUp;
use crate::time::UnixMillis;
use crate::waiting_room::line::Line;

/// Decisions are at least this far apart. Unit: milliseconds.
const STEP_MS: i64 = 100;
/// Visits that may be started at once after a standstill: this long's worth. Unit: seconds.
const BURST_SECS: f64 = 1.0;
/// At most this part of the seats is kept for people who will have been overtaken when they come: 1 / 4.
const OVERTAKEN_PART: u32 = 4;

/// What kept the last decision from calling more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Paused(PauseReason),
    NobodyWaits,
    /// All seats are taken or kept.
    Seats,
    /// The rate of visits started.
    Rate,
}

/// The last decision, in numbers; the words are charye-web's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explanation {
    pub at: UnixMillis,
    pub calls: Calls,
    pub limit: Limit,
    /// Visits started per minute that are aimed at, agents' included.
    pub rate_per_min: f64,
    pub rate_reason: RateReason,
    /// Part of those called who come.
    pub show_up: f64,
    /// Seats of the web line that were free, before this decision.
    pub seats_free: u32,
    /// Of these, kept for people whose sign-in began early and ends late: as many as came so in the last seconds.
    pub seats_kept: u32,
    pub waiting: u32,
    pub returners_waiting: u32,
}

/// Decides how many to call.
#[derive(Clone, Debug, Default)]
pub struct AdmissionController {
    rate: Rate,
    show_up: ShowUp,
    overtaken: OvertakenLately,
    /// Visits that may be started and for which nobody was called yet.
    budget: f64,
    last: Option<UnixMillis>,
    explanation: Option<Explanation>,
}

impl AdmissionController {
    /// How many to call at `now`, or `None` if it is too early for another decision or nobody is to be called.
    ///
    /// Seats are kept, a quarter of all at most, for people who are still signing in and will stand before those who would be
    /// called now: as many as have come so lately. Not as many as have begun to sign in: anybody can begin, as often as they
    /// like, and would keep seats empty that way.
    pub fn decide(&mut self, door: &Door, line: &Line, measured: Option<Measured>, now: UnixMillis) -> Option<Calls> {
        let elapsed = self.last.map_or(STEP_MS, |last| now.millis_since(last));
        if elapsed < STEP_MS {
            return None;
        }
        if self.last.is_none() {
            // Who comes first to an empty line does not wait for a rate to be measured.
            self.budget = 1.0;
        }
        self.last = Some(now);
        let terms = *door.terms();
        let (rate_per_min, rate_reason) = self.rate.follow(measured, &terms, now);
        let per_sec = terms.web_part(rate_per_min) / 60.0;
        self.budget = (self.budget + per_sec * elapsed as f64 / 1_000.0).min((per_sec * BURST_SECS).max(1.0));

        let show_up = self.show_up.ratio(now);
        let seats_free = door.seats_free(now);
        let waiting = line.waiting().total();
        let overtaken = u32::try_from(line.overtaken_max()).unwrap_or(u32::MAX).min(waiting);
        let seats_kept = self.overtaken.people(now).min(terms.web_seats() / OVERTAKEN_PART).min(seats_free);
        let wanted = (self.budget / show_up).max(0.0) as u32;

        // Who was overtaken takes the seats kept for them, at whatever rate: others pay for it afterwards.
        let mut calls = Calls { overtaken: overtaken.min(seats_free), returners: 0, line: 0 };
        if calls.overtaken == overtaken {
            let seats = (seats_free - seats_kept).saturating_sub(overtaken);
            let wanted = wanted.saturating_sub(overtaken);
            calls.returners = door.returners_callable(line).min(wanted).min(seats);
            calls.line = (waiting - overtaken).min(wanted - calls.returners).min(seats - calls.returners);
        }
        let limit = match door.paused() {
            Some(reason) => Limit::Paused(reason),
            None if calls.total() >= waiting.saturating_add(door.returners_waiting()) => Limit::NobodyWaits,
            None if calls.total() >= wanted => Limit::Rate,
            None => Limit::Seats,
        };
        if door.paused().is_some() {
            calls = Calls::default();
        }
        self.budget = (self.budget - f64::from(calls.total()) * show_up).max(-per_sec * BURST_SECS);
        self.explanation = Some(Explanation {
            at: now,
            calls,
            limit,
            rate_per_min,
            rate_reason,
            show_up,
            seats_free,
            seats_kept,
            waiting,
            returners_waiting: door.returners_waiting(),
        });
        (calls.total() > 0).then_some(calls)
    }

    /// So many people were called.
    pub fn note_called(&mut self, people: u32, at: UnixMillis) {
        self.show_up.note_called(people, at);
    }

    /// Somebody takes a place that the line has passed already.
    pub fn note_overtaken(&mut self, at: UnixMillis) {
        self.overtaken.note(at);
    }

    /// Somebody came, and when they had been called. See [`Door::enter`].
    pub fn note_came(&mut self, called_at: UnixMillis) {
        self.show_up.note_came(called_at);
    }

    /// The last decision. `None` before the first.
    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_ref()
    }
}

/// How many people came overtaken in the last seconds.
#[derive(Clone, Debug, Default)]
struct OvertakenLately {
    /// By second, oldest first, with the people of each.
    seconds: VecDeque<(i64, u32)>,
}

impl OvertakenLately {
    /// For so long somebody counts. Unit: seconds.
    const COUNTED_SECS: i64 = 10;

    fn note(&mut self, at: UnixMillis) {
        let second = at.0.div_euclid(1_000);
        match self.seconds.back_mut().filter(|(last, _)| *last >= second) {
            Some((_, people)) => *people = people.saturating_add(1),
            None => self.seconds.push_back((second, 1)),
        }
        while self.seconds.len() > Self::COUNTED_SECS as usize {
            self.seconds.pop_front();
        }
    }

    fn people(&self, now: UnixMillis) -> u32 {
        let from = now.0.div_euclid(1_000) - Self::COUNTED_SECS;
        let counted = self.seconds.iter().filter(|(second, _)| *second > from);
        counted.fold(0, |sum, (_, people)| sum.saturating_add(*people))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Person;
    use crate::waiting_room::admission::Terms;
    use crate::waiting_room::place::Place;

    /// A second of calling to 40 seats at a rate that is no limit, a hundred people waiting.
    fn called_in_a_second(came_overtaken: u32, secs_ago: i64) -> (u32, Explanation) {
        let terms = Terms::new(40, 0, 60_000..=60_000, 60).unwrap();
        let (mut door, mut line) = (Door::new(terms), Line::new(3_600_000, 100, 100));
        for person in 0..100 {
            line.arrive(Person(person), Place(Place::FIRST_AFTER_DRAW.0 + u64::from(person))).unwrap();
        }
        let mut controller = AdmissionController::default();
        let begins = UnixMillis(60_000);
        (0..came_overtaken).for_each(|_| controller.note_overtaken(begins.plus_millis(-1_000 * secs_ago)));
        let mut called = 0;
        for step in 0..10 {
            let now = begins.plus_millis(STEP_MS * step);
            if let Some(calls) = controller.decide(&door, &line, None, now) {
                called += door.call(calls, &mut line, now).people.len() as u32;
            }
        }
        (called, *controller.explanation().unwrap())
    }

    #[test]
    fn seats_are_kept_for_as_many_as_came_overtaken_lately_and_for_a_quarter_at_most() {
        assert_eq!(called_in_a_second(0, 0).0, 40);
        let (called, explanation) = called_in_a_second(3, 2);
        assert_eq!((called, explanation.seats_kept, explanation.limit), (37, 3, Limit::Seats));
        assert_eq!(called_in_a_second(3, 30).0, 40, "that was long ago");
        assert_eq!(called_in_a_second(1_000, 0).0, 30, "nobody can have a house stand empty");
    }
}

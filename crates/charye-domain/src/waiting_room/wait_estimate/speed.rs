//! Room: domain/waiting_room/wait_estimate. How fast the line moves and how evenly, from what was called in the last ten
//! minutes. Fed by whoever calls; read by every estimate. Never counts the time during which the line was paused.

use std::collections::VecDeque;

use crate::time::UnixMillis;

/// What is measured in one piece. Unit: milliseconds of calling.
const PIECE_MS: i64 = 10_000;
/// Pieces remembered: ten minutes.
const PIECES_MAX: usize = 60;
const REMEMBERED_MS: i64 = 600_000;
/// Pieces before anything is said ..
const PIECES_MIN: usize = 9;
/// .. unless the speed still changes a lot, and then at the latest after as many.
const PIECES_ENOUGH: usize = 30;
/// "A lot": one minute against the half before it.
const STEADY_WITHIN: f64 = 0.2;
/// A piece counts half as much as the one this many pieces later. Unit: pieces.
#[cfg(test)]
const HALF_LIFE: f64 = 9.0;
/// So much of its weight a piece has left one piece later, half after nine pieces: `0.5.powf(1.0 / 9.0)`, as a constant because the machines'
/// own power functions differ in the last bit, and every replay must come to the same speed.
const AGEING: f64 = 0.925_874_712_287_290_4;

/// The measured speed of a line.
#[derive(Clone, Debug)]
pub struct Speed {
    /// People passed in each whole piece, latest last.
    pieces: VecDeque<f64>,
    /// Pieces measured since the terms last changed.
    steady_pieces: usize,
    piece_people: f64,
    piece_ms: i64,
    last: Option<UnixMillis>,
    paused: bool,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// People of the line passed in a second, whether or not they came.
    pub people_per_sec: f64,
    /// Standard deviation of half-minute means around it, as a part of it.
    pub spread: f64,
}

/// A speed in parts: what an image holds of it.
pub(crate) struct SpeedParts {
    pub(crate) pieces: Vec<f64>,
    pub(crate) steady_pieces: u32,
    pub(crate) piece_people: f64,
    pub(crate) piece_ms: i64,
    pub(crate) last: Option<UnixMillis>,
    pub(crate) paused: bool,
}

impl Default for Speed {
    fn default() -> Self {
        Self::new()
    }
}

impl Speed {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self {
            pieces: VecDeque::with_capacity(PIECES_MAX),
            steady_pieces: 0,
            piece_people: 0.0,
            piece_ms: 0,
            last: None,
            paused: false,
        }
    }

    /// By `now` now-serving has passed `people` more. Called at each step of the door, also when nobody was called although
    /// people wait; not while nobody waits.
    pub fn note_passed(&mut self, people: u32, now: UnixMillis) {
        let Some(last) = self.last.replace(now).filter(|_| !self.paused) else { return };
        // After a gap longer than a piece (nobody waited, or we were stopped) time starts anew.
        let elapsed = now.millis_since(last);
        if !(0..=PIECE_MS).contains(&elapsed) {
            return;
        }
        self.piece_people += f64::from(people);
        self.piece_ms += elapsed;
        if self.piece_ms < PIECE_MS {
            return;
        }
        if self.pieces.len() == PIECES_MAX {
            self.pieces.pop_front();
        }
        self.pieces.push_back(self.piece_people * 1_000.0 / self.piece_ms as f64);
        self.steady_pieces = self.steady_pieces.saturating_add(1);
        (self.piece_people, self.piece_ms) = (0.0, 0);
    }

    /// Until `now` nobody waited: that time says nothing of the speed.
    pub fn nobody_waited(&mut self, now: UnixMillis) {
        self.last = Some(now);
    }

    /// Until `now` people waited and nobody was called, however long that was.
    pub fn stood_still(&mut self, now: UnixMillis) {
        let Some(last) = self.last.filter(|_| !self.paused) else { return };
        // Longer than is remembered is as long as is remembered.
        let from = last.max(now.plus_millis(-REMEMBERED_MS));
        self.last = Some(from);
        let mut at = from;
        while now.millis_since(at) > PIECE_MS {
            at = at.plus_millis(PIECE_MS);
            self.note_passed(0, at);
        }
    }

    /// The line stands still from now on.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// The line moves again. What was measured before still counts: a pause changes no speed.
    pub fn resume(&mut self) {
        self.paused = false;
        self.last = None;
    }

    /// Cap or rate are others now: what was measured before says little, so nothing is said until it is measured again.
    pub fn terms_changed(&mut self) {
        self.pieces.clear();
        self.steady_pieces = 0;
        (self.piece_people, self.piece_ms) = (0.0, 0);
    }

    /// Whether the line stands still.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The speed, once it has been measured for long enough to be worth saying.
    pub fn measured(&self) -> Option<Measured> {
        let settled = self.steady_pieces >= PIECES_ENOUGH || (self.steady_pieces >= PIECES_MIN && self.is_steady());
        if !settled {
            return None;
        }
        let mut weight = 1.0;
        let (mut sum, mut weights) = (0.0, 0.0);
        for piece in self.pieces.iter().rev() {
            sum += piece * weight;
            weights += weight;
            weight *= AGEING;
        }
        let people_per_sec = sum / weights;
        (people_per_sec > 0.0).then(|| Measured { people_per_sec, spread: self.spread_around(people_per_sec) })
    }

    /// Everything measured, for an image.
    pub(crate) fn parts(&self) -> SpeedParts {
        SpeedParts {
            pieces: self.pieces.iter().copied().collect(),
            steady_pieces: self.steady_pieces as u32,
            piece_people: self.piece_people,
            piece_ms: self.piece_ms,
            last: self.last,
            paused: self.paused,
        }
    }

    /// The speed that an image has. `None` if it holds more than is ever remembered.
    pub(crate) fn from_parts(parts: SpeedParts) -> Option<Self> {
        let sound = parts.pieces.len() <= PIECES_MAX && (0..=2 * PIECE_MS).contains(&parts.piece_ms);
        sound.then(|| Self {
            pieces: parts.pieces.into(),
            steady_pieces: parts.steady_pieces as usize,
            piece_people: parts.piece_people,
            piece_ms: parts.piece_ms,
            last: parts.last,
            paused: parts.paused,
        })
    }

    fn is_steady(&self) -> bool {
        let newest = self.mean(0, 6);
        let before = self.mean(6, 3);
        (newest - before).abs() <= STEADY_WITHIN * newest.max(before)
    }

    /// Mean of `count` pieces, after skipping the newest `skip`.
    fn mean(&self, skip: usize, count: usize) -> f64 {
        let pieces = self.pieces.iter().rev().skip(skip).take(count);
        let (sum, counted) = pieces.fold((0.0, 0.0), |(sum, counted), piece| (sum + piece, counted + 1.0));
        if counted > 0.0 { sum / counted } else { 0.0 }
    }

    fn spread_around(&self, people_per_sec: f64) -> f64 {
        let halves = self.pieces.len() / 3;
        let squares: f64 = (0..halves).map(|half| (self.mean(half * 3, 3) - people_per_sec).powi(2)).sum();
        (squares / halves.max(1) as f64).sqrt() / people_per_sec
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(per_sec: impl Fn(u32) -> u32, secs: u32) -> Speed {
        let mut speed = Speed::new();
        for second in 0..=secs {
            speed.note_passed(per_sec(second), UnixMillis(i64::from(second) * 1_000));
        }
        speed
    }

    #[test]
    fn an_even_line_is_measured_after_a_minute_and_a_half() {
        assert_eq!(fed(|_| 40, 89).measured(), None);
        let measured = fed(|_| 40, 90).measured().unwrap();
        assert!((measured.people_per_sec - 40.0).abs() < 0.01 && measured.spread < 0.01, "{measured:?}");
    }

    #[test]
    fn a_line_that_is_still_gathering_speed_says_nothing_yet() {
        assert_eq!(fed(|second| second, 95).measured(), None);
    }

    #[test]
    fn a_line_that_never_settles_is_measured_after_five_minutes_with_its_spread() {
        let measured = fed(|second| if second % 60 < 30 { 10 } else { 50 }, 300).measured().unwrap();
        assert!((20.0..40.0).contains(&measured.people_per_sec), "{measured:?}");
        assert!(measured.spread > 0.4, "{measured:?}");
    }

    #[test]
    fn a_piece_half_a_life_later_weighs_half() {
        assert!((AGEING.powf(HALF_LIFE) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_standstill_is_measured_even_if_nothing_happened_in_it() {
        let mut speed = fed(|_| 40, 300);
        speed.stood_still(UnixMillis(420_000));
        let slowed = speed.measured().map(|measured| measured.people_per_sec);
        assert!(slowed.is_none_or(|per_sec| per_sec < 25.0), "{slowed:?}");
        let mut deserted = fed(|_| 40, 300);
        deserted.nobody_waited(UnixMillis(420_000));
        assert!((deserted.measured().unwrap().people_per_sec - 40.0).abs() < 0.01);
    }

    #[test]
    fn a_pause_changes_no_speed() {
        let mut speed = fed(|_| 40, 200);
        speed.pause();
        for second in 200..900 {
            speed.note_passed(0, UnixMillis(second * 1_000));
        }
        speed.resume();
        for second in 900..930 {
            speed.note_passed(40, UnixMillis(second * 1_000));
        }
        assert!((speed.measured().unwrap().people_per_sec - 40.0).abs() < 0.01);
    }

    #[test]
    fn other_terms_are_measured_anew() {
        let mut speed = fed(|_| 40, 200);
        speed.terms_changed();
        assert_eq!(speed.measured(), None);
    }

    #[test]
    fn a_line_that_does_not_move_has_no_speed() {
        assert_eq!(fed(|_| 0, 400).measured(), None);
    }
}

//! Room: simulator/surge. What people saw on an evening, kept apart from everything the engine says of itself, and the laws
//! that can be told from it at once: order, one place a person, the cap as published, honest ranges. Written by the player,
//! read by the checkers. It must never look into the book.

use std::collections::BTreeMap;

use charye_domain::book::{Operation, Outcome};
use charye_domain::ids::{Person, ReservationId, ReservationNumber};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::wait_estimate::{
    FACTOR_MAX, LONG_WAIT_SECS, PromiseScore, SHORT_WIDTH_SECS, WaitRange,
};
use charye_engine::waiting_room::LineNow;

use crate::surge::citizen::{FirstRange, Stand};

/// Breaches kept in words; the rest is only counted.
const BREACHES_KEPT: usize = 20;

/// A law that was broken, as somebody outside could see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub law: &'static str,
    pub what: String,
}

/// A first range and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct ToldRange {
    pub range: WaitRange,
    pub waited_secs: f64,
}

/// A reservation that somebody was told is theirs.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    pub person: Person,
    pub reservation: ReservationId,
    pub number: ReservationNumber,
}

/// A time during which the line stood still, as it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub reason: PauseReason,
    pub from: UnixMillis,
    pub to: Option<UnixMillis>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct History {
    pub breaches: Vec<Breach>,
    pub breaches_in_all: u64,
    pub confirmed: Vec<Confirmed>,
    /// Every answer to a question under a key that was said to be recorded.
    pub answers: Vec<(Operation, Outcome)>,
    /// When people came in for the first time or again, moves between devices apart.
    pub starts: Vec<UnixMillis>,
    pub told: Vec<ToldRange>,
    pub void_ranges: u64,
    /// Places that were asked for from one more device, and were the same.
    pub places_compared: u64,
    pub returners: u64,
    /// People who gave their reservation back.
    pub cancelled: Vec<Person>,
    /// Visits that failed by a fault of ours.
    pub failed_by_us: u64,
    /// Outcomes that were unknown and settled to one answer.
    pub settled: u64,
    pub polls: u64,
    /// Refusals and Busy by code.
    pub said_no: BTreeMap<&'static str, u64>,
    pub occupied_max: u32,
    /// Pauses and changes of terms.
    pub terms: u32,
    /// Why the line stood still, from when to when; without an end if it does.
    pub pauses: Vec<Pause>,
    /// Promises kept, as the line itself publishes it.
    pub score: PromiseScore,
    /// The process has begun again since the last look.
    pub(crate) has_restarted: bool,
    /// Seats taken when the newest entry was first seen, and its number.
    occupied_at_row: (u64, u32),
    watched: Option<Watched>,
    /// When now-serving first reached which place.
    moves: Vec<(u64, Place)>,
}

/// The published line at the last look.
#[derive(Debug)]
struct Watched {
    seq: u64,
    occupied: u32,
    terms_and_pause: String,
    now_serving: Place,
}

impl History {
    /// Notes a broken law.
    pub fn breach(&mut self, law: &'static str, what: impl FnOnce() -> String) {
        self.breaches_in_all += 1;
        if self.breaches.len() < BREACHES_KEPT {
            self.breaches.push(Breach { law, what: what() });
        }
    }

    pub(crate) fn say_no(&mut self, code: &'static str) {
        *self.said_no.entry(code).or_default() += 1;
    }

    /// Looks at the line as it is published.
    pub(crate) fn watch(&mut self, line: &LineNow) {
        let now = Watched {
            seq: line.seq,
            occupied: line.inside.saturating_add(line.called),
            terms_and_pause: format!("{:?} {:?}", line.terms, line.paused),
            now_serving: line.now_serving,
        };
        if let Some(before) = &self.watched {
            if before.seq == now.seq && before.now_serving == now.now_serving && before.occupied == now.occupied {
                return;
            }
            if now.now_serving < before.now_serving {
                let what = format!("now-serving went back from {:?} to {:?}", before.now_serving, now.now_serving);
                self.breach("I10", || what);
            }
        }
        let (before, terms_differ) = self
            .watched
            .as_ref()
            .map_or((0, false), |before| (before.occupied, before.terms_and_pause != now.terms_and_pause));
        self.score = line.score;
        self.note_pause(line.paused, line.at);
        let cap = line.terms.hard_cap();
        // An outage is reckoned from the last row: whose grace has passed since then has it again, and nobody was called since.
        let revived = if std::mem::take(&mut self.has_restarted) { self.occupied_at_row.1 } else { 0 };
        if self.occupied_at_row.0 != now.seq {
            self.occupied_at_row = (now.seq, now.occupied);
        }
        if now.occupied > before.max(revived) && now.occupied > cap {
            self.breach("cap", || {
                let (inside, called, seq) = (line.inside, line.called, line.seq);
                format!(
                    "{inside} inside and {called} called, {before} before, the cap is {cap}, at entry {seq}, {}",
                    line.at.0
                )
            });
        }
        self.terms += u32::from(terms_differ);
        self.occupied_max = self.occupied_max.max(now.occupied);
        if self.moves.last().is_none_or(|(_, place)| *place < now.now_serving) {
            self.moves.push((now.seq, now.now_serving));
        }
        self.watched = Some(now);
    }

    fn note_pause(&mut self, paused: Option<PauseReason>, at: UnixMillis) {
        let open = self.pauses.last_mut().filter(|pause| pause.to.is_none());
        match (open, paused) {
            (Some(pause), now) if now != Some(pause.reason) => pause.to = Some(at),
            (Some(_), _) | (None, None) => return,
            (None, Some(_)) => {}
        }
        self.pauses.extend(paused.map(|reason| Pause { reason, from: at, to: None }));
    }

    /// The times during which the line stood still for this.
    pub fn pauses_for(&self, reason: PauseReason) -> impl Iterator<Item = &Pause> {
        self.pauses.iter().filter(move |pause| pause.reason == reason)
    }

    /// Somebody in the line was told to wait, at this sequence number. Nobody behind them may have been called since they
    /// came: law I10 as somebody who asks sees it.
    pub(crate) fn told_to_wait(&mut self, stand: Stand, seq: u64) {
        self.told_to_wait_at(stand.place, stand.since_seq, seq);
    }

    /// The same, of somebody who stands at `place` since entry `since_seq`.
    pub(crate) fn told_to_wait_at(&mut self, place: Place, since_seq: u64, seq: u64) {
        let passed = self.moves.partition_point(|(_, served)| *served <= place);
        let Some((moved_at, to)) = self.moves.get(passed).copied() else { return };
        if since_seq < moved_at && moved_at <= seq {
            self.breach("I10", || {
                format!("{place:?} waits since entry {since_seq} and is told to wait at {seq}; {to:?} was called at {moved_at}")
            });
        }
    }

    /// One more device of the same person was told this place.
    pub(crate) fn compare_places(&mut self, person: Person, first: Place, other: Place) {
        self.places_compared += 1;
        if first != other {
            self.breach("one place", || {
                format!("person {person} stands at {first:?} and, on another device, at {other:?}")
            });
        }
    }

    /// Somebody was told a range: no wider than the rules allow.
    pub(crate) fn check_width(&mut self, range: WaitRange) {
        let width = range.to_secs - range.from_secs;
        let is_long =
            range.to_secs > LONG_WAIT_SECS && f64::from(range.to_secs) <= FACTOR_MAX * f64::from(range.from_secs);
        if width > SHORT_WIDTH_SECS && !is_long {
            self.breach("estimate", || format!("{range:?} is too wide"));
        }
    }

    /// Somebody who asked steadily was called.
    pub(crate) fn was_called(&mut self, first: FirstRange, now: UnixMillis) {
        if first.terms == self.terms {
            let waited_secs = now.millis_since(first.told_at) as f64 / 1_000.0;
            self.told.push(ToldRange { range: first.range, waited_secs });
        } else {
            self.void_ranges += 1;
        }
    }
}

impl History {
    /// Visits started a second, from so many seconds after `opens` to so many.
    pub fn starts_per_sec(&self, opens: UnixMillis, from_secs: i64, to_secs: i64) -> f64 {
        let during = (from_secs * 1_000)..(to_secs * 1_000);
        let started = self.starts.iter().filter(|at| during.contains(&at.millis_since(opens))).count();
        started as f64 / (to_secs - from_secs).max(1) as f64
    }
}

/// How ranges turned out: how many were kept, and the median error of their middles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Honesty {
    pub judged: usize,
    /// Of a hundred.
    pub kept_percent: f64,
    /// Of waits longer than five minutes: |middle - waited| / waited.
    pub median_error: f64,
    pub long_waits: usize,
}

impl Honesty {
    /// Over everything that was told.
    pub fn of<'a>(told: impl Iterator<Item = &'a ToldRange>) -> Self {
        let (mut judged, mut kept) = (0_usize, 0_usize);
        let mut errors = Vec::new();
        for ToldRange { range, waited_secs } in told {
            judged += 1;
            // Whole seconds are told, and somebody at the front asks every three to four.
            let from = f64::from(range.from_secs);
            let to = f64::from(range.to_secs) + 4.0;
            kept += usize::from((from..=to).contains(waited_secs));
            if *waited_secs > f64::from(LONG_WAIT_SECS) {
                errors.push((waited_secs - f64::from(range.middle_secs())).abs() / waited_secs);
            }
        }
        errors.sort_unstable_by(f64::total_cmp);
        let median_error = errors.get(errors.len() / 2).copied().unwrap_or(0.0);
        let kept_percent = if judged == 0 { 100.0 } else { kept as f64 * 100.0 / judged as f64 };
        Self { judged, kept_percent, median_error, long_waits: errors.len() }
    }
}

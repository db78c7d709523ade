//! Room: domain/waiting_room. How long the wait will be: a range from the measured speed of the line, the promise that the
//! first range is, and whether promises were kept. Called by polls (estimate, next poll) and when somebody is called
//! (score). Never says a time it has not measured: until the line has moved for a while the answer is "not yet".

mod promise;
mod speed;

pub use promise::{Promise, PromiseScore, Verdict};
pub(crate) use speed::SpeedParts;
pub use speed::{Measured, Speed};

/// A wait longer than this gets a range that is at most [`FACTOR_MAX`] wide, a shorter one at most [`SHORT_WIDTH_SECS`].
pub const LONG_WAIT_SECS: u32 = 300;
/// Upper bound of a long range over its lower bound, at most.
pub const FACTOR_MAX: f64 = 2.0;
/// Upper bound of a short range less its lower bound, at most.
pub const SHORT_WIDTH_SECS: u32 = 180;
/// Somebody at the front asks again after this, in a line that moves at up to 500 people a second.
pub const POLL_MIN_MS: u32 = 3_000;
/// Somebody at the front is never told to ask later than this: sooner than the shortest time in which they may come is over.
pub const POLL_FRONT_MAX_MS: u32 = 10_000;
/// Polls that all people of one line who will be called within 40 minutes are told to make, at most, while up to 1,700 are
/// called a second. Unit: polls a second.
pub const POLLS_PER_SEC_MAX: f64 = 40_000.0;
/// Nobody is told to ask later than this.
pub const POLL_MAX_MS: u32 = 600_000;

/// Beyond this a wait is not a number of seconds any more. Four weeks.
const WAIT_MAX_SECS: f64 = 28.0 * 86_400.0;
/// However evenly the line has moved, the range is this much wider than its middle on each side.
const SIDE_MIN: f64 = 0.28;

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimate {
    /// The line stands still by an operator's will, or because nothing is left: the place is kept.
    Paused,
    /// Not measured for long enough. The wait is at least this, at the fastest the door could possibly call.
    NotYet {
        at_least_secs: u32,
    },
    Range(WaitRange),
}

/// From now. Seconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitRange {
    pub from_secs: u32,
    pub to_secs: u32,
}

impl WaitRange {
    /// The middle: for long waits the geometric one, as the range is a factor.
    pub fn middle_secs(self) -> u32 {
        let (from, to) = (f64::from(self.from_secs), f64::from(self.to_secs));
        if self.is_long() { (from * to).sqrt() as u32 } else { f64::midpoint(from, to) as u32 }
    }

    fn is_long(self) -> bool {
        self.to_secs - self.from_secs > SHORT_WIDTH_SECS
    }
}

/// The range for somebody with `ahead` people before them, in a line that moves as `speed` says.
///
/// `fastest_per_sec`: more people than the door could ever call in a second; bounds the wait while nothing is measured.
pub fn estimate(ahead: u32, speed: &Speed, fastest_per_sec: f64) -> Estimate {
    if speed.is_paused() {
        return Estimate::Paused;
    }
    estimate_at(ahead, speed.measured(), fastest_per_sec)
}

/// [`estimate`] in a line that is not paused, at a speed that was measured before: what is told to many is measured once.
pub fn estimate_at(ahead: u32, measured: Option<Measured>, fastest_per_sec: f64) -> Estimate {
    let Some(measured) = measured else {
        return Estimate::NotYet { at_least_secs: at_least_secs(ahead, fastest_per_sec) };
    };
    Estimate::Range(range(f64::from(ahead) / measured.people_per_sec, measured.spread))
}

/// A range around `middle` seconds, as wide as the spread asks for and the rules allow.
fn range(middle_secs: f64, spread: f64) -> WaitRange {
    let middle = middle_secs.min(WAIT_MAX_SECS);
    // A side of x spans (1 + x)^2: the widest side makes exactly the factor allowed.
    let side = 1.0 + (SIDE_MIN + spread).min(FACTOR_MAX.sqrt() - 1.0);
    let (from, to) = (middle / side, middle * side);
    let half = f64::from(SHORT_WIDTH_SECS) / 2.0;
    if middle > f64::from(LONG_WAIT_SECS) {
        let from = from.ceil();
        return WaitRange { from_secs: from as u32, to_secs: to.min(from * FACTOR_MAX).floor() as u32 };
    }
    // Short waits: the steps of polling and calling count for more than the speed, so the width is given in full.
    let from = (middle - half).max(0.0).floor();
    WaitRange { from_secs: from as u32, to_secs: from as u32 + SHORT_WIDTH_SECS }
}

/// Who asks: so many people wait in a line that moves, or could, at so many people a second, and whoever asks could be called
/// after so long if it went as fast as its door's terms allow. Unit of the last: seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crowd {
    pub waiting: u32,
    pub people_per_sec: f64,
    pub soonest_secs: u32,
}

impl Crowd {
    /// How many times less often everybody asks than in a line that is slow or short.
    fn stretched(self) -> f64 {
        let by_speed = self.people_per_sec * POLLS_A_CALL;
        let if_all_were_at_the_front = f64::from(self.waiting) * 1_000.0 / f64::from(POLL_MIN_MS);
        let most = f64::from(POLL_FRONT_MAX_MS) / f64::from(POLL_MIN_MS);
        (by_speed.min(if_all_were_at_the_front) / POLLS_PER_SEC_MAX).clamp(1.0, most)
    }
}

/// Polls for each person called, if everybody asks as told in a line that is slow: most of them in the last minute and a half,
/// where the shortest wait is none.
const POLLS_A_CALL: f64 = 70.0;
const _: () = assert!(POLL_FRONT_MAX_MS < super::admission::GRACE_MIN_SECS * 1_000, "called, and over before they ask");

/// When to ask again: a quarter of the shortest wait still possible, 3 s at the front, 10 minutes at most.
///
/// People who wait ask the oftener the nearer they are, so the polls of a line grow with its speed. In one that moves faster
/// than [`POLLS_PER_SEC_MAX`] allows everybody asks so much less often, at the front ten seconds at most. Nobody is put off beyond
/// the soonest that they could be called should the line go faster from now on: they would miss it.
///
/// `jitter` is 16 random bits, drawn outside: it shortens the interval by up to a quarter (at the front, where it cannot get
/// shorter, it lengthens it), so that people told at the same moment do not come back as a wave. Unit: milliseconds.
pub fn next_poll_ms(estimate: Estimate, crowd: Crowd, jitter: u16) -> u32 {
    let at_least_secs = match estimate {
        Estimate::Paused => return spread_out(POLL_PAUSED_MS, jitter),
        Estimate::NotYet { at_least_secs } => at_least_secs,
        Estimate::Range(range) => range.from_secs,
    };
    let stretched = crowd.stretched();
    let front_ms = (f64::from(POLL_MIN_MS) * stretched) as u32;
    let quarter_ms = f64::from(at_least_secs) * 250.0;
    let soonest_ms = f64::from(crowd.soonest_secs.min(at_least_secs)) * 1_000.0;
    let of_the_wait = (quarter_ms * stretched).min(quarter_ms.max(soonest_ms));
    spread_out((of_the_wait as u32).clamp(front_ms, POLL_MAX_MS), jitter)
}

/// [`next_poll_ms`] while the line stands still for somebody with `ahead` people before them: half a minute near the front;
/// for all others a quarter of the wait that is left even if the line goes on this moment, as fast as it ever could. Ten
/// million who each asked every half minute would be 330,000 polls a second.
pub fn next_poll_while_paused_ms(ahead: u32, fastest_per_sec: f64, jitter: u16) -> u32 {
    spread_out(quarter_ms(at_least_secs(ahead, fastest_per_sec), POLL_PAUSED_MS), jitter)
}

fn quarter_ms(at_least_secs: u32, least_ms: u32) -> u32 {
    u32::try_from(u64::from(at_least_secs) * 250).map_or(POLL_MAX_MS, |quarter| quarter.clamp(least_ms, POLL_MAX_MS))
}

/// The wait is at least this, at the fastest the door could possibly call.
fn at_least_secs(ahead: u32, fastest_per_sec: f64) -> u32 {
    (f64::from(ahead) / fastest_per_sec.max(1.0)).min(WAIT_MAX_SECS) as u32
}

/// How often a line that stands still is looked at from near its front. Unit: milliseconds.
const POLL_PAUSED_MS: u32 = 30_000;

fn spread_out(interval_ms: u32, jitter: u16) -> u32 {
    let part = (u64::from(interval_ms / 4) * u64::from(jitter) / u64::from(u16::MAX)) as u32;
    if interval_ms <= POLL_MIN_MS { interval_ms + part } else { (interval_ms - part).max(POLL_MIN_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(people_per_sec: f64) -> Crowd {
        Crowd { waiting: 10_000_000, people_per_sec, soonest_secs: u32::MAX }
    }

    #[test]
    fn no_range_is_wider_than_the_rules_allow() {
        for middle in (0..40_000).chain([90_000, 1_000_000, 9_000_000]) {
            for spread in [0.0, 0.05, 0.2, 3.0, f64::INFINITY] {
                let range = range(f64::from(middle), spread);
                let width = range.to_secs - range.from_secs;
                if middle > LONG_WAIT_SECS {
                    assert!(range.to_secs <= 2 * range.from_secs, "{middle} s, {spread}: {range:?}");
                } else {
                    assert!(width <= SHORT_WIDTH_SECS, "{middle} s, {spread}: {range:?}");
                }
                let inside = range.from_secs <= middle && middle <= range.to_secs;
                assert!(inside || f64::from(middle) > WAIT_MAX_SECS, "{middle} s, {spread}: {range:?}");
            }
        }
    }

    #[test]
    fn nobody_is_told_to_ask_later_than_a_quarter_of_the_shortest_wait() {
        for from_secs in [0, 1, 11, 12, 13, 60, 300, 2_399, 2_400, 2_401, 100_000] {
            let range = Estimate::Range(WaitRange { from_secs, to_secs: from_secs * 2 });
            for jitter in [0, 1, 30_000, u16::MAX] {
                let poll = next_poll_ms(range, crowd(100.0), jitter);
                assert!((POLL_MIN_MS..=POLL_MAX_MS).contains(&poll), "{from_secs} s: {poll}");
                let front = POLL_MIN_MS + POLL_MIN_MS / 4;
                assert!(poll <= (from_secs * 250).max(front), "{from_secs} s: {poll}");
            }
            assert_ne!(
                next_poll_ms(range, crowd(1.0), 0),
                next_poll_ms(range, crowd(1.0), u16::MAX),
                "{from_secs} s: no jitter"
            );
        }
    }

    #[test]
    fn however_long_the_wait_nobody_is_told_to_ask_later_than_in_ten_minutes() {
        for secs in [2_399, 2_400, 2_401, u32::MAX] {
            let estimates = [
                Estimate::Paused,
                Estimate::NotYet { at_least_secs: secs },
                Estimate::Range(WaitRange { from_secs: secs, to_secs: secs }),
            ];
            for jitter in [0, 1, u16::MAX] {
                let speeds = [0.0, 1.0, 2_500.0, f64::INFINITY];
                let told = estimates.map(|estimate| speeds.map(|speed| next_poll_ms(estimate, crowd(speed), jitter)));
                let paused = [0.0, 1.0, f64::INFINITY].map(|fastest| next_poll_while_paused_ms(secs, fastest, jitter));
                let bounds = POLL_MIN_MS..=POLL_MAX_MS;
                let all = told.as_flattened().iter().chain(&paused);
                assert!(all.clone().all(|ms| bounds.contains(ms)), "{secs} s: {told:?} {paused:?}");
            }
        }
    }

    #[test]
    fn ten_million_before_a_line_that_stands_still_do_not_ask_every_half_minute() {
        let front = [0, 1_000, 119_000].map(|ahead| next_poll_while_paused_ms(ahead, 1_000.0, 0));
        assert_eq!(front, [30_000; 3]);
        assert_eq!(next_poll_while_paused_ms(1_200_000, 1_000.0, 0), 300_000);
        assert_eq!(next_poll_while_paused_ms(10_000_000, 1_000.0, 0), POLL_MAX_MS);
        let evenly = (0..10_000_000_u32).step_by(1_000);
        let polls_per_sec: f64 =
            evenly.map(|ahead| 1e6 / f64::from(next_poll_while_paused_ms(ahead, 1_000.0, 1 << 15))).sum();
        assert!(polls_per_sec < 40_000.0, "{polls_per_sec}");
    }

    #[test]
    fn the_front_asks_every_three_seconds() {
        assert_eq!(next_poll_ms(Estimate::Range(WaitRange { from_secs: 0, to_secs: 180 }), crowd(500.0), 0), 3_000);
        let short = Crowd { waiting: 120_000, people_per_sec: 10_000.0, soonest_secs: 0 };
        assert_eq!(
            next_poll_ms(Estimate::NotYet { at_least_secs: 0 }, short, 0),
            3_000,
            "however fast a short line is"
        );
    }

    /// Polls a second that ten million in a line of this speed, half of what its terms allow, are told to make: of those called
    /// within 40 minutes, of all.
    fn polls_per_sec(people_per_sec: f64, spread: f64) -> (f64, f64) {
        const EVERY: u32 = 50;
        let (mut soon, mut all) = (0.0, 0.0);
        for ahead in (0..10_000_000_u32).step_by(EVERY as usize) {
            let secs = f64::from(ahead) / people_per_sec;
            let estimate = Estimate::Range(range(secs, spread));
            // Whatever jitter, one of five of each quarter.
            let jitter = (ahead / EVERY % 5) as u16 * (u16::MAX / 4);
            let crowd = Crowd { soonest_secs: (secs / 2.0) as u32, ..crowd(people_per_sec) };
            let polls = f64::from(EVERY) * 1_000.0 / f64::from(next_poll_ms(estimate, crowd, jitter));
            all += polls;
            soon += if secs <= 2_400.0 { polls } else { 0.0 };
        }
        (soon, all)
    }

    #[test]
    fn however_fast_a_line_moves_it_is_asked_so_often_and_not_more() {
        for spread in [0.0, 0.1, 0.4] {
            for people_per_sec in [1.0, 30.0, 300.0, 500.0, 1_000.0, 1_500.0, 1_700.0] {
                let (soon, all) = polls_per_sec(people_per_sec, spread);
                assert!(soon <= POLLS_PER_SEC_MAX, "{people_per_sec} a second, {spread}: {soon} polls");
                assert!(all <= POLLS_PER_SEC_MAX + 10_000_000.0 / 450.0, "{people_per_sec}, {spread}: {all} polls");
            }
            // Faster still, nobody is told to ask later than they may be called: some twenty polls for each who is.
            for people_per_sec in [2_000.0, 3_000.0, 5_000.0, 10_000.0] {
                let (soon, _) = polls_per_sec(people_per_sec, spread);
                assert!(soon <= 22.0 * people_per_sec, "{people_per_sec} a second, {spread}: {soon} polls");
            }
        }
    }

    #[test]
    fn however_much_faster_the_line_goes_nobody_hears_of_their_turn_later_than_in_a_slow_one_or_ten_seconds() {
        for people_per_sec in [600.0, 1_800.0, 2_000.0, 5_000.0, 20_000.0] {
            for faster in [1.0, 1.5, 2.0, 5.0, 20.0] {
                for ahead in (0..40_000_000_u32).step_by(99_991) {
                    let (middle, soonest) =
                        (f64::from(ahead) / people_per_sec, f64::from(ahead) / people_per_sec / faster);
                    let estimate = Estimate::Range(range(middle, 0.1));
                    let crowd = Crowd { soonest_secs: soonest as u32, ..crowd(people_per_sec) };
                    let told = next_poll_ms(estimate, crowd, 0);
                    let slow = Crowd { people_per_sec: 1.0, ..crowd };
                    let at_latest =
                        next_poll_ms(estimate, slow, 0).max(POLL_FRONT_MAX_MS).max((soonest * 1_000.0) as u32);
                    assert!(
                        told <= at_latest,
                        "{ahead} ahead at {people_per_sec}, then {faster} x: {told}, {at_latest}"
                    );
                }
            }
        }
    }

    #[test]
    fn nobody_is_told_to_ask_later_than_the_shortest_wait_or_ten_seconds() {
        for people_per_sec in [0.0, 1.0, 625.0, 2_500.0, 10_000.0, f64::INFINITY] {
            for from_secs in (0..700).chain([2_400, 100_000]) {
                for jitter in [0, 1 << 15, u16::MAX] {
                    let range = Estimate::Range(WaitRange { from_secs, to_secs: from_secs * 2 });
                    let poll = next_poll_ms(range, crowd(people_per_sec), jitter);
                    let latest = (from_secs * 1_000).max(POLL_FRONT_MAX_MS);
                    assert!(poll <= latest, "{from_secs} s at {people_per_sec} a second: {poll}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_measured_is_not_said() {
        let speed = Speed::new();
        assert_eq!(estimate(100_000, &speed, 1_000.0), Estimate::NotYet { at_least_secs: 100 });
    }
}

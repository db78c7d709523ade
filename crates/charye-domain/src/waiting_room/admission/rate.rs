//! Room: domain/waiting_room/admission. How many visits to start per minute: up slowly while commits and queues are quick,
//! down at once when they are not, between an operator's bounds. Asked by the controller. Without fresh measurements it
//! goes to the lowest rate: what is not known to be well is not well.

use super::terms::Terms;
use crate::time::UnixMillis;

/// Above either of these the service is too slow for more people. Unit: milliseconds, 99th percentile.
const COMMIT_MAX_MS: u32 = 50;
const QUEUED_MAX_MS: u32 = 100;
/// A measurement older than this is none. Unit: milliseconds.
const FRESH_MS: i64 = 5_000;
/// From lowest to highest rate in this time when all is well. Unit: milliseconds.
const CLIMB_MS: f64 = 20_000.0;
/// What is left of the rate after each step down, and how far apart steps are.
const STEP_DOWN: f64 = 0.7;
const STEP_DOWN_EVERY_MS: i64 = 2_000;

/// What the service said of itself last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    pub at: UnixMillis,
    /// From append to durable. 99th percentile.
    pub commit_ms_p99: u32,
    /// From arrival at the sequencer to its turn. 99th percentile.
    pub queued_ms_p99: u32,
    /// The same of those inside alone, who hold and confirm.
    pub inside_queued_ms_p99: u32,
    /// Questions of those inside that found their lane full, in the last second or two.
    pub inside_turned_away: u32,
}

impl Measured {
    /// Whether commits or queues are slower than they may be.
    pub fn is_too_slow(&self) -> bool {
        self.commit_ms_p99 > COMMIT_MAX_MS || self.queued_ms_p99 > QUEUED_MAX_MS
    }
}

/// Why the rate is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateReason {
    /// No fresh measurement: the lowest rate.
    NotMeasured,
    /// Commits or queues are slow.
    Falling {
        commit_ms_p99: u32,
        queued_ms_p99: u32,
    },
    /// Neither quick enough to rise nor slow enough to fall.
    Steady,
    Rising,
    AtHighest,
}

/// The rate controller.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    per_min: f64,
    last: Option<UnixMillis>,
    stepped_down_at: Option<UnixMillis>,
}

impl Rate {
    /// The rate from `now` on: visits started per minute, agents' included.
    pub fn follow(&mut self, measured: Option<Measured>, terms: &Terms, now: UnixMillis) -> (f64, RateReason) {
        let (lowest, highest) = terms.rates_per_min();
        let (lowest, highest) = (f64::from(lowest), f64::from(highest));
        let elapsed = self.last.map_or(0, |last| now.millis_since(last)).clamp(0, 1_000);
        self.last = Some(now);
        let fresh = measured.filter(|measured| now.millis_since(measured.at) <= FRESH_MS);
        let (per_min, reason) = match fresh {
            None => (lowest, RateReason::NotMeasured),
            Some(slow @ Measured { commit_ms_p99, queued_ms_p99, .. }) if slow.is_too_slow() => {
                (self.step_down(now), RateReason::Falling { commit_ms_p99, queued_ms_p99 })
            }
            Some(quick) if quick.commit_ms_p99 <= COMMIT_MAX_MS / 2 && quick.queued_ms_p99 <= QUEUED_MAX_MS / 2 => {
                let climbed = self.per_min + (highest - lowest) * elapsed as f64 / CLIMB_MS;
                (climbed, if climbed >= highest { RateReason::AtHighest } else { RateReason::Rising })
            }
            Some(_) => (self.per_min, RateReason::Steady),
        };
        self.per_min = per_min.clamp(lowest, highest);
        (self.per_min, reason)
    }

    /// One step down, unless the last one has not had time to work.
    fn step_down(&mut self, now: UnixMillis) -> f64 {
        if self.stepped_down_at.is_some_and(|at| now.millis_since(at) < STEP_DOWN_EVERY_MS) {
            return self.per_min;
        }
        self.stepped_down_at = Some(now);
        self.per_min * STEP_DOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms::new(1_000, 0, 60..=6_000, 60).unwrap()
    }

    fn run(rate: &mut Rate, from: i64, secs: i64, measured: Option<(u32, u32)>) -> (f64, RateReason) {
        let mut last = (0.0, RateReason::Steady);
        for ms in (from..=from + secs * 1_000).step_by(100) {
            let at = UnixMillis(ms);
            let measured = measured.map(|(commit_ms_p99, queued_ms_p99)| Measured {
                at,
                commit_ms_p99,
                queued_ms_p99,
                inside_queued_ms_p99: 0,
                inside_turned_away: 0,
            });
            last = rate.follow(measured, &terms(), at);
        }
        last
    }

    #[test]
    fn a_quick_service_reaches_the_highest_rate_in_twenty_seconds() {
        let mut rate = Rate::default();
        assert_eq!(run(&mut rate, 0, 10, Some((3, 5))).1, RateReason::Rising);
        assert_eq!(run(&mut rate, 10_000, 11, Some((3, 5))), (6_000.0, RateReason::AtHighest));
    }

    #[test]
    fn a_slow_service_is_relieved_to_the_lowest_rate_and_no_further() {
        let mut rate = Rate::default();
        run(&mut rate, 0, 30, Some((3, 5)));
        let (soon, reason) = run(&mut rate, 30_100, 3, Some((3, 400)));
        assert_eq!(reason, RateReason::Falling { commit_ms_p99: 3, queued_ms_p99: 400 });
        assert!((2_900.0..3_000.0).contains(&soon), "{soon}");
        assert!((run(&mut rate, 33_200, 60, Some((80, 5))).0 - 60.0).abs() < 1e-9);
    }

    #[test]
    fn no_news_is_bad_news() {
        let mut rate = Rate::default();
        run(&mut rate, 0, 30, Some((3, 5)));
        assert_eq!(run(&mut rate, 30_100, 1, None), (60.0, RateReason::NotMeasured));
        let (commit_ms_p99, queued_ms_p99, inside_queued_ms_p99, inside_turned_away) = (1, 1, 1, 0);
        let at = UnixMillis(0);
        let stale = Measured { at, commit_ms_p99, queued_ms_p99, inside_queued_ms_p99, inside_turned_away };
        assert_eq!(rate.follow(Some(stale), &terms(), UnixMillis(40_000)).1, RateReason::NotMeasured);
    }

    #[test]
    fn between_quick_and_slow_the_rate_stays() {
        let mut rate = Rate::default();
        let (before, _) = run(&mut rate, 0, 10, Some((3, 5)));
        assert_eq!(run(&mut rate, 10_100, 10, Some((40, 5))), (before, RateReason::Steady));
    }
}

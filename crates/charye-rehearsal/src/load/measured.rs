//! Room: rehearsal/load. What came of a run: how many answers, of which kind, how late.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Latencies above this count as this. Unit: nanoseconds.
const LATENCY_NANOS_MAX: u64 = 600_000_000_000;

/// The answers of a run.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Latencies with three digits. Unit: nanoseconds.
    latencies: Histogram<u64>,
    /// From when somebody was meant to ask to when they did. Unit: nanoseconds.
    latenesses: Histogram<u64>,
    unwanted: u64,
    /// From the first request to the last answer.
    pub wall: Duration,
}

impl Measured {
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, 3)
            .expect("the bounds are constants that the histogram's own rules allow");
        Self { latenesses: latencies.clone(), latencies, unwanted: 0, wall: Duration::ZERO }
    }

    /// Somebody asks, so much later than they were meant to.
    pub(super) fn asked(&mut self, lateness: Duration) {
        self.latenesses.saturating_record(nanos(lateness));
    }

    pub(super) fn answered(&mut self, latency: Duration, wanted: bool) {
        self.latencies.saturating_record(nanos(latency));
        self.unwanted += u64::from(!wanted);
    }

    /// Answers in all.
    pub fn answers(&self) -> u64 {
        self.latencies.len()
    }

    /// Answers that were not what was wanted.
    pub fn unwanted(&self) -> u64 {
        self.unwanted
    }

    /// Answers a second.
    pub fn per_sec(&self) -> f64 {
        self.answers() as f64 / self.wall.as_secs_f64().max(f64::EPSILON)
    }

    /// The latency that this share of answers kept within, such as 0.99.
    pub fn latency(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.latencies.value_at_quantile(quantile))
    }

    /// How late this share of an open loop's arrivals asked at most, by our own doing or because every connection waited.
    /// Part of their latency.
    pub fn lateness(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.latenesses.value_at_quantile(quantile))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_hundredth_shows_in_the_99th_percentile_and_beyond_only() {
        let mut measured = Measured::new();
        for _ in 0..980 {
            measured.answered(Duration::from_micros(100), true);
        }
        for _ in 0..20 {
            measured.asked(Duration::from_millis(2));
            measured.answered(Duration::from_millis(5), false);
        }
        assert!(measured.lateness(0.01).as_micros().abs_diff(2_000) < 4, "{measured:?}");
        measured.wall = Duration::from_secs(2);
        assert_eq!((measured.answers(), measured.unwanted(), measured.per_sec()), (1_000, 20, 500.0));
        let near = |quantile, micros: u128| measured.latency(quantile).as_micros().abs_diff(micros) <= micros / 500;
        assert!(near(0.5, 100) && near(0.98, 100) && near(0.99, 5_000), "{measured:?}");
    }
}

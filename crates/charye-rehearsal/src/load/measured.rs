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
    unwanted: u64,
    /// From the first request to the last answer.
    pub wall: Duration,
}

impl Measured {
    pub(super) fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, 3)
            .expect("the bounds are constants that the histogram's own rules allow");
        Self { latencies, unwanted: 0, wall: Duration::ZERO }
    }

    pub(super) fn answered(&mut self, latency: Duration, wanted: bool) {
        self.latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX).max(1));
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
            measured.answered(Duration::from_millis(5), false);
        }
        measured.wall = Duration::from_secs(2);
        assert_eq!((measured.answers(), measured.unwanted(), measured.per_sec()), (1_000, 20, 500.0));
        let near = |quantile, micros: u128| measured.latency(quantile).as_micros().abs_diff(micros) <= micros / 500;
        assert!(near(0.5, 100) && near(0.98, 100) && near(0.99, 5_000), "{measured:?}");
    }
}

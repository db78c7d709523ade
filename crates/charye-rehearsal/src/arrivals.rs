//! Room: rehearsal. When people come: an arrival curve, and the intended time of each arrival on it.
//!
//! Open by construction: the time of an arrival depends on the curve and on nothing that the server does. Latencies are
//! counted from these times, so that a late answer is charged to the server, never to the next arrival.

use std::time::Duration;

use crate::profile::{ArrivalsSection, Size};

/// Arrivals over time, evenly within each piece of the curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// Corners: arrivals until then, and when. Both rise; the first corner is the beginning.
    corners: Vec<(u64, Duration)>,
}

impl Arrivals {
    /// The arrivals of a profile's curve at a size; `whole_minutes` is how long the curve takes unhurried.
    pub fn of(curve: &ArrivalsSection, size: Size, whole_minutes: u32) -> Self {
        let mut corners = vec![(0, Duration::ZERO)];
        for &(minute, permille) in &curve.until {
            let arrived = u64::try_from(u128::from(size.at_door) * u128::from(permille) / 1_000).unwrap_or(u64::MAX);
            let millis = size.millis * u64::from(minute) / u64::from(whole_minutes.max(1));
            corners.push((arrived, Duration::from_millis(millis)));
        }
        Self { corners }
    }

    /// Arrivals in all.
    pub fn count(&self) -> u64 {
        self.corners.last().map_or(0, |(arrived, _)| *arrived)
    }

    /// When the arrival with this number, from 0, is meant to begin. `within`, in 0..1, is its place between its even
    /// time and the next one's: people do not come in step, and yet in order.
    pub fn intended(&self, number: u64, within: f64) -> Option<Duration> {
        let next = self.corners.iter().position(|(arrived, _)| *arrived > number)?;
        let ((before, from), (until, to)) = (self.corners[next - 1], self.corners[next]);
        let share = ((number - before) as f64 + within.clamp(0.0, 1.0)) / (until - before) as f64;
        Some(from + (to - from).mul_f64(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals() -> Arrivals {
        let curve = ArrivalsSection { until: vec![(1, 500), (2, 500), (10, 1_000)] };
        let size = Size { may_reserve: 10, at_door: 100, millis: 60_000, peak_per_sec: 0 };
        Arrivals::of(&curve, size, 10)
    }

    #[test]
    fn arrivals_follow_the_curve() {
        let arrivals = arrivals();
        let check = |number, millis: Option<u64>| {
            assert_eq!(arrivals.intended(number, 0.0), millis.map(Duration::from_millis), "arrival {number}");
        };
        assert_eq!(arrivals.count(), 100);
        // Half of them within the first tenth of a minute, nobody in the second, the others evenly.
        check(0, Some(0));
        check(25, Some(3_000));
        check(49, Some(5_880));
        check(50, Some(12_000));
        check(75, Some(36_000));
        check(99, Some(59_040));
        check(100, None);
    }

    #[test]
    fn arrivals_keep_their_order_wherever_they_fall_between_even_times() {
        let arrivals = arrivals();
        let times: Vec<Duration> =
            (0..100).map(|number| arrivals.intended(number, (number % 7) as f64 / 7.0).unwrap()).collect();
        assert!(times.is_sorted());
        assert!(*times.last().unwrap() <= Duration::from_secs(60));
    }
}

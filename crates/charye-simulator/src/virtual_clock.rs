//! Room: simulator. The engine's clock port, moved by the world: an evening passes in seconds. Read by the engine; moved by
//! the world when nobody has anything to do, and by the disk while it is writing. It must never move by
//! itself, but for a tick at each look, if it is told to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charye_domain::time::UnixMillis;
use charye_engine::ports::Clock;

/// Both clocks of the simulated machine. Clones are the same clocks.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    /// The wall clock when the world began, as turned since. Unit: microseconds since 1970.
    wall_began_us: i64,
    passed: Duration,
    /// Passes with each look at the monotonic clock: whoever burns time looks at it over and over.
    tick: Duration,
}

impl VirtualClock {
    /// A machine on whose wall it is `now`.
    pub fn at(now: UnixMillis) -> Self {
        Self(Arc::new(Mutex::new(Hands {
            wall_began_us: now.0.saturating_mul(1_000),
            passed: Duration::ZERO,
            tick: Duration::ZERO,
        })))
    }

    /// Time passes.
    pub fn pass(&self, duration: Duration) {
        self.hands(|hands| hands.passed += duration);
    }

    /// Time passes until the monotonic clock shows this; nothing if it does already.
    pub fn pass_until(&self, monotonic: Duration) {
        self.hands(|hands| hands.passed = hands.passed.max(monotonic));
    }

    /// From now on so much time passes with each look at the monotonic clock. For engines that burn time.
    pub fn set_tick(&self, tick: Duration) {
        self.hands(|hands| hands.tick = tick);
    }

    /// Somebody turns the wall clock; the monotonic one goes on.
    pub fn turn_wall(&self, millis: i64) {
        self.hands(|hands| hands.wall_began_us = hands.wall_began_us.saturating_add(millis.saturating_mul(1_000)));
    }

    fn hands<T>(&self, look: impl FnOnce(&mut Hands) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for VirtualClock {
    fn wall(&self) -> UnixMillis {
        self.hands(|hands| {
            let passed_us = i64::try_from(hands.passed.as_micros()).unwrap_or(i64::MAX);
            UnixMillis(hands.wall_began_us.saturating_add(passed_us).div_euclid(1_000))
        })
    }

    fn monotonic(&self) -> Duration {
        self.hands(|hands| {
            hands.passed += hands.tick;
            hands.passed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_pass_together_and_only_the_wall_is_turned() {
        let clock = VirtualClock::at(UnixMillis(1_000));
        clock.pass(Duration::from_micros(1_999));
        assert_eq!((clock.wall(), clock.monotonic()), (UnixMillis(1_001), Duration::from_micros(1_999)));
        clock.turn_wall(-500);
        assert_eq!((clock.wall(), clock.monotonic()), (UnixMillis(501), Duration::from_micros(1_999)));
        clock.pass_until(Duration::from_millis(1));
        assert_eq!(clock.monotonic(), Duration::from_micros(1_999), "time never goes back");
    }
}

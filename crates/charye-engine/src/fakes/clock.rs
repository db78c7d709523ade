//! Room: engine/fakes. Two clocks that stand still until a test turns them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use charye_domain::time::UnixMillis;

use crate::fakes::locked;
use crate::ports::Clock;

/// Both clocks of a machine, turned by hand. Clones are the same clocks.
#[derive(Clone, Debug)]
pub struct HandClock(Arc<Mutex<(UnixMillis, Duration)>>);

impl Default for HandClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((UnixMillis(0), Duration::ZERO))))
    }
}

impl HandClock {
    /// Time passes: both clocks go forward.
    pub fn pass(&self, millis: u64) {
        let mut clocks = locked(&self.0);
        clocks.0 = clocks.0.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        clocks.1 += Duration::from_millis(millis);
    }

    /// Somebody turns the wall clock; the monotonic one goes on.
    pub fn turn_wall(&self, millis: i64) {
        let mut clocks = locked(&self.0);
        clocks.0 = clocks.0.plus_millis(millis);
    }

    /// Sets the wall clock.
    pub fn turn_wall_to(&self, now: UnixMillis) {
        locked(&self.0).0 = now;
    }
}

impl Clock for HandClock {
    fn wall(&self) -> UnixMillis {
        locked(&self.0).0
    }

    fn monotonic(&self) -> Duration {
        locked(&self.0).1
    }
}

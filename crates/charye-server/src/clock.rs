//! Room: server. The engine's `Clock`: the machine's own clocks. The only place in the program that reads them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use charye_domain::time::UnixMillis;
use charye_engine::ports::Clock;

/// The machine's wall clock and monotonic clock.
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's implementation")]
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> UnixMillis {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's implementation")]
        let now = SystemTime::now();
        let millis = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A clock before 1970: as far before as it says, which the sequencer will not believe.
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        UnixMillis(millis)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

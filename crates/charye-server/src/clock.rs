//! Room: server. The engine's `Clock`: the machine's own clocks. The only place in the program that reads them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use charye_domain::time::UnixMillis;
use charye_engine::ports::Clock;

/// How often a rehearsal looks how far its clock is ahead.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Furthest that a rehearsal's clock can be ahead. Unit: milliseconds.
const AHEAD_MS_MAX: i64 = 400 * 86_400_000;

/// The machine's wall clock and monotonic clock.
pub(crate) struct SystemClock {
    started: Instant,
    /// How far the wall clock is ahead of the machine's. Unit: milliseconds; 0 but in rehearsals.
    ahead_ms: Arc<AtomicI64>,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's implementation")]
        Self { started: Instant::now(), ahead_ms: Arc::new(AtomicI64::new(0)) }
    }

    /// A clock that goes ahead by as many milliseconds as stand in a file, as soon as they stand there: so a rehearsal
    /// makes it jump. The configuration allows it in rehearsals only.
    ///
    /// # Errors
    /// No thread could be started.
    pub(crate) fn rehearsed(file: PathBuf) -> Result<Self, std::io::Error> {
        let clock = Self::new();
        let ahead_ms = Arc::downgrade(&clock.ahead_ms);
        std::thread::Builder::new().name("clock-ahead".to_owned()).spawn(move || follow(&file, &ahead_ms))?;
        Ok(clock)
    }
}

/// Reads the file again and again, until the clock is gone.
fn follow(file: &std::path::Path, ahead_ms: &Weak<AtomicI64>) {
    while let Some(ahead_ms) = ahead_ms.upgrade() {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // Half a number, seen while it is written, is read again a moment later.
        let millis = text.trim().parse().unwrap_or(0_i64);
        ahead_ms.store(millis.clamp(0, AHEAD_MS_MAX), Ordering::Relaxed);
        drop(ahead_ms);
        std::thread::park_timeout(LOOK_EVERY);
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
        UnixMillis(millis.saturating_add(self.ahead_ms.load(Ordering::Relaxed)))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsed_clock_goes_ahead_by_what_its_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ahead");
        let (clock, machine) = (SystemClock::rehearsed(file.clone()).unwrap(), SystemClock::new());
        let ahead = || clock.wall().millis_since(machine.wall());
        assert!(ahead().abs() < 60_000, "{}", ahead());
        std::fs::write(&file, "7200000").unwrap();
        // It is looked at ten times a second; a busy machine may take longer.
        let jumped = (0..600).any(|_| {
            std::thread::park_timeout(Duration::from_millis(50));
            ahead() > 7_000_000
        });
        assert!(jumped, "{}", ahead());
    }
}

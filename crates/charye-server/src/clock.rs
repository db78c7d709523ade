//! Room: server. The engine's `Clock`: the machine's own clocks. The only place in the program that reads them.

use std::path::{Path, PathBuf};
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
    ahead: Arc<Ahead>,
}

/// How far our clocks are ahead of the machine's. Unit: milliseconds; 0 but in rehearsals.
#[derive(Default)]
struct Ahead {
    /// The wall clock alone: it jumped.
    jumped_ms: AtomicI64,
    /// Both of them: time passed. Only ever rises.
    passed_ms: AtomicI64,
}

/// Where a rehearsal's clocks look how far they are ahead: files with a number of milliseconds, 0 while they are not there.
#[derive(Default)]
pub(crate) struct AheadFiles {
    pub(crate) jumped: Option<PathBuf>,
    pub(crate) passed: Option<PathBuf>,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock port's implementation")]
        Self { started: Instant::now(), ahead: Arc::default() }
    }

    /// A clock that goes ahead by as many milliseconds as stand in files, as soon as they stand there: so a rehearsal makes
    /// it jump, or hours pass in a moment. The configuration allows it in rehearsals only.
    ///
    /// # Errors
    /// No thread could be started.
    pub(crate) fn rehearsed(files: AheadFiles) -> Result<Self, std::io::Error> {
        let clock = Self::new();
        clock.ahead.look_at(&files);
        let ahead = Arc::downgrade(&clock.ahead);
        std::thread::Builder::new().name("clock-ahead".to_owned()).spawn(move || follow(&files, &ahead))?;
        Ok(clock)
    }
}

/// Reads the files again and again, until the clock is gone.
fn follow(files: &AheadFiles, ahead: &Weak<Ahead>) {
    while let Some(ahead) = ahead.upgrade() {
        ahead.look_at(files);
        drop(ahead);
        std::thread::park_timeout(LOOK_EVERY);
    }
}

impl Ahead {
    fn look_at(&self, files: &AheadFiles) {
        self.jumped_ms.store(millis_in(files.jumped.as_deref()), Ordering::Relaxed);
        self.passed_ms.fetch_max(millis_in(files.passed.as_deref()), Ordering::Relaxed);
    }
}

fn millis_in(file: Option<&Path>) -> i64 {
    let text = file.map(std::fs::read_to_string).and_then(Result::ok).unwrap_or_default();
    // Half a number, seen while it is written, is read again a moment later.
    text.trim().parse().unwrap_or(0_i64).clamp(0, AHEAD_MS_MAX)
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
        let ahead_ms = self.ahead.jumped_ms.load(Ordering::Relaxed) + self.ahead.passed_ms.load(Ordering::Relaxed);
        UnixMillis(millis.saturating_add(ahead_ms))
    }

    fn monotonic(&self) -> Duration {
        let passed_ms = self.ahead.passed_ms.load(Ordering::Relaxed);
        self.started.elapsed() + Duration::from_millis(passed_ms.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsed_clock_goes_ahead_by_what_its_file_says() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ahead");
        let files = AheadFiles { jumped: Some(file.clone()), passed: None };
        let (clock, machine) = (SystemClock::rehearsed(files).unwrap(), SystemClock::new());
        let ahead = || clock.wall().millis_since(machine.wall());
        let started = clock.monotonic();
        assert!(ahead().abs() < 60_000, "{}", ahead());
        std::fs::write(&file, "7200000").unwrap();
        // It is looked at ten times a second; a busy machine may take longer.
        let jumped = (0..600).any(|_| {
            std::thread::park_timeout(Duration::from_millis(50));
            ahead() > 7_000_000
        });
        assert!(jumped, "{}", ahead());
        assert!(clock.monotonic() - started < Duration::from_secs(7_000), "no time passed");
    }

    #[test]
    fn time_that_a_file_lets_pass_passes_on_both_clocks_and_never_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passed");
        let files = AheadFiles { jumped: None, passed: Some(file.clone()) };
        let (clock, machine) = (SystemClock::rehearsed(files).unwrap(), SystemClock::new());
        let passed = || {
            let wall_ms = clock.wall().millis_since(machine.wall());
            (wall_ms > 7_000_000, clock.monotonic().saturating_sub(machine.monotonic()) > Duration::from_secs(7_000))
        };
        let becomes = |hours: &str, expected: (bool, bool)| {
            std::fs::write(&file, hours).unwrap();
            (0..600).any(|_| {
                std::thread::park_timeout(Duration::from_millis(50));
                passed() == expected
            })
        };
        assert_eq!(passed(), (false, false));
        assert!(becomes("7200000", (true, true)), "{:?}", passed());
        std::fs::write(&file, "0").unwrap();
        assert!(!(0..10).any(|_| {
            std::thread::park_timeout(Duration::from_millis(50));
            passed() != (true, true)
        }));
    }
}

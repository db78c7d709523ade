//! Room: rehearsal/load. Lets arrivals begin when they are due, on a thread of its own: the runtime's timers know whole
//! milliseconds only. Arrivals that are due together begin together; none is ever skipped.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::stopwatch;

/// Shorter waits are not worth a wake-up: waking for each of 50,000 arrivals a second takes more of the machine than asking
/// does, and then everybody is late. Part of the lateness that is measured.
const WAIT_MIN: Duration = Duration::from_micros(200);

/// Arrivals at even distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    pub(super) began: Instant,
    pub(super) rate_per_sec: u32,
    pub(super) arrivals: u64,
}

impl Schedule {
    /// When the arrival with this number is meant to begin.
    pub(super) fn intended(&self, number: u64) -> Instant {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.rate_per_sec.max(1));
        self.began + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many arrivals are due by `now`.
    fn due(&self, now: Instant) -> u64 {
        let Some(past) = now.checked_duration_since(self.began) else { return 0 };
        let count = past.as_nanos() * u128::from(self.rate_per_sec) / 1_000_000_000 + 1;
        u64::try_from(count).unwrap_or(u64::MAX).min(self.arrivals)
    }
}

/// The running pacer; stops when dropped.
pub(super) struct Pacer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Pacer {
    /// Gives `permits` one permit for each arrival when it is due.
    pub(super) fn start(schedule: Schedule, permits: Arc<Semaphore>) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let pace = move || {
            let mut begun = 0;
            while begun < schedule.arrivals {
                let now = stopwatch::now();
                let due = schedule.due(now);
                if due > begun {
                    permits.add_permits(usize::try_from(due - begun).unwrap_or(Semaphore::MAX_PERMITS));
                    begun = due;
                }
                let wait = schedule.intended(begun).saturating_duration_since(now).max(WAIT_MIN);
                if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("pacer".to_owned()).spawn(pace)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the pacer shows as arrivals that never came, which the run's time limit ends.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_due_at_even_distances_and_never_more_than_planned() {
        let schedule = Schedule { began: stopwatch::now(), rate_per_sec: 2_000, arrivals: 10 };
        let check = |micros, expect| {
            let now = schedule.began + Duration::from_micros(micros);
            assert_eq!(schedule.due(now), expect, "{micros} us");
        };
        check(0, 1);
        check(499, 1);
        check(500, 2);
        check(1_600, 4);
        check(1_000_000, 10);
        assert_eq!(schedule.intended(3), schedule.began + Duration::from_micros(1_500));
        assert_eq!(schedule.due(schedule.began - Duration::from_micros(1)), 0);
    }
}

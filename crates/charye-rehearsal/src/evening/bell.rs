//! Room: rehearsal/evening. Rings when something is due, to a quarter of a millisecond: the runtime's own timers know
//! whole milliseconds only, and a generator that is late would be charged to the server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::load::stopwatch;

/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_micros(250);
/// Nothing is due.
const NEVER: u64 = u64::MAX;

/// A bell with a thread of its own; silent when dropped.
pub(super) struct Bell {
    /// When it is to ring next. Unit: microseconds since it was hung.
    due_micros: Arc<AtomicU64>,
    rung: Arc<Notify>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bell {
    /// Hangs a bell; times count from `began`.
    pub(super) fn hang(began: Instant) -> io::Result<Self> {
        let due_micros = Arc::new(AtomicU64::new(NEVER));
        let rung = Arc::new(Notify::new());
        let (stop, stopped) = channel::<()>();
        let (due, ring) = (Arc::clone(&due_micros), Arc::clone(&rung));
        let watch = move || {
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                let now = stopwatch::now().saturating_duration_since(began);
                if u128::from(due.load(Ordering::Acquire)) <= now.as_micros() {
                    ring.notify_one();
                }
            }
        };
        let thread = std::thread::Builder::new().name("bell".to_owned()).spawn(watch)?;
        Ok(Self { due_micros, rung, stop: Some(stop), thread: Some(thread) })
    }

    /// Rings at this time, and not before.
    pub(super) fn set(&self, due_micros: Option<u64>) {
        self.due_micros.store(due_micros.unwrap_or(NEVER), Ordering::Release);
    }

    /// Rings at this time at the latest.
    pub(super) fn set_earlier(&self, due_micros: u64) {
        self.due_micros.fetch_min(due_micros, Ordering::AcqRel);
    }

    /// Rings at once.
    pub(super) fn ring(&self) {
        self.rung.notify_one();
    }

    /// Waits until it rings.
    pub(super) async fn heard(&self) {
        self.rung.notified().await;
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the watcher shows as an evening that does not end, which its time limit ends.
            let _ = thread.join();
        }
    }
}

//! Room: gateway/identity. A document of a provider (its discovery, its keys) that is fetched when it is needed and kept:
//! one fetch at a time however many wait for it, and never two within 30 seconds, whatever strangers send us.
//!
//! Used by `discovery` and `jose/key_set`. The fetch goes on when those who asked for it have left, so nobody can keep it
//! from ever being finished.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charye_engine::ports::{Clock, ProviderFault};
use tokio::sync::Notify;

use super::outbound::AskOutside;

/// Between the beginnings of two fetches.
pub const FETCH_INTERVAL_MIN: Duration = Duration::from_secs(30);
/// After this a document is fetched anew when it is next needed.
const FRESH_FOR: Duration = Duration::from_secs(3_600);
/// For this long an old one is better than none.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// A fetch: made by whoever owns the document, gone through on the outbound thread.
type Fetch<T> = Pin<Box<dyn Future<Output = Result<T, ProviderFault>> + Send>>;

/// One document.
pub(crate) struct KeptDocument<T> {
    slot: Arc<Slot<T>>,
    outside: Arc<dyn AskOutside>,
    clock: Arc<dyn Clock>,
}

struct Slot<T> {
    state: Mutex<State<T>>,
    finished: Notify,
}

struct State<T> {
    /// The document, and when it was fetched.
    kept: Option<(Arc<T>, Duration)>,
    tried_at: Option<Duration>,
    is_fetching: bool,
    failed: ProviderFault,
}

/// What will do for the asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// What is kept, if it is fresh; otherwise a new one.
    Kept,
    /// One newer than this, which did not do.
    NewerThan(Duration),
}

impl<T: Send + Sync + 'static> KeptDocument<T> {
    pub(crate) fn new(outside: Arc<dyn AskOutside>, clock: Arc<dyn Clock>) -> Self {
        let state = State { kept: None, tried_at: None, is_fetching: false, failed: ProviderFault::Unreachable };
        Self { slot: Arc::new(Slot { state: Mutex::new(state), finished: Notify::new() }), outside, clock }
    }

    /// What is kept, if it is fresh; never waits.
    pub(crate) fn fresh(&self) -> Option<(Arc<T>, Duration)> {
        let state = self.slot.state();
        state.kept.as_ref().filter(|(_, at)| self.clock.monotonic().saturating_sub(*at) < FRESH_FOR).cloned()
    }

    /// The document and when it was fetched. Fetches it if it must be newer and the last fetch is long enough ago.
    ///
    /// # Errors
    /// What the last fetch ended with, if nothing is kept that does.
    pub(crate) async fn get(
        &self,
        wanted: Wanted,
        fetch: impl Fn() -> Fetch<T> + Send,
    ) -> Result<(Arc<T>, Duration), ProviderFault> {
        loop {
            let finished = {
                let mut state = self.slot.state();
                let now = self.clock.monotonic();
                let age = |at: Duration| now.saturating_sub(at);
                let does = |at: Duration| match wanted {
                    Wanted::Kept => age(at) < FRESH_FOR,
                    Wanted::NewerThan(before) => at > before,
                };
                if let Some((document, at)) = state.kept.as_ref().filter(|(_, at)| does(*at)) {
                    return Ok((Arc::clone(document), *at));
                }
                if !state.is_fetching {
                    if state.tried_at.is_some_and(|at| age(at) < FETCH_INTERVAL_MIN) {
                        let old = state.kept.as_ref().filter(|(_, at)| wanted == Wanted::Kept && age(*at) < KEPT_FOR);
                        return old.cloned().ok_or(state.failed);
                    }
                    state.is_fetching = true;
                    state.tried_at = Some(now);
                    self.begin(fetch());
                }
                self.slot.finished.notified()
            };
            finished.await;
        }
    }

    fn begin(&self, fetch: Fetch<T>) {
        let (slot, clock) = (Arc::clone(&self.slot), Arc::clone(&self.clock));
        self.outside.go_on(Box::pin(async move {
            let unfinished = Unfinished(slot);
            let fetched = fetch.await;
            let mut state = unfinished.0.state();
            match fetched {
                Ok(document) => state.kept = Some((Arc::new(document), clock.monotonic())),
                Err(fault) => state.failed = fault,
            }
        }));
    }
}

impl<T> Slot<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes those who wait, also when the fetch is ended from outside.
struct Unfinished<T>(Arc<Slot<T>>);

impl<T> Drop for Unfinished<T> {
    fn drop(&mut self) {
        self.0.state().is_fetching = false;
        self.0.finished.notify_waiters();
    }
}

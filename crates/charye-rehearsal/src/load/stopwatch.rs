//! Room: rehearsal/load. The one place where the load reads a clock: it measures real time, and only that.

use std::time::Instant;

/// Now, monotonic.
#[expect(clippy::disallowed_methods, reason = "load is measured in real time; no rule depends on it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

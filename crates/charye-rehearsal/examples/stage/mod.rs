//! Room: rehearsal, benches. What the benches `http` and `journeys` stand on: two servers, their citizens, what is asked of
//! them, and figures as `xtask bench` reads them. Included by each bench's `main.rs`; holds no measurement of its own but
//! that of the baseline.

pub(crate) mod askings;
pub(crate) mod figures;
pub(crate) mod people;
pub(crate) mod program;
pub(crate) mod servers;

use std::error::Error;
use std::time::Instant;

/// Why there is no figure.
pub(crate) type Failure = Box<dyn Error>;

#[expect(clippy::disallowed_methods, reason = "a bench is about the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

//! Room: engine. The three ways to say no: a rule says no, try later, ours to mend. One file of `web` turns them into HTTP.

use std::time::Duration;

use charye_domain::book::Rejection;

/// Why a use case did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// A rule says no. Recorded if the command carried a key and reached the book.
    Rejected { rejection: Rejection, recorded: bool },
    /// Nothing happened and nothing will unless you ask again, after this long.
    Busy { retry_after: Duration, cause: BusyCause },
    /// Ours. The outcome may be unknown: ask for the operation by its key.
    Fault(Fault),
}

/// Why it is busy. `code()` is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusyCause {
    /// The lane's queue is full.
    LaneFull,
    /// The wall clock jumped; an operator must vouch for it.
    ClockUnsure,
    /// The journal's storage reserve is being eaten.
    StorageLow,
    /// Stopping or starting.
    Draining,
    /// The people store or another bulkhead is saturated.
    Saturated,
}

impl BusyCause {
    /// The stable code, as it stands in problems, metrics and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::LaneFull => "busy",
            Self::ClockUnsure => "clock_unsure",
            Self::StorageLow => "storage_low",
            Self::Draining => "draining",
            Self::Saturated => "saturated",
        }
    }
}

/// We failed. Logged once, where it is handled, under its incident id.
#[derive(Debug)]
pub struct Fault {
    /// What we were doing.
    pub doing: &'static str,
    /// Whether the outcome is unknown (it may have happened) or certain not to have happened.
    pub outcome_unknown: bool,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

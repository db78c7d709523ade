//! Room: engine. The three ways to say no: a rule says no, try later, ours to mend. One file of `web` turns them into HTTP.
//!
//! Made by use cases and by the sequencer's door; read by everyone above. It must never name a status code.

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
    /// The asker has asked as often as one may.
    TooOften,
}

impl BusyCause {
    pub const ALL: [Self; 6] =
        [Self::LaneFull, Self::ClockUnsure, Self::StorageLow, Self::Draining, Self::Saturated, Self::TooOften];

    /// The stable code, as it stands in problems, metrics and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::LaneFull => "busy",
            Self::ClockUnsure => "clock_unsure",
            Self::StorageLow => "storage_low",
            Self::Draining => "draining",
            Self::Saturated => "saturated",
            Self::TooOften => "tried_too_often",
        }
    }

    /// When asking again makes sense, where nothing better is known: an operator needs a minute, a restart seconds.
    pub fn usual_retry_after(self) -> Duration {
        Duration::from_secs(match self {
            Self::LaneFull => 1,
            Self::Saturated => 2,
            Self::Draining => 5,
            Self::ClockUnsure => 30,
            Self::StorageLow => 60,
            Self::TooOften => 600,
        })
    }
}

impl Failure {
    /// Busy, with the cause's usual time to wait.
    pub fn busy(cause: BusyCause) -> Self {
        Self::Busy { retry_after: cause.usual_retry_after(), cause }
    }

    /// The stable code of a rejection or of being busy; `fault` for ours.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected { rejection, .. } => rejection.code(),
            Self::Busy { cause, .. } => cause.code(),
            Self::Fault(_) => "fault",
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

impl Fault {
    /// A fault after which the outcome is unknown: ask for the operation by its key.
    pub fn unknown(doing: &'static str) -> Self {
        Self { doing, outcome_unknown: true, source: None }
    }

    /// A fault before anything happened.
    pub fn nothing_happened(doing: &'static str, source: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self { doing, outcome_unknown: false, source: Some(source) }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "could not {}", self.doing)?;
        if self.outcome_unknown { f.write_str("; the outcome is unknown") } else { Ok(()) }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

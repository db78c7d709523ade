//! Room: ledger/audit. Whether what is kept is what was decided: the chain, a replay, the laws, snapshots, projections,
//! and what clients were told. Called by the commands `charye audit ..` and by tests. Must never write to what it
//! audits, nor print: it gives reports.

pub mod bypass;
pub mod checkpoint;
pub mod history;
pub mod orders;
pub mod show;
pub mod verify;

pub use bypass::{BypassReport, bypass};
pub use checkpoint::Checkpoint;
pub use history::{History, HistoryFailure};
pub use orders::orders;
pub use show::{ReservationStory, StoryLine, story_of};
pub use verify::{AuditFailure, AuditOptions, AuditReport, Projected, verify};

/// Findings kept in full; beyond, they are only counted.
pub const FINDINGS_MAX: usize = 1_000;

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The law that is broken, such as `I13`.
    pub law: &'static str,
    /// The sequence number at which it shows, if it shows at one.
    pub seq: Option<u64>,
    /// One sentence for people. Never a name, a key of a citizen or a number of a reservation's owner.
    pub text: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "{} at {seq}: {}", self.law, self.text),
            None => write!(f, "{}: {}", self.law, self.text),
        }
    }
}

/// Findings, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    beyond: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, law: &'static str, seq: Option<u64>, text: String) {
        if self.kept.len() < FINDINGS_MAX {
            self.kept.push(Finding { law, seq, text });
        } else {
            self.beyond += 1;
        }
    }

    /// The findings that were kept, in the order in which they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// How many more there are.
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

//! Room: domain. What a rule may know of a citizen. Comes in with a command, is never stored in the book, and is
//! recorded only as the cohort that follows from it.

use jiff::civil::Date;

/// Attested facts about one citizen that rules look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CitizenFacts {
    pub birth_date: Date,
}

impl std::fmt::Debug for CitizenFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CitizenFacts(..)")
    }
}

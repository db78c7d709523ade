//! Room: domain. May this person reserve now, and if not, why, and on which date may they come?
//!
//! Pure: campaign, facts and `now` in, one [`Eligibility`] out. Each rule stands in a file of its own under `rules/`,
//! and they are asked in the order of [`Ineligible`]'s variants.

use crate::campaign::Campaign;
use crate::citizen::CitizenFacts;
use crate::ids::{CohortId, OpeningId};
use crate::time::UnixMillis;

pub mod rules;

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// May reserve now, in this opening (the earliest begun one that lets the person in), until it closes.
    Eligible { opening: OpeningId, cohort: CohortId, until: UnixMillis },
    Ineligible(Ineligible),
}

/// Why not, in the order in which the rules are asked. `code()` is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// No cohort of the campaign admits this birth date.
    NotInCohort,
    /// In a cohort, but the person's opening has not begun: come at `opens_at`.
    OpeningNotYet { opening: OpeningId, opens_at: UnixMillis },
    /// Every opening that would let the person in has closed; the last closed at `closed_at`.
    OpeningsOver { closed_at: UnixMillis },
}

//! Room: domain. An opening: one evening (or period) for one group, with the window in which it may reserve.
//!
//! Owns its window and its share of doses; the line and the draw join it in `waiting_room/`. Never compares text.

use jiff::civil::DateTime;

use crate::campaign::Bilingual;
use crate::cohort::BirthDayDigit;
use crate::ids::{CohortId, OpeningId};
use crate::time::UnixMillis;

/// One opening of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    pub id: OpeningId,
    pub name: Bilingual,
    /// Cohorts let in, any of them.
    pub cohorts: Vec<CohortId>,
    /// Only people whose day of birth ends in one of these; empty means everyone of the cohorts.
    pub birth_day_digits: Vec<BirthDayDigit>,
    pub window: ReservationWindow,
    /// Part of every slot's capacity released once this opening has begun, with all openings before it. Unit: 1/10,000.
    pub cumulative_share: u16,
}

/// From when to when a group may reserve: start included, end excluded. Kept both as instants, which decide, and as
/// civil times, which are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationWindow {
    pub opens_at: UnixMillis,
    pub closes_at: UnixMillis,
    pub opens_civil: DateTime,
    pub closes_civil: DateTime,
}

impl ReservationWindow {
    /// Whether `now` lies within the window.
    pub fn contains(&self, now: UnixMillis) -> bool {
        self.opens_at <= now && now < self.closes_at
    }
}

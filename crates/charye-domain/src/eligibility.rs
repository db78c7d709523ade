//! Room: domain. May this person reserve now, and if not, why, and on which date may they come?
//!
//! Pure: campaign, facts and `now` in, one [`Eligibility`] out. Each rule stands in a file of its own under `rules/`.
//! Called for every sign-in, hold and reservation, so it allocates nothing: a walk over the campaign's openings.

use crate::campaign::Campaign;
use crate::citizen::CitizenFacts;
use crate::ids::{CohortId, OpeningId};
use crate::time::UnixMillis;

pub mod rules;

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// May reserve now, in this opening (the earliest begun one that lets the person in), until it closes.
    Eligible {
        opening: OpeningId,
        cohort: CohortId,
        until: UnixMillis,
    },
    Ineligible(Ineligible),
}

/// Why not, in the order in which the reasons are looked for. `code()` is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineligible {
    /// No opening of the campaign, past or to come, lets this birth date in.
    NotInCohort,
    /// The person's next opening has not begun: come at `opens_at`.
    OpeningNotYet { opening: OpeningId, opens_at: UnixMillis },
    /// Every opening that would let the person in has closed; the last closed at `closed_at`.
    OpeningsOver { closed_at: UnixMillis },
}

impl Ineligible {
    /// The stable code, in `snake_case`, as it stands in problems, metrics and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotInCohort => "not_in_cohort",
            Self::OpeningNotYet { .. } => "opening_not_yet",
            Self::OpeningsOver { .. } => "openings_over",
        }
    }
}

/// Whether the citizen may reserve at `now`, and in which opening.
///
/// An opening lets a person in if one of its cohorts does (the first in the opening's order counts) and its birth-day
/// digits do. Among those, the earliest begun one that is still open decides; otherwise the next one to begin is what
/// the person is told; otherwise all is over.
pub fn decide(campaign: &Campaign, facts: &CitizenFacts, now: UnixMillis) -> Eligibility {
    let mut last_closed: Option<UnixMillis> = None;
    // Openings stand in order of their start: the first open one is the earliest begun, and nothing that is still
    // ahead can come before one that is open.
    for opening in &campaign.openings {
        let Some(cohort) = rules::cohort::first_admitting(&campaign.cohorts, opening, facts.birth_date) else {
            continue;
        };
        if !rules::birth_day_digit::lets_in(opening, facts.birth_date) {
            continue;
        }
        match rules::window::stands(&opening.window, now) {
            rules::window::Standing::Open => {
                return Eligibility::Eligible { opening: opening.id, cohort, until: opening.window.closes_at };
            }
            rules::window::Standing::Ahead => {
                let opens_at = opening.window.opens_at;
                return Eligibility::Ineligible(Ineligible::OpeningNotYet { opening: opening.id, opens_at });
            }
            rules::window::Standing::Over => {
                last_closed = last_closed.max(Some(opening.window.closes_at));
            }
        }
    }
    Eligibility::Ineligible(match last_closed {
        Some(closed_at) => Ineligible::OpeningsOver { closed_at },
        None => Ineligible::NotInCohort,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;
    use crate::time::UnixMillis;
    use jiff::civil::{Date, DateTime, date};

    /// The one door: a birth date and a civil time in, what the rules say out.
    fn check(birth: Date, at: DateTime, expect: &str) {
        let campaign = samples::rotation();
        let now = UnixMillis::from_civil(at, &campaign.time_zone).unwrap();
        let civil = |at: UnixMillis| at.civil(&campaign.time_zone).strftime("%d %H:%M").to_string();
        let said = match decide(&campaign, &CitizenFacts { birth_date: birth }, now) {
            Eligibility::Eligible { opening, cohort, until } => {
                format!("opening {opening} cohort {cohort} until {}", civil(until))
            }
            Eligibility::Ineligible(why) => match why {
                Ineligible::NotInCohort => why.code().to_owned(),
                Ineligible::OpeningNotYet { opens_at, .. } => format!("{} {}", why.code(), civil(opens_at)),
                Ineligible::OpeningsOver { closed_at } => format!("{} {}", why.code(), civil(closed_at)),
            },
        };
        assert_eq!(said, expect, "born {birth}, at {at}");
    }

    #[test]
    fn each_digit_has_its_evening_and_its_second_chances() {
        let nine = date(1990, 3, 9);
        check(nine, date(2021, 8, 9).at(19, 59, 59, 999_000_000), "opening_not_yet 09 20:00");
        check(nine, date(2021, 8, 9).at(20, 0, 0, 0), "opening 0 cohort 1 until 10 18:00");
        check(nine, date(2021, 8, 10).at(17, 59, 59, 999_000_000), "opening 0 cohort 1 until 10 18:00");
        check(nine, date(2021, 8, 10).at(18, 0, 0, 0), "opening_not_yet 20 20:00");
        check(nine, date(2021, 8, 20).at(23, 0, 0, 0), "opening 11 cohort 1 until 21 18:00");
        check(nine, date(2021, 8, 30).at(3, 0, 0, 0), "opening 12 cohort 1 until 18 18:00");
        check(nine, date(2021, 9, 18).at(18, 0, 0, 0), "openings_over 18 18:00");
    }

    #[test]
    fn the_first_hour_after_midnight_belongs_to_the_evening_before() {
        // In 2021 a page compared hours as strings, and "0" < "20" locked people out until the morning.
        check(date(1980, 5, 29), date(2021, 8, 10).at(0, 30, 0, 0), "opening 0 cohort 0 until 10 18:00");
    }

    #[test]
    fn the_ends_of_the_birth_years_are_included() {
        check(date(1971, 12, 31), date(2021, 8, 25).at(12, 0, 0, 0), "not_in_cohort");
        check(date(1972, 1, 1), date(2021, 8, 25).at(12, 0, 0, 0), "opening 12 cohort 0 until 18 18:00");
        check(date(2003, 12, 31), date(2021, 8, 25).at(12, 0, 0, 0), "opening 12 cohort 1 until 18 18:00");
        check(date(2004, 1, 1), date(2021, 8, 25).at(12, 0, 0, 0), "not_in_cohort");
    }

    #[test]
    fn where_two_openings_are_open_the_earlier_begun_one_decides() {
        let mut campaign = samples::rotation();
        let open_to_all = campaign.openings[12].window.opens_at;
        campaign.openings[11].window.closes_at = open_to_all.plus_secs(3_600);
        let facts = CitizenFacts { birth_date: date(1990, 1, 1) };
        let decided = decide(&campaign, &facts, open_to_all);
        assert!(matches!(decided, Eligibility::Eligible { opening: OpeningId(11), .. }), "{decided:?}");
    }
}

//! Room: domain. A vaccination campaign as the rules see it: checked, complete, and never changed once made.
//!
//! Made by `charye-engine/campaign` from the readable file; kept by the book, one per version. Never parses text.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use crate::cohort::Cohort;
use crate::identity::Assurance;
use crate::ids::{CampaignId, CampaignVersion, OpeningId, ProductId};
use crate::opening::Opening;
use crate::time::DayIndex;
use crate::vaccine::{DoseTwoPolicy, VaccineProduct};
use crate::waiting_room::plan::LinePlan;

pub mod look;

use look::CampaignLook;

/// One version of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: CampaignId,
    pub version: CampaignVersion,
    /// Stable code in URLs and files, such as `kr-2021-18-49`: `[a-z0-9-]`, 1 to 40 characters.
    pub code: String,
    pub name: Bilingual,
    /// The zone whose civil time every window, day and hour of this campaign is told in.
    pub time_zone: TimeZone,
    pub uniqueness: UniquenessScheme,
    /// The weakest proof of identity that counts. `Rehearsed`: any.
    pub least_assurance: Assurance,
    /// First and last day of vaccination, both included; at most [`DayIndex::MAX_DAYS`] days apart.
    pub first_day: Date,
    pub last_day: Date,
    /// In the file's order: [`ProductId`] is the position.
    pub products: Vec<VaccineProduct>,
    /// In the file's order.
    pub cohorts: Vec<Cohort>,
    /// In order of their start: [`OpeningId`] is the position.
    pub openings: Vec<Opening>,
    pub dose_two: DoseTwoPolicy,
    /// Days on which nobody is vaccinated: the campaign's closing days, and public holidays unless it works through them.
    pub closed_days: BTreeSet<Date>,
    pub hold: HoldTimes,
    pub visit: VisitTimes,
    /// `None`: whoever may reserve is let in at once.
    pub line: Option<LinePlan>,
    /// People expected to come, for forecasts and rehearsals only; no rule looks at it.
    pub expected_people: u32,
    /// Latest moment to cancel or reschedule: seconds before the slot starts.
    pub change_notice_secs: u32,
    /// How its pages look; no rule looks at it. `None`: as they look without.
    pub look: Option<Box<CampaignLook>>,
}

/// A text in the two languages every screen speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    pub ko: String,
    pub en: String,
}

/// What makes a citizen one citizen in this campaign. A provider that cannot assert it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniquenessScheme {
    /// 연계정보 (CI), the same at every Korean identity provider.
    ConnectingInformation,
    /// The pairwise subject of one named OpenID provider.
    PairwiseSubject,
    /// A national registry number, attested by the registry.
    NationalId,
    /// The made-up numbers of a rehearsal's people. Refused outside rehearsals.
    Rehearsal,
}

/// How long a place is kept for a person who has not yet confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTimes {
    /// Unit: seconds from the hold.
    pub ttl_secs: u32,
    /// Unit: seconds added by each extension (WCAG 2.2.1).
    pub extension_secs: u32,
    /// How often one hold may be extended.
    pub extensions_max: u8,
}

/// How long a visit lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitTimes {
    /// Unit: seconds from its start, however often its pass is renewed.
    pub max_secs: u32,
    /// Unit: seconds a pass is good for before it must be renewed; at most 600.
    pub pass_secs: u32,
}

impl Campaign {
    /// Number of vaccination days, 1..=128.
    pub fn days(&self) -> u32 {
        (self.last_day - self.first_day).get_days().unsigned_abs() + 1
    }

    /// The day index of `date`, if it lies within the campaign.
    pub fn day(&self, date: Date) -> Option<DayIndex> {
        (date <= self.last_day).then(|| DayIndex::of(date, self.first_day)).flatten()
    }

    /// The date of a day index.
    pub fn date(&self, day: DayIndex) -> Date {
        day.date(self.first_day)
    }

    /// The days on which the campaign vaccinates: bit n is day index n. Closed days are 0.
    pub fn open_days(&self) -> u128 {
        let all = u128::MAX >> DayIndex::MAX_DAYS.saturating_sub(self.days().clamp(1, DayIndex::MAX_DAYS));
        let closed = |date: &Date| self.day(*date).map_or(0, |day| 1_u128 << day.0);
        self.closed_days.iter().fold(all, |open, date| open & !closed(date))
    }

    /// Whether somebody may be vaccinated on `date`: within the campaign, and not closed.
    pub fn is_open_on(&self, date: Date) -> bool {
        self.first_day <= date && date <= self.last_day && !self.closed_days.contains(&date)
    }

    /// The opening at a position of the file.
    pub fn opening(&self, id: OpeningId) -> Option<&Opening> {
        self.openings.get(usize::from(id.0))
    }

    /// The product at a position of the file.
    pub fn product(&self, id: ProductId) -> Option<&VaccineProduct> {
        self.products.get(usize::from(id.0))
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Small campaigns for the tests of this crate, built by hand: the readable file is the engine's.

    use super::*;
    use crate::cohort::BirthDayDigit;
    use crate::ids::CohortId;
    use crate::opening::ReservationWindow;
    use crate::time::UnixMillis;
    use crate::vaccine::DoseInterval;
    use jiff::civil::date;

    fn both(text: &str) -> Bilingual {
        Bilingual { ko: text.to_owned(), en: text.to_owned() }
    }

    /// Korea's 18-49 opening of August 2021: ten evenings, two catch-up evenings by age, then everyone.
    pub(crate) fn rotation() -> Campaign {
        let time_zone = TimeZone::fixed(jiff::tz::offset(9));
        let cohort = |id, code: &str, born_from, born_to| Cohort {
            id: CohortId(id),
            code: code.to_owned(),
            name: both(code),
            born_from,
            born_to,
        };
        let mut openings = Vec::new();
        let mut open = |opens: Date, closes: Date, cohorts: &[u8], digits: &[u8], cumulative_share: u16| {
            let (opens_civil, closes_civil) = (opens.at(20, 0, 0, 0), closes.at(18, 0, 0, 0));
            openings.push(Opening {
                id: OpeningId(openings.len() as u8),
                name: both("evening"),
                cohorts: cohorts.iter().copied().map(CohortId).collect(),
                birth_day_digits: digits.iter().filter_map(|digit| BirthDayDigit::new(*digit)).collect(),
                window: ReservationWindow {
                    opens_at: UnixMillis::from_civil(opens_civil, &time_zone).unwrap(),
                    closes_at: UnixMillis::from_civil(closes_civil, &time_zone).unwrap(),
                    opens_civil,
                    closes_civil,
                },
                cumulative_share,
            });
        };
        for (evening, digit) in (9_i8..=18).zip([9, 0, 1, 2, 3, 4, 5, 6, 7, 8]) {
            let share = 1_000 * (evening.unsigned_abs() as u16 - 8);
            open(date(2021, 8, evening), date(2021, 8, evening + 1), &[0, 1], &[digit], share);
        }
        open(date(2021, 8, 19), date(2021, 8, 20), &[0], &[], 10_000);
        open(date(2021, 8, 20), date(2021, 8, 21), &[1], &[], 10_000);
        open(date(2021, 8, 21), date(2021, 9, 18), &[0, 1], &[], 10_000);
        Campaign {
            id: CampaignId(0),
            version: CampaignVersion(1),
            code: "kr-2021-18-49".to_owned(),
            name: both("18-49"),
            time_zone,
            uniqueness: UniquenessScheme::Rehearsal,
            least_assurance: Assurance::Rehearsed,
            first_day: date(2021, 8, 26),
            last_day: date(2021, 11, 11),
            products: vec![VaccineProduct {
                id: ProductId(0),
                code: "pfizer".to_owned(),
                name: both("Pfizer"),
                cvx: Some(208),
                doses: 2,
                interval: Some(DoseInterval { allowed_days: 35..=42, standard_days: 42 }),
            }],
            cohorts: vec![
                cohort(0, "age-36-49", date(1972, 1, 1), date(1985, 12, 31)),
                cohort(1, "age-18-35", date(1986, 1, 1), date(2003, 12, 31)),
            ],
            openings,
            dose_two: DoseTwoPolicy::Together,
            closed_days: [date(2021, 9, 20), date(2021, 9, 21), date(2021, 9, 22)].into(),
            hold: HoldTimes { ttl_secs: 300, extension_secs: 120, extensions_max: 2 },
            visit: VisitTimes { max_secs: 1_800, pass_secs: 600 },
            line: None,
            expected_people: 16_210_000,
            change_notice_secs: 86_400,
            look: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn open_days_are_the_campaign_without_its_closed_days() {
        let campaign = samples::rotation();
        let open = campaign.open_days();
        for day in 0..128_u8 {
            let date = campaign.date(DayIndex(day));
            assert_eq!(open >> day & 1 == 1, campaign.is_open_on(date), "{date}");
        }
        assert!(!campaign.is_open_on(date(2021, 9, 21)));
        assert_eq!(open.count_ones(), 78 - 3);
    }

    #[test]
    fn a_campaign_of_128_days_fills_the_mask() {
        let mut campaign = samples::rotation();
        campaign.closed_days.clear();
        campaign.last_day = date(2021, 12, 31);
        assert_eq!((campaign.days(), campaign.open_days()), (128, u128::MAX));
    }
}

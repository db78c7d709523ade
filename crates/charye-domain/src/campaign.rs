//! Room: domain. A vaccination campaign as the rules see it: checked, complete, and never changed once made.
//!
//! Made by `charye-engine/campaign` from the readable file; kept by the book, one per version. Never parses text.

use std::collections::BTreeSet;

use jiff::{civil::Date, tz::TimeZone};

use crate::cohort::Cohort;
use crate::ids::{CampaignId, CampaignVersion, OpeningId, ProductId};
use crate::opening::Opening;
use crate::time::DayIndex;
use crate::vaccine::{DoseTwoPolicy, VaccineProduct};

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
    /// Latest moment to cancel or reschedule: seconds before the slot starts.
    pub change_notice_secs: u32,
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

    /// The opening at a position of the file.
    pub fn opening(&self, id: OpeningId) -> Option<&Opening> {
        self.openings.get(usize::from(id.0))
    }

    /// The product at a position of the file.
    pub fn product(&self, id: ProductId) -> Option<&VaccineProduct> {
        self.products.get(usize::from(id.0))
    }
}

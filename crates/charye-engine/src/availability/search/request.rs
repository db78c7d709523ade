//! Room: engine/availability. What a search asks, and the check that makes sure that it can be answered.
//!
//! Made by `web`; checked once by `search`, trusted after.

use std::hash::{Hash, Hasher};
use std::ops::{Range, RangeInclusive};

use charye_domain::clinic::Point;
use charye_domain::ids::{CampaignId, ClinicId, ProductId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use rustc_hash::FxHasher;

use super::{Sieve, key};
use crate::availability::cells::Origin;
use crate::availability::name_index::normalised;
use crate::availability::rank_set::RankSet;
use crate::availability::{Availability, Cursor, DaySet, Moment};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    pub campaign: CampaignId,
    /// One product, or any.
    pub product: Option<ProductId>,
    /// Where the second dose is reserved together with the first, days of the first are those that a second may follow.
    pub dose: DoseNumber,
    pub area: Area,
    /// Part of the clinic's name, in Korean or English, or the initial consonants of part of it.
    pub name: Option<String>,
    /// Both included; every day of the campaign if not given.
    pub days: Option<RangeInclusive<DayIndex>>,
    /// Starts from the first minute to before the second; any if not given.
    pub times: Option<Range<MinuteOfDay>>,
    pub order: Order,
    pub show: Show,
    pub totals: Totals,
    /// Next free times told of each clinic, 0 to [`SearchRequest::NEXT_TIMES_MAX`].
    pub next_times: u8,
    /// Clinics a page, 1 to [`SearchRequest::PAGE_MAX`].
    pub page_size: u8,
    /// Where the last page ended; the first page if not given.
    pub cursor: Option<Cursor>,
}

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    Everywhere,
    /// Two-digit code.
    Province(u32),
    /// Five-digit code.
    District(u32),
    /// Around a centre, out to a radius; without one, the nearest, out to [`SearchRequest::RADIUS_M_MAX`].
    Around {
        centre: Centre,
        radius_m: Option<u32>,
    },
}

/// What a distance is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Centre {
    Point(Point),
    /// The centre of a district's people, by its five-digit code.
    District(u32),
}

/// Which clinics come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// By district, then Korean name.
    District,
    /// The nearest first. Only around a centre.
    Distance,
    /// The earliest free day first, then the nearest or by district. Around a centre only with a radius.
    Earliest,
}

/// Which clinics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Show {
    /// With a place left that fits what is asked.
    Free,
    /// Any that give the product, sold out or not.
    All,
}

/// What is counted over all pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Totals {
    Clinics,
    /// Places too, on the days asked, whatever the time of day. Costs a look at every matching clinic's days.
    ClinicsAndPlaces,
}

impl SearchRequest {
    pub const PAGE_MAX: u8 = 50;
    pub const NEXT_TIMES_MAX: u8 = 4;
    /// Unit: metres.
    pub const RADIUS_M_MAX: u32 = 100_000;
    /// Unit: characters, without white space.
    pub const NAME_MAX: usize = 40;
    /// Clinics that can be paged through; who needs more narrows the search.
    pub const DEPTH_MAX: u16 = 2_000;

    /// The plainest request: any product, everywhere, first doses, in the directory's order, twenty a page.
    pub fn new(campaign: CampaignId) -> Self {
        Self {
            campaign,
            product: None,
            dose: DoseNumber::First,
            area: Area::Everywhere,
            name: None,
            days: None,
            times: None,
            order: Order::District,
            show: Show::Free,
            totals: Totals::Clinics,
            next_times: 0,
            page_size: 20,
            cursor: None,
        }
    }

    /// A hash of all that decides which clinics are found, and in what order.
    pub(super) fn bound_by(&self) -> u32 {
        let mut hasher = FxHasher::default();
        (self.campaign, self.product, self.dose, self.area, &self.name).hash(&mut hasher);
        (&self.days, &self.times, self.order, self.show).hash(&mut hasher);
        (hasher.finish() >> 32) as u32
    }
}

/// Why a request cannot be answered. Codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    #[error("there is no such campaign")]
    CampaignUnknown,
    #[error("the campaign has no such product")]
    ProductUnknown,
    #[error("there is no such province")]
    ProvinceUnknown,
    #[error("there is no such district")]
    DistrictUnknown,
    #[error("the district's place is not known")]
    DistrictWithoutCentre,
    #[error("there is no such clinic")]
    ClinicUnknown,
    #[error("there is no such slot")]
    SlotUnknown,
    #[error("the point is not on earth")]
    PointInvalid,
    #[error("the radius is not 1 to {} metres", SearchRequest::RADIUS_M_MAX)]
    RadiusInvalid,
    #[error("a search by earliest day around a point needs a radius")]
    RadiusMissing,
    #[error("a search by distance needs a point or a district to measure from")]
    CentreMissing,
    #[error("a search by time of day needs a province, a district or a centre")]
    AreaTooWide,
    #[error("the name is empty or longer than {} characters", SearchRequest::NAME_MAX)]
    NameInvalid,
    #[error("the days are the wrong way round or outside the campaign")]
    DaysInvalid,
    #[error("the times are the wrong way round or outside the day")]
    TimesInvalid,
    #[error("a page is not 1 to {} clinics", SearchRequest::PAGE_MAX)]
    PageSizeInvalid,
    #[error("the next times of a clinic are not 0 to {}", SearchRequest::NEXT_TIMES_MAX)]
    NextTimesInvalid,
    #[error("the cursor is of another search, or of clinics that are gone")]
    CursorInvalid,
    #[error("more than {} clinics cannot be paged through", SearchRequest::DEPTH_MAX)]
    PageTooDeep,
}

impl SearchError {
    /// The stable code, as it stands in problems and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::CampaignUnknown => "campaign_unknown",
            Self::ProductUnknown => "product_unknown",
            Self::ProvinceUnknown => "province_unknown",
            Self::DistrictUnknown => "district_unknown",
            Self::DistrictWithoutCentre => "district_without_centre",
            Self::ClinicUnknown => "clinic_unknown",
            Self::SlotUnknown => "slot_unknown",
            Self::PointInvalid => "point_invalid",
            Self::RadiusInvalid => "radius_invalid",
            Self::RadiusMissing => "radius_missing",
            Self::CentreMissing => "centre_missing",
            Self::AreaTooWide => "area_too_wide",
            Self::NameInvalid => "name_invalid",
            Self::DaysInvalid => "days_invalid",
            Self::TimesInvalid => "times_invalid",
            Self::PageSizeInvalid => "page_size_invalid",
            Self::NextTimesInvalid => "next_times_invalid",
            Self::CursorInvalid => "cursor_invalid",
            Self::PageTooDeep => "page_too_deep",
        }
    }
}

/// A request, checked.
pub(super) struct Asked<'a> {
    pub(super) sieve: Sieve<'a>,
    pub(super) scope: Scope,
    pub(super) origin: Option<Origin>,
    pub(super) names: Option<RankSet>,
    /// The key after which the page begins.
    pub(super) after: Option<u64>,
}

/// Which clinics are looked at.
pub(super) enum Scope {
    Ranks(Range<u32>),
    /// Unit: metres.
    Within(u32),
    Nearest,
}

impl Availability {
    pub(super) fn check(&self, request: &SearchRequest, moment: Moment) -> Result<Asked<'_>, SearchError> {
        let campaign = self.campaign(request.campaign)?;
        let products = campaign.products(request.dose, request.product)?;
        if !(1..=SearchRequest::PAGE_MAX).contains(&request.page_size) {
            return Err(SearchError::PageSizeInvalid);
        }
        if request.next_times > SearchRequest::NEXT_TIMES_MAX {
            return Err(SearchError::NextTimesInvalid);
        }
        let all_days = DaySet::up_to_day(campaign.last_day());
        let days = match &request.days {
            None => all_days,
            Some(days) if days.start() <= days.end() && *days.end() <= campaign.last_day() => DaySet::range(days),
            Some(_) => return Err(SearchError::DaysInvalid),
        };
        if request.times.as_ref().is_some_and(|times| times.is_empty() || times.end > MinuteOfDay(1_440)) {
            return Err(SearchError::TimesInvalid);
        }
        let (scope, origin) = self.scope(request)?;
        if request.times.is_some() && request.area == Area::Everywhere {
            return Err(SearchError::AreaTooWide);
        }
        let names = request.name.as_deref().map(|name| self.named(name)).transpose()?;
        let after = request.cursor.map(|cursor| self.after(request, cursor)).transpose()?;
        let sieve = Sieve::new(&self.board, products, moment).narrowed(days, request.times.as_ref(), request.show);
        Ok(Asked { sieve, scope, origin, names, after })
    }

    pub(super) fn scope(&self, request: &SearchRequest) -> Result<(Scope, Option<Origin>), SearchError> {
        let around = matches!(request.area, Area::Around { .. });
        if request.order == Order::Distance && !around {
            return Err(SearchError::CentreMissing);
        }
        match request.area {
            Area::Everywhere => Ok((Scope::Ranks(0..self.directory.len()), None)),
            Area::Province(code) => {
                let province = self.directory.province(code).ok_or(SearchError::ProvinceUnknown)?;
                Ok((Scope::Ranks(province.ranks.clone()), None))
            }
            Area::District(code) => {
                let district = self.directory.district(code).ok_or(SearchError::DistrictUnknown)?;
                Ok((Scope::Ranks(district.ranks.clone()), None))
            }
            Area::Around { centre, radius_m } => {
                let scope = match radius_m {
                    Some(1..=SearchRequest::RADIUS_M_MAX) => Scope::Within(radius_m.unwrap_or_default()),
                    Some(_) => return Err(SearchError::RadiusInvalid),
                    None if request.order == Order::Distance => Scope::Nearest,
                    None => return Err(SearchError::RadiusMissing),
                };
                Ok((scope, Some(Origin::new(self.centre(centre)?))))
            }
        }
    }

    fn centre(&self, centre: Centre) -> Result<Point, SearchError> {
        match centre {
            Centre::Point(point) => {
                let on_earth = point.lat_e6.unsigned_abs() <= 90_000_000 && point.lon_e6.unsigned_abs() <= 180_000_000;
                on_earth.then_some(point).ok_or(SearchError::PointInvalid)
            }
            Centre::District(code) => {
                let district = self.directory.district(code).ok_or(SearchError::DistrictUnknown)?;
                district.centre.ok_or(SearchError::DistrictWithoutCentre)
            }
        }
    }

    fn named(&self, name: &str) -> Result<RankSet, SearchError> {
        // Normalising costs as much as the text is long: refuse before.
        if name.len() > SearchRequest::NAME_MAX * 16 {
            return Err(SearchError::NameInvalid);
        }
        let part = normalised(name);
        let length = part.chars().count();
        if !(1..=SearchRequest::NAME_MAX).contains(&length) {
            return Err(SearchError::NameInvalid);
        }
        Ok(self.directory.names.containing(&part, self.directory.len()))
    }

    /// The key after which the next page begins.
    fn after(&self, request: &SearchRequest, cursor: Cursor) -> Result<u64, SearchError> {
        if cursor.request != request.bound_by() {
            return Err(SearchError::CursorInvalid);
        }
        if cursor.shown >= SearchRequest::DEPTH_MAX {
            return Err(SearchError::PageTooDeep);
        }
        let rank = self.directory.rank(ClinicId(cursor.clinic)).ok_or(SearchError::CursorInvalid)?;
        Ok(key(cursor.primary, rank))
    }
}

//! Room: engine/availability. Which clinics have places: by area, name, days, time of day, product; ranked, counted, in
//! pages. Called by `web` for every look-up. Never waits, never changes anything, never holds a clock.
//!
//! Work is bounded: a search looks at each clinic of its area once, at most, whatever page is asked; per clinic at one
//! mask a product (two for pairs), and with a time of day at the free days' blocks until the first that suits. An area
//! is at most the country, or with a time of day a province or a circle of 100 km. Only the clinics of the page, 50 at
//! most, are looked at in detail.

use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};
use std::ops::{Range, RangeInclusive};

use charye_domain::clinic::Point;
use charye_domain::ids::{BlockId, CampaignId, ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use rustc_hash::FxHasher;

use super::cells::Origin;
use super::day_set::DaySet;
use super::name_index::normalised;
use super::rank_set::RankSet;
use super::{Availability, Cursor, Moment, Pairing, ProductRows};

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
    fn bound_by(&self) -> u32 {
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

/// A page of clinics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    pub clinics: Vec<ClinicFound>,
    /// Clinics that match, over all pages.
    pub matching: Count,
    /// Places at the clinics that match, if asked for; as exact as `matching`.
    pub places: Option<u64>,
    /// Where to go on, unless this is the last page.
    pub next: Option<Cursor>,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Exactly(u32),
    /// The search for the nearest stopped when it had its page.
    AtLeast(u32),
}

/// A clinic of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClinicFound {
    pub clinic: ClinicId,
    /// From the centre asked, if one was.
    pub distance_m: Option<u32>,
    /// Days that have what is asked; empty if sold out.
    pub days: DaySet,
    /// Places left at the times asked on those days; each slot counts for at most 255.
    pub places: u32,
    /// The next free times, earliest first, as many as were asked for and there are.
    pub next_times: NextTimes,
}

/// Up to four times, without a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextTimes([Option<NextTime>; SearchRequest::NEXT_TIMES_MAX as usize]);

/// A time at which a place is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextTime {
    pub slot: SlotId,
    pub product: ProductId,
    pub day: DayIndex,
    pub start: MinuteOfDay,
    /// At most 255; stands for this many or more.
    pub remaining: u16,
}

/// The first four; the rest is left out.
impl FromIterator<NextTime> for NextTimes {
    fn from_iter<I: IntoIterator<Item = NextTime>>(times: I) -> Self {
        let mut list = Self::default();
        for (place, time) in list.0.iter_mut().zip(times) {
            *place = Some(time);
        }
        list
    }
}

impl NextTimes {
    pub fn iter(&self) -> impl Iterator<Item = &NextTime> {
        self.0.iter().flatten()
    }
}

impl Availability {
    /// Finds clinics. `moment` is the campaign's civil time now: nothing that has begun by then is shown.
    ///
    /// # Errors
    /// The request makes no sense or asks too much; nothing was searched.
    pub fn search(&self, request: &SearchRequest, moment: Moment) -> Result<SearchPage, SearchError> {
        let Asked { sieve, scope, origin, names, after } = self.check(request, moment)?;
        let keep = usize::from(request.page_size) + 1;
        let mut found = Collector { after, keep, kept: BinaryHeap::with_capacity(keep), seen: 0, places: 0 };
        let with_places = request.totals == Totals::ClinicsAndPlaces;
        let consider = |found: &mut Collector, rank: u32, distance_m: u32| {
            if names.as_ref().is_some_and(|names| !names.contains(rank)) {
                return;
            }
            let Some(day) = sieve.first_day_or_sold_out(rank) else { return };
            let primary = match request.order {
                Order::District => 0,
                Order::Distance => distance_m,
                Order::Earliest => day << DAY_SHIFT | distance_m,
            };
            found.offer(key(primary, rank));
            if with_places {
                found.places += u64::from(sieve.places_on_days(rank));
            }
        };
        let mut complete = true;
        match (scope, &origin) {
            (Scope::Ranks(ranks), _) => match &names {
                Some(names) => names.iter_in(ranks).for_each(|rank| consider(&mut found, rank, 0)),
                None => ranks.for_each(|rank| consider(&mut found, rank, 0)),
            },
            (Scope::Within(radius_m), Some(origin)) => self.directory.cells.visit_within(origin, radius_m, |entry| {
                let distance_m = origin.distance_m(entry.point);
                if distance_m <= radius_m {
                    consider(&mut found, entry.rank, distance_m);
                }
            }),
            (Scope::Nearest, Some(origin)) => {
                let found = std::cell::RefCell::new(&mut found);
                let go_on = |nearest_m| {
                    complete = found.borrow().would_keep(nearest_m);
                    complete
                };
                self.directory.cells.visit_rings(origin, SearchRequest::RADIUS_M_MAX, go_on, |entry| {
                    let distance_m = origin.distance_m(entry.point);
                    if distance_m <= SearchRequest::RADIUS_M_MAX {
                        consider(&mut found.borrow_mut(), entry.rank, distance_m);
                    }
                });
            }
            (Scope::Within(_) | Scope::Nearest, None) => {}
        }
        Ok(self.page(request, &sieve, origin.as_ref(), found, complete))
    }

    fn page(
        &self,
        request: &SearchRequest,
        sieve: &Sieve<'_>,
        origin: Option<&Origin>,
        found: Collector,
        complete: bool,
    ) -> SearchPage {
        let (seen, places) = (found.seen, found.places);
        let mut keys = found.kept.into_sorted_vec();
        let more = keys.len() > usize::from(request.page_size);
        keys.truncate(request.page_size.into());
        let shown_before = request.cursor.map_or(0, |cursor| cursor.shown);
        let next = keys.last().filter(|_| more).map(|last| Cursor {
            request: request.bound_by(),
            shown: shown_before.saturating_add(u16::from(request.page_size)),
            primary: (last >> 32) as u32,
            clinic: self.directory.id_at(*last as u32).0,
        });
        let clinics = keys.iter().map(|key| {
            let rank = *key as u32;
            let point = self.directory.clinic_at(rank).and_then(|clinic| clinic.point);
            ClinicFound {
                clinic: self.directory.id_at(rank),
                distance_m: origin.zip(point).map(|(origin, point)| origin.distance_m(point)),
                ..sieve.detail(rank, request.next_times)
            }
        });
        SearchPage {
            clinics: clinics.collect(),
            matching: if complete { Count::Exactly(seen) } else { Count::AtLeast(seen) },
            places: (request.totals == Totals::ClinicsAndPlaces).then_some(places),
            next,
        }
    }

    fn check(&self, request: &SearchRequest, moment: Moment) -> Result<Asked<'_>, SearchError> {
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
        if request.times.as_ref().is_some_and(|times| times.is_empty() || times.end > MIDNIGHT) {
            return Err(SearchError::TimesInvalid);
        }
        let (scope, origin) = self.scope(request)?;
        if request.times.is_some() && request.area == Area::Everywhere {
            return Err(SearchError::AreaTooWide);
        }
        let names = request.name.as_deref().map(|name| self.named(name)).transpose()?;
        let after = request.cursor.map(|cursor| self.after(request, cursor)).transpose()?;
        let sieve = Sieve {
            availability: self,
            products,
            days: days.and(moment.days_left()),
            moment,
            times: request.times.clone(),
            show: request.show,
        };
        Ok(Asked { sieve, scope, origin, names, after })
    }

    fn scope(&self, request: &SearchRequest) -> Result<(Scope, Option<Origin>), SearchError> {
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

const MIDNIGHT: MinuteOfDay = MinuteOfDay(1_440);
/// Room for a distance below the day in a sort key: 24 bits hold 16,777 km.
const DAY_SHIFT: u32 = 24;
/// Sorts after every day.
const SOLD_OUT: u32 = DayIndex::MAX_DAYS;

fn key(primary: u32, rank: u32) -> u64 {
    u64::from(primary) << 32 | u64::from(rank)
}

/// A request, checked.
struct Asked<'a> {
    sieve: Sieve<'a>,
    scope: Scope,
    origin: Option<Origin>,
    names: Option<RankSet>,
    after: Option<u64>,
}

enum Scope {
    Ranks(Range<u32>),
    /// Unit: metres.
    Within(u32),
    Nearest,
}

/// Keeps the lowest keys after some key, and counts all.
struct Collector {
    after: Option<u64>,
    keep: usize,
    kept: BinaryHeap<u64>,
    seen: u32,
    places: u64,
}

impl Collector {
    fn offer(&mut self, key: u64) {
        self.seen += 1;
        if self.after.is_some_and(|after| key <= after) {
            return;
        }
        if self.kept.len() < self.keep {
            self.kept.push(key);
        } else if let Some(mut highest) = self.kept.peek_mut()
            && key < *highest
        {
            *highest = key;
        }
    }

    /// Whether some key with this first part, or a higher one, might still be kept.
    fn would_keep(&self, primary: u32) -> bool {
        self.kept.len() < self.keep || self.kept.peek().is_some_and(|highest| key(primary, 0) < *highest)
    }
}

/// What lets a clinic through.
pub(super) struct Sieve<'a> {
    pub(super) availability: &'a Availability,
    pub(super) products: &'a [ProductRows],
    /// Days asked that are not over.
    pub(super) days: DaySet,
    pub(super) moment: Moment,
    pub(super) times: Option<Range<MinuteOfDay>>,
    pub(super) show: Show,
}

impl Sieve<'_> {
    /// The earliest day on which a clinic has what is asked, as a number; [`SOLD_OUT`] if it has not and is shown anyway.
    fn first_day_or_sold_out(&self, rank: u32) -> Option<u32> {
        let first = self.products.iter().filter_map(|product| self.first_day(product, rank)).min();
        match (first, self.show) {
            (Some(day), _) => Some(u32::from(day.0)),
            (None, Show::Free) => None,
            (None, Show::All) => {
                let board = &self.availability.board;
                let given = |product: &ProductRows| !board.days(board.row(product.plane, rank)).is_empty();
                self.products.iter().any(given).then_some(SOLD_OUT)
            }
        }
    }

    fn first_day(&self, product: &ProductRows, rank: u32) -> Option<DayIndex> {
        let days = self.days_whatever_the_time(product, rank);
        if self.times.is_none() {
            return days.first();
        }
        days.iter().find(|day| self.slots(product, rank, *day).is_some())
    }

    /// The days asked on which a clinic has a place, and for pairs one for a second dose that may follow.
    pub(super) fn days_whatever_the_time(&self, product: &ProductRows, rank: u32) -> DaySet {
        let board = &self.availability.board;
        let mut days = board.free_days(board.row(product.plane, rank)).and(self.days);
        if days.is_empty() {
            return days;
        }
        match product.pairing {
            Pairing::Alone => {}
            Pairing::With { plane, interval } => {
                days = days.and(board.free_days(board.row(plane, rank)).followed_within(interval));
            }
            Pairing::Impossible => return DaySet::EMPTY,
        }
        let today = self.moment.day;
        let rest_of_today = self.moment.first_minute..MIDNIGHT;
        if days.contains(today) && self.slots_between(product, rank, today, &rest_of_today).is_none() {
            days = days.without(DaySet::day(today));
        }
        days
    }

    /// The days that have a place at the times asked.
    pub(super) fn days_in_time(&self, product: &ProductRows, rank: u32) -> DaySet {
        let days = self.days_whatever_the_time(product, rank);
        if self.times.is_none() {
            return days;
        }
        let fitting = days.iter().filter(|day| self.slots(product, rank, *day).is_some());
        fitting.fold(DaySet::EMPTY, |days, day| days.or(DaySet::day(day)))
    }

    /// The block of a day and its free slots at the times asked, if there are any.
    pub(super) fn slots(&self, product: &ProductRows, rank: u32, day: DayIndex) -> Option<(BlockId, u64)> {
        let asked = self.times.clone().unwrap_or(MinuteOfDay(0)..MIDNIGHT);
        let first = if day == self.moment.day { self.moment.first_minute.max(asked.start) } else { asked.start };
        self.slots_between(product, rank, day, &(first..asked.end))
    }

    fn slots_between(
        &self,
        product: &ProductRows,
        rank: u32,
        day: DayIndex,
        times: &Range<MinuteOfDay>,
    ) -> Option<(BlockId, u64)> {
        let board = &self.availability.board;
        let block = board.block(board.row(product.plane, rank), day)?;
        let mut mask = board.free_slots(block);
        let whole_day = times.start == MinuteOfDay(0) && times.end == MIDNIGHT;
        if mask != 0 && !whole_day {
            mask &= board.timetable(block).mask_between(times);
        }
        (mask != 0).then_some((block, mask))
    }

    fn places_on_days(&self, rank: u32) -> u32 {
        let board = &self.availability.board;
        let places = self
            .products
            .iter()
            .map(|product| board.places_on(board.row(product.plane, rank), self.days_whatever_the_time(product, rank)));
        places.sum()
    }

    /// What a page tells of a clinic.
    fn detail(&self, rank: u32, next_times: u8) -> ClinicFound {
        let board = &self.availability.board;
        let (mut days, mut places) = (DaySet::EMPTY, 0);
        let mut times = NextTimesCollector { wanted: next_times.into(), times: NextTimes::default(), count: 0 };
        for product in self.products {
            let of_product = self.days_in_time(product, rank);
            days = days.or(of_product);
            let whole_days = self.times.is_none() && !of_product.contains(self.moment.day);
            places += if whole_days {
                board.places_on(board.row(product.plane, rank), of_product)
            } else {
                of_product.iter().filter_map(|day| self.slots(product, rank, day)).map(|found| self.sum(found)).sum()
            };
            times.offer_all(self, product, rank, of_product);
        }
        ClinicFound { clinic: ClinicId(0), distance_m: None, days, places, next_times: times.times }
    }

    fn sum(&self, (block, mask): (BlockId, u64)) -> u32 {
        let board = &self.availability.board;
        let slots = board.slots_of(block).filter(|slot| mask >> slot.index() & 1 == 1);
        slots.map(|slot| u32::from(board.remaining(slot))).sum()
    }
}

/// Keeps the earliest times, those of an earlier product first.
struct NextTimesCollector {
    wanted: usize,
    times: NextTimes,
    count: usize,
}

impl NextTimesCollector {
    fn offer_all(&mut self, sieve: &Sieve<'_>, product: &ProductRows, rank: u32, days: DaySet) {
        let board = &sieve.availability.board;
        for day in days.iter() {
            let Some((block, mask)) = sieve.slots(product, rank, day) else { continue };
            for (index, start) in board.timetable(block).in_time_order(mask) {
                let slot = SlotId::new(block, index);
                let remaining = board.remaining(slot);
                // Taken since its bit was read: the next one, then.
                if remaining > 0 && !self.keep(NextTime { slot, product: product.product, day, start, remaining }) {
                    return;
                }
            }
        }
    }

    /// Puts a time in its place, unless it is later than all kept and there is no room.
    fn keep(&mut self, time: NextTime) -> bool {
        let kept = self.times.0.iter().take(self.count).flatten();
        let position = kept.take_while(|other| (other.day, other.start) <= (time.day, time.start)).count();
        if position >= self.wanted {
            return false;
        }
        self.times.0[position..self.wanted].rotate_right(1);
        self.times.0[position] = Some(time);
        self.count = (self.count + 1).min(self.wanted);
        true
    }
}

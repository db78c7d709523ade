//! Room: engine/availability. One clinic: its free days, the times of a day, and the second doses that fit a first.
//!
//! Called by `web`. Work is bounded by one clinic's 128 days for a list of days, by one block of 64 slots for times.

use charye_domain::ids::{CampaignId, ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;

use super::board::Partner;
use super::search::Sieve;
use super::{Availability, DaySet, IntervalDays, Moment, ProductRows, SearchError, SlotPlace};

/// A clinic's days for one dose of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClinicDays {
    /// Days on which the clinic gives it, whether or not a place is left, those past included.
    pub works: DaySet,
    /// Days with a place left; for pairs, one for a second dose too.
    pub free: DaySet,
}

/// The times of a clinic's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicDay {
    /// All that have not begun, sold out or not, earliest first.
    pub times: Vec<TimeOffered>,
    /// Where both doses are reserved together: days with a place for the second, after a first on this day. If there
    /// are none, no time of this day can be reserved.
    pub second_dose_days: Option<DaySet>,
}

/// One start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOffered {
    pub slot: SlotId,
    pub start: MinuteOfDay,
    /// At most 255; stands for this many or more.
    pub remaining: u16,
}

impl Availability {
    /// A clinic's days for a dose of a product. A clinic that does not give it has none.
    ///
    /// # Errors
    /// Campaign, product or clinic are unknown.
    pub fn clinic_days(
        &self,
        campaign: CampaignId,
        clinic: ClinicId,
        product: ProductId,
        dose: DoseNumber,
        moment: Moment,
    ) -> Result<ClinicDays, SearchError> {
        let (rank, products) = self.clinic_rows(campaign, clinic, product, dose)?;
        let sieve = Sieve::new(&self.board, products, moment);
        let days = |rows: &ProductRows| {
            let row = self.board.row(rows.plane, rank);
            ClinicDays { works: self.board.days(row), free: sieve.days_whatever_the_time(row) }
        };
        let none = ClinicDays { works: DaySet::EMPTY, free: DaySet::EMPTY };
        Ok(products.first().map_or(none, days))
    }

    /// The times of a clinic's day for a dose of a product. A clinic that does not give it then has none.
    ///
    /// # Errors
    /// Campaign, product or clinic are unknown, or the day is outside the campaign.
    pub fn clinic_day(
        &self,
        campaign: CampaignId,
        clinic: ClinicId,
        product: ProductId,
        dose: DoseNumber,
        day: DayIndex,
        moment: Moment,
    ) -> Result<ClinicDay, SearchError> {
        let (rank, products) = self.clinic_rows(campaign, clinic, product, dose)?;
        if day > self.campaign(campaign)?.last_day() {
            return Err(SearchError::DaysInvalid);
        }
        let Some(rows) = products.first() else { return Ok(ClinicDay { times: Vec::new(), second_dose_days: None }) };
        let second_dose_days = match rows.partner {
            Partner::Second { plane, interval } => Some(self.second_days(plane, interval, rank, day)),
            Partner::Missing => Some(DaySet::EMPTY),
            Partner::First { .. } | Partner::Unneeded => None,
        };
        Ok(ClinicDay { times: self.times(rows.plane, rank, day, moment), second_dose_days })
    }

    /// The days with a place for a second dose after this first one, at the same clinic. Whether or not both are
    /// reserved together.
    ///
    /// # Errors
    /// `SlotUnknown`: also for a slot of a second dose, and for a product of one dose.
    pub fn second_dose_days(&self, first: SlotId) -> Result<DaySet, SearchError> {
        let (place, plane, interval) = self.second_of(first)?;
        Ok(plane.map_or(DaySet::EMPTY, |plane| self.second_days(plane, interval, place.rank, place.day)))
    }

    /// The times for a second dose on a day after this first one, at the same clinic, sold out or not.
    ///
    /// # Errors
    /// `SlotUnknown` as for [`Availability::second_dose_days`]; `DaysInvalid`: the interval does not allow the day.
    pub fn second_dose_times(&self, first: SlotId, day: DayIndex) -> Result<Vec<TimeOffered>, SearchError> {
        let (place, plane, interval) = self.second_of(first)?;
        if !DaySet::after(place.day, interval).contains(day) {
            return Err(SearchError::DaysInvalid);
        }
        Ok(plane.map_or_else(Vec::new, |plane| self.times(plane, place.rank, day, Moment::BEFORE)))
    }

    /// Which clinic a slot is at, and when.
    pub fn slot(&self, slot: SlotId) -> Option<(ClinicId, SlotPlace)> {
        let place = self.board.place(slot)?;
        Some((self.directory.id_at(place.rank), place))
    }

    pub(super) fn second_days(&self, plane: u16, interval: IntervalDays, rank: u32, first: DayIndex) -> DaySet {
        self.board.free_days(self.board.row(plane, rank)).and(DaySet::after(first, interval))
    }

    /// Where a first dose is, the plane of its second if anyone gives it, and the interval between them.
    pub(super) fn second_of(&self, first: SlotId) -> Result<(SlotPlace, Option<u16>, IntervalDays), SearchError> {
        let place = self.board.place(first).filter(|place| place.plane.dose == DoseNumber::First);
        let place = place.ok_or(SearchError::SlotUnknown)?;
        let campaign = self.campaign(place.plane.campaign)?;
        let product = campaign.campaign.product(place.plane.product).and_then(|product| product.interval.as_ref());
        let interval = product.ok_or(SearchError::SlotUnknown)?;
        let interval = IntervalDays { min: *interval.allowed_days.start(), max: *interval.allowed_days.end() };
        let seconds = campaign.products(DoseNumber::Second, Some(place.plane.product))?;
        Ok((place, seconds.first().map(|rows| rows.plane), interval))
    }

    fn clinic_rows(
        &self,
        campaign: CampaignId,
        clinic: ClinicId,
        product: ProductId,
        dose: DoseNumber,
    ) -> Result<(u32, &[ProductRows]), SearchError> {
        let products = self.campaign(campaign)?.products(dose, Some(product))?;
        let rank = self.directory.rank(clinic).ok_or(SearchError::ClinicUnknown)?;
        Ok((rank, products))
    }

    fn times(&self, plane: u16, rank: u32, day: DayIndex, moment: Moment) -> Vec<TimeOffered> {
        let Some(block) = self.board.block(self.board.row(plane, rank), day) else { return Vec::new() };
        let times = self.board.timetable(block).in_time_order(u64::MAX);
        let ahead = times.filter(|(_, start)| moment.is_ahead(day, *start));
        let offered = ahead.map(|(index, start)| {
            let slot = SlotId::new(block, index);
            TimeOffered { slot, start, remaining: self.board.remaining(slot) }
        });
        offered.collect()
    }
}

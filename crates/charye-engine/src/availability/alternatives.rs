//! Room: engine/availability. What to offer instead of a place that is gone: the nearest in time at the same clinic, then
//! the nearest clinics. Called by `web` with every sold-out answer.
//!
//! Work is bounded: at the same clinic the eight free days nearest to the day wanted, around it at most 256 clinics
//! within 20 km, of which six are looked at in detail.

use charye_domain::ids::{ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;

use super::cells::Origin;
use super::search::Sieve;
use super::{Availability, DaySet, Moment, ProductRows, SearchError, SlotPlace};

/// Other places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alternatives {
    /// At the same clinic, the nearest in time first, at most [`Alternatives::HERE_MAX`].
    pub same_clinic: Vec<Offer>,
    /// One each at other clinics, the nearest clinic first, at most [`Alternatives::NEARBY_MAX`]. None for a second
    /// dose, which is given where the first was.
    pub nearby: Vec<Offer>,
}

/// A place to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub slot: SlotId,
    pub clinic: ClinicId,
    pub product: ProductId,
    pub day: DayIndex,
    pub start: MinuteOfDay,
    /// At most 255; stands for this many or more.
    pub remaining: u16,
    /// From the clinic first wanted: 0 there, `None` if either's place is not known.
    pub distance_m: Option<u32>,
}

impl Alternatives {
    /// Offers at the same clinic.
    pub const HERE_MAX: usize = 4;
    /// Offers at other clinics.
    pub const NEARBY_MAX: usize = 6;

    const DAYS_TRIED: usize = 8;
    const CLINICS_TRIED: u32 = 256;
    const REACH_M: u32 = 20_000;
}

impl Availability {
    /// Places like `wanted`, which is gone: the same product and dose. Where both doses are reserved together, firsts
    /// that a second may follow. If `wanted` is the second dose of a pair, `first` is the place of the first, and only
    /// days that the interval allows are offered.
    ///
    /// # Errors
    /// `SlotUnknown`: one of the slots is not on the board, or `first` is no first dose at the clinic of `wanted`.
    pub fn alternatives(
        &self,
        wanted: SlotId,
        first: Option<SlotId>,
        moment: Moment,
    ) -> Result<Alternatives, SearchError> {
        let place = self.board.place(wanted).ok_or(SearchError::SlotUnknown)?;
        let campaign = self.campaign(place.plane.campaign)?;
        let products = campaign.products(place.plane.dose, Some(place.plane.product))?;
        let Some(rows) = products.first() else { return Ok(Alternatives::default()) };
        let mut sieve = Sieve::new(&self.board, products, moment);
        if place.plane.dose == DoseNumber::Second
            && let Some(first) = first
        {
            let (first_place, _, interval) = self.second_of(first)?;
            if first_place.rank != place.rank {
                return Err(SearchError::SlotUnknown);
            }
            sieve.days = sieve.days.and(DaySet::after(first_place.day, interval));
        }
        let same_clinic = self.nearest_times(&sieve, rows, place.rank, &place, wanted, Some(0), Alternatives::HERE_MAX);
        let nearby = match place.plane.dose {
            DoseNumber::First => self.nearby(&sieve, rows, &place, wanted),
            DoseNumber::Second => Vec::new(),
        };
        Ok(Alternatives { same_clinic, nearby })
    }

    /// One offer at each of the nearest clinics that have one.
    fn nearby(&self, sieve: &Sieve<'_>, rows: &ProductRows, place: &SlotPlace, wanted: SlotId) -> Vec<Offer> {
        let point = self.directory.point_at(place.rank);
        let Some(origin) = point.map(Origin::new) else { return Vec::new() };
        let mut nearest: Vec<(u32, u32)> = Vec::with_capacity(Alternatives::NEARBY_MAX + 1);
        let mut tried = 0;
        let done = std::cell::Cell::new(None);
        let go_on = |bound_m: u32| done.get().is_none_or(|farthest_m| bound_m <= farthest_m);
        self.directory.cells.visit_rings(&origin, Alternatives::REACH_M, go_on, |entry| {
            if entry.rank == place.rank || tried == Alternatives::CLINICS_TRIED {
                return;
            }
            tried += 1;
            let distance_m = origin.distance_m(entry.point);
            if distance_m > Alternatives::REACH_M
                || sieve.days_whatever_the_time(self.board.row(rows.plane, entry.rank)).is_empty()
            {
                return;
            }
            let candidate = (distance_m, entry.rank);
            let position = nearest.partition_point(|other| *other < candidate);
            nearest.insert(position, candidate);
            nearest.truncate(Alternatives::NEARBY_MAX);
            if nearest.len() == Alternatives::NEARBY_MAX {
                done.set(nearest.last().map(|(farthest_m, _)| *farthest_m));
            }
        });
        let offers = nearest.into_iter().filter_map(|(distance_m, rank)| {
            self.nearest_times(sieve, rows, rank, place, wanted, Some(distance_m), 1).pop()
        });
        offers.collect()
    }

    /// The free times of a clinic nearest to the time wanted, nearest first: the same day, then the days around it.
    #[expect(clippy::too_many_arguments, reason = "one question, asked from two places; a struct would only rename it")]
    fn nearest_times(
        &self,
        sieve: &Sieve<'_>,
        rows: &ProductRows,
        rank: u32,
        place: &SlotPlace,
        wanted: SlotId,
        distance_m: Option<u32>,
        count: usize,
    ) -> Vec<Offer> {
        let row = self.board.row(rows.plane, rank);
        let mut days: Vec<DayIndex> = sieve.days_whatever_the_time(row).iter().collect();
        days.sort_by_key(|day| (day.0.abs_diff(place.day.0), *day));
        let mut offers = Vec::with_capacity(count);
        for day in days.into_iter().take(Alternatives::DAYS_TRIED) {
            let Some((block, mask)) = sieve.slots(row, day) else { continue };
            let mut times: Vec<_> = self.board.timetable(block).in_time_order(mask).collect();
            times.sort_by_key(|(_, start)| (start.0.abs_diff(place.start.0), *start));
            for (index, start) in times {
                let slot = SlotId::new(block, index);
                let remaining = self.board.remaining(slot);
                if remaining == 0 || slot == wanted {
                    continue;
                }
                let clinic = self.directory.id_at(rank);
                offers.push(Offer { slot, clinic, product: rows.product, day, start, remaining, distance_m });
                if offers.len() == count {
                    return offers;
                }
            }
        }
        offers
    }
}

//! Room: engine/availability. What lets a clinic through a search, and what a page tells of it.
//!
//! Called once for each clinic of an area, so its first step is one load and one comparison a product.

use std::cell::Cell;
use std::ops::Range;

use charye_domain::ids::{BlockId, ClinicId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};

use super::{ClinicFound, NextTime, NextTimes, Show};
use crate::availability::board::Row;
use crate::availability::{Board, DaySet, Moment, ProductRows};

/// Sorts after every day.
const SOLD_OUT: u32 = DayIndex::MAX_DAYS;
const MIDNIGHT: MinuteOfDay = MinuteOfDay(1_440);

/// What a clinic must have.
pub(in crate::availability) struct Sieve<'a> {
    board: &'a Board,
    products: &'a [ProductRows],
    /// Days asked that are not over.
    pub(in crate::availability) days: DaySet,
    /// Today, if a part of it is over: such a day needs a look at its times.
    today: DaySet,
    moment: Moment,
    /// The whole day if no times were asked.
    times: Range<MinuteOfDay>,
    show: Show,
    /// The timetable last seen and its slots at the times asked: neighbours mostly share one.
    last_mask: Cell<(u32, u64)>,
}

impl<'a> Sieve<'a> {
    pub(in crate::availability) fn new(board: &'a Board, products: &'a [ProductRows], moment: Moment) -> Self {
        let some_of_today_is_over = moment.first_minute > MinuteOfDay(0);
        Self {
            board,
            products,
            days: moment.days_left(),
            today: if some_of_today_is_over { DaySet::day(moment.day) } else { DaySet::EMPTY },
            moment,
            times: MinuteOfDay(0)..MIDNIGHT,
            show: Show::Free,
            last_mask: Cell::new((u32::MAX, 0)),
        }
    }

    /// The same, on these days only, at these times only, showing these clinics.
    pub(super) fn narrowed(self, days: DaySet, times: Option<&Range<MinuteOfDay>>, show: Show) -> Self {
        let times = times.cloned().unwrap_or(MinuteOfDay(0)..MIDNIGHT);
        Self { days: self.days.and(days), times, show, ..self }
    }

    /// The earliest day on which a clinic has what is asked, as a number; one after every day if it has not and is shown
    /// anyway.
    #[inline]
    pub(super) fn first_day_or_sold_out(&self, rank: u32) -> Option<u32> {
        let mut first = SOLD_OUT;
        for product in self.products {
            let row = self.board.row(product.plane, rank);
            let days = self.days_whatever_the_time(row);
            let day = if self.is_any_time() { days.first() } else { self.first_in_time(row, days) };
            first = first.min(day.map_or(SOLD_OUT, |day| day.0.into()));
        }
        (first < SOLD_OUT || self.show == Show::All && self.is_given(rank)).then_some(first)
    }

    /// The days asked on which a row has a place that can be reserved.
    #[inline]
    pub(in crate::availability) fn days_whatever_the_time(&self, row: Row) -> DaySet {
        let days = self.board.open_days(row).and(self.days);
        if days.and(self.today).is_empty() { days } else { self.without_what_is_over(row, days) }
    }

    /// The block of a day and its free slots at the times asked, if there are any.
    pub(in crate::availability) fn slots(&self, row: Row, day: DayIndex) -> Option<(BlockId, u64)> {
        let block = self.board.block(row, day)?;
        let free = self.free_in_time(block, day);
        (free != 0).then_some((block, free))
    }

    /// The free slots of a day's block at the times asked.
    #[inline]
    fn free_in_time(&self, block: BlockId, day: DayIndex) -> u64 {
        let mut free = self.board.free_slots(block);
        if free != 0 && !self.is_any_time() {
            free &= self.mask_of_times_asked(block);
        }
        if free != 0 && self.today.contains(day) {
            free &= self.mask_of_rest_of_today(block);
        }
        free
    }

    /// Places on the days asked, whatever the time.
    pub(super) fn places_on_days(&self, rank: u32) -> u32 {
        let rows = self.products.iter().map(|product| self.board.row(product.plane, rank));
        rows.map(|row| self.board.places_on(row, self.days_whatever_the_time(row))).sum()
    }

    /// What a page tells of a clinic.
    pub(super) fn detail(&self, clinic: ClinicId, rank: u32, distance_m: Option<u32>, next_times: u8) -> ClinicFound {
        let (mut days, mut places) = (DaySet::EMPTY, 0);
        let mut times = EarliestTimes { wanted: next_times.into(), times: NextTimes::default(), count: 0 };
        for product in self.products {
            let row = self.board.row(product.plane, rank);
            let (of_product, places_then) = self.days_and_places_in_time(row);
            days = days.or(of_product);
            places += places_then;
            if next_times > 0 {
                self.offer_times(product, row, of_product, &mut times);
            }
        }
        ClinicFound { clinic, distance_m, days, places, next_times: times.times }
    }

    #[cold]
    fn without_what_is_over(&self, row: Row, days: DaySet) -> DaySet {
        let left = |block| self.board.free_slots(block) & self.mask_of_rest_of_today(block);
        let is_left = self.board.block(row, self.moment.day).is_some_and(|block| left(block) != 0);
        if is_left { days } else { days.without(self.today) }
    }

    fn first_in_time(&self, row: Row, days: DaySet) -> Option<DayIndex> {
        self.board.blocks_on(row, days).find(|(day, block)| self.free_in_time(*block, *day) != 0).map(|(day, _)| day)
    }

    fn mask_of_rest_of_today(&self, block: BlockId) -> u64 {
        self.board.timetable(block).mask_between(&(self.moment.first_minute..MIDNIGHT))
    }

    fn is_any_time(&self) -> bool {
        self.times.start == MinuteOfDay(0) && self.times.end == MIDNIGHT
    }

    /// Whether a clinic gives a product asked at all.
    fn is_given(&self, rank: u32) -> bool {
        self.products.iter().any(|product| !self.board.days(self.board.row(product.plane, rank)).is_empty())
    }

    /// The days asked on which a row has places at the times asked, and how many.
    fn days_and_places_in_time(&self, row: Row) -> (DaySet, u32) {
        let days = self.days_whatever_the_time(row);
        if self.is_any_time() && days.and(self.today).is_empty() {
            return (days, self.board.places_on(row, days));
        }
        let (mut fitting, mut places) = (DaySet::EMPTY, 0);
        for (day, block) in self.board.blocks_on(row, days) {
            let free = self.free_in_time(block, day);
            if free != 0 {
                fitting = fitting.or(DaySet::day(day));
                places += self.board.places_in(block, free);
            }
        }
        (fitting, places)
    }

    fn offer_times(&self, product: &ProductRows, row: Row, days: DaySet, times: &mut EarliestTimes) {
        for (day, block) in self.board.blocks_on(row, days) {
            let mask = self.free_in_time(block, day);
            for (index, start) in self.board.timetable(block).in_time_order(mask) {
                let slot = SlotId::new(block, index);
                let remaining = self.board.remaining(slot);
                // Taken since its bit was read: the next one, then.
                if remaining > 0 && !times.keep(NextTime { slot, product: product.product, day, start, remaining }) {
                    return;
                }
            }
        }
    }

    fn mask_of_times_asked(&self, block: BlockId) -> u64 {
        let number = self.board.timetable_number(block);
        let (last, mask) = self.last_mask.get();
        if last == number {
            return mask;
        }
        let mask = self.board.timetable(block).mask_between(&self.times);
        self.last_mask.set((number, mask));
        mask
    }
}

/// Keeps the earliest times, those of an earlier product first.
struct EarliestTimes {
    wanted: usize,
    times: NextTimes,
    count: usize,
}

impl EarliestTimes {
    /// Puts a time in its place; false if it is later than all kept and there is no room.
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

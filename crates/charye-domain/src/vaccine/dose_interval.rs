//! Room: domain. Days between two doses, as dates for people and as bit masks for the board. Which days are open is the
//! caller's knowledge (campaign, clinic) and comes in as an argument. Never knows slots or stock.

use std::ops::RangeInclusive;

use jiff::{Span, civil::Date};

use crate::time::DayIndex;

/// Days allowed between dose 1 and dose 2.
///
/// Unit: whole days, civil time of the campaign. Source: KDCA notice of 2021-08 for the 18-49 opening (mRNA: 6 weeks,
/// 5 allowed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoseInterval {
    /// Both ends included.
    pub allowed_days: RangeInclusive<u16>,
    /// The interval offered first; within `allowed_days`.
    pub standard_days: u16,
}

impl DoseInterval {
    /// Whether a second dose on `second` may follow a first dose on `first`.
    pub fn allows(&self, first: Date, second: Date) -> bool {
        u16::try_from((second - first).get_days()).is_ok_and(|days| self.allowed_days.contains(&days))
    }

    /// The days on which the second dose may be given after a first dose on `first`, ascending: those of the interval
    /// that `is_open` says are open at the clinic, holidays and closed days left out.
    pub fn second_days(&self, first: Date, is_open: impl Fn(Date) -> bool) -> impl Iterator<Item = Date> {
        self.allowed_days.clone().filter_map(move |days| after(first, days)).filter(move |second| is_open(*second))
    }

    /// The second day offered first: the standard day, or the nearest allowed open one if that is closed.
    ///
    /// Of two that are equally near, the later, because a longer interval harms less. `None` if none is open.
    pub fn standard_second_day(&self, first: Date, is_open: impl Fn(Date) -> bool) -> Option<Date> {
        self.allowed_days
            .clone()
            .filter(|days| after(first, *days).is_some_and(&is_open))
            .min_by_key(|days| (days.abs_diff(self.standard_days), u16::MAX - days))
            .and_then(|days| after(first, days))
    }

    /// The second days allowed after a first dose on `first`, as a mask of day indexes; days past the mask's 128 are
    /// dropped.
    pub fn second_days_mask(&self, first: DayIndex) -> u128 {
        let (from, width) = self.first_and_width();
        shifted_up(shifted_up(low_bits(width), from), u32::from(first.0))
    }

    /// The first days after which at least one of the days in `second_open` is allowed, as a mask of day indexes.
    ///
    /// The board ANDs this with the days that have a first place: what is left are days on which a pair can be had at
    /// one clinic. Costs a handful of shifts, however wide the interval.
    pub fn first_days_with_a_second(&self, second_open: u128) -> u128 {
        let (from, width) = self.first_and_width();
        or_of_shifts_down(shifted_down(second_open, from), width)
    }

    /// The first allowed interval and how many there are, both capped so that they fit a mask.
    fn first_and_width(&self) -> (u32, u32) {
        let (from, to) = (u32::from(*self.allowed_days.start()), u32::from(*self.allowed_days.end()));
        let width = if from <= to { to - from + 1 } else { 0 };
        (from, width.min(DayIndex::MAX_DAYS))
    }
}

fn after(first: Date, days: u16) -> Option<Date> {
    first.checked_add(Span::new().days(i64::from(days))).ok()
}

fn low_bits(width: u32) -> u128 {
    if width == 0 { 0 } else { u128::MAX >> (DayIndex::MAX_DAYS - width.min(DayIndex::MAX_DAYS)) }
}

fn shifted_up(mask: u128, by: u32) -> u128 {
    mask.checked_shl(by).unwrap_or(0)
}

fn shifted_down(mask: u128, by: u32) -> u128 {
    mask.checked_shr(by).unwrap_or(0)
}

/// `mask | mask >> 1 | .. | mask >> (width - 1)`, doubling what is covered at each step.
fn or_of_shifts_down(mask: u128, width: u32) -> u128 {
    if width == 0 {
        return 0;
    }
    let (mut covered, mut reach) = (mask, 1);
    while reach * 2 <= width {
        covered |= shifted_down(covered, reach);
        reach *= 2;
    }
    // The last step overlaps: `reach` shifts are covered, `width - reach` are missing, and that is at most `reach`.
    covered | shifted_down(covered, width - reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn six_weeks() -> DoseInterval {
        DoseInterval { allowed_days: 35..=42, standard_days: 42 }
    }

    #[test]
    fn the_standard_day_is_offered_unless_it_is_closed() {
        let check = |closed: &[Date], expect: Option<Date>| {
            let second = six_weeks().standard_second_day(date(2021, 8, 30), |day| !closed.contains(&day));
            assert_eq!(second, expect, "closed: {closed:?}");
        };
        check(&[], Some(date(2021, 10, 11)));
        // 11 October 2021 was a substitute holiday; the 10th a Sunday, the 9th Hangul Day.
        check(&[date(2021, 10, 11)], Some(date(2021, 10, 10)));
        check(&[date(2021, 10, 11), date(2021, 10, 10), date(2021, 10, 9)], Some(date(2021, 10, 8)));
        let all: Vec<_> = six_weeks().second_days(date(2021, 8, 30), |_| true).collect();
        assert_eq!(all.len(), 8);
        check(&all, None);
    }

    #[test]
    fn of_two_equally_near_days_the_later_is_offered() {
        let interval = DoseInterval { allowed_days: 21..=35, standard_days: 28 };
        let standard = date(2022, 3, 29);
        assert_eq!(interval.standard_second_day(date(2022, 3, 1), |day| day != standard), Some(date(2022, 3, 30)));
    }

    #[test]
    fn the_korean_interval_as_masks() {
        assert_eq!(six_weeks().second_days_mask(DayIndex(0)), 0xff << 35);
        assert_eq!(six_weeks().second_days_mask(DayIndex(90)), 0b111 << 125);
        assert_eq!(six_weeks().second_days_mask(DayIndex(93)), 0);
        assert_eq!(six_weeks().first_days_with_a_second(1 << 42), 0xff);
        assert_eq!(six_weeks().first_days_with_a_second(0), 0);
    }

    #[test]
    fn intervals_beyond_the_mask_allow_nothing_and_do_not_overflow() {
        let years = DoseInterval { allowed_days: 60_000..=u16::MAX, standard_days: 60_000 };
        assert_eq!((years.second_days_mask(DayIndex(0)), years.first_days_with_a_second(u128::MAX)), (0, 0));
        assert_eq!(years.second_days(date(9999, 12, 31), |_| true).count(), 0);
        #[expect(clippy::reversed_empty_ranges, reason = "the case under test: a file never yields it, a caller may")]
        let none = DoseInterval { allowed_days: 5..=4, standard_days: 5 };
        assert_eq!((none.second_days_mask(DayIndex(0)), none.first_days_with_a_second(u128::MAX)), (0, 0));
    }

    fn intervals() -> impl Strategy<Value = DoseInterval> {
        (0_u16..200, 0_u16..200, 0_u16..400).prop_map(|(a, b, at)| {
            let (from, to) = (a.min(b), a.max(b));
            DoseInterval { allowed_days: from..=to, standard_days: from + at % (to - from + 1) }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn masks_say_the_same_as_dates(interval in intervals(), first in 0_u8..128, second_open in any::<u128>()) {
            let day_zero = date(2021, 8, 26);
            let by_dates = (0..128_u8)
                .filter(|second| interval.allows(DayIndex(first).date(day_zero), DayIndex(*second).date(day_zero)))
                .fold(0_u128, |mask, second| mask | 1 << second);
            prop_assert_eq!(interval.second_days_mask(DayIndex(first)), by_dates);
            let has_second = by_dates & second_open != 0;
            prop_assert_eq!(interval.first_days_with_a_second(second_open) >> first & 1 == 1, has_second);
        }

        #[test]
        fn every_second_day_offered_is_allowed_and_open(interval in intervals(), open in any::<u128>(), first in 0_i64..60) {
            let day_zero = date(2021, 8, 26);
            let first = day_zero.checked_add(Span::new().days(first)).unwrap();
            let is_open = |day: Date| DayIndex::of(day, day_zero).is_some_and(|day| open >> day.0 & 1 == 1);
            let offered: Vec<_> = interval.second_days(first, is_open).collect();
            prop_assert!(offered.is_sorted());
            prop_assert!(offered.iter().all(|second| interval.allows(first, *second) && is_open(*second)));
            let all = (0..400_i64)
                .filter_map(|days| first.checked_add(Span::new().days(days)).ok())
                .filter(|second| interval.allows(first, *second) && is_open(*second));
            prop_assert!(all.eq(offered.iter().copied()), "none is left out");
            let standard = interval.standard_second_day(first, is_open);
            prop_assert_eq!(standard.is_some(), !offered.is_empty());
            let off_by = |second: Date| ((second - first).get_days() - i32::from(interval.standard_days)).abs();
            if let Some(standard) = standard {
                prop_assert!(offered.iter().all(|other| off_by(*other) >= off_by(standard)), "nothing is nearer");
            }
        }
    }
}

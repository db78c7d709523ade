//! Room: engine/availability. Days of a campaign as the 128 bits of a number, and the arithmetic of pairs of doses.
//!
//! Called by every look-up. Pure: no board, no clinic. Never knows which date a day index is.

use std::ops::RangeInclusive;

use charye_domain::time::DayIndex;

/// A set of days of a campaign: bit n is day index n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DaySet(pub u128);

impl DaySet {
    pub const EMPTY: Self = Self(0);
    pub const ALL: Self = Self(u128::MAX);

    /// Every day from the first to the last, both included; empty if they are the wrong way round.
    pub fn range(days: &RangeInclusive<DayIndex>) -> Self {
        Self::from_day(*days.start()).and(Self::up_to_day(*days.end()))
    }

    /// `day` and every day after it.
    pub fn from_day(day: DayIndex) -> Self {
        Self(u128::MAX.checked_shl(u32::from(day.0)).unwrap_or(0))
    }

    /// Every day up to `day`, which is included.
    pub fn up_to_day(day: DayIndex) -> Self {
        Self(u128::MAX >> (DayIndex::MAX_DAYS - 1).saturating_sub(u32::from(day.0)))
    }

    /// The one day.
    pub fn day(day: DayIndex) -> Self {
        Self(1_u128.checked_shl(u32::from(day.0)).unwrap_or(0))
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn contains(self, day: DayIndex) -> bool {
        self.and(Self::day(day)) != Self::EMPTY
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many days.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The earliest day.
    pub fn first(self) -> Option<DayIndex> {
        (!self.is_empty()).then(|| DayIndex(self.0.trailing_zeros() as u8))
    }

    /// How many days of the set come before `day`.
    pub fn rank(self, day: DayIndex) -> u32 {
        self.without(Self::from_day(day)).len()
    }

    /// The days, earliest first.
    pub fn iter(self) -> impl Iterator<Item = DayIndex> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let day = rest.first()?;
            rest.0 &= rest.0 - 1;
            Some(day)
        })
    }

    /// The days after which a day of this set follows within the interval: those `d` for which some `d + k`, `k` in the
    /// interval, is in the set.
    ///
    /// Shifts by doubling steps, so seven or fewer whatever the interval.
    pub fn followed_within(self, interval: IntervalDays) -> Self {
        let mut reached = self.0.checked_shr(u32::from(interval.min)).unwrap_or(0);
        let width = u32::from(interval.max.saturating_sub(interval.min)).min(DayIndex::MAX_DAYS - 1) + 1;
        let mut covered = 1;
        while covered * 2 <= width {
            reached |= reached >> covered;
            covered *= 2;
        }
        if covered < width {
            reached |= reached >> (width - covered);
        }
        Self(reached)
    }

    /// The days an interval allows after `first`, within the 128 days of a campaign.
    pub fn after(first: DayIndex, interval: IntervalDays) -> Self {
        let day = |days: u16| u16::from(first.0).saturating_add(days);
        let last_index = (DayIndex::MAX_DAYS - 1) as u16;
        if interval.min > interval.max || day(interval.min) > last_index {
            return Self::EMPTY;
        }
        let last = day(interval.max).min(last_index);
        Self::range(&(DayIndex(day(interval.min) as u8)..=DayIndex(last as u8)))
    }
}

/// Days allowed between two doses, both ends included, as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntervalDays {
    /// Unit: days.
    pub min: u16,
    /// Unit: days; not less than `min`.
    pub max: u16,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_a_campaign_are_days_like_any_other() {
        let (first, last) = (DayIndex(0), DayIndex(127));
        assert_eq!(DaySet::range(&(first..=last)), DaySet::ALL);
        assert_eq!(DaySet::range(&(last..=last)).iter().collect::<Vec<_>>(), [last]);
        assert_eq!(DaySet::range(&(last..=first)), DaySet::EMPTY);
        assert_eq!(DaySet::ALL.rank(last), 127);
        assert_eq!(DaySet::from_day(DayIndex(200)), DaySet::EMPTY);
        assert_eq!(DaySet::day(DayIndex(200)), DaySet::EMPTY);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn shifted_masks_find_the_days_that_a_second_dose_may_follow(bits: u128, min in 0_u16..140, width in 0_u16..140) {
            // Sparse sets, or every day is followed by some other.
            let second = DaySet(bits & bits.rotate_left(17) & bits.rotate_left(71));
            let interval = IntervalDays { min, max: min + width };
            for first in 0..128_u16 {
                let naive = (min..=min + width).any(|k| first + k < 128 && second.contains(DayIndex((first + k) as u8)));
                prop_assert_eq!(second.followed_within(interval).contains(DayIndex(first as u8)), naive, "day {}", first);
                let allowed = DaySet::after(DayIndex(first as u8), interval);
                prop_assert_eq!(!second.and(allowed).is_empty(), naive, "day {}", first);
            }
        }

        #[test]
        fn ranges_hold_what_lies_between(from in 0_u8..128, to in 0_u8..128, day in 0_u8..128) {
            let set = DaySet::range(&(DayIndex(from)..=DayIndex(to)));
            prop_assert_eq!(set.contains(DayIndex(day)), from <= day && day <= to);
            prop_assert_eq!(set.rank(DayIndex(day)), set.iter().filter(|d| d.0 < day).count() as u32);
        }
    }
}

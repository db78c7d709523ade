//! Room: domain. Instants and civil time as the rules see them. There is no clock here: `now` is always an argument.

use jiff::{Timestamp, civil::Date, civil::DateTime, tz::TimeZone};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Later than every instant a rule can name.
    pub const NEVER: Self = Self(i64::MAX);

    /// This instant, `millis` later (or earlier, if negative). Saturates.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This instant, whole seconds later. Saturates.
    pub fn plus_secs(self, secs: u32) -> Self {
        self.plus_millis(i64::from(secs) * 1_000)
    }

    /// Milliseconds from `earlier` to here; negative if `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// What a wall clock in `zone` shows at this instant. Instants outside jiff's range are clamped to its ends.
    pub fn civil(self, zone: &TimeZone) -> DateTime {
        let timestamp =
            Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX });
        zone.to_datetime(timestamp)
    }

    /// The instant at which a wall clock in `zone` shows `civil`; in a gap or fold, jiff's "compatible" choice.
    /// `None` only outside jiff's range.
    pub fn from_civil(civil: DateTime, zone: &TimeZone) -> Option<Self> {
        let zoned = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        Some(Self(zoned.as_millisecond()))
    }
}

/// A day of a campaign: days since the campaign's first vaccination day. At most 127 (one bit each of a `u128`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayIndex(pub u8);

impl DayIndex {
    /// Vaccination days a campaign can span.
    pub const MAX_DAYS: u32 = 128;

    /// The day index of `date` in a campaign that starts on `first_day`, or `None` outside 0..128.
    pub fn of(date: Date, first_day: Date) -> Option<Self> {
        let days = (date - first_day).get_days();
        (0..Self::MAX_DAYS.cast_signed()).contains(&days).then_some(Self(days as u8))
    }

    /// The date of this day index in a campaign that starts on `first_day`.
    pub fn date(self, first_day: Date) -> Date {
        first_day.saturating_add(jiff::Span::new().days(i64::from(self.0)))
    }
}

/// Minutes since midnight of a civil day, 0..1440.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinuteOfDay(pub u16);

impl std::fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_korean_window_crosses_midnight_as_numbers_not_strings() {
        let seoul = TimeZone::fixed(jiff::tz::offset(9));
        let opens = UnixMillis::from_civil(date(2021, 8, 9).at(20, 0, 0, 0), &seoul).unwrap();
        let closes = UnixMillis::from_civil(date(2021, 8, 10).at(18, 0, 0, 0), &seoul).unwrap();
        assert_eq!(closes.millis_since(opens), 22 * 3_600_000);
        assert_eq!(opens.civil(&seoul), date(2021, 8, 9).at(20, 0, 0, 0));
    }

    #[test]
    fn day_index_round_trips_and_refuses_what_does_not_fit() {
        let first = date(2021, 8, 26);
        assert_eq!(DayIndex::of(date(2021, 8, 25), first), None);
        assert_eq!(DayIndex::of(date(2021, 12, 31), first), Some(DayIndex(127)));
        assert_eq!(DayIndex::of(date(2022, 1, 1), first), None);
        assert_eq!(DayIndex(127).date(first), date(2021, 12, 31));
    }
}

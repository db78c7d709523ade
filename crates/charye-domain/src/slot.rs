//! Room: domain. Clinic sessions, the slots that follow from them, and how much of a slot is released.
//!
//! Called by the book when it lays out its grid and when an opening begins. Never counts what is held or reserved.

use jiff::civil::Date;

use crate::campaign::Campaign;
use crate::ids::{ProductId, SlotId};
use crate::time::{DayIndex, MinuteOfDay};
use crate::vaccine::DoseNumber;

/// Part of a day when a clinic gives one dose of one product, repeated over days (FHIR Schedule).
///
/// Its slots are every `slot_minutes` from `start` while a whole slot fits before `end`, on each day from `first_day`
/// to `last_day` whose weekday is in `weekdays` and that is open for the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicSession {
    /// The clinic's code.
    pub clinic: String,
    pub product: ProductId,
    pub dose: DoseNumber,
    /// Both included.
    pub first_day: Date,
    pub last_day: Date,
    pub weekdays: Weekdays,
    pub start: MinuteOfDay,
    pub end: MinuteOfDay,
    /// Unit: minutes, 5 to 720.
    pub slot_minutes: u16,
    /// Places in each slot, 1 to 10,000.
    pub capacity: u16,
}

/// The start times of a session's slots on one of its days, ascending. Empty if not one whole slot fits.
pub fn slot_starts(session: &ClinicSession) -> impl Iterator<Item = MinuteOfDay> + use<> {
    let (start, end, step) = (session.start.0, session.end.0, session.slot_minutes.max(1));
    let whole_slots = end.saturating_sub(start) / step;
    (0..whole_slots).map(move |index| MinuteOfDay(start + index * step))
}

/// The days on which a session is held in a campaign, ascending: its weekdays between its first and last day, without
/// the campaign's closed days and what lies outside the campaign.
pub fn session_days(campaign: &Campaign, session: &ClinicSession) -> impl Iterator<Item = DayIndex> + use<> {
    let mut left = session_days_mask(campaign, session);
    std::iter::from_fn(move || {
        let day = u8::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
        left &= left - 1;
        Some(DayIndex(day))
    })
}

/// [`session_days`] as a mask: bit n is day index n.
pub fn session_days_mask(campaign: &Campaign, session: &ClinicSession) -> u128 {
    let first_day = campaign.first_day;
    let from = session.first_day.max(first_day);
    let to = session.last_day.min(campaign.last_day);
    let (Some(from), Some(to)) = (DayIndex::of(from, first_day), DayIndex::of(to, first_day)) else { return 0 };
    if from > to {
        return 0;
    }
    let range = (u128::MAX << from.0) & (u128::MAX >> (DayIndex::MAX_DAYS - 1 - u32::from(to.0)));
    range & session.weekdays.mask_from(first_day) & campaign.open_days()
}

/// How many of a slot's places are out once a cumulative share of the doses has been released.
///
/// `floor(capacity x share / 10,000 + offset(slot))` with a fixed offset in [0, 1) for each slot, so slots too small to
/// be divided come out right on average, and shares of 0 and 10,000 give none and all. Never falls as the share rises.
/// Unit of `cumulative_share`: 1/10,000; more counts as 10,000. Source: ARCHITECTURE section 7.
pub fn released(capacity: u16, cumulative_share: u16, slot: SlotId) -> u16 {
    const WHOLE: u64 = 10_000;
    let share = u64::from(cumulative_share).min(WHOLE);
    let places_q32 = ((u64::from(capacity) * share) << 32) / WHOLE;
    // Both terms are below 2^48 + 2^32, and the floor is at most `capacity`: the offset is less than one place.
    u16::try_from((places_q32 + u64::from(offset_q32(slot))) >> 32).unwrap_or(capacity)
}

/// A slot's offset in [0, 1) as a 32-bit fraction: the same on every machine, spread evenly over slot ids.
///
/// Source: the finaliser of `SplitMix64` (Steele, Lea, Flood 2014), upper half.
fn offset_q32(slot: SlotId) -> u32 {
    let mut z = u64::from(slot.0).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 32) as u32
}

/// A set of weekdays: bit 0 is Monday, bit 6 is Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekdays(pub u8);

impl Weekdays {
    pub const ALL: Self = Self(0b111_1111);

    /// Whether `date` falls on one of these weekdays.
    pub fn contains(self, date: Date) -> bool {
        self.0 >> date.weekday().to_monday_zero_offset() & 1 == 1
    }

    /// These weekdays over 128 days: bit n is the n-th day after `first_day`.
    fn mask_from(self, first_day: Date) -> u128 {
        const EVERY_SEVENTH: u128 = {
            let (mut mask, mut day) = (0, 0);
            while day < DayIndex::MAX_DAYS {
                mask |= 1 << day;
                day += 7;
            }
            mask
        };
        let first = first_day.weekday().to_monday_zero_offset().unsigned_abs();
        let held = (0..7_u8).filter(|weekday| self.0 >> weekday & 1 == 1);
        held.fold(0, |mask, weekday| mask | EVERY_SEVENTH << ((7 + weekday - first) % 7))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;
    use jiff::civil::{Weekday, date};
    use proptest::prelude::*;

    fn session() -> ClinicSession {
        ClinicSession {
            clinic: "C1".to_owned(),
            product: ProductId(0),
            dose: DoseNumber::First,
            first_day: date(2021, 8, 26),
            last_day: date(2021, 9, 30),
            weekdays: Weekdays(0b001_1111),
            start: MinuteOfDay(9 * 60),
            end: MinuteOfDay(12 * 60),
            slot_minutes: 30,
            capacity: 6,
        }
    }

    #[test]
    fn only_whole_slots_fit_before_the_end() {
        let check = |start, end, slot_minutes, expect: &str| {
            let session = ClinicSession { start: MinuteOfDay(start), end: MinuteOfDay(end), slot_minutes, ..session() };
            let starts: Vec<_> = slot_starts(&session).map(|start| start.to_string()).collect();
            assert_eq!(starts.join(" "), expect);
        };
        check(540, 600, 30, "09:00 09:30");
        check(540, 599, 30, "09:00");
        check(540, 569, 30, "");
        check(600, 540, 30, "");
        check(1_380, 1_440, 15, "23:00 23:15 23:30 23:45");
    }

    #[test]
    fn a_session_keeps_its_weekdays_and_the_campaigns_closed_days() {
        let (campaign, session) = (samples::rotation(), session());
        let dates: Vec<_> = session_days(&campaign, &session).map(|day| campaign.date(day)).collect();
        let weekend = [Weekday::Saturday, Weekday::Sunday];
        assert!(dates.iter().all(|day| !weekend.contains(&day.weekday())));
        assert!(!dates.contains(&date(2021, 9, 21)), "Chuseok is closed");
        assert_eq!((dates.first(), dates.last()), (Some(&date(2021, 8, 26)), Some(&date(2021, 9, 30))));
        assert_eq!(dates.len(), 26 - 3);
    }

    #[test]
    fn days_outside_the_campaign_are_not_held() {
        let campaign = samples::rotation();
        let wide = ClinicSession {
            first_day: date(2020, 1, 1),
            last_day: date(2023, 1, 1),
            weekdays: Weekdays::ALL,
            ..session()
        };
        assert_eq!(session_days(&campaign, &wide).count(), 75);
        for (first_day, last_day) in [
            (date(2020, 1, 1), date(2021, 8, 25)),
            (date(2021, 11, 12), date(2021, 12, 31)),
            (date(2021, 9, 2), date(2021, 9, 1)),
        ] {
            let outside = ClinicSession { first_day, last_day, ..session() };
            assert_eq!(session_days(&campaign, &outside).count(), 0, "{first_day} to {last_day}");
        }
    }

    #[test]
    fn small_slots_average_right() {
        // Over n slots the mean of an evenly spread offset errs by less than 4 standard deviations: 2 / sqrt(n).
        let slots = 200_000_u32;
        for capacity in [1_u16, 2, 3, 5, 7, 12] {
            for share in (0..=10_000).step_by(500) {
                let out: u64 = (0..slots).map(|slot| u64::from(released(capacity, share, SlotId(slot)))).sum();
                let mean = out as f64 / f64::from(slots);
                let fair = f64::from(capacity) * f64::from(share) / 10_000.0;
                assert!((mean - fair).abs() < 0.005, "capacity {capacity}, share {share}: {mean} for {fair}");
            }
        }
    }

    #[test]
    fn neighbouring_slots_of_a_day_do_not_move_together() {
        // A block's slots are 64 consecutive ids: half of a single place must not go to the same half of every day.
        let blocks_out = |index: u32| (0..2_000).filter(|b| released(1, 5_000, SlotId(b * 64 + index)) == 1).count();
        for index in 0..64 {
            assert!((880..1_120).contains(&blocks_out(index)), "index {index}: {}", blocks_out(index));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn the_days_of_a_session_are_those_its_definition_names(
            (from, length) in (-40_i64..140, -5_i64..200),
            weekdays in 0_u8..=0b111_1111,
            closed in prop::collection::btree_set(0_i64..78, 0..20),
        ) {
            let mut campaign = samples::rotation();
            let day = |days: i64| date(2021, 8, 26).checked_add(jiff::Span::new().days(days)).unwrap();
            campaign.closed_days = closed.into_iter().map(day).collect();
            let weekdays = Weekdays(weekdays);
            let session = ClinicSession { first_day: day(from), last_day: day(from + length), weekdays, ..session() };
            let held = |date: &Date| {
                session.first_day <= *date && *date <= session.last_day && weekdays.contains(*date) && campaign.is_open_on(*date)
            };
            let expect: Vec<Date> = (0..78).map(day).filter(held).collect();
            let got: Vec<Date> = session_days(&campaign, &session).map(|day| campaign.date(day)).collect();
            prop_assert_eq!(got, expect);
        }

        #[test]
        fn shares_over_all_openings_add_up_to_the_capacity(
            capacity in 1_u16..=10_000,
            slot in any::<u32>(),
            mut shares in prop::collection::vec(0_u16..=10_000, 0..20),
        ) {
            shares.sort_unstable();
            shares.push(10_000);
            let mut before = 0;
            let mut sum = 0_u32;
            for share in shares {
                let now = released(capacity, share, SlotId(slot));
                prop_assert!(now >= before, "a release takes nothing back");
                sum += u32::from(now - before);
                before = now;
            }
            prop_assert_eq!(sum, u32::from(capacity));
        }

        #[test]
        fn a_slot_is_never_more_than_one_place_from_its_fair_part(
            capacity in any::<u16>(),
            share in 0_u16..=10_000,
            slot in any::<u32>(),
        ) {
            let fair = f64::from(capacity) * f64::from(share) / 10_000.0;
            let out = f64::from(released(capacity, share, SlotId(slot)));
            prop_assert!((out - fair).abs() < 1.0, "{out} for {fair}");
        }

        #[test]
        fn a_share_beyond_the_whole_is_the_whole(capacity in any::<u16>(), share in 10_000_u16.., slot in any::<u32>()) {
            prop_assert_eq!(released(capacity, share, SlotId(slot)), capacity);
            prop_assert_eq!(released(capacity, 0, SlotId(slot)), 0);
        }
    }
}

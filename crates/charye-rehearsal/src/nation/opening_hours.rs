//! Room: rehearsal. When a clinic works in a usual week.
//!
//! Called by `sessions`. Parts of the week never overlap on a day, so that no slot start appears twice.

use super::clinics::Sort;
use super::rng::Stream;

/// Part of the day, the same on several weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WeekPart {
    /// Bit 0 is Monday.
    pub(super) weekdays: u8,
    /// Unit: minutes since midnight; whole slots fit from `start` until before `end`.
    pub(super) start: u16,
    pub(super) end: u16,
}

impl WeekPart {
    /// Slots of this length that fit.
    pub(super) fn slots(&self, slot_minutes: u16) -> u32 {
        u32::from(self.end.saturating_sub(self.start) / slot_minutes.max(1))
    }
}

const WORKDAYS: u8 = 0b001_1111;
const SATURDAY: u8 = 0b010_0000;
const SUNDAY: u8 = 0b100_0000;

/// A usual week of one clinic: at least three weekdays.
pub(super) fn usual_week(stream: &mut Stream, sort: Sort) -> Vec<WeekPart> {
    match sort {
        Sort::Practice => practice(stream),
        Sort::Hospital | Sort::GeneralHospital => hospital(stream),
        Sort::Centre => centre(stream),
        Sort::HealthCentre => health_centre(stream),
    }
}

/// Practices differ most: evenings, a free afternoon or a free weekday, vaccinations in the morning or afternoon only.
fn practice(stream: &mut Stream) -> Vec<WeekPart> {
    let start = stream.weighted(&[(15, 510), (60, 540), (20, 570), (5, 600)]);
    let end = stream.weighted(&[(15, 1_020), (20, 1_050), (40, 1_080), (15, 1_110), (5, 1_140), (5, 1_200)]);
    let (lunch, after_lunch) = lunch(stream);
    let free = 1 << stream.below(5);
    let half_day = 1 << stream.weighted(&[(1, 0), (2, 1), (5, 2), (4, 3), (1, 4)]);
    let (mornings, afternoons) = match stream.weighted(&[(60, 0), (24, 1), (16, 2)]) {
        0 => (WORKDAYS, WORKDAYS),
        1 => (WORKDAYS, WORKDAYS & !half_day),
        _ => (WORKDAYS & !free, WORKDAYS & !free),
    };
    let mut week = Vec::with_capacity(4);
    let half = stream.weighted(&[(76, "whole day"), (9, "morning"), (15, "afternoon")]);
    if half != "afternoon" {
        week.push(WeekPart { weekdays: mornings, start, end: lunch });
    }
    if half != "morning" {
        week.push(WeekPart { weekdays: afternoons, start: after_lunch, end });
    }
    match stream.weighted(&[(70, 0), (24, 1), (6, 2)]) {
        0 => week.push(WeekPart { weekdays: SATURDAY, start, end: 780 }),
        1 => {}
        _ => week.push(WeekPart { weekdays: SATURDAY, start, end: 900 }),
    }
    if stream.chance(30) {
        week.push(WeekPart { weekdays: SUNDAY, start: 600, end: 780 });
    }
    week
}

fn hospital(stream: &mut Stream) -> Vec<WeekPart> {
    let start = stream.weighted(&[(30, 510), (70, 540)]);
    let end = stream.weighted(&[(40, 1_020), (40, 1_050), (20, 1_080)]);
    let saturday = WeekPart { weekdays: SATURDAY, start, end: 750 };
    // One in five works through lunch.
    if stream.chance(200) {
        return vec![WeekPart { weekdays: WORKDAYS, start, end }, saturday];
    }
    let (lunch, after_lunch) = lunch(stream);
    vec![
        WeekPart { weekdays: WORKDAYS, start, end: lunch },
        WeekPart { weekdays: WORKDAYS, start: after_lunch, end },
        saturday,
    ]
}

/// Centres work on Saturdays as on other days, two in five on Sundays too; one in three rests on a weekday instead.
fn centre(stream: &mut Stream) -> Vec<WeekPart> {
    let end = stream.weighted(&[(60, 1_020), (40, 1_080)]);
    let sunday = if stream.chance(400) { SUNDAY } else { 0 };
    let free = if stream.chance(333) { 1 << stream.below(5) } else { 0 };
    let weekdays = (WORKDAYS | SATURDAY | sunday) & !free;
    vec![WeekPart { weekdays, start: 540, end: 720 }, WeekPart { weekdays, start: 780, end }]
}

fn health_centre(stream: &mut Stream) -> Vec<WeekPart> {
    let mut week = vec![
        WeekPart { weekdays: WORKDAYS, start: 540, end: 690 },
        WeekPart { weekdays: WORKDAYS, start: 780, end: 1_020 },
    ];
    if stream.chance(200) {
        week.push(WeekPart { weekdays: SATURDAY, start: 540, end: 720 });
    }
    week
}

/// Start and end of the lunch break.
fn lunch(stream: &mut Stream) -> (u16, u16) {
    stream.weighted(&[(30, (720, 780)), (35, (750, 840)), (25, (780, 840)), (10, (780, 870))])
}

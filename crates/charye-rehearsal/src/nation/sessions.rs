//! Room: rehearsal. Which product a clinic gives when, in slots of how many minutes, with how many places.
//!
//! Called by `generate` with one clinic at a time. Second doses repeat the week of the first, later by the plan's
//! interval: whoever comes on a Tuesday finds a Tuesday again, with as many places.

use super::clinics::DemoClinic;
use super::opening_hours::{WeekPart, usual_week};
use super::plan::OpenDays;
use super::rng::Stream;

/// One row of sessions.csv, but for the clinic's code and the two dates, which follow from the dose.
pub(super) struct DemoSession {
    /// Position in the plan's products.
    pub(super) product: usize,
    /// 1 or 2.
    pub(super) dose: u8,
    pub(super) part: WeekPart,
    pub(super) slot_minutes: u16,
    /// Places in each slot.
    pub(super) capacity: u32,
}

/// Slot starts that one clinic, product, dose and day may have.
const DAY_SLOTS_MAX: u32 = 64;

/// Slot lengths clinics choose among. Unit: minutes.
const SLOT_MINUTES: [u16; 4] = [10, 15, 20, 30];

/// Every clinic session of one clinic, first doses before second.
pub(super) fn sessions_of(
    stream: &mut Stream,
    clinic: &DemoClinic,
    products: usize,
    first_dose_days: &OpenDays,
) -> Vec<DemoSession> {
    let week = usual_week(stream, clinic.sort);
    let mut sessions = Vec::new();
    for line in product_lines(stream, clinic, products, &week) {
        let parts: Vec<WeekPart> = week
            .iter()
            .map(|part| WeekPart { weekdays: part.weekdays & line.weekdays, ..*part })
            .filter(|part| part.weekdays != 0)
            .collect();
        let places = clinic.places_wanted * line.share;
        let slot_minutes = slot_minutes(stream, clinic, places, &parts, first_dose_days);
        let (fewest, most) = clinic.sort.places_in_slot();
        let each = places / slots(&parts, slot_minutes, first_dose_days).max(1.0);
        for part in parts.into_iter().filter(|part| part.slots(slot_minutes) > 0) {
            let capacity = stream.round(each).clamp(fewest, most) as u32;
            sessions.push(DemoSession { product: line.product, dose: 1, part, slot_minutes, capacity });
        }
    }
    let second = |first: &DemoSession| DemoSession { dose: 2, ..*first };
    let second_doses: Vec<DemoSession> = sessions.iter().map(second).collect();
    sessions.extend(second_doses);
    sessions
}

/// A product a clinic gives: its share of the clinic's places and the weekdays it is given on.
struct ProductLine {
    product: usize,
    share: f64,
    weekdays: u8,
}

const MON_WED_FRI: u8 = 0b001_0101;
const TUE_THU_SAT: u8 = 0b010_1010;

/// Small clinics give one product, large ones two, side by side or on alternating weekdays.
fn product_lines(stream: &mut Stream, clinic: &DemoClinic, products: usize, week: &[WeekPart]) -> Vec<ProductLine> {
    use super::clinics::Sort;
    let both_permille = match clinic.sort {
        Sort::Practice => 250,
        Sort::Hospital => 550,
        Sort::GeneralHospital => 900,
        Sort::Centre => 1_000,
        Sort::HealthCentre => 500,
    };
    let first = product(stream, products);
    if products < 2 || !stream.chance(both_permille) {
        return vec![ProductLine { product: first, share: 1.0, weekdays: u8::MAX }];
    }
    let second = (first + 1 + stream.below(products as u32 - 1) as usize) % products;
    let open = week.iter().fold(0, |open, part| open | part.weekdays);
    let alternating = open & (MON_WED_FRI | TUE_THU_SAT) == MON_WED_FRI | TUE_THU_SAT && stream.chance(250);
    // Three weekdays each, at least: of two, holidays may close both a week apart, and nobody could have dose 2.
    let (first_days, second_days) = if alternating { (MON_WED_FRI, TUE_THU_SAT) } else { (u8::MAX, u8::MAX) };
    let share = if alternating { 0.5 } else { stream.between(0.45, 0.65) };
    vec![
        ProductLine { product: first, share, weekdays: first_days },
        ProductLine { product: second, share: 1.0 - share, weekdays: second_days },
    ]
}

/// A product, the earlier in the plan the likelier.
fn product(stream: &mut Stream, products: usize) -> usize {
    let weights = (0..products).map(|index| 10 + 4 * (products - 1 - index) as u32);
    let mut left = stream.below(weights.clone().sum());
    for (index, weight) in weights.enumerate() {
        if left < weight {
            return index;
        }
        left -= weight;
    }
    0
}

/// A slot length that suits the clinic's size: one place or more a slot if the longest slots allow it, no more than the
/// clinic can serve if the shortest do, and never too many slots a day.
fn slot_minutes(
    stream: &mut Stream,
    clinic: &DemoClinic,
    places: f64,
    parts: &[WeekPart],
    first_dose_days: &OpenDays,
) -> u16 {
    let (fewest, most) = clinic.sort.places_in_slot();
    let mut choice = stream.weighted(&[(11, 0_usize), (24, 1), (28, 2), (37, 3)]);
    let each = |choice: usize| places / slots(parts, SLOT_MINUTES[choice], first_dose_days).max(1.0);
    while choice > 0 && each(choice) > most {
        choice -= 1;
    }
    while choice + 1 < SLOT_MINUTES.len() && each(choice) < fewest {
        choice += 1;
    }
    while choice + 1 < SLOT_MINUTES.len() && busiest_day(parts, SLOT_MINUTES[choice]) > DAY_SLOTS_MAX {
        choice += 1;
    }
    SLOT_MINUTES[choice]
}

/// Slots over all first-dose days.
fn slots(parts: &[WeekPart], slot_minutes: u16, days: &OpenDays) -> f64 {
    f64::from(parts.iter().map(|part| part.slots(slot_minutes) * days.count(part.weekdays)).sum::<u32>())
}

/// Slots on the weekday that has most.
fn busiest_day(parts: &[WeekPart], slot_minutes: u16) -> u32 {
    let on = |bit: u8| parts.iter().filter(move |part| part.weekdays >> bit & 1 == 1);
    (0..7).map(|bit| on(bit).map(|part| part.slots(slot_minutes)).sum()).max().unwrap_or(0)
}

/// Weekdays as sessions.csv writes them: `all`, `mon-fri`, `mon,wed,fri`.
pub(super) fn weekday_words(weekdays: u8) -> String {
    const WORDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let open: Vec<usize> = (0..7).filter(|bit| weekdays >> bit & 1 == 1).collect();
    match open.as_slice() {
        [_, _, _, _, _, _, _] => "all".to_owned(),
        [first, .., last] if open.len() > 2 && last - first + 1 == open.len() => {
            format!("{}-{}", WORDS[*first], WORDS[*last])
        }
        _ => open.iter().map(|bit| WORDS[*bit]).collect::<Vec<_>>().join(","),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_written_as_the_import_reads_them() {
        for (weekdays, words) in [
            (0b111_1111, "all"),
            (0b001_1111, "mon-fri"),
            (0b011_1111, "mon-sat"),
            (0b001_1011, "mon,tue,thu,fri"),
            (0b010_1010, "tue,thu,sat"),
            (0b011_0000, "fri,sat"),
            (0b010_0000, "sat"),
        ] {
            assert_eq!(weekday_words(weekdays), words);
        }
    }
}

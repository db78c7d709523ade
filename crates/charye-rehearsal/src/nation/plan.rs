//! Room: rehearsal. What is asked of the demo nation: its seed, its size, its calendar.
//!
//! Made by the program (`charye nation generate`, `charye demo`) and by tests; checked once by `generate`, trusted after.
//! Never knows a campaign: the caller copies the few facts of one that a nation must fit.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::{Date, date};

use super::NationError;
use super::made::{MADE_MAX, MadePeople, WRITTEN_MAX};

/// What to generate. Start from [`NationPlan::korea_2021`] and change what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NationPlan {
    /// Same plan, same bytes; another seed, another nation.
    pub seed: u64,
    /// Size of the nation. Unit: thousandths of the full one, 1 to 1,000. Every district keeps a clinic at any scale.
    pub scale_permille: u32,
    /// First vaccination day.
    pub first_day: Date,
    /// Days on which first doses are given, from `first_day` on. Unit: days, 1 to 64.
    pub first_dose_days: u16,
    /// Fewest days between the doses. Unit: days, at least 1.
    pub dose_two_days_min: u16,
    /// Most days between the doses. Unit: days; `first_dose_days + dose_two_days_max` is at most 128.
    pub dose_two_days_max: u16,
    /// Product codes of the campaign, most supplied first: 1 to 16 of `[a-z0-9-]`, each two doses.
    pub products: Vec<String>,
    /// Days on which nobody is vaccinated: the campaign's closed days. They are not written, only counted around.
    pub holidays: Vec<Date>,
    /// First and last birth date of the campaign's cohort, both included, 1900 to 2099.
    pub born_from: Date,
    pub born_to: Date,
    /// Test people, 100 to 20,000,000, whatever the scale; more than a million are made on demand and not written.
    pub citizens: u32,
}

impl NationPlan {
    /// Korea's 18-49 opening of August 2021, at full scale.
    ///
    /// Source: first doses from 26 August to 30 September 2021 (KDCA notice of 2021-07-30), the second 35 to 42 days
    /// later, Pfizer and Moderna, born 1972 to 2003; holidays from the official gazette.
    pub fn korea_2021(seed: u64) -> Self {
        Self {
            seed,
            scale_permille: 1_000,
            first_day: date(2021, 8, 26),
            first_dose_days: 36,
            dose_two_days_min: 35,
            dose_two_days_max: 42,
            products: vec!["pfizer".to_owned(), "moderna".to_owned()],
            holidays: vec![
                date(2021, 9, 20),
                date(2021, 9, 21),
                date(2021, 9, 22),
                date(2021, 10, 3),
                date(2021, 10, 4),
                date(2021, 10, 9),
                date(2021, 10, 11),
            ],
            born_from: date(1972, 1, 1),
            born_to: date(2003, 12, 31),
            citizens: 4_000,
        }
    }

    /// The same plan begun on another day; its holidays move by as many days. Birth dates stay.
    pub fn begun_on(mut self, first_day: Date) -> Self {
        let days = i64::from((first_day - self.first_day).get_days());
        for holiday in &mut self.holidays {
            *holiday = plus_days(*holiday, days);
        }
        self.first_day = first_day;
        self
    }

    /// Last day on which second doses are given.
    pub fn last_day(&self) -> Date {
        plus_days(self.last_first_dose_day(), i64::from(self.dose_two_days_max))
    }

    /// First and last day of a dose (1 or 2), both included.
    pub(super) fn dose_days(&self, dose: u8) -> (Date, Date) {
        match dose {
            1 => (self.first_day, self.last_first_dose_day()),
            _ => (plus_days(self.first_day, i64::from(self.dose_two_days_min)), self.last_day()),
        }
    }

    fn last_first_dose_day(&self) -> Date {
        plus_days(self.first_day, i64::from(self.first_dose_days) - 1)
    }

    /// Refuses what no nation can be made of.
    pub(super) fn check(&self) -> Result<(), NationError> {
        let refuse = |field, reason| Err(NationError::Plan { field, reason });
        if !(1..=1_000).contains(&self.scale_permille) {
            return refuse("scale_permille", "must be 1 to 1000");
        }
        if !(2000..=2099).contains(&self.first_day.year()) {
            return refuse("first_day", "must be in 2000 to 2099");
        }
        if !(1..=64).contains(&self.first_dose_days) {
            return refuse("first_dose_days", "must be 1 to 64");
        }
        if self.dose_two_days_min == 0 || self.dose_two_days_min > self.dose_two_days_max {
            return refuse("dose_two_days_min", "must be at least 1 and at most dose_two_days_max");
        }
        if u32::from(self.first_dose_days) + u32::from(self.dose_two_days_max) > 128 {
            return refuse("dose_two_days_max", "must leave the whole campaign within 128 days");
        }
        let well_formed = |code: &String| {
            let letters_ok = code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            letters_ok && (1..=40).contains(&code.len()) && !code.starts_with('-')
        };
        let distinct: BTreeSet<_> = self.products.iter().collect();
        let count_ok = (1..=16).contains(&self.products.len());
        if !count_ok || distinct.len() != self.products.len() || !self.products.iter().all(well_formed) {
            return refuse("products", "must be 1 to 16 different codes of [a-z0-9-], 1 to 40 characters each");
        }
        if self.holidays.len() > 366 {
            return refuse("holidays", "must be at most 366 days");
        }
        if self.born_from > self.born_to || self.born_to > self.first_day || self.born_from.year() < 1900 {
            return refuse("born_from, born_to", "must be in order, from 1900 on and not after first_day");
        }
        if !(100..=MADE_MAX).contains(&self.citizens) {
            return refuse("citizens", "must be 100 to 20000000");
        }
        if self.citizens > WRITTEN_MAX
            && let Err(reason) = MadePeople::of(self)
        {
            return refuse("citizens", reason);
        }
        Ok(())
    }
}

/// `date`, some days later or earlier; stays within jiff's range.
pub(super) fn plus_days(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

/// How often each weekday is worked while a dose is given: the plan's days without its holidays.
pub(super) struct OpenDays {
    /// Index 0 is Monday.
    by_weekday: [u32; 7],
}

impl OpenDays {
    pub(super) fn of(plan: &NationPlan, dose: u8) -> Self {
        let closed: BTreeSet<Date> = plan.holidays.iter().copied().collect();
        let (first, last) = plan.dose_days(dose);
        let mut by_weekday = [0; 7];
        for day in first.series(Span::new().days(1)).take_while(|day| *day <= last).filter(|day| !closed.contains(day))
        {
            by_weekday[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())] += 1;
        }
        Self { by_weekday }
    }

    /// Days worked by a clinic open on these weekdays (bit 0 is Monday).
    pub(super) fn count(&self, weekdays: u8) -> u32 {
        (0..7).filter(|bit| weekdays >> bit & 1 == 1).map(|bit| self.by_weekday[bit]).sum()
    }
}

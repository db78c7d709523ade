//! Room: domain. Cohorts: people let in together. Never knows when they are let in; that is the opening's.

use jiff::civil::Date;

use crate::campaign::Bilingual;
use crate::ids::CohortId;

/// People let in together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    pub id: CohortId,
    /// Stable code in files, such as `age-18-49`.
    pub code: String,
    pub name: Bilingual,
    /// Born on or after this day.
    pub born_from: Date,
    /// Born on or before this day.
    pub born_to: Date,
}

impl Cohort {
    /// Whether a person born on `birth_date` belongs to this cohort.
    pub fn admits(&self, birth_date: Date) -> bool {
        self.born_from <= birth_date && birth_date <= self.born_to
    }
}

/// Last digit of the day of birth, 0 to 9: spreads an opening over ten days (생일 끝자리 10부제).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BirthDayDigit(u8);

impl BirthDayDigit {
    /// The digit, if it is one.
    pub fn new(digit: u8) -> Option<Self> {
        (digit <= 9).then_some(Self(digit))
    }

    /// The digit of a birth date.
    pub fn of(birth_date: Date) -> Self {
        Self(birth_date.day().unsigned_abs() % 10)
    }

    /// 0 to 9.
    pub fn value(self) -> u8 {
        self.0
    }
}

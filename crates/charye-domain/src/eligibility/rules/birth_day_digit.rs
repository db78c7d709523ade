//! Room: domain. The rule of the ten-day rotation (생일 끝자리 10부제): an evening lets in people whose day of birth ends
//! in one of its digits. Asked by `eligibility::decide` after the cohort.

use jiff::civil::Date;

use crate::cohort::BirthDayDigit;
use crate::opening::Opening;
use crate::weakness::Defence;

/// Whether the opening's digits let the birth date in; an opening without digits lets everyone in.
pub fn lets_in(opening: &Opening, birth_date: Date) -> bool {
    opening.birth_day_digits.is_empty()
        || opening.birth_day_digits.contains(&BirthDayDigit::of(birth_date))
        || Defence::BirthDayDigit.is_off()
}

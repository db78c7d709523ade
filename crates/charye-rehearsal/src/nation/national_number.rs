//! Room: rehearsal. National numbers (주민등록번호, 외국인등록번호) that cannot belong to anybody.
//!
//! Called by `citizens`. Two fences, both always: the serial begins with 97, 98 or 99, codes of no register office while
//! the digits told the office (00 to 95, and 96 for Sejong; numbers issued before October 2020), and the check digit is
//! wrong by the rule for citizens and by the rule for foreign residents. Either fence alone would not do: clerks have
//! issued numbers with wrong check digits. Numbers issued since October 2020 are random and have no check digit; a
//! person is given one at birth only if born since, so keep a plan's birth range before that.
//!
//! Source: the numbering rule before October 2020 (check digit: weights 2 to 9 and 2 to 5, modulo 11).

use jiff::civil::Date;

/// First serial of the reserved range.
pub(super) const FIRST_SERIAL: u32 = 97_000;
/// Serials of the reserved range, for each birth date, sex and kind of residence.
pub(super) const SERIALS: u32 = 3_000;

/// Whose number it is, as its seventh digit tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residence {
    /// 주민등록번호.
    Citizen,
    /// 외국인등록번호.
    Foreign,
}

/// The sex a number tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Male,
    Female,
}

/// Thirteen digits: `YYMMDD`, the digit of century, sex and residence, `serial` of the reserved range, a wrong check
/// digit. `born` lies in 1900 to 2099, `serial` below [`SERIALS`]; `spin` chooses among the wrong check digits.
pub(super) fn invalid_number(born: Date, sex: Sex, residence: Residence, serial: u32, spin: u32) -> String {
    let century_digit = match (residence, born.year() >= 2000) {
        (Residence::Citizen, false) => 1,
        (Residence::Citizen, true) => 3,
        (Residence::Foreign, false) => 5,
        (Residence::Foreign, true) => 7,
    } + u32::from(sex == Sex::Female);
    let mut number = format!(
        "{:02}{:02}{:02}{century_digit}{:05}",
        born.year().rem_euclid(100),
        born.month(),
        born.day(),
        FIRST_SERIAL + serial % SERIALS,
    );
    let (citizen, foreign) = check_digits(&number);
    let wrong = (0..10).filter(|digit| *digit != citizen && *digit != foreign);
    let chosen = wrong.cycle().nth(spin as usize % 8).unwrap_or((citizen + 5) % 10);
    number.push(char::from(b'0' + chosen));
    number
}

/// The check digits that the first twelve digits would call for: of a citizen, of a foreign resident.
fn check_digits(first_twelve: &str) -> (u8, u8) {
    let weighted: u32 = first_twelve
        .bytes()
        .zip([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
        .map(|(digit, w)| u32::from(digit - b'0') * w)
        .sum();
    let rest = weighted % 11;
    (((11 - rest) % 10) as u8, ((13 - rest) % 10) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn no_spin_gives_a_check_digit_that_either_register_would_accept() {
        for serial in 0..SERIALS {
            for spin in 0..10 {
                let number = invalid_number(date(1985, 2, 28), Sex::Female, Residence::Citizen, serial, spin);
                assert_eq!(number.len(), 13);
                assert!(number.starts_with("8502282"));
                let (citizen, foreign) = check_digits(&number[..12]);
                let given = number.as_bytes()[12] - b'0';
                assert!(given != citizen && given != foreign, "{number}");
                assert!((97..=99).contains(&number[7..9].parse::<u32>().unwrap()), "{number}");
            }
        }
    }

    #[test]
    fn the_seventh_digit_tells_century_sex_and_residence() {
        let seventh = |born, sex, residence| invalid_number(born, sex, residence, 0, 0).as_bytes()[6];
        assert_eq!(seventh(date(1999, 12, 31), Sex::Male, Residence::Citizen), b'1');
        assert_eq!(seventh(date(2000, 1, 1), Sex::Female, Residence::Citizen), b'4');
        assert_eq!(seventh(date(1972, 1, 1), Sex::Male, Residence::Foreign), b'5');
        assert_eq!(seventh(date(2003, 1, 1), Sex::Female, Residence::Foreign), b'8');
    }

    #[test]
    fn the_check_digits_are_those_of_the_published_rule() {
        // Sum 0, rest 0.
        assert_eq!(check_digits("000000000000"), (1, 3));
        // 2+3+4+5+6+7+8+9+2+3+4+5 = 58, rest 3.
        assert_eq!(check_digits("111111111111"), (8, 0));
        // The example usually printed: 123456-123456 sums to 206, rest 8.
        assert_eq!(check_digits("123456123456"), (3, 5));
    }
}

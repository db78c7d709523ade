//! Room: engine/identity. The one form in which phones, names and birth dates are looked up, however they were typed.
//! Called by every people store. What is here is part of every look-up column ever written: changing it hides people.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;

/// Digits of a phone number, Korean country code turned into the national `0`; a foreign one keeps its `+`. Empty if
/// there is none.
pub fn phone(typed: &str) -> String {
    let compact: String = typed.nfkc().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let digits: String = compact.chars().filter(char::is_ascii_digit).collect();
    if !compact.starts_with('+') {
        return digits;
    }
    match digits.strip_prefix("82") {
        Some(national) => format!("0{}", national.trim_start_matches('0')),
        None => format!("+{digits}"),
    }
}

/// Name with birth date: composed (NFC), without white space, case folded; so `O'Neil KANG` is found as `o'neil kang`.
pub fn name_and_birth_date(name: &str, birth_date: Date) -> String {
    let folded: String = name.nfc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    format!("{birth_date}|{folded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn phones_are_the_same_however_they_are_typed() {
        let rows = [
            ("01012345678", "01012345678"),
            ("010-1234-5678", "01012345678"),
            (" 010 1234 5678 ", "01012345678"),
            ("010.1234.5678", "01012345678"),
            ("+82 10-1234-5678", "01012345678"),
            ("+82 (0)10-1234-5678", "01012345678"),
            ("+821012345678", "01012345678"),
            ("０１０-１２３４-５６７８", "01012345678"),
            ("+1 212 555 0100", "+12125550100"),
            ("", ""),
            ("none", ""),
        ];
        for (typed, expected) in rows {
            assert_eq!(phone(typed), expected, "{typed}");
        }
    }

    #[test]
    fn names_are_the_same_however_they_are_typed() {
        let day = date(1985, 2, 28);
        let decomposed = "\u{1100}\u{1175}\u{11b7}\u{1112}\u{1161}\u{1102}\u{1173}\u{11af}";
        let rows = [
            ("김하늘", "1985-02-28|김하늘"),
            (" 김 하늘 ", "1985-02-28|김하늘"),
            ("김\u{3000}하늘", "1985-02-28|김하늘"),
            (decomposed, "1985-02-28|김하늘"),
            ("Kim HANEUL", "1985-02-28|kimhaneul"),
            ("Jose\u{301}", "1985-02-28|josé"),
            ("JOSÉ", "1985-02-28|josé"),
        ];
        for (typed, expected) in rows {
            assert_eq!(name_and_birth_date(typed, day), expected, "{typed}");
        }
    }
}

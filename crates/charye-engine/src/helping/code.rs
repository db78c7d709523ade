//! Room: engine/helping. The code that a helper is given: made from what the journal has of an invitation and a key of the
//! installation, so that it is kept nowhere. Used by the messenger, which tells it, and by `invite`.
//!
//! Must never be logged: its `Debug` says nothing.

use charye_domain::helping::HelpProof;
use charye_domain::ids::HelpId;

use crate::ports::{Keys, LookupPurpose};

/// Codes there are: eight digits.
const CODES: u64 = 100_000_000;
/// Digits of a number in front of the code, at most.
const NUMBER_DIGITS_MAX: usize = 10;

/// The number of an invitation and eight digits, as `1042-5831-0277`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HelpCode {
    help: HelpId,
    digits: u32,
}

impl HelpCode {
    /// The code of an invitation with this challenge.
    pub fn of(keys: &dyn Keys, help: HelpId, challenge: u64) -> Self {
        let hash = keys.lookup_hash(LookupPurpose::HelpCode, &format!("code|{challenge:016x}"));
        let (first, _) = hash.split_first_chunk::<8>().expect("a look-up hash has 32 bytes");
        Self { help, digits: (u64::from_be_bytes(*first) % CODES) as u32 }
    }

    /// Reads what somebody typed: digits, with spaces or hyphens anywhere. The last eight are the code.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        let (number, code) = digits.len().checked_sub(8).filter(|_| all_digits).map(|at| digits.split_at(at))?;
        if number.is_empty() || number.len() > NUMBER_DIGITS_MAX {
            return None;
        }
        Some(Self { help: HelpId(number.parse().ok()?), digits: code.parse().ok()? })
    }

    /// Which invitation it is for.
    pub fn help(&self) -> HelpId {
        self.help
    }

    /// What the journal keeps of it: a keyed hash.
    pub fn proof(&self, keys: &dyn Keys) -> HelpProof {
        let hash = keys.lookup_hash(LookupPurpose::HelpCode, &format!("proof|{:08}", self.digits));
        let (first, _) = hash.split_first_chunk::<16>().expect("a look-up hash has 32 bytes");
        HelpProof(*first)
    }
}

impl std::fmt::Display for HelpCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:04}-{:04}", self.help, self.digits / 10_000, self.digits % 10_000)
    }
}

impl std::fmt::Debug for HelpCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HelpCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::ToyKeys;

    #[test]
    fn a_code_survives_being_read_over_the_telephone() {
        let code = HelpCode::of(&ToyKeys, HelpId(1_042), 77);
        let text = code.to_string();
        for said in [text.clone(), text.replace('-', ""), text.replace('-', " "), format!("  {text} ")] {
            assert_eq!(HelpCode::parse(&said), Some(code), "{said}");
        }
        assert_eq!(HelpCode::parse(&text).map(|code| code.help()), Some(HelpId(1_042)));
        assert_eq!(format!("{code:?}"), "HelpCode(..)");
    }

    #[test]
    fn what_is_no_code_is_not_read() {
        for text in
            ["", "12345678", "1-1234567a", "１-12345678", "1-1234-567", "99999999999-12345678", "4294967296-12345678"]
        {
            assert_eq!(HelpCode::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_proof_tells_one_code_from_another_and_hides_both() {
        let (one, other) = (HelpCode::of(&ToyKeys, HelpId(1), 1), HelpCode::of(&ToyKeys, HelpId(1), 2));
        assert_ne!(one.proof(&ToyKeys), other.proof(&ToyKeys));
        assert_eq!(one.proof(&ToyKeys), HelpCode::parse(&one.to_string()).unwrap().proof(&ToyKeys));
    }
}

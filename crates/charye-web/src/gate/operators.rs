//! Room: web/gate. Who may steer: the operators' tokens, each with the number of the member of staff that the journal names.
//! Read once from a file by `server/wiring`; asked by the gate for every request that carries a bearer token.
//!
//! Keeps hashes only, and compares all of them in constant time. Must never log or show a token.

use charye_domain::book::StaffNumber;
use charye_domain::weakness::Defence;

/// Operators in one file.
const OPERATORS_MAX: usize = 100;
/// Shortest token: 32 characters of base64 are 24 random bytes.
const TOKEN_CHARS_MIN: usize = 32;
const TOKEN_CHARS_MAX: usize = 256;

/// The tokens of all operators, hashed.
#[derive(Clone, Default)]
pub struct OperatorKeys(Vec<(StaffNumber, blake3::Hash)>);

/// Why a file of tokens does not read. Names lines, never what stands in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorKeysError {
    #[error("line {0}: must be a staff number and a token, such as `7 q2w..`")]
    Form(usize),
    #[error("line {0}: a token has {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} letters, digits or signs of base64")]
    Token(usize),
    #[error("line {0}: the number or the token stands there twice")]
    Twice(usize),
    #[error("there are more than {OPERATORS_MAX} operators")]
    TooMany,
}

impl OperatorKeys {
    /// Reads lines of a staff number and a token; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn read(text: &str) -> Result<Self, OperatorKeysError> {
        let mut keys: Vec<(StaffNumber, blake3::Hash)> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut words = text.split_whitespace();
            let (Some(number), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err(OperatorKeysError::Form(line));
            };
            let number = StaffNumber(number.parse().map_err(|_| OperatorKeysError::Form(line))?);
            if !is_well_formed(token) {
                return Err(OperatorKeysError::Token(line));
            }
            let hash = blake3::hash(token.as_bytes());
            if keys.iter().any(|(known, known_hash)| *known == number || *known_hash == hash) {
                return Err(OperatorKeysError::Twice(line));
            }
            if keys.len() == OPERATORS_MAX {
                return Err(OperatorKeysError::TooMany);
            }
            keys.push((number, hash));
        }
        Ok(Self(keys))
    }

    /// Whose token it is.
    pub(super) fn recognise(&self, token: &str) -> Option<StaffNumber> {
        if !is_well_formed(token) {
            return None;
        }
        let hash = blake3::hash(token.as_bytes());
        // No early end: how long it takes says nothing about which token came close.
        // `weak-operators` stands here.
        let is_theirs = |known: &blake3::Hash| *known == hash || Defence::Operators.is_off();
        self.0.iter().fold(None, |found, (number, known)| if is_theirs(known) { Some(*number) } else { found })
    }

    /// Whether nobody may steer.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for OperatorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OperatorKeys({})", self.0.len())
    }
}

pub(super) fn is_well_formed(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_.".contains(&byte);
    (TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&token.len()) && token.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const OTHER: &str = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn each_token_is_one_member_of_staff() {
        let keys = OperatorKeys::read(&format!("# night shift\n\n7 {ONE}\n 12\t{OTHER}\n")).unwrap();
        assert_eq!(keys.recognise(ONE), Some(StaffNumber(7)));
        assert_eq!(keys.recognise(OTHER), Some(StaffNumber(12)));
        assert_eq!(keys.recognise(&ONE[..ONE.len() - 1]), None);
        assert_eq!(keys.recognise(""), None);
        assert_eq!(format!("{keys:?}"), "OperatorKeys(2)");
    }

    #[test]
    fn what_does_not_read_names_the_line_and_nothing_else() {
        let check = |text: &str, expected: OperatorKeysError| {
            assert_eq!(OperatorKeys::read(text).map(|keys| keys.is_empty()), Err(expected), "{text}");
        };
        check(ONE, OperatorKeysError::Form(1));
        check(&format!("7 {ONE} {OTHER}"), OperatorKeysError::Form(1));
        check(&format!("seven {ONE}"), OperatorKeysError::Form(1));
        check("\n7 short", OperatorKeysError::Token(2));
        check(&format!("7 {ONE}\n7 {OTHER}"), OperatorKeysError::Twice(2));
        check(&format!("7 {ONE}\n8 {ONE}"), OperatorKeysError::Twice(2));
        let many: String = (0..101).map(|number| format!("{number} {ONE}{number}\n")).collect();
        check(&many, OperatorKeysError::TooMany);
        assert!(OperatorKeys::read("# nobody\n").unwrap().is_empty());
    }
}

//! Room: engine/availability. Where a page of a search ended, as the client carries it to ask for the next.
//!
//! Opaque and not secret: whoever forges one only sees another page of what anyone may see. It must never make a search
//! do more work than its first page may.

/// The end of a page: the sort key of its last clinic, bound to the search it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Hash of everything asked but the page, so that a cursor of another search is noticed.
    pub(super) request: u32,
    /// Clinics shown so far.
    pub(super) shown: u16,
    /// First part of the sort key: distance, day or nothing.
    pub(super) primary: u32,
    /// Id of the last clinic shown: its rank is the second part.
    pub(super) clinic: u32,
}

impl Cursor {
    const VERSION: u128 = 1;
    const DIGITS: usize = 30;

    /// Reads what [`Cursor`]'s `Display` wrote, or `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == Self::DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| well_formed)?;
        let part = |shift: u32| (bits >> shift) as u32;
        (bits >> 112 == Self::VERSION).then(|| Self {
            request: part(80),
            shown: part(64) as u16,
            primary: part(32),
            clinic: part(0),
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bits = Self::VERSION << 112
            | u128::from(self.request) << 80
            | u128::from(self.shown) << 64
            | u128::from(self.primary) << 32
            | u128::from(self.clinic);
        write!(f, "{bits:030x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_the_way_to_the_client(request: u32, shown: u16, primary: u32, clinic: u32) {
            let cursor = Cursor { request, shown, primary, clinic };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        }

        #[test]
        fn anything_else_is_no_cursor(text in "\\PC{0,40}|[0-9a-f]{29}|[0-9a-f]{31}|\\+1[0-9a-f]{28}|0[02-9a-f][0-9a-f]{28}") {
            prop_assert_eq!(Cursor::parse(&text), None);
        }
    }
}

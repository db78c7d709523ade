//! Room: domain/waiting_room/draw. The file a draw is published as, `charye draw 1`: lines of text, a head and slices.
//! Written once the secret may be told; read by [`super::verify`] and by anybody's own program. Never holds a citizen key,
//! a person or a name.
//!
//! A head alone, published at the closing, has no `secret` line; slices follow with the secret.

use super::{Closing, Commitments, DrawId, DrawSecret, Hash, Seed, merkle};
use crate::ids::{CampaignId, OpeningId};

/// First line of every file.
pub const FIRST_LINE: &str = "charye draw 1";
/// Longest public value that may be named. Unit: bytes.
pub const PUBLIC_VALUE_MAX: usize = 256;
/// Longest line of a file. Unit: bytes.
pub const LINE_MAX: usize = 2 * PUBLIC_VALUE_MAX + 32;
/// Most slices of a draw: more people than a journal can register.
pub const SLICES_MAX: usize = (1 << 32) / merkle::SLICE_IDS;

/// A closed draw, ready to be published.
pub struct Published<'a> {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub commitments: Commitments,
    pub secret: &'a DrawSecret,
    /// Empty if none was named. At most [`PUBLIC_VALUE_MAX`] bytes.
    pub public_value: &'a [u8],
    /// Sorted, each once, as [`Closing::of`] leaves them.
    pub ids: &'a [DrawId],
    /// Of `ids`: [`merkle::slice_roots`], which takes seconds for millions.
    pub slice_roots: &'a [Hash],
}

impl Published<'_> {
    /// Slices there are.
    pub fn slices(&self) -> usize {
        self.ids.len().div_ceil(merkle::SLICE_IDS)
    }

    /// Writes the whole draw, a line at a time, without line ends.
    pub fn write(&self, line: &mut dyn FnMut(&str)) {
        let seed = self.write_head(line);
        for slice in 0..self.slices() {
            self.write_slice(slice, &seed, line);
        }
    }

    /// Writes the head; the seed it returns is what [`Self::write_slice`] needs. A slice published alone is a head with
    /// that one slice after it.
    pub fn write_head(&self, line: &mut dyn FnMut(&str)) -> Seed {
        let closing = Closing { root: merkle::root_of_slices(self.slice_roots), count: self.ids.len() as u64 };
        let seed = Seed::new(self.secret, &closing.root, self.public_value);
        line(FIRST_LINE);
        line(&format!("campaign {}", self.campaign));
        line(&format!("opening {}", self.opening));
        line(&format!("secret-commitment {}", hex(&self.commitments.secret)));
        line(&format!("key-commitment {}", hex(&self.commitments.draw_key)));
        line(&format!("count {}", closing.count));
        line(&format!("root {}", hex(&closing.root)));
        line(format!("public-value {}", hex(self.public_value)).trim_end());
        line(&format!("secret {}", hex(&self.secret.0)));
        for root in self.slice_roots {
            line(&format!("slice-root {}", hex(root)));
        }
        seed
    }

    /// Writes one slice, from 0: its number, then a draw id and its place a line. Writes nothing past the last.
    pub fn write_slice(&self, slice: usize, seed: &Seed, line: &mut dyn FnMut(&str)) {
        let Some(ids) = self.ids.chunks(merkle::SLICE_IDS).nth(slice) else { return };
        line(&format!("slice {slice}"));
        for id in ids {
            line(&format!("{} {:016x}", hex(&id.0), seed.place(*id).0));
        }
    }
}

/// Lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes that `text` writes in lower-case hexadecimal, or `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// A hash written in hexadecimal, or `None`.
pub(super) fn unhex_hash(text: &str) -> Option<Hash> {
    unhex(text)?.try_into().ok()
}

//! Room: ledger/journal/codec. The primitives of the row format: varints, fixed bytes, texts. Called by the files that
//! lay out events. Must never panic on hostile bytes, nor allocate more than the bytes at hand can account for.

use crate::journal::codec::CodecFailure;

/// Appends an unsigned LEB128 varint: seven bits a byte, least significant first, 1 to 10 bytes.
pub(super) fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let mut buffer = [0_u8; 10];
    let mut len = 0;
    while value >= 0x80 {
        buffer[len] = (value as u8) | 0x80;
        value >>= 7;
        len += 1;
    }
    buffer[len] = value as u8;
    out.extend_from_slice(&buffer[..=len]);
}

/// Appends a signed number: zigzag, then varint, so that small numbers of either sign are short.
pub(super) fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a text: its length in bytes as a varint, then UTF-8.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u64(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads what the functions above wrote. Every method either returns a value that was written in its only form, or says
/// what is wrong.
pub(super) struct Source<'a> {
    rest: &'a [u8],
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], CodecFailure> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(CodecFailure::EndsEarly)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecFailure> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(CodecFailure::EndsEarly)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, CodecFailure> {
        let (&first, rest) = self.rest.split_first().ok_or(CodecFailure::EndsEarly)?;
        self.rest = rest;
        Ok(first)
    }

    pub(super) fn u64(&mut self) -> Result<u64, CodecFailure> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7F);
            let lost = shift == 63 && bits > 1;
            let padded = byte == 0 && shift > 0;
            if lost || padded {
                return Err(CodecFailure::Malformed("varint"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecFailure::Malformed("varint"))
    }

    pub(super) fn i64(&mut self) -> Result<i64, CodecFailure> {
        let value = self.u64()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A varint that must fit a smaller number.
    pub(super) fn number<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, CodecFailure> {
        T::try_from(self.u64()?).map_err(|_| CodecFailure::Malformed(what))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, CodecFailure> {
        let len = self.number::<usize>("length of a text")?;
        std::str::from_utf8(self.bytes(len)?).map_err(|_| CodecFailure::Malformed("text is not UTF-8"))
    }

    /// The length of a list whose elements take at least `least` bytes each: one that the rest cannot hold is refused
    /// before anything is allocated for it.
    pub(super) fn count(&mut self, least: usize) -> Result<usize, CodecFailure> {
        let count = self.number::<usize>("length of a list")?;
        let fits = count.checked_mul(least).is_some_and(|bytes| bytes <= self.remaining());
        if fits { Ok(count) } else { Err(CodecFailure::EndsEarly) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_every_width_come_back() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_u64(&mut out, value);
                put_i64(&mut out, value.cast_signed());
                put_i64(&mut out, value.cast_signed().wrapping_neg());
                let mut source = Source::new(&out);
                assert_eq!(source.u64().unwrap(), value);
                assert_eq!(source.i64().unwrap(), value.cast_signed());
                assert_eq!(source.i64().unwrap(), value.cast_signed().wrapping_neg());
                assert_eq!(source.remaining(), 0);
            }
        }
    }

    #[test]
    fn a_number_has_one_form_only() {
        for hostile in [&[0x80, 0x00][..], &[0xFF; 11], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02]] {
            assert!(matches!(Source::new(hostile).u64(), Err(CodecFailure::Malformed("varint"))), "{hostile:?}");
        }
    }

    #[test]
    fn a_list_longer_than_its_bytes_is_refused_before_it_is_allocated() {
        let mut out = Vec::new();
        put_u64(&mut out, u64::MAX >> 1);
        out.extend_from_slice(&[0; 16]);
        assert!(matches!(Source::new(&out).count(8), Err(CodecFailure::EndsEarly)));
    }
}

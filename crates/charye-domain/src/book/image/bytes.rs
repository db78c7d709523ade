//! Room: domain/book/image. Numbers and texts to bytes and back, in pieces of bounded size. Never allocates for a count it
//! has only been told.

use crate::book::image::ImageError;

/// Bytes gathered before they are passed on.
const PIECE: usize = 64 * 1024;
/// Bytes of one text: a campaign's is the longest.
const TEXT_MAX: u32 = 16 * 1024 * 1024;
/// Records read at a time.
const RECORDS_PER_PIECE: usize = 2_048;
/// Records looked at ahead: what they fetch stays in the nearest cache.
const RECORDS_LOOKED_AHEAD: usize = 64;

/// Gathers bytes and passes them on in pieces.
pub(in crate::book) struct Writer<'a> {
    sink: &'a mut dyn FnMut(&[u8]),
    piece: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(in crate::book) fn new(sink: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { sink, piece: Vec::with_capacity(PIECE + 4_096) }
    }

    pub(in crate::book) fn bytes(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.pass_on();
        }
    }

    pub(in crate::book) fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }

    pub(in crate::book) fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub(in crate::book) fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    pub(in crate::book) fn u64(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    pub(in crate::book) fn i64(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }

    /// A count: every table of the book holds less than 2^32 rows.
    pub(in crate::book) fn count(&mut self, count: usize) {
        self.u32(count as u32);
    }

    pub(in crate::book) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes(text.as_bytes());
    }

    pub(in crate::book) fn pass_on(&mut self) {
        (self.sink)(&self.piece);
        self.piece.clear();
    }
}

/// Takes bytes from a source that fills a buffer whole or says no.
pub(in crate::book) struct Reader<'a> {
    source: &'a mut dyn FnMut(&mut [u8]) -> bool,
}

impl<'a> Reader<'a> {
    pub(in crate::book) fn new(source: &'a mut dyn FnMut(&mut [u8]) -> bool) -> Self {
        Self { source }
    }

    pub(in crate::book) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ImageError> {
        if buffer.is_empty() || (self.source)(buffer) { Ok(()) } else { Err(ImageError::CutShort) }
    }

    pub(in crate::book) fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let mut array = [0; N];
        self.fill(&mut array).map(|()| array)
    }

    pub(in crate::book) fn u8(&mut self) -> Result<u8, ImageError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(in crate::book) fn u16(&mut self) -> Result<u16, ImageError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(in crate::book) fn u32(&mut self) -> Result<u32, ImageError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(in crate::book) fn u64(&mut self) -> Result<u64, ImageError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(in crate::book) fn text(&mut self) -> Result<String, ImageError> {
        let length = self.u32()?;
        if length > TEXT_MAX {
            return Err(ImageError::Invalid("a text is too long"));
        }
        let mut left = length as usize;
        let mut text = Vec::new();
        while left > 0 {
            let piece = left.min(PIECE);
            let from = text.len();
            text.resize(from + piece, 0);
            self.fill(text.get_mut(from..).unwrap_or_default())?;
            left -= piece;
        }
        String::from_utf8(text).map_err(|_| ImageError::Invalid("a text is not UTF-8"))
    }

    /// Reads `count` records of `width` bytes, a piece at a time.
    pub(in crate::book) fn records(
        &mut self,
        count: u32,
        width: usize,
        mut each: impl FnMut(Fields<'_>) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let mut left = count as usize;
        let mut piece = vec![0; width * left.min(RECORDS_PER_PIECE)];
        while left > 0 {
            let now = left.min(RECORDS_PER_PIECE);
            let records = piece.get_mut(..now * width).unwrap_or_default();
            self.fill(records)?;
            for record in records.chunks_exact(width) {
                each(Fields { rest: record })?;
            }
            left -= now;
        }
        Ok(())
    }

    /// [`Reader::records`] for tables that are reached at random: `ahead` looks where `each` will, for some records
    /// before the first of them, so that their waits for memory overlap.
    pub(in crate::book) fn records_looked_ahead<T>(
        &mut self,
        target: &mut T,
        (count, width): (u32, usize),
        ahead: impl Fn(&T, Fields<'_>),
        mut each: impl FnMut(&mut T, Fields<'_>) -> Result<(), ImageError>,
    ) -> Result<(), ImageError> {
        let mut left = count as usize;
        let mut piece = vec![0; width * left.min(RECORDS_LOOKED_AHEAD)];
        while left > 0 {
            let now = left.min(RECORDS_LOOKED_AHEAD);
            let records = piece.get_mut(..now * width).unwrap_or_default();
            self.fill(records)?;
            records.chunks_exact(width).for_each(|record| ahead(target, Fields { rest: record }));
            for record in records.chunks_exact(width) {
                each(target, Fields { rest: record })?;
            }
            left -= now;
        }
        Ok(())
    }
}

/// The fields of one record, taken from its front. A record is as long as its fields: taking more gives zeros.
pub(in crate::book) struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    pub(in crate::book) fn array<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk::<N>() {
            Some((array, rest)) => {
                self.rest = rest;
                *array
            }
            None => [0; N],
        }
    }

    pub(in crate::book) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(in crate::book) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    pub(in crate::book) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    pub(in crate::book) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(in crate::book) fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }
}

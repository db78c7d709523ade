//! Room: engine/clinic. The bytes of a CSV file on their way to the CSV reader: told which encoding they are in, turned
//! into UTF-8 strictly, and cut off at a record that is too long. Holds a fixed number of bytes, whatever the file.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, EUC_KR, Encoding, UTF_8};

/// Bytes of one record, decoded. A longer one ends the reading: it is an attack or a lost quotation mark.
pub const RECORD_BYTES_MAX: usize = 64 << 10;

/// Bytes looked at to find the encoding, and room for one read.
const WINDOW_BYTES: usize = 64 << 10;

/// Why the bytes end early; travels through the CSV reader inside an [`io::Error`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SourceError {
    /// Offset of the first byte that is neither, from 0.
    #[error("byte {offset} is neither UTF-8 nor EUC-KR")]
    NoKnownEncoding { offset: u64 },
    #[error("byte {offset} is not {encoding}, as the file is up to there")]
    Malformed { offset: u64, encoding: &'static str },
    #[error("the file is UTF-16")]
    Utf16,
    #[error("a record is longer than {RECORD_BYTES_MAX} bytes")]
    RecordTooLong,
}

/// A source of UTF-8 over a source of UTF-8 or EUC-KR.
pub(super) struct CsvSource<R> {
    source: R,
    /// Undecoded bytes: `window[start..end]`.
    window: Vec<u8>,
    start: usize,
    end: usize,
    source_ended: bool,
    decoder: Option<(Decoder, &'static Encoding)>,
    decoder_flushed: bool,
    /// Bytes taken from the source and decoded, for messages.
    decoded_bytes: u64,
    record: RecordLength,
}

impl<R: Read> CsvSource<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            window: vec![0; WINDOW_BYTES],
            start: 0,
            end: 0,
            source_ended: false,
            decoder: None,
            decoder_flushed: false,
            decoded_bytes: 0,
            record: RecordLength::default(),
        }
    }

    /// Bytes taken from the source so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.decoded_bytes + (self.end - self.start) as u64
    }

    /// Reads until the window is full or the source ends.
    fn fill(&mut self) -> io::Result<()> {
        self.window.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while !self.source_ended && self.end < self.window.len() {
            let Some(room) = self.window.get_mut(self.end..) else { break };
            match self.source.read(room) {
                Ok(0) => self.source_ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn detect(&mut self) -> io::Result<()> {
        self.fill()?;
        let seen = self.window.get(..self.end).unwrap_or_default();
        if let Some((encoding, mark_bytes)) = Encoding::for_bom(seen) {
            if encoding != UTF_8 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, SourceError::Utf16));
            }
            self.start = mark_bytes;
            self.decoded_bytes = mark_bytes as u64;
            self.decoder = Some((UTF_8.new_decoder_without_bom_handling(), UTF_8));
            return Ok(());
        }
        // What is cut off at the end of a full window is not held against it.
        let good = |encoding: &'static Encoding| {
            let mut decoder = encoding.new_decoder_without_bom_handling();
            let mut text = vec![0; decoder.max_utf8_buffer_length_without_replacement(seen.len()).unwrap_or(0)];
            let last = self.source_ended;
            let (result, _, _) = decoder.decode_to_utf8_without_replacement(seen, &mut text, last);
            result == DecoderResult::InputEmpty
        };
        let Some(encoding) = [UTF_8, EUC_KR].into_iter().find(|encoding| good(encoding)) else {
            let offset = std::str::from_utf8(seen).map_or_else(|error| error.valid_up_to(), str::len) as u64;
            return Err(io::Error::new(io::ErrorKind::InvalidData, SourceError::NoKnownEncoding { offset }));
        };
        self.decoder = Some((encoding.new_decoder_without_bom_handling(), encoding));
        Ok(())
    }
}

impl<R: Read> Read for CsvSource<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() {
            self.detect()?;
        }
        loop {
            if self.start == self.end && !self.source_ended {
                self.fill()?;
            }
            let Some((decoder, encoding)) = &mut self.decoder else { return Ok(0) };
            if self.decoder_flushed {
                return Ok(0);
            }
            let last = self.source_ended;
            let waiting = self.window.get(self.start..self.end).unwrap_or_default();
            let (result, taken, written) = decoder.decode_to_utf8_without_replacement(waiting, out, last);
            self.start += taken;
            self.decoded_bytes += taken as u64;
            match result {
                DecoderResult::Malformed(bad, after) => {
                    let offset = self.decoded_bytes.saturating_sub(u64::from(bad) + u64::from(after));
                    let encoding = encoding.name();
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        SourceError::Malformed { offset, encoding },
                    ));
                }
                DecoderResult::InputEmpty if last => self.decoder_flushed = true,
                DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            }
            if written > 0 {
                self.record.follow(out.get(..written).unwrap_or_default())?;
                return Ok(written);
            }
            if result == DecoderResult::OutputFull && taken == 0 {
                // Room for less than one character: the CSV reader's buffer is never that small.
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room for one character"));
            }
        }
    }
}

/// Follows the records of a CSV text, as far as needed to know how long each one is.
#[derive(Default)]
struct RecordLength {
    bytes: usize,
    place: Place,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// After a quotation mark inside a quoted cell: the cell's end, or half of a doubled mark.
    QuoteInQuoted,
}

impl RecordLength {
    fn follow(&mut self, text: &[u8]) -> io::Result<()> {
        for byte in text {
            self.bytes += 1;
            self.place = match (self.place, byte) {
                (Place::CellStart | Place::QuoteInQuoted, b'"') => Place::Quoted,
                (Place::Quoted, b'"') => Place::QuoteInQuoted,
                (Place::Quoted, _) => Place::Quoted,
                (_, b'\n' | b'\r') => {
                    self.bytes = 0;
                    Place::CellStart
                }
                (_, b',') => Place::CellStart,
                _ => Place::Plain,
            };
            if self.bytes > RECORD_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, SourceError::RecordTooLong));
            }
        }
        Ok(())
    }
}

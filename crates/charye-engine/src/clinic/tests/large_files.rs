//! Room: engine/clinic. Files larger than memory should ever see: made up while they are read.

use std::convert::Infallible;
use std::io::Read;

use super::super::{CHUNK_ROWS, DistrictTable, RECORD_BYTES_MAX, import_clinics, import_sessions};
use super::{campaign, file_errors};

/// A file made of a head and as many pieces as asked for, which counts what is taken from it.
struct MadeUp<F> {
    piece: F,
    pieces: u64,
    next: u64,
    waiting: Vec<u8>,
    taken: usize,
    asked_max: usize,
    bytes: u64,
}

impl<F: FnMut(u64, &mut Vec<u8>)> MadeUp<F> {
    fn new(head: &str, pieces: u64, piece: F) -> Self {
        Self { piece, pieces, next: 0, waiting: head.as_bytes().to_vec(), taken: 0, asked_max: 0, bytes: 0 }
    }
}

impl<F: FnMut(u64, &mut Vec<u8>)> Read for MadeUp<F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.asked_max = self.asked_max.max(buffer.len());
        while self.taken == self.waiting.len() {
            if self.next == self.pieces {
                return Ok(0);
            }
            self.waiting.clear();
            self.taken = 0;
            (self.piece)(self.next, &mut self.waiting);
            self.next += 1;
        }
        let length = buffer.len().min(self.waiting.len() - self.taken);
        buffer[..length].copy_from_slice(&self.waiting[self.taken..self.taken + length]);
        self.taken += length;
        self.bytes += length as u64;
        Ok(length)
    }
}

const SESSIONS_HEADER: &str = "clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity\n";

#[test]
fn a_million_sessions_are_read_in_bounded_memory() {
    let row = |n: u64, out: &mut Vec<u8>| {
        let (clinic, part) = (n / 4, n % 4);
        let (dose, from, to) = if part < 2 { (1, "09:00", "12:00") } else { (2, "13:00", "18:00") };
        let (product, first_day) = (["pfizer", "moderna"][part as usize % 2], ["2021-08-26", "2021-09-30"][dose - 1]);
        let line = format!("K{clinic:06},{product},{dose},{first_day},2021-10-08,mon-fri,{from},{to},30,6\n");
        out.extend(line.bytes());
    };
    let mut source = MadeUp::new(SESSIONS_HEADER, 1_000_000, row);
    let (mut rows, mut chunk_max) = (0_usize, 0_usize);
    let sink = |chunk: Vec<_>| -> Result<(), Infallible> {
        rows += chunk.len();
        chunk_max = chunk_max.max(chunk.capacity());
        Ok(())
    };
    let counts = file_errors(import_sessions("s.csv", &mut source, &campaign(), |_| true, sink))
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((counts.rows, counts.accepted, counts.bytes), (1_000_000, 1_000_000, source.bytes));
    assert_eq!((rows, chunk_max), (1_000_000, CHUNK_ROWS));
    assert!(source.asked_max <= 64 << 10, "the source is read in pieces of {} bytes", source.asked_max);
}

#[test]
fn a_cell_of_ten_megabytes_is_refused_without_being_kept() {
    for quote in ["", "\""] {
        let head = format!("clinic_code,kind,name_ko,district_code\nC1,contracted,가,11110\nC2,contracted,{quote}");
        let mut source = MadeUp::new(&head, 10 << 10, |_, out: &mut Vec<u8>| out.extend([b'x'; 1024]));
        let result = import_clinics("c.csv", &mut source, &DistrictTable::korea(), |_| Ok::<(), Infallible>(()));
        let errors = file_errors(result).unwrap_err();
        assert_eq!(errors.errors[0].message, "a record is longer than 65536 bytes");
        assert_eq!(errors.errors[0].line, 3);
        assert!(errors.stopped_early);
        assert!(source.bytes < 4 * RECORD_BYTES_MAX as u64, "{} of 10 MiB were read", source.bytes);
    }
}

#[test]
fn a_header_without_end_is_refused() {
    let mut source = MadeUp::new("clinic_code", 10 << 10, |_, out: &mut Vec<u8>| out.extend([b','; 1024]));
    let result = import_clinics("c.csv", &mut source, &DistrictTable::korea(), |_| Ok::<(), Infallible>(()));
    assert_eq!(file_errors(result).unwrap_err().errors[0].message, "a record is longer than 65536 bytes");
    assert!(source.bytes < 4 * RECORD_BYTES_MAX as u64);
}

#[test]
fn a_stray_quotation_mark_inside_a_cell_does_not_run_on() {
    let row = |n: u64, out: &mut Vec<u8>| out.extend(format!("C{n},contracted,5\" 의원,11110\n").bytes());
    let mut source = MadeUp::new("clinic_code,kind,name_ko,district_code\n", 10_000, row);
    let result = import_clinics("c.csv", &mut source, &DistrictTable::korea(), |_| Ok::<(), Infallible>(()));
    assert_eq!(file_errors(result).unwrap_or_else(|errors| panic!("{errors}")).rows, 10_000);
}

#[test]
fn characters_cut_between_two_reads_are_put_together() {
    // Pieces of one byte each: every character of three bytes is cut twice.
    let text = "clinic_code,kind,name_ko,district_code\nC1,contracted,가나다라마바사,11110\n";
    let bytes = text.as_bytes();
    let mut source = MadeUp::new("", bytes.len() as u64, |n, out: &mut Vec<u8>| out.push(bytes[n as usize]));
    let mut names = Vec::new();
    let sink = |chunk: Vec<charye_domain::clinic::Clinic>| -> Result<(), Infallible> {
        names.extend(chunk.into_iter().map(|clinic| clinic.name.ko));
        Ok(())
    };
    file_errors(import_clinics("c.csv", &mut source, &DistrictTable::korea(), sink)).unwrap();
    assert_eq!(names, ["가나다라마바사"]);
}

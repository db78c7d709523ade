//! Room: engine/clinic. What importing clinics and importing sessions have in common: chunks, and a clinic's code.
//!
//! Columns go by our names or by those of Korea's public hospital list; UTF-8 and EUC-KR are told apart by themselves.
//! Rows are handed on in chunks as they are read; what is staged counts only once the import is activated, so a file that
//! turns out bad in its last line has no effect.

use std::io::Read;

use super::csv_table::{Column, Complaint, CsvTable, Presence, Row};
use super::import_error::ImportFailure;

/// Rows in a chunk, as many as one staging command takes.
pub const CHUNK_ROWS: usize = 1_000;

pub(super) const fn required(names: &'static [&'static str]) -> Column {
    Column { names, presence: Presence::Required }
}

pub(super) const fn optional(names: &'static [&'static str]) -> Column {
    Column { names, presence: Presence::Optional }
}

/// Hands a chunk on once it has `rows_min` rows. After an error nothing more is handed on: the file will be refused.
pub(super) fn hand_on<R: Read, T, S>(
    table: &CsvTable<R>,
    chunk: &mut Vec<T>,
    rows_min: usize,
    sink: &mut impl FnMut(Vec<T>) -> Result<(), S>,
) -> Result<(), ImportFailure<S>> {
    if chunk.len() < rows_min {
        return Ok(());
    }
    let full = std::mem::replace(chunk, Vec::with_capacity(CHUNK_ROWS));
    if table.is_good() { sink(full).map_err(ImportFailure::Sink) } else { Ok(()) }
}

/// The column a clinic's code stands in: ours if the file has it, else the encrypted one.
pub(super) fn code_column<R: Read>(table: &CsvTable<R>, plain: usize, encrypted: usize) -> usize {
    if table.has(plain) { plain } else { encrypted }
}

/// A clinic's code. The public hospital list has encrypted codes of up to 100 characters (암호화요양기호), which are longer
/// than a code may be: those are hashed, always, so that the same clinic has the same code in every file.
pub(super) fn read_code<R: Read>(
    table: &mut CsvTable<R>,
    row: &Row<'_>,
    plain: usize,
    encrypted: usize,
) -> Option<String> {
    if table.has(plain) {
        return table.cell(row, plain, clinic_code);
    }
    table.cell(row, encrypted, |cell| {
        let text = cell.trim();
        if text.is_empty() || text.len() > 200 || !text.bytes().all(|b| b.is_ascii_graphic()) {
            let remedy = "copy it from the public list, 1 to 200 printable ASCII characters".to_owned();
            return Err(("not an encrypted clinic code".to_owned(), remedy));
        }
        let hash = blake3::hash(text.as_bytes()).to_hex();
        Ok(format!("hira-{}", hash.get(..24).unwrap_or_default()))
    })
}

fn clinic_code(cell: &str) -> Result<String, Complaint> {
    let code = cell.trim();
    let good = code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !good || code.is_empty() || code.len() > 32 || code.starts_with('-') {
        let remedy = "write 1 to 32 of the characters A-Z, a-z, 0-9, ., _ and -, not beginning with -".to_owned();
        return Err(("not a clinic code".to_owned(), remedy));
    }
    Ok(code.to_owned())
}

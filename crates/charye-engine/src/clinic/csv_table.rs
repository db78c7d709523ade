//! Room: engine/clinic. A CSV file as rows of named cells: header found by name or alias, cells checked one by one, errors
//! collected with line, column and remedy. Knows CSV and nothing of clinics. Called by `import_file`.

use std::io::Read;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord};

use super::csv_source::{CsvSource, RECORD_BYTES_MAX, SourceError};
use super::import_error::{ImportCounts, ImportErrors, ROW_ERRORS_MAX, RowError};

/// Columns a header may have.
const COLUMNS_MAX: usize = 256;

/// A column by the names it goes by, the first being ours.
pub(super) struct Column {
    pub(super) names: &'static [&'static str],
    pub(super) presence: Presence,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
}

/// What is wrong with a cell, and the remedy.
pub(super) type Complaint = (String, String);

/// A file being read.
pub(super) struct CsvTable<R: Read> {
    file: Arc<str>,
    reader: csv::Reader<CsvSource<R>>,
    /// For each column asked for, where it stands and what the header calls it.
    found: Vec<Option<(usize, String)>>,
    errors: Vec<RowError>,
    stopped_early: bool,
    rows: u64,
    accepted: u64,
}

/// One row of the file.
pub(super) struct Row<'t> {
    record: &'t StringRecord,
    line: u64,
}

impl Row<'_> {
    /// The line on which it begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl<R: Read> CsvTable<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file cannot be read, or a required column is missing or stands twice.
    pub(super) fn open(file: &str, source: R, columns: &[Column]) -> Result<Self, ImportErrors> {
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(CsvSource::new(source));
        let mut table = Self {
            file: file.into(),
            reader,
            found: Vec::new(),
            errors: Vec::new(),
            stopped_early: false,
            rows: 0,
            accepted: 0,
        };
        let mut header = StringRecord::new();
        let read = table.reader.read_record(&mut header);
        match read {
            Err(error) => table.note_unreadable(&error),
            Ok(false) => table.note(1, "the file is empty", "write a header row with the names of the columns"),
            Ok(true) if header.len() > COLUMNS_MAX => {
                let message = format!("the header has {} columns", header.len());
                table.note(1, message, format!("keep it within {COLUMNS_MAX}"));
            }
            Ok(true) => table.find_columns(&header, columns),
        }
        if table.errors.is_empty() { Ok(table) } else { Err(table.into_errors()) }
    }

    fn find_columns(&mut self, header: &StringRecord, columns: &[Column]) {
        for column in columns {
            let mut standing = header.iter().enumerate().filter_map(|(index, title)| {
                let title = title.trim();
                let ours = column.names.iter().any(|name| name.eq_ignore_ascii_case(title));
                ours.then(|| (index, title.to_owned()))
            });
            let (first, second) = (standing.next(), standing.next());
            if let (Some((_, first)), Some((_, second))) = (&first, &second) {
                let message = format!("the columns \"{first}\" and \"{second}\" mean the same");
                self.note(1, message, "keep one of them");
            }
            if first.is_none() && column.presence == Presence::Required {
                let message = format!("the header has no column {}", column.names.first().unwrap_or(&""));
                self.note(1, message, format!("add one called {}", column.names.join(" or ")));
            }
            self.found.push(first);
        }
    }

    /// Reads the next row into `record`; `None` at the end, or once reading has to stop.
    pub(super) fn next<'r>(&mut self, record: &'r mut StringRecord) -> Option<Row<'r>> {
        if self.errors.len() >= ROW_ERRORS_MAX {
            self.stopped_early = true;
            return None;
        }
        loop {
            match self.reader.read_record(record) {
                Ok(false) => return None,
                Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => break,
                Err(error) => {
                    self.note_unreadable(&error);
                    self.stopped_early = true;
                    return None;
                }
            }
        }
        self.rows += 1;
        let line = record.position().map_or(0, csv::Position::line);
        Some(Row { record, line })
    }

    /// Whether the file has this column, counted as it was asked for.
    pub(super) fn has(&self, column: usize) -> bool {
        self.title(column).is_some()
    }

    /// What the header calls this column.
    pub(super) fn title(&self, column: usize) -> Option<&str> {
        self.found.get(column).and_then(Option::as_ref).map(|(_, title)| title.as_str())
    }

    /// The cell as it stands; empty if the row is short or the column absent.
    pub(super) fn raw<'r>(&self, row: &Row<'r>, column: usize) -> &'r str {
        let index = self.found.get(column).and_then(Option::as_ref).map(|(index, _)| *index);
        index.and_then(|index| row.record.get(index)).unwrap_or_default()
    }

    /// A cell, read. `None` if it is not taken, which is noted.
    pub(super) fn cell<T>(
        &mut self,
        row: &Row<'_>,
        column: usize,
        read: impl FnOnce(&str) -> Result<T, Complaint>,
    ) -> Option<T> {
        match read(self.raw(row, column)) {
            Ok(read) => Some(read),
            Err((message, remedy)) => {
                self.note_cell(row, column, message, remedy);
                None
            }
        }
    }

    /// Notes what is wrong with a cell.
    pub(super) fn note_cell(&mut self, row: &Row<'_>, column: usize, message: String, remedy: String) {
        let excerpt = Some(excerpt(self.raw(row, column)));
        let column = self.title(column).map(str::to_owned);
        self.push(RowError { file: Arc::clone(&self.file), line: row.line, column, excerpt, message, remedy });
    }

    /// Notes what is wrong with a line as a whole.
    pub(super) fn note(&mut self, line: u64, message: impl Into<String>, remedy: impl Into<String>) {
        let (message, remedy) = (message.into(), remedy.into());
        self.push(RowError { file: Arc::clone(&self.file), line, column: None, excerpt: None, message, remedy });
    }

    /// Notes a row as handed on.
    pub(super) fn accept(&mut self) {
        self.accepted += 1;
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_good(&self) -> bool {
        self.errors.is_empty()
    }

    /// Ends the reading for good, because a limit of the whole file is reached.
    pub(super) fn stop(&mut self) {
        self.stopped_early = true;
    }

    /// The counts of a good file, or its errors.
    pub(super) fn finish(self) -> Result<ImportCounts, ImportErrors> {
        if self.errors.is_empty() { Ok(self.counts()) } else { Err(self.into_errors()) }
    }

    fn counts(&self) -> ImportCounts {
        ImportCounts { rows: self.rows, accepted: self.accepted, bytes: self.reader.get_ref().bytes_read() }
    }

    fn into_errors(self) -> ImportErrors {
        let counts = self.counts();
        ImportErrors { errors: self.errors, stopped_early: self.stopped_early, counts }
    }

    fn push(&mut self, error: RowError) {
        if self.errors.len() < ROW_ERRORS_MAX {
            self.errors.push(error);
        }
    }

    fn note_unreadable(&mut self, error: &csv::Error) {
        let line = self.reader.position().line();
        let (message, remedy) = match error.kind() {
            csv::ErrorKind::Io(error) => {
                let known = error.get_ref().and_then(|inner| inner.downcast_ref::<SourceError>());
                let remedy = match known {
                    Some(SourceError::NoKnownEncoding { .. } | SourceError::Malformed { .. } | SourceError::Utf16) => {
                        "save the file as CSV in UTF-8"
                    }
                    Some(SourceError::RecordTooLong) => {
                        "look for a lost quotation mark at or before this line, or a cell that is far too long"
                    }
                    None => "look at the disk or the connection the file comes from",
                };
                (known.map_or_else(|| format!("could not read the file: {error}"), ToString::to_string), remedy)
            }
            csv::ErrorKind::Utf8 { err, .. } => (format!("not UTF-8: {err}"), "save the file as CSV in UTF-8"),
            _ => (format!("could not read the record: {error}"), "compare the row with the header"),
        };
        self.note(line, message, remedy);
    }
}

/// A text for people: trimmed, within a length, without control characters and nothing a spreadsheet would run.
pub(super) fn text(cell: &str, chars: std::ops::RangeInclusive<usize>) -> Result<String, Complaint> {
    // Looked at before trimming: a leading tab or line break is one of the ways a cell becomes a formula.
    if cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return Err((
            "the cell would be run as a formula by a spreadsheet".to_owned(),
            "remove its first character".to_owned(),
        ));
    }
    let text = cell.trim();
    if text.chars().any(char::is_control) {
        return Err(("the cell has control characters".to_owned(), "write it on one line, without tabs".to_owned()));
    }
    let length = text.chars().count();
    if !chars.contains(&length) {
        let remedy = format!("write {} to {} characters", chars.start(), chars.end());
        let message =
            if length == 0 { "the cell is empty".to_owned() } else { format!("the cell has {length} characters") };
        return Err((message, remedy));
    }
    Ok(text.to_owned())
}

/// A whole number within limits, both included.
pub(super) fn number(cell: &str, from: u32, to: u32) -> Result<u32, Complaint> {
    let parsed = cell.trim().parse::<u32>().ok().filter(|number| (from..=to).contains(number));
    parsed.ok_or_else(|| ("not a number in range".to_owned(), format!("write a whole number from {from} to {to}")))
}

/// The start of a cell for a message: at most 40 characters, control characters escaped.
fn excerpt(cell: &str) -> String {
    let mut short = String::new();
    let mut chars = cell.chars();
    for c in chars.by_ref() {
        let escaped: String = if c == '"' { "\"".to_owned() } else { c.escape_debug().collect() };
        if short.chars().count() + escaped.chars().count() > 38 {
            short.push_str("..");
            break;
        }
        short.push_str(&escaped);
    }
    short
}

const _: () = assert!(RECORD_BYTES_MAX >= COLUMNS_MAX, "a header of as many columns fits one record");

//! Room: rehearsal/recorder. What clients heard, written down in the format of docs/reference/history-format.md, which
//! `charye audit verify --history` holds against the journal. Must never write what was not heard.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// Lines that the auditor reads.
const LINES_MAX: u64 = 50_000_000;

/// One answer, as its client heard it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct HistoryLine<'a> {
    pub(crate) client: &'a str,
    pub(crate) op: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<&'a str>,
    pub(crate) answer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<bool>,
}

#[derive(Serialize)]
struct Stamped<'a> {
    t_ms: u64,
    #[serde(flatten)]
    line: HistoryLine<'a>,
}

/// The file of a rehearsal.
#[derive(Debug)]
pub(crate) struct History {
    file: BufWriter<File>,
    lines: u64,
    /// The first thing that went wrong: said once, at the end.
    failed: Option<io::Error>,
}

impl History {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(1 << 18, File::create(path)?), lines: 0, failed: None })
    }

    /// Writes a line. After a failure nothing more is written.
    pub(crate) fn write(&mut self, line: HistoryLine<'_>) {
        if self.failed.is_some() {
            return;
        }
        self.failed = self.try_write(line).err();
    }

    fn try_write(&mut self, line: HistoryLine<'_>) -> io::Result<()> {
        if self.lines == LINES_MAX {
            return Err(io::Error::other("the history has as many lines as the auditor reads"));
        }
        self.lines += 1;
        serde_json::to_writer(&mut self.file, &Stamped { t_ms: wall_millis(), line })?;
        self.file.write_all(b"\n")
    }

    /// Ends the file; how many answers are in it.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.file.flush()?;
        Ok(self.lines)
    }
}

/// The client's own clock, for people who read the file. Unit: Unix milliseconds.
pub(crate) fn wall_millis() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "told to people; decides nothing")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_json_object_without_what_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.jsonl");
        let mut history = History::create(&path).unwrap();
        history.write(HistoryLine { client: "7/1", op: "hold", answer: "unknown", ..HistoryLine::default() });
        let line = HistoryLine { client: "7/1", op: "confirm", answer: "confirmed", seq: Some(9), ..line_of_seven() };
        history.write(line);
        assert_eq!(history.finish().unwrap(), 2);
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["answer", "client", "op", "t_ms"]);
        assert_eq!(lines[1]["number"], "0000-0007-919");
        assert_eq!(lines[1]["seq"], 9);
    }

    fn line_of_seven<'a>() -> HistoryLine<'a> {
        HistoryLine { number: Some("0000-0007-919"), ..HistoryLine::default() }
    }
}

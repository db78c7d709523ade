//! Room: ledger/audit. What clients were answered, written by them outside the server's process, and the laws that need
//! it: I3, I4, I5 and I6. Called by `verify`. The format stands in docs/reference/history-format.md; the kill test and
//! the rehearsal write it. Must never trust the journal's word for what a client heard.

use std::collections::HashMap;
use std::io::{self, BufRead};

use charye_domain::book::{Entry, Event};
use charye_domain::ids::ReservationNumber;
use serde::Deserialize;

use crate::audit::Findings;

/// Lines that are read; a longer history is refused.
const LINES_MAX: u64 = 50_000_000;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// One answer, as its client heard it.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    #[serde(rename = "t_ms")]
    _t_ms: i64,
    client: String,
    op: String,
    key: Option<String>,
    request_hash: Option<String>,
    answer: Answer,
    seq: Option<u64>,
    number: Option<String>,
    code: Option<String>,
    recorded: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Confirmed,
    Refused,
    Unknown,
    Busy,
}

/// Why a history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryFailure {
    #[error("line {line} of the history does not read: {reason}")]
    Line { line: u64, reason: String },
    #[error("history has more than {LINES_MAX} lines")]
    TooLong,
    #[error("could not read the history")]
    Io(#[from] io::Error),
}

/// Everything the clients heard, and what the journal says to it.
#[derive(Debug, Default)]
pub struct History {
    lines: Vec<Line>,
    keys: HashMap<u128, Recorded>,
}

/// What the journal holds under a key.
#[derive(Clone, Debug, Default)]
struct Recorded {
    seq: Option<u64>,
    request_hash: u64,
    number: Option<ReservationNumber>,
    refused: Option<&'static str>,
}

impl History {
    /// Reads a history: JSON lines. A last line without its end is what a killed client leaves, and is passed over.
    ///
    /// # Errors
    /// The line that does not read.
    pub fn read(source: &mut dyn BufRead) -> Result<Self, HistoryFailure> {
        let mut history = Self::default();
        let mut text = Vec::new();
        for number in 1.. {
            if number > LINES_MAX {
                return Err(HistoryFailure::TooLong);
            }
            text.clear();
            io::Read::take(&mut *source, LINE_BYTES_MAX).read_until(b'\n', &mut text)?;
            let failed = |reason: String| HistoryFailure::Line { line: number, reason };
            match text.last() {
                None => break,
                Some(b'\n') => {}
                Some(_) if text.len() as u64 == LINE_BYTES_MAX => return Err(failed("it is too long".to_owned())),
                Some(_) => break,
            }
            let line: Line = serde_json::from_slice(&text).map_err(|failure| failed(failure.to_string()))?;
            if let Some(key) = &line.key {
                let key = read_key(key).ok_or_else(|| failed("key is not 32 hexadecimal digits".to_owned()))?;
                history.keys.entry(key).or_default();
            }
            if line.number.as_deref().is_some_and(|number| ReservationNumber::parse(number).is_none()) {
                return Err(failed("number is not a reservation number".to_owned()));
            }
            history.lines.push(line);
        }
        Ok(history)
    }

    /// Answers in it.
    pub fn len(&self) -> u64 {
        self.lines.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Remembers what the journal holds under the keys that clients used.
    pub(crate) fn note(&mut self, seq: u64, entry: &Entry) {
        let Some(operation) = entry.operation else {
            return;
        };
        let Some(recorded) = self.keys.get_mut(&operation.key.0) else {
            return;
        };
        recorded.seq = Some(seq);
        recorded.request_hash = operation.request_hash;
        match &entry.event {
            Event::Reserved { number, .. } | Event::Confirmed { number, .. } => recorded.number = Some(*number),
            Event::Refused { rejection } => recorded.refused = Some(rejection.code()),
            _ => {}
        }
    }

    /// Compares what was heard with what is recorded, once the journal has been read to its end at `last_seq`.
    pub(crate) fn check(&self, last_seq: u64, findings: &mut Findings) {
        let mut clients: HashMap<&str, Client> = HashMap::new();
        let mut heard: HashMap<u128, Heard> = HashMap::new();
        for (place, line) in self.lines.iter().enumerate() {
            let at = Place { line: place + 1, text: line };
            self.check_against_journal(&at, last_seq, findings);
            clients.entry(line.client.as_str()).or_default().hear(&at, findings);
            if let Some(key) = line.key.as_deref().and_then(read_key) {
                heard.entry(key).or_default().hear(&at, findings);
            }
        }
        for (key, heard) in heard {
            let recorded = self.keys.get(&key).and_then(|recorded| recorded.seq);
            if let (true, Some(seq)) = (heard.only_busy, recorded) {
                findings.add(
                    "I4",
                    Some(seq),
                    format!("operation {key:032x} was only ever answered busy, and yet it is recorded"),
                );
            }
        }
    }

    fn check_against_journal(&self, at: &Place<'_>, last_seq: u64, findings: &mut Findings) {
        let line = at.text;
        if let Some(seq) = line.seq.filter(|seq| *seq > last_seq) {
            findings.add("I3", Some(seq), format!("{at}: told of entry {seq}, but the journal ends at {last_seq}"));
        }
        let Some((key, recorded)) =
            line.key.as_deref().and_then(read_key).and_then(|key| self.keys.get_key_value(&key))
        else {
            return;
        };
        let of_this_request =
            line.request_hash.as_deref().and_then(read_hash).is_none_or(|hash| hash == recorded.request_hash);
        let refusal_is_recorded = line.recorded != Some(false) && line.code.as_deref() != Some("key_reused");
        match (line.answer, recorded.seq) {
            (Answer::Confirmed, None) => {
                findings.add("I3", None, format!("{at}: confirmed, but nothing is recorded under {key:032x}"));
            }
            (Answer::Confirmed, Some(seq)) => self.check_confirmed(at, seq, recorded, of_this_request, findings),
            (Answer::Refused, None) if refusal_is_recorded => {
                findings.add("I4", None, format!("{at}: refused for good, but nothing is recorded under {key:032x}"));
            }
            (Answer::Refused, Some(seq)) if refusal_is_recorded && recorded.refused.is_none() => {
                findings.add("I4", Some(seq), format!("{at}: refused, but it is recorded as done"));
            }
            (Answer::Refused, Some(seq))
                if refusal_is_recorded && line.code.is_some() && line.code.as_deref() != recorded.refused =>
            {
                findings.add("I5", Some(seq), format!("{at}: refused with another reason than the one recorded"));
            }
            _ => {}
        }
    }

    fn check_confirmed(
        &self,
        at: &Place<'_>,
        seq: u64,
        recorded: &Recorded,
        of_this_request: bool,
        findings: &mut Findings,
    ) {
        let line = at.text;
        if let Some(code) = recorded.refused {
            findings.add("I3", Some(seq), format!("{at}: confirmed, but recorded as refused ({code})"));
        }
        if !of_this_request {
            findings.add("I5", Some(seq), format!("{at}: confirmed, but the key is recorded for another request"));
        }
        if line.seq.is_some_and(|told| told < seq) {
            findings.add("I3", Some(seq), format!("{at}: confirmed before entry {seq} was durable"));
        }
        let told = line.number.as_deref().and_then(ReservationNumber::parse);
        if told.is_some() && recorded.number.is_some() && told != recorded.number {
            findings.add("I3", Some(seq), format!("{at}: told another reservation number than the one recorded"));
        }
    }
}

/// Where in the history something shows.
struct Place<'a> {
    line: usize,
    text: &'a Line,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "history line {} ({} by client {})", self.line, self.text.op, self.text.client)
    }
}

/// What one client knows: one person on one device, asking one thing at a time.
#[derive(Default)]
struct Client {
    seq: u64,
    own: Own,
}

/// The reservation a client must see.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Own {
    /// Nothing is known, or a request is still unknown.
    #[default]
    Unsure,
    Nothing,
    Has(ReservationNumber),
}

impl Client {
    fn hear(&mut self, at: &Place<'_>, findings: &mut Findings) {
        let line = at.text;
        if let Some(seq) = line.seq {
            if seq < self.seq {
                findings.add("I6", Some(seq), format!("{at}: answered as of {seq}, having seen {}", self.seq));
            }
            self.seq = self.seq.max(seq);
        }
        let number = line.number.as_deref().and_then(ReservationNumber::parse);
        match (line.op.as_str(), line.answer) {
            ("look_up", Answer::Confirmed) => {
                let shown = number.map_or(Own::Nothing, Own::Has);
                if self.own != Own::Unsure && shown != self.own {
                    findings.add("I6", line.seq, format!("{at}: does not see what the client did last"));
                }
            }
            ("look_up", _) => {}
            ("cancel", Answer::Confirmed) => self.own = Own::Nothing,
            (_, Answer::Confirmed) => self.own = number.map_or(self.own, Own::Has),
            (_, Answer::Unknown) => self.own = Own::Unsure,
            _ => {}
        }
    }
}

/// All that was heard under one key.
struct Heard {
    only_busy: bool,
    answer: Option<(Answer, Option<String>)>,
    request_hash: Option<String>,
}

impl Default for Heard {
    fn default() -> Self {
        Self { only_busy: true, answer: None, request_hash: None }
    }
}

impl Heard {
    fn hear(&mut self, at: &Place<'_>, findings: &mut Findings) {
        let line = at.text;
        let counts_for_nothing = line.answer == Answer::Busy || line.recorded == Some(false);
        self.only_busy &= counts_for_nothing;
        if counts_for_nothing || line.answer == Answer::Unknown || line.code.as_deref() == Some("key_reused") {
            return;
        }
        if self.request_hash.is_some() && line.request_hash.is_some() && self.request_hash != line.request_hash {
            findings.add("I5", line.seq, format!("{at}: another request under the same key was not refused"));
        }
        self.request_hash = self.request_hash.take().or_else(|| line.request_hash.clone());
        let said = match line.answer {
            Answer::Confirmed => line.number.clone(),
            _ => line.code.clone(),
        };
        match &self.answer {
            None => self.answer = Some((line.answer, said)),
            Some(before) if *before != (line.answer, said) => {
                findings.add("I5", line.seq, format!("{at}: the same key was answered differently before"));
            }
            Some(_) => {}
        }
    }
}

fn read_key(text: &str) -> Option<u128> {
    (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn read_hash(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

//! Room: ledger/audit. What clients were answered, written by them outside the server's process, and the laws that need
//! it: I3, I4, I5 and I6. Called by `verify`. The format stands in docs/reference/history-format.md; the kill test and
//! the rehearsal write it. Must never trust the journal's word for what a client heard.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::sync::Arc;

use charye_domain::book::{Entry, Event};
use charye_domain::ids::ReservationNumber;
use serde::Deserialize;

use crate::audit::Findings;

/// Lines that are read; a longer history is refused.
const LINES_MAX: u64 = 50_000_000;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// One answer, as its client wrote it down.
#[derive(Debug, Deserialize)]
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

/// Everything the clients heard, and what the journal says to it. There may be fifty million answers of ten million people: each is
/// kept in 72 bytes, and each word and key once.
#[derive(Debug, Default)]
pub struct History {
    told: Vec<Told>,
    clients: Words,
    /// Operations and reasons, of which there are few.
    words: Words,
    /// Places in `recorded`.
    keys: HashMap<u128, u32>,
    recorded: Vec<Recorded>,
}

/// One answer, as its client heard it: words and key by their places.
#[derive(Clone, Copy, Debug)]
struct Told {
    client: u32,
    op: u32,
    key: Option<u32>,
    code: Option<u32>,
    request_hash: Option<u64>,
    answer: Answer,
    seq: Option<u64>,
    number: Option<ReservationNumber>,
    recorded: Option<bool>,
}

/// Words that many answers share.
#[derive(Debug, Default)]
struct Words {
    places: HashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

impl Words {
    /// The place of a word; a new one if it is not known. At most [`LINES_MAX`] times two.
    fn place_of(&mut self, word: &str) -> u32 {
        if let Some(place) = self.places.get(word) {
            return *place;
        }
        let (place, word) = (place_after(self.words.len()), Arc::<str>::from(word));
        self.places.insert(Arc::clone(&word), place);
        self.words.push(word);
        place
    }

    fn at(&self, place: u32) -> &str {
        self.words.get(place as usize).map_or("", |word| word)
    }
}

/// What the journal holds under a key.
#[derive(Clone, Debug)]
struct Recorded {
    key: u128,
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
            history.keep(&line).map_err(|reason| failed(reason.to_owned()))?;
        }
        Ok(history)
    }

    /// Keeps what a line says; otherwise what of it does not read.
    fn keep(&mut self, line: &Line) -> Result<(), &'static str> {
        let key = read(line.key.as_deref(), read_key).ok_or("key is not 32 hexadecimal digits")?;
        let number =
            read(line.number.as_deref(), ReservationNumber::parse).ok_or("number is not a reservation number")?;
        let request_hash = read(line.request_hash.as_deref(), read_hash).ok_or("request_hash is not hexadecimal")?;
        let key = key.map(|key| {
            *self.keys.entry(key).or_insert_with(|| {
                self.recorded.push(Recorded { key, seq: None, request_hash: 0, number: None, refused: None });
                place_after(self.recorded.len() - 1)
            })
        });
        self.told.push(Told {
            client: self.clients.place_of(&line.client),
            op: self.words.place_of(&line.op),
            key,
            code: line.code.as_deref().map(|code| self.words.place_of(code)),
            request_hash,
            answer: line.answer,
            seq: line.seq,
            number,
            recorded: line.recorded,
        });
        Ok(())
    }

    /// Answers in it.
    pub fn len(&self) -> u64 {
        self.told.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Remembers what the journal holds under the keys that clients used.
    pub(crate) fn note(&mut self, seq: u64, entry: &Entry) {
        let Some(operation) = entry.operation else {
            return;
        };
        let place = self.keys.get(&operation.key.0);
        let Some(recorded) = place.and_then(|place| self.recorded.get_mut(*place as usize)) else {
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
        let mut clients = vec![Client::default(); self.clients.words.len()];
        let mut heard = vec![Heard::default(); self.recorded.len()];
        for (place, told) in self.told.iter().enumerate() {
            let at = Place { line: place + 1, told, history: self };
            self.check_against_journal(&at, last_seq, findings);
            if let Some(client) = clients.get_mut(told.client as usize) {
                client.hear(&at, findings);
            }
            if let Some(heard) = told.key.and_then(|key| heard.get_mut(key as usize)) {
                heard.hear(&at, findings);
            }
        }
        for (heard, recorded) in heard.iter().zip(&self.recorded) {
            if let (true, Some(seq)) = (heard.only_busy, recorded.seq) {
                let key = recorded.key;
                let text = format!("operation {key:032x} was only ever answered busy, and yet it is recorded");
                findings.add("I4", Some(seq), text);
            }
        }
    }

    fn check_against_journal(&self, at: &Place<'_>, last_seq: u64, findings: &mut Findings) {
        let told = at.told;
        if let Some(seq) = told.seq.filter(|seq| *seq > last_seq) {
            findings.add("I3", Some(seq), format!("{at}: told of entry {seq}, but the journal ends at {last_seq}"));
        }
        let Some(recorded) = told.key.and_then(|key| self.recorded.get(key as usize)) else { return };
        let of_this_request = told.request_hash.is_none_or(|hash| hash == recorded.request_hash);
        let refusal_is_recorded = told.recorded != Some(false) && at.code() != Some("key_reused");
        match (told.answer, recorded.seq) {
            (Answer::Confirmed, None) => {
                let key = recorded.key;
                findings.add("I3", None, format!("{at}: confirmed, but nothing is recorded under {key:032x}"));
            }
            (Answer::Confirmed, Some(seq)) => self.check_confirmed(at, seq, recorded, of_this_request, findings),
            (Answer::Refused, None) if refusal_is_recorded => {
                let key = recorded.key;
                findings.add("I4", None, format!("{at}: refused for good, but nothing is recorded under {key:032x}"));
            }
            (Answer::Refused, Some(seq)) if refusal_is_recorded && recorded.refused.is_none() => {
                findings.add("I4", Some(seq), format!("{at}: refused, but it is recorded as done"));
            }
            (Answer::Refused, Some(seq))
                if refusal_is_recorded && told.code.is_some() && at.code() != recorded.refused =>
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
        let told = at.told;
        if let Some(code) = recorded.refused {
            findings.add("I3", Some(seq), format!("{at}: confirmed, but recorded as refused ({code})"));
        }
        if !of_this_request {
            findings.add("I5", Some(seq), format!("{at}: confirmed, but the key is recorded for another request"));
        }
        if told.seq.is_some_and(|told| told < seq) {
            findings.add("I3", Some(seq), format!("{at}: confirmed before entry {seq} was durable"));
        }
        if told.number.is_some() && recorded.number.is_some() && told.number != recorded.number {
            findings.add("I3", Some(seq), format!("{at}: told another reservation number than the one recorded"));
        }
    }
}

/// Where in the history something shows.
struct Place<'a> {
    line: usize,
    told: &'a Told,
    history: &'a History,
}

impl<'a> Place<'a> {
    fn op(&self) -> &'a str {
        self.history.words.at(self.told.op)
    }

    fn code(&self) -> Option<&'a str> {
        self.told.code.map(|code| self.history.words.at(code))
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let client = self.history.clients.at(self.told.client);
        write!(f, "history line {} ({} by client {client})", self.line, self.op())
    }
}

/// What one client knows: one person on one device, asking one thing at a time.
#[derive(Clone, Default)]
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
        let told = at.told;
        if let Some(seq) = told.seq {
            if seq < self.seq {
                findings.add("I6", Some(seq), format!("{at}: answered as of {seq}, having seen {}", self.seq));
            }
            self.seq = self.seq.max(seq);
        }
        match (at.op(), told.answer) {
            ("look_up", Answer::Confirmed) => {
                let shown = told.number.map_or(Own::Nothing, Own::Has);
                if self.own != Own::Unsure && shown != self.own {
                    findings.add("I6", told.seq, format!("{at}: does not see what the client did last"));
                }
            }
            ("look_up", _) => {}
            ("cancel", Answer::Confirmed) => self.own = Own::Nothing,
            (_, Answer::Confirmed) => self.own = told.number.map_or(self.own, Own::Has),
            (_, Answer::Unknown) => self.own = Own::Unsure,
            _ => {}
        }
    }
}

/// All that was heard under one key.
#[derive(Clone)]
struct Heard {
    only_busy: bool,
    said: Option<Said>,
    request_hash: Option<u64>,
}

/// An answer that says what became of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    Confirmed(Option<ReservationNumber>),
    /// The reason's place.
    Refused(Option<u32>),
}

impl Default for Heard {
    fn default() -> Self {
        Self { only_busy: true, said: None, request_hash: None }
    }
}

impl Heard {
    fn hear(&mut self, at: &Place<'_>, findings: &mut Findings) {
        let told = at.told;
        let counts_for_nothing = told.answer == Answer::Busy || told.recorded == Some(false);
        self.only_busy &= counts_for_nothing;
        let said = match told.answer {
            _ if counts_for_nothing || at.code() == Some("key_reused") => return,
            Answer::Confirmed => Said::Confirmed(told.number),
            Answer::Refused => Said::Refused(told.code),
            Answer::Unknown | Answer::Busy => return,
        };
        if self.request_hash.is_some() && told.request_hash.is_some() && self.request_hash != told.request_hash {
            findings.add("I5", told.seq, format!("{at}: another request under the same key was not refused"));
        }
        self.request_hash = self.request_hash.or(told.request_hash);
        if self.said.is_some_and(|before| before != said) {
            findings.add("I5", told.seq, format!("{at}: the same key was answered differently before"));
        }
        self.said = self.said.or(Some(said));
    }
}

/// What a text that may be left out says; `None` if it does not read.
fn read<T>(text: Option<&str>, reads: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        Some(text) => reads(text).map(Some),
        None => Some(None),
    }
}

fn read_key(text: &str) -> Option<u128> {
    (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn read_hash(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

/// Of at most [`LINES_MAX`] of anything.
fn place_after(count: usize) -> u32 {
    u32::try_from(count).expect("fifty million lines have fewer words and keys than four billion")
}

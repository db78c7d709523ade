//! Room: rehearsal, bench `waiting`. Everybody who waits: asks where they stand whenever they were told to, by the connection
//! that they share with some hundreds of others. Holds a ticket and a time a person, and nothing else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_rehearsal::load::{Answer, Next, RequestText, Walk};
use hdrhistogram::Histogram;

use super::hours::{Hours, Stretch};
use super::stage::Failure;
use super::stage::now;

/// A poll that is answered so long after its moment was late.
const LATE: Duration = Duration::from_secs(1);
/// Nobody is told to ask later.
const ASK_MAX_MS: u32 = 600_000;
/// Nobody is told to ask earlier; by whose turn may come at once.
const ASK_MIN_MS: u32 = 3_000;
/// Who was answered badly asks again after this.
const AGAIN_MS: u32 = 10_000;
/// Longest time measured. Unit: microseconds.
const TIME_US_MAX: u64 = 600_000_000;

/// Where in a ticket's text twelve characters stand for nine bytes, the first eight of which are the place
/// (docs/reference/tokens.md).
const PLACE: std::ops::Range<usize> = 16..28;
/// People are told how many stand before their tenth of a second exactly, and of that in part. Unit: milliseconds.
const TENTH_MS: u64 = 100;

/// Tickets in the order of their places, one after the other, all of one length.
pub(crate) struct Tickets {
    text: String,
    length: usize,
    /// How many have come by the end of each tenth of a second in which somebody came.
    tenths: Vec<u32>,
}

impl Tickets {
    /// Reads a file of lines.
    pub(crate) fn read(path: &std::path::Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)?;
        let length = text.find('\n').ok_or("no tickets")?;
        if text.len() % (length + 1) != 0 {
            return Err("tickets of several lengths".into());
        }
        let mut tickets = Self { text, length, tenths: Vec::new() };
        let mut last = tickets.tenth_of(0)?;
        for person in 0..tickets.people() {
            let tenth = tickets.tenth_of(person)?;
            if tenth != last {
                tickets.tenths.push(u32::try_from(person)?);
                last = tenth;
            }
        }
        tickets.tenths.push(u32::try_from(tickets.people())?);
        Ok(tickets)
    }

    fn tenth_of(&self, person: usize) -> Result<u64, Failure> {
        let mut bytes = [0; 9];
        let text = self.of(person).get(PLACE).ok_or("a ticket that is too short")?;
        URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| "a ticket that is no base64url")?;
        let (place, _) = bytes.split_first_chunk().ok_or("a ticket without a place")?;
        Ok((u64::from_le_bytes(*place) - (1 << 63)) / TENTH_MS)
    }

    /// How many came before this person's tenth of a second, and by its end.
    fn came_before(&self, person: u32) -> (u32, u32) {
        let tenth = self.tenths.partition_point(|end| *end <= person);
        let before = tenth.checked_sub(1).map_or(0, |tenth| self.tenths[tenth]);
        (before, self.tenths.get(tenth).copied().unwrap_or(before))
    }

    pub(crate) fn people(&self) -> usize {
        self.text.len() / (self.length + 1)
    }

    pub(crate) fn of(&self, person: usize) -> &str {
        let from = person * (self.length + 1);
        &self.text[from..from + self.length]
    }
}

/// What came of the polls.
pub(crate) struct Polled {
    pub(crate) polls: u64,
    /// In stretches that were looked at.
    pub(crate) settled: u64,
    pub(crate) late: u64,
    pub(crate) unwanted: u64,
    /// Told more or fewer people ahead than stand there, or to ask at a time that is none.
    pub(crate) untrue: u64,
    /// Told to come, though nobody has a login for them: they poll no more.
    pub(crate) called: u64,
    /// From when a poll was due to its answer. Unit: microseconds.
    pub(crate) times: Histogram<u64>,
    pub(crate) told_ms: u64,
    pub(crate) why: Option<String>,
}

impl Polled {
    fn new() -> Result<Self, Failure> {
        let times = Histogram::new_with_bounds(1, TIME_US_MAX, 3)?;
        let (polls, settled, late, unwanted, untrue, called, told_ms) = (0, 0, 0, 0, 0, 0, 0);
        Ok(Self { polls, settled, late, unwanted, untrue, called, times, told_ms, why: None })
    }
}

/// Everybody from `first` on.
pub(crate) struct Pollers<'t> {
    tickets: &'t Tickets,
    first: u32,
    hours: Hours,
    began: Instant,
    /// What whoever joins asks first: how the line stands, for everyone.
    public: String,
    /// Whose turn to ask is when, by connection. Unit: milliseconds of the polled clock.
    due: Vec<BinaryHeap<Reverse<(u32, u32)>>>,
    /// Who asks now, and when they were to.
    asks: Vec<Option<(u32, u32)>>,
    pub(crate) polled: Polled,
}

impl<'t> Pollers<'t> {
    /// Nobody has been told anything yet: everybody asks first within the interval that the line would tell at `per_sec`.
    pub(crate) fn new(
        tickets: &'t Tickets,
        first: usize,
        per_sec: u32,
        connections: usize,
        public: String,
        (hours, began): (Hours, Instant),
    ) -> Result<Self, Failure> {
        let mut due = vec![Vec::with_capacity((tickets.people() - first) / connections + 1); connections];
        for person in first..tickets.people() {
            let quarter_ms = person as u64 * 250 / u64::from(per_sec.max(1));
            let interval_ms = u32::try_from(quarter_ms).unwrap_or(ASK_MAX_MS).clamp(ASK_MIN_MS, ASK_MAX_MS);
            let spread = (person as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let at_ms = ((u64::from(interval_ms) * spread) >> 32) as u32;
            due[person % connections].push(Reverse((at_ms, u32::try_from(person)?)));
        }
        Ok(Self {
            tickets,
            first: u32::try_from(first)?,
            hours,
            began,
            public,
            due: due.into_iter().map(BinaryHeap::from).collect(),
            asks: vec![None; connections],
            polled: Polled::new()?,
        })
    }

    /// The next to ask by this connection, if they are to before the end.
    fn next(&mut self, connection: usize, request: &mut RequestText) -> Next {
        self.asks[connection] = None;
        let Some(Reverse((due_ms, person))) = self.due[connection].pop() else { return Next::Go };
        let Some(moment) = self.hours.moment_of(Duration::from_millis(due_ms.into())) else { return Next::Go };
        self.asks[connection] = Some((person, due_ms));
        request.get("/api/v1/line").header("charye-ticket", self.tickets.of(person as usize)).end();
        let elapsed = self.began.elapsed();
        if moment <= elapsed { Next::Ask } else { Next::AskAfter(moment - elapsed) }
    }

    fn note(&mut self, connection: usize, person: u32, due_ms: u32, answer: &Answer<'_>) {
        let heard = now() - self.began;
        let moment = self.hours.moment_of(Duration::from_millis(due_ms.into())).unwrap_or(heard);
        let took = heard.saturating_sub(moment);
        let polled = &mut self.polled;
        polled.polls += 1;
        if self.hours.at(heard) == Stretch::Polled {
            polled.settled += 1;
            polled.late += u64::from(took > LATE);
            polled.times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
        }
        let now_ms = u32::try_from(self.hours.polled_by(heard).as_millis()).unwrap_or(u32::MAX);
        let again_ms = match Standing::read(answer) {
            Some(Standing::Called) => {
                polled.called += 1;
                return;
            }
            Some(Standing::Waits { ahead, ask_again_ms }) => {
                // At the front an interval is lengthened by a quarter, at the most.
                let is_told_well = (ASK_MIN_MS..=ASK_MAX_MS).contains(&ask_again_ms);
                let (before, at_most) = self.tickets.came_before(person);
                // Of those who came before, as many as have logins may have gone in, and no others.
                if ahead > at_most || ahead + self.first < before || !is_told_well {
                    polled.untrue += 1;
                    let told = || {
                        format!("{before} to {at_most} came before: told {ahead} and to ask after {ask_again_ms} ms")
                    };
                    polled.why.get_or_insert_with(told);
                }
                polled.told_ms += u64::from(ask_again_ms);
                ask_again_ms
            }
            None => {
                polled.unwanted += 1;
                let body = || format!("{} {}", answer.status, String::from_utf8_lossy(answer.body));
                polled.why.get_or_insert_with(body);
                AGAIN_MS
            }
        };
        self.due[connection].push(Reverse((now_ms.saturating_add(again_ms), person)));
    }
}

impl Walk for Pollers<'_> {
    fn come(&mut self, _: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        request.get(&self.public).end();
        number < self.asks.len() as u64
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        if let Some((person, due_ms)) = self.asks[connection] {
            self.note(connection, person, due_ms, answer);
        }
        self.next(connection, request)
    }
}

/// What a poll was told.
enum Standing {
    Waits { ahead: u32, ask_again_ms: u32 },
    Called,
}

impl Standing {
    fn read(answer: &Answer<'_>) -> Option<Self> {
        let body = std::str::from_utf8(answer.body).ok().filter(|_| answer.status == 200)?;
        if body.starts_with(r#"{"state":"come""#) {
            return Some(Self::Called);
        }
        let ahead = body.strip_prefix(r#"{"state":"waiting","ahead":"#)?;
        let ahead = ahead.split(',').next()?.parse().ok()?;
        let (_, ask_again) = body.rsplit_once(r#""ask_again_ms":"#)?;
        Some(Self::Waits { ahead, ask_again_ms: ask_again.strip_suffix('}')?.parse().ok()? })
    }
}

//! Room: rehearsal, bench `goodput`. Those who are inside: each claims their visit before any measurement, and holds and confirms
//! within one. Closed loop: this measures how many there can be.

use std::time::{Duration, Instant};

use charye_rehearsal::load::{Answer, Next, RequestText, Walk};
use hdrhistogram::Histogram;
use serde_json::Value;

use super::CAMPAIGN;
use super::places::Pair;
use super::pollers::Tickets;
use super::stage::{Failure, now};

const TIME_US_MAX: u64 = 600_000_000;
/// Who was not called yet asks again after this, whatever they were told: everybody is called within seconds.
const AGAIN: Duration = Duration::from_secs(1);

/// What somebody inside needs to reserve.
pub(crate) struct Pocket {
    person: usize,
    login: String,
    pass: String,
    /// The hold's body.
    places: String,
}

impl Pocket {
    /// With these places to ask for.
    pub(crate) fn with_places((pocket, pair): (Self, Pair)) -> Self {
        let Pair { first, second, .. } = pair;
        let places = format!(r#"{{"campaign":"{CAMPAIGN}","first":"{first}","second":"{second}"}}"#);
        Self { places, ..pocket }
    }
}

/// Everybody who has a login comes in.
pub(crate) struct Entering<'t> {
    tickets: &'t Tickets,
    logins: &'t [String],
    at: Vec<usize>,
    came_in: Vec<Pocket>,
    failed: Option<String>,
}

impl<'t> Entering<'t> {
    pub(crate) fn new(tickets: &'t Tickets, logins: &'t [String], connections: usize) -> Self {
        Self { tickets, logins, at: vec![0; connections], came_in: Vec::with_capacity(logins.len()), failed: None }
    }

    /// Those who are inside.
    pub(crate) fn done(self) -> Result<Vec<Pocket>, Failure> {
        self.failed.map_or(Ok(self.came_in), |why| Err(why.into()))
    }

    fn write(&self, person: usize, request: &mut RequestText) {
        let path = ["/api/v1/campaigns/", CAMPAIGN, "/visit"];
        let request = request.post_at(&path).header_of("authorization", &["Bearer ", self.logins[person].as_str()]);
        request.header("charye-ticket", self.tickets.of(person)).end();
    }
}

impl Walk for Entering<'_> {
    fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let person = number as usize;
        if person >= self.logins.len() || self.failed.is_some() {
            return false;
        }
        self.at[connection] = person;
        self.write(person, request);
        true
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        let (person, told) = (self.at[connection], told_in(answer));
        if answer.status == 200 {
            let (login, pass) = (self.logins[person].clone(), text(&told, "pass"));
            self.came_in.push(Pocket { person, login, pass, places: String::new() });
            return Next::Go;
        }
        if told["code"] == "not_called" {
            self.write(person, request);
            return Next::AskAfter(AGAIN);
        }
        self.failed.get_or_insert(why("visit", answer));
        Next::Go
    }
}

/// Those inside hold and confirm, one after the other on each connection.
pub(crate) struct Reserving<'p> {
    pockets: &'p mut dyn Iterator<Item = Pocket>,
    until: Instant,
    walkers: Vec<Walker>,
    reserved: Reserved,
    nobody_is_left: bool,
    failed: Option<String>,
}

/// What came of it.
pub(crate) struct Reserved {
    /// Confirmations answered before the end.
    pub(crate) in_time: u64,
    pub(crate) in_all: u64,
    /// Of each confirmation. Unit: microseconds.
    pub(crate) times: Histogram<u64>,
}

#[derive(Default)]
struct Walker {
    pocket: Option<Pocket>,
    hold: String,
    asked_at: Option<Instant>,
}

impl<'p> Reserving<'p> {
    pub(crate) fn new(
        pockets: &'p mut dyn Iterator<Item = Pocket>,
        connections: usize,
        until: Instant,
    ) -> Result<Self, Failure> {
        let reserved = Reserved { in_time: 0, in_all: 0, times: Histogram::new_with_bounds(1, TIME_US_MAX, 3)? };
        let walkers = std::iter::repeat_with(Walker::default).take(connections).collect();
        Ok(Self { pockets, until, walkers, reserved, nobody_is_left: false, failed: None })
    }

    /// A round in which somebody inside was refused, or nobody was left, is no figure.
    pub(crate) fn done(self) -> Result<Reserved, Failure> {
        if self.nobody_is_left {
            return Err("everybody inside has reserved before the end: more must go in (--inside)".into());
        }
        self.failed.map_or(Ok(self.reserved), |why| Err(why.into()))
    }
}

impl Walk for Reserving<'_> {
    fn come(&mut self, connection: usize, _: u64, _: Instant, request: &mut RequestText) -> bool {
        let Some(pocket) = self.pockets.next() else {
            self.nobody_is_left = true;
            return false;
        };
        let key = format!("goodput-{}", pocket.person);
        let request = request.post("/api/v1/holds").header_of("authorization", &["Bearer ", &pocket.login]);
        request.header("charye-pass", &pocket.pass).header("idempotency-key", &key).json(&pocket.places);
        self.walkers[connection] = Walker { pocket: Some(pocket), hold: String::new(), asked_at: None };
        true
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        let walker = &mut self.walkers[connection];
        let (Some(pocket), true) = (&walker.pocket, (200..300).contains(&answer.status)) else {
            self.failed.get_or_insert(why(if walker.asked_at.is_some() { "confirm" } else { "hold" }, answer));
            return Next::Go;
        };
        let heard_at = now();
        if let Some(asked_at) = walker.asked_at {
            let took = u64::try_from((heard_at - asked_at).as_micros()).unwrap_or(u64::MAX);
            self.reserved.times.saturating_record(took.max(1));
            self.reserved.in_time += u64::from(heard_at <= self.until);
            self.reserved.in_all += 1;
            return Next::Go;
        }
        walker.hold = text(&told_in(answer), "hold");
        let key = format!("goodput-{}", pocket.person);
        let request = request.post_at(&["/api/v1/holds/", &walker.hold, "/confirm"]);
        let request = request.header_of("authorization", &["Bearer ", &pocket.login]);
        request.header("charye-pass", &pocket.pass).header("idempotency-key", &key).end();
        walker.asked_at = Some(heard_at);
        Next::Ask
    }
}

fn told_in(answer: &Answer<'_>) -> Value {
    serde_json::from_slice(answer.body).unwrap_or_default()
}

fn text(told: &Value, name: &str) -> String {
    told[name].as_str().unwrap_or_default().to_owned()
}

fn why(step: &str, answer: &Answer<'_>) -> String {
    format!("{step}: {} {}", answer.status, String::from_utf8_lossy(answer.body))
}

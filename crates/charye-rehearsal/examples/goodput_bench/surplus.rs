//! Room: rehearsal, bench `goodput`. Everybody who is not inside: of ten, six wait and poll, one looks for clinics, one reads how
//! the line stands, one comes to the door, one asks for places without a pass. Open loop, as far as there are connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use charye_rehearsal::load::{Answer, Gathered, Next, RequestText, Walk};

use super::CAMPAIGN;
use super::pollers::Tickets;

const DISTRICTS: [&str; 10] =
    ["11110", "11680", "26350", "28260", "41117", "41590", "42110", "46910", "48121", "50110"];
/// Spreads numbers over the line.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What came of them while it counted.
#[derive(Debug, Default)]
pub(crate) struct Outsiders {
    pub(crate) answered: u64,
    /// Refused, or asked to come back: what is shed.
    pub(crate) turned_away: u64,
    /// Answered with a failure of ours, or with what is no answer to such a question.
    pub(crate) errors: u64,
    pub(crate) why: Option<String>,
}

pub(crate) struct Surplus<'t> {
    tickets: &'t Tickets,
    /// Those from here on wait.
    first: usize,
    public: String,
}

impl<'t> Surplus<'t> {
    pub(crate) fn new(tickets: &'t Tickets, first: usize, public: String) -> Self {
        Self { tickets, first, public }
    }

    /// Has the crowd ask until its time is over. Failures cross threads as text.
    pub(crate) fn ask(&self, crowd: Gathered, counts: &AtomicBool) -> Result<Outsiders, String> {
        let mut asking = AskingOutside { surplus: self, counts, outsiders: Outsiders::default() };
        crowd.run(&mut asking).map_err(|failure| failure.to_string())?;
        Ok(asking.outsiders)
    }
}

struct AskingOutside<'s> {
    surplus: &'s Surplus<'s>,
    counts: &'s AtomicBool,
    outsiders: Outsiders,
}

impl Walk for AskingOutside<'_> {
    fn come(&mut self, _: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let Surplus { tickets, first, public } = self.surplus;
        match number % 10 {
            6 => {
                let district = DISTRICTS[(number / 10) as usize % DISTRICTS.len()];
                let path = ["/api/v1/campaigns/", CAMPAIGN, "/clinics?limit=20&district=", district];
                request.get_at(&path).end();
            }
            7 => request.get(public).end(),
            8 => request.get("/").end(),
            9 => {
                let places = format!(r#"{{"campaign":"{CAMPAIGN}","first":"none","second":"none"}}"#);
                request.post("/api/v1/holds").header("idempotency-key", "goodput-none").json(&places);
            }
            _ => {
                let waiting = (tickets.people() - first) as u64;
                let person = first + ((number.wrapping_mul(SPREAD) >> 32) % waiting) as usize;
                request.get("/api/v1/line").header("charye-ticket", tickets.of(person)).end();
            }
        }
        true
    }

    fn hear(&mut self, _: usize, answer: &Answer<'_>, _: &mut RequestText) -> Next {
        if self.counts.load(Ordering::Relaxed) {
            let outsiders = &mut self.outsiders;
            match answer.status {
                200..=399 => outsiders.answered += 1,
                401 | 403 | 429 | 503 => outsiders.turned_away += 1,
                _ => {
                    outsiders.errors += 1;
                    let why = || format!("{} {}", answer.status, String::from_utf8_lossy(answer.body));
                    outsiders.why.get_or_insert_with(why);
                }
            }
        }
        Next::Go
    }
}

//! Room: rehearsal, bench `waiting`. What one poll costs the server by the way it comes: kept connections and new ones, in the
//! clear and in TLS. As many as go, from a few connections: nothing but polls.

use std::time::{Duration, Instant};

use charye_rehearsal::load::{Answer, Crowd, Kept, Next, RequestText, Trust, Walk, Wire};

use super::house::{CERTIFICATE, Served};
use super::pollers::Tickets;
use super::stage::figures::{Goal, figure};
use super::stage::program::Program;
use super::stage::servers::{CONNECTIONS, echo_us, micros};
use super::stage::{Failure, now};

const TIME: Duration = Duration::from_secs(4);

/// Prints what polls of the people from `first` on cost, with kept connections and with one for each.
pub(crate) fn tell(served: &Served, echo: &Program, tickets: &Tickets, first: usize, tls: bool) -> Result<(), Failure> {
    let way = if tls { "tls" } else { "clear" };
    for (kept, how) in [(Kept::AllAlong, "kept"), (Kept::ARequest, "new")] {
        let echo_us = echo_us(echo)?;
        let trust = tls.then(|| Trust::in_pem(CERTIFICATE, "localhost")).transpose()?;
        let crowd = Crowd { connections: CONNECTIONS, rate_per_sec: None, time: TIME };
        let gathered = crowd.gather(served.program.target, Wire { kept, tls: trust })?;
        let mut polls = Polls { tickets, next: first, first, until: now() + TIME, heard: 0, unwanted: 0 };
        let before = served.program.cpu()?;
        gathered.run(&mut polls)?;
        let cpu = served.program.cpu()? - before;
        if polls.unwanted > 0 {
            return Err(format!("{} of {} polls were not what was wanted", polls.unwanted, polls.heard).into());
        }
        let each = micros(cpu) / polls.heard as f64;
        figure(&format!("waiting.poll_{way}_{how}"), each, "us", Some(echo_us), Goal::None)?;
    }
    Ok(())
}

/// One person after the other asks where they stand.
struct Polls<'t> {
    tickets: &'t Tickets,
    first: usize,
    next: usize,
    until: Instant,
    heard: u64,
    unwanted: u64,
}

impl Polls<'_> {
    fn write(&mut self, request: &mut RequestText) {
        request.get("/api/v1/line").header("charye-ticket", self.tickets.of(self.next)).end();
        self.next = if self.next + 1 < self.tickets.people() { self.next + 1 } else { self.first };
    }
}

impl Walk for Polls<'_> {
    fn come(&mut self, _: usize, _: u64, intended: Instant, request: &mut RequestText) -> bool {
        self.write(request);
        intended < self.until
    }

    fn hear(&mut self, _: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        self.heard += 1;
        self.unwanted += u64::from(answer.status != 200 || !answer.body.starts_with(br#"{"state":"#));
        if now() >= self.until {
            return Next::Go;
        }
        self.write(request);
        Next::Ask
    }
}

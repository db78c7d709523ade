//! Room: rehearsal, bench `waiting`. Those at the front, who have logins: each comes at their time, asks for a visit until it is
//! theirs, holds and confirms. How long a confirmation takes, while the others poll and while they keep quiet.

use std::time::{Duration, Instant};

use charye_rehearsal::load::{Answer, Next, RequestText, Walk};
use hdrhistogram::Histogram;

use super::hours::{Hours, Stretch};
use super::places::Pair;
use super::pollers::Tickets;
use super::stage::Failure;
use super::stage::now;

const TIME_US_MAX: u64 = 600_000_000;
/// Whose turn has not come asks again when told, but never so late that the run would end.
const AGAIN_MAX: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Enter,
    Hold,
    Confirm,
}

/// Who is on a connection, and what they were given.
#[derive(Clone)]
struct Walker {
    person: usize,
    step: Step,
    asked_at: Instant,
    pass: String,
    hold: String,
}

/// What came of it.
pub(crate) struct Confirmed {
    pub(crate) people: u64,
    pub(crate) unwanted: u64,
    pub(crate) why: Option<String>,
    /// While the others poll, and while they do not. Unit: microseconds.
    pub(crate) polled: Histogram<u64>,
    pub(crate) quiet: Histogram<u64>,
}

pub(crate) struct Insiders<'t> {
    pub(crate) campaign: String,
    tickets: &'t Tickets,
    logins: &'t [String],
    pairs: &'t [Pair],
    hours: Hours,
    began: Instant,
    walkers: Vec<Walker>,
    pub(crate) confirmed: Confirmed,
}

impl<'t> Insiders<'t> {
    pub(crate) fn new(
        campaign: &str,
        tickets: &'t Tickets,
        logins: &'t [String],
        pairs: &'t [Pair],
        connections: usize,
        (hours, began): (Hours, Instant),
    ) -> Result<Self, Failure> {
        let nobody = Walker { person: 0, step: Step::Enter, asked_at: began, pass: String::new(), hold: String::new() };
        let times = Histogram::new_with_bounds(1, TIME_US_MAX, 3)?;
        let confirmed = Confirmed { people: 0, unwanted: 0, why: None, polled: times.clone(), quiet: times };
        let walkers = vec![nobody; connections];
        Ok(Self { campaign: campaign.to_owned(), tickets, logins, pairs, hours, began, walkers, confirmed })
    }

    fn write(&mut self, connection: usize, request: &mut RequestText) {
        let walker = &mut self.walkers[connection];
        walker.asked_at = now();
        let (person, key) = (walker.person, format!("waiting-{}", walker.person));
        let login = ["Bearer ", self.logins[person].as_str()];
        match walker.step {
            Step::Enter => {
                let path = ["/api/v1/campaigns/", self.campaign.as_str(), "/visit"];
                let request = request.post_at(&path).header_of("authorization", &login);
                request.header("charye-ticket", self.tickets.of(person)).end();
            }
            Step::Hold => {
                let (campaign, Pair { first, second, .. }) = (&self.campaign, &self.pairs[person]);
                let request = request.post("/api/v1/holds").header_of("authorization", &login);
                let places = format!(r#"{{"campaign":"{campaign}","first":"{first}","second":"{second}"}}"#);
                request.header("charye-pass", &walker.pass).header("idempotency-key", &key).json(&places);
            }
            Step::Confirm => {
                let path = ["/api/v1/holds/", &walker.hold, "/confirm"];
                let request = request.post_at(&path).header_of("authorization", &login);
                request.header("charye-pass", &walker.pass).header("idempotency-key", &key).end();
            }
        }
    }

    fn note_confirmed(&mut self, asked_at: Instant) {
        let took = u64::try_from(asked_at.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        let confirmed = &mut self.confirmed;
        confirmed.people += 1;
        match self.hours.at(asked_at - self.began) {
            Stretch::Polled => confirmed.polled.saturating_record(took),
            Stretch::Quiet => confirmed.quiet.saturating_record(took),
            Stretch::Unsettled => {}
        }
    }
}

impl Walk for Insiders<'_> {
    fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let person = number as usize;
        if person >= self.logins.len().min(self.pairs.len()) {
            return false;
        }
        (self.walkers[connection].person, self.walkers[connection].step) = (person, Step::Enter);
        self.write(connection, request);
        true
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        let told: serde_json::Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let walker = &mut self.walkers[connection];
        if !(200..300).contains(&answer.status) {
            let is_early = walker.step == Step::Enter && told["code"] == "not_called";
            if is_early
                && let Some(ms) = told["ask_again_ms"].as_u64()
                && self.began.elapsed() < self.hours.whole()
            {
                self.write(connection, request);
                return Next::AskAfter(Duration::from_millis(ms).min(AGAIN_MAX));
            }
            self.confirmed.unwanted += u64::from(!is_early);
            let why = || format!("{:?}: {} {}", walker.step, answer.status, String::from_utf8_lossy(answer.body));
            if !is_early {
                self.confirmed.why.get_or_insert_with(why);
            }
            return Next::Go;
        }
        match walker.step {
            Step::Enter => (walker.step, walker.pass) = (Step::Hold, text("pass")),
            Step::Hold => (walker.step, walker.hold) = (Step::Confirm, text("hold")),
            Step::Confirm => {
                let asked_at = walker.asked_at;
                self.note_confirmed(asked_at);
                return Next::Go;
            }
        }
        self.write(connection, request);
        Next::Ask
    }
}

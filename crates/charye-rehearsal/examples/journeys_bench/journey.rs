//! Room: rehearsal, bench `journeys`. The journey itself: each connection takes one citizen after the other through all of
//! its steps, as fast as answers come. Closed loop: this measures how many there can be, not how long people wait.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use charye_rehearsal::load::{Answer, Connection, RequestText, Target};
use hdrhistogram::Histogram;
use serde::Deserialize;
use tokio::task::{JoinSet, LocalSet};

use super::stage::askings::Citizen;
use super::stage::{Failure, now};

/// The steps, in order. The line is polled twice, whatever it says.
pub(crate) const STEPS: [&str; 8] =
    ["sign_in", "take_place", "poll", "poll_again", "enter", "look_up", "hold", "confirm"];
/// Districts large and small, near the capital and far from it.
const DISTRICTS: [u32; 10] = [11_110, 11_680, 26_350, 28_260, 41_117, 41_590, 42_110, 46_910, 48_121, 50_110];
/// Times that somebody who is told to wait asks again.
const WAITS_MAX: usize = 1_000;

/// What came of it.
pub(crate) struct Played {
    pub(crate) completed: u64,
    pub(crate) refused: u64,
    pub(crate) wall: Duration,
    /// By step. Unit: microseconds.
    pub(crate) times: Vec<Histogram<u64>>,
}

/// What answers tell; everything else is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    login: Option<&'a str>,
    ticket: Option<&'a str>,
    pass: Option<&'a str>,
    hold: Option<&'a str>,
    code: Option<&'a str>,
    ask_again_ms: Option<u64>,
}

struct Stage {
    campaign: String,
    citizens: Vec<Citizen>,
    next: Cell<usize>,
    completed: Cell<u64>,
    refused: Cell<u64>,
    times: RefCell<Vec<Histogram<u64>>>,
    /// The first that went wrong explains the run.
    explained: Cell<bool>,
}

/// Plays for so long, or until everybody has reserved.
pub(crate) fn play(
    target: Target,
    campaign: &str,
    citizens: Vec<Citizen>,
    connections: usize,
    time: Duration,
) -> Result<Played, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stage = Rc::new(Stage {
        campaign: campaign.to_owned(),
        citizens,
        next: Cell::new(0),
        completed: Cell::new(0),
        refused: Cell::new(0),
        times: RefCell::new(vec![Histogram::new_with_bounds(1, 600_000_000, 3)?; STEPS.len()]),
        explained: Cell::new(false),
    });
    let wall = LocalSet::new().block_on(&runtime, async {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(Connection::open(target, None).await?);
        }
        let began = now();
        let mut carriers = JoinSet::new();
        for connection in open {
            carriers.spawn_local(carry(Rc::clone(&stage), connection, began, time));
        }
        while let Some(ended) = carriers.join_next().await {
            ended?.map_err(|failure| failure.to_string())?;
        }
        Ok::<_, Failure>(began.elapsed())
    })?;
    Ok(Played { completed: stage.completed.get(), refused: stage.refused.get(), wall, times: stage.times.take() })
}

async fn carry(
    stage: Rc<Stage>,
    mut connection: Connection,
    began: std::time::Instant,
    time: Duration,
) -> Result<(), charye_rehearsal::load::LoadFailure> {
    let mut request = RequestText::default();
    while began.elapsed() < time {
        let number = stage.next.get();
        let Some(citizen) = stage.citizens.get(number) else { break };
        stage.next.set(number + 1);
        let done = Journey { stage: &stage, connection: &mut connection, request: &mut request, citizen, number };
        match done.take().await? {
            true => stage.completed.set(stage.completed.get() + 1),
            false => stage.refused.set(stage.refused.get() + 1),
        }
    }
    Ok(())
}

struct Journey<'a> {
    stage: &'a Stage,
    connection: &'a mut Connection,
    request: &'a mut RequestText,
    citizen: &'a Citizen,
    number: usize,
}

impl Journey<'_> {
    /// Whether it ended with a reservation.
    async fn take(mut self) -> Result<bool, charye_rehearsal::load::LoadFailure> {
        let campaign = ["/api/v1/campaigns/", &self.stage.campaign];
        self.request.post("/api/v1/sign-in").json(&format!("{{\"citizen\":{}}}", self.citizen.id));
        let Some(login) = self.ask(0, |told| told.login).await? else { return Ok(false) };
        let login = ["Bearer ", &login];
        self.request.post_at(&[campaign[0], campaign[1], "/line"]).header_of("authorization", &login).end();
        let Some(ticket) = self.ask(1, |told| Some(told.ticket.unwrap_or_default())).await? else { return Ok(false) };
        for step in [2, 3].into_iter().filter(|_| !ticket.is_empty()) {
            self.request.get("/api/v1/line").header("charye-ticket", &ticket).end();
            if self.ask(step, |_| Some("")).await?.is_none() {
                return Ok(false);
            }
        }
        let Some(pass) = self.enter(&campaign, &login).await? else { return Ok(false) };
        let district = DISTRICTS[self.number % DISTRICTS.len()].to_string();
        let area = ["/clinics?limit=20&district=", &district];
        self.request.get_at(&[campaign[0], campaign[1], area[0], area[1]]).end();
        if self.ask(5, |_| Some("")).await?.is_none() {
            return Ok(false);
        }
        let (first, second) = (&self.citizen.first, &self.citizen.second);
        let body = format!(r#"{{"campaign":"{}","first":"{first}","second":"{second}"}}"#, self.stage.campaign);
        let key = format!("journey-{}", self.number);
        let request = self.request.post("/api/v1/holds").header_of("authorization", &login);
        request.header("charye-pass", &pass).header("idempotency-key", &key).json(&body);
        let Some(hold) = self.ask(6, |told| told.hold).await? else { return Ok(false) };
        let request = self.request.post_at(&["/api/v1/holds/", &hold, "/confirm"]).header_of("authorization", &login);
        request.header("charye-pass", &pass).header("idempotency-key", &key).end();
        Ok(self.ask(7, |_| Some("")).await?.is_some())
    }

    /// Asks for a visit until it is their turn.
    async fn enter(
        &mut self,
        campaign: &[&str; 2],
        login: &[&str],
    ) -> Result<Option<String>, charye_rehearsal::load::LoadFailure> {
        for _ in 0..WAITS_MAX {
            self.request.post_at(&[campaign[0], campaign[1], "/visit"]).header_of("authorization", login).end();
            let mut wait_ms = None;
            let mut heard = |told: &Told<'_>| {
                wait_ms = (told.code == Some("not_called")).then(|| told.ask_again_ms.unwrap_or(1_000));
            };
            let pass = self.ask_hearing(4, |told| told.pass, &mut heard).await?;
            match (pass, wait_ms) {
                (None, Some(wait_ms)) => tokio::time::sleep(Duration::from_millis(wait_ms.max(1))).await,
                (pass, _) => return Ok(pass),
            }
        }
        Ok(None)
    }

    async fn ask(
        &mut self,
        step: usize,
        wanted: impl for<'t> Fn(&Told<'t>) -> Option<&'t str>,
    ) -> Result<Option<String>, charye_rehearsal::load::LoadFailure> {
        self.ask_hearing(step, wanted, &mut |_| {}).await
    }

    /// Asks what is written; what was wanted of the answer, if it was a good one.
    async fn ask_hearing(
        &mut self,
        step: usize,
        wanted: impl for<'t> Fn(&Told<'t>) -> Option<&'t str>,
        heard: &mut dyn FnMut(&Told<'_>),
    ) -> Result<Option<String>, charye_rehearsal::load::LoadFailure> {
        let asked_at = now();
        let answer = self.connection.ask(self.request).await?;
        let micros = u64::try_from(asked_at.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.stage.times.borrow_mut()[step].saturating_record(micros.max(1));
        let good = (200..300).contains(&answer.status);
        // A look-up is long, and nothing of it is wanted here: everybody has their places.
        let body: &[u8] = if step == 5 && good { b"{}" } else { answer.body };
        let told: Told<'_> = serde_json::from_slice(body).unwrap_or_default();
        heard(&told);
        if !good && told.code != Some("not_called") && !self.stage.explained.replace(true) {
            explain(step, &answer);
        }
        Ok(wanted(&told).filter(|_| good).map(str::to_owned))
    }
}

fn explain(step: usize, answer: &Answer<'_>) {
    use std::io::Write as _;
    let body = String::from_utf8_lossy(answer.body);
    let _ = writeln!(std::io::stderr().lock(), "{}: {} {body}", STEPS[step], answer.status);
}

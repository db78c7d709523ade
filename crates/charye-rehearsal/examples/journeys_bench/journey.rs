//! Room: rehearsal, bench `journeys`. The journey itself, as a crowd walks it: each connection takes one citizen after the
//! other through all of its steps. Closed loop: this measures how many there can be, not how long people wait.

use std::time::{Duration, Instant};

use charye_rehearsal::load::{Answer, Next, RequestText, Walk};

use super::Failure;
use super::identities::{Identities, Proof};
use super::places::Pair;
use super::stage::now;
use super::tally::{Tally, refusal};

/// The steps, in order. The line is polled twice, whatever it says.
pub(crate) const STEPS: [&str; 8] = ["begin", "callback", "poll", "poll_again", "claim", "look_up", "hold", "confirm"];
const BEGIN: usize = 0;
const CALLBACK: usize = 1;
const POLL: usize = 2;
const POLL_AGAIN: usize = 3;
const CLAIM: usize = 4;
const LOOK_UP: usize = 5;
const HOLD: usize = 6;
const CONFIRM: usize = 7;
/// Districts large and small, near the capital and far from it.
pub(crate) const DISTRICTS: [&str; 10] =
    ["11110", "11680", "26350", "28260", "41117", "41590", "42110", "46910", "48121", "50110"];

/// Somebody who has everything that a journey takes but the journey.
pub(crate) struct Citizen {
    /// What comes back from the provider, with the sealed state of a sign-in that was begun before the run: the callback's
    /// body. Its answer is signed by now.
    came_back: String,
    key: String,
    /// The hold's body.
    places: String,
}

/// Everybody begins to sign in, and the windows' answers are made: before any measurement.
pub(crate) struct Beginnings<'w> {
    proof: Proof,
    identities: &'w Identities,
    /// The body of every beginning.
    begin: String,
    now_secs: u64,
    /// By number; nothing yet for whom is on the way.
    citizens: Vec<Citizen>,
    on_the_way: Vec<usize>,
    failed: Option<Failure>,
}

impl<'w> Beginnings<'w> {
    /// One for each pair of places.
    pub(crate) fn new(
        proof: Proof,
        identities: &'w Identities,
        campaign: &str,
        pairs: &[Pair],
        connections: usize,
    ) -> Result<Self, Failure> {
        let citizen = |(number, Pair { first, second, .. }): (usize, &Pair)| Citizen {
            came_back: String::new(),
            key: format!("journey-{number}"),
            places: format!(r#"{{"campaign":"{campaign}","first":"{first}","second":"{second}"}}"#),
        };
        let citizens = pairs.iter().enumerate().map(citizen).collect();
        let now_secs = unix_secs()?;
        Ok(Self {
            proof,
            identities,
            begin: for_campaign(campaign),
            now_secs,
            citizens,
            on_the_way: vec![0; connections],
            failed: None,
        })
    }

    /// Those who may go: everybody who has begun.
    pub(crate) fn done(mut self) -> Result<Vec<Citizen>, Failure> {
        self.citizens.retain(|citizen| !citizen.came_back.is_empty());
        self.failed.map_or(Ok(self.citizens), Err)
    }

    fn keep(&mut self, number: usize, answer: &Answer<'_>) -> Result<(), Failure> {
        let sign_in = text_of(answer.body, "sign_in").ok_or_else(|| refusal(STEPS[BEGIN], answer))?;
        let next = std::str::from_utf8(answer.body)?;
        let returned = self.identities.come_back(self.proof, next, number, self.now_secs)?;
        self.citizens[number].came_back = format!(r#"{{"sign_in":"{sign_in}","returned":"{returned}"}}"#);
        Ok(())
    }
}

impl Walk for Beginnings<'_> {
    fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let number = number as usize;
        self.on_the_way[connection] = number;
        begin(self.proof, &self.begin, request);
        number < self.citizens.len() && self.failed.is_none()
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, _: &mut RequestText) -> Next {
        if let Err(failure) = self.keep(self.on_the_way[connection], answer) {
            self.failed.get_or_insert(failure);
        }
        Next::Go
    }
}

fn begin(proof: Proof, body: &str, request: &mut RequestText) {
    request.post_at(&["/api/v1/providers/", proof.provider(), "/begin"]).json(body);
}

/// The body of a beginning.
fn for_campaign(campaign: &str) -> String {
    format!(r#"{{"campaign":"{campaign}"}}"#)
}

#[expect(clippy::disallowed_methods, reason = "answers say when they were issued, by the server's clock")]
pub(crate) fn unix_secs() -> Result<u64, Failure> {
    Ok(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())
}

/// Everybody's journey, and what came of it.
pub(crate) struct Journeys<'c> {
    proof: Proof,
    campaign: String,
    /// The body of every beginning.
    begin: String,
    citizens: &'c [Citizen],
    walkers: Vec<Walker>,
    pub(crate) tally: Tally,
}

/// Who is on a connection, how far, and with what in their pocket.
struct Walker {
    number: usize,
    step: usize,
    asked_at: Instant,
    login: String,
    ticket: String,
    pass: String,
    hold: String,
}

impl<'c> Journeys<'c> {
    pub(crate) fn new(
        proof: Proof,
        campaign: &str,
        citizens: &'c [Citizen],
        connections: usize,
    ) -> Result<Self, Failure> {
        let nobody = || Walker {
            number: 0,
            step: BEGIN,
            asked_at: now(),
            login: String::new(),
            ticket: String::new(),
            pass: String::new(),
            hold: String::new(),
        };
        Ok(Self {
            proof,
            campaign: campaign.to_owned(),
            begin: for_campaign(campaign),
            citizens,
            walkers: std::iter::repeat_with(nobody).take(connections).collect(),
            tally: Tally::of(&STEPS)?,
        })
    }

    fn write(&self, walker: &Walker, request: &mut RequestText) {
        let at_campaign = |rest: &'static str| ["/api/v1/campaigns/", self.campaign.as_str(), rest];
        let login = ["Bearer ", walker.login.as_str()];
        let citizen = &self.citizens[walker.number];
        match walker.step {
            BEGIN => begin(self.proof, &self.begin, request),
            CALLBACK => {
                let path = ["/api/v1/providers/", self.proof.provider(), "/callback"];
                request.post_at(&path).json(&citizen.came_back);
            }
            POLL | POLL_AGAIN => request.get("/api/v1/line").header("charye-ticket", &walker.ticket).end(),
            CLAIM => {
                let request = request.post_at(&at_campaign("/visit")).header_of("authorization", &login);
                request.header("charye-ticket", &walker.ticket).end();
            }
            LOOK_UP => {
                let [base, campaign, clinics] = at_campaign("/clinics?limit=20&district=");
                let request = request.get_at(&[base, campaign, clinics, DISTRICTS[walker.number % DISTRICTS.len()]]);
                // Whoever is inside says so: the look-ups of all others are turned away when it gets tight.
                request.header_of("authorization", &login).header("charye-pass", &walker.pass).end();
            }
            HOLD => {
                let request = request.post("/api/v1/holds").header_of("authorization", &login);
                request
                    .header("charye-pass", &walker.pass)
                    .header("idempotency-key", &citizen.key)
                    .json(&citizen.places);
            }
            _ => {
                let request = request.post_at(&["/api/v1/holds/", &walker.hold, "/confirm"]);
                let request = request.header_of("authorization", &login).header("charye-pass", &walker.pass);
                request.header("idempotency-key", &citizen.key).end();
            }
        }
    }
}

impl Walk for Journeys<'_> {
    fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
        let number = number as usize;
        if number >= self.citizens.len() {
            return false;
        }
        let walker = &mut self.walkers[connection];
        (walker.number, walker.step, walker.asked_at) = (number, BEGIN, now());
        self.write(&self.walkers[connection], request);
        true
    }

    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
        let walker = &mut self.walkers[connection];
        let (step, heard_at) = (walker.step, now());
        self.tally.answered(step, heard_at - walker.asked_at);
        walker.asked_at = heard_at;
        if !(200..400).contains(&answer.status) {
            let is_early = walker.step == CLAIM && text_of(answer.body, "code") == Some("not_called");
            if is_early && let Some(wait_ms) = number_of(answer.body, "ask_again_ms") {
                self.write(&self.walkers[connection], request);
                return Next::AskAfter(Duration::from_millis(wait_ms));
            }
            self.tally.refused(step, answer);
            return Next::Go;
        }
        if step == CALLBACK {
            // Who signs in for a campaign is in its line with that very answer.
            text_of(answer.body, "ticket").unwrap_or_default().clone_into(&mut walker.ticket);
        }
        let (pocket, told) = match walker.step {
            CALLBACK => (&mut walker.login, text_of(answer.body, "login")),
            CLAIM => (&mut walker.pass, text_of(answer.body, "pass")),
            HOLD => (&mut walker.hold, text_of(answer.body, "hold")),
            CONFIRM => {
                self.tally.completed += 1;
                return Next::Go;
            }
            _ => (&mut walker.hold, None),
        };
        if let Some(told) = told {
            told.clone_into(pocket);
        }
        walker.step += 1;
        self.write(&self.walkers[connection], request);
        Next::Ask
    }
}

/// The text of a member of a JSON object of ours: none of them holds an escaped character.
fn text_of<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let rest = after_name(body, name)?.strip_prefix('"')?;
    rest.split('"').next()
}

fn number_of(body: &[u8], name: &str) -> Option<u64> {
    after_name(body, name)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn after_name<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    // Members are told apart by their quotes: `"name":`.
    let mut rest = body;
    while let Some((_, from)) = rest.split_once('"') {
        if let Some(value) = from.strip_prefix(name).and_then(|value| value.strip_prefix("\":")) {
            return Some(value);
        }
        rest = from;
    }
    None
}

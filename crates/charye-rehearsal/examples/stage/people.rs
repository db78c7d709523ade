//! Room: rehearsal, benches. Who may reserve today, and two free slots for each of them, found as a client would.

use std::path::Path;
use std::time::Duration;

use charye_rehearsal::load::{Connection, RequestText, Target, Trust};
use serde_json::Value;

use super::Failure;
use super::askings::Citizen;
use super::program::pause;

/// Pages of a province's clinics; a search goes no deeper.
const PAGES_MAX: usize = 100;
const PROVINCES: [u32; 17] = [11, 26, 27, 28, 29, 30, 31, 36, 41, 42, 43, 44, 45, 46, 47, 48, 50];

/// How often somebody asks who is turned away because it is tight, and how long they wait in between.
const TIGHT_TRIES: usize = 100;
const TIGHT_WAIT: Duration = Duration::from_millis(200);

/// Asks one thing after another, outside of any measurement.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
    request: RequestText,
}

impl Client {
    pub(crate) fn connect(target: Target) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(Connection::open(target, None))?;
        Ok(Self { runtime, connection, request: RequestText::default() })
    }

    /// The same in TLS, if there is somebody to trust.
    pub(crate) fn connect_over(target: Target, trust: Option<&Trust>) -> Result<Self, Failure> {
        let Some(trust) = trust else { return Self::connect(target) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(Connection::open_in_tls(target, None, trust))?;
        Ok(Self { runtime, connection, request: RequestText::default() })
    }

    /// The JSON at a path.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value, Failure> {
        self.request.get(path).end();
        self.answer(path)
    }

    /// How long the answers to these paths are, on average. Unit: bytes of their bodies.
    pub(crate) fn mean_bytes(&mut self, paths: &[String], cookies: Option<&str>) -> Result<usize, Failure> {
        let mut bytes = 0;
        for path in paths {
            self.request.get(path);
            if let Some(cookies) = cookies {
                self.request.header("cookie", cookies);
            }
            self.request.end();
            bytes += self.runtime.block_on(self.connection.ask(&self.request))?.body.len();
        }
        Ok(bytes / paths.len().max(1))
    }

    fn post(&mut self, path: &str, body: &str) -> Result<Value, Failure> {
        self.request.post(path).json(body);
        self.answer(path)
    }

    /// Whoever looks from outside is turned away while it is tight, and comes again.
    fn answer(&mut self, path: &str) -> Result<Value, Failure> {
        for _ in 0..TIGHT_TRIES {
            let answer = self.runtime.block_on(self.connection.ask(&self.request))?;
            match answer.status {
                200 => return Ok(serde_json::from_slice(answer.body)?),
                429 | 503 => pause(TIGHT_WAIT),
                status => return Err(format!("{path} was answered with {status}").into()),
            }
        }
        Err(format!("{path} was turned away again and again").into())
    }
}

/// Citizens of the file whose opening is now, `most` at most.
pub(crate) fn who_may_reserve(
    client: &mut Client,
    campaign: &str,
    citizens: &Path,
    most: usize,
) -> Result<Vec<Citizen>, Failure> {
    let mut digits = Vec::new();
    for digit in 0..10 {
        let birth_date = format!("{{\"birth_date\":\"1990-01-{}\"}}", 10 + digit);
        let told = client.post(&format!("/api/v1/campaigns/{campaign}/eligibility"), &birth_date)?;
        if told["eligible"].as_bool() == Some(true) {
            digits.push(digit.to_string());
        }
    }
    let mut found = Vec::new();
    for (id, row) in csv::Reader::from_path(citizens)?.into_records().enumerate() {
        let row = row?;
        let birth_date = row.get(3).unwrap_or_default();
        // Well inside the cohort, so that nobody is refused for their age.
        let in_cohort = ("1975".."2000").contains(&birth_date.get(..4).unwrap_or_default());
        if found.len() < most && in_cohort && digits.iter().any(|digit| birth_date.ends_with(digit)) {
            found.push(Citizen { id: u32::try_from(id)?, ..Citizen::default() });
        }
    }
    if found.is_empty() { Err("nobody may reserve now".into()) } else { Ok(found) }
}

/// Gives each citizen a first slot and a second one that may follow it, all over the country; drops who gets none.
pub(crate) fn give_places(client: &mut Client, campaign: &str, citizens: &mut Vec<Citizen>) -> Result<(), Failure> {
    let base = format!("/api/v1/campaigns/{campaign}/clinics");
    let mut given = 0;
    for province in PROVINCES {
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let page = client.get(&format!("{base}?province={province}&order=district&limit=20{cursor}"))?;
            for (first, second) in places_of(client, &base, &page)? {
                let Some(citizen) = citizens.get_mut(given) else { return Ok(()) };
                (citizen.first, citizen.second) = (first, second);
                given += 1;
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    citizens.truncate(given);
    Ok(())
}

/// Pairs of slots at the clinics of a page, no slot twice.
fn places_of(client: &mut Client, base: &str, page: &Value) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for found in list(&page["clinics"]) {
        let clinic = text(&found["clinic"]["code"]);
        for time in list(&found["next_times"]) {
            let (first, product) = (text(&time["slot"]), text(&time["product"]));
            let days = format!("{base}/{clinic}/{product}/days");
            if let Some(second) = second_after(client, &days, first, &pairs)? {
                pairs.push((first.to_owned(), second));
            }
        }
    }
    Ok(pairs)
}

/// A second slot after `first` that nobody was given.
fn second_after(
    client: &mut Client,
    days: &str,
    first: &str,
    taken: &[(String, String)],
) -> Result<Option<String>, Failure> {
    let told = client.get(&format!("{days}?first={first}"))?;
    let Some(day) = list(&told["free_days"]).first() else { return Ok(None) };
    let times = client.get(&format!("{days}/{}?first={first}", text(day)))?;
    let free = |time: &&Value| {
        time["remaining"].as_u64() > Some(0) && !taken.iter().any(|(_, second)| time["slot"] == **second)
    };
    Ok(list(&times["times"]).iter().find(free).map(|time| text(&time["slot"]).to_owned()))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

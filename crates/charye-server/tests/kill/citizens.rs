//! The clients: citizens who sign in, hold, confirm, reserve at once, move, look up and cancel over `/api/v1`, whatever
//! happens to the server; who ask again after what they do not know, and write down every answer they hear.

use std::net::SocketAddr;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::book::Operation;
use charye_domain::ids::Person;
use charye_engine::operations::operation;
use charye_engine::ports::{Keys as _, SealPurpose};
use serde_json::{Value, json};

use crate::history::Line;
use crate::stage::Stage;
use crate::support::{Answer, Client};

const CAMPAIGN: &str = "kr-2021-18-49";
/// Places that everybody competes for: few, so that they are sold out now and then.
const PAIRS: usize = 24;

/// Small numbers from a seed, the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The places the play is about: first and second doses that go together.
pub(crate) struct Choices(Vec<(String, String)>);

impl Choices {
    /// Finds them as anybody would, by look-ups.
    pub(crate) fn look_up(client: &mut Client) -> Self {
        let root = format!("/api/v1/campaigns/{CAMPAIGN}/clinics");
        // Who has no pass is turned away while commits are slow, as they may be on this machine: a hang guard of a minute.
        let found = (0..600).find_map(|_| {
            let answer = client.get(&format!("{root}?limit=50"));
            if answer.status == 503 {
                std::thread::park_timeout(Duration::from_millis(100));
                return None;
            }
            Some(answer.expect(200).json())
        });
        let found = found.expect("a look-up within a minute");
        let mut pairs = Vec::new();
        for clinic in found["clinics"].as_array().unwrap() {
            let code = clinic["clinic"]["code"].as_str().unwrap();
            for time in clinic["next_times"].as_array().unwrap() {
                let (product, first) = (time["product"].as_str().unwrap(), time["slot"].as_str().unwrap());
                let days = client.get(&format!("{root}/{code}/{product}/days?first={first}")).expect(200).json();
                let Some(day) = days["free_days"].as_array().unwrap().first().and_then(Value::as_str) else { continue };
                let path = format!("{root}/{code}/{product}/days/{day}?first={first}");
                let times = client.get(&path).expect(200).json();
                let free = times["times"].as_array().unwrap().iter().find(|time| time["remaining"] != 0);
                let second = free.and_then(|time| time["slot"].as_str()).unwrap();
                pairs.push((first.to_owned(), second.to_owned()));
            }
        }
        assert!(pairs.len() >= PAIRS, "enough places: {}", pairs.len());
        pairs.truncate(PAIRS);
        Self(pairs)
    }

    fn pick(&self, dice: &mut Dice) -> &(String, String) {
        &self.0[usize::try_from(dice.below(self.0.len() as u64)).unwrap()]
    }
}

/// One person, and what they know of themselves.
pub(crate) struct Citizen {
    /// Which of the nation's test citizens.
    row: u32,
    name: String,
    login: Option<(String, Person)>,
    pass: Option<String>,
    reservation: Option<String>,
    keys_used: u32,
}

impl Citizen {
    pub(crate) fn new(row: u32) -> Self {
        Self { row, name: row.to_string(), login: None, pass: None, reservation: None, keys_used: 0 }
    }
}

/// Plays all citizens of one thread, one after the other, until the play is over.
pub(crate) fn act(stage: &Stage, choices: &Choices, mut citizens: Vec<Citizen>, mut dice: Dice) {
    let mut line = Telephone { stage, client: None };
    loop {
        for citizen in &mut citizens {
            let mut turn = Turn { line: &mut line, citizen, choices };
            if turn.take(&mut dice).is_none() {
                return;
            }
        }
    }
}

/// The way to the server, wherever it is now.
struct Telephone<'a> {
    stage: &'a Stage,
    client: Option<Client>,
}

/// An operation, over.
enum Settled {
    Done(Value),
    Refused,
}

struct Turn<'a, 'b> {
    line: &'a mut Telephone<'b>,
    citizen: &'a mut Citizen,
    choices: &'a Choices,
}

impl Turn<'_, '_> {
    /// One thing this citizen does. `None` once the play is over.
    fn take(&mut self, dice: &mut Dice) -> Option<()> {
        self.sign_in()?;
        let (first, second) = self.choices.pick(dice).clone();
        let Some(number) = self.citizen.reservation.clone() else {
            return match dice.below(2) {
                0 => self.reserve(&first, &second),
                _ => self.hold(&first, &second, dice.below(4) > 0),
            };
        };
        match dice.below(4) {
            0 => self.look_up(),
            1 => self.reschedule(&number, &first, &second),
            _ => {
                self.look_up()?;
                self.cancel(&number)
            }
        }
    }

    fn sign_in(&mut self) -> Option<()> {
        if self.citizen.login.is_some() {
            return Some(());
        }
        let told = self.insist("POST", "/api/v1/sign-in", &json!({ "citizen": self.citizen.row }))?;
        let login = told["login"].as_str().unwrap().to_owned();
        self.citizen.login = Some((login.clone(), person_of(self.line.stage, &login)));
        Some(())
    }

    fn enter(&mut self) -> Option<()> {
        let told = self.insist("POST", &format!("/api/v1/campaigns/{CAMPAIGN}/visit"), &json!({}))?;
        self.citizen.pass = Some(told["pass"].as_str().unwrap().to_owned());
        Some(())
    }

    fn reserve(&mut self, first: &str, second: &str) -> Option<()> {
        self.enter()?;
        let body = json!({ "campaign": CAMPAIGN, "first": first, "second": second });
        let settled = self.operate("reserve", "/api/v1/reservations", &body, &[CAMPAIGN, first, second])?;
        self.note_number(&settled);
        Some(())
    }

    fn hold(&mut self, first: &str, second: &str, confirm: bool) -> Option<()> {
        self.enter()?;
        let body = json!({ "campaign": CAMPAIGN, "first": first, "second": second });
        let hold = match self.operate("hold", "/api/v1/holds", &body, &[CAMPAIGN, first, second])? {
            Settled::Done(told) => told["hold"].as_str().unwrap().to_owned(),
            Settled::Refused => return Some(()),
        };
        let path = format!("/api/v1/holds/{hold}");
        if !confirm {
            // Giving back is not keyed: who does not hear, asks again, until there is nothing to give back.
            while self.ask("DELETE", &path, None, &json!({}))?.is_err() {}
            return Some(());
        }
        let settled = self.operate("confirm", &format!("{path}/confirm"), &json!({}), &[&hold])?;
        self.note_number(&settled);
        Some(())
    }

    fn note_number(&mut self, settled: &Settled) {
        if let Settled::Done(told) = settled {
            self.citizen.reservation = Some(told["number"].as_str().expect("a reservation has a number").to_owned());
        }
    }

    fn reschedule(&mut self, number: &str, first: &str, second: &str) -> Option<()> {
        self.enter()?;
        let body = json!({ "first": first, "second": second });
        let path = format!("/api/v1/reservations/{number}/reschedule");
        self.operate("reschedule", &path, &body, &[number, first, second])?;
        Some(())
    }

    fn cancel(&mut self, number: &str) -> Option<()> {
        let path = format!("/api/v1/reservations/{number}/cancel");
        let settled = self.operate("cancel", &path, &json!({}), &[number])?;
        assert!(matches!(settled, Settled::Done(_)), "a reservation of one's own can be cancelled");
        self.citizen.reservation = None;
        Some(())
    }

    /// Looks at one's own reservations: what was confirmed must be there (laws I3, I6).
    fn look_up(&mut self) -> Option<()> {
        let path = format!("/api/v1/reservations?campaign={CAMPAIGN}");
        let told = loop {
            match self.ask("GET", &path, None, &Value::Null)? {
                Ok(answer) if answer.status == 200 => break answer.json(),
                _ => {}
            }
        };
        let to_come = |reservation: &&Value| reservation["places"][0]["state"] == "reserved";
        let active = told["reservations"].as_array().unwrap().iter().find(to_come);
        let number = active.map(|reservation| reservation["number"].as_str().unwrap());
        self.line.stage.history.write(&Line {
            answer: "confirmed",
            seq: told["seq"].as_u64(),
            number,
            ..Line::unknown(&self.citizen.name, "look_up", None)
        });
        assert_eq!(number, self.citizen.reservation.as_deref(), "citizen {} sees what they did", self.citizen.name);
        Some(())
    }

    /// Does one operation under one key, however often it takes, and writes down every answer.
    fn operate(&mut self, op: &'static str, path: &str, body: &Value, parts: &[&str]) -> Option<Settled> {
        self.citizen.keys_used += 1;
        let key = format!("kill-test-{}-{}", self.citizen.name, self.citizen.keys_used);
        let (_, person) = self.citizen.login.as_ref().expect("signed in before");
        let canonical = [&[op], parts].concat().join("|");
        let operation = operation(&self.line.stage.keys, *person, op, &key, canonical.as_bytes());
        loop {
            let address = self.line.stage.address()?;
            let stage = self.line.stage;
            // Nobody reads the history between a question and what is written of its answer.
            let writing = stage.reading.read().unwrap_or_else(PoisonError::into_inner);
            let answer = self.ask_at(address, "POST", path, Some(&key), body);
            let (settled, status) = match &answer {
                Ok(answer) => (self.heard(op, operation, answer), Some(answer.status)),
                Err(_) => {
                    self.note_unknown(op, operation);
                    (None, None)
                }
            };
            drop(writing);
            if let Some(settled) = settled {
                return Some(settled);
            }
            if status.is_some_and(|status| status != 500) {
                std::thread::park_timeout(Duration::from_millis(5));
                continue;
            }
            if let Some(settled) = self.settle(op, operation, &key)? {
                return Some(settled);
            }
        }
    }

    /// Writes an answer down; what it says for good, if it does.
    fn heard(&mut self, op: &str, operation: Operation, answer: &Answer) -> Option<Settled> {
        let told = answer.json();
        let counts = &self.line.stage.counts;
        let (word, settled) = match (answer.status, told["code"].as_str()) {
            (200 | 201, _) => ("confirmed", Some(Settled::Done(told.clone()))),
            (500, _) => {
                self.note_unknown(op, operation);
                return None;
            }
            (503, _) => ("busy", None),
            (_, Some(_)) => ("refused", Some(Settled::Refused)),
            (status, None) => panic!("an answer without a code: {status} {}", answer.body),
        };
        match settled {
            Some(Settled::Done(_)) => counts.confirmed.fetch_add(1, Ordering::Relaxed),
            Some(Settled::Refused) => counts.refused.fetch_add(1, Ordering::Relaxed),
            None => 0,
        };
        self.write(op, operation, word, &told);
        settled
    }

    fn note_unknown(&self, op: &str, operation: Operation) {
        self.line.stage.counts.unknown.fetch_add(1, Ordering::Relaxed);
        self.line.stage.history.write(&Line::unknown(&self.citizen.name, op, Some(operation)));
    }

    /// Asks what became of an operation, twice: it has settled to one answer (law I4). `None` inside: nothing is on record.
    fn settle(&mut self, op: &str, operation: Operation, key: &str) -> Option<Option<Settled>> {
        let mut first: Option<Value> = None;
        let path = format!("/api/v1/operations/{key}?operation={op}");
        let told = loop {
            let Ok(answer) = self.ask("GET", &path, None, &Value::Null)? else { continue };
            if answer.status != 200 {
                continue;
            }
            let told = answer.json();
            match &first {
                None => first = Some(told),
                Some(first) => {
                    for member in ["state", "number", "code", "hold"] {
                        assert_eq!(first[member], told[member], "{path} settles to one answer");
                    }
                    break told;
                }
            }
        };
        let counts = &self.line.stage.counts;
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        Some(match told["state"].as_str().unwrap() {
            "done" => {
                count(&counts.settled_recorded);
                self.write(op, operation, "confirmed", &told);
                Some(Settled::Done(told))
            }
            "refused" => {
                count(&counts.settled_recorded);
                self.write(op, operation, "refused", &told);
                Some(Settled::Refused)
            }
            "not_recorded" => {
                count(&counts.settled_nothing);
                None
            }
            state => panic!("unknown state {state}"),
        })
    }

    fn write(&self, op: &str, operation: Operation, answer: &str, told: &Value) {
        self.line.stage.history.write(&Line {
            answer,
            seq: told["seq"].as_u64(),
            number: told["number"].as_str(),
            code: told["code"].as_str(),
            recorded: told["recorded"].as_bool(),
            ..Line::unknown(&self.citizen.name, op, Some(operation))
        });
    }

    /// Asks something that is no operation until it is answered.
    fn insist(&mut self, method: &str, path: &str, body: &Value) -> Option<Value> {
        loop {
            match self.ask(method, path, None, body)? {
                Ok(answer) if answer.status == 200 => return Some(answer.json()),
                // In line: called before long, and asking again costs nothing.
                Ok(answer) if answer.status == 409 && answer.json()["code"] == "not_called" => {
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                Ok(answer) if answer.status < 500 => panic!("{method} {path}: {} {}", answer.status, answer.body),
                _ => std::thread::park_timeout(Duration::from_millis(5)),
            }
        }
    }

    /// One question; `Err` if the connection broke before the whole answer came.
    fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Option<std::io::Result<Answer>> {
        let address = self.line.stage.address()?;
        Some(self.ask_at(address, method, path, key, body))
    }

    fn ask_at(
        &mut self,
        address: SocketAddr,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> std::io::Result<Answer> {
        let client = match &mut self.line.client {
            Some(client) if client.address == address => client,
            other => other.insert(Client::new(address)),
        };
        let mut headers = Vec::new();
        let bearer = self.citizen.login.as_ref().map(|(login, _)| format!("Bearer {login}"));
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        headers.extend(self.citizen.pass.as_deref().map(|pass| ("Charye-Pass", pass)));
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let answer = client.ask(method, path, &headers, &body);
        if answer.is_err() {
            // The killer takes a moment to see that the server is gone.
            std::thread::park_timeout(Duration::from_millis(2));
        }
        answer
    }
}

/// Who a login stands for in the journal. Clients cannot know; this one holds the installation's keys, so that the history
/// can name operations as the journal does.
fn person_of(stage: &Stage, login: &str) -> Person {
    let sealed = URL_SAFE_NO_PAD.decode(login).unwrap();
    let plain = stage.keys.open(SealPurpose::LoginSession, &[], &sealed).unwrap();
    Person(u32::from_le_bytes(plain[1..5].try_into().unwrap()))
}

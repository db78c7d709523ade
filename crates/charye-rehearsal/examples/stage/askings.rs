//! Room: rehearsal, benches. What is asked: the echo, pages and look-ups over and over, and each step of citizens on
//! their way to a reservation and back.

use std::cell::RefCell;
use std::rc::Rc;

use charye_rehearsal::load::{Answer, Asking, RequestText};
use serde_json::Value;

/// One hundred bytes of JSON, sent and sent back.
pub(crate) struct Echo {
    body: String,
}

impl Echo {
    pub(crate) fn new() -> Self {
        Self { body: format!("{{\"echo\":\"{}\"}}", "x".repeat(89)) }
    }
}

impl Asking for Echo {
    fn write(&self, _number: u64, request: &mut RequestText) {
        request.post("/").json(&self.body);
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        answer.body.len() == 100 && answer.body == self.body.as_bytes()
    }
}

/// The same pages again and again, in turn.
pub(crate) struct Pages {
    pub(crate) paths: Vec<String>,
    pub(crate) cookies: Option<String>,
}

impl Asking for Pages {
    fn write(&self, number: u64, request: &mut RequestText) {
        let path = &self.paths[number as usize % self.paths.len()];
        request.get(path);
        if let Some(cookies) = &self.cookies {
            request.header("cookie", cookies);
        }
        request.end();
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        answer.status == 200
    }
}

/// The same look-ups, each time in letters that nobody has sent before, so that no answer can be one given again.
pub(crate) struct LookUpsAnew {
    /// Path, and query without its question mark.
    pub(crate) paths: Vec<(String, String)>,
}

impl Asking for LookUpsAnew {
    fn write(&self, number: u64, request: &mut RequestText) {
        let (path, query) = &self.paths[number as usize % self.paths.len()];
        let mut target = format!("{path}?");
        let mut bits = number / self.paths.len() as u64;
        for letter in query.chars() {
            // Written as itself or by its code, a letter means the same.
            if letter.is_ascii_alphanumeric() && bits & 1 == 1 {
                target.push_str(&format!("%{:02X}", u32::from(letter)));
            } else {
                target.push(letter);
            }
            bits >>= u32::from(letter.is_ascii_alphanumeric());
        }
        request.get(&target).end();
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        answer.status == 200
    }
}

/// A citizen who may reserve, and how far they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Citizen {
    /// Line of `citizens.csv`, from 0.
    pub(crate) id: u32,
    pub(crate) login: String,
    pub(crate) pass: String,
    /// The slots they will ask for.
    pub(crate) first: String,
    pub(crate) second: String,
    pub(crate) reservation: Option<String>,
}

/// A step of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    SignIn,
    Enter,
    Reserve,
    Cancel,
}

/// Every citizen takes a step.
pub(crate) struct AllTake {
    pub(crate) step: Step,
    pub(crate) campaign: String,
    pub(crate) citizens: Rc<RefCell<Vec<Citizen>>>,
    /// Makes idempotency keys differ from round to round.
    pub(crate) round: usize,
}

impl Asking for AllTake {
    fn write(&self, number: u64, request: &mut RequestText) {
        let citizens = self.citizens.borrow();
        let citizen = &citizens[number as usize];
        if self.step == Step::SignIn {
            request.post("/api/v1/sign-in").json(&format!("{{\"citizen\":{}}}", citizen.id));
            return;
        }
        let login = format!("Bearer {}", citizen.login);
        let key = format!("bench-{}-{number}", self.round);
        match self.step {
            Step::SignIn => {}
            Step::Enter => {
                let path = format!("/api/v1/campaigns/{}/visit", self.campaign);
                request.post(&path).header("authorization", &login).end();
            }
            Step::Reserve => {
                let (campaign, first, second) = (&self.campaign, &citizen.first, &citizen.second);
                request
                    .post("/api/v1/reservations")
                    .header("authorization", &login)
                    .header("charye-pass", &citizen.pass)
                    .header("idempotency-key", &key)
                    .json(&format!(r#"{{"campaign":"{campaign}","first":"{first}","second":"{second}"}}"#));
            }
            Step::Cancel => {
                let reservation = citizen.reservation.as_deref().unwrap_or("none");
                request
                    .post(&format!("/api/v1/reservations/{reservation}/cancel"))
                    .header("authorization", &login)
                    .header("idempotency-key", &key)
                    .end();
            }
        }
    }

    fn hear(&self, number: u64, answer: &Answer<'_>) -> bool {
        let told: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let citizen = &mut self.citizens.borrow_mut()[number as usize];
        match self.step {
            Step::SignIn => citizen.login = text("login"),
            Step::Enter => citizen.pass = text("pass"),
            Step::Reserve => citizen.reservation = Some(text("number")),
            Step::Cancel => citizen.reservation = None,
        }
        let waits = self.step == Step::Enter && text("code") == "not_called";
        if waits {
            return true;
        }
        let wanted = if self.step == Step::Reserve { 201 } else { 200 };
        if answer.status != wanted {
            // The first that goes wrong explains the run that is then refused.
            explain_once(self.step, answer);
        }
        answer.status == wanted
    }
}

fn explain_once(step: Step, answer: &Answer<'_>) {
    use std::io::Write as _;
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let body = String::from_utf8_lossy(answer.body);
        let _ = writeln!(std::io::stderr().lock(), "{step:?}: {} {body}", answer.status);
    });
}

//! Signing in before the line: from the day before an evening one may sign in; the login is good when the evening opens, and for
//! twelve hours; a newer device takes the visit over, and the older is told so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use support::api::free_pair;
use support::{Client, Server};

const CAMPAIGN: &str = "/api/v1/campaigns/kr-2021-18-49";
const HOUR: i64 = 3_600;

/// A demo's installation, in which time passes as the test says.
struct Evening {
    _folder: tempfile::TempDir,
    server: Server,
    passed: PathBuf,
    passed_secs: i64,
    /// Birth date and number of somebody whose evening is still to come.
    born: String,
    number: String,
}

impl Evening {
    fn before() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let demo = Server::demo(&data);
        let (born, number) = demo.citizen(&data, "may come on");
        drop(demo);
        let passed = folder.path().join("passed");
        let config = support::write_config(folder.path(), &data, "");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("[engine]", &format!("[engine]\ntime_passed_file = {passed:?}"))).unwrap();
        let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[]);
        Self { _folder: folder, server, passed, passed_secs: 0, born, number }
    }

    /// What their birth date allows, asked without signing in.
    fn eligibility(&self) -> Value {
        let asked = json!({ "birth_date": self.born });
        self.server.client().post_json(&format!("{CAMPAIGN}/eligibility"), "not-needed", &asked).expect(200).json()
    }

    /// Seconds until their evening opens.
    fn secs_until_open(&self) -> i64 {
        let told = self.eligibility();
        let opens_at: Timestamp = told["from_at"].as_str().unwrap_or_else(|| panic!("{told:#}")).parse().unwrap();
        let date = self.server.client().get("/livez").header("date").unwrap().to_owned();
        let now = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp();
        opens_at.as_second() - now.as_second() - self.passed_secs
    }

    fn pass(&mut self, secs: i64) {
        self.passed_secs += secs;
        let partly = self.passed.with_extension("new");
        std::fs::write(&partly, (self.passed_secs * 1_000).to_string()).unwrap();
        std::fs::rename(&partly, &self.passed).unwrap();
        // Looked at every tenth of a second or so; what follows waits for what it needs.
        std::thread::park_timeout(Duration::from_millis(500));
    }

    fn signed_in(&self) -> Client {
        let mut client = self.server.client();
        let asked = json!({ "citizen": self.number });
        let login = client.post_json("/api/v1/sign-in", "not-needed", &asked).expect(200).json();
        client.headers.push(("Authorization".to_owned(), format!("Bearer {}", login["login"].as_str().unwrap())));
        client
    }
}

/// Asks to be let in until the answer is not "not called yet".
fn visit(client: &mut Client) -> support::Answer {
    for _ in 0..600 {
        let answer = client.post_json(&format!("{CAMPAIGN}/visit"), "not-needed", &json!({}));
        if answer.status == 200 || answer.json()["code"] != "not_called" {
            return answer;
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("not called within a minute")
}

fn holds(client: &mut Client) -> support::Answer {
    client.get("/api/v1/holds?campaign=kr-2021-18-49")
}

#[test]
fn who_signed_in_hours_before_comes_in_when_the_evening_opens_and_the_newest_device_has_the_visit() {
    let mut evening = Evening::before();
    let until = evening.secs_until_open();
    assert!(until > 0, "the evening is to come: {until}");
    evening.pass((until - 10 * HOUR).max(0));

    let mut early = evening.signed_in();
    let told = early.post_json(&format!("{CAMPAIGN}/visit"), "not-needed", &json!({})).expect(409).json();
    assert_eq!(told["place"]["state"], "enrolled", "in the draw of their evening, and not let in: {told}");

    let until = evening.secs_until_open();
    evening.pass(until + 1);
    let pass = visit(&mut early).expect(200).json()["pass"].as_str().unwrap().to_owned();
    early.headers.push(("Charye-Pass".to_owned(), pass));
    holds(&mut early).expect(200);

    let mut newer = evening.signed_in();
    let pass = visit(&mut newer).expect(200).json()["pass"].as_str().unwrap().to_owned();
    newer.headers.push(("Charye-Pass".to_owned(), pass));
    holds(&mut newer).expect(200);
    let pair = free_pair(&mut newer);
    let told = early.post_json("/api/v1/holds", "a-key-for-this-one", &pair);
    assert_eq!(told.json()["code"], "visit_moved", "{told:?}");
    newer.post_json("/api/v1/holds", "another-key-for-this", &pair).expect(201);

    evening.pass(12 * HOUR);
    let told = holds(&mut newer).expect(401).json();
    assert_eq!(told["code"], "sign_in_first", "twelve hours are over: {told}");
}

#[test]
fn a_login_of_the_day_before_is_over_when_the_evening_opens() {
    let mut evening = Evening::before();
    let until = evening.secs_until_open();
    let mut long_before = evening.signed_in();
    evening.pass(until.max(13 * HOUR));
    let told = long_before.post_json(&format!("{CAMPAIGN}/visit"), "not-needed", &json!({})).expect(401).json();
    assert_eq!(told["code"], "sign_in_first", "{told}");
    let mut again = evening.signed_in();
    visit(&mut again).expect(200);
}

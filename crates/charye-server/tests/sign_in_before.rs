//! Signing in before the line: from the day before an evening one may sign in; the login is good when the evening opens, and for
//! twelve hours; a newer device takes the visit over, and the older is told so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use support::api::free_pair;
use support::{Answer, Client, Server};

const CAMPAIGN: &str = "/api/v1/campaigns/kr-2021-18-49";
const TOKEN: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";
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
        let tokens = folder.path().join("operators");
        std::fs::write(&tokens, format!("7 {TOKEN}\n")).unwrap();
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = support::write_config(folder.path(), &data, "");
        let text = std::fs::read_to_string(&config).unwrap();
        let more = format!("operations_address = \"127.0.0.1:0\"\n[operators]\ntoken_file = {tokens:?}\n");
        let text = text.replace("[engine]", &format!("{more}[engine]\ntime_passed_file = {passed:?}"));
        std::fs::write(&config, text).unwrap();
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
        opens_at.as_second() - self.now_ms() / 1_000
    }

    /// What the program takes for now, as its operators are told.
    fn now_ms(&self) -> i64 {
        let mut operator = Client::new(self.server.operators.unwrap());
        operator.headers.push(("Authorization".to_owned(), format!("Bearer {TOKEN}")));
        operator.get("/api/operator/v1/lines").expect(200).json()["now_ms"].as_i64().unwrap()
    }

    /// So many seconds pass at once, for the program and whoever is in it.
    fn pass(&mut self, secs: i64) {
        let after = self.now_ms() + secs * 1_000;
        self.passed_secs += secs;
        let partly = self.passed.with_extension("new");
        std::fs::write(&partly, (self.passed_secs * 1_000).to_string()).unwrap();
        std::fs::rename(&partly, &self.passed).unwrap();
        for _ in 0..600 {
            if self.now_ms() >= after {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        panic!("{secs} seconds did not pass within a minute");
    }

    fn signed_in(&self) -> Client {
        let mut client = self.server.client();
        let asked = json!({ "citizen": self.number });
        let login = client.post_json("/api/v1/sign-in", "not-needed", &asked).expect(200).json();
        client.headers.push(("Authorization".to_owned(), format!("Bearer {}", login["login"].as_str().unwrap())));
        client
    }
}

/// Asks until the answer is the one that is waited for: a hang guard of a minute.
#[track_caller]
fn until(mut ask: impl FnMut() -> Answer, is_so: impl Fn(&Answer) -> bool) -> Answer {
    let mut last = None;
    for _ in 0..600 {
        let answer = ask();
        if is_so(&answer) {
            return answer;
        }
        last = Some(answer);
        std::thread::park_timeout(Duration::from_millis(100));
    }
    panic!("not within a minute, but {last:?}")
}

/// Asks to be let in.
fn visit(client: &mut Client) -> Answer {
    client.post_json(&format!("{CAMPAIGN}/visit"), "not-needed", &json!({}))
}

/// Waits until somebody is let in, and shows their pass from then on.
fn come_in(client: &mut Client) {
    let inside = until(|| visit(client), |answer| answer.status == 200).json();
    client.headers.push(("Charye-Pass".to_owned(), inside["pass"].as_str().unwrap().to_owned()));
}

fn holds(client: &mut Client) -> Answer {
    client.get("/api/v1/holds?campaign=kr-2021-18-49")
}

#[test]
fn who_signed_in_hours_before_comes_in_when_the_evening_opens_and_the_newest_device_has_the_visit() {
    let mut evening = Evening::before();
    let until_open = evening.secs_until_open();
    assert!(until_open > 0, "the evening is to come: {until_open}");
    evening.pass((until_open - 10 * HOUR).max(0));

    let mut early = evening.signed_in();
    // Nobody enrols before the draw is committed to, which takes a look of the clerk's at the time that has passed.
    let told = until(|| visit(&mut early), |answer| answer.status == 409).json();
    assert_eq!(told["place"]["state"], "enrolled", "in the draw of their evening, and not let in: {told}");

    let until_open = evening.secs_until_open();
    evening.pass(until_open + 2);
    come_in(&mut early);
    holds(&mut early).expect(200);

    let mut newer = evening.signed_in();
    come_in(&mut newer);
    holds(&mut newer).expect(200);
    let pair = free_pair(&mut newer);
    let told = early.post_json("/api/v1/holds", "a-key-for-this-one", &pair);
    assert_eq!(told.json()["code"], "visit_moved", "{told:?}");
    newer.post_json("/api/v1/holds", "another-key-for-this", &pair).expect(201);

    evening.pass(12 * HOUR);
    let told = until(|| holds(&mut newer), |answer| answer.status == 401).json();
    assert_eq!(told["code"], "sign_in_first", "twelve hours are over: {told}");
}

#[test]
fn a_login_of_the_day_before_is_over_when_the_evening_opens() {
    let mut evening = Evening::before();
    let until_open = evening.secs_until_open();
    let mut long_before = evening.signed_in();
    evening.pass(until_open.max(13 * HOUR));
    let told = until(|| visit(&mut long_before), |answer| answer.status == 401).json();
    assert_eq!(told["code"], "sign_in_first", "{told}");
    let mut again = evening.signed_in();
    come_in(&mut again);
}

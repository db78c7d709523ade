//! Steering, from outside: an operator with a token looks at the lines of a running installation and changes them; nobody
//! else does, and strangers' listener knows nothing of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use support::{Client, Server, charye};

const TOKEN: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";
const LINES: &str = "/api/operator/v1/lines";

struct House {
    folder: tempfile::TempDir,
    server: Server,
}

impl House {
    /// A demo's installation with operators, served anew.
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        drop(Server::demo(&data));
        let tokens = Self::write_tokens(folder.path(), 0o600);
        let more = format!("[operators]\ntoken_file = {tokens:?}\n");
        let config = support::write_config(folder.path(), &data, "");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("[engine]", &format!("operations_address = \"127.0.0.1:0\"\n{more}[engine]"));
        std::fs::write(&config, text).unwrap();
        let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[]);
        Self { folder, server }
    }

    fn write_tokens(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("operators");
        std::fs::write(&path, format!("# the night shift\n7 {TOKEN}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn operators(&self) -> std::net::SocketAddr {
        self.server.operators.unwrap()
    }

    fn steer(&self, words: &[&str]) -> (i32, String, String) {
        let address = self.operators().to_string();
        let tokens = self.folder.path().join("operators");
        let named = ["--address", &address, "--token-file", tokens.to_str().unwrap()];
        charye(&[&["steer"], words, &named].concat())
    }

    /// A line that stands open now: its campaign and number.
    fn open_line(&self) -> (String, String) {
        let (code, told, _) = self.steer(&["status", "--json"]);
        assert_eq!(code, 0, "{told}");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let line = told["lines"].as_array().unwrap().iter().find(|line| line["phase"] == "open").unwrap().clone();
        (line["campaign"].as_str().unwrap().to_owned(), line["opening"].to_string())
    }
}

#[test]
fn an_operator_sees_the_lines_and_what_they_change_is_in_force_at_once() {
    let house = House::open();
    let (campaign, opening) = house.open_line();
    let order = |words: &[&str]| {
        let (code, told, complained) = house.steer(&[words, &[&campaign, &opening, "--reason", "a test"]].concat());
        assert_eq!(code, 0, "{told}{complained}");
        assert!(told.contains("in force as of entry"), "{told}");
    };
    order(&["terms", "--hard-cap", "321", "--min", "5", "--max", "77"]);
    order(&["pause"]);
    order(&["close"]);
    order(&["message", "--ko", "곧 다시 엽니다", "--en", "Open again soon"]);
    let (_, told, _) = house.steer(&["status"]);
    for part in ["of at most 321", "5 to 77 visits", "paused (operator)", "closed to new arrivals", "Open again soon"] {
        assert!(told.contains(part), "{part}:\n{told}");
    }
    let (_, korean, _) = house.steer(&["status", "--lang", "ko"]);
    assert!(korean.contains("곧 다시 엽니다"), "{korean}");
    order(&["message"]);
    order(&["reopen"]);
    order(&["resume"]);
    let (_, told, _) = house.steer(&["status"]);
    for part in ["paused (operator)", "closed to new", "Open again soon"] {
        assert!(!told.contains(part), "{part}:\n{told}");
    }
}

#[test]
fn what_is_counted_is_counted_from_the_start_of_the_engine() {
    let house = House::open();
    let (campaign, opening) = house.open_line();
    let (code, told, _) = house.steer(&["pause", &campaign, &opening, "--reason", "a test"]);
    assert_eq!(code, 0, "{told}");
    let counted = Client::new(house.operators()).get("/metrics").expect(200).body;
    let figure = |name: &str| {
        let line = counted.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not counted:\n{counted}")).parse::<f64>().unwrap()
    };
    for name in [
        "charye_decided_total{lane=\"finish\"}",
        "charye_journal_entries_total",
        "charye_journal_batch_entries_count",
        "charye_journal_commit_seconds_count",
        "charye_journal_commit_seconds_sum",
        "charye_journal_storage_headroom_bytes",
    ] {
        assert!(figure(name) > 0.0, "{name}:\n{counted}");
    }
    for name in [
        "charye_lane_depth{lane=\"start\"}",
        "charye_queued_p99_seconds",
        "charye_journal_commit_p99_seconds",
        "charye_busy_total{cause=\"storage_low\"}",
        "charye_look_ups_shed_total",
    ] {
        assert!(figure(name) >= 0.0, "{name}:\n{counted}");
    }
}

#[test]
fn what_the_book_refuses_is_said_with_its_code() {
    let house = House::open();
    let (campaign, opening) = house.open_line();
    let refused = |words: &[&str]| {
        let (code, _, complained) = house.steer(&[words, &[&campaign, &opening, "--reason", "a test"]].concat());
        assert_eq!(code, 65, "{complained}");
        complained
    };
    assert!(refused(&["terms", "--hard-cap", "9", "--min", "80", "--max", "70"]).contains("terms_unsound"));
    assert!(refused(&["open-at", "--at", "2021-08-09T20:00:00+09:00"]).contains("notice_too_short"));
    let (code, _, complained) = house.steer(&["pause", "no-such-campaign", "0", "--reason", "a test"]);
    assert_eq!(code, 65, "{complained}");
    assert!(complained.contains("not_found"), "{complained}");
    let (code, _, complained) = house.steer(&["pause", &campaign, &opening, "--reason", ""]);
    assert_eq!(code, 65, "{complained}");
}

#[test]
fn nobody_steers_without_a_token_nor_from_the_citizens_listener() {
    let house = House::open();
    let mut operators = Client::new(house.operators());
    operators.get(LINES).expect(401);
    for wrong in ["Bearer", "Bearer x", &format!("Bearer {TOKEN}A"), &format!("Basic {TOKEN}"), TOKEN] {
        let mut client = Client::new(house.operators());
        client.headers.push(("Authorization".to_owned(), wrong.to_owned()));
        let answer = client.get(LINES).expect(401);
        assert_eq!(answer.json()["code"], "operators_only", "{wrong}");
    }
    let mut operators = Client::new(house.operators());
    operators.headers.push(("Authorization".to_owned(), format!("Bearer {TOKEN}")));
    operators.get(LINES).expect(200);
    let mut outside = house.server.client();
    outside.headers.push(("Authorization".to_owned(), format!("Bearer {TOKEN}")));
    outside.get(LINES).expect(404);
}

#[test]
fn a_token_file_that_others_may_read_is_refused() {
    let house = House::open();
    House::write_tokens(house.folder.path(), 0o644);
    let (code, _, complained) = house.steer(&["status"]);
    assert_eq!(code, 65);
    assert!(complained.contains("chmod 600"), "{complained}");
}

//! Somebody with SQL access at a running demo: what they change in tables, people store and journal is named within a
//! minute, and rebuilt, refused or told.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use support::{CHARYE, Server};

/// The law says 60 s.
const NOTICED_WITHIN_SECS: u32 = 60;

/// A demo whose log goes to a file.
struct Watched {
    server: Server,
    data: PathBuf,
    log: PathBuf,
}

impl Watched {
    fn start(folder: &Path) -> Self {
        let (data, log) = (folder.join("data"), folder.join("log"));
        // The shell becomes the program: what is ended is the program itself.
        let line = format!("exec \"$0\" \"$@\" 2>>'{}'", log.display());
        let data_text = data.to_str().unwrap();
        let arguments = ["-c", &line, CHARYE, "demo", "--listen", "127.0.0.1:0", "--scale", "4", "--data", data_text];
        let server = Server::start_program(Path::new("/bin/sh"), &arguments, &[]);
        Self { server, data, log }
    }

    /// Runs a statement; returns how many rows it changed.
    fn sql(&self, file: &str, statement: &str) -> usize {
        let connection = Connection::open(self.data.join(file)).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection.execute(statement, []).unwrap()
    }

    fn count(&self, file: &str, select: &str) -> u32 {
        let connection = Connection::open(self.data.join(file)).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        // While tables are being made anew there may be none.
        connection.query_row(select, [], |row| row.get(0)).unwrap_or(0)
    }

    /// Signs in the citizen in this row of the demo's nation.
    fn sign_in(&self, row: usize) {
        let people = std::fs::read_to_string(self.data.join("nation/citizens.csv")).unwrap();
        let body = json!({ "citizen": people.lines().nth(row).unwrap().split(',').next().unwrap() });
        self.server.client().post_json("/api/v1/sign-in", "not-needed", &body).expect(200);
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn() -> bool) {
        for _ in 0..NOTICED_WITHIN_SECS * 10 {
            if holds() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
        panic!("{what}: not within {NOTICED_WITHIN_SECS} s; the log:\n{}", self.logged());
    }

    fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[test]
fn rows_changed_by_hand_are_named_and_rebuilt_refused_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let watched = Watched::start(folder.path());
    for row in 1..=3 {
        watched.sign_in(row);
    }
    watched.wait_until("people are kept", || watched.count("people.db", "SELECT count(*) FROM people") == 3);
    assert_eq!(watched.server.client().get("/readyz").status, 200);

    // Tables: named, and as they were a moment later.
    let truth = "SELECT count(*) FROM clinics WHERE clinic = 3 AND name_en <> 'Elsewhere'";
    watched.wait_until("clinics are projected", || watched.count("projection.db", truth) == 1);
    assert_eq!(watched.sql("projection.db", "UPDATE clinics SET name_en = 'Elsewhere' WHERE clinic = 3"), 1);
    watched.wait_until("a clinic's name", || watched.logged().contains("row 3 of table clinics was changed"));
    watched.wait_until("a clinic's name is mended", || watched.count("projection.db", truth) == 1);

    // People: named by number, never by name.
    assert_eq!(watched.sql("people.db", "UPDATE people SET phone = zeroblob(60) WHERE person = 1"), 1);
    assert_eq!(watched.sql("people.db", "DELETE FROM people WHERE person = 2"), 1);
    watched.wait_until("a phone", || watched.logged().contains("row of person 1 in table people was changed"));
    watched.wait_until("a person", || watched.logged().contains("row of person 2 in table people is gone"));
    assert!(!watched.logged().contains("row of person 0"), "{}", watched.logged());

    // Journal: an operator must decide, so nobody is sent here any more; who is here is answered.
    assert_eq!(watched.server.client().get("/readyz").status, 200);
    assert_eq!(watched.sql("journal.db", "UPDATE journal SET at = at + 1 WHERE first_seq = 1"), 1);
    watched.wait_until("a journal row", || watched.logged().contains("journal row 1 is damaged"));
    let ready = watched.server.client().get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.json()["causes"].as_array().unwrap().contains(&json!("journal_changed")), "{}", ready.body);
    assert_eq!(watched.server.client().get("/livez").status, 200);
    watched.sign_in(4);

    // Each was said once.
    let said = watched.logged();
    for finding in ["row 3 of table clinics", "row of person 1 in", "journal row 1 is damaged"] {
        assert_eq!(said.matches(finding).count(), 1, "{said}");
    }
}

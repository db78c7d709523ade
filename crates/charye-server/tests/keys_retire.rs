//! A key is not retired while people's details would be lost with it, unless that is said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use rusqlite::Connection;
use support::charye;

#[test]
fn a_key_that_still_seals_people_is_retired_only_when_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let keys = |command: &[&str]| charye(&[&["keys"], command, &["--key-file", file.to_str().unwrap()]].concat());
    assert_eq!(keys(&["init"]).0, 0);
    assert_eq!(keys(&["rotate"]).0, 0);
    // As much of a people store as the command looks at.
    let people = Connection::open(folder.path().join("people.db")).unwrap();
    people.execute_batch("CREATE TABLE people (mac_key INTEGER); INSERT INTO people VALUES (1), (1), (2)").unwrap();

    let before = std::fs::read(&file).unwrap();
    let (code, _, complained) = keys(&["retire", "1"]);
    assert!(code == 65 && complained.contains("details of 2 people are sealed with key 1"), "{code}: {complained}");
    assert_eq!(std::fs::read(&file).unwrap(), before, "nothing was changed");

    people.execute_batch("DELETE FROM people WHERE mac_key = 1").unwrap();
    assert_eq!(keys(&["retire", "1"]).0, 0);
    assert_eq!(keys(&["rotate"]).0, 0);
    assert_eq!(keys(&["retire", "2"]).0, 65);
    assert_eq!(keys(&["retire", "2", "--even-so"]).0, 0);
}

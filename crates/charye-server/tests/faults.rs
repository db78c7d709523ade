//! What goes wrong outside: keys that are wrong or open to others, bytes that flip, snapshots cut short, a folder that cannot
//! be written, a file that cannot grow. The program says what it is, loses nothing that was confirmed, and never goes on
//! from what it cannot trust. Clock jumps are turned in the engine's own tests (tests/engine/time.rs there): the program
//! reads the machine's clock, and nothing outside can turn that.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use support::api::{api_client, free_pair};
use support::{Answer, CHARYE, Server, charye, write_config};
use tempfile::TempDir;

/// A demo's folder with one reservation in it, at rest.
struct Installed {
    folder: TempDir,
    data: PathBuf,
    config: PathBuf,
    /// Whom to sign in as.
    citizen: String,
    reservation: String,
}

impl Installed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut server = Server::demo(&data);
        let (_, citizen) = server.citizen(&data, "may reserve now");
        let mut client = api_client(&server, &citizen);
        let places = free_pair(&mut client);
        let reserved = client.post_json("/api/v1/reservations", "reserve-1", &places).expect(201).json();
        server.terminate();
        assert!(server.wait().success());
        let config = write_config(folder.path(), &data, "");
        Self { folder, config, citizen, data, reservation: reserved["number"].as_str().unwrap().to_owned() }
    }

    fn serve(&self) -> Server {
        Server::start(&["serve", "--config", self.config.to_str().unwrap()], &[])
    }

    /// What it says when it does not start, and its exit code.
    fn refuses_to_start(&self) -> (i32, String) {
        let (code, said, complained) = charye(&["serve", "--config", self.config.to_str().unwrap()]);
        assert!(!said.contains("ready"), "it started");
        (code, complained)
    }

    fn starts_with_its_reservation(&self) {
        let server = self.serve();
        let mut client = server.client();
        let login = client.post_json("/api/v1/sign-in", "not-needed", &json!({ "citizen": self.citizen })).expect(200);
        let login = login.json()["login"].as_str().unwrap().to_owned();
        client.headers.push(("Authorization".to_owned(), format!("Bearer {login}")));
        client.get(&format!("/api/v1/reservations/{}", self.reservation)).expect(200);
    }

    fn audit(&self) -> (i32, String) {
        let (code, said, _) = charye(&["audit", "verify", "--data", self.data.to_str().unwrap()]);
        (code, said)
    }

    fn snapshot(&self) -> PathBuf {
        let mut found: Vec<_> = fs::read_dir(self.data.join("snapshots")).unwrap().map(|f| f.unwrap().path()).collect();
        found.sort();
        found.pop().expect("the import left a snapshot")
    }
}

/// Turns one bit of the last place where `needle` stands: earlier ones may be what SQLite left behind when it moved a row.
fn flip_after(file: &Path, needle: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let at = bytes.windows(needle.len()).rposition(|window| window == needle).expect("the needle is there");
    bytes[at + needle.len() - 1] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn keys_that_are_wrong_missing_or_open_to_others_are_refused_in_words() {
    let installed = Installed::new();
    let keys = installed.data.join("keys.toml");
    fs::set_permissions(&keys, Permissions::from_mode(0o640)).unwrap();
    let (code, complained) = installed.refuses_to_start();
    assert!(code == 65 && complained.contains("640"), "{code}: {complained}");
    fs::set_permissions(&keys, Permissions::from_mode(0o600)).unwrap();

    let right = fs::read(&keys).unwrap();
    fs::remove_file(&keys).unwrap();
    let (code, complained) = installed.refuses_to_start();
    assert!(code == 65 && complained.contains("keys.toml"), "{code}: {complained}");

    let (code, ..) = charye(&["keys", "init", "--key-file", keys.to_str().unwrap()]);
    assert_eq!(code, 0);
    let (code, complained) = installed.refuses_to_start();
    assert!(code == 65 && complained.contains("key"), "another installation's key: {code}: {complained}");

    fs::write(&keys, right).unwrap();
    installed.starts_with_its_reservation();
}

#[test]
fn a_flipped_bit_in_the_journal_is_named_and_never_started_from() {
    let installed = Installed::new();
    // A start copies the log into the file, so that the bit flips where SQLite has no checksum of its own.
    installed.serve().kill();
    // In the text of the campaign, which the first row holds.
    flip_after(&installed.data.join("journal.db"), b"18 to 49");
    let (code, said) = installed.audit();
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("I13 at 1") && said.contains("row 1"), "{said}");
    let (code, _, complained) = charye(&["audit", "checkpoint", "--data", installed.data.to_str().unwrap()]);
    assert_eq!(code, 1, "nobody signs a broken journal: {complained}");

    fs::remove_file(installed.snapshot()).unwrap();
    let (code, complained) = installed.refuses_to_start();
    assert_eq!(code, 70, "{complained}");
    assert!(complained.contains("row 1") || complained.contains("at 1"), "{complained}");
}

#[test]
fn a_snapshot_that_is_cut_or_changed_is_passed_over_and_the_journal_read() {
    let installed = Installed::new();
    let snapshot = installed.snapshot();
    let whole = fs::read(&snapshot).unwrap();
    fs::write(&snapshot, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(installed.audit().0, 1, "the audit says that it is damaged");
    installed.starts_with_its_reservation();

    let mut changed = whole;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&snapshot, changed).unwrap();
    assert_eq!(installed.audit().0, 1);
    installed.starts_with_its_reservation();
}

#[test]
fn tables_changed_by_hand_are_found_and_rebuilt() {
    let installed = Installed::new();
    let tables = installed.data.join("projection.db");
    let number: u64 = installed.reservation.replace('-', "").parse().unwrap();
    // As a person with a SQL prompt would.
    let statement = format!("UPDATE reservations SET number = number + 1 WHERE number = {number}");
    let changed = rusqlite::Connection::open(&tables).unwrap().execute(&statement, []).unwrap();
    assert!(changed > 0, "the reservation is in the tables");
    let (code, said) = installed.audit();
    assert!(code == 1 && said.contains("tables: "), "{code}: {said}");
    let (code, ..) = charye(&["projection", "rebuild", "--data", installed.data.to_str().unwrap()]);
    assert_eq!(code, 0);
    let (code, said) = installed.audit();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_left_as_it_is() {
    /// Nobody's number, on every Linux: root may write anywhere.
    const NOBODY: u32 = 65_534;
    let installed = Installed::new();
    let as_root = fs::metadata(&installed.data).unwrap().uid() == 0;
    let every = |path: &Path, mode: u32| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        if as_root {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    };
    for folder in [installed.data.clone(), installed.data.join("snapshots"), installed.data.join("nation")] {
        for file in fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
            every(&file, 0o400);
        }
        every(&folder, 0o500);
    }
    every(&installed.config, 0o400);
    fs::set_permissions(installed.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let journal = fs::read(installed.data.join("journal.db")).unwrap();

    let mut command = Command::new(CHARYE);
    command.args(["serve", "--config", installed.config.to_str().unwrap()]).stdin(Stdio::null());
    if as_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.output().unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{complained}");
    assert!(complained.contains("Permission denied") && complained.contains("could not open"), "{complained}");
    assert_eq!(fs::read(installed.data.join("journal.db")).unwrap(), journal);
}

#[test]
fn a_disk_that_takes_no_more_ends_the_process_and_loses_nothing_confirmed() {
    /// Bytes that any file may have from then on: an eighth of the journal's log, which is grown in advance.
    const BYTES: u64 = 512 * 1024;
    let installed = Installed::new();
    // Told that it may not grow a file, a process is killed unless it ignores the signal; then the write fails.
    let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
    let config = installed.config.to_str().unwrap();
    let mut server =
        Server::start_program(Path::new("/bin/sh"), &["-c", script, CHARYE, "serve", "--config", config], &[]);
    let mut client = api_client(&server, &installed.citizen);
    server.limit_files_to(BYTES);
    let own = format!("/api/v1/reservations/{}", installed.reservation);
    let mut confirmed = 0;
    let places = free_pair(&mut client);
    let unknown = (0..2_000).find_map(|turn| {
        let key = format!("move-there-{turn}");
        let path = format!("{own}/reschedule");
        let mut body = places.clone();
        body.as_object_mut().unwrap().remove("campaign");
        // Either question may be in the batch that finds no room; or neither, when it is a batch of messages handed over:
        // then the next question is told that nothing happened.
        let failed = |answer: &Answer| answer.status == 500 || answer.json()["code"] == "draining";
        match client.try_post_json("/api/v1/campaigns/kr-2021-18-49/visit", "not-needed", &json!({})) {
            Ok(visit) if failed(&visit) => return Some(visit.json()["code"].as_str().unwrap().to_owned()),
            Ok(visit) => {
                if let Some(pass) = visit.json()["pass"].as_str() {
                    client.headers.retain(|(name, _)| name != "Charye-Pass");
                    client.headers.push(("Charye-Pass".to_owned(), pass.to_owned()));
                }
            }
            Err(_) => return Some("broken".to_owned()),
        }
        match client.try_post_json(&path, &key, &body) {
            Ok(answer) if answer.status == 200 => {
                confirmed += 1;
                None
            }
            Ok(answer) if failed(&answer) => Some(answer.json()["code"].as_str().unwrap().to_owned()),
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => Some("broken".to_owned()),
        }
    });
    let unknown = unknown.expect("the disk took everything");
    assert!(["outcome_unknown", "draining", "broken"].contains(&unknown.as_str()), "{unknown}");
    assert!(confirmed > 5, "{confirmed} moves were confirmed before");
    let status = server.ends_within(Duration::from_secs(60)).expect("it ends by itself");
    assert_eq!(status.code(), Some(70));

    installed.starts_with_its_reservation();
    let (code, said) = installed.audit();
    assert_eq!(code, 0, "{said}");
    let (_, story, _) = charye(&["audit", "show", &installed.reservation, "--data", installed.data.to_str().unwrap()]);
    assert!(story.matches("moved to").count() >= confirmed, "{confirmed} moves were confirmed:\n{story}");
}

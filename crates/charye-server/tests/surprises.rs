//! Two things at once that are each ordinary: keys rotated while a place is held, an older copy put back under newer keys, an
//! orderly end in the middle of confirming, tables made anew while everybody reserves. Whatever comes first, nothing that
//! was confirmed is lost and nobody becomes somebody else.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use support::api::{api_client, free_pair};
use support::{CHARYE, Client, Server, charye, write_config};
use tempfile::TempDir;

const CAMPAIGN: &str = "kr-2021-18-49";
/// Looks at something that another thread or process does, ten a second: a hang guard.
const LOOKS_MAX: usize = 600;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A demo's installation at rest, with those who may reserve today.
struct House {
    folder: TempDir,
    data: PathBuf,
    config: PathBuf,
    citizens: Vec<String>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let mut demo = Server::demo(&data);
        let (born, _) = demo.citizen(&data, "may reserve now");
        ends_well(&mut demo);
        let rows = std::fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
        let date = |row: &str| row.split(',').nth(3).unwrap_or_default().to_owned();
        let may = |row: &&str| {
            let date = date(row);
            !row.contains('"') && date.ends_with(&born[9..]) && ("1973".."2003").contains(&&date[..4])
        };
        let number = |row: &str| row.split(',').next().unwrap().to_owned();
        let citizens = rows.lines().skip(1).filter(may).map(number).collect();
        let config = write_config(folder.path(), &data, "");
        Self { folder, data, config, citizens }
    }

    fn serve(&self) -> Server {
        Server::start(&["serve", "--config", self.config.to_str().unwrap()], &[])
    }

    /// The same, with its log in a file.
    fn serve_with_log(&self, log: &Path) -> Server {
        let line = format!("exec \"$0\" \"$@\" 2>>'{}'", log.display());
        let arguments = ["-c", &line, CHARYE, "serve", "--config", self.config.to_str().unwrap()];
        Server::start_program(Path::new("/bin/sh"), &arguments, &[])
    }

    /// Everything that lies in the data folder now, in a folder of its own.
    fn copied_to(&self, name: &str) -> PathBuf {
        let copy = self.folder.path().join(name);
        copy_files(&self.data, &copy);
        copy
    }

    /// What lies in the data folder is this copy from now on, but for the key file, which is kept elsewhere.
    fn put_back(&self, copy: &Path) {
        let keys = std::fs::read(self.keys()).unwrap();
        std::fs::remove_dir_all(&self.data).unwrap();
        copy_files(copy, &self.data);
        std::fs::write(self.keys(), keys).unwrap();
    }

    fn keys(&self) -> PathBuf {
        self.data.join("keys.toml")
    }

    fn audit_finds_nothing(&self) {
        let (code, said, complained) = charye(&["audit", "verify", "--data", self.data.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}{complained}");
        assert!(said.contains("tables       equal the replay"), "{said}");
    }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else if entry.file_name() != "ballast" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn ends_well(server: &mut Server) {
    server.terminate();
    assert!(server.wait().success(), "it drains and stops");
}

/// Who somebody is in the journal: the person of their hold or reservation, as staff would see it in the tables.
fn people_with_places(data: &Path) -> HashSet<i64> {
    let tables = Connection::open(data.join("projection.db")).unwrap();
    let mut people = tables.prepare("SELECT DISTINCT person FROM reservations").unwrap();
    people.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn open_hold(client: &mut Client) -> String {
    let told = client.get(&format!("/api/v1/holds?campaign={CAMPAIGN}")).expect(200).json();
    told["hold"]["hold"].as_str().unwrap_or_else(|| panic!("no hold: {told}")).to_owned()
}

fn reservations(client: &mut Client) -> Vec<String> {
    let told = client.get(&format!("/api/v1/reservations?campaign={CAMPAIGN}")).expect(200).json();
    let number = |reservation: &Value| reservation["number"].as_str().unwrap().to_owned();
    told["reservations"].as_array().unwrap().iter().map(number).collect()
}

#[test]
fn a_key_rotated_while_a_place_is_held_changes_nobody_and_an_older_copy_opens_with_the_newer_keys() {
    let house = House::new();
    let citizen = &house.citizens[0];
    let mut server = house.serve();
    let mut early = api_client(&server, citizen);
    let places = free_pair(&mut early);
    let held = early.post_json("/api/v1/holds", "holds-a-pair", &places).expect(201).json();
    let hold = held["hold"].as_str().unwrap().to_owned();
    ends_well(&mut server);
    let before = house.copied_to("before");
    let old_keys = std::fs::read(house.keys()).unwrap();
    let (code, said, complained) = charye(&["keys", "rotate", "--key-file", house.keys().to_str().unwrap()]);
    assert_eq!(code, 0, "{said}{complained}");

    let confirm = format!("/api/v1/holds/{hold}/confirm");
    let mut server = house.serve();
    // Signed in anew the citizen has another key, and is the same person with the same hold.
    let mut late = api_client(&server, citizen);
    assert_eq!(open_hold(&mut late), hold);
    // What was sealed and signed under the former key is good until it ends.
    early.move_to(&server);
    assert_eq!(open_hold(&mut early), hold);
    let moved = early.post_json(&confirm, "confirms-old", &json!({}));
    assert_eq!(moved.json()["code"], "visit_moved", "the newer device has the visit: {moved:?}");
    let reserved = late.post_json(&confirm, "confirms-new", &json!({})).expect(201).json();
    assert_eq!(reservations(&mut early), [reserved["number"].as_str().unwrap()], "one person on both devices");
    ends_well(&mut server);
    house.audit_finds_nothing();
    assert_eq!(people_with_places(&house.data).len(), 1);

    // The copy knows nothing of the new key nor of the reservation; the key file is the newer one.
    let after = house.copied_to("after");
    house.put_back(&before);
    let mut server = house.serve();
    let mut again = api_client(&server, citizen);
    assert_eq!((open_hold(&mut again), reservations(&mut again).len()), (hold.clone(), 0));
    again.post_json(&confirm, "confirms-again", &json!({})).expect(201);
    ends_well(&mut server);
    house.audit_finds_nothing();

    // The other way round nothing opens: people were sealed with a key that the older file does not have.
    house.put_back(&after);
    std::fs::write(house.keys(), old_keys).unwrap();
    let (code, said, complained) = charye(&["serve", "--config", house.config.to_str().unwrap()]);
    assert!(code == 65 && !said.contains("ready") && complained.contains("key"), "{code}: {complained}");
}

#[test]
fn an_orderly_end_in_the_middle_of_confirming_leaves_every_confirmation_and_no_half() {
    const PEOPLE: usize = 24;
    let house = House::new();
    let mut server = house.serve();
    let mut held: Vec<(Client, String)> = Vec::new();
    for (citizen, key) in house.citizens.iter().zip(0..PEOPLE) {
        let mut client = api_client(&server, citizen);
        let places = free_pair(&mut client);
        let hold = client.post_json("/api/v1/holds", &format!("hold-key-{key}"), &places).expect(201).json();
        held.push((client, format!("/api/v1/holds/{}/confirm", hold["hold"].as_str().unwrap())));
    }
    assert_eq!(held.len(), PEOPLE, "enough people may reserve today");

    let (heard, ending) = (AtomicUsize::new(0), AtomicBool::new(false));
    let told: Vec<Option<String>> = std::thread::scope(|scope| {
        let confirming: Vec<_> = held
            .iter_mut()
            .zip(0..)
            .map(|((client, path), key)| {
                let (heard, ending) = (&heard, &ending);
                scope.spawn(move || {
                    // A third of them after the end was asked for, however slow whoever asks for it is.
                    let waits = || {
                        heard.load(Ordering::SeqCst) < key || (key >= PEOPLE * 2 / 3 && !ending.load(Ordering::SeqCst))
                    };
                    while waits() {
                        std::thread::park_timeout(Duration::from_millis(1));
                    }
                    let answer = client.try_post_json(path, &format!("confirm-key-{key}"), &json!({}));
                    heard.fetch_add(1, Ordering::SeqCst);
                    match answer {
                        Ok(answer) if answer.status == 201 => {
                            Some(answer.json()["number"].as_str().unwrap().to_owned())
                        }
                        Ok(answer) => {
                            assert_eq!(
                                (answer.status, &answer.json()["code"]),
                                (503, &json!("draining")),
                                "{answer:?}"
                            );
                            None
                        }
                        Err(_) => None,
                    }
                })
            })
            .collect();
        while heard.load(Ordering::SeqCst) < PEOPLE / 3 {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        server.terminate();
        ending.store(true, Ordering::SeqCst);
        confirming.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(server.wait().success(), "it drains and stops");
    let confirmed = told.iter().flatten().count();
    assert!(confirmed >= PEOPLE / 3, "{confirmed} of {PEOPLE} were confirmed before the end");

    let mut server = house.serve();
    for (((client, path), told), key) in held.iter_mut().zip(&told).zip(0..) {
        client.move_to(&server);
        let key = format!("confirm-key-{key}");
        let has = reservations(client);
        if let Some(number) = told {
            assert_eq!(has, [number.as_str()], "what was confirmed is there");
        }
        let operation = client.get(&format!("/api/v1/operations/{key}?operation=confirm")).expect(200).json();
        assert_eq!(operation["state"] == "done", !has.is_empty(), "{operation}");
        // Whoever heard nothing presses again: the place was kept, or is theirs already.
        let again = client.post_json(path, &key, &json!({})).expect(201).json();
        assert_eq!(reservations(client), [again["number"].as_str().unwrap()]);
    }
    ends_well(&mut server);
    house.audit_finds_nothing();
    assert_eq!(people_with_places(&house.data).len(), PEOPLE);
}

#[test]
fn tables_are_made_anew_under_everybody_who_reserves_and_nothing_is_missing_from_them() {
    const PEOPLE: usize = 4;
    let house = House::new();
    let log = house.folder.path().join("log");
    let config = std::fs::read_to_string(&house.config).unwrap();
    std::fs::write(&house.config, config.replace("level = \"error\"", "level = \"warn\"")).unwrap();
    let mut server = house.serve_with_log(&log);
    let over = AtomicBool::new(false);
    let made = AtomicUsize::new(0);
    let until = |what: &str, holds: &dyn Fn() -> bool| {
        let came = (0..LOOKS_MAX).any(|_| {
            let holds = holds();
            if !holds {
                std::thread::park_timeout(LOOK_EVERY);
            }
            holds
        });
        assert!(came, "{what}: not within a minute; the log:\n{}", std::fs::read_to_string(&log).unwrap());
    };
    std::thread::scope(|scope| {
        for (citizen, number) in house.citizens.iter().zip(0..PEOPLE) {
            let (mut client, over, made) = (api_client(&server, citizen), &over, &made);
            scope.spawn(move || {
                for turn in 0.. {
                    let places = free_pair(&mut client);
                    let ask =
                        |client: &mut Client, path| client.post_json(path, &format!("{path}-{number}-{turn}"), &places);
                    if over.load(Ordering::SeqCst) {
                        // Somebody may have been quicker; who stands in the tables at the end has a reservation.
                        match ask(&mut client, "/api/v1/reservations").status {
                            201 => return,
                            status => assert_eq!(status, 409),
                        }
                        continue;
                    }
                    let held = ask(&mut client, "/api/v1/holds");
                    if held.status == 201 {
                        let path = format!("/api/v1/holds/{}", held.json()["hold"].as_str().unwrap());
                        assert_eq!(client.ask("DELETE", &path, &[], "").unwrap().status, 200);
                        made.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert_eq!(held.status, 409, "somebody was quicker: {held:?}");
                    }
                }
            });
        }
        // By hand the tables are nobody's while the program has the folder.
        let data = house.data.to_str().unwrap();
        until("people reserve", &|| made.load(Ordering::SeqCst) >= PEOPLE);
        let (code, _, complained) = charye(&["projection", "rebuild", "--data", data]);
        assert_eq!(code, 69, "{complained}");
        assert!(complained.contains("in use by another process"), "{complained}");

        // Somebody changes a row: the tables are emptied and filled from the journal, while it grows.
        let tables = Connection::open(house.data.join("projection.db")).unwrap();
        tables.busy_timeout(Duration::from_secs(60)).unwrap();
        let forged = "UPDATE clinics SET name_en = 'Elsewhere' WHERE clinic = 3";
        until("a row is changed", &|| tables.execute(forged, []).unwrap() == 1);
        drop(tables);
        let rebuilt = "projections are emptied and filled from the journal";
        until("it is noticed", &|| std::fs::read_to_string(&log).unwrap().contains(rebuilt));
        let before = made.load(Ordering::SeqCst);
        until("everybody goes on", &|| made.load(Ordering::SeqCst) >= before + PEOPLE);
        over.store(true, Ordering::SeqCst);
    });
    // Caught up: an orderly end would not wait for tables that fell behind.
    until("they catch up", &|| {
        let ready = server.client().get("/readyz").expect(200).json();
        ready["projected_seq"].as_u64() >= ready["head_seq"].as_u64()
    });
    ends_well(&mut server);
    house.audit_finds_nothing();
    assert_eq!(people_with_places(&house.data).len(), PEOPLE);
}

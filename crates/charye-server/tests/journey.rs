//! The main job, from outside: a citizen without script comes to a demo, is told their day, signs in, finds a clinic, holds
//! both doses, reserves, and finds the reservation again after the machine was switched off under them. And the same over
//! the API; who may not, is told why; two processes never share a folder; an orderly end loses no answer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use support::api::{api_client, free_pair};
use support::page::{Form, link};
use support::{Answer, Client, Server, charye};

const MAY: &str = "may reserve now";

fn english(server: &Server) -> Client {
    let mut client = server.client();
    client.headers.push(("Accept-Language".to_owned(), "en".to_owned()));
    client
}

fn my_day(client: &mut Client, born: &str) -> String {
    let page = client.get("/").expect(200).body;
    let [year, month, day] = born.split('-').collect::<Vec<_>>()[..] else { panic!("{born}") };
    let form = Form::of(&page, "/my-day").with("year", year).with("month", month).with("day", day);
    form.send(client).expect(200).body
}

/// Signs in with a number and goes in; the page of the search.
fn go_in(client: &mut Client, number: &str) -> Answer {
    let page = client.get("/sign-in").expect(200).body;
    let form = Form::of(&page, "/sign-in").without("citizen").with("number", number);
    let line = form.follow(client).expect(200).body;
    come_in(client, &line)
}

/// Presses the button of the way in. Whoever is not called at once, because the machine is slow, waits on the line's page, which
/// has the button once they are: a hang guard of a minute.
fn come_in(client: &mut Client, line: &str) -> Answer {
    let mut sent = Form::of(line, "/line").send(client).expect(303);
    for _ in 0..600 {
        let page = client.get(sent.header("location").unwrap()).expect(200);
        if !page.body.contains("data-ticket=") {
            return page;
        }
        if page.body.contains("action=\"/line\"") {
            sent = Form::of(&page.body, "/line").send(client).expect(303);
        } else {
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
    panic!("no call within a minute")
}

/// From a page of clinics to the form that takes both places.
fn choose_places(client: &mut Client, search: &str) -> String {
    let times = client.get(&link(search, "first=")).expect(200).body;
    let second = if times.contains("second_day=") { times } else { panic!("no second doses:\n{times}") };
    client.get(&link(&second, "second_day=")).expect(200).body
}

#[test]
fn a_citizen_without_script_reserves_both_doses_and_finds_them_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let server = Server::demo(&data);
    let (born, number) = server.citizen(&data, MAY);
    let mut client = english(&server);
    assert!(my_day(&mut client, &born).contains("You can reserve now"));

    let search = go_in(&mut client, &number).body;
    let choice = choose_places(&mut client, &search);
    let consent = Form::of(&choice, "/holds").follow(&mut client).expect(200).body;
    let held = Form::of(&consent, "/holds").follow(&mut client).expect(200).body;
    let extended = Form::of(&held, "/hold/extend").follow(&mut client).expect(200).body;
    let confirm = Form::of(&extended, "/hold/confirm");
    let pockets = client.cookies.clone();
    let done = confirm.follow(&mut client).expect(200).body;
    let reservation = number_on(&done);

    // The button pressed twice, the second time before the first answer came: the same answer, nothing new.
    let mut second_press = english(&server);
    second_press.cookies = pockets;
    let again = confirm.send(&mut second_press).expect(303);
    assert!(again.header("location").unwrap().contains(&reservation), "{again:?}");

    server.kill();
    let mut server = Server::demo(&data);
    client.move_to(&server);
    let mine = client.get("/reservations").expect(200).body;
    assert!(mine.contains(&reservation), "still signed in, still reserved:\n{mine}");
    let page = client.get(&format!("/reservations/{reservation}")).expect(200).body;
    assert!(page.contains("Dose 1") && page.contains("Dose 2"), "{page}");

    // Another number, or another person: the same word.
    let unknown = client.get("/reservations/0000-0000-000").expect(404);
    let mut stranger = english(&server);
    let other = other_citizen(&data, &born, &number);
    go_in(&mut stranger, &other);
    let foreign = stranger.get(&format!("/reservations/{reservation}")).expect(404);
    let told = |answer: &Answer| answer.body.split("<main").nth(1).unwrap().to_owned();
    assert_eq!(told(&unknown), told(&foreign));

    change_and_cancel(&mut client, &reservation);
    server.terminate();
    assert!(server.wait().success());
    audit_finds_nothing(&data);
}

fn change_and_cancel(client: &mut Client, reservation: &str) {
    // A reservation made ends the visit: to move it, one goes in again.
    let change = format!("/reservations/{reservation}/change");
    let turned_away = client.get(&change).expect(303);
    let line = client.get(turned_away.header("location").unwrap()).expect(200).body;
    let page = come_in(client, &line).body;
    let clinic = client.get(&link(&page, "/find/")).expect(200).body;
    let first = client.get(&link(&clinic, "first=")).expect(200).body;
    let choice = if first.contains(&format!("action=\"{change}\"")) {
        first
    } else {
        client.get(&link(&first, "second_day=")).expect(200).body
    };
    let moved = Form::of(&choice, &change).follow(client).expect(200).body;
    assert_eq!(number_on(&moved), reservation, "it is the same reservation, elsewhere");

    let ask = client.get(&format!("/reservations/{reservation}/cancel")).expect(200).body;
    let cancelled = Form::of(&ask, &format!("/reservations/{reservation}/cancel")).follow(client).expect(200).body;
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    client.get(&format!("/reservations/{reservation}/cancel")).expect(409);
}

/// The reservation number that a page shows large.
fn number_on(page: &str) -> String {
    let shown = page.split("class=\"number\">").nth(1).unwrap_or_else(|| panic!("no number on the page:\n{page}"));
    shown.split('<').next().unwrap().to_owned()
}

/// Somebody else who may reserve today.
fn other_citizen(data: &Path, born: &str, number: &str) -> String {
    let citizens = fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
    let may = |row: &&str| {
        let date = row.split(',').nth(3).unwrap_or_default();
        date.ends_with(&born[9..]) && ("1973".."2003").contains(&&date[..4]) && !row.starts_with(number)
    };
    citizens.lines().skip(1).find(may).unwrap().split(',').next().unwrap().to_owned()
}

fn audit_finds_nothing(data: &Path) {
    let (code, said, complained) = charye(&["audit", "verify", "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}{complained}");
    assert!(said.contains("tables       equal the replay"), "{said}");
}

#[test]
fn who_may_not_reserve_now_is_told_the_day_or_the_reason_and_is_not_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let server = Server::demo(&data);
    let another_day = "may come on ";
    let told = server.said.iter().find(|line| line.contains(another_day)).unwrap();
    // `Tue 24 Nov at 20:00`: the page says the same day.
    let day = told.split(another_day).nth(1).unwrap().split(" at ").next().unwrap().to_owned();
    for (words, expected) in [(another_day, day.as_str()), ("is not in this campaign", "You are not in the group")] {
        let (born, number) = server.citizen(&data, words);
        let mut client = english(&server);
        let page = my_day(&mut client, &born);
        assert!(page.contains(expected), "{expected}:\n{page}");

        let page = client.get("/sign-in").expect(200).body;
        let form = Form::of(&page, "/sign-in").without("citizen").with("number", &number);
        let line = form.follow(&mut client).expect(200).body;
        // Within a day of the opening one may take part in its draw, which lets nobody in.
        let may_enrol = line.contains("Take part in the draw");
        assert!(line.contains(expected) && (may_enrol || !line.contains("action=\"/line\"")), "{line}");
        // By hand, past the page.
        let csrf = Form::of(&line, "/sign-out").value("csrf").to_owned();
        let forced = client.post("/line", &[("csrf", &csrf), ("campaign", "kr-2021-18-49")]);
        match forced.status {
            // The draw may have been committed to since the page was written.
            303 if words == another_day => {
                assert!(forced.header("location").unwrap().starts_with("/line/"), "{forced:?}");
            }
            status => assert!(status == 403 && !may_enrol, "{status}: {}", forced.body),
        }
        client.get("/find").expect(303);
    }
}

#[test]
fn over_the_api_a_key_means_one_operation_however_often_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let server = Server::demo(&data);
    let (_, number) = server.citizen(&data, MAY);
    let mut client = api_client(&server, &number);
    let places = free_pair(&mut client);
    let held = client.post_json("/api/v1/holds", "hold-key-1", &places).expect(201).json();
    assert_eq!(client.post_json("/api/v1/holds", "hold-key-1", &places).expect(201).json()["hold"], held["hold"]);
    let mut other = places.clone();
    other["second"] = other["first"].clone();
    let reused = client.post_json("/api/v1/holds", "hold-key-1", &other).expect(422).json();
    assert_eq!(reused["code"], "key_reused");

    let path = format!("/api/v1/holds/{}/confirm", held["hold"].as_str().unwrap());
    let reserved = client.post_json(&path, "confirm-key-1", &json!({})).expect(201).json();
    assert_eq!(client.post_json(&path, "confirm-key-1", &json!({})).expect(201).json()["number"], reserved["number"]);
    let operation = client.get("/api/v1/operations/confirm-key-1").expect(200).json();
    assert_eq!((&operation["state"], &operation["number"]), (&json!("done"), &reserved["number"]));

    server.kill();
    let server = Server::demo(&data);
    client.move_to(&server);
    let mine = client.get("/api/v1/reservations?campaign=kr-2021-18-49").expect(200).json();
    assert_eq!(mine["reservations"][0]["number"], reserved["number"]);
    let number = reserved["number"].as_str().unwrap();
    client.post_json(&format!("/api/v1/reservations/{number}/cancel"), "cancel-key-1", &json!({})).expect(200);
    let operation = client.get("/api/v1/operations/confirm-key-1").expect(200).json();
    assert_eq!(operation["number"], reserved["number"], "what was answered stays answered");

    let (code, said, _) = charye(&["audit", "show", number, "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0);
    for word in ["held", "hold confirmed", "cancelled"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn two_processes_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let mut server = Server::demo(&data);
    let (code, _, complained) = charye(&["demo", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    assert_eq!(code, 69, "{complained}");
    assert!(complained.contains("in use by another process"), "{complained}");
    for command in [["projection", "rebuild"], ["clock", "accept"]] {
        let (code, _, complained) = charye(&[command[0], command[1], "--data", data.to_str().unwrap()]);
        assert_eq!(code, 69, "{command:?}: {complained}");
    }
    // Looking is allowed.
    let (code, checkpoint, _) = charye(&["audit", "checkpoint", "--data", data.to_str().unwrap()]);
    assert_eq!(code, 0);
    server.client().get("/").expect(200);
    server.terminate();
    assert!(server.wait().success());

    let kept = folder.path().join("checkpoint");
    fs::write(&kept, checkpoint).unwrap();
    for command in [["projection", "rebuild"], ["clock", "accept"]] {
        let (code, _, complained) = charye(&[command[0], command[1], "--data", data.to_str().unwrap()]);
        assert_eq!(code, 0, "{command:?}: {complained}");
    }
    let (code, said, _) =
        charye(&["audit", "verify", "--data", data.to_str().unwrap(), "--checkpoint", kept.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("checkpoint   holds"), "{said}");
}

#[test]
fn a_folder_that_is_no_demos_is_never_touched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("photos");
    fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
    fs::write(data.join("wedding.jpg"), "kept").unwrap();
    for fresh in [&[][..], &["--fresh"][..]] {
        let arguments = [&["demo", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()][..], fresh].concat();
        let (code, _, complained) = charye(&arguments);
        assert_eq!(code, 65, "{complained}");
        assert!(complained.contains("not a demo's"), "{complained}");
    }
    assert_eq!(fs::read_to_string(data.join("wedding.jpg")).unwrap(), "kept");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[test]
fn an_orderly_end_under_load_tears_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("demo");
    let mut server = Server::demo(&data);
    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            let mut client = server.client();
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    match client.ask("GET", "/api/v1/campaigns/kr-2021-18-49/clinics?limit=20", &[], "") {
                        Ok(answer) => {
                            assert!(matches!(answer.status, 200 | 503), "{answer:?}");
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        // Refused before a byte of an answer came: the client may ask elsewhere.
                        Err(error) => assert_eq!(client.torn, 0, "an answer was torn: {error}"),
                    }
                }
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) < 200 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    server.terminate();
    assert!(server.wait().success());
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
}

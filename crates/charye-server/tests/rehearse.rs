//! `charye rehearse`, as an operator meets it: the bundled profiles at small scale against a server of the rehearsal's own,
//! with the auditor after each; targets that are refused; folders that are not taken.
//!
//! A busy machine proves nothing about speed: what is asserted is what people got, what the journal says of it, and that
//! the report tells it. Whether latencies met a profile's goals is left to those who rehearse in earnest.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is not seen as a test by the lint")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{Server, charye, write_config};

/// Rehearses, and reads the report.
fn rehearse(profile: &str, scale: &str, speed: &str, out: &Path) -> (Value, String) {
    let out_text = out.to_str().unwrap();
    let arguments = ["rehearse", "--profile", profile, "--scale", scale, "--speed", speed, "--out", out_text];
    let (code, said, complained) = charye(&arguments);
    assert!(code == 0 || code == 1, "{code}: {said}{complained}");
    let report: Value = serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["audit"]["clean"], true, "{said}{complained}");
    assert_eq!(report["people"]["missing"], 0, "{said}");
    assert_eq!(report["profile"], profile);
    let holds = report["verdict"]["holds"].as_bool().unwrap();
    assert_eq!(code, i32::from(!holds), "the exit code is the verdict: {said}");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Where people were") && !page.contains("://"), "the page stands alone");
    (report, said)
}

fn count(report: &Value, path: &str) -> u64 {
    report.pointer(path).and_then(Value::as_u64).unwrap_or_else(|| panic!("no count at {path}"))
}

#[test]
fn an_ordinary_hour_ends_with_everybody_reserved_who_meant_to() {
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = rehearse("steady", "0.002", "120", folder.path());
    assert_eq!(count(&report, "/people/came_may_reserve"), 120);
    let confirmed = count(&report, "/people/confirmed");
    assert!(confirmed + count(&report, "/people/walked_away") >= 115, "{}", report["people"]);
    assert_eq!(count(&report, "/whereabouts_at_end/failed"), 0, "{}", report["refusals"]);
    let history = fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
    let told = history.lines().filter(|line| line.contains("\"confirm\"") && line.contains("\"confirmed\"")).count();
    assert_eq!(told as u64, confirmed, "every confirmation is in the history");
    assert!(report["server"]["cpu_secs"].as_f64().unwrap() > 0.0, "{}", report["server"]);
    assert!(report["server"]["resident_bytes_most"].as_f64().unwrap() > 1e6);
    for figure in ["commits", "commit_mean_ms", "entries"] {
        assert!(report["server"][figure].as_f64().unwrap_or_default() > 0.0, "{figure}: {}", report["server"]);
    }
    assert!(report["server"]["busy"].is_number(), "{}", report["server"]);
}

#[test]
fn the_evening_of_2021_turns_away_those_whose_day_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = rehearse("opening-2021", "0.0004", "600", folder.path());
    assert_eq!(count(&report, "/people/came"), 1_036);
    assert!(count(&report, "/people/confirmed") > 200, "{}", report["people"]);
    // Two and a half identities for each who may reserve: the others hear their date, at the door or after signing in.
    assert!(count(&report, "/whereabouts_at_end/turned_away") > 650, "{}", report["whereabouts_at_end"]);
    assert_eq!(count(&report, "/whereabouts_at_end/failed"), 0, "{}", report["refusals"]);
}

#[test]
fn everybody_of_the_campaign_may_reserve_on_an_evening_for_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = rehearse("everyone-2021", "0.00002", "600", folder.path());
    assert_eq!(count(&report, "/people/came"), 324);
    assert_eq!(count(&report, "/people/came_may_reserve"), 324, "whatever the digit of their birthday");
    assert!(count(&report, "/people/confirmed") > 250, "{}", report["people"]);
    assert_eq!(count(&report, "/whereabouts_at_end/failed"), 0, "{}", report["refusals"]);
}

#[test]
fn the_worst_evening_loses_nothing_that_was_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let (report, said) = rehearse("worst-evening", "0.0004", "240", folder.path());
    let fault = |kind: &str| {
        let faults = report["faults"].as_array().unwrap();
        faults.iter().find(|fault| fault["kind"] == kind).unwrap_or_else(|| panic!("no {kind}: {said}")).clone()
    };
    assert_eq!(fault("kill")["played"], true, "{said}");
    assert_eq!(fault("clock_jump")["played"], true, "{said}");
    assert!(count(&report, "/people/confirmed") > 100, "{}", report["people"]);
    assert!(count(&report, "/whereabouts_at_end/nothing_left") > 0, "places run out: {}", report["whereabouts_at_end"]);
}

#[test]
fn people_whom_nobody_wrote_down_come_and_reserve() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    let data_text = data.to_str().unwrap();
    let demo = ["demo", "--listen", "127.0.0.1:0", "--scale", "4", "--citizens", "100", "--everyone"];
    drop(Server::start(&[&demo[..], &["--data", data_text]].concat(), &[]));
    // As a nation of more than a million is told, but fewer, so that a test may ask for each birth date.
    let people = data.join("nation/people.toml");
    let nation = fs::read_to_string(data.join("nation/nation.toml")).unwrap();
    fs::write(&people, format!("{nation}\n[people_on_demand]\ncount = 1000\n")).unwrap();
    let config = write_config(folder.path(), &data, "");
    let text = fs::read_to_string(&config).unwrap().replace("nation/citizens.csv", "nation/people.toml");
    fs::write(&config, text).unwrap();
    let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[]);
    let target = format!("http://{}", server.address);
    let (code, said, complained) = charye(&[
        "rehearse",
        "--profile",
        "everyone-2021",
        "--scale",
        "0.00002",
        "--speed",
        "600",
        "--target",
        &target,
        "--citizens",
        people.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(code == 0 || code == 1, "{code}: {said}{complained}");
    let report: Value = serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!(count(&report, "/people/came_may_reserve"), 324);
    assert!(count(&report, "/people/confirmed") > 250, "{}", report["people"]);
    assert_eq!(count(&report, "/people/missing"), 0, "{said}");
    drop(server);
    let history = out.join("history.jsonl");
    let (code, said, complained) =
        charye(&["audit", "verify", "--data", data_text, "--history", history.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}{complained}");
}

#[test]
fn nobody_elses_server_is_rehearsed_against() {
    let folder = tempfile::tempdir().unwrap();
    let citizens = folder.path().join("citizens.csv");
    fs::write(&citizens, "birth_date,district_code\n").unwrap();
    let config = folder.path().join("charye.toml");
    fs::write(&config, "[rehearse]\nown_hosts = [\"192.0.2.7:8080\"]\n").unwrap();
    let out = folder.path().join("out");
    for target in ["http://192.0.2.1:8080", "https://127.0.0.1:8080", "http://192.0.2.7:80"] {
        let (code, _, complained) = charye(&[
            "rehearse",
            "--target",
            target,
            "--citizens",
            citizens.to_str().unwrap(),
            "--config",
            config.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert_eq!(code, 65, "{target}: {complained}");
        assert!(complained.contains("own_hosts"), "{target}: {complained}");
    }
    assert!(!out.exists(), "nothing was begun");
}

#[test]
fn a_target_without_its_people_is_told_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let (code, _, complained) = charye(&["rehearse", "--target", "http://127.0.0.1:9", "--out", out.to_str().unwrap()]);
    assert_eq!(code, 65, "{complained}");
    for word in ["--citizens", "[rehearsal] citizens", "nation/citizens.csv"] {
        assert!(complained.contains(word), "{word}: {complained}");
    }
    assert!(!out.exists(), "nothing was begun");
}

#[test]
fn a_folder_that_is_not_a_rehearsals_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "mine").unwrap();
    let (code, _, complained) = charye(&["rehearse", "--out", folder.path().to_str().unwrap()]);
    assert_eq!(code, 65, "{complained}");
    assert!(complained.contains("not a rehearsal's"), "{complained}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_profile_that_is_wrong_or_too_large_is_refused_with_its_place_and_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("mine.toml");
    let check = |arguments: &[&str], expect: &str| {
        let out = folder.path().join("out");
        let (code, _, complained) = charye(&[&["rehearse", "--out", out.to_str().unwrap()], arguments].concat());
        assert_eq!(code, 65, "{complained}");
        assert!(complained.contains(expect), "{complained}");
        assert!(!out.exists(), "nothing was begun");
    };
    fs::write(&profile, "[profile]\nname = \"mine\"\nminutes = \"ten\"\n").unwrap();
    check(&["--profile", profile.to_str().unwrap()], "line 3");
    fs::write(&profile, [0xff, 0xfe, 0x00]).unwrap();
    check(&["--profile", profile.to_str().unwrap()], "mine.toml: stream did not contain valid UTF-8");
    check(&["--profile", "worst-evenin"], "one of opening-2021, steady, worst-evening");
    check(&["--profile", folder.path().to_str().unwrap()], "name a file with --profile");
    check(&["--scale", "1", "--speed", "1000"], "turn --speed down");
}

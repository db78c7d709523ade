//! The line as programs meet it: places, polls that ask nobody, tickets that cannot be bent, the draw for everyone to check.

use std::sync::mpsc;
use std::time::Duration;

use charye_domain::book::samples::{CAMPAIGN, OPERATOR};
use charye_domain::book::{Action, Channel, Command, Provenance};
use charye_domain::ids::OpeningId;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::draw::published::unhex;
use charye_domain::waiting_room::draw::verify::Verifier;
use charye_domain::waiting_room::draw::{DrawId, DrawSecret, Seed, secret_commitment};
use charye_domain::waiting_room::steering::Steering;
use serde_json::{Value, json};

use crate::client::{Client, Heard};
use crate::gate::edited;
use crate::stage::{CHILDREN_FROM, Caller, Setting, Stage, plan};

const VISIT: &str = "/api/v1/campaigns/sample/visit";
const LINE: &str = "/api/v1/campaigns/sample/line";
const NOW: &str = "/line/sample/0/now";
/// A hang guard.
const LOOKS_MAX: usize = 3_000;
/// Between looks at what a thread of the engine does by itself.
const LOOK_EVERY: Duration = Duration::from_millis(20);

fn steer(stage: &Stage, steering: Steering) {
    let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
    let (steering, note) = (Box::new(steering), "the test wants it".into());
    let action = Action::Steer { campaign: CAMPAIGN, opening: OpeningId(0), steering, note, rehearsal: false };
    stage.app.engine.submit_blocking(Command { by, operation: None, action }).unwrap();
    stage.pass(1_000);
}

fn terms(hard_cap: u32) -> Steering {
    Steering::Terms { hard_cap, rate_min_per_min: 6_000, rate_max_per_min: 6_000 }
}

fn poll(stage: &Stage, ticket: &str) -> Heard {
    stage.stranger().ask("GET", "/api/v1/line", &[("Charye-Ticket", ticket)], b"")
}

/// Takes a place; the answer.
fn take(caller: &mut Caller<'_>) -> Value {
    let heard = caller.post(LINE, None, &Value::Null);
    assert_eq!(heard.status, 200, "{heard:?}");
    heard.json()
}

/// A stage whose only seat is taken, and who waits for it.
fn full() -> Stage {
    let stage = Stage::with_line(0);
    stage.pass(1_000);
    stage
}

#[test]
fn whoever_comes_to_an_empty_line_is_inside_with_one_request() {
    let stage = Stage::with_line(10);
    let mut citizen = stage.signed_in(1);
    let heard = citizen.post(VISIT, None, &Value::Null);
    assert_eq!(heard.status, 200, "{heard:?}");
    citizen.pass = Some(heard.text("/pass"));
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.reserve(&slot, "empty-line-1").status, 201);
}

#[test]
fn who_is_not_called_is_told_the_place_and_when_to_ask_again() {
    let stage = Stage::with_line(1);
    let mut first = stage.inside(1);
    stage.pass(1_000);
    let mut second = stage.signed_in(2);
    let heard = second.post(VISIT, None, &Value::Null);
    assert_eq!((heard.status, heard.code()), (409, "not_called".to_owned()));
    let told = heard.json();
    assert_eq!(told["place"]["state"], "waiting");
    assert_eq!((&told["place"]["ahead"], &told["place"]["behind"]), (&json!(0), &json!(0)));
    assert!(told["ask_again_ms"].as_u64().unwrap() >= 1_000);
    assert!(heard.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    let ticket = heard.text("/place/ticket");
    assert_eq!(poll(&stage, &ticket).text("/state"), "waiting");

    assert_eq!(first.delete(VISIT).status, 200);
    stage.pass(1_000);
    assert_eq!(poll(&stage, &ticket).json(), json!({ "state": "come", "ask_again_ms": 0 }));
    assert_eq!(second.post(VISIT, None, &Value::Null).status, 200);
}

#[test]
fn a_place_is_the_same_from_every_device_and_after_every_question() {
    let stage = full();
    let first = take(&mut stage.signed_in(1));
    take(&mut stage.signed_in(2));
    for _ in 0..5 {
        stage.pass(1_000);
        let again = take(&mut stage.signed_in(1));
        assert_eq!(poll(&stage, again["ticket"].as_str().unwrap()).json()["behind"], 1);
        assert_eq!((&again["ahead"], &first["state"]), (&json!(0), &again["state"]));
    }
}

#[test]
fn polls_ask_nobody_and_go_on_when_nobody_decides_any_more() {
    let stage = full();
    let mut citizen = stage.signed_in(1);
    let ticket = take(&mut citizen)["ticket"].as_str().unwrap().to_owned();
    let rows = || stage.world.journal.rows().len();
    let before = rows();
    let mut client = Client::connect(stage.address);
    let ask = |client: &mut Client| client.ask("GET", "/api/v1/line", &[("Charye-Ticket", &ticket)], b"");
    for _ in 0..200 {
        assert_eq!(ask(&mut client).text("/state"), "waiting");
    }
    assert_eq!(rows(), before, "polls leave no trace in the journal");

    stage.app.engine.stop();
    let bearer = format!("Bearer {}", citizen.login.as_deref().unwrap());
    let refused = client.ask("POST", VISIT, &[("Authorization", &bearer)], b"");
    assert_eq!((refused.status, refused.code()), (503, "draining".to_owned()), "nobody decides any more");
    let heard = ask(&mut client);
    assert_eq!((heard.status, heard.text("/state")), (200, "waiting".to_owned()));
    assert_eq!(client.ask("GET", NOW, &[], b"").json()["waiting"], 1);
}

#[test]
fn a_ticket_bent_in_any_byte_or_of_another_kind_is_no_ticket() {
    let stage = Stage::with_line(1);
    let mut inside = stage.inside(1);
    let ticket = take(&mut stage.signed_in(2))["ticket"].as_str().unwrap().to_owned();
    assert_eq!(poll(&stage, &ticket).status, 200);
    for bent in edited(&ticket) {
        let heard = poll(&stage, &bent);
        assert_eq!((heard.status, heard.code()), (404, "no_place".to_owned()), "{bent}");
    }
    let pass = inside.pass.clone().unwrap();
    assert_eq!(poll(&stage, &pass).code(), "no_place", "a pass is no ticket");
    inside.pass = Some(ticket);
    let heard = inside.post("/api/v1/holds/h00000000/extend", Some("ticket-key-1"), &json!({}));
    assert_eq!(heard.code(), "wait_first", "a ticket is no pass");
    assert_eq!(stage.stranger().get("/api/v1/line").code(), "no_place", "nor is nothing");
}

#[test]
fn asking_again_and_again_wins_nothing() {
    let stage = full();
    let patient = take(&mut stage.signed_in(1));
    stage.pass(1_000);
    let mut hasty = stage.signed_in(2);
    for turn in 0..20 {
        take(&mut hasty);
        // Whoever could be next is answered only after waiting a moment for the call.
        if turn % 10 == 0 {
            assert_eq!(hasty.post(VISIT, None, &Value::Null).code(), "not_called");
        }
    }
    steer(&stage, terms(1));
    assert_eq!(poll(&stage, patient["ticket"].as_str().unwrap()).text("/state"), "come");
    assert_eq!(hasty.post(VISIT, None, &Value::Null).code(), "not_called");
}

#[test]
fn a_paused_line_says_so_and_keeps_the_places() {
    let stage = full();
    let ticket = take(&mut stage.signed_in(1))["ticket"].as_str().unwrap().to_owned();
    steer(&stage, Steering::Pause(PauseReason::Operator));
    let told = poll(&stage, &ticket).json();
    assert_eq!((&told["state"], &told["paused"], &told["ahead"]), (&json!("waiting"), &json!("operator"), &json!(0)));
    assert!(told["ask_again_ms"].as_u64().unwrap() >= 20_000, "{told}");
    assert_eq!(stage.stranger().get(NOW).json()["paused"], "operator");
    steer(&stage, Steering::Resume);
    assert!(poll(&stage, &ticket).json().get("paused").is_none());
}

#[test]
fn a_gate_in_trouble_says_so_and_goes_on_by_itself() {
    let stage = full();
    let ticket = take(&mut stage.signed_in(1))["ticket"].as_str().unwrap().to_owned();
    steer(&stage, Steering::Pause(PauseReason::GateInTrouble));
    let told = poll(&stage, &ticket).json();
    assert_eq!((&told["state"], &told["paused"]), (&json!("waiting"), &json!("gate_in_trouble")));
    assert_eq!(stage.stranger().get(NOW).json()["paused"], "gate_in_trouble");
    // Nothing is slow: ten seconds of that, and the line goes on.
    (0..12).for_each(|_| stage.pass(1_000));
    until(&stage, || poll(&stage, &ticket).json().get("paused").is_none().then_some(()));
}

#[test]
fn a_line_with_nothing_left_says_so_and_keeps_the_places() {
    let stage = full();
    let ticket = take(&mut stage.signed_in(1))["ticket"].as_str().unwrap().to_owned();
    steer(&stage, Steering::Pause(PauseReason::NothingLeft));
    let told = poll(&stage, &ticket).json();
    assert_eq!((&told["state"], &told["paused"]), (&json!("waiting"), &json!("nothing_left")));
    assert_eq!(told["ahead"], 0);
    let now = stage.stranger().get(NOW).json();
    assert_eq!((&now["paused"], now["places_left"].is_array()), (&json!("nothing_left"), true));
}

#[test]
fn who_is_called_is_told_how_long_their_seat_is_kept() {
    let stage = Stage::with_line(1);
    let mut citizen = stage.signed_in(1);
    take(&mut citizen);
    stage.pass(1_000);
    let told = take(&mut citizen);
    assert_eq!(told["state"], "come");
    let kept_ms = |told: &Value| told["kept_ms"].as_u64().unwrap();
    let at_first = kept_ms(&told);
    stage.pass(5_000);
    let later = kept_ms(&take(&mut citizen));
    assert!((5_000..=60_000).contains(&at_first) && later + 5_000 <= at_first, "{at_first}, then {later}");
    assert!(poll(&stage, told["ticket"].as_str().unwrap()).json().get("kept_ms").is_none(), "a poll does not know");
}

#[test]
fn a_line_closed_to_arrivals_keeps_those_who_stand_in_it() {
    let stage = full();
    take(&mut stage.signed_in(1));
    steer(&stage, Steering::CloseToArrivals);
    assert_eq!(stage.signed_in(2).post(LINE, None, &Value::Null).code(), "line_closed");
    assert_eq!(take(&mut stage.signed_in(1))["state"], "waiting");
}

#[test]
fn a_place_given_up_is_the_last_one_afterwards() {
    let stage = full();
    let mut first = stage.signed_in(1);
    take(&mut first);
    stage.pass(1_000);
    take(&mut stage.signed_in(2));
    assert_eq!(first.delete(LINE).status, 200);
    stage.pass(1_000);
    assert_eq!(stage.stranger().get(NOW).json()["waiting"], 1);
    assert_eq!(first.delete(LINE).status, 200, "twice is once");
}

#[test]
fn who_may_not_reserve_gets_no_place_and_who_has_reserved_comes_to_change() {
    let stage = Stage::with_line(10);
    assert_eq!(stage.signed_in(CHILDREN_FROM).post(LINE, None, &Value::Null).code(), "not_in_cohort");
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.reserve(&slot, "has-reserved-1").status, 201);
    let reserve = json!({ "purpose": "reserve" });
    assert_eq!(citizen.post(LINE, None, &reserve).code(), "already_reserved");
    assert_eq!(citizen.post(VISIT, None, &json!({ "purpose": "change" })).status, 200);
    assert_eq!(citizen.post(LINE, None, &json!({ "purpose": "else" })).code(), "request_malformed");
    assert_eq!(citizen.post(LINE, None, &json!({ "wish": 1 })).code(), "request_malformed");
}

#[test]
fn where_there_is_no_line_nobody_waits() {
    let stage = Stage::open();
    let mut citizen = stage.signed_in(1);
    assert_eq!(take(&mut citizen), json!({ "state": "come", "ask_again_ms": 0 }));
    assert_eq!(citizen.get("/api/v1/campaigns/sample/openings/0/draw").code(), "not_found");
    assert_eq!(stage.stranger().get(NOW).status, 404);
}

#[test]
fn the_line_is_the_same_for_everyone_and_kept_for_a_second() {
    let stage = full();
    take(&mut stage.signed_in(1));
    stage.pass(1_000);
    let mut client = Client::connect(stage.address);
    let heard = client.ask("GET", NOW, &[], b"");
    assert_eq!((heard.status, heard.header("cache-control")), (200, Some("public, max-age=1")));
    assert_eq!(heard.header("set-cookie"), None);
    let told = heard.json();
    assert_eq!((&told["phase"], &told["waiting"], &told["hard_cap"]), (&json!("open"), &json!(1), &json!(0)));
    let tag = heard.header("etag").unwrap().to_owned();
    let login = format!("charye_login={}", stage.signed_in(2).login.unwrap());
    let known = client.ask("GET", NOW, &[("If-None-Match", &tag), ("Cookie", &login)], b"");
    assert_eq!((known.status, known.header("etag"), known.body.len()), (304, Some(tag.as_str()), 0));
    take(&mut stage.signed_in(2));
    stage.pass(1_000);
    assert_eq!(client.ask("GET", NOW, &[("If-None-Match", &tag)], b"").status, 200, "it has changed");
    for astray in
        ["/line/sample/00/now", "/line/sample/9/now", "/line/sample/x/now", "/line/other/0/now", "/line/sample/0/now/"]
    {
        assert_eq!(client.ask("GET", astray, &[], b"").status, 404, "{astray}");
    }
}

#[test]
fn a_draw_can_be_checked_by_anyone_from_what_is_published() {
    let stage = Stage::with(&Setting { line: Some(plan(0)), before_ms: 30 * 60_000, ..Setting::default() });
    let mut first = stage.signed_in(1);
    let drawn = until(&stage, || Some(first.post(LINE, None, &Value::Null)).filter(|heard| heard.status == 200)).json();
    take(&mut stage.signed_in(2));
    assert_eq!((&drawn["state"], &drawn["opening"]), (&json!("enrolled"), &json!(0)));
    let opens_in_ms = drawn["opens_in_ms"].as_u64().unwrap();
    assert!((29 * 60_000..=30 * 60_000).contains(&opens_in_ms), "{opens_in_ms}");
    let (ticket, id) = (drawn["ticket"].as_str().unwrap(), drawn["draw_id"].as_str().unwrap());
    let draw = "/api/v1/campaigns/sample/openings/0/draw";
    let committed = stage.stranger().get(draw).json();
    assert!(committed["secret_commitment"].is_string() && committed.get("secret").is_none(), "{committed}");
    assert_eq!(stage.stranger().get(&format!("{draw}/ids")).status, 404, "the list is nobody's before");
    let early = stage.signed_in(1).post(VISIT, None, &Value::Null);
    assert_eq!((early.code(), early.text("/place/state")), ("not_called".to_owned(), "enrolled".to_owned()));
    assert_eq!(early.text("/place/draw_id"), id, "asked in another way, on another device: the same number");

    stage.pass(30 * 60_000);
    let told = until(&stage, || Some(poll(&stage, ticket).json()).filter(|told| told["state"] == "waiting"));
    let published = until(&stage, || Some(stage.stranger().get(draw).json()).filter(|told| told["pages"] == 1));
    let list = stage.stranger().get(&format!("{draw}/ids?page=0")).json();
    assert_eq!(stage.stranger().get(&format!("{draw}/ids?page=1")).status, 404);
    let late = take(&mut stage.signed_in(3));
    assert_eq!(
        (&late["state"], late.get("draw_id")),
        (&json!("waiting"), None),
        "who was not drawn has no number: {late}"
    );
    let bytes = |value: &Value| unhex(value.as_str().unwrap()).unwrap();
    let secret = DrawSecret(bytes(&published["secret"]).try_into().unwrap());
    assert_eq!(secret_commitment(&secret).to_vec(), bytes(&committed["secret_commitment"]));
    let root = bytes(&published["root"]).try_into().unwrap();
    let seed = Seed::new(&secret, &root, &bytes(&published["public_value"]));
    let entries = list["drawn"].as_array().unwrap();
    assert_eq!((entries.len(), &published["count"]), (2, &json!(2)));
    for entry in entries {
        let place = seed.place(DrawId(bytes(&entry["id"]).try_into().unwrap()));
        assert_eq!(entry["place"], format!("{:016x}", place.0));
    }
    let before = |id: &str| {
        let own = entries.iter().find(|entry| entry["id"] == id).unwrap();
        entries.iter().filter(|entry| entry["place"].as_str() < own["place"].as_str()).count()
    };
    assert_eq!(told["ahead"], before(id), "the line stands as it was drawn");
    let file = ["head", "0"].map(|part| {
        String::from_utf8(
            Client::connect(stage.address).ask("GET", &format!("/line/sample/0/draw/{part}"), &[], b"").body,
        )
        .unwrap()
    });
    let mut verifier = Verifier::default();
    file.concat().lines().for_each(|line| verifier.line(line).unwrap());
    assert!(verifier.finish().unwrap().is_whole_and_true(), "{file:?}");
    let text = Client::connect(stage.address).ask("GET", "/line/sample/0/draw/0", &[], b"");
    assert!(String::from_utf8(text.body).unwrap().starts_with("slice 0\n"));
    let page = Client::connect(stage.address).ask("GET", "/line/sample/0/draw", &[], b"");
    assert!(String::from_utf8(page.body).unwrap().contains(published["root"].as_str().unwrap()));
}

/// Looks until there is something to see; what is done in the background is given its time.
fn until<T>(stage: &Stage, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(seen) = look() {
            return seen;
        }
        stage.pass(10);
        let (_kept, nothing) = mpsc::channel::<()>();
        let _ = nothing.recv_timeout(LOOK_EVERY);
    }
    panic!("it never comes to pass");
}

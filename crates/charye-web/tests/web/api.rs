//! What the API does for who means well: the journey, repetitions, lost answers, other people's reservations.

use charye_domain::book::{Outcome, Query, Reply};
use charye_domain::ids::OperationKey;
use serde_json::{Value, json};

use crate::client::Heard;
use crate::stage::{CHILDREN_FROM, Setting, Stage};

#[test]
fn a_citizen_reserves_both_doses_changes_and_cancels() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);

    let found = citizen.get("/api/v1/campaigns/sample/clinics?product=paired&district=11110").json();
    assert_eq!(found["matching"], 1);
    let clinic = &found["clinics"][0];
    assert_eq!((&clinic["clinic"]["code"], &clinic["free_days"]), (&json!("C1"), &json!(3)));
    assert_eq!(clinic["next_times"][0]["starts_at"], "2021-08-30T09:00:00+09:00");
    let days = citizen.get("/api/v1/campaigns/sample/clinics/C1/paired/days").json();
    assert_eq!(days["free_days"], json!(["2021-08-30", "2021-08-31", "2021-09-01"]));
    let first = citizen.slots("paired", "2021-08-30").remove(0);
    let seconds = citizen.get(&format!("/api/v1/campaigns/sample/clinics/C1/paired/days?first={first}")).json();
    assert_eq!(seconds["dose"], 2);
    let day = seconds["free_days"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
    let times = citizen.get(&format!("/api/v1/campaigns/sample/clinics/C1/paired/days/{day}?first={first}")).json();
    let second = times["times"][0]["slot"].as_str().unwrap().to_owned();

    let places = json!({ "campaign": "sample", "first": first, "second": second });
    let held = citizen.post("/api/v1/holds", Some("hold-key-1"), &places);
    assert_eq!((held.status, held.header("charye-seq")), (201, Some(&*held.json()["seq"].to_string())));
    let hold = held.text("/hold");
    let mine = citizen.get("/api/v1/holds?campaign=sample").json();
    assert_eq!((&mine["hold"]["hold"], &mine["hold"]["extensions_left"]), (&json!(hold), &json!(2)));
    let extended = citizen.post(&format!("/api/v1/holds/{hold}/extend"), Some("extend-key-1"), &Value::Null);
    assert!(extended.text("/expires_at") > held.text("/expires_at"), "{extended:?}");
    let reserved = citizen.post(&format!("/api/v1/holds/{hold}/confirm"), Some("confirm-key-1"), &Value::Null);
    assert_eq!(reserved.status, 201);
    let number = reserved.text("/number");

    let one = citizen.get(&format!("/api/v1/reservations/{number}")).json();
    let places = one["reservation"]["places"].as_array().unwrap();
    let starts: Vec<_> = places.iter().map(|place| place["starts_at"].as_str().unwrap()).collect();
    assert_eq!(starts, ["2021-08-30T09:00:00+09:00", &*format!("{day}T09:00:00+09:00")]);
    assert!(places.iter().all(|place| place["state"] == "reserved"));

    // A reservation ends the visit; who wants to change it goes in again.
    citizen.go_in();
    let moved = citizen.slots("paired", "2021-08-31").remove(1);
    let places = json!({ "first": moved, "second": second });
    let path = format!("/api/v1/reservations/{number}/reschedule");
    assert_eq!(citizen.post(&path, Some("move-key-1"), &places).status, 200);
    let mine = citizen.get("/api/v1/reservations?campaign=sample").json();
    assert_eq!(mine["reservations"][0]["places"][0]["slot"], json!(moved));
    let path = format!("/api/v1/reservations/{number}/cancel");
    assert_eq!(citizen.post(&path, Some("cancel-key-1"), &Value::Null).status, 200);
    let one = citizen.get(&format!("/api/v1/reservations/{number}")).json();
    assert_eq!(one["reservation"]["places"][0]["state"], "cancelled");
}

#[test]
fn a_repetition_gets_the_first_answer_even_if_it_took_the_last_place() {
    let stage = Stage::with(&Setting { capacity: 2, ..Setting::default() });
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    let first = citizen.reserve(&slot, "my-key-001");
    assert!(!citizen.slots("single", "2021-08-30").contains(&slot), "it was the last place");
    let again = citizen.reserve(&slot, "my-key-001");
    assert_eq!((first.status, again.status), (201, 201), "{first:?} {again:?}");
    assert_eq!(first.text("/number"), again.text("/number"));
    let mine = citizen.get("/api/v1/reservations?campaign=sample").json();
    assert_eq!(mine["reservations"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slots = citizen.slots("single", "2021-08-30");
    assert_eq!(citizen.reserve(&slots[0], "my-key-001").status, 201);
    let other = citizen.reserve(&slots[1], "my-key-001");
    assert_eq!((other.status, other.code()), (422, "key_reused".to_owned()));
    citizen.go_in();
    let anew = citizen.reserve(&slots[1], "my-key-002");
    assert_eq!((anew.status, anew.code()), (409, "already_reserved".to_owned()));
    assert_eq!(anew.json()["recorded"], true);
}

#[test]
fn an_answer_names_its_operation_and_says_when_it_is_a_repetition() {
    let stage = Stage::with(&Setting { capacity: 2, ..Setting::default() });
    let mut citizen = stage.inside(1);
    let slots = citizen.slots("single", "2021-08-30");
    let told = |heard: &Heard| {
        let key = heard.header("charye-operation").map(str::to_owned);
        (heard.status, key, heard.header("idempotency-replayed").map(str::to_owned))
    };
    let (first, again) = (citizen.reserve(&slots[0], "my-key-001"), citizen.reserve(&slots[0], "my-key-001"));
    let (status, key, replayed) = told(&first);
    assert_eq!((status, replayed), (201, None));
    let key = key.unwrap();
    assert_eq!(key.len(), 32);
    assert_eq!(told(&again), (201, Some(key.clone()), Some("true".to_owned())));
    let in_journal = OperationKey(u128::from_str_radix(&key, 16).unwrap());
    let recorded = stage.app.engine.query_blocking(Query::Operation { key: in_journal }).unwrap().value;
    assert!(matches!(recorded, Reply::Operation(Some(Outcome::Reserved { .. }))), "{recorded:?}");

    assert_eq!(
        told(&citizen.reserve(&slots[1], "my-key-001")),
        (422, Some(key), None),
        "another request, no repetition"
    );
    citizen.go_in();
    let refused = [citizen.reserve(&slots[1], "my-key-002"), citizen.reserve(&slots[1], "my-key-002")];
    let replayed = refused.each_ref().map(|heard| (heard.status, told(heard).2));
    assert_eq!(replayed, [(409, None), (409, Some("true".to_owned()))]);
    let unkeyed = citizen.get("/api/v1/reservations?campaign=sample");
    assert_eq!(told(&unkeyed), (200, None, None));
}

#[test]
fn a_look_up_given_again_shows_what_has_changed_since() {
    let stage = Stage::with(&Setting { capacity: 2, ..Setting::default() });
    let (mut looking, mut citizen) = (stage.stranger(), stage.inside(1));
    let target = "/api/v1/campaigns/sample/clinics?product=single";
    let tag = |heard: &Heard| heard.header("etag").unwrap().to_owned();
    let places = |heard: &Heard| heard.json()["clinics"][0]["places"].as_u64().unwrap();
    let first = looking.get(target);
    for _ in 0..4 {
        let again = looking.get(target);
        assert_eq!((again.status, again.body == first.body, tag(&again)), (200, true, tag(&first)));
        assert_eq!(again.header("content-type"), Some("application/json"));
        assert_eq!(again.header("x-content-type-options"), Some("nosniff"));
        let known = looking.ask("GET", target, &[("If-None-Match", &tag(&first))], b"");
        assert_eq!((known.status, known.body.len(), tag(&known)), (304, 0, tag(&first)));
    }
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.reserve(&slot, "my-key-001").status, 201);
    // Both threads: a connection each would be chance, so many.
    for _ in 0..8 {
        let now = stage.stranger().ask("GET", target, &[("If-None-Match", &tag(&first))], b"");
        assert_eq!((now.status, places(&now)), (200, places(&first) - 1));
        assert_ne!(tag(&now), tag(&first));
    }
    // What has begun is not shown, though no place was taken.
    let all = "/api/v1/campaigns/sample/clinics?product=single&times=4";
    let times = |heard: &Heard| heard.json()["clinics"][0]["next_times"].clone();
    let before = times(&looking.get(all));
    stage.pass(40 * 86_400_000);
    assert_ne!(times(&looking.get(all)), before);
}

#[test]
fn a_key_is_its_senders_own() {
    let stage = Stage::open();
    let (mut one, mut two) = (stage.inside(1), stage.inside(2));
    let slot = one.slots("single", "2021-08-30").remove(0);
    let (a, b) = (one.reserve(&slot, "same-key-1"), two.reserve(&slot, "same-key-1"));
    assert_eq!((a.status, b.status), (201, 201));
    assert_ne!(a.text("/number"), b.text("/number"));
}

#[test]
fn without_a_usable_key_nothing_is_changed() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    let long = "k".repeat(129);
    for key in [None, Some(""), Some("short"), Some(long.as_str()), Some("has a space"), Some("key\u{e9}key-key")] {
        let body = json!({ "campaign": "sample", "first": slot });
        let heard = citizen.post("/api/v1/reservations", key, &body);
        assert_eq!((heard.status, heard.code()), (400, "idempotency_key_missing".to_owned()), "{key:?}");
    }
    let body = json!({ "campaign": "sample", "first": slot }).to_string();
    let twice =
        [("Content-Type", "application/json"), ("Idempotency-Key", "key-key-1"), ("Idempotency-Key", "key-key-2")];
    assert_eq!(citizen.ask("POST", "/api/v1/reservations", &twice, body.as_bytes()).code(), "idempotency_key_missing");
    let mine = citizen.get("/api/v1/reservations?campaign=sample").json();
    assert_eq!(mine["reservations"], json!([]));
}

#[test]
fn a_lost_answer_is_found_by_its_key() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let nothing = citizen.get("/api/v1/operations/lost-key-1").json();
    assert_eq!(nothing["state"], "not_recorded");
    let slots = citizen.slots("single", "2021-08-30");
    let number = citizen.reserve(&slots[0], "lost-key-1").text("/number");
    let found = citizen.get("/api/v1/operations/lost-key-1").json();
    assert_eq!(
        (&found["state"], &found["operation"], &found["number"]),
        (&json!("done"), &json!("reserve"), &json!(number))
    );
    citizen.go_in();
    citizen.reserve(&slots[1], "lost-key-2");
    let refused = citizen.get("/api/v1/operations/lost-key-2?operation=reserve").json();
    assert_eq!((&refused["state"], &refused["code"]), (&json!("refused"), &json!("already_reserved")));
    let elsewhere = citizen.get("/api/v1/operations/lost-key-1?operation=cancel").json();
    assert_eq!(elsewhere["state"], "not_recorded");
    let others = stage.signed_in(2).get("/api/v1/operations/lost-key-1").json();
    assert_eq!(others["state"], "not_recorded");
}

#[test]
fn sold_out_says_what_is_near() {
    let stage = Stage::with(&Setting { capacity: 2, ..Setting::default() });
    let mut looking = stage.inside(100);
    let slot = looking.slots("single", "2021-08-30").remove(0);
    for citizen in 1..=2 {
        stage.inside(citizen).reserve(&slot, "take-key-1");
    }
    let body = json!({ "campaign": "sample", "first": slot });
    let heard = looking.post("/api/v1/holds", Some("late-key-1"), &body);
    assert_eq!((heard.status, heard.code()), (409, "sold_out".to_owned()));
    let offer = heard.text("/alternatives/same_clinic/0/slot");
    assert_ne!(offer, slot);
    let body = json!({ "campaign": "sample", "first": offer });
    assert_eq!(looking.post("/api/v1/holds", Some("late-key-2"), &body).status, 201);
}

#[test]
fn somebody_elses_reservation_is_answered_like_none() {
    let stage = Stage::open();
    let mut owner = stage.inside(1);
    let slot = owner.slots("single", "2021-08-30").remove(0);
    let number = owner.reserve(&slot, "mine-key-1").text("/number");
    let nowhere = charye_domain::ids::ReservationNumber::from_random(5).to_string();
    assert_ne!(number, nowhere);
    let mut stranger = stage.inside(2);
    let mut answers = Vec::new();
    for number in [&number, &nowhere] {
        let places = json!({ "first": slot });
        answers.push([
            stranger.get(&format!("/api/v1/reservations/{number}")),
            stranger.post(&format!("/api/v1/reservations/{number}/cancel"), Some("their-key-1"), &Value::Null),
            stranger.post(&format!("/api/v1/reservations/{number}/reschedule"), Some("their-key-2"), &places),
        ]);
    }
    for (theirs, none) in answers[0].iter().zip(&answers[1]) {
        assert_eq!((theirs.status, &theirs.body), (404, &none.body));
        assert_eq!(theirs.headers.len(), none.headers.len());
    }
    assert_eq!(owner.get(&format!("/api/v1/reservations/{number}")).status, 200);
}

#[test]
fn a_hold_that_has_run_out_confirms_nothing() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    let body = json!({ "campaign": "sample", "first": slot });
    let hold = citizen.post("/api/v1/holds", Some("hold-key-1"), &body).text("/hold");
    stage.pass(301_000);
    let late = citizen.post(&format!("/api/v1/holds/{hold}/confirm"), Some("late-key-1"), &Value::Null);
    assert!(matches!(&*late.code(), "hold_expired" | "hold_unknown"), "{late:?}");
    assert_eq!(citizen.get("/api/v1/holds?campaign=sample").json()["hold"], Value::Null);
    for hold in ["h99999999", "h1", "nonsense", "h-0000001"] {
        let heard = citizen.post(&format!("/api/v1/holds/{hold}/confirm"), Some("late-key-2"), &Value::Null);
        assert_eq!(heard.code(), "hold_unknown", "{hold}");
    }
}

#[test]
fn somebody_elses_hold_can_be_neither_confirmed_nor_given_back() {
    let stage = Stage::open();
    let (mut owner, mut other) = (stage.inside(1), stage.inside(2));
    let slot = owner.slots("single", "2021-08-30").remove(0);
    let body = json!({ "campaign": "sample", "first": slot });
    let hold = owner.post("/api/v1/holds", Some("hold-key-1"), &body).text("/hold");
    let path = format!("/api/v1/holds/{hold}");
    assert_eq!(other.post(&format!("{path}/confirm"), Some("take-key-1"), &Value::Null).code(), "hold_unknown");
    assert_eq!(other.post(&format!("{path}/extend"), Some("take-key-2"), &Value::Null).code(), "hold_unknown");
    assert_eq!(other.delete(&path).code(), "hold_unknown");
    assert_eq!(owner.delete(&path).status, 200);
}

#[test]
fn eligibility_says_when_to_come() {
    let stage = Stage::open();
    let mut stranger = stage.stranger();
    let mut decide = |birth_date: &str| {
        let body = json!({ "birth_date": birth_date });
        stranger.post("/api/v1/campaigns/sample/eligibility", None, &body).json()
    };
    let adult = decide("1990-03-09");
    assert_eq!((&adult["eligible"], &adult["until_at"]), (&json!(true), &json!("2021-08-09T21:00:00+09:00")));
    assert_eq!(adult["opening"]["opens_local"], json!({ "date": "2021-08-09", "time": "20:00" }));
    assert_eq!(decide("2015-03-09")["code"], "not_in_cohort");
    stage.pass(3_600_000);
    let between = decide("1990-03-09");
    assert_eq!(
        (&between["code"], &between["from_at"]),
        (&json!("opening_not_yet"), &json!("2021-08-09T22:00:00+09:00"))
    );
    let mut child = stage.signed_in(CHILDREN_FROM);
    let heard = child.post("/api/v1/campaigns/sample/visit", None, &Value::Null);
    assert_eq!((heard.status, heard.code()), (403, "not_in_cohort".to_owned()));
}

#[test]
fn one_signs_in_by_id_or_number_and_only_in_a_rehearsal() {
    let stage = Stage::open();
    let mut stranger = stage.stranger();
    let sign_in = json!({ "citizen": "900309-1000007" });
    assert_eq!(stranger.post("/api/v1/sign-in", None, &sign_in).status, 200);
    for unknown in [json!({ "citizen": 4_000_000 }), json!({ "citizen": "1" }), json!({ "citizen": "7' OR 1=1" })] {
        let heard = stranger.post("/api/v1/sign-in", None, &unknown);
        assert_eq!(
            (heard.code(), heard.text("/errors/0/field")),
            ("request_invalid".to_owned(), "/citizen".to_owned())
        );
    }
    let real = Stage::with(&Setting { rehearsal: false, ..Setting::default() });
    assert_eq!(real.stranger().post("/api/v1/sign-in", None, &sign_in).code(), "not_found");
}

#[test]
fn what_a_client_has_is_not_sent_again() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    for target in ["/api/v1/campaigns", "/api/v1/campaigns/sample", "/api/v1/reservations?campaign=sample"] {
        let tag = citizen.get(target).header("etag").unwrap().to_owned();
        let again = citizen.ask("GET", target, &[("If-None-Match", &tag)], b"");
        assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(&*tag)), "{target}");
        let other = citizen.ask("GET", target, &[("If-None-Match", "\"other\"")], b"");
        assert_eq!(other.status, 200, "{target}");
    }
    let tag = citizen.get("/api/v1/reservations?campaign=sample").header("etag").unwrap().to_owned();
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    citizen.reserve(&slot, "tag-key-001");
    let changed = citizen.ask("GET", "/api/v1/reservations?campaign=sample", &[("If-None-Match", &tag)], b"");
    assert_eq!(changed.status, 200, "one reads one's own writes");
}

#[test]
fn who_leaves_is_outside() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.delete("/api/v1/campaigns/sample/visit").status, 200);
    let heard = citizen.reserve(&slot, "gone-key-1");
    assert_eq!((heard.status, heard.code()), (403, "no_visit".to_owned()));
}

#[test]
fn a_newer_device_takes_the_visit_over() {
    let stage = Stage::open();
    let (mut old, mut new) = (stage.inside(1), stage.inside(1));
    let slot = old.slots("single", "2021-08-30").remove(0);
    assert_eq!(old.reserve(&slot, "old-key-001").code(), "visit_moved");
    assert_eq!(new.reserve(&slot, "new-key-001").status, 201);
}

#[test]
fn machines_that_watch_are_told_how_it_is() {
    let stage = Stage::open();
    let mut stranger = stage.stranger();
    assert_eq!(stranger.get("/livez").body, b"ok\n");
    let ready = stranger.get("/readyz");
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    assert_eq!(stranger.get("/metrics").body, b"charye_up 1\n");
    stage.world.journal.set_headroom_bytes(-1);
    stage.pass(2_000);
    let ready = stranger.get("/readyz");
    assert_eq!((ready.status, &ready.json()["causes"]), (503, &json!(["storage_low"])));
    assert_eq!(stranger.get("/livez").status, 200, "alive is not the same as ready");
}

//! Attacks by repetition: the same proof from two jars, after its use, after a restart, and two hundred at once.

use std::sync::{Arc, Barrier};

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT, csrf_of, hold_path};
use crate::support::api::free_pair;
use crate::support::page::Form;
use crate::support::{Answer, Client};

/// Requests at once.
const RACERS: usize = 8;
/// Requests of one race.
const RACED: usize = 200;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "a pass from the jar that the visit has left", guards: &["generation"], attempt: two_jars },
    Attack { name: "a pass after the visit's use", guards: &["visit"], attempt: after_use },
    Attack { name: "a pass after its use and a restart", guards: &["journal"], attempt: after_restart },
    Attack { name: "a ticket after its place was given up", guards: &["line"], attempt: ticket_given_up },
    Attack { name: "a confirmation raced 200 times", guards: &["book"], attempt: confirm_raced },
    Attack { name: "a reservation raced 200 times", guards: &["book"], attempt: reserve_raced },
    Attack { name: "a hold raced 200 times", guards: &["book"], attempt: hold_raced },
    Attack { name: "a visit claimed by fifty tabs", guards: &["generation"], attempt: fifty_tabs },
    Attack { name: "a place taken from fifty devices", guards: &["one-place"], attempt: fifty_devices },
    Attack { name: "one key, two requests", guards: &["idempotency"], attempt: key_reused },
    Attack { name: "one key, two people", guards: &["ownership"], attempt: key_of_another },
    Attack {
        name: "a form of the hold, sent after the reservation",
        guards: &["visit"],
        attempt: form_after_reserving,
    },
    Attack { name: "a cancelled reservation, cancelled again", guards: &["book"], attempt: cancelled_twice },
    Attack { name: "a login after signing out, for a visit that ended", guards: &["visit"], attempt: after_sign_out },
    Attack { name: "a second hold beside the first", guards: &["one-hold"], attempt: second_hold },
];

/// The same request many times, from several connections at once; every answer.
fn race(
    citizen: &Citizen,
    count: usize,
    ask: impl Fn(&mut Client, usize) -> Answer + Send + Sync + 'static,
) -> Vec<Answer> {
    let (ask, start) = (Arc::new(ask), Arc::new(Barrier::new(RACERS)));
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            let (ask, start, mut client) = (Arc::clone(&ask), Arc::clone(&start), citizen.api());
            std::thread::spawn(move || {
                start.wait();
                (racer..count).step_by(RACERS).map(|turn| ask(&mut client, turn)).collect::<Vec<_>>()
            })
        })
        .collect();
    racers.into_iter().flat_map(|racer| racer.join().unwrap()).collect()
}

fn none_after(scene: &mut Scene, citizen: &Citizen, reservations: usize) {
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, reservations));
}

fn two_jars(scene: &mut Scene) {
    let first = scene.insider();
    let mut second = first.clone();
    second.go_in();
    assert_ne!(first.pass, second.pass);
    let key = scene.new_key();
    let answer = first.api().hold(scene, &key);
    assert_eq!(answer.json()["code"], "visit_moved", "{answer:?}");
    none_after(scene, &first, 0);
    let key = scene.new_key();
    let held = second.api().hold(scene, &key).expect(201);
    let key = scene.new_key();
    let answer = first.api().post_json(&hold_path(&held, "/confirm"), &key, &json!({}));
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(first.has(), (false, 0));
}

fn after_use(scene: &mut Scene) {
    let citizen = scene.insider();
    citizen.reserve(scene);
    none_after(scene, &citizen, 1);
}

fn after_restart(scene: &mut Scene) {
    let (mut done, mut left) = (scene.insider(), scene.insider());
    done.reserve(scene);
    assert_eq!(left.api().ask("DELETE", VISIT, &[], "").unwrap().status, 200);
    scene.restart();
    done.move_to(scene);
    left.move_to(scene);
    none_after(scene, &done, 1);
    none_after(scene, &left, 0);
}

fn ticket_given_up(scene: &mut Scene) {
    let mut citizen = scene.waiting();
    let old = citizen.clone();
    assert_eq!(citizen.api().ask("DELETE", LINE, &[], "").unwrap().status, 200);
    assert_eq!(old.claim().json()["code"], "not_called");
    citizen.take_place();
    assert!(citizen.place() >= old.place(), "no better place comes of giving one up");
}

fn confirm_raced(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    let held = citizen.api().hold(scene, &key).expect(201);
    let path = hold_path(&held, "/confirm");
    let answers =
        race(&citizen, RACED, move |client, turn| client.post_json(&path, &format!("race-confirm-{turn}"), &json!({})));
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(citizen.has(), (true, 1));
}

fn reserve_raced(scene: &mut Scene) {
    let citizen = scene.insider();
    let places = scene.places.clone();
    let answers = race(&citizen, RACED, move |client, turn| {
        client.post_json(RESERVATIONS, &format!("race-reserve-{turn}"), &places)
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(citizen.has(), (true, 1));
}

fn hold_raced(scene: &mut Scene) {
    let citizen = scene.insider();
    let places = scene.places.clone();
    let answers =
        race(&citizen, RACED, move |client, turn| client.post_json(HOLDS, &format!("race-hold-{turn}"), &places));
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(citizen.has(), (false, 0));
}

fn fifty_tabs(scene: &mut Scene) {
    let citizen = scene.insider();
    let inside = scene.line(0)["inside"].clone();
    let answers = race(&citizen, 50, |client, _| client.post_json(VISIT, "not-needed", &json!({})));
    let ends = citizen.visit["ends_at"].clone();
    let passes: Vec<_> = answers.iter().filter(|answer| answer.status == 200).map(Answer::json).collect();
    assert!(passes.iter().all(|told| told["ends_at"] == ends), "no tab makes a visit longer");
    let mut good = 0;
    for told in &passes {
        let key = scene.new_key();
        let held = citizen.with_pass(told["pass"].as_str().unwrap()).api().hold(scene, &key);
        good += usize::from(held.status == 201);
    }
    assert_eq!(good, 1, "of all tabs one is inside");
    assert_eq!(scene.line(0)["inside"], inside, "and one person is counted");
}

fn fifty_devices(scene: &mut Scene) {
    let citizen = scene.waiting();
    let waiting = scene.line(0)["waiting"].clone();
    let answers = race(&citizen, 50, |client, _| client.post_json(LINE, "not-needed", &json!({})));
    let place = |ticket: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(ticket).unwrap()[..20].to_vec()
    };
    for answer in answers {
        let told = answer.expect(200).json();
        assert_eq!(place(told["ticket"].as_str().unwrap()), place(citizen.ticket.as_ref().unwrap()));
    }
    assert_eq!(scene.line(0)["waiting"], waiting);
}

fn key_reused(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    let held = citizen.api().hold(scene, &key).expect(201);
    let mut other = scene.places.clone();
    other["second"] = other["first"].clone();
    let answer = citizen.api().post_json(HOLDS, &key, &other);
    assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("key_reused")));
    let again = citizen.api().hold(scene, &key).expect(201);
    assert_eq!(again.json()["hold"], held.json()["hold"]);
}

fn key_of_another(scene: &mut Scene) {
    let (first, second) = (scene.insider(), scene.insider());
    let key = scene.new_key();
    let held = first.api().hold(scene, &key).expect(201);
    scene.places = free_pair(&mut second.api());
    let other = second.api().hold(scene, &key).expect(201);
    assert_ne!(held.json()["hold"], other.json()["hold"], "nobody is given another's answer");
    let path = hold_path(&held, "/confirm");
    let key = scene.new_key();
    let answer = second.api().post_json(&path, &key, &json!({}));
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!((first.has(), second.has()), ((false, 0), (false, 0)));
}

fn form_after_reserving(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    citizen.api().hold(scene, &key).expect(201);
    let mut browser = citizen.browser();
    let page = browser.get("/hold").expect(200).body;
    let form = Form::of(&page, "/hold/confirm");
    let old = browser.cookies.clone();
    form.send(&mut browser).expect(303);
    for _ in 0..3 {
        let mut back = citizen.browser();
        back.cookies.clone_from(&old);
        form.send(&mut back);
        form.clone().with("key", "fedcba9876543210fedcba9876543210").send(&mut back);
        Form::of(&page, "/hold/extend").send(&mut back);
    }
    assert_eq!(citizen.has(), (true, 1));
}

fn cancelled_twice(scene: &mut Scene) {
    let citizen = scene.insider();
    let number = citizen.reserve(scene);
    let path = format!("{RESERVATIONS}/{number}/cancel");
    let answers =
        race(&citizen, 40, move |client, turn| client.post_json(&path, &format!("race-cancel-{turn}"), &json!({})));
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "places come back once");
}

fn after_sign_out(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut browser = citizen.browser();
    let csrf = csrf_of(&mut browser).unwrap();
    browser.post("/sign-out", &[("csrf", &csrf)]).expect(303);
    assert!(browser.cookies.iter().all(|(name, _)| name != "charye_pass" && name != "charye_login"));
    none_after(scene, &citizen, 0);
}

fn second_hold(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    let held = citizen.api().hold(scene, &key).expect(201);
    let other = free_pair(&mut scene.server.client());
    for _ in 0..3 {
        let (same, others) = (scene.new_key(), scene.new_key());
        let answer = citizen.api().hold(scene, &same);
        assert!((400..500).contains(&answer.status), "{answer:?}");
        let answer = citizen.api().post_json(HOLDS, &others, &other);
        assert_eq!(answer.json()["code"], "hold_open", "{answer:?}");
    }
    let told = citizen.api().get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(200).json();
    assert_eq!(told["hold"]["hold"], held.json()["hold"]);
}

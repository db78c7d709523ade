//! Attacks by hanging up, reloading and going back, at each step of the way: nothing is won twice, and nothing is lost.

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT, csrf_of, hang_up, hold_path};

/// Looks at what became of a request whose answer nobody heard.
const LOOKS: usize = 300;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "hanging up while a place is taken", guards: &["line"], attempt: place_unheard },
    Attack { name: "hanging up while a visit is claimed", guards: &["generation"], attempt: visit_unheard },
    Attack { name: "hanging up while a place is held", guards: &["idempotency"], attempt: hold_unheard },
    Attack { name: "hanging up while a reservation is confirmed", guards: &["idempotency"], attempt: confirm_unheard },
    Attack { name: "half a request", guards: &["gate"], attempt: half_a_request },
    Attack { name: "reloading every page of the way", guards: &["routes"], attempt: reloaded },
    Attack { name: "going back to a form of another visit", guards: &["csrf", "generation"], attempt: gone_back },
    Attack { name: "airplane mode, and the same ticket from elsewhere", guards: &["line"], attempt: elsewhere },
];

/// A request as this person's program would send it.
fn request(citizen: &Citizen, method: &str, path: &str, key: &str, body: &str) -> String {
    let own = citizen.api().headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n\
         Content-Length: {}\r\n{own}\r\n{body}",
        citizen.address,
        body.len()
    )
}

/// Waits until something is so.
fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is_so() {
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    panic!("it never came about");
}

fn place_unheard(scene: &mut Scene) {
    scene.pause();
    let mut citizen = scene.visitor();
    let before = scene.line(0)["waiting"].as_u64().unwrap();
    for _ in 0..10 {
        hang_up(citizen.address, &request(&citizen, "POST", LINE, "not-needed", "{}"));
    }
    citizen.take_place();
    until(|| scene.line(0)["waiting"].as_u64() == Some(before + 1));
    assert_eq!(citizen.claim().status, 409);
}

fn visit_unheard(scene: &mut Scene) {
    let citizen = scene.insider();
    let inside = scene.line(0)["inside"].clone();
    for _ in 0..10 {
        hang_up(citizen.address, &request(&citizen, "POST", VISIT, "not-needed", "{}"));
    }
    let mut again = citizen.clone();
    again.go_in();
    assert_eq!(again.visit["ends_at"], citizen.visit["ends_at"]);
    assert_eq!(scene.line(0)["inside"], inside);
}

fn hold_unheard(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    for _ in 0..10 {
        hang_up(citizen.address, &request(&citizen, "POST", HOLDS, &key, &scene.places.to_string()));
    }
    let held = citizen.api().hold(scene, &key).expect(201).json();
    let again = citizen.api().hold(scene, &key).expect(201).json();
    assert_eq!(held["hold"], again["hold"]);
    assert_eq!(citizen.has(), (false, 0));
}

fn confirm_unheard(scene: &mut Scene) {
    let citizen = scene.insider();
    let (key, confirm_key) = (scene.new_key(), scene.new_key());
    let held = citizen.api().hold(scene, &key).expect(201);
    let path = hold_path(&held, "/confirm");
    for _ in 0..10 {
        hang_up(citizen.address, &request(&citizen, "POST", &path, &confirm_key, "{}"));
    }
    citizen.api().post_json(&path, &confirm_key, &json!({})).expect(201);
    assert_eq!(citizen.has(), (true, 1));
}

fn half_a_request(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    let whole = request(&citizen, "POST", RESERVATIONS, &key, &scene.places.to_string());
    for part in 1..8 {
        hang_up(citizen.address, &whole[..whole.len() * part / 8]);
    }
    let told = citizen.api().get(&format!("/api/v1/operations/{key}")).expect(200).json();
    assert_eq!(told["state"], "not_recorded", "half a request is none: {told}");
    assert_eq!(citizen.has(), (true, 0));
}

fn reloaded(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    citizen.api().hold(scene, &key).expect(201);
    let seats = scene.line(0)["inside"].clone();
    let mut browser = citizen.browser();
    for path in ["/", "/line", &format!("/line/{CAMPAIGN}"), "/find", "/hold", "/reservations", "/my-data"] {
        for _ in 0..3 {
            let status = browser.get(path).status;
            assert!(matches!(status, 200 | 303), "{path}: {status}");
        }
    }
    assert_eq!(citizen.has(), (false, 0));
    assert_eq!(scene.line(0)["inside"], seats);
}

fn gone_back(scene: &mut Scene) {
    let mut citizen = scene.insider();
    let mut old = citizen.browser();
    let csrf = csrf_of(&mut old).unwrap();
    let first = citizen.clone();
    citizen.go_in();
    let slot = scene.places["first"].as_str().unwrap().to_owned();
    let form = [("csrf", csrf.as_str()), ("key", "0123456789abcdef0123456789abcdef"), ("first", &slot)];
    let answer = old.post("/holds", &form);
    assert!(answer.header("location") != Some("/hold"), "{answer:?}");
    assert_eq!(first.has(), (true, 0));
}

fn elsewhere(scene: &mut Scene) {
    let citizen = scene.waiting();
    let before = citizen.poll()["ahead"].clone();
    for _ in 0..20 {
        let mut moved = scene.sign_in(citizen.number.clone());
        moved.ticket.clone_from(&citizen.ticket);
        assert_eq!(moved.poll()["ahead"], before);
        moved.take_place();
        assert_eq!(moved.poll()["ahead"], before);
    }
}

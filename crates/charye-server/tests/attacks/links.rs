//! Attacks by address: every route asked for directly, without, before and after a visit, and what belongs to others.

use serde_json::json;

use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT, csrf_of, hold_path};
use crate::support::Client;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "API of the inside, without a login", guards: &["gate"], attempt: api_without_login },
    Attack { name: "pages of the inside, without a login", guards: &["gate"], attempt: pages_without_login },
    Attack { name: "API of the inside, signed in only", guards: &["gate"], attempt: api_signed_in_only },
    Attack { name: "pages of the inside, signed in only", guards: &["gate"], attempt: pages_signed_in_only },
    Attack { name: "API of the inside, while waiting", guards: &["gate"], attempt: api_while_waiting },
    Attack { name: "pages of the inside, while waiting", guards: &["gate"], attempt: pages_while_waiting },
    Attack { name: "API of the inside, after leaving", guards: &["visit"], attempt: api_after_leaving },
    Attack { name: "forms of the inside, after leaving", guards: &["visit"], attempt: forms_after_leaving },
    Attack {
        name: "a second reservation after the first",
        guards: &["visit", "one-reservation"],
        attempt: after_reserving,
    },
    Attack { name: "every method on every path, without a login", guards: &["gate"], attempt: every_method },
    Attack { name: "what is one's own, without a login", guards: &["gate"], attempt: own_without_login },
    Attack { name: "a visit for somebody in no cohort", guards: &["cohort"], attempt: not_in_cohort },
    Attack { name: "a visit on another birthday's evening", guards: &["birth-day-digit"], attempt: another_day },
    Attack { name: "steering from the citizens' listener", guards: &["routes"], attempt: steer_from_outside },
    Attack { name: "steering with a citizen's login", guards: &["operators"], attempt: steer_as_citizen },
    Attack { name: "metrics from the citizens' listener", guards: &["routes"], attempt: metrics_from_outside },
    Attack { name: "somebody else's reservation", guards: &["own-reservation"], attempt: foreign_reservation },
    Attack { name: "somebody else's hold", guards: &["own-hold"], attempt: foreign_hold },
    Attack { name: "somebody else's operation, by its key", guards: &["ownership"], attempt: foreign_operation },
    Attack { name: "numbers of holds, counted through", guards: &["own-hold"], attempt: counted_holds },
    Attack { name: "a campaign that is not there", guards: &["gate", "visit"], attempt: unknown_campaign },
    Attack { name: "erasing somebody else's details", guards: &["ownership", "csrf"], attempt: foreign_erasing },
];

fn api_without_login(scene: &mut Scene) {
    let mut client = scene.server.client();
    assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
}

fn pages_without_login(scene: &mut Scene) {
    let mut client = scene.server.client();
    assert_eq!(scene.try_inside_pages(&mut client), Vec::<String>::new());
}

fn api_signed_in_only(scene: &mut Scene) {
    let citizen = scene.visitor();
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
}

fn pages_signed_in_only(scene: &mut Scene) {
    let citizen = scene.visitor();
    assert_eq!(scene.try_inside_pages(&mut citizen.browser()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
}

fn api_while_waiting(scene: &mut Scene) {
    let citizen = scene.waiting();
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
    assert_eq!(citizen.poll()["state"], "waiting");
}

fn pages_while_waiting(scene: &mut Scene) {
    let citizen = scene.waiting();
    assert_eq!(scene.try_inside_pages(&mut citizen.browser()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
    assert_eq!(citizen.poll()["state"], "waiting");
}

fn api_after_leaving(scene: &mut Scene) {
    let citizen = scene.insider();
    assert_eq!(citizen.api().ask("DELETE", VISIT, &[], "").unwrap().status, 200);
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
}

fn forms_after_leaving(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut browser = citizen.browser();
    let csrf = csrf_of(&mut browser).unwrap();
    let old = browser.cookies.clone();
    browser.post("/sign-out", &[("csrf", &csrf)]).expect(303);
    browser.cookies = old;
    let slot = scene.places["first"].as_str().unwrap().to_owned();
    let form = [("csrf", csrf.as_str()), ("key", "0123456789abcdef0123456789abcdef"), ("first", &slot)];
    let answer = browser.post("/holds", &form);
    assert!((400..500).contains(&answer.status) || answer.header("location") != Some("/hold"), "{answer:?}");
    assert_eq!(citizen.has(), (true, 0));
}

fn after_reserving(scene: &mut Scene) {
    let citizen = scene.insider();
    citizen.reserve(scene);
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 1));
}

fn every_method(scene: &mut Scene) {
    let mut client = scene.server.client();
    let document = client.get("/api/v1/openapi.json").expect(200).json();
    let mut asked = 0;
    for (path, rows) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{campaign}", CAMPAIGN)
            .replace("{hold}", "h00000001")
            .replace("{number}", "0000-0000-000")
            .replace("{opening}", "0")
            .replace("{key}", "attack-key")
            .replace("{clinic}", "C0000001")
            .replace("{product}", "pfizer")
            .replace("{day}", "2021-08-26");
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            let open = path.ends_with("/eligibility") || path.ends_with("/sign-in");
            if method == "POST" && open && rows.get("post").is_some() {
                continue;
            }
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "attack-key")];
            let answer = client.ask(method, &path, &headers, "{}").unwrap();
            assert!((400..500).contains(&answer.status), "{method} {path}: {answer:?}");
            asked += 1;
        }
    }
    assert!(asked >= 100, "{asked} requests");
}

fn own_without_login(scene: &mut Scene) {
    let mut client = scene.server.client();
    for path in [
        &format!("{HOLDS}?campaign={CAMPAIGN}"),
        &format!("{RESERVATIONS}?campaign={CAMPAIGN}"),
        "/api/v1/reservations/0000-0000-000",
        "/api/v1/operations/attack-key",
    ] {
        client.get(path).expect(401);
    }
    for path in ["/reservations", "/hold", "/my-data", "/my-data/export.json", "/line", &format!("/line/{CAMPAIGN}")] {
        let answer = client.get(path).expect(303);
        assert!(answer.header("location").unwrap().starts_with("/sign-in"), "{path}: {answer:?}");
    }
    assert_eq!(client.post_json(LINE, "attack-key", &json!({})).status, 401);
    assert_eq!(client.post_json(VISIT, "attack-key", &json!({})).status, 401);
}

fn not_in_cohort(scene: &mut Scene) {
    let citizen = scene.outsider();
    for path in [LINE, VISIT] {
        for body in [json!({}), json!({ "purpose": "change" }), json!({ "purpose": "reserve" })] {
            let answer = citizen.api().post_json(path, "not-needed", &body);
            assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("not_in_cohort")), "{path}");
        }
    }
}

fn another_day(scene: &mut Scene) {
    let citizen = scene.early();
    let answer = citizen.claim();
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
}

fn steer_from_outside(scene: &mut Scene) {
    let order = json!({ "reason": "mine", "steering": { "action": "pause" } });
    for path in [&format!("/api/operator/v1/lines/{CAMPAIGN}/0/steer"), "/operator/v1/lines", "/api/operator/v1/lines"]
    {
        let answer = scene.server.client().post_json(path, "not-needed", &order);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
}

fn steer_as_citizen(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut client = citizen.api();
    client.address = scene.server.operators.unwrap();
    let order = json!({ "reason": "mine", "steering": { "action": "open_at", "at_ms": 0 } });
    let path = format!("/api/operator/v1/lines/{CAMPAIGN}/1/steer");
    let answer = client.post_json(&path, "not-needed", &order).expect(401);
    assert_eq!(answer.json()["code"], "operators_only");
    Client::new(scene.server.operators.unwrap()).get("/api/operator/v1/lines").expect(401);
}

fn metrics_from_outside(scene: &mut Scene) {
    for path in ["/metrics", "/metrics/", "/api/metrics"] {
        scene.server.client().get(path).expect(404);
    }
}

fn foreign_reservation(scene: &mut Scene) {
    let owner = scene.insider();
    let number = owner.reserve(scene);
    let thief = scene.insider();
    let (mut client, mut browser) = (thief.api(), thief.browser());
    let told = client.get(&format!("{RESERVATIONS}/{number}")).expect(404).json();
    let nothing = client.get(&format!("{RESERVATIONS}/0000-0000-000")).expect(404).json();
    assert_eq!(told["code"], nothing["code"], "another's and none are one");
    let moved = json!({ "first": scene.places["first"], "second": scene.places["second"] });
    for (path, body) in [("cancel", json!({})), ("reschedule", moved)] {
        let key = scene.new_key();
        client.post_json(&format!("{RESERVATIONS}/{number}/{path}"), &key, &body).expect(404);
    }
    for page in ["", "/calendar.ics", "/change", "/cancel"] {
        browser.get(&format!("/reservations/{number}{page}")).expect(404);
    }
    assert_eq!(owner.has(), (true, 1));
    assert_eq!(thief.has(), (true, 0));
}

fn foreign_hold(scene: &mut Scene) {
    let (owner, thief) = (scene.insider(), scene.insider());
    let key = scene.new_key();
    let held = owner.api().hold(scene, &key).expect(201);
    let mut client = thief.api();
    for then in ["/extend", "/confirm"] {
        let key = scene.new_key();
        let answer = client.post_json(&hold_path(&held, then), &key, &json!({}));
        assert!((400..500).contains(&answer.status), "{then}: {answer:?}");
    }
    let answer = client.ask("DELETE", &hold_path(&held, ""), &[], "").unwrap();
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(owner.has(), (false, 0), "the owner's hold stands");
    assert_eq!(thief.has(), (true, 0));
    assert_eq!(owner.api().ask("DELETE", &hold_path(&held, ""), &[], "").unwrap().status, 200);
}

fn foreign_operation(scene: &mut Scene) {
    let (owner, thief) = (scene.insider(), scene.insider());
    let key = scene.new_key();
    let held = owner.api().hold(scene, &key).expect(201);
    let told = thief.api().get(&format!("/api/v1/operations/{key}")).expect(200).json();
    assert_eq!((&told["state"], told.get("hold")), (&json!("not_recorded"), None), "{told}");
    assert_eq!(owner.api().ask("DELETE", &hold_path(&held, ""), &[], "").unwrap().status, 200);
}

fn counted_holds(scene: &mut Scene) {
    let (owner, thief) = (scene.insider(), scene.insider());
    let key = scene.new_key();
    let held = owner.api().hold(scene, &key).expect(201);
    let mut client = thief.api();
    for hold in 0..50 {
        let answer = client.ask("DELETE", &format!("{HOLDS}/h{hold:08x}"), &[], "").unwrap();
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    assert_eq!(owner.has(), (false, 0));
    assert_eq!(owner.api().ask("DELETE", &hold_path(&held, ""), &[], "").unwrap().status, 200);
}

fn unknown_campaign(scene: &mut Scene) {
    let citizen = scene.insider();
    let mut places = scene.places.clone();
    for code in ["kr-2021-18-48", "KR-2021-18-49", "", "*", "../kr-2021-18-49"] {
        places["campaign"] = json!(code);
        let key = scene.new_key();
        let answer = citizen.api().post_json(HOLDS, &key, &places);
        assert!((400..500).contains(&answer.status), "{code}: {answer:?}");
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn foreign_erasing(scene: &mut Scene) {
    let (owner, thief) = (scene.visitor(), scene.visitor());
    let csrf = csrf_of(&mut thief.browser()).unwrap();
    let mut mixed = owner.browser();
    let answer = mixed.post("/my-data/erase", &[("csrf", &csrf), ("sure", "1")]);
    assert!((400..500).contains(&answer.status), "{answer:?}");
    owner.browser().get("/my-data").expect(200);
    assert_eq!(owner.has(), (true, 0));
}

//! Attacks by manners: asking too often, holding visits, coming back in a mass, signing in ahead. The line stands still or is
//! tight, so that whoever gets in got in by the attack.

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CALL_TRIES, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT, hold_path};
use crate::support::{Client, input_value};

/// Asked as fast as it goes.
const HAMMERED: usize = 300;
/// The campaign's own terms.
const HARD_CAP: u32 = 60_000;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "polling faster than told", guards: &["line"], attempt: polling_fast },
    Attack { name: "asking for a visit without a pause", guards: &["call"], attempt: claiming_fast },
    Attack { name: "asking for a visit before those ahead", guards: &["order"], attempt: pushing_past },
    Attack { name: "taking a place again and again", guards: &["one-place"], attempt: taking_fast },
    Attack { name: "more bots than seats", guards: &["cap"], attempt: bots_hold_seats },
    Attack { name: "heartbeats that make a visit longer", guards: &["book"], attempt: heartbeats },
    Attack { name: "a hold extended without end", guards: &["hold-extensions"], attempt: hold_extended },
    Attack { name: "a hold given back and taken without end", guards: &["book"], attempt: hold_again },
    Attack { name: "a mass return after a message", guards: &["call"], attempt: mass_return },
    Attack { name: "a place in a line that is closed", guards: &["line-closed"], attempt: closed_line },
    Attack { name: "a sign-in begun a day before", guards: &["beginning"], attempt: begun_a_day_before },
    Attack { name: "a sign-in whose beginning is typed in", guards: &["line"], attempt: begun_typed },
    Attack { name: "a sign-in begun in the time to come", guards: &["line"], attempt: begun_in_the_future },
    Attack { name: "a sign-in begun in another browser", guards: &["beginning-browser"], attempt: begun_elsewhere },
    Attack { name: "a second sign-in for an earlier place", guards: &["one-place"], attempt: signed_in_again },
    Attack { name: "giving up a place for a better one", guards: &["line"], attempt: given_up },
    Attack { name: "the best of a family's places", guards: &["line"], attempt: family_helper },
    Attack { name: "a wish to change without a reservation", guards: &["call"], attempt: change_nothing },
    Attack {
        name: "a second reservation in a visit for a change",
        guards: &["one-reservation"],
        attempt: reserved_twice,
    },
    Attack { name: "leaving and coming in while nobody is called", guards: &["call"], attempt: in_and_out },
];

/// Who stands ahead, as the ticket says.
fn ahead(told: &serde_json::Value) -> u64 {
    told["ahead"].as_u64().unwrap_or_else(|| panic!("no place: {told}"))
}

fn polling_fast(scene: &mut Scene) {
    let (first, hasty) = (scene.waiting(), scene.waiting());
    let (before, mut client) = (ahead(&hasty.poll()), hasty.api());
    for _ in 0..HAMMERED {
        assert_eq!(client.get("/api/v1/line").expect(200).json()["state"], "waiting");
    }
    assert_eq!(ahead(&hasty.poll()), before);
    assert_eq!(first.poll()["state"], "waiting");
}

fn claiming_fast(scene: &mut Scene) {
    let hasty = scene.waiting();
    let (before, mut client) = (ahead(&hasty.poll()), hasty.api());
    for _ in 0..HAMMERED {
        let answer = client.post_json(VISIT, "not-needed", &json!({}));
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_called")));
    }
    assert_eq!(ahead(&hasty.poll()), before);
}

fn pushing_past(scene: &mut Scene) {
    let [first, second, last] = std::array::from_fn(|_| {
        scene.later();
        scene.waiting()
    });
    let terms = |rates: [u32; 2]| {
        let [lowest, highest] = rates;
        json!({ "action": "terms", "hard_cap": HARD_CAP, "rate_min_per_min": lowest, "rate_max_per_min": highest })
    };
    // Seats enough, and one call a minute.
    scene.steer(0, &terms([1, 1]));
    scene.resume();
    let came_in = (0..2).any(|_| last.claim().status == 200);
    let told = [&first, &second].map(|citizen| citizen.poll()["state"].clone());
    assert!(!came_in || !told.contains(&json!("waiting")), "in, while people ahead are told to wait: {told:?}");
    scene.pause();
    scene.steer(0, &terms([600, 60_000]));
}

fn taking_fast(scene: &mut Scene) {
    let mut hasty = scene.waiting();
    let (ticket, waiting) = (hasty.person(), scene.line(0)["waiting"].clone());
    let before = ahead(&hasty.poll());
    for _ in 0..50 {
        hasty.take_place();
    }
    assert_eq!((hasty.person(), ahead(&hasty.poll())), (ticket, before));
    assert_eq!(scene.line(0)["waiting"], waiting);
}

fn bots_hold_seats(scene: &mut Scene) {
    let mut inside: Vec<_> = (0..3).map(|_| scene.insider()).collect();
    // Whoever was called before and does not come is above the cap, and leaves no seat.
    let seats = scene.line(0)["inside"].as_u64().unwrap();
    let terms =
        |cap: u64| json!({ "action": "terms", "hard_cap": cap, "rate_min_per_min": 600, "rate_max_per_min": 60_000 });
    scene.steer(0, &terms(seats));
    let waiting: Vec<_> = (0..5).map(|_| scene.waiting()).collect();
    scene.resume();
    for _ in 0..2 {
        for bot in &mut inside {
            bot.go_in();
        }
        // At once: whoever could be next is answered only after waiting a moment for the call.
        assert_eq!(scene.claim_at_once(waiting.iter()), 0, "every seat is taken");
        let line = scene.line(0);
        assert!(line["inside"].as_u64().unwrap() <= seats, "{line}");
    }
    scene.pause();
    scene.steer(0, &terms(HARD_CAP.into()));
}

fn heartbeats(scene: &mut Scene) {
    let mut bot = scene.insider();
    let ends_at = bot.visit["ends_at"].clone();
    for _ in 0..30 {
        bot.go_in();
        assert_eq!(bot.visit["ends_at"], ends_at, "coming again makes no visit longer");
        bot.browser().get("/find").expect(200);
        bot.browser().get("/hold").expect(200);
    }
}

fn hold_extended(scene: &mut Scene) {
    let bot = scene.insider();
    let key = scene.new_key();
    let held = bot.api().hold(scene, &key).expect(201);
    let mut extended = 0;
    for _ in 0..20 {
        let key = scene.new_key();
        let answer = bot.api().post_json(&hold_path(&held, "/extend"), &key, &json!({}));
        extended += usize::from(answer.status == 200);
    }
    assert_eq!(extended, 2, "a hold is extended twice");
}

fn hold_again(scene: &mut Scene) {
    let bot = scene.insider();
    let ends_at = bot.visit["ends_at"].clone();
    for _ in 0..10 {
        let key = scene.new_key();
        let answer = bot.api().hold(scene, &key);
        if answer.status == 201 {
            assert_eq!(bot.api().ask("DELETE", &hold_path(&answer, ""), &[], "").unwrap().status, 200);
        }
    }
    let again = bot.claim().json();
    assert!(again.get("ends_at").is_none() || again["ends_at"] == ends_at, "{again}");
    assert_eq!(bot.has(), (true, 0));
}

fn mass_return(scene: &mut Scene) {
    let waiting: Vec<_> = (0..6).map(|_| scene.waiting()).collect();
    let before: Vec<_> = waiting.iter().map(|citizen| ahead(&citizen.poll())).collect();
    scene.steer(0, &json!({ "action": "message", "ko": "다시 오세요", "en": "Come back" }));
    for _ in 0..10 {
        for citizen in &waiting {
            assert_eq!(citizen.claim().status, 409);
        }
    }
    let after: Vec<_> = waiting.iter().map(|citizen| ahead(&citizen.poll())).collect();
    assert_eq!(after, before);
    scene.steer(0, &json!({ "action": "clear_message" }));
}

fn closed_line(scene: &mut Scene) {
    let citizen = scene.visitor();
    scene.steer(0, &json!({ "action": "close_to_arrivals" }));
    for path in [LINE, VISIT] {
        let answer = citizen.api().post_json(path, "not-needed", &json!({}));
        assert_eq!(answer.json()["code"], "line_closed", "{answer:?}");
    }
    scene.steer(0, &json!({ "action": "reopen_to_arrivals" }));
}

/// A browser on the page of signing in, and the beginning that the page has for it.
fn browser_that_begins(scene: &Scene) -> (Client, String) {
    let mut browser = scene.server.client();
    let page = browser.get("/sign-in").expect(200).body;
    (browser, input_value(&page, "begun"))
}

/// Signs somebody in by the page with this beginning and takes a place; which.
fn place_with_beginning(scene: &mut Scene, browser: &mut Client, begun: &str) -> u64 {
    scene.pause();
    let mut citizen = scene.visitor();
    browser.post("/sign-in", &[("number", &citizen.number), ("begun", begun)]).expect(303);
    let login = browser.cookies.iter().find(|(name, _)| name == "charye_login").unwrap();
    citizen.login.clone_from(&login.1);
    citizen.take_place();
    citizen.place()
}

/// The same with a beginning of any moment, as only the program could seal it.
fn place_begun_at(scene: &mut Scene, at_ms: i64) -> u64 {
    let (mut browser, _) = browser_that_begins(scene);
    let begun = scene.forge_beginning(&browser, at_ms);
    place_with_beginning(scene, &mut browser, &begun)
}

fn begun_a_day_before(scene: &mut Scene) {
    // Ten minutes are the longest that a sign-in counts back; whoever came before that stays ahead.
    let longest = place_begun_at(scene, scene.now_ms() - 600_000);
    scene.later();
    let forged = place_begun_at(scene, scene.now_ms() - 86_400_000);
    assert!(forged >= longest, "a beginning of yesterday is worth no more: {forged} {longest}");
}

fn begun_typed(scene: &mut Scene) {
    let first = scene.waiting().place();
    scene.later();
    for begun in ["0", "1", "", "AAAAAAAAAAA", "-1"] {
        let (mut browser, _) = browser_that_begins(scene);
        let place = place_with_beginning(scene, &mut browser, begun);
        assert!(place > first, "{begun}: {place}");
    }
}

fn begun_in_the_future(scene: &mut Scene) {
    let first = scene.waiting().place();
    scene.later();
    let second = place_begun_at(scene, scene.now_ms() + 86_400_000);
    scene.later();
    assert!(first < second && second < scene.waiting().place(), "it counts as now");
}

fn begun_elsewhere(scene: &mut Scene) {
    let (mut farm, begun) = browser_that_begins(scene);
    scene.later();
    let in_order = scene.waiting().place();
    scene.later();
    let (mut buyer, _) = browser_that_begins(scene);
    let bought = place_with_beginning(scene, &mut buyer, &begun);
    assert!(bought > in_order, "a beginning is of no use in another browser: {bought} {in_order}");
    let own = place_with_beginning(scene, &mut farm, &begun);
    assert!(own < in_order, "where it began it counts: {own} {in_order}");
}

fn signed_in_again(scene: &mut Scene) {
    let (first, second) = (scene.waiting(), scene.waiting());
    scene.later();
    let mut again = scene.sign_in(second.number.clone());
    again.take_place();
    assert_eq!(again.place(), second.place());
    assert!(again.place() >= first.place());
}

fn given_up(scene: &mut Scene) {
    let hasty = scene.waiting();
    scene.later();
    let behind = scene.waiting();
    for _ in 0..5 {
        assert_eq!(hasty.api().ask("DELETE", LINE, &[], "").unwrap().status, 200);
        let mut again = scene.sign_in(hasty.number.clone());
        again.take_place();
        assert_eq!(
            again.place(),
            hasty.place(),
            "before one's turn, giving a place up and coming again changes nothing"
        );
    }
    assert_eq!(behind.claim().status, 409);
}

fn family_helper(scene: &mut Scene) {
    let family: Vec<_> = (0..3)
        .map(|_| {
            scene.later();
            scene.waiting()
        })
        .collect();
    let places: Vec<_> = family.iter().map(Citizen::place).collect();
    let helped = Citizen { ticket: family[0].ticket.clone(), ..family[2].clone() };
    assert_eq!(helped.claim().status, 409);
    for member in ["for", "person", "citizen", "on_behalf_of", "ticket"] {
        let body = json!({ member: family[0].ticket });
        for path in [LINE, VISIT] {
            let answer = helped.api().post_json(path, "not-needed", &body);
            assert!((400..500).contains(&answer.status), "{member}: {answer:?}");
        }
    }
    for (mut citizen, place) in family.into_iter().zip(places) {
        citizen.take_place();
        assert_eq!(citizen.place(), place);
    }
}

fn change_nothing(scene: &mut Scene) {
    let citizen = scene.visitor();
    scene.pause();
    for path in [LINE, VISIT] {
        let answer = citizen.api().post_json(path, "not-needed", &json!({ "purpose": "change" }));
        assert!(answer.json().get("pass").is_none(), "{answer:?}");
    }
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(citizen.has(), (true, 0));
}

fn reserved_twice(scene: &mut Scene) {
    let mut citizen = scene.insider();
    citizen.reserve(scene);
    scene.resume();
    let change = json!({ "purpose": "change" });
    let visit = (0..CALL_TRIES).find_map(|_| {
        let answer = citizen.api().post_json(VISIT, "not-needed", &change);
        let came_in = (answer.status == 200).then(|| answer.json());
        std::thread::park_timeout(std::time::Duration::from_millis(100));
        came_in
    });
    citizen.pass = visit.unwrap()["pass"].as_str().map(str::to_owned);
    for path in [HOLDS, RESERVATIONS] {
        let key = scene.new_key();
        let answer = citizen.api().post_json(path, &key, &scene.places);
        assert_eq!(answer.json()["code"], "already_reserved", "{answer:?}");
    }
    assert_eq!(citizen.has(), (true, 1));
}

fn in_and_out(scene: &mut Scene) {
    let citizen = scene.insider();
    scene.pause();
    assert_eq!(citizen.api().ask("DELETE", VISIT, &[], "").unwrap().status, 200);
    for _ in 0..10 {
        let answer = citizen.claim();
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_called")), "{answer:?}");
    }
    citizen.api().get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(200);
}

//! Attacks before the moment: the next opening is put a few seconds ahead, and everybody tries to be in before it begins.

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Attack, CAMPAIGN, LINE, Scene, VISIT, signed_of};

/// The opening that is to come.
const NEXT: u64 = 1;
/// How far ahead it is put while attacks are made that must not see it open. Unit: milliseconds.
const AHEAD_MS: i64 = 3_600_000;

/// Looks at a draw that is about to be committed to; a hang guard.
const COMMIT_TRIES: usize = 300;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "a visit before the opening", guards: &["opening", "call"], attempt: visit_before },
    Attack { name: "a place in the line before the opening", guards: &["opening"], attempt: place_before },
    Attack { name: "a visit with a number in the draw", guards: &["call"], attempt: enrolled_is_not_in },
    Attack { name: "a client's clock a year ahead or behind", guards: &["server-clock"], attempt: client_clock },
    Attack { name: "enrolled from fifty devices", guards: &["draw-number"], attempt: enrolled_fifty_times },
    Attack { name: "enrolled, given up and enrolled again", guards: &["draw-number"], attempt: enrolled_again },
    Attack { name: "routes of the inside with an enrolled ticket", guards: &["gate"], attempt: inside_enrolled },
    Attack { name: "the draw's secret before its time", guards: &["draw"], attempt: secret_before },
    Attack { name: "the draw's list before its time", guards: &["draw"], attempt: list_before },
    Attack { name: "the other opening's running line", guards: &["birth-day-digit"], attempt: other_opening },
    Attack {
        name: "asked again and again until the opening",
        guards: &["server-clock", "draw"],
        attempt: to_the_moment,
    },
];

/// The next opening begins this much later than now.
fn opens_in(scene: &Scene, ms: i64) -> i64 {
    let at = scene.now_ms() + ms;
    scene.steer(NEXT, &json!({ "action": "open_at", "at_ms": at }));
    at
}

fn enrolled(scene: &mut Scene) -> Citizen {
    opens_in(scene, AHEAD_MS);
    let mut citizen = scene.early();
    // Nobody enrols before the draw's secret is committed to, which takes a look of the clerk's.
    for _ in 0..COMMIT_TRIES {
        if scene.line(NEXT)["phase"] == "enrolling" {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(100));
    }
    let told = citizen.take_place();
    assert_eq!(told["state"], "enrolled", "{told}");
    citizen
}

/// People on the list of the draw, as everybody is told.
fn on_the_list(scene: &Scene) -> String {
    let line = scene.line(NEXT);
    line["phase"].to_string() + &line["enrolled"].to_string() + &line["waiting"].to_string()
}

fn refused(citizen: &Citizen) {
    let answer = citizen.claim();
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

fn visit_before(scene: &mut Scene) {
    opens_in(scene, AHEAD_MS);
    let citizen = scene.early();
    for _ in 0..20 {
        refused(&citizen);
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn place_before(scene: &mut Scene) {
    let citizen = enrolled(scene);
    let ticket = signed_of(citizen.ticket.as_ref().unwrap());
    assert_eq!(ticket[7], 0, "a number in the draw, and no place yet");
    for path in [LINE, VISIT] {
        let answer = citizen.api().post_json(path, "not-needed", &json!({ "purpose": "reserve" }));
        assert!(answer.json().get("pass").is_none() && answer.json()["state"] != "waiting", "{answer:?}");
    }
}

fn enrolled_is_not_in(scene: &mut Scene) {
    let citizen = enrolled(scene);
    for _ in 0..20 {
        refused(&citizen);
        assert_eq!(citizen.poll()["state"], "enrolled");
    }
}

fn client_clock(scene: &mut Scene) {
    let citizen = enrolled(scene);
    for when in ["Tue, 22 Nov 2016 20:00:00 GMT", "Mon, 22 Nov 2066 20:00:00 GMT"] {
        for name in ["Date", "If-Modified-Since", "If-Unmodified-Since", "X-Client-Time", "If-Range"] {
            let headers = [("Content-Type", "application/json"), (name, when)];
            let answer = citizen.api().ask("POST", VISIT, &headers, "{}").unwrap();
            assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
            let polled = citizen.api().ask("GET", "/api/v1/line", &[(name, when)], "").unwrap();
            assert_eq!(polled.json()["state"], "enrolled", "{name}");
        }
    }
}

fn enrolled_fifty_times(scene: &mut Scene) {
    let citizen = enrolled(scene);
    let before = on_the_list(scene);
    for _ in 0..50 {
        let mut device = scene.sign_in(citizen.number.clone());
        device.take_place();
        assert_eq!(device.ticket, citizen.ticket, "the same number in the draw on every device");
    }
    assert_eq!(on_the_list(scene), before, "one person is on the list once");
}

fn enrolled_again(scene: &mut Scene) {
    let mut citizen = enrolled(scene);
    let (before, first) = (on_the_list(scene), citizen.ticket.clone());
    for _ in 0..5 {
        assert_eq!(citizen.api().ask("DELETE", LINE, &[], "").unwrap().status, 200);
        citizen.take_place();
        assert_eq!(citizen.ticket, first, "no other number is drawn by asking again");
    }
    assert_eq!(on_the_list(scene), before);
}

fn inside_enrolled(scene: &mut Scene) {
    let citizen = enrolled(scene);
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(scene.try_inside_pages(&mut citizen.browser()), Vec::<String>::new());
    let mut forged = citizen.clone();
    forged.pass = citizen.ticket.clone();
    assert_eq!(scene.try_inside(&mut forged.api()), Vec::<String>::new());
}

fn secret_before(scene: &mut Scene) {
    opens_in(scene, AHEAD_MS);
    let path = format!("/api/v1/campaigns/{CAMPAIGN}/openings/{NEXT}/draw");
    let told = scene.server.client().get(&path).expect(200).json();
    assert!(told.get("secret").is_none() && told.get("root").is_none(), "{told}");
}

fn list_before(scene: &mut Scene) {
    opens_in(scene, AHEAD_MS);
    let mut client = scene.server.client();
    for page in ["", "?page=0", "?page=1"] {
        client.get(&format!("/api/v1/campaigns/{CAMPAIGN}/openings/{NEXT}/draw/ids{page}")).expect(404);
    }
    client.get(&format!("/line/{CAMPAIGN}/{NEXT}/draw/0")).expect(404);
}

fn other_opening(scene: &mut Scene) {
    let citizen = enrolled(scene);
    let before = scene.line(0)["waiting"].clone();
    for purpose in ["reserve", "change"] {
        let body = json!({ "purpose": purpose });
        let answer = citizen.api().post_json(VISIT, "not-needed", &body);
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    for member in ["opening", "person", "place", "campaign"] {
        let answer = citizen.api().post_json(LINE, "not-needed", &json!({ member: 0 }));
        assert!((400..500).contains(&answer.status), "{member}: {answer:?}");
    }
    assert_eq!(scene.line(0)["waiting"], before);
}

fn to_the_moment(scene: &mut Scene) {
    /// A call comes within tenths of a second of the opening: a hang guard.
    const HOPES_FOR_MS: i64 = 90_000;
    let citizen = enrolled(scene);
    let opens_at = opens_in(scene, 4_000);
    let (mut before, mut in_at, mut asked_at) = (0, None, scene.now_ms());
    // However many times: how often one can ask in four seconds is the machine's business.
    while asked_at < opens_at + HOPES_FOR_MS {
        asked_at = scene.now_ms();
        let answer = citizen.claim();
        if answer.status == 200 {
            in_at = Some(scene.now_ms());
            break;
        }
        assert!((400..500).contains(&answer.status), "{answer:?}");
        before += usize::from(asked_at < opens_at);
    }
    assert!(before > 3, "{before} tries before the opening");
    assert!(in_at.is_some_and(|at| at >= opens_at), "{in_at:?} {opens_at}");
}

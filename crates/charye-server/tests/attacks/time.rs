//! Attacks that take patience: holds and calls left to run out, visits that are sat out, logins and beginnings kept for later.
//! Time passes at once here, in an opening that lasts for weeks.

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, RESERVATIONS, Scene, VISIT, hold_path};

/// The campaign's own times. Unit: seconds.
const HOLD_SECS: u64 = 300;
const PASS_SECS: u64 = 600;
const VISIT_SECS: u64 = 1_800;
/// Longer than the grace of any line.
const GRACE_SECS_MAX: u64 = 1_800;
const LOGIN_SECS: u64 = 12 * 3_600;
/// The campaign's own cap.
const HARD_CAP: u32 = 60_000;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "three holds left to run out", guards: &["expired-holds"], attempt: holds_run_out },
    Attack { name: "a hold confirmed after its time", guards: &["book"], attempt: hold_confirmed_late },
    Attack { name: "a pass kept for later", guards: &["pass-expiry"], attempt: pass_kept },
    Attack { name: "a visit sat out with heartbeats", guards: &["visit"], attempt: visit_sat_out },
    Attack { name: "a call left to run out", guards: &["grace"], attempt: call_missed },
    Attack { name: "a mass return after the grace", guards: &["grace", "cap"], attempt: mass_return_after_grace },
    Attack { name: "a sign-in from an hour before", guards: &["login-fresh"], attempt: signed_in_before },
    Attack { name: "a ticket of the day before", guards: &["call"], attempt: ticket_of_the_day_before },
    Attack { name: "a login kept for longer than twelve hours", guards: &["login-expiry"], attempt: login_kept },
];

/// Not in, whatever is shown; the line stands still.
fn stays_out(citizen: &Citizen) {
    let answer = citizen.claim();
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_called")), "{answer:?}");
}

fn holds_run_out(scene: &mut Scene) {
    let mut bot = scene.insider();
    scene.pause();
    for _ in 0..3 {
        // A pass lasts for ten minutes, the visit for thirty.
        bot.go_in();
        let key = scene.new_key();
        bot.api().hold(scene, &key).expect(201);
        scene.pass_time(HOLD_SECS + 1);
        assert_eq!(bot.has(), (true, 0), "a hold ends by itself");
    }
    stays_out(&bot);
    assert_eq!(scene.try_inside(&mut bot.api()), Vec::<String>::new(), "the visit is over with the third");
}

fn hold_confirmed_late(scene: &mut Scene) {
    let citizen = scene.insider();
    let key = scene.new_key();
    let held = citizen.api().hold(scene, &key).expect(201);
    scene.pass_time(HOLD_SECS + 1);
    for then in ["/confirm", "/extend"] {
        let key = scene.new_key();
        let answer = citizen.api().post_json(&hold_path(&held, then), &key, &json!({}));
        assert_eq!(answer.json()["code"], "hold_expired", "{answer:?}");
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn pass_kept(scene: &mut Scene) {
    let citizen = scene.insider();
    scene.pass_time(PASS_SECS + 1);
    assert_eq!(scene.try_inside(&mut citizen.api()), Vec::<String>::new());
    assert_eq!(scene.try_inside_pages(&mut citizen.browser()), Vec::<String>::new());
}

fn visit_sat_out(scene: &mut Scene) {
    let mut bot = scene.insider();
    scene.pause();
    let ends_at = bot.visit["ends_at"].clone();
    for _ in 0..5 {
        scene.pass_time(VISIT_SECS / 6);
        bot.go_in();
        assert_eq!(bot.visit["ends_at"], ends_at, "coming again makes no visit longer");
    }
    scene.pass_time(VISIT_SECS / 6 + 1);
    stays_out(&bot);
    // Even a pass that says another time: the visit is over.
    let later = scene.now_ms() + 60_000;
    let forged = scene.forged_pass(&bot, |signed| signed[16..24].copy_from_slice(&later.to_le_bytes()));
    assert_eq!(scene.try_inside(&mut bot.with_pass(&forged).api()), Vec::<String>::new());
    assert_eq!(bot.has(), (true, 0));
}

fn call_missed(scene: &mut Scene) {
    let sleeper = scene.called();
    scene.pause();
    scene.pass_time(GRACE_SECS_MAX + 1);
    for _ in 0..3 {
        stays_out(&sleeper);
    }
    assert_eq!(sleeper.poll()["state"], "come", "a ticket shows its place; the way in says that the call is over");
}

fn mass_return_after_grace(scene: &mut Scene) {
    let sleepers: Vec<_> = (0..6).map(|_| scene.called()).collect();
    scene.pause();
    scene.pass_time(GRACE_SECS_MAX + 1);
    let waiting: Vec<_> = (0..2).map(|_| scene.waiting()).collect();
    let seats = scene.line(scene.opening)["inside"].as_u64().unwrap() + 1;
    let terms =
        |cap: u64| json!({ "action": "terms", "hard_cap": cap, "rate_min_per_min": 600, "rate_max_per_min": 60_000 });
    scene.steer(scene.opening, &terms(seats));
    sleepers.iter().for_each(stays_out);
    scene.resume();
    // All of them at once; each waits a moment for a call.
    let came_in = scene.claim_at_once(sleepers.iter().chain(&waiting));
    assert!(came_in <= 1, "{came_in} came in by one seat");
    let line = scene.line(scene.opening);
    assert!(line["inside"].as_u64().unwrap() <= seats, "{line}");
    scene.pause();
    scene.steer(scene.opening, &terms(HARD_CAP.into()));
}

fn signed_in_before(scene: &mut Scene) {
    scene.pause();
    let mut early = scene.visitor();
    scene.pass_time(3_600);
    let mut fresh = scene.visitor();
    fresh.take_place();
    scene.later();
    early.take_place();
    assert!(early.place() > fresh.place(), "signing in an hour before buys nothing");
}

fn ticket_of_the_day_before(scene: &mut Scene) {
    let mut citizen = scene.waiting();
    let ticket = citizen.ticket.clone();
    scene.pass_time(86_400);
    let mut again = scene.sign_in(citizen.number.clone());
    again.ticket.clone_from(&ticket);
    stays_out(&again);
    citizen.login.clone_from(&again.login);
    citizen.take_place();
    assert_eq!(scene.try_inside(&mut again.api()), Vec::<String>::new());
}

fn login_kept(scene: &mut Scene) {
    let citizen = scene.insider();
    scene.pass_time(LOGIN_SECS + 1);
    for path in [format!("{HOLDS}?campaign={CAMPAIGN}"), format!("{RESERVATIONS}?campaign={CAMPAIGN}")] {
        citizen.api().get(&path).expect(401);
    }
    assert_eq!(citizen.api().post_json(VISIT, "not-needed", &json!({})).status, 401);
    assert_eq!(citizen.browser().get("/reservations").status, 303);
}

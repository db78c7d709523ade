//! Room: rehearsal/report, tests. A made-up evening, and what its report says.

use std::time::Duration;

use super::*;
use crate::citizen::Step;
use crate::profile::{FaultKind, Goals, PlannedFault, Profile, Scale};
use crate::recorder::{Promises, Recorded, record, times};

fn step(millis: u64, answers: u64, failed: u64) -> StepFigures {
    let mut latencies = times();
    for _ in 0..answers {
        record(&mut latencies, Duration::from_millis(millis));
    }
    StepFigures { latencies, failed, refused: 0 }
}

fn sample(at_ms: u64, confirmed: u64, cpu_secs: f64) -> Sample {
    let server = ServerFigures { cpu_secs: Some(cpu_secs), resident_bytes: Some(2e8), ..ServerFigures::default() };
    let mut whereabouts = [0; Whereabouts::ALL.len()];
    whereabouts[Whereabouts::Reserved as usize] = confirmed;
    Sample { at_ms, whereabouts, came: confirmed, requests: confirmed * 9, confirmed, server: Some(server), line: None }
}

/// `confirm` took this long; nine of ten of those who meant to reserve did.
fn evening(confirm_millis: u64) -> Played {
    let profile = Profile::bundled("steady").unwrap().unwrap();
    let scale = Scale { share: 0.01, speed: 10 };
    let mut waits = times();
    record(&mut waits, Duration::from_secs(2));
    let samples: Vec<Sample> =
        (0..=30).map(|second| sample(second * 1_000, second * 20, second as f64 / 2.0)).collect();
    let steps = [Step::SignIn, Step::LookUp, Step::Hold].map(|known| (known, step(5, 600, 0)));
    let recorded = Recorded {
        steps: [steps.to_vec(), vec![(Step::Confirm, step(confirm_millis, 600, 0))]].concat(),
        refusals: vec![(Step::Hold, "sold_out".to_owned(), 3), (Step::SignIn, "<b>".to_owned(), 7)],
        providers: Vec::new(),
        whereabouts: samples[30].whereabouts,
        promises: Promises { made: 0, kept: 0, early: 0, late: 0, waits },
        begun_late: times(),
        came: 900,
        came_may_reserve: 630,
        signed_in: 700,
        walked_away: 10,
        confirmed: 600,
        changed: 1,
        cancelled: 2,
        missing: 0,
        requests: 5_400,
        samples,
        history_lines: 1_200,
    };
    Played {
        size: profile.sized(scale).unwrap(),
        profile,
        scale,
        campaign: "kr-2021-18-49".to_owned(),
        has_line: false,
        connections: 64,
        seed: 1,
        began_ms: 1_628_506_800_000,
        wall: Duration::from_secs(30),
        generator_cpu: Some(Duration::from_millis(60)),
        server: Some((ServerFigures::default(), ServerFigures { cpu_secs: Some(15.0), ..ServerFigures::default() })),
        recorded,
        faults: Vec::new(),
        left_over: 0,
    }
}

fn clean() -> Option<AuditTold> {
    Some(AuditTold { clean: true, lines: vec!["nothing was found".to_owned()] })
}

#[test]
fn an_evening_within_its_goals_holds() {
    let report = Report::of(&evening(20), clean());
    assert!(report.holds(), "{}", report.summary(Language::English));
    assert!(report.summary(Language::English).ends_with("It holds, at this scale."));
    assert!(report.summary(Language::Korean).ends_with("이 규모에서 버팁니다."));
}

#[test]
fn one_goal_missed_is_enough_and_is_named() {
    let report = Report::of(&evening(2_000), clean());
    assert!(!report.holds());
    let summary = report.summary(Language::English);
    assert!(summary.contains("It does not hold: confirm, p99."), "{summary}");
}

#[test]
fn a_goal_that_was_not_measured_is_not_met() {
    let mut evening = evening(20);
    evening.recorded.steps.retain(|(step, _)| *step != Step::Hold);
    assert!(!Report::of(&evening, clean()).holds());
}

#[test]
fn a_finding_of_the_auditor_or_a_reservation_that_is_not_there_outweighs_everything() {
    let found = Some(AuditTold { clean: false, lines: vec!["I3 at 7".to_owned()] });
    assert!(!Report::of(&evening(20), found).holds());
    let mut lost = evening(20);
    lost.recorded.missing = 1;
    assert!(!Report::of(&lost, clean()).holds());
}

#[test]
fn figures_are_those_of_the_evening() {
    let told: serde_json::Value = serde_json::from_str(&Report::of(&evening(20), clean()).json()).unwrap();
    assert_eq!(told["journeys_per_sec"], 20.0);
    assert_eq!(told["journeys_per_sec_best"], 20.0);
    let mut short = evening(20);
    short.recorded.samples.truncate(5);
    assert!(Report::of(&short, clean()).summary(Language::English).lines().all(|line| !line.contains("best ten")));
    assert_eq!(told["generator"]["cpu_us_per_journey"], 100.0);
    assert_eq!(told["server"]["cpu_us_per_journey"], 25_000.0);
    assert_eq!(told["refusals"][0]["count"], 7);
    assert_eq!(told["server"]["commit_mean_ms"], serde_json::Value::Null);
    assert_eq!(told["people"]["came_may_reserve"], 630);
}

fn provider(id: &str, signed_in: u64, failed: u64, lights: &[(u64, &str)]) -> ProviderFigures {
    ProviderFigures {
        id: id.to_owned(),
        name_ko: format!("{id} 인증"),
        name_en: format!("Provider {id}"),
        begun: signed_in + failed,
        signed_in,
        failed,
        left_alone: 0,
        lights: lights.iter().map(|(at, light)| (*at, (*light).to_owned())).collect(),
    }
}

#[test]
fn one_providers_trouble_must_not_be_the_others() {
    let hung = FaultPlayed { kind: FaultKind::ProviderHangs, at_ms: 9_000, outcome: Ok("oidc hung".to_owned()) };
    let holds = |providers: Vec<ProviderFigures>| {
        let mut evening = evening(20);
        evening.faults.push(hung.clone());
        evening.recorded.providers = providers;
        Report::of(&evening, clean()).holds()
    };
    assert!(holds(vec![provider("oidc", 10, 90, &[]), provider("oauth2", 1_000, 1, &[])]));
    assert!(!holds(vec![provider("oidc", 10, 90, &[]), provider("oauth2", 1_000, 3, &[])]));
    assert!(!holds(vec![provider("oidc", 100, 0, &[])]), "nobody signed in elsewhere: it was not measured");
}

#[test]
fn a_light_is_shown_by_shape_and_word_for_as_long_as_it_stood() {
    let mut evening = evening(20);
    let lights = [(0, "smooth"), (9_000, "congested"), (24_000, "smooth")];
    evening.recorded.providers = vec![provider("oidc", 10, 90, &lights)];
    let html = Report::of(&evening, clean()).html(Language::English);
    assert!(html.contains("class=\"congested\" style=\"width:50.00%\" title=\"Congested, 9-24 s\"><b>■</b>"), "{html}");
    assert!(Report::of(&evening, clean()).html(Language::Korean).contains("혼잡 9-24 s"));
}

/// Everything goes as planned, and every goal there is is judged.
fn evening_with_every_goal() -> Played {
    let mut evening = evening(20);
    evening.profile.goals = Goals {
        sign_in_p99_ms: Some(100),
        look_up_p99_ms: Some(100),
        hold_p99_ms: Some(100),
        confirm_p99_ms: Some(100),
        reserved_permille_min: Some(900),
        promises_kept_permille_min: Some(900),
        failed_per_million_max: Some(100),
    };
    let hangs = PlannedFault { kind: FaultKind::ProviderHangs, at_minute: 1, secs: 10 };
    evening.profile.faults = vec![hangs];
    evening.faults = vec![FaultPlayed { kind: hangs.kind, at_ms: 9_000, outcome: Ok("oidc hung".to_owned()) }];
    evening.recorded.providers = vec![provider("oidc", 10, 90, &[]), provider("oauth2", 1_000, 0, &[])];
    evening.has_line = true;
    (evening.recorded.promises.made, evening.recorded.promises.kept) = (100, 95);
    evening
}

/// The ids of the goals that are judged, and of those that are missed.
fn judged(played: &Played, audit: Option<AuditTold>) -> (Vec<String>, Vec<String>) {
    let told: serde_json::Value = serde_json::from_str(&Report::of(played, audit).json()).unwrap();
    let goals = told["verdict"]["goals"].as_array().unwrap();
    let id = |goal: &serde_json::Value| goal["id"].as_str().unwrap().to_owned();
    assert_eq!(told["verdict"]["holds"], goals.iter().all(|goal| goal["met"] == true));
    (goals.iter().map(id).collect(), goals.iter().filter(|goal| goal["met"] == false).map(id).collect())
}

#[test]
fn what_breaks_one_goal_makes_exactly_that_goal_fail() {
    fn slow(evening: &mut Played, slow: Step) {
        let found = evening.recorded.steps.iter_mut().find(|(known, _)| *known == slow);
        found.unwrap().1 = step(101, 600, 0);
    }
    type Break = fn(&mut Played);
    let breaks: [(&str, Break); 11] = [
        ("missing", |evening| evening.recorded.missing = 1),
        ("unexpected", |evening| evening.recorded.whereabouts[Whereabouts::Failed as usize] = 1),
        ("faults", |evening| evening.faults[0].outcome = Err("no answer".to_owned())),
        ("others_signed_in", |evening| evening.recorded.providers[1].failed = 2),
        ("sign_in_p99", |evening| slow(evening, Step::SignIn)),
        ("look_up_p99", |evening| slow(evening, Step::LookUp)),
        ("hold_p99", |evening| slow(evening, Step::Hold)),
        ("confirm_p99", |evening| slow(evening, Step::Confirm)),
        // 620 came and meant to: 557 of them are 89.8 %.
        ("reserved", |evening| evening.recorded.confirmed = 557),
        ("promises_kept", |evening| evening.recorded.promises.kept = 89),
        // One of 5,400 requests is 185 of a million.
        ("failed", |evening| evening.recorded.steps[0].1.failed = 1),
    ];
    let (mut every, missed) = judged(&evening_with_every_goal(), clean());
    assert_eq!(missed, [""; 0], "unbroken, it holds");
    for (id, break_it) in breaks {
        let mut evening = evening_with_every_goal();
        break_it(&mut evening);
        assert_eq!(judged(&evening, clean()).1, [id]);
    }
    let found = Some(AuditTold { clean: false, lines: vec!["I1 at 7".to_owned()] });
    assert_eq!(judged(&evening_with_every_goal(), found).1, ["audit"]);
    // And no goal is left without a row above.
    every.retain(|id| id != "audit" && breaks.iter().all(|(known, _)| known != id));
    assert_eq!(every, [""; 0], "goals that nothing here breaks");
}

#[test]
fn faults_that_were_planned_and_did_not_happen_are_missed_even_if_nobody_told_of_them() {
    let mut evening = evening_with_every_goal();
    evening.profile.faults.push(PlannedFault { kind: FaultKind::ClockJump, at_minute: 2, secs: 60 });
    assert_eq!(judged(&evening, clean()).1, ["faults"]);
}

#[test]
fn a_server_that_was_killed_counts_on() {
    assert_eq!(grown([1.0, 3.0, 0.5, 2.0].into_iter()), Some(4.0));
    assert_eq!(grown(std::iter::empty()), None);
}

#[test]
fn the_page_stands_alone_in_both_languages() {
    let mut evening = evening(20);
    evening.faults.push(FaultPlayed { kind: FaultKind::Kill, at_ms: 12_000, outcome: Ok("killed".to_owned()) });
    let report = Report::of(&evening, clean());
    for language in [Language::Korean, Language::English] {
        let html = report.html(language);
        for foreign in ["http://", "https://", "<script", "<img", "<link", "url(", "@import"] {
            assert!(!html.contains(foreign), "{foreign} in the page");
        }
        assert!(html.contains("&lt;b&gt;") && !html.contains("<code><b>"), "codes are escaped");
        assert!(html.starts_with("<!doctype html>") && html.contains(&format!("lang=\"{}\"", language.code())));
        assert!(html.contains("prefers-color-scheme:dark"));
    }
    assert!(report.html(Language::Korean).contains("사람들은 어디에 있었나"));
    assert!(report.html(Language::English).contains("Where people were"));
}

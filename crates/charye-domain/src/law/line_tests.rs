//! Room: domain/law. The checkers of lines bite: a sound evening with a draw, calls, a returner and an agent passes, and the
//! same evening with one planted violation is found out.

use super::*;
use crate::book::samples::{ADULT, CAMPAIGN, Sample, opens_at};
use crate::book::{Action, Outcome, Query, Reply, StaffNumber};
use crate::ids::{KeyId, OpeningId};
use crate::vaccine::DoseTwoPolicy;
use crate::waiting_room::admission::Calls;
use crate::waiting_room::draw::{Closing, Commitments, DrawId, DrawKey, DrawSecret};
use crate::waiting_room::place::Place;

type Journal = Vec<(UnixMillis, Entry)>;

const OPENING: OpeningId = OpeningId(0);
const AGENT: Actor = Actor::Agent(StaffNumber(4));

fn violations(journal: &Journal) -> Vec<Violation> {
    let mut checker = Checker::new();
    journal.iter().zip(1..).flat_map(|((at, entry), seq)| checker.check(seq, *at, entry)).collect()
}

fn call(sample: &mut Sample, returners: u32, line: u32) {
    let calls = Calls { overtaken: 0, returners, line };
    sample.ask(Actor::System, Action::Call { campaign: CAMPAIGN, opening: OPENING, calls });
}

fn enter(sample: &mut Sample, actor: Actor, person: Person) -> Outcome {
    sample.ask(actor, Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT })
}

/// Three enrol and are drawn, five come later; three are called, two come, one reserves; the third comes back; an agent
/// serves the last.
fn evening() -> Sample {
    let (campaign, opening) = (CAMPAIGN, OPENING);
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let people: Vec<Person> = (1..=8).map(|key| sample.citizen(key)).collect();
    let (key, secret) = (DrawKey::new([3; 32]), DrawSecret([4; 32]));
    let commitments = Box::new(Commitments::to(&secret, &key));
    sample.ask(Actor::System, Action::CommitDraw { campaign, opening, key_id: KeyId(1), commitments });
    sample.pass_time(15 * 60);
    people[..3].iter().for_each(|person| {
        sample.arrive(*person, sample.now);
    });
    sample.now = opens_at();
    sample.pass_time(0);
    let reply = sample.book.answer(&Query::Enrolled { campaign, opening, from: 0, limit: 10 }, sample.now);
    let Reply::Enrolled(listed) = reply else { panic!("a list") };
    let mut ids: Vec<DrawId> =
        listed.into_iter().flatten().map(|citizen| key.draw_id(campaign, opening, citizen)).collect();
    let in_order = ids.clone();
    let closing = Box::new(Closing::of(&mut ids));
    sample.ask(Actor::System, Action::CloseDraw { campaign, opening, closing });
    let public_value: Arc<[u8]> = Arc::from(&b"6 45"[..]);
    sample.ask(Actor::System, Action::RevealDraw { campaign, opening, secret: Box::new(secret), public_value });
    let seed = sample.book.room(campaign, opening).and_then(|room| room.draw().seed()).expect("revealed");
    let places = in_order.iter().map(|id| seed.place(*id)).collect();
    sample.ask(Actor::System, Action::PlaceDrawn { campaign, opening, from: 0, places });
    for person in &people[3..] {
        sample.now = sample.now.plus_secs(1);
        sample.arrive(*person, sample.now);
    }
    call(&mut sample, 0, 3);
    let come: Vec<Person> = people[..3].to_vec();
    let place = sample.single("C1");
    assert!(matches!(sample.reserve(come[0], place), Outcome::Reserved { .. }));
    assert!(matches!(enter(&mut sample, Actor::Citizen(come[1]), come[1]), Outcome::Visiting { .. }));
    assert!(matches!(enter(&mut sample, AGENT, people[7]), Outcome::Visiting { .. }));
    sample.pass_time(61);
    enter(&mut sample, Actor::Citizen(come[2]), come[2]);
    call(&mut sample, 0, 2);
    sample
}

#[test]
fn a_sound_evening_with_a_line_breaks_no_law() {
    let sample = evening();
    assert_eq!(violations(&sample.journal), []);
    let kinds = ["DrawClosed", "PlacesDrawn", "Arrived", "Called", "CameBack", "VisitStarted", "Reserved"];
    for kind in kinds {
        let has = sample.journal.iter().any(|(_, entry)| format!("{:?}", entry.event).starts_with(kind));
        assert!(has, "the evening has no {kind}");
    }
}

/// Changes the first event that `change` says it has changed, and expects the law to be named.
#[track_caller]
fn check(law: Law, change: impl Fn(&mut Event) -> bool) {
    let mut journal = evening().journal;
    assert!(journal.iter_mut().any(|(_, entry)| change(&mut entry.event)), "the evening has no such event");
    let found = violations(&journal);
    assert!(found.iter().any(|violation| violation.law == law), "{law} does not bite: {found:?}");
}

#[test]
fn a_visit_without_a_call_is_found_and_named_a_bypass() {
    let mut journal = evening().journal;
    for (_, entry) in &mut journal {
        if let Event::Called { calls, .. } = &mut entry.event {
            calls.line = calls.line.saturating_sub(2);
        }
    }
    let bypasses = violations(&journal).iter().filter(|found| found.bypass == Some(Bypass::VisitWithoutCall)).count();
    assert!(bypasses >= 1);
}

#[test]
fn a_visit_after_the_grace_is_found() {
    let mut journal = evening().journal;
    let started = journal.iter().position(|(_, entry)| matches!(entry.event, Event::VisitStarted { .. })).unwrap();
    let (_, visit) = journal.remove(started);
    journal.truncate(started);
    let called = journal.iter().rposition(|(_, entry)| matches!(entry.event, Event::Called { .. })).unwrap();
    let in_time = (journal[called].0.plus_secs(60).plus_millis(-1), visit.clone());
    let late = (journal[called].0.plus_secs(60), visit);
    let bypasses = |visit| {
        let journal = [journal.clone(), vec![visit]].concat();
        violations(&journal).iter().any(|found| found.bypass == Some(Bypass::VisitWithoutCall))
    };
    assert!(!bypasses(in_time));
    assert!(bypasses(late));
}

#[test]
fn a_call_before_the_last_place_is_drawn_is_found() {
    let mut journal = evening().journal;
    let drawn = journal.iter().position(|(_, entry)| matches!(entry.event, Event::PlacesDrawn { .. })).unwrap();
    let Event::PlacesDrawn { places, .. } = &mut journal[drawn].1.event else { panic!("places") };
    *places = places[..2].into();
    let found = violations(&journal);
    assert!(found.iter().any(|violation| violation.what.contains("before all places are drawn")), "{found:?}");
}

#[test]
fn a_place_reserved_without_a_visit_is_named_a_bypass() {
    let mut journal = evening().journal;
    journal.retain(|(_, entry)| !matches!(entry.event, Event::VisitStarted { .. } | Event::VisitEnded { .. }));
    let found = violations(&journal);
    assert!(found.iter().any(|violation| violation.bypass == Some(Bypass::PlaceWithoutVisit)), "{found:?}");
}

#[test]
fn more_people_than_seats_are_found() {
    check(Law::I17, |event| match event {
        Event::Called { calls, .. } => {
            calls.line += 2;
            true
        }
        _ => false,
    });
}

#[test]
fn an_agent_beyond_the_agents_seats_is_found() {
    let mut journal = evening().journal;
    for (_, entry) in &mut journal {
        if matches!(entry.event, Event::VisitStarted { .. }) {
            entry.by.actor = AGENT;
        }
    }
    assert!(violations(&journal).iter().any(|violation| violation.law == Law::I17));
}

#[test]
fn a_place_of_another_time_than_the_sign_in_is_found() {
    check(Law::I10, |event| match event {
        Event::Arrived { place, .. } => {
            *place = Place(77);
            true
        }
        _ => false,
    });
}

#[test]
fn calls_in_a_pause_before_the_draw_or_past_those_overtaken_are_found() {
    check(Law::I10, |event| {
        let paused = matches!(event, Event::CameBack { .. });
        if paused {
            let steering = Box::new(Steering::Drain);
            *event = Event::Steered { opening: OPENING, steering, note: "planted".into() };
        }
        paused
    });
    check(Law::I10, |event| match event {
        Event::PlacesDrawn { places, .. } => {
            *places = places[..2].into();
            true
        }
        _ => false,
    });
    let mut journal = evening().journal;
    let last = journal.len() - 1;
    let mut overtaken = journal[last].clone();
    overtaken.1.event = Event::PutBack { person: Person(1), opening: OPENING };
    journal.insert(last, overtaken);
    assert!(violations(&journal).iter().any(|violation| violation.what.contains("overtaken")));
}

#[test]
fn whoever_is_put_back_among_those_served_is_called_first_the_last_one_served_too() {
    let mut journal = evening().journal;
    let called = journal.iter().position(|(_, entry)| matches!(entry.event, Event::Called { .. })).unwrap();
    journal.truncate(called + 1);
    for person in (0..3).map(Person) {
        let (at, entry) = journal[called].clone();
        let calls = Calls { line: 1, ..Calls::default() };
        let [put_back, past] = [Event::PutBack { person, opening: OPENING }, Event::Called { opening: OPENING, calls }];
        let planted = [put_back, past].map(|event| (at, Entry { event, ..entry.clone() }));
        let found = violations(&[journal.clone(), planted.to_vec()].concat());
        assert!(found.iter().any(|violation| violation.what.contains("overtaken")), "{person}: {found:?}");
    }
}

#[test]
fn a_call_of_nobody_is_found() {
    check(Law::I10, |event| match event {
        Event::Called { calls, .. } => {
            *calls = Calls::default();
            true
        }
        _ => false,
    });
}

#[test]
fn a_seat_is_free_at_the_very_end_of_a_grace() {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let cap = |sample: &mut Sample, hard_cap| {
        let steering = Box::new(Steering::Terms { hard_cap, rate_min_per_min: 60, rate_max_per_min: 600 });
        let (campaign, opening, note) = (CAMPAIGN, OPENING, "planted".into());
        let steer = Action::Steer { campaign, opening, steering, note, rehearsal: false };
        assert_eq!(sample.ask(crate::book::samples::OPERATOR, steer), Outcome::Steered);
    };
    let people: Vec<Person> = (1..=7).map(|key| sample.citizen(key)).collect();
    sample.now = opens_at();
    sample.pass_time(0);
    cap(&mut sample, 8);
    for person in &people[..6] {
        sample.arrive(*person, sample.now);
    }
    call(&mut sample, 0, 6);
    cap(&mut sample, 4);
    sample.pass_time(60);
    assert!(matches!(enter(&mut sample, AGENT, people[6]), Outcome::Visiting { .. }), "nobody can come any more");
    assert_eq!(violations(&sample.journal), []);
}

#[test]
fn a_returner_too_many_or_out_of_order_is_found() {
    check(Law::I10, |event| match event {
        Event::CameBack { number, .. } => {
            *number += 1;
            true
        }
        _ => false,
    });
    check(Law::I10, |event| match event {
        Event::Called { calls, .. } => {
            calls.returners += 1;
            true
        }
        _ => false,
    });
}

#[test]
fn who_comes_back_without_having_missed_a_call_is_found() {
    let journal = evening().journal;
    let stage = |name: &str| {
        let at = journal.iter().rposition(|(_, entry)| format!("{:?}", entry.event).starts_with(name));
        at.expect("the evening has such an event")
    };
    let Event::VisitStarted { person: inside, .. } = journal[stage("VisitStarted")].1.event else { panic!("a visit") };
    let returned = stage("CameBack");
    for person in [Person(5), inside] {
        let mut journal = journal.clone();
        let Event::CameBack { person: whose, .. } = &mut journal[returned].1.event else { panic!("a return") };
        *whose = person;
        let found = violations(&journal);
        assert!(found.iter().any(|violation| violation.what.contains("who was not called")), "{person}: {found:?}");
    }
}

#[test]
fn a_draw_whose_steps_do_not_fit_is_found() {
    for step in ["DrawCommitted", "DrawClosed", "DrawRevealed"] {
        let mut journal = evening().journal;
        let at = journal.iter().position(|(_, entry)| format!("{:?}", entry.event).starts_with(step)).unwrap();
        journal.insert(at, journal[at].clone());
        assert!(violations(&journal).iter().any(|violation| violation.law == Law::I10), "{step}, twice");
        journal.drain(at..=at + 1);
        assert!(violations(&journal).iter().any(|violation| violation.law == Law::I10), "{step}, never");
    }

    check(Law::I10, |event| match event {
        Event::DrawClosed { closing, .. } => {
            closing.count += 1;
            true
        }
        _ => false,
    });
    check(Law::I10, |event| match event {
        Event::DrawRevealed { secret, .. } => {
            secret.0[0] ^= 1;
            true
        }
        _ => false,
    });
    check(Law::I10, |event| match event {
        Event::PlacesDrawn { from, .. } => {
            *from += 1;
            true
        }
        _ => false,
    });
    check(Law::I10, |event| match event {
        Event::PlacesDrawn { places, .. } => {
            *places = places.iter().map(|place| Place(place.0 | 1 << 63)).collect();
            true
        }
        _ => false,
    });
}

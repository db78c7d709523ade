//! Room: domain/book/tests. Time: holds and visits that run out, extensions, outages.

use super::*;
use crate::book::samples::CLINIC_STAFF;
use crate::book::{EXPIRED_HOLDS_MAX, Event};

#[test]
fn expired_hold_returns_its_place_once() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let hold = held(&mut sample, person, authority, single);
    assert_eq!(counts(&sample, single.first), (0, 1, 0));
    sample.pass_time(299);
    assert_eq!(counts(&sample, single.first), (0, 1, 0));
    sample.pass_time(1);
    assert_eq!(counts(&sample, single.first), (1, 0, 0));
    assert_eq!(said(confirm(&mut sample, person, authority, hold)), "hold_expired");
    sample.pass_time(10);
    let ended = sample.journal.iter().filter(|(_, entry)| matches!(entry.event, Event::HoldEnded { .. })).count();
    assert_eq!(ended, 1);
}

#[test]
fn a_confirm_at_the_deadline_is_refused_even_before_the_expiry_is_written() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let hold = held(&mut sample, person, authority, single);
    sample.now = sample.now.plus_secs(300);
    assert_eq!(said(confirm(&mut sample, person, authority, hold)), "hold_expired");
    sample.now = sample.now.plus_millis(-1);
    assert_eq!(said(confirm(&mut sample, person, authority, hold)), "ok");
}

#[test]
fn a_hold_may_be_extended_twice() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let hold = held(&mut sample, person, authority, single);
    let start = sample.now;
    let extend = Action::ExtendHold { person, hold, authority };
    for extension in 1..=2 {
        let expires_at = start.plus_secs(300 + extension * 120);
        let outcome = sample.ask(Actor::Citizen(person), extend.clone());
        assert_eq!(outcome, Outcome::Held { hold, expires_at });
    }
    assert_eq!(said(sample.ask(Actor::Citizen(person), extend)), "hold_extended_too_often");
    sample.pass_time(539);
    assert_eq!(counts(&sample, single.first).1, 1);
    sample.pass_time(1);
    assert_eq!(counts(&sample, single.first).1, 0);
}

#[test]
fn one_open_hold_per_person() {
    let mut sample = open(2);
    let person = sample.citizen(1);
    let (authority, one, two) = (sample.inside(person), sample.single("C1"), sample.single("C2"));
    let hold_id = held(&mut sample, person, authority, one);
    assert_eq!(said(hold(&mut sample, person, authority, two)), "hold_open");
    assert_eq!(said(sample.ask(Actor::Citizen(person), Action::ReleaseHold { person, hold: hold_id })), "ok");
    assert_eq!(said(sample.ask(Actor::Citizen(person), Action::ReleaseHold { person, hold: hold_id })), "hold_unknown");
    assert_eq!(said(hold(&mut sample, person, authority, two)), "ok");
}

#[test]
fn three_expired_holds_end_the_visit() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    for _ in 0..EXPIRED_HOLDS_MAX {
        held(&mut sample, person, authority, single);
        sample.pass_time(300);
    }
    assert_eq!(said(hold(&mut sample, person, authority, single)), "no_visit");
    let again = sample.inside(person);
    assert_eq!(said(hold(&mut sample, person, again, single)), "ok");
}

#[test]
fn a_visit_ends_after_half_an_hour_and_takes_its_hold_with_it() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    sample.pass_time(1_700);
    held(&mut sample, person, authority, single);
    sample.pass_time(99);
    assert_eq!(counts(&sample, single.first).1, 1);
    sample.pass_time(1);
    assert_eq!(counts(&sample, single.first).1, 0);
    assert_eq!(said(hold(&mut sample, person, authority, single)), "no_visit");
}

#[test]
fn a_newer_device_takes_the_visit_over_and_gets_what_is_left_of_it() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let old = sample.inside(person);
    let hold_id = held(&mut sample, person, old, single);
    sample.pass_time(100);
    let new = sample.inside(person);
    assert_ne!(old, new);
    assert_eq!(said(confirm(&mut sample, person, old, hold_id)), "visit_moved");
    assert_eq!(said(confirm(&mut sample, person, new, hold_id)), "ok");
}

#[test]
fn who_has_reserved_has_left() {
    let mut sample = open(4);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let hold_id = held(&mut sample, person, authority, single);
    reserved(confirm(&mut sample, person, authority, hold_id));
    assert_eq!(said(hold(&mut sample, person, authority, single)), "no_visit");
    assert_eq!(sample.book.fill().visits, 0);
}

#[test]
fn without_a_visit_only_staff_may_hold() {
    let mut sample = open(2);
    let (person, places) = (sample.citizen(1), sample.single("C1"));
    let visit = Authority::Visit { generation: 0 };
    assert_eq!(said(hold(&mut sample, person, visit, places)), "no_visit");
    let by_staff = Action::Hold { person, campaign: CAMPAIGN, authority: Authority::Staff, facts: ADULT, places };
    assert_eq!(said(sample.ask(CLINIC_STAFF, by_staff)), "ok");
}

#[test]
fn an_outage_moves_every_deadline() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let hold_id = held(&mut sample, person, authority, single);
    sample.now = sample.now.plus_secs(3_000);
    assert_eq!(said(sample.ask(Actor::System, Action::NoteOutage { gap_ms: 3_000_000 })), "ok");
    sample.pass_time(299);
    assert_eq!(counts(&sample, single.first).1, 1);
    let view = sample.book.answer(&crate::book::Query::Citizen { person, campaign: CAMPAIGN }, sample.now);
    let crate::book::Reply::Citizen(view) = view else { panic!("a citizen's view") };
    assert_eq!(view.hold.map(|hold| (hold.hold, hold.expires_at)), Some((hold_id, sample.now.plus_secs(1))));
    assert_eq!(said(confirm(&mut sample, person, authority, hold_id)), "ok", "the visit goes on as well");
}

#[test]
fn due_yields_the_oldest_and_no_more_than_asked_for() {
    let mut sample = open(60);
    let single = sample.single("C1");
    let people: Vec<_> = (1..=10).map(|key| sample.citizen(key)).collect();
    for person in &people {
        let authority = sample.inside(*person);
        held(&mut sample, *person, authority, single);
        sample.now = sample.now.plus_secs(1);
    }
    sample.now = sample.now.plus_secs(1_000);
    let mut entries = Vec::new();
    sample.book.due(sample.now, 4, &mut entries);
    let ended: Vec<_> = entries
        .iter()
        .map(|entry| match &entry.event {
            Event::HoldEnded { person, .. } => *person,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ended, people[..4]);
}

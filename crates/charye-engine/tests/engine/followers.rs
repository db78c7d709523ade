//! Those who work behind: projections without a gap however far they fall behind, messages once each.

use charye_domain::book::{Action, Channel, Event, Outcome};
use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::MessageId;
use charye_engine::fakes::{MemoryMessages, MemoryProjection, ToyKeys};
use charye_engine::identity::{complete_sign_in, erase_person, personal_details};
use charye_engine::ports::{Assurance, Keys, PeopleStore as _, PersonalDetails, ProvenCitizen, Tells};
use charye_engine::{EngineSettings, by_citizen};
use jiff::civil::date;

use crate::stage::{Stage, wait};

fn check_projection(settings: EngineSettings, failures: u32) {
    let projection = MemoryProjection::default();
    projection.fail(failures);
    let kept = projection.clone();
    let stage = Stage::open_with(10, |ports| ports.projection = Some(Box::new(kept)), settings);
    stage.people(300);
    assert!(projection.wait_for(stage.engine.head_seq()));
    assert_eq!(projection.entries(), stage.entries());
    stage.settle();
}

#[test]
fn the_projection_follows_the_journal_without_a_gap() {
    check_projection(EngineSettings::default(), 0);
}

#[test]
fn a_projector_that_fell_behind_reads_the_journal() {
    check_projection(EngineSettings { follower_entries_max: 2, ..EngineSettings::default() }, 0);
}

#[test]
fn a_projection_that_fails_catches_up_later() {
    check_projection(EngineSettings::default(), 1);
}

#[test]
fn a_projection_ahead_of_its_journal_is_made_anew() {
    let projection = MemoryProjection::default();
    let kept = projection.clone();
    let other = Stage::open_with(10, |ports| ports.projection = Some(Box::new(kept)), EngineSettings::default());
    other.people(50);
    assert!(projection.wait_for(other.engine.head_seq()));
    drop(other);
    let kept = projection.clone();
    let stage = Stage::open_with(3, |ports| ports.projection = Some(Box::new(kept)), EngineSettings::default());
    stage.engine.stop();
    assert!(projection.entries().len() <= stage.entries().len());
    assert!(stage.entries().starts_with(&projection.entries()));
}

#[test]
fn every_change_is_told_once_and_its_delivery_is_recorded() {
    let messages = MemoryMessages::default();
    messages.fail(1);
    let sender = messages.clone();
    let stage = Stage::open_with(10, |ports| ports.messages = Some(Box::new(sender)), EngineSettings::default());
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    let done = stage.engine.submit_blocking(visitor.reserve(slot)).unwrap();
    let Outcome::Reserved { reservation, number } = done.value else { panic!() };
    let sent = messages.wait_for(1);
    assert_eq!((sent[0].person, sent[0].tells), (visitor.person, Tells::Reserved { reservation, number }));
    stage.engine.submit_blocking(visitor.cancel(reservation)).unwrap();
    let sent = messages.wait_for(2);
    assert_eq!(sent[1].tells, Tells::Cancelled { reservation });
    let due: Vec<_> = (1..)
        .zip(stage.entries())
        .filter(|(_, entry)| matches!(entry.event, Event::Reserved { .. } | Event::Cancelled { .. }))
        .map(|(seq, _)| MessageId(seq))
        .collect();
    assert_eq!(sent.iter().map(|message| message.id).collect::<Vec<_>>(), due);

    let sender = messages.clone();
    let stage = stage.start_again_with(|ports| ports.messages = Some(Box::new(sender)));
    let (slot, _) = stage.free_slots()[0];
    let next = stage.visitor(2);
    stage.engine.submit_blocking(next.reserve(slot)).unwrap();
    // What was handed over but not yet recorded when the engine stopped comes again, under the same id.
    let mut sent = messages.wait_for(3);
    if sent.last().unwrap().person != next.person {
        sent = messages.wait_for(sent.len() + 1);
    }
    assert_eq!(sent.last().unwrap().person, next.person);
    sent.dedup_by_key(|message| message.id);
    assert_eq!(sent.len(), 3, "nothing else comes twice");
    // Handed over is one thing, on record another, a moment later: an end waits for what is queued.
    stage.engine.stop();
    let recorded = stage.entries().into_iter().filter_map(|entry| match entry.event {
        Event::Delivered { messages } => Some(messages.to_vec()),
        _ => None,
    });
    let recorded: Vec<_> = recorded.flatten().collect();
    assert_eq!(recorded[0], due[0]);
}

#[test]
fn a_sign_in_keeps_the_details_and_an_erasing_destroys_them() {
    let stage = Stage::open(10);
    let details =
        PersonalDetails { name: "홍길동".into(), birth_date: date(1990, 3, 9), phone: "01000000000".into() };
    let proven = ProvenCitizen {
        scheme: UniquenessScheme::Rehearsal,
        key: ToyKeys.citizen_key("rehearsal", b"1"),
        former: Vec::new(),
        details: details.clone(),
        assurance: Assurance::Rehearsed,
    };
    let person = wait(complete_sign_in(&stage.engine, &proven, Channel::Page)).unwrap().value.person;
    let again = wait(complete_sign_in(&stage.engine, &proven, Channel::Api)).unwrap().value.person;
    assert_eq!(person, again);
    assert_eq!(wait(personal_details(&stage.engine, person)).unwrap(), Some(details));
    wait(erase_person(&stage.engine, person, by_citizen(person, Channel::Page), None)).unwrap();
    assert_eq!(wait(personal_details(&stage.engine, person)).unwrap(), None);
    assert_eq!(stage.world.people.count(), 0);
}

#[test]
fn whoever_was_erased_is_erased_again_when_an_older_people_store_is_put_back() {
    let stage = Stage::open(10);
    let details =
        PersonalDetails { name: "홍길동".into(), birth_date: date(1990, 3, 9), phone: "01000000000".into() };
    let (gone, here) = (stage.person(1), stage.person(2));
    stage.citizen(gone, Action::ErasePerson { person: gone }).unwrap();
    for person in [gone, here] {
        stage.world.people.put(person, &details).unwrap();
    }
    let stage = stage.start_again();
    assert_eq!(wait(personal_details(&stage.engine, gone)).unwrap(), None);
    assert_eq!(wait(personal_details(&stage.engine, here)).unwrap(), Some(details));
}

#[test]
fn projections_are_made_anew_when_asked_for() {
    let projection = MemoryProjection::default();
    let kept = projection.clone();
    let stage = Stage::open_with(10, |ports| ports.projection = Some(Box::new(kept)), EngineSettings::default());
    stage.people(50);
    assert!(projection.wait_for(stage.engine.head_seq()));
    projection.forge(3);
    assert_ne!(projection.entries(), stage.entries());
    stage.engine.ask_for_rebuild();
    assert!(projection.wait_for_clearing(1));
    assert!(projection.wait_for(stage.engine.head_seq()));
    assert_eq!(projection.entries(), stage.entries());
}

//! Places: one wins, nobody is told what is not durable, the board never promises too early.

use charye_domain::book::Channel;
use charye_domain::book::samples::{ADULT, CAMPAIGN};
use charye_domain::book::{Outcome, Places, Rejection};
use charye_engine::reservation::{PlaceFailure, cancel_reservation, confirm_reservation, hold_places, reserve_at_once};
use charye_engine::sequencer::answer::Told;
use charye_engine::{Inside, by_citizen};

use crate::stage::{Stage, operation, rejection, wait};

fn is_reserved(told: &Told) -> bool {
    matches!(told, Told::Outcome { outcome: Outcome::Reserved { .. }, .. })
}

#[test]
fn five_hundred_at_once_for_the_last_place_and_one_wins() {
    let stage = Stage::open(1);
    let (slot, free) = stage.free_slots()[0];
    assert_eq!(free, 1);
    let visitors: Vec<_> = (0..500).map(|number| stage.visitor(number)).collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = visitors
            .chunks(50)
            .map(|some| {
                let stage = &stage;
                scope.spawn(move || some.iter().map(|visitor| stage.submit(visitor.reserve(slot))).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let told: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().told).collect();
    let sold_out = Told::Outcome { outcome: Outcome::Refused(Rejection::SoldOut), recorded: false };
    assert_eq!(told.iter().filter(|told| is_reserved(told)).count(), 1);
    assert_eq!(told.iter().filter(|told| **told == sold_out).count(), 499);
    assert_eq!(stage.shown(slot), 0);
}

#[test]
fn five_hundred_confirms_of_one_hold_make_one_reservation() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];
    let Outcome::Held { hold, .. } = stage.citizen(visitor.person, visitor.hold(slot)).unwrap() else { panic!() };
    let confirm = || crate::stage::citizen(visitor.person, None, visitor.confirm(hold));
    let answers: Vec<_> = (0..500).map(|_| stage.submit(confirm())).collect();
    let told = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().told);
    assert_eq!(told.filter(is_reserved).count(), 1);
    assert_eq!(stage.shown(slot), free - 1);
}

#[test]
fn one_person_asking_for_many_places_at_once_gets_one() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let slots = stage.free_slots();
    let answers: Vec<_> = slots.iter().map(|(slot, _)| stage.submit(visitor.reserve(*slot))).collect();
    let told: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().told).collect();
    assert!(told.len() > 2);
    assert_eq!(told.iter().filter(|told| is_reserved(told)).count(), 1);
}

#[test]
fn a_place_shows_as_taken_when_decided_and_as_free_only_after_the_sync() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];

    stage.world.journal.hang_appends();
    let reserved = stage.submit(visitor.reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    assert_eq!(stage.shown(slot), free - 1, "taken before it is durable");
    stage.world.journal.let_appends_go();
    let Told::Outcome { outcome: Outcome::Reserved { reservation, .. }, .. } = reserved.blocking_recv().unwrap().told
    else {
        panic!()
    };

    stage.world.journal.hang_appends();
    let cancelled = stage.submit(visitor.cancel(reservation));
    stage.world.journal.wait_until_an_append_hangs();
    assert_eq!(stage.shown(slot), free - 1, "not free before it is durable");
    stage.world.journal.let_appends_go();
    cancelled.blocking_recv().unwrap();
    assert_eq!(stage.shown(slot), free, "free when the answer is out");
}

#[test]
fn the_journey_of_a_citizen_through_the_use_cases() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];
    let inside = |key| {
        let operation = Some(operation(key));
        Inside::citizen(visitor.person, CAMPAIGN, visitor.generation, ADULT, Channel::Page, operation)
    };
    let places = Places { first: slot, second: None };
    let held = wait(hold_places(&stage.engine, inside(1), places)).unwrap();
    assert_eq!(stage.view(visitor.person).hold.unwrap().hold, held.value.hold);
    let reserved = wait(confirm_reservation(&stage.engine, inside(2), held.value.hold)).unwrap();
    assert!(reserved.seq > held.seq);
    let again = wait(confirm_reservation(&stage.engine, inside(2), held.value.hold)).unwrap();
    assert_eq!(again.value, reserved.value, "the number was drawn anew and the first one stands");
    assert_eq!(stage.shown(slot), free - 1);

    let by = by_citizen(visitor.person, Channel::Page);
    wait(cancel_reservation(&stage.engine, visitor.person, reserved.value.reservation, by, None)).unwrap();
    assert_eq!(stage.shown(slot), free);
    let stranger = stage.visitor(2);
    let by = by_citizen(stranger.person, Channel::Page);
    let theirs = wait(cancel_reservation(&stage.engine, stranger.person, reserved.value.reservation, by, None));
    assert_eq!(rejection(theirs), Rejection::ReservationUnknown);
}

#[test]
fn what_is_sold_out_on_the_board_is_refused_before_the_queue_with_what_is_near() {
    let stage = Stage::open(1);
    let (slot, _) = stage.free_slots()[0];
    let (first, second) = (stage.visitor(1), stage.visitor(2));
    stage.engine.submit_blocking(first.reserve_keyed(slot, 11)).unwrap();
    let head = stage.engine.head_seq();

    let inside = |visitor: crate::stage::Visitor, key| {
        Inside::citizen(visitor.person, CAMPAIGN, visitor.generation, ADULT, Channel::Page, Some(operation(key)))
    };
    let places = Places { first: slot, second: None };
    match wait(reserve_at_once(&stage.engine, inside(second, 22), places)) {
        Err(PlaceFailure::SoldOut { rejection: Rejection::SoldOut, recorded: false, alternatives }) => {
            assert!(!alternatives.same_clinic.is_empty(), "other times at the same clinic");
            assert!(alternatives.same_clinic.iter().all(|offer| offer.slot != slot));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.engine.head_seq(), head, "nothing was recorded");
    assert_eq!(stage.look_up(22), None);

    let repeated = wait(reserve_at_once(&stage.engine, inside(first, 11), places)).unwrap();
    assert_eq!(
        Some(Outcome::Reserved { reservation: repeated.value.reservation, number: repeated.value.number }),
        stage.look_up(11)
    );
}

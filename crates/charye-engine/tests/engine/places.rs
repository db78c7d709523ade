//! Places: one wins, nobody is told what is not durable, the board never promises too early.

use charye_domain::book::samples::{ADULT, CAMPAIGN, PAIRED};
use charye_domain::book::{Action, Channel, Outcome, Places, Rejection};
use charye_domain::ids::{BlockId, ReservationNumber, SlotId};
use charye_domain::vaccine::DoseNumber;
use charye_engine::reservation::{PlaceFailure, cancel_reservation, confirm_reservation, hold_places, reserve_at_once};
use charye_engine::sequencer::answer::Told;
use charye_engine::{Inside, by_citizen};

use crate::stage::{Stage, Visitor, citizen, operation, rejection, wait};

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
    let confirm = || citizen(visitor.person, None, visitor.confirm(hold));
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

/// Slots of one dose of the pairs, by day and hour.
fn slots_of(stage: &Stage, dose: DoseNumber) -> Vec<SlotId> {
    let availability = stage.engine.availability();
    let board = availability.board();
    let slots = (0..board.blocks()).flat_map(|block| board.slots_of(BlockId(block)));
    let of_dose = |slot: &SlotId| {
        board.place(*slot).is_some_and(|place| place.plane.product == PAIRED && place.plane.dose == dose)
    };
    let mut slots: Vec<_> = slots.filter(of_dose).collect();
    slots.sort_unstable_by_key(|slot| board.place(*slot).map(|place| (place.day, place.start)));
    slots
}

/// Somebody swaps both doses while another takes the last place for the new second dose, in this order. Who
/// came first wins; whoever loses has what they had.
fn check_swap(another_first: bool) {
    let stage = Stage::open(1);
    // All places are out, one in each slot.
    stage.pass(2 * 3_600_000);
    let (firsts, seconds) = (slots_of(&stage, DoseNumber::First), slots_of(&stage, DoseNumber::Second));
    let (old, new) = ((firsts[0], seconds[0]), (firsts[2], seconds[4]));
    let (swaps, other) = (stage.visitor(1), stage.visitor(2));
    let pair = |(first, second)| Places { first, second: Some(second) };
    let reserve = |visitor: Visitor, places| Action::ReserveAtOnce {
        person: visitor.person,
        campaign: CAMPAIGN,
        authority: visitor.authority(),
        facts: ADULT,
        places,
        number: ReservationNumber::from_random(u64::from(visitor.person.0) + 77),
    };
    let made = stage.citizen(swaps.person, reserve(swaps, pair(old))).unwrap();
    let Outcome::Reserved { reservation, .. } = made else { panic!("{made:?}") };
    let swaps = stage.visitor(1);
    let swap = Action::Reschedule {
        person: swaps.person,
        reservation,
        authority: swaps.authority(),
        facts: ADULT,
        places: pair(new),
    };
    let swap = citizen(swaps.person, None, swap);
    // Another first dose, and the same second one.
    let takes = citizen(other.person, None, reserve(other, pair((firsts[3], new.1))));

    // The second is asked while the first is decided and not durable yet.
    stage.world.journal.hang_appends();
    let (swapped, taken) = if another_first {
        let taken = stage.submit(takes);
        stage.world.journal.wait_until_an_append_hangs();
        (stage.submit(swap), taken)
    } else {
        let swapped = stage.submit(swap);
        stage.world.journal.wait_until_an_append_hangs();
        (swapped, stage.submit(takes))
    };
    stage.world.journal.let_appends_go();
    let (swapped, taken) = (swapped.blocking_recv().unwrap().told, taken.blocking_recv().unwrap().told);
    stage.settle();

    let lost = Told::Outcome { outcome: Outcome::Refused(Rejection::SecondDoseSoldOut), recorded: false };
    let has = stage.view(swaps.person).reservations[0];
    let shown = |slots: [SlotId; 5]| slots.map(|slot| stage.shown(slot));
    let all = [old.0, old.1, new.0, new.1, firsts[3]];
    if another_first {
        assert!(is_reserved(&taken), "{taken:?}");
        assert_eq!(swapped, lost);
        assert_eq!((has.first.0, has.second.map(|(slot, _)| slot)), (old.0, Some(old.1)), "as it was before");
        assert_eq!(shown(all), [0, 0, 1, 0, 0], "neither new place is taken, neither old one free");
    } else {
        assert!(matches!(swapped, Told::Outcome { outcome: Outcome::Rescheduled { .. }, .. }), "{swapped:?}");
        assert_eq!(taken, lost);
        assert_eq!((has.first.0, has.second.map(|(slot, _)| slot)), (new.0, Some(new.1)));
        assert_eq!(shown(all), [1, 1, 0, 0, 1], "the old places are free, both new ones taken");
    }
}

#[test]
fn a_swap_of_both_doses_is_whole_or_nothing_while_another_takes_one_of_them() {
    check_swap(true);
    check_swap(false);
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

    let inside = |visitor: Visitor, key| {
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

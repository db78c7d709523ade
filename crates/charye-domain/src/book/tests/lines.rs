//! Room: domain/book/tests. The line, rule by rule, on four seats of which one is the agents'.

use super::*;
use crate::book::samples::{OPERATOR, book_in, image_of, opens_at};
use crate::book::{EndWish, Event, LinePurpose, LineStanding, RoomPhase, StaffNumber};
use crate::ids::{KeyId, OpeningId};
use crate::waiting_room::admission::{Calls, PauseReason};
use crate::waiting_room::draw::{Closing, Commitments, DrawKey, DrawSecret};
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;

const OPENING: OpeningId = OpeningId(0);

/// At the opening, with so many people registered and nobody enrolled.
fn opened(people: u8) -> (Sample, Vec<Person>) {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let people = (1..=people).map(|key| sample.citizen(key)).collect();
    sample.now = opens_at();
    sample.pass_time(0);
    (sample, people)
}

fn arrive(sample: &mut Sample, person: Person) -> Outcome {
    sample.arrive(person, sample.now)
}

/// One after the other, a millisecond apart.
fn each(sample: &mut Sample, people: &[Person], ask: fn(&mut Sample, Person) -> Outcome) {
    people.iter().for_each(|person| {
        ask(sample, *person);
        sample.now = sample.now.plus_millis(1);
    });
}

fn call(sample: &mut Sample, overtaken: u32, returners: u32, line: u32) {
    let calls = Calls { overtaken, returners, line };
    sample.ask(Actor::System, Action::Call { campaign: CAMPAIGN, opening: OPENING, calls });
}

fn enter(sample: &mut Sample, actor: Actor, person: Person) -> Outcome {
    sample.ask(actor, Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT })
}

fn come_in(sample: &mut Sample, person: Person) -> Outcome {
    enter(sample, Actor::Citizen(person), person)
}

/// Where an answer leaves somebody who asked to come in: a place in the returners' lane is no refusal, and not inside.
fn at_the_door(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Visiting { .. } => "inside",
        Outcome::InLine { .. } => "in line",
        other => said(other),
    }
}

fn steer(sample: &mut Sample, actor: Actor, steering: Steering, rehearsal: bool) -> Outcome {
    let steering = Box::new(steering);
    sample
        .ask(actor, Action::Steer { campaign: CAMPAIGN, opening: OPENING, steering, note: "because".into(), rehearsal })
}

fn end_visit(sample: &mut Sample, actor: Actor, person: Person, wish: EndWish) -> Outcome {
    let query = crate::book::Query::Citizen { person, campaign: CAMPAIGN };
    let crate::book::Reply::Citizen(view) = sample.book.answer(&query, sample.now) else { panic!("a view") };
    let generation = view.visit.map_or(0, |visit| visit.generation);
    sample.ask(actor, Action::EndVisit { person, campaign: CAMPAIGN, generation, wish })
}

fn waiting_at(ms: u64) -> Outcome {
    let place = Place(Place::FIRST_AFTER_DRAW.0 + ms);
    Outcome::InLine { opening: OPENING, standing: LineStanding::Waiting { place } }
}

#[test]
fn fifty_devices_have_one_place_and_it_is_of_when_the_sign_in_began() {
    let (mut sample, people) = opened(1);
    sample.pass_time(30);
    let began = sample.now.plus_secs(0).plus_millis(-20_000);
    for device in 0..50 {
        assert_eq!(sample.arrive(people[0], began.plus_millis(device * 17)), waiting_at(10_000), "device {device}");
        sample.pass_time(1);
    }
    let arrivals = sample.journal.iter().filter(|(_, entry)| matches!(entry.event, Event::Arrived { .. })).count();
    assert_eq!(arrivals, 1, "who asks again records nothing");
}

#[test]
fn nobody_comes_in_before_being_called_and_three_seats_are_three_calls() {
    let (mut sample, people) = opened(6);
    for person in &people {
        assert_eq!(said(come_in(&mut sample, *person)), "not_called");
        arrive(&mut sample, *person);
        assert_eq!(said(come_in(&mut sample, *person)), "not_called");
        sample.now = sample.now.plus_millis(10);
    }
    call(&mut sample, 0, 0, 6);
    let let_in: Vec<_> = people.iter().filter(|person| said(come_in(&mut sample, **person)) == "ok").collect();
    assert_eq!(let_in, people[..3].iter().collect::<Vec<_>>(), "the agents' seat is not the line's");
    call(&mut sample, 0, 0, 6);
    assert_eq!(said(come_in(&mut sample, people[3])), "not_called");
    assert_eq!(said(end_visit(&mut sample, Actor::Citizen(people[1]), people[1], EndWish::SignOut)), "ok");
    call(&mut sample, 0, 0, 6);
    assert_eq!(at_the_door(come_in(&mut sample, people[3])), "inside");
}

#[test]
fn who_misses_their_call_comes_back_by_the_returners_lane() {
    let (mut sample, people) = opened(3);
    each(&mut sample, &people, arrive);
    call(&mut sample, 0, 0, 2);
    sample.pass_time(60);
    let returning = |number| Outcome::InLine { opening: OPENING, standing: LineStanding::Returning { number } };
    assert_eq!(come_in(&mut sample, people[1]), returning(0));
    assert_eq!(come_in(&mut sample, people[1]), returning(0));
    assert_eq!(arrive(&mut sample, people[0]), returning(1));
    call(&mut sample, 0, 1, 0);
    assert_eq!(at_the_door(come_in(&mut sample, people[1])), "in line", "the third waits, and nobody was let in yet");
    call(&mut sample, 0, 1, 1);
    assert_eq!(at_the_door(come_in(&mut sample, people[1])), "in line", "it was the third who was called");
    call(&mut sample, 0, 1, 0);
    assert_eq!(at_the_door(come_in(&mut sample, people[1])), "inside", "nobody waits any more");
}

#[test]
fn while_nobody_else_waits_all_who_missed_their_call_may_be_called() {
    let (mut sample, people) = opened(3);
    each(&mut sample, &people, arrive);
    call(&mut sample, 0, 0, 3);
    sample.pass_time(60);
    each(&mut sample, &people, come_in);
    call(&mut sample, 0, 3, 0);
    people.iter().for_each(|person| assert_eq!(at_the_door(come_in(&mut sample, *person)), "inside"));
}

#[test]
fn whom_an_early_sign_in_brings_late_is_called_at_once_if_a_seat_is_free() {
    let (mut sample, people) = opened(4);
    sample.pass_time(100);
    each(&mut sample, &people[..2], arrive);
    call(&mut sample, 0, 0, 2);
    let began = opens_at().plus_secs(10);
    assert_eq!(sample.arrive(people[2], began), waiting_at(10_000));
    assert_eq!(at_the_door(come_in(&mut sample, people[2])), "inside", "the third seat was free");
    assert_eq!(sample.arrive(people[3], began), waiting_at(10_000));
    assert_eq!(said(come_in(&mut sample, people[3])), "not_called", "no seat is");
    call(&mut sample, 1, 1, 1);
    assert_eq!(said(come_in(&mut sample, people[3])), "not_called");
    sample.pass_time(60);
    call(&mut sample, 1, 0, 1);
    assert_eq!(at_the_door(come_in(&mut sample, people[3])), "inside");
}

#[test]
fn in_a_pause_nobody_is_called_however_early_they_began_and_whoever_failed_them() {
    let (mut sample, people) = opened(4);
    sample.pass_time(100);
    each(&mut sample, &people[..2], arrive);
    call(&mut sample, 0, 0, 2);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
    steer(&mut sample, OPERATOR, Steering::Pause(PauseReason::Operator), false);
    let paused = sample.journal.len();
    assert_eq!(sample.arrive(people[2], opens_at().plus_secs(10)), waiting_at(10_000));
    assert_eq!(said(come_in(&mut sample, people[2])), "not_called", "a seat is free, and the line stands still");
    assert_eq!(end_visit(&mut sample, Actor::System, people[0], EndWish::OurFault), Outcome::VisitOver);
    assert_eq!(said(come_in(&mut sample, people[0])), "not_called");
    let calls = sample.journal[paused..].iter().filter(|(_, entry)| matches!(entry.event, Event::Called { .. }));
    assert_eq!(calls.count(), 0, "nor is a call on record");
    assert_eq!(at_the_door(come_in(&mut sample, people[1])), "inside", "who was called before may come");
    steer(&mut sample, OPERATOR, Steering::Resume, false);
    call(&mut sample, 2, 0, 0);
    assert_eq!(at_the_door(come_in(&mut sample, people[2])), "inside");
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
}

#[test]
fn whom_we_failed_goes_straight_in_again() {
    let (mut sample, people) = opened(5);
    each(&mut sample, &people, arrive);
    call(&mut sample, 0, 0, 3);
    each(&mut sample, &people[..3], come_in);
    assert_eq!(said(end_visit(&mut sample, Actor::Citizen(people[0]), people[0], EndWish::OurFault)), "not_allowed");
    assert_eq!(end_visit(&mut sample, Actor::System, people[0], EndWish::OurFault), Outcome::VisitOver);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside", "before the two who still wait");
    assert_eq!(said(end_visit(&mut sample, Actor::Citizen(people[0]), people[0], EndWish::SignOut)), "ok");
    assert_eq!(said(come_in(&mut sample, people[0])), "not_called", "who leaves by themselves waits again");
}

#[test]
fn agents_have_a_seat_that_the_line_cannot_take() {
    let (mut sample, people) = opened(6);
    let agent = Actor::Agent(StaffNumber(3));
    assert_eq!(at_the_door(enter(&mut sample, agent, people[4])), "inside");
    assert_eq!(said(enter(&mut sample, agent, people[5])), "not_called");
    each(&mut sample, &people[..4], arrive);
    call(&mut sample, 0, 0, 4);
    let seats = |sample: &Sample| sample.book.room(CAMPAIGN, OPENING).unwrap().door().occupied(sample.now);
    assert_eq!(seats(&sample), 4);
    assert_eq!(said(end_visit(&mut sample, agent, people[4], EndWish::SignOut)), "ok");
    assert_eq!(seats(&sample), 3);
}

#[test]
fn a_cap_cut_under_those_inside_lets_nobody_in_again_before_enough_have_left() {
    let (mut sample, people) = opened(3);
    let terms = |hard_cap| Steering::Terms { hard_cap, rate_min_per_min: 1, rate_max_per_min: 60 };
    let agent = Actor::Agent(StaffNumber(3));
    steer(&mut sample, OPERATOR, terms(8), false);
    arrive(&mut sample, people[0]);
    call(&mut sample, 0, 0, 1);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
    people[1..].iter().for_each(|person| assert_eq!(at_the_door(enter(&mut sample, agent, *person)), "inside"));
    steer(&mut sample, OPERATOR, terms(2), false);
    assert_eq!(end_visit(&mut sample, Actor::System, people[0], EndWish::OurFault), Outcome::VisitOver);
    assert_eq!(said(come_in(&mut sample, people[0])), "not_called", "the agents' callers fill the cap");
    end_visit(&mut sample, agent, people[1], EndWish::SignOut);
    call(&mut sample, 1, 0, 0);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
}

#[test]
fn who_has_reserved_waits_only_to_change_it() {
    let (mut sample, people) = opened(1);
    let person = people[0];
    arrive(&mut sample, person);
    call(&mut sample, 0, 0, 1);
    let places = sample.single("C1");
    assert_eq!(said(sample.reserve(person, places)), "ok");
    assert_eq!(said(arrive(&mut sample, person)), "already_reserved");
    let began_at = sample.now;
    let purpose = LinePurpose::Change;
    let change = Action::Arrive { person, campaign: CAMPAIGN, facts: ADULT, began_at, purpose };
    assert_eq!(sample.ask(Actor::Citizen(person), change), waiting_at(0));
}

#[test]
fn a_pause_by_an_operator_is_not_ended_by_a_machine() {
    let (mut sample, people) = opened(2);
    arrive(&mut sample, people[0]);
    let nothing_left = Steering::Pause(PauseReason::NothingLeft);
    assert_eq!(steer(&mut sample, Actor::System, nothing_left.clone(), false), Outcome::Steered);
    call(&mut sample, 0, 0, 1);
    assert_eq!(said(come_in(&mut sample, people[0])), "not_called");
    assert_eq!(steer(&mut sample, OPERATOR, Steering::Pause(PauseReason::Operator), false), Outcome::Steered);
    assert_eq!(said(steer(&mut sample, Actor::System, Steering::Resume, false)), "not_allowed");
    assert_eq!(said(steer(&mut sample, Actor::System, nothing_left, false)), "not_allowed");
    assert_eq!(said(steer(&mut sample, Actor::Citizen(people[0]), Steering::Resume, false)), "not_allowed");
    assert_eq!(steer(&mut sample, OPERATOR, Steering::Resume, false), Outcome::Steered);
    call(&mut sample, 0, 0, 1);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
}

#[test]
fn a_drained_line_takes_nobody_new_and_calls_nobody() {
    let (mut sample, people) = opened(2);
    arrive(&mut sample, people[0]);
    steer(&mut sample, OPERATOR, Steering::Drain, false);
    assert_eq!(said(arrive(&mut sample, people[1])), "line_closed");
    assert_eq!(arrive(&mut sample, people[0]), waiting_at(0), "who stands in it keeps their place");
    call(&mut sample, 0, 0, 2);
    assert_eq!(said(come_in(&mut sample, people[0])), "not_called");
}

#[test]
fn an_opening_moves_with_ten_minutes_notice_and_everything_with_it() {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let person = sample.citizen(1);
    sample.now = opens_at().plus_secs(0).plus_millis(-1_800_000);
    let at = |secs: u32| sample.now.plus_secs(secs);
    let (too_soon, soon) = (at(599), at(600));
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::OpenAt(too_soon), false)), "notice_too_short");
    assert_eq!(steer(&mut sample, OPERATOR, Steering::OpenAt(soon), false), Outcome::Steered);
    sample.pass_time(599);
    assert_eq!(said(arrive(&mut sample, person)), "opening_not_yet");
    assert_eq!(sample.book.released_share(CAMPAIGN), Some(0));
    sample.pass_time(1);
    assert_eq!(arrive(&mut sample, person), waiting_at(0));
    assert_eq!(sample.book.released_share(CAMPAIGN), Some(5_000));
    let now = sample.now;
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::OpenAt(now.plus_secs(900)), true)), "notice_too_short");
    let restored = book_in(&image_of(&sample.book), DoseTwoPolicy::Together).unwrap();
    let begins = restored.campaign(CAMPAIGN).and_then(|campaign| campaign.opening(OPENING)).unwrap().window.opens_at;
    assert_eq!(begins, soon);
}

#[test]
fn an_opening_moves_up_to_its_neighbours_and_not_past_them() {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let begins = |sample: &Sample, opening: u8| {
        sample
            .book
            .campaign(CAMPAIGN)
            .and_then(|campaign| campaign.opening(OpeningId(opening)))
            .unwrap()
            .window
            .opens_at
    };
    let (first, second) = (begins(&sample, 0), begins(&sample, 1));
    let mut move_second = |at| {
        let (campaign, opening, note) = (CAMPAIGN, OpeningId(1), "because".into());
        let steering = Box::new(Steering::OpenAt(at));
        said(sample.ask(OPERATOR, Action::Steer { campaign, opening, steering, note, rehearsal: true }))
    };
    assert_eq!(move_second(first.plus_millis(-1)), "notice_too_short");
    assert_eq!(move_second(first), "ok");
    assert_eq!(move_second(second), "ok");
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::OpenAt(second.plus_millis(1)), true)), "notice_too_short");
}

#[test]
fn in_a_rehearsal_an_opening_moves_without_notice() {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let person = sample.citizen(1);
    let now = sample.now;
    assert_eq!(steer(&mut sample, OPERATOR, Steering::OpenAt(now), true), Outcome::Steered);
    sample.pass_time(0);
    assert_eq!(arrive(&mut sample, person), waiting_at(0));
    let after_the_end = opens_at().plus_secs(3_600 * 20);
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::OpenAt(after_the_end), true)), "notice_too_short");
}

#[test]
fn unsound_terms_and_long_texts_are_refused() {
    let (mut sample, _) = opened(0);
    let unsound = Steering::Terms { hard_cap: 5, rate_min_per_min: 9, rate_max_per_min: 8 };
    assert_eq!(said(steer(&mut sample, OPERATOR, unsound, false)), "terms_unsound");
    let text = |chars| crate::campaign::Bilingual { ko: "가".repeat(chars), en: String::new() };
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::Message(Some(text(501))), false)), "terms_unsound");
    assert_eq!(said(steer(&mut sample, OPERATOR, Steering::Message(Some(text(500))), false)), "ok");
    let message = sample.book.room(CAMPAIGN, OPENING).unwrap().message().unwrap().ko.chars().count();
    assert_eq!(message, 500);
}

#[test]
fn without_a_line_a_visit_that_is_over_makes_room_for_the_next() {
    let mut sample = open(2);
    let person = sample.citizen(1);
    assert_eq!(at_the_door(come_in(&mut sample, person)), "inside");
    // Its end is not written yet: nobody has looked at the time since.
    sample.now = sample.now.plus_secs(1_800);
    let Outcome::Visiting { ends_at, .. } = come_in(&mut sample, person) else { panic!("not inside") };
    assert_eq!(ends_at, sample.now.plus_secs(1_800), "a new visit, not what is left of the old");
}

#[test]
fn without_a_line_whoever_may_reserve_may_come_in() {
    let mut sample = open(4);
    let person = sample.citizen(1);
    let outcome = arrive(&mut sample, person);
    assert!(matches!(outcome, Outcome::InLine { standing: LineStanding::Called { .. }, .. }), "{outcome:?}");
    assert_eq!(at_the_door(come_in(&mut sample, person)), "inside");
    assert_eq!(sample.book.rooms().len(), 0);
}

#[test]
fn a_room_is_forgotten_a_day_after_its_window() {
    let (mut sample, people) = opened(1);
    arrive(&mut sample, people[0]);
    assert_eq!(sample.book.room(CAMPAIGN, OPENING).unwrap().phase(sample.now), RoomPhase::Open);
    sample.now = opens_at().plus_secs(3_600 + 86_399);
    sample.citizen(9);
    assert_eq!(sample.book.room(CAMPAIGN, OPENING).unwrap().phase(sample.now), RoomPhase::Over);
    sample.now = sample.now.plus_secs(1);
    sample.citizen(8);
    assert_eq!(sample.book.rooms().len(), 0);
    assert_eq!(image_of(&sample.replayed()), image_of(&sample.book));
}

#[test]
fn promises_are_made_once_the_speed_is_known_and_judged_when_people_are_called() {
    let (mut sample, _) = opened(0);
    let terms = Steering::Terms { hard_cap: 100_000, rate_min_per_min: 60, rate_max_per_min: 6_000 };
    steer(&mut sample, OPERATOR, terms, false);
    let people: Vec<Person> = (0..=255).map(|key| sample.citizen(key)).collect();
    each(&mut sample, &people[..250], arrive);
    for _ in 0..110 {
        sample.now = sample.now.plus_secs(1);
        call(&mut sample, 0, 0, 1);
    }
    let room = |sample: &Sample| sample.book.room(CAMPAIGN, OPENING).unwrap().score();
    assert!(room(&sample).kept > 0, "those who waited when the speed was first known were told by rank");
    sample.arrive(people[250], sample.now);
    let promise = sample.journal.iter().rev().find_map(|(_, entry)| match &entry.event {
        Event::Arrived { promise, .. } => *promise,
        _ => None,
    });
    let promise = promise.expect("the speed is known");
    assert!(promise.from_secs <= 140 && 140 <= promise.to_secs, "{promise:?} for 140 people at one a second");
    while sample.book.room(CAMPAIGN, OPENING).unwrap().line().waiting().total() > 0 {
        sample.now = sample.now.plus_secs(1);
        call(&mut sample, 0, 0, 1);
    }
    assert_eq!((room(&sample).early, room(&sample).late, room(&sample).void), (0, 0, 0));
    assert_eq!(image_of(&sample.replayed()), image_of(&sample.book));
}

#[test]
fn places_are_drawn_from_the_next_number_and_for_those_on_the_list_alone() {
    let (campaign, opening) = (CAMPAIGN, OPENING);
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let people: Vec<Person> = (1..=3).map(|key| sample.citizen(key)).collect();
    let (key, secret) = (DrawKey::new([3; 32]), DrawSecret([4; 32]));
    let commitments = Box::new(Commitments::to(&secret, &key));
    sample.ask(Actor::System, Action::CommitDraw { campaign, opening, key_id: KeyId(1), commitments });
    sample.pass_time(15 * 60);
    people.iter().for_each(|person| {
        arrive(&mut sample, *person);
    });
    sample.now = opens_at();
    sample.pass_time(0);
    let place = |sample: &mut Sample, from, places: &[u64]| {
        let places = places.iter().copied().map(Place).collect();
        said(sample.ask(Actor::System, Action::PlaceDrawn { campaign, opening, from, places }))
    };
    assert_eq!(place(&mut sample, 0, &[1, 2, 3]), "draw_out_of_turn", "the list is not closed");
    let query = crate::book::Query::Enrolled { campaign, opening, from: 0, limit: 10 };
    let crate::book::Reply::Enrolled(listed) = sample.book.answer(&query, sample.now) else { panic!("a list") };
    let mut ids = listed.into_iter().flatten().map(|citizen| key.draw_id(campaign, opening, citizen)).collect();
    let closing = Box::new(Closing::of(&mut ids));
    sample.ask(Actor::System, Action::CloseDraw { campaign, opening, closing });
    assert_eq!(place(&mut sample, 0, &[1, 2, 3]), "draw_out_of_turn", "the secret is not told");
    let reveal = |sample: &mut Sample, secret: &DrawSecret, public_value: &[u8]| {
        let (secret, public_value) = (Box::new(DrawSecret(secret.0)), public_value.into());
        said(sample.ask(Actor::System, Action::RevealDraw { campaign, opening, secret, public_value }))
    };
    assert_eq!(reveal(&mut sample, &DrawSecret([5; 32]), b""), "draw_out_of_turn", "not the secret committed to");
    assert_eq!(reveal(&mut sample, &secret, &[b'6'; 10_000]), "draw_out_of_turn", "too long a public value");
    assert_eq!(reveal(&mut sample, &secret, b""), "ok");
    for (from, places) in [(1, &[1, 2][..]), (0, &[]), (0, &[1, 2, 3, 4]), (0, &[1 << 63])] {
        assert_eq!(place(&mut sample, from, places), "draw_out_of_turn", "{from} {places:?}");
    }
    assert_eq!(place(&mut sample, 0, &[1, 2]), "ok");
    for (from, places) in [(0, &[1][..]), (1, &[1]), (3, &[1]), (2, &[3, 4])] {
        assert_eq!(place(&mut sample, from, places), "draw_out_of_turn", "{from} {places:?}");
    }
    assert_eq!(place(&mut sample, 2, &[3]), "ok");
}

#[test]
fn whoever_is_erased_stays_on_a_list_that_is_closed_and_on_no_other() {
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    let people: Vec<Person> = (1..=4).map(|key| sample.citizen(key)).collect();
    let (campaign, opening) = (CAMPAIGN, OPENING);
    let (secret, key) = (DrawSecret([4; 32]), DrawKey::new([3; 32]));
    let commitments = Box::new(Commitments::to(&secret, &key));
    sample.ask(Actor::System, Action::CommitDraw { campaign, opening, key_id: KeyId(1), commitments });
    sample.pass_time(15 * 60);
    each(&mut sample, &people, arrive);
    let listed = |sample: &Sample| {
        let query = crate::book::Query::Enrolled { campaign, opening, from: 0, limit: 10 };
        let crate::book::Reply::Enrolled(keys) = sample.book.answer(&query, sample.now) else { panic!("a list") };
        keys.into_iter().map(|key| key.is_some()).collect::<Vec<_>>()
    };
    let erase = |sample: &mut Sample, person| sample.ask(Actor::Citizen(person), Action::ErasePerson { person });
    assert_eq!(erase(&mut sample, people[0]), Outcome::Erased);
    assert_eq!(listed(&sample), [false, true, true, true]);
    sample.now = opens_at();
    let closing = Box::new(Closing { root: [0; 32], count: 3 });
    assert_eq!(said(sample.ask(Actor::System, Action::CloseDraw { campaign, opening, closing })), "ok");
    assert_eq!(erase(&mut sample, people[2]), Outcome::Erased);
    assert_eq!(listed(&sample), [false, true, true, true]);
    let image = image_of(&sample.book);
    sample.book = book_in(&image, DoseTwoPolicy::Together).unwrap();
    assert_eq!(listed(&sample), [false, true, true, true], "in an image too");
    assert_eq!((image_of(&sample.replayed()), image_of(&sample.book)), (image.clone(), image));
}

#[test]
fn of_an_image_of_rooms_no_byte_can_be_changed_into_a_panic() {
    let (mut sample, people) = opened(4);
    each(&mut sample, &people, arrive);
    call(&mut sample, 0, 0, 2);
    sample.pass_time(61);
    come_in(&mut sample, people[0]);
    let image = image_of(&sample.book);
    // The rooms stand last, before the fingerprint.
    let mut refused = 0;
    for at in (image.len() - 320..image.len()).step_by(3) {
        let mut damaged = image.clone();
        damaged[at] ^= 0xff;
        match book_in(&damaged, DoseTwoPolicy::Together) {
            Ok(book) => assert!(book.rooms().len() <= 1),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
}

#[test]
fn an_outage_runs_down_nobodys_grace() {
    let (mut sample, people) = opened(1);
    assert!(!sample.book.has_deadlines(sample.now));
    arrive(&mut sample, people[0]);
    call(&mut sample, 0, 0, 1);
    assert!(sample.book.has_deadlines(sample.now.plus_secs(59)));
    assert!(!sample.book.has_deadlines(sample.now.plus_secs(60)), "an outage that began later takes nothing away");
    sample.now = sample.now.plus_secs(500);
    sample.ask(Actor::System, Action::NoteOutage { gap_ms: 500_000 });
    sample.pass_time(59);
    assert_eq!(at_the_door(come_in(&mut sample, people[0])), "inside");
}

#[test]
fn a_new_version_changes_the_terms_and_takes_nobodys_line_away() {
    use crate::book::samples::campaign_with_line;
    use crate::campaign::Campaign;
    use crate::ids::CampaignVersion;
    let mut sample = Sample::with_line(DoseTwoPolicy::Together, 20);
    steer(&mut sample, OPERATOR, Steering::CloseToArrivals, false);
    let next = Campaign { version: CampaignVersion(2), ..campaign_with_line(DoseTwoPolicy::Together) };
    let publish = |sample: &mut Sample, campaign: Campaign| {
        let action =
            Action::PublishCampaign { campaign: campaign.into(), text: "sample with a line, version 1".into() };
        said(sample.ask(OPERATOR, action))
    };
    assert_eq!(publish(&mut sample, Campaign { line: None, ..next.clone() }), "campaign_version_stale");
    let mut wider = next;
    if let Some(plan) = &mut wider.line {
        plan.terms = plan.terms.with_hard_cap(40);
    }
    assert_eq!(publish(&mut sample, wider), "ok");
    let room = sample.book.room(CAMPAIGN, OPENING).unwrap();
    assert_eq!((room.terms().hard_cap(), room.is_closed_to_arrivals()), (40, true));
}

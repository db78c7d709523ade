//! Time: what expires does so by itself; a jump opens nothing, revives nothing, expires nothing wholesale; a stop is given back.

use charye_domain::book::{Actor, Channel, Event, Outcome, Provenance, Rejection, StaffNumber};
use charye_domain::reservation::EndOfHold;
use charye_engine::EngineSettings;
use charye_engine::operations::accept_clock;
use charye_engine::sequencer::ClockJumps;
use charye_engine::sequencer::answer::Told;

use crate::stage::{DAY_MS, Stage, busy_code, rejection};

const TEN_YEARS_MS: i64 = 10 * 365 * DAY_MS.cast_signed();
const OPERATOR: Provenance =
    Provenance { actor: Actor::Operator(StaffNumber(1)), channel: Channel::CommandLine, reason: 3 };

#[test]
fn a_hold_expires_by_itself_while_nobody_asks() {
    let world_projection = charye_engine::fakes::MemoryProjection::default();
    let projection = world_projection.clone();
    let stage = Stage::open_with(10, |ports| ports.projection = Some(Box::new(projection)), EngineSettings::default());
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];
    let Outcome::Held { hold, .. } = stage.citizen(visitor.person, visitor.hold(slot)).unwrap() else { panic!() };
    assert_eq!(stage.shown(slot), free - 1);
    let head = stage.engine.head_seq();
    stage.world.clock.pass(300_000);
    assert!(world_projection.wait_for(head + 1), "without being nudged");
    let last = world_projection.entries().pop().unwrap();
    let ended = Event::HoldEnded { person: visitor.person, hold, cause: EndOfHold::Expired };
    assert_eq!((last.event, last.by.actor), (ended, Actor::System));
    assert_eq!(stage.shown(slot), free);
    assert_eq!(rejection(stage.citizen(visitor.person, visitor.confirm(hold))), Rejection::HoldExpired);
}

#[test]
fn a_share_is_released_when_its_opening_begins_and_the_board_shows_it() {
    let stage = Stage::open(10);
    let (slot, free) = stage.free_slots()[0];
    assert_eq!(free, 5);
    stage.pass(2 * 3_600_000);
    assert_eq!(stage.shown(slot), 10);
    let released = stage.entries().into_iter().filter(|entry| matches!(entry.event, Event::ShareReleased { .. }));
    assert_eq!(released.count(), 2);
}

fn check_jump(jump_ms: i64) {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];
    let Outcome::Held { hold, .. } = stage.citizen(visitor.person, visitor.hold(slot)).unwrap() else { panic!() };
    let head = stage.engine.head_seq();

    stage.world.clock.turn_wall(jump_ms);
    stage.settle();
    assert!(stage.engine.health().clock_unsure, "{jump_ms}");
    assert_eq!(busy_code(stage.citizen(visitor.person, visitor.confirm(hold))), "clock_unsure");
    assert!(stage.view(visitor.person).hold.is_some(), "questions are answered, and nothing has expired");
    stage.pass(10_000);
    assert_eq!(stage.engine.head_seq(), head, "nothing opens or expires");

    accept_clock(&stage.engine, OPERATOR).unwrap();
    assert!(!stage.engine.health().clock_unsure);
    let after: Vec<_> = stage.entries().split_off(head as usize).into_iter().map(|entry| entry.event).collect();
    let (first, second) = (&after[0], &after[1]);
    assert_eq!(*first, Event::ClockAccepted);
    assert!(matches!(second, Event::OutageNoted { gap_ms } if *gap_ms >= 10_000), "{jump_ms}: {after:?}");
    // Ten years on every opening has begun, and its share is out.
    stage.settle();
    let out = if jump_ms == TEN_YEARS_MS { 10 } else { free };
    assert_eq!(stage.shown(slot), out - 1, "{jump_ms}: nothing expired wholesale");
    assert!(stage.view(visitor.person).hold.is_some());
}

#[test]
fn a_jump_of_the_wall_clock_stops_changes_until_an_operator_vouches_for_it() {
    check_jump(60_000);
    check_jump(-60_000);
    check_jump(TEN_YEARS_MS);
    check_jump(-TEN_YEARS_MS);
}

/// Jumps, a second one before anybody looked, and an end with a new start between: then an operator vouches for the clock.
fn check_jump_and_start(jumps_ms: [i64; 2]) {
    let stage = Stage::open(10);
    let (first, second) = (stage.visitor(1), stage.visitor(2));
    let (slot, free) = stage.free_slots()[0];
    let hold = |visitor: crate::stage::Visitor| match stage.citizen(visitor.person, visitor.hold(slot)).unwrap() {
        Outcome::Held { hold, .. } => hold,
        other => panic!("{other:?}"),
    };
    let (first_hold, second_hold) = (hold(first), hold(second));
    for jump_ms in jumps_ms {
        stage.world.clock.turn_wall(jump_ms);
        stage.pass(2_000);
    }
    let stage = stage.start_again();
    stage.pass(5_000);
    assert!(stage.engine.health().clock_unsure, "{jumps_ms:?}");
    assert_eq!(busy_code(stage.citizen(first.person, first.confirm(first_hold))), "clock_unsure");

    // A confirm beside the operator's word is told busy or is done; it never finds that the hold has run out.
    stage.world.journal.hang_appends();
    let (vouched, confirmed) = std::thread::scope(|scope| {
        let vouching = scope.spawn(|| accept_clock(&stage.engine, OPERATOR));
        stage.world.journal.wait_until_an_append_hangs();
        let confirmed = stage.submit(crate::stage::citizen(first.person, None, first.confirm(first_hold)));
        stage.world.journal.let_appends_go();
        (vouching.join().unwrap(), confirmed.blocking_recv().unwrap())
    });
    vouched.unwrap();
    let reserved = |told: &Told| matches!(told, Told::Outcome { outcome: Outcome::Reserved { .. }, .. });
    assert!(reserved(&confirmed.told), "{jumps_ms:?}: {confirmed:?}");
    let later = stage.citizen(second.person, second.confirm(second_hold)).unwrap();
    assert!(matches!(later, Outcome::Reserved { .. }), "{jumps_ms:?}: {later:?}");
    stage.settle();
    let out = if jumps_ms.iter().sum::<i64>() > DAY_MS.cast_signed() { 10 } else { free };
    assert_eq!(stage.shown(slot), out - 2, "{jumps_ms:?}");
    let ended = |entry: &charye_domain::book::Entry| matches!(entry.event, Event::HoldEnded { .. });
    assert!(!stage.entries().iter().any(ended), "{jumps_ms:?}: nothing ran out");
}

#[test]
fn holds_outlive_jumps_and_a_start_until_an_operator_vouches_for_the_clock() {
    check_jump_and_start([TEN_YEARS_MS, 60_000]);
    check_jump_and_start([TEN_YEARS_MS, -60_000]);
    check_jump_and_start([-TEN_YEARS_MS, 60_000]);
    check_jump_and_start([2 * DAY_MS.cast_signed(), 2 * DAY_MS.cast_signed()]);
}

#[test]
fn a_citizen_cannot_vouch_for_the_clock() {
    let stage = Stage::open(10);
    let person = stage.person(1);
    stage.world.clock.turn_wall(TEN_YEARS_MS);
    stage.settle();
    let by = charye_engine::by_citizen(person, Channel::Api);
    assert_eq!(busy_code(accept_clock(&stage.engine, by)), "clock_unsure");
    assert!(stage.engine.health().clock_unsure);
}

#[test]
fn a_demo_takes_a_jump_over_by_itself() {
    let settings = EngineSettings { clock_jumps: ClockJumps::AcceptByThemselves, ..EngineSettings::default() };
    let stage = Stage::open_with(10, |_| {}, settings);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    stage.citizen(visitor.person, visitor.hold(slot)).unwrap();
    stage.world.clock.turn_wall(3_600_000);
    stage.settle();
    assert!(!stage.engine.health().clock_unsure);
    assert!(stage.view(visitor.person).hold.is_some(), "its deadline moved by the jump");
    assert!(stage.entries().iter().any(|entry| entry.event == Event::ClockAccepted));
}

#[test]
fn a_stop_is_given_back_to_open_holds_and_visits() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    stage.citizen(visitor.person, visitor.hold(slot)).unwrap();
    let before = stage.view(visitor.person);
    let head = stage.engine.head_seq();

    stage.engine.stop();
    stage.world.clock.pass(7_200_000);
    let stage = stage.start_again();
    let after = stage.view(visitor.person);
    let moved_ms = after.hold.unwrap().expires_at.millis_since(before.hold.unwrap().expires_at);
    assert_eq!(moved_ms, 7_200_000);
    assert_eq!(after.visit.unwrap().ends_at.millis_since(before.visit.unwrap().ends_at), 7_200_000);
    assert_eq!(stage.entries()[head as usize].event, Event::OutageNoted { gap_ms: 7_200_000 });
}

#[test]
fn a_stop_of_nobody_or_of_a_moment_is_not_an_outage() {
    let check = |somebody_inside: bool, stop_ms: u64| {
        let stage = Stage::open(10);
        if somebody_inside {
            stage.visitor(1);
        }
        stage.engine.stop();
        stage.world.clock.pass(stop_ms);
        let stage = stage.start_again();
        stage.settle();
        stage.entries().iter().any(|entry| matches!(entry.event, Event::OutageNoted { .. }))
    };
    assert!(check(true, 1_001));
    assert!(!check(true, 1_000));
    assert!(!check(false, 60_000));
}

#[test]
fn a_start_days_later_waits_for_an_operator() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    stage.engine.stop();
    stage.world.clock.pass(3 * DAY_MS);
    let stage = stage.start_again();
    assert!(stage.engine.health().clock_unsure);
    assert_eq!(busy_code(stage.engine.submit_blocking(visitor.reserve(slot))), "clock_unsure");
    assert_eq!(stage.view(visitor.person).visit.map(|visit| visit.generation), Some(visitor.generation));
    accept_clock(&stage.engine, OPERATOR).unwrap();
    assert!(!stage.engine.health().clock_unsure);
}

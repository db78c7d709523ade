//! Bad days: an append that fails, a thread that breaks off, a disk that is nearly full.

use charye_domain::book::{Event, Outcome};
use charye_engine::fakes::NextAppend;
use charye_engine::sequencer::answer::Told;
use charye_engine::sequencer::{Running, WhyFailed};
use charye_engine::{Failure, Fault};

use crate::stage::{Stage, busy_code};

fn check_failed_append(next: NextAppend, landed: bool) {
    let stage = Stage::open(10);
    let (visitor, other) = (stage.visitor(1), stage.visitor(2));
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.next_append(next);
    let answer = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5));
    assert!(matches!(answer, Err(Failure::Fault(Fault { outcome_unknown: true, .. }))), "{answer:?}");
    assert_eq!(busy_code(stage.engine.submit_blocking(other.reserve(slot))), "draining", "never retried silently");
    let mut running = stage.engine.running();
    crate::stage::wait(running.wait_for(Running::is_over)).unwrap();
    assert!(matches!(&*stage.engine.running().borrow(), Running::Failed(why) if matches!(**why, WhyFailed::Append(_))));

    let stage = stage.start_again();
    let settled = stage.look_up(5);
    assert_eq!(settled.is_some(), landed, "{next:?}");
    let retried = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5)).unwrap().value;
    assert!(settled.is_none_or(|settled| settled == retried), "an unknown outcome settles to exactly one answer");
    let reserved = stage.entries().into_iter().filter(|entry| matches!(entry.event, Event::Reserved { .. }));
    assert_eq!(reserved.count(), 1, "{next:?}");
}

#[test]
fn a_failed_append_is_unknown_stops_the_engine_and_settles_after_a_restart() {
    check_failed_append(NextAppend::FailsBeforeDurable, false);
    check_failed_append(NextAppend::FailsAfterDurable, true);
}

#[test]
fn a_sequencer_that_breaks_off_leaves_nobody_waiting() {
    let stage = Stage::open(10);
    let visitors: Vec<_> = (0..5).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let in_batch = stage.submit(visitors[0].reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    let queued: Vec<_> = visitors[1..].iter().map(|visitor| stage.submit(visitor.reserve(slot))).collect();
    stage.world.journal.next_append(NextAppend::Panics);
    stage.world.journal.let_appends_go();
    assert!(in_batch.blocking_recv().is_err(), "unknown");
    for answer in queued {
        assert_eq!(answer.blocking_recv().unwrap().told, Told::Busy(charye_engine::BusyCause::Draining));
    }
    let answer = stage.engine.submit_blocking(visitors[0].reserve(slot));
    assert_eq!(busy_code(answer), "draining");
    assert!(matches!(&*stage.engine.running().borrow(), Running::Failed(why) if matches!(**why, WhyFailed::BrokeOff)));
}

#[test]
fn a_deposed_leader_confirms_nothing() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    drop(stage.world.journal.clone().open());
    let answer = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5));
    assert!(matches!(answer, Err(Failure::Fault(_))), "{answer:?}");
    assert_eq!(stage.start_again().look_up(5), None);
}

#[test]
fn a_disk_that_is_nearly_full_takes_only_what_gives_back() {
    let stage = Stage::open(10);
    let (visitor, other) = (stage.visitor(1), stage.visitor(2));
    let (slot, _) = stage.free_slots()[0];
    let done = stage.engine.submit_blocking(visitor.reserve(slot)).unwrap().value;
    let Outcome::Reserved { reservation, .. } = done else { panic!() };

    stage.world.journal.set_headroom_bytes(-1);
    stage.pass(1_000);
    assert!(stage.engine.health().storage_low);
    assert_eq!(busy_code(stage.engine.submit_blocking(other.reserve(slot))), "storage_low");
    assert_eq!(stage.view(visitor.person).reservations.len(), 1, "questions are answered");
    stage.engine.submit_blocking(visitor.cancel(reservation)).unwrap();

    stage.world.journal.set_headroom_bytes(0);
    stage.pass(1_000);
    stage.engine.submit_blocking(other.reserve(slot)).unwrap();
}

//! Answers: durable, once, in turn; Busy before anything happens; nobody left waiting.

use charye_domain::book::samples::CAMPAIGN;
use charye_domain::book::{Event, Outcome, Query, Rejection, Reply};
use charye_domain::ids::OperationKey;
use charye_engine::EngineSettings;
use charye_engine::sequencer::answer::{Question, ReplyTo, Told};
use charye_engine::sequencer::lanes::{LANES, LaneRoom};
use tokio::sync::oneshot;

use crate::stage::{Stage, busy_code, rejection};

#[test]
fn a_citizen_reads_their_own_writes() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    let reserved = stage.engine.submit_blocking(visitor.reserve(slot)).unwrap();
    let query = Query::Citizen { person: visitor.person, campaign: CAMPAIGN };
    let read = stage.engine.query_blocking(query).unwrap();
    assert!(read.seq >= reserved.seq);
    let Reply::Citizen(view) = read.value else { panic!() };
    assert_eq!(view.reservations.len(), 1);
    assert!(view.visit.is_none(), "the visit ended with the reservation");
}

#[test]
fn a_query_is_answered_only_when_what_it_saw_is_durable() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let reserved = stage.submit(visitor.reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    let (sender, mut asked) = oneshot::channel();
    let query = Query::Citizen { person: visitor.person, campaign: CAMPAIGN };
    stage.engine.submit(Question::Query(query), ReplyTo::asker(sender)).unwrap();
    assert!(asked.try_recv().is_err(), "the reservation is decided but not durable");
    stage.world.journal.let_appends_go();
    let answer = asked.blocking_recv().unwrap();
    let Told::Reply(Reply::Citizen(view)) = answer.told else { panic!() };
    assert_eq!(view.reservations.len(), 1);
    assert!(answer.seq >= reserved.blocking_recv().unwrap().seq);
}

#[test]
fn repeating_an_operation_repeats_its_answer_and_another_request_is_refused() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    let first = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5)).unwrap();
    let head = stage.engine.head_seq();
    let again = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5)).unwrap();
    assert_eq!(again.value, first.value);
    let mut other = visitor.reserve_keyed(slot, 5);
    other.operation.as_mut().unwrap().request_hash += 1;
    assert_eq!(rejection(stage.engine.submit_blocking(other)), Rejection::KeyReused);
    assert_eq!(stage.engine.head_seq(), head, "nothing was written");
}

#[test]
fn a_concurrent_duplicate_waits_for_the_same_answer() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let first = stage.submit(visitor.reserve_keyed(slot, 5));
    stage.world.journal.wait_until_an_append_hangs();
    let mut duplicates: Vec<_> = (0..10).map(|_| stage.submit(visitor.reserve_keyed(slot, 5))).collect();
    assert!(duplicates.iter_mut().all(|duplicate| duplicate.try_recv().is_err()));
    stage.world.journal.let_appends_go();
    let told = first.blocking_recv().unwrap().told;
    assert!(matches!(told, Told::Outcome { outcome: Outcome::Reserved { .. }, recorded: true }));
    assert!(duplicates.into_iter().all(|duplicate| duplicate.blocking_recv().unwrap().told == told));
    let reserved = stage.entries().into_iter().filter(|entry| matches!(entry.event, Event::Reserved { .. }));
    assert_eq!(reserved.count(), 1);
}

fn narrow_lanes() -> EngineSettings {
    let room = LaneRoom { waiting_max: 3, batch_share: 2 };
    EngineSettings { lanes: [room; LANES], ..EngineSettings::default() }
}

#[test]
fn a_full_lane_says_busy_before_anything_happens_and_the_others_go_on() {
    let stage = Stage::open_with(10, |_| {}, narrow_lanes());
    let visitors: Vec<_> = (0..6).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let mut waiting = vec![stage.submit(visitors[0].reserve_keyed(slot, 100))];
    stage.world.journal.wait_until_an_append_hangs();
    waiting.extend((1..4).map(|n| stage.submit(visitors[n].reserve_keyed(slot, 100 + n as u128))));
    assert_eq!(busy_code(stage.engine.submit_blocking(visitors[4].reserve_keyed(slot, 104))), "busy");
    let (sender, asked) = oneshot::channel();
    let query = Question::Query(Query::Operation { key: OperationKey(104) });
    stage.engine.submit(query, ReplyTo::asker(sender)).unwrap();
    stage.world.journal.let_appends_go();
    assert_eq!(asked.blocking_recv().unwrap().told, Told::Reply(Reply::Operation(None)), "nothing happened");
    for answer in waiting {
        let told = answer.blocking_recv().unwrap().told;
        assert!(matches!(told, Told::Outcome { outcome: Outcome::Reserved { .. }, .. }), "{told:?}");
    }
}

#[test]
fn a_surge_in_one_lane_does_not_hold_up_another() {
    let room = LaneRoom { waiting_max: 1_000, batch_share: 5 };
    let settings = EngineSettings { lanes: [room; LANES], ..EngineSettings::default() };
    let stage = Stage::open_with(500, |_| {}, settings);
    let visitors: Vec<_> = (0..202).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    let done = stage.engine.submit_blocking(visitors[200].reserve(slot)).unwrap().value;
    let Outcome::Reserved { reservation, .. } = done else { panic!() };
    stage.world.journal.hang_appends();
    let first = stage.submit(visitors[201].reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    let surge: Vec<_> = visitors[..200].iter().map(|visitor| stage.submit(visitor.reserve(slot))).collect();
    let cancelled = stage.submit(visitors[200].cancel(reservation));
    let rows_before = stage.world.journal.rows().len();
    stage.world.journal.let_appends_go();
    cancelled.blocking_recv().unwrap();
    first.blocking_recv().unwrap();
    surge.into_iter().for_each(|answer| drop(answer.blocking_recv().unwrap()));
    let rows = stage.world.journal.rows();
    let batch_of_cancel = rows[rows_before + 1].entries.iter();
    assert_eq!(batch_of_cancel.filter(|entry| matches!(entry.event, Event::Cancelled { .. })).count(), 1);
    assert!(rows.len() > rows_before + 8, "the surge took many batches");
}

#[test]
fn who_hung_up_is_passed_over_unless_a_key_obliges_us() {
    let stage = Stage::open(10);
    let (keyless, keyed, first) = (stage.visitor(1), stage.visitor(2), stage.visitor(3));
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let waiting = stage.submit(first.reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    drop(stage.submit(keyless.reserve(slot)));
    drop(stage.submit(keyed.reserve_keyed(slot, 9)));
    stage.world.journal.let_appends_go();
    waiting.blocking_recv().unwrap();
    assert!(stage.view(keyless.person).reservations.is_empty());
    assert!(matches!(stage.look_up(9), Some(Outcome::Reserved { .. })));
}

#[test]
fn stopping_answers_everything_queued_and_lets_nothing_in() {
    let stage = Stage::open(200);
    let visitors: Vec<_> = (0..100).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let answers: Vec<_> = visitors.iter().map(|visitor| stage.submit(visitor.reserve(slot))).collect();
    stage.world.journal.wait_until_an_append_hangs();
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| stage.engine.stop());
        while !matches!(*stage.engine.running().borrow(), charye_engine::sequencer::Running::Draining) {
            std::thread::yield_now();
        }
        assert_eq!(busy_code(stage.engine.submit_blocking(visitors[0].reserve(slot))), "draining");
        stage.world.journal.let_appends_go();
        stopping.join().unwrap();
    });
    for answer in answers {
        assert!(matches!(
            answer.blocking_recv().unwrap().told,
            Told::Outcome { outcome: Outcome::Reserved { .. }, .. }
        ));
    }
    assert!(matches!(*stage.engine.running().borrow(), charye_engine::sequencer::Running::Stopped));
    stage.engine.stop();
}

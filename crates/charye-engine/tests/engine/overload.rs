//! Overload: what nobody waits for is not decided, who waited too long is told so, and look-ups go before reservations do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use charye_domain::book::samples;
use charye_domain::book::{Event, Outcome};
use charye_domain::time::UnixMillis;
use charye_engine::fakes::FakeWorld;
use charye_engine::ports::Clock;
use charye_engine::sequencer::answer::Told;
use charye_engine::{Burn, Engine, EnginePorts, EngineSettings};

use crate::stage::{Stage, busy_code, register};

fn reserved(stage: &Stage) -> usize {
    stage.entries().iter().filter(|entry| matches!(entry.event, Event::Reserved { .. })).count()
}

#[test]
fn a_question_that_waited_too_long_is_told_busy_and_never_happens() {
    let settings = EngineSettings { wait_max: Duration::from_secs(10), ..EngineSettings::default() };
    let stage = Stage::open_with(10, |_| {}, settings);
    let visitors: Vec<_> = (0..3).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let first = stage.submit(visitors[0].reserve_keyed(slot, 1));
    stage.world.journal.wait_until_an_append_hangs();
    let late = stage.submit(visitors[1].reserve_keyed(slot, 2));
    stage.world.clock.pass(1);
    let in_time = stage.submit(visitors[2].reserve_keyed(slot, 3));
    stage.world.clock.pass(10_000);
    stage.world.journal.let_appends_go();
    assert!(matches!(first.blocking_recv().unwrap().told, Told::Outcome { outcome: Outcome::Reserved { .. }, .. }));
    assert!(matches!(late.blocking_recv().unwrap().told, Told::Busy(_)));
    assert!(matches!(in_time.blocking_recv().unwrap().told, Told::Outcome { outcome: Outcome::Reserved { .. }, .. }));
    assert_eq!(stage.look_up(2), None, "nothing happened");
    assert_eq!(reserved(&stage), 2);
}

#[test]
fn a_question_whose_asker_is_gone_is_not_decided_unless_its_key_obliges_us() {
    let stage = Stage::open(10);
    let visitors: Vec<_> = (0..3).map(|number| stage.visitor(number)).collect();
    let (slot, _) = stage.free_slots()[0];
    stage.world.journal.hang_appends();
    let first = stage.submit(visitors[0].reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    drop(stage.submit(visitors[1].reserve(slot)));
    drop(stage.submit(visitors[2].reserve_keyed(slot, 3)));
    stage.world.journal.let_appends_go();
    first.blocking_recv().unwrap();
    stage.settle();
    assert_eq!(reserved(&stage), 2);
    assert!(stage.look_up(3).is_some());
}

#[test]
fn look_ups_are_shed_while_commits_are_slow_and_answered_again_afterwards() {
    let stage = Stage::open(10);
    let shed = || (0..100).filter(|_| stage.engine.admit_look_up().is_err()).count();
    assert_eq!(shed(), 0);
    let (slot, _) = stage.free_slots()[0];
    let visitor = stage.visitor(1);
    stage.world.journal.hang_appends();
    let slow = stage.submit(visitor.reserve(slot));
    stage.world.journal.wait_until_an_append_hangs();
    stage.world.clock.pass(300);
    stage.world.journal.let_appends_go();
    slow.blocking_recv().unwrap();
    stage.settle();
    assert_eq!(shed(), 75, "one in four is answered, so that those inside find a place");
    let busy = std::iter::repeat_with(|| stage.engine.admit_look_up()).take(4).find(Result::is_err);
    assert_eq!(busy_code(busy.unwrap()), "saturated");
    stage.pass(3_000);
    stage.pass(300);
    assert_eq!(shed(), 0);
}

/// A clock on which every look takes a microsecond.
struct Ticking {
    looks: Arc<AtomicU64>,
}

impl Clock for Ticking {
    fn wall(&self) -> UnixMillis {
        samples::opens_at()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.looks.fetch_add(1, Ordering::Relaxed))
    }
}

#[test]
fn a_rehearsal_may_slow_every_command_down() {
    let looks_of_a_command = |burn_us| {
        let world = FakeWorld::at(samples::opens_at());
        let looks = Arc::new(AtomicU64::new(0));
        let clock = Arc::new(Ticking { looks: Arc::clone(&looks) });
        let burn = Burn { command: Duration::from_micros(burn_us), ..Burn::default() };
        let settings = EngineSettings { burn, ..EngineSettings::default() };
        let engine = Engine::start(EnginePorts { clock, ..world.ports() }, settings).unwrap();
        let before = looks.load(Ordering::Relaxed);
        engine.submit_blocking(register(1)).unwrap();
        looks.load(Ordering::Relaxed) - before
    };
    assert!(looks_of_a_command(0) < 1_000);
    assert!(looks_of_a_command(5_000) >= 5_000);
}

#[test]
fn a_rehearsal_may_slow_every_request_down() {
    let looks_of_a_request = |burn_us| {
        let world = FakeWorld::at(samples::opens_at());
        let looks = Arc::new(AtomicU64::new(0));
        let clock = Arc::new(Ticking { looks: Arc::clone(&looks) });
        let burn = Burn { request: Duration::from_micros(burn_us), ..Burn::default() };
        let settings = EngineSettings { burn, ..EngineSettings::default() };
        // Nobody but the request looks at the clock: the sequencer takes no turn.
        let (engine, _stepper) = Engine::start_stepped(EnginePorts { clock, ..world.ports() }, settings).unwrap();
        let before = looks.load(Ordering::Relaxed);
        engine.burn_request();
        looks.load(Ordering::Relaxed) - before
    };
    assert_eq!(looks_of_a_request(0), 0);
    assert!(looks_of_a_request(5_000) >= 5_000);
}

//! Starts: from the journal, from a snapshot and its tail; refused on a gap.

use charye_domain::book::Outcome;
use charye_domain::book::samples;
use charye_domain::vaccine::DoseTwoPolicy;
use charye_engine::fakes::MemorySnapshots;
use charye_engine::sequencer::StartFailure;
use charye_engine::{Engine, EngineSettings};

use crate::stage::Stage;

fn sample_snapshots() -> MemorySnapshots {
    MemorySnapshots::reading(|_, _, _| Some(samples::campaign(DoseTwoPolicy::Together)))
}

#[test]
fn everything_is_there_after_a_restart_and_operations_are_remembered() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, free) = stage.free_slots()[0];
    let reserved = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5)).unwrap();

    let stage = stage.start_again();
    assert_eq!(stage.engine.head_seq(), reserved.seq);
    assert_eq!(stage.shown(slot), free - 1);
    assert_eq!(stage.engine.campaigns().by_code("sample").map(|campaign| campaign.id), Some(samples::CAMPAIGN));
    assert_eq!(stage.look_up(5), Some(reserved.value));
    let again = stage.engine.submit_blocking(visitor.reserve_keyed(slot, 5)).unwrap();
    assert_eq!(again.value, reserved.value);
    assert_eq!(stage.view(visitor.person).reservations.len(), 1);
    assert_eq!(stage.visitor(1).person, visitor.person, "the same citizen is the same person");
}

#[test]
fn a_snapshot_and_its_tail_are_as_good_as_the_journal() {
    let snapshots = sample_snapshots();
    let kept = snapshots.clone();
    let stage = Stage::open_with(10, |ports| ports.snapshots = Some(Box::new(kept)), EngineSettings::default());
    let (before, after) = (stage.visitor(1), stage.visitor(2));
    let (slot, free) = stage.free_slots()[0];
    let first = stage.engine.submit_blocking(before.reserve_keyed(slot, 5)).unwrap();
    stage.engine.ask_for_snapshot();
    assert!(snapshots.wait_for(first.seq));
    let second = stage.engine.submit_blocking(after.reserve_keyed(slot, 6)).unwrap();

    let kept = snapshots.clone();
    let stage = stage.start_again_with(|ports| ports.snapshots = Some(Box::new(kept)));
    assert_eq!(stage.engine.health().snapshot_seq, Some(first.seq));
    assert_eq!(stage.look_up(5), Some(first.value));
    assert_eq!(stage.look_up(6), Some(second.value));
    assert_eq!(stage.shown(slot), free - 2);

    snapshots.damage_newest();
    let stage = stage.start_again_with(|ports| ports.snapshots = Some(Box::new(snapshots)));
    assert_eq!(stage.look_up(5), Some(first.value), "a damaged snapshot is passed over");
    assert_eq!(stage.shown(slot), free - 2);
}

#[test]
fn a_snapshot_is_made_by_itself_after_so_many_entries() {
    let snapshots = sample_snapshots();
    let kept = snapshots.clone();
    let settings = EngineSettings { snapshot_every_entries: 10, ..EngineSettings::default() };
    let stage = Stage::open_with(10, |ports| ports.snapshots = Some(Box::new(kept)), settings);
    stage.people(20);
    assert!(snapshots.wait_for(10));
    assert!(snapshots.kept().len() <= 2);
}

#[test]
fn a_journal_with_a_gap_is_not_started_from() {
    let stage = Stage::open(10);
    let visitor = stage.visitor(1);
    let (slot, _) = stage.free_slots()[0];
    let reserved = stage.engine.submit_blocking(visitor.reserve(slot)).unwrap();
    assert!(matches!(reserved.value, Outcome::Reserved { .. }));
    let world = stage.world.clone();
    drop(stage);
    world.journal.remove_row(2);
    match Engine::start(world.ports(), EngineSettings::default()) {
        Err(StartFailure::DoesNotFit { expected, found, .. }) => assert!(found > expected),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("started on a gap"),
    }
}

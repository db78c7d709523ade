//! Room: ledger/projection, tests. Hands in the file: whatever SQL can change is noticed, and a rebuild mends it.

use super::*;
use crate::projection::sqlite::check::{Look, TableWatch};

/// A history with a row in every table.
fn world() -> World {
    let mut world = World::new();
    let slots = world.slots(DoseNumber::First);
    world.record(vec![
        held(0, 1, slots[0], None),
        reserved(0, 2, slots[0], None),
        reserved(1, 3, slots[1], None),
        cancelled(1, 3),
        cancelled(1, 3),
    ]);
    world
}

fn change(world: &World, sql: &str) {
    Connection::open(world.folder.path().join("projection.db")).unwrap().execute_batch(sql).unwrap();
}

fn watch(world: &World) -> TableWatch {
    TableWatch::open(&world.folder.path().join("projection.db")).unwrap()
}

/// What one round finds, and how many rows it saw.
fn round(watch: &mut TableWatch) -> (Vec<Discrepancy>, u32) {
    let (mut findings, mut rows) = (Vec::new(), 0);
    for _ in 0..1_000 {
        let Look { rows: seen, findings: found, round_is_over } = watch.look().unwrap();
        findings.extend(found);
        rows += seen;
        if round_is_over {
            return (findings, rows);
        }
    }
    panic!("the round does not end");
}

#[test]
fn rows_changed_by_hand_are_named_whichever_table_and_column_it_is() {
    use Table::{Applied, Campaigns, ClinicRows, Clinics, Holds, Reservations, Slots, Violations};
    for (sql, table) in [
        ("UPDATE slots SET reserved = 2 WHERE reserved = 1 AND held = 1", Slots),
        ("UPDATE slots SET held = 0 WHERE held = 1", Slots),
        ("UPDATE slots SET held = 'x', breach = 1 WHERE held = 1", Slots),
        ("UPDATE slots SET capacity = 50, wanted = 50 WHERE held = 1", Slots),
        ("UPDATE slots SET start = '23:00' WHERE held = 1", Slots),
        ("UPDATE slots SET slot = slot + 1000000 WHERE held = 1", Slots),
        ("UPDATE slots SET breach = 1 WHERE held = 1", Slots),
        ("UPDATE reservations SET person = 9 WHERE person = 2", Reservations),
        ("UPDATE reservations SET number = number + 10 WHERE person = 3", Reservations),
        ("UPDATE reservations SET state = 'cancelled' WHERE person = 2", Reservations),
        ("UPDATE reservations SET state = 'reserved' WHERE person = 3", Reservations),
        ("UPDATE reservations SET state = 'lost' WHERE person = 3", Reservations),
        ("UPDATE reservations SET slot = slot + 1 WHERE person = 2", Reservations),
        ("UPDATE reservations SET dose = 2 WHERE person = 2", Reservations),
        ("UPDATE reservations SET reserved_ms = 1 WHERE person = 2", Reservations),
        ("UPDATE reservations SET mark = mark + 1 WHERE person = 2", Reservations),
        ("UPDATE reservations SET id = -1 WHERE person = 2", Reservations),
        ("UPDATE holds SET first_slot = first_slot + 1", Holds),
        ("UPDATE holds SET expires_ms = expires_ms + 1", Holds),
        ("UPDATE clinics SET name_en = 'Elsewhere' WHERE clinic = 1", Clinics),
        ("UPDATE clinics SET lat_e6 = NULL WHERE clinic = 1", Clinics),
        ("UPDATE campaigns SET last_day = '2099-01-01'", Campaigns),
        ("UPDATE clinic_rows SET dose = 2 WHERE clinic_row = 0", ClinicRows),
        ("UPDATE slots SET day = '2021-08-27' WHERE held = 1", Slots),
        ("UPDATE violations SET law = 'I0'", Violations),
        ("UPDATE applied SET seq = seq + 1", Applied),
        ("UPDATE applied SET violations = 0", Applied),
    ] {
        let world = world();
        let mut projection = world.projected();
        let mut watch = watch(&world);
        assert_eq!(round(&mut watch).0, [], "{sql}");
        change(&world, sql);
        let (found, _) = round(&mut watch);
        let is_named = |found: &Discrepancy| matches!(found, Discrepancy::RowChanged { table: of, .. } if *of == table);
        assert!(found.iter().any(is_named), "{sql}: {found:?}");
        assert_ne!(projection.check().unwrap(), [], "{sql}");
        projection.clear().unwrap();
        projection.apply(&world.after(0)).unwrap();
        assert_eq!(projection.check().unwrap(), [], "{sql}: a rebuild mends it");
        assert_eq!(round(&mut watch).0, [], "{sql}");
    }
}

#[test]
fn rows_added_removed_or_forged_with_their_marks_are_noticed() {
    for sql in [
        "DELETE FROM slots",
        "DELETE FROM reservations WHERE person = 3",
        "DELETE FROM holds",
        "DELETE FROM violations",
        "DELETE FROM applied",
        "DELETE FROM clinics WHERE clinic = 0",
        "DELETE FROM sums WHERE of_table = 'slots'",
        "UPDATE sums SET total = total + 1 WHERE of_table = 'clinics'",
        "INSERT INTO sums VALUES ('slots', 77, 5)",
        // A copy of a row with another's mark.
        "INSERT INTO reservations SELECT 99, 49, 1, number, 50, campaign, dose, slot, 'cancelled', 1, 1, 0, mark FROM reservations WHERE person = 2",
        "INSERT INTO clinics SELECT 99, code, kind, name_ko, name_en, district, address, phone, lat_e6, lon_e6, mark FROM clinics WHERE clinic = 0",
        "DROP TABLE holds",
        "DROP TABLE sums",
        "ALTER TABLE clinics ADD COLUMN more TEXT",
    ] {
        let world = world();
        let mut projection = world.projected();
        change(&world, sql);
        assert_ne!(round(&mut watch(&world)).0, [], "{sql}");
        projection.clear().unwrap();
        projection.apply(&world.after(0)).unwrap();
        assert_eq!(round(&mut watch(&world)).0, [], "{sql}: a rebuild mends it");
    }
}

#[test]
fn a_row_changed_before_the_projector_touches_it_is_still_noticed_afterwards() {
    for (sql, is_noticed) in [
        ("UPDATE slots SET start = '23:00'", true),
        ("DELETE FROM slots", true),
        ("UPDATE reservations SET number = 7 WHERE person = 2", true),
        // Open holds and slots of late are kept in memory: what a hand wrote is written over.
        ("UPDATE slots SET reserved = 0", false),
        ("UPDATE holds SET person = 8", false),
    ] {
        let mut world = world();
        let mut projection = world.projected();
        change(&world, sql);
        // Writes all the rows that were changed, with marks of its own.
        world.record(vec![
            cancelled(0, 2),
            Event::HoldExtended { person: Person(1), hold: HoldId(0), expires_at: UnixMillis(AT + 1) },
            reserved(2, 4, world.slots(DoseNumber::First)[1], None),
        ]);
        projection.apply(&world.after(projection.applied_seq())).unwrap();
        let (found, _) = round(&mut watch(&world));
        assert_eq!(!found.is_empty(), is_noticed, "{sql}: {found:?}");
    }
}

#[test]
fn a_round_sees_every_row_of_many_parts_and_is_never_alarmed_by_the_projector() {
    let world = World::new();
    let mut projection = world.projected();
    let slots = world.slots(DoseNumber::First);
    let mut tables = watch(&world);
    // Reservation numbers far apart, so that they lie in many parts.
    for i in 0..40_u32 {
        let reservation = i * 20_000;
        let entries = [reserved(reservation, i, slots[i as usize % 4], None), cancelled(reservation, i)];
        let (first_seq, entries) = (projection.applied_seq() + 1, entries.into_iter().map(entry).collect());
        projection.apply(&[RecordedBatch { first_seq, epoch: 1, at: UnixMillis(AT), hash: [0; 32], entries }]).unwrap();
        assert_eq!(tables.look().unwrap().findings, [], "step {i}");
    }
    round(&mut tables);
    let (found, rows) = round(&mut tables);
    assert_eq!(found, []);
    // 40 reservations, 4 slots, 2 clinics with 2 rows each, a campaign, how far it is.
    assert_eq!(rows, 40 + 4 + 4 + 2 + 1 + 1);
}

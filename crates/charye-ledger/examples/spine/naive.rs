//! Bench: the schema that one would write first: a row per slot and per reservation in SQLite, `synchronous=FULL`, one
//! transaction a reservation and one a batch. Printed beside the journal's figures, for ADR 4.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use crate::Options;
use crate::figures::{Goal, figure, median};
use crate::house::{DAYS, SLOTS_A_DAY};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -262144;
    CREATE TABLE slot (id INTEGER PRIMARY KEY, capacity INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE reservation (person INTEGER PRIMARY KEY, slot INTEGER NOT NULL);
    CREATE INDEX reservation_by_slot ON reservation (slot);
    CREATE TABLE audit (seq INTEGER PRIMARY KEY, person INTEGER, slot INTEGER, what TEXT);";

const SLOTS: &str = "
    WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
    INSERT INTO slot (id, capacity) SELECT id, 8 FROM n";
const RESERVATIONS: &str = "
    WITH RECURSIVE n (id) AS (VALUES (1) UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
    INSERT INTO reservation SELECT id, 1 + (id * 7919319) % ?2 FROM n";

pub(crate) fn measure(options: &Options, folder: &Path, p: Option<f64>) {
    let path = folder.join("naive.db");
    let mut connection = Connection::open(&path).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let slots = i64::from(options.clinics * DAYS * SLOTS_A_DAY);
    connection.execute(SLOTS, [slots]).unwrap();
    connection.execute(RESERVATIONS, [i64::from(options.preload), slots]).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();

    let mut person = i64::from(options.preload);
    for batch in [1, 64, 512] {
        let (mut rates, mut longest) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let (per_sec, longest_ms) = run(&mut connection, options.span, batch, slots, &mut person);
            rates.push(per_sec);
            longest.push(longest_ms);
        }
        figure(&format!("spine.naive_{batch}"), median(&mut rates), "1/s", p, Goal::None);
        figure(&format!("spine.naive_longest_{batch}"), median(&mut longest), "ms", None, Goal::None);
    }
}

/// Reservations a second in transactions of so many, and the longest transaction.
fn run(connection: &mut Connection, span: Duration, batch: u32, slots: i64, person: &mut i64) -> (f64, f64) {
    let began = Instant::now();
    let (mut done, mut longest) = (0, Duration::ZERO);
    while began.elapsed() < span {
        let transaction_began = Instant::now();
        let transaction = connection.transaction().unwrap();
        for _ in 0..batch {
            *person += 1;
            let slot = 1 + (*person).wrapping_mul(7_919_319).unsigned_abs().cast_signed() % slots;
            let taken = transaction
                .prepare_cached("UPDATE slot SET taken = taken + 1 WHERE id = ?1 AND taken < capacity")
                .unwrap()
                .execute([slot])
                .unwrap();
            if taken == 0 {
                continue;
            }
            let row = params![*person, slot];
            let reserve = "INSERT INTO reservation (person, slot) VALUES (?1, ?2)";
            transaction.prepare_cached(reserve).unwrap().execute(row).unwrap();
            let note = "INSERT INTO audit (person, slot, what) VALUES (?1, ?2, 'reserved')";
            transaction.prepare_cached(note).unwrap().execute(row).unwrap();
        }
        transaction.commit().unwrap();
        longest = longest.max(transaction_began.elapsed());
        done += batch;
    }
    (f64::from(done) / began.elapsed().as_secs_f64(), longest.as_secs_f64() * 1_000.0)
}

//! Room: ledger/journal, tests. A journal that grows while it is watched, and hands in its file.

use std::io::Write as _;
use std::ops::ControlFlow;

use charye_engine::ports::{Batch, Journal as _};
use rusqlite::Connection;

use super::*;
use crate::data_folder::DataFolder;
use crate::journal::SqliteJournal;
use crate::suite::entries::{AT, Entries};
use crate::suite::toy_options;

/// Rows of 10 entries each, and a watch over them.
struct Watched {
    _temporary: tempfile::TempDir,
    folder: DataFolder,
    journal: SqliteJournal,
    watch: JournalWatch,
}

impl Watched {
    fn with_rows(rows: u32) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let journal = SqliteJournal::open(&folder, toy_options()).unwrap();
        let watch = JournalWatch::new(journal.reader());
        let mut watched = Self { _temporary: temporary, folder, journal, watch };
        (0..rows).for_each(|_| watched.append(1));
        watched
    }

    fn append(&mut self, seed: u64) {
        let head = self.journal.head();
        let mut drawn = Entries::from_seed(seed * 1_000 + head.next_seq, AT);
        let entries = (0..10).map(|number| drawn.reservation(number)).collect();
        self.journal.append(&Batch { first_seq: head.next_seq, epoch: self.journal.epoch(), at: AT, entries }).unwrap();
    }

    /// Someone with SQL access.
    fn sql(&self, statement: &str) {
        Connection::open(self.folder.journal()).unwrap().execute_batch(statement).unwrap();
    }

    /// Somebody else's journal grows out of what is left of ours.
    fn forge(&mut self, rows: u64) {
        self.journal = SqliteJournal::open(&self.folder, toy_options()).unwrap();
        (0..rows).for_each(|_| self.append(7));
    }

    fn recorded(&self) -> u64 {
        self.journal.head().next_seq - 1
    }

    /// What a round of looks of two rows each finds, up to the first finding.
    fn round(&mut self, recorded: u64) -> Option<JournalFinding> {
        for _ in 0..100 {
            let look = self.watch.look(recorded, 20).unwrap();
            if look.finding.is_some() {
                return look.finding;
            }
            if look.round_is_over {
                return None;
            }
        }
        panic!("the round does not end");
    }
}

#[test]
fn a_journal_that_grows_while_it_is_watched_alarms_nobody() {
    let mut watched = Watched::with_rows(0);
    let (mut rounds, mut entries) = (0, 0);
    for _ in 0..40 {
        let recorded = watched.recorded();
        // Rows that come between asking how far it is and looking.
        watched.append(1);
        let look = watched.watch.look(recorded, 25).unwrap();
        assert_eq!(look.finding, None);
        rounds += u32::from(look.round_is_over);
        entries += look.entries;
    }
    assert!(rounds >= 2 && entries > 400, "{rounds} rounds, {entries} entries");
}

#[test]
fn whatever_a_hand_does_to_a_row_is_named() {
    for (sql, named) in [
        ("UPDATE journal SET entries = zeroblob(length(entries)) WHERE first_seq = 31", "row 31 is damaged"),
        ("UPDATE journal SET at = at + 1 WHERE first_seq = 51", "row 51 is damaged"),
        ("UPDATE journal SET hash = zeroblob(32) WHERE first_seq = 1", "row 1 is damaged"),
        ("UPDATE journal SET epoch = 9 WHERE first_seq = 11", "row 11 is damaged"),
        ("DELETE FROM journal WHERE first_seq = 1", "row 11 is damaged: gap"),
        ("DELETE FROM journal WHERE first_seq = 41", "row 51 is damaged: gap"),
        ("DELETE FROM journal WHERE first_seq = 91", "ends at 90, recorded was up to 100"),
        ("DELETE FROM journal", "ends at 0, recorded was up to 100"),
        ("UPDATE journal SET first_seq = 102 WHERE first_seq = 91", "row 102 is damaged: gap"),
        (
            "DROP TABLE journal; CREATE TABLE journal (first_seq, epoch, at, count, previous_hash, hash, entries)",
            "ends at 0",
        ),
    ] {
        let mut watched = Watched::with_rows(10);
        let recorded = watched.recorded();
        assert_eq!(watched.round(recorded), None, "{sql}");
        watched.sql(sql);
        let found = watched.round(recorded).map(|found| found.to_string()).unwrap_or_default();
        assert!(found.contains(named), "{sql}: {found}");
        // It stays so, and is said again in every round.
        assert!(watched.round(recorded).is_some(), "{sql}");
    }
}

#[test]
fn a_row_behind_the_look_that_is_changed_is_found_in_the_next_round() {
    let mut watched = Watched::with_rows(10);
    let recorded = watched.recorded();
    watched.watch.look(recorded, 50).unwrap();
    watched.sql("UPDATE journal SET entries = zeroblob(length(entries)) WHERE first_seq = 11");
    assert_eq!(watched.round(recorded), None, "the round goes on from row 51");
    assert!(matches!(watched.round(recorded), Some(JournalFinding::Damaged { first_seq: 11, .. })));
}

#[test]
fn a_chain_made_anew_that_holds_in_itself_is_found_too() {
    // As long as ours, longer, and between two looks.
    for (kept, forged) in [(4, 6), (4, 9), (9, 1)] {
        let mut watched = Watched::with_rows(10);
        assert_eq!(watched.round(100), None);
        watched.sql(&format!("DELETE FROM journal WHERE first_seq > {}", kept * 10));
        watched.forge(forged);
        let found = watched.round(100);
        assert_eq!(found, Some(JournalFinding::Replaced { last_seq: 100 }), "{kept} {forged}");
    }
    let mut watched = Watched::with_rows(10);
    watched.watch.look(100, 60).unwrap();
    watched.sql("DELETE FROM journal WHERE first_seq > 50");
    watched.forge(5);
    assert_eq!(watched.round(100), Some(JournalFinding::Replaced { last_seq: 60 }));
}

#[test]
fn rows_that_the_writer_never_recorded_are_found_a_look_later() {
    let mut watched = Watched::with_rows(3);
    assert_eq!(watched.round(20), None, "the writer may be about to say that it has recorded them");
    assert_eq!(watched.round(30), None, "it has");
    assert_eq!(watched.round(20), None);
    assert_eq!(watched.round(20), Some(JournalFinding::Added { recorded: 20, found: 30 }));
}

#[test]
fn a_byte_flipped_below_a_snapshot_is_named_though_a_start_never_reads_there() {
    let mut watched = Watched::with_rows(10);
    let path = watched.folder.journal();
    let sql = Connection::open(&path).unwrap();
    sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, u32>(0))
        .map(|busy| assert_eq!(busy, 0))
        .unwrap();
    let entries: Vec<u8> =
        sql.query_row("SELECT entries FROM journal WHERE first_seq = 31", [], |row| row.get(0)).unwrap();
    let mut file = std::fs::read(&path).unwrap();
    // A page may hold an older copy of a row in its free space: every copy is flipped, as only one of them counts.
    let copies: Vec<_> = (0..file.len() - 32).filter(|at| file[*at..].starts_with(&entries[..32])).collect();
    copies.iter().for_each(|at| file[at + 16] ^= 1);
    // Written over, not replaced: the journal has the file open.
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(&file).unwrap();

    let mut read = 0;
    let after_a_snapshot = watched.journal.reader().read(61, &mut |batch| {
        read += batch.entries.len();
        ControlFlow::Continue(())
    });
    assert!(!copies.is_empty());
    assert!(after_a_snapshot.is_ok() && read == 40, "a start from a snapshot of entry 60 reads what follows");
    let finding = watched.round(watched.recorded()).unwrap().to_string();
    assert!(finding.contains("row 31 is damaged"), "{finding}");
}

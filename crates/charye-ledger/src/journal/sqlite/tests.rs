//! What only a file can suffer: full and failing disks, flipped bytes, edits with SQL, two leaders.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use charye_engine::ports::{ReadFailure, RecordedBatch};

use super::*;
use crate::suite::entries::{AT, Entries};
use crate::suite::{read_all, toy_options};

struct Place {
    _temporary: tempfile::TempDir,
    folder: DataFolder,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        Self { _temporary: temporary, folder }
    }

    fn open(&self) -> SqliteJournal {
        SqliteJournal::open(&self.folder, toy_options()).unwrap()
    }

    /// A journal of `rows` rows of 10 reservations each, closed again.
    fn with_rows(rows: u64) -> Self {
        let place = Self::new();
        let mut journal = place.open();
        for _ in 0..rows {
            append(&mut journal, 10).unwrap();
        }
        drop(journal);
        place
    }

    /// Someone with SQL access.
    fn sql(&self, statement: &str) {
        Connection::open(self.folder.journal()).unwrap().execute_batch(statement).unwrap();
    }

    fn read(&self) -> (Vec<RecordedBatch>, Result<(), ReadFailure>) {
        let mut rows = Vec::new();
        let read = SqliteJournalReader::new(self.folder.journal(), toy_options().campaigns).read(1, &mut |row| {
            rows.push(row);
            std::ops::ControlFlow::Continue(())
        });
        (rows, read)
    }

    /// Reads, and expects the row at `first_seq` to be named with `reason`, after all before it were visited.
    #[track_caller]
    fn expect_damage(&self, first_seq: u64, reason: &str) {
        let (rows, read) = self.read();
        match read {
            Err(ReadFailure::Corrupt { first_seq: found, reason: said }) => {
                assert_eq!(found, first_seq, "{said}");
                assert!(said.contains(reason), "{said}");
            }
            other => panic!("{other:?}"),
        }
        assert!(rows.iter().all(|row| row.first_seq < first_seq));
    }
}

fn append(journal: &mut SqliteJournal, count: u32) -> Result<RowHash, AppendFailure> {
    let head = journal.head();
    let mut drawn = Entries::from_seed(head.next_seq, AT);
    let entries = (0..count).map(|number| drawn.reservation(number)).collect();
    journal.append(&Batch { first_seq: head.next_seq, epoch: journal.epoch(), at: AT, entries })
}

/// What the failure came from, innermost.
fn root(failure: &AppendFailure) -> String {
    let mut source: &dyn std::error::Error = failure;
    while let Some(inner) = source.source() {
        source = inner;
    }
    source.to_string()
}

#[test]
fn an_edited_row_is_named() {
    for edit in [
        "entries = zeroblob(length(entries))",
        "entries = substr(entries, 1, length(entries) - 1)",
        "hash = randomblob(32)",
        "at = at + 1",
        "count = 9",
    ] {
        let place = Place::with_rows(5);
        place.sql(&format!("UPDATE journal SET {edit} WHERE first_seq = 21"));
        place.expect_damage(21, "hash does not match");
    }
}

#[test]
fn a_missing_row_is_named() {
    let place = Place::with_rows(5);
    place.sql("DELETE FROM journal WHERE first_seq = 21");
    place.expect_damage(31, "gap: row 21 is missing");
    let place = Place::with_rows(5);
    place.sql("DELETE FROM journal WHERE first_seq = 1");
    place.expect_damage(11, "gap: row 1 is missing");
}

#[test]
fn reordered_rows_are_named() {
    let place = Place::with_rows(5);
    place.sql(
        "UPDATE journal SET first_seq = 9999 WHERE first_seq = 11; UPDATE journal SET first_seq = 11 WHERE first_seq = 21;
         UPDATE journal SET first_seq = 21 WHERE first_seq = 9999",
    );
    place.expect_damage(11, "fork");
}

#[test]
fn an_inserted_row_is_named() {
    let place = Place::with_rows(3);
    place.sql("INSERT INTO journal SELECT first_seq + 5, epoch, at, count, previous_hash, hash, entries FROM journal WHERE first_seq = 11");
    place.expect_damage(16, "overlap: the row before it ends at 20");
}

#[test]
fn a_row_rewritten_with_a_hash_of_its_own_forks_the_chain() {
    let place = Place::with_rows(3);
    let (rows, _) = place.read();
    let mut entries = rows[1].entries.to_vec();
    entries[0].by.reason = 7;
    let mut bytes = Vec::new();
    codec::encode(AT, &entries, &mut bytes);
    let row = RowHeader { first_seq: 11, epoch: rows[1].epoch, at: AT, count: 10, previous_hash: rows[0].hash };
    Connection::open(place.folder.journal())
        .unwrap()
        .execute("UPDATE journal SET entries = ?1, hash = ?2 WHERE first_seq = 11", params![bytes, row.hash(&bytes)])
        .unwrap();
    place.expect_damage(21, "fork");
}

#[test]
fn an_unknown_entry_version_is_refused() {
    let place = Place::with_rows(1);
    let (rows, _) = place.read();
    let row = RowHeader { first_seq: 11, epoch: rows[0].epoch, at: AT, count: 1, previous_hash: rows[0].hash };
    let bytes = [2, 0, 0, 0, 0];
    place.sql(&format!(
        "INSERT INTO journal VALUES (11, {}, {}, 1, x'{}', x'{}', x'{}')",
        row.epoch,
        AT.0,
        hex(&row.previous_hash),
        hex(&row.hash(&bytes)),
        hex(&bytes)
    ));
    place.expect_damage(11, "format version 2, which this program does not know");
}

#[test]
fn any_flipped_byte_of_the_file_is_noticed_or_changes_nothing() {
    // Whatever byte goes: the rows that read are the rows that were written, and no row is lost in silence.
    let place = Place::with_rows(40);
    let path = place.folder.journal();
    let (expected, _) = place.read();
    let whole = std::fs::read(&path).unwrap();
    let mut noticed = 0;
    for index in (0..whole.len()).step_by(whole.len() / 300) {
        let mut bytes = whole.clone();
        bytes[index] ^= 0x41;
        std::fs::write(&path, bytes).unwrap();
        let (rows, read) = place.read();
        assert!(rows.iter().zip(&expected).all(|(found, row)| found.hash == row.hash), "byte {index}");
        match read {
            Ok(()) => assert_eq!(rows.len(), expected.len(), "byte {index}: rows lost in silence"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 150, "{noticed} of 300 flips noticed");
}

#[test]
fn a_flipped_byte_in_a_row_names_that_row() {
    let place = Place::with_rows(40);
    let path = place.folder.journal();
    let (rows, _) = place.read();
    let mut encoded = Vec::new();
    codec::encode(AT, &rows[17].entries, &mut encoded);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(64).position(|window| window == &encoded[100..164]).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    place.expect_damage(171, "hash does not match");
}

#[test]
fn a_torn_file_is_damage_not_a_shorter_journal() {
    let place = Place::with_rows(60);
    let path = place.folder.journal();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 3 * 4096]).unwrap();
    let (_, read) = place.read();
    assert!(matches!(read, Err(ReadFailure::Corrupt { .. })), "{read:?}");
    assert!(SqliteJournal::open(&place.folder, toy_options()).is_err());
}

#[test]
fn a_torn_wal_ends_the_journal_at_its_last_whole_row() {
    let place = Place::new();
    let mut journal = place.open();
    for _ in 0..30 {
        append(&mut journal, 10).unwrap();
    }
    // What a power loss leaves when the disk lied about its syncs: the main file, and a WAL that breaks off.
    let torn = Place::new();
    std::fs::copy(place.folder.journal(), torn.folder.journal()).unwrap();
    let mut wal = std::fs::read(wal_path(&place.folder.journal())).unwrap();
    let marker = {
        let mut bytes = Vec::new();
        codec::encode(AT, &place.read().0[20].entries, &mut bytes);
        wal.windows(64).position(|window| window == &bytes[..64]).unwrap()
    };
    wal.truncate(marker + 10);
    std::fs::write(wal_path(&torn.folder.journal()), &wal).unwrap();
    let mut journal = torn.open();
    assert_eq!(journal.head().next_seq, 201);
    append(&mut journal, 10).unwrap();
    assert_eq!(read_all(&mut journal.sqlite_reader(), 1).len(), 21);
}

#[test]
fn an_orderly_end_leaves_nothing_in_the_log_where_a_flipped_byte_would_end_it_in_silence() {
    let place = Place::with_rows(5);
    let wal = place.folder.path().join("journal.db-wal");
    let left = std::fs::metadata(&wal).map_or(0, |file| file.len());
    assert_eq!(left, 0, "bytes in the log after the end");
    assert_eq!(place.read().0.len(), 5);
}

#[test]
fn a_full_disk_is_an_unknown_outcome_and_the_journal_takes_no_more() {
    let place = Place::new();
    let mut journal = place.open();
    append(&mut journal, 10).unwrap();
    let pages: i64 = journal.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    journal.connection.execute_batch(&format!("PRAGMA max_page_count = {pages}")).unwrap();
    let failure = append(&mut journal, 10_000).unwrap_err();
    assert!(matches!(failure, AppendFailure::Unknown { first_seq: 11, .. }));
    assert!(root(&failure).contains("full"), "{}", root(&failure));
    let again = append(&mut journal, 1).unwrap_err();
    assert!(root(&again).contains("an append failed before"), "{}", root(&again));
    journal.after_answers();
    drop(journal);
    let mut journal = place.open();
    assert_eq!(journal.head().next_seq, 11);
    append(&mut journal, 1).unwrap();
}

#[test]
fn a_disk_that_became_read_only_is_an_unknown_outcome() {
    let place = Place::new();
    let mut journal = place.open();
    append(&mut journal, 10).unwrap();
    journal.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    let failure = append(&mut journal, 1).unwrap_err();
    assert!(matches!(failure, AppendFailure::Unknown { first_seq: 11, .. }));
    assert!(root(&failure).contains("readonly"), "{}", root(&failure));
}

/// Compiles `tests/faulty_disk.c`, which makes a disk's calls fail, to be loaded into a process of its own.
fn faulty_disk(folder: &Path) -> PathBuf {
    let library = folder.join("faulty_disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faulty_disk.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(compiled.success());
    library
}

/// Runs the test of this name again, in a process whose disk fails as told, and gives what it printed.
fn on_a_faulty_disk(test: &str, folder: &Path, fault: &str, after: u32) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env("LD_PRELOAD", faulty_disk(folder))
        .env("FAULTY_DISK", folder.join("data"))
        .env(fault, after.to_string())
        .output()
        .unwrap();
    String::from_utf8_lossy(&child.stdout).into_owned()
}

/// The child's part: appends until it fails, and says what was answered.
#[expect(clippy::disallowed_methods, reason = "how a parent tells its child process that it is one")]
fn append_until_it_fails() -> bool {
    let Some(path) = std::env::var_os("FAULTY_DISK") else {
        return false;
    };
    let folder = DataFolder::open(PathBuf::from(path)).unwrap();
    let mut journal = match SqliteJournal::open(&folder, toy_options()) {
        Ok(journal) => journal,
        Err(failure) => {
            println!("\nrefused: {failure}");
            return true;
        }
    };
    for _ in 0..10_000 {
        match append(&mut journal, 10) {
            Ok(_) => println!("\nconfirmed: {}", journal.head().next_seq - 1),
            Err(failure) => {
                println!("\nfailed: {failure}: {}", root(&failure));
                println!("\nthen: {}", root(&append(&mut journal, 1).unwrap_err()));
                break;
            }
        }
        journal.after_answers();
    }
    // A process that stops here runs no destructors: SQLite gets no chance to tidy up.
    std::process::exit(0)
}

fn last_confirmed(printed: &str) -> u64 {
    printed.lines().rev().find_map(|line| line.strip_prefix("confirmed: ")).map_or(0, |seq| seq.parse().unwrap())
}

#[test]
fn a_failed_sync_is_an_unknown_outcome_and_nothing_confirmed_is_lost() {
    if append_until_it_fails() {
        return;
    }
    for after in [30, 60, 200] {
        let temporary = tempfile::tempdir().unwrap();
        let test = "journal::sqlite::tests::a_failed_sync_is_an_unknown_outcome_and_nothing_confirmed_is_lost";
        let printed = on_a_faulty_disk(test, temporary.path(), "FAIL_SYNC_AFTER", after);
        let confirmed = last_confirmed(&printed);
        let unknown = format!(
            "failed: could not make batch {} durable; its outcome is unknown: Error code 1034: disk I/O error",
            confirmed + 1
        );
        assert!(printed.contains(&unknown), "{after}: {printed}");
        assert!(printed.contains("then: an append failed before"), "{after}: {printed}");
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let journal = SqliteJournal::open(&folder, toy_options()).unwrap();
        let last = journal.head().next_seq - 1;
        assert!(last == confirmed || last == confirmed + 10, "{after}: confirmed {confirmed}, kept {last}");
        assert_eq!(read_all(&mut journal.sqlite_reader(), 1).last().map_or(0, RecordedBatch::last_seq), last);
    }
}

#[test]
fn a_write_that_finds_no_space_is_an_unknown_outcome_and_nothing_confirmed_is_lost() {
    if append_until_it_fails() {
        return;
    }
    for after in [60, 300] {
        let temporary = tempfile::tempdir().unwrap();
        let test =
            "journal::sqlite::tests::a_write_that_finds_no_space_is_an_unknown_outcome_and_nothing_confirmed_is_lost";
        let printed = on_a_faulty_disk(test, temporary.path(), "FAIL_WRITE_AFTER", after);
        let confirmed = last_confirmed(&printed);
        let unknown = format!(
            "failed: could not make batch {} durable; its outcome is unknown: Error code 13: database or disk is full",
            confirmed + 1
        );
        assert!(printed.contains(&unknown), "{after}: {printed}");
        let folder = DataFolder::open(temporary.path().join("data")).unwrap();
        let journal = SqliteJournal::open(&folder, toy_options()).unwrap();
        assert_eq!(journal.head().next_seq - 1, confirmed, "{after}: {printed}");
    }
}

#[test]
fn a_journal_does_not_open_on_a_disk_that_cannot_sync() {
    if append_until_it_fails() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let test = "journal::sqlite::tests::a_journal_does_not_open_on_a_disk_that_cannot_sync";
    let printed = on_a_faulty_disk(test, temporary.path(), "FAIL_SYNC_AFTER", 3);
    assert!(printed.contains("refused: could not "), "{printed}");
}

#[test]
fn two_processes_on_one_folder_are_refused_with_a_clear_word() {
    let place = Place::new();
    let refused = DataFolder::open(place.folder.path()).unwrap_err().to_string();
    let expected = format!("is in use by another process (process {}); one process per folder", std::process::id());
    assert!(refused.ends_with(&expected), "{refused}");
    let path = place.folder.path().to_owned();
    let Place { _temporary, folder } = place;
    drop(folder);
    DataFolder::open(path).unwrap();
}

#[test]
fn a_folder_that_lets_others_in_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("data");
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let refused = DataFolder::open(&path).unwrap_err().to_string();
    assert!(refused.contains("(mode 755); run: chmod 700 "), "{refused}");
}

#[test]
fn nothing_in_the_folder_is_readable_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let mut journal = place.open();
    append(&mut journal, 1).unwrap();
    for entry in std::fs::read_dir(place.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{:?}", entry.path());
    }
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let place = Place::new();
    Connection::open(place.folder.journal()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert!(matches!(SqliteJournal::open(&place.folder, toy_options()), Err(OpenFailure::NotAJournal { .. })));
    place.sql("INSERT INTO theirs VALUES (1)");
    std::fs::write(place.folder.journal(), b"not a database, but long enough to look at twice; nothing of SQLite")
        .unwrap();
    assert!(matches!(SqliteJournal::open(&place.folder, toy_options()), Err(OpenFailure::NotAJournal { .. })));
}

#[test]
fn a_newer_layout_is_refused() {
    let place = Place::with_rows(1);
    place.sql("PRAGMA user_version = 2");
    assert!(matches!(
        SqliteJournal::open(&place.folder, toy_options()),
        Err(OpenFailure::UnknownLayout { found: 2, .. })
    ));
}

#[test]
fn a_damaged_last_row_keeps_the_journal_from_opening() {
    let place = Place::with_rows(3);
    place.sql("UPDATE journal SET at = at + 1 WHERE first_seq = 21");
    let refused = SqliteJournal::open(&place.folder, toy_options()).err().unwrap().to_string();
    assert!(refused.ends_with("is damaged: hash of row 21 does not match"), "{refused}");
}

#[test]
fn someone_writing_beside_the_leader_is_noticed_before_the_next_row() {
    let place = Place::with_rows(1);
    let mut journal = place.open();
    place.sql("DELETE FROM journal WHERE first_seq = 1");
    let failure = append(&mut journal, 1).unwrap_err();
    assert!(root(&failure).contains("written by someone else"), "{}", root(&failure));
}

#[test]
fn readers_see_every_row_while_the_leader_writes_and_the_wal_stays_small() {
    let place = Place::new();
    let mut journal = place.open();
    let mut reader = journal.sqlite_reader();
    for round in 1..=600_u64 {
        append(&mut journal, 20).unwrap();
        journal.after_answers();
        if round.is_multiple_of(100) {
            assert_eq!(read_all(&mut reader, 1).len() as u64, round);
        }
    }
    let wal = wal_path(&place.folder.journal()).metadata().unwrap().len();
    assert_eq!(wal, WAL_BYTES as u64, "the WAL grew beyond what it was given");
}

#[test]
fn crash_points_come_in_order_and_a_process_that_ends_between_commit_and_answer_kept_the_row() {
    let place = Place::new();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let hook = Arc::clone(&seen);
    let options =
        JournalOptions { crash_hook: Some(Arc::new(move |point| hook.lock().unwrap().push(point))), ..toy_options() };
    let mut journal = SqliteJournal::open(&place.folder, options).unwrap();
    append(&mut journal, 1).unwrap();
    journal.after_answers();
    journal.frames = CHECKPOINT_FRAMES;
    // The copying is done beside: the writer finishes what it finds left after one of the next batches.
    while !seen.lock().unwrap().contains(&AfterCheckpoint) {
        journal.after_answers();
        std::thread::yield_now();
    }
    use CrashPoint::*;
    let expected = [BeforeAppend, BeforeCommit, BeforeAnswer, BeforeCheckpoint, AfterCheckpoint];
    assert_eq!(*seen.lock().unwrap(), expected);

    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let ends_at = |point: CrashPoint| JournalOptions {
        crash_hook: Some(Arc::new(move |reached| {
            CALLS.fetch_add(1, Ordering::Relaxed);
            assert_ne!(reached, point, "the process ends here");
        })),
        ..toy_options()
    };
    for (point, kept) in [(BeforeAppend, 0), (BeforeCommit, 0), (BeforeAnswer, 10)] {
        let place = Place::new();
        let mut journal = SqliteJournal::open(&place.folder, ends_at(point)).unwrap();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| append(&mut journal, 10).is_ok()));
        assert!(ended.is_err(), "{point:?}");
        drop(journal);
        let journal = place.open();
        assert_eq!(journal.head().next_seq, 1 + kept, "{point:?}");
    }
    assert!(CALLS.load(Ordering::Relaxed) >= 3);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

//! Room: ledger. Copies the log of a SQLite file into the file, on a thread and a connection of its own, so that whoever
//! writes does not wait for it. Asked by the journal, and ended with it.
//!
//! The log begins anew once it is copied out whole: by this thread, if the writer rests meanwhile, or by the writer itself,
//! who finds almost nothing left to copy. Must never write a row, nor let a failure end anything: what is in the log is as
//! durable as the writer made it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::sqlite_file::{SqliteFailure, set_pragma};

/// Longest wait for another connection's lock.
const BUSY_TIMEOUT_MS: &str = "2000";
/// Longest wait for the thread. A disk that takes longer has stopped the writer too.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// What is to be copied, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copying {
    /// For words and the thread's name.
    pub(crate) name: &'static str,
    /// `FULL` or `NORMAL`, as the writer has it, and how that reads back.
    pub(crate) synchronous: (&'static str, &'static str),
    /// Goes over the log one after another at most, each for what was committed during the one before.
    pub(crate) passes_max: u32,
}

/// The thread.
pub(crate) struct Checkpointer {
    asking: Option<SyncSender<()>>,
    turns: Arc<Turns>,
    thread: Option<JoinHandle<()>>,
}

/// How often it was asked, and how often it is done.
#[derive(Default)]
struct Turns {
    counts: Mutex<Counts>,
    finished: Condvar,
}

#[derive(Default)]
struct Counts {
    asked: u64,
    done: u64,
}

/// How long the log is, and how much of it is copied. Unit: pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Log {
    pages: u64,
    copied: u64,
}

impl Checkpointer {
    /// Starts the thread, with the priority of the thread that calls.
    pub(crate) fn start(path: &Path, copying: Copying) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let connection = connect(path, copying)?;
        let (asking, asked) = sync_channel(1);
        let turns = Arc::new(Turns::default());
        let its_turns = Arc::clone(&turns);
        let thread = std::thread::Builder::new()
            .name(copying.name.to_owned())
            .spawn(move || copy_when_asked(&connection, copying, &asked, &its_turns))?;
        Ok(Self { asking: Some(asking), turns, thread: Some(thread) })
    }

    /// Has the log copied. Never waits.
    pub(crate) fn ask(&self) {
        self.turns.locked().asked += 1;
        if let Some(asking) = &self.asking {
            // Full: it has yet to look, and will see what is there now.
            let _ = asking.try_send(());
        }
    }

    /// Whether it has not done yet what it was asked for.
    pub(crate) fn is_at_work(&self) -> bool {
        self.turns.locked().is_at_work()
    }

    /// Waits until it has done what it was asked for, ten seconds at most.
    pub(crate) fn wait(&self) {
        let counts = self.turns.locked();
        drop(self.turns.finished.wait_timeout_while(counts, WAIT_MAX, |counts| counts.is_at_work()));
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.asking.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread that copies a log panicked");
        }
    }
}

impl Turns {
    fn locked(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn is_at_work(&self) -> bool {
        self.asked != self.done
    }
}

fn connect(path: &Path, copying: Copying) -> Result<Connection, SqliteFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(SqliteFailure::at("open a file to copy its log"))?;
    set_pragma(&connection, "busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    let (synchronous, reads_as) = copying.synchronous;
    set_pragma(&connection, "synchronous", synchronous, reads_as)?;
    Ok(connection)
}

fn copy_when_asked(connection: &Connection, copying: Copying, asked: &Receiver<()>, turns: &Turns) {
    let mut fails = false;
    while asked.recv().is_ok() {
        let turn = turns.locked().asked;
        match copy_log(connection, copying) {
            Ok(_) => fails = false,
            // Said once, not after every commit.
            Err(failure) => {
                if !std::mem::replace(&mut fails, true) {
                    tracing::warn!(name = copying.name, %failure, "could not copy a log into its file");
                }
            }
        }
        turns.locked().done = turn;
        turns.finished.notify_all();
    }
}

/// Copies the log until nothing is left, or until the writer is too quick.
fn copy_log(connection: &Connection, copying: Copying) -> rusqlite::Result<Log> {
    let mut log = checkpoint(connection, "NOOP")?;
    let mut passes = 0;
    while log.copied < log.pages && passes < copying.passes_max {
        checkpoint(connection, "PASSIVE")?;
        // What was committed while the last pages were copied is seen here.
        log = checkpoint(connection, "NOOP")?;
        passes += 1;
    }
    Ok(log)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let pages = |column| row.get::<_, i64>(column).map(|pages| u64::try_from(pages).unwrap_or(0));
        Ok(Log { pages: pages(1)?, copied: pages(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPYING: Copying = Copying { name: "copying", synchronous: ("NORMAL", "1"), passes_max: 2 };

    struct Place {
        _folder: tempfile::TempDir,
        path: std::path::PathBuf,
        writer: Connection,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rows.db");
            let writer = Connection::open(&path).unwrap();
            writer
                .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);")
                .unwrap();
            Self { _folder: folder, path, writer }
        }

        /// About a page each.
        fn write(&self, rows: i64) {
            let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                          INSERT INTO t SELECT randomblob(4000) FROM n";
            self.writer.execute(insert, [rows]).unwrap();
        }
    }

    #[test]
    fn a_log_is_copied_whole_so_that_it_begins_anew() {
        let place = Place::new();
        let beside = connect(&place.path, COPYING).unwrap();
        place.write(200);
        let log = copy_log(&beside, COPYING).unwrap();
        assert!(log.pages >= 200 && log.copied == log.pages, "{log:?}");
        place.write(1);
        let log = checkpoint(&beside, "NOOP").unwrap();
        assert!(log.pages < 100 && log.copied == 0, "it began anew: {log:?}");
    }

    #[test]
    fn who_asks_can_wait_until_it_is_done_and_the_thread_ends_with_its_owner() {
        let place = Place::new();
        let checkpointer = Checkpointer::start(&place.path, COPYING).unwrap();
        assert!(!checkpointer.is_at_work());
        for rows in [200, 300] {
            place.write(rows);
            checkpointer.ask();
            checkpointer.wait();
            assert!(!checkpointer.is_at_work());
            let log = checkpoint(&place.writer, "NOOP").unwrap();
            assert!(log.pages > 100 && log.copied == log.pages, "{log:?}");
        }
        place.write(200);
        checkpointer.ask();
        // What was asked for is done before it ends.
        drop(checkpointer);
        let log = checkpoint(&place.writer, "NOOP").unwrap();
        assert!(log.pages > 100 && log.copied == log.pages, "{log:?}");
    }
}

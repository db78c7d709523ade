//! Room: ledger/projection. Copies the log of the projections into their file, on a thread and a connection of its own, so
//! that the projector never waits for the disk. Started by `sqlite` at its first write and ended with it.
//!
//! The log begins anew once it is copied out whole, so after each commit the thread copies what is left until nothing is.
//! Must never write a row, nor let a failure end anything: what is in the log is durable enough, and SQLite copies a log
//! that grew far too long by itself.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

use super::BUSY_TIMEOUT_MS;
use crate::sqlite_file::{SqliteFailure, set_pragma};

/// Pages of the log from which on it is copied out. Reservations touch pages at random, so a page is often written again
/// soon: a longer log is copied with less work, and in larger pieces.
const CHECKPOINT_PAGES: i64 = 4_000;
/// Goes over the log one after another, each for what was committed during the one before.
const PASSES_MAX: u32 = 4;

/// The thread.
pub(super) struct Checkpointer {
    committed: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How long the log is, and how much of it is copied. Unit: pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Log {
    pages: i64,
    copied: i64,
}

impl Checkpointer {
    /// Starts the thread, with the priority of the thread that calls.
    pub(super) fn start(path: &Path) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let connection = connect(path)?;
        let (committed, commits) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpointer".to_owned())
            .spawn(move || copy_after_commits(&connection, &commits))?;
        Ok(Self { committed: Some(committed), thread: Some(thread) })
    }

    /// Something was committed. Never waits.
    pub(super) fn note_commit(&self) {
        if let Some(committed) = &self.committed {
            // Full: the thread has yet to look, and will see this commit too.
            let _ = committed.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        drop(self.committed.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the projections' log panicked");
        }
    }
}

fn connect(path: &Path) -> Result<Connection, SqliteFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::at("open projections"))?;
    set_pragma(&connection, "busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    set_pragma(&connection, "synchronous", "NORMAL", "1")?;
    Ok(connection)
}

fn copy_after_commits(connection: &Connection, commits: &Receiver<()>) {
    let mut fails = false;
    while commits.recv().is_ok() {
        match copy_if_long(connection, CHECKPOINT_PAGES) {
            Ok(_) => fails = false,
            // Said once, not after every commit.
            Err(failure) => {
                if !std::mem::replace(&mut fails, true) {
                    tracing::warn!(%failure, "could not copy the projections' log into their file");
                }
            }
        }
    }
}

/// Copies a log of so many pages or more until nothing is left, or until the projector is too quick.
fn copy_if_long(connection: &Connection, pages_min: i64) -> rusqlite::Result<Log> {
    let mut log = checkpoint(connection, "NOOP")?;
    let mut passes = 0;
    while log.pages >= pages_min && log.copied < log.pages && passes < PASSES_MAX {
        log = checkpoint(connection, "PASSIVE")?;
        passes += 1;
        if log.copied == log.pages {
            // What was committed while the last pages were copied is seen here.
            log = checkpoint(connection, "NOOP")?;
        }
    }
    Ok(log)
}

fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<Log> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        Ok(Log { pages: row.get(1)?, copied: row.get(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_is_left_and_a_long_one_is_copied_whole_so_that_it_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tables.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);").unwrap();
        let beside = connect(&path).unwrap();
        let write = |rows: i64| {
            writer
                .execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO t SELECT randomblob(4000) FROM n", [rows])
                .unwrap();
        };
        write(5);
        let log = copy_if_long(&beside, 100).unwrap();
        assert!(log.copied == 0 && (1..100).contains(&log.pages), "{log:?}");
        write(200);
        let log = copy_if_long(&beside, 100).unwrap();
        assert!(log.pages >= 200 && log.copied == log.pages, "{log:?}");
        write(1);
        let log = checkpoint(&beside, "NOOP").unwrap();
        assert!(log.pages < 100 && log.copied == 0, "it began anew: {log:?}");
    }

    #[test]
    fn what_was_noted_is_copied_by_the_thread_and_the_thread_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tables.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x);").unwrap();
        let checkpointer = Checkpointer::start(&path).unwrap();
        writer
            .execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO t SELECT randomblob(4000) FROM n",
                [CHECKPOINT_PAGES + 100],
            )
            .unwrap();
        checkpointer.note_commit();
        // Its thread goes through what was noted before it ends.
        drop(checkpointer);
        let log = checkpoint(&writer, "NOOP").unwrap();
        assert!(log.pages > CHECKPOINT_PAGES && log.copied == log.pages, "{log:?}");
    }
}

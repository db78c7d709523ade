//! Room: ledger/projection. The projections in a SQLite file: WAL, synchronous=OFF, many batches a transaction.
//!
//! Called by the engine's projector. What is written and how far goes in one transaction, so the end of the process loses
//! only what the journal still has; what a loss of power does, `unsynced` knows. If a transaction fails, everything kept
//! in memory is read again. Never stops at a violation.

mod check;
mod doses;
mod holds;
mod lines;
mod reading;
mod reference_tables;
mod row_sums;
mod slots;
mod transaction;
mod unsynced;

use std::path::Path;

use charye_domain::time::UnixMillis;
use charye_engine::ports::{JournalReader, Projection, ProjectionFailure, RecordedBatch};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::data_folder::create_private_file;
use crate::projection::layout::Layout;
use crate::sqlite_file::{SqliteFailure, refuse_old_sqlite, set_pragma};
pub use check::{Discrepancy, Look, TableWatch};
use holds::Holds;
pub use row_sums::Table;
use row_sums::{RowSums, write_row};
use slots::Slots;
use transaction::Writing;
use unsynced::{Unsynced, this_boot};

/// "CHPJ": marks a SQLite file as projections of ours.
const APPLICATION_ID: i64 = 0x4348_504a;
/// Another layout is thrown away and filled from the journal.
const LAYOUT_VERSION: i64 = 7;
const SCHEMA: &str = include_str!("schema.sql");
const TABLES: [&str; 13] = [
    "applied",
    "sums",
    "violations",
    "campaigns",
    "clinics",
    "clinic_rows",
    "slots",
    "holds",
    "reservations",
    "steerings",
    "draw_steps",
    "calls",
    "provider_orders",
];
const BUSY_TIMEOUT_MS: &str = "2000";
/// Pages of the log from which on a commit copies it into the file: 32 MiB. Reservations touch pages at random, so a page is
/// often written again soon, and a longer log is copied with less work. Without a sync that takes some 20 ms.
const CHECKPOINT_PAGES: &str = "8000";
/// Page cache. Unit: KiB, as SQLite wants it, negative.
const CACHE_KIB: &str = "-65536";

/// The projections of one journal.
pub struct SqliteProjection {
    connection: Connection,
    /// `None` if they were opened for reading.
    unsynced: Option<Unsynced>,
    reader: Box<dyn JournalReader>,
    progress: Progress,
    /// What is kept in memory beside the tables. `None` until first needed, and after a failure.
    warm: Option<Warm>,
}

/// The row of `applied`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    seq: u64,
    at_ms: i64,
    violations: u64,
    slots_fingerprint: u64,
}

/// What is kept in memory: as of `Progress::seq`.
struct Warm {
    layout: Layout,
    holds: Holds,
    slots: Slots,
    sums: RowSums,
}

/// Batches do not follow on what is here.
#[derive(Debug, thiserror::Error)]
#[error("batch begins at {found}, but the projections end at {applied}")]
struct Gap {
    applied: u64,
    found: u64,
}

impl SqliteProjection {
    /// Opens the file, creating it (mode 0600) if need be. `reader` reads the journal that is projected: at the first
    /// write, to learn where its slots are. A file of another layout is emptied, and one that was not synced before the
    /// machine went down is made anew.
    ///
    /// # Errors
    /// The file cannot be opened, or is not ours.
    pub fn open(path: &Path, reader: Box<dyn JournalReader>) -> Result<Self, ProjectionFailure> {
        Self::open_in(this_boot().as_deref(), path, reader)
    }

    fn open_in(boot: Option<&str>, path: &Path, reader: Box<dyn JournalReader>) -> Result<Self, ProjectionFailure> {
        refuse_old_sqlite().map_err(failure)?;
        let unsynced = Unsynced::begin(path, boot).map_err(failure)?;
        let opened = create_private_file(path).map_err(failure).and_then(|()| open_tables(path));
        match opened {
            Ok((connection, progress)) => {
                Ok(Self { connection, unsynced: Some(unsynced), reader, progress, warm: None })
            }
            Err(failed) => {
                unsynced.take_back();
                Err(failed)
            }
        }
    }

    /// Sum over slots of the domain's `slot_fingerprint`, as of [`Projection::applied_seq`]: equals
    /// `Book::fingerprint` as of the same entry (law I14).
    pub fn slots_fingerprint(&self) -> u64 {
        self.progress.slots_fingerprint
    }

    /// Time of the last entry written; `None` when empty.
    pub fn applied_at(&self) -> Option<UnixMillis> {
        (self.progress.seq > 0).then_some(UnixMillis(self.progress.at_ms))
    }

    /// The violations stored, oldest first, at most `limit`: law, sequence number, detail.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn stored_violations(&self, limit: u32) -> Result<Vec<(String, u64, String)>, ProjectionFailure> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut select = self.connection.prepare("SELECT law, seq, detail FROM violations ORDER BY id LIMIT ?1")?;
            let rows = select
                .query_map([limit], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?)))?;
            rows.collect()
        };
        read().map_err(failure)
    }

    /// Compares the tables with one another, with the rows' marks and with their sums: finds rows changed, added or removed
    /// by hand. Reads everything; at most 100 findings. [`TableWatch`] does it a part at a time.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn check(&self) -> Result<Vec<Discrepancy>, ProjectionFailure> {
        check::check(&self.connection, &self.progress).map_err(failure)
    }

    fn warm_up(&mut self) -> Result<Warm, Box<dyn std::error::Error + Send + Sync>> {
        let layout = Layout::read(&mut *self.reader, self.progress.seq)?;
        let (holds, sums) = (Holds::read(&self.connection)?, RowSums::read(&self.connection)?);
        Ok(Warm { layout, holds, slots: Slots::default(), sums })
    }

    fn write(&mut self, batches: &[RecordedBatch]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        // Taken out, and put back only when all went well: after a failure memory and tables would differ.
        let mut warm = match self.warm.take() {
            Some(warm) => warm,
            None => self.warm_up()?,
        };
        let sql = self.connection.transaction()?;
        let mut writing = Writing::new(&sql, &mut warm, self.progress);
        for batch in batches {
            for (seq, entry) in (batch.first_seq..).zip(batch.entries.iter()) {
                writing.take_in(seq, entry, batch.at)?;
            }
        }
        let progress = writing.finish()?;
        sql.commit()?;
        self.progress = progress;
        self.warm = Some(warm);
        Ok(())
    }
}

impl Projection for SqliteProjection {
    fn applied_seq(&self) -> u64 {
        self.progress.seq
    }

    fn apply(&mut self, batches: &[RecordedBatch]) -> Result<(), ProjectionFailure> {
        let done = batches.iter().take_while(|batch| batch.last_seq() <= self.progress.seq).count();
        let fresh = &batches[done..];
        let mut next_seq = self.progress.seq + 1;
        for batch in fresh {
            if batch.first_seq != next_seq {
                return Err(failure(Gap { applied: next_seq - 1, found: batch.first_seq }));
            }
            next_seq = batch.last_seq() + 1;
        }
        if fresh.is_empty() { Ok(()) } else { self.write(fresh).map_err(ProjectionFailure) }
    }

    fn violations(&self) -> u64 {
        self.progress.violations
    }

    fn clear(&mut self) -> Result<(), ProjectionFailure> {
        self.warm = None;
        empty(&self.connection).map_err(failure)?;
        self.progress = Progress::default();
        Ok(())
    }
}

fn open_tables(path: &Path) -> Result<(Connection, Progress), ProjectionFailure> {
    let connection = connect(path).map_err(failure)?;
    prepare(&connection).map_err(failure)?;
    let progress = read_progress(&connection).map_err(failure)?;
    Ok((connection, progress))
}

impl Drop for SqliteProjection {
    /// An orderly end leaves tables that the next boot may trust too.
    fn drop(&mut self) {
        let Some(unsynced) = self.unsynced.take() else { return };
        // What a reader keeps from being copied stays in the log, which is synced as well.
        let copied = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = copied {
            tracing::warn!(%error, "the log of the projections is left as it is");
        }
        if let Err(error) = unsynced.end() {
            tracing::warn!(%error, "projections could not be synced: after a loss of power they are made anew");
        }
    }
}

fn connect(path: &Path) -> Result<Connection, SqliteFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::at("open projections"))?;
    set_pragma(&connection, "busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    set_pragma(&connection, "journal_mode", "WAL", "wal")?;
    set_pragma(&connection, "synchronous", "OFF", "0")?;
    set_pragma(&connection, "wal_autocheckpoint", CHECKPOINT_PAGES, CHECKPOINT_PAGES)?;
    set_pragma(&connection, "cache_size", CACHE_KIB, CACHE_KIB)?;
    set_pragma(&connection, "temp_store", "MEMORY", "2")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, LAYOUT_VERSION) => Ok(()),
        (0, 0) | (APPLICATION_ID, _) => empty(connection),
        _ => Err(rusqlite::Error::InvalidPath("the file is not a projection of Charye".into())),
    }
}

/// Makes the tables anew.
fn empty(connection: &Connection) -> rusqlite::Result<()> {
    connection.flush_prepared_statement_cache();
    let sql = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for table in TABLES {
        sql.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    sql.execute_batch(SCHEMA)?;
    let mut sums = RowSums::default();
    write_progress(&sql, &Progress::default(), &mut sums)?;
    sums.write(&sql)?;
    sql.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT_VERSION};"))?;
    sql.commit()
}

fn read_progress(connection: &Connection) -> rusqlite::Result<Progress> {
    let sql = "SELECT seq, at_ms, violations, slots_fingerprint FROM applied WHERE id = 1";
    connection.query_row(sql, [], |row| {
        let unsigned = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Progress {
            seq: unsigned(0)?,
            at_ms: row.get(1)?,
            violations: unsigned(2)?,
            slots_fingerprint: unsigned(3)?,
        })
    })
}

fn write_progress(sql: &Connection, progress: &Progress, sums: &mut RowSums) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO applied VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let cells = [
        1.into(),
        progress.seq.cast_signed().into(),
        progress.at_ms.into(),
        progress.violations.cast_signed().into(),
        progress.slots_fingerprint.cast_signed().into(),
    ];
    // The only row: what was there does not count.
    sums.begin_anew(Table::Applied);
    let hash = write_row(sql, Table::Applied, PUT, &cells)?;
    sums.replace(Table::Applied, 1, None, Some(hash));
    Ok(())
}

fn failure<E: Into<Box<dyn std::error::Error + Send + Sync>>>(source: E) -> ProjectionFailure {
    ProjectionFailure(source.into())
}

#[cfg(test)]
mod tests;

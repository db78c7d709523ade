//! Room: ledger/journal. The writing end of the journal in a SQLite file: WAL, synchronous=FULL, one row a batch.
//! Called by the sequencer's thread. Must never retry an append, change or delete a row, or checkpoint on that thread while
//! an answer waits.
//!
//! The lock mode is NORMAL, so that audits, projector and snapshots open read-only connections of their own and keep
//! their transactions short; the price against EXCLUSIVE stands in docs/reference/journal-format.md.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use charye_domain::time::UnixMillis;
use charye_engine::ports::{AppendFailure, Batch, Head, Journal, JournalReader, RowHash};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::checkpointer::{Checkpointer, Copying};
use crate::data_folder::{DataFolder, create_private_file, sync_folder};
use crate::journal::codec::{self, CampaignReader};
use crate::journal::row::{NO_ROW, RowHeader};
use crate::journal::sqlite_reader::SqliteJournalReader;
use crate::sqlite_file::{SqliteFailure, count, refuse_old_sqlite, set_pragma};
use crate::storage_reserve::StorageReserve;

/// "CHRY": marks a SQLite file as a journal of ours.
pub(crate) const APPLICATION_ID: i64 = 0x4348_5259;
/// The layout of the tables below.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = include_str!("schema.sql");

/// Frames in the WAL from which on a checkpoint is due. About a megabyte: a few milliseconds of copying and one sync, which a
/// thread beside the writer does; the writer itself copies only what it appended meanwhile.
const CHECKPOINT_FRAMES: u64 = 250;
/// Frames at which the writer waits for that thread: well below what the WAL was given room for.
const FRAMES_MAX: u64 = 800;
const COPYING: Copying = Copying { name: "journal-log", synchronous: ("FULL", "2"), passes_max: 2 };
/// Size the WAL is given in advance, so that a commit overwrites blocks instead of allocating them: twice the syncs a
/// second here. Holds four times what a checkpoint lets it grow to.
const WAL_BYTES: usize = 4 << 20;
/// Longest wait for another connection's lock. Only a second writer, which has no business here, makes it wait.
const BUSY_TIMEOUT_MS: &str = "2000";
/// Most bytes in one row's entries. SQLite would take a thousand million; no batch the lanes let through comes near.
const ROW_BYTES_MAX: usize = 256 << 20;
const PAGE_BYTES: u64 = 4096;

/// How a journal is opened.
#[derive(Clone)]
pub struct JournalOptions {
    /// How the text of a published campaign is read.
    pub campaigns: CampaignReader,
    /// Called at each named point, so that a test may end the process there. `None` outside tests.
    pub crash_hook: Option<CrashHook>,
}

/// What a kill test does at a named point.
pub type CrashHook = Arc<dyn Fn(CrashPoint) + Send + Sync>;

/// Points at which a kill test may end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Decided, nothing written.
    BeforeAppend,
    /// Written to the WAL, not yet committed.
    BeforeCommit,
    /// Durable, and nobody has been answered.
    BeforeAnswer,
    /// Answered; a checkpoint is about to copy the WAL.
    BeforeCheckpoint,
    /// The checkpoint is done.
    AfterCheckpoint,
}

/// Why a journal does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailure {
    #[error("{path} is not a journal of Charye")]
    NotAJournal { path: PathBuf },
    #[error("{path} has journal layout {found}, this program knows {SCHEMA_VERSION}")]
    UnknownLayout { path: PathBuf, found: i64 },
    #[error("last row of {path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("could not {doing} {path}")]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not open journal {path}")]
    Sqlite {
        path: PathBuf,
        #[source]
        source: SqliteFailure,
    },
}

/// The journal of one data folder, led by this process.
pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    options: JournalOptions,
    reserve: StorageReserve,
    epoch: u64,
    head: Head,
    /// Frames written since the WAL was last known to be copied out whole; an upper estimate.
    frames: u64,
    checkpointer: Checkpointer,
    /// The checkpointer was asked, and the writer has not finished its checkpoint yet.
    checkpoint_began: bool,
    /// An append failed: memory may be ahead of the truth or behind it, and only a restart can tell.
    failed: bool,
    /// The last checkpoint did not work, and that has been said.
    checkpoint_fails: bool,
    encoded: Vec<u8>,
}

impl SqliteJournal {
    /// Opens the folder's journal, creating it if there is none, and takes its leadership: from here on every other
    /// writer is deposed.
    ///
    /// Everything that the last process left in the WAL is copied into the main file and synced first, so that nothing
    /// is answered from a row that a failed sync may have left in memory only.
    ///
    /// # Errors
    /// Says in words for people why it does not open. Nothing was changed but by a created file.
    pub fn open(folder: &DataFolder, options: JournalOptions) -> Result<Self, OpenFailure> {
        Self::open_file(&folder.journal(), &folder.ballast(), options)
    }

    fn open_file(path: &Path, ballast: &Path, options: JournalOptions) -> Result<Self, OpenFailure> {
        let sqlite = |source| OpenFailure::Sqlite { path: path.to_owned(), source };
        refuse_old_sqlite().map_err(sqlite)?;
        create_private_file(path).map_err(io_at("create", path))?;
        prepare_file(path)?;
        grow_wal(path).map_err(io_at("grow the WAL of", path))?;
        let connection = connect(path).map_err(sqlite)?;
        settle(&connection).map_err(sqlite)?;
        let epoch = take_leadership(&connection).map_err(sqlite)?;
        let head = read_head(&connection, path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        sync_folder(folder).map_err(io_at("sync the folder of", path))?;
        let checkpointer = Checkpointer::start(path, COPYING).map_err(|failure| OpenFailure::Io {
            doing: "copy the log of",
            path: path.to_owned(),
            source: io::Error::other(failure),
        })?;
        let reserve = StorageReserve::open(ballast.to_owned()).map_err(io_at("keep a storage reserve beside", path))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            options,
            reserve,
            epoch,
            head,
            frames: 0,
            checkpointer,
            checkpoint_began: false,
            failed: false,
            checkpoint_fails: false,
            encoded: Vec::new(),
        })
    }

    /// A reader as a value, for callers that name the store.
    pub fn sqlite_reader(&self) -> SqliteJournalReader {
        SqliteJournalReader::new(self.path.clone(), Arc::clone(&self.options.campaigns))
    }

    fn reach(&self, point: CrashPoint) {
        if let Some(hook) = &self.options.crash_hook {
            hook(point);
        }
    }

    fn try_append(&mut self, batch: &Batch) -> Result<RowHash, AppendError> {
        if self.failed {
            return Err(AppendError::FailedBefore);
        }
        if batch.first_seq != self.head.next_seq || batch.entries.is_empty() {
            return Err(AppendError::DoesNotFollow { next_seq: self.head.next_seq });
        }
        self.encoded.clear();
        codec::encode(batch.at, &batch.entries, &mut self.encoded);
        if self.encoded.len() > ROW_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes: self.encoded.len() });
        }
        let row = RowHeader {
            first_seq: batch.first_seq,
            epoch: batch.epoch,
            at: batch.at,
            count: batch.entries.len() as u64,
            previous_hash: self.head.hash,
        };
        let hash = row.hash(&self.encoded);
        self.reach(CrashPoint::BeforeAppend);
        insert(&self.connection, &row, &self.encoded, &hash, || self.reach(CrashPoint::BeforeCommit))?;
        self.head = Head { next_seq: row.first_seq + row.count, epoch: row.epoch, at: Some(row.at), hash };
        // Leaf, index root and the first page, besides the pages that the entries fill.
        self.frames += 3 + self.encoded.len() as u64 / PAGE_BYTES;
        self.reach(CrashPoint::BeforeAnswer);
        Ok(hash)
    }
}

/// Why a row did not land, before it is told to the sequencer.
#[derive(Debug, thiserror::Error)]
enum AppendError {
    #[error("another leader has epoch {epoch}")]
    Deposed { epoch: u64 },
    #[error("an append failed before; the journal must be opened anew")]
    FailedBefore,
    #[error("batch is empty or does not begin at {next_seq}, where the journal ends")]
    DoesNotFollow { next_seq: u64 },
    #[error("journal was written by someone else: its last row is not the one appended last")]
    HeadMoved,
    #[error("batch is {bytes} bytes long, more than {ROW_BYTES_MAX}")]
    TooLarge { bytes: usize },
    #[error("could not {doing}")]
    Sqlite {
        doing: &'static str,
        #[source]
        source: rusqlite::Error,
    },
}

impl Journal for SqliteJournal {
    fn head(&self) -> Head {
        self.head
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&mut self, batch: &Batch) -> Result<RowHash, AppendFailure> {
        self.try_append(batch).map_err(|failure| {
            self.failed = true;
            match failure {
                AppendError::Deposed { epoch } => AppendFailure::Deposed { epoch },
                other => AppendFailure::Unknown { first_seq: batch.first_seq, source: Box::new(other) },
            }
        })
    }

    /// Two steps, some batches apart: has the WAL copied beside the writer; then copies what was appended meanwhile, so that
    /// nothing is left and the WAL begins anew.
    fn after_answers(&mut self) {
        if self.failed {
            return;
        }
        if !self.checkpoint_began && self.frames >= CHECKPOINT_FRAMES {
            self.reach(CrashPoint::BeforeCheckpoint);
            self.checkpointer.ask();
            self.checkpoint_began = true;
        }
        if self.checkpoint_began {
            if self.frames >= FRAMES_MAX {
                self.checkpointer.wait();
            }
            if !self.checkpointer.is_at_work() {
                self.checkpoint_began = false;
                self.finish_checkpoint();
            }
        }
    }

    fn storage_headroom_bytes(&self) -> i64 {
        self.reserve.headroom_bytes()
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(self.sqlite_reader())
    }
}

impl SqliteJournal {
    fn finish_checkpoint(&mut self) {
        match checkpoint(&self.connection, "PASSIVE") {
            Ok(left) => {
                self.frames = left;
                self.checkpoint_fails = false;
            }
            // The rows are durable in the WAL either way; the next append would notice a sick disk. Said once, not after
            // every batch: a full disk has no room for a log of it.
            Err(failure) => {
                if !std::mem::replace(&mut self.checkpoint_fails, true) {
                    tracing::error!(?failure, "could not checkpoint journal");
                }
            }
        }
        self.reach(CrashPoint::AfterCheckpoint);
    }
}

impl Drop for SqliteJournal {
    /// An orderly end copies the WAL into the main file and empties it: a byte that flips in a WAL at rest would end it
    /// there without a word, while the chain of the main file names the row.
    fn drop(&mut self) {
        if self.failed {
            return;
        }
        self.checkpointer.wait();
        if let Err(failure) = checkpoint(&self.connection, "TRUNCATE") {
            tracing::warn!(?failure, "could not empty the journal's log at the end; the next start does");
        }
    }
}

/// One row in one transaction: only if this epoch still leads and the row before is the one that was appended last.
/// Plain inserts and conditional reads, so that the same holds in PostgreSQL.
fn insert(
    connection: &Connection,
    row: &RowHeader,
    entries: &[u8],
    hash: &RowHash,
    before_commit: impl FnOnce(),
) -> Result<(), AppendError> {
    let failed = |doing| move |source| AppendError::Sqlite { doing, source };
    connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]))
        .map_err(failed("begin the transaction of a batch"))?;
    let written = (|| {
        let leader = leading_epoch(connection).map_err(failed("read who leads the journal"))?;
        if leader != row.epoch {
            return Err(AppendError::Deposed { epoch: leader });
        }
        let last = connection
            .prepare_cached("SELECT first_seq + count, hash FROM journal ORDER BY first_seq DESC LIMIT 1")
            .and_then(|mut select| {
                select.query_row([], |last| Ok((last.get::<_, i64>(0)?, last.get::<_, RowHash>(1)?))).optional()
            })
            .map_err(failed("read the last row"))?;
        if last.unwrap_or((1, NO_ROW)) != (to_sql(row.first_seq), row.previous_hash) {
            return Err(AppendError::HeadMoved);
        }
        connection
            .prepare_cached(
                "INSERT INTO journal (first_seq, epoch, at, count, previous_hash, hash, entries)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    to_sql(row.first_seq),
                    to_sql(row.epoch),
                    row.at.0,
                    to_sql(row.count),
                    row.previous_hash,
                    hash,
                    entries
                ])
            })
            .map_err(failed("insert the row of a batch"))?;
        before_commit();
        connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]))
            .map_err(failed("commit a batch"))?;
        Ok(())
    })();
    if written.is_err() && !connection.is_autocommit() {
        // Its own failure adds nothing: the caller stops either way.
        let _ = connection.execute_batch("ROLLBACK");
    }
    written
}

/// Creates the tables in an empty file, and refuses any other than ours. Closes the file again, so that the WAL can be
/// given its size before it is first used.
fn prepare_file(path: &Path) -> Result<(), OpenFailure> {
    let sqlite =
        |doing| move |source| OpenFailure::Sqlite { path: path.to_owned(), source: SqliteFailure::at(doing)(source) };
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(sqlite("open the file"))?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = pragma("application_id")
        .and_then(|application| Ok((application, pragma("user_version")?)))
        .map_err(|_| OpenFailure::NotAJournal { path: path.to_owned() })?;
    let tables = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        .map_err(sqlite("read the tables"))?;
    match (application, version, tables) {
        (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(()),
        (APPLICATION_ID, found, _) => Err(OpenFailure::UnknownLayout { path: path.to_owned(), found }),
        (0, 0, 0) => {
            let schema = |pragma, value: &str| {
                set_pragma(&connection, pragma, value, value)
                    .map_err(|source| OpenFailure::Sqlite { path: path.to_owned(), source })
            };
            schema("page_size", &PAGE_BYTES.to_string())?;
            schema("journal_mode", "wal")?;
            connection.execute_batch(SCHEMA).map_err(sqlite("create the tables"))
        }
        _ => Err(OpenFailure::NotAJournal { path: path.to_owned() }),
    }
}

/// Gives the WAL its size, if there is none: zeros are no valid header, so SQLite takes it as empty and writes over it.
fn grow_wal(path: &Path) -> io::Result<()> {
    let wal = wal_path(path);
    if wal.metadata().is_ok_and(|found| found.len() > 0) {
        return Ok(());
    }
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&wal)?;
    // A page at a time: the kernel would keep one large write as one large block of its cache, and look through all of
    // it again at every commit into it.
    let page = [0; PAGE_BYTES as usize];
    for _ in 0..WAL_BYTES as u64 / PAGE_BYTES {
        file.write_all(&page)?;
    }
    file.sync_all()
}

pub(crate) fn wal_path(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

fn connect(path: &Path) -> Result<Connection, SqliteFailure> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(SqliteFailure::at("open the file"))?;
    set_pragma(&connection, "busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    set_pragma(&connection, "journal_mode", "wal", "wal")?;
    set_pragma(&connection, "synchronous", "FULL", "2")?;
    set_pragma(&connection, "wal_autocheckpoint", "0", "0")?;
    set_pragma(&connection, "journal_size_limit", "-1", "-1")?;
    set_pragma(&connection, "locking_mode", "normal", "normal")?;
    set_pragma(&connection, "cell_size_check", "ON", "1")?;
    set_pragma(&connection, "trusted_schema", "OFF", "0")?;
    set_pragma(&connection, "temp_store", "MEMORY", "2")?;
    Ok(connection)
}

/// Copies whatever the WAL shows into the main file and syncs it.
fn settle(connection: &Connection) -> Result<(), SqliteFailure> {
    let left = checkpoint(connection, "RESTART").map_err(SqliteFailure::at("copy the WAL into the main file"))?;
    if left > 0 {
        tracing::warn!(frames = left, "a reader kept the journal's WAL from being copied out whole");
    }
    Ok(())
}

/// Runs a checkpoint and says how many frames are left to copy.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<u64> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
        let (in_wal, copied) = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
        Ok(u64::try_from(in_wal - copied).unwrap_or(0))
    })
}

fn take_leadership(connection: &Connection) -> Result<u64, SqliteFailure> {
    connection
        .query_row(
            "INSERT INTO leader (epoch) SELECT coalesce(max(epoch), 0) + 1 FROM leader RETURNING epoch",
            [],
            |row| count(row, 0),
        )
        .map_err(SqliteFailure::at("take the leadership"))
}

fn leading_epoch(connection: &Connection) -> rusqlite::Result<u64> {
    connection.prepare_cached("SELECT max(epoch) FROM leader")?.query_row([], |row| count(row, 0))
}

fn read_head(connection: &Connection, path: &Path) -> Result<Head, OpenFailure> {
    let last = connection
        .query_row(
            "SELECT first_seq, epoch, at, count, previous_hash, hash, entries FROM journal ORDER BY first_seq DESC LIMIT 1",
            [],
            |row| {
                let header = RowHeader {
                    first_seq: count(row, 0)?,
                    epoch: count(row, 1)?,
                    at: UnixMillis(row.get(2)?),
                    count: count(row, 3)?,
                    previous_hash: row.get(4)?,
                };
                Ok((header, row.get::<_, RowHash>(5)?, row.get::<_, Vec<u8>>(6)?))
            },
        )
        .optional();
    let damaged = |reason: String| OpenFailure::Damaged { path: path.to_owned(), reason };
    let Some((row, hash, entries)) = last.map_err(|failure| damaged(failure.to_string()))? else {
        return Ok(Head { next_seq: 1, epoch: 0, at: None, hash: NO_ROW });
    };
    if row.hash(&entries) != hash {
        return Err(damaged(format!("hash of row {} does not match", row.first_seq)));
    }
    Ok(Head { next_seq: row.first_seq + row.count, epoch: row.epoch, at: Some(row.at), hash })
}

/// SQLite's integers are signed; sequence numbers, epochs and counts stay far below the sign.
fn to_sql(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn io_at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenFailure {
    let path = path.to_owned();
    move |source| OpenFailure::Io { doing, path, source }
}

#[cfg(test)]
mod tests;

//! Room: ledger/journal. The reading end of the journal in a SQLite file, on a read-only connection of its own. Called
//! by recovery, projector, snapshots and audits. Must never keep a read transaction open while its caller works: that
//! would keep the WAL from being copied out.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use charye_domain::time::UnixMillis;
use charye_engine::ports::{JournalReader, ReadFailure, RecordedBatch, RowHash};
use rusqlite::{Connection, OpenFlags};

use crate::journal::codec::{self, CampaignReader};
use crate::journal::row::{ChainCheck, RowHeader};
use crate::journal::sqlite::{APPLICATION_ID, OpenFailure};
use crate::sqlite_file::count;

/// Most rows taken in one read transaction.
const ROWS_PER_READ: usize = 512;
/// Bytes after which a read transaction ends early.
const BYTES_PER_READ: usize = 4 << 20;

/// Reads one journal file; opens it at the first read.
pub struct SqliteJournalReader {
    path: PathBuf,
    campaigns: CampaignReader,
    connection: Option<Connection>,
}

/// A row as it lies in the file, nothing verified.
struct RawRow {
    header: RowHeader,
    hash: RowHash,
    entries: Vec<u8>,
}

impl SqliteJournalReader {
    /// A reader of the journal in this file.
    pub fn new(path: PathBuf, campaigns: CampaignReader) -> Self {
        Self { path, campaigns, connection: None }
    }

    /// The hash of the row that ends at `seq`, verified against its content; `None` if no row ends there.
    ///
    /// # Errors
    /// `Corrupt` if the row does not hold together.
    pub fn hash_at(&mut self, seq: u64) -> Result<Option<RowHash>, ReadFailure> {
        let mut found = None;
        self.read(seq, &mut |batch| {
            found = (batch.last_seq() == seq).then_some(batch.hash);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    fn connection(&mut self) -> Result<&Connection, ReadFailure> {
        if self.connection.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.path, flags).map_err(storage)?;
            connection
                .execute_batch("PRAGMA busy_timeout = 2000; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF")
                .map_err(storage)?;
            // A file that is no database at all is damage, which the first row tells; another's database is not ours to judge.
            let application = connection.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0));
            if application.is_ok_and(|id| id != APPLICATION_ID) {
                return Err(ReadFailure::Storage(Box::new(OpenFailure::NotAJournal { path: self.path.clone() })));
            }
            self.connection = Some(connection);
        }
        self.connection.as_ref().ok_or_else(|| ReadFailure::Storage("connection is gone".into()))
    }

    /// First sequence number of the row that holds `seq`, or would if it were not missing.
    fn row_of(&mut self, seq: u64) -> Result<Option<u64>, ReadFailure> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        self.connection()?
            .query_row("SELECT max(first_seq) FROM journal WHERE first_seq <= ?1", [seq], |row| {
                row.get::<_, Option<i64>>(0).map(|first| first.map(i64::unsigned_abs))
            })
            .map_err(|failure| damaged(seq.unsigned_abs(), failure))
    }

    /// The next rows from `first_seq` on, in one short transaction. What SQLite finds damaged is told as such, with the
    /// number of the row that was expected.
    fn rows_from(&mut self, first_seq: u64) -> Result<(Vec<RawRow>, Option<rusqlite::Error>), ReadFailure> {
        let connection = self.connection()?;
        let mut select = connection
            .prepare_cached(
                "SELECT first_seq, epoch, at, count, previous_hash, hash, entries FROM journal
                 WHERE first_seq >= ?1 ORDER BY first_seq LIMIT ?2",
            )
            .map_err(|failure| damaged(first_seq, failure))?;
        let limit = ROWS_PER_READ.cast_signed() as i64;
        let mut found = select
            .query([i64::try_from(first_seq).unwrap_or(i64::MAX), limit])
            .map_err(|failure| damaged(first_seq, failure))?;
        let mut rows = Vec::new();
        let mut bytes = 0;
        while bytes < BYTES_PER_READ {
            match found.next().and_then(|row| row.map(read_row).transpose()) {
                Ok(Some(row)) => {
                    bytes += row.entries.len();
                    rows.push(row);
                }
                Ok(None) => break,
                Err(failure) => return Ok((rows, Some(failure))),
            }
        }
        Ok((rows, None))
    }
}

impl JournalReader for SqliteJournalReader {
    fn read(
        &mut self,
        from_seq: u64,
        visit: &mut dyn FnMut(RecordedBatch) -> ControlFlow<()>,
    ) -> Result<(), ReadFailure> {
        let (mut chain, mut next) = match self.row_of(from_seq)? {
            Some(first_seq) if first_seq > 1 => (ChainCheck::from_the_middle(), first_seq),
            _ => (ChainCheck::from_the_start(), 0),
        };
        loop {
            let (rows, broken) = self.rows_from(next)?;
            let at_the_end = rows.is_empty();
            for row in rows {
                next = row.header.first_seq.saturating_add(1);
                let batch = verify(&mut chain, row, &self.campaigns)?;
                if batch.last_seq() >= from_seq && visit(batch).is_break() {
                    return Ok(());
                }
            }
            match broken {
                Some(failure) => return Err(damaged(chain.next_seq().unwrap_or(next), failure)),
                None if at_the_end => return Ok(()),
                None => {}
            }
        }
    }
}

fn verify(chain: &mut ChainCheck, row: RawRow, campaigns: &CampaignReader) -> Result<RecordedBatch, ReadFailure> {
    let RawRow { header, hash, entries } = row;
    let corrupt = |reason: String| ReadFailure::Corrupt { first_seq: header.first_seq, reason };
    chain.follow(&header, &entries, hash).map_err(corrupt)?;
    let entries =
        codec::decode(&entries, header.at, header.count, campaigns).map_err(|failure| corrupt(failure.to_string()))?;
    Ok(RecordedBatch {
        first_seq: header.first_seq,
        epoch: header.epoch,
        at: header.at,
        hash,
        entries: Arc::from(entries),
    })
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawRow> {
    Ok(RawRow {
        header: RowHeader {
            first_seq: count(row, 0)?,
            epoch: count(row, 1)?,
            at: UnixMillis(row.get(2)?),
            count: count(row, 3)?,
            previous_hash: row.get(4)?,
        },
        hash: row.get(5)?,
        entries: row.get(6)?,
    })
}

/// A file that SQLite itself finds damaged, or columns that are not what they must be, are damage; the rest is storage.
fn damaged(first_seq: u64, failure: rusqlite::Error) -> ReadFailure {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let is_damage = match &failure {
        rusqlite::Error::SqliteFailure(code, _) => matches!(code.code, DatabaseCorrupt | NotADatabase),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    };
    if is_damage {
        ReadFailure::Corrupt { first_seq, reason: format!("file is damaged: {failure}") }
    } else {
        storage(failure)
    }
}

fn storage(failure: rusqlite::Error) -> ReadFailure {
    ReadFailure::Storage(Box::new(failure))
}

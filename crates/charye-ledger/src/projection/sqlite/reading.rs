//! Room: ledger/projection. The tables as an audit opens them: as of one moment, beside the projector that goes on
//! writing. Called by `charye audit verify`. Must never change the file.

use std::path::Path;

use charye_engine::ports::{JournalReader, ProjectionFailure};
use rusqlite::{Connection, OpenFlags};

use super::{APPLICATION_ID, BUSY_TIMEOUT_MS, LAYOUT_VERSION, SqliteProjection, failure, read_progress};
use crate::sqlite_file::{SqliteFailure, refuse_old_sqlite, set_pragma};

/// The file has another layout than this program's.
#[derive(Debug, thiserror::Error)]
#[error(
    "tables are of layout {found}, this program knows {LAYOUT_VERSION}; `charye projection rebuild` makes them anew"
)]
struct OtherLayout {
    found: i64,
}

impl SqliteProjection {
    /// Opens the tables for reading, as they are now: whatever is written meanwhile is not seen.
    ///
    /// # Errors
    /// The file is not there, is not ours, or is of another layout. Writing to what this gives fails.
    pub fn for_reading(path: &Path, reader: Box<dyn JournalReader>) -> Result<Self, ProjectionFailure> {
        refuse_old_sqlite().map_err(failure)?;
        let connection = connect(path).map_err(failure)?;
        let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let (application, found) =
            pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?))).map_err(failure)?;
        if (application, found) != (APPLICATION_ID, LAYOUT_VERSION) {
            return Err(failure(OtherLayout { found }));
        }
        // One transaction for as long as this lives: progress and tables are of the same moment.
        connection.execute_batch("BEGIN").map_err(failure)?;
        let progress = read_progress(&connection).map_err(failure)?;
        Ok(Self { connection, unsynced: None, reader, progress, warm: None })
    }
}

pub(super) fn connect(path: &Path) -> Result<Connection, SqliteFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(SqliteFailure::at("open projections"))?;
    set_pragma(&connection, "busy_timeout", BUSY_TIMEOUT_MS, BUSY_TIMEOUT_MS)?;
    set_pragma(&connection, "temp_store", "MEMORY", "2")?;
    Ok(connection)
}

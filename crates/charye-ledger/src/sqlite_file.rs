//! Room: ledger. What every SQLite file of ours has in common: a version that is sound, pragmas that took. Called by the
//! stores. Must never be trusted to have set what it did not read back.

use rusqlite::Connection;

/// SQLite before this one could corrupt a WAL when a checkpoint raced a restart. Form: major * 1,000,000 + minor * 1,000
/// + patch.
pub const SQLITE_OLDEST: i32 = 3_051_003;

/// Why a SQLite file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SqliteFailure {
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed")]
    TooOld { found: String },
    #[error("SQLite did not take {pragma}: wanted {wanted}, it says {found}")]
    PragmaRefused { pragma: &'static str, wanted: String, found: String },
    #[error("could not {doing}")]
    Failed {
        doing: &'static str,
        #[source]
        source: rusqlite::Error,
    },
}

impl SqliteFailure {
    pub(crate) fn at(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Failed { doing, source }
    }
}

/// Refuses a SQLite with the known race.
///
/// # Errors
/// `TooOld`.
pub fn refuse_old_sqlite() -> Result<(), SqliteFailure> {
    refuse_older_than(SQLITE_OLDEST, rusqlite::version_number(), rusqlite::version())
}

fn refuse_older_than(oldest: i32, found: i32, name: &str) -> Result<(), SqliteFailure> {
    if found < oldest { Err(SqliteFailure::TooOld { found: name.to_owned() }) } else { Ok(()) }
}

/// Sets a pragma and reads it back.
///
/// # Errors
/// `PragmaRefused` if it reads back as anything but `reads_as`.
pub fn set_pragma(
    connection: &Connection,
    pragma: &'static str,
    value: &str,
    reads_as: &str,
) -> Result<(), SqliteFailure> {
    // Some pragmas answer with a row when set and some do not; only what they say afterwards counts.
    connection.execute_batch(&format!("PRAGMA {pragma} = {value}")).map_err(SqliteFailure::at("set a pragma"))?;
    let found = connection
        .query_row(&format!("PRAGMA {pragma}"), [], |row| {
            row.get_ref(0).map(|value| match value {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                _ => String::new(),
            })
        })
        .map_err(SqliteFailure::at("read a pragma back"))?;
    if found.eq_ignore_ascii_case(reads_as) {
        Ok(())
    } else {
        Err(SqliteFailure::PragmaRefused { pragma, wanted: reads_as.to_owned(), found })
    }
}

/// A column that holds a number below no zero: SQLite has signed integers only.
pub(crate) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let signed = row.get::<_, i64>(column)?;
    u64::try_from(signed).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sqlite_with_the_wal_race_is_refused() {
        assert!(refuse_old_sqlite().is_ok());
        let refused = refuse_older_than(SQLITE_OLDEST, 3_051_002, "3.51.2").unwrap_err();
        assert_eq!(refused.to_string(), "SQLite 3.51.2 is too old: 3.51.3 or newer is needed");
    }

    #[test]
    fn a_pragma_that_did_not_take_is_noticed() {
        let connection = Connection::open_in_memory().unwrap();
        let refused = set_pragma(&connection, "journal_mode", "WAL", "wal").unwrap_err();
        assert_eq!(refused.to_string(), "SQLite did not take journal_mode: wanted wal, it says memory");
        set_pragma(&connection, "synchronous", "FULL", "2").unwrap();
    }
}

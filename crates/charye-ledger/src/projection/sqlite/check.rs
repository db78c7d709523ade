//! Room: ledger/projection. Do the tables add up? Called by `sqlite` for the audit, whole, and by the server's watch, a part
//! at a time, on a connection of its own beside the projector. Never repairs: a rebuild does.

use std::path::Path;

use charye_domain::book::slot_fingerprint;
use charye_domain::ids::SlotId;
use charye_engine::ports::ProjectionFailure;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use super::row_sums::{Table, hash_of_values};
use super::{Progress, failure, reading};
use crate::sqlite_file::refuse_old_sqlite;

/// Findings told.
const FINDINGS_MAX: usize = 100;

/// Something in the tables that no entry of the journal put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discrepancy {
    /// A row is not as it was written.
    RowChanged { table: Table, id: i64 },
    /// Among these ids rows were added or removed, or changed together with their marks.
    RowsChanged { table: Table, first_id: i64, last_id: i64 },
    /// A table is gone, or cannot be read as the one we made.
    TableUnreadable { table: Table },
    /// The counters of slots do not add up to the running fingerprint (law I14).
    SlotsChanged { written: u64, found: u64 },
    /// A slot's counters do not fit the holds and reservations of its places.
    SlotMiscounted { slot: SlotId, held: i64, held_found: i64, reserved: i64, reserved_found: i64 },
}

impl std::fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RowChanged { table, id } => write!(f, "row {id} of table {} was changed", table.name()),
            Self::RowsChanged { table, first_id, last_id } => {
                write!(
                    f,
                    "rows of table {} were added, removed or changed between {first_id} and {last_id}",
                    table.name()
                )
            }
            Self::TableUnreadable { table } => write!(f, "table {} cannot be read", table.name()),
            Self::SlotsChanged { written, found } => {
                write!(f, "slots add up to {found:016x}, written was {written:016x}")
            }
            Self::SlotMiscounted { slot, held, held_found, reserved, reserved_found } => write!(
                f,
                "slot {} says {held} held and {reserved} reserved, its claims are {held_found} and {reserved_found}",
                slot.0
            ),
        }
    }
}

/// Goes over the tables a part at a time, again and again.
pub struct TableWatch {
    connection: Connection,
    at: Place,
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    pub rows: u32,
    /// At most 100.
    pub findings: Vec<Discrepancy>,
    /// Everything has been looked at; the next look begins again.
    pub round_is_over: bool,
}

/// Where to look next.
#[derive(Clone, Copy, Debug)]
struct Place {
    table: usize,
    part: i64,
}

const BEGINNING: Place = Place { table: 0, part: i64::MIN };

impl TableWatch {
    /// Opens the tables for reading, beside the projector.
    ///
    /// # Errors
    /// The file is not there.
    pub fn open(path: &Path) -> Result<Self, ProjectionFailure> {
        refuse_old_sqlite().map_err(failure)?;
        Ok(Self { connection: reading::connect(path).map_err(failure)?, at: BEGINNING })
    }

    /// Looks at the next part that has rows, at most 262,144 of them, as of one moment; nothing is kept open afterwards.
    ///
    /// # Errors
    /// Storage, now; the same part is looked at next time. Whatever a hand can do to the tables is a finding instead.
    pub fn look(&mut self) -> Result<Look, ProjectionFailure> {
        let Some(table) = Table::ALL.get(self.at.table).copied() else {
            self.at = BEGINNING;
            return Ok(Look { round_is_over: true, ..Look::default() });
        };
        let sql = self.connection.unchecked_transaction().map_err(failure)?;
        let looked = look_at_next_part(&sql, table, self.at.part);
        // Nothing was written: ending it cannot lose anything.
        drop(sql);
        let next_table = Place { table: self.at.table + 1, part: i64::MIN };
        let (next, look) = match looked {
            Ok(Some((part, look))) => (Place { part: part.saturating_add(1), ..self.at }, look),
            Ok(None) => (next_table, Look::default()),
            Err(error) if is_passing(&error) => return Err(failure(error)),
            Err(_) => (next_table, Look { findings: vec![Discrepancy::TableUnreadable { table }], ..Look::default() }),
        };
        self.at = next;
        Ok(look)
    }
}

pub(super) fn check(sql: &Connection, progress: &Progress) -> rusqlite::Result<Vec<Discrepancy>> {
    let mut findings = Vec::new();
    for table in Table::ALL {
        let mut part = i64::MIN;
        while let Some((looked_at, look)) = look_at_next_part(sql, table, part)? {
            findings.extend(look.findings);
            part = looked_at.saturating_add(1);
        }
    }
    let found = slots_fingerprint(sql)?;
    if found != progress.slots_fingerprint {
        findings.push(Discrepancy::SlotsChanged { written: progress.slots_fingerprint, found });
    }
    miscounted(sql, &mut findings)?;
    findings.truncate(FINDINGS_MAX);
    Ok(findings)
}

/// The next part, from `part` on, that has rows or a sum, and what is wrong with it; `None` at the table's end.
fn look_at_next_part(sql: &Connection, table: Table, from: i64) -> rusqlite::Result<Option<(i64, Look)>> {
    let (name, key) = (table.name(), table.key());
    let from_id = if from == i64::MIN { i64::MIN } else { table.ids_of(from).0 };
    let next_row: Option<i64> = sql
        .prepare_cached(&format!("SELECT min({key}) FROM {name} WHERE {key} >= ?1"))?
        .query_row([from_id], |row| row.get(0))?;
    let next_sum: Option<i64> = sql
        .prepare_cached("SELECT min(part) FROM sums WHERE of_table = ?1 AND part >= ?2")?
        .query_row((name, from), |row| row.get(0))?;
    let Some(part) = next_row.map(|id| table.part_of(id)).into_iter().chain(next_sum).min() else { return Ok(None) };
    look_at_part(sql, table, part).map(|look| Some((part, look)))
}

fn look_at_part(sql: &Connection, table: Table, part: i64) -> rusqlite::Result<Look> {
    let (first_id, last_id) = table.ids_of(part);
    let mut look = Look::default();
    let mut sum = 0_u64;
    let mut select =
        sql.prepare_cached(&format!("SELECT * FROM {} WHERE {} BETWEEN ?1 AND ?2", table.name(), table.key()))?;
    let columns = select.column_count();
    let mut rows = select.query([first_id, last_id])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns.saturating_sub(1)).map(|column| row.get_ref(column).unwrap_or(ValueRef::Null));
        let hash = hash_of_values(table, values);
        let mark = row.get_ref(columns.saturating_sub(1))?;
        if mark != ValueRef::Integer(hash.cast_signed()) && look.findings.len() < FINDINGS_MAX {
            look.findings.push(Discrepancy::RowChanged { table, id: row.get(0)? });
        }
        sum = sum.wrapping_add(hash);
        look.rows += 1;
    }
    let total: Option<i64> = sql
        .prepare_cached("SELECT total FROM sums WHERE of_table = ?1 AND part = ?2")?
        .query_row((table.name(), part), |row| row.get(0))
        .optional()?;
    if total.unwrap_or(0).cast_unsigned() != sum && look.findings.is_empty() {
        look.findings.push(Discrepancy::RowsChanged { table, first_id, last_id });
    }
    Ok(look)
}

/// Whether trying again may help: somebody else holds a lock, or the machine is out of something.
fn is_passing(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, SystemIoFailure};
    let passing = [CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, SystemIoFailure];
    error.sqlite_error_code().is_some_and(|code| passing.contains(&code))
}

/// The sum over slots as the rows have it. What is no counter counts as none: the row's mark tells of it.
fn slots_fingerprint(sql: &Connection) -> rusqlite::Result<u64> {
    let mut select = sql.prepare("SELECT slot, held, reserved FROM slots")?;
    let mut rows = select.query([])?;
    let mut sum = 0_u64;
    while let Some(row) = rows.next()? {
        let Ok(slot) = row.get(0) else { continue };
        let count = |column| row.get::<_, i64>(column).ok().and_then(|count| u16::try_from(count).ok());
        let (held, reserved) = (count(1).unwrap_or(u16::MAX), count(2).unwrap_or(u16::MAX));
        sum = sum.wrapping_add(slot_fingerprint(SlotId(slot), held, reserved));
    }
    Ok(sum)
}

fn miscounted(sql: &Connection, findings: &mut Vec<Discrepancy>) -> rusqlite::Result<()> {
    let mut select = sql.prepare(
        "WITH claims (slot, held, reserved) AS (
           SELECT first_slot, 1, 0 FROM holds
           UNION ALL SELECT second_slot, 1, 0 FROM holds WHERE second_slot IS NOT NULL
           UNION ALL SELECT slot, 0, 1 FROM reservations WHERE state <> 'cancelled'
           UNION ALL SELECT slot, 0, 0 FROM slots),
         counted (slot, held, reserved) AS (SELECT slot, sum(held), sum(reserved) FROM claims GROUP BY slot)
         SELECT counted.slot, coalesce(slots.held, 0), counted.held, coalesce(slots.reserved, 0), counted.reserved
         FROM counted LEFT JOIN slots ON slots.slot = counted.slot
         WHERE coalesce(slots.held, 0) <> counted.held OR coalesce(slots.reserved, 0) <> counted.reserved
         ORDER BY counted.slot LIMIT ?1",
    )?;
    let rows = select.query_map([i64::try_from(FINDINGS_MAX).unwrap_or(i64::MAX)], |row| {
        Ok(Discrepancy::SlotMiscounted {
            slot: SlotId(row.get(0)?),
            held: row.get(1)?,
            held_found: row.get(2)?,
            reserved: row.get(3)?,
            reserved_found: row.get(4)?,
        })
    })?;
    for finding in rows {
        match finding {
            Ok(finding) => findings.push(finding),
            // Sums of what is no number: the row's mark tells of it.
            Err(rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..)) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

//! Room: ledger/projection. What the tables must add up to. Every row carries a mark, the hash of its other columns; for
//! each part of a table the sum of its rows' hashes is kept beside it. So a look at one part, in one short read, names a
//! row that was changed by hand and notices one that was added or taken away. Called by `transaction` and `check`.
//!
//! Never secret: whoever forges marks and sums too is found by the audit, which compares with a replay.

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params, params_from_iter};

/// Ids of a part: 65,536. A look at one takes a few dozen milliseconds at most.
const PART_BITS: u32 = 16;
/// Ids of a part of slots, most of which have no row: a block of 64 holds some sixteen slots. Reservations fall on all parts
/// at once, and every part they fall on is a sum to write.
const SLOTS_PART_BITS: u32 = 18;

/// Room for the bytes of most rows.
const ROW_BYTES_USUAL: usize = 128;

/// The tables that are added up. Their order is part of what a mark is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    Applied,
    Violations,
    Campaigns,
    Clinics,
    ClinicRows,
    Slots,
    Holds,
    Reservations,
    Steerings,
    DrawSteps,
    Calls,
    ProviderOrders,
}

impl Table {
    pub(super) const ALL: [Self; 12] = [
        Self::Applied,
        Self::Violations,
        Self::Campaigns,
        Self::Clinics,
        Self::ClinicRows,
        Self::Slots,
        Self::Holds,
        Self::Reservations,
        Self::Steerings,
        Self::DrawSteps,
        Self::Calls,
        Self::ProviderOrders,
    ];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Violations => "violations",
            Self::Campaigns => "campaigns",
            Self::Clinics => "clinics",
            Self::ClinicRows => "clinic_rows",
            Self::Slots => "slots",
            Self::Holds => "holds",
            Self::Reservations => "reservations",
            Self::Steerings => "steerings",
            Self::DrawSteps => "draw_steps",
            Self::Calls => "calls",
            Self::ProviderOrders => "provider_orders",
        }
    }

    /// Its primary key: always an integer, always the first column.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Applied | Self::Violations | Self::Reservations | Self::Calls => "id",
            Self::Steerings | Self::DrawSteps | Self::ProviderOrders => "seq",
            Self::Campaigns => "campaign",
            Self::Clinics => "clinic",
            Self::ClinicRows => "clinic_row",
            Self::Slots => "slot",
            Self::Holds => "hold",
        }
    }

    /// Ids and sums live by part.
    pub(super) fn part_of(self, id: i64) -> i64 {
        id >> self.part_bits()
    }

    /// The ids of a part, both ends included.
    pub(super) fn ids_of(self, part: i64) -> (i64, i64) {
        let first = part << self.part_bits();
        (first, first | ((1 << self.part_bits()) - 1))
    }

    fn part_bits(self) -> u32 {
        if self == Self::Slots { SLOTS_PART_BITS } else { PART_BITS }
    }
}

/// One column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Number(i64),
    Text(&'a str),
}

impl<N: Into<i64>> From<N> for Cell<'_> {
    fn from(number: N) -> Self {
        Self::Number(number.into())
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// The hash of a row without its mark.
pub(super) fn row_hash(table: Table, cells: &[Cell<'_>]) -> u64 {
    hash_of_values(
        table,
        cells.iter().map(|cell| match cell {
            Cell::Null => ValueRef::Null,
            Cell::Number(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
        }),
    )
}

/// [`row_hash`] of a row as it is read; nothing a hand wrote into it makes it fail. Of the bytes of most rows together, so
/// that one round of the hash takes them: the table, then each value behind what it is and how long it is.
pub(super) fn hash_of_values<'a>(table: Table, values: impl Iterator<Item = ValueRef<'a>>) -> u64 {
    let mut bytes = Vec::with_capacity(ROW_BYTES_USUAL);
    bytes.push(table as u8);
    for value in values {
        match value {
            ValueRef::Null => bytes.push(b'-'),
            ValueRef::Integer(number) => push_number(&mut bytes, number),
            ValueRef::Real(number) => bytes.extend([b'r'].into_iter().chain(number.to_le_bytes())),
            ValueRef::Text(text) => push_long(&mut bytes, b't', text),
            ValueRef::Blob(blob) => push_long(&mut bytes, b'b', blob),
        }
    }
    u64::from_le_bytes(*blake3::hash(&bytes).as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
}

/// As many bytes as the number has, and how many those are.
fn push_number(bytes: &mut Vec<u8>, number: i64) {
    let low_first = number.to_le_bytes();
    let length = low_first.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.push(b'0' + length as u8);
    bytes.extend(low_first.iter().take(length));
}

fn push_long(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    bytes.extend_from_slice(value);
}

/// Writes a whole row with its mark, by a statement with a parameter for each cell and one more. Returns the row's hash.
pub(super) fn write_row(sql: &Connection, table: Table, statement: &str, cells: &[Cell<'_>]) -> rusqlite::Result<u64> {
    let mut statement = sql.prepare_cached(statement)?;
    write_row_by(&mut statement, table, cells)
}

/// [`write_row`] by a statement that is at hand.
pub(super) fn write_row_by(statement: &mut Statement<'_>, table: Table, cells: &[Cell<'_>]) -> rusqlite::Result<u64> {
    let hash = row_hash(table, cells);
    let mark = Cell::Number(hash.cast_signed());
    statement.execute(params_from_iter(cells.iter().chain([&mark])))?;
    Ok(hash)
}

/// The sums, by table and part, and which of them are to be written.
#[derive(Debug, Default)]
pub(super) struct RowSums {
    /// A few hundred for ten million rows. No entry: no rows.
    sums: HashMap<(Table, i64), u64>,
    changed: BTreeSet<(Table, i64)>,
}

impl RowSums {
    /// The sums as they were written.
    pub(super) fn read(sql: &Connection) -> rusqlite::Result<Self> {
        let mut select = sql.prepare("SELECT of_table, part, total FROM sums")?;
        let mut rows = select.query([])?;
        let mut sums = HashMap::new();
        while let Some(row) = rows.next()? {
            let name = row.get_ref(0)?.as_str()?;
            // A sum of no table of ours is left for the look at the tables.
            let Some(table) = Table::ALL.into_iter().find(|table| table.name() == name) else { continue };
            sums.insert((table, row.get(1)?), row.get::<_, i64>(2)?.cast_unsigned());
        }
        Ok(Self { sums, changed: BTreeSet::new() })
    }

    /// A row with this id was written, replaced or removed.
    pub(super) fn replace(&mut self, table: Table, id: i64, before: Option<u64>, after: Option<u64>) {
        let part = (table, table.part_of(id));
        let sum = self.sums.entry(part).or_default();
        *sum = sum.wrapping_sub(before.unwrap_or(0)).wrapping_add(after.unwrap_or(0));
        self.changed.insert(part);
    }

    /// All rows of a table are about to be written anew.
    pub(super) fn begin_anew(&mut self, table: Table) {
        for (part, sum) in &mut self.sums {
            if part.0 == table {
                *sum = 0;
                self.changed.insert(*part);
            }
        }
    }

    /// Writes the sums that changed. A part without rows has none.
    pub(super) fn write(&mut self, sql: &Connection) -> rusqlite::Result<()> {
        let mut put = sql.prepare_cached("INSERT OR REPLACE INTO sums (of_table, part, total) VALUES (?1, ?2, ?3)")?;
        let mut remove = sql.prepare_cached("DELETE FROM sums WHERE of_table = ?1 AND part = ?2")?;
        for (table, part) in std::mem::take(&mut self.changed) {
            match self.sums.get(&(table, part)).copied().unwrap_or(0) {
                0 => remove.execute(params![table.name(), part])?,
                sum => put.execute(params![table.name(), part, sum.cast_signed()])?,
            };
        }
        Ok(())
    }
}

//! Room: ledger/projection. Reservations, a row for each dose. Called by `transaction`, which gathers new ones. The table's
//! UNIQUE index is the auditor of law I2; a row that breaks it is kept with `breach` set.

use charye_domain::ids::{ReservationId, SlotId};
use charye_domain::reservation::DoseState;
use rusqlite::{Connection, OptionalExtension as _, Row, Statement, params};

use super::row_sums::{Cell, RowSums, Table, row_hash, write_row_by};
use super::transaction::is_constraint;

/// Inserts a whole row.
pub(super) const INSERT: &str =
    "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
const COLUMNS: &str = "id, number, person, campaign, dose, slot, state, reserved_ms, changed_ms, breach, mark";

/// One dose of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DoseRow {
    /// Reservation * 2 + place.
    pub(super) id: i64,
    pub(super) number: i64,
    pub(super) person: u32,
    pub(super) campaign: u16,
    pub(super) dose: u8,
    pub(super) slot: SlotId,
    pub(super) state: DoseState,
    pub(super) reserved_ms: i64,
    pub(super) changed_ms: i64,
    pub(super) breach: bool,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Plainly,
    /// Kept beside another that is active.
    InBreach,
    /// There is such a row already: nothing was written.
    Known,
}

impl DoseRow {
    pub(super) fn reservation(&self) -> i64 {
        self.id / 2
    }

    /// Inserts the row by a statement made of [`INSERT`].
    pub(super) fn insert(
        &self,
        sql: &Connection,
        insert: &mut Statement<'_>,
        sums: &mut RowSums,
    ) -> rusqlite::Result<Written> {
        let mut write = |row: &Self| write_row_by(insert, Table::Reservations, &row.cells());
        let (hash, written) = match write(self) {
            Err(error) if is_constraint(&error) => {
                if read_dose(sql, self.id)?.is_some() {
                    return Ok(Written::Known);
                }
                (write(&Self { breach: true, ..*self })?, Written::InBreach)
            }
            other => (other?, Written::Plainly),
        };
        sums.replace(Table::Reservations, self.id, None, Some(hash));
        Ok(written)
    }

    /// Writes the row over `from`, as which it was read: the columns that a reservation's life changes, and of those only
    /// what is another, because the index of active ones is touched with `state` and `breach`.
    pub(super) fn write_over(&self, from: &Self, sql: &Connection, sums: &mut RowSums) -> rusqlite::Result<Written> {
        const MOVE: &str = "UPDATE reservations SET slot = ?2, changed_ms = ?3, mark = ?4 WHERE id = ?1";
        const CHANGE: &str =
            "UPDATE reservations SET slot = ?2, changed_ms = ?3, state = ?5, breach = ?6, mark = ?4 WHERE id = ?1";
        let write = |row: &Self| {
            let hash = row_hash(Table::Reservations, &row.cells());
            let mark = hash.cast_signed();
            if (row.state, row.breach) == (from.state, from.breach) {
                sql.prepare_cached(MOVE)?.execute(params![row.id, row.slot.0, row.changed_ms, mark])?;
            } else {
                let state = state_text(row.state);
                let change = params![row.id, row.slot.0, row.changed_ms, mark, state, row.breach];
                sql.prepare_cached(CHANGE)?.execute(change)?;
            }
            Ok(hash)
        };
        let (hash, written) = match write(self) {
            Err(error) if is_constraint(&error) => (write(&Self { breach: true, ..*self })?, Written::InBreach),
            other => (other?, Written::Plainly),
        };
        sums.replace(Table::Reservations, self.id, Some(row_hash(Table::Reservations, &from.cells())), Some(hash));
        Ok(written)
    }

    fn cells(&self) -> [Cell<'static>; 12] {
        [
            self.id.into(),
            self.reservation().into(),
            (self.id % 2).into(),
            self.number.into(),
            self.person.into(),
            self.campaign.into(),
            self.dose.into(),
            self.slot.0.into(),
            Cell::Text(state_text(self.state)),
            self.reserved_ms.into(),
            self.changed_ms.into(),
            self.breach.into(),
        ]
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let read = Self {
            id: row.get(0)?,
            number: row.get(1)?,
            person: row.get(2)?,
            campaign: row.get(3)?,
            dose: row.get(4)?,
            slot: SlotId(row.get(5)?),
            state: state_from_text(row.get_ref(6)?.as_str()?)
                .ok_or_else(|| rusqlite::Error::InvalidColumnName("state".to_owned()))?,
            reserved_ms: row.get(7)?,
            changed_ms: row.get(8)?,
            breach: row.get(9)?,
        };
        if row_hash(Table::Reservations, &read.cells()) != row.get::<_, i64>(10)?.cast_unsigned() {
            // Goes on: the sum of its part no longer fits, so the watch has the tables rebuilt.
            tracing::error!(table = "reservations", row = read.id, "a row of the projections was changed by hand");
        }
        Ok(read)
    }
}

/// The doses of a reservation, in order.
pub(super) fn doses_of(sql: &Connection, reservation: ReservationId) -> rusqlite::Result<Vec<DoseRow>> {
    let first = i64::from(reservation.0) * 2;
    let select = format!("SELECT {COLUMNS} FROM reservations WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    let mut select = sql.prepare_cached(&select)?;
    select.query_map([first, first + 1], DoseRow::read)?.collect()
}

fn read_dose(sql: &Connection, id: i64) -> rusqlite::Result<Option<DoseRow>> {
    let select = format!("SELECT {COLUMNS} FROM reservations WHERE id = ?1");
    sql.prepare_cached(&select)?.query_row([id], DoseRow::read).optional()
}

fn state_text(state: DoseState) -> &'static str {
    match state {
        DoseState::Reserved => "reserved",
        DoseState::CheckedIn => "checked_in",
        DoseState::Administered => "administered",
        DoseState::NoShow => "no_show",
        DoseState::Cancelled => "cancelled",
    }
}

fn state_from_text(text: &str) -> Option<DoseState> {
    [DoseState::Reserved, DoseState::CheckedIn, DoseState::Administered, DoseState::NoShow, DoseState::Cancelled]
        .into_iter()
        .find(|state| state_text(*state) == text)
}

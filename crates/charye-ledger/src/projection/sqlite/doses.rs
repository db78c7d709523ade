//! Room: ledger/projection. Reservations, a row for each dose, written as they come. Called by `transaction`. The table's
//! UNIQUE index is the auditor of law I2; a row that breaks it is kept with `breach` set.

use charye_domain::ids::{ReservationId, SlotId};
use charye_domain::reservation::DoseState;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::row_sums::{Cell, RowSums, Table, row_hash, write_row};
use super::transaction::is_constraint;

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

    /// Inserts the row.
    pub(super) fn insert(&self, sql: &Connection, sums: &mut RowSums) -> rusqlite::Result<Written> {
        const INSERT: &str = "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
        let write = |row: &Self| write_row(sql, Table::Reservations, INSERT, &row.cells());
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

    /// Writes the row over `from`, as which it was read.
    pub(super) fn write_over(&self, from: &Self, sql: &Connection, sums: &mut RowSums) -> rusqlite::Result<Written> {
        const UPDATE: &str = "UPDATE reservations SET reservation = ?2, place = ?3, number = ?4, person = ?5, campaign = ?6, dose = ?7, slot = ?8, state = ?9, reserved_ms = ?10, changed_ms = ?11, breach = ?12, mark = ?13 WHERE id = ?1";
        let write = |row: &Self| write_row(sql, Table::Reservations, UPDATE, &row.cells());
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

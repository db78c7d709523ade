//! Room: ledger/projection. Counters of slots, gathered in memory and written once a transaction, in order of slot, so that
//! pages are written in order. Called by `transaction`. Judges every count entry by entry; the table's constraint judges
//! again what is written. Rows that were written lately are kept, since a hold is soon confirmed and a place is seldom wanted
//! by one only: what a hand writes over one of them meanwhile is written over in turn.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use charye_domain::book::slot_fingerprint;
use charye_domain::ids::SlotId;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::row_sums::{Cell, RowSums, Table, row_hash};
use super::transaction::is_constraint;
use crate::projection::layout::Layout;

/// Rows kept from one transaction to the next, some 200 bytes each; with more of them all are let go.
const KEPT_MAX: usize = 65_536;
/// Slots changed together when an import changes capacities.
const CAPACITIES_TOGETHER: u32 = 4_096;

/// Counters of a slot while they are gathered.
struct SlotRow {
    /// The hash of the row that is there; `None` if it is to be inserted.
    written: Option<u64>,
    clinic_row: u32,
    day: String,
    start: String,
    wanted: i64,
    capacity: i64,
    held: i64,
    reserved: i64,
    breach: bool,
    /// The last entry that touched it.
    seq: u64,
    /// It is not as the table has it.
    is_changed: bool,
}

impl SlotRow {
    fn fingerprint(&self, slot: SlotId) -> u64 {
        // Out of range only after a violation; then any fixed value tells that something is wrong.
        let count = |count: i64| u16::try_from(count).unwrap_or(u16::MAX);
        slot_fingerprint(slot, count(self.held), count(self.reserved))
    }

    fn broken_law(&self) -> Option<&'static str> {
        if self.held < 0 || self.reserved < 0 {
            Some("I7")
        } else if self.held + self.reserved > self.capacity {
            Some("I1")
        } else {
            None
        }
    }

    fn cells(&self, slot: SlotId) -> [Cell<'_>; 9] {
        [
            slot.0.into(),
            self.clinic_row.into(),
            Cell::Text(&self.day),
            Cell::Text(&self.start),
            self.wanted.into(),
            self.capacity.into(),
            self.held.into(),
            self.reserved.into(),
            self.breach.into(),
        ]
    }
}

/// What a claim did.
pub(super) struct Claimed {
    /// To be added to the running fingerprint of slots.
    pub(super) fingerprint_change: u64,
    /// The law that was kept before and is broken now, and what there is to say of it.
    pub(super) broken: Option<(&'static str, String)>,
}

/// The slots touched since the transaction began, and those that were before.
#[derive(Default)]
pub(super) struct Slots {
    rows: HashMap<SlotId, SlotRow>,
    changed: Vec<SlotId>,
}

impl Slots {
    /// Changes a slot's counters; `None` if there is no such slot.
    pub(super) fn claim(
        &mut self,
        sql: &Connection,
        layout: &Layout,
        seq: u64,
        slot: SlotId,
        (held, reserved): (i64, i64),
    ) -> rusqlite::Result<Option<Claimed>> {
        let row = match self.rows.entry(slot) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(place) => match load(sql, layout, slot)? {
                Some(row) => place.insert(row),
                None => return Ok(None),
            },
        };
        let before = row.fingerprint(slot);
        let was_sound = row.broken_law().is_none();
        row.held += held;
        row.reserved += reserved;
        row.capacity = row.capacity.min(row.wanted.max(row.held + row.reserved)).max(row.wanted);
        row.seq = seq;
        if !std::mem::replace(&mut row.is_changed, true) {
            self.changed.push(slot);
        }
        let broken = row.broken_law().filter(|_| was_sound).map(|law| {
            (law, format!("slot {}: {} held, {} reserved of {}", slot.0, row.held, row.reserved, row.capacity))
        });
        Ok(Some(Claimed { fingerprint_change: row.fingerprint(slot).wrapping_sub(before), broken }))
    }

    /// Writes what was gathered. Returns those that the table's own auditor refused and that were kept all the same: the
    /// entry, and what there is to say.
    pub(super) fn write(&mut self, sql: &Connection, sums: &mut RowSums) -> rusqlite::Result<Vec<(u64, String)>> {
        const INSERT: &str = "INSERT INTO slots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        const UPDATE: &str = "UPDATE slots SET wanted = ?2, capacity = ?3, held = ?4, reserved = ?5, breach = ?6, mark = ?7 WHERE slot = ?1";
        /// Of [`SlotRow::cells`], those after the first that say where the slot is.
        const PLACE_CELLS: usize = 3;
        let mut refused = Vec::new();
        let mut insert = sql.prepare_cached(INSERT)?;
        let mut update = sql.prepare_cached(UPDATE)?;
        let mut write = |slot: SlotId, row: &SlotRow| {
            let cells = row.cells(slot);
            let hash = row_hash(Table::Slots, &cells);
            let mark = Cell::Number(hash.cast_signed());
            // A row that is there keeps the place it was given.
            let (statement, place_cells) =
                if row.written.is_some() { (&mut update, PLACE_CELLS) } else { (&mut insert, 0) };
            let cells = cells.iter().take(1).chain(cells.iter().skip(1 + place_cells)).chain([&mark]);
            statement.execute(params_from_iter(cells)).map(|_| hash)
        };
        self.changed.sort_unstable();
        for slot in self.changed.drain(..) {
            let Some(row) = self.rows.get_mut(&slot) else { continue };
            row.breach = row.broken_law().is_some();
            let hash = match write(slot, row) {
                Err(error) if is_constraint(&error) => {
                    row.breach = true;
                    refused.push((row.seq, format!("slot {}: {error}", slot.0)));
                    write(slot, row)
                }
                other => other,
            }?;
            sums.replace(Table::Slots, slot.0.into(), row.written, Some(hash));
            (row.written, row.is_changed) = (Some(hash), false);
        }
        Ok(refused)
    }

    /// Lets go of what is kept, if it is much. To be called when everything gathered has been written.
    pub(super) fn let_go_of_many(&mut self) {
        if self.rows.len() > KEPT_MAX {
            self.rows.clear();
        }
    }

    /// Slots with a row whose capacity was changed by an import. A capacity below what is claimed is reached as claims end.
    /// Everything gathered has been written before; some is gathered anew.
    pub(super) fn follow_capacities(
        &mut self,
        sql: &Connection,
        layout: &Layout,
        sums: &mut RowSums,
    ) -> rusqlite::Result<()> {
        let mut from = 0;
        loop {
            let mut select =
                sql.prepare_cached("SELECT slot, wanted FROM slots WHERE slot >= ?1 ORDER BY slot LIMIT ?2")?;
            let limit = i64::from(CAPACITIES_TOGETHER);
            let rows = select.query_map([from, limit], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)))?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            from = i64::from(*last) + 1;
            for (slot, wanted) in rows {
                let slot = SlotId(slot);
                let Some(now_wanted) = layout.capacity(slot).filter(|now| *now != wanted) else { continue };
                let Some(mut row) = load(sql, layout, slot)? else { continue };
                (row.wanted, row.capacity) = (now_wanted, now_wanted.max(row.held + row.reserved));
                row.is_changed = true;
                self.rows.insert(slot, row);
                self.changed.push(slot);
            }
            // A capacity that is at least what is claimed breaks nothing.
            self.write(sql, sums)?;
            self.let_go_of_many();
        }
    }
}

fn load(sql: &Connection, layout: &Layout, slot: SlotId) -> rusqlite::Result<Option<SlotRow>> {
    let stored = sql
        .prepare_cached(
            "SELECT clinic_row, day, start, wanted, capacity, held, reserved, breach, mark FROM slots WHERE slot = ?1",
        )?
        .query_row([slot.0], |row| {
            let loaded = SlotRow {
                written: None,
                clinic_row: row.get(0)?,
                day: row.get(1)?,
                start: row.get(2)?,
                wanted: row.get(3)?,
                capacity: row.get(4)?,
                held: row.get(5)?,
                reserved: row.get(6)?,
                breach: row.get(7)?,
                seq: 0,
                is_changed: false,
            };
            Ok((loaded, row.get::<_, i64>(8)?.cast_unsigned()))
        })
        .optional()?;
    if let Some((row, mark)) = stored {
        let hash = row_hash(Table::Slots, &row.cells(slot));
        if hash != mark {
            // Goes on: the sum of its part no longer fits, so the watch has the tables rebuilt.
            tracing::error!(table = "slots", row = slot.0, "a row of the projections was changed by hand");
        }
        return Ok(Some(SlotRow { written: Some(hash), ..row }));
    }
    Ok(layout.place(slot).map(|place| SlotRow {
        written: None,
        clinic_row: place.clinic_row,
        day: place.day,
        start: place.start,
        wanted: place.capacity,
        capacity: place.capacity,
        held: 0,
        reserved: 0,
        breach: false,
        seq: 0,
        is_changed: false,
    }))
}

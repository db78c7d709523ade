//! Room: ledger/projection. Do the tables agree with one another and with the running fingerprints? Called by `sqlite`, for
//! the audit and for the look that notices rows changed by hand. Never repairs: a rebuild does.

use charye_domain::book::slot_fingerprint;
use charye_domain::ids::SlotId;
use rusqlite::Connection;

use super::Progress;
use super::transaction::{DOSE_COLUMNS, DoseRow};

/// Findings told.
const FINDINGS_MAX: u32 = 100;

/// Something in the tables that no entry of the journal put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Discrepancy {
    /// The counters of slots are not those that were written.
    SlotsChanged { written: u64, found: u64 },
    /// Rows of reservations are not those that were written.
    ReservationsChanged { written: u64, found: u64 },
    /// A row that cannot be one of ours.
    RowUnreadable { table: &'static str },
    /// A slot's counters do not fit the holds and reservations of its places.
    SlotMiscounted { slot: SlotId, held: i64, held_found: i64, reserved: i64, reserved_found: i64 },
}

pub(super) fn check(sql: &Connection, progress: &Progress) -> rusqlite::Result<Vec<Discrepancy>> {
    let mut findings = Vec::new();
    match slots_fingerprint(sql)? {
        None => findings.push(Discrepancy::RowUnreadable { table: "slots" }),
        Some(found) if found != progress.slots_fingerprint => {
            findings.push(Discrepancy::SlotsChanged { written: progress.slots_fingerprint, found });
        }
        Some(_) => {}
    }
    match reservations_fingerprint(sql)? {
        None => findings.push(Discrepancy::RowUnreadable { table: "reservations" }),
        Some(found) if found != progress.reservations_fingerprint => {
            findings.push(Discrepancy::ReservationsChanged { written: progress.reservations_fingerprint, found });
        }
        Some(_) => {}
    }
    miscounted(sql, &mut findings)?;
    Ok(findings)
}

/// The sum as the rows have it; `None` if a row is none of ours.
fn slots_fingerprint(sql: &Connection) -> rusqlite::Result<Option<u64>> {
    let mut select = sql.prepare("SELECT slot, held, reserved FROM slots")?;
    let mut rows = select.query([])?;
    let mut sum = 0_u64;
    while let Some(row) = rows.next()? {
        let (Ok(slot), Ok(held), Ok(reserved)) = (row.get::<_, u32>(0), row.get::<_, i64>(1), row.get::<_, i64>(2))
        else {
            return Ok(None);
        };
        let count = |count: i64| u16::try_from(count).unwrap_or(u16::MAX);
        sum = sum.wrapping_add(slot_fingerprint(SlotId(slot), count(held), count(reserved)));
    }
    Ok(Some(sum))
}

fn reservations_fingerprint(sql: &Connection) -> rusqlite::Result<Option<u64>> {
    let mut select = sql.prepare(&format!("SELECT {DOSE_COLUMNS} FROM reservations"))?;
    let mut rows = select.query([])?;
    let mut sum = 0_u64;
    while let Some(row) = rows.next()? {
        let Ok(dose) = DoseRow::read(row) else { return Ok(None) };
        sum = sum.wrapping_add(dose.fingerprint());
    }
    Ok(Some(sum))
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
    let rows = select.query_map([FINDINGS_MAX], |row| {
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
            // Sums of what is no number: somebody's hand again.
            Err(rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..)) => {
                findings.push(Discrepancy::RowUnreadable { table: "slots, holds or reservations" });
                break;
            }
            Err(error) => return Err(error),
        }
    }
    findings.truncate(FINDINGS_MAX as usize);
    Ok(())
}

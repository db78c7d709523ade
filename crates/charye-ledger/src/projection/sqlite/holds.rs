//! Room: ledger/projection. Open holds: kept in memory beside their table, because every confirmation asks for one. Called
//! by `transaction`. Never judges whether a hold may be.

use std::collections::HashMap;

use charye_domain::ids::{CampaignId, HoldId, Person, SlotId};
use rusqlite::{Connection, Row};

use super::row_sums::{Cell, RowSums, Table, row_hash, write_row_by};

/// An open hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenHold {
    pub(super) person: Person,
    pub(super) campaign: CampaignId,
    pub(super) first: SlotId,
    pub(super) second: Option<SlotId>,
    pub(super) expires_ms: i64,
}

impl OpenHold {
    pub(super) fn slots(&self) -> impl Iterator<Item = SlotId> + use<> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    fn cells(&self, hold: HoldId) -> [Cell<'static>; 6] {
        [
            hold.0.into(),
            self.person.0.into(),
            self.campaign.0.into(),
            self.first.0.into(),
            self.second.map_or(Cell::Null, |slot| slot.0.into()),
            self.expires_ms.into(),
        ]
    }
}

/// The holds that are open, and what the table says of those that have changed since.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Bounded as the book's holds are: one a person, and visits have a cap.
    open: HashMap<HoldId, OpenHold>,
    written: HashMap<HoldId, Option<OpenHold>>,
}

impl Holds {
    pub(super) fn read(sql: &Connection) -> rusqlite::Result<Self> {
        let mut select =
            sql.prepare("SELECT hold, person, campaign, first_slot, second_slot, expires_ms FROM holds")?;
        let open = select.query_map([], read_hold)?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { open, written: HashMap::new() })
    }

    pub(super) fn begin(&mut self, hold: HoldId, opened: OpenHold) {
        self.note(hold);
        self.open.insert(hold, opened);
    }

    pub(super) fn end(&mut self, hold: HoldId) -> Option<OpenHold> {
        self.note(hold);
        self.open.remove(&hold)
    }

    /// Returns whether the hold is open.
    pub(super) fn extend(&mut self, hold: HoldId, expires_ms: i64) -> bool {
        self.note(hold);
        self.open.get_mut(&hold).is_some_and(|open| {
            open.expires_ms = expires_ms;
            true
        })
    }

    pub(super) fn put_off(&mut self, gap_ms: i64) {
        for (hold, open) in &mut self.open {
            self.written.entry(*hold).or_insert(Some(*open));
            open.expires_ms = open.expires_ms.saturating_add(gap_ms);
        }
    }

    /// Writes those that changed, in order.
    pub(super) fn write(&mut self, sql: &Connection, sums: &mut RowSums) -> rusqlite::Result<()> {
        const PUT: &str = "INSERT OR REPLACE INTO holds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut put = sql.prepare_cached(PUT)?;
        let mut remove = sql.prepare_cached("DELETE FROM holds WHERE hold = ?1")?;
        let mut written: Vec<_> = self.written.drain().collect();
        written.sort_unstable_by_key(|(hold, _)| *hold);
        for (hold, before) in written {
            let after = self.open.get(&hold);
            if before.as_ref() == after {
                continue;
            }
            let written = match after {
                Some(open) => Some(write_row_by(&mut put, Table::Holds, &open.cells(hold))?),
                None => {
                    remove.execute([hold.0])?;
                    None
                }
            };
            let replaced = before.map(|open| row_hash(Table::Holds, &open.cells(hold)));
            sums.replace(Table::Holds, hold.0.into(), replaced, written);
        }
        Ok(())
    }

    /// Remembers what the table says, at the first change since it was written.
    fn note(&mut self, hold: HoldId) {
        let open = &self.open;
        self.written.entry(hold).or_insert_with(|| open.get(&hold).copied());
    }
}

fn read_hold(row: &Row<'_>) -> rusqlite::Result<(HoldId, OpenHold)> {
    let hold = OpenHold {
        person: Person(row.get(1)?),
        campaign: CampaignId(row.get(2)?),
        first: SlotId(row.get(3)?),
        second: row.get::<_, Option<u32>>(4)?.map(SlotId),
        expires_ms: row.get(5)?,
    };
    Ok((HoldId(row.get(0)?), hold))
}

//! Room: ledger/projection. One transaction of the projector: entries in, rows out. Called by `sqlite`.
//!
//! Counters of a slot are gathered in memory and written once a transaction; reservations are written as they come. Every
//! count is judged entry by entry, so that an oversell between two commits is seen too; the tables' constraints judge
//! again what is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use charye_domain::book::{Entry, Event, slot_fingerprint};
use charye_domain::clinic::ClinicKind;
use charye_domain::ids::{CampaignId, HoldId, Person, ReservationId, ReservationNumber, SlotId};
use charye_domain::reservation::DoseState;
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::DoseNumber;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, params};

use super::{Progress, write_progress};
use crate::projection::layout::{Layout, SlotPlace, lays_out};

/// Violations told in full; the rest are counted.
const VIOLATIONS_KEPT: u64 = 10_000;

/// An open hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenHold {
    person: Person,
    campaign: CampaignId,
    first: SlotId,
    second: Option<SlotId>,
    expires_ms: i64,
}

impl OpenHold {
    fn slots(&self) -> impl Iterator<Item = SlotId> + use<> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

pub(super) fn read_hold(row: &Row<'_>) -> rusqlite::Result<(HoldId, OpenHold)> {
    let hold = OpenHold {
        person: Person(row.get(1)?),
        campaign: CampaignId(row.get(2)?),
        first: SlotId(row.get(3)?),
        second: row.get::<_, Option<u32>>(4)?.map(SlotId),
        expires_ms: row.get(5)?,
    };
    Ok((HoldId(row.get(0)?), hold))
}

/// Counters of a slot while they are gathered.
struct SlotRow {
    /// What is to be inserted; `None` if the row is there.
    fresh: Option<SlotPlace>,
    wanted: i64,
    capacity: i64,
    held: i64,
    reserved: i64,
    breach: bool,
    /// The last entry that touched it.
    seq: u64,
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
}

/// One dose of a reservation, as far as it decides anything here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DoseRow {
    pub(super) id: i64,
    pub(super) number: i64,
    pub(super) person: u32,
    pub(super) campaign: u16,
    pub(super) dose: u8,
    pub(super) slot: SlotId,
    pub(super) state: DoseState,
}

impl DoseRow {
    /// What the row adds to the running fingerprint of reservations.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.id.to_be_bytes()).update(&self.number.to_be_bytes()).update(&self.person.to_be_bytes());
        hasher.update(&self.campaign.to_be_bytes()).update(&[self.dose]).update(&self.slot.0.to_be_bytes());
        hasher.update(state_text(self.state).as_bytes());
        u64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
    }

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            number: row.get(1)?,
            person: row.get(2)?,
            campaign: row.get(3)?,
            dose: row.get(4)?,
            slot: SlotId(row.get(5)?),
            state: state_from_text(row.get_ref(6)?.as_str()?)
                .ok_or_else(|| rusqlite::Error::InvalidColumnName("state".to_owned()))?,
        })
    }
}

pub(super) const DOSE_COLUMNS: &str = "id, number, person, campaign, dose, slot, state";

/// A transaction being written.
pub(super) struct Writing<'t> {
    sql: &'t Connection,
    layout: &'t mut Layout,
    holds: &'t mut HashMap<HoldId, OpenHold>,
    /// In order of slot, so that pages are written in order.
    slots: BTreeMap<SlotId, SlotRow>,
    /// Holds changed since the transaction began, whatever became of them.
    touched_holds: HashSet<HoldId>,
    progress: Progress,
}

impl<'t> Writing<'t> {
    pub(super) fn new(
        sql: &'t Connection,
        layout: &'t mut Layout,
        holds: &'t mut HashMap<HoldId, OpenHold>,
        progress: Progress,
    ) -> Self {
        Self { sql, layout, holds, slots: BTreeMap::new(), touched_holds: HashSet::new(), progress }
    }

    /// Takes one entry in.
    pub(super) fn take_in(&mut self, seq: u64, entry: &Entry, at: UnixMillis) -> rusqlite::Result<()> {
        self.progress.seq = seq;
        self.progress.at_ms = at.0;
        if lays_out(&entry.event) {
            return self.lay_out(entry, at);
        }
        let campaign = entry.under.map(|(campaign, _)| campaign);
        match &entry.event {
            Event::Held { person, hold, first, second, expires_at, .. } => {
                let Some(campaign) = campaign else {
                    return self.violation("I14", &format!("hold {hold} in no campaign"));
                };
                let open =
                    OpenHold { person: *person, campaign, first: *first, second: *second, expires_ms: expires_at.0 };
                self.touched_holds.insert(*hold);
                self.holds.insert(*hold, open);
                self.claim_all(open.slots(), 1, 0)
            }
            Event::HoldExtended { hold, expires_at, .. } => match self.holds.get_mut(hold) {
                Some(open) => {
                    open.expires_ms = expires_at.0;
                    self.touched_holds.insert(*hold);
                    Ok(())
                }
                None => self.violation("I14", &format!("hold {hold} is not open")),
            },
            Event::HoldEnded { hold, .. } => match self.end_hold(*hold) {
                Some(ended) => self.claim_all(ended.slots(), -1, 0),
                None => self.violation("I14", &format!("hold {hold} is not open")),
            },
            Event::Confirmed { person, hold, reservation, number } => match self.end_hold(*hold) {
                Some(held) => {
                    self.claim_all(held.slots(), -1, 1)?;
                    let places = (held.first, held.second);
                    self.reserve(*reservation, *number, (*person, held.campaign), places, at)
                }
                None => self.violation("I14", &format!("hold {hold} is not open")),
            },
            Event::Reserved { person, reservation, number, first, second, .. } => {
                let Some(campaign) = campaign else {
                    return self.violation("I14", &format!("reservation {reservation} in no campaign"));
                };
                self.claim_all([Some(*first), *second].into_iter().flatten(), 0, 1)?;
                self.reserve(*reservation, *number, (*person, campaign), (*first, *second), at)
            }
            Event::Rescheduled { reservation, first, second, .. } => {
                self.reschedule(*reservation, (*first, *second), at)
            }
            Event::Cancelled { reservation, .. } => self.cancel(*reservation, at),
            Event::CheckedIn { reservation, dose } => self.set_state(*reservation, *dose, DoseState::CheckedIn, at),
            Event::Administered { reservation, dose } => {
                self.set_state(*reservation, *dose, DoseState::Administered, at)
            }
            Event::MarkedNoShow { reservation, dose } => self.set_state(*reservation, *dose, DoseState::NoShow, at),
            Event::OutageNoted { gap_ms } => {
                let gap_ms = i64::try_from(*gap_ms).unwrap_or(i64::MAX);
                for (hold, open) in self.holds.iter_mut() {
                    open.expires_ms = open.expires_ms.saturating_add(gap_ms);
                    self.touched_holds.insert(*hold);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes what was gathered, and how far it goes.
    pub(super) fn finish(mut self) -> rusqlite::Result<Progress> {
        self.write_slots()?;
        for hold in &self.touched_holds {
            match self.holds.get(hold) {
                Some(open) => {
                    let sql = "INSERT OR REPLACE INTO holds (hold, person, campaign, first_slot, second_slot, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                    let second = open.second.map(|slot| slot.0);
                    let values = params![hold.0, open.person.0, open.campaign.0, open.first.0, second, open.expires_ms];
                    self.sql.prepare_cached(sql)?.execute(values)?;
                }
                None => {
                    self.sql.prepare_cached("DELETE FROM holds WHERE hold = ?1")?.execute([hold.0])?;
                }
            }
        }
        write_progress(self.sql, &self.progress)?;
        Ok(self.progress)
    }

    fn end_hold(&mut self, hold: HoldId) -> Option<OpenHold> {
        self.touched_holds.insert(hold);
        self.holds.remove(&hold)
    }

    fn claim_all(&mut self, slots: impl Iterator<Item = SlotId>, held: i64, reserved: i64) -> rusqlite::Result<()> {
        slots.into_iter().try_for_each(|slot| self.claim(slot, held, reserved))
    }

    fn claim(&mut self, slot: SlotId, held: i64, reserved: i64) -> rusqlite::Result<()> {
        if !self.slots.contains_key(&slot) {
            match self.load_slot(slot)? {
                Some(row) => self.slots.insert(slot, row),
                None => return self.violation("I14", &format!("slot {} does not exist", slot.0)),
            };
        }
        let Some(row) = self.slots.get_mut(&slot) else { return Ok(()) };
        let before = row.fingerprint(slot);
        let was_sound = row.broken_law().is_none();
        row.held += held;
        row.reserved += reserved;
        row.capacity = row.capacity.min(row.wanted.max(row.held + row.reserved)).max(row.wanted);
        row.seq = self.progress.seq;
        let after = row.fingerprint(slot);
        let counts = (row.held, row.reserved, row.capacity);
        let broken = row.broken_law().filter(|_| was_sound);
        self.progress.slots_fingerprint = self.progress.slots_fingerprint.wrapping_sub(before).wrapping_add(after);
        match broken {
            Some(law) => {
                let (held, reserved, capacity) = counts;
                self.violation(law, &format!("slot {}: {held} held, {reserved} reserved of {capacity}", slot.0))
            }
            None => Ok(()),
        }
    }

    fn load_slot(&self, slot: SlotId) -> rusqlite::Result<Option<SlotRow>> {
        let stored = self
            .sql
            .prepare_cached("SELECT wanted, capacity, held, reserved, breach FROM slots WHERE slot = ?1")?
            .query_row([slot.0], |row| {
                Ok(SlotRow {
                    fresh: None,
                    wanted: row.get(0)?,
                    capacity: row.get(1)?,
                    held: row.get(2)?,
                    reserved: row.get(3)?,
                    breach: row.get(4)?,
                    seq: 0,
                })
            })
            .optional()?;
        Ok(stored.or_else(|| {
            let place = self.layout.place(slot)?;
            let (wanted, capacity) = (place.capacity, place.capacity);
            Some(SlotRow { fresh: Some(place), wanted, capacity, held: 0, reserved: 0, breach: false, seq: 0 })
        }))
    }

    fn write_slots(&mut self) -> rusqlite::Result<()> {
        for (slot, mut row) in std::mem::take(&mut self.slots) {
            row.breach = row.broken_law().is_some();
            match write_slot(self.sql, slot, &row) {
                Err(error) if is_constraint(&error) => {
                    // The table's own auditor disagrees with ours: keep the row and tell.
                    row.breach = true;
                    write_slot(self.sql, slot, &row)?;
                    self.violation_at("I1", row.seq, &format!("slot {}: {error}", slot.0))?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn reserve(
        &mut self,
        reservation: ReservationId,
        number: ReservationNumber,
        (person, campaign): (Person, CampaignId),
        (first, second): (SlotId, Option<SlotId>),
        at: UnixMillis,
    ) -> rusqlite::Result<()> {
        for (place, slot) in [(0, Some(first)), (1, second)] {
            let Some(slot) = slot else { continue };
            let row = DoseRow {
                id: i64::from(reservation.0) * 2 + place,
                number: number.value().cast_signed(),
                person: person.0,
                campaign: campaign.0,
                dose: self.layout.dose(slot).unwrap_or(0),
                slot,
                state: DoseState::Reserved,
            };
            self.insert_dose(&row, at)?;
        }
        Ok(())
    }

    fn insert_dose(&mut self, row: &DoseRow, at: UnixMillis) -> rusqlite::Result<()> {
        match insert_dose(self.sql, row, at, false) {
            Err(error) if is_constraint(&error) => {
                let is_known = read_dose(self.sql, row.id)?.is_some();
                if is_known {
                    return self.violation("I14", &format!("reservation {} is made twice", row.id / 2));
                }
                insert_dose(self.sql, row, at, true)?;
                let detail = format!(
                    "person {} has another active reservation of dose {} in campaign {}",
                    row.person, row.dose, row.campaign
                );
                self.violation("I2", &detail)?;
            }
            other => other?,
        }
        self.progress.reservations_fingerprint = self.progress.reservations_fingerprint.wrapping_add(row.fingerprint());
        Ok(())
    }

    /// The places still to come are given up for the ones named, in order.
    fn reschedule(
        &mut self,
        reservation: ReservationId,
        to: (SlotId, Option<SlotId>),
        at: UnixMillis,
    ) -> rusqlite::Result<()> {
        let to_come = self.doses_to_come(reservation)?;
        if to_come.is_empty() {
            return self.violation("I14", &format!("reservation {reservation} has nothing to reschedule"));
        }
        let moves: Vec<_> = to_come
            .into_iter()
            .zip([Some(to.0), to.1].into_iter().flatten())
            .filter(|(row, new)| row.slot != *new)
            .collect();
        self.claim_all(moves.iter().map(|(_, new)| *new), 0, 1)?;
        self.claim_all(moves.iter().map(|(row, _)| row.slot), 0, -1)?;
        for (row, slot) in moves {
            self.change_dose(&row, DoseRow { slot, ..row }, at)?;
        }
        Ok(())
    }

    fn cancel(&mut self, reservation: ReservationId, at: UnixMillis) -> rusqlite::Result<()> {
        let to_come = self.doses_to_come(reservation)?;
        if to_come.is_empty() {
            return self.violation("I14", &format!("reservation {reservation} has nothing to cancel"));
        }
        for row in to_come {
            self.claim(row.slot, 0, -1)?;
            self.change_dose(&row, DoseRow { state: DoseState::Cancelled, ..row }, at)?;
        }
        Ok(())
    }

    fn set_state(
        &mut self,
        reservation: ReservationId,
        dose: DoseNumber,
        state: DoseState,
        at: UnixMillis,
    ) -> rusqlite::Result<()> {
        match doses_of(self.sql, reservation)?.into_iter().find(|row| row.dose == dose.value()) {
            Some(row) => self.change_dose(&row, DoseRow { state, ..row }, at),
            None => self.violation("I14", &format!("reservation {reservation} has no dose {}", dose.value())),
        }
    }

    fn doses_to_come(&self, reservation: ReservationId) -> rusqlite::Result<Vec<DoseRow>> {
        let mut rows = doses_of(self.sql, reservation)?;
        rows.retain(|row| row.state == DoseState::Reserved);
        Ok(rows)
    }

    fn change_dose(&mut self, from: &DoseRow, to: DoseRow, at: UnixMillis) -> rusqlite::Result<()> {
        let sql = "UPDATE reservations SET slot = ?2, state = ?3, changed_ms = ?4 WHERE id = ?1";
        let updated = self.sql.prepare_cached(sql)?.execute(params![to.id, to.slot.0, state_text(to.state), at.0]);
        match updated {
            Err(error) if is_constraint(&error) => {
                let sql = "UPDATE reservations SET slot = ?2, state = ?3, changed_ms = ?4, breach = 1 WHERE id = ?1";
                self.sql.prepare_cached(sql)?.execute(params![to.id, to.slot.0, state_text(to.state), at.0])?;
                self.violation("I2", &format!("reservation {} is active again beside another", to.id / 2))?;
            }
            other => {
                other?;
            }
        }
        let sum = &mut self.progress.reservations_fingerprint;
        *sum = sum.wrapping_sub(from.fingerprint()).wrapping_add(to.fingerprint());
        Ok(())
    }

    fn lay_out(&mut self, entry: &Entry, at: UnixMillis) -> rusqlite::Result<()> {
        self.layout.apply(entry, at);
        match &entry.event {
            Event::CampaignPublished { .. } => self.write_campaigns(),
            Event::ImportActivated { .. } => {
                self.write_clinics()?;
                self.write_slots()?;
                self.follow_capacities()
            }
            _ => Ok(()),
        }
    }

    /// Slots with a row whose capacity was changed by an import. A capacity below what is claimed is reached as claims end.
    fn follow_capacities(&mut self) -> rusqlite::Result<()> {
        let layout = &*self.layout;
        let mut select = self.sql.prepare_cached("SELECT slot, wanted, held + reserved FROM slots")?;
        let rows =
            select.query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        let mut changed = Vec::new();
        for row in rows {
            let (slot, wanted, claimed) = row?;
            if let Some(now_wanted) = layout.capacity(SlotId(slot)).filter(|now| *now != wanted) {
                changed.push((slot, now_wanted, now_wanted.max(claimed)));
            }
        }
        for (slot, wanted, capacity) in changed {
            let sql = "UPDATE slots SET wanted = ?2, capacity = ?3 WHERE slot = ?1";
            self.sql.prepare_cached(sql)?.execute(params![slot, wanted, capacity])?;
        }
        Ok(())
    }

    fn write_campaigns(&self) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO campaigns VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        for campaign in self.layout.campaigns() {
            let (first_day, last_day) = (campaign.first_day.to_string(), campaign.last_day.to_string());
            let values = params![
                campaign.id.0,
                campaign.version.0,
                campaign.code,
                campaign.name.ko,
                campaign.name.en,
                first_day,
                last_day
            ];
            self.sql.prepare_cached(sql)?.execute(values)?;
        }
        Ok(())
    }

    fn write_clinics(&self) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO clinics VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        for (id, clinic) in (0_u32..).zip(self.layout.clinics()) {
            let kind = match clinic.kind {
                ClinicKind::Contracted => "contracted",
                ClinicKind::Centre => "centre",
                ClinicKind::HealthCentre => "health_centre",
            };
            let (lat, lon) = (clinic.point.map(|point| point.lat_e6), clinic.point.map(|point| point.lon_e6));
            let values = params![
                id,
                clinic.code,
                kind,
                clinic.name.ko,
                clinic.name.en,
                clinic.district,
                clinic.address,
                clinic.phone,
                lat,
                lon
            ];
            self.sql.prepare_cached(sql)?.execute(values)?;
        }
        Ok(())
    }

    fn violation(&mut self, law: &str, detail: &str) -> rusqlite::Result<()> {
        self.violation_at(law, self.progress.seq, detail)
    }

    fn violation_at(&mut self, law: &str, seq: u64, detail: &str) -> rusqlite::Result<()> {
        self.progress.violations += 1;
        tracing::error!(law, seq, detail, "a law is broken in the journal");
        if self.progress.violations <= VIOLATIONS_KEPT {
            let sql = "INSERT INTO violations (law, seq, detail) VALUES (?1, ?2, ?3)";
            self.sql.prepare_cached(sql)?.execute(params![law, seq.cast_signed(), detail])?;
        }
        Ok(())
    }
}

fn write_slot(sql: &Connection, slot: SlotId, row: &SlotRow) -> rusqlite::Result<()> {
    let Some(place) = &row.fresh else {
        let update =
            "UPDATE slots SET wanted = ?2, capacity = ?3, held = ?4, reserved = ?5, breach = ?6 WHERE slot = ?1";
        let values = params![slot.0, row.wanted, row.capacity, row.held, row.reserved, row.breach];
        return sql.prepare_cached(update)?.execute(values).map(|_| ());
    };
    let block = slot.block().0;
    let insert = "INSERT OR IGNORE INTO blocks VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![block, place.campaign, place.clinic, place.product, place.dose, place.day];
    sql.prepare_cached(insert)?.execute(values)?;
    let insert = "INSERT INTO slots VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![slot.0, block, place.start, row.wanted, row.capacity, row.held, row.reserved, row.breach];
    sql.prepare_cached(insert)?.execute(values).map(|_| ())
}

fn insert_dose(sql: &Connection, row: &DoseRow, at: UnixMillis, breach: bool) -> rusqlite::Result<()> {
    let insert = "INSERT INTO reservations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)";
    let (reservation, place) = (row.id / 2, row.id % 2);
    let values = params![
        row.id,
        reservation,
        place,
        row.number,
        row.person,
        row.campaign,
        row.dose,
        row.slot.0,
        state_text(row.state),
        at.0,
        breach
    ];
    sql.prepare_cached(insert)?.execute(values).map(|_| ())
}

fn doses_of(sql: &Connection, reservation: ReservationId) -> rusqlite::Result<Vec<DoseRow>> {
    let first = i64::from(reservation.0) * 2;
    let select = format!("SELECT {DOSE_COLUMNS} FROM reservations WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    let mut select = sql.prepare_cached(&select)?;
    select.query_map([first, first + 1], DoseRow::read)?.collect()
}

fn read_dose(sql: &Connection, id: i64) -> rusqlite::Result<Option<DoseRow>> {
    let select = format!("SELECT {DOSE_COLUMNS} FROM reservations WHERE id = ?1");
    sql.prepare_cached(&select)?.query_row([id], DoseRow::read).optional()
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
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

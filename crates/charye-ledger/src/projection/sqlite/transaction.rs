//! Room: ledger/projection. One transaction of the projector: entries in, rows out. Called by `sqlite`.
//!
//! Counters of a slot are gathered in memory and written once a transaction (`slots`), holds likewise (`holds`); new
//! reservations are written together, before one of them is asked for (`doses`). Every count is judged entry by entry, so that an oversell between two
//! commits is seen too; the tables' constraints judge again what is written.

use charye_domain::book::{Entry, Event};
use charye_domain::ids::{CampaignId, Person, ReservationId, ReservationNumber, SlotId};
use charye_domain::reservation::DoseState;
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::DoseNumber;
use rusqlite::{Connection, ErrorCode};

use super::doses::{self, DoseRow, Written};
use super::holds::OpenHold;
use super::row_sums::{Cell, Table, write_row};
use super::{Progress, Warm, lines, reference_tables, write_progress};
use crate::projection::layout::lays_out;

/// Violations told in full; the rest are counted.
const VIOLATIONS_KEPT: u64 = 10_000;

/// A transaction being written.
pub(super) struct Writing<'t> {
    sql: &'t Connection,
    warm: &'t mut Warm,
    /// New ones in order, with their entries.
    unwritten_doses: Vec<(u64, DoseRow)>,
    progress: Progress,
}

impl<'t> Writing<'t> {
    pub(super) fn new(sql: &'t Connection, warm: &'t mut Warm, progress: Progress) -> Self {
        Self { sql, warm, unwritten_doses: Vec::new(), progress }
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
                self.warm.holds.begin(*hold, open);
                self.claim_all(open.slots(), 1, 0)
            }
            Event::HoldExtended { hold, expires_at, .. } => match self.warm.holds.extend(*hold, expires_at.0) {
                true => Ok(()),
                false => self.violation("I14", &format!("hold {hold} is not open")),
            },
            Event::HoldEnded { hold, .. } => match self.warm.holds.end(*hold) {
                Some(ended) => self.claim_all(ended.slots(), -1, 0),
                None => self.violation("I14", &format!("hold {hold} is not open")),
            },
            Event::Confirmed { person, hold, reservation, number } => match self.warm.holds.end(*hold) {
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
                self.warm.holds.put_off(i64::try_from(*gap_ms).unwrap_or(i64::MAX));
                Ok(())
            }
            _ => lines::take_in(self.sql, &mut self.warm.sums, seq, entry, at),
        }
    }

    /// Writes what was gathered, and how far it goes.
    pub(super) fn finish(mut self) -> rusqlite::Result<Progress> {
        self.write_doses()?;
        self.write_slots()?;
        self.warm.slots.let_go_of_many();
        self.warm.holds.write(self.sql, &mut self.warm.sums)?;
        write_progress(self.sql, &self.progress, &mut self.warm.sums)?;
        self.warm.sums.write(self.sql)?;
        Ok(self.progress)
    }

    fn claim_all(&mut self, slots: impl Iterator<Item = SlotId>, held: i64, reserved: i64) -> rusqlite::Result<()> {
        slots.into_iter().try_for_each(|slot| self.claim(slot, held, reserved))
    }

    fn claim(&mut self, slot: SlotId, held: i64, reserved: i64) -> rusqlite::Result<()> {
        let claimed = self.warm.slots.claim(self.sql, &self.warm.layout, self.progress.seq, slot, (held, reserved))?;
        let Some(claimed) = claimed else {
            return self.violation("I14", &format!("slot {} does not exist", slot.0));
        };
        let sum = &mut self.progress.slots_fingerprint;
        *sum = sum.wrapping_add(claimed.fingerprint_change);
        claimed.broken.map_or(Ok(()), |(law, detail)| self.violation(law, &detail))
    }

    fn write_slots(&mut self) -> rusqlite::Result<()> {
        for (seq, detail) in self.warm.slots.write(self.sql, &mut self.warm.sums)? {
            // The table's own auditor disagrees with ours: the row is kept and told of.
            self.violation_at("I1", seq, &detail)?;
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
                dose: self.warm.layout.dose(slot).unwrap_or(0),
                slot,
                state: DoseState::Reserved,
                reserved_ms: at.0,
                changed_ms: at.0,
                breach: false,
            };
            self.unwritten_doses.push((self.progress.seq, row));
        }
        Ok(())
    }

    fn write_doses(&mut self) -> rusqlite::Result<()> {
        if self.unwritten_doses.is_empty() {
            return Ok(());
        }
        let mut insert = self.sql.prepare_cached(doses::INSERT)?;
        for (seq, row) in std::mem::take(&mut self.unwritten_doses) {
            match row.insert(self.sql, &mut insert, &mut self.warm.sums)? {
                Written::Plainly => {}
                Written::InBreach => {
                    let detail = format!(
                        "person {} has another active reservation of dose {} in campaign {}",
                        row.person, row.dose, row.campaign
                    );
                    self.violation_at("I2", seq, &detail)?;
                }
                Written::Known => {
                    self.violation_at("I14", seq, &format!("reservation {} is made twice", row.reservation()))?;
                }
            }
        }
        Ok(())
    }

    /// The doses of a reservation as they are now.
    fn doses_of(&mut self, reservation: ReservationId) -> rusqlite::Result<Vec<DoseRow>> {
        self.write_doses()?;
        doses::doses_of(self.sql, reservation)
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
            self.change_dose(&row, DoseRow { slot, changed_ms: at.0, ..row })?;
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
            self.change_dose(&row, DoseRow { state: DoseState::Cancelled, changed_ms: at.0, ..row })?;
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
        match self.doses_of(reservation)?.into_iter().find(|row| row.dose == dose.value()) {
            Some(row) => self.change_dose(&row, DoseRow { state, changed_ms: at.0, ..row }),
            None => self.violation("I14", &format!("reservation {reservation} has no dose {}", dose.value())),
        }
    }

    fn doses_to_come(&mut self, reservation: ReservationId) -> rusqlite::Result<Vec<DoseRow>> {
        let mut rows = self.doses_of(reservation)?;
        rows.retain(|row| row.state == DoseState::Reserved);
        Ok(rows)
    }

    fn change_dose(&mut self, from: &DoseRow, to: DoseRow) -> rusqlite::Result<()> {
        match to.write_over(from, self.sql, &mut self.warm.sums)? {
            Written::InBreach => {
                let detail = format!("reservation {} is active again beside another", to.reservation());
                self.violation("I2", &detail)
            }
            Written::Plainly | Written::Known => Ok(()),
        }
    }

    fn lay_out(&mut self, entry: &Entry, at: UnixMillis) -> rusqlite::Result<()> {
        self.warm.layout.apply(entry, at);
        match &entry.event {
            Event::CampaignPublished { .. } => {
                reference_tables::write_campaigns(self.sql, &self.warm.layout, &mut self.warm.sums)
            }
            Event::ImportActivated { .. } => {
                reference_tables::write_clinics(self.sql, &self.warm.layout, &mut self.warm.sums)?;
                reference_tables::write_clinic_rows(self.sql, &self.warm.layout, &mut self.warm.sums)?;
                self.write_slots()?;
                self.warm.slots.follow_capacities(self.sql, &self.warm.layout, &mut self.warm.sums)
            }
            _ => Ok(()),
        }
    }

    fn violation(&mut self, law: &str, detail: &str) -> rusqlite::Result<()> {
        self.violation_at(law, self.progress.seq, detail)
    }

    fn violation_at(&mut self, law: &str, seq: u64, detail: &str) -> rusqlite::Result<()> {
        const INSERT: &str = "INSERT INTO violations VALUES (?1, ?2, ?3, ?4, ?5)";
        self.progress.violations += 1;
        tracing::error!(law, seq, detail, "a law is broken in the journal");
        if self.progress.violations <= VIOLATIONS_KEPT {
            let id = self.progress.violations.cast_signed();
            let cells = [id.into(), Cell::Text(law), seq.cast_signed().into(), Cell::Text(detail)];
            let hash = write_row(self.sql, Table::Violations, INSERT, &cells)?;
            self.warm.sums.replace(Table::Violations, id, None, Some(hash));
        }
        Ok(())
    }
}

pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

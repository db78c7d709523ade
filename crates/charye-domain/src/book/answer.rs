//! Room: domain/book. Queries: what a person or a member of staff asks about themselves or a reservation. Taken in turn by
//! the sequencer, so what is told is what was decided. Records nothing, changes nothing.

use std::collections::BTreeSet;

use crate::book::reservations::{PlaceOf, Reservation};
use crate::book::{Book, CitizenView, ENROLLED_PER_QUERY_MAX, HoldView, Query, Reply, ReservationView, VisitView};
use crate::ids::{CampaignId, CitizenKey, OpeningId, Person, ReservationId, SlotId};
use crate::time::UnixMillis;

/// Reservations told of one person, newest first.
const RESERVATIONS_TOLD_MAX: usize = 16;

impl Book {
    /// Answers a query as of `now`. Bounded by the reservations one person can have.
    pub fn answer(&self, query: &Query, now: UnixMillis) -> Reply {
        match query {
            Query::Citizen { person, campaign } => Reply::Citizen(self.citizen(*person, *campaign, now)),
            Query::Operation { key } => Reply::Operation(self.operations.find(*key, now).map(|row| row.outcome)),
            Query::InLine { person, campaign } => Reply::InLine(self.standing_in(*person, *campaign, now)),
            Query::LookUps { agent, budget } => Reply::LookUps(self.look_ups.view(*agent, *budget, now)),
            Query::Helping { person } => Reply::Helping(self.helps.views(*person, &self.people, now)),
            Query::Enrolled { campaign, opening, from, limit } => {
                Reply::Enrolled(self.enrolled(*campaign, *opening, *from, *limit))
            }
            Query::ReservationByNumber { number } => {
                Reply::Reservation(self.reservations.find(*number).and_then(|id| self.reservation(id)))
            }
        }
    }

    /// A reservation by its id.
    pub fn reservation(&self, id: ReservationId) -> Option<ReservationView> {
        self.reservations.get(id).and_then(|row| self.reservation_view(id, row))
    }

    /// Reservations with a place still to come in one of these slots, by id, at most `limit`: those to be moved when
    /// slots are undercut or taken out of use. Walks every reservation: for imports and audits, not for citizens.
    pub fn reservations_in(&self, slots: &BTreeSet<SlotId>, limit: usize) -> Vec<ReservationView> {
        let rows = self.reservations.rows().iter().zip(0..).filter(|_| !slots.is_empty());
        rows.filter(|(row, _)| row.still_to_come().any(|(_, slot)| slots.contains(&slot)))
            .filter_map(|(row, id)| self.reservation_view(ReservationId(id), row))
            .take(limit)
            .collect()
    }

    fn enrolled(&self, campaign: CampaignId, opening: OpeningId, from: u32, limit: u32) -> Vec<Option<CitizenKey>> {
        let Some(room) = self.room(campaign, opening) else { return Vec::new() };
        let to = from.saturating_add(limit.min(ENROLLED_PER_QUERY_MAX)).min(room.draw().numbers());
        let key = |number: u32| {
            let person = room.line().person(number).filter(|_| room.draw().has(number))?;
            room.draw().key_drawn_with(number).or_else(|| self.people.known(person).map(|row| row.key))
        };
        (from..to).map(key).collect()
    }

    fn citizen(&self, person: Person, campaign: CampaignId, now: UnixMillis) -> CitizenView {
        let Some(row) = self.people.known(person) else { return CitizenView::default() };
        let chain = self.reservations.chain(row.newest_reservation());
        CitizenView {
            visit: self.visit_view(person, campaign).filter(|visit| now < visit.ends_at),
            hold: self.hold_view(person, campaign).filter(|hold| now < hold.expires_at),
            reservations: chain
                .filter_map(|(id, row)| self.reservation_view(id, row))
                .filter(|view| view.campaign == campaign)
                .take(RESERVATIONS_TOLD_MAX)
                .collect(),
        }
    }

    fn visit_view(&self, person: Person, campaign: CampaignId) -> Option<VisitView> {
        let visit = self.visits.of(person).filter(|visit| visit.campaign == campaign)?;
        Some(VisitView {
            opening: visit.opening,
            generation: visit.generation,
            ends_at: self.visits.ends_at(visit),
            holds_expired: visit.holds_expired,
        })
    }

    fn hold_view(&self, person: Person, campaign: CampaignId) -> Option<HoldView> {
        let (id, hold) = self.holds.of(person).filter(|(_, hold)| hold.campaign == campaign)?;
        let extensions_max = self.campaign(campaign)?.hold.extensions_max;
        Some(HoldView {
            hold: id,
            first: hold.first,
            second: hold.second,
            expires_at: self.holds.expires_at(hold),
            extensions_left: extensions_max.saturating_sub(hold.extensions),
        })
    }

    fn reservation_view(&self, id: ReservationId, row: &Reservation) -> Option<ReservationView> {
        let first = row.slot(PlaceOf::First)?;
        Some(ReservationView {
            reservation: id,
            number: row.number(),
            person: row.person,
            campaign: self.grid.find(first)?.row.campaign,
            first: (first, row.state(PlaceOf::First)),
            second: row.slot(PlaceOf::Second).map(|slot| (slot, row.state(PlaceOf::Second))),
            reserved_at: row.reserved_at,
        })
    }
}

//! Room: domain/book/decide. The day at the clinic: arrival, the dose given, the dose missed. One dose at a time, by staff.

use crate::book::reservations::Reservation;
use crate::book::{Actor, Book, Event, Events, Rejection};
use crate::ids::{ReservationId, SlotId};
use crate::reservation::{ActorKind, DoseState, Move, NotAllowed, Stage, may_move};
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;

impl Book {
    /// Who was marked absent may come after all, unless they have taken another place for that dose since.
    pub(super) fn check_in(
        &self,
        actor: Actor,
        reservation: ReservationId,
        dose: DoseNumber,
    ) -> Result<Events, Rejection> {
        let (row, slot, state) = self.dose_of(actor, Move::CheckIn, reservation, dose)?;
        if state == DoseState::NoShow && self.has_another(row, slot, dose) {
            return Err(Rejection::MoveNotAllowed);
        }
        self.on_the_day(row, Event::CheckedIn { reservation, dose })
    }

    pub(super) fn administer(
        &self,
        actor: Actor,
        reservation: ReservationId,
        dose: DoseNumber,
    ) -> Result<Events, Rejection> {
        let (row, ..) = self.dose_of(actor, Move::Administer, reservation, dose)?;
        self.on_the_day(row, Event::Administered { reservation, dose })
    }

    /// Nobody has missed what has not begun.
    pub(super) fn mark_no_show(
        &self,
        actor: Actor,
        reservation: ReservationId,
        dose: DoseNumber,
        now: UnixMillis,
    ) -> Result<Events, Rejection> {
        let (row, slot, _) = self.dose_of(actor, Move::MarkNoShow, reservation, dose)?;
        if self.slot_start(slot).is_none_or(|start| now < start) {
            return Err(Rejection::MoveNotAllowed);
        }
        self.on_the_day(row, Event::MarkedNoShow { reservation, dose })
    }

    fn dose_of(
        &self,
        actor: Actor,
        step: Move,
        reservation: ReservationId,
        dose: DoseNumber,
    ) -> Result<(&Reservation, SlotId, DoseState), Rejection> {
        let row = self.reservations.get(reservation).ok_or(Rejection::ReservationUnknown)?;
        let place = self.place_of_dose(row, dose).ok_or(Rejection::ReservationUnknown)?;
        let slot = row.slot(place).ok_or(Rejection::ReservationUnknown)?;
        let state = row.state(place);
        match may_move(Stage::Dose(state), step, ActorKind::from(actor)) {
            Ok(_) => Ok((row, slot, state)),
            Err(NotAllowed::NotThisActor) => Err(Rejection::NotAllowed),
            Err(NotAllowed::NotFromHere) => Err(Rejection::MoveNotAllowed),
        }
    }

    fn has_another(&self, row: &Reservation, slot: SlotId, dose: DoseNumber) -> bool {
        let campaign = self.grid.find(slot).and_then(|found| self.campaign_state(found.row.campaign));
        let Some((person, campaign)) = self.people.known(row.person).zip(campaign) else { return false };
        let has = self.doses_of(person, campaign, None);
        match dose {
            DoseNumber::First => has.first.is_some(),
            DoseNumber::Second => has.second.is_some(),
        }
    }

    fn on_the_day(&self, row: &Reservation, event: Event) -> Result<Events, Rejection> {
        let campaign = self.in_force(self.campaign_of(row)?)?;
        Ok(Events::under(&campaign.campaign).and(event))
    }
}

//! Room: domain/book/decide. Which places may be had together: slots that exist, are to come and free; doses, products,
//! clinics and intervals that fit each other and what the person has already.

use crate::book::campaigns::CampaignState;
use crate::book::grid::Found;
use crate::book::people::PersonRow;
use crate::book::reservations::{PlaceOf, Reservation, is_active};
use crate::book::{Book, Places, Rejection};
use crate::ids::{ReservationId, SlotId};
use crate::reservation::DoseState;
use crate::time::UnixMillis;
use crate::vaccine::{DoseNumber, DoseTwoPolicy};
use crate::weakness::Defence;

/// The doses a person has, or has a place for, in one campaign (law I2: at most one of each).
#[derive(Clone, Copy, Default)]
pub(super) struct Doses {
    pub(super) first: Option<Found>,
    pub(super) second: Option<Found>,
    /// Reservations ever made, in any campaign.
    pub(super) reservations: usize,
}

/// What is asked for, and in exchange for what.
pub(super) struct Wish<'a> {
    pub(super) campaign: &'a CampaignState,
    pub(super) places: Places,
    pub(super) has: Doses,
    pub(super) instead_of: InsteadOf,
    pub(super) now: UnixMillis,
}

/// Places the person has already and that the wish is in exchange for.
#[derive(Clone, Copy)]
pub(super) enum InsteadOf {
    /// A wish for more.
    Nothing,
    /// The places held, to be confirmed as they are.
    Held(Places),
    /// The doses of a reservation that are to come.
    ToCome(Places),
}

impl InsteadOf {
    fn has(self, slot: SlotId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Held(old) | Self::ToCome(old) => old.first == slot || old.second == Some(slot),
        }
    }
}

impl Book {
    /// The doses of a person in a campaign. With a reservation left out, those of its places that are to come are not
    /// counted: they are what is exchanged.
    pub(super) fn doses_of(&self, row: &PersonRow, campaign: &CampaignState, left_out: Option<ReservationId>) -> Doses {
        let mut doses = Doses::default();
        for (id, reservation) in self.reservations.chain(row.newest_reservation()) {
            doses.reservations += 1;
            for (_, slot, state) in reservation.places() {
                let exchanged = left_out == Some(id) && state == DoseState::Reserved;
                if !is_active(state) || exchanged {
                    continue;
                }
                match self.grid.find(slot).filter(|found| found.row.campaign == campaign.campaign.id) {
                    Some(found) if found.row.dose == DoseNumber::First => doses.first = Some(found),
                    Some(found) => doses.second = Some(found),
                    None => {}
                }
            }
        }
        doses
    }

    /// Law I2 for a wish for more: the person has none of the doses asked for.
    pub(super) fn check_none_reserved(
        &self,
        campaign: &CampaignState,
        has: &Doses,
        places: Places,
    ) -> Result<(), Rejection> {
        let has_one = match (campaign.campaign.dose_two, self.grid.find(places.first).map(|found| found.row.dose)) {
            (DoseTwoPolicy::Later, Some(DoseNumber::First)) => has.first.is_some(),
            (DoseTwoPolicy::Later, Some(DoseNumber::Second)) => has.second.is_some(),
            // Which dose is asked for is not known: the slot is not either, and that is said next.
            (DoseTwoPolicy::Later, None) => false,
            (DoseTwoPolicy::Together, _) => has.first.is_some() || has.second.is_some(),
        };
        if has_one && !Defence::OneReservation.is_off() { Err(Rejection::AlreadyReserved) } else { Ok(()) }
    }

    /// Whether the places asked for may be had, from [`Rejection::SlotUnknown`] to [`Rejection::SecondDoseSoldOut`].
    pub(super) fn check_places(&self, wish: &Wish<'_>) -> Result<(), Rejection> {
        let first = self.grid.find(wish.places.first).ok_or(Rejection::SlotUnknown)?;
        let second = match wish.places.second {
            Some(slot) => Some(self.grid.find(slot).ok_or(Rejection::SlotUnknown)?),
            None => None,
        };
        let each = || [Some(&first), second.as_ref()].into_iter().flatten();
        // Places the person keeps need not be free, or even to come: they are theirs.
        let new = || each().filter(|found| !wish.instead_of.has(found.slot));
        let campaign = wish.campaign;

        if each().any(|found| found.row.campaign != campaign.campaign.id) {
            return Err(Rejection::SlotOfOtherCampaign);
        }
        self.check_dose_numbers(wish, &first, second.as_ref())?;
        if new().any(|found| campaign.start(found.day, found.minute) <= wish.now) {
            return Err(Rejection::SlotPast);
        }
        if new().any(|found| found.closed || !campaign.is_open(found.day)) {
            return Err(Rejection::SlotBlocked);
        }
        match (self.is_pair(wish, &first), &second) {
            (true, None) => return Err(Rejection::SecondDoseMissing),
            (false, Some(_)) => return Err(Rejection::SecondDoseNotWanted),
            _ => {}
        }
        check_fit(campaign, &wish.has, &first, second.as_ref())?;
        let sold_out = |found: &Found| !wish.instead_of.has(found.slot) && self.free_of(found) == 0;
        if sold_out(&first) {
            return Err(Rejection::SoldOut);
        }
        if second.as_ref().is_some_and(sold_out) {
            return Err(Rejection::SecondDoseSoldOut);
        }
        Ok(())
    }

    fn check_dose_numbers(&self, wish: &Wish<'_>, first: &Found, second: Option<&Found>) -> Result<(), Rejection> {
        let leading = match (wish.instead_of, wish.campaign.campaign.dose_two) {
            (InsteadOf::ToCome(old), _) => self.grid.find(old.first).map(|found| found.row.dose),
            (_, DoseTwoPolicy::Together) => Some(DoseNumber::First),
            // A second dose on its own needs a first one before it.
            (_, DoseTwoPolicy::Later) if wish.has.first.is_none() => Some(DoseNumber::First),
            (_, DoseTwoPolicy::Later) => Some(first.row.dose),
        };
        let fits = leading == Some(first.row.dose) && second.is_none_or(|second| second.row.dose == DoseNumber::Second);
        // A pair whose leading dose is the second would be two second doses.
        let both_second = second.is_some() && first.row.dose == DoseNumber::Second;
        if fits && !both_second { Ok(()) } else { Err(Rejection::SlotOfOtherDose) }
    }

    /// Whether two places are asked for together.
    fn is_pair(&self, wish: &Wish<'_>, first: &Found) -> bool {
        match wish.instead_of {
            InsteadOf::ToCome(old) => old.second.is_some(),
            InsteadOf::Nothing | InsteadOf::Held(_) => {
                let campaign = &wish.campaign.campaign;
                let two_doses = campaign.product(first.row.product).is_some_and(|product| product.doses > 1);
                campaign.dose_two == DoseTwoPolicy::Together && two_doses
            }
        }
    }

    /// The places of a reservation that are still to come, as a citizen would name them.
    pub(super) fn places_to_come(&self, id: ReservationId) -> Option<Places> {
        let mut to_come = self.reservations.get(id)?.still_to_come();
        let (_, first) = to_come.next()?;
        Some(Places { first, second: to_come.next().map(|(_, slot)| slot) })
    }

    /// The slots a reservation would leave for others, dose by dose.
    pub(super) fn slots_left(&self, id: ReservationId, places: Places) -> impl Iterator<Item = SlotId> {
        let to_come = self.reservations.get(id).into_iter().flat_map(Reservation::still_to_come);
        let asked = [Some(places.first), places.second];
        to_come.zip(asked).filter(|((_, old), new)| Some(*old) != *new).map(|((_, old), _): ((PlaceOf, _), _)| old)
    }
}

/// First and second dose, asked for or had: one product, one clinic if reserved together, days that fit.
fn check_fit(campaign: &CampaignState, has: &Doses, first: &Found, second: Option<&Found>) -> Result<(), Rejection> {
    let asked = [Some(first), second];
    let dose = |number| asked.into_iter().flatten().find(|found| found.row.dose == number);
    let one = dose(DoseNumber::First).or(has.first.as_ref());
    let two = dose(DoseNumber::Second).or(has.second.as_ref());
    let Some((one, two)) = one.zip(two) else { return Ok(()) };
    let same_clinic = one.row.clinic == two.row.clinic || campaign.campaign.dose_two == DoseTwoPolicy::Later;
    if one.row.product != two.row.product || !same_clinic {
        return Err(Rejection::SecondDoseElsewhere);
    }
    let interval = campaign.campaign.product(one.row.product).and_then(|product| product.interval.as_ref());
    let days_between = u16::from(two.day.0).checked_sub(u16::from(one.day.0));
    let allowed = interval.zip(days_between).is_some_and(|(interval, days)| interval.allowed_days.contains(&days));
    if allowed { Ok(()) } else { Err(Rejection::IntervalNotAllowed) }
}

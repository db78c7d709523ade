//! Room: web/citizen. A place in words: which dose, when, where, and what else is near. Read from the board's directory;
//! never says whether a place is still free, except in offers, which only the book's answer makes true.

use charye_domain::campaign::Campaign;
use charye_domain::ids::SlotId;
use charye_domain::reservation::DoseState;
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use charye_engine::availability::{Alternatives, Availability, Offer};

use super::form::link;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::locale::{Language, Value, day_and_time, long_date, time_of_day};

/// One dose's place.
#[derive(Clone, Debug)]
pub(super) struct PlaceWords {
    pub(super) dose: String,
    pub(super) date: String,
    pub(super) time: String,
    pub(super) clinic: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) product: String,
    /// Of a reservation; a held place has none.
    pub(super) state: Option<String>,
}

/// What to offer instead.
#[derive(Clone, Debug)]
pub(super) struct OfferWords {
    pub(super) href: String,
    pub(super) when: String,
    pub(super) clinic: String,
    pub(super) distance: Option<String>,
}

/// The codes that name a slot's clinic and product in addresses.
pub(super) fn codes_of(availability: &Availability, campaign: &Campaign, slot: SlotId) -> Option<(String, String)> {
    let (clinic, place) = availability.slot(slot)?;
    let clinic = availability.directory().clinic(clinic)?;
    Some((clinic.code.clone(), campaign.product(place.plane.product)?.code.clone()))
}

impl PlaceWords {
    /// A slot in words; `None` if it is not on the board.
    pub(super) fn of(
        language: Language,
        availability: &Availability,
        campaign: &Campaign,
        slot: SlotId,
        state: Option<DoseState>,
    ) -> Option<Self> {
        let (clinic, place) = availability.slot(slot)?;
        let clinic = availability.directory().clinic(clinic)?;
        let product = campaign.product(place.plane.product)?;
        let dose = match (product.doses, place.plane.dose) {
            (1, _) => "dose-only",
            (_, DoseNumber::First) => "dose-first",
            (_, DoseNumber::Second) => "dose-second",
        };
        Some(Self {
            dose: language.text(dose).into_owned(),
            date: long_date(language, campaign.date(place.day)),
            time: time_of_day(language, place.start),
            clinic: language.of(&clinic.name).to_owned(),
            address: clinic.address.clone(),
            phone: clinic.phone.clone(),
            product: language.of(&product.name).to_owned(),
            state: state.map(|state| state_text(language, state)),
        })
    }

    /// The places of one or two slots. What is not on the board any more is left out.
    pub(super) fn of_all(
        language: Language,
        availability: &Availability,
        campaign: &Campaign,
        slots: &[(SlotId, Option<DoseState>)],
    ) -> Vec<Self> {
        slots.iter().filter_map(|(slot, state)| Self::of(language, availability, campaign, *slot, *state)).collect()
    }

    #[cfg(any(test, feature = "samples"))]
    pub(super) fn samples(language: Language, names: Names) -> Vec<Self> {
        let place = |dose: &str, date, minute| Self {
            dose: language.text(dose).into_owned(),
            date: long_date(language, date),
            time: time_of_day(language, MinuteOfDay(minute)),
            clinic: names.clinic(language),
            address: names.address(),
            phone: "02-000-0000".to_owned(),
            product: "Pfizer".to_owned(),
            state: None,
        };
        let (first, second) = (jiff::civil::date(2021, 8, 30), jiff::civil::date(2021, 10, 11));
        vec![place("dose-first", first, 540), place("dose-second", second, 870)]
    }
}

#[cfg(any(test, feature = "samples"))]
impl OfferWords {
    pub(super) fn samples(language: Language, names: Names) -> Vec<Self> {
        let offer = |distance: Option<&str>| Self {
            href: "/find/a/b?day=1&first=2".to_owned(),
            when: day_and_time(language, jiff::civil::date(2021, 8, 30), MinuteOfDay(540)),
            clinic: names.clinic(language),
            distance: distance.map(str::to_owned),
        };
        vec![offer(None), offer(Some("1.2 km"))]
    }
}

/// How a dose stands, in words.
pub(super) fn state_text(language: Language, state: DoseState) -> String {
    let key = match state {
        DoseState::Reserved => "state-reserved",
        DoseState::CheckedIn => "state-checked-in",
        DoseState::Administered => "state-administered",
        DoseState::NoShow => "state-no-show",
        DoseState::Cancelled => "state-cancelled",
    };
    language.text(key).into_owned()
}

/// A day and time, short: for lists.
pub(super) fn when(language: Language, campaign: &Campaign, day: DayIndex, start: MinuteOfDay) -> String {
    day_and_time(language, campaign.date(day), start)
}

/// A distance as people say it.
pub(super) fn distance_text(language: Language, metres: u32) -> String {
    let (key, number) = if metres < 950 {
        ("distance-metres", (metres.div_ceil(50) * 50).to_string())
    } else {
        ("distance-kilometres", format!("{}.{}", (metres + 50) / 1_000, (metres + 50) / 100 % 10))
    };
    language.text_with(key, &[("distance", Value::Text(&number))]).into_owned()
}

/// Alternatives as links to their clinics' pages. `change`: the reservation that is being moved, or nothing.
pub(super) fn offers(
    language: Language,
    availability: &Availability,
    campaign: &Campaign,
    alternatives: &Alternatives,
    change: &str,
) -> Vec<OfferWords> {
    let all = alternatives.same_clinic.iter().chain(&alternatives.nearby);
    all.filter_map(|offer| offer_words(language, availability, campaign, offer, change)).collect()
}

/// One offer as a link to its clinic's page; nothing if clinic or product are gone.
pub(super) fn offer_words(
    language: Language,
    availability: &Availability,
    campaign: &Campaign,
    offer: &Offer,
    change: &str,
) -> Option<OfferWords> {
    let clinic = availability.directory().clinic(offer.clinic)?;
    let product = campaign.product(offer.product)?;
    let path = format!("/find/{}/{}", clinic.code, product.code);
    let day = campaign.date(offer.day).to_string();
    let slot = offer.slot.0.to_string();
    let second = availability.slot(offer.slot)?.1.plane.dose == DoseNumber::Second;
    let first = if second { "" } else { slot.as_str() };
    Some(OfferWords {
        href: link(&path, &[("day", if second { "" } else { &day }), ("first", first), ("change", change)]),
        when: when(language, campaign, offer.day, offer.start),
        clinic: language.of(&clinic.name).to_owned(),
        distance: offer.distance_m.filter(|metres| *metres > 0).map(|metres| distance_text(language, metres)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_read_as_people_say_them() {
        let check = |metres, expect: &str| assert_eq!(distance_text(Language::English, metres), expect);
        check(0, "0 m");
        check(1, "50 m");
        check(430, "450 m");
        check(949, "950 m");
        check(950, "1.0 km");
        check(1_249, "1.2 km");
        check(12_960, "13.0 km");
    }
}

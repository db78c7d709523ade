//! Room: web/citizen. My reservations, and one of them: number, when, where, what to bring. Only one's own; anybody
//! else's is answered exactly like one that does not exist.

use std::sync::Arc;

use charye_domain::book::ReservationView;
use charye_domain::campaign::Campaign;
use charye_domain::helping::CHILD_YEARS;
use charye_domain::ids::{ReservationNumber, SlotId};
use charye_domain::reservation::DoseState;
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_engine::Answered;
use charye_engine::reservation::{look_up_citizen, look_up_reservation};
use hyper::Method;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::clinic::dose_of;
use super::form::{link, seen};
use super::layout::{Layout, Part};
use super::place::{PlaceWords, codes_of, state_text};
use super::qr::QrDrawing;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::{Language, until_text};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/reservations", Access::SignedIn, list),
        Route::page(Method::GET, "/reservations/{number}", Access::SignedIn, show),
    ]
}

#[derive(askama::Template)]
#[template(path = "reservations.html")]
struct ListPage {
    layout: Layout,
    reservations: Vec<Row>,
    /// Whether a place is held and waits to be confirmed.
    holding: bool,
}

struct Row {
    number: String,
    campaign: String,
    state: String,
    to_come: bool,
    places: Vec<PlaceWords>,
}

#[derive(askama::Template)]
#[template(path = "reservation.html")]
struct ReservationPage {
    layout: Layout,
    number: String,
    campaign: String,
    /// The key of what has just been done, if anything.
    news: Option<&'static str>,
    places: Vec<PlaceWords>,
    /// The number, for a scanner at the clinic.
    qr: Option<QrDrawing>,
    reserved_at: String,
    to_come: bool,
    cancelled: bool,
    /// Where the second dose can be reserved, in campaigns that reserve it later.
    second: Option<String>,
    /// The keys of what to know before coming.
    advice: &'static [&'static str],
    /// What else to bring, by the campaign's own words.
    bring: Option<String>,
}

/// The citizen's own reservation that a path names.
pub(super) struct Own {
    pub(super) view: ReservationView,
    pub(super) campaign: Arc<Campaign>,
    pub(super) seq: u64,
}

/// Looks up the reservation in the first placeholder of the path.
///
/// # Errors
/// `reservation_unknown`, whether there is none, it is another's, or the number is none.
pub(super) async fn own_reservation(asked: &Asked) -> Result<Own, Problem> {
    let unknown = || Problem::new("reservation_unknown");
    let number = ReservationNumber::parse(asked.path_value(0)?).ok_or_else(unknown)?;
    let looked = look_up_reservation(&asked.app.engine, asked.login()?.person, number).await;
    let looked = looked.map_err(|failure| asked.failed(failure))?;
    let view = looked.value.ok_or_else(unknown)?;
    let campaign = asked.app.engine.campaigns().get(view.campaign).cloned().ok_or_else(unknown)?;
    Ok(Own { view, campaign, seq: looked.seq })
}

impl Own {
    /// Whether any dose is still to come.
    pub(super) fn to_come(&self) -> bool {
        to_come(&self.view)
    }

    /// Its places in words.
    pub(super) fn places(&self, asked: &Asked) -> Vec<PlaceWords> {
        places(asked, &self.campaign, &self.view)
    }

    /// The day of the next dose to come; today where there is none.
    fn next_day(&self, asked: &Asked) -> Date {
        let availability = asked.app.engine.availability();
        let slots = [Some(self.view.first), self.view.second].into_iter().flatten();
        let mut to_come = slots.filter(|(_, state)| *state == DoseState::Reserved);
        let day = to_come.find_map(|(slot, _)| Some(self.campaign.date(availability.slot(slot)?.1.day)));
        day.unwrap_or_else(|| asked.now.civil(&self.campaign.time_zone).date())
    }

    /// Brings the login cookie up to what this answer shows.
    pub(super) fn seen(&self, asked: &Asked, answer: Answer) -> Answer {
        seen(asked, &Answered { seq: self.seq, value: () }, answer)
    }
}

fn doses(view: &ReservationView) -> impl Iterator<Item = DoseState> {
    [Some(view.first), view.second].into_iter().flatten().map(|(_, state)| state)
}

pub(super) fn to_come(view: &ReservationView) -> bool {
    doses(view).any(|state| state == DoseState::Reserved)
}

pub(super) fn cancelled(view: &ReservationView) -> bool {
    doses(view).all(|state| state == DoseState::Cancelled)
}

pub(super) fn places(asked: &Asked, campaign: &Campaign, view: &ReservationView) -> Vec<PlaceWords> {
    let availability = asked.app.engine.availability();
    // That a place is reserved is what the page is about; a state is told where there is more to say.
    let tell = doses(view).any(|state| state != DoseState::Reserved);
    let slots = [Some(view.first), view.second].into_iter().flatten();
    let slots: Vec<_> = slots.map(|(slot, state)| (slot, tell.then_some(state))).collect();
    PlaceWords::of_all(asked.language, &availability, campaign, &slots)
}

/// How a reservation stands as a whole: as its next dose to come, else as its last.
fn state_of(language: Language, view: &ReservationView) -> String {
    let state = if to_come(view) { DoseState::Reserved } else { view.second.unwrap_or(view.first).1 };
    state_text(language, state)
}

async fn list(asked: Asked) -> Result<Answer, Problem> {
    let person = asked.login()?.person;
    let (mut rows, mut holding, mut seq) = (Vec::new(), false, 0);
    for campaign in asked.app.engine.campaigns().iter() {
        let looked = look_up_citizen(&asked.app.engine, person, campaign.id).await;
        let looked = looked.map_err(|failure| asked.failed(failure))?;
        seq = seq.max(looked.seq);
        holding |= looked.value.hold.is_some_and(|hold| asked.now < hold.expires_at);
        rows.extend(looked.value.reservations.into_iter().map(|view| (campaign.clone(), view)));
    }
    rows.sort_by_key(|(_, view)| std::cmp::Reverse(view.reservation));
    let row = |(campaign, view): &(Arc<Campaign>, ReservationView)| Row {
        number: view.number.to_string(),
        campaign: asked.language.of(&campaign.name).to_owned(),
        state: state_of(asked.language, view),
        to_come: to_come(view),
        places: places(&asked, campaign, view),
    };
    let reservations = rows.iter().map(row).collect();
    let page = ListPage { layout: Layout::of(&asked, Part::Reservations), reservations, holding };
    let answer = super::page(asked.language, &page)?;
    Ok(seen(&asked, &Answered { seq, value: () }, answer))
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    let said = |name| asked.query.get(name) == Some("1");
    let cancelled = cancelled(&own.view);
    let news = match () {
        () if cancelled && said("cancelled") => Some("reservation-cancelled-now"),
        () if own.to_come() && said("done") => Some("reservation-done"),
        () if own.to_come() && said("changed") => Some("reservation-changed"),
        () => None,
    };
    let second = second_dose_page(&asked, &own).await?;
    let page = ReservationPage {
        layout: Layout::of(&asked, Part::Reservations).about(&own.campaign),
        advice: advice(asked.login()?.birth_date, own.next_day(&asked)),
        bring: bring(asked.language, &own.campaign),
        number: own.view.number.to_string(),
        campaign: asked.language.of(&own.campaign.name).to_owned(),
        news,
        places: own.places(&asked),
        qr: own.to_come().then(|| QrDrawing::of(own.view.number)).flatten(),
        reserved_at: until_text(asked.language, own.view.reserved_at.civil(&own.campaign.time_zone)),
        to_come: own.to_come(),
        cancelled,
        second,
    };
    Ok(own.seen(&asked, super::page(asked.language, &page)?))
}

/// The page on which the second dose of this reservation can be chosen, if it is reserved later and is not yet.
async fn second_dose_page(asked: &Asked, own: &Own) -> Result<Option<String>, Problem> {
    let (slot, state) = own.view.first;
    if own.campaign.dose_two != DoseTwoPolicy::Later || state == DoseState::Cancelled {
        return Ok(None);
    }
    let availability = asked.app.engine.availability();
    let Some((_, place)) = availability.slot(slot) else { return Ok(None) };
    let two_doses = own.campaign.product(place.plane.product).is_some_and(|product| product.doses > 1);
    if place.plane.dose != DoseNumber::First || !two_doses {
        return Ok(None);
    }
    let looked = look_up_citizen(&asked.app.engine, asked.login()?.person, own.campaign.id).await;
    let reservations = looked.map_err(|failure| asked.failed(failure))?.value.reservations;
    let is_second = |(slot, state): (SlotId, DoseState)| {
        state != DoseState::Cancelled && dose_of(&availability, slot) == Some(DoseNumber::Second)
    };
    let has_second = reservations.iter().any(|view| is_second(view.first) || view.second.is_some_and(is_second));
    let Some((clinic, product)) = codes_of(&availability, &own.campaign, slot).filter(|_| !has_second) else {
        return Ok(None);
    };
    let number = own.view.number.to_string();
    Ok(Some(link(&format!("/find/{clinic}/{product}"), &[("second_of", &number)])))
}

/// What to know before coming on this day. A child has no card of its own to show, and does not come alone.
fn advice(birth_date: Date, day: Date) -> &'static [&'static str] {
    if day < birth_date.saturating_add(CHILD_YEARS.years()) {
        &["bring-child-grown-up", "bring-child-papers", "bring-number", "bring-child-clothes", "bring-child-ill"]
    } else {
        &["bring-id", "bring-number", "bring-clothes", "bring-ill"]
    }
}

/// What a campaign itself says to bring.
fn bring(language: Language, campaign: &Campaign) -> Option<String> {
    Some(language.of(campaign.look.as_ref()?.bring.as_ref()?).to_owned())
}

/// The list of somebody who has nothing, in this frame.
#[cfg(any(test, feature = "samples"))]
pub(super) fn empty_list_sample(layout: Layout) -> String {
    super::rendered(&ListPage { layout, reservations: Vec::new(), holding: false })
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let layout = || Layout::sample(language, true, Part::Reservations);
    let places = |state| -> Vec<PlaceWords> {
        let state = (state != DoseState::Reserved).then(|| state_text(language, state));
        let places = PlaceWords::samples(language, names).into_iter();
        places.map(|place| PlaceWords { state: state.clone(), ..place }).collect()
    };
    let row = |number: &str, state| Row {
        number: number.to_owned(),
        campaign: names.campaign(language),
        state: state_text(language, state),
        to_come: state == DoseState::Reserved,
        places: places(state),
    };
    let list = |reservations, holding| super::rendered(&ListPage { layout: layout(), reservations, holding });
    let (of_age, child) = (jiff::civil::date(1990, 3, 9), jiff::civil::date(2015, 3, 9));
    let born = |birth_date, layout: Layout, news, to_come: bool, cancelled: bool| {
        let page = ReservationPage {
            advice: advice(birth_date, jiff::civil::date(2021, 8, 30)),
            bring: (!cancelled).then(|| names.or(bring_sample(language), "<b>")),
            layout,
            number: "1234-5678-901".to_owned(),
            campaign: names.campaign(language),
            news,
            places: places(if cancelled { DoseState::Cancelled } else { DoseState::Reserved }),
            qr: to_come.then(|| QrDrawing::of(ReservationNumber::from_random(1_234_567_890))).flatten(),
            reserved_at: until_text(language, jiff::civil::date(2021, 8, 9).at(20, 14, 0, 0)),
            to_come,
            cancelled,
            second: (to_come && news.is_none()).then(|| "/find/a/b?second_of=1".to_owned()),
        };
        super::rendered(&page)
    };
    let one = |layout, news, to_come, cancelled| born(of_age, layout, news, to_come, cancelled);
    vec![
        (
            "reservations",
            list(vec![row("1234-5678-901", DoseState::Reserved), row("2234-5678-901", DoseState::Cancelled)], false),
        ),
        ("reservations-holding", list(Vec::new(), true)),
        ("reservation-done", one(layout(), Some("reservation-done"), true, false)),
        ("reservation-look", one(layout().with_sample_look(), Some("reservation-done"), true, false)),
        ("reservation", one(layout(), None, true, false)),
        ("reservation-child", born(child, layout(), Some("reservation-done"), true, false)),
        ("reservation-changed", one(layout(), Some("reservation-changed"), true, false)),
        ("reservation-cancelled", one(layout(), Some("reservation-cancelled-now"), false, true)),
    ]
}

#[cfg(any(test, feature = "samples"))]
fn bring_sample(language: Language) -> &'static str {
    match language {
        Language::Korean => "건강보험증",
        Language::English => "your health insurance card",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_grown_up_comes_along_until_the_day_before_the_fourteenth_birthday() {
        let check =
            |born, day, child| assert_eq!(advice(born, day).contains(&"bring-child-grown-up"), child, "{born} {day}");
        check(date(2015, 3, 9), date(2021, 8, 30), true);
        check(date(2007, 8, 31), date(2021, 8, 30), true);
        check(date(2007, 8, 30), date(2021, 8, 30), false);
        check(date(1942, 3, 9), date(2021, 8, 30), false);
        check(date(2008, 2, 29), date(2022, 2, 27), true);
        check(date(2008, 2, 29), date(2022, 2, 28), false);
    }

    #[test]
    fn what_a_child_is_told_is_not_what_a_grown_up_is_told() {
        let (child, grown_up) =
            (advice(date(2015, 3, 9), date(2021, 8, 30)), advice(date(1990, 3, 9), date(2021, 8, 30)));
        let shared: Vec<_> = child.iter().filter(|key| grown_up.contains(key)).collect();
        assert_eq!(shared, [&"bring-number"]);
        for key in child.iter().chain(grown_up) {
            assert!(Language::ALL.iter().all(|language| language.has_text(key)), "{key}");
        }
    }
}

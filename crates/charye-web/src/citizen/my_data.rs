//! Room: web/citizen. What is kept about the citizen: theirs to take along and theirs to destroy. Needs sign-in only.
//! Must never tell one person another's, nor erase on a GET.

use charye_domain::book::{Channel, ReservationView};
use charye_domain::campaign::Campaign;
use charye_domain::ids::SlotId;
use charye_domain::reservation::DoseState;
use charye_engine::availability::Availability;
use charye_engine::by_citizen;
use charye_engine::identity::{erase_person, personal_details};
use charye_engine::reservation::look_up_citizen;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::form::Mistakes;
use super::layout::{Layout, Part};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, CookieName, remove_cookie};
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/my-data", Access::SignedIn, show),
        Route::page(Method::GET, "/my-data/export.json", Access::SignedIn, export),
        Route::page(Method::POST, "/my-data/erase", Access::SignedIn, erase),
    ]
}

#[derive(askama::Template)]
#[template(path = "my_data.html")]
struct MyDataPage {
    layout: Layout,
    mistakes: Mistakes,
    /// Whether a place is still to come, which keeps the data from being erased.
    to_come: bool,
}

/// The file a citizen takes along.
#[derive(Serialize)]
struct Export {
    exported_at: String,
    /// Absent once erased.
    details: Option<ExportDetails>,
    reservations: Vec<ExportReservation>,
}

#[derive(Serialize)]
struct ExportDetails {
    name: String,
    birth_date: String,
    phone: String,
}

#[derive(Serialize)]
struct ExportReservation {
    number: String,
    campaign: String,
    reserved_at: String,
    doses: Vec<ExportDose>,
}

#[derive(Serialize)]
struct ExportDose {
    state: &'static str,
    /// Civil time of the campaign's zone.
    starts: Option<String>,
    product: Option<String>,
    clinic: Option<String>,
    address: Option<String>,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let page = my_data_page(&asked, Layout::of(&asked, Part::Reservations), Mistakes::default()).await?;
    super::page(asked.language, &page)
}

async fn my_data_page(asked: &Asked, layout: Layout, mistakes: Mistakes) -> Result<MyDataPage, Problem> {
    let person = asked.own_login()?.person;
    let mut to_come = false;
    for campaign in asked.app.engine.campaigns().iter() {
        let looked = look_up_citizen(&asked.app.engine, person, campaign.id).await;
        let views = looked.map_err(|failure| asked.failed(failure))?.value.reservations;
        to_come |= views.iter().flat_map(doses).any(|(_, state)| state == DoseState::Reserved);
    }
    Ok(MyDataPage { layout, mistakes, to_come })
}

fn doses(view: &ReservationView) -> impl Iterator<Item = (SlotId, DoseState)> + use<> {
    [Some(view.first), view.second].into_iter().flatten()
}

async fn export(asked: Asked) -> Result<Answer, Problem> {
    let (engine, person) = (&asked.app.engine, asked.own_login()?.person);
    let details = personal_details(engine, person).await.map_err(|failure| asked.failed(failure))?;
    let availability = engine.availability();
    let mut reservations = Vec::new();
    for campaign in engine.campaigns().iter() {
        let looked = look_up_citizen(engine, person, campaign.id).await;
        let views = looked.map_err(|failure| asked.failed(failure))?.value.reservations;
        reservations.extend(views.iter().map(|view| export_reservation(asked.language, &availability, campaign, view)));
    }
    let details = details.map(|details| ExportDetails {
        name: details.name,
        birth_date: details.birth_date.to_string(),
        phone: details.phone,
    });
    let exported_at = format!("{}Z", asked.now.civil(&TimeZone::UTC).round(jiff::Unit::Second).unwrap_or_default());
    let file = HeaderValue::from_static("attachment; filename=\"my-data.json\"");
    Ok(Answer::json(&Export { exported_at, details, reservations }).with(CONTENT_DISPOSITION, file))
}

fn export_reservation(
    language: Language,
    availability: &Availability,
    campaign: &Campaign,
    view: &ReservationView,
) -> ExportReservation {
    let dose = |(slot, state)| {
        let place = availability.slot(slot);
        let clinic = place.as_ref().and_then(|(clinic, _)| availability.directory().clinic(*clinic));
        let starts = place.as_ref().and_then(|(_, place)| {
            let minutes = jiff::Span::new().minutes(i64::from(place.start.0));
            campaign.date(place.day).at(0, 0, 0, 0).checked_add(minutes).ok()
        });
        let product = place.as_ref().and_then(|(_, place)| campaign.product(place.plane.product));
        ExportDose {
            state: state_code(state),
            starts: starts.map(|starts| starts.to_string()),
            product: product.map(|product| language.of(&product.name).to_owned()),
            clinic: clinic.map(|clinic| language.of(&clinic.name).to_owned()),
            address: clinic.map(|clinic| clinic.address.clone()),
        }
    };
    ExportReservation {
        number: view.number.to_string(),
        campaign: language.of(&campaign.name).to_owned(),
        reserved_at: view.reserved_at.civil(&campaign.time_zone).to_string(),
        doses: doses(view).map(dose).collect(),
    }
}

fn state_code(state: DoseState) -> &'static str {
    match state {
        DoseState::Reserved => "reserved",
        DoseState::CheckedIn => "checked_in",
        DoseState::Administered => "administered",
        DoseState::NoShow => "no_show",
        DoseState::Cancelled => "cancelled",
    }
}

async fn erase(asked: Asked) -> Result<Answer, Problem> {
    let person = asked.own_login()?.person;
    if asked.form.get("sure") != Some("1") {
        let mut mistakes = Mistakes::default();
        mistakes.add(asked.language, "sure", "my-data-erase-unsure");
        let layout = Layout::answering(&asked, Part::Reservations, "/my-data");
        let page = my_data_page(&asked, layout, mistakes).await?;
        return Ok(super::page(asked.language, &page)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let erased = erase_person(&asked.app.engine, person, by_citizen(person, Channel::Page), None).await;
    erased.map_err(|failure| asked.failed(failure))?;
    let security = asked.app.gate.security();
    Ok(Answer::see_other("/?erased=1")
        .with_cookie(remove_cookie(CookieName::Login, security))
        .with_cookie(remove_cookie(CookieName::Pass, security)))
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, _names: Names) -> Vec<(&'static str, String)> {
    let page = |to_come, mistakes| {
        let layout = Layout::sample(language, true, Part::Reservations);
        super::rendered(&MyDataPage { layout, mistakes, to_come })
    };
    let mut unsure = Mistakes::default();
    unsure.add(language, "sure", "my-data-erase-unsure");
    vec![
        ("my-data", page(false, Mistakes::default())),
        ("my-data-unsure", page(false, unsure)),
        ("my-data-reserved", page(true, Mistakes::default())),
    ]
}

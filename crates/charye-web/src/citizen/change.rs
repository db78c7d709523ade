//! Room: web/citizen. Moving a reservation to other places: what it has now, where to choose, and the one form that
//! swaps both at once. Never gives the old places up itself.

use charye_domain::reservation::DoseState;
use charye_domain::vaccine::DoseNumber;
use charye_engine::reservation::reschedule_reservation;
use hyper::Method;

use super::clinic::{dose_of, first_dose_of};
use super::form::{link, seen};
use super::hold::{canonical, clinic_page, inside, not_had, places_of};
use super::layout::{Layout, Part};
use super::line::way_in;
use super::place::PlaceWords;
use super::reservations::own_reservation;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, CookieName, remove_cookie};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/reservations/{number}/change", Access::Inside, show),
        // Whoever presses again after the visit ended with the change is led to it: `swap` asks for the pass itself.
        Route::page(Method::POST, "/reservations/{number}/change", Access::SignedIn, swap),
    ]
}

#[derive(askama::Template)]
#[template(path = "change.html")]
struct ChangePage {
    layout: Layout,
    number: String,
    places: Vec<PlaceWords>,
    same_clinic: Option<String>,
    /// Only where the first dose is still to come: a second is given where the first was.
    other_clinic: Option<String>,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    if !own.to_come() {
        return Err(Problem::new("move_not_allowed"));
    }
    let number = own.view.number.to_string();
    let availability = asked.app.engine.availability();
    let is_first = dose_of(&availability, own.view.first.0) == Some(DoseNumber::First);
    let first_to_come = is_first && own.view.first.1 == DoseState::Reserved;
    // A second dose is given where the first was, in whichever reservation that is.
    let first = if is_first { None } else { first_dose_of(&asked, own.view.campaign, &availability).await? };
    let at = first.unwrap_or(own.view.first.0);
    let page = ChangePage {
        layout: Layout::of(&asked, Part::Reservations).about(&own.campaign),
        places: own.places(&asked),
        same_clinic: clinic_page(&availability, &own.campaign, at, &number),
        other_clinic: first_to_come.then(|| link("/find", &[("change", &number)])),
        number,
    };
    Ok(own.seen(&asked, super::page(asked.language, &page)?))
}

async fn swap(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    let number = own.view.number.to_string();
    let places = places_of(&asked.form)?;
    if asked.caller.pass.is_none() {
        // From a second tab, or again because the answer was lost.
        let has = (own.view.first.0, own.view.second.map(|(slot, _)| slot)) == (places.first, places.second);
        let changed = format!("/reservations/{number}?changed=1");
        let to = if has { changed } else { way_in(&format!("/reservations/{number}/change")) };
        return Ok(own.seen(&asked, Answer::see_other(&to)));
    }
    let inside = inside(&asked, "reschedule", &format!("{number}-{}", canonical(places)))?;
    match reschedule_reservation(&asked.app.engine, inside, own.view.reservation, places).await {
        Ok(moved) => {
            let gone = remove_cookie(CookieName::Pass, asked.app.gate.security());
            let path = format!("/reservations/{number}?changed=1");
            Ok(seen(&asked, &moved, Answer::see_other(&path).with_cookie(gone)))
        }
        Err(failure) => not_had(&asked, failure, places, &number),
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: crate::locale::Language, names: Names) -> Vec<(&'static str, String)> {
    let page = |other: Option<&str>| {
        let page = ChangePage {
            layout: Layout::sample(language, true, Part::Reservations),
            number: "1234-5678-901".to_owned(),
            places: PlaceWords::samples(language, names),
            same_clinic: Some("/find/a/b?change=1".to_owned()),
            other_clinic: other.map(str::to_owned),
        };
        super::rendered(&page)
    };
    vec![("change", page(Some("/find?change=1"))), ("change-second-dose", page(None))]
}

//! Room: web/citizen. Cancelling: first what it means, then one form. Needs sign-in only, for nobody should have to wait
//! in line to give a place back.

use charye_domain::book::Channel;
use charye_engine::operations::operation;
use charye_engine::reservation::cancel_reservation;
use hyper::Method;

use super::form::{key_of, new_key, seen};
use super::layout::{Layout, Part};
use super::place::PlaceWords;
use super::reservations::{cancelled, own_reservation};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/reservations/{number}/cancel", Access::SignedIn, ask),
        Route::page(Method::POST, "/reservations/{number}/cancel", Access::SignedIn, cancel),
    ]
}

#[derive(askama::Template)]
#[template(path = "cancel.html")]
struct CancelPage {
    layout: Layout,
    number: String,
    places: Vec<PlaceWords>,
    key: String,
}

async fn ask(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    if !own.to_come() {
        return Err(Problem::new("move_not_allowed"));
    }
    let page = CancelPage {
        layout: Layout::of(&asked, Part::Reservations).about(&own.campaign),
        number: own.view.number.to_string(),
        places: own.places(&asked),
        key: new_key(asked.app.engine.random()),
    };
    Ok(own.seen(&asked, super::page(asked.language, &page)?))
}

async fn cancel(asked: Asked) -> Result<Answer, Problem> {
    let own = own_reservation(&asked).await?;
    let person = asked.login()?.person;
    let key = key_of(&asked.form).ok_or_else(|| Problem::new("form_stale"))?;
    let number = own.view.number.to_string();
    let path = format!("/reservations/{number}?cancelled=1");
    if cancelled(&own.view) {
        // From a second tab: what was asked for is done.
        return Ok(own.seen(&asked, Answer::see_other(&path)));
    }
    let operation = operation(asked.app.engine.keys(), person, "cancel", key, number.as_bytes());
    let by = asked.login()?.by(Channel::Page);
    let done = cancel_reservation(&asked.app.engine, person, own.view.reservation, by, Some(operation)).await;
    let done = done.map_err(|failure| asked.failed(failure))?;
    Ok(seen(&asked, &done, Answer::see_other(&path)))
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: crate::locale::Language, names: Names) -> Vec<(&'static str, String)> {
    let page = CancelPage {
        layout: Layout::sample(language, true, Part::Reservations),
        number: "1234-5678-901".to_owned(),
        places: PlaceWords::samples(language, names),
        key: "0123456789abcdef0123456789abcdef".to_owned(),
    };
    vec![("cancel", super::rendered(&page))]
}

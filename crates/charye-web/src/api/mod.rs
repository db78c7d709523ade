//! Room: web/api. What programs may ask: `/api/v1`, JSON in and out, proof in headers, refusals as RFC 9457 problems. One
//! file a noun; each row of the table is documented where it stands.
//!
//! Called through `routes`. Must never take a cookie, nor decide: a body becomes a typed command, an outcome becomes JSON.

mod asking;
pub(crate) mod callers;
mod campaigns;
mod clinics;
pub mod doc;
mod draw;
pub(crate) mod helping;
mod holds;
mod line;
mod look_up_text;
mod one_clinic;
mod operations;
mod providers;
mod reservations;
mod sign_in;
pub(crate) mod told;
mod visit;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use jiff::civil::Date;

use crate::Answer;
use crate::gate::Access;
use crate::routes::Route;
use doc::{ApiDoc, SchemaOf};

/// Every row of the API, its own document included.
pub fn routes() -> Vec<Route> {
    let mut routes = [
        campaigns::routes(),
        sign_in::routes(),
        providers::routes(),
        line::routes(),
        draw::routes(),
        visit::routes(),
        clinics::routes(),
        one_clinic::routes(),
        holds::routes(),
        reservations::routes(),
        operations::routes(),
        helping::routes(),
    ]
    .concat();
    add_document(&mut routes, Access::Anyone);
    routes
}

/// Every row of the agents' listener: finding a caller, and what citizens ask, asked for the caller. Nothing is open there.
pub fn agents_routes() -> Vec<Route> {
    let mut routes = [
        callers::routes(),
        campaigns::routes(),
        line::routes(),
        visit::routes(),
        clinics::routes(),
        one_clinic::routes(),
        holds::routes(),
        reservations::routes(),
        operations::routes(),
    ]
    .concat();
    for route in routes.iter_mut().filter(|route| route.access == Access::Anyone) {
        (route.access, route.quick) = (Access::Agent, None);
    }
    add_document(&mut routes, Access::Agent);
    routes
}

/// Adds the row of the document that describes all of them.
fn add_document(routes: &mut Vec<Route>, access: Access) {
    routes.push(document_route(Bytes::new(), access));
    let document = doc::document(routes, SchemaOf::of::<told::ProblemTold>());
    routes.pop();
    routes.push(document_route(document.to_string().into(), access));
}

/// Any JSON object: the document describes everything but itself.
#[derive(utoipa::ToSchema)]
#[schema(value_type = Object)]
#[expect(dead_code, reason = "stands for its schema only")]
struct DocumentTold(String);

fn document_route(document: Bytes, access: Access) -> Route {
    let handler = move |asked: crate::Asked| {
        let answer = Answer::of(StatusCode::OK, "application/json", document.clone());
        async move { Ok(asking::shared(&asked, answer, 300)) }
    };
    Route::api(Method::GET, "/api/v1/openapi.json", access, handler)
        .documented(ApiDoc::answers::<DocumentTold>("This document"))
}

/// A date as machines write it: `2021-08-30`, and nothing else that jiff would take.
fn parse_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    shaped.then(|| text.parse().ok()).flatten()
}

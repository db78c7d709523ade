//! Room: web/citizen. The pages a citizen walks through, one file a step: a form becomes a typed command here, an
//! outcome becomes a page. Must never decide; every page works without script.

mod agents;
mod area_choices;
mod assets;
mod calendar;
mod cancel;
mod change;
mod clinic;
mod consent;
mod day_words;
mod find;
mod find_list;
mod find_near;
mod find_wish;
mod form;
mod helping;
mod hold;
mod kept_found;
mod landing;
mod layout;
mod line;
mod line_draw;
mod line_waiting;
mod look;
mod my_data;
mod my_day;
mod place;
mod problems;
mod province_map;
mod qr;
mod reservations;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod sign_in;
mod sign_in_provider;

#[cfg(test)]
mod gallery_tests;

pub use problems::problem_page;
#[cfg(any(test, feature = "samples"))]
use samples::Names;
#[cfg(feature = "samples")]
pub use samples::{SampleAsset, SamplePage, sample_assets, sample_pages};

use hyper::header::{CACHE_CONTROL, HeaderValue};

use crate::Answer;
use crate::gate::Access;
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;

/// What nearly every page fits in.
const PAGE_BYTES: usize = 24 * 1024;

/// Every page's row of the table of routes.
pub fn routes() -> Vec<Route> {
    let steps = [
        assets::routes,
        look::routes,
        landing::routes,
        my_day::routes,
        sign_in::routes,
        sign_in_provider::routes,
        line::routes,
        line_waiting::routes,
        line_draw::routes,
        find::routes,
        find_near::routes,
        clinic::routes,
        consent::routes,
        hold::routes,
        reservations::routes,
        calendar::routes,
        my_data::routes,
        helping::routes,
        change::routes,
        cancel::routes,
        problems::routes,
    ];
    steps.into_iter().flat_map(|routes| routes()).collect()
}

/// Every row of the agents' pages: their own, and what citizens walk through, walked for the caller. Nothing is open there but
/// signing in, the language, and what every page is drawn with.
pub fn agents_routes() -> Vec<Route> {
    let steps = [
        look::routes,
        line::routes,
        line_waiting::routes,
        find::routes,
        find_near::routes,
        clinic::routes,
        consent::routes,
        hold::routes,
        reservations::routes,
        calendar::routes,
        change::routes,
        cancel::routes,
        problems::routes,
    ];
    let mut routes: Vec<Route> = steps.into_iter().flat_map(|routes| routes()).collect();
    for route in routes.iter_mut().filter(|route| route.access == Access::Anyone) {
        (route.access, route.quick) = (Access::Agent, None);
    }
    [agents::routes(), assets::routes(), vec![sign_in::language_route()], routes].concat()
}

/// A page as an answer.
fn page(language: Language, page: &impl askama::Template) -> Result<Answer, Problem> {
    Ok(Answer::html(language, fragment(page)?))
}

/// A page that answers a form itself, as the browser's history may keep it: who follows a link from it and goes back finds
/// it again, not the question whether to send the form once more.
fn kept_in_history(answer: Answer) -> Answer {
    answer.with(CACHE_CONTROL, HeaderValue::from_static("private, max-age=600"))
}

/// A page, or a part of one, as text.
fn fragment(page: &impl askama::Template) -> Result<String, Problem> {
    fragment_of(page, PAGE_BYTES)
}

/// The same, of one that has about so many bytes.
fn fragment_of(page: &impl askama::Template, bytes: usize) -> Result<String, Problem> {
    // At once as large as the page becomes: one that grows is copied each time.
    let mut html = String::with_capacity(bytes);
    page.render_into(&mut html).map_err(|error| {
        tracing::error!(%error, "a page did not render");
        Problem::new("fault")
    })?;
    Ok(html)
}

/// A sample page, whole.
#[cfg(any(test, feature = "samples"))]
fn rendered(page: &impl askama::Template) -> String {
    page.render().expect("a page writes to memory, and its values are all displayed by our own code")
}

/// Every page with each of its samples.
#[cfg(any(test, feature = "samples"))]
fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let pages = [
        landing::samples,
        my_day::samples,
        sign_in::samples,
        sign_in_provider::samples,
        line::samples,
        line_waiting::samples,
        line_draw::samples,
        find::samples,
        clinic::samples,
        consent::samples,
        hold::samples,
        reservations::samples,
        my_data::samples,
        helping::samples,
        change::samples,
        cancel::samples,
        agents::samples,
        problems::samples,
    ];
    pages.into_iter().flat_map(|samples| samples(language, names)).collect()
}

//! Room: web/citizen. The one stylesheet, at an address that changes with its content, so that browsers keep it for ever.
//! Called by every page for the address, and by the table of routes. Never serves anything from disk.

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Method, StatusCode};

use crate::gate::Access;
use crate::routes::Route;
use crate::{Answer, Asked};

const STYLESHEET: &str = include_str!("../../assets/charye.css");

static STYLESHEET_PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = blake3::hash(STYLESHEET.as_bytes()).to_hex();
    format!("/assets/charye-{}.css", hash.get(..12).unwrap_or_default())
});

/// Where the stylesheet is.
pub(super) fn stylesheet_path() -> &'static str {
    STYLESHEET_PATH.as_str()
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, stylesheet_path(), Access::Anyone, stylesheet)]
}

async fn stylesheet(_: Asked) -> Result<Answer, crate::problem::Problem> {
    let body = Bytes::from_static(STYLESHEET.as_bytes());
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    Ok(Answer::of(StatusCode::OK, "text/css; charset=utf-8", body).with(CACHE_CONTROL, kept))
}

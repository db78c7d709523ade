//! Room: web/citizen. Stylesheet, script and icon, each at an address that changes with its content, so that browsers keep
//! it for ever. Called by every page for the addresses, and by the table of routes. Never serves anything from disk.

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue, VARY};
use hyper::{Method, StatusCode};

use crate::gate::Access;
use crate::gzip::{self, Packer};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// One file that pages load.
struct Asset {
    /// `/assets/NAME-HASH.EXTENSION`.
    path: LazyLock<String>,
    content: &'static str,
    /// For whoever takes gzip, if it is worth it. Packed once; an asset holds nothing secret.
    packed: LazyLock<Option<Bytes>>,
    media_type: &'static str,
}

static STYLESHEET: Asset = Asset {
    path: LazyLock::new(|| path_of("charye", STYLESHEET.content, "css")),
    content: include_str!("../../assets/charye.css"),
    packed: LazyLock::new(|| packed(STYLESHEET.content)),
    media_type: "text/css; charset=utf-8",
};

static SCRIPT: Asset = Asset {
    path: LazyLock::new(|| path_of("charye", SCRIPT.content, "js")),
    content: include_str!("../../assets/charye.js"),
    packed: LazyLock::new(|| packed(SCRIPT.content)),
    media_type: "text/javascript; charset=utf-8",
};

/// The waiting page's own: it loads nothing else, because everyone loads it at once.
static LINE_STYLESHEET: Asset = Asset {
    path: LazyLock::new(|| path_of("line", LINE_STYLESHEET.content, "css")),
    content: include_str!("../../assets/line.css"),
    packed: LazyLock::new(|| packed(LINE_STYLESHEET.content)),
    media_type: "text/css; charset=utf-8",
};

static LINE_SCRIPT: Asset = Asset {
    path: LazyLock::new(|| path_of("line", LINE_SCRIPT.content, "js")),
    content: include_str!("../../assets/line.js"),
    packed: LazyLock::new(|| packed(LINE_SCRIPT.content)),
    media_type: "text/javascript; charset=utf-8",
};

static ICON: Asset = Asset {
    path: LazyLock::new(|| path_of("charye", ICON.content, "svg")),
    content: include_str!("../../assets/charye.svg"),
    packed: LazyLock::new(|| packed(ICON.content)),
    media_type: "image/svg+xml",
};

static ALL: [&Asset; 5] = [&STYLESHEET, &SCRIPT, &ICON, &LINE_STYLESHEET, &LINE_SCRIPT];

fn path_of(name: &str, content: &str, extension: &str) -> String {
    let hash = blake3::hash(content.as_bytes()).to_hex();
    format!("/assets/{name}-{}.{extension}", hash.get(..12).unwrap_or_default())
}

fn packed(content: &str) -> Option<Bytes> {
    Packer::thorough().pack(content.as_bytes())
}

/// Where the stylesheet is.
pub(super) fn stylesheet_path() -> &'static str {
    STYLESHEET.path.as_str()
}

/// Where the script is.
pub(super) fn script_path() -> &'static str {
    SCRIPT.path.as_str()
}

/// Where the waiting page's stylesheet is.
pub(super) fn line_stylesheet_path() -> &'static str {
    LINE_STYLESHEET.path.as_str()
}

/// Where the script of waiting and counting down is.
pub(super) fn line_script_path() -> &'static str {
    LINE_SCRIPT.path.as_str()
}

/// Where the icon is.
pub(super) fn icon_path() -> &'static str {
    ICON.path.as_str()
}

/// Every asset with its path, for whoever writes pages to files.
#[cfg(any(test, feature = "samples"))]
pub(super) fn all() -> [(&'static str, &'static str); 5] {
    ALL.map(|asset| (asset.path.as_str(), asset.content))
}

pub(super) fn routes() -> Vec<Route> {
    let row = |asset: &'static Asset| {
        // Now, not when the first citizen asks.
        LazyLock::force(&asset.packed);
        Route::page(Method::GET, asset.path.as_str(), Access::Anyone, move |asked: Asked| async move {
            Ok(answer(asset, &asked.headers))
        })
    };
    let icon = Route::page(Method::GET, "/favicon.ico", Access::Anyone, favicon);
    ALL.map(row).into_iter().chain([icon]).collect()
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Answer {
    let packed = asset.packed.as_ref().filter(|_| gzip::is_taken(headers));
    let body = packed.cloned().unwrap_or(Bytes::from_static(asset.content.as_bytes()));
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let answer = Answer::of(StatusCode::OK, asset.media_type, body)
        .with(CACHE_CONTROL, kept)
        .with(VARY, HeaderValue::from_static("accept-encoding"));
    match packed {
        Some(_) => answer.with(CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        None => answer,
    }
}

/// Browsers that do not read a page's link to its icon ask here.
async fn favicon(_: Asked) -> Result<Answer, Problem> {
    Ok(Answer::see_other(icon_path()))
}

//! Room: web/citizen. Consent in plain words: what is kept of a citizen, why, and how long. Shown once in a login, before
//! the first hold, with the chosen places carried along; called by `hold`, which asks whether it was given.
//!
//! Must never hold a place, nor promise anything that the house does not keep. That somebody agreed is on record in the
//! journal, as the reason of the hold: docs/reference/journal-format.md.

use charye_domain::book::Places;
use charye_domain::ids::SlotId;
use hyper::Method;

use super::form::{link, new_key};
use super::layout::{Layout, Part};
use super::place::PlaceWords;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, LoginSession};
#[cfg(any(test, feature = "samples"))]
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// Of the text. Whoever changes what it says gives it the next number, and everybody is asked again.
const VERSION: u8 = 1;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/consent", Access::SignedIn, show)]
}

#[derive(askama::Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    layout: Layout,
    /// What is to be held once the citizen agrees; nothing for somebody who only reads.
    chosen: Option<Chosen>,
}

struct Chosen {
    places: Vec<PlaceWords>,
    first: u32,
    second: Option<u32>,
    key: String,
    /// The clinic's page, for who does not agree.
    back: String,
}

/// The citizen's login with the consent that it carries or this form gives; nothing if neither does.
pub(super) fn given(asked: &Asked) -> Result<Option<LoginSession>, Problem> {
    let login = asked.login()?;
    let agrees = asked.form.get("agreed") == Some("1");
    let consent = if agrees { VERSION } else { login.consent };
    Ok((consent == VERSION).then(|| LoginSession { consent, ..login.clone() }))
}

/// What the journal gives as the reason of a hold whose citizen agreed: the version of the text.
pub(super) const REASON: u16 = VERSION as u16;

/// Where consent is asked for, to hold these places.
pub(super) fn path(places: Places) -> String {
    let second = places.second.map_or(String::new(), |slot| slot.0.to_string());
    link("/consent", &[("first", &places.first.0.to_string()), ("second", &second)])
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let slot = |text: &str| text.parse().ok().map(SlotId);
    let (first, second) = (asked.query.optional("first", slot)?, asked.query.optional("second", slot)?);
    let chosen = first.map(|first| chosen(&asked, Places { first, second })).transpose()?;
    super::page(asked.language, &ConsentPage { layout: Layout::of(&asked, Part::Find), chosen })
}

fn chosen(asked: &Asked, places: Places) -> Result<Chosen, Problem> {
    let availability = asked.app.engine.availability();
    let campaigns = asked.app.engine.campaigns();
    let unknown = || Problem::new("slot_unknown");
    let (_, place) = availability.slot(places.first).ok_or_else(unknown)?;
    let campaign = campaigns.get(place.plane.campaign).ok_or_else(unknown)?;
    let slots: Vec<_> = [Some(places.first), places.second].into_iter().flatten().map(|slot| (slot, None)).collect();
    Ok(Chosen {
        places: PlaceWords::of_all(asked.language, &availability, campaign, &slots),
        first: places.first.0,
        second: places.second.map(|slot| slot.0),
        key: new_key(asked.app.engine.random()),
        back: super::hold::clinic_page(&availability, campaign, places.first, "").ok_or_else(unknown)?,
    })
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let page = |chosen| super::rendered(&ConsentPage { layout: Layout::sample(language, true, Part::Find), chosen });
    let places = PlaceWords::samples(language, names).into_iter().map(|place| PlaceWords { state: None, ..place });
    let chosen = Chosen {
        places: places.collect(),
        first: 64,
        second: Some(1_024),
        key: "0123456789abcdef0123456789abcdef".to_owned(),
        back: "/find/a/b".to_owned(),
    };
    vec![("consent", page(Some(chosen))), ("consent-read", page(None))]
}

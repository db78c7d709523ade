//! Room: web/citizen. A held place: taken, shown with its limit, extended, let go, confirmed. Each form answers with a
//! redirect, so that back and reload never ask twice. Must never say a place is kept unless the book just said so.

use std::sync::Arc;

use charye_domain::book::{Authority, Channel, HoldView, Places, Rejection, ReservationView};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{HoldId, SlotId};
use charye_domain::reservation::DoseState;
use charye_domain::time::MinuteOfDay;
use charye_engine::Inside;
use charye_engine::availability::{Alternatives, Availability};
use charye_engine::failure::Failure;
use charye_engine::operations::operation;
use charye_engine::reservation::{
    PlaceFailure, confirm_reservation, extend_hold, hold_places, look_up_citizen, release_hold,
};
use hyper::Method;

use super::consent;
use super::find::campaign_inside;
use super::form::{key_of, link, minutes_left, new_key, seen};
use super::layout::{Layout, Part};
use super::place::{OfferWords, PlaceWords, codes_of, offers};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::asked::Fields;
use crate::gate::{Access, CookieName, Pass, remove_cookie};
use crate::locale::{Language, time_of_day};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// From how little time left on the page warns, and loads itself again once the time is over. Unit: minutes.
const WARNING_MINUTES: i64 = 2;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::POST, "/holds", Access::Inside, hold),
        Route::page(Method::GET, "/hold", Access::SignedIn, show),
        Route::page(Method::POST, "/hold/extend", Access::Inside, extend),
        Route::page(Method::POST, "/hold/release", Access::SignedIn, release),
        // Whoever presses again after the visit ended with the reservation is led to it: `confirm` asks for the pass itself.
        Route::page(Method::POST, "/hold/confirm", Access::SignedIn, confirm),
    ]
}

#[derive(askama::Template)]
#[template(path = "hold.html")]
struct HoldPage {
    layout: Layout,
    places: Vec<PlaceWords>,
    hold: u32,
    /// The first slot held: what others are offered near, should the time run out before the button is pressed.
    first: u32,
    /// As a clock shows it, in the campaign's zone.
    ends: String,
    minutes: i64,
    seconds: i64,
    warns: bool,
    extensions_left: i64,
    /// How much one extension adds. Unit: minutes.
    extension_minutes: i64,
    key: String,
}

#[derive(askama::Template)]
#[template(path = "hold_over.html")]
struct HoldOverPage {
    layout: Layout,
    /// Whether there was a hold a moment ago; else the page was opened without one.
    expired: bool,
    /// Back to the clinic it was at.
    clinic: Option<String>,
    offers: Vec<OfferWords>,
}

#[derive(askama::Template)]
#[template(path = "sold_out.html")]
struct SoldOutPage {
    layout: Layout,
    title: String,
    advice: String,
    offers: Vec<OfferWords>,
    again: String,
}

/// Where somebody without a visit comes in, as the gate says it too.
const WAY_IN: &str = "/line?next=%2Ffind";

/// The places a form asks for.
pub(super) fn places_of(form: &Fields) -> Result<Places, Problem> {
    let slot = |text: &str| text.parse().ok().map(SlotId);
    Ok(Places { first: form.required("first", slot)?, second: form.optional("second", slot)? })
}

/// What the request means, for its key: the same places give the same bytes.
pub(super) fn canonical(places: Places) -> String {
    let second = places.second.map_or(String::new(), |slot| slot.0.to_string());
    format!("{}+{second}", places.first.0)
}

/// The citizen acting on the visit their pass names. `name` and the form's key make the operation.
pub(super) fn inside(asked: &Asked, name: &'static str, canonical: &str) -> Result<Inside, Problem> {
    let (login, pass) = (asked.login()?, asked.pass()?);
    let key = key_of(&asked.form).ok_or_else(|| Problem::new("form_stale"))?;
    // Choosing differently on the same page is another operation, pressing the button twice is not.
    let key = format!("{key}-{canonical}");
    let operation = operation(asked.app.engine.keys(), login.person, name, &key, canonical.as_bytes());
    let facts = login.facts();
    let by = login.by(Channel::Page);
    Ok(Inside::on_visit(login.person, pass.campaign, pass.generation, facts, by, Some(operation)))
}

async fn hold(mut asked: Asked) -> Result<Answer, Problem> {
    let places = places_of(&asked.form)?;
    let mut inside = inside(&asked, "hold", &canonical(places))?;
    let Some(login) = consent::given(&asked)? else {
        return Ok(Answer::see_other(&consent::path(places)));
    };
    // An agent's entries name the reason of the call.
    if login.agent().is_none() {
        inside.by.reason = consent::REASON;
    }
    // Whoever agreed is not asked again, whether they had the place or not.
    let agreed = asked.app.gate.login_cookie(&login, asked.now);
    asked.caller.login = Some(login);
    let answer = match hold_places(&asked.app.engine, inside, places).await {
        Ok(held) => seen(&asked, &held, Answer::see_other(&hold_path(places))),
        // From a second tab, or again after an answer that was lost: what the citizen holds is not gone, it is theirs.
        Err(_) if is_held(&asked, places).await? => Answer::see_other(&hold_path(places)),
        Err(failure) => not_had(&asked, failure, places, "")?,
    };
    Ok(answer.with_cookie_first(agreed))
}

/// Whether the citizen holds these very places.
async fn is_held(asked: &Asked, places: Places) -> Result<bool, Problem> {
    let looked = look_up_citizen(&asked.app.engine, asked.login()?.person, asked.pass()?.campaign).await;
    let hold = looked.map_err(|failure| asked.failed(failure))?.value.hold;
    let is_it =
        |hold: HoldView| (hold.first, hold.second) == (places.first, places.second) && asked.now < hold.expires_at;
    Ok(hold.is_some_and(is_it))
}

/// Where a held place is shown. The slots are named so that the page can offer others once the time is over.
fn hold_path(places: Places) -> String {
    let second = places.second.map_or(String::new(), |slot| slot.0.to_string());
    link("/hold", &[("first", &places.first.0.to_string()), ("second", &second)])
}

/// Places that could not be had: what is near, at once. `change`: the reservation that was to be moved, or nothing.
pub(super) fn not_had(asked: &Asked, failure: PlaceFailure, places: Places, change: &str) -> Result<Answer, Problem> {
    let (rejection, recorded, found) = match failure {
        PlaceFailure::SoldOut { rejection, recorded, alternatives } => (rejection, recorded, alternatives),
        PlaceFailure::Other(failure) => return Err(asked.failed(failure)),
    };
    let problem = Problem::rejected(rejection, recorded);
    let campaign = campaign_inside(asked)?;
    let availability = asked.app.engine.availability();
    let offered = if rejection == Rejection::SecondDoseSoldOut {
        // A second dose is chosen on the page of its first.
        second_offers(asked.language, &availability, &campaign, &found, places.first, change)
    } else {
        offers(asked.language, &availability, &campaign, &found, change)
    };
    let again = clinic_page(&availability, &campaign, places.first, change).unwrap_or_else(|| "/find".to_owned());
    let page = SoldOutPage {
        layout: Layout::answering(asked, Part::Find, &again),
        title: problem.title(asked.language).into_owned(),
        advice: problem.advice(asked.language).into_owned(),
        offers: offered,
        again,
    };
    Ok(super::kept_in_history(super::page(asked.language, &page)?).with_problem_headers(&problem))
}

fn second_offers(
    language: Language,
    availability: &Availability,
    campaign: &Campaign,
    found: &Alternatives,
    first: SlotId,
    change: &str,
) -> Vec<OfferWords> {
    let Some((clinic, product)) = codes_of(availability, campaign, first) else { return Vec::new() };
    let Some((_, place)) = availability.slot(first) else { return Vec::new() };
    let day = campaign.date(place.day).to_string();
    let words = offers(language, availability, campaign, found, change);
    let href = |second_day: String| {
        let pairs =
            [("day", day.as_str()), ("first", &first.0.to_string()), ("second_day", &second_day), ("change", change)];
        link(&format!("/find/{clinic}/{product}"), &pairs) + "#second"
    };
    let days = found.same_clinic.iter().map(|offer| campaign.date(offer.day).to_string());
    words.into_iter().zip(days).map(|(offer, day)| OfferWords { href: href(day), ..offer }).collect()
}

/// The page of the clinic a slot is at.
pub(super) fn clinic_page(
    availability: &Availability,
    campaign: &Campaign,
    slot: SlotId,
    change: &str,
) -> Option<String> {
    let (clinic, product) = codes_of(availability, campaign, slot)?;
    Some(link(&format!("/find/{clinic}/{product}"), &[("change", change)]))
}

/// The citizen's open hold with its campaign, and the pass anew if its visit still runs.
struct Standing {
    hold: Option<(Arc<Campaign>, HoldView)>,
    pass: Option<Pass>,
    seq: u64,
}

async fn standing(asked: &Asked) -> Result<Standing, Problem> {
    let person = asked.login()?.person;
    let mut standing = Standing { hold: None, pass: None, seq: 0 };
    for campaign in asked.app.engine.campaigns().iter() {
        let looked = look_up_citizen(&asked.app.engine, person, campaign.id).await;
        let looked = looked.map_err(|failure| asked.failed(failure))?;
        standing.seq = standing.seq.max(looked.seq);
        if let (Some(visit), Some(pass)) = (looked.value.visit, asked.caller.pass)
            && pass.campaign == campaign.id
            && pass.generation == visit.generation
            && asked.now < visit.ends_at
        {
            let expires_at = asked.now.plus_secs(campaign.visit.pass_secs).min(visit.ends_at);
            standing.pass = Some(Pass { expires_at, ..pass });
        }
        if let Some(hold) = looked.value.hold {
            standing.hold = Some((campaign.clone(), hold));
            break;
        }
    }
    Ok(standing)
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let standing = standing(&asked).await?;
    let open = standing.hold.filter(|(_, hold)| asked.now < hold.expires_at);
    let answer = match &open {
        Some((campaign, hold)) => super::page(asked.language, &hold_page(&asked, campaign, hold))?,
        None => super::page(asked.language, &hold_over_page(&asked))?,
    };
    let answer = match standing.pass {
        Some(pass) => answer.with_cookie(asked.app.gate.pass_cookie(&pass, asked.now)),
        None => answer,
    };
    Ok(seen(&asked, &charye_engine::Answered { seq: standing.seq, value: () }, answer))
}

fn hold_page(asked: &Asked, campaign: &Campaign, hold: &HoldView) -> HoldPage {
    let availability = asked.app.engine.availability();
    let slots: Vec<_> = [Some(hold.first), hold.second].into_iter().flatten().map(|slot| (slot, None)).collect();
    let civil = hold.expires_at.civil(&campaign.time_zone);
    let minute = u16::from(civil.hour().unsigned_abs()) * 60 + u16::from(civil.minute().unsigned_abs());
    let minutes = minutes_left(asked.now, hold.expires_at);
    let warns = minutes <= WARNING_MINUTES;
    let mut layout = Layout::of(asked, Part::Find);
    let secs_left = hold.expires_at.millis_since(asked.now).max(0) / 1_000;
    layout.refresh_secs = warns.then_some(secs_left + 2);
    HoldPage {
        layout,
        places: PlaceWords::of_all(asked.language, &availability, campaign, &slots),
        hold: hold.hold.0,
        first: hold.first.0,
        ends: time_of_day(asked.language, MinuteOfDay(minute)),
        minutes,
        seconds: secs_left,
        warns,
        extensions_left: hold.extensions_left.into(),
        extension_minutes: i64::from(campaign.hold.extension_secs.div_ceil(60)),
        key: new_key(asked.app.engine.random()),
    }
}

fn hold_over_page(asked: &Asked) -> HoldOverPage {
    let slot = asked.query.filled("first").and_then(|slot| slot.parse().ok()).map(SlotId);
    let availability = asked.app.engine.availability();
    let place = slot.and_then(|slot| Some((slot, availability.slot(slot)?.1)));
    let campaign =
        place.as_ref().and_then(|(_, place)| asked.app.engine.campaigns().get(place.plane.campaign).cloned());
    let mut page = HoldOverPage {
        layout: Layout::of(asked, Part::Find),
        expired: place.is_some(),
        clinic: None,
        offers: Vec::new(),
    };
    if let Some(((slot, _), campaign)) = place.zip(campaign) {
        let moment = availability.moment(campaign.id, asked.now);
        let found = availability.alternatives(slot, None, moment).unwrap_or_default();
        page.offers = offers(asked.language, &availability, &campaign, &found, "");
        page.clinic = clinic_page(&availability, &campaign, slot, "");
    }
    page
}

fn hold_of(form: &Fields) -> Result<HoldId, Problem> {
    form.required("hold", |hold| hold.parse().ok().map(HoldId))
}

async fn extend(asked: Asked) -> Result<Answer, Problem> {
    let hold = hold_of(&asked.form)?;
    let Inside { person, authority, by, operation, .. } = inside(&asked, "extend", &hold.to_string())?;
    let extended = extend_hold(&asked.app.engine, person, hold, authority, by, operation).await;
    let extended = extended.map_err(|failure| asked.failed(failure))?;
    Ok(seen(&asked, &extended, Answer::see_other("/hold")))
}

async fn release(asked: Asked) -> Result<Answer, Problem> {
    let hold = hold_of(&asked.form)?;
    let person = asked.login()?.person;
    let released = release_hold(&asked.app.engine, person, hold, asked.login()?.by(Channel::Page), None).await;
    match released {
        Ok(released) => Ok(seen(&asked, &released, Answer::see_other("/find"))),
        // It is gone already, which is what was asked for.
        Err(Failure::Rejected { rejection: Rejection::HoldUnknown | Rejection::HoldExpired, .. }) => {
            Ok(Answer::see_other("/find"))
        }
        Err(failure) => Err(asked.failed(failure)),
    }
}

async fn confirm(asked: Asked) -> Result<Answer, Problem> {
    if asked.caller.pass.is_none() {
        return reserved_before(&asked).await;
    }
    let hold = hold_of(&asked.form)?;
    let inside = inside(&asked, "confirm", &hold.to_string())?;
    debug_assert!(matches!(inside.authority, Authority::Visit { .. }), "pages act on visits only");
    match confirm_reservation(&asked.app.engine, inside, hold).await {
        Ok(reserved) => {
            // The visit has ended with its purpose; who comes back is let in anew.
            let gone = remove_cookie(CookieName::Pass, asked.app.gate.security());
            let path = format!("/reservations/{}?done=1", reserved.value.number);
            Ok(seen(&asked, &reserved, Answer::see_other(&path).with_cookie(gone)))
        }
        Err(Failure::Rejected { rejection: Rejection::HoldExpired, .. }) => {
            let shown = asked.form.filled("first").unwrap_or_default();
            Ok(Answer::see_other(&link("/hold", &[("first", shown)])))
        }
        Err(failure) => Err(asked.failed(failure)),
    }
}

/// Confirmed without a visit: from a second tab, or again because the answer was lost. What was reserved then, or the way in.
async fn reserved_before(asked: &Asked) -> Result<Answer, Problem> {
    let first = asked.form.filled("first").and_then(|slot| slot.parse().ok()).map(SlotId);
    let availability = asked.app.engine.availability();
    let place = first.and_then(|first| Some((first, availability.slot(first)?.1)));
    let Some((first, place)) = place else { return Ok(Answer::see_other(WAY_IN)) };
    let looked = look_up_citizen(&asked.app.engine, asked.login()?.person, place.plane.campaign).await;
    let looked = looked.map_err(|failure| asked.failed(failure))?;
    let is_it = |view: &&ReservationView| view.first.0 == first && view.first.1 != DoseState::Cancelled;
    let answer = match looked.value.reservations.iter().find(is_it) {
        Some(view) => Answer::see_other(&format!("/reservations/{}?done=1", view.number)),
        None => Answer::see_other(WAY_IN),
    };
    Ok(seen(asked, &looked, answer))
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let layout = || Layout::sample(language, true, Part::Find);
    let held = |minutes, extensions_left| {
        let page = HoldPage {
            layout: Layout { refresh_secs: (minutes <= WARNING_MINUTES).then_some(62), ..layout() },
            places: PlaceWords::samples(language, names),
            hold: 7,
            first: 64,
            ends: time_of_day(language, MinuteOfDay(1_205)),
            minutes,
            seconds: minutes * 60 - 7,
            warns: minutes <= WARNING_MINUTES,
            extensions_left,
            extension_minutes: 2,
            key: "0123456789abcdef0123456789abcdef".to_owned(),
        };
        super::rendered(&page)
    };
    let offered = || OfferWords::samples(language, names);
    let over = |expired: bool, offers| {
        let clinic = expired.then(|| "/find/a/b?x=1&y=2".to_owned());
        super::rendered(&HoldOverPage { layout: layout(), expired, clinic, offers })
    };
    let sold_out = |offers| {
        let problem = Problem::new("sold_out");
        let (title, advice) = (problem.title(language).into_owned(), problem.advice(language).into_owned());
        super::rendered(&SoldOutPage { layout: layout(), title, advice, offers, again: "/find/a/b".to_owned() })
    };
    vec![
        ("hold", held(5, 2)),
        ("hold-warning", held(1, 1)),
        ("hold-last", held(2, 0)),
        ("hold-expired", over(true, offered())),
        ("hold-none", over(false, Vec::new())),
        ("sold-out", sold_out(offered())),
        ("sold-out-everywhere", sold_out(Vec::new())),
    ]
}

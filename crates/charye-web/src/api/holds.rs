//! Room: web/api. Holding places: take, see, extend, give back, confirm. Exactly once by the client's key; must never say
//! that a place is held before the book has it on record.

use charye_domain::book::Channel;
use charye_domain::book::{CitizenView, HoldView};
use charye_domain::campaign::Campaign;
use charye_domain::ids::HoldId;
use charye_engine::Answered;
use charye_engine::reservation::{self, Held};
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{
    SeqTold, answer_operation, as_of, campaign_by_code, campaign_of_pass, inside, keyed, no_body, own, places,
    places_refused, strict_query,
};
use super::doc::{ApiDoc, QueryField, QueryKind};
use super::reservations::ReservedTold;
use super::told::{LocalTold, PlaceTold, instant, local, parse_hex, slot_text};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// What may be wrong with places, whatever is done with them.
pub(super) const PLACE_PROBLEMS: &[&str] = &[
    "campaign_unknown",
    "person_unknown",
    "not_in_cohort",
    "opening_not_yet",
    "openings_over",
    "no_visit",
    "visit_moved",
    "already_reserved",
    "hold_open",
    "slot_unknown",
    "slot_of_other_campaign",
    "slot_of_other_dose",
    "slot_past",
    "slot_blocked",
    "second_dose_missing",
    "second_dose_not_wanted",
    "second_dose_elsewhere",
    "interval_not_allowed",
    "sold_out",
    "second_dose_sold_out",
    "reservation_unknown",
    "move_not_allowed",
    "too_late",
    "limit_reached",
    "storage_low",
    "clock_unsure",
    "draining",
];

/// What may be wrong with a hold.
const HOLD_PROBLEMS: &[&str] = &[
    "no_visit",
    "visit_moved",
    "hold_unknown",
    "hold_expired",
    "hold_extended_too_often",
    "already_reserved",
    "not_in_cohort",
    "openings_over",
    "opening_not_yet",
    "slot_past",
    "limit_reached",
    "storage_low",
    "clock_unsure",
    "draining",
];

const CAMPAIGN: QueryField =
    QueryField { name: "campaign", about: "The campaign's code", kind: QueryKind::Text(40), required: true };

/// The query of what is asked about oneself.
pub(super) const MINE_QUERY: &[QueryField] = &[CAMPAIGN];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, "/api/v1/holds", Access::Inside, hold).documented(
            ApiDoc::answers::<HeldTold>("Hold a place, or both of a pair of doses, for a short time")
                .takes::<HoldAsked>()
                .keyed()
                .created()
                .problems(PLACE_PROBLEMS),
        ),
        Route::api(Method::GET, "/api/v1/holds", Access::SignedIn, mine).documented(
            ApiDoc::answers::<MyHoldTold>("My open hold").query(MINE_QUERY).problems(&["campaign_unknown", "draining"]),
        ),
        Route::api(Method::POST, "/api/v1/holds/{hold}/extend", Access::Inside, extend)
            .documented(ApiDoc::answers::<HeldTold>("Keep a hold a little longer").keyed().problems(HOLD_PROBLEMS)),
        Route::api(Method::DELETE, "/api/v1/holds/{hold}", Access::SignedIn, release)
            .documented(ApiDoc::answers::<SeqTold>("Give a hold's places back").problems(HOLD_PROBLEMS)),
        Route::api(Method::POST, "/api/v1/holds/{hold}/confirm", Access::Inside, confirm).documented(
            ApiDoc::answers::<ReservedTold>("Turn a hold into a reservation").keyed().created().problems(HOLD_PROBLEMS),
        ),
    ]
}

/// Where to hold places.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldAsked {
    /// The campaign's code; the one the pass is for.
    pub(super) campaign: String,
    /// A slot, as a look-up told it.
    pub(super) first: String,
    /// For pairs: a slot for the second dose at the same clinic.
    #[serde(default)]
    pub(super) second: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HeldTold {
    /// Opaque.
    hold: String,
    /// From this instant on it cannot be confirmed any more.
    #[schema(format = DateTime)]
    expires_at: String,
    expires_local: LocalTold,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct MyHoldTold<'a> {
    /// `null` if nothing is held.
    hold: Option<OpenHoldTold<'a>>,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct OpenHoldTold<'a> {
    hold: String,
    first_slot: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_slot: Option<String>,
    places: Vec<PlaceTold<'a>>,
    #[schema(format = DateTime)]
    expires_at: String,
    expires_local: LocalTold,
    extensions_left: u8,
}

/// A hold's name: opaque to clients.
pub(super) fn hold_text(hold: HoldId) -> String {
    format!("h{:08x}", hold.0)
}

fn hold_at(asked: &Asked, index: usize) -> Result<HoldId, Problem> {
    let unknown = || Problem { recorded: Some(false), ..Problem::new("hold_unknown") };
    parse_hex(asked.path_value(index)?, 'h').map(HoldId).ok_or_else(unknown)
}

/// The campaign that a body names, if the pass is for it: a pass for one campaign opens no other.
pub(super) fn campaign_inside(asked: &Asked, code: &str) -> Result<std::sync::Arc<Campaign>, Problem> {
    let campaign = campaign_by_code(asked, code)?;
    if asked.pass()?.campaign == campaign.id {
        Ok(campaign)
    } else {
        Err(Problem::refused(crate::gate::Refusal::WaitFirst))
    }
}

async fn hold(asked: Asked) -> Result<Answer, Problem> {
    let body: HoldAsked = asked.json()?;
    let campaign = campaign_inside(&asked, &body.campaign)?;
    let places = places(&body.first, body.second.as_deref())?;
    let second = places.second.map(slot_text).unwrap_or_default();
    let operation = keyed(&asked, "hold", &["hold", &campaign.code, &slot_text(places.first), &second])?;
    let inside = inside(&asked, operation)?;
    let answering = async {
        let held = reservation::hold_places(&asked.app.engine, inside, places).await;
        let held = held.map_err(|failure| places_refused(&asked, &campaign, failure))?;
        Ok(held_told(&campaign, held).status(StatusCode::CREATED))
    };
    answer_operation(&asked, operation, answering).await
}

fn held_told(campaign: &Campaign, held: Answered<Held>) -> Answer {
    as_of(held, |held, seq| HeldTold {
        hold: hold_text(held.hold),
        expires_at: instant(held.expires_at, &campaign.time_zone),
        expires_local: local(held.expires_at, &campaign.time_zone),
        seq,
    })
}

async fn mine(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, MINE_QUERY)?;
    let campaign = campaign_by_code(&asked, &asked.query.required("campaign", |code| Some(code.to_owned()))?)?;
    let view = reservation::look_up_citizen(&asked.app.engine, asked.login()?.person, campaign.id).await;
    let view: Answered<CitizenView> = view.map_err(|failure| asked.failed(failure))?;
    let availability = asked.app.engine.availability();
    let told = |hold: HoldView| OpenHoldTold {
        hold: hold_text(hold.hold),
        first_slot: slot_text(hold.first),
        second_slot: hold.second.map(slot_text),
        places: [Some(hold.first), hold.second]
            .into_iter()
            .flatten()
            .filter_map(|slot| PlaceTold::of(&availability, &campaign, slot, None))
            .collect(),
        expires_at: instant(hold.expires_at, &campaign.time_zone),
        expires_local: local(hold.expires_at, &campaign.time_zone),
        extensions_left: hold.extensions_left,
    };
    let seq = view.seq;
    Ok(own(&asked, seq, as_of(view, |view, seq| MyHoldTold { hold: view.hold.map(told), seq })))
}

async fn extend(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let (campaign, hold) = (campaign_of_pass(&asked)?, hold_at(&asked, 0)?);
    let operation = keyed(&asked, "extend", &["extend", &hold_text(hold)])?;
    let inside = inside(&asked, operation)?;
    let answering = async {
        let engine = &asked.app.engine;
        let held =
            reservation::extend_hold(engine, inside.person, hold, inside.authority, inside.by, inside.operation).await;
        Ok(held_told(&campaign, held.map_err(|failure| asked.failed(failure))?))
    };
    answer_operation(&asked, operation, answering).await
}

async fn release(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let hold = hold_at(&asked, 0)?;
    let person = asked.login()?.person;
    let released =
        reservation::release_hold(&asked.app.engine, person, hold, asked.login()?.by(Channel::Api), None).await;
    Ok(as_of(released.map_err(|failure| asked.failed(failure))?, |(), seq| SeqTold { seq }))
}

async fn confirm(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let hold = hold_at(&asked, 0)?;
    let operation = keyed(&asked, "confirm", &["confirm", &hold_text(hold)])?;
    let inside = inside(&asked, operation)?;
    let answering = async {
        let reserved = reservation::confirm_reservation(&asked.app.engine, inside, hold).await;
        let reserved = reserved.map_err(|failure| asked.failed(failure))?;
        Ok(ReservedTold::answer(reserved).status(StatusCode::CREATED))
    };
    answer_operation(&asked, operation, answering).await
}

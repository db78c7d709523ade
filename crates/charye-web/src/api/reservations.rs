//! Room: web/api. Reservations: made at once, read, moved, cancelled. Somebody else's is answered exactly as one that does
//! not exist, after the same work; must never tell the two apart.

use std::sync::Arc;

use charye_domain::book::{Channel, ReservationView};
use charye_domain::campaign::Campaign;
use charye_domain::ids::ReservationNumber;
use charye_engine::Answered;
use charye_engine::availability::Availability;
use charye_engine::reservation::{self, Reserved};
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{
    SeqTold, answer_operation, as_of, campaign_by_code, inside, keyed, no_body, own, places, places_refused,
    strict_query,
};
use super::doc::ApiDoc;
use super::holds::{HoldAsked, MINE_QUERY, PLACE_PROBLEMS, campaign_inside};
use super::told::{LocalTold, PlaceTold, instant, local, slot_text};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, "/api/v1/reservations", Access::Inside, reserve).documented(
            ApiDoc::answers::<ReservedTold>("Reserve at once, without a hold")
                .takes::<HoldAsked>()
                .keyed()
                .created()
                .problems(PLACE_PROBLEMS),
        ),
        Route::api(Method::GET, "/api/v1/reservations", Access::SignedIn, mine).documented(
            ApiDoc::answers::<MyReservationsTold>("My reservations, newest first, ended ones included")
                .query(MINE_QUERY)
                .problems(&["campaign_unknown", "draining"]),
        ),
        Route::api(Method::GET, "/api/v1/reservations/{number}", Access::SignedIn, show).documented(
            ApiDoc::answers::<OneReservationTold>("One reservation of mine")
                .problems(&["reservation_unknown", "draining"]),
        ),
        Route::api(Method::POST, "/api/v1/reservations/{number}/reschedule", Access::Inside, reschedule).documented(
            ApiDoc::answers::<SeqTold>("Move a reservation: the new places are secured before the old are freed")
                .takes::<RescheduleAsked>()
                .keyed()
                .problems(PLACE_PROBLEMS),
        ),
        Route::api(Method::POST, "/api/v1/reservations/{number}/cancel", Access::SignedIn, cancel).documented(
            ApiDoc::answers::<SeqTold>("Give back every place that is still to come").keyed().problems(&[
                "reservation_unknown",
                "move_not_allowed",
                "too_late",
                "clock_unsure",
                "draining",
            ]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReservedTold {
    /// What the citizen quotes.
    number: String,
    seq: u64,
}

impl ReservedTold {
    pub(super) fn answer(reserved: Answered<Reserved>) -> Answer {
        as_of(reserved, |reserved, seq| Self { number: reserved.number.to_string(), seq })
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct MyReservationsTold<'a> {
    reservations: Vec<ReservationTold<'a>>,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct OneReservationTold<'a> {
    reservation: ReservationTold<'a>,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReservationTold<'a> {
    number: String,
    campaign: &'a str,
    /// First dose first.
    places: Vec<PlaceTold<'a>>,
    #[schema(format = DateTime)]
    reserved_at: String,
    reserved_local: LocalTold,
}

impl<'a> ReservationTold<'a> {
    pub(super) fn of(availability: &'a Availability, campaign: &'a Campaign, view: &ReservationView) -> Self {
        let places = [Some(view.first), view.second].into_iter().flatten();
        Self {
            number: view.number.to_string(),
            campaign: &campaign.code,
            places: places
                .filter_map(|(slot, state)| PlaceTold::of(availability, campaign, slot, Some(state)))
                .collect(),
            reserved_at: instant(view.reserved_at, &campaign.time_zone),
            reserved_local: local(view.reserved_at, &campaign.time_zone),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RescheduleAsked {
    /// Every dose still to come is named, changed or not.
    first: String,
    #[serde(default)]
    second: Option<String>,
}

async fn reserve(asked: Asked) -> Result<Answer, Problem> {
    let body: HoldAsked = asked.json()?;
    let campaign = campaign_inside(&asked, &body.campaign)?;
    let places = places(&body.first, body.second.as_deref())?;
    let second = places.second.map(slot_text).unwrap_or_default();
    let operation = keyed(&asked, "reserve", &["reserve", &campaign.code, &slot_text(places.first), &second])?;
    let inside = inside(&asked, operation)?;
    let answering = async {
        let reserved = reservation::reserve_at_once(&asked.app.engine, inside, places).await;
        let reserved = reserved.map_err(|failure| places_refused(&asked, &campaign, failure))?;
        Ok(ReservedTold::answer(reserved).status(StatusCode::CREATED))
    };
    answer_operation(&asked, operation, answering).await
}

async fn mine(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, MINE_QUERY)?;
    let campaign = campaign_by_code(&asked, &asked.query.required("campaign", |code| Some(code.to_owned()))?)?;
    let view = reservation::look_up_citizen(&asked.app.engine, asked.login()?.person, campaign.id).await;
    let view = view.map_err(|failure| asked.failed(failure))?;
    let availability = asked.app.engine.availability();
    let seq = view.seq;
    let answer = as_of(view, |view, seq| {
        let told = view.reservations.iter().map(|view| ReservationTold::of(&availability, &campaign, view));
        MyReservationsTold { reservations: told.collect(), seq }
    });
    Ok(own(&asked, seq, answer))
}

/// The caller's reservation that the path names, and its campaign.
async fn named(asked: &Asked) -> Result<(Answered<ReservationView>, Arc<Campaign>), Problem> {
    let unknown = || Problem::new("reservation_unknown");
    let number = ReservationNumber::parse(asked.path_value(0)?).ok_or_else(unknown)?;
    let person = asked.login()?.person;
    let found = reservation::look_up_reservation(&asked.app.engine, person, number).await;
    let Answered { seq, value } = found.map_err(|failure| asked.failed(failure))?;
    let view = value.ok_or_else(unknown)?;
    let campaign = asked.app.engine.campaigns().get(view.campaign).cloned().ok_or_else(unknown)?;
    Ok((Answered { seq, value: view }, campaign))
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let (found, campaign) = named(&asked).await?;
    let availability = asked.app.engine.availability();
    let seq = found.seq;
    let answer = as_of(found, |view, seq| OneReservationTold {
        reservation: ReservationTold::of(&availability, &campaign, &view),
        seq,
    });
    Ok(own(&asked, seq, answer))
}

async fn reschedule(asked: Asked) -> Result<Answer, Problem> {
    let body: RescheduleAsked = asked.json()?;
    let places = places(&body.first, body.second.as_deref())?;
    super::asking::client_key(&asked)?;
    let (found, campaign) = named(&asked).await?;
    let number = found.value.number.to_string();
    let second = places.second.map(slot_text).unwrap_or_default();
    let operation = keyed(&asked, "reschedule", &["reschedule", &number, &slot_text(places.first), &second])?;
    let inside = inside(&asked, operation)?;
    let answering = async {
        let (engine, reservation) = (&asked.app.engine, found.value.reservation);
        let moved = reservation::reschedule_reservation(engine, inside, reservation, places).await;
        let moved = moved.map_err(|failure| places_refused(&asked, &campaign, failure))?;
        Ok(as_of(moved, |_, seq| SeqTold { seq }))
    };
    answer_operation(&asked, operation, answering).await
}

async fn cancel(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    super::asking::client_key(&asked)?;
    let (found, _) = named(&asked).await?;
    let view = found.value;
    let operation = keyed(&asked, "cancel", &["cancel", &view.number.to_string()])?;
    let by = asked.login()?.by(Channel::Api);
    let answering = async {
        let (engine, reservation) = (&asked.app.engine, view.reservation);
        let cancelled = reservation::cancel_reservation(engine, view.person, reservation, by, Some(operation)).await;
        Ok(as_of(cancelled.map_err(|failure| asked.failed(failure))?, |_, seq| SeqTold { seq }))
    };
    answer_operation(&asked, operation, answering).await
}

//! Room: web/api. One clinic: what it gives, on which days, at which times; and the second doses that fit a first. Read from
//! the board; must never promise: a hold does.

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::ids::{ClinicId, ProductId};
use charye_domain::time::DayIndex;
use charye_domain::vaccine::DoseNumber;
use charye_engine::availability::{Availability, TimeOffered};
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{campaign_at, strict_query};
use super::clinics::{dates, refused};
use super::doc::{ApiDoc, QueryField, QueryKind};
use super::told::{ClinicTold, TimeTold, parse_slot};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

const FIRST: QueryField = QueryField {
    name: "first",
    about: "A slot for the first dose: only second doses that may follow it",
    kind: QueryKind::Text(9),
    required: false,
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, "/api/v1/campaigns/{campaign}/clinics/{clinic}", Access::Anyone, show).documented(
            ApiDoc::answers::<OneClinicTold>("One clinic, and what it gives").problems(&["campaign_unknown"]),
        ),
        Route::api(Method::GET, "/api/v1/campaigns/{campaign}/clinics/{clinic}/{product}/days", Access::Anyone, days)
            .documented(
                ApiDoc::answers::<DaysTold>("A clinic's days")
                    .query(&[FIRST])
                    .problems(&["campaign_unknown", "request_invalid"]),
            ),
        Route::api(
            Method::GET,
            "/api/v1/campaigns/{campaign}/clinics/{clinic}/{product}/days/{date}",
            Access::Anyone,
            times,
        )
        .documented(
            ApiDoc::answers::<TimesTold>("A clinic's times on a day, sold out or not")
                .query(&[FIRST])
                .problems(&["campaign_unknown", "request_invalid"]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct OneClinicTold<'a> {
    clinic: ClinicTold<'a>,
    products: Vec<GivenTold>,
}

/// A product as a clinic gives it.
#[derive(Debug, Serialize, ToSchema)]
struct GivenTold {
    product: String,
    /// Days with a place left; where both doses are reserved together, one for the second too.
    free_days: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DaysTold {
    product: String,
    /// 1, or 2 after a `first`.
    dose: u8,
    /// Days on which the clinic gives it, past or sold out included. Not told after a `first`.
    #[serde(skip_serializing_if = "Option::is_none")]
    works: Option<Vec<String>>,
    free_days: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TimesTold {
    product: String,
    /// 1, or 2 after a `first`.
    dose: u8,
    #[schema(format = Date)]
    date: String,
    times: Vec<TimeTold>,
    /// Where both doses are reserved together: days with a place for the second. If there are none, no time of this day
    /// can be reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_dose_days: Option<Vec<String>>,
}

/// What the path names.
struct Named {
    campaign: Arc<Campaign>,
    availability: Arc<Availability>,
    clinic: ClinicId,
}

fn named(asked: &Asked) -> Result<Named, Problem> {
    let campaign = campaign_at(asked, 0)?;
    let availability = asked.app.engine.availability();
    let found = availability.directory().by_code(asked.path_value(1)?);
    let (clinic, _) = found.ok_or_else(|| Problem::new("not_found"))?;
    Ok(Named { campaign, clinic, availability })
}

fn product(campaign: &Campaign, asked: &Asked) -> Result<(ProductId, String), Problem> {
    let code = asked.path_value(2)?;
    let found = campaign.products.iter().find(|product| product.code == code);
    let found = found.ok_or_else(|| Problem::new("not_found"))?;
    Ok((found.id, found.code.clone()))
}

/// The first dose that the second must follow, if one is named: at this clinic, of this product.
fn first_dose(asked: &Asked, named: &Named, product: ProductId) -> Result<Option<charye_domain::ids::SlotId>, Problem> {
    let Some(first) = asked.query.optional("first", parse_slot)? else { return Ok(None) };
    let fits = named.availability.slot(first).is_some_and(|(clinic, place)| {
        clinic == named.clinic && place.plane.product == product && place.plane.campaign == named.campaign.id
    });
    if fits { Ok(Some(first)) } else { Err(Problem::invalid_field("first", "slot_unknown")) }
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let Named { campaign, availability, clinic } = named(&asked)?;
    let moment = availability.moment(campaign.id, asked.now);
    let mut products = Vec::new();
    for product in &campaign.products {
        let days = availability.clinic_days(campaign.id, clinic, product.id, DoseNumber::First, moment);
        let days = days.map_err(refused)?;
        if !days.works.is_empty() {
            products.push(GivenTold { product: product.code.clone(), free_days: dates(&campaign, days.free) });
        }
    }
    let clinic = availability.directory().clinic(clinic).ok_or_else(|| Problem::new("not_found"))?;
    Ok(Answer::json(&OneClinicTold { clinic: clinic.into(), products }))
}

async fn days(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[FIRST])?;
    let named = named(&asked)?;
    let (id, product) = product(&named.campaign, &asked)?;
    let Named { campaign, availability, clinic } = &named;
    if let Some(first) = first_dose(&asked, &named, id)? {
        let free = availability.second_dose_days(first).map_err(refused)?;
        return Ok(Answer::json(&DaysTold { product, dose: 2, works: None, free_days: dates(campaign, free) }));
    }
    let moment = availability.moment(campaign.id, asked.now);
    let days = availability.clinic_days(campaign.id, *clinic, id, DoseNumber::First, moment).map_err(refused)?;
    let works = Some(dates(campaign, days.works));
    Ok(Answer::json(&DaysTold { product, dose: 1, works, free_days: dates(campaign, days.free) }))
}

async fn times(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[FIRST])?;
    let named = named(&asked)?;
    let (id, product) = product(&named.campaign, &asked)?;
    let Named { campaign, availability, clinic } = &named;
    let malformed = || Problem::invalid_field("date", "malformed");
    let date = super::parse_date(asked.path_value(3)?).ok_or_else(malformed)?;
    let outside = || Problem::invalid_field("date", "days_invalid");
    let day = campaign.day(date).ok_or_else(outside)?;
    let (dose, offered, second_dose_days) = match first_dose(&asked, &named, id)? {
        Some(first) => (2, availability.second_dose_times(first, day).map_err(refused)?, None),
        None => {
            let moment = availability.moment(campaign.id, asked.now);
            let found = availability.clinic_day(campaign.id, *clinic, id, DoseNumber::First, day, moment);
            let found = found.map_err(refused)?;
            (1, found.times, found.second_dose_days.map(|days| dates(campaign, days)))
        }
    };
    let times = times_told(campaign, day, &offered);
    Ok(Answer::json(&TimesTold { product, dose, date: date.to_string(), times, second_dose_days }))
}

fn times_told(campaign: &Campaign, day: DayIndex, offered: &[TimeOffered]) -> Vec<TimeTold> {
    offered.iter().map(|time| TimeTold::of(campaign, time.slot, day, time.start, time.remaining)).collect()
}

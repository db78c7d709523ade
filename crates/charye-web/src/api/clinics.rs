//! Room: web/api. Finding clinics with places left: by area, name, product, days, time of day; ranked, counted, paged.
//! Answered from memory at any load; must never take a turn in the queue.

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::clinic::Point;
use charye_domain::ids::ProductId;
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;
use charye_engine::availability::{Area, Centre, Cursor, DaySet, Order, SearchError, SearchRequest, Show};
#[cfg(test)]
use charye_engine::availability::{ClinicFound, Count, Directory, NextTime, SearchPage};
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{campaign_at, standing, strict_query};
use super::doc::{ApiDoc, QueryField, QueryKind};
use super::look_up_text::LookUpTexts;
use super::told::{ClinicTold, TimeTold};
use crate::asked::Fields;
use crate::gate::Access;
use crate::kept_answers::Standing;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, App, Asked};

const QUERY: &[QueryField] = &[
    field("province", QueryKind::Integer(1, 99), "Two-digit code of a province"),
    field("district", QueryKind::Integer(1, 99_999), "Five-digit code of a district; instead of a province"),
    field(
        "name",
        QueryKind::Text(40),
        "Part of the name of the clinic or its neighbourhood (읍·면·동), or the initial consonants of it",
    ),
    field("product", QueryKind::Text(64), "Code of a product; any if not given"),
    field("dose", QueryKind::Integer(1, 2), "Which dose; the first if not given"),
    field("from", QueryKind::Date, "First day, included"),
    field("to", QueryKind::Date, "Last day, included"),
    field("time_from", QueryKind::Time, "Earliest start; needs an area"),
    field("time_to", QueryKind::Time, "Starts before this time; needs an area"),
    field("lat", QueryKind::Number(-90, 90), "Around this point, with `lon`; instead of an area"),
    field("lon", QueryKind::Number(-180, 180), "Around this point, with `lat`"),
    field("around", QueryKind::Integer(1, 99_999), "Around the centre of this district; instead of a point"),
    field("radius_m", QueryKind::Integer(1, SearchRequest::RADIUS_M_MAX), "How far around, in metres"),
    field(
        "order",
        QueryKind::OneOf(&["district", "distance", "earliest"]),
        "Which come first; by distance around a point",
    ),
    field("show", QueryKind::OneOf(&["free", "all"]), "`all` shows sold-out clinics too"),
    field(
        "times",
        QueryKind::Integer(0, SearchRequest::NEXT_TIMES_MAX as u32),
        "Next free times of each; 1 if not given",
    ),
    field("cursor", QueryKind::Text(30), "`next` of the page before"),
    field("limit", QueryKind::Integer(1, SearchRequest::PAGE_MAX as u32), "Clinics a page; 20 if not given"),
];

const fn field(name: &'static str, kind: QueryKind, about: &'static str) -> QueryField {
    QueryField { name, about, kind, required: false }
}

pub(super) fn routes() -> Vec<Route> {
    let texts = Arc::new(LookUpTexts::default());
    let handler = move |asked| find(asked, texts.clone());
    vec![
        Route::api(Method::GET, "/api/v1/campaigns/{campaign}/clinics", Access::Anyone, handler).documented(
            ApiDoc::answers::<ClinicsTold>("Clinics with places left")
                .query(QUERY)
                .problems(&["campaign_unknown", "saturated"]),
        ),
    ]
}

/// What `look_up_text` writes. The three types stand for their schema, and for the test that holds the text against them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClinicsTold<'a> {
    clinics: Vec<FoundTold<'a>>,
    /// Clinics that match, over all pages.
    matching: u32,
    /// Whether there may be more than `matching`: a search for the nearest stops at its page.
    matching_at_least: bool,
    /// Where to go on, unless this is the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FoundTold<'a> {
    clinic: ClinicTold<'a>,
    /// From the point asked, if one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
    /// How many days have what is asked; 0 if sold out. Which they are, the clinic's own days say.
    free_days: u32,
    /// Places left on those days, at the times asked.
    places: u32,
    next_times: Vec<NextTimeTold<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NextTimeTold<'a> {
    product: &'a str,
    #[serde(flatten)]
    time: TimeTold,
}

async fn find(asked: Asked, texts: Arc<LookUpTexts>) -> Result<Answer, Problem> {
    // Whoever is inside is counted by the cap; the rest of the world looks on only while that slows nobody down.
    if asked.caller.pass.is_none() {
        asked.app.engine.admit_look_up().map_err(|failure| asked.failed(failure))?;
    }
    strict_query(&asked, QUERY)?;
    let campaign = campaign_at(&asked, 0)?;
    let request = read_request(&campaign, &asked.query)?;
    let availability = asked.app.engine.availability();
    let moment = availability.moment(campaign.id, asked.now);
    // Before the search: what changes while it reads ends the answer.
    let footing = asked.is_asked_again.then(|| availability.footing(&request)).transpose().map_err(refused)?;
    let page = availability.search(&request, moment).map_err(refused)?;
    let answer = Answer::json_text(texts.write(&campaign, availability.directory(), &page));
    let (id, made_at) = (campaign.id, asked.now);
    let stands = footing.map(|footing| {
        let holds = move |app: &App, now| {
            let engine = &app.engine;
            Arc::ptr_eq(&engine.availability(), &availability)
                && engine.campaigns().get(id).is_some_and(|current| Arc::ptr_eq(current, &campaign))
                && (now == made_at || availability.moment(id, now) == moment)
                && availability.still_stands(&footing)
        };
        Standing { target: asked.target.clone(), holds: Arc::new(holds) }
    });
    Ok(standing(&asked, answer, stands))
}

fn read_request(campaign: &Campaign, query: &Fields) -> Result<SearchRequest, Problem> {
    let order = query.optional("order", |text| {
        Some(match text {
            "district" => Order::District,
            "distance" => Order::Distance,
            "earliest" => Order::Earliest,
            _ => return None,
        })
    })?;
    let show = query.optional("show", |text| match text {
        "free" => Some(Show::Free),
        "all" => Some(Show::All),
        _ => None,
    })?;
    let area = read_area(query)?;
    let usual_order = if matches!(area, Area::Around { .. }) { Order::Distance } else { Order::District };
    Ok(SearchRequest {
        product: query.filled("product").map(|code| product(campaign, code)).transpose()?,
        dose: query.optional("dose", |text| DoseNumber::new(text.parse().ok()?))?.unwrap_or(DoseNumber::First),
        area,
        name: query.filled("name").map(str::to_owned),
        days: read_days(campaign, query)?,
        times: read_times(query)?,
        order: order.unwrap_or(usual_order),
        show: show.unwrap_or(Show::Free),
        next_times: query.optional("times", digits)?.unwrap_or(1),
        page_size: query.optional("limit", digits)?.unwrap_or(20),
        cursor: query.optional("cursor", Cursor::parse)?,
        ..SearchRequest::new(campaign.id)
    })
}

fn product(campaign: &Campaign, code: &str) -> Result<ProductId, Problem> {
    let found = campaign.products.iter().find(|product| product.code == code);
    found.map(|product| product.id).ok_or_else(|| Problem::invalid_field("product", "product_unknown"))
}

fn read_area(query: &Fields) -> Result<Area, Problem> {
    let province = query.optional("province", digits::<u32>)?.map(Area::Province);
    let district = query.optional("district", digits::<u32>)?.map(Area::District);
    let around = query.optional("around", digits::<u32>)?.map(Centre::District);
    let (lat, lon) =
        (query.optional("lat", |text| degrees(text, 90))?, query.optional("lon", |text| degrees(text, 180))?);
    let point = match (lat, lon) {
        (Some(lat_e6), Some(lon_e6)) => Some(Centre::Point(Point { lat_e6, lon_e6 })),
        (None, None) => None,
        (Some(_), None) => return Err(Problem::invalid_field("lon", "missing")),
        (None, Some(_)) => return Err(Problem::invalid_field("lat", "missing")),
    };
    let radius_m = query.optional("radius_m", digits::<u32>)?;
    let centre = match (point, around) {
        (Some(_), Some(_)) => return Err(Problem::invalid_field("around", "conflicting")),
        (point, around) => point.or(around),
    };
    let in_circle = centre.map(|centre| Area::Around { centre, radius_m });
    if radius_m.is_some() && in_circle.is_none() {
        return Err(Problem::invalid_field("radius_m", SearchError::CentreMissing.code()));
    }
    let mut areas = [("province", province), ("district", district), ("lat", in_circle)]
        .into_iter()
        .filter_map(|(name, area)| Some((name, area?)));
    match (areas.next(), areas.next()) {
        (None, _) => Ok(Area::Everywhere),
        (Some((_, area)), None) => Ok(area),
        // A district says its province too.
        (Some(("province", _)), Some((_, area @ Area::District(_)))) if areas.next().is_none() => Ok(area),
        (_, Some((name, _))) => Err(Problem::invalid_field(name, "conflicting")),
    }
}

fn read_days(campaign: &Campaign, query: &Fields) -> Result<Option<std::ops::RangeInclusive<DayIndex>>, Problem> {
    let day = |name: &'static str| {
        let date = query.optional(name, super::parse_date)?;
        let outside = || Problem::invalid_field(name, SearchError::DaysInvalid.code());
        date.map(|date| campaign.day(date).ok_or_else(outside)).transpose()
    };
    let (from, to) = (day("from")?, day("to")?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let last = campaign.day(campaign.last_day).unwrap_or(DayIndex(0));
    let (from, to) = (from.unwrap_or(DayIndex(0)), to.unwrap_or(last));
    if from > to { Err(Problem::invalid_field("to", SearchError::DaysInvalid.code())) } else { Ok(Some(from..=to)) }
}

fn read_times(query: &Fields) -> Result<Option<std::ops::Range<MinuteOfDay>>, Problem> {
    let (from, to) = (query.optional("time_from", minute)?, query.optional("time_to", minute)?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    let (from, to) = (from.unwrap_or(MinuteOfDay(0)), to.unwrap_or(MinuteOfDay(24 * 60)));
    if from >= to {
        Err(Problem::invalid_field("time_to", SearchError::TimesInvalid.code()))
    } else {
        Ok(Some(from..to))
    }
}

/// `09:00`; `24:00` is the end of the day.
fn minute(text: &str) -> Option<MinuteOfDay> {
    let (hours, minutes) = text.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes) = (digits::<u16>(hours)?, digits::<u16>(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 24 * 60).then_some(MinuteOfDay(total))
}

/// A number in digits alone: no sign, no space.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Degrees as millionths, within plus or minus `most`.
fn degrees(text: &str, most: i32) -> Option<i32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let degrees: f64 = plain.then(|| text.parse().ok()).flatten()?;
    (degrees.abs() <= f64::from(most)).then(|| (degrees * 1e6).round() as i32)
}

/// Why a look-up is refused: what is named in the path is not found, what is asked of it is invalid.
pub(super) fn refused(error: SearchError) -> Problem {
    let field = match error {
        SearchError::CampaignUnknown => return Problem { recorded: Some(false), ..Problem::new("campaign_unknown") },
        SearchError::ClinicUnknown => return Problem::new("not_found"),
        SearchError::SlotUnknown => "first",
        SearchError::ProductUnknown => "product",
        SearchError::ProvinceUnknown => "province",
        SearchError::DistrictUnknown | SearchError::DistrictWithoutCentre => "district",
        SearchError::PointInvalid => "lat",
        SearchError::RadiusInvalid | SearchError::RadiusMissing => "radius_m",
        SearchError::CentreMissing => "order",
        SearchError::AreaTooWide => "province",
        SearchError::NameInvalid => "name",
        SearchError::DaysInvalid => "date",
        SearchError::TimesInvalid => "time_from",
        SearchError::PageSizeInvalid => "limit",
        SearchError::NextTimesInvalid => "times",
        SearchError::CursorInvalid | SearchError::PageTooDeep => "cursor",
    };
    Problem::invalid_field(field, error.code())
}

/// The dates of a set of days.
pub(super) fn dates(campaign: &Campaign, days: DaySet) -> Vec<String> {
    days.iter().map(|day| campaign.date(day).to_string()).collect()
}

/// The same answer by way of its type.
#[cfg(test)]
pub(super) fn told<'a>(campaign: &'a Campaign, directory: &'a Directory, page: &SearchPage) -> ClinicsTold<'a> {
    let (matching, matching_at_least) = match page.matching {
        Count::Exactly(count) => (count, false),
        Count::AtLeast(count) => (count, true),
    };
    let found = |found: &ClinicFound| {
        Some(FoundTold {
            clinic: directory.clinic(found.clinic)?.into(),
            distance_m: found.distance_m,
            free_days: found.days.len(),
            places: found.places,
            next_times: found.next_times.iter().filter_map(|time| next_time(campaign, time)).collect(),
        })
    };
    ClinicsTold {
        clinics: page.clinics.iter().filter_map(found).collect(),
        matching,
        matching_at_least,
        next: page.next.map(|cursor| cursor.to_string()),
    }
}

#[cfg(test)]
fn next_time<'a>(campaign: &'a Campaign, time: &NextTime) -> Option<NextTimeTold<'a>> {
    let product = &campaign.product(time.product)?.code;
    Some(NextTimeTold { product, time: TimeTold::of(campaign, time.slot, time.day, time.start, time.remaining) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(query: &str) -> Result<Area, String> {
        let failed = |problem: Problem| format!("{} {}", problem.fields[0].field, problem.fields[0].code);
        read_area(&Fields::parse(query.as_bytes()).unwrap()).map_err(failed)
    }

    #[test]
    fn an_area_is_one_thing_or_refused() {
        let seoul = Point { lat_e6: 37_566_500, lon_e6: 126_978_000 };
        let around = |radius_m| Area::Around { centre: Centre::Point(seoul), radius_m };
        assert_eq!(area(""), Ok(Area::Everywhere));
        assert_eq!(area("province=11"), Ok(Area::Province(11)));
        assert_eq!(area("province=11&district=11110"), Ok(Area::District(11_110)));
        assert_eq!(area("lat=37.5665&lon=126.978"), Ok(around(None)));
        assert_eq!(area("lat=37.5665&lon=126.978&radius_m=5000"), Ok(around(Some(5_000))));
        let check = |query, expect: &str| assert_eq!(area(query), Err(expect.to_owned()), "{query}");
        check("lat=37.5", "lon missing");
        check("lon=127", "lat missing");
        check("lat=91&lon=0", "lat malformed");
        check("lat=NaN&lon=0", "lat malformed");
        check("lat=1e3&lon=0", "lat malformed");
        check("lat=37&lon=127&around=11110", "around conflicting");
        check("lat=37&lon=127&province=11", "lat conflicting");
        check("district=11110&around=11110", "lat conflicting");
        check("province=11&district=11110&around=11110", "district conflicting");
        check("radius_m=5", "radius_m centre_missing");
        check("province=-1", "province malformed");
        check("province=99999999999", "province malformed");
    }

    #[test]
    fn a_time_of_day_is_hours_and_minutes() {
        let check = |text, expect: Option<u16>| assert_eq!(minute(text), expect.map(MinuteOfDay), "{text}");
        check("00:00", Some(0));
        check("09:30", Some(570));
        check("24:00", Some(1_440));
        for text in ["24:01", "25:00", "9:30", "09:60", "0930", "", ":", "+9:30", "09:3०"] {
            check(text, None);
        }
    }
}

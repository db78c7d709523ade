//! Room: web/citizen. Finding a clinic: what a citizen asks for as a form of plain links, what the board answers as a
//! list. Never waits, never promises a place; what was typed is never lost.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use askama::filters::HtmlSafe;
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::clinic::{ClinicKind, Point};
use charye_domain::ids::{ProductId, ReservationNumber, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::VaccineProduct;
use charye_engine::availability::{
    Area, Availability, Centre, ClinicFound, Count, Cursor, Directory, District, Order, SearchError, SearchPage,
    SearchRequest,
};
use hyper::{Method, StatusCode};

use super::day_words::{DayWords, DayWordsOf, When};
use super::form::{Mistakes, iso_date, link};
use super::kept_found::{self, AskedFor, FindShown};
use super::layout::{Layout, Part};
use super::place::distance_text;
use super::province_map::ProvinceMap;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::asked::Fields;
use crate::gate::Access;
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

const NOON: MinuteOfDay = MinuteOfDay(12 * 60);
const EVENING: MinuteOfDay = MinuteOfDay(18 * 60);
const MIDNIGHT: MinuteOfDay = MinuteOfDay(24 * 60);
/// Longest text of a field that is shown again. Unit: characters.
const TYPED_MAX: usize = 60;

pub(super) fn routes() -> Vec<Route> {
    let days = Arc::new(DayWordsOf::default());
    vec![
        Route::page(Method::GET, "/find", Access::Inside, move |asked| show(asked, days.clone())),
        Route::page(Method::POST, "/find/near", Access::Inside, near),
    ]
}

/// What a citizen asks for, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wish {
    province: String,
    district: String,
    product: String,
    from: String,
    to: String,
    times: String,
    name: String,
    order: String,
    cursor: String,
    /// The reservation that is being moved, or nothing.
    pub(super) change: String,
}

/// The page: what it says to everybody who asks the same, and around it what is this citizen's.
#[derive(askama::Template)]
#[template(path = "find.html")]
struct FindPage {
    layout: Layout,
    change: String,
    /// Whether something asked for was wrong: the title says so first.
    mistaken: bool,
    shown: Arc<FindShown>,
}

/// What is asked for, as the form to ask otherwise.
#[derive(askama::Template)]
#[template(path = "find_asked.html")]
struct AskedWords<'a> {
    layout: &'a Layout,
    campaign: &'a str,
    /// Where is searched, and for which name, once that is said: then the list comes first, and the form is folded up.
    area: Option<String>,
    wish: Wish,
    mistakes: Mistakes,
    provinces: Vec<Choice<'a>>,
    districts: Vec<Choice<'a>>,
    products: Vec<Choice<'a>>,
    times: Vec<Choice<'a>>,
    orders: Vec<Choice<'a>>,
    /// First and last day that can be asked for.
    days: (String, String),
}

/// What was found for it.
#[derive(askama::Template)]
#[template(path = "find_found.html")]
struct FoundWords<'a> {
    layout: &'a Layout,
    /// Until a province is chosen.
    map: Option<ProvinceMap>,
    /// Present if the request made sense.
    found: Option<Found<'a>>,
}

/// One choice of a list.
#[derive(Clone, Debug)]
struct Choice<'a> {
    value: Cow<'a, str>,
    text: Cow<'a, str>,
    chosen: bool,
}

struct Found<'a> {
    /// How many clinics have places, in words.
    matching: String,
    none: bool,
    clinics: Vec<ClinicWords<'a>>,
    next: Option<String>,
    /// Back to the first page, unless this is it.
    first: Option<String>,
}

struct ClinicWords<'a> {
    name: &'a str,
    kind: Cow<'static, str>,
    address: &'a str,
    distance: Option<String>,
    days: i64,
    places: i64,
    href: String,
    times: Vec<TimeLink<'a>>,
}

struct TimeLink<'a> {
    href: TimeHref<'a>,
    when: When<'a>,
    product: &'a str,
}

/// The address of a clinic's day with a time chosen, written where it stands: a page has sixty. Codes, dates and numbers
/// stand in addresses as they are, and in HTML too.
struct TimeHref<'a> {
    clinic: &'a str,
    product: &'a str,
    day: &'a str,
    slot: SlotId,
    change: &'a str,
}

impl fmt::Display for TimeHref<'_> {
    fn fmt(&self, html: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in ["/find/", self.clinic, "/", self.product, "?day=", self.day, "&#38;first="] {
            html.write_str(part)?;
        }
        write!(html, "{}", self.slot.0)?;
        if !self.change.is_empty() {
            html.write_str("&#38;change=")?;
            html.write_str(self.change)?;
        }
        Ok(())
    }
}

impl HtmlSafe for TimeHref<'_> {}

impl Wish {
    fn of(query: &Fields) -> Self {
        let kept = |name| query.get(name).unwrap_or_default().chars().take(TYPED_MAX).collect::<String>();
        Self {
            province: kept("province"),
            district: kept("district"),
            product: kept("product"),
            from: kept("from"),
            to: kept("to"),
            times: kept("times"),
            name: kept("name"),
            order: kept("order"),
            cursor: kept("cursor"),
            change: query.get("change").and_then(ReservationNumber::parse).map_or(String::new(), |n| n.to_string()),
        }
    }

    /// The address of this search with another cursor.
    fn link(&self, cursor: &str) -> String {
        let pairs = [
            ("province", self.province.as_str()),
            ("district", &self.district),
            ("product", &self.product),
            ("from", &self.from),
            ("to", &self.to),
            ("times", &self.times),
            ("name", &self.name),
            ("order", &self.order),
            ("change", &self.change),
            ("cursor", cursor),
        ];
        link("/find", &pairs)
    }

    /// Forgets a district that is not in the province chosen: the form works in two steps, without script.
    fn settle(&mut self, availability: &Availability) {
        let district = self.district.parse().ok().and_then(|code| availability.directory().district(code));
        match district {
            None => self.district.clear(),
            Some(district) if self.province.is_empty() => self.province = (district.code / 1_000).to_string(),
            Some(district) if (district.code / 1_000).to_string() != self.province => self.district.clear(),
            Some(_) => {}
        }
    }

    /// The search it means.
    fn request(&self, language: Language, campaign: &Campaign, mistakes: &mut Mistakes) -> SearchRequest {
        let mut request = SearchRequest::new(campaign.id);
        request.next_times = 3;
        request.product = product_by_code(campaign, &self.product);
        if !self.product.is_empty() && request.product.is_none() {
            mistakes.add(language, "product", "find-product-unknown");
        }
        let (province, district) = (self.province.parse().ok(), self.district.parse().ok());
        (request.area, request.order) = match (district, province, self.order()) {
            (Some(code), _, Order::Distance) => {
                (Area::Around { centre: Centre::District(code), radius_m: None }, Order::Distance)
            }
            (Some(code), _, order) => (Area::District(code), order),
            (None, Some(code), order) => (Area::Province(code), without_distance(order)),
            (None, None, order) => (Area::Everywhere, without_distance(order)),
        };
        let mut day = |control, text: &str| {
            if text.is_empty() {
                return None;
            }
            let day = iso_date(text).and_then(|date| campaign.day(date));
            if day.is_none() {
                mistakes.add(language, control, "find-day-wrong");
            }
            day
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let last = DayIndex((campaign.days().clamp(1, DayIndex::MAX_DAYS) - 1) as u8);
        let (from, to) = (from.unwrap_or(DayIndex(0)), to.unwrap_or(last));
        if from > to {
            mistakes.add(language, "to", "find-days-reversed");
        } else {
            request.days = Some(from..=to);
        }
        request.times = match self.times.as_str() {
            "morning" => Some(MinuteOfDay(0)..NOON),
            "afternoon" => Some(NOON..EVENING),
            "evening" => Some(EVENING..MIDNIGHT),
            _ => None,
        };
        if request.times.is_some() && request.area == Area::Everywhere {
            mistakes.add(language, "province", "find-area-too-wide");
        }
        request.name = (!self.name.is_empty()).then(|| self.name.clone());
        request.cursor = Cursor::parse(&self.cursor);
        request
    }

    fn order(&self) -> Order {
        match self.order.as_str() {
            "early" => Order::Earliest,
            "name" => Order::District,
            // Nearest first, where a district says from where; else the earliest.
            _ => Order::Distance,
        }
    }
}

fn without_distance(order: Order) -> Order {
    if order == Order::Distance { Order::Earliest } else { order }
}

pub(super) fn product_by_code(campaign: &Campaign, code: &str) -> Option<ProductId> {
    campaign.products.iter().find(|product| product.code == code).map(|product| product.id)
}

/// The campaign of the pass the gate has checked.
///
/// # Errors
/// `campaign_unknown` if it is gone, `wait_first` without a pass.
pub(super) fn campaign_inside(asked: &Asked) -> Result<Arc<Campaign>, Problem> {
    let campaigns = asked.app.engine.campaigns();
    campaigns.get(asked.pass()?.campaign).cloned().ok_or_else(|| Problem::new("campaign_unknown"))
}

async fn show(asked: Asked, days: Arc<DayWordsOf>) -> Result<Answer, Problem> {
    let campaign = campaign_inside(&asked)?;
    let availability = asked.app.engine.availability();
    let language = asked.language;
    let mut wish = Wish::of(&asked.query);
    wish.settle(&availability);
    let mut mistakes = Mistakes::default();
    let mut request = wish.request(language, &campaign, &mut mistakes);
    if asked.query.get("near") == Some("nowhere") {
        mistakes.add(language, "province", "find-near-nowhere");
    }
    let layout = Layout::of(&asked, Part::Find);
    let change = wish.change.clone();
    if !mistakes.is_empty() {
        let shown = FindShown::of(&layout, &availability, &campaign, &wish, &mistakes, None)?;
        let page = FindPage { layout, change, mistaken: true, shown: shown.into() };
        return Ok(super::page(language, &page)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let moment = availability.moment(campaign.id, asked.now);
    let asked_for = AskedFor { language, campaign: campaign.clone(), availability: availability.clone(), moment, wish };
    if let Some(shown) = kept_found::find(&asked_for) {
        return super::page(language, &FindPage { layout, change, mistaken: false, shown });
    }
    // Before the search: what changes while it reads ends what is kept.
    let footing = availability.footing(&request).ok();
    let AskedFor { mut wish, .. } = asked_for.clone();
    let mut searched = availability.search(&request, moment);
    if matches!(searched, Err(SearchError::CursorInvalid | SearchError::PageTooDeep)) {
        // A page of another search, or of clinics that are gone: from the beginning.
        wish.cursor.clear();
        request.cursor = None;
        searched = availability.search(&request, moment);
    }
    let days = days.of(&campaign, DayWords::of);
    let found = match searched {
        Ok(page) => Some(found_words(language, &availability, &campaign, &days, &wish, &change, &page)),
        Err(error) => {
            mistaken(language, error, &mut mistakes)?;
            None
        }
    };
    let shown = Arc::new(FindShown::of(&layout, &availability, &campaign, &wish, &mistakes, found)?);
    if mistakes.is_empty() {
        kept_found::keep(asked_for, footing, &shown);
    }
    let mistaken = !mistakes.is_empty();
    let status = if mistaken { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(super::page(language, &FindPage { layout, change, mistaken, shown })?.status(status))
}

/// Where the browser says it is becomes a district, and is forgotten: no address of ours carries a position.
async fn near(asked: Asked) -> Result<Answer, Problem> {
    let form = &asked.form;
    let here = form.required("lat", |text| degrees_e6(text, 90)).and_then(|lat_e6| {
        let lon_e6 = form.required("lon", |text| degrees_e6(text, 180))?;
        Ok(Point { lat_e6, lon_e6 })
    })?;
    let availability = asked.app.engine.availability();
    let change = Wish::of(form).change;
    let to = match nearest_district(availability.directory(), here) {
        Some(district) => {
            let (district, province) = (district.code.to_string(), (district.code / 1_000).to_string());
            link("/find", &[("province", &province), ("district", &district), ("change", &change)])
        }
        None => link("/find", &[("near", "nowhere"), ("change", &change)]),
    };
    Ok(Answer::see_other(&to))
}

/// Degrees with at most six decimals, as millionths.
fn degrees_e6(text: &str, degrees_max: i32) -> Option<i32> {
    let degrees: f64 = text.parse().ok()?;
    let within = degrees.is_finite() && degrees.abs() <= f64::from(degrees_max);
    within.then_some((degrees * 1e6) as i32)
}

/// The district whose centre is nearest, if one is within 100 km.
fn nearest_district(directory: &Directory, here: Point) -> Option<&District> {
    const NEAR_E6: f64 = 900_000.0;
    let squeeze = (f64::from(here.lat_e6) * 1e-6).to_radians().cos();
    let apart_e6 = |district: &&District| {
        let centre = district.centre?;
        let north = f64::from(centre.lat_e6) - f64::from(here.lat_e6);
        let east = (f64::from(centre.lon_e6) - f64::from(here.lon_e6)) * squeeze;
        Some(north.hypot(east))
    };
    let districts = directory.provinces().iter().flat_map(|province| directory.districts_of(province));
    let near = districts.filter_map(|district| Some((apart_e6(&district)?, district)));
    let (apart, nearest) = near.min_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (apart <= NEAR_E6).then_some(nearest)
}

/// What a search had to complain about, beside the field it is about.
fn mistaken(language: Language, error: SearchError, mistakes: &mut Mistakes) -> Result<(), Problem> {
    match error {
        SearchError::NameInvalid => mistakes.add(language, "name", "find-name-wrong"),
        SearchError::DaysInvalid => mistakes.add(language, "to", "find-day-wrong"),
        SearchError::ProvinceUnknown | SearchError::DistrictUnknown | SearchError::DistrictWithoutCentre => {
            mistakes.add(language, "province", "find-area-unknown");
        }
        SearchError::AreaTooWide => mistakes.add(language, "province", "find-area-too-wide"),
        SearchError::ProductUnknown => mistakes.add(language, "product", "find-product-unknown"),
        _ => return Err(Problem::new("request_invalid")),
    }
    Ok(())
}

impl FindShown {
    fn of(
        layout: &Layout,
        availability: &Availability,
        campaign: &Campaign,
        wish: &Wish,
        mistakes: &Mistakes,
        found: Option<Found<'_>>,
    ) -> Result<Self, Problem> {
        let kept = [("product", wish.product.as_str()), ("change", &wish.change)];
        let map = wish.province.is_empty().then(|| ProvinceMap::of(layout.language, availability.directory(), &kept));
        Ok(Self {
            asked: super::fragment(&asked_words(layout, availability, campaign, wish, mistakes))?,
            found: super::fragment(&FoundWords { layout, map, found })?,
        })
    }
}

fn asked_words<'a>(
    layout: &'a Layout,
    availability: &'a Availability,
    campaign: &'a Campaign,
    wish: &Wish,
    mistakes: &Mistakes,
) -> AskedWords<'a> {
    let language = layout.language;
    let directory = availability.directory();
    let place = |code: u32, name: &'a Bilingual, chosen: &str| {
        let value = code.to_string();
        Choice { chosen: value == chosen, text: language.of(name).into(), value: value.into() }
    };
    let province = wish.province.parse().ok().and_then(|code| directory.province(code));
    let of_province = province.map_or(&[][..], |province| directory.districts_of(province));
    let keyed = |pairs: &[(&'static str, &str)], chosen: &str| {
        let choice = |(value, key): &(&'static str, &str)| Choice {
            value: (*value).into(),
            text: language.text(key),
            chosen: *value == chosen,
        };
        pairs.iter().map(choice).collect()
    };
    let district = wish.district.parse().ok().and_then(|code| directory.district(code));
    let names = [province.map(|province| &province.name), district.map(|district| &district.name)];
    let named = names.into_iter().flatten().map(|name| language.of(name));
    let area = named.chain([wish.name.as_str()]).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
    AskedWords {
        area: Some(area).filter(|area| !area.is_empty()),
        campaign: language.of(&campaign.name),
        provinces: directory.provinces().iter().map(|p| place(p.code, &p.name, &wish.province)).collect(),
        districts: of_province.iter().map(|d| place(d.code, &d.name, &wish.district)).collect(),
        products: product_choices(language, campaign, &wish.product),
        times: keyed(
            &[
                ("", "any"),
                ("morning", "times-morning"),
                ("afternoon", "times-afternoon"),
                ("evening", "times-evening"),
            ],
            &wish.times,
        ),
        orders: keyed(&[("", "order-near"), ("early", "order-early"), ("name", "order-name")], &wish.order),
        days: (campaign.first_day.to_string(), campaign.last_day.to_string()),
        layout,
        wish: wish.clone(),
        mistakes: mistakes.clone(),
    }
}

fn product_choices<'a>(language: Language, campaign: &'a Campaign, chosen: &str) -> Vec<Choice<'a>> {
    let choice = |product: &'a VaccineProduct| Choice {
        value: (&*product.code).into(),
        text: language.of(&product.name).into(),
        chosen: product.code == chosen,
    };
    campaign.products.iter().map(choice).collect()
}

fn found_words<'a>(
    language: Language,
    availability: &'a Availability,
    campaign: &'a Campaign,
    days: &'a DayWords,
    wish: &Wish,
    change: &'a str,
    page: &SearchPage,
) -> Found<'a> {
    let matching = match page.matching {
        Count::Exactly(0) => language.text("find-none"),
        Count::Exactly(count) => language.text_with("find-matching", &[("count", count.into())]),
        Count::AtLeast(count) => language.text_with("find-matching-more", &[("count", count.into())]),
    };
    let words = |found| clinic_words(language, availability, campaign, days, change, found);
    let clinics = page.clinics.iter().filter_map(words);
    Found {
        matching: matching.into_owned(),
        none: page.clinics.is_empty(),
        clinics: clinics.collect(),
        next: page.next.map(|cursor| wish.link(&cursor.to_string())),
        first: (!wish.cursor.is_empty()).then(|| wish.link("")),
    }
}

fn clinic_words<'a>(
    language: Language,
    availability: &'a Availability,
    campaign: &'a Campaign,
    days: &'a DayWords,
    change: &'a str,
    found: &ClinicFound,
) -> Option<ClinicWords<'a>> {
    let clinic = availability.directory().clinic(found.clinic)?;
    let earliest = campaign.product(found.next_times.iter().next()?.product)?;
    let times = found.next_times.iter().filter_map(|time| {
        let product = campaign.product(time.product)?;
        let day = days.iso(time.day);
        Some(TimeLink {
            href: TimeHref { clinic: &clinic.code, product: &product.code, day, slot: time.slot, change },
            when: days.when(language, time.day, time.start),
            product: language.of(&product.name),
        })
    });
    Some(ClinicWords {
        name: language.of(&clinic.name),
        kind: language.text(kind_key(clinic.kind)),
        address: &clinic.address,
        distance: found.distance_m.map(|metres| distance_text(language, metres)),
        days: found.days.len().into(),
        places: found.places.into(),
        href: link(&format!("/find/{}/{}", clinic.code, earliest.code), &[("change", change)]),
        times: times.collect(),
    })
}

pub(super) fn kind_key(kind: ClinicKind) -> &'static str {
    match kind {
        ClinicKind::Contracted => "clinic-contracted",
        ClinicKind::Centre => "clinic-centre",
        ClinicKind::HealthCentre => "clinic-health-centre",
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let choice = |value, text, chosen| Choice { value: Cow::Borrowed(value), text: Cow::Borrowed(text), chosen };
    let (campaign, address, clinic_name) = (names.campaign(language), names.address(), names.clinic(language));
    let day = crate::locale::short_date(language, jiff::civil::date(2021, 8, 30));
    let clinic = |name, times: usize| ClinicWords {
        name,
        kind: language.text("clinic-contracted"),
        address: &address,
        distance: Some(distance_text(language, 420)),
        days: 1,
        places: 12_345,
        href: "/find/11110-1/pfizer?change=1".to_owned(),
        times: (0..times)
            .map(|_| TimeLink {
                href: TimeHref { clinic: "a", product: "b", day: "2021-08-30", slot: SlotId(64), change: "" },
                when: When { day: &day, start: NOON, language },
                product: "Pfizer",
            })
            .collect(),
    };
    let page = |wish: Wish, mistakes: Mistakes, found| {
        let layout = Layout::sample(language, true, Part::Find);
        let mistaken = !mistakes.is_empty();
        let (change, map) = (wish.change.clone(), wish.province.is_empty().then(|| ProvinceMap::sample(language)));
        let words = AskedWords {
            layout: &layout,
            campaign: &campaign,
            area: (!wish.province.is_empty()).then(|| wish.name.clone()),
            wish,
            mistakes,
            provinces: vec![choice("11", "서울", true), choice("26", "부산", false)],
            districts: vec![choice("11110", "종로구", true)],
            products: vec![choice("pfizer", "Pfizer", false)],
            times: vec![choice("", "-", true)],
            orders: vec![choice("", "-", true)],
            days: ("2021-08-26".to_owned(), "2021-11-11".to_owned()),
        };
        let (asked, found) = (super::rendered(&words), super::rendered(&FoundWords { layout: &layout, map, found }));
        let shown = Arc::new(FindShown { asked, found });
        super::rendered(&FindPage { layout, change, mistaken, shown })
    };
    let typed = Wish { name: names.or("내과", "\"><script>"), province: "11".to_owned(), ..Wish::default() };
    let moving = Wish { change: "1234-5678-901".to_owned(), ..Wish::default() };
    let mut mistakes = Mistakes::default();
    mistakes.add(language, "province", "find-area-too-wide");
    mistakes.add(language, "from", "find-day-wrong");
    let found = |clinics: Vec<_>| Found {
        matching: language.text_with("find-matching", &[("count", 1_u32.into())]).into_owned(),
        none: clinics.is_empty(),
        clinics,
        next: Some("/find?cursor=1&a=b".to_owned()),
        first: Some("/find".to_owned()),
    };
    vec![
        ("find", page(typed.clone(), Mistakes::default(), Some(found(vec![clinic(&clinic_name, 3), clinic("b", 1)])))),
        ("find-empty", page(moving, Mistakes::default(), Some(found(Vec::new())))),
        ("find-mistake", page(typed, mistakes, None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_strictly() {
        let check = |text: &str, expect| assert_eq!(degrees_e6(text, 90), expect, "{text}");
        check("37.566", Some(37_566_000));
        check("-90", Some(-90_000_000));
        check("90.1", None);
        check("NaN", None);
        check("inf", None);
        check("", None);
        check("37,5", None);
    }

    #[test]
    fn a_time_leads_where_its_link_would() {
        let slot = SlotId(64);
        for change in ["", "1234-5678-901"] {
            let pairs = [("day", "2021-08-30"), ("first", "64"), ("change", change)];
            let linked = link("/find/11110.a_1-b/pfizer", &pairs);
            let (clinic, product, day) = ("11110.a_1-b", "pfizer", "2021-08-30");
            let href = TimeHref { clinic, product, day, slot, change };
            assert_eq!(href.to_string().replace("&#38;", "&"), linked);
        }
    }

    #[test]
    fn a_search_is_found_again_from_its_own_link() {
        let wish = Wish {
            province: "11".to_owned(),
            district: "11110".to_owned(),
            name: "종로 & co".to_owned(),
            times: "morning".to_owned(),
            cursor: "abc".to_owned(),
            ..Wish::default()
        };
        let link = wish.link("abc");
        let query = link.split_once('?').unwrap().1;
        assert_eq!(Wish::of(&Fields::parse(query.as_bytes()).unwrap()), wish);
    }

    #[test]
    fn what_is_kept_for_everybody_holds_no_token_of_anybody() {
        let layout = Layout::sample(Language::Korean, true, Part::Find);
        let token = layout.csrf.clone().unwrap();
        let page = samples(Language::Korean, Names::Usual).into_iter().find(|(name, _)| *name == "find").unwrap().1;
        assert!(page.contains(&token));
        let map = Some(ProvinceMap::sample(Language::Korean));
        let found = super::super::rendered(&FoundWords { layout: &layout, map, found: None });
        let asked = AskedWords {
            layout: &layout,
            campaign: "",
            area: None,
            wish: Wish::default(),
            mistakes: Mistakes::default(),
            provinces: Vec::new(),
            districts: Vec::new(),
            products: Vec::new(),
            times: Vec::new(),
            orders: Vec::new(),
            days: (String::new(), String::new()),
        };
        assert!(!found.contains(&token) && !super::super::rendered(&asked).contains(&token));
    }

    #[test]
    fn a_change_that_is_no_reservation_number_is_not_carried_on() {
        let wish = Wish::of(&Fields::parse(b"change=1234&name=a").unwrap());
        assert_eq!((wish.change.as_str(), wish.name.as_str()), ("", "a"));
    }
}

//! Room: web/citizen. Finding a clinic: what a citizen asks for as a form of plain links, what the board answers as a
//! list. Never waits, never promises a place; what was typed is never lost.

use std::borrow::Cow;
use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::vaccine::VaccineProduct;
use charye_engine::availability::{Availability, Province, SearchError};
use hyper::{Method, StatusCode};

use super::area_choices::{AreaChoices, AreaChoicesOf, ChoicesWith};
use super::day_words::{DayWords, DayWordsOf};
use super::find_list::{Found, found_words};
use super::find_wish::Wish;
use super::form::Mistakes;
use super::kept_found::{self, AskedFor, FindShown};
use super::layout::{Layout, Part};
use super::province_map::ProvinceMap;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    let ready = Arc::new(Ready::default());
    vec![Route::page(Method::GET, "/find", Access::Inside, move |asked| show(asked, ready.clone()))]
}

/// What pages of clinics share, worked out once.
#[derive(Default)]
struct Ready {
    areas: AreaChoicesOf,
    days: DayWordsOf,
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

impl FindPage {
    /// What stands around the two parts. Unit: bytes.
    const AROUND_BYTES: usize = 6 * 1024;

    fn answer(&self) -> Result<Answer, Problem> {
        let bytes = self.shown.asked.len() + self.shown.found.len() + Self::AROUND_BYTES;
        Ok(Answer::html(self.layout.language, super::fragment_of(self, bytes)?))
    }
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
    provinces: ChoicesWith<'a>,
    districts: ChoicesWith<'a>,
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

/// The campaign of the pass the gate has checked.
///
/// # Errors
/// `campaign_unknown` if it is gone, `wait_first` without a pass.
pub(super) fn campaign_inside(asked: &Asked) -> Result<Arc<Campaign>, Problem> {
    let campaigns = asked.app.engine.campaigns();
    campaigns.get(asked.pass()?.campaign).cloned().ok_or_else(|| Problem::new("campaign_unknown"))
}

async fn show(asked: Asked, ready: Arc<Ready>) -> Result<Answer, Problem> {
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
    let areas = ready.areas.of(availability.directory(), AreaChoices::of);
    if !mistakes.is_empty() {
        let shown = FindShown::of(&layout, &areas, &availability, &campaign, &wish, &mistakes, None)?;
        let page = FindPage { layout, change, mistaken: true, shown: shown.into() };
        return Ok(page.answer()?.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let moment = availability.moment(campaign.id, asked.now);
    let asked_for = AskedFor { language, campaign: campaign.clone(), availability: availability.clone(), moment, wish };
    if let Some(shown) = kept_found::find(&asked_for) {
        return FindPage { layout, change, mistaken: false, shown }.answer();
    }
    // Before the search: what changes while it reads ends what is kept.
    let footing = asked_for.is_asked_again().then(|| availability.footing(&request).ok()).flatten();
    let mut wish = asked_for.wish.clone();
    let mut searched = availability.search(&request, moment);
    if matches!(searched, Err(SearchError::CursorInvalid | SearchError::PageTooDeep)) {
        // A page of another search, or of clinics that are gone: from the beginning.
        wish.cursor.clear();
        request.cursor = None;
        searched = availability.search(&request, moment);
    }
    let days = ready.days.of(&campaign, DayWords::of);
    let found = match searched {
        Ok(page) => Some(found_words(language, &availability, &campaign, &days, &wish, &change, &page)),
        Err(error) => {
            mistaken(language, error, &mut mistakes)?;
            None
        }
    };
    let shown = Arc::new(FindShown::of(&layout, &areas, &availability, &campaign, &wish, &mistakes, found)?);
    if let Some(footing) = footing.filter(|_| mistakes.is_empty()) {
        kept_found::keep(asked_for, footing, &shown);
    }
    let mistaken = !mistakes.is_empty();
    let status = if mistaken { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(FindPage { layout, change, mistaken, shown }.answer()?.status(status))
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
        areas: &AreaChoices,
        availability: &Availability,
        campaign: &Campaign,
        wish: &Wish,
        mistakes: &Mistakes,
        found: Option<Found<'_>>,
    ) -> Result<Self, Problem> {
        let kept = [("product", wish.product.as_str()), ("change", &wish.change)];
        let map = wish.province.is_empty().then(|| ProvinceMap::of(layout.language, availability.directory(), &kept));
        Ok(Self {
            asked: super::fragment(&asked_words(layout, areas, availability, campaign, wish, mistakes))?,
            found: super::fragment(&FoundWords { layout, map, found })?,
        })
    }
}

fn asked_words<'a>(
    layout: &'a Layout,
    areas: &'a AreaChoices,
    availability: &'a Availability,
    campaign: &'a Campaign,
    wish: &Wish,
    mistakes: &Mistakes,
) -> AskedWords<'a> {
    let language = layout.language;
    let directory = availability.directory();
    let province = wish.province.parse().ok().and_then(|code| directory.province(code));
    let of_province = |province: &Province| areas.districts(language, province.code, &wish.district);
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
        provinces: areas.provinces(language, &wish.province),
        districts: province.map_or_else(ChoicesWith::default, of_province),
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

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    use super::day_words::When;
    use super::find_list::{ClinicHref, ClinicWords, TimeHref, TimeLink};
    use super::find_wish::NOON;
    use super::place::distance_text;
    use charye_domain::ids::SlotId;

    let choice = |value, text, chosen| Choice { value: Cow::Borrowed(value), text: Cow::Borrowed(text), chosen };
    let areas = AreaChoices::sample();
    let (campaign, address, clinic_name) = (names.campaign(language), names.address(), names.clinic(language));
    let day = crate::locale::short_date(language, jiff::civil::date(2021, 8, 30));
    let clinic = |name, times: usize| ClinicWords {
        name,
        kind: language.text("clinic-contracted"),
        address: &address,
        distance: Some(distance_text(language, 420)),
        days: 1,
        places: 12_345,
        href: ClinicHref { clinic: "11110-1", product: "pfizer", change: "1" },
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
            provinces: areas.provinces(language, "11"),
            districts: areas.districts(language, 11, "11110"),
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
            provinces: ChoicesWith::default(),
            districts: ChoicesWith::default(),
            products: Vec::new(),
            times: Vec::new(),
            orders: Vec::new(),
            days: (String::new(), String::new()),
        };
        assert!(!found.contains(&token) && !super::super::rendered(&asked).contains(&token));
    }
}

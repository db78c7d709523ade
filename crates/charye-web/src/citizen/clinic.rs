//! Room: web/citizen. One clinic: its free days as a calendar, the times of a day, and where both doses are reserved
//! together the second day and time. Every choice is a link, the last one a form. Also chooses for a reservation that
//! is being moved. Never promises a place.

use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, ClinicId, ProductId, ReservationNumber, SlotId};
use charye_domain::reservation::DoseState;
use charye_domain::time::DayIndex;
use charye_domain::vaccine::DoseNumber;
use charye_engine::availability::{
    Area, Availability, Centre, ClinicDays, ClinicFound, DaySet, Moment, Offer, Order, SearchError, SearchRequest,
    TimeOffered,
};
use charye_engine::reservation::{look_up_citizen, look_up_reservation};
use hyper::Method;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::find::campaign_inside;
use super::find_list::kind_key;
use super::find_wish::product_by_code;
use super::form::{iso_date, link, new_key};
use super::layout::{Layout, Part};
use super::place::{OfferWords, offer_words, when};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::{Language, Value, long_date, month_of_year, short_date, time_of_day};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// Clinics offered instead of a full one, and how far away the farthest may be.
const OFFERS: u8 = 6;
const OFFERED_WITHIN_M: u32 = 20_000;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/find/{clinic}/{product}", Access::Inside, show)]
}

#[derive(askama::Template)]
#[template(path = "clinic.html")]
struct ClinicPage {
    layout: Layout,
    name: String,
    kind: String,
    address: String,
    phone: String,
    product: String,
    /// The number of the reservation that is being moved.
    change: Option<String>,
    /// What is said of the first dose's reservation, where only its second dose is reserved here.
    second_lead: Option<String>,
    /// The first dose's calendar; empty where the first dose is not to be chosen.
    months: Vec<Month>,
    nothing_free: bool,
    /// What is near, where a first dose is wanted and nothing is free.
    offers: Vec<OfferWords>,
    /// The times of the chosen day.
    day: Option<DayWords>,
    /// The first dose's time, once chosen.
    first: Option<String>,
    second: Option<SecondWords>,
    /// The last step's form: where its radio buttons are sent.
    form: Option<FormWords>,
}

struct Month {
    title: String,
    weeks: Vec<Vec<Cell>>,
}

#[derive(Clone)]
enum Cell {
    /// Before the first or after the last of the month.
    Blank,
    None {
        day: i8,
    },
    Full {
        day: i8,
    },
    Free {
        day: i8,
        href: String,
        label: String,
        chosen: bool,
    },
}

struct DayWords {
    title: String,
    /// As links where another step follows, as radio buttons where the form ends here.
    times: Vec<TimeWords>,
}

#[derive(Clone)]
struct TimeWords {
    slot: u32,
    time: String,
    left: i64,
    href: String,
    chosen: bool,
}

struct SecondWords {
    days: Vec<DayChoice>,
    /// Whether the interval's standard day is among them.
    standard: Option<String>,
    day: Option<DayWords>,
}

struct DayChoice {
    href: String,
    text: String,
    chosen: bool,
}

struct FormWords {
    action: String,
    key: String,
    /// Name of the radio buttons: `first` or `second`.
    choose: &'static str,
    /// The first dose of a pair, chosen before.
    first: Option<u32>,
    times: Vec<TimeWords>,
}

/// Everything one look at a clinic needs.
struct Look<'a> {
    asked: &'a Asked,
    language: Language,
    availability: &'a Availability,
    campaign: &'a Campaign,
    clinic: ClinicId,
    product: ProductId,
    moment: Moment,
    path: String,
    purpose: Purpose,
}

/// What is chosen for.
enum Purpose {
    /// A new reservation.
    Reserve,
    /// The second dose of a campaign that reserves it later, after the first of this reservation.
    ReserveSecond { number: ReservationNumber, first: SlotId },
    /// A reservation that is being moved: both doses or the only one; or the second alone, after this first one.
    Change { number: ReservationNumber, only_second_after: Option<SlotId> },
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let campaign = campaign_inside(&asked)?;
    let availability = asked.app.engine.availability();
    let (clinic, _) = availability.directory().by_code(asked.path_value(0)?).ok_or_else(not_found)?;
    let product = product_by_code(&campaign, asked.path_value(1)?).ok_or_else(not_found)?;
    let purpose = purpose_of(&asked, &availability).await?;
    let path = format!("/find/{}/{}", asked.path_value(0)?, asked.path_value(1)?);
    let look = Look {
        asked: &asked,
        language: asked.language,
        availability: &availability,
        campaign: &campaign,
        clinic,
        product,
        moment: availability.moment(campaign.id, asked.now),
        path,
        purpose,
    };
    super::page(asked.language, &look.page()?)
}

fn not_found() -> Problem {
    Problem::new("not_found")
}

fn told(error: SearchError) -> Problem {
    match error {
        SearchError::SlotUnknown => Problem::new("slot_unknown"),
        SearchError::DaysInvalid => Problem::new("interval_not_allowed"),
        _ => not_found(),
    }
}

/// What the query says the places are for. The reservation it names is the citizen's own; what is not to come cannot be
/// moved, and a second dose comes after a first.
async fn purpose_of(asked: &Asked, availability: &Availability) -> Result<Purpose, Problem> {
    let named = |name| asked.query.filled(name);
    let Some(text) = named("change").or_else(|| named("second_of")) else { return Ok(Purpose::Reserve) };
    let unknown = || Problem::new("reservation_unknown");
    let number = ReservationNumber::parse(text).ok_or_else(unknown)?;
    let found = look_up_reservation(&asked.app.engine, asked.login()?.person, number).await;
    let view = found.map_err(|failure| asked.failed(failure))?.value.ok_or_else(unknown)?;
    let is_first = dose_of(availability, view.first.0) == Some(DoseNumber::First);
    if named("change").is_none() {
        let stands = is_first && view.first.1 != DoseState::Cancelled;
        let first = view.first.0;
        return if stands {
            Ok(Purpose::ReserveSecond { number, first })
        } else {
            Err(Problem::new("slot_of_other_dose"))
        };
    }
    let first_to_come = view.first.1 == DoseState::Reserved;
    let second_to_come = view.second.is_some_and(|(_, state)| state == DoseState::Reserved);
    if !first_to_come && !second_to_come {
        return Err(Problem::new("move_not_allowed"));
    }
    let only_second_after = match (is_first, first_to_come) {
        (true, true) => None,
        (true, false) => Some(view.first.0),
        // A second dose that was reserved on its own: its first is in another reservation.
        (false, _) => Some(first_dose_of(asked, view.campaign, availability).await?.ok_or_else(unknown)?),
    };
    Ok(Purpose::Change { number, only_second_after })
}

/// Which dose a slot is for.
pub(super) fn dose_of(availability: &Availability, slot: SlotId) -> Option<DoseNumber> {
    Some(availability.slot(slot)?.1.plane.dose)
}

/// Where the citizen's first dose was or will be, if it has not been cancelled.
pub(super) async fn first_dose_of(
    asked: &Asked,
    campaign: CampaignId,
    availability: &Availability,
) -> Result<Option<SlotId>, Problem> {
    let looked = look_up_citizen(&asked.app.engine, asked.login()?.person, campaign).await;
    let reservations = looked.map_err(|failure| asked.failed(failure))?.value.reservations;
    let standing = |(slot, state): (SlotId, DoseState)| (state != DoseState::Cancelled).then_some(slot);
    let firsts = reservations.into_iter().filter_map(|view| standing(view.first));
    Ok(firsts.into_iter().find(|slot| dose_of(availability, *slot) == Some(DoseNumber::First)))
}

impl Look<'_> {
    fn page(&self) -> Result<ClinicPage, Problem> {
        let (clinic, product) =
            (self.availability.directory().clinic(self.clinic), self.campaign.product(self.product));
        let (clinic, product) = clinic.zip(product).ok_or_else(not_found)?;
        let mut page = ClinicPage {
            layout: Layout::of(self.asked, Part::Find),
            name: self.language.of(&clinic.name).to_owned(),
            kind: self.language.text(kind_key(clinic.kind)).into_owned(),
            address: clinic.address.clone(),
            phone: clinic.phone.clone(),
            product: self.language.of(&product.name).to_owned(),
            change: self.change(),
            second_lead: None,
            months: Vec::new(),
            nothing_free: false,
            offers: Vec::new(),
            day: None,
            first: None,
            second: None,
            form: None,
        };
        match self.purpose {
            Purpose::ReserveSecond { number, first } => {
                page.second_lead = Some(self.second_lead(number, first)?);
                self.choose_second(&mut page, first, None)?;
            }
            Purpose::Change { only_second_after: Some(first), .. } => self.choose_second(&mut page, first, None)?,
            Purpose::Reserve | Purpose::Change { .. } => self.choose_first(&mut page)?,
        }
        Ok(page)
    }

    fn choose_first(&self, page: &mut ClinicPage) -> Result<(), Problem> {
        let (campaign, dose) = (self.campaign.id, DoseNumber::First);
        let days =
            self.availability.clinic_days(campaign, self.clinic, self.product, dose, self.moment).map_err(told)?;
        let Some(earliest) = days.free.first() else {
            page.nothing_free = true;
            page.offers = self.offers()?;
            return Ok(());
        };
        let asked_day = self.asked.query.filled("day").and_then(iso_date).and_then(|date| self.campaign.day(date));
        let chosen = asked_day.unwrap_or(earliest);
        page.months = self.months(days, chosen);
        let day = self.availability.clinic_day(campaign, self.clinic, self.product, dose, chosen, self.moment);
        let day = day.map_err(told)?;
        let no_second = day.second_dose_days.is_some_and(DaySet::is_empty);
        let day_text = self.campaign.date(chosen).to_string();
        let first = self.slot_asked("first").filter(|first| day.times.iter().any(|time| time.slot == *first));
        let words = |time: &TimeOffered| TimeWords {
            href: self.link(&[("day", &day_text), ("first", &time.slot.0.to_string())]) + "#second",
            ..self.time_words(time, first)
        };
        let times: Vec<_> = if no_second { Vec::new() } else { day.times.iter().map(words).collect() };
        let title = long_date(self.language, self.campaign.date(chosen));
        page.nothing_free = times.iter().all(|time| time.left == 0);
        if day.second_dose_days.is_none() {
            page.form = Some(self.form("first", None, times.clone()));
        }
        page.day = Some(DayWords { title, times });
        match (day.second_dose_days, first) {
            (Some(_), Some(first)) if !no_second => self.choose_second(page, first, Some(&day_text)),
            _ => Ok(()),
        }
    }

    /// The earliest place of the product at each of the nearest clinics that have one.
    fn offers(&self) -> Result<Vec<OfferWords>, Problem> {
        let clinic = self.availability.directory().clinic(self.clinic).ok_or_else(not_found)?;
        let mut request = SearchRequest::new(self.campaign.id);
        (request.area, request.order) = match clinic.point {
            Some(here) => {
                (Area::Around { centre: Centre::Point(here), radius_m: Some(OFFERED_WITHIN_M) }, Order::Distance)
            }
            None => (Area::District(clinic.district), Order::Earliest),
        };
        request.product = Some(self.product);
        (request.page_size, request.next_times) = (OFFERS, 1);
        let page = self.availability.search(&request, self.moment).map_err(told)?;
        let change = self.change().unwrap_or_default();
        let offer = |found: &ClinicFound| {
            let time = found.next_times.iter().next()?;
            let offer = Offer {
                slot: time.slot,
                clinic: found.clinic,
                product: time.product,
                day: time.day,
                start: time.start,
                remaining: time.remaining,
                distance_m: found.distance_m,
            };
            offer_words(self.language, self.availability, self.campaign, &offer, &change)
        };
        Ok(page.clinics.iter().filter_map(offer).collect())
    }

    /// The second dose: its days, and the times of the day chosen, the standard day unless another was.
    fn choose_second(&self, page: &mut ClinicPage, first: SlotId, first_day: Option<&str>) -> Result<(), Problem> {
        let (_, place) = self.availability.slot(first).ok_or_else(|| Problem::new("slot_unknown"))?;
        let first_date = self.campaign.date(place.day);
        let days = self.availability.second_dose_days(first).map_err(told)?;
        let offered = |date: Date| self.campaign.day(date).is_some_and(|day| days.contains(day));
        let interval = self.campaign.product(self.product).and_then(|product| product.interval.as_ref());
        let standard = interval.and_then(|interval| interval.standard_second_day(first_date, offered));
        let asked_day = self.asked.query.filled("second_day").and_then(iso_date).filter(|date| offered(*date));
        let chosen = asked_day.or(standard);
        let first_text = if first_day.is_some() { first.0.to_string() } else { String::new() };
        let choice = |day: DayIndex| {
            let date = self.campaign.date(day);
            let pairs =
                [("day", first_day.unwrap_or_default()), ("first", &first_text), ("second_day", &date.to_string())];
            DayChoice {
                href: self.link(&pairs) + "#second",
                text: short_date(self.language, date),
                chosen: chosen == Some(date),
            }
        };
        let mut words = SecondWords {
            days: days.iter().map(choice).collect(),
            standard: standard.map(|date| {
                let text = short_date(self.language, date);
                self.language.text_with("second-standard", &[("day", Value::Text(&text))]).into_owned()
            }),
            day: None,
        };
        if let Some((date, day)) = chosen.and_then(|date| Some((date, self.campaign.day(date)?))) {
            let times = self.availability.second_dose_times(first, day).map_err(told)?;
            let times: Vec<_> = times.iter().map(|time| self.time_words(time, None)).collect();
            let (choose, first) = if first_day.is_some() { ("second", Some(first.0)) } else { ("first", None) };
            page.form = Some(self.form(choose, first, times.clone()));
            words.day = Some(DayWords { title: long_date(self.language, date), times });
        }
        page.nothing_free |= words.days.is_empty();
        page.first = first_day.map(|_| when(self.language, self.campaign, place.day, place.start));
        page.second = Some(words);
        Ok(())
    }

    fn second_lead(&self, number: ReservationNumber, first: SlotId) -> Result<String, Problem> {
        let (_, place) = self.availability.slot(first).ok_or_else(|| Problem::new("slot_unknown"))?;
        let (number, when) = (number.to_string(), when(self.language, self.campaign, place.day, place.start));
        let told = [("number", Value::Text(&number)), ("when", Value::Text(&when))];
        Ok(self.language.text_with("clinic-second-lead", &told).into_owned())
    }

    /// The number of the reservation that is being moved.
    fn change(&self) -> Option<String> {
        match self.purpose {
            Purpose::Change { number, .. } => Some(number.to_string()),
            Purpose::Reserve | Purpose::ReserveSecond { .. } => None,
        }
    }

    fn slot_asked(&self, name: &str) -> Option<SlotId> {
        self.asked.query.filled(name).and_then(|slot| slot.parse().ok()).map(SlotId)
    }

    fn link(&self, pairs: &[(&str, &str)]) -> String {
        let (name, number) = match self.purpose {
            Purpose::Reserve => ("change", String::new()),
            Purpose::ReserveSecond { number, .. } => ("second_of", number.to_string()),
            Purpose::Change { number, .. } => ("change", number.to_string()),
        };
        let mut all = pairs.to_vec();
        all.push((name, &number));
        link(&self.path, &all)
    }

    fn time_words(&self, time: &TimeOffered, chosen: Option<SlotId>) -> TimeWords {
        TimeWords {
            slot: time.slot.0,
            time: time_of_day(self.language, time.start),
            left: time.remaining.into(),
            href: String::new(),
            chosen: chosen == Some(time.slot),
        }
    }

    fn form(&self, choose: &'static str, first: Option<u32>, times: Vec<TimeWords>) -> FormWords {
        let action = match self.change() {
            Some(number) => format!("/reservations/{number}/change"),
            None => "/holds".to_owned(),
        };
        FormWords { action, key: new_key(self.asked.app.engine.random()), choose, first, times }
    }

    /// The months that have a free day, Sunday first.
    fn months(&self, days: ClinicDays, chosen: DayIndex) -> Vec<Month> {
        let mut months: Vec<Month> = Vec::new();
        let mut done: Option<Date> = None;
        for day in days.free.iter() {
            let first = self.campaign.date(day).first_of_month();
            if done != Some(first) {
                done = Some(first);
                months.push(self.month(first, days, chosen));
            }
        }
        months
    }

    fn month(&self, first: Date, days: ClinicDays, chosen: DayIndex) -> Month {
        let blanks = first.weekday().since(Weekday::Sunday);
        let mut cells = vec![Cell::Blank; usize::from(blanks.unsigned_abs())];
        let last = first.last_of_month();
        let dates = first.series(1.day()).take_while(|date| *date <= last);
        cells.extend(dates.map(|date| self.cell(date, days, chosen)));
        cells.resize(cells.len().next_multiple_of(7), Cell::Blank);
        let weeks = cells.chunks(7).map(<[Cell]>::to_vec).collect();
        Month { title: month_of_year(self.language, first), weeks }
    }

    fn cell(&self, date: Date, days: ClinicDays, chosen: DayIndex) -> Cell {
        let number = date.day();
        match self.campaign.day(date) {
            Some(day) if days.free.contains(day) => {
                let long = long_date(self.language, date);
                let label = self.language.text_with("calendar-free", &[("day", Value::Text(&long))]);
                let href = self.link(&[("day", &date.to_string())]) + "#times";
                Cell::Free { day: number, href, label: label.into_owned(), chosen: day == chosen }
            }
            Some(day) if days.works.contains(day) => Cell::Full { day: number },
            _ => Cell::None { day: number },
        }
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let time = |slot, left, chosen| TimeWords {
        slot,
        time: time_of_day(language, charye_domain::time::MinuteOfDay(540)),
        left,
        href: "/find/a/b?first=1&day=2".to_owned(),
        chosen,
    };
    let times = || vec![time(64, 3, true), time(65, 0, false), time(66, 1, false)];
    let day = || Some(DayWords { title: short_date(language, jiff::civil::date(2021, 8, 27)), times: times() });
    let free = |day| {
        let long = long_date(language, jiff::civil::date(2021, 8, day));
        language.text_with("calendar-free", &[("day", Value::Text(&long))])
    };
    let cell = |day: i8| match day {
        1..=31 if day % 7 == 1 => Cell::None { day },
        1..=31 if day % 5 == 0 => Cell::Full { day },
        1..=31 => Cell::Free {
            day,
            href: "/find/a/b?day=1".to_owned(),
            label: names.or(&free(day), "30 \"<free>"),
            chosen: day == 27,
        },
        _ => Cell::Blank,
    };
    let first =
        crate::locale::day_and_time(language, jiff::civil::date(2021, 8, 27), charye_domain::time::MinuteOfDay(540));
    // A month of 31 days that begins on a Sunday.
    let week = |week: i8| (1..=7).map(|day| cell(week * 7 + day)).collect();
    let month = |month| Month {
        title: month_of_year(language, jiff::civil::date(2021, month, 1)),
        weeks: (0..5).map(week).collect(),
    };
    let form = |choose, first| FormWords {
        action: "/holds".to_owned(),
        key: "0123456789abcdef0123456789abcdef".to_owned(),
        choose,
        first,
        times: times(),
    };
    let choice = |chosen| DayChoice {
        href: "/find/a/b?second_day=1".to_owned(),
        text: short_date(language, jiff::civil::date(2021, 10, 8)),
        chosen,
    };
    let second = || {
        Some(SecondWords {
            days: vec![choice(true), choice(false)],
            standard: Some(names.or(
                &language.text_with(
                    "second-standard",
                    &[("day", Value::Text(&long_date(language, jiff::civil::date(2021, 10, 8))))],
                ),
                "<42>",
            )),
            day: day(),
        })
    };
    let page = |change: Option<&str>, day: Option<DayWords>, first: Option<&str>, second, form, nothing_free| {
        let months = if day.is_some() { vec![month(8), month(9)] } else { Vec::new() };
        let page = ClinicPage {
            layout: Layout::sample(language, true, Part::Find),
            name: names.clinic(language),
            kind: language.text("clinic-centre").into_owned(),
            address: names.address(),
            phone: "02-000-0000".to_owned(),
            product: names.or("Pfizer-BioNTech", "Pfizer <b>"),
            change: change.map(str::to_owned),
            second_lead: None,
            months,
            nothing_free,
            offers: if nothing_free { OfferWords::samples(language, names) } else { Vec::new() },
            day,
            first: first.map(str::to_owned),
            second,
            form,
        };
        super::rendered(&page)
    };
    vec![
        ("clinic-one-dose", page(None, day(), None, None, Some(form("first", None)), false)),
        ("clinic-first-of-two", page(None, day(), None, None, None, false)),
        (
            "clinic-second-of-two",
            page(None, day(), Some(first.as_str()), second(), Some(form("second", Some(64))), false),
        ),
        ("clinic-change", page(Some("1234-5678-901"), None, None, second(), Some(form("first", None)), false)),
        ("clinic-full", page(None, None, None, None, None, true)),
    ]
}

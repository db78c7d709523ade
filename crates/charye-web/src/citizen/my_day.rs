//! Room: web/citizen. "My day": who may reserve when, in words, from a birth date that is looked at once and kept
//! nowhere. Also says it for landing, sign-in and line. Decides nothing: it tells what `eligibility` says.

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility, Ineligible, rules};
use charye_domain::opening::Opening;
use charye_domain::time::UnixMillis;
use hyper::{Method, StatusCode};
use jiff::civil::Date;

use super::form::{Mistakes, TypedDate};
use super::layout::{Layout, Part};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::{Language, Value, plain_date, until_text};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/my-day", Access::Anyone, show),
        Route::page(Method::POST, "/my-day", Access::Anyone, tell),
    ]
}

#[derive(askama::Template)]
#[template(path = "my_day.html")]
pub(super) struct MyDayPage {
    layout: Layout,
    typed: TypedDate,
    mistakes: Mistakes,
    /// Present once a birth date was given.
    told: Option<Told>,
}

#[derive(Clone)]
struct Told {
    born: String,
    campaigns: Vec<Standing>,
}

/// How one person stands in one campaign.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) campaign: String,
    /// The campaign's code.
    pub(super) code: String,
    pub(super) may_reserve: bool,
    /// What is so, in one sentence.
    pub(super) verdict: String,
    /// Why, and what to do.
    pub(super) reason: String,
    /// Every window that lets this person in, past ones too.
    pub(super) windows: Vec<WindowWords>,
}

/// One window.
#[derive(Clone, Debug)]
pub(super) struct WindowWords {
    pub(super) name: String,
    pub(super) opens: String,
    pub(super) closes: String,
    pub(super) state: WindowState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WindowState {
    Ahead,
    Open,
    Over,
}

impl WindowState {
    pub(super) fn of(opening: &Opening, now: UnixMillis) -> Self {
        match rules::window::stands(&opening.window, now) {
            rules::window::Standing::Ahead => Self::Ahead,
            rules::window::Standing::Open => Self::Open,
            rules::window::Standing::Over => Self::Over,
        }
    }

    /// The key of its text.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Ahead => "window-ahead",
            Self::Open => "window-open",
            Self::Over => "window-over",
        }
    }

    pub(super) fn is_open(self) -> bool {
        self == Self::Open
    }
}

impl WindowWords {
    pub(super) fn of(language: Language, opening: &Opening, now: UnixMillis) -> Self {
        Self {
            name: language.of(&opening.name).to_owned(),
            opens: until_text(language, opening.window.opens_civil),
            closes: until_text(language, opening.window.closes_civil),
            state: WindowState::of(opening, now),
        }
    }
}

impl Standing {
    /// How somebody born on `birth_date` stands at `now`.
    pub(super) fn of(language: Language, campaign: &Campaign, birth_date: Date, now: UnixMillis) -> Self {
        let moment = |at: UnixMillis| until_text(language, at.civil(&campaign.time_zone));
        let opening_name = |id| campaign.opening(id).map_or("", |opening| language.of(&opening.name));
        let decided = eligibility::decide(campaign, &CitizenFacts { birth_date }, now);
        let (may_reserve, verdict, reason) = match decided {
            Eligibility::Eligible { opening, until, .. } => (
                true,
                language.text_with("day-open", &[("until", Value::Text(&moment(until)))]),
                language.text_with("day-open-why", &[("opening", Value::Text(opening_name(opening)))]),
            ),
            Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => (
                false,
                language.text_with("day-not-yet", &[("opens", Value::Text(&moment(opens_at)))]),
                language.text_with("day-not-yet-why", &[("opening", Value::Text(opening_name(opening)))]),
            ),
            Eligibility::Ineligible(Ineligible::OpeningsOver { closed_at }) => (
                false,
                language.text_with("day-over", &[("closed", Value::Text(&moment(closed_at)))]),
                language.text("day-over-why"),
            ),
            Eligibility::Ineligible(Ineligible::NotInCohort) => {
                let born = born_ranges(language, campaign);
                let why = language.text_with("day-not-in-cohort-why", &[("born", Value::Text(&born))]);
                (false, language.text("day-not-in-cohort"), why)
            }
        };
        let lets_in = |opening: &&Opening| {
            rules::cohort::first_admitting(&campaign.cohorts, opening, birth_date).is_some()
                && rules::birth_day_digit::lets_in(opening, birth_date)
        };
        let windows = campaign.openings.iter().filter(lets_in);
        Self {
            campaign: language.of(&campaign.name).to_owned(),
            code: campaign.code.clone(),
            may_reserve,
            verdict: verdict.into_owned(),
            reason: reason.into_owned(),
            windows: windows.map(|opening| WindowWords::of(language, opening, now)).collect(),
        }
    }

    #[cfg(any(test, feature = "samples"))]
    pub(super) fn samples(language: Language, names: Names) -> [Self; 3] {
        let moment = |day, hour| until_text(language, jiff::civil::date(2021, 8, day).at(hour, 0, 0, 0));
        let said = |key, name, value: &str| language.text_with(key, &[(name, Value::Text(value))]).into_owned();
        let opening = names.opening(language);
        let window = |state| WindowWords { name: opening.clone(), opens: moment(9, 20), closes: moment(10, 18), state };
        let standing = |may_reserve, verdict: String, reason: String, windows| Self {
            campaign: names.campaign(language),
            code: "kr-2021-18-49".to_owned(),
            may_reserve,
            verdict,
            reason,
            windows,
        };
        [
            standing(
                true,
                said("day-open", "until", &moment(10, 18)),
                said("day-open-why", "opening", &opening),
                vec![window(WindowState::Open), window(WindowState::Ahead)],
            ),
            standing(
                false,
                said("day-not-yet", "opens", &moment(9, 20)),
                said("day-not-yet-why", "opening", &opening),
                vec![window(WindowState::Ahead)],
            ),
            standing(
                false,
                language.text("day-not-in-cohort").into_owned(),
                said("day-not-in-cohort-why", "born", &born_sample(language)),
                Vec::new(),
            ),
        ]
    }
}

/// For whom a campaign is, as ranges of birth dates. Cohorts that adjoin are told as one: they differ only in when.
pub(super) fn born_ranges(language: Language, campaign: &Campaign) -> String {
    let mut born: Vec<(Date, Date)> =
        campaign.cohorts.iter().map(|cohort| (cohort.born_from, cohort.born_to)).collect();
    born.sort_unstable();
    let mut ranges: Vec<(Date, Date)> = Vec::new();
    for (from, to) in born {
        match ranges.last_mut() {
            Some((_, last)) if from <= last.saturating_add(jiff::Span::new().days(1)) => *last = to.max(*last),
            _ => ranges.push((from, to)),
        }
    }
    let range = |(from, to): &(Date, Date)| {
        let (from, to) = (plain_date(language, *from), plain_date(language, *to));
        language.text_with("born-range", &[("from", Value::Text(&from)), ("to", Value::Text(&to))]).into_owned()
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// Today in the first campaign's zone; in UTC before there is one.
pub(super) fn today(campaigns: &[Arc<Campaign>], now: UnixMillis) -> Date {
    let zone = campaigns.first().map_or(jiff::tz::TimeZone::UTC, |campaign| campaign.time_zone.clone());
    now.civil(&zone).date()
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let layout = Layout::of(&asked, Part::Home);
    let page = MyDayPage { layout, typed: TypedDate::default(), mistakes: Mistakes::default(), told: None };
    super::page(asked.language, &page)
}

async fn tell(asked: Asked) -> Result<Answer, Problem> {
    let (language, now) = (asked.language, asked.now);
    let campaigns: Vec<_> = asked.app.engine.campaigns().iter().cloned().collect();
    let typed = TypedDate::of(&asked.form);
    let layout = Layout::answering(&asked, Part::Home, "/my-day");
    let mut mistakes = Mistakes::default();
    let told = match typed.birth_date(today(&campaigns, now)) {
        Ok(birth_date) => {
            let standing = |campaign: &Arc<Campaign>| Standing::of(language, campaign, birth_date, now);
            let mut campaigns: Vec<_> = campaigns.iter().map(standing).collect();
            // What concerns this person comes first.
            campaigns.sort_by_key(|standing| (!standing.may_reserve, standing.windows.is_empty()));
            Some(Told { born: plain_date(language, birth_date), campaigns })
        }
        Err((control, key)) => {
            mistakes.add(language, control, key);
            None
        }
    };
    let status = if told.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = super::page(language, &MyDayPage { layout, typed, mistakes, told })?;
    Ok(super::kept_in_history(page).status(status))
}

/// For whom the campaign of the samples is.
#[cfg(any(test, feature = "samples"))]
pub(super) fn born_sample(language: Language) -> String {
    let [from, to] =
        [jiff::civil::date(1972, 1, 1), jiff::civil::date(2003, 12, 31)].map(|date| plain_date(language, date));
    language.text_with("born-range", &[("from", Value::Text(&from)), ("to", Value::Text(&to))]).into_owned()
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let page = |typed: TypedDate, mistakes, told| {
        super::rendered(&MyDayPage { layout: Layout::sample(language, false, Part::Home), typed, mistakes, told })
    };
    let typed = TypedDate { year: names.or("1990", "\"19<90"), month: "3".to_owned(), day: "9".to_owned() };
    let mut mistakes = Mistakes::default();
    mistakes.add(language, "birth-year", "birth-year-wrong");
    let told = Told {
        born: plain_date(language, jiff::civil::date(1990, 3, 9)),
        campaigns: Standing::samples(language, names).to_vec(),
    };
    vec![
        ("my-day", page(TypedDate::default(), Mistakes::default(), None)),
        ("my-day-mistake", page(typed.clone(), mistakes, None)),
        ("my-day-told", page(typed, Mistakes::default(), Some(told))),
    ]
}

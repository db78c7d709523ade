//! Room: web/citizen. The first page: which campaigns there are, who may reserve when, and what to do next. Costs no
//! turn and no look-up, for the evening when everyone opens it at once.

use charye_domain::campaign::Campaign;
use charye_domain::time::UnixMillis;
use hyper::Method;

use super::form::{Mistakes, TypedDate};
use super::layout::{Layout, Part};
use super::my_day::{WindowState, WindowWords, born_ranges, plain_date};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/", Access::Anyone, show)]
}

#[derive(askama::Template)]
#[template(path = "landing.html")]
struct LandingPage {
    layout: Layout,
    campaigns: Vec<CampaignWords>,
    typed: TypedDate,
    mistakes: Mistakes,
    /// Whether the citizen comes from having their data erased.
    erased: bool,
}

struct CampaignWords {
    name: String,
    born: String,
    from: String,
    to: String,
    /// Open now, or opening today.
    today: Vec<WindowWords>,
    /// To come, the next first.
    ahead: Vec<WindowWords>,
    over: bool,
}

impl CampaignWords {
    fn of(language: Language, campaign: &Campaign, now: UnixMillis) -> Self {
        let today = now.civil(&campaign.time_zone).date();
        let (mut of_today, mut ahead) = (Vec::new(), Vec::new());
        for opening in &campaign.openings {
            let words = WindowWords::of(language, opening, now);
            match words.state {
                WindowState::Open => of_today.push(words),
                WindowState::Ahead if opening.window.opens_civil.date() == today => of_today.push(words),
                WindowState::Ahead => ahead.push(words),
                WindowState::Over => {}
            }
        }
        Self {
            name: language.of(&campaign.name).to_owned(),
            born: born_ranges(language, campaign),
            from: plain_date(language, campaign.first_day),
            to: plain_date(language, campaign.last_day),
            over: of_today.is_empty() && ahead.is_empty(),
            today: of_today,
            ahead,
        }
    }
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let campaigns = asked.app.engine.campaigns();
    let campaigns = campaigns.iter().map(|campaign| CampaignWords::of(asked.language, campaign, asked.now)).collect();
    let layout = Layout::of(&asked, Part::Home);
    let erased = asked.caller.login.is_none() && asked.query.get("erased") == Some("1");
    let (typed, mistakes) = (TypedDate::default(), Mistakes::default());
    let page = LandingPage { layout, campaigns, typed, mistakes, erased };
    super::page(asked.language, &page)
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let [standing, ..] = super::my_day::Standing::samples(language, names);
    let campaign = |today, ahead, over| CampaignWords {
        name: names.campaign(language),
        born: "1972 – 2003".to_owned(),
        from: "2021-08-26".to_owned(),
        to: "2021-11-11".to_owned(),
        today,
        ahead,
        over,
    };
    let page = |signed_in, campaigns| {
        let layout = Layout::sample(language, signed_in, Part::Home);
        let (typed, mistakes) = (TypedDate::default(), Mistakes::default());
        let page = LandingPage { layout, campaigns, typed, mistakes, erased: !signed_in };
        super::rendered(&page)
    };
    let windows = || standing.windows.clone();
    vec![
        ("landing", page(false, vec![campaign(windows(), windows(), false), campaign(Vec::new(), Vec::new(), true)])),
        ("landing-signed-in", page(true, vec![campaign(Vec::new(), windows(), false)])),
        ("landing-none", page(false, Vec::new())),
    ]
}

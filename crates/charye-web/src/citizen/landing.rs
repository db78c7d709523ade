//! Room: web/citizen. The first page: which campaigns there are, who may reserve when, and what to do next. Costs no
//! turn and no look-up, for the evening when everyone opens it at once.

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::opening::Opening;
use charye_domain::time::UnixMillis;
use charye_engine::waiting_room::{Lines, Phase};
use hyper::Method;

use super::form::{Mistakes, TypedDate, link};
use super::layout::{Layout, Part};
use super::line_waiting::{Countdown, ScriptTexts, countdown};
use super::my_day::{WindowState, WindowWords, born_ranges};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::{Language, plain_date};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// Before an opening, the time is counted down for so long. Unit: seconds.
const COUNTED_DOWN_SECS: i64 = 86_400;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/", Access::Anyone, show)]
}

#[derive(askama::Template)]
#[template(path = "landing.html")]
struct LandingPage {
    layout: Layout,
    campaigns: Vec<CampaignWords>,
    texts: &'static ScriptTexts,
    /// Where to sign in: for the only campaign there is, so that nobody who signs in is left to choose it.
    sign_in: String,
    typed: TypedDate,
    mistakes: Mistakes,
    /// Whether the citizen comes from having their data erased.
    erased: bool,
}

impl LandingPage {
    fn counts_down(&self) -> bool {
        self.campaigns.iter().any(|campaign| campaign.countdown.is_some())
    }
}

struct CampaignWords {
    name: String,
    /// What the campaign itself says first.
    welcome: Option<String>,
    born: String,
    from: String,
    to: String,
    /// Open now, or opening today.
    today: Vec<WindowWords>,
    /// To come, the next first.
    ahead: Vec<WindowWords>,
    /// Until the next opening, if that is soon.
    countdown: Option<Countdown>,
    /// People who wait in the lines that are open.
    waiting: Option<i64>,
    over: bool,
}

impl CampaignWords {
    fn of(language: Language, campaign: &Campaign, lines: &Lines, now: UnixMillis) -> Self {
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
        // An operator may have moved an opening: the line knows.
        let moved = |opening: &Opening| lines.get(campaign.id, opening.id).map(|line| line.opens_at);
        let opens_at = campaign.openings.iter().map(|opening| moved(opening).unwrap_or(opening.window.opens_at));
        let opens_in = opens_at.map(|opens_at| opens_at.millis_since(now) / 1_000).filter(|secs| *secs > 0).min();
        let open = lines.of_campaign(campaign.id).filter(|line| line.phase == Phase::Open);
        let waiting: i64 = open.map(|line| i64::from(line.waiting)).sum();
        let welcome = campaign.look.as_ref().and_then(|look| look.welcome.as_ref());
        Self {
            countdown: opens_in.filter(|secs| *secs <= COUNTED_DOWN_SECS).map(|secs| countdown(language, secs)),
            waiting: (waiting > 0).then_some(waiting),
            name: language.of(&campaign.name).to_owned(),
            welcome: welcome.map(|text| language.of(text).to_owned()),
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
    let (campaigns, lines) = (asked.app.engine.campaigns(), asked.app.engine.lines());
    let sign_in = sign_in_for(&campaigns.iter().map(|campaign| campaign.code.as_str()).collect::<Vec<_>>());
    let words = |campaign: &Arc<Campaign>| CampaignWords::of(asked.language, campaign, &lines, asked.now);
    let campaigns = campaigns.iter().map(words).collect();
    let texts = ScriptTexts::of(asked.language);
    let layout = Layout::of(&asked, Part::Home);
    let erased = asked.caller.login.is_none() && asked.query.get("erased") == Some("1");
    let (typed, mistakes) = (TypedDate::default(), Mistakes::default());
    let page = LandingPage { layout, campaigns, texts, sign_in, typed, mistakes, erased };
    super::page(asked.language, &page)
}

fn sign_in_for(codes: &[&str]) -> String {
    match codes {
        [only] => link("/sign-in", &[("next", &format!("/line/{only}"))]),
        _ => "/sign-in".to_owned(),
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let [standing, ..] = super::my_day::Standing::samples(language, names);
    let campaign = |today, ahead, over: bool| CampaignWords {
        name: names.campaign(language),
        welcome: over.then(|| names.campaign(language)),
        born: super::my_day::born_sample(language),
        from: plain_date(language, jiff::civil::date(2021, 8, 26)),
        to: plain_date(language, jiff::civil::date(2021, 11, 11)),
        countdown: (!over).then(|| countdown(language, 4_810)),
        waiting: (!over).then_some(4_321_099),
        today,
        ahead,
        over,
    };
    let framed = |layout: Layout, campaigns| {
        let signed_in = layout.signed_in();
        let (typed, mistakes) = (TypedDate::default(), Mistakes::default());
        let (texts, sign_in) = (ScriptTexts::of(language), sign_in_for(&["kr-2021-18-49"]));
        let page = LandingPage { layout, campaigns, texts, sign_in, typed, mistakes, erased: !signed_in };
        super::rendered(&page)
    };
    let page = |signed_in, campaigns| framed(Layout::sample(language, signed_in, Part::Home), campaigns);
    let own_look = Layout::sample(language, false, Part::Home).with_sample_look();
    let windows = || standing.windows.clone();
    vec![
        ("landing", page(false, vec![campaign(windows(), windows(), false), campaign(Vec::new(), Vec::new(), true)])),
        ("landing-signed-in", page(true, vec![campaign(Vec::new(), windows(), false)])),
        ("landing-look", framed(own_look, vec![campaign(windows(), windows(), false)])),
        ("landing-none", page(false, Vec::new())),
    ]
}

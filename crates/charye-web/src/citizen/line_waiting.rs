//! Room: web/citizen. The waiting page: where somebody stands in a line, what it means, and that they may close it. Made
//! for the evening when everyone opens it at once: a stylesheet of its own, a small script, and nothing to look up but a
//! published view and the ticket in the citizen's pocket.
//!
//! Must never take a place, move one or let anyone in: reloading changes nothing.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use charye_domain::book::LineStanding;
use charye_domain::campaign::Campaign;
use charye_domain::waiting_room::draw::published::hex;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_engine::waiting_room::{LineNow, look_up_place};
use hyper::Method;

use super::form::next_of;
use super::layout::{Layout, Part};
use super::line::{own_ticket, way_in};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, LoginSession, Ticket};
use crate::locale::{Language, Value, grouped, until_text};
use crate::problem::Problem;
use crate::routes::Route;
use crate::waiting_room::{LineState, PausedTold, StandingTold, draw_id, line_of, people_per_min, told};
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/line/{campaign}", Access::SignedIn, show)]
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let code = asked.path_value(0)?;
    let campaign = asked.app.engine.campaigns().by_code(code).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
    let next = next_of(&asked.query).unwrap_or_default();
    let lines = asked.app.engine.lines();
    let ticket = own_ticket(&asked, login).filter(|ticket| ticket.campaign == campaign.id);
    let Some((ticket, line)) = ticket.and_then(|ticket| Some((ticket, line_of(&lines, &ticket)?))) else {
        return Ok(Answer::see_other(&way_in(&next)));
    };
    let standing = told(line, &ticket, asked.now);
    let mut view = WaitingView::of(&asked, login, &campaign, line, &ticket, &standing);
    if view.state.is_come() {
        say_how_long(&asked, login, &campaign, &mut view).await;
    }
    let refresh_secs = (view.ask_again_ms > 0).then(|| i64::from(view.ask_again_ms.div_ceil(1_000)));
    let opening = campaign.opening(ticket.opening).map_or("", |opening| asked.language.of(&opening.name));
    let page = WaitingPage {
        layout: Layout { refresh_secs, ..Layout::of(&asked, Part::Find).about(&campaign) },
        campaign: asked.language.of(&campaign.name).to_owned(),
        opening: opening.to_owned(),
        code: campaign.code.clone(),
        number: ticket.opening.0,
        next,
        ticket: asked.app.gate.sign_ticket(&ticket),
        view,
        texts: ScriptTexts::of(asked.language),
    };
    super::page(asked.language, &page)
}

/// How long a call is kept, by the server's clock. Whose turn it is are few, so the book may be asked; if it is too busy,
/// the grace is told as it is for everyone.
async fn say_how_long(asked: &Asked, login: &LoginSession, campaign: &Campaign, view: &mut WaitingView) {
    let standing = look_up_place(&asked.app.engine, login.person, campaign.id).await;
    let language = asked.language;
    match standing.ok().and_then(|answered| answered.value).map(|place| place.standing) {
        Some(LineStanding::Called { until }) if asked.now < until => {
            let clock = until.civil(&campaign.time_zone).strftime("%H:%M:%S").to_string();
            view.say = language.text_with("wait-come-until", &[("time", Value::Text(&clock))]).into_owned();
            view.kept = Some(countdown(language, until.millis_since(asked.now) / 1_000));
        }
        Some(LineStanding::Returning { .. }) => view.say = language.text("wait-come-late").into_owned(),
        // More were overtaken than are shown.
        Some(LineStanding::Waiting { .. }) => view.say = language.text("wait-come-again").into_owned(),
        _ => {}
    }
}

#[derive(askama::Template)]
#[template(path = "line_waiting.html")]
pub(super) struct WaitingPage {
    pub(super) layout: Layout,
    pub(super) campaign: String,
    pub(super) opening: String,
    /// The campaign's code and the opening's number, for links.
    pub(super) code: String,
    pub(super) number: u8,
    pub(super) next: String,
    /// For the script, which shows it at every poll.
    pub(super) ticket: String,
    pub(super) view: WaitingView,
    pub(super) texts: &'static ScriptTexts,
}

/// What one person is told.
pub(super) struct WaitingView {
    pub(super) state: WaitingState,
    pub(super) heading: Cow<'static, str>,
    pub(super) say: String,
    /// The operators' word to those who wait.
    pub(super) message: Option<String>,
    pub(super) countdown: Option<Countdown>,
    /// How long the call is kept.
    pub(super) kept: Option<Countdown>,
    /// People on the list of the draw.
    pub(super) enrolled: Option<i64>,
    pub(super) spot: Option<Spot>,
    /// How fast the line moves.
    pub(super) per_minute: Option<i64>,
    /// How many were let in within the first range they were told. Unit: percent.
    pub(super) kept_percent: Option<String>,
    /// In hexadecimal digits.
    pub(super) draw_id: Option<String>,
    /// The places that can be reserved now, as HTML; empty if that is not told.
    pub(super) left: Arc<str>,
    pub(super) grace_minutes: i64,
    /// That the page may be closed, and what giving the place up means.
    pub(super) close: Cow<'static, str>,
    pub(super) leave_means: Cow<'static, str>,
    /// When the script asks again; 0 for never.
    pub(super) ask_again_ms: u32,
}

impl WaitingView {
    fn of(
        asked: &Asked,
        login: &LoginSession,
        campaign: &Campaign,
        line: &LineNow,
        ticket: &Ticket,
        standing: &StandingTold,
    ) -> Self {
        let language = asked.language;
        let state = WaitingState::of(standing);
        let moment = if state.is_over() { line.closes_at } else { line.opens_at };
        let moment = until_text(language, moment.civil(&campaign.time_zone));
        let grace_minutes = i64::from(line.terms.grace_secs().div_ceil(60));
        let is_drawn = match ticket.standing {
            TicketStanding::Drawn(_) => true,
            TicketStanding::Placed { place, .. } => place.is_drawn(),
            TicketStanding::Returning { .. } => false,
        };
        let waits = standing.ahead.is_some();
        Self {
            message: line.message.as_deref().map(|message| language.of(message).to_owned()),
            countdown: standing
                .opens_in_ms
                .map(|ms| countdown(language, i64::try_from(ms / 1_000).unwrap_or(i64::MAX))),
            enrolled: standing.opens_in_ms.map(|_| line.enrolled.into()),
            spot: standing.ahead.map(|ahead| Spot::of(language, ahead, standing)),
            per_minute: people_per_min(line).filter(|_| waits && standing.paused.is_none()).map(i64::from),
            kept_percent: line.score.kept_percent().filter(|_| waits).map(|percent| percent.to_string()),
            draw_id: if is_drawn && !state.is_over() { own_draw_id(asked, login, line) } else { None },
            left: if waits { places_left(language, line) } else { Arc::from("") },
            ask_again_ms: standing.ask_again_ms,
            ..Self::plain(language, state, &moment, grace_minutes)
        }
    }

    /// A state with nothing but its words. `moment`: when it opens, or has closed.
    pub(super) fn plain(language: Language, state: WaitingState, moment: &str, grace_minutes: i64) -> Self {
        let (heading, say) = state.keys();
        let moment = Value::Text(moment);
        let values = [("opens", moment), ("closes", moment), ("minutes", Value::Number(grace_minutes))];
        let drawn_later = matches!(state, WaitingState::Enrolled | WaitingState::Drawing);
        Self {
            state,
            heading: language.text(heading),
            say: language.text_with(say, &values).into_owned(),
            message: None,
            countdown: None,
            kept: None,
            enrolled: None,
            spot: None,
            per_minute: None,
            kept_percent: None,
            draw_id: None,
            left: Arc::from(""),
            grace_minutes,
            close: language.text(if drawn_later { "wait-close-enrolled" } else { "wait-close" }),
            leave_means: language.text(if drawn_later { "wait-leave-enrolled" } else { "wait-leave-sure" }),
            ask_again_ms: 0,
        }
    }
}

/// Until the opening.
pub(super) struct Countdown {
    pub(super) secs: i64,
    pub(super) text: String,
}

/// Where somebody stands.
pub(super) struct Spot {
    pub(super) ahead: String,
    pub(super) behind: Option<String>,
    /// From 6, at the end of the line, to 94, at the door.
    pub(super) x: u32,
    /// How long it takes, if anything can be said.
    pub(super) when: Option<String>,
}

/// What the page is about. `code()` is what a poll calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitingState {
    Enrolled,
    Drawing,
    Waiting,
    Paused,
    NothingLeft,
    GateInTrouble,
    Come,
    Returning,
    Over,
}

impl Spot {
    fn of(language: Language, ahead: u64, standing: &StandingTold) -> Self {
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        let when = match (&standing.wait, standing.at_least_secs) {
            (Some(wait), _) => Some(range(language, wait.from_secs, wait.to_secs)),
            (None, Some(secs @ 60..)) => {
                let from = duration(language, secs.into());
                Some(language.text_with("wait-at-least", &[("from", Value::Text(&from))]).into_owned())
            }
            (None, Some(_)) => Some(language.text("wait-not-yet").into_owned()),
            (None, None) => None,
        };
        Self {
            ahead: people(language, ahead),
            behind: standing.behind.map(|behind| people(language, behind)),
            x: spot_x(ahead, standing.behind.unwrap_or_default()),
            when,
        }
    }
}

fn own_draw_id(asked: &Asked, login: &LoginSession, line: &LineNow) -> Option<String> {
    draw_id(asked, login, line).map(|id| hex(&id.0))
}

/// Provinces with the places that can be reserved in them now, in the order of their codes. The same for everyone, so it is
/// written once a change, however many look.
fn places_left(language: Language, line: &LineNow) -> Arc<str> {
    let write = || PlacesLeftPart::of(language, &line.places_left).written();
    line.page_parts.get(language as usize).map_or_else(write, |part| Arc::clone(part.get_or_init(write)))
}

#[derive(askama::Template)]
#[template(path = "line_places_left.html")]
struct PlacesLeftPart {
    summary: Cow<'static, str>,
    now: Cow<'static, str>,
    left: Vec<(Cow<'static, str>, String)>,
}

impl PlacesLeftPart {
    fn of(language: Language, places_left: &[(u32, u32)]) -> Self {
        let named = |&(province, places): &(u32, u32)| {
            let key = format!("province-{province}");
            let name = if language.has_text(&key) { language.text(&key) } else { province.to_string().into() };
            (name, grouped(places.into()))
        };
        Self {
            summary: language.text("wait-left"),
            now: language.text("wait-left-now"),
            left: places_left.iter().map(named).collect(),
        }
    }

    /// A page without it is better than none.
    fn written(&self) -> Arc<str> {
        super::fragment(self).unwrap_or_default().into()
    }
}

impl WaitingState {
    fn of(standing: &StandingTold) -> Self {
        match (standing.state, standing.paused) {
            (LineState::Waiting | LineState::Returning, Some(PausedTold::Operator)) => Self::Paused,
            (LineState::Waiting | LineState::Returning, Some(PausedTold::NothingLeft)) => Self::NothingLeft,
            (LineState::Waiting | LineState::Returning, Some(PausedTold::GateInTrouble)) => Self::GateInTrouble,
            (LineState::Enrolled, _) => Self::Enrolled,
            (LineState::Drawing, _) => Self::Drawing,
            (LineState::Waiting, None) => Self::Waiting,
            (LineState::Come, _) => Self::Come,
            (LineState::Returning, None) => Self::Returning,
            (LineState::Over, _) => Self::Over,
        }
    }

    /// As polls tell it; the script loads the page again when it changes.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Drawing => "drawing",
            Self::Waiting => "waiting",
            Self::Paused => "operator",
            Self::NothingLeft => "nothing_left",
            Self::GateInTrouble => "gate_in_trouble",
            Self::Come => "come",
            Self::Returning => "returning",
            Self::Over => "over",
        }
    }

    /// The keys of its heading and of what is said first.
    pub(super) fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Enrolled => ("wait-enrolled", "wait-enrolled-say"),
            Self::Drawing => ("wait-drawing", "wait-drawing-say"),
            Self::Waiting => ("wait-waiting", "wait-waiting-say"),
            Self::Paused => ("wait-paused", "wait-paused-say"),
            Self::GateInTrouble => ("wait-gate", "wait-gate-say"),
            Self::NothingLeft => ("wait-nothing-left", "wait-nothing-left-say"),
            Self::Come => ("wait-come", "wait-come-say"),
            Self::Returning => ("wait-returning", "wait-returning-say"),
            Self::Over => ("wait-over", "wait-over-say"),
        }
    }

    fn is_come(self) -> bool {
        self == Self::Come
    }

    fn is_over(self) -> bool {
        self == Self::Over
    }

    /// Whether there is a place to keep, or to give up.
    fn keeps_place(self) -> bool {
        !matches!(self, Self::Come | Self::Over)
    }

    /// Whether being called is what comes next.
    fn waits(self) -> bool {
        self.keeps_place()
    }
}

/// Templates of what the script writes, in which `{n}`, `{a}` and `{b}` stand for numbers and times.
pub(super) struct ScriptTexts {
    /// All that the page's script needs, as the attributes of an element.
    attributes: String,
    people: String,
    person: String,
    ahead: String,
    range: String,
    within: String,
    at_least: String,
    not_yet: String,
    pub(super) hours: String,
    pub(super) minutes: String,
    pub(super) seconds: String,
}

impl ScriptTexts {
    /// Those of a language, made once.
    pub(super) fn of(language: Language) -> &'static Self {
        static TEXTS: LazyLock<[ScriptTexts; 2]> = LazyLock::new(|| Language::ALL.map(ScriptTexts::make));
        &TEXTS[language as usize]
    }

    fn make(language: Language) -> Self {
        let say = |key: &str, values: &[(&'static str, &str)]| {
            let values: Vec<_> = values.iter().map(|(name, value)| (*name, Value::Text(value))).collect();
            language.text_with(key, &values).into_owned()
        };
        let mut texts = Self {
            attributes: String::new(),
            people: say("wait-people", &[("count", "{n}")]),
            person: say("wait-person", &[("count", "{n}")]),
            ahead: say("wait-ahead", &[]),
            range: say("wait-range", &[("from", "{a}"), ("to", "{b}")]),
            within: say("wait-within", &[("to", "{b}")]),
            at_least: say("wait-at-least", &[("from", "{a}")]),
            not_yet: say("wait-not-yet", &[]),
            hours: say("wait-hours", &[("count", "{n}")]),
            minutes: say("wait-minutes", &[("count", "{n}")]),
            seconds: say("wait-seconds", &[("count", "{n}")]),
        };
        texts.attributes = super::fragment(&ScriptAttributes { texts: &texts }).unwrap_or_default();
        texts
    }
}

#[derive(askama::Template)]
#[template(path = "line_script_texts.html")]
struct ScriptAttributes<'a> {
    texts: &'a ScriptTexts,
}

/// Seconds as people say them: `1시간 20분`, `12 min`. Whole minutes, rounded down.
pub(super) fn duration(language: Language, secs: i64) -> String {
    let (hours, minutes) = (secs.max(0) / 3_600, secs.max(0) % 3_600 / 60);
    let part = |key: &str, count| language.text_with(key, &[("count", Value::Number(count))]);
    match (hours, minutes) {
        (0, _) => part("wait-minutes", minutes).into_owned(),
        (_, 0) => part("wait-hours", hours).into_owned(),
        _ => format!("{} {}", part("wait-hours", hours), part("wait-minutes", minutes)),
    }
}

/// The same of a countdown: seconds, too, within the last two minutes.
pub(super) fn countdown(language: Language, secs: i64) -> Countdown {
    let part = |key: &str, count| language.text_with(key, &[("count", Value::Number(count))]);
    let text = match secs.max(0) {
        left @ 120.. => duration(language, left),
        left @ 60..120 => format!("{} {}", part("wait-minutes", 1), part("wait-seconds", left - 60)),
        left => part("wait-seconds", left).into_owned(),
    };
    Countdown { secs: secs.max(0), text }
}

/// How long it takes, from both ends of a range.
pub(super) fn range(language: Language, from_secs: u32, to_secs: u32) -> String {
    let to = duration(language, i64::from(to_secs.div_ceil(60)) * 60);
    if from_secs < 60 {
        return language.text_with("wait-within", &[("to", Value::Text(&to))]).into_owned();
    }
    let from = duration(language, from_secs.into());
    language.text_with("wait-range", &[("from", Value::Text(&from)), ("to", Value::Text(&to))]).into_owned()
}

/// People, as the language counts them.
pub(super) fn people(language: Language, count: u32) -> String {
    language.text_with("wait-people", &[("count", count.into())]).into_owned()
}

/// Where between door and end of the line somebody stands, for the picture.
pub(super) fn spot_x(ahead: u32, behind: u32) -> u32 {
    let all = u64::from(ahead) + u64::from(behind);
    94 - u32::try_from(88 * u64::from(ahead) / all.max(1)).unwrap_or(88)
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let when = || Some(range(language, 725, 1_290));
    let spot = |ahead: u32, behind: Option<u32>, when| Spot {
        ahead: people(language, ahead),
        behind: behind.map(|behind| people(language, behind)),
        x: spot_x(ahead, behind.unwrap_or_default()),
        when,
    };
    let left = || PlacesLeftPart::of(language, &[(11, 20_113), (26, 812), (36, 0), (50, 7)]).written();
    let plain = |state: WaitingState| WaitingView {
        left: left(),
        ask_again_ms: if matches!(state, WaitingState::Come | WaitingState::Over) { 0 } else { 31_000 },
        ..WaitingView::plain(language, state, &until_text(language, jiff::civil::date(2021, 8, 9).at(20, 0, 0, 0)), 3)
    };
    let draw_id = || Some("090ac6520e5f40a285b6783bfc961ef8".to_owned());
    let views = [
        (
            "wait-enrolled",
            WaitingView {
                countdown: Some(countdown(language, 4_810)),
                enrolled: Some(9_412_118),
                draw_id: draw_id(),
                left: Arc::from(""),
                ..plain(WaitingState::Enrolled)
            },
        ),
        ("wait-drawing", WaitingView { draw_id: draw_id(), left: Arc::from(""), ..plain(WaitingState::Drawing) }),
        (
            "wait-waiting",
            WaitingView {
                spot: Some(spot(123_456, Some(4_321_099), when())),
                per_minute: Some(11_800),
                kept_percent: Some("93".to_owned()),
                draw_id: draw_id(),
                ..plain(WaitingState::Waiting)
            },
        ),
        (
            "wait-waiting-message",
            WaitingView {
                spot: Some(spot(1, Some(0), Some(range(language, 0, 180)))),
                message: Some(names.or("부산에 자리를 더 마련했습니다.", "<b>\"부산\"</b> & more")),
                ..plain(WaitingState::Waiting)
            },
        ),
        (
            "wait-waiting-early",
            WaitingView {
                spot: Some(spot(0, Some(12), Some(language.text("wait-not-yet").into_owned()))),
                ..plain(WaitingState::Waiting)
            },
        ),
        ("wait-paused", WaitingView { spot: Some(spot(512, Some(90), None)), ..plain(WaitingState::Paused) }),
        (
            "wait-nothing-left",
            WaitingView { spot: Some(spot(512, Some(90), None)), ..plain(WaitingState::NothingLeft) },
        ),
        ("wait-returning", WaitingView { spot: Some(spot(14, None, None)), ..plain(WaitingState::Returning) }),
        (
            "wait-gate-in-trouble",
            WaitingView { spot: Some(spot(512, Some(90), None)), ..plain(WaitingState::GateInTrouble) },
        ),
        ("wait-come", plain(WaitingState::Come)),
        (
            "wait-come-kept",
            WaitingView {
                say: language.text_with("wait-come-until", &[("time", Value::Text("20:14:32"))]).into_owned(),
                kept: Some(countdown(language, 97)),
                ..plain(WaitingState::Come)
            },
        ),
        ("wait-over", WaitingView { left: Arc::from(""), ..plain(WaitingState::Over) }),
    ];
    let page = |view| {
        let layout = Layout { refresh_secs: Some(31), ..Layout::sample(language, true, Part::Find) };
        super::rendered(&WaitingPage {
            layout,
            campaign: names.campaign(language),
            opening: names.opening(language),
            code: "kr-2021-18-49".to_owned(),
            number: 8,
            next: names.or("/find", "/find?a=\"b"),
            ticket: "AQECAQQDBQAJCAcG3d3d3d3d3d3d3d3d3d3d3QECAwQFBgcICQoLDA0ODxA".to_owned(),
            view,
            texts: ScriptTexts::of(language),
        })
    };
    views.into_iter().map(|(name, view)| (name, page(view))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_read_as_people_say_them() {
        let check = |from, to, ko: &str, en: &str| {
            assert_eq!(range(Language::Korean, from, to), ko);
            assert_eq!(range(Language::English, from, to), en);
        };
        check(0, 180, "3분 안에", "Within 3 min");
        check(59, 181, "4분 안에", "Within 4 min");
        check(60, 240, "약 1분~4분 뒤", "In about 1 min to 4 min");
        check(725, 1_200, "약 12분~20분 뒤", "In about 12 min to 20 min");
        check(3_600, 7_140, "약 1시간~1시간 59분 뒤", "In about 1 h to 1 h 59 min");
        check(4_800, 9_600, "약 1시간 20분~2시간 40분 뒤", "In about 1 h 20 min to 2 h 40 min");
    }

    #[test]
    fn a_countdown_tells_seconds_only_at_its_end() {
        let check = |secs, ko: &str, en: &str| {
            assert_eq!(countdown(Language::Korean, secs).text, ko);
            assert_eq!(countdown(Language::English, secs).text, en);
        };
        check(7_260, "2시간 1분", "2 h 1 min");
        check(179, "2분", "2 min");
        check(119, "1분 59초", "1 min 59 s");
        check(60, "1분 0초", "1 min 0 s");
        check(59, "59초", "59 s");
        check(-5, "0초", "0 s");
    }

    #[test]
    fn the_picture_puts_nobody_off_the_track() {
        let check = |ahead, behind, expect| assert_eq!(spot_x(ahead, behind), expect);
        check(0, 0, 94);
        check(0, 10, 94);
        check(10, 0, 6);
        check(5, 5, 50);
        check(u32::MAX, u32::MAX, 50);
    }
}

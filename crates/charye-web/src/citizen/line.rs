//! Room: web/citizen. The way in: whose turn it is goes in, everybody else takes a place in the line; who may not reserve is
//! told why and when to come. Must never let anyone in, nor take a place, on a GET: reloading changes nothing.

use charye_domain::book::{Channel, LinePurpose};
use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility, Ineligible};
use charye_engine::Answered;
use charye_engine::reservation::look_up_citizen;
use charye_engine::waiting_room::{self, Phase};
use hyper::Method;

use super::form::{link, next_of, seen};
use super::layout::{Layout, Part};
use super::my_day::Standing;
use super::place::PlaceWords;
use super::reservations::{places, to_come};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, CookieName, LoginSession, Surface, Ticket, remove_cookie};
use crate::locale::{Value, until_text};
use crate::problem::Problem;
use crate::routes::Route;
use crate::waiting_room::{CameIn, come_in, purpose_of};
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/line", Access::SignedIn, show),
        Route::page(Method::POST, "/line", Access::SignedIn, go_in),
        Route::page(Method::POST, "/line/{campaign}/leave", Access::SignedIn, leave),
    ]
}

#[derive(askama::Template)]
#[template(path = "line.html")]
struct LinePage {
    layout: Layout,
    next: String,
    /// They come to change what they have reserved, and are told that it stands meanwhile.
    to_change: bool,
    choices: Vec<Choice>,
    /// Names of campaigns that ask for another proof of who one is.
    elsewhere: Vec<String>,
}

/// One campaign, and what this person can do in it.
struct Choice {
    standing: Standing,
    way: Way,
}

/// The way on.
enum Way {
    /// None: the standing says why, and when.
    Closed,
    /// A button, and what it means.
    Button { text: &'static str, hint: String },
    /// To the place that they have.
    Mine(String),
    /// They have reserved, here or on another device: there is nothing to come in for.
    Reserved { number: String, places: Vec<PlaceWords> },
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let campaigns = asked.app.engine.campaigns();
    let ticket = own_ticket(&asked, login);
    let next = next_of(&asked.query).unwrap_or_default();
    let (mut choices, mut elsewhere) = (Vec::new(), Vec::new());
    for campaign in campaigns.iter() {
        if login.proves_for(campaign).is_err() {
            elsewhere.push(asked.language.of(&campaign.name).to_owned());
            continue;
        }
        let reserved = if comes_for_more(&next) { None } else { reserved(&asked, login, campaign).await };
        choices.push(Choice {
            standing: Standing::of(asked.language, campaign, login.birth_date, asked.now),
            way: reserved.unwrap_or_else(|| way_of(&asked, login, campaign, ticket.as_ref())),
        });
    }
    // Where there is a way on comes first.
    choices.sort_by_key(|choice| matches!(choice.way, Way::Closed));
    let layout = Layout::of(&asked, Part::Find);
    let to_change = purpose_of(&next) == LinePurpose::Change;
    super::page(asked.language, &LinePage { layout, next, to_change, choices, elsewhere })
}

/// Whether who is led on to this page needs to come in although they have reserved: to change, or for the second dose.
fn comes_for_more(next: &str) -> bool {
    purpose_of(next) == LinePurpose::Change || next.contains("second_of=")
}

/// What this person has reserved and is still to come. Whoever cannot be told in time is offered the way in, which knows.
async fn reserved(asked: &Asked, login: &LoginSession, campaign: &Campaign) -> Option<Way> {
    let looked = look_up_citizen(&asked.app.engine, login.person, campaign.id).await.ok()?;
    let view = looked.value.reservations.into_iter().rev().find(to_come)?;
    Some(Way::Reserved { number: view.number.to_string(), places: places(asked, campaign, &view) })
}

fn way_of(asked: &Asked, login: &LoginSession, campaign: &Campaign, ticket: Option<&Ticket>) -> Way {
    let language = asked.language;
    let button = |text, hint: &str| Way::Button { text, hint: language.text(hint).into_owned() };
    let lines = asked.app.engine.lines();
    let own = ticket.filter(|ticket| ticket.campaign == campaign.id);
    let own_line = own.and_then(|ticket| lines.get(campaign.id, ticket.opening));
    if own_line.is_some_and(|line| line.phase != Phase::Over) {
        return Way::Mine(format!("/line/{}", campaign.code));
    }
    match eligibility::decide(campaign, &CitizenFacts { birth_date: login.birth_date }, asked.now) {
        // Agents stand in no line: a seat of theirs is free or not.
        Eligibility::Eligible { .. } if asked.app.gate.is_of_agents() => button("agent-enter", "agent-enter-hint"),
        Eligibility::Eligible { .. } if campaign.line.is_some() => button("line-take", "line-take-hint"),
        Eligibility::Eligible { .. } => button("line-enter", "line-visit"),
        Eligibility::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => {
            let enrols = |line: &&std::sync::Arc<_>| may_enrol(line);
            if lines.get(campaign.id, opening).filter(enrols).is_none() {
                return Way::Closed;
            }
            let opens = until_text(language, opens_at.civil(&campaign.time_zone));
            let hint = language.text_with("line-enrol-hint", &[("opens", Value::Text(&opens))]).into_owned();
            Way::Button { text: "line-enrol", hint }
        }
        Eligibility::Ineligible(_) => Way::Closed,
    }
}

fn may_enrol(line: &waiting_room::LineNow) -> bool {
    matches!(line.phase, Phase::Enrolling { .. }) && !line.closed_to_arrivals
}

/// The ticket in this person's pocket, if it is theirs.
pub(super) fn own_ticket(asked: &Asked, login: &LoginSession) -> Option<Ticket> {
    let ticket = asked.app.gate.ticket(Surface::Page, &asked.headers)?;
    (ticket.person == login.person).then_some(ticket)
}

async fn go_in(asked: Asked) -> Result<Answer, Problem> {
    let code = asked.form.required("campaign", |code| Some(code.to_owned()))?;
    let next = next_of(&asked.form).unwrap_or_default();
    let Answered { seq, value } = come_for(&asked, asked.login()?, &code, &next).await?;
    Ok(seen(&asked, &Answered { seq, value: () }, value))
}

/// Goes in for this campaign, or takes a place in its line, and leads on. Also the end of a sign-in that was begun for it.
///
/// # Errors
/// Why neither; nothing has happened then that asking again would not find.
pub(super) async fn come_for(
    asked: &Asked,
    login: &LoginSession,
    code: &str,
    next: &str,
) -> Result<Answered<Answer>, Problem> {
    let campaign = asked.app.engine.campaigns().by_code(code).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
    let came_in = come_in(asked, login, &campaign, Some(purpose_of(next)), Channel::Page).await;
    let came_in = match came_in {
        Err(problem) if problem.kind.code == "already_reserved" => {
            return Ok(Answered { seq: login.seen_seq, value: Answer::see_other("/reservations") });
        }
        came_in => came_in?,
    };
    let gate = &asked.app.gate;
    Ok(came_in.map(|came_in| match came_in {
        CameIn::Inside(pass, _) => {
            let next = if next.is_empty() { "/find" } else { next };
            Answer::see_other(next)
                .with_cookie(gate.pass_cookie(&pass, asked.now))
                .with_cookie(remove_cookie(CookieName::Ticket, gate.security()))
        }
        CameIn::InLine(ticket) => {
            let wait = link(&format!("/line/{}", campaign.code), &[("next", next)]);
            Answer::see_other(&wait).with_cookie(gate.ticket_cookie(&ticket))
        }
    }))
}

async fn leave(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let campaign = asked.app.engine.campaigns().by_code(asked.path_value(0)?).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
    let left = waiting_room::leave_line(&asked.app.engine, login.person, campaign.id, login.by(Channel::Page)).await;
    let left = left.map_err(|failure| asked.failed(failure))?;
    let gone = remove_cookie(CookieName::Ticket, asked.app.gate.security());
    Ok(seen(&asked, &left, Answer::see_other("/line").with_cookie(gone)))
}

/// The way back in, for who finds their time inside over.
pub(super) fn way_in(next: &str) -> String {
    link("/line", &[("next", next)])
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: crate::locale::Language, names: Names) -> Vec<(&'static str, String)> {
    let page_to = |to_change, choices, elsewhere: &[&str]| {
        let layout = Layout::sample(language, true, Part::Find);
        let (next, elsewhere) =
            (names.or("/find", "/find?a=\"b"), elsewhere.iter().map(|&name| name.to_owned()).collect());
        super::rendered(&LinePage { layout, next, to_change, choices, elsewhere })
    };
    let page = |choices, elsewhere: &[&str]| page_to(false, choices, elsewhere);
    let [open, later, none] = Standing::samples(language, names);
    let button = |text, hint| Way::Button { text, hint: language.text(hint).into_owned() };
    let choice = |standing: &Standing, way| Choice { standing: standing.clone(), way };
    let mine = || Way::Mine("/line/kr-2021-18-49".to_owned());
    let reserved =
        || Way::Reserved { number: "1234-5678-901".to_owned(), places: PlaceWords::samples(language, names) };
    let enrol = || Way::Button {
        text: "line-enrol",
        hint: language
            .text_with("line-enrol-hint", &[("opens", Value::Text(&names.or("20:00", "<20:00>")))])
            .into_owned(),
    };
    let closed = || vec![choice(&later, Way::Closed), choice(&none, Way::Closed)];
    let all = std::iter::once(choice(&open, button("line-enter", "line-visit"))).chain(closed()).collect();
    vec![
        ("line", page(all, &[])),
        ("line-take", page(vec![choice(&open, button("line-take", "line-take-hint"))], &[])),
        ("line-to-change", page_to(true, vec![choice(&open, button("line-take", "line-take-hint"))], &[])),
        ("line-enrol", page(vec![choice(&later, enrol())], &[])),
        ("line-reserved", page(vec![choice(&open, reserved())], &[])),
        ("line-mine", page(vec![choice(&open, mine())], &[])),
        ("line-not-eligible", page(closed(), &[])),
        ("line-none", page(Vec::new(), &[])),
        (
            "line-other-identity",
            page(vec![choice(&open, button("line-enter", "line-visit"))], &[&names.or("65+", "65+ <b>")]),
        ),
    ]
}

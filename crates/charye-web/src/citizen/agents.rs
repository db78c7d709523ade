//! Room: web/citizen. The pages of the call centre, on the agents' listener only: an agent signs in for a shift, finds who is on
//! the telephone, and walks the citizens' own pages for them. Looking up is the API's: one budget, one record, one refusal.
//!
//! Must never put what a caller says about themselves into an address, nor show anything before the look-up is on record.

use charye_domain::book::Channel;
use charye_engine::helping::look_ups_left;
use charye_engine::ports::AskedField;
use charye_engine::waiting_room;
use hyper::{Method, StatusCode};

use super::form::{Mistake, Mistakes, TypedDate};
use super::layout::{Layout, Part};
use super::my_day::today;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::api::callers::{ReasonAsked, look_up};
use crate::gate::{Access, Agent, CookieName, remove_cookie};
#[cfg(any(test, feature = "samples"))]
use crate::locale::Language;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// Characters that a field takes, and that are kept of it.
const TYPED_CHARS_MAX: usize = 80;
/// Characters of a token, at most.
const TOKEN_CHARS_MAX: usize = 256;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/", Access::Agent, show),
        Route::page(Method::POST, "/callers", Access::Agent, find),
        Route::page(Method::POST, "/callers/end", Access::Agent, end_call),
        Route::page(Method::GET, "/sign-in", Access::Anyone, ask_token),
        Route::page(Method::POST, "/sign-in", Access::Anyone, sign_in),
        Route::page(Method::POST, "/sign-out", Access::Agent, sign_out),
    ]
}

#[derive(askama::Template)]
#[template(path = "agent_sign_in.html")]
struct SignInPage {
    layout: Layout,
    mistakes: Mistakes,
}

#[derive(askama::Template)]
#[template(path = "agent_caller.html")]
struct CallerPage {
    layout: Layout,
    mistakes: Mistakes,
    /// The agent's name in the file of tokens.
    agent: String,
    /// People whom the agent may still look up within this hour.
    left: i64,
    /// Code and name of each campaign.
    campaigns: Vec<(String, String)>,
    typed: Typed,
}

/// What was typed, so that a page that complains about it loses nothing.
#[derive(Default)]
struct Typed {
    campaign: String,
    reason: String,
    name: String,
    born: TypedDate,
    number: String,
}

impl Typed {
    fn of(asked: &Asked) -> Self {
        let kept = |name| asked.form.get(name).unwrap_or_default().chars().take(TYPED_CHARS_MAX).collect();
        Self {
            campaign: kept("campaign"),
            reason: kept("reason"),
            name: kept("name"),
            born: TypedDate::of(&asked.form),
            number: kept("number"),
        }
    }
}

impl CallerPage {
    /// Each reason: its code in the API, and the key of its words.
    fn reasons(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("no_device", "agent-reason-no-device"),
            ("cannot_sign_in", "agent-reason-cannot-sign-in"),
            ("accessibility", "agent-reason-accessibility"),
            ("change", "agent-reason-change"),
            ("question", "agent-reason-question"),
        ]
    }
}

async fn ask_token(asked: Asked) -> Result<Answer, Problem> {
    if asked.caller.agent.is_some() {
        return Ok(Answer::see_other("/"));
    }
    let layout = Layout::answering(&asked, Part::Elsewhere, "/sign-in");
    super::page(asked.language, &SignInPage { layout, mistakes: Mistakes::default() })
}

/// A token that is nobody's is not put into the page again: it may be somebody's with one letter wrong.
async fn sign_in(asked: Asked) -> Result<Answer, Problem> {
    let token = asked.form.filled("token").filter(|token| token.len() <= TOKEN_CHARS_MAX);
    let begun = token.and_then(|token| asked.app.gate.begin_shift(token, asked.now, asked.app.engine.random()));
    if let Some(cookie) = begun {
        return Ok(hung_up(&asked, Answer::see_other("/")).with_cookie(cookie));
    }
    let mut mistakes = Mistakes::default();
    let key = if asked.form.filled("token").is_none() { "agent-token-missing" } else { "agent-token-wrong" };
    mistakes.add(asked.language, "token", key);
    let layout = Layout::answering(&asked, Part::Elsewhere, "/sign-in");
    let answer = super::page(asked.language, &SignInPage { layout, mistakes })?;
    Ok(answer.status(StatusCode::UNPROCESSABLE_ENTITY))
}

async fn sign_out(asked: Asked) -> Result<Answer, Problem> {
    leave_visit(&asked).await;
    let answer = hung_up(&asked, Answer::see_other("/sign-in"));
    Ok(answer.with_cookie(remove_cookie(CookieName::Shift, asked.app.gate.security())))
}

async fn end_call(asked: Asked) -> Result<Answer, Problem> {
    leave_visit(&asked).await;
    Ok(hung_up(&asked, Answer::see_other("/")))
}

/// Gives the seat back. The call is over whether or not the visit could be ended: it ends by itself.
async fn leave_visit(asked: &Asked) {
    if let (Some(login), Some(pass)) = (&asked.caller.login, &asked.caller.pass) {
        let by = login.by(Channel::Page);
        let left = waiting_room::leave(&asked.app.engine, pass.person, pass.campaign, pass.generation, by).await;
        if let Err(failure) = left {
            tracing::debug!(code = failure.code(), "a visit outlived its call");
        }
    }
}

/// The answer after which nobody is on the telephone.
fn hung_up(asked: &Asked, answer: Answer) -> Answer {
    let security = asked.app.gate.security();
    [CookieName::OnCall, CookieName::Pass, CookieName::Ticket]
        .into_iter()
        .fold(answer, |answer, name| answer.with_cookie(remove_cookie(name, security)))
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    super::page(asked.language, &page_of(&asked, Typed::default(), Mistakes::default()).await?)
}

async fn page_of(asked: &Asked, typed: Typed, mistakes: Mistakes) -> Result<CallerPage, Problem> {
    let Agent { number, name, budget_per_hour } =
        asked.caller.agent.clone().ok_or_else(|| Problem::new("agents_only"))?;
    let left = look_ups_left(&asked.app.engine, number, budget_per_hour).await;
    let left = left.map_err(|failure| asked.failed(failure))?;
    let campaigns = asked.app.engine.campaigns();
    let named = campaigns.iter().map(|one| (one.code.clone(), asked.language.of(&one.name).to_owned()));
    Ok(CallerPage {
        layout: Layout::answering(asked, Part::Home, "/"),
        mistakes,
        agent: name,
        left: left.into(),
        campaigns: named.collect(),
        typed,
    })
}

async fn find(asked: Asked) -> Result<Answer, Problem> {
    let (typed, language) = (Typed::of(&asked), asked.language);
    let campaigns: Vec<_> = asked.app.engine.campaigns().iter().cloned().collect();
    let mut mistakes = Mistakes::default();
    let campaign = asked.app.engine.campaigns().by_code(&typed.campaign).cloned();
    if campaign.is_none() {
        mistakes.add(language, "campaign", "agent-campaign-missing");
    }
    let reason = ReasonAsked::parse(&typed.reason);
    if reason.is_none() {
        mistakes.add(language, "reason-no_device", "agent-reason-missing");
    }
    if typed.name.is_empty() {
        mistakes.add(language, "name", "agent-name-missing");
    }
    let born = typed.born.birth_date(today(&campaigns, asked.now));
    if let Err((control, key)) = born {
        mistakes.add(language, control, key);
    }
    if typed.number.is_empty() {
        mistakes.add(language, "number", "agent-number-missing");
    }
    let (Some(campaign), Some(reason), Ok(born), true) = (campaign, reason, born, mistakes.is_empty()) else {
        let page = page_of(&asked, typed, mistakes).await?;
        return Ok(super::page(language, &page)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let told = [
        (AskedField::Name, typed.name.clone()),
        (AskedField::BirthDate, born.to_string()),
        (AskedField::RegistryNumber, typed.number.clone()),
    ];
    // Whoever was on the telephone before is not any more.
    leave_visit(&asked).await;
    match look_up(&asked, &campaign, reason, told).await {
        Ok(caller) => {
            let cookie = asked.app.gate.login_cookie(&caller, asked.now);
            let security = asked.app.gate.security();
            Ok(Answer::see_other("/line")
                .with_cookie(remove_cookie(CookieName::Pass, security))
                .with_cookie(remove_cookie(CookieName::Ticket, security))
                .with_cookie(cookie))
        }
        Err(problem) => {
            let text = format!("{} {}", problem.title(language), problem.advice(language));
            let mistakes = Mistakes(vec![Mistake { control: "name".into(), text }]);
            let page = page_of(&asked, typed, mistakes).await?;
            Ok(hung_up(&asked, super::page(language, &page)?).with_problem_headers(&problem))
        }
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    let layout = |shift| Layout { of_agents: true, ..Layout::sample(language, shift, Part::Home) };
    let caller = |typed, mistakes, left| {
        super::rendered(&CallerPage {
            layout: layout(true),
            mistakes,
            agent: names.or("kim", "<kim>"),
            left,
            campaigns: vec![("kr-2021-18-49".to_owned(), names.campaign(language))],
            typed,
        })
    };
    let typed = Typed {
        campaign: "kr-2021-18-49".to_owned(),
        reason: "no_device".to_owned(),
        name: names.or("김하늘", "<b>"),
        born: TypedDate { year: "1942".to_owned(), month: "3".to_owned(), day: "39".to_owned() },
        number: names.or("4203091961110", "\"4203"),
    };
    let (mut wrong_token, mut wrong_day) = (Mistakes::default(), Mistakes::default());
    wrong_token.add(language, "token", "agent-token-wrong");
    wrong_day.add(language, "birth-day", "birth-day-wrong");
    let sign_in = |mistakes| super::rendered(&SignInPage { layout: layout(false), mistakes });
    vec![
        ("agent-sign-in", sign_in(Mistakes::default())),
        ("agent-sign-in-mistake", sign_in(wrong_token)),
        ("agent-caller", caller(Typed::default(), Mistakes::default(), 60)),
        ("agent-caller-mistake", caller(typed, wrong_day, 1)),
        (
            "agent-on-call",
            super::reservations::empty_list_sample(Layout { on_call: true, part: Part::Reservations, ..layout(true) }),
        ),
    ]
}

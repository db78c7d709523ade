//! Room: web/citizen. People I help, and who may act for me: an invitation, its code, a guardian's child, acting for somebody and
//! going back, and the end of it. Needs one's own sign-in: nobody who acts for another hands that on.
//!
//! Must never show a code: the person helped is sent it.

use charye_domain::book::Channel;
use charye_domain::helping::{HelpBasis, HelpStage};
use charye_domain::ids::{HelpId, Person};
use charye_domain::time::UnixMillis;
use charye_engine::Answered;
use charye_engine::helping::{
    ChildTold, HelpCode, accept_invitation, attest_guardian, end_help, invite_helper, look_up_helping,
};
use charye_engine::identity::personal_details;
use charye_engine::waiting_room;
use hyper::{Method, StatusCode};
use jiff::tz::TimeZone;

use super::form::{Mistake, Mistakes, TypedDate, seen};
use super::layout::{Layout, Part};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::api::helping::acting_for;
use crate::gate::{Access, CookieName, remove_cookie};
use crate::locale::{Language, until_text};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// Characters of a name that are put into the field again.
const NAME_CHARS_MAX: usize = 80;
/// What is said of a number under which nothing is open for whoever asks.
const HELP_UNKNOWN: &str = "help_unknown";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/helping", Access::SignedIn, show),
        Route::page(Method::POST, "/helping/invite", Access::SignedIn, invite),
        Route::page(Method::POST, "/helping/code", Access::SignedIn, accept),
        Route::page(Method::POST, "/helping/child", Access::SignedIn, attest),
        Route::page(Method::POST, "/helping/stop", Access::SignedIn, stop),
        Route::page(Method::POST, "/helping/{help}/act", Access::SignedIn, act),
        Route::page(Method::POST, "/helping/{help}/end", Access::SignedIn, end),
    ]
}

#[derive(askama::Template)]
#[template(path = "helping.html")]
struct HelpingPage {
    layout: Layout,
    mistakes: Mistakes,
    /// The key of what has just been done, if anything.
    news: Option<&'static str>,
    i_help: Vec<Row>,
    helps_me: Vec<Row>,
    invited: Vec<InvitedRow>,
    /// What was typed.
    code: String,
    child_name: String,
    child_number: String,
    typed: TypedDate,
    /// Whether a registry can be asked whose guardian one is.
    guardians: bool,
}

struct Row {
    help: u32,
    name: String,
    /// Key of the text that says by what right.
    by: &'static str,
    until: String,
}

struct InvitedRow {
    help: u32,
    until: String,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let said = |name| asked.query.get(name) == Some("1");
    let news = match () {
        () if said("sent") => Some("helping-news-sent"),
        () if said("began") => Some("helping-news-began"),
        () if said("ended") => Some("helping-news-ended"),
        () => None,
    };
    let layout = Layout::of(&asked, Part::Helping);
    let page = HelpingPage { news, ..page_of(&asked, layout).await? };
    super::page(asked.language, &page)
}

/// The page with what stands now and nothing typed.
async fn page_of(asked: &Asked, layout: Layout) -> Result<HelpingPage, Problem> {
    let person = asked.own_login()?.person;
    let views = look_up_helping(&asked.app.engine, person).await.map_err(|failure| asked.failed(failure))?.value;
    let mut page = HelpingPage {
        layout,
        mistakes: Mistakes::default(),
        news: None,
        i_help: Vec::new(),
        helps_me: Vec::new(),
        invited: Vec::new(),
        code: String::new(),
        child_name: String::new(),
        child_number: String::new(),
        typed: TypedDate::default(),
        guardians: asked.app.guardians.is_some(),
    };
    for view in views {
        let help = view.help.0;
        match view.stage {
            HelpStage::Invited { expires_at } => {
                page.invited.push(InvitedRow { help, until: until(asked, expires_at) });
            }
            HelpStage::Standing { helper, basis, ends_at } => {
                let (other, rows) = match helper == person {
                    true => (view.helped, &mut page.i_help),
                    false => (helper, &mut page.helps_me),
                };
                let by = match basis {
                    HelpBasis::Consent => "helping-by-consent",
                    HelpBasis::Registry => "helping-by-registry",
                };
                rows.push(Row { help, name: name_of(asked, other).await?, by, until: until(asked, ends_at) });
            }
        }
    }
    Ok(page)
}

/// In the zone of the first campaign: times of day are the country's.
fn until(asked: &Asked, at: UnixMillis) -> String {
    let campaigns = asked.app.engine.campaigns();
    let zone = campaigns.iter().next().map_or(TimeZone::UTC, |campaign| campaign.time_zone.clone());
    until_text(asked.language, at.civil(&zone))
}

/// Two people who help one another know each other's names.
async fn name_of(asked: &Asked, person: Person) -> Result<String, Problem> {
    let details = personal_details(&asked.app.engine, person).await.map_err(|failure| asked.failed(failure))?;
    Ok(details.map_or_else(|| asked.language.text("helping-nameless").into_owned(), |details| details.name))
}

/// The page again, with what was wrong beside its field and nothing typed lost.
async fn again(asked: &Asked, change: impl FnOnce(&mut HelpingPage)) -> Result<Answer, Problem> {
    let mut page = page_of(asked, Layout::answering(asked, Part::Helping, "/helping")).await?;
    change(&mut page);
    Ok(super::page(asked.language, &page)?.status(StatusCode::UNPROCESSABLE_ENTITY))
}

/// Whether somebody helps by this number already.
async fn helps_by(asked: &Asked, helper: Person, help: HelpId) -> Result<bool, Problem> {
    let views = look_up_helping(&asked.app.engine, helper).await.map_err(|failure| asked.failed(failure))?.value;
    Ok(views.iter().any(|view| view.help == help && view.helper() == Some(helper)))
}

/// Whether a problem is told beside the field: a rule's, or that it was tried too often.
fn is_about_the_field(problem: &Problem) -> bool {
    let codes = [
        HELP_UNKNOWN,
        "help_code_wrong",
        "help_limit",
        "helpers_enough",
        "not_a_child",
        "child_not_found",
        "tried_too_often",
    ];
    codes.contains(&problem.kind.code)
}

fn mistake(language: Language, control: &'static str, problem: &Problem) -> Mistake {
    Mistake { control: control.into(), text: format!("{}. {}", problem.title(language), problem.advice(language)) }
}

async fn invite(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.own_login()?;
    let invited = invite_helper(&asked.app.engine, login.person, login.scheme, Channel::Page).await;
    let invited = invited.map_err(|failure| asked.failed(failure))?;
    Ok(seen(&asked, &invited, Answer::see_other("/helping?sent=1")))
}

async fn accept(asked: Asked) -> Result<Answer, Problem> {
    let helper = asked.own_login()?.person;
    let typed: String = asked.form.get("code").unwrap_or_default().chars().take(40).collect();
    let Some(code) = HelpCode::parse(&typed) else {
        let language = asked.language;
        return again(&asked, |page| {
            page.mistakes.add(language, "code", "helping-code-unread");
            page.code = typed;
        })
        .await;
    };
    let help = code.help();
    match accept_invitation(&asked.app.engine, helper, code, Channel::Page).await {
        Ok(stands) => Ok(seen(&asked, &stands, Answer::see_other("/helping?began=1"))),
        Err(failure) => match asked.failed(failure) {
            // Pressed again, in a second tab or after an answer that was lost.
            problem if problem.kind.code == HELP_UNKNOWN && helps_by(&asked, helper, help).await? => {
                Ok(Answer::see_other("/helping?began=1"))
            }
            problem if is_about_the_field(&problem) => {
                let mistake = mistake(asked.language, "code", &problem);
                again(&asked, |page| {
                    page.mistakes.0.push(mistake);
                    page.code = typed;
                })
                .await
            }
            problem => Err(problem),
        },
    }
}

async fn attest(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.own_login()?;
    let campaigns = asked.app.engine.campaigns();
    let campaign = campaigns.iter().find(|campaign| login.proves_for(campaign).is_ok()).cloned();
    let not_found = || Problem { recorded: Some(false), ..Problem::new("child_not_found") };
    let campaign = campaign.ok_or_else(not_found)?;
    let typed = TypedDate::of(&asked.form);
    let name: String = asked.form.get("name").unwrap_or_default().chars().take(NAME_CHARS_MAX).collect();
    let registry_number: String = asked.form.get("number").unwrap_or_default().chars().take(20).collect();
    let today = asked.now.civil(&campaign.time_zone).date();
    let mut mistakes = Mistakes::default();
    if name.is_empty() {
        mistakes.add(asked.language, "child-name", "helping-child-name-missing");
    }
    let born = typed.birth_date(today);
    if let Err((control, key)) = born {
        mistakes.add(asked.language, control, key);
    }
    if registry_number.is_empty() {
        mistakes.add(asked.language, "child-number", "helping-child-number-missing");
    }
    let (Ok(birth_date), true, Some(registry)) = (born, mistakes.is_empty(), asked.app.guardians.as_deref()) else {
        return again(&asked, |page| {
            (page.mistakes, page.typed) = (mistakes, typed);
            (page.child_name, page.child_number) = (name, registry_number);
        })
        .await;
    };
    let child = ChildTold { name: name.clone(), birth_date, registry_number: registry_number.clone() };
    let attested = attest_guardian(&asked.app.engine, registry, login.person, child, &campaign, Channel::Page).await;
    let problem = match attested {
        Ok(Answered { seq, value: Some(_) }) => {
            return Ok(seen(&asked, &Answered { seq, value: () }, Answer::see_other("/helping?began=1")));
        }
        Ok(Answered { value: None, .. }) => not_found(),
        Err(failure) => asked.failed(failure),
    };
    if !is_about_the_field(&problem) {
        return Err(problem);
    }
    let mistake = mistake(asked.language, "child-name", &problem);
    again(&asked, |page| {
        page.mistakes.0.push(mistake);
        (page.child_name, page.child_number, page.typed) = (name, registry_number, typed);
    })
    .await
}

fn help_at(asked: &Asked) -> Result<HelpId, Problem> {
    asked.path_number(0).map(HelpId).ok_or_else(|| Problem::new("help_unknown"))
}

async fn act(asked: Asked) -> Result<Answer, Problem> {
    let acting = acting_for(&asked, help_at(&asked)?).await?;
    let security = asked.app.gate.security();
    // A pass and a ticket are one's own: the person helped has theirs found again.
    Ok(Answer::see_other("/reservations")
        .with_cookie(asked.app.gate.login_cookie(&acting.value, asked.now))
        .with_cookie(remove_cookie(CookieName::Pass, security))
        .with_cookie(remove_cookie(CookieName::Ticket, security)))
}

/// Back to one's own pages. A visit of the person helped ends, as at a sign-out.
async fn stop(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    if let (Some(_), Some(pass)) = (login.helper(), &asked.caller.pass) {
        let (engine, by) = (&asked.app.engine, login.by(Channel::Page));
        if let Err(failure) = waiting_room::leave(engine, pass.person, pass.campaign, pass.generation, by).await {
            tracing::debug!(code = failure.code(), "a visit outlived the helper's going");
        }
    }
    let security = asked.app.gate.security();
    Ok(Answer::see_other("/helping")
        .with_cookie(remove_cookie(CookieName::ActingFor, security))
        .with_cookie(remove_cookie(CookieName::Pass, security))
        .with_cookie(remove_cookie(CookieName::Ticket, security)))
}

async fn end(asked: Asked) -> Result<Answer, Problem> {
    let person = asked.own_login()?.person;
    let over = Answer::see_other("/helping?ended=1");
    match end_help(&asked.app.engine, person, help_at(&asked)?, Channel::Page).await {
        Ok(ended) => Ok(seen(&asked, &ended, over)),
        Err(failure) => match asked.failed(failure) {
            // It has ended before, or never was this person's: there is none now, which is what was asked for.
            problem if problem.kind.code == HELP_UNKNOWN => Ok(over),
            problem => Err(problem),
        },
    }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, _names: Names) -> Vec<(&'static str, String)> {
    let name = |ko: &str, en: &str| match language {
        Language::Korean => ko.to_owned(),
        Language::English => en.to_owned(),
    };
    let moment = |month, day, hour| until_text(language, jiff::civil::date(2021, month, day).at(hour, 30, 0, 0));
    let row = |help, name, by| Row { help, name, by, until: moment(12, 31, 18) };
    let page = |full: bool, news, mistakes| {
        let page = HelpingPage {
            layout: Layout::sample(language, true, Part::Helping),
            mistakes,
            news,
            i_help: match full {
                true => vec![
                    row(3, name("김하늘", "Haneul Kim"), "helping-by-consent"),
                    row(4, name("이바다", "Bada Lee"), "helping-by-registry"),
                ],
                false => Vec::new(),
            },
            helps_me: if full {
                vec![row(5, name("최하루", "Haru Choi"), "helping-by-consent")]
            } else {
                Vec::new()
            },
            invited: if full { vec![InvitedRow { help: 9, until: moment(8, 9, 20) }] } else { Vec::new() },
            code: if full { String::new() } else { "9-1234-5678".to_owned() },
            child_name: String::new(),
            child_number: String::new(),
            typed: TypedDate::default(),
            guardians: true,
        };
        super::rendered(&page)
    };
    let mut wrong = Mistakes::default();
    wrong.0.push(mistake(language, "code", &Problem::new("help_code_wrong")));
    let acting = HelpingStopSample::page(language, name("김하늘", "Haneul Kim"));
    vec![
        ("helping", page(true, None, Mistakes::default())),
        ("helping-sent", page(true, Some("helping-news-sent"), Mistakes::default())),
        ("helping-code-wrong", page(false, None, wrong)),
        ("helping-acting", acting),
    ]
}

/// A page as a helper sees it: the first of the person helped, under the banner.
#[cfg(any(test, feature = "samples"))]
struct HelpingStopSample;

#[cfg(any(test, feature = "samples"))]
impl HelpingStopSample {
    fn page(language: Language, name: String) -> String {
        let layout = Layout::sample(language, true, Part::Reservations);
        super::reservations::empty_list_sample(Layout { acting: Some(name), ..layout })
    }
}

//! Room: web/citizen. Problems told as pages, and the reference page of them all. Says what happened, what to do, and
//! what is kept; never a cause of ours.

use askama::Template as _;
use hyper::Method;
use hyper::http::request::Parts;

use super::layout::{Layout, Part};
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::Access;
use crate::locale::{Language, Value, until_text};
use crate::problem::{KINDS, Problem, retry_after_secs};
use crate::routes::Route;
use crate::{Answer, App, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::page(Method::GET, "/problems", Access::Anyone, reference)]
}

#[derive(askama::Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    layout: Layout,
    title: String,
    advice: String,
    code: &'static str,
    incident: Option<String>,
    retry_after_secs: Option<i64>,
    /// When asking makes sense, in words.
    at: Option<String>,
    fields: Vec<String>,
    /// Whether to say that a held place is kept.
    place_kept: bool,
    /// Whether the fault is ours: then the page says so in red. A refusal or a wait is no alarm.
    ours: bool,
    /// Where to go on: the key of the link's text, and its address.
    ways_on: Vec<(&'static str, String)>,
}

#[derive(askama::Template)]
#[template(path = "problems.html")]
struct ReferencePage {
    layout: Layout,
    rows: Vec<Row>,
}

struct Row {
    code: &'static str,
    status: u16,
    /// Title and advice in each language, the reader's first.
    texts: Vec<Text>,
}

struct Text {
    lang: &'static str,
    title: String,
    advice: String,
}

/// The page that tells a problem: what happened, what to do, and that nothing is lost.
pub fn problem_page(app: &App, head: &Parts, language: Language, problem: &Problem) -> Answer {
    // What a form led to cannot be opened again; the page before it can.
    let again = head.uri.path_and_query().filter(|_| head.method == Method::GET);
    let target = again.and_then(|target| super::form::own_path(target.as_str())).unwrap_or("/");
    let layout = Layout::of_problem(app, &head.headers, target, language);
    let zone = app.engine.campaigns().iter().next().map(|campaign| campaign.time_zone.clone());
    let at = problem.at.zip(zone).map(|(at, zone)| until_text(language, at.civil(&zone)));
    let html = told(layout, problem, at).render().unwrap_or_else(|error| {
        tracing::error!(%error, "a problem page did not render");
        String::new()
    });
    Answer::html(language, html).with_problem_headers(problem)
}

fn told(layout: Layout, problem: &Problem, at: Option<String>) -> ProblemPage {
    let language = layout.language;
    let field_text = |error: &crate::problem::FieldError| {
        let key = format!("field-error-{}", error.code);
        let key = if language.has_text(&key) { key.as_str() } else { "field-error-malformed" };
        language.text_with(key, &[("field", Value::Text(&error.field))]).into_owned()
    };
    ProblemPage {
        title: problem.title(language).into_owned(),
        advice: problem.advice(language).into_owned(),
        code: problem.kind.code,
        incident: problem.incident.as_deref().map(str::to_owned),
        retry_after_secs: problem.retry_after.map(|wait| i64::try_from(retry_after_secs(wait)).unwrap_or(i64::MAX)),
        at,
        fields: problem.fields.iter().map(field_text).collect(),
        // Where nothing is known, nothing is promised.
        place_kept: layout.signed_in() && problem.kind.status >= 500 && problem.kind.code != "outcome_unknown",
        ours: problem.kind.status == 500,
        ways_on: ways_on(&layout, problem.kind),
        layout,
    }
}

/// Where somebody with this problem goes on.
fn ways_on(layout: &Layout, kind: &crate::problem::ProblemKind) -> Vec<(&'static str, String)> {
    let home = ("way-home", "/".to_owned());
    let mine = ("nav-reservations", "/reservations".to_owned());
    let find = ("nav-find", "/find".to_owned());
    match kind.code {
        "no_visit" | "visit_moved" | "wait_first" => {
            let next = if layout.target == "/" { "/find" } else { &layout.target };
            vec![("go-in", super::line::way_in(next)), mine]
        }
        "sign_in_first" | "person_unknown" | "identity_not_accepted" | "identity_too_weak" => {
            vec![("sign-in", "/sign-in".to_owned()), home]
        }
        "hold_open" | "hold_extended_too_often" => vec![("way-hold", "/hold".to_owned())],
        "outcome_unknown" if layout.signed_in() => vec![mine, ("way-hold", "/hold".to_owned())],
        // A page can be asked for again; what a form led to cannot, and has left "/" as its target.
        _ if kind.status >= 500 && layout.target != "/" => {
            vec![("way-again", layout.target.clone()), home]
        }
        _ if !layout.signed_in() => vec![home],
        "already_reserved" | "reservation_unknown" | "move_not_allowed" | "too_late" => {
            vec![mine, home]
        }
        "hold_unknown" | "hold_expired" => vec![find, mine],
        code if code.starts_with("slot_") || code.contains("sold_out") || code.starts_with("second_dose") => {
            vec![find, mine]
        }
        "interval_not_allowed" => vec![find, mine],
        _ => vec![home, mine],
    }
}

async fn reference(asked: Asked) -> Result<Answer, Problem> {
    let layout = Layout::of(&asked, Part::Elsewhere);
    super::page(asked.language, &reference_page(layout))
}

fn reference_page(layout: Layout) -> ReferencePage {
    let mut languages = Language::ALL;
    languages.sort_by_key(|language| *language != layout.language);
    let row = |kind: &crate::problem::ProblemKind| {
        let problem = Problem::new(kind.code);
        let text = |language: Language| Text {
            lang: language.tag(),
            title: problem.title(language).into_owned(),
            advice: problem.advice(language).into_owned(),
        };
        Row { code: problem.kind.code, status: kind.status, texts: languages.map(text).into() }
    };
    ReferencePage { layout, rows: KINDS.iter().map(row).collect() }
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: Language, names: Names) -> Vec<(&'static str, String)> {
    use crate::problem::FieldError;
    use std::time::Duration;
    let page = |signed_in, problem: Problem, at: Option<&str>| {
        let layout = Layout::sample(language, signed_in, Part::Elsewhere);
        super::rendered(&told(layout, &problem, at.map(str::to_owned)))
    };
    let mut busy = Problem::new("busy");
    busy.retry_after = Some(Duration::from_millis(2_400));
    let mut fault = Problem::new("fault");
    fault.incident = Some("7K2M9QXA".into());
    let mut invalid = Problem::new("request_invalid");
    invalid.fields = vec![
        FieldError { field: names.or("first", "<b>first").into(), code: "missing" },
        FieldError { field: "second".into(), code: "never-heard-of" },
    ];
    let mut pages = vec![
        ("problem-busy", page(true, busy, None)),
        ("problem-fault", page(true, fault, None)),
        ("problem-invalid", page(false, invalid, None)),
        (
            "problem-not-yet",
            page(
                true,
                Problem::new("opening_not_yet"),
                Some(&names.or(&until_text(language, jiff::civil::date(2021, 8, 9).at(20, 0, 0, 0)), "<8. 9.>")),
            ),
        ),
        ("problems", super::rendered(&reference_page(Layout::sample(language, false, Part::Elsewhere)))),
    ];
    pages.extend(KINDS.iter().map(|kind| (kind.code, page(true, Problem::new(kind.code), None))));
    pages
}

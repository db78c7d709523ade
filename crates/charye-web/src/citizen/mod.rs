//! Room: web/citizen. The pages a citizen walks through, one file a step: a form becomes a typed command here, an
//! outcome becomes a page. Must never decide; every page works without script.

use askama::Template as _;

use crate::locale::Language;
use crate::problem::Problem;
use crate::{Answer, App};

mod layout;

use layout::Layout;

#[derive(askama::Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    layout: Layout<'a>,
    problem: &'a Problem,
}

/// The page that tells a problem: what happened, what to do, and that nothing is lost.
pub fn problem_page(app: &App, target: &str, language: Language, problem: &Problem) -> Answer {
    let layout = Layout::new(app, target, language);
    let page = ProblemPage { layout, problem };
    let html = page.render().unwrap_or_default();
    Answer::html(language, html).with_problem_headers(problem)
}

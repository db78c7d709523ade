//! Room: web/citizen. The way in: whoever may reserve now is let in and gets a pass; who may not is told why and when to
//! come. Until the line is built nobody waits here. Must never let anyone in on a GET: reloading changes nothing.

use charye_domain::book::Channel;
use charye_engine::waiting_room;
use hyper::Method;

use super::form::{link, next_of, seen};
use super::layout::{Layout, Part};
use super::my_day::Standing;
#[cfg(any(test, feature = "samples"))]
use super::samples::Names;
use crate::gate::{Access, Pass};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::GET, "/line", Access::SignedIn, show),
        Route::page(Method::POST, "/line", Access::SignedIn, go_in),
    ]
}

#[derive(askama::Template)]
#[template(path = "line.html")]
struct LinePage {
    layout: Layout,
    next: String,
    standings: Vec<Standing>,
    /// Names of campaigns that ask for another proof of who one is.
    elsewhere: Vec<String>,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let campaigns = asked.app.engine.campaigns();
    let (mut standings, mut elsewhere) = (Vec::new(), Vec::new());
    for campaign in campaigns.iter() {
        match login.proves_for(campaign) {
            Ok(()) => standings.push(Standing::of(asked.language, campaign, login.birth_date, asked.now)),
            Err(_) => elsewhere.push(asked.language.of(&campaign.name).to_owned()),
        }
    }
    let next = next_of(&asked.query).unwrap_or_default();
    let layout = Layout::of(&asked, Part::Find);
    super::page(asked.language, &LinePage { layout, next, standings, elsewhere })
}

async fn go_in(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let code = asked.form.required("campaign", |code| Some(code.to_owned()))?;
    let campaign = asked.app.engine.campaigns().by_code(&code).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
    login.proves_for(&campaign)?;
    let entered = waiting_room::enter(&asked.app.engine, login.person, campaign.id, login.facts(), Channel::Page).await;
    let entered = entered.map_err(|failure| asked.failed(failure))?;
    let visit = entered.value;
    let pass = Pass {
        campaign: campaign.id,
        opening: visit.opening,
        person: login.person,
        generation: visit.generation,
        expires_at: asked.now.plus_secs(campaign.visit.pass_secs).min(visit.ends_at),
    };
    let next = next_of(&asked.form).unwrap_or_else(|| "/find".to_owned());
    let answer = Answer::see_other(&next).with_cookie(asked.app.gate.pass_cookie(&pass, asked.now));
    Ok(seen(&asked, &entered, answer))
}

/// The way back in, for who finds their time inside over.
pub(super) fn way_in(next: &str) -> String {
    link("/line", &[("next", next)])
}

#[cfg(any(test, feature = "samples"))]
pub(super) fn samples(language: crate::locale::Language, names: Names) -> Vec<(&'static str, String)> {
    let page = |standings, elsewhere: &[&str]| {
        let layout = Layout::sample(language, true, Part::Find);
        let (next, elsewhere) =
            (names.or("/find", "/find?a=\"b"), elsewhere.iter().map(|&name| name.to_owned()).collect());
        super::rendered(&LinePage { layout, next, standings, elsewhere })
    };
    let standings = Standing::samples(language, names);
    vec![
        ("line", page(standings.to_vec(), &[])),
        ("line-not-eligible", page(standings[1..].to_vec(), &[])),
        ("line-none", page(Vec::new(), &[])),
        ("line-other-identity", page(standings[..1].to_vec(), &[&names.or("65+", "65+ <b>")])),
    ]
}

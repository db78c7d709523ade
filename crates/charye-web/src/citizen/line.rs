//! Room: web/citizen. The way in: whoever may reserve now is let in and gets a pass; who may not is told why and when to
//! come. Until the line is built nobody waits here. Must never let anyone in on a GET: reloading changes nothing.

#[cfg(test)]
use askama::Template as _;
use charye_domain::book::Channel;
use charye_engine::waiting_room;
use hyper::Method;

use super::form::{link, next_of, seen};
use super::layout::{Layout, Part};
use super::my_day::Standing;
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
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let birth_date = asked.login()?.birth_date;
    let campaigns = asked.app.engine.campaigns();
    let standings = campaigns.iter().map(|campaign| Standing::of(asked.language, campaign, birth_date, asked.now));
    let next = next_of(&asked.query).unwrap_or_default();
    let layout = Layout::of(&asked, Part::Find);
    super::page(asked.language, &LinePage { layout, next, standings: standings.collect() })
}

async fn go_in(asked: Asked) -> Result<Answer, Problem> {
    let login = asked.login()?;
    let code = asked.form.required("campaign", |code| Some(code.to_owned()))?;
    let campaign = asked.app.engine.campaigns().by_code(&code).cloned();
    let campaign = campaign.ok_or_else(|| Problem::new("campaign_unknown"))?;
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

#[cfg(test)]
pub(super) fn samples(language: crate::locale::Language) -> Vec<(&'static str, String)> {
    let page = |standings| {
        let layout = Layout::sample(language, true, Part::Find);
        LinePage { layout, next: "/find?a=\"b".to_owned(), standings }.render().unwrap()
    };
    let standings = Standing::samples(language);
    vec![
        ("line", page(standings.to_vec())),
        ("line-not-eligible", page(standings[1..].to_vec())),
        ("line-none", page(Vec::new())),
    ]
}

//! Room: web/api. The way in and out: whose turn it is gets a pass, everybody else a place in the line; the pass goes back.
//! Must never decide who may: the book does.

use std::time::Duration;

use charye_domain::book::Channel;
use charye_engine::{Answered, waiting_room};
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{SeqTold, as_of, campaign_at, no_body};
use super::doc::ApiDoc;
use super::line::{LineAsked, LinePlaceTold};
use super::told::{LocalTold, instant, local};
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::waiting_room::{CameIn, come_in};
use crate::{Answer, Asked};

const PATH: &str = "/api/v1/campaigns/{campaign}/visit";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, PATH, Access::SignedIn, enter).documented(
            ApiDoc::answers::<VisitTold>("Go in, or move the visit to this device; the body may be left out")
                .may_take::<LineAsked>()
                .problems(&[
                    "campaign_unknown",
                    "identity_not_accepted",
                    "identity_too_weak",
                    "person_unknown",
                    "not_in_cohort",
                    "opening_not_yet",
                    "openings_over",
                    "already_reserved",
                    "line_closed",
                    "not_called",
                    "limit_reached",
                    "storage_low",
                    "clock_unsure",
                    "draining",
                ]),
        ),
        Route::api(Method::DELETE, PATH, Access::Inside, leave).documented(
            ApiDoc::answers::<SeqTold>("Go out; a hold is given back").problems(&[
                "campaign_unknown",
                "no_visit",
                "visit_moved",
            ]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct VisitTold {
    /// Send it as `Charye-Pass`. Opaque; good until `pass_expires_at`, then ask again.
    pass: String,
    #[schema(format = DateTime)]
    pass_expires_at: String,
    /// The opening's position in the campaign.
    opening: u8,
    #[schema(format = DateTime)]
    ends_at: String,
    ends_local: LocalTold,
    seq: u64,
}

async fn enter(asked: Asked) -> Result<Answer, Problem> {
    let purpose = LineAsked::purpose(&asked)?;
    let campaign = campaign_at(&asked, 0)?;
    let came_in = come_in(&asked, asked.login()?, &campaign, purpose, Channel::Api).await?;
    let Answered { seq, value } = came_in;
    match value {
        CameIn::InLine(ticket) => Err(not_called(&LinePlaceTold::of(&asked, &ticket)?)),
        CameIn::Inside(pass, visit) => Ok(as_of(Answered { seq, value: visit }, |visit, seq| VisitTold {
            pass: asked.app.gate.sign_pass(&pass),
            pass_expires_at: instant(pass.expires_at, &campaign.time_zone),
            opening: visit.opening.0,
            ends_at: instant(visit.ends_at, &campaign.time_zone),
            ends_local: local(visit.ends_at, &campaign.time_zone),
            seq,
        })),
    }
}

/// Not yet: with the place, and when to ask again.
fn not_called(place: &LinePlaceTold) -> Problem {
    let ask_again_ms = place.ask_again_ms();
    let mut problem = Problem { recorded: Some(false), ..Problem::new("not_called") };
    problem.retry_after = Some(Duration::from_millis(ask_again_ms.into()));
    problem.more.insert("ask_again_ms".into(), ask_again_ms.into());
    problem.more.insert("place".into(), serde_json::to_value(place).unwrap_or_default());
    problem
}

async fn leave(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let campaign = campaign_at(&asked, 0)?;
    let pass = asked.pass()?;
    if pass.campaign != campaign.id {
        return Err(Problem { recorded: Some(false), ..Problem::new("no_visit") });
    }
    let left = waiting_room::leave(
        &asked.app.engine,
        pass.person,
        campaign.id,
        pass.generation,
        asked.login()?.by(Channel::Api),
    )
    .await;
    Ok(as_of(left.map_err(|failure| asked.failed(failure))?, |(), seq| SeqTold { seq }))
}

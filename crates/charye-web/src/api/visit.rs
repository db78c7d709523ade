//! Room: web/api. The way in and out: whoever may reserve now gets a pass; the pass goes back. Until the line is built
//! nobody waits here. Must never decide who may: the book does.

use charye_domain::book::Channel;
use charye_engine::waiting_room;
use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{SeqTold, as_of, campaign_at, no_body};
use super::doc::ApiDoc;
use super::told::{LocalTold, instant, local};
use crate::gate::{Access, Pass};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

const PATH: &str = "/api/v1/campaigns/{campaign}/visit";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, PATH, Access::SignedIn, enter).documented(
            ApiDoc::answers::<VisitTold>("Go in, or move the visit to this device; earlier passes become void")
                .problems(&[
                    "campaign_unknown",
                    "identity_not_accepted",
                    "person_unknown",
                    "not_in_cohort",
                    "opening_not_yet",
                    "openings_over",
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
    no_body(&asked)?;
    let campaign = campaign_at(&asked, 0)?;
    let login = asked.login()?;
    login.proves_for(&campaign)?;
    let entered = waiting_room::enter(&asked.app.engine, login.person, campaign.id, login.facts(), Channel::Api).await;
    let entered = entered.map_err(|failure| asked.failed(failure))?;
    Ok(as_of(entered, |visit, seq| {
        let pass = Pass {
            campaign: campaign.id,
            opening: visit.opening,
            person: login.person,
            generation: visit.generation,
            expires_at: asked.now.plus_secs(campaign.visit.pass_secs).min(visit.ends_at),
        };
        VisitTold {
            pass: asked.app.gate.sign_pass(&pass),
            pass_expires_at: instant(pass.expires_at, &campaign.time_zone),
            opening: visit.opening.0,
            ends_at: instant(visit.ends_at, &campaign.time_zone),
            ends_local: local(visit.ends_at, &campaign.time_zone),
            seq,
        }
    }))
}

async fn leave(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let campaign = campaign_at(&asked, 0)?;
    let pass = asked.pass()?;
    if pass.campaign != campaign.id {
        return Err(Problem { recorded: Some(false), ..Problem::new("no_visit") });
    }
    let left = waiting_room::leave(&asked.app.engine, pass.person, campaign.id, pass.generation, Channel::Api).await;
    Ok(as_of(left.map_err(|failure| asked.failed(failure))?, |(), seq| SeqTold { seq }))
}

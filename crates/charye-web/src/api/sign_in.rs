//! Room: web/api. Signing in as one of a rehearsal's people, and what a login is told as, by whatever way one came. There is no
//! such route outside rehearsals: there, `providers` leads to identity providers. Must never take a national number that is not made up, nor keep one.

use charye_domain::book::Channel;
use charye_domain::campaign::Campaign;
use charye_domain::time::UnixMillis;
use charye_engine::Answered;
use charye_engine::identity::complete_sign_in;
use charye_engine::ports::{ProvenCitizen, RehearsalCitizenId};
use hyper::Method;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::as_of;
use super::doc::ApiDoc;
use super::line::{LinePlaceTold, place_taken};
use super::told::instant;
use crate::gate::{Access, LoginSession};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, "/api/v1/sign-in", Access::Anyone, sign_in).documented(
            ApiDoc::answers::<LoginTold>("Sign in as one of a rehearsal's people; elsewhere this does not exist")
                .takes::<SignInAsked>()
                .problems(&["not_found", "saturated", "storage_low", "clock_unsure", "draining", "limit_reached"]),
        ),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInAsked {
    citizen: CitizenAsked,
}

/// One of the rehearsal's people: by id, or by made-up national number.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum CitizenAsked {
    Id(u32),
    Number(String),
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LoginTold {
    /// Send it as `Authorization: Bearer ..`. Opaque.
    login: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Your place in the line of the campaign that the sign-in was begun for, if you may stand there. Left out: ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<LinePlaceTold>,
    seq: u64,
}

async fn sign_in(asked: Asked) -> Result<Answer, Problem> {
    let people = asked.app.rehearsal.as_ref().ok_or_else(|| Problem::new("not_found"))?;
    let body: SignInAsked = asked.json()?;
    let id = match &body.citizen {
        CitizenAsked::Id(id) => Some(RehearsalCitizenId(*id)),
        CitizenAsked::Number(number) => people.by_number(number),
    };
    let proven = id.and_then(|id| people.prove(id)).ok_or_else(|| Problem::invalid_field("/citizen", "unknown"))?;
    let began_at = asked.now;
    log_in(asked, &proven, began_at, None, std::convert::identity).await
}

/// Makes a proven citizen a person of the journal, and seals their login. Who signed in for a campaign is in its line with this
/// very answer, so that the moment at which they began counts; who may not be is told so when they ask for a place.
pub(super) async fn log_in<U: Serialize>(
    asked: Asked,
    proven: &ProvenCitizen,
    began_at: UnixMillis,
    campaign: Option<&Campaign>,
    tell: impl FnOnce(LoginTold) -> U,
) -> Result<Answer, Problem> {
    let signed_in = complete_sign_in(&asked.app.engine, proven, Channel::Api).await;
    let signed_in = signed_in.map_err(|failure| asked.failed(failure))?;
    let (seq, birth_date, (_, citizen)) = (signed_in.seq, proven.details.birth_date, proven.key);
    let random = asked.app.engine.random();
    let person = signed_in.value.person;
    let login = LoginSession::begin(person, citizen, proven.scheme, birth_date, seq, asked.now, random);
    let login = login.begun_at(began_at).of_assurance(proven.assurance);
    let mut asked = asked;
    asked.caller.login = Some(login.clone());
    let place = match campaign.filter(|campaign| campaign.line.is_some()) {
        Some(campaign) => place_taken(&asked, campaign, None).await.ok(),
        None => None,
    };
    let seq = place.as_ref().map_or(seq, |place| place.seq.max(seq));
    let line = place.map(|place| place.value);
    let login = LoginSession { seen_seq: seq, ..login };
    Ok(as_of(Answered { seq, value: () }, |(), seq| {
        let expires_at = instant(login.expires_at, &TimeZone::UTC);
        tell(LoginTold { login: asked.app.gate.seal_login(&login), expires_at, line, seq })
    }))
}

//! Room: web/api. An agent finds who is on the telephone: exact identifiers that a registry confirms, and a reason. Answered on the
//! agents' listener only. What is told then is eligibility and reservations, and a text to send with every other row.
//!
//! Must never show anything before it is on record that the agent looked (law I12), nor tell why nobody was found.

use charye_domain::campaign::Campaign;
use charye_domain::eligibility;
use charye_engine::Answered;
use charye_engine::helping::{AgentAsking, CallerSought, find_caller};
use charye_engine::identity::ProofWanted;
use charye_engine::ports::{AskedField, Parameters};
use charye_engine::reservation::look_up_citizen;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{as_of, campaign_by_code};
use super::campaigns::EligibilityTold;
use super::doc::ApiDoc;
use super::reservations::ReservationTold;
use super::told::instant;
use crate::gate::{Access, Behalf, LoginSession};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// How long an agent may go on with a caller before they are looked up again. Unit: seconds.
const CALL_SECS_MAX: u32 = 30 * 60;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, "/api/v1/callers", Access::Agent, find).documented(
            ApiDoc::answers::<CallerTold>("Find who is on the telephone; recorded before anything is shown")
                .takes::<CallerAsked>()
                .created()
                .problems(&[
                    "campaign_unknown",
                    "caller_not_found",
                    "tried_too_often",
                    "saturated",
                    "clock_unsure",
                    "draining",
                ]),
        ),
    ]
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CallerAsked {
    /// The campaign that the call is about.
    campaign: String,
    reason: ReasonAsked,
    name: String,
    /// Such as `1942-03-09`.
    #[schema(format = Date)]
    birth_date: String,
    registry_number: String,
}

/// Why the agent looks. The journal has the number: docs/reference/agents.md.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonAsked {
    /// The caller has no telephone or computer that can sign in.
    NoDevice,
    /// They tried, and could not sign in.
    CannotSignIn,
    /// They cannot see, read or operate the pages.
    Accessibility,
    /// They want to change or cancel what they have.
    Change,
    /// They ask about what they have.
    Question,
}

impl ReasonAsked {
    /// As a form sends it: the same words as the API's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(text.into()).ok()
    }

    fn code(self) -> u16 {
        match self {
            Self::NoDevice => 101,
            Self::CannotSignIn => 102,
            Self::Accessibility => 103,
            Self::Change => 104,
            Self::Question => 105,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct CallerTold<'a> {
    /// Send it as `Charye-Caller` with every other request about this caller. Opaque.
    caller: String,
    #[schema(format = DateTime)]
    expires_at: String,
    eligibility: EligibilityTold<'a>,
    /// Newest first, ended ones included.
    reservations: Vec<ReservationTold<'a>>,
    seq: u64,
}

async fn find(asked: Asked) -> Result<Answer, Problem> {
    let body: CallerAsked = asked.json()?;
    let campaign = campaign_by_code(&asked, &body.campaign)?;
    let told = [
        (AskedField::Name, body.name),
        (AskedField::BirthDate, body.birth_date),
        (AskedField::RegistryNumber, body.registry_number),
    ];
    let caller = look_up(&asked, &campaign, body.reason, told).await?;
    tell(&asked, &campaign, &caller).await
}

/// Whom the registry confirms by exactly this, as a login for the agent to act in; on record before it is known here.
///
/// # Errors
/// `caller_not_found`, for whatever reason; `tried_too_often` when the agent's budget is spent; `saturated` when the registry
/// does not answer.
pub(crate) async fn look_up(
    asked: &Asked,
    campaign: &Campaign,
    reason: ReasonAsked,
    told: [(AskedField, String); 3],
) -> Result<LoginSession, Problem> {
    let agent = asked.caller.agent.as_ref().ok_or_else(|| Problem::new("agents_only"))?;
    let nobody = || Problem { recorded: Some(true), ..Problem::new("caller_not_found") };
    let (Some(desk), Some(registry)) = (&asked.app.sign_in, &asked.app.registry) else {
        return Err(Problem { recorded: Some(false), ..Problem::new("caller_not_found") });
    };
    let reason = reason.code();
    let asking = AgentAsking { agent: agent.number, reason, budget_per_hour: agent.budget_per_hour };
    let filled_in = told.map(|(field, value)| (field.code().to_owned(), value)).to_vec();
    let filled_in = Parameters::new(filled_in).map_err(|_| Problem::new("request_malformed"))?;
    let wanted = ProofWanted { scheme: campaign.uniqueness, least: campaign.least_assurance };
    let sought = CallerSought { registry, wanted, filled_in: &filled_in };
    let found = find_caller(&asked.app.engine, desk, asking, sought).await;
    let Answered { seq, value } = found.map_err(|failure| asked.failed(failure))?;
    let found = value.ok_or_else(nobody)?;
    let (scheme, born) = (found.proven.scheme, found.proven.details.birth_date);
    let random = asked.app.engine.random();
    let begun = LoginSession::begin(found.person, found.proven.key.1, scheme, born, seq, asked.now, random);
    let behalf = Some(Behalf::Agent { agent: agent.number, reason });
    let expires_at = asked.now.plus_secs(CALL_SECS_MAX);
    Ok(LoginSession { behalf, expires_at, ..begun.of_assurance(found.proven.assurance) })
}

async fn tell(asked: &Asked, campaign: &Campaign, caller: &LoginSession) -> Result<Answer, Problem> {
    let view = look_up_citizen(&asked.app.engine, caller.person, campaign.id).await;
    let view = view.map_err(|failure| asked.failed(failure))?;
    let availability = asked.app.engine.availability();
    let decision = eligibility::decide(campaign, &caller.facts(), asked.now);
    let answer = as_of(view, |view, seq| CallerTold {
        caller: asked.app.gate.seal_login(caller),
        expires_at: instant(caller.expires_at, &campaign.time_zone),
        eligibility: EligibilityTold::of(campaign, decision),
        reservations: view.reservations.iter().map(|view| ReservationTold::of(&availability, campaign, view)).collect(),
        seq,
    });
    Ok(answer.status(StatusCode::CREATED))
}

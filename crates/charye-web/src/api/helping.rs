//! Room: web/api. Who helps whom: invitations and their codes, a guardian's child, acting for somebody, and the end of it. Acting
//! gives a login of its own; whoever sends it acts for that person in every other row.
//!
//! Must never tell a code: the person helped is sent it.

use charye_domain::book::Channel;
use charye_domain::helping::{HelpBasis, HelpStage, HelpView};
use charye_domain::ids::{HelpId, Person};
use charye_domain::time::UnixMillis;
use charye_engine::Answered;
use charye_engine::helping::{
    ChildTold, HelpCode, accept_invitation, attest_guardian, end_help, helped_person, invite_helper, look_up_helping,
};
use charye_engine::identity::personal_details;
use hyper::{Method, StatusCode};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{SeqTold, as_of, campaign_by_code, no_body, strict_query};
use super::doc::ApiDoc;
use super::parse_date;
use super::told::instant;
use crate::gate::{Access, Behalf, HelpedName, LoginSession};
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

const PATH: &str = "/api/v1/helping";
/// What may be wrong with an invitation.
const INVITE_PROBLEMS: &[&str] =
    &["acting_for_another", "helpers_enough", "limit_reached", "storage_low", "clock_unsure", "draining"];
/// What may be wrong with giving a code back.
const CODE_PROBLEMS: &[&str] = &[
    "acting_for_another",
    "help_unknown",
    "help_code_wrong",
    "help_limit",
    "helpers_enough",
    "tried_too_often",
    "storage_low",
    "clock_unsure",
    "draining",
];
/// What may be wrong with a guardian's child.
const CHILD_PROBLEMS: &[&str] = &[
    "acting_for_another",
    "campaign_unknown",
    "child_not_found",
    "not_a_child",
    "help_limit",
    "helpers_enough",
    "limit_reached",
    "tried_too_often",
    "saturated",
    "storage_low",
    "clock_unsure",
    "draining",
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, PATH, Access::SignedIn, mine).documented(
            ApiDoc::answers::<HelpingTold>("Whom I help, who helps me, and which codes are out")
                .problems(&["acting_for_another", "draining"]),
        ),
        Route::api(Method::POST, "/api/v1/helping/invitations", Access::SignedIn, invite).documented(
            ApiDoc::answers::<InvitedTold>("Invite a helper: a code is sent to me, for me to give away")
                .created()
                .problems(INVITE_PROBLEMS),
        ),
        Route::api(Method::POST, "/api/v1/helping/codes", Access::SignedIn, accept).documented(
            ApiDoc::answers::<HelpStandsTold>(
                "Give the code back that somebody gave me: from now on I may act for them",
            )
            .takes::<CodeAsked>()
            .created()
            .problems(CODE_PROBLEMS),
        ),
        Route::api(Method::POST, "/api/v1/helping/children", Access::SignedIn, attest).documented(
            ApiDoc::answers::<HelpStandsTold>("Act for my child under 14, if the registry says that I am the guardian")
                .takes::<ChildAsked>()
                .created()
                .problems(CHILD_PROBLEMS),
        ),
        Route::api(Method::POST, "/api/v1/helping/{help}/login", Access::SignedIn, act).documented(
            ApiDoc::answers::<ActingTold>("Act for somebody whom I help: a login to send instead of mine").problems(&[
                "help_not_standing",
                "acting_for_another",
                "draining",
                "saturated",
            ]),
        ),
        Route::api(Method::DELETE, "/api/v1/helping/{help}", Access::SignedIn, end).documented(
            ApiDoc::answers::<SeqTold>("End it, from either side; what the helper has open ends too").problems(&[
                "acting_for_another",
                "help_unknown",
                "clock_unsure",
                "draining",
            ]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct HelpingTold {
    i_help: Vec<HelpTold>,
    helps_me: Vec<HelpTold>,
    invitations: Vec<InvitationTold>,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct HelpTold {
    help: u32,
    /// Of the other side; `null` once it is erased.
    name: Option<String>,
    by: BasisTold,
    #[schema(format = DateTime)]
    ends_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BasisTold {
    Consent,
    Registry,
}

#[derive(Debug, Serialize, ToSchema)]
struct InvitationTold {
    help: u32,
    #[schema(format = DateTime)]
    expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct InvitedTold {
    help: u32,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct HelpStandsTold {
    help: u32,
    #[schema(format = DateTime)]
    ends_at: String,
    seq: u64,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeAsked {
    /// As it was sent: the number of the invitation and eight digits, hyphens and spaces anywhere.
    code: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChildAsked {
    /// The campaign that the child is to be vaccinated in.
    campaign: String,
    name: String,
    #[schema(format = Date)]
    birth_date: String,
    registry_number: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct ActingTold {
    /// Send it as the bearer instead of your own. Opaque; good while the consent stands.
    login: String,
    name: String,
    #[schema(format = DateTime)]
    expires_at: String,
    seq: u64,
}

fn utc(at: UnixMillis) -> String {
    instant(at, &TimeZone::UTC)
}

fn help_at(asked: &Asked) -> Result<HelpId, Problem> {
    let unknown = || Problem { recorded: Some(false), ..Problem::new("help_unknown") };
    asked.path_number(0).map(HelpId).ok_or_else(unknown)
}

async fn mine(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &[])?;
    let person = asked.own_login()?.person;
    let Answered { seq, value: views } =
        look_up_helping(&asked.app.engine, person).await.map_err(|failure| asked.failed(failure))?;
    let mut told = HelpingTold { i_help: Vec::new(), helps_me: Vec::new(), invitations: Vec::new(), seq };
    for view in views {
        match view.stage {
            HelpStage::Invited { expires_at } => {
                told.invitations.push(InvitationTold { help: view.help.0, expires_at: utc(expires_at) });
            }
            HelpStage::Standing { helper, basis, ends_at } => {
                let (other, list) = match helper == person {
                    true => (view.helped, &mut told.i_help),
                    false => (helper, &mut told.helps_me),
                };
                let name = name_of(&asked, other).await?;
                let by = match basis {
                    HelpBasis::Consent => BasisTold::Consent,
                    HelpBasis::Registry => BasisTold::Registry,
                };
                list.push(HelpTold { help: view.help.0, name, by, ends_at: utc(ends_at) });
            }
        }
    }
    Ok(as_of(Answered { seq, value: told }, |told, _| told))
}

/// Two people who help one another know each other's names.
async fn name_of(asked: &Asked, person: Person) -> Result<Option<String>, Problem> {
    let details = personal_details(&asked.app.engine, person).await.map_err(|failure| asked.failed(failure))?;
    Ok(details.map(|details| details.name))
}

async fn invite(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let login = asked.own_login()?;
    let invited = invite_helper(&asked.app.engine, login.person, login.scheme, Channel::Api).await;
    let invited = invited.map_err(|failure| asked.failed(failure))?;
    Ok(as_of(invited, |help, seq| InvitedTold { help: help.0, seq }).status(StatusCode::CREATED))
}

async fn accept(asked: Asked) -> Result<Answer, Problem> {
    let CodeAsked { code } = asked.json()?;
    let helper = asked.own_login()?.person;
    let code = HelpCode::parse(&code).ok_or_else(|| Problem::invalid_field("/code", "malformed"))?;
    let stands = accept_invitation(&asked.app.engine, helper, code, Channel::Api).await;
    let stands = stands.map_err(|failure| asked.failed(failure))?;
    let told = as_of(stands, |stands, seq| HelpStandsTold { help: stands.help.0, ends_at: utc(stands.ends_at), seq });
    Ok(told.status(StatusCode::CREATED))
}

async fn attest(asked: Asked) -> Result<Answer, Problem> {
    let ChildAsked { campaign, name, birth_date, registry_number } = asked.json()?;
    let guardian = asked.own_login()?.person;
    let campaign = campaign_by_code(&asked, &campaign)?;
    let birth_date = parse_date(&birth_date).ok_or_else(|| Problem::invalid_field("/birth_date", "malformed"))?;
    let not_found = || Problem { recorded: Some(false), ..Problem::new("child_not_found") };
    let registry = asked.app.guardians.as_deref().ok_or_else(not_found)?;
    let child = ChildTold { name, birth_date, registry_number };
    let attested = attest_guardian(&asked.app.engine, registry, guardian, child, &campaign, Channel::Api).await;
    let Answered { seq, value } = attested.map_err(|failure| asked.failed(failure))?;
    let stands = value.ok_or_else(not_found)?;
    let told = HelpStandsTold { help: stands.help.0, ends_at: utc(stands.ends_at), seq };
    Ok(as_of(Answered { seq, value: told }, |told, _| told).status(StatusCode::CREATED))
}

async fn act(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let acting = acting_for(&asked, help_at(&asked)?).await?;
    let told = |acting: LoginSession, seq| ActingTold {
        login: asked.app.gate.seal_login(&acting),
        name: acting.helped_name().unwrap_or_default().to_owned(),
        expires_at: utc(acting.expires_at),
        seq,
    };
    Ok(as_of(acting, told))
}

/// A login of the person whom the caller helps by this number, for the caller to act in.
///
/// # Errors
/// `help_not_standing`: there is no consent of that number for the caller, or not any more.
pub(crate) async fn acting_for(asked: &Asked, help: HelpId) -> Result<Answered<LoginSession>, Problem> {
    let own = asked.own_login()?;
    let helped = helped_person(&asked.app.engine, own.person, help).await.map_err(|failure| asked.failed(failure))?;
    let Answered { seq, value } = helped;
    let refused = || Problem { recorded: Some(false), ..Problem::new("help_not_standing") };
    let helped = value.ok_or_else(refused)?;
    let HelpView { helped: person, scheme, helped_key, .. } = helped.view;
    let (birth_date, name) = (helped.details.birth_date, HelpedName(helped.details.name));
    let begun = LoginSession::begin(person, helped_key, scheme, birth_date, seq, asked.now, asked.app.engine.random());
    let behalf = Some(Behalf::Helper { helper: own.person, help, name });
    let expires_at = begun.expires_at.min(own.expires_at);
    Ok(Answered { seq, value: LoginSession { behalf, expires_at, ..begun.of_assurance(own.assurance) } })
}

async fn end(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let person = asked.own_login()?.person;
    let ended = end_help(&asked.app.engine, person, help_at(&asked)?, Channel::Api).await;
    Ok(as_of(ended.map_err(|failure| asked.failed(failure))?, |(), seq| SeqTold { seq }))
}

//! Room: web/api. Signing in at identity providers without a page: which there are and how they are, the beginning, what came
//! back, and the look whether an app has confirmed. What came back is handed over as it came. Must never trust anything of it
//! but the sealed state that the client keeps.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::identity::TrafficLight;
use charye_engine::identity::{
    BegunSignIn, Choice, ProofWanted, SIGN_IN_MILLIS_MAX, SignInAnswer, SignInBy, SignInDesk, SignInFailure,
    SignInWish, answer_sign_in, begin_sign_in,
};
use charye_engine::ports::{Begun, Parameters, SignInRefusal};
use hyper::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{campaign_by_code, shared, strict_query};
use super::doc::{ApiDoc, QueryField, QueryKind};
use super::sign_in::{LoginTold, log_in};
use super::told::NameTold;
use crate::asked::Fields;
use crate::gate::Access;
use crate::problem::{Problem, retry_after_secs};
use crate::routes::Route;
use crate::sign_in_failure::turned_back;
use crate::{Answer, Asked};

/// Lights are looked at once a second.
const MAX_AGE_SECS: u32 = 1;
/// Characters of what a client keeps: a sealed state of 2,048 bytes, encoded.
const SIGN_IN_CHARS_MAX: usize = 2_800;
/// Where a sign-in for a campaign leads: the same words as on pages, so that each can end what the other began.
const LINE_OF: &str = "/line/";

const OF_CAMPAIGN: [QueryField; 1] = [QueryField {
    name: "campaign",
    about: "A campaign's code: says of each provider whether the campaign accepts it",
    kind: QueryKind::Text(40),
    required: false,
}];

/// What may go wrong at each step besides the step's own.
const AT_EVERY_STEP: &[&str] = &[
    "unknown_provider",
    "not_for_campaign",
    "not_begun_here",
    "sign_in_expired",
    "other_provider",
    "state_mismatch",
    "already_used",
    "parameter_missing",
    "parameter_doubled",
    "parameter_unfit",
    "cancelled",
    "issuer_mismatch",
    "code_refused",
    "nonce_mismatch",
    "forged",
    "detail_missing",
    "nobody_found",
    "too_often",
    "in_line",
    "left_alone",
    "provider_fault",
    "campaign_unknown",
    "saturated",
    "storage_low",
    "clock_unsure",
    "draining",
    "limit_reached",
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, "/api/v1/providers", Access::Anyone, list).documented(
            ApiDoc::answers::<ProvidersTold>("The identity providers, quick ones first, each with its light")
                .query(&OF_CAMPAIGN)
                .problems(&["campaign_unknown"]),
        ),
        Route::api(Method::POST, "/api/v1/providers/{provider}/begin", Access::Anyone, begin).documented(
            ApiDoc::answers::<BegunTold>("Begin a sign-in; keep what is answered, and go where it leads")
                .takes::<BeginAsked>()
                .problems(AT_EVERY_STEP),
        ),
        Route::api(Method::POST, "/api/v1/providers/{provider}/callback", Access::Anyone, come_back).documented(
            ApiDoc::answers::<SignInTold>("Hand over what came back from the provider")
                .takes::<ReturnedAsked>()
                .problems(AT_EVERY_STEP),
        ),
        Route::api(Method::POST, "/api/v1/providers/{provider}/poll", Access::Anyone, poll).documented(
            ApiDoc::answers::<SignInTold>("Ask whether the app has confirmed")
                .takes::<PollAsked>()
                .problems(AT_EVERY_STEP),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct ProvidersTold<'a> {
    providers: Vec<ProviderTold<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProviderTold<'a> {
    id: &'a str,
    name: NameTold<'a>,
    /// `oidc` and `oauth2` lead to an address and back, `decoupled` asks an app, `hosted_window` wants a form posted.
    flow: &'static str,
    /// `smooth`, `delayed`, `congested`, or `closed`: then nobody signs in there.
    light: &'static str,
    light_words: NameTold<'a>,
    /// How long a sign-in takes now, from its beginning to its end; left out until some were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    takes_secs: Option<u64>,
    /// People who wait there now.
    in_line: usize,
    /// What to fill in at the beginning, in order: `name`, `birth_date`, `phone`, `login`.
    asks: Vec<&'static str>,
    /// How strong its proof is: `ial1` to `ial3`, or `rehearsed`.
    assurance: &'static str,
    /// Whether the campaign that was asked about accepts it; `true` if none was.
    fits: bool,
    /// Why not: `scheme` (the campaign tells citizens apart by something else) or `assurance` (it wants a stronger proof).
    #[serde(skip_serializing_if = "Option::is_none")]
    unfit_because: Option<&'static str>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BeginAsked {
    /// The code of the campaign to sign in for: a provider that it does not accept is refused now, not at the end.
    campaign: Option<String>,
    /// What the provider asks for.
    #[serde(default)]
    filled_in: Vec<FilledInAsked>,
    /// What an earlier begin answered whose sign-in failed, or the place in its line: when that began still counts.
    #[schema(max_length = 2800)]
    instead_of: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FilledInAsked {
    name: String,
    #[schema(max_length = 8192)]
    value: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct BegunTold {
    /// Keep it, show it to nobody, and send it with what comes back. Opaque.
    sign_in: String,
    /// After this the sign-in has to begin anew.
    expires_in_secs: u64,
    next: NextTold,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum NextTold {
    /// Open this address. The provider leads back to `/sign-in/{provider}/callback`: hand over that address's query.
    Redirect { url: String },
    /// Post these fields to this address, as a form. The provider's page posts back: hand over that form.
    FormPost { url: String, fields: Vec<FieldTold> },
    /// The citizen confirms in their app. Poll.
    Decoupled {
        poll_after_secs: u64,
        expires_in_secs: u64,
        /// Digits that the app shows too; show them.
        #[serde(skip_serializing_if = "Option::is_none")]
        compare: Option<String>,
    },
}

#[derive(Debug, Serialize, ToSchema)]
struct FieldTold {
    name: String,
    value: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReturnedAsked {
    /// As begin answered it.
    #[schema(max_length = 2800)]
    sign_in: String,
    /// The query, or the form, that came back: as it came, encoded as it was.
    #[schema(max_length = 12_000)]
    returned: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PollAsked {
    /// As begin answered it.
    #[schema(max_length = 2800)]
    sign_in: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
enum SignInTold {
    SignedIn(LoginTold),
    /// Not confirmed yet: ask again with the same `sign_in`.
    NotYet {
        poll_after_secs: u64,
    },
}

async fn list(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, &OF_CAMPAIGN)?;
    let wanted = match asked.query.filled("campaign") {
        Some(code) => Some(ProofWanted::of(&*campaign_by_code(&asked, code)?)),
        None => None,
    };
    let choices = asked.app.sign_in.as_deref().map(|desk| desk.choices(None)).unwrap_or_default();
    let providers = choices.iter().map(|choice| ProviderTold::of(choice, wanted)).collect();
    Ok(shared(&asked, Answer::json(&ProvidersTold { providers }), MAX_AGE_SECS))
}

impl<'a> ProviderTold<'a> {
    fn of(choice: &'a Choice, wanted: Option<ProofWanted>) -> Self {
        let unfit_because = match wanted {
            Some(wanted) if choice.scheme != wanted.scheme => Some("scheme"),
            Some(wanted) if !choice.assurance.suffices_for(wanted.least) => Some("assurance"),
            _ => None,
        };
        let (ko, en) = choice.light.words();
        Self {
            id: choice.id.as_str(),
            name: NameTold::from(&choice.name),
            flow: choice.flow.code(),
            light: choice.light.code(),
            light_words: NameTold { ko, en },
            takes_secs: choice
                .takes
                .filter(|_| choice.light != TrafficLight::Closed)
                .map(|takes| takes.as_secs().max(1)),
            in_line: choice.in_line,
            asks: choice.asks.iter().map(|field| field.code()).collect(),
            assurance: choice.assurance.code(),
            fits: unfit_because.is_none(),
            unfit_because,
        }
    }
}

async fn begin(asked: Asked) -> Result<Answer, Problem> {
    let BeginAsked { campaign, filled_in, instead_of } = asked.json()?;
    let desk = desk(&asked)?;
    let campaign = campaign.map(|code| campaign_by_code(&asked, &code)).transpose()?;
    let go_on_to = campaign.as_ref().map(|campaign| format!("{LINE_OF}{}", campaign.code)).unwrap_or_default();
    let pairs = filled_in.into_iter().map(|field| (field.name, field.value)).collect();
    let filled_in = Parameters::new(pairs).map_err(|refusal| told(refusal.into()))?;
    let instead_of = instead_of.map(|text| sealed(&text)).transpose()?;
    let wish = SignInWish {
        provider: asked.path_value(0)?,
        by: SignInBy::Citizen,
        wanted: campaign.as_deref().map(ProofWanted::of),
        filled_in: &filled_in,
        language: asked.language.tag(),
        go_on_to: &go_on_to,
        instead_of: instead_of.as_deref(),
    };
    let BegunSignIn { begun, sealed_state } = begin_sign_in(desk, wish).await.map_err(told)?;
    let next = match begun {
        Begun::Redirect { url } => NextTold::Redirect { url },
        Begun::FormPost { url, fields } => {
            let fields = fields.into_iter().map(|(name, value)| FieldTold { name, value }).collect();
            NextTold::FormPost { url, fields }
        }
        Begun::Decoupled { poll_after, expires_after, compare, .. } => NextTold::Decoupled {
            poll_after_secs: retry_after_secs(poll_after),
            expires_in_secs: expires_after.as_secs(),
            compare,
        },
        // A registry's way, and registries are not for citizens.
        Begun::Attested => return Err(told(SignInRefusal::UnknownProvider.into())),
    };
    let expires_in_secs = SIGN_IN_MILLIS_MAX.unsigned_abs() / 1_000;
    Ok(Answer::json(&BegunTold { sign_in: URL_SAFE_NO_PAD.encode(sealed_state), expires_in_secs, next }))
}

async fn come_back(asked: Asked) -> Result<Answer, Problem> {
    let ReturnedAsked { sign_in, returned } = asked.json()?;
    let unfit = || told(SignInRefusal::ParameterUnfit("returned").into());
    let fields = Fields::parse(returned.trim_start_matches('?').as_bytes()).map_err(|_| unfit())?;
    let pairs = fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let callback = Parameters::new(pairs).map_err(|refusal| told(refusal.into()))?;
    answer(asked, &sign_in, &callback).await
}

async fn poll(asked: Asked) -> Result<Answer, Problem> {
    let PollAsked { sign_in } = asked.json()?;
    answer(asked, &sign_in, &Parameters::default()).await
}

async fn answer(asked: Asked, sign_in: &str, callback: &Parameters) -> Result<Answer, Problem> {
    let desk = desk(&asked)?;
    let sealed = sealed(sign_in)?;
    let proven = match answer_sign_in(desk, asked.path_value(0)?, &sealed, callback).await.map_err(told)? {
        SignInAnswer::NotYet { poll_after } => {
            return Ok(Answer::json(&SignInTold::NotYet { poll_after_secs: retry_after_secs(poll_after) }));
        }
        // What staff began at their own desk is never a citizen's login.
        SignInAnswer::Proven(proven) if proven.by != SignInBy::Citizen => {
            return Err(told(SignInRefusal::NotBegunHere.into()));
        }
        SignInAnswer::Proven(proven) => proven,
    };
    let campaigns = asked.app.engine.campaigns();
    let campaign = proven.go_on_to.strip_prefix(LINE_OF).and_then(|code| campaigns.by_code(code));
    if campaign.is_some_and(|campaign| !ProofWanted::of(campaign).is_met_by(&proven.citizen)) {
        return Err(told(SignInRefusal::NotForCampaign.into()));
    }
    let campaign = campaign.map(|campaign| &**campaign);
    log_in(asked, &proven.citizen, proven.began_at, campaign, SignInTold::SignedIn).await
}

/// The desk; where there is none, there is no provider of any name.
fn desk(asked: &Asked) -> Result<&SignInDesk, Problem> {
    asked.app.sign_in.as_deref().ok_or_else(|| told(SignInRefusal::UnknownProvider.into()))
}

fn sealed(text: &str) -> Result<Vec<u8>, Problem> {
    let fits = text.len() <= SIGN_IN_CHARS_MAX;
    let read = fits.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten();
    read.ok_or_else(|| told(SignInRefusal::NotBegunHere.into()))
}

/// A problem; with a place in the provider's line, if there is one, to be sent as `instead_of`.
fn told(failure: SignInFailure) -> Problem {
    let mut problem = turned_back(&failure);
    if let SignInFailure::InLine { place: Some(place), .. } = failure {
        problem.more.insert("sign_in".into(), URL_SAFE_NO_PAD.encode(place).into());
    }
    problem
}

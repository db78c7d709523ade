//! Room: web/operators. The identity providers as operators see them, and what operators say of them: open, closed, or at most
//! so many questions at once. Bad input ends here; the book judges the rest and records who said it and why.

use charye_domain::identity::{BreakerState, IdentityProviderId, OperatorWord, ProviderOrder};
use charye_engine::identity::{ProviderReport, SignInDesk, steer_provider};
use hyper::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::by_operator;
use super::steer::check_text;
use crate::api::doc::ApiDoc;
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, "/api/operator/v1/providers", Access::Operator, show).documented(ApiDoc::answers::<
            ProvidersTold,
        >(
            "Every identity provider as it is now",
        )),
        Route::api(Method::POST, "/api/operator/v1/providers/{provider}/steer", Access::Operator, steer).documented(
            ApiDoc::answers::<SaidTold>("Open, close or cap an identity provider; recorded with who and why")
                .takes::<SteerAsked>()
                .problems(&["terms_unsound", "storage_low", "clock_unsure", "draining", "limit_reached"]),
        ),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
struct ProvidersTold {
    /// The sequencer's time.
    now_ms: i64,
    /// In the configuration's order.
    providers: Vec<ProviderTold>,
    /// Of whom something is said, though no configuration has them.
    unknown: Vec<UnknownTold>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProviderTold {
    id: String,
    name: NameTold,
    /// `oidc`, `oauth2`, `decoupled`, `hosted_window`, `registry`.
    flow: &'static str,
    /// `smooth`, `delayed`, `congested`, `closed`.
    light: &'static str,
    /// What operators say: `open`, `closed`, `capped`.
    word: &'static str,
    /// The word's own, if it is `capped`.
    cap: Option<u16>,
    /// Whether it may be asked: `closed` by everyone, `trial` by a few, `open` by our probes only.
    breaker: &'static str,
    assurance: &'static str,
    /// Questions under way, and how many there may be by the configuration.
    under_way: usize,
    at_once_max: usize,
    /// People in its short line, and how many there may be.
    in_line: usize,
    line_max: usize,
    /// How long a question takes, and a sign-in from its beginning to its end; none until enough were seen.
    answers_in_ms: Option<u64>,
    sign_in_secs: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NameTold {
    ko: String,
    en: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnknownTold {
    id: String,
    word: &'static str,
    cap: Option<u16>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SteerAsked {
    /// Why, for the record: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    word: WordAsked,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum WordAsked {
    /// As its configuration says.
    Open,
    /// Nobody begins or ends a sign-in there.
    Close,
    /// At most so many questions at once.
    Cap {
        #[schema(minimum = 1, maximum = 10_000)]
        at_once_max: u16,
    },
}

#[derive(Debug, Serialize, ToSchema)]
struct SaidTold {
    /// The entry of the journal with which it is in force, or a later one.
    seq: u64,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    let engine = &asked.app.engine;
    let words = engine.operator_words();
    let desk = asked.app.sign_in.as_deref();
    let reports = desk.map(SignInDesk::reports).unwrap_or_default();
    let unknown = words.iter().filter(|(provider, _)| !desk.is_some_and(|desk| desk.knows(provider)));
    let unknown =
        unknown.map(|(provider, word)| UnknownTold { id: provider.to_string(), word: word.code(), cap: cap_of(word) });
    Ok(Answer::json(&ProvidersTold {
        now_ms: engine.now().0,
        providers: reports.iter().map(ProviderTold::of).collect(),
        unknown: unknown.collect(),
    }))
}

impl ProviderTold {
    fn of(report: &ProviderReport) -> Self {
        let choice = &report.choice;
        Self {
            id: choice.id.to_string(),
            name: NameTold { ko: choice.name.ko.clone(), en: choice.name.en.clone() },
            flow: choice.flow.code(),
            light: choice.light.code(),
            word: report.operator.code(),
            cap: cap_of(report.operator),
            breaker: match report.breaker {
                BreakerState::Closed => "closed",
                BreakerState::Trial => "trial",
                BreakerState::Open => "open",
            },
            assurance: choice.assurance.code(),
            under_way: report.under_way,
            at_once_max: report.limits.at_once_max,
            in_line: choice.in_line,
            line_max: report.limits.line_max,
            answers_in_ms: report.answers_in.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            sign_in_secs: choice.takes.map(|time| time.as_secs()),
        }
    }
}

fn cap_of(word: OperatorWord) -> Option<u16> {
    match word {
        OperatorWord::Capped(cap) => Some(cap),
        OperatorWord::Open | OperatorWord::Closed => None,
    }
}

async fn steer(asked: Asked) -> Result<Answer, Problem> {
    let by = by_operator(&asked)?;
    let not_found = || Problem::new("not_found");
    let provider = IdentityProviderId::parse(asked.path_value(0)?).ok_or_else(not_found)?;
    let desk = asked.app.sign_in.as_deref().ok_or_else(not_found)?;
    let SteerAsked { reason, word } = asked.json()?;
    check_text("/reason", &reason, ProviderOrder::NOTE_CHARS_MAX)?;
    let word = match word {
        WordAsked::Open => OperatorWord::Open,
        WordAsked::Close => OperatorWord::Closed,
        WordAsked::Cap { at_once_max } => OperatorWord::Capped(at_once_max),
    };
    // A word about a provider that is gone can be taken back; a new one would be a slip of the pen.
    let takes_back =
        word == OperatorWord::Open && asked.app.engine.operator_words().of(&provider) != OperatorWord::Open;
    if !desk.knows(&provider) && !takes_back {
        return Err(not_found());
    }
    let order = ProviderOrder { provider, word, note: reason.into() };
    let (named, said) = (order.provider.clone(), order.word.code());
    let steered = steer_provider(&asked.app.engine, desk, order, by).await;
    let steered = steered.map_err(|failure| asked.failed(failure))?;
    tracing::info!(provider = %named, word = said, "an operator spoke about an identity provider");
    Ok(Answer::json(&SaidTold { seq: steered.seq }))
}

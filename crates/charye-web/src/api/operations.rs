//! Room: web/api. What became of an operation whose answer got lost: it settles to exactly one (law I4). Only who asked it
//! can ask about it, because the person is part of the key; must never say that another's exists.

use charye_domain::book::Outcome;
use charye_domain::campaign::Campaign;
use charye_engine::Answered;
use charye_engine::operations::{client_key_is_usable, look_up_operation, operation_key};
use hyper::Method;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{as_of, strict_query};
use super::doc::{ApiDoc, QueryField, QueryKind};
use super::holds::hold_text;
use super::told::instant;
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

/// The operations that take a key, in the order in which they are looked for.
const NAMES: &[&str] = &["hold", "extend", "confirm", "reserve", "reschedule", "cancel"];

const QUERY: &[QueryField] = &[QueryField {
    name: "operation",
    about: "Which operation the key was sent with; the first that knows it, if not given",
    kind: QueryKind::OneOf(NAMES),
    required: false,
}];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::GET, "/api/v1/operations/{key}", Access::SignedIn, show).documented(
            ApiDoc::answers::<OperationTold>("What became of an operation, by the key it was sent with")
                .query(QUERY)
                .problems(&["draining"]),
        ),
    ]
}

/// Remembered for 24 hours.
#[derive(Debug, Serialize, ToSchema)]
struct OperationTold {
    state: OperationState,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    /// The refusal's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The reservation's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    seq: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OperationState {
    /// It stands.
    Done,
    /// It definitely did not happen.
    Refused,
    /// Nothing is on record: sending it again under its key is safe.
    NotRecorded,
}

async fn show(asked: Asked) -> Result<Answer, Problem> {
    strict_query(&asked, QUERY)?;
    let key = asked.path_value(0)?;
    if !client_key_is_usable(key) {
        return Err(Problem::new("not_found"));
    }
    let wanted = asked.query.optional("operation", |name| NAMES.iter().position(|known| *known == name))?;
    let names = wanted.map_or(NAMES, |position| &NAMES[position..=position]);
    let (engine, person) = (&asked.app.engine, asked.login()?.person);
    let mut seq = 0;
    for name in names {
        let looked_up = look_up_operation(engine, operation_key(engine.keys(), person, name, key)).await;
        let answered = looked_up.map_err(|failure| asked.failed(failure))?;
        seq = answered.seq;
        if let Some(outcome) = answered.value {
            let zone = zone(&asked);
            return Ok(as_of(answered, |_, seq| told(name, outcome, seq, &zone)));
        }
    }
    let nothing = |(), seq| OperationTold {
        state: OperationState::NotRecorded,
        operation: None,
        code: None,
        hold: None,
        expires_at: None,
        number: None,
        seq,
    };
    Ok(as_of(Answered { seq, value: () }, nothing))
}

/// The zone of the campaign the caller is inside of; an outcome does not say of which campaign it is.
fn zone(asked: &Asked) -> TimeZone {
    let pass = asked.caller.pass.as_ref();
    let campaigns = asked.app.engine.campaigns();
    let zone = |campaign: &Campaign| campaign.time_zone.clone();
    pass.and_then(|pass| campaigns.get(pass.campaign)).map_or(TimeZone::UTC, |campaign| zone(campaign))
}

fn told(name: &str, outcome: Outcome, seq: u64, zone: &TimeZone) -> OperationTold {
    let mut told = OperationTold {
        state: OperationState::Done,
        operation: Some(name.to_owned()),
        code: None,
        hold: None,
        expires_at: None,
        number: None,
        seq,
    };
    match outcome {
        Outcome::Refused(rejection) => {
            told.state = OperationState::Refused;
            told.code = Some(rejection.code().to_owned());
        }
        Outcome::Held { hold, expires_at } => {
            told.hold = Some(hold_text(hold));
            told.expires_at = Some(instant(expires_at, zone));
        }
        Outcome::Reserved { number, .. } => told.number = Some(number.to_string()),
        _ => {}
    }
    told
}

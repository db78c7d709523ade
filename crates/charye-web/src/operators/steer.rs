//! Room: web/operators. One change of a line, and the public value of its draw. Bad input ends here; the book judges the rest.

use charye_domain::campaign::Bilingual;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::steering::Steering;
use charye_engine::waiting_room::{self, SteeringOrder};
use hyper::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{by_operator, line_at};
use crate::api::doc::ApiDoc;
use crate::gate::Access;
use crate::problem::Problem;
use crate::routes::Route;
use crate::{Answer, Asked};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, "/api/operator/v1/lines/{campaign}/{opening}/steer", Access::Operator, steer)
            .documented(
                ApiDoc::answers::<SteeredTold>("Change a line; recorded with who and why, in force at once")
                    .takes::<SteerAsked>()
                    .problems(&["terms_unsound", "notice_too_short", "storage_low", "clock_unsure", "draining"]),
            ),
        Route::api(
            Method::POST,
            "/api/operator/v1/lines/{campaign}/{opening}/public-value",
            Access::Operator,
            give_public_value,
        )
        .documented(
            ApiDoc::answers::<PublicValueTold>("Say the public value that the campaign named for its draw")
                .takes::<PublicValueAsked>(),
        ),
    ]
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SteerAsked {
    /// Why, for the record: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    steering: SteeringAsked,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum SteeringAsked {
    Terms {
        hard_cap: u32,
        rate_min_per_min: u32,
        rate_max_per_min: u32,
    },
    Pause,
    Resume,
    /// At least ten minutes ahead, unless in a rehearsal.
    OpenAt {
        at_ms: i64,
    },
    CloseToArrivals,
    ReopenToArrivals,
    Message {
        #[schema(max_length = 500)]
        ko: String,
        #[schema(max_length = 500)]
        en: String,
    },
    ClearMessage,
    Drain,
}

#[derive(Debug, Serialize, ToSchema)]
struct SteeredTold {
    /// The entry of the journal from which on it is in force, or a later one.
    seq: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PublicValueAsked {
    /// At most 256 bytes.
    #[schema(min_length = 1, max_length = 256)]
    public_value: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct PublicValueTold {
    /// It is used when the draw is revealed; until then a later one takes its place.
    kept: bool,
}

impl SteeringAsked {
    fn order(self) -> Result<Steering, Problem> {
        Ok(match self {
            Self::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
                Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min }
            }
            Self::Pause => Steering::Pause(PauseReason::Operator),
            Self::Resume => Steering::Resume,
            Self::OpenAt { at_ms } => Steering::OpenAt(UnixMillis(at_ms)),
            Self::CloseToArrivals => Steering::CloseToArrivals,
            Self::ReopenToArrivals => Steering::ReopenToArrivals,
            Self::Message { ko, en } => {
                for (field, text) in [("/steering/ko", &ko), ("/steering/en", &en)] {
                    check_text(field, text, Steering::MESSAGE_CHARS_MAX)?;
                }
                Steering::Message(Some(Bilingual { ko, en }))
            }
            Self::ClearMessage => Steering::Message(None),
            Self::Drain => Steering::Drain,
        })
    }
}

async fn steer(asked: Asked) -> Result<Answer, Problem> {
    let by = by_operator(&asked)?;
    let (campaign, opening) = line_at(&asked)?;
    let SteerAsked { reason, steering } = asked.json()?;
    check_text("/reason", &reason, Steering::NOTE_CHARS_MAX)?;
    let order = SteeringOrder {
        campaign: campaign.id,
        opening,
        steering: steering.order()?,
        note: reason.into(),
        rehearsal: asked.app.rehearsal.is_some(),
    };
    let code = order.steering.code();
    let steered = waiting_room::steer(&asked.app.engine, order, by, None).await;
    let steered = steered.map_err(|failure| asked.failed(failure))?;
    tracing::info!(campaign = campaign.code, %opening, steering = code, "a line was steered");
    Ok(Answer::json(&SteeredTold { seq: steered.seq }))
}

async fn give_public_value(asked: Asked) -> Result<Answer, Problem> {
    by_operator(&asked)?;
    let (campaign, opening) = line_at(&asked)?;
    let PublicValueAsked { public_value } = asked.json()?;
    if public_value.is_empty() {
        return Err(Problem::invalid_field("/public_value", "missing"));
    }
    let given = asked.app.engine.draws().give_public_value(campaign.id, opening, public_value.as_bytes());
    given.map_err(|_| Problem::invalid_field("/public_value", "malformed"))?;
    Ok(Answer::json(&PublicValueTold { kept: true }))
}

/// Not empty, not too long, and without control characters.
pub(super) fn check_text(field: &'static str, text: &str, chars_max: usize) -> Result<(), Problem> {
    match text.chars().count() {
        0 => Err(Problem::invalid_field(field, "missing")),
        chars if chars > chars_max => Err(Problem::invalid_field(field, "malformed")),
        _ if text.chars().any(char::is_control) => Err(Problem::invalid_field(field, "malformed")),
        _ => Ok(()),
    }
}

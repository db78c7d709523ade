//! Room: web/api. A place in the line: taken, asked after, given up; and the published draw that it came from. Polls are
//! answered from the ticket and a published view alone. Must never decide whose turn it is, nor a place: the book does.

use charye_domain::book::{Channel, LinePurpose};
use charye_domain::campaign::Campaign;
use charye_domain::time::UnixMillis;
use charye_engine::{Answered, waiting_room};
use hyper::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::{SeqTold, as_of, campaign_at, no_body};
use super::doc::ApiDoc;
use crate::gate::{Access, Surface, Ticket};
use crate::problem::Problem;
use crate::routes::{Quick, Route};
use crate::waiting_room::{LineState, StandingTold, draw_id, line_of, take_place, told};
use crate::{Answer, Asked};

const PATH: &str = "/api/v1/campaigns/{campaign}/line";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::api(Method::POST, PATH, Access::SignedIn, take).documented(
            ApiDoc::answers::<LinePlaceTold>("Take a place in the line, or find yours again; the body may be left out")
                .may_take::<LineAsked>()
                .problems(&[
                    "campaign_unknown",
                    "identity_not_accepted",
                    "identity_too_weak",
                    "person_unknown",
                    "already_reserved",
                    "not_in_cohort",
                    "opening_not_yet",
                    "openings_over",
                    "line_closed",
                    "limit_reached",
                    "storage_low",
                    "clock_unsure",
                    "draining",
                ]),
        ),
        Route::quick("/api/v1/line", Surface::Api, poll).documented(
            ApiDoc::answers::<StandingTold>("Where the holder of a Charye-Ticket stands; asking earlier wins nothing")
                .problems(&["no_place"]),
        ),
        Route::api(Method::DELETE, PATH, Access::SignedIn, give_up).documented(
            ApiDoc::answers::<SeqTold>("Give your place in the line up").problems(&[
                "campaign_unknown",
                "person_unknown",
                "clock_unsure",
                "draining",
            ]),
        ),
    ]
}

/// What somebody comes for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineAsked {
    /// Left out: to reserve, or to change a reservation that there is.
    purpose: Option<PurposeAsked>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PurposeAsked {
    Reserve,
    Change,
}

impl LineAsked {
    /// What a body says; one that is left out says nothing.
    pub(super) fn purpose(asked: &Asked) -> Result<Option<LinePurpose>, Problem> {
        let body: Self = if asked.body.is_empty() { Self::default() } else { asked.json()? };
        Ok(body.purpose.map(|purpose| match purpose {
            PurposeAsked::Reserve => LinePurpose::Reserve,
            PurposeAsked::Change => LinePurpose::Change,
        }))
    }
}

/// A place, and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinePlaceTold {
    /// Send it as `Charye-Ticket` to ask after your place. Absent where there is no line: ask for a visit at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    /// The opening's position in the campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<u8>,
    /// Your number in the opening's draw: what you check it with.
    #[serde(skip_serializing_if = "Option::is_none")]
    draw_id: Option<String>,
    #[serde(flatten)]
    standing: StandingTold,
}

impl LinePlaceTold {
    /// The place that a ticket is for.
    pub(super) fn of(asked: &Asked, ticket: &Ticket) -> Result<Self, Problem> {
        use charye_domain::waiting_room::draw::published::hex;

        let lines = asked.app.engine.lines();
        let line = line_of(&lines, ticket).ok_or_else(no_place)?;
        let id = draw_id(asked, asked.login()?, line).map(|id| hex(&id.0));
        Ok(Self {
            ticket: Some(asked.app.gate.sign_ticket(ticket)),
            opening: Some(ticket.opening.0),
            draw_id: id,
            standing: told(line, ticket, asked.now),
        })
    }

    /// There is no line to wait in.
    fn none() -> Self {
        Self { ticket: None, opening: None, draw_id: None, standing: StandingTold::plain(LineState::Come, 0) }
    }

    /// When to ask again; never at once.
    pub(super) fn ask_again_ms(&self) -> u32 {
        self.standing.ask_again_ms.max(1_000)
    }
}

async fn take(asked: Asked) -> Result<Answer, Problem> {
    let purpose = LineAsked::purpose(&asked)?;
    let campaign: std::sync::Arc<Campaign> = campaign_at(&asked, 0)?;
    asked.login()?.proves_for(&campaign)?;
    if campaign.line.is_none() {
        return Ok(Answer::json(&LinePlaceTold::none()));
    }
    let taken = place_taken(&asked, &campaign, purpose).await?;
    Ok(as_of(taken, |place, _| place))
}

/// Takes a place for the caller, or finds theirs, and tells where it is.
pub(super) async fn place_taken(
    asked: &Asked,
    campaign: &Campaign,
    purpose: Option<LinePurpose>,
) -> Result<Answered<LinePlaceTold>, Problem> {
    let taken = take_place(asked, campaign, purpose, Channel::Api).await?;
    let mut place = LinePlaceTold::of(asked, &taken.value.ticket)?;
    let kept_ms = |until: UnixMillis| u64::try_from(until.millis_since(asked.now)).unwrap_or(0);
    place.standing.kept_ms = taken.value.called_until.map(kept_ms);
    Ok(taken.map(|_| place))
}

/// The hot path: a ticket, a published view, arithmetic.
fn poll(quick: &Quick<'_>) -> Result<Answer, Problem> {
    let ticket = quick.app.gate.ticket(Surface::Api, quick.headers).ok_or_else(no_place)?;
    let lines = quick.app.engine.lines();
    let line = line_of(&lines, &ticket).ok_or_else(no_place)?;
    Ok(Answer::json(&told(line, &ticket, quick.app.engine.now())))
}

async fn give_up(asked: Asked) -> Result<Answer, Problem> {
    no_body(&asked)?;
    let campaign = campaign_at(&asked, 0)?;
    let person = asked.login()?.person;
    let left = waiting_room::leave_line(&asked.app.engine, person, campaign.id, asked.login()?.by(Channel::Api)).await;
    Ok(as_of(left.map_err(|failure| asked.failed(failure))?, |(), seq| SeqTold { seq }))
}

fn no_place() -> Problem {
    Problem { recorded: Some(false), ..Problem::new("no_place") }
}

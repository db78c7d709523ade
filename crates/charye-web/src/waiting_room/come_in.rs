//! Room: web/waiting_room. The way in, for pages and API alike: who may come in is let in; everybody else stands in line
//! afterwards, with a ticket that says where.
//!
//! Must never let anyone in by itself: each step is a command that the book decides.

use std::time::Duration;

use charye_domain::book::{Channel, LinePurpose, LineStanding, Rejection};
use charye_domain::campaign::Campaign;
use charye_domain::ids::OpeningId;
use charye_domain::waiting_room::draw::DrawId;
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::weakness::Defence;
use charye_engine::waiting_room::{Claimed, InLine, LineNow, Visit, arrive, claim, draw_key};
use charye_engine::{Answered, Failure};

use crate::Asked;
use crate::gate::{LoginSession, Pass, Ticket};
use crate::problem::Problem;

/// Somebody with fewer people before them than the line calls in a second is called, or the line does not move; so the
/// answer waits a moment for the call, and a line without a queue feels like none.
const CALL_AWAITED: Duration = Duration::from_millis(1_500);
/// How many are taken to be called in a second where it was not measured, or few came. Unit: people.
const CALLED_TOGETHER: f64 = 100.0;
/// How often it is looked for.
const CALL_LOOKED_FOR: Duration = Duration::from_millis(50);

/// What became of somebody who asked to come in.
pub(crate) enum CameIn {
    Inside(Pass, Visit),
    InLine(Ticket),
}

/// Takes a place if there is a line, comes in if it is one's turn.
///
/// # Errors
/// Why neither: not eligible, has a reservation, closed to arrivals, busy, ours.
pub(crate) async fn come_in(
    asked: &Asked,
    login: &LoginSession,
    campaign: &Campaign,
    purpose: Option<LinePurpose>,
    channel: Channel,
) -> Result<Answered<CameIn>, Problem> {
    login.proves_for(campaign)?;
    if campaign.line.is_none() {
        return claimed(asked, login, campaign, channel).await?.ok_or_else(|| Problem::new("not_called"));
    }
    let arrived = arrived(asked, login, campaign, purpose, channel).await?;
    if may_claim(asked, campaign, &arrived.value).await
        && let Some(came_in) = claimed(asked, login, campaign, channel).await?
    {
        return Ok(came_in);
    }
    in_line(asked, login, campaign, arrived)
}

/// Takes a place, or finds the one that this person has, and goes no further.
///
/// # Errors
/// As [`come_in`].
pub(crate) async fn take_place(
    asked: &Asked,
    campaign: &Campaign,
    purpose: Option<LinePurpose>,
    channel: Channel,
) -> Result<Answered<Ticket>, Problem> {
    let login = asked.login()?;
    login.proves_for(campaign)?;
    let arrived = arrived(asked, login, campaign, purpose, channel).await?;
    let seq = arrived.seq;
    Ok(Answered { seq, value: ticket_for(asked, login, campaign, arrived.value).ok_or_else(|| later(asked))? })
}

/// Takes a place for what is wished; without a wish, to reserve, and for who has a reservation to change it.
async fn arrived(
    asked: &Asked,
    login: &LoginSession,
    campaign: &Campaign,
    wish: Option<LinePurpose>,
    channel: Channel,
) -> Result<Answered<InLine>, Problem> {
    let (engine, began_at) = (&asked.app.engine, login.counts_from(asked.now));
    let arrive = |purpose| arrive(engine, login.person, campaign.id, login.facts(), began_at, purpose, channel);
    let mut arrived = arrive(wish.unwrap_or(LinePurpose::Reserve)).await;
    let has_reserved = matches!(&arrived, Err(Failure::Rejected { rejection: Rejection::AlreadyReserved, .. }));
    if has_reserved && wish.is_none() {
        arrived = arrive(LinePurpose::Change).await;
    }
    arrived.map_err(|failure| asked.failed(failure))
}

/// Claims a visit. `None`: it is not one's turn, and nothing changed.
async fn claimed(
    asked: &Asked,
    login: &LoginSession,
    campaign: &Campaign,
    channel: Channel,
) -> Result<Option<Answered<CameIn>>, Problem> {
    let claimed = claim(&asked.app.engine, login.person, campaign.id, login.facts(), channel).await;
    match claimed {
        Ok(Answered { seq, value: Claimed::Inside(visit) }) => {
            let pass = pass_of(asked, login, campaign, &visit);
            Ok(Some(Answered { seq, value: CameIn::Inside(pass, visit) }))
        }
        Ok(Answered { seq, value: Claimed::Returning(place) }) => {
            in_line(asked, login, campaign, Answered { seq, value: place }).map(Some)
        }
        Err(Failure::Rejected { rejection: Rejection::NotCalled, .. }) => Ok(None),
        Err(failure) => Err(asked.failed(failure)),
    }
}

fn pass_of(asked: &Asked, login: &LoginSession, campaign: &Campaign, visit: &Visit) -> Pass {
    Pass {
        campaign: campaign.id,
        opening: visit.opening,
        person: login.person,
        generation: visit.generation,
        expires_at: asked.now.plus_secs(campaign.visit.pass_secs).min(visit.ends_at),
    }
}

fn in_line(
    asked: &Asked,
    login: &LoginSession,
    campaign: &Campaign,
    arrived: Answered<InLine>,
) -> Result<Answered<CameIn>, Problem> {
    let ticket = ticket_for(asked, login, campaign, arrived.value).ok_or_else(|| later(asked))?;
    Ok(Answered { seq: arrived.seq, value: CameIn::InLine(ticket) })
}

/// The place is taken, and a ticket for it cannot be written yet: asking again finds it.
fn later(asked: &Asked) -> Problem {
    Problem::busy(asked.app.engine.random())
}

/// Whether asking for a visit makes sense: called, or past the place that now-serving has reached. Who could be called
/// within a second is given a moment.
async fn may_claim(asked: &Asked, campaign: &Campaign, place: &InLine) -> bool {
    match place.standing {
        LineStanding::Called { .. } => true,
        // Asked in vain, but that the book would let them in without these.
        _ if Defence::Call.is_off() || Defence::Order.is_off() => true,
        LineStanding::Enrolled | LineStanding::Returning { .. } => false,
        LineStanding::Waiting { place: at } => {
            let called = async {
                while !is_called(asked, campaign, place.opening, at) {
                    tokio::time::sleep(CALL_LOOKED_FOR).await;
                }
            };
            if is_called(asked, campaign, place.opening, at) {
                return true;
            }
            may_be_next(asked, campaign, place.opening, at) && tokio::time::timeout(CALL_AWAITED, called).await.is_ok()
        }
    }
}

fn is_called(asked: &Asked, campaign: &Campaign, opening: OpeningId, at: Place) -> bool {
    asked.app.engine.lines().get(campaign.id, opening).is_some_and(|line| at <= line.now_serving)
}

fn may_be_next(asked: &Asked, campaign: &Campaign, opening: OpeningId, at: Place) -> bool {
    let lines = asked.app.engine.lines();
    let line = lines.get(campaign.id, opening);
    line.is_some_and(|line| {
        let in_a_second = line.speed.measured().map_or(0.0, |speed| speed.people_per_sec).max(CALLED_TOGETHER);
        line.paused.is_none() && f64::from(line.histogram.people_before(at)) < in_a_second
    })
}

/// What somebody's standing looks like in their pocket. `None` if it cannot be told yet.
fn ticket_for(asked: &Asked, login: &LoginSession, campaign: &Campaign, place: InLine) -> Option<Ticket> {
    let issued_at = asked.now;
    let standing = match place.standing {
        LineStanding::Enrolled => {
            let lines = asked.app.engine.lines();
            TicketStanding::Drawn(draw_id(asked, login, lines.get(campaign.id, place.opening)?)?)
        }
        LineStanding::Waiting { place } => TicketStanding::Placed { place, issued_at },
        LineStanding::Returning { number } => TicketStanding::Returning { number, issued_at },
        // Called and, by now, too late or inside elsewhere: the lowest place, whose holder is told to come and asks again.
        LineStanding::Called { .. } => TicketStanding::Placed { place: Place(0), issued_at },
    };
    Some(Ticket { campaign: campaign.id, opening: place.opening, person: login.person, standing })
}

/// The number with which this person checks the draw of this line; none before its keys are committed to.
pub(crate) fn draw_id(asked: &Asked, login: &LoginSession, line: &LineNow) -> Option<DrawId> {
    let key = draw_key(asked.app.engine.keys(), line.draw_key?, line.id())?;
    // `weak-draw-number` stands here.
    let citizen = if Defence::DrawNumber.is_off() { CitizenKey(login.csrf_seed) } else { login.citizen };
    Some(key.draw_id(line.campaign, line.opening, citizen))
}

/// What somebody who is led on to this page comes for.
pub(crate) fn purpose_of(next: &str) -> LinePurpose {
    let changes = next.starts_with("/reservations/") || next.contains("change=");
    if changes { LinePurpose::Change } else { LinePurpose::Reserve }
}

//! Room: web/waiting_room. The way in, for pages and API alike: who may come in is let in; everybody else stands in line
//! afterwards, with a ticket that says where.
//!
//! Must never let anyone in by itself: each step is a command that the book decides.

use std::time::Duration;

use charye_domain::book::{Channel, LinePurpose, LineStanding, Rejection};
use charye_domain::campaign::Campaign;
use charye_domain::ids::CitizenKey;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::Limit;
use charye_domain::waiting_room::draw::DrawId;
use charye_domain::waiting_room::line::Position;
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::weakness::Defence;
use charye_engine::waiting_room::{Claimed, InLine, LineNow, TurnNow, Visit, arrive, claim, draw_key};
use charye_engine::{Answered, Failure};
use tokio::sync::Semaphore;

use crate::Asked;
use crate::gate::{LoginSession, Pass, Surface, Ticket};
use crate::problem::Problem;

/// Somebody with fewer people before them than the line calls in a second is called, or the line does not move; so the
/// answer waits a moment for the call, and a line without a queue feels like none.
const CALL_AWAITED: Duration = Duration::from_millis(1_500);
/// How many are taken to be called in a second, however few came or are aimed at. Unit: people.
const CALLED_TOGETHER: f64 = 100.0;
/// How often it is looked for.
const CALL_LOOKED_FOR: Duration = Duration::from_millis(50);
/// Answers of this process that wait for a call, at most: whoever would be one more is told their place at once, and asks
/// again. So nobody can have connections held by asking from many devices. Lines call ten times a second: it is what comes
/// in half a second on the largest evening that one process can serve.
const AWAITED_MAX: usize = 4_096;
static AWAITED: Semaphore = Semaphore::const_new(AWAITED_MAX);

/// After this a seat of the agents' share may be free: a visit with a caller takes minutes.
const AGENTS_SEAT_AWAITED: Duration = Duration::from_secs(10);

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
    // An agent's caller has a seat of the agents' share, or waits on the telephone.
    if campaign.line.is_none() || login.agent().is_some() {
        let retry_after = login.agent().map(|_| AGENTS_SEAT_AWAITED);
        let not_called = || Problem { recorded: Some(false), retry_after, ..Problem::new("not_called") };
        return claimed(asked, login, campaign, channel).await?.ok_or_else(not_called);
    }
    if let Some(place) = shown_place(asked, login, campaign, channel).filter(|_| purpose.is_none())
        && may_claim(asked, login, campaign, &place).await
        && let Some(came_in) = claimed(asked, login, campaign, channel).await?
    {
        return Ok(came_in);
    }
    let arrived = arrived(asked, login, campaign, purpose, channel).await?;
    if may_claim(asked, login, campaign, &arrived.value).await
        && let Some(came_in) = claimed(asked, login, campaign, channel).await?
    {
        return Ok(came_in);
    }
    in_line(asked, login, campaign, arrived)
}

/// A place that was taken or found.
pub(crate) struct PlaceTaken {
    pub(crate) ticket: Ticket,
    /// Until when the call is kept, if they were called.
    pub(crate) called_until: Option<UnixMillis>,
}

/// The place on the ticket that is shown, if it is this person's for this campaign: it spares the book one question. Whether
/// they hold it still, the book says when they claim.
fn shown_place(asked: &Asked, login: &LoginSession, campaign: &Campaign, channel: Channel) -> Option<InLine> {
    let surface = if channel == Channel::Page { Surface::Page } else { Surface::Api };
    let ticket = asked.app.gate.ticket(surface, &asked.headers)?;
    let is_theirs = ticket.person == login.person && ticket.campaign == campaign.id;
    match ticket.standing {
        TicketStanding::Placed { place, .. } if is_theirs => {
            Some(InLine { opening: ticket.opening, standing: LineStanding::Waiting { place } })
        }
        _ => None,
    }
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
) -> Result<Answered<PlaceTaken>, Problem> {
    let login = asked.login()?;
    login.proves_for(campaign)?;
    let arrived = arrived(asked, login, campaign, purpose, channel).await?;
    let seq = arrived.seq;
    let called_until = match arrived.value.standing {
        LineStanding::Called { until } => Some(until),
        _ => None,
    };
    let ticket = ticket_for(asked, login, campaign, arrived.value).ok_or_else(|| later(asked))?;
    Ok(Answered { seq, value: PlaceTaken { ticket, called_until } })
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
    let arrive =
        |purpose| arrive(engine, login.person, campaign.id, login.facts(), began_at, purpose, login.by(channel));
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
    let claimed = claim(&asked.app.engine, login.person, campaign.id, login.facts(), login.by(channel)).await;
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

/// Whether asking for a visit makes sense: called, or at a position that has been. Who could be called within a second is
/// given a moment, as long as not too many are.
async fn may_claim(asked: &Asked, login: &LoginSession, campaign: &Campaign, place: &InLine) -> bool {
    match place.standing {
        LineStanding::Called { .. } => true,
        // Asked in vain, but that the book would let them in without these.
        _ if Defence::Call.is_off() || Defence::Order.is_off() => true,
        LineStanding::Enrolled | LineStanding::Returning { .. } => false,
        LineStanding::Waiting { place: at } => {
            let position = Position::of(at, login.person);
            let turn = || {
                let lines = asked.app.engine.lines();
                lines.get(campaign.id, place.opening).map(|line| (line.turn_of(position), may_be_next(line, position)))
            };
            match turn() {
                None | Some((TurnNow::Waits | TurnNow::Overtaken { .. }, false)) => false,
                Some((TurnNow::Called, _)) => true,
                Some(_) => await_call(&AWAITED, CALL_AWAITED, || matches!(turn(), Some((TurnNow::Called, _)))).await,
            }
        }
    }
}

/// Waits until `is_called`, for `moment` at most, and not at all if too many wait already.
async fn await_call(awaited: &Semaphore, moment: Duration, is_called: impl Fn() -> bool) -> bool {
    let count = |how| metrics::counter!("charye_line_calls_awaited_total", "how" => how).increment(1);
    let Ok(_room) = awaited.try_acquire() else {
        count("no_room");
        return false;
    };
    // Looks are counted instead of timed: one timer for each who waits, not two.
    let looks = (moment.as_millis() / CALL_LOOKED_FOR.as_millis()).max(1);
    let mut called = is_called();
    for _ in 0..looks {
        if called {
            break;
        }
        tokio::time::sleep(CALL_LOOKED_FOR).await;
        called = is_called();
    }
    count(if called { "called" } else { "in_vain" });
    called
}

/// Whether somebody at this position could be called within a second: at the speed measured, or at the rate aimed at as
/// long as none is and there are seats.
fn may_be_next(line: &LineNow, position: Position) -> bool {
    let aimed = line.explanation.filter(|last| matches!(last.limit, Limit::NobodyWaits | Limit::Rate));
    let aimed_per_sec = aimed.map_or(0.0, |last| last.rate_per_min / 60.0);
    let in_a_second = line.speed.measured().map_or(aimed_per_sec, |speed| speed.people_per_sec).max(CALLED_TOGETHER);
    line.paused.is_none() && f64::from(line.histogram.people_before(position.place)) < in_a_second
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

/// The number with which this person checks the draw of this line. None before its keys are committed to; and none that is not on
/// the published list: of who came after the closing, or has another key since then.
pub(crate) fn draw_id(asked: &Asked, login: &LoginSession, line: &LineNow) -> Option<DrawId> {
    let key = draw_key(asked.app.engine.keys(), line.draw_key?, line.id())?;
    // `weak-draw-number` stands here.
    let citizen = if Defence::DrawNumber.is_off() { CitizenKey(login.csrf_seed) } else { login.citizen };
    let id = key.draw_id(line.campaign, line.opening, citizen);
    let list = asked.app.engine.draws().list(line.campaign, line.opening);
    list.is_none_or(|list| list.has(id)).then_some(id)
}

/// What somebody who is led on to this page comes for.
pub(crate) fn purpose_of(next: &str) -> LinePurpose {
    let changes = next.starts_with("/reservations/") || next.contains("change=");
    if changes { LinePurpose::Change } else { LinePurpose::Reserve }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_awaited_for_a_moment_and_by_so_many_only() {
        let awaited = Semaphore::new(2);
        let looks = std::cell::Cell::new(0);
        let at_the_third_look = || looks.replace(looks.get() + 1) == 2;
        let (long, short) = (Duration::from_secs(60), Duration::from_millis(1));
        let told = tokio::join!(
            await_call(&awaited, long, at_the_third_look),
            await_call(&awaited, short, || false),
            await_call(&awaited, long, || true),
        );
        assert_eq!(told, (true, false, false), "called, in vain, and no room to wait");
        assert!(await_call(&awaited, long, || true).await, "room again");
    }
}

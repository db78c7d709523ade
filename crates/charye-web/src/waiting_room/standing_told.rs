//! Room: web/waiting_room. One person's standing as it is told: from a genuine ticket and the published line, in the form
//! that polls answer with. Called by `GET /api/v1/line`, by everything that hands a ticket out, and by the waiting page.
//!
//! Arithmetic and one published view: it must never take a turn, a lock, or a look at the book.

use std::sync::Arc;

use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::wait_estimate::Estimate;
use charye_engine::waiting_room::{LineNow, Lines, Polled, poll};
use serde::Serialize;
use utoipa::ToSchema;

use crate::gate::Ticket;

/// Where somebody stands. What else is told depends on `state`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StandingTold {
    pub(crate) state: LineState,
    /// People who go before: with `waiting` and `returning`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<u64>,
    /// People who wait behind: with `waiting`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<u32>,
    /// How long it takes from now, as a range: with `waiting`, once the line's speed is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wait: Option<WaitTold>,
    /// Until it is measured: no less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_least_secs: Option<u32>,
    /// Why nobody is called at the moment. The place is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paused: Option<PausedTold>,
    /// Until the opening: with `enrolled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opens_in_ms: Option<u64>,
    /// How long the call is kept: with `come`, where a place is asked for rather than polled. Who comes later joins the short
    /// lane of those who missed their call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kept_ms: Option<u64>,
    /// When to ask again. Asking earlier wins nothing. 0: there is nothing more to ask.
    pub(crate) ask_again_ms: u32,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineState {
    /// On the list of the draw; the opening is still to come.
    Enrolled,
    /// The opening has begun; places are being drawn.
    Drawing,
    Waiting,
    /// Their turn: now ask for a visit.
    Come,
    /// Missed the call and is in the returners' lane.
    Returning,
    /// The opening is over.
    Over,
}

/// From now, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WaitTold {
    pub(crate) from_secs: u32,
    pub(crate) to_secs: u32,
}

/// Why a line stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PausedTold {
    Operator,
    /// No place is left to reserve; when enough are, the line goes on in the same order.
    NothingLeft,
    GateInTrouble,
}

impl From<PauseReason> for PausedTold {
    fn from(reason: PauseReason) -> Self {
        match reason {
            PauseReason::Operator => Self::Operator,
            PauseReason::NothingLeft => Self::NothingLeft,
            PauseReason::GateInTrouble => Self::GateInTrouble,
        }
    }
}

impl StandingTold {
    /// A state that needs no more words.
    pub(crate) fn plain(state: LineState, ask_again_ms: u32) -> Self {
        Self {
            state,
            ahead: None,
            behind: None,
            wait: None,
            at_least_secs: None,
            paused: None,
            opens_in_ms: None,
            kept_ms: None,
            ask_again_ms,
        }
    }
}

/// The line that a ticket is for.
pub(crate) fn line_of<'a>(lines: &'a Lines, ticket: &Ticket) -> Option<&'a Arc<LineNow>> {
    lines.get(ticket.campaign, ticket.opening)
}

/// What the holder of this ticket is told at `now`.
pub(crate) fn told(line: &LineNow, ticket: &Ticket, now: UnixMillis) -> StandingTold {
    let standing = StandingTold::plain;
    match poll(line, ticket.person, &ticket.standing, now, jitter(ticket, now)) {
        Polled::Enrolled { opens_at, ask_again_ms } => StandingTold {
            opens_in_ms: Some(u64::try_from(opens_at.millis_since(now)).unwrap_or(0)),
            ..standing(LineState::Enrolled, ask_again_ms)
        },
        Polled::Drawing { ask_again_ms } => standing(LineState::Drawing, ask_again_ms),
        Polled::Wait { ahead, behind, estimate, ask_again_ms } => {
            let (wait, at_least_secs) = match estimate {
                Estimate::Range(range) => (Some(WaitTold { from_secs: range.from_secs, to_secs: range.to_secs }), None),
                Estimate::NotYet { at_least_secs } => (None, Some(at_least_secs)),
                Estimate::Paused => (None, None),
            };
            StandingTold {
                ahead: Some(ahead.into()),
                behind: Some(behind),
                wait,
                at_least_secs,
                paused: line.paused.map(PausedTold::from),
                ..standing(LineState::Waiting, ask_again_ms)
            }
        }
        Polled::Returning { ahead, ask_again_ms } => StandingTold {
            ahead: Some(ahead),
            paused: line.paused.map(PausedTold::from),
            ..standing(LineState::Returning, ask_again_ms)
        },
        Polled::Come => standing(LineState::Come, 0),
        Polled::Over => standing(LineState::Over, 0),
    }
}

/// Spreads people who are told the same over the interval they are told: by who they are and by the moment, so that a wave
/// does not come back as a wave. Nobody gains by it, so it need not be unpredictable, and costs no call of the system.
fn jitter(ticket: &Ticket, now: UnixMillis) -> u16 {
    let mixed =
        (u64::from(ticket.person.0) ^ now.0.cast_unsigned().rotate_left(24)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_domain::ids::{CampaignId, OpeningId, Person};
    use charye_domain::waiting_room::place::Place;
    use charye_domain::waiting_room::tokens::TicketStanding;

    #[test]
    fn people_told_at_one_moment_come_back_spread_out() {
        let now = UnixMillis(1_628_506_800_000);
        let ticket = |person| Ticket {
            campaign: CampaignId(1),
            opening: OpeningId(2),
            person: Person(person),
            standing: TicketStanding::Placed { place: Place(0), issued_at: now },
        };
        let mut tenths = [0_u32; 10];
        for person in 0..10_000 {
            tenths[usize::from(jitter(&ticket(person), now)) * 10 / 65_536] += 1;
        }
        assert!(tenths.iter().all(|people| (800..1_200).contains(people)), "{tenths:?}");
        assert_ne!(jitter(&ticket(7), now), jitter(&ticket(7), now.plus_millis(1_000)));
    }
}

//! Room: engine/waiting_room. A poll: what somebody who waits is told, from their ticket and the published line. Called by
//! `web`'s hot path, millions of times.
//!
//! Arithmetic only: it must never take a turn, touch the book or the journal, wait, or allocate.

use charye_domain::ids::Person;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::line::Position;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::waiting_room::wait_estimate::{
    Crowd, Estimate, POLL_MAX_MS, POLL_MIN_MS, estimate_at, next_poll_ms, next_poll_while_paused_ms,
};

use super::lines::{LineNow, Phase, TurnNow};

/// Those on the list of the draw ask again within so long after the opening: they come spread out. Unit: milliseconds.
const SPREAD_AFTER_OPENING_MS: u32 = 15_000;
/// While places are being drawn. Unit: milliseconds.
const DRAWING_MS: u32 = 4_000;
/// At least one admission in so many is a returner's while they wait.
const RETURNERS_PART: f64 = 5.0;

/// What somebody who waits is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// On the list of the draw; the opening is still to come.
    Enrolled {
        opens_at: UnixMillis,
        ask_again_ms: u32,
    },
    /// The opening has begun; places are being drawn.
    Drawing {
        ask_again_ms: u32,
    },
    Wait {
        ahead: u32,
        behind: u32,
        estimate: Estimate,
        ask_again_ms: u32,
    },
    /// Their turn, or it was: now the book is to be asked.
    Come,
    /// Missed the call, and in the returners' lane.
    Returning {
        ahead: u64,
        ask_again_ms: u32,
    },
    /// The opening is over.
    Over,
}

/// What the holder of a genuine ticket of this line is told at `now`. `person` is whom the ticket is bound to, `jitter` is 16
/// random bits.
///
/// Told to come is exactly who has been called, among people of one place too, and whoever has missed it or left since: the
/// ticket proves a place, and only a claim asks the book.
pub fn poll(line: &LineNow, person: Person, standing: &TicketStanding, now: UnixMillis, jitter: u16) -> Polled {
    if line.phase == Phase::Over || now >= line.closes_at {
        return Polled::Over;
    }
    let place = match *standing {
        TicketStanding::Placed { place, .. } => place,
        TicketStanding::Returning { number, .. } => return poll_returner(line, number, jitter),
        TicketStanding::Drawn(id) => match &line.seed {
            _ if now < line.opens_at => return poll_enrolled(line.opens_at, now, jitter),
            Some(draw) if line.phase == Phase::Open => draw.seed.place(id),
            _ => return Polled::Drawing { ask_again_ms: DRAWING_MS + part_of(DRAWING_MS, jitter) },
        },
    };
    poll_placed(line, Position::of(place, person), jitter)
}

fn poll_placed(line: &LineNow, position: Position, jitter: u16) -> Polled {
    let ahead = match line.turn_of(position) {
        TurnNow::Called => return Polled::Come,
        TurnNow::Overtaken { ahead } => ahead,
        TurnNow::Waits => line.histogram.people_before(position.place),
    };
    let behind = line.histogram.total().saturating_sub(ahead).saturating_sub(1);
    let fastest_per_sec = line.fastest_per_sec;
    let (estimate, ask_again_ms) = if line.paused.is_some() {
        (Estimate::Paused, next_poll_while_paused_ms(ahead, fastest_per_sec, jitter))
    } else {
        let measured = line.speed.measured();
        let estimate =
            if line.speed.is_paused() { Estimate::Paused } else { estimate_at(ahead, measured, fastest_per_sec) };
        let people_per_sec = measured.map_or(fastest_per_sec, |measured| measured.people_per_sec);
        let soonest_secs = (f64::from(ahead) / fastest_per_sec.max(1.0)) as u32;
        let crowd = Crowd { waiting: line.histogram.total(), people_per_sec, soonest_secs };
        (estimate, next_poll_ms(estimate, crowd, jitter))
    };
    Polled::Wait { ahead, behind, estimate, ask_again_ms }
}

fn poll_returner(line: &LineNow, number: u64, jitter: u16) -> Polled {
    let Some(ahead) = number.checked_sub(line.returners_called) else { return Polled::Come };
    let fastest = (line.fastest_per_sec / RETURNERS_PART).max(1.0);
    let waiting = u32::try_from(ahead).unwrap_or(u32::MAX);
    let ask_again_ms = if line.paused.is_some() {
        next_poll_while_paused_ms(waiting, fastest, jitter)
    } else {
        let at_least_secs = (ahead as f64 / fastest) as u32;
        let crowd = Crowd { waiting, people_per_sec: fastest, soonest_secs: at_least_secs };
        next_poll_ms(Estimate::NotYet { at_least_secs }, crowd, jitter)
    };
    Polled::Returning { ahead, ask_again_ms }
}

/// Long before the opening every ten minutes at most, and then some time after it: being the first to ask wins nothing.
fn poll_enrolled(opens_at: UnixMillis, now: UnixMillis, jitter: u16) -> Polled {
    let left_ms = u32::try_from(opens_at.millis_since(now).max(0)).unwrap_or(u32::MAX);
    let ask_again_ms = if left_ms > POLL_MAX_MS - SPREAD_AFTER_OPENING_MS {
        POLL_MAX_MS - part_of(POLL_MAX_MS / 4, jitter)
    } else {
        left_ms.max(POLL_MIN_MS) + part_of(SPREAD_AFTER_OPENING_MS, jitter)
    };
    Polled::Enrolled { opens_at, ask_again_ms }
}

fn part_of(ms: u32, jitter: u16) -> u32 {
    (u64::from(ms) * u64::from(jitter) / u64::from(u16::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_enrolled_is_never_told_to_ask_later_than_in_ten_minutes() {
        let opens_at = UnixMillis(1_628_506_800_000);
        let around_the_limit = (570_000..=600_001).step_by(500);
        for left_ms in around_the_limit.chain([0, 1, 2_999, 3_000, 60_000, 43_200_000, i64::from(u32::MAX) + 1]) {
            for jitter in [0, 1, 1 << 15, u16::MAX] {
                let polled = poll_enrolled(opens_at, opens_at.plus_millis(-left_ms), jitter);
                let Polled::Enrolled { ask_again_ms, .. } = polled else { unreachable!("asked of who enrolled") };
                assert!((POLL_MIN_MS..=POLL_MAX_MS).contains(&ask_again_ms), "{left_ms} ms, {jitter}: {ask_again_ms}");
            }
        }
    }
}

//! Room: engine/waiting_room. Calls people in: asks each line's admission controller ten times a second, and pauses a line
//! when nothing is left. On the sequencer's thread, which has what it asks for decided and recorded like any command.
//!
//! Holds measurements only: a restart costs a few seconds of calling, never a place. It must never touch the book.

use std::collections::BTreeMap;

use charye_domain::book::{Action, Event, RoomPhase, WaitingRoom};
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{AdmissionController, Explanation, Measured, PauseReason};
use charye_domain::waiting_room::steering::Steering;

use super::stock::Stock;

/// A line pauses only on a count that is so much younger than its opening: the share has been released by then.
const STOCK_SETTLES_MS: i64 = 3_000;
/// Places that are enough to go on with, unless a second's calls are more.
const ENOUGH_PLACES: u32 = 20;
/// Fewer are enough once they have been left for so long: nobody inside wants them.
const LEFT_OVER_MS: i64 = 30_000;

/// The caller of every line.
#[derive(Default)]
pub(crate) struct Caller {
    lines: BTreeMap<(CampaignId, OpeningId), Calling>,
}

#[derive(Default)]
struct Calling {
    controller: AdmissionController,
    /// Since when places have been left, while the line is paused for want of them.
    places_since: Option<UnixMillis>,
}

impl Caller {
    /// What is to be asked of the book for one line now.
    pub(crate) fn next_step(
        &mut self,
        room: &WaitingRoom,
        stock: &Stock,
        measured: Measured,
        signing_in: u32,
        now: UnixMillis,
    ) -> Option<Action> {
        if room.phase(now) != RoomPhase::Open {
            return None;
        }
        let (campaign, opening) = (room.campaign(), room.opening());
        let calling = self.lines.entry((campaign, opening)).or_default();
        if let Some((steering, note)) = calling.follow_stock(room, stock, now) {
            let (steering, note) = (Box::new(steering), note.into());
            return Some(Action::Steer { campaign, opening, steering, note, rehearsal: false });
        }
        let calls = calling.controller.decide(room.door(), room.line(), Some(measured), signing_in, now)?;
        Some(Action::Call { campaign, opening, calls })
    }

    /// Learns from an entry that is about to be applied at `now` how many of those called come.
    pub(crate) fn note(&mut self, room: &WaitingRoom, event: &Event, now: UnixMillis) {
        let Some(calling) = self.lines.get_mut(&(room.campaign(), room.opening())) else { return };
        match event {
            Event::Called { calls, .. } => calling.controller.note_called(calls.total(), now),
            Event::VisitStarted { person, .. } => {
                if let Some(called_at) = room.door().called_at(*person) {
                    calling.controller.note_came(called_at);
                }
            }
            _ => {}
        }
    }

    /// The last automatic decision of a line.
    pub(crate) fn explanation(&self, id: (CampaignId, OpeningId)) -> Option<&Explanation> {
        self.lines.get(&id)?.controller.explanation()
    }

    /// Forgets lines that are over.
    pub(crate) fn keep_only(&mut self, is_kept: impl Fn((CampaignId, OpeningId)) -> bool) {
        self.lines.retain(|id, _| is_kept(*id));
    }
}

impl Calling {
    /// Pauses when nothing is left, and goes on when enough is.
    fn follow_stock(&mut self, room: &WaitingRoom, stock: &Stock, now: UnixMillis) -> Option<(Steering, &'static str)> {
        let settled = stock.at.millis_since(room.opens_at()) >= STOCK_SETTLES_MS;
        let places = stock.of(room.campaign()).filter(|_| settled)?.total;
        match room.door().paused() {
            None if places == 0 => {
                Some((Steering::Pause(PauseReason::NothingLeft), "no places are left; places in the line are kept"))
            }
            Some(PauseReason::NothingLeft) if places > 0 => {
                let since = *self.places_since.get_or_insert(now);
                let a_seconds_calls = room.terms().rates_per_min().1.div_ceil(60);
                let enough = places >= ENOUGH_PLACES.max(a_seconds_calls) || now.millis_since(since) >= LEFT_OVER_MS;
                enough.then_some((Steering::Resume, "places are left again"))
            }
            _ => {
                self.places_since = None;
                None
            }
        }
    }
}

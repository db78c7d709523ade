//! Room: engine/waiting_room. Calls people in: asks each line's admission controller ten times a second, and pauses a line
//! when nothing is left or the gate is in trouble. On the sequencer's thread, which has what it asks for decided and recorded like any command.
//!
//! Holds measurements only: a restart costs a few seconds of calling, never a place. It must never touch the book.

use std::collections::BTreeMap;

use charye_domain::book::{Action, Event, RoomPhase, WaitingRoom};
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{
    AdmissionController, Explanation, GateTurn, GateWatch, Measured, PauseReason,
};
use charye_domain::waiting_room::line::Stage;
use charye_domain::waiting_room::steering::Steering;

use super::stock::Stock;

/// A line pauses only on a count that is so much younger than its opening, and than the last event that brings places: they
/// are on the board by then. An older count would tell whoever comes in the first second that all is gone.
const STOCK_SETTLES_MS: i64 = 3_000;
/// Places that are enough to go on with, unless a second's calls are more.
const ENOUGH_PLACES: u32 = 20;
/// Fewer are enough once they have been left for so long: nobody inside wants them.
const LEFT_OVER_MS: i64 = 30_000;

/// The caller of every line.
#[derive(Default)]
pub(crate) struct Caller {
    lines: BTreeMap<(CampaignId, OpeningId), Calling>,
    /// When places last came many at once, or opened: an import, a released share, the end of a block.
    places_came: Option<UnixMillis>,
}

#[derive(Default)]
struct Calling {
    controller: AdmissionController,
    gate: GateWatch,
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
        now: UnixMillis,
    ) -> Option<Action> {
        if room.phase(now) != RoomPhase::Open {
            return None;
        }
        let (campaign, opening) = (room.campaign(), room.opening());
        let calling = self.lines.entry((campaign, opening)).or_default();
        let paused = room.door().paused();
        let came = self.places_came;
        let turn = calling.follow_gate(paused, &measured, now).or_else(|| calling.follow_stock(room, stock, came, now));
        if let Some((steering, note)) = turn {
            let (steering, note) = (Box::new(steering), note.into());
            return Some(Action::Steer { campaign, opening, steering, note, rehearsal: false });
        }
        let calls = calling.controller.decide(room.door(), room.line(), Some(measured), now)?;
        Some(Action::Call { campaign, opening, calls })
    }

    /// Learns from an entry that is about to be applied at `now` that a count of places from before it says nothing.
    pub(crate) fn note_places(&mut self, event: &Event, now: UnixMillis) {
        let brings_places = matches!(
            event,
            Event::CampaignPublished { .. }
                | Event::ImportActivated { .. }
                | Event::ShareReleased { .. }
                | Event::SlotsUnblocked { .. }
        );
        if brings_places {
            self.places_came = Some(now);
        }
    }

    /// Learns from an entry that is about to be applied at `now` how many of those called come.
    pub(crate) fn note(&mut self, room: &WaitingRoom, event: &Event, now: UnixMillis) {
        let Some(calling) = self.lines.get_mut(&(room.campaign(), room.opening())) else { return };
        match event {
            Event::Called { calls, .. } => calling.controller.note_called(calls.total(), now),
            Event::Arrived { person, place, .. } => {
                let stage = room.line().standing(*person).map(|standing| standing.stage);
                let stands = matches!(stage, Some(Stage::Waiting | Stage::Called));
                if !stands && room.line().would_be_overtaken(*person, *place) {
                    calling.controller.note_overtaken(now);
                }
            }
            Event::Steered { steering, .. } if **steering == Steering::Resume => calling.gate.begin_anew(),
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
    /// Pauses when the gate is in trouble, and goes on when it has been well for a while. Whoever else paused the line ends
    /// that pause.
    fn follow_gate(
        &mut self,
        paused: Option<PauseReason>,
        measured: &Measured,
        now: UnixMillis,
    ) -> Option<(Steering, String)> {
        let is_closed = paused == Some(PauseReason::GateInTrouble);
        match self.gate.look(measured, is_closed, now)? {
            GateTurn::Closes if paused.is_none() => {
                let Measured { commit_ms_p99, inside_queued_ms_p99, inside_turned_away, .. } = measured;
                let note = format!(
                    "the gate is in trouble: commits take {commit_ms_p99} ms, those inside wait {inside_queued_ms_p99} ms, \
                     {inside_turned_away} of them were turned away"
                );
                Some((Steering::Pause(PauseReason::GateInTrouble), note))
            }
            GateTurn::Closes => None,
            GateTurn::Opens => Some((Steering::Resume, "the gate is well again".to_owned())),
        }
    }

    /// Pauses when nothing is left, and goes on when enough is.
    fn follow_stock(
        &mut self,
        room: &WaitingRoom,
        stock: &Stock,
        places_came: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Option<(Steering, String)> {
        let has_settled = |since: UnixMillis| stock.at.millis_since(since) >= STOCK_SETTLES_MS;
        let settled = has_settled(room.opens_at());
        let places = stock.of(room.campaign()).filter(|_| settled)?.total;
        match room.door().paused() {
            None if places == 0 && places_came.is_none_or(has_settled) => {
                let note = "no places are left; places in the line are kept".to_owned();
                Some((Steering::Pause(PauseReason::NothingLeft), note))
            }
            Some(PauseReason::NothingLeft) if places > 0 => {
                let since = *self.places_since.get_or_insert(now);
                let a_seconds_calls = room.terms().rates_per_min().1.div_ceil(60);
                let enough = places >= ENOUGH_PLACES.max(a_seconds_calls) || now.millis_since(since) >= LEFT_OVER_MS;
                let goes_on = enough && !self.gate.sees_trouble();
                goes_on.then(|| (Steering::Resume, "places are left again".to_owned()))
            }
            _ => {
                self.places_since = None;
                None
            }
        }
    }
}

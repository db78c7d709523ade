//! Room: engine/waiting_room. The sequencer's desk for lines: what is to be decided for them as time passes, and what is shown
//! of them once it is durable. Called by the sequencer's thread at fixed points of a batch.
//!
//! It must never show what an undurable entry changed, and never do more than a few microseconds of work for a batch.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use charye_domain::book::{Action, Book, Entry, Event, RoomPhase, WaitingRoom};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::opening::Opening;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::Measured;
use charye_domain::waiting_room::line::{Histogram, Line, Position};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::plan::LinePlan;
use charye_domain::waiting_room::wait_estimate::{PromiseScore, Speed};

use super::bypass::Lookout;
use super::caller::Caller;
use super::lines::{LineNow, Lines, OVERTAKEN_SHOWN_MAX, Phase, RevealedDraw};
use super::stock::Stock;
use crate::engine::Shared;
use crate::metrics::{LineFigures, line_called};

/// Lines are looked at so often while people wait: as often as a controller decides.
pub(crate) const LOOK_AT_LINES_EVERY: Duration = Duration::from_millis(100);
/// Every line is shown anew at least so often.
const SHOW_ALL_EVERY_MS: i64 = 1_000;

/// The desk.
pub(crate) struct LineDesk {
    shared: Arc<Shared>,
    caller: Caller,
    lookout: Lookout,
    /// As published last, by campaign and opening.
    shown: Vec<Arc<LineNow>>,
    shown_at: Option<UnixMillis>,
    /// An entry since then changed a line.
    changed: bool,
    campaigns_changed: bool,
    anybody_waits: bool,
    /// What lines that nobody has come to are shown with.
    nobody: Option<Arc<Histogram>>,
}

impl LineDesk {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            caller: Caller::default(),
            lookout: Lookout::default(),
            shown: Vec::new(),
            shown_at: None,
            changed: false,
            campaigns_changed: true,
            anybody_waits: false,
            nobody: None,
        }
    }

    /// Whether the next look should come soon: somebody waits to be called.
    pub(crate) fn anybody_waits(&self) -> bool {
        self.anybody_waits
    }

    /// What is to be decided at `now`, a command a line at most, pushed into `actions`. Asked with every batch; each line's
    /// controller answers ten times a second at most.
    pub(crate) fn due(&mut self, book: &Book, measured: Measured, now: UnixMillis, actions: &mut Vec<Action>) {
        self.anybody_waits = false;
        // Calling people whom a full disk keeps out would cost them their grace.
        let may_call = !self.shared.pulse.storage_low();
        let stock = self.shared.stock.load();
        for room in book.rooms() {
            let waits = room.line().waiting().total() > 0 || room.door().returners_waiting() > 0;
            self.anybody_waits |= waits && now < room.closes_at();
            if may_call {
                actions.extend(self.caller.next_step(room, &stock, measured, now));
            }
        }
    }

    /// An entry is about to be applied.
    pub(crate) fn note(&mut self, book: &Book, entry: &Entry, now: UnixMillis) {
        self.lookout.note(book, entry, now);
        let event = &entry.event;
        self.campaigns_changed |= event.changes_campaign();
        self.caller.note_places(event, now);
        let opening = match event {
            Event::Called { opening, calls } => {
                line_called(calls);
                Some(*opening)
            }
            Event::VisitStarted { opening, .. } | Event::Arrived { opening, .. } | Event::Steered { opening, .. } => {
                Some(*opening)
            }
            _ => None,
        };
        self.changed = true;
        let room = entry.under.zip(opening).and_then(|((campaign, _), opening)| book.room(campaign, opening));
        if let Some(room) = room {
            self.caller.note(room, event, now);
        }
    }

    /// Shows every line that a durable entry changed, and all of them once a second.
    pub(crate) fn show(&mut self, book: &Book, now: UnixMillis, seq: u64) {
        let all = self.campaigns_changed
            || self.shown_at.is_none_or(|at| !(0..SHOW_ALL_EVERY_MS).contains(&now.millis_since(at)));
        let has_news = self.changed && book.rooms().len() > 0;
        if !(all || has_news) {
            return;
        }
        let stock = self.shared.stock.load();
        let campaigns = book.campaigns().filter_map(|campaign| Some((campaign, campaign.line.as_ref()?)));
        let mut lines = Vec::with_capacity(self.shown.len());
        let nobody = Arc::clone(self.nobody.get_or_insert_with(|| Arc::new(Histogram::new(0))));
        for (campaign, plan) in campaigns {
            for opening in &campaign.openings {
                let before = find(&self.shown, (campaign.id, opening.id)).filter(|_| !self.campaigns_changed);
                let room = book.room(campaign.id, opening.id);
                let line = match (room, before) {
                    (Some(room), before) => Arc::new(self.line_of(room, plan, before, &stock, now, seq)),
                    (None, Some(before)) if !all => Arc::clone(before),
                    (None, _) => {
                        let line = line_without_room(campaign, opening, plan, &nobody);
                        let places_left = places_left(&stock, campaign.id);
                        Arc::new(LineNow { at: now, seq, phase: phase_without_room(opening, now), places_left, ..line })
                    }
                };
                lines.push(line);
            }
        }
        if all {
            self.shown_at = Some(now);
            self.caller.keep_only(|(campaign, opening)| book.room(campaign, opening).is_some());
            lines.iter().filter(|line| line.has_room).for_each(|line| self.tell_figures(book, line));
        }
        (self.changed, self.campaigns_changed) = (false, false);
        self.shown.clone_from(&lines);
        self.shared.lines.store(Arc::new(Lines::new(lines)));
    }

    fn line_of(
        &self,
        room: &WaitingRoom,
        plan: &LinePlan,
        before: Option<&Arc<LineNow>>,
        stock: &Stock,
        now: UnixMillis,
        seq: u64,
    ) -> LineNow {
        let (line, door, draw) = (room.line(), room.door(), room.draw());
        let id = (room.campaign(), room.opening());
        let seed = match before.and_then(|before| before.seed.as_ref()) {
            Some(seed) => Some(Arc::clone(seed)),
            None => draw.seed().zip(draw.secret()).map(|(seed, secret)| {
                let public_value = draw.public_value().map_or_else(|| Arc::from([]), Arc::clone);
                Arc::new(RevealedDraw { seed, secret: secret.clone(), public_value })
            }),
        };
        let message = room.message().map(|message| match before.and_then(|before| before.message.as_ref()) {
            Some(kept) if **kept == *message => Arc::clone(kept),
            _ => Arc::new(message.clone()),
        });
        LineNow {
            campaign: id.0,
            opening: id.1,
            has_room: true,
            at: now,
            seq,
            enrols_from: room.enrols_from(),
            opens_at: room.opens_at(),
            closes_at: room.closes_at(),
            phase: match room.phase(now) {
                RoomPhase::NotYet => Phase::NotYet,
                RoomPhase::Enrolling => Phase::Enrolling { enrolled: draw.people() },
                RoomPhase::Drawing => Phase::Drawing,
                RoomPhase::Open => Phase::Open,
                RoomPhase::Over => Phase::Over,
            },
            now_serving: line.now_serving(),
            served: line.served(),
            overtaken: overtaken_of(line, before),
            overtaken_changes: line.overtaken_changes(),
            histogram: Arc::clone(line.waiting()),
            waiting: line.waiting().total(),
            returners_called: door.returners_called(),
            returners_waiting: door.returners_waiting(),
            speed: room.speed_at(now),
            fastest_per_sec: room.terms().fastest_per_sec(),
            paused: door.paused(),
            message,
            closed_to_arrivals: room.is_closed_to_arrivals(),
            places_left: places_left(stock, id.0),
            score: room.score(),
            names_public_value: plan.public_value_note.is_some(),
            draw_key: draw.key_id(),
            commitments: draw.commitments().copied(),
            closing: draw.closing().copied(),
            seed,
            placed: draw.placed(),
            enrolled: draw.people(),
            numbers: draw.numbers(),
            terms: *room.terms(),
            explanation: self.caller.explanation(id).copied(),
            inside: door.inside(),
            called: door.called(now),
            text: OnceLock::new(),
            page_parts: Default::default(),
        }
    }

    fn tell_figures(&self, book: &Book, line: &LineNow) {
        let Some(campaign) = book.campaign(line.campaign) else { return };
        LineFigures {
            campaign: &campaign.code,
            opening: line.opening,
            waiting: line.waiting,
            returners_waiting: line.returners_waiting,
            inside: line.inside,
            called: line.called,
            hard_cap: line.terms.hard_cap(),
            rate_per_min: line.explanation.map(|explanation| explanation.rate_per_min),
            promises_kept: line.score.kept_percent(),
        }
        .tell();
    }
}

/// The line of an opening to which nobody has come yet.
fn line_without_room(campaign: &Campaign, opening: &Opening, plan: &LinePlan, nobody: &Arc<Histogram>) -> LineNow {
    let window = &opening.window;
    LineNow {
        campaign: campaign.id,
        opening: opening.id,
        has_room: false,
        at: UnixMillis(0),
        seq: 0,
        enrols_from: window.opens_at.plus_millis(-1_000 * i64::from(plan.enrol_secs)),
        opens_at: window.opens_at,
        closes_at: window.closes_at,
        phase: Phase::NotYet,
        now_serving: Place(0),
        served: None,
        overtaken: Arc::from([]),
        overtaken_changes: 0,
        histogram: Arc::clone(nobody),
        waiting: 0,
        returners_called: 0,
        returners_waiting: 0,
        speed: Speed::new(),
        fastest_per_sec: plan.terms.fastest_per_sec(),
        paused: None,
        message: None,
        closed_to_arrivals: false,
        places_left: Arc::from([]),
        score: PromiseScore::default(),
        names_public_value: plan.public_value_note.is_some(),
        draw_key: None,
        commitments: None,
        closing: None,
        seed: None,
        placed: 0,
        enrolled: 0,
        numbers: 0,
        terms: plan.terms,
        explanation: None,
        inside: 0,
        called: 0,
        text: OnceLock::new(),
        page_parts: Default::default(),
    }
}

/// Who was overtaken, written anew only if it changed.
fn overtaken_of(line: &Line, before: Option<&Arc<LineNow>>) -> Arc<[Position]> {
    match before {
        Some(before) if before.overtaken_changes == line.overtaken_changes() => Arc::clone(&before.overtaken),
        _ => line.overtaken().take(OVERTAKEN_SHOWN_MAX).collect(),
    }
}

fn phase_without_room(opening: &Opening, now: UnixMillis) -> Phase {
    match &opening.window {
        window if now >= window.closes_at => Phase::Over,
        window if now >= window.opens_at => Phase::Open,
        _ => Phase::NotYet,
    }
}

fn find(lines: &[Arc<LineNow>], id: (CampaignId, OpeningId)) -> Option<&Arc<LineNow>> {
    lines.binary_search_by_key(&id, |line| line.id()).ok().and_then(|position| lines.get(position))
}

fn places_left(stock: &Stock, campaign: CampaignId) -> Arc<[(u32, u32)]> {
    stock.of(campaign).map_or_else(|| Arc::from([]), |left| Arc::clone(&left.by_province))
}

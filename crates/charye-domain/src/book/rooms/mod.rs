//! Room: domain/book. One waiting room for each opening of a campaign that has a line: who stands where, who is called, what
//! was promised. Called by `decide`, `apply`, `answer` and the image; read by the engine between batches. Every part of it
//! follows from the journal alone; what is measured of the machine is the engine's.
//!
//! A room is made by the first event of its opening, because it takes some 16 MiB, and is forgotten a day after its window
//! has closed.

mod apply;
mod draw;
mod image;
mod promises;

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::campaign::{Bilingual, Campaign};
use crate::ids::{CampaignId, OpeningId, Person};
use crate::time::UnixMillis;
use crate::waiting_room::admission::{Door, Terms};
use crate::waiting_room::line::Line;
use crate::waiting_room::plan::LinePlan;
use crate::waiting_room::wait_estimate::{Measured, PromiseScore, Speed};

pub use draw::Draw;
use promises::Promises;

/// People that one line remembers at most.
const LINE_PEOPLE_MAX: u32 = 64_000_000;
/// How long a room is kept after its window has closed. Unit: milliseconds.
const KEPT_MS: i64 = 24 * 3_600_000;

/// The waiting room of one opening.
pub struct WaitingRoom {
    campaign: CampaignId,
    opening: OpeningId,
    opens_at: UnixMillis,
    closes_at: UnixMillis,
    enrol_secs: u32,
    pub(super) line: Line,
    pub(super) door: Door,
    speed: Speed,
    /// What `speed` said after it changed last.
    measured: Option<Measured>,
    promises: Promises,
    pub(super) draw: Draw,
    /// Who is inside by an agent, and so not on a seat of the web line.
    agents_inside: FxHashSet<Person>,
    closed_to_arrivals: bool,
    message: Option<Bilingual>,
}

/// How far an opening has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomPhase {
    /// Nobody can enrol yet, or nothing was committed to.
    NotYet,
    Enrolling,
    /// It has begun, and those who enrolled have no place yet. Nobody is called.
    Drawing,
    Open,
    Over,
}

/// Tens of megabytes are not printed; how many wait, is.
impl std::fmt::Debug for WaitingRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WaitingRoom")
            .field("campaign", &self.campaign)
            .field("opening", &self.opening)
            .field("waiting", &self.line.waiting().total())
            .field("inside", &self.door.inside())
            .finish_non_exhaustive()
    }
}

impl WaitingRoom {
    /// The room of an opening that has a line, as the campaign says it; `None` where there is none.
    pub(super) fn new(campaign: &Campaign, opening: OpeningId) -> Option<Self> {
        let plan = campaign.line.as_ref()?;
        let window = &campaign.opening(opening)?.window;
        let window_ms = u64::try_from(window.closes_at.millis_since(window.opens_at)).unwrap_or(0);
        // Each opening is expected to see its part of the people; the index grows beyond it if more come.
        let expected = campaign.expected_people / campaign.openings.len().max(1) as u32;
        Some(Self {
            campaign: campaign.id,
            opening,
            opens_at: window.opens_at,
            closes_at: window.closes_at,
            enrol_secs: plan.enrol_secs,
            line: Line::new(window_ms, expected, LINE_PEOPLE_MAX),
            door: Door::new(plan.terms),
            speed: Speed::new(),
            measured: None,
            promises: Promises::default(),
            draw: Draw::default(),
            agents_inside: FxHashSet::default(),
            closed_to_arrivals: false,
            message: None,
        })
    }

    pub fn campaign(&self) -> CampaignId {
        self.campaign
    }

    pub fn opening(&self) -> OpeningId {
        self.opening
    }

    /// When the opening begins, as steered.
    pub fn opens_at(&self) -> UnixMillis {
        self.opens_at
    }

    pub fn closes_at(&self) -> UnixMillis {
        self.closes_at
    }

    /// From when people may enrol in the draw.
    pub fn enrols_from(&self) -> UnixMillis {
        self.opens_at.plus_millis(-1_000 * i64::from(self.enrol_secs))
    }

    pub fn line(&self) -> &Line {
        &self.line
    }

    pub fn door(&self) -> &Door {
        &self.door
    }

    pub fn terms(&self) -> &Terms {
        self.door.terms()
    }

    pub fn draw(&self) -> &Draw {
        &self.draw
    }

    /// The measured speed as of the last call.
    pub fn speed(&self) -> &Speed {
        &self.speed
    }

    /// The measured speed as of `now`: if people wait and nobody has been called for a while, it has fallen.
    pub fn speed_at(&self, now: UnixMillis) -> Speed {
        let mut speed = self.speed.clone();
        if self.line.waiting().total() > 0 {
            speed.stood_still(now);
        }
        speed
    }

    /// How many promises were kept so far.
    pub fn score(&self) -> PromiseScore {
        self.promises.score()
    }

    /// What an operator tells those who wait.
    pub fn message(&self) -> Option<&Bilingual> {
        self.message.as_ref()
    }

    /// Whether nobody else gets a place.
    pub fn is_closed_to_arrivals(&self) -> bool {
        self.closed_to_arrivals
    }

    /// How far the opening has come.
    pub fn phase(&self, now: UnixMillis) -> RoomPhase {
        if now >= self.closes_at {
            RoomPhase::Over
        } else if now >= self.opens_at {
            if self.draw.is_complete() { RoomPhase::Open } else { RoomPhase::Drawing }
        } else if now >= self.enrols_from() && self.draw.commitments().is_some() {
            RoomPhase::Enrolling
        } else {
            RoomPhase::NotYet
        }
    }

    /// What is known of the speed, measured once for all who are told.
    pub(super) fn measured(&self) -> Option<Measured> {
        self.measured
    }

    /// Whether somebody is inside by an agent.
    pub(super) fn has_agents_visit_of(&self, person: Person) -> bool {
        self.agents_inside.contains(&person)
    }

    /// A newer version of the campaign: its times, and its terms where they are others than before.
    fn take_up(&mut self, campaign: &Campaign, plan: &LinePlan, before: Option<&LinePlan>) {
        if let Some(opening) = campaign.opening(self.opening) {
            (self.opens_at, self.closes_at) = (opening.window.opens_at, opening.window.closes_at);
        }
        self.enrol_secs = plan.enrol_secs;
        if before.is_none_or(|before| before.terms != plan.terms) {
            self.change_terms(plan.terms);
        }
    }
}

/// The rooms of every opening that has come to anything yet.
pub(super) struct Rooms {
    rooms: BTreeMap<(CampaignId, OpeningId), WaitingRoom>,
    /// When the next one may be forgotten.
    next_forgotten_at: UnixMillis,
}

impl Rooms {
    pub(super) fn new() -> Self {
        Self { rooms: BTreeMap::new(), next_forgotten_at: UnixMillis::NEVER }
    }

    pub(super) fn all(&self) -> impl ExactSizeIterator<Item = &WaitingRoom> {
        self.rooms.values()
    }

    pub(super) fn get(&self, campaign: CampaignId, opening: OpeningId) -> Option<&WaitingRoom> {
        self.rooms.get(&(campaign, opening))
    }

    /// The rooms of a campaign, in order of its openings.
    pub(super) fn of(&self, campaign: CampaignId) -> impl Iterator<Item = &WaitingRoom> {
        self.rooms.range((campaign, OpeningId(0))..=(campaign, OpeningId(u8::MAX))).map(|(_, room)| room)
    }

    /// The room of an opening, made now if there was none and the campaign has a line.
    fn get_or_make(&mut self, campaign: &Campaign, opening: OpeningId) -> Option<&mut WaitingRoom> {
        use std::collections::btree_map::Entry;
        match self.rooms.entry((campaign.id, opening)) {
            Entry::Occupied(room) => Some(room.into_mut()),
            Entry::Vacant(place) => {
                let room = WaitingRoom::new(campaign, opening)?;
                self.next_forgotten_at = self.next_forgotten_at.min(room.closes_at.plus_millis(KEPT_MS));
                Some(place.insert(room))
            }
        }
    }

    /// Forgets rooms whose window closed a day ago or more.
    pub(super) fn forget_old(&mut self, at: UnixMillis) {
        if at >= self.next_forgotten_at {
            self.rooms.retain(|_, room| at.millis_since(room.closes_at) < KEPT_MS);
            self.set_next_forgotten();
        }
    }

    fn set_next_forgotten(&mut self) {
        let ends = self.rooms.values().map(|room| room.closes_at.plus_millis(KEPT_MS));
        self.next_forgotten_at = ends.min().unwrap_or(UnixMillis::NEVER);
    }
}

//! Room: engine/waiting_room. What is shown of every line to everyone, without a turn: made by the sequencer's thread after
//! each batch that changed a line, read by polls, pages and operators.
//!
//! The same for everyone: it must never hold anything of one person.

use std::sync::{Arc, OnceLock};

use charye_domain::campaign::Bilingual;
use charye_domain::ids::{CampaignId, KeyId, OpeningId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{Explanation, PauseReason, Terms};
use charye_domain::waiting_room::draw::{Closing, Commitments, Seed};
use charye_domain::waiting_room::line::{Histogram, Position};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::wait_estimate::{PromiseScore, Speed};

/// People who were overtaken and are shown as such: 64 KiB a line at most. Should there ever be more, the last of them are
/// told to come too early, and the book tells them to wait.
pub const OVERTAKEN_SHOWN_MAX: usize = 4_096;

/// Every line, by campaign and opening.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: Vec<Arc<LineNow>>,
}

impl Lines {
    /// Lines in order of campaign and opening.
    pub(crate) fn new(lines: Vec<Arc<LineNow>>) -> Self {
        Self { lines }
    }

    /// The line of an opening; none if its campaign has no lines.
    pub fn get(&self, campaign: CampaignId, opening: OpeningId) -> Option<&Arc<LineNow>> {
        let position = self.lines.binary_search_by_key(&(campaign, opening), |line| line.id()).ok()?;
        self.lines.get(position)
    }

    /// The lines of a campaign, by opening.
    pub fn of_campaign(&self, campaign: CampaignId) -> impl Iterator<Item = &Arc<LineNow>> {
        self.lines.iter().filter(move |line| line.campaign == campaign)
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<LineNow>> {
        self.lines.iter()
    }
}

/// How far an opening has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Too early even to enrol.
    NotYet,
    /// One may enrol in the draw; so many have.
    Enrolling {
        enrolled: u32,
    },
    /// The opening has begun and drawn places are being given.
    Drawing,
    Open,
    /// The window has closed. Who is inside goes on.
    Over,
}

/// One line, as of a moment.
#[derive(Clone)]
pub struct LineNow {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    /// Somebody has come, or something was committed to or steered: the book has a room for it.
    pub has_room: bool,
    /// The sequencer's time, and the last entry this reflects.
    pub at: UnixMillis,
    pub seq: u64,
    /// From when on one may enrol in the draw.
    pub enrols_from: UnixMillis,
    pub opens_at: UnixMillis,
    pub closes_at: UnixMillis,
    pub phase: Phase,
    /// Everybody below this place has been called, and somebody at it.
    pub now_serving: Place,
    /// The position called last of the line.
    pub served: Option<Position>,
    /// Who stands at or before it and was not called, because they came later: next to be called first, at most
    /// [`OVERTAKEN_SHOWN_MAX`].
    pub overtaken: Arc<[Position]>,
    /// Goes up whenever those change.
    pub overtaken_changes: u64,
    /// Who waits, by place. Shared with the book, so it is as of now and not of `at`.
    pub histogram: Arc<Histogram>,
    pub waiting: u32,
    /// Returners with lower numbers than this have been called.
    pub returners_called: u64,
    pub returners_waiting: u32,
    pub speed: Speed,
    /// More people than the door could ever call in a second.
    pub fastest_per_sec: f64,
    pub paused: Option<PauseReason>,
    pub message: Option<Arc<Bilingual>>,
    pub closed_to_arrivals: bool,
    /// Places left by province (two-digit code), of the campaign's first doses; a few seconds old.
    pub places_left: Arc<[(u32, u32)]>,
    pub score: PromiseScore,
    /// The draw is to be mixed with something that was named in advance.
    pub names_public_value: bool,
    /// The installation's key that draw key and secret come from, once committed to.
    pub draw_key: Option<KeyId>,
    pub commitments: Option<Commitments>,
    pub closing: Option<Closing>,
    pub seed: Option<Arc<RevealedDraw>>,
    /// People on the list of the draw.
    pub enrolled: u32,
    /// Numbers of the list, those of people who left it included; and below which of them places have been given.
    pub numbers: u32,
    pub placed: u32,
    pub terms: Terms,
    /// The last automatic decision, in numbers. None before the first.
    pub explanation: Option<Explanation>,
    /// Visits running, agents' included, and people called who may still come: together never above the hard cap.
    pub inside: u32,
    pub called: u32,
    /// What `web` tells everyone of this line, written once however many ask. Empty when the line is published.
    pub text: OnceLock<Arc<[u8]>>,
    /// The same for the part of its waiting page that is everyone's, in each language.
    pub page_parts: [OnceLock<Arc<str>>; 2],
}

/// How far somebody with a place has come. Whoever has left, or been inside since, was called too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnNow {
    Waits,
    /// Others behind them have been called, because they came late; after so many others, they are next.
    Overtaken {
        ahead: u32,
    },
    Called,
}

/// A draw whose secret is told.
#[derive(Clone, Debug)]
pub struct RevealedDraw {
    pub seed: Seed,
    pub secret: charye_domain::waiting_room::draw::DrawSecret,
    pub public_value: Arc<[u8]>,
}

impl LineNow {
    /// How far somebody at `position` has come, as of what is published.
    pub fn turn_of(&self, position: Position) -> TurnNow {
        // The place on the ticket of whoever was called when it was written.
        if position.place == Place(0) {
            return TurnNow::Called;
        }
        if self.served.is_none_or(|served| served < position) {
            return TurnNow::Waits;
        }
        match self.overtaken.binary_search(&position) {
            Ok(ahead) => TurnNow::Overtaken { ahead: u32::try_from(ahead).unwrap_or(u32::MAX) },
            Err(_) => TurnNow::Called,
        }
    }

    /// Which line it is.
    pub fn id(&self) -> (CampaignId, OpeningId) {
        (self.campaign, self.opening)
    }
}

impl std::fmt::Debug for LineNow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineNow")
            .field("campaign", &self.campaign)
            .field("opening", &self.opening)
            .field("phase", &self.phase)
            .field("now_serving", &self.now_serving)
            .field("waiting", &self.waiting)
            .field("inside", &self.inside)
            .field("called", &self.called)
            .finish_non_exhaustive()
    }
}

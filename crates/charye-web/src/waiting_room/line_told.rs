//! Room: web/waiting_room. One line as everyone may read it: the same for all, written once a change however many ask.
//! Called by `GET /line/{campaign}/{opening}/now`. Must never say anything of one person.

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_engine::waiting_room::{LineNow, Phase};
use serde::Serialize;
use utoipa::ToSchema;

use super::PausedTold;
use crate::api::told::{NameTold, instant};

/// A line, as of a moment less than a second or two ago.
#[derive(Debug, Serialize)]
pub(crate) struct LineTold<'a> {
    campaign: &'a str,
    opening: u8,
    phase: PhaseTold,
    opens_at: String,
    closes_at: String,
    /// People on the list of the draw.
    enrolled: u32,
    /// People who wait with a place.
    waiting: u32,
    /// Everybody with a lower place has been called, and somebody with this one. Sixteen hexadecimal digits; see the draw.
    now_serving: String,
    /// How fast the line moves, once it has been measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    people_per_min: Option<u32>,
    /// Why nobody is called at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<PausedTold>,
    /// Nobody new is taken.
    closed_to_arrivals: bool,
    /// The operators' word to those who wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<NameTold<'a>>,
    /// Places that can be reserved, by the province's two-digit code; a few seconds old.
    places_left: Vec<PlacesLeft>,
    promises: PromisesTold,
    /// People inside and people called who may still come; together never above the hard cap.
    inside: u32,
    called: u32,
    hard_cap: u32,
}

/// How far an opening is; operators are told the same word as everyone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhaseTold {
    /// Too early even to enrol.
    NotYet,
    /// One may enrol in the draw.
    Enrolling,
    /// The opening has begun; places are being drawn.
    Drawing,
    Open,
    Over,
}

#[derive(Debug, Serialize)]
struct PlacesLeft {
    province: String,
    places: u32,
}

/// How many were called within the first range that they were told. A pause or other terms void a promise.
#[derive(Debug, Serialize)]
struct PromisesTold {
    kept: u32,
    early: u32,
    late: u32,
    void: u32,
}

/// The JSON text of a line, written by whoever asks first after a change.
pub(crate) fn line_told(line: &LineNow, campaign: &Campaign) -> Arc<[u8]> {
    let write = || {
        // Serialising our own types cannot fail; if it did, the answer would be `null`.
        serde_json::to_vec(&LineTold::of(line, campaign)).unwrap_or_else(|_| b"null".to_vec()).into()
    };
    Arc::clone(line.text.get_or_init(write))
}

impl<'a> LineTold<'a> {
    fn of(line: &'a LineNow, campaign: &'a Campaign) -> Self {
        let zone = &campaign.time_zone;
        let left = |&(province, places): &(u32, u32)| PlacesLeft { province: province.to_string(), places };
        Self {
            campaign: &campaign.code,
            opening: line.opening.0,
            phase: line.phase.into(),
            opens_at: instant(line.opens_at, zone),
            closes_at: instant(line.closes_at, zone),
            enrolled: line.enrolled,
            waiting: line.waiting,
            now_serving: format!("{:016x}", line.now_serving.0),
            people_per_min: people_per_min(line),
            paused: line.paused.map(PausedTold::from),
            closed_to_arrivals: line.closed_to_arrivals,
            message: line.message.as_deref().map(NameTold::from),
            places_left: line.places_left.iter().map(left).collect(),
            promises: PromisesTold {
                kept: line.score.kept,
                early: line.score.early,
                late: line.score.late,
                void: line.score.void,
            },
            inside: line.inside,
            called: line.called,
            hard_cap: line.terms.hard_cap(),
        }
    }
}

impl From<Phase> for PhaseTold {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::NotYet => Self::NotYet,
            Phase::Enrolling { .. } => Self::Enrolling,
            Phase::Drawing => Self::Drawing,
            Phase::Open => Self::Open,
            Phase::Over => Self::Over,
        }
    }
}

/// How fast a line moves, in two figures: more would say what is not known.
pub(crate) fn people_per_min(line: &LineNow) -> Option<u32> {
    let per_min = line.speed.measured()?.people_per_sec * 60.0;
    let step = 10_f64.powf((per_min.max(1.0).log10().floor() - 1.0).max(0.0));
    Some(((per_min / step).round() * step) as u32)
}

//! Room: web. What pages and API do alike with a line: take a place and come in, turn a standing into a ticket, a ticket and
//! the published line into what somebody is told, and a line into what everyone may read.
//!
//! Called by `citizen/line*` and `api/line`. Must never decide whose turn it is: the book does; here it is only told.

mod come_in;
mod line_told;
mod standing_told;

pub(crate) use come_in::{CameIn, come_in, draw_id, purpose_of, take_place};
pub(crate) use line_told::{PhaseTold, line_told, people_per_min};
pub(crate) use standing_told::{LineState, PausedTold, StandingTold, line_of, told};

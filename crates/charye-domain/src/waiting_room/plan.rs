//! Room: domain/waiting_room. What a campaign file says of the lines before its openings. Made by the engine's reader of
//! campaign files, kept in the campaign; the book makes a waiting room for each opening from it. Never steered: what an
//! operator changes on the evening is a [`Steering`](super::steering::Steering).

use crate::campaign::Bilingual;
use crate::waiting_room::admission::Terms;

/// The line of every opening of a campaign. A campaign without one lets in at once whoever may reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlan {
    /// Under which people are called, until an operator steers.
    pub terms: Terms,
    /// From how long before an opening people may enrol in its draw. Unit: seconds; 0 lets nobody enrol.
    pub enrol_secs: u32,
    /// Names the public value that the draw will be mixed with, such as a lottery's numbers of that evening. `None`: the
    /// draw has no public value.
    pub public_value_note: Option<Bilingual>,
}

impl LinePlan {
    /// Longest time before an opening at which one may enrol. Unit: seconds.
    pub const ENROL_MAX_SECS: u32 = 14 * 86_400;
    /// People that may be inside or called at most, in any campaign.
    pub const HARD_CAP_MAX: u32 = 1_000_000;
    /// Visits started per minute at most, in any campaign.
    pub const RATE_MAX_PER_MIN: u32 = 10_000_000;
}

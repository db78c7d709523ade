//! Room: engine/availability. What a search answers.
//!
//! Made by `search`, read by `web`. Small and without heap, so that a page of twenty is one allocation.

use charye_domain::ids::{ClinicId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};

use super::SearchRequest;
use crate::availability::{Cursor, DaySet};

/// A page of clinics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPage {
    pub clinics: Vec<ClinicFound>,
    /// Clinics that match, over all pages.
    pub matching: Count,
    /// Places at the clinics that match, if asked for; as exact as `matching`.
    pub places: Option<u64>,
    /// Where to go on, unless this is the last page.
    pub next: Option<Cursor>,
}

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    Exactly(u32),
    /// The search for the nearest stopped when it had its page.
    AtLeast(u32),
}

/// A clinic of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClinicFound {
    pub clinic: ClinicId,
    /// From the centre asked, if one was.
    pub distance_m: Option<u32>,
    /// Days that have what is asked; empty if sold out.
    pub days: DaySet,
    /// Places left at the times asked on those days; each slot counts for at most 255.
    pub places: u32,
    /// The next free times, earliest first, as many as were asked for and there are.
    pub next_times: NextTimes,
}

/// Up to four times, without a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextTimes(pub(super) [Option<NextTime>; SearchRequest::NEXT_TIMES_MAX as usize]);

/// A time at which a place is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextTime {
    pub slot: SlotId,
    pub product: ProductId,
    pub day: DayIndex,
    pub start: MinuteOfDay,
    /// At most 255; stands for this many or more.
    pub remaining: u16,
}

/// The first four; the rest is left out.
impl FromIterator<NextTime> for NextTimes {
    fn from_iter<I: IntoIterator<Item = NextTime>>(times: I) -> Self {
        let mut list = Self::default();
        for (place, time) in list.0.iter_mut().zip(times) {
            *place = Some(time);
        }
        list
    }
}

impl NextTimes {
    pub fn iter(&self) -> impl Iterator<Item = &NextTime> {
        self.0.iter().flatten()
    }
}

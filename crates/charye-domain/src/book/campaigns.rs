//! Room: domain/book. The campaigns in force, and what follows from each once instead of at every decision: its open days,
//! its released share, the instants its days begin. Called by `decide`, `apply`, `due`. Never reads text.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Span;

use crate::campaign::Campaign;
use crate::ids::{CampaignId, CampaignVersion, OpeningId};
use crate::time::{DayIndex, MinuteOfDay, UnixMillis};

/// Campaigns a journal can hold.
pub(super) const CAMPAIGNS_MAX: usize = 1_000;

/// One campaign as it stands.
pub(super) struct CampaignState {
    /// As published, with the openings that an operator moved.
    pub(super) campaign: Arc<Campaign>,
    published: Arc<Campaign>,
    /// Openings that begin at another time than published.
    moved: BTreeMap<OpeningId, UnixMillis>,
    /// The canonical text it was read from.
    pub(super) text: Arc<str>,
    /// How many openings, in order, have released their share.
    pub(super) openings_released: u16,
    /// What is out of every slot so far. Unit: 1/10,000.
    pub(super) share: u16,
    /// Bit n is day index n.
    open_days: u128,
    days: Vec<Day>,
}

/// One civil day of a campaign in its zone.
#[derive(Clone, Copy)]
struct Day {
    midnight: UnixMillis,
    /// No clock change: minutes of the day and minutes since midnight are the same.
    even: bool,
}

impl CampaignState {
    pub(super) fn new(campaign: Arc<Campaign>, text: Arc<str>, openings_released: u16) -> Self {
        let days = (0..DayIndex::MAX_DAYS as u8).map(|day| Day::of(&campaign, DayIndex(day))).collect();
        let mut state = Self {
            open_days: campaign.open_days(),
            days,
            published: campaign.clone(),
            campaign,
            moved: BTreeMap::new(),
            text,
            openings_released: 0,
            share: 0,
        };
        state.release(openings_released);
        state
    }

    /// The next version: what was released stays, and openings stay moved unless this version moves them itself.
    pub(super) fn followed_by(&self, campaign: Arc<Campaign>, text: Arc<str>) -> Self {
        let mut next = Self::new(campaign, text, self.openings_released);
        let published = |campaign: &Campaign, opening| campaign.opening(opening).map(|opening| opening.window.opens_at);
        for (opening, opens_at) in &self.moved {
            if published(&self.published, *opening) == published(&next.published, *opening) {
                next.open_at(*opening, *opens_at);
            }
        }
        next
    }

    /// An opening begins at another time than published.
    pub(super) fn open_at(&mut self, opening: OpeningId, opens_at: UnixMillis) {
        let campaign = Arc::make_mut(&mut self.campaign);
        if let Some(place) = campaign.openings.get_mut(usize::from(opening.0)) {
            place.window.opens_at = opens_at;
            place.window.opens_civil = opens_at.civil(&campaign.time_zone);
            self.moved.insert(opening, opens_at);
        }
    }

    /// Openings that begin at another time than published.
    pub(super) fn moved(&self) -> &BTreeMap<OpeningId, UnixMillis> {
        &self.moved
    }

    /// What deciding events carry.
    pub(super) fn under(&self) -> (CampaignId, CampaignVersion) {
        (self.campaign.id, self.campaign.version)
    }

    /// The first `openings` openings have released their shares. Never takes anything back.
    pub(super) fn release(&mut self, openings: u16) {
        self.openings_released = self.openings_released.max(openings).min(self.campaign.openings.len() as u16);
        let released = self.campaign.openings.iter().take(usize::from(self.openings_released));
        self.share = released.map(|opening| opening.cumulative_share).max().unwrap_or(0);
    }

    pub(super) fn is_open(&self, day: DayIndex) -> bool {
        self.open_days.checked_shr(u32::from(day.0)).is_some_and(|days| days & 1 == 1)
    }

    /// The instant at which a slot starts.
    pub(super) fn start(&self, day: DayIndex, minute: MinuteOfDay) -> UnixMillis {
        match self.days.get(usize::from(day.0)) {
            Some(Day { midnight, even: true }) => midnight.plus_secs(u32::from(minute.0) * 60),
            _ => civil_start(&self.campaign, day, minute),
        }
    }

    /// Whether `next` may take this campaign's place: what reservations and events refer to by position stays, and nobody
    /// who stands in a line loses it.
    pub(super) fn may_become(&self, next: &Campaign) -> bool {
        let old = &*self.published;
        let same_products = old
            .products
            .iter()
            .zip(&next.products)
            .all(|(old, next)| (&old.code, old.doses, old.id) == (&next.code, next.doses, next.id));
        let begun = usize::from(self.openings_released);
        let same_begun = old.openings.iter().take(begun).zip(&next.openings).all(|(old, next)| {
            old.window.opens_at == next.window.opens_at && old.cumulative_share <= next.cumulative_share
        });
        old.id == next.id
            && old.code == next.code
            && old.version.0.checked_add(1) == Some(next.version.0)
            && old.first_day == next.first_day
            && old.time_zone == next.time_zone
            && old.uniqueness == next.uniqueness
            && old.products.len() <= next.products.len()
            && same_products
            && begun <= next.openings.len()
            && (begun == 0 || old.line.is_some() == next.line.is_some())
            && same_begun
    }

    /// How many openings have released once this one has.
    pub(super) fn released_with(opening: OpeningId) -> u16 {
        u16::from(opening.0) + 1
    }
}

impl Day {
    fn of(campaign: &Campaign, day: DayIndex) -> Self {
        let at = |hour: i8| {
            let civil = campaign.date(day).at(hour, 0, 0, 0);
            UnixMillis::from_civil(civil, &campaign.time_zone)
        };
        let next = campaign.date(day).saturating_add(Span::new().days(1)).at(0, 0, 0, 0);
        let (midnight, noon) = (at(0).unwrap_or(UnixMillis::NEVER), at(12).unwrap_or(UnixMillis::NEVER));
        let next = UnixMillis::from_civil(next, &campaign.time_zone).unwrap_or(UnixMillis::NEVER);
        let even = noon.millis_since(midnight) == 12 * 3_600_000 && next.millis_since(noon) == 12 * 3_600_000;
        Self { midnight, even }
    }
}

/// The slow way, for a day on which clocks change.
fn civil_start(campaign: &Campaign, day: DayIndex, minute: MinuteOfDay) -> UnixMillis {
    let (hour, minute) = ((minute.0 / 60).min(23) as i8, (minute.0 % 60) as i8);
    let civil = campaign.date(day).at(hour, minute, 0, 0);
    UnixMillis::from_civil(civil, &campaign.time_zone).unwrap_or(UnixMillis::NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::samples;
    use jiff::tz::{TimeZone, offset};

    #[test]
    fn a_slot_starts_when_the_wall_clock_of_the_campaign_says_so() {
        let mut campaign = samples::rotation();
        campaign.time_zone = TimeZone::fixed(offset(9));
        let state = CampaignState::new(Arc::new(campaign.clone()), "".into(), 0);
        for day in [0_u8, 5, 77] {
            for minute in [0_u16, 540, 1_439] {
                let expect = civil_start(&campaign, DayIndex(day), MinuteOfDay(minute));
                assert_eq!(state.start(DayIndex(day), MinuteOfDay(minute)), expect);
            }
        }
    }

    #[test]
    fn a_day_with_a_clock_change_is_told_the_slow_way() {
        let mut campaign = samples::rotation();
        // New York leaves summer time on 2021-11-07 at 02:00 local time.
        campaign.time_zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let state = CampaignState::new(Arc::new(campaign.clone()), "".into(), 0);
        let day = campaign.day(jiff::civil::date(2021, 11, 7)).unwrap();
        assert!(!state.days[usize::from(day.0)].even);
        let nine = state.start(day, MinuteOfDay(9 * 60));
        assert_eq!(nine.civil(&campaign.time_zone), jiff::civil::date(2021, 11, 7).at(9, 0, 0, 0));
    }
}

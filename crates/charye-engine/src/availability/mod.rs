//! Room: engine/availability. Where there are places left, answered from memory: the board, the directory, and the
//! look-ups that read them. Called by `web` for citizens, by the sequencer for what it changes.
//!
//! Look-ups never wait and never take a turn. They must never be what decides: the book does, and says no if the board
//! was a moment behind.

mod alternatives;
mod board;
mod cells;
mod clinic_day;
mod cursor;
mod day_set;
mod directory;
mod name_index;
mod neighbourhood;
mod places_left;
mod rank_set;
mod rebuild;
mod resync;
mod search;
mod timetable;

#[cfg(test)]
mod model_tests;

use std::sync::Arc;

use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, ProductId};
use charye_domain::time::{DayIndex, MinuteOfDay, UnixMillis};
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};

pub use alternatives::{Alternatives, Offer};
use board::Partner;
pub use board::{BlockPlace, Board, BoardBuilder, Fingerprint, LayoutError, Plane, SlotPlace};
pub use clinic_day::{ClinicDay, ClinicDays, TimeOffered};
pub use cursor::Cursor;
pub use day_set::{DaySet, IntervalDays};
pub use directory::{Directory, District, DistrictPlace, Province};
pub use rebuild::Rebuild;
pub use resync::{Audit, Finding, Progress, Resync};
pub use search::{
    Area, Centre, ClinicFound, Count, Footing, NextTime, NextTimes, Order, SearchError, SearchPage, SearchRequest,
    Show, Totals,
};

/// Board, directory and campaigns that fit one another. Replaced whole when an import is activated or a campaign
/// published; the board's counts change under it.
#[derive(Debug)]
pub struct Availability {
    directory: Arc<Directory>,
    board: Arc<Board>,
    campaigns: Box<[CampaignRows]>,
}

/// The campaign's civil time now, as far as look-ups care: what has begun is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Today. Day 0 before the campaign's first; past the last, nothing is left.
    day: DayIndex,
    over: bool,
    /// The first minute of today at which a slot may still start.
    first_minute: MinuteOfDay,
}

impl Moment {
    /// Before the campaign's first day: everything is still to come.
    pub const BEFORE: Self = Self { day: DayIndex(0), over: false, first_minute: MinuteOfDay(0) };

    /// A time of one of the campaign's days; what starts at that minute has begun.
    pub fn at(day: DayIndex, minute: MinuteOfDay) -> Self {
        Self { day, over: false, first_minute: MinuteOfDay(minute.0.saturating_add(1)) }
    }

    /// An instant, in a campaign's civil time.
    pub fn of(campaign: &Campaign, now: UnixMillis) -> Self {
        let civil = now.civil(&campaign.time_zone);
        if civil.date() < campaign.first_day {
            return Self::BEFORE;
        }
        let minute = u16::from(civil.hour().unsigned_abs()) * 60 + u16::from(civil.minute().unsigned_abs());
        match DayIndex::of(civil.date(), campaign.first_day) {
            Some(day) => Self::at(day, MinuteOfDay(minute)),
            None => Self { over: true, ..Self::BEFORE },
        }
    }

    /// Today, if something of it is left, and every day after it.
    fn days_left(self) -> DaySet {
        if self.over { DaySet::EMPTY } else { DaySet::from_day(self.day) }
    }

    /// Whether a slot has not begun.
    fn is_ahead(self, day: DayIndex, start: MinuteOfDay) -> bool {
        !self.over && (day > self.day || day == self.day && start >= self.first_minute)
    }
}

/// Where a campaign's rows are on the board.
#[derive(Debug)]
struct CampaignRows {
    campaign: Arc<Campaign>,
    first: Box<[ProductRows]>,
    second: Box<[ProductRows]>,
}

/// The rows of a product and dose.
#[derive(Clone, Copy, Debug)]
struct ProductRows {
    product: ProductId,
    plane: u16,
    partner: Partner,
}

impl Availability {
    /// Nothing: no campaign, no clinic.
    pub fn empty() -> Self {
        let directory = Directory::new(Vec::new(), &[]);
        let board =
            BoardBuilder::default().finish(&directory).expect("a board without blocks has none that does not fit");
        Self::new(&[], Arc::new(directory), Arc::new(board))
    }

    /// Puts together what fits: campaigns by id, and a board laid out over the directory's ranks. Tells the board which
    /// doses these campaigns reserve in pairs, so only the sequencer's thread may call this with a board that is shown.
    pub fn new(campaigns: &[Arc<Campaign>], directory: Arc<Directory>, board: Arc<Board>) -> Self {
        let mut partners = vec![Partner::Unneeded; board.planes().len()];
        for campaign in campaigns.iter().filter(|campaign| campaign.dose_two == DoseTwoPolicy::Together) {
            pair_up(campaign, &board, &mut partners);
        }
        board.set_partners(&partners);
        let campaigns = campaigns.iter().map(|campaign| CampaignRows::new(campaign, &board, &partners)).collect();
        Self { directory, board, campaigns }
    }

    /// The same places under other versions of the campaigns.
    pub fn with_campaigns(&self, campaigns: &[Arc<Campaign>]) -> Self {
        Self::new(campaigns, Arc::clone(&self.directory), Arc::clone(&self.board))
    }

    /// The clinics and districts.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The places.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The campaign's civil time at an instant; of an unknown campaign nothing is left to be shown anyway.
    pub fn moment(&self, campaign: CampaignId, now: UnixMillis) -> Moment {
        self.campaign(campaign).map_or(Moment::BEFORE, |rows| Moment::of(&rows.campaign, now))
    }

    fn campaign(&self, id: CampaignId) -> Result<&CampaignRows, SearchError> {
        self.campaigns.get(usize::from(id.0)).ok_or(SearchError::CampaignUnknown)
    }
}

/// Notes for each first dose of a campaign that reserves both together which second it needs, and the other way round.
fn pair_up(campaign: &Campaign, board: &Board, partners: &mut [Partner]) {
    for product in &campaign.products {
        let plane = |dose| board.plane(Plane { campaign: campaign.id, product: product.id, dose });
        let (Some(interval), Some(first)) = (&product.interval, plane(DoseNumber::First)) else { continue };
        let interval = IntervalDays { min: *interval.allowed_days.start(), max: *interval.allowed_days.end() };
        let second = plane(DoseNumber::Second);
        partners[usize::from(first)] = second.map_or(Partner::Missing, |plane| Partner::Second { plane, interval });
        if let Some(second) = second {
            partners[usize::from(second)] = Partner::First { plane: first, interval };
        }
    }
}

impl CampaignRows {
    fn new(campaign: &Arc<Campaign>, board: &Board, partners: &[Partner]) -> Self {
        let rows = |dose: DoseNumber| {
            let products = campaign.products.iter().filter_map(|product| {
                let plane = board.plane(Plane { campaign: campaign.id, product: product.id, dose })?;
                Some(ProductRows { product: product.id, plane, partner: partners[usize::from(plane)] })
            });
            products.collect()
        };
        Self { first: rows(DoseNumber::First), second: rows(DoseNumber::Second), campaign: Arc::clone(campaign) }
    }

    /// The rows of a dose, of one product or all. None of them if nobody gives it.
    fn products(&self, dose: DoseNumber, product: Option<ProductId>) -> Result<&[ProductRows], SearchError> {
        let rows = match dose {
            DoseNumber::First => &self.first,
            DoseNumber::Second => &self.second,
        };
        let Some(product) = product else { return Ok(rows) };
        self.campaign.product(product).ok_or(SearchError::ProductUnknown)?;
        let position = rows.iter().position(|row| row.product == product);
        Ok(position.and_then(|at| rows.get(at..=at)).unwrap_or(&[]))
    }

    fn last_day(&self) -> DayIndex {
        DayIndex((self.campaign.days().clamp(1, DayIndex::MAX_DAYS) - 1) as u8)
    }
}

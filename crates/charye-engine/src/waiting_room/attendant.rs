//! Room: engine/waiting_room. What the lines need that is too much for the sequencer's thread: the draws' clerk, and a count
//! of the places left. On a thread of its own, of low priority; the simulator looks by hand.
//!
//! It must never hold anything that a restart would miss.

use std::sync::Arc;
use std::time::Duration;

use super::draw_clerk::{DrawClerk, Look};
use super::stock::{CampaignStock, Stock};
use crate::engine::Shared;

/// How often places left are counted.
const TAKE_STOCK_EVERY: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_millis(250);
const REST_BEFORE_ANSWER: Duration = Duration::from_millis(5);

/// The attendant.
pub(crate) struct Attendant {
    shared: Arc<Shared>,
    clerk: DrawClerk,
    stock_taken_at: Option<Duration>,
}

impl Attendant {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let clerk = DrawClerk::new(Arc::clone(&shared));
        Self { shared, clerk, stock_taken_at: None }
    }

    /// Runs until the engine ends.
    pub(crate) fn run(mut self) {
        loop {
            let rest = match self.look() {
                Look::Idle => REST,
                Look::Waits => REST_BEFORE_ANSWER,
                Look::Went => Duration::ZERO,
            };
            if self.shared.ending.wait_at_most(rest) {
                return;
            }
        }
    }

    /// Counts, if it is time, and takes every draw a step further.
    pub(crate) fn look(&mut self) -> Look {
        let monotonic = self.shared.clock.monotonic();
        if self.stock_taken_at.is_none_or(|at| monotonic.saturating_sub(at) >= TAKE_STOCK_EVERY) {
            self.stock_taken_at = Some(monotonic);
            self.take_stock();
        }
        self.clerk.look()
    }

    fn take_stock(&self) {
        let now = self.shared.pulse.now();
        let availability = self.shared.availability.load();
        let campaigns = self.shared.campaigns.load();
        let with_line = campaigns.iter().filter(|campaign| campaign.line.is_some());
        let of_campaign = |id| {
            let by_province = availability.places_left(id, availability.moment(id, now));
            (id, CampaignStock::new(by_province))
        };
        let stock = Stock::new(now, with_line.map(|campaign| of_campaign(campaign.id)).collect());
        self.shared.stock.store(Arc::new(stock));
    }
}

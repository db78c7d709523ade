//! Room: engine/availability. Places left of a campaign, by province: what those who wait in a line are told, and what the
//! line is paused by when nothing is left. Called by the waiting room's attendant, off every citizen's path.

use charye_domain::ids::CampaignId;

use super::{Availability, Moment};

impl Availability {
    /// Places left for first doses on days to come that can be reserved, by province (two-digit code), all products together.
    /// Provinces without any are told with 0. Work in proportion to clinics and days: some milliseconds for a nation.
    pub fn places_left(&self, campaign: CampaignId, moment: Moment) -> Vec<(u32, u32)> {
        let Ok(rows) = self.campaign(campaign) else { return Vec::new() };
        let days_left = moment.days_left();
        let of_clinic = |rank: u32| -> u32 {
            let of_product = |plane| {
                let row = self.board.row(plane, rank);
                self.board.places_on(row, self.board.open_days(row).and(days_left))
            };
            rows.first.iter().map(|product| of_product(product.plane)).sum()
        };
        let provinces = self.directory.provinces().iter();
        provinces.map(|province| (province.code, province.ranks.clone().map(of_clinic).sum())).collect()
    }
}

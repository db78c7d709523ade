//! Room: engine/waiting_room. How many places are left, as the attendant counted them a second ago. Read by the caller, who
//! pauses a line when nothing is left, and shown to those who wait.

use std::collections::BTreeMap;
use std::sync::Arc;

use charye_domain::ids::CampaignId;
use charye_domain::time::UnixMillis;

/// Places left of every campaign that has lines.
#[derive(Debug)]
pub(crate) struct Stock {
    /// When it was counted.
    pub(crate) at: UnixMillis,
    campaigns: BTreeMap<CampaignId, CampaignStock>,
}

/// Places left of one campaign.
#[derive(Clone, Debug)]
pub(crate) struct CampaignStock {
    pub(crate) by_province: Arc<[(u32, u32)]>,
    pub(crate) total: u32,
}

impl Default for Stock {
    fn default() -> Self {
        Self { at: UnixMillis(0), campaigns: BTreeMap::new() }
    }
}

impl Stock {
    pub(crate) fn new(at: UnixMillis, campaigns: BTreeMap<CampaignId, CampaignStock>) -> Self {
        Self { at, campaigns }
    }

    /// What is left of a campaign; none if it has not been counted.
    pub(crate) fn of(&self, campaign: CampaignId) -> Option<&CampaignStock> {
        self.campaigns.get(&campaign)
    }
}

impl CampaignStock {
    pub(crate) fn new(by_province: Vec<(u32, u32)>) -> Self {
        let total = by_province.iter().fold(0_u32, |sum, (_, places)| sum.saturating_add(*places));
        Self { by_province: by_province.into(), total }
    }
}

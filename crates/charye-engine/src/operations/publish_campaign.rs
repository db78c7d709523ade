//! Room: engine/operations. Publishes a campaign or its next version: the only way a campaign enters.
//!
//! Called by `server/commands` (`charye campaign publish`, `charye demo`). It never reads files: it is given the text
//! and the reader of such texts (`campaign/`), because id and version are only known here.

use std::sync::Arc;

use charye_domain::book::{Action, Command, Outcome, Provenance};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, CampaignVersion};

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// A campaign that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub campaign: CampaignId,
    pub version: CampaignVersion,
}

/// Why a campaign was not published.
#[derive(Debug)]
pub enum PublishFailure<E> {
    /// The text does not read as a campaign.
    Unreadable(E),
    Failed(Failure),
}

/// Publishes the campaign in `text`: as new if no campaign has its code, else as that campaign's next version. Blocks.
///
/// # Errors
/// `Unreadable`: `read` says why. `Failed`: as [`Engine::command`]; `campaign_version_stale` if another version was
/// published in between.
pub fn publish_campaign<E>(
    engine: &Engine,
    by: Provenance,
    text: &str,
    read: &dyn Fn(&str, CampaignId, CampaignVersion) -> Result<Campaign, E>,
) -> Result<Answered<Published>, PublishFailure<E>> {
    let in_force = engine.campaigns();
    let next_id = CampaignId(u16::try_from(in_force.len()).unwrap_or(u16::MAX));
    let mut campaign = read(text, next_id, CampaignVersion(1)).map_err(PublishFailure::Unreadable)?;
    if let Some(before) = in_force.by_code(&campaign.code) {
        let next_version = CampaignVersion(before.version.0.saturating_add(1));
        campaign = read(text, before.id, next_version).map_err(PublishFailure::Unreadable)?;
    }
    let action = Action::PublishCampaign { campaign: Arc::new(campaign), text: Arc::from(text) };
    let answered = engine.submit_blocking(Command { by, operation: None, action }).map_err(PublishFailure::Failed)?;
    match answered.value {
        Outcome::Published { campaign, version } => Ok(answered.map(|_| Published { campaign, version })),
        _ => Err(PublishFailure::Failed(mismatched("publish a campaign"))),
    }
}

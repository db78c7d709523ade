//! Room: server/commands. `charye campaign publish`: the only way a campaign enters an installation.

use anyhow::anyhow;
use charye_domain::book::{Actor, Channel, Provenance, StaffNumber};
use charye_engine::Engine;
use charye_engine::campaign::{CampaignFile, canonical_text, read_published};
use charye_engine::operations::{PublishFailure, Published, publish_campaign};

use super::check_config;
use super::installed::Installed;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring;

/// Whoever sits at the prompt of the machine: an operator without an account.
pub(crate) const AT_THE_PROMPT: Provenance =
    Provenance { actor: Actor::Operator(StaffNumber(0)), channel: Channel::CommandLine, reason: 0 };

pub(crate) fn run(file: &std::path::Path, installed: &Installed) -> Result<(), Ending> {
    let file = super::campaign::read(file)?;
    let config = check_config::read(installed.config.as_deref())?;
    let installation = wiring::open(&installed.overlay(config))?;
    let published = publish(&installation.engine, &file);
    installation.engine.stop();
    let Published { campaign, version } = published?;
    say(&format!("{} is published: campaign {campaign}, version {version}", file.campaign.code));
    Ok(())
}

/// Publishes a campaign file in its canonical text.
pub(crate) fn publish(engine: &Engine, file: &CampaignFile) -> Result<Published, Ending> {
    let text = canonical_text(file);
    match publish_campaign(engine, AT_THE_PROMPT, &text, &read_published) {
        Ok(answered) => Ok(answered.value),
        Err(PublishFailure::Unreadable(errors)) => Err(Ending::Unreadable { words: errors.to_string() }),
        Err(PublishFailure::Failed(failure)) => {
            Err(Ending::Fault(anyhow!("the campaign was not published: {}", failure.code())))
        }
    }
}

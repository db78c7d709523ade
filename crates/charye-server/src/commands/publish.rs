//! Room: server/commands. `charye campaign publish`: the only way a campaign enters an installation.

use anyhow::anyhow;
use charye_domain::book::{Actor, Channel, Provenance, StaffNumber};
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::identity::Assurance;
use charye_engine::Engine;
use charye_engine::campaign::{CampaignFile, canonical_text, read_published, uniqueness_word};
use charye_engine::operations::{PublishFailure, Published, publish_campaign};

use super::installed::Installed;
use crate::config::Config;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring;

/// Whoever sits at the prompt of the machine: an operator without an account.
pub(crate) const AT_THE_PROMPT: Provenance =
    Provenance { actor: Actor::Operator(StaffNumber(0)), channel: Channel::CommandLine, reason: 0 };

pub(crate) fn run(file: &std::path::Path, installed: &Installed) -> Result<(), Ending> {
    let file = super::campaign::read(file)?;
    let config = installed.config()?;
    check_servable(&config, &file)?;
    let installation = wiring::open(&config)?;
    let published = publish(&installation.engine, &file);
    installation.engine.stop();
    let Published { campaign, version } = published?;
    say(&format!("{} is published: campaign {campaign}, version {version}", file.campaign.code));
    Ok(())
}

/// Refuses a campaign into which nobody could sign in: no configured provider asserts what it goes by, or strongly enough. An
/// installation whose providers are not configured yet may publish before it has them.
fn check_servable(config: &Config, file: &CampaignFile) -> Result<(), Ending> {
    let Campaign { code, uniqueness, least_assurance, .. } = &file.campaign;
    let unreadable = |words: String| Ending::Unreadable { words: format!("charye: {words}") };
    let asserted = config.identity.asserted().map_err(|unfit| unreadable(unfit.to_string()))?;
    let rehearses = config.rehearsal.enabled && *uniqueness == UniquenessScheme::Rehearsal;
    let serves =
        |(scheme, level): &(UniquenessScheme, Assurance)| scheme == uniqueness && level.suffices_for(*least_assurance);
    if rehearses || asserted.is_empty() || asserted.iter().any(serves) {
        return Ok(());
    }
    let wanted = uniqueness_word(*uniqueness);
    let level = match least_assurance {
        Assurance::Rehearsed => String::new(),
        least => format!(" at {} or stronger", least.code()),
    };
    Err(unreadable(format!(
        "{code} goes by {wanted}{level}, and no provider of [[identity.provider]] asserts that: nobody could sign in for it"
    )))
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

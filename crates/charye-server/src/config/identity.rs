//! Room: server/config. `[identity]`: which identity providers there are. The section's own words are the gateway's; here
//! stands what it needs from the environment, and that a rehearsal's exceptions stay in rehearsals.

use charye_gateway::identity::IdentitySection;

use super::ConfigError;

/// Whether the section reads and fits the rest, without fetching a secret.
///
/// # Errors
/// The first thing that is wrong, with its provider.
pub(super) fn check(section: &IdentitySection, is_rehearsal: bool) -> Result<(), ConfigError> {
    section.check(is_rehearsal).map_err(|unfit| ConfigError::Unfit { reason: unfit.to_string() })
}

/// The defence that a build for attack tests is told to do without.
#[expect(clippy::disallowed_methods, reason = "configuration enters here")]
pub(crate) fn weakness_of_environment() -> Option<String> {
    std::env::var("WEAK_DEFENCE").ok()
}

/// A secret out of the environment, by the name that the configuration gives.
#[expect(clippy::disallowed_methods, reason = "configuration enters here")]
pub(crate) fn secret_of_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

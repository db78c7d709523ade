//! Room: server/config. `[log]`: how much is said on stderr.

use serde::Deserialize;
use tracing::level_filters::LevelFilter;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSection {
    /// A level or a filter: `info`, `warn,charye_web=debug`.
    pub(crate) level: String,
}

impl LogSection {
    /// A word that is no level. A filter would take it for the name of a place in the code, and nothing would be said.
    pub(super) fn unfit(&self) -> Option<String> {
        let level = |part: &'_ str| part.rsplit_once('=').map_or(part, |(_, level)| level).trim().to_owned();
        let unknown = self.level.split(',').map(level).find(|level| level.parse::<LevelFilter>().is_err())?;
        Some(format!("[log] level: `{unknown}` is none; write off, error, warn, info, debug or trace"))
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: "info".to_owned() }
    }
}

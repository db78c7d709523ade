//! Room: server/config. `[data]`: where everything is kept that must not be lost.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DataSection {
    /// Journal, projections, people, snapshots; one process a folder.
    pub(crate) folder: PathBuf,
    /// `keys.toml`; in the data folder if left out. Better elsewhere: who copies the data should not have the keys.
    pub(crate) key_file: Option<PathBuf>,
}

impl DataSection {
    /// Where the key file is.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.folder.join("keys.toml"))
    }
}

impl Default for DataSection {
    fn default() -> Self {
        Self { folder: PathBuf::from("data"), key_file: None }
    }
}

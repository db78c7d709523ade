//! Room: server/commands. The arguments that name an installation: its configuration, or just its folder.

use std::path::{Path, PathBuf};

use charye_ledger::data_folder::DataFolder;
use clap::Args;

use super::check_config;
use crate::config::Config;
use crate::exit::Ending;

#[derive(Args, Debug)]
pub(crate) struct Installed {
    /// The configuration of the installation
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Its data folder, if not the configuration's
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl Installed {
    /// The configuration with this command's folder in it.
    ///
    /// # Errors
    /// `Unreadable`: the configuration is not sound.
    pub(crate) fn config(&self) -> Result<Config, Ending> {
        let mut config = check_config::read(self.config.as_deref())?;
        if let Some(folder) = &self.data {
            config.data.folder.clone_from(folder);
        }
        Ok(config)
    }
}

/// A folder that an installation stands in, to look into. Asked first also by what writes into an installation and makes
/// none: a folder that is mistyped must not be made.
///
/// # Errors
/// `Unreadable`: there is no folder, or no journal in it.
pub(crate) fn standing(folder: &Path) -> Result<DataFolder, Ending> {
    let folder = DataFolder::for_reading(folder)?;
    if folder.journal().exists() {
        return Ok(folder);
    }
    Err(Ending::Unreadable { words: format!("charye: there is no journal in {}", folder.path().display()) })
}

//! Room: server/commands. The arguments that name an installation: its configuration, or just its folder.

use std::path::PathBuf;

use clap::Args;

use crate::config::Config;

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
    pub(crate) fn overlay(&self, mut config: Config) -> Config {
        if let Some(folder) = &self.data {
            config.data.folder.clone_from(folder);
        }
        config
    }
}

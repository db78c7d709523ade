//! Room: server/commands. `charye check-config`: is the configuration sound, and what is in force?

use std::path::PathBuf;

use clap::Args;

use crate::config::Config;
use crate::exit::Ending;
use crate::output::say;

#[derive(Args, Debug)]
pub(crate) struct CheckConfig {
    /// The configuration, TOML; `CHARYE_SECTION__KEY` variables override it
    file: Option<PathBuf>,
}

pub(crate) fn run(wanted: &CheckConfig) -> Result<(), Ending> {
    let config = read(wanted.file.as_deref())?;
    say(&config.to_string());
    Ok(())
}

/// Reads a configuration; what is wrong with it ends the command.
pub(crate) fn read(file: Option<&std::path::Path>) -> Result<Config, Ending> {
    Config::read(file).map_err(|error| Ending::unfit(&error))
}

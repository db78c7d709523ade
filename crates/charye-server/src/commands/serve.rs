//! Room: server/commands. `charye serve`: the whole of it, on one machine, over one data folder.

use std::path::PathBuf;

use charye_ledger::journal::CrashHook;
use clap::Args;

use super::check_config;
use crate::exit::Ending;
use crate::lifecycle::Ready;
use crate::output::say;
use crate::{telemetry, weak_build, wiring};

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The configuration, TOML; `CHARYE_SECTION__KEY` variables override it
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(crate) fn run(wanted: &Serve, crash_hook: Option<CrashHook>) -> Result<(), Ending> {
    let config = check_config::read(wanted.config.as_deref())?;
    telemetry::log_to_stderr(&config.log.level)?;
    weak_build::do_without(config.rehearsal.enabled, config.listen.address)?;
    let counted = telemetry::count()?;
    let installation = wiring::open_with(&config, crash_hook)?;
    let ready = Ready::prepare(config, installation, counted)?;
    if let Some(address) = ready.operations_address() {
        say(&format!("operators http://{address}"));
    }
    if let Some(address) = ready.agents_address() {
        say(&format!("agents {}://{address}", ready.scheme()));
    }
    say(&format!("ready {}://{}", ready.scheme(), ready.address()));
    ready.serve()
}

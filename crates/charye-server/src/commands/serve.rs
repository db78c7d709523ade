//! Room: server/commands. `charye serve`: the whole of it, on one machine, over one data folder.

use std::path::PathBuf;

use charye_ledger::journal::CrashHook;
use charye_web::gate::Defence;
use clap::Args;

use super::check_config;
use crate::config::{Config, weakness_of_environment};
use crate::exit::Ending;
use crate::lifecycle::Ready;
use crate::output::say;
use crate::{telemetry, wiring};

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The configuration, TOML; `CHARYE_SECTION__KEY` variables override it
    #[arg(long)]
    config: Option<PathBuf>,
}

pub(crate) fn run(wanted: &Serve, crash_hook: Option<CrashHook>) -> Result<(), Ending> {
    let config = check_config::read(wanted.config.as_deref())?;
    telemetry::log_to_stderr(&config.log.level)?;
    do_without(&config)?;
    let installation = wiring::open_with(&config, crash_hook)?;
    let ready = Ready::prepare(config, installation)?;
    if let Some(address) = ready.operations_address() {
        say(&format!("operators http://{address}"));
    }
    say(&format!("ready {}://{}", ready.scheme(), ready.address()));
    ready.serve()
}

/// In a build for attack tests: does without the defence that the environment names, and says so. Nothing but a rehearsal
/// on this very machine may run so.
fn do_without(config: &Config) -> Result<(), Ending> {
    let weak: Vec<_> = Defence::ALL.iter().filter(|defence| defence.can_be_off()).collect();
    if weak.is_empty() {
        return Ok(());
    }
    if !config.rehearsal.enabled || !config.listen.address.ip().is_loopback() {
        let words = "charye: this build can do without its defences: it serves rehearsals on loopback only".to_owned();
        return Err(Ending::Unreadable { words });
    }
    let named = weakness_of_environment();
    let off = weak.into_iter().find(|defence| named.as_deref() == Some(defence.name()));
    say(&format!("WEAK     this build is for attack tests only; without: {}", off.map_or("nothing", |off| off.name())));
    if let Some(off) = off {
        off.switch_off();
    }
    Ok(())
}

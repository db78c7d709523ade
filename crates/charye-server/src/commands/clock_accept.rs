//! Room: server/commands. `charye clock accept`: an operator vouches for the wall clock after a jump, while no server runs.

use anyhow::anyhow;
use charye_engine::operations::accept_clock;
use clap::Subcommand;

use super::installed::{Installed, standing};
use super::publish::AT_THE_PROMPT;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Take the machine's clock as right; recorded. Holds and visits are extended by what was missed
    Accept(Installed),
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let Command::Accept(installed) = command;
    let config = installed.config()?;
    standing(&config.data.folder)?;
    let installation = wiring::open(&config)?;
    let engine = &installation.engine;
    let accepted = accept_clock(engine, AT_THE_PROMPT);
    let now = jiff::Timestamp::from_millisecond(engine.now().0);
    engine.stop();
    let accepted =
        accepted.map_err(|failure| Ending::Fault(anyhow!("the clock was not accepted: {}", failure.code())))?;
    let now = now.map_or_else(|_| "beyond the calendar".to_owned(), |now| now.to_string());
    say(&format!("the clock is accepted as of entry {}; it is {now}", accepted.seq));
    Ok(())
}

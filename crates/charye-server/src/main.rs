//! Charye's program: configuration, wiring, listeners, start, drain, stop, commands. Changes when the deployment changes.
//!
//! It must never hold a rule: commands parse, call the engine or a store, and print.

use std::process::ExitCode;

use clap::Parser as _;

mod clock;
mod commands;
mod config;
mod exit;
mod lifecycle;
mod output;
mod telemetry;
mod wiring;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => ending.report(),
    }
}

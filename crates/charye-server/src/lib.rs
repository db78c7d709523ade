//! Charye's program: configuration, wiring, listeners, start, drain, stop, commands. Changes when the deployment changes.
//!
//! Called by `main.rs`, and by the kill test, which is the same program with crash points. It must never hold a rule:
//! commands parse, call the engine or a store, and print.

use std::process::ExitCode;

use charye_ledger::journal::CrashHook;
use clap::Parser as _;

mod clock;
mod commands;
mod config;
mod exit;
mod identity;
mod lifecycle;
mod made_people;
mod output;
mod telemetry;
mod watch;
mod weak_build;
mod wiring;

/// Where the whole program's memory comes from: docs/adr/0010-allocator.md.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the command that the process was started with, and gives its exit code.
///
/// `crash_hook` is called at the journal's named points while `charye serve` runs. The released program has none: only a
/// test that ends its own process brings one.
pub fn run(crash_hook: Option<CrashHook>) -> ExitCode {
    let arguments = commands::Arguments::parse();
    match commands::run(arguments, crash_hook) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => ending.report(),
    }
}

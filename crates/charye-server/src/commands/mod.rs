//! Room: server/commands. One file a command: arguments in, work, words out.

use clap::{Parser, Subcommand};

use crate::exit::Ending;

mod campaign;
mod check_config;
mod doctor;
mod keys;
mod nation;

/// Charye (차례, "one's turn"): reservations for the evening when everyone comes at once.
#[derive(Debug, Parser)]
#[command(name = "charye", version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check, show, compare and publish campaign files
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// Say whether a configuration is sound, and what is in force
    CheckConfig(check_config::CheckConfig),
    /// Look at disk, limits, clock and settings, with advice
    Doctor(doctor::Doctor),
    /// Make, rotate, retire and list the keys of an installation
    #[command(subcommand)]
    Keys(keys::Command),
    /// Generate a nation of clinics and test people
    #[command(subcommand)]
    Nation(nation::Command),
}

/// Runs the command that was asked for.
pub(crate) fn run(arguments: Arguments) -> Result<(), Ending> {
    match arguments.command {
        Command::Campaign(command) => campaign::run(command),
        Command::CheckConfig(wanted) => check_config::run(&wanted),
        Command::Doctor(wanted) => doctor::run(&wanted),
        Command::Keys(command) => keys::run(command),
        Command::Nation(command) => nation::run(&command),
    }
}

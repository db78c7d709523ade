//! Room: server/commands. One file a command: arguments in, work, words out.

use charye_ledger::journal::CrashHook;
use clap::{Parser, Subcommand};

use crate::exit::Ending;

mod audit;
mod campaign;
mod check_config;
mod clock_accept;
mod demo;
mod doctor;
mod draw;
mod dry_run;
mod fill_line;
mod import;
mod installed;
mod keys;
mod nation;
mod operators_client;
mod projection;
mod publish;
mod rehearse;
mod serve;
mod steer;
mod steer_provider;

/// Charye (차례, "one's turn"): reservations for the evening when everyone comes at once.
#[derive(Debug, Parser)]
#[command(name = "charye", version = crate::weak_build::VERSION, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare everything kept with the journal, and tell its stories
    #[command(subcommand)]
    Audit(audit::Command),
    /// Check, show, compare and publish campaign files
    #[command(subcommand)]
    Campaign(campaign::Command),
    /// Say whether a configuration is sound, and what is in force
    CheckConfig(check_config::CheckConfig),
    /// Vouch for the machine's clock after a jump
    #[command(subcommand)]
    Clock(clock_accept::Command),
    /// Open the campaign of August 2021 today, over a made-up nation
    Demo(demo::Demo),
    /// Look at disk, limits, clock and settings, with advice
    Doctor(doctor::Doctor),
    /// Recompute a published draw
    #[command(subcommand)]
    Draw(draw::Command),
    /// Have made-up people wait in a rehearsal's line
    FillLine(fill_line::FillLine),
    /// Import clinics and their sessions
    #[command(subcommand)]
    Import(import::Command),
    /// Make, rotate, retire and list the keys of an installation
    #[command(subcommand)]
    Keys(keys::Command),
    /// Generate a nation of clinics and test people
    #[command(subcommand)]
    Nation(nation::Command),
    /// Fill the SQL tables behind the journal anew
    #[command(subcommand)]
    Projection(projection::Command),
    /// Look at the identity providers of a running installation, and open, close or cap one
    Provider(steer_provider::SteerProvider),
    /// Play an evening against a server of one's own, and report
    Rehearse(rehearse::Rehearse),
    /// Serve citizens over a data folder
    ///
    /// SIGTERM ends it in order. Where it speaks TLS itself, SIGHUP has the certificate and its key read again: whoever comes from
    /// then on is shown them, and nobody who is connected is disturbed.
    Serve(serve::Serve),
    /// Look at the lines of a running installation, and change them
    Steer(steer::Steer),
}

/// Runs the command that was asked for; `crash_hook` is for `serve` alone.
pub(crate) fn run(arguments: Arguments, crash_hook: Option<CrashHook>) -> Result<(), Ending> {
    match arguments.command {
        Command::Audit(command) => audit::run(&command),
        Command::Campaign(command) => campaign::run(command),
        Command::CheckConfig(wanted) => check_config::run(&wanted),
        Command::Clock(command) => clock_accept::run(&command),
        Command::Demo(wanted) => demo::run(&wanted),
        Command::Doctor(wanted) => doctor::run(&wanted),
        Command::Draw(command) => draw::run(&command),
        Command::FillLine(wanted) => fill_line::run(&wanted),
        Command::Import(command) => import::run(&command),
        Command::Keys(command) => keys::run(&command),
        Command::Nation(command) => nation::run(&command),
        Command::Projection(command) => projection::run(&command),
        Command::Provider(wanted) => steer_provider::run(&wanted),
        Command::Rehearse(wanted) => rehearse::run(&wanted),
        Command::Serve(wanted) => serve::run(&wanted, crash_hook),
        Command::Steer(wanted) => steer::run(&wanted),
    }
}

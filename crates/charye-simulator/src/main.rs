//! Room: simulator. Plays evenings from the command line, with a plain transcript: what a failing seed is looked into with.
//!
//! `cargo run -p charye-simulator -- surge --seed N [--count N]`. It must never print what differs from run to run.

use std::io::Write as _;
use std::process::ExitCode;

use charye_simulator::surge::{Played, Scenario, play};

const USAGE: &str = "\
charye-simulator surge --seed N [--count N]   plays one random evening, or N of them from seed N on
charye-simulator surge --seed N --scenario    says what happens on an evening, without playing it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match arguments.as_slice() {
        ["surge", "--seed", seed] => number(seed).map_or_else(usage, |seed| surges(seed, 1)),
        ["surge", "--seed", seed, "--count", count] => {
            number(seed).zip(number(count)).map_or_else(usage, |(seed, count)| surges(seed, count))
        }
        ["surge", "--seed", seed, "--scenario"] => number(seed).map_or_else(usage, |seed| {
            say(&format!("{:#?}", Scenario::random(seed)));
            ExitCode::SUCCESS
        }),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    say(USAGE);
    ExitCode::from(2)
}

fn surges(first: u64, count: u64) -> ExitCode {
    let mut failed = 0;
    for seed in first..first.saturating_add(count) {
        match play(&Scenario::random(seed)) {
            Ok(played) => {
                failed += u64::from(!played.history.breaches.is_empty());
                tell(&played);
            }
            Err(failure) => {
                failed += 1;
                say(&format!("seed {seed}: {failure:?}"));
            }
        }
    }
    say(&format!("{failed} of {count} evenings broke a law"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(played: &Played) {
    let Played { seed, people, history, entries, rows, process_starts, simulated_secs } = played;
    say(&format!(
        "seed {seed}: {people} people, {simulated_secs} s, {} visits, {} reservations, {} returners, at most {} seats; \
         {entries} entries in {rows} rows, {process_starts} starts; {} polls, {} places compared, {} ranges judged, \
         {} void, {} answers settled; said no: {:?}",
        history.starts.len(),
        history.confirmed.len(),
        history.returners,
        history.occupied_max,
        history.polls,
        history.places_compared,
        history.told.len(),
        history.void_ranges,
        history.settled,
        history.said_no,
    ));
    for breach in &history.breaches {
        say(&format!("  {}: {}", breach.law, breach.what));
    }
    if !history.breaches.is_empty() {
        say(&format!(
            "  {} breaches; again: cargo run -p charye-simulator -- surge --seed {seed}",
            history.breaches_in_all
        ));
    }
}

/// Whoever stops reading has read enough.
fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

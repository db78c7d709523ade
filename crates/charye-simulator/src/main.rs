//! Room: simulator. Plays evenings from the command line, with a plain transcript: what a failing seed is looked into with.
//!
//! `cargo run -p charye-simulator -- surge --seed N [--kind KIND] [--count N]`. It must never print what differs from run to run.

use std::io::Write as _;
use std::process::ExitCode;

use charye_simulator::surge::{Kind, Played, Scenario, play};

const USAGE: &str = "\
charye-simulator surge --seed N [--kind KIND] [--count N]   plays one evening, or several from seed N on
charye-simulator surge --seed N [--kind KIND] --scenario    says what happens on it, without playing it

KIND is random (as if not given), without-a-line, most-are-gone or long-wait";

/// What is asked.
#[derive(Default)]
struct Asked {
    seed: Option<u64>,
    kind: Option<Kind>,
    count: Option<u64>,
    scenario: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(Asked { seed: Some(seed), kind, count, scenario }) = asked(&arguments) else {
        say(USAGE);
        return ExitCode::from(2);
    };
    let kind = kind.unwrap_or(Kind::Random);
    if scenario {
        say(&format!("{:#?}", Scenario::of(kind, seed)));
        return ExitCode::SUCCESS;
    }
    surges(kind, seed, count.unwrap_or(1))
}

fn asked(arguments: &[&str]) -> Option<Asked> {
    let ["surge", rest @ ..] = arguments else { return None };
    let mut asked = Asked::default();
    let mut rest = rest.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--seed" => asked.seed = Some(rest.next()?.parse().ok()?),
            "--count" => asked.count = Some(rest.next()?.parse().ok()?),
            "--kind" => {
                let name = *rest.next()?;
                asked.kind = Some(Kind::ALL.into_iter().find(|kind| kind.name() == name)?);
            }
            "--scenario" => asked.scenario = true,
            _ => return None,
        }
    }
    Some(asked)
}

fn surges(kind: Kind, first: u64, count: u64) -> ExitCode {
    let mut failed = 0;
    for seed in first..first.saturating_add(count) {
        let scenario = Scenario::of(kind, seed);
        match play(&scenario) {
            Ok(played) => {
                failed += u64::from(!played.history.breaches.is_empty());
                tell(&scenario, &played);
            }
            Err(failure) => {
                failed += 1;
                say(&format!("seed {seed}: {failure:?}; again: {}", scenario.again()));
            }
        }
    }
    say(&format!("{failed} of {count} evenings broke a law"));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(scenario: &Scenario, played: &Played) {
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
        say(&format!("  {} breaches; again: {}", history.breaches_in_all, scenario.again()));
    }
}

/// Whoever stops reading has read enough.
fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

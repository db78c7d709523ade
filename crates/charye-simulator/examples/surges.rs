//! The figures of the line, in simulated time on the engine's own code: a thousand random surges, no-shows, long waits, and
//! overload. Every figure is a line of JSON: `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. Nothing here
//! depends on how quick or busy this machine is.
//!
//! `cargo xtask bench surges`, or `cargo run --release -p charye-simulator --example surges -- [EVENINGS]`.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use charye_domain::ids::Person;
use charye_domain::waiting_room::line::Line;
use charye_domain::waiting_room::place::Place;
use charye_simulator::chance::Chance;
use charye_simulator::country::OPENS;
use charye_simulator::overload::{Machine, OverloadFailure, offer};
use charye_simulator::surge::{Honesty, Played, Scenario, SurgeFailure, play};

const EVENINGS: u64 = 1_000;
const LONG_EVENINGS: u64 = 12;
const GONE_EVENINGS: u64 = 6;

fn main() -> ExitCode {
    let evenings = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(EVENINGS);
    let measured = random_evenings(evenings)
        .and_then(|()| no_stall())
        .and_then(|()| estimates())
        .map(|()| memory())
        .map_err(|failure| format!("{failure:?}"))
        .and_then(|()| overload().map_err(|failure| format!("{failure:?}")));
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("could not measure: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// A thousand random surges: nothing may be broken in any of them.
fn random_evenings(evenings: u64) -> Result<(), SurgeFailure> {
    let (mut cap, mut order, mut one_place, mut others) = (0, 0, 0, 0);
    let (mut visits, mut reservations, mut compared, mut returners, mut starts, mut polls) = (0, 0, 0, 0, 0, 0);
    for seed in 0..evenings {
        let scenario = Scenario::random(seed);
        let Played { history, process_starts, .. } = play(&scenario)?;
        for breach in &history.breaches {
            say(&format!("seed {seed}: {}: {}; again: {}", breach.law, breach.what, scenario.again()));
            match breach.law {
                "cap" => cap += 1,
                "I10" => order += 1,
                "one place" => one_place += 1,
                _ => others += 1,
            }
        }
        visits += history.starts.len() as u64;
        reservations += history.confirmed.len() as u64;
        compared += history.places_compared;
        returners += history.returners;
        polls += history.polls;
        starts += u64::from(process_starts);
    }
    say(&format!(
        "{evenings} evenings: {visits} visits, {reservations} reservations, {returners} returners, {polls} polls, \
         {compared} places compared, {starts} starts of a process"
    ));
    none("surge.cap_exceeded", cap);
    none("surge.let_in_past_a_lower_place", order);
    none("surge.place_differs_between_devices", one_place);
    none("surge.other_laws_broken", others);
    Ok(())
}

/// 60 of a hundred gone: the worst half minute, from half a minute after the opening on.
fn no_stall() -> Result<(), SurgeFailure> {
    const TARGET_PER_SEC: f64 = 20.0;
    let (mut worst, mut broken) = (0.0_f64, 0);
    for seed in 0..GONE_EVENINGS {
        let played = play(&Scenario::most_are_gone(seed, 1_200))?;
        for from in [30, 60, 90, 120] {
            let per_sec = played.history.starts_per_sec(OPENS, from, from + 30);
            worst = worst.max((per_sec - TARGET_PER_SEC).abs() * 100.0 / TARGET_PER_SEC);
        }
        broken += played.history.breaches_in_all;
    }
    none("surge.laws_broken_with_most_gone", broken);
    figure("surge.starts_off_target_with_60_percent_gone", worst, "%", "<= 10", worst <= 10.0);
    Ok(())
}

fn estimates() -> Result<(), SurgeFailure> {
    let mut told = Vec::new();
    let mut broken = 0;
    for seed in 0..LONG_EVENINGS {
        let played = play(&Scenario::long_wait(seed, 4))?;
        broken += played.history.breaches_in_all;
        told.extend(played.history.told);
    }
    let Honesty { judged, kept_percent, median_error, long_waits } = Honesty::of(told.iter());
    say(&format!("{judged} first ranges judged, {long_waits} of them of waits over five minutes"));
    none("surge.laws_broken_on_long_evenings", broken);
    figure("surge.served_within_the_first_range", kept_percent, "%", ">= 90", kept_percent >= 90.0);
    figure("surge.median_error_of_the_middle", median_error * 100.0, "%", "<= 15", median_error <= 0.15);
    Ok(())
}

/// Ten million people in one line: what polls look at, and what finds a place again.
fn memory() {
    const PEOPLE: u32 = 10_000_000;
    let mut chance = Chance::new(1);
    let mut line = Line::new(22 * 3_600_000, PEOPLE, PEOPLE);
    for person in (0..PEOPLE).map(Person) {
        // A line with room for all of them refuses nobody.
        let _ = line.arrive(person, Place(chance.bits() >> 1));
    }
    let polled = line.waiting().bytes() as f64 / f64::from(1 << 20);
    let index = line.index_bytes() as f64 / f64::from(line.people());
    figure("line.bytes_that_polls_look_at", polled, "MiB", "<= 16", polled <= 16.0);
    figure("line.index_bytes_a_person", index, "B", "<= 48", line.people() == PEOPLE && index <= 48.0);
}

fn overload() -> Result<(), OverloadFailure> {
    for burn_us in [20, 200, 1_000] {
        let machine = Machine {
            burn: Duration::from_micros(burn_us),
            sync: Duration::from_millis(2),
            lasts: Duration::from_secs(6),
            seed: burn_us,
        };
        let most = 1_000_000.0 / (burn_us as f64 * 3.0);
        let peak = offer(&machine, most * 1.2)?;
        let at_80_percent = offer(&machine, peak.reserved_per_sec * 0.8)?;
        let overload = offer(&machine, peak.reserved_per_sec * 20.0)?;
        say(&format!("{burn_us} us a command: peak {peak:?}; at 80 % {at_80_percent:?}; 20 x {overload:?}"));
        let goodput = overload.reserved_per_sec * 100.0 / peak.reserved_per_sec;
        let id = format!("overload.reserved_at_20_times_of_peak.{burn_us}us");
        figure(&id, goodput, "%", ">= 95", goodput >= 95.0);
        let slower = overload.confirm_p99.as_secs_f64() / at_80_percent.confirm_p99.as_secs_f64();
        let id = format!("overload.confirm_p99_of_that_at_80_percent.{burn_us}us");
        figure(&id, slower, "times", "<= 1.5", slower <= 1.5);
    }
    Ok(())
}

fn none(id: &str, value: u64) {
    figure(id, value as f64, "cases", "0", value == 0);
}

fn figure(id: &str, value: f64, unit: &str, goal: &str, met: bool) {
    say(&format!(
        r#"{{"id":"{id}","value":{value:.3},"unit":"{unit}","baseline":null,"ratio":null,"goal":"{goal}","met":{met}}}"#
    ));
}

/// Whoever stops reading has read enough.
fn say(line: &str) {
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}

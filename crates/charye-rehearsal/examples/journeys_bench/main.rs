//! Room: rehearsal, bench `journeys`. How many citizens get a reservation in a minute on this machine, the generator
//! included, and what each costs: the shortest API journey of sign-in, place in the line, two polls, visit, look-up of
//! twenty clinics, hold and confirm, every check on, every answer durable.
//!
//! `cargo run --release -p charye-rehearsal --example journeys_bench` builds both servers (`-- --as-built` takes them as
//! they stand), plays on a demo at full scale whose last opening is today's, so that hundreds of thousands may reserve, and
//! prints one JSON object a figure. Everybody is somebody else and reserves once. CPU is the whole server process's, the
//! projector included: it is waited for. Afterwards the journal is audited; a run with a finding is no figure.

mod journey;
mod places;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../stage/mod.rs"]
mod stage;

use std::path::Path;
use std::time::Duration;

use journey::{Played, STEPS};
use stage::Failure;
use stage::askings::Citizen;
use stage::figures::{Goal, figure};
use stage::people::{self, Client};
use stage::program::cpu_in;
use stage::servers::{Programs, catch_up, echo_us};

const CAMPAIGN: &str = "kr-2021-18-49";
const TEST_PEOPLE: &str = "1000000";
const CITIZENS_MAX: usize = 700_000;
/// Each citizen waits a tenth of a second to be called, so there must be many at a time: as many as one address may
/// have connections.
const CONNECTIONS: usize = 500;
const TIME: Duration = Duration::from_secs(60);

fn main() -> Result<(), Failure> {
    let programs = Programs::ready()?;
    let data = programs.folder.join("demo-of-everyone");
    let charye = programs.demo(&data, &["--fresh", "--everyone", "--citizens", TEST_PEOPLE])?;
    let echo = programs.echo()?;
    let citizens = who_reserve(&mut Client::connect(charye.target)?, &data)?;
    charye.settle()?;

    let echo_before = echo_us(&echo)?;
    let (cpu, own) = (charye.cpu()?, cpu_of_self()?);
    let played = journey::play(charye.target, CAMPAIGN, citizens, CONNECTIONS, TIME)?;
    let own = cpu_of_self()? - own;
    let serving = charye.cpu()? - cpu;
    // The first connection has idled for a minute by now: the server has closed it.
    catch_up(&mut Client::connect(charye.target)?)?;
    let whole = charye.cpu()? - cpu;
    let echo_us = echo_before.min(echo_us(&echo)?);
    charye.stop()?;
    programs.audit(&data)?;
    tell(&played, (serving, whole, own), echo_us)
}

fn tell(played: &Played, cpu: (Duration, Duration, Duration), echo_us: f64) -> Result<(), Failure> {
    let (serving, whole, own) = cpu;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / played.completed.max(1) as f64;
    let per_sec = played.completed as f64 / played.wall.as_secs_f64();
    // As the seconds that a million journeys take, so that the goal of 7,000 a second is one of "at most".
    figure("journeys.per_sec", per_sec, "1/s", None, Goal::None)?;
    figure("journeys.secs_per_million", 1e6 / per_sec.max(f64::EPSILON), "s", None, Goal::AtMost(142.9))?;
    figure("journeys.completed", played.completed as f64, "", None, Goal::None)?;
    figure("journeys.refused", played.refused as f64, "", None, Goal::None)?;
    figure("journeys.seconds", played.wall.as_secs_f64(), "s", None, Goal::None)?;
    figure("journeys.server_cpu", each(whole), "us", Some(echo_us), Goal::TimesAtMost(20.0))?;
    figure("journeys.server_cpu_until_last_answer", each(serving), "us", Some(echo_us), Goal::None)?;
    figure("journeys.generator_cpu", each(own), "us", None, Goal::AtMost(50.0))?;
    for (step, times) in STEPS.iter().zip(&played.times) {
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let millis = times.value_at_quantile(quantile) as f64 / 1_000.0;
            figure(&format!("journeys.{step}_{name}"), millis, "ms", None, Goal::None)?;
        }
    }
    Ok(())
}

/// Those who may reserve, each with a first and a second place of their own.
fn who_reserve(client: &mut Client, data: &Path) -> Result<Vec<Citizen>, Failure> {
    let nation = data.join("nation").join("citizens.csv");
    let mut citizens = people::who_may_reserve(client, CAMPAIGN, &nation, CITIZENS_MAX)?;
    let pairs = places::pairs(client, CAMPAIGN, citizens.len())?;
    citizens.truncate(pairs.len());
    for (citizen, (first, second)) in citizens.iter_mut().zip(pairs) {
        (citizen.first, citizen.second) = (first, second);
    }
    Ok(citizens)
}

/// CPU time of this process so far, user and system.
fn cpu_of_self() -> Result<Duration, Failure> {
    cpu_in(&std::fs::read_to_string("/proc/self/stat")?)
}

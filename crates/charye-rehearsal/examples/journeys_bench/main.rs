//! Room: rehearsal, bench `journeys`. How many citizens get a reservation in a minute on this machine, the generator
//! included, and what each costs: the shortest API journey of sign-in, place in the line, two polls, visit, look-up of
//! twenty clinics, hold and confirm, every check on, every answer durable.
//!
//! `cargo run --release -p charye-rehearsal --example journeys_bench` builds both servers (`-- --as-built` takes them as
//! they stand), plays on a demo at full scale whose last opening is today's, so that hundreds of thousands may reserve, and
//! prints one JSON object a figure. Everybody is somebody else and reserves once. CPU is the whole server process's, the
//! projector included: it is waited for. Afterwards the journal is audited; a run with a finding is no figure.

#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../http_bench/askings.rs"]
mod askings;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../http_bench/figures.rs"]
mod figures;
mod journey;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../http_bench/people.rs"]
mod people;
mod places;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../http_bench/program.rs"]
mod program;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use charye_rehearsal::load::ClosedLoop;

use askings::{Citizen, Echo};
use figures::{Goal, figure};
use journey::{Played, STEPS};
use people::Client;
use program::{Program, pause};

type Failure = Box<dyn Error>;

const CAMPAIGN: &str = "kr-2021-18-49";
const TEST_PEOPLE: &str = "1000000";
const CITIZENS_MAX: usize = 700_000;
/// Each citizen waits a tenth of a second to be called, so there must be many at a time: as many as one address may
/// have connections.
const CONNECTIONS: usize = 500;
const ECHOES: u64 = 60_000;
const TIME: Duration = Duration::from_secs(60);
const READY_MAX: Duration = Duration::from_secs(600);
const CAUGHT_UP_MAX: Duration = Duration::from_secs(300);

fn main() -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        return Err("a figure of an unoptimised build is no figure: add --release".into());
    }
    if std::env::args().nth(1).as_deref() != Some("--as-built") {
        build()?;
    }
    let programs = Programs::found()?;
    let data = programs.target.join("bench").join("demo-of-everyone");
    std::fs::create_dir_all(programs.target.join("bench"))?;
    let folder = data.to_str().ok_or("a folder that is no text")?;
    let arguments =
        ["demo", "--listen", "127.0.0.1:0", "--data", folder, "--fresh", "--everyone", "--citizens", TEST_PEOPLE];
    let charye = Program::start(&programs.charye, &arguments, READY_MAX)?;
    let echo = Program::start(&programs.echo, &[], READY_MAX)?;
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
    audited(&programs.charye, &data)?;
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

fn build() -> Result<(), Failure> {
    for what in [["charye-server", "--bin", "charye"], ["charye-web", "--example", "echo"]] {
        let built = Command::new("cargo").args(["build", "--release", "-p"]).args(what).status()?;
        if !built.success() {
            return Err(format!("could not build {}", what.join(" ")).into());
        }
    }
    Ok(())
}

/// Where the two servers stand.
struct Programs {
    target: PathBuf,
    charye: PathBuf,
    echo: PathBuf,
}

impl Programs {
    fn found() -> Result<Self, Failure> {
        // Ourselves: target/release/examples/journeys_bench.
        let ourselves = std::env::current_exe()?;
        let examples = ourselves.parent().ok_or("a program without a folder")?;
        let release = examples.parent().ok_or("an example outside target/release")?;
        let target = release.parent().ok_or("an example outside target")?;
        Ok(Self { target: target.to_owned(), charye: release.join("charye"), echo: examples.join("echo") })
    }
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
    program::cpu_in(&std::fs::read_to_string("/proc/self/stat")?)
}

/// CPU of one request to a bare server. Unit: microseconds.
fn echo_us(echo: &Program) -> Result<f64, Failure> {
    let before = echo.cpu()?;
    let plan = ClosedLoop { connections: 64, requests: ECHOES, time: TIME };
    plan.run(echo.target, Rc::new(Echo::new()))?;
    Ok((echo.cpu()? - before).as_secs_f64() * 1e6 / ECHOES as f64)
}

/// Waits until the SQL tables are where the journal is.
fn catch_up(client: &mut Client) -> Result<(), Failure> {
    let began = now();
    while began.elapsed() < CAUGHT_UP_MAX {
        let told = client.get("/readyz")?;
        if told["head_seq"] == told["projected_seq"] {
            return Ok(());
        }
        pause(Duration::from_millis(50));
    }
    Err("the projector did not catch up".into())
}

/// Has the journal audited: nothing oversold, nobody with two reservations, tables equal the replay.
fn audited(charye: &Path, data: &Path) -> Result<(), Failure> {
    let audit = Command::new(charye).args(["audit", "verify", "--data"]).arg(data).output()?;
    if audit.status.success() {
        return Ok(());
    }
    Err(format!("the audit found something: {}", String::from_utf8_lossy(&audit.stdout)).into())
}

#[expect(clippy::disallowed_methods, reason = "a bench is about the clock")]
fn now() -> Instant {
    Instant::now()
}

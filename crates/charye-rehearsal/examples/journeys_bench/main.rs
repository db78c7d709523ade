//! Room: rehearsal, bench `journeys`. How many citizens get a reservation in a minute on this machine, the generator
//! included, and what each costs: begin to sign in, come back from the provider with an answer that was signed before the run
//! (and be in the line), poll twice, claim a visit, look up twenty clinics, hold, confirm; every check on, every answer
//! durable. Once with answers signed by a shared secret, once by Ed25519, which is what a signature's check costs.
//!
//! `cargo run --release -p charye-rehearsal --example journeys_bench` builds both servers, plays on a demo at full scale
//! whose last opening is today's, and prints one JSON object a figure. Options: `--as-built` takes the servers as they stand,
//! `--kept` the demo of an earlier run if it is there, `--secs N` (60), `--connections N`, and `--rate N` for so many who come
//! in a second (open loop) instead of as many as go, and
//! `--shared` for the first half alone. Everybody is somebody else and
//! reserves once. CPU is the whole server process's, the projector included: it is waited for. Afterwards the journal is
//! audited; a run with a finding is no figure.

mod journey;
mod places;
mod served;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../stage/mod.rs"]
mod stage;
mod windows;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use charye_rehearsal::load::{Crowd, Walked};

use journey::{Beginnings, Journeys, STEPS};
use stage::Failure;
use stage::figures::{Goal, figure};
use stage::people::Client;
use stage::program::{Program, cpu_in};
use stage::servers::{Programs, catch_up, echo_us};
use windows::{Signed, Windows};

const CAMPAIGN: &str = "kr-2021-18-49";
/// People for whom places are found, a second of a run: more than can be served.
const PEOPLE_A_SEC: usize = 8_000;
/// Each citizen waits a tenth of a second to be called, so there must be many at a time; but if more begin in the same
/// moment than the people desk lets wait (1,024), the others are told to come back.
const CONNECTIONS: usize = 900;
const SECS: usize = 60;
/// How long everybody may take to begin to sign in; the first beginnings hold for ten minutes.
const BEGIN_MAX: Duration = Duration::from_secs(240);
/// A thread that takes less than this of a journey is not shown. Unit: microseconds.
const PART_MIN_US: f64 = 0.5;

fn main() -> Result<(), Failure> {
    let programs = Programs::ready()?;
    let (secs, connections) = (option("--secs")?.unwrap_or(SECS), option("--connections")?.unwrap_or(CONNECTIONS));
    let echo = programs.echo()?;
    let data = programs.folder.join("demo-of-everyone");
    let mut met = Vec::new();
    for signed in [Signed::Shared, Signed::Ed25519] {
        if std::env::args().any(|argument| argument == "--shared") && signed != Signed::Shared {
            continue;
        }
        served::make(&programs, &data, std::env::args().any(|argument| argument == "--kept"))?;
        let windows = Windows::new()?;
        let charye = served::serve(&programs, &data, &windows, &echo.target.address().to_string(), CAMPAIGN)?;
        let pairs = places::pairs(&mut Client::connect(charye.target)?, CAMPAIGN, PEOPLE_A_SEC * secs)?;
        let mut beginnings = Beginnings::new(signed, &windows, CAMPAIGN, &pairs, connections)?;
        Crowd { connections, rate_per_sec: None, time: BEGIN_MAX }.run(charye.target, &mut beginnings)?;
        let citizens = beginnings.done()?;
        charye.settle()?;

        let echo_before = echo_us(&echo)?;
        let before = Spent::now(&charye)?;
        let mut journeys = Journeys::new(signed, CAMPAIGN, &citizens, connections)?;
        let rate_per_sec = option("--rate")?.map(u32::try_from).transpose()?;
        writeln!(std::io::stderr().lock(), "{} people set out", citizens.len())?;
        let crowd = Crowd { connections, rate_per_sec, time: Duration::from_secs(secs as u64) };
        let walked = crowd.run(charye.target, &mut journeys)?;
        let serving = Spent::now(&charye)?;
        // The first connection has idled for a minute by now: the server has closed it.
        catch_up(&mut Client::connect(charye.target)?)?;
        let whole = Spent::now(&charye)?;
        let echo_us = echo_before.min(echo_us(&echo)?);
        charye.stop()?;
        programs.audit(&data)?;
        let run = Run { signed, walked, spent: [before, serving, whole], echo_us };
        run.tell(&journeys)?;
        met.push(journeys.completed);
    }
    if met.contains(&0) { Err("nobody got a reservation".into()) } else { Ok(()) }
}

/// The number after an option.
fn option(name: &str) -> Result<Option<usize>, Failure> {
    let value = std::env::args().skip_while(|argument| argument != name).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}

/// CPU spent so far: the server's, the same by its threads, ours.
struct Spent {
    server: Duration,
    by_thread: BTreeMap<String, Duration>,
    own: Duration,
}

impl Spent {
    fn now(charye: &Program) -> Result<Self, Failure> {
        let own = cpu_in(&std::fs::read_to_string("/proc/self/stat")?)?;
        Ok(Self { server: charye.cpu()?, by_thread: charye.cpu_by_thread()?, own })
    }
}

/// A run: before, at the last answer, and when the projector was through.
struct Run {
    signed: Signed,
    walked: Walked,
    spent: [Spent; 3],
    echo_us: f64,
}

impl Run {
    fn tell(&self, journeys: &Journeys<'_>) -> Result<(), Failure> {
        let (id, goal) = match self.signed {
            Signed::Shared => ("journeys", 20.0),
            Signed::Ed25519 => ("journeys_signed", 28.0),
        };
        if let Some(why) = &journeys.why {
            writeln!(std::io::stderr().lock(), "{} were refused, the first with {why}", journeys.refused)?;
        }
        let [before, serving, whole] = &self.spent;
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / journeys.completed.max(1) as f64;
        let say = |name: &str, value: f64, unit: &str, baseline: Option<f64>, goal: Goal| {
            figure(&format!("{id}.{name}"), value, unit, baseline, goal)
        };
        let per_sec = journeys.completed as f64 / self.walked.wall.as_secs_f64();
        say("per_sec", per_sec, "1/s", None, Goal::None)?;
        // As the seconds that a million journeys take, so that the goal of 7,000 a second is one of "at most".
        say("secs_per_million", 1e6 / per_sec.max(f64::EPSILON), "s", None, Goal::AtMost(142.9))?;
        say("completed", journeys.completed as f64, "", None, Goal::None)?;
        say("refused", journeys.refused as f64, "", None, Goal::AtMost(0.0))?;
        say("seconds", self.walked.wall.as_secs_f64(), "s", None, Goal::None)?;
        let server_cpu = each(whole.server - before.server);
        say("server_cpu", server_cpu, "us", Some(self.echo_us), Goal::TimesAtMost(goal))?;
        let until_last_answer = each(serving.server - before.server);
        say("server_cpu_until_last_answer", until_last_answer, "us", Some(self.echo_us), Goal::None)?;
        for (thread, cpu) in &whole.by_thread {
            let part = each(cpu.saturating_sub(before.by_thread.get(thread).copied().unwrap_or_default()));
            if part >= PART_MIN_US {
                say(&format!("cpu_of_{thread}"), part, "us", None, Goal::None)?;
            }
        }
        say(
            "answers_a_look",
            (STEPS.len() as u64 * self.walked.people) as f64 / self.walked.looks.max(1) as f64,
            "",
            None,
            Goal::None,
        )?;
        say("generator_cpu", each(serving.own - before.own), "us", None, Goal::AtMost(50.0))?;
        for (step, times) in STEPS.iter().zip(&journeys.times) {
            for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
                let millis = times.value_at_quantile(quantile) as f64 / 1_000.0;
                say(&format!("{step}_{name}"), millis, "ms", None, Goal::None)?;
            }
        }
        Ok(())
    }
}

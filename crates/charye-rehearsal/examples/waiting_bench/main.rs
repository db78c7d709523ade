//! Room: rehearsal, bench `waiting`. Many wait, and each asks where they stand when told to; they share some thousands of
//! connections. Meanwhile those at the front are called, hold and confirm. What the server needs for that: memory, CPU a
//! poll; whether polls are late, and whether confirmations are later than while nobody polls, in stretches of one run.
//!
//! `cargo run --release -p charye-rehearsal --example waiting_bench` builds both servers, has `charye fill-line` put people into
//! a demo's line, serves a copy of it, and prints one JSON object a figure. Options: `--as-built` (first) takes the servers as
//! they stand, `--kept` the line of an earlier run of today; `--people N` (200,000), `--connections N` (2,000), `--seconds N` of
//! polling (20), `--rate N` who are called and come a second (100); `--tls`, and `--new-connections` for one a poll. Before it ends
//! it tells what one poll costs with kept and new connections, in the clear and in TLS. The server has a process of its own, so
//! each of the two needs as many open files as there are connections.

mod costs;
mod hours;
mod house;
mod inside;
#[expect(dead_code, reason = "shared with bench `journeys`, which opens the pages of places, too")]
#[path = "../journeys_bench/places.rs"]
mod places;
mod pollers;
#[expect(dead_code, reason = "shared with other benches, which use the rest")]
#[path = "../stage/mod.rs"]
mod stage;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use charye_rehearsal::load::{Crowd, Kept, Trust, Wire};
use hdrhistogram::Histogram;

use hours::Hours;
use house::{House, Served};
use inside::{Confirmed, Insiders};
use pollers::{Polled, Pollers, Tickets};
use stage::figures::{Goal, figure};
use stage::people::Client;
use stage::servers::Programs;
use stage::{Failure, now};
use watch::Watched;

const CAMPAIGN: &str = "kr-2021-18-49";
const GIB: f64 = (1_u64 << 30) as f64;
/// Of all connections, those of people who go in: one in so many, within bounds.
const INSIDERS_PART: usize = 20;
const INSIDERS: std::ops::RangeInclusive<usize> = 200..=2_000;
/// Connections opened a second.
const JOIN_PER_SEC: usize = 5_000;
/// How much longer than those who poll the line must hold people with logins: for the quiet stretches, and to spare.
const LOGINS_SECS: u32 = 150;

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
struct Plan {
    people: usize,
    connections: usize,
    polled: Duration,
    /// Called, and coming.
    per_sec: u32,
    logins: u32,
    tls: bool,
    kept: Kept,
    /// The line of an earlier run will do.
    takes_kept: bool,
}

impl Plan {
    fn read() -> Result<Self, Failure> {
        let seconds = number("--seconds")?.unwrap_or(20);
        let per_sec = u32::try_from(number("--rate")?.unwrap_or(100))?;
        let logins = per_sec * (u32::try_from(seconds)? + LOGINS_SECS);
        let people = number("--people")?.unwrap_or(200_000);
        if people <= logins as usize {
            return Err(format!("of {people} people {logins} would go in: nobody would wait").into());
        }
        Ok(Self {
            people,
            connections: number("--connections")?.unwrap_or(2_000),
            polled: Duration::from_secs(seconds as u64),
            per_sec,
            logins,
            tls: is_given("--tls"),
            kept: if is_given("--new-connections") { Kept::ARequest } else { Kept::AllAlong },
            takes_kept: is_given("--kept"),
        })
    }

    fn insiders(&self) -> usize {
        (self.connections / INSIDERS_PART).clamp(*INSIDERS.start(), *INSIDERS.end())
    }

    fn wire(&self) -> Result<Wire, Failure> {
        let tls = self.tls.then(|| Trust::in_pem(house::CERTIFICATE, "localhost")).transpose()?;
        Ok(Wire { kept: self.kept, tls })
    }
}

fn main() -> Result<(), Failure> {
    let plan = Plan::read()?;
    let programs = Programs::ready()?;
    let house = House::ready(&programs, plan)?;
    let (tickets, logins) = (house.tickets()?, house.logins()?);
    let echo = programs.echo()?;
    let served = house.serve(&programs, plan.tls)?;
    let ran = run(&programs, &served, plan, &tickets, &logins)?;
    tell(&house, &served, plan, &ran)?;
    let waits = logins.len();
    costs::tell(&served, &echo, &tickets, waits, plan.tls)?;
    served.program.stop()?;
    let otherwise = house.serve(&programs, !plan.tls)?;
    costs::tell(&otherwise, &echo, &tickets, waits, !plan.tls)?;
    otherwise.program.stop()?;
    echo.stop()
}

/// The number after an option.
fn number(option: &str) -> Result<Option<usize>, Failure> {
    let value = std::env::args().skip_while(|argument| argument != option).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}

fn is_given(option: &str) -> bool {
    std::env::args().any(|argument| argument == option)
}

/// What came of a run.
struct Ran {
    hours: Hours,
    polled: Polled,
    confirmed: Confirmed,
    watched: Watched,
}

fn run(programs: &Programs, served: &Served, plan: Plan, tickets: &Tickets, logins: &[String]) -> Result<Ran, Failure> {
    let hours = Hours::polled_for(plan.polled);
    let trust = plan.wire()?.tls;
    let mut client = Client::connect_over(served.program.target, trust.as_ref())?;
    let pairs = places::pairs(&mut client, CAMPAIGN, logins.len())?;
    if pairs.len() < logins.len() {
        return Err(format!("places for {} of {} people", pairs.len(), logins.len()).into());
    }
    served.program.settle()?;
    // What was copied and written until now must not be written out while somebody's confirmation waits for the disk.
    if !std::process::Command::new("sync").status()?.success() {
        return Err("could not have the disk written".into());
    }
    let insiders = plan.insiders();
    let connections = plan.connections - insiders.min(plan.connections / 2);
    served.call(programs, plan.per_sec, plan.per_sec * 60)?;
    let began = now();
    let ended = AtomicBool::new(false);
    // Threads tell failures as text: a failure of any kind does not cross them.
    let (polled, confirmed, watched) = std::thread::scope(|threads| {
        let watches =
            threads.spawn(|| Watched::until(&served.program, &ended, began).map_err(|error| error.to_string()));
        let polls = threads.spawn(|| poll(served, plan, tickets, logins.len(), connections, (hours, began)));
        let mut walk = Insiders::new(CAMPAIGN, tickets, logins, &pairs, insiders, (hours, began))?;
        let crowd = Crowd { connections: insiders, rate_per_sec: Some(plan.per_sec), time: hours.whole() };
        let walked = crowd
            .gather(served.program.target, Wire { kept: Kept::AllAlong, tls: trust.clone() })
            .and_then(|gathered| gathered.run(&mut walk));
        let polled = polls.join().map_err(|_| "the pollers' thread ended")?;
        ended.store(true, Ordering::Relaxed);
        let watched = watches.join().map_err(|_| "the watching thread ended")??;
        walked?;
        Ok::<_, Failure>((polled?, walk.confirmed, watched))
    })?;
    Ok(Ran { hours, polled, confirmed, watched })
}

fn poll(
    served: &Served,
    plan: Plan,
    tickets: &Tickets,
    first: usize,
    connections: usize,
    (hours, began): (Hours, std::time::Instant),
) -> Result<Polled, String> {
    let run = || -> Result<Polled, Failure> {
        let mut walk = Pollers::new(tickets, first, plan.per_sec, connections, served.public(), (hours, began))?;
        let rate_per_sec = Some(u32::try_from(connections.min(JOIN_PER_SEC))?);
        let crowd = Crowd { connections, rate_per_sec, time: hours.whole() };
        crowd.gather(served.program.target, plan.wire()?)?.run(&mut walk)?;
        Ok(walk.polled)
    };
    run().map_err(|error| error.to_string())
}

fn tell(house: &House, served: &Served, plan: Plan, ran: &Ran) -> Result<(), Failure> {
    let Ran { hours, polled, confirmed, watched } = ran;
    let none = Goal::None;
    if let Some(secs) = house.filled_in {
        figure("waiting.fill", secs, "s", None, none)?;
    }
    figure("waiting.people", plan.people as f64, "people", None, none)?;
    figure("waiting.connections", plan.connections as f64, "connections", None, none)?;
    figure("waiting.journal", house.journal_bytes()? as f64 / GIB, "GiB", None, none)?;
    figure("waiting.start", served.program.start.as_secs_f64(), "s", None, none)?;
    let whole = (Duration::ZERO, hours.whole());
    let [first, second] = hours.polled().map(Hours::settled);
    let (early, late) = (watched.resident_max(first), watched.resident_max(second));
    figure("waiting.resident", watched.resident_max(whole) as f64 / GIB, "GiB", None, Goal::AtMost(4.0))?;
    figure(
        "waiting.resident_second_half",
        late as f64 / GIB,
        "GiB",
        Some(early as f64 / GIB),
        Goal::TimesAtMost(1.05),
    )?;
    let settled_secs: f64 = [first, second].iter().map(|(from, to)| (*to - *from).as_secs_f64()).sum();
    let per_sec = polled.settled as f64 / settled_secs.max(f64::EPSILON);
    figure("waiting.polls", per_sec, "1/s", None, none)?;
    figure("waiting.told_to_ask_after", polled.told_ms as f64 / polled.polls.max(1) as f64 / 1e3, "s", None, none)?;
    let quiet_cores = watched.cores(&hours.quiet().map(Hours::settled));
    let polled_cores = watched.cores(&[first, second]);
    figure("waiting.poll_cpu", (polled_cores - quiet_cores) * 1e6 / per_sec.max(1.0), "us", None, none)?;
    figure("waiting.cores", polled_cores, "cores", Some(quiet_cores), none)?;
    figure("waiting.poll_p99", at_99(&polled.times), "ms", None, none)?;
    figure("waiting.late", polled.late as f64 / polled.settled.max(1) as f64, "of all", None, Goal::AtMost(0.001))?;
    figure("waiting.told_untrue", polled.untrue as f64, "polls", None, Goal::AtMost(0.0))?;
    figure("waiting.called_without_login", polled.called as f64, "people", None, none)?;
    let errors = polled.unwanted + confirmed.unwanted;
    figure("waiting.errors", errors as f64, "answers", None, Goal::AtMost(0.0))?;
    let came = confirmed.people as f64 / hours.whole().as_secs_f64();
    figure("waiting.confirms", came, "1/s", None, none)?;
    let middle = |times: &Histogram<u64>| times.value_at_quantile(0.5) as f64 / 1e3;
    figure("waiting.confirm_p50", middle(&confirmed.polled), "ms", Some(middle(&confirmed.quiet)), none)?;
    let quiet = at_99(&confirmed.quiet);
    figure("waiting.confirm_p99", at_99(&confirmed.polled), "ms", Some(quiet), Goal::TimesAtMost(1.2))?;
    for why in [&polled.why, &confirmed.why].into_iter().flatten() {
        use std::io::Write as _;
        writeln!(std::io::stderr().lock(), "the first that went wrong: {why}")?;
    }
    Ok(())
}

/// Unit: milliseconds.
fn at_99(times: &Histogram<u64>) -> f64 {
    times.value_at_quantile(0.99) as f64 / 1e3
}

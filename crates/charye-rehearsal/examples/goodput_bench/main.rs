//! Room: rehearsal, bench `goodput`. Those who are inside hold and confirm as fast as they can; then they do the same while
//! twenty times as much is offered, by people who stand in the line, look on from outside, come to the door, or ask for what is
//! not theirs. How many confirmations a second are left, and what each takes of the server's CPU.
//!
//! `cargo run --release -p charye-rehearsal --example goodput_bench` builds both servers, has `charye fill-line` put people into
//! a demo's line, serves a copy of it, lets those with logins in, and prints one JSON object a figure. Options: `--as-built`
//! (first) takes the servers as they stand, `--kept` the line of an earlier run of today; `--inside N` who go in (260,000),
//! `--connections N` of the others (10,000), `--times N` the peak in all that is offered (20), `--seconds N` a round (2).
//!
//! Three kinds of round in turns, so that each stands beside the others: inside alone (the peak), both, and the others alone,
//! which tells what of the server's CPU is theirs. The generator is two threads on the server's own cores: what the others offer
//! is bounded by what a core can send, so what was really asked stands beside it. Everybody inside reserves once; afterwards
//! the journal is audited, and a run with a finding is no figure.

#[expect(dead_code, reason = "shared with bench `waiting`, which measures by them")]
#[path = "../waiting_bench/hours.rs"]
mod hours;
#[expect(dead_code, reason = "shared with bench `waiting`, which uses the rest")]
#[path = "../waiting_bench/house.rs"]
mod house;
mod inside;
#[expect(dead_code, reason = "shared with bench `journeys`, which opens the pages of places, too")]
#[path = "../journeys_bench/places.rs"]
mod places;
#[expect(dead_code, reason = "shared with bench `waiting`, whose people poll when told to: here the tickets alone")]
#[path = "../waiting_bench/pollers.rs"]
mod pollers;
mod rounds;
#[expect(dead_code, reason = "shared with other benches, which use the rest")]
#[path = "../stage/mod.rs"]
mod stage;
mod surplus;

use std::time::Duration;

use charye_rehearsal::load::Crowd;

use house::{House, Served};
use inside::{Entering, Pocket};
use pollers::Tickets;
use rounds::{Kind, Rounds};
use stage::Failure;
use stage::people::Client;
use stage::servers::{CONNECTIONS, Programs, catch_up};

const CAMPAIGN: &str = "kr-2021-18-49";
/// Rounds of each kind, after one that warms.
const ROUNDS: usize = 3;
/// In seven rounds of two seconds fewer reserve, unless two cores do more than 18,000 a second.
const INSIDE: u32 = 260_000;
/// In the line behind them: more than are asked for again within a second.
const BEHIND: usize = 200_000;
/// How long everybody may take to come in. A pass lasts ten minutes, and everything is over by then.
const ENTER_MAX: Duration = Duration::from_secs(120);
/// Whoever came in one moment is called in one: the last with a login, and some behind them.
const SEATS_TO_SPARE: u32 = 50_000;
/// Called a second: everybody within some seconds.
const CALLED_PER_SEC: u32 = 20_000;

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
struct Plan {
    people: usize,
    logins: u32,
    takes_kept: bool,
    /// Of those who are outside.
    connections: usize,
    /// The peak in all that is offered.
    times: u32,
    round: Duration,
}

impl Plan {
    fn read() -> Result<Self, Failure> {
        let logins = number("--inside")?.unwrap_or(INSIDE);
        Ok(Self {
            people: logins as usize + BEHIND,
            logins,
            takes_kept: std::env::args().any(|argument| argument == "--kept"),
            connections: number("--connections")?.unwrap_or(10_000) as usize,
            times: number("--times")?.unwrap_or(20).max(2),
            round: Duration::from_secs(number("--seconds")?.unwrap_or(2).into()),
        })
    }
}

fn main() -> Result<(), Failure> {
    let plan = Plan::read()?;
    let programs = Programs::ready()?;
    let house = House::ready(&programs, plan)?;
    let (tickets, logins) = (house.tickets()?, house.logins()?);
    let served = house.serve(&programs, false)?;
    let rounds = play(&programs, &served, plan, &tickets, &logins)?.ended();
    served.program.stop()?;
    programs.audit(&house.data)?;
    rounds.tell()
}

/// The number after an option.
fn number(option: &str) -> Result<Option<u32>, Failure> {
    let value = std::env::args().skip_while(|argument| argument != option).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}

fn play<'s>(
    programs: &Programs,
    served: &'s Served,
    plan: Plan,
    tickets: &'s Tickets,
    logins: &[String],
) -> Result<Rounds<'s>, Failure> {
    let target = served.program.target;
    let pairs = places::pairs(&mut Client::connect(target)?, CAMPAIGN, logins.len())?;
    if pairs.len() < logins.len() {
        return Err(format!("places for {} of {} people", pairs.len(), logins.len()).into());
    }
    served.program.settle()?;
    served.call(programs, CALLED_PER_SEC, plan.logins + SEATS_TO_SPARE)?;
    let mut entering = Entering::new(tickets, logins, CONNECTIONS);
    Crowd { connections: CONNECTIONS, rate_per_sec: None, time: ENTER_MAX }.run(target, &mut entering)?;
    let mut pockets = entering.done()?.into_iter().zip(pairs).map(Pocket::with_places);
    catch_up(&mut Client::connect(target)?)?;

    let mut rounds = Rounds::of(served, plan, tickets);
    rounds.play(Kind::Peak, &mut pockets)?;
    let peak_per_sec = rounds.peak_per_sec()?;
    rounds.forget();
    for round in 0..ROUNDS {
        // Whichever comes first in one round comes last in the next.
        let [first, last] = if round % 2 == 0 { [Kind::Peak, Kind::Surge] } else { [Kind::Surge, Kind::Peak] };
        for kind in [first, Kind::Outside, last] {
            rounds.offer(peak_per_sec, plan.times);
            rounds.play(kind, &mut pockets)?;
        }
    }
    Ok(rounds)
}

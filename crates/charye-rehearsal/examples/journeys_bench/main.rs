//! Room: rehearsal, bench `journeys`. How many citizens get a reservation in a minute on this machine, the generator
//! included, and what each costs: begin to sign in, come back from the provider with an answer that was signed before the run
//! (and be in the line), poll twice, claim a visit, look up twenty clinics, hold, confirm; every check on, every answer
//! durable. Once with answers signed by a shared secret, once by Ed25519, which is what a signature's check costs. Then what
//! the same costs otherwise, five seconds each: by pages without script, with a code that is exchanged for an ID token, with
//! new connections, in TLS.
//!
//! `cargo run --release -p charye-rehearsal --example journeys_bench` builds both servers, plays on a demo at full scale
//! whose last opening is today's, and prints one JSON object a figure. Options: `--as-built` takes the servers as they stand,
//! `--kept` the demo of an earlier run if it is there, `--secs N` (60, and 5 for the other ways), `--connections N`, and
//! `--rate N` for so many who come in a second (open loop) instead of as many as go; `--shared` for the first part alone, or
//! `--pages`, `--redirect`, `--new-connections`, `--tls` for only these of the other ways. Everybody is somebody else and
//! reserves once. CPU is the whole server process's, the projector included: it is waited for. Afterwards the journal is
//! audited; a run with a finding is no figure.

mod by_pages;
mod exchange;
mod floor;
mod identities;
mod journey;
mod page;
mod parts;
mod places;
mod served;
#[expect(dead_code, reason = "shared with bench `http`, which uses the rest")]
#[path = "../stage/mod.rs"]
mod stage;
mod tally;
mod windows;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use charye_rehearsal::load::{Crowd, Kept, Trust, Wire};

use by_pages::PageJourneys;
use identities::Identities;
use journey::{Beginnings, Journeys};
use parts::{Part, Ran, Spent, Way};
use served::Spoken;
use stage::Failure;
use stage::figures::{Goal, figure};
use stage::people::Client;
use stage::program::Program;
use stage::servers::{Programs, catch_up, echo_us};

const CAMPAIGN: &str = "kr-2021-18-49";
/// Each citizen waits a tenth of a second to be called, so there must be many at a time; but if more begin in the same
/// moment than the people desk lets wait (1,024), the others are told to come back.
const CONNECTIONS: usize = 900;
const SECS: usize = 60;
/// For each of the other ways.
const OTHER_SECS: usize = 5;
/// How long everybody may take to begin to sign in; the first beginnings hold for ten minutes.
const BEGIN_MAX: Duration = Duration::from_secs(240);

fn main() -> Result<(), Failure> {
    let bench = Bench {
        programs: Programs::ready()?,
        connections: number("--connections")?.unwrap_or(CONNECTIONS),
        rate_per_sec: number("--rate")?.map(u32::try_from).transpose()?,
        kept: is_given("--kept"),
    };
    let secs = number("--secs")?;
    let echo = bench.programs.echo()?;
    let asked_for: Vec<&Part> = parts::OTHERS.iter().filter(|part| is_given(part.option)).collect();
    if !asked_for.is_empty() {
        return bench.play_all(&echo, &asked_for, secs.unwrap_or(OTHER_SECS));
    }
    let main = if is_given("--shared") { &parts::MAIN[..1] } else { &parts::MAIN[..] };
    for part in main {
        bench.play(&echo, part.spoken, &[part], secs.unwrap_or(SECS))?;
    }
    let floor = floor::of_a_journey(echo.target, bench.connections)?;
    figure("journeys.generator_floor", floor, "us", None, Goal::None)?;
    if !is_given("--shared")
        && let Err(failure) = bench.play_all(&echo, &parts::OTHERS.each_ref(), OTHER_SECS)
    {
        // The figures that have goals stand.
        writeln!(std::io::stderr().lock(), "the other ways were not measured to their end: {failure}")?;
    }
    Ok(())
}

/// The number after an option.
fn number(option: &str) -> Result<Option<usize>, Failure> {
    let value = std::env::args().skip_while(|argument| argument != option).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}

fn is_given(option: &str) -> bool {
    std::env::args().any(|argument| argument == option)
}

/// What every part is played with.
struct Bench {
    programs: Programs,
    connections: usize,
    rate_per_sec: Option<u32>,
    kept: bool,
}

impl Bench {
    /// Plays those that are spoken in the clear, then those in TLS.
    fn play_all(&self, echo: &Program, parts: &[&Part], secs: usize) -> Result<(), Failure> {
        for spoken in [Spoken::InTheClear, Spoken::Tls] {
            let so_spoken: Vec<&Part> = parts.iter().copied().filter(|part| part.spoken == spoken).collect();
            if !so_spoken.is_empty() {
                self.play(echo, spoken, &so_spoken, secs)?;
            }
        }
        Ok(())
    }

    /// Plays these parts one after the other against one server over one demo, has it audited, and tells what came of each.
    fn play(&self, echo: &Program, spoken: Spoken, parts: &[&Part], secs: usize) -> Result<(), Failure> {
        let data: PathBuf = self.programs.folder.join("demo-of-everyone");
        served::make(&self.programs, &data, self.kept)?;
        let identities = Identities::new()?;
        let window = echo.target.address().to_string();
        let charye = served::serve(&self.programs, &data, &identities, &window, CAMPAIGN, spoken)?;
        let trust = (spoken == Spoken::Tls).then(|| Trust::in_pem(served::CERTIFICATE, "localhost")).transpose()?;
        let mut house = House { charye, identities, trust };
        let ran = parts.iter().map(|part| self.measure(echo, &mut house, part, secs)).collect::<Result<Vec<_>, _>>()?;
        house.charye.stop()?;
        self.programs.audit(&data)?;
        ran.iter().try_for_each(Ran::tell)?;
        let nobody = ran.iter().any(|ran| ran.tally.completed == 0);
        if nobody { Err("nobody got a reservation".into()) } else { Ok(()) }
    }

    fn measure(&self, echo: &Program, house: &mut House, part: &Part, secs: usize) -> Result<Ran, Failure> {
        let connections = self.connections;
        house.identities.begin_anew()?;
        let mut client = house.client()?;
        let pairs = places::pairs(&mut client, CAMPAIGN, part.people_a_sec * secs)?;
        let citizens = match part.way {
            Way::Api(proof) => {
                let mut beginnings = Beginnings::new(proof, &house.identities, CAMPAIGN, &pairs, connections)?;
                let crowd = Crowd { connections, rate_per_sec: None, time: BEGIN_MAX };
                crowd.gather(house.charye.target, house.wire(Kept::AllAlong))?.run(&mut beginnings)?;
                beginnings.done()?
            }
            Way::Pages => Vec::new(),
        };
        house.charye.settle()?;
        let crowd = Crowd { connections, rate_per_sec: self.rate_per_sec, time: Duration::from_secs(secs as u64) };
        let wire = house.wire(part.kept);
        let echo_before = echo_us(echo)?;
        let gathered = crowd.gather(house.charye.target, wire)?;
        let before = Spent::now(&house.charye)?;
        let (walked, tally) = match part.way {
            Way::Api(proof) => {
                let mut journeys = Journeys::new(proof, CAMPAIGN, &citizens, connections)?;
                (gathered.run(&mut journeys)?, journeys.tally)
            }
            Way::Pages => {
                let mut journeys = PageJourneys::new(&house.identities, &pairs, connections)?;
                (gathered.run(&mut journeys)?, journeys.tally)
            }
        };
        let serving = Spent::now(&house.charye)?;
        // The first connection has idled for long by now: the server may have closed it.
        catch_up(&mut house.client()?)?;
        let whole = Spent::now(&house.charye)?;
        let echo_us = echo_before.min(echo_us(echo)?);
        Ok(Ran { part: *part, walked, tally, spent: [before, serving, whole], echo_us })
    }
}

/// The server under the journeys, and whom its people are known to.
struct House {
    charye: Program,
    identities: Identities,
    /// Whom to trust, where it speaks TLS.
    trust: Option<Trust>,
}

impl House {
    fn client(&self) -> Result<Client, Failure> {
        Client::connect_over(self.charye.target, self.trust.as_ref())
    }

    /// Connections kept for so long, in what the server speaks.
    fn wire(&self, kept: Kept) -> Wire {
        Wire { kept, tls: self.trust.clone() }
    }
}

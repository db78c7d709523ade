//! Room: rehearsal, bench `goodput`. A round: those inside, those outside, or both, for so long; what came of it; and what comes
//! of all rounds. The two crowds have a thread each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use charye_rehearsal::load::{Crowd, Gathered, RATE_PER_SEC_MAX, Wire};
use hdrhistogram::Histogram;

use super::Plan;
use super::house::Served;
use super::inside::{Pocket, Reserved, Reserving};
use super::pollers::Tickets;
use super::stage::figures::{Goal, figure, median, ratio_figure};
use super::stage::people::Client;
use super::stage::program::{cpu_in, pause};
use super::stage::servers::catch_up;
use super::stage::{Failure, now};
use super::surplus::{Outsiders, Surplus};

/// Connections of those inside. More than a batch of the sequencer's needs, and few beside the others'.
const INSIDERS: usize = 256;
/// Those outside are under way when it begins to count, and until it has ended.
const BEFORE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Those inside alone.
    Peak,
    Surge,
    /// Those outside alone.
    Outside,
}

/// What came of a round.
struct Round {
    kind: Kind,
    /// Those answered in time.
    confirms_per_sec: f64,
    /// With those answered after the end, which the server's CPU is of, too.
    confirms: u64,
    /// Of the confirmations. Unit: microseconds.
    times: Histogram<u64>,
    outsiders: Outsiders,
    wall: Duration,
    /// CPU of the server and of the generator, while it counted.
    server: Duration,
    generator: Duration,
}

impl Round {
    fn per_sec(&self, count: u64) -> f64 {
        count as f64 / self.wall.as_secs_f64()
    }

    fn heard(&self) -> u64 {
        let Outsiders { answered, turned_away, errors, .. } = self.outsiders;
        answered + turned_away + errors
    }

    fn server_us(&self) -> f64 {
        self.server.as_secs_f64() * 1e6
    }

    fn confirms(&self) -> f64 {
        self.confirms.max(1) as f64
    }
}

pub(crate) struct Rounds<'s> {
    served: &'s Served,
    plan: Plan,
    tickets: &'s Tickets,
    /// What those outside ask a second.
    rate_per_sec: u32,
    rounds: Vec<Round>,
}

impl<'s> Rounds<'s> {
    pub(crate) fn of(served: &'s Served, plan: Plan, tickets: &'s Tickets) -> Self {
        Self { served, plan, tickets, rate_per_sec: 0, rounds: Vec::new() }
    }

    /// Those outside offer what is missing to so many times the peak, within the bound on every rate.
    pub(crate) fn offer(&mut self, peak_per_sec: f64, times: u32) {
        let wanted = peak_per_sec * f64::from(times - 1);
        self.rate_per_sec = (wanted as u32).clamp(1, RATE_PER_SEC_MAX);
    }

    pub(crate) fn peak_per_sec(&self) -> Result<f64, Failure> {
        let peaks = self.rounds.iter().filter(|round| round.kind == Kind::Peak);
        let per_sec = median(peaks.map(|round| round.confirms_per_sec).collect());
        if per_sec > 0.0 { Ok(per_sec) } else { Err("nobody inside confirmed anything".into()) }
    }

    /// What warmed is no figure.
    pub(crate) fn forget(&mut self) {
        self.rounds.clear();
    }

    pub(crate) fn play(&mut self, kind: Kind, pockets: &mut dyn Iterator<Item = Pocket>) -> Result<(), Failure> {
        catch_up(&mut Client::connect(self.served.program.target)?)?;
        let gathered = if kind == Kind::Peak { None } else { Some(self.outside()?) };
        let surplus = Surplus::new(self.tickets, self.plan.logins as usize, self.served.public());
        let counts = AtomicBool::new(false);
        let round = std::thread::scope(|threads| {
            let outside = gathered.map(|gathered| threads.spawn(|| surplus.ask(gathered, &counts)));
            pause(BEFORE);
            let mut round = self.count(kind, pockets, &counts)?;
            if let Some(outside) = outside {
                round.outsiders = outside.join().map_err(|_| "the thread of those outside ended")??;
            }
            Ok::<_, Failure>(round)
        })?;
        self.rounds.push(round);
        Ok(())
    }

    /// Those outside, connected: connecting takes its time, and is no part of a round.
    fn outside(&self) -> Result<Gathered, Failure> {
        let (connections, rate_per_sec) = (self.plan.connections, Some(self.rate_per_sec));
        let crowd = Crowd { connections, rate_per_sec, time: self.plan.round + BEFORE * 2 };
        Ok(crowd.gather(self.served.program.target, Wire::default())?)
    }

    /// What counts of a round, from now on.
    fn count(
        &self,
        kind: Kind,
        pockets: &mut dyn Iterator<Item = Pocket>,
        counts: &AtomicBool,
    ) -> Result<Round, Failure> {
        let program = &self.served.program;
        let inside = Crowd { connections: INSIDERS, rate_per_sec: None, time: self.plan.round };
        let gathered = inside.gather(program.target, Wire::default())?;
        let (began, server, generator) = (now(), program.cpu()?, own_cpu()?);
        counts.store(true, Ordering::Relaxed);
        let mut reserving = Reserving::new(pockets, INSIDERS, began + self.plan.round)?;
        if kind == Kind::Outside {
            pause(self.plan.round);
        } else {
            gathered.run(&mut reserving)?;
        }
        counts.store(false, Ordering::Relaxed);
        let (wall, server, generator) = (began.elapsed(), program.cpu()? - server, own_cpu()? - generator);
        let Reserved { in_time, in_all, times } = reserving.done()?;
        Ok(Round {
            kind,
            confirms_per_sec: in_time as f64 / self.plan.round.as_secs_f64(),
            confirms: in_all,
            times,
            outsiders: Outsiders::default(),
            wall,
            server,
            generator,
        })
    }

    /// What came of all of them.
    pub(crate) fn ended(self) -> Played {
        Played { plan: self.plan, rate_per_sec: self.rate_per_sec, rounds: self.rounds }
    }
}

/// What was measured, when there is no server any more.
pub(crate) struct Played {
    plan: Plan,
    rate_per_sec: u32,
    rounds: Vec<Round>,
}

impl Played {
    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Round> {
        self.rounds.iter().filter(move |round| round.kind == kind)
    }

    fn all(&self, kind: Kind, of: impl Fn(&Round) -> f64) -> Vec<f64> {
        self.of_kind(kind).map(of).collect()
    }

    fn middle(&self, kind: Kind, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.all(kind, of))
    }

    /// Prints it.
    pub(crate) fn tell(&self) -> Result<(), Failure> {
        use Kind::{Outside, Peak, Surge};
        let none = Goal::None;
        let (peaks, surges) =
            (self.all(Peak, |round| round.confirms_per_sec), self.all(Surge, |round| round.confirms_per_sec));
        let ratio = median(peaks.iter().zip(&surges).map(|(peak, surge)| surge / peak).collect());
        let (peak, surge) = (median(peaks), median(surges));
        let goal = Goal::TimesAtLeast(0.95);
        ratio_figure(&format!("journeys.goodput_{}x", self.plan.times), surge, "1/s", Some(peak), Some(ratio), goal)?;
        figure("goodput.connections", (self.plan.connections + INSIDERS) as f64, "connections", None, none)?;
        figure("goodput.offered", f64::from(self.rate_per_sec) + peak, "1/s", Some(peak), none)?;
        let asked = self.middle(Surge, |round| round.per_sec(round.heard()));
        figure("goodput.others_heard", asked, "1/s", Some(peak), none)?;
        let turned_away = |round: &Round| round.outsiders.turned_away as f64 / round.heard().max(1) as f64;
        figure("goodput.others_turned_away", self.middle(Surge, turned_away), "of all", None, none)?;
        let errors: u64 = self.rounds.iter().map(|round| round.outsiders.errors).sum();
        figure("goodput.others_errors", errors as f64, "answers", None, Goal::AtMost(0.0))?;
        self.tell_cpu(self.middle(Outside, |round| round.server_us() / round.heard().max(1) as f64))?;
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let took = |round: &Round| round.times.value_at_quantile(quantile) as f64 / 1e3;
            let (value, baseline) = (self.middle(Surge, took), self.middle(Peak, took));
            figure(&format!("goodput.confirm_{name}"), value, "ms", Some(baseline), none)?;
        }
        if let Some(why) = self.rounds.iter().find_map(|round| round.outsiders.why.as_ref()) {
            use std::io::Write as _;
            writeln!(std::io::stderr().lock(), "the first that went wrong outside: {why}")?;
        }
        Ok(())
    }

    /// Whose the two cores were. `outside_us`: what one request of those outside takes of the server while nobody is inside.
    fn tell_cpu(&self, outside_us: f64) -> Result<(), Failure> {
        use Kind::{Peak, Surge};
        let none = Goal::None;
        let server = |round: &Round| round.server.as_secs_f64() / round.wall.as_secs_f64();
        let generator = |round: &Round| round.generator.as_secs_f64() / round.wall.as_secs_f64();
        figure("goodput.server", self.middle(Surge, server), "cores", Some(self.middle(Peak, server)), none)?;
        figure("goodput.generator", self.middle(Surge, generator), "cores", Some(self.middle(Peak, generator)), none)?;
        let each = |round: &Round| round.server_us() / round.confirms();
        let at_peak = self.middle(Peak, each);
        figure("goodput.server_cpu", self.middle(Surge, each), "us", Some(at_peak), none)?;
        figure("goodput.other_cpu", outside_us, "us", None, none)?;
        // What is left of the server's CPU when each of the others took what they take alone.
        let own = |round: &Round| (round.server_us() - outside_us * round.heard() as f64).max(0.0) / round.confirms();
        figure("goodput.server_cpu_of_a_confirm", self.middle(Surge, own), "us", Some(at_peak), none)
    }
}

/// CPU time of this process so far.
fn own_cpu() -> Result<Duration, Failure> {
    cpu_in(&std::fs::read_to_string("/proc/self/stat")?)
}

//! Room: rehearsal, bench `journeys`. The parts of the bench: which way people take and how they are connected, and what is
//! told of each.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use charye_rehearsal::load::{Kept, Walked};

use super::Failure;
use super::identities::Proof;
use super::served::Spoken;
use super::stage::figures::{Goal, figure};
use super::stage::program::{Program, cpu_in};
use super::tally::Tally;

/// A thread that takes less than this of a journey is not shown. Unit: microseconds.
const PART_MIN_US: f64 = 0.5;

/// How people get to their reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Eight requests over the API.
    Api(Proof),
    /// By pages without script; a window's answer under a shared secret.
    Pages,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// What its figures' names begin with.
    id: &'static str,
    /// By which it is asked for alone.
    pub(crate) option: &'static str,
    pub(crate) way: Way,
    pub(crate) kept: Kept,
    pub(crate) spoken: Spoken,
    /// People for whom places are found, a second of a run: more than can be served.
    pub(crate) people_a_sec: usize,
    /// Of the server's CPU, as a multiple of E.
    goal: Goal,
}

const FIRST: Part = Part {
    id: "journeys.",
    option: "--shared",
    way: Way::Api(Proof::Shared),
    kept: Kept::AllAlong,
    spoken: Spoken::InTheClear,
    people_a_sec: 8_000,
    goal: Goal::TimesAtMost(20.0),
};

/// What the goals are set for; each on a demo of its own.
pub(crate) const MAIN: [Part; 2] =
    [FIRST, Part { id: "journeys_signed.", way: Way::Api(Proof::Ed25519), goal: Goal::TimesAtMost(28.0), ..FIRST }];

/// What stands beside them. The way of the first part comes again, so that each is compared with one of its own minutes.
pub(crate) const OTHERS: [Part; 9] = [
    Part { id: "journeys.again_", option: "--new-connections", ..BESIDE },
    Part { id: "journeys.new_connection_a_person_", option: "--new-connections", kept: Kept::APerson, ..BESIDE },
    Part { id: "journeys.new_connection_a_request_", option: "--new-connections", kept: Kept::ARequest, ..BESIDE },
    Part { id: "journeys.redirect_", option: "--redirect", way: Way::Api(Proof::Exchange), ..BESIDE },
    Part { id: "journeys.pages_", option: "--pages", way: Way::Pages, ..BESIDE },
    Part { id: "journeys.tls_", ..IN_TLS },
    Part { id: "journeys.tls_new_connection_a_person_", kept: Kept::APerson, ..IN_TLS },
    Part { id: "journeys.tls_new_connection_a_request_", kept: Kept::ARequest, ..IN_TLS },
    Part { id: "journeys.tls_pages_new_connection_a_person_", way: Way::Pages, kept: Kept::APerson, ..IN_TLS },
];
const BESIDE: Part = Part { people_a_sec: 6_000, goal: Goal::None, ..FIRST };
const IN_TLS: Part = Part { option: "--tls", spoken: Spoken::Tls, ..BESIDE };

/// CPU spent so far: the server's, the same by its threads, ours, and what our exchange took of it.
pub(crate) struct Spent {
    server: Duration,
    by_thread: BTreeMap<String, Duration>,
    own: Duration,
    exchange: Duration,
}

impl Spent {
    pub(crate) fn now(charye: &Program) -> Result<Self, Failure> {
        let own = cpu_in(&std::fs::read_to_string("/proc/self/stat")?)?;
        let mut exchange = Duration::ZERO;
        for task in std::fs::read_dir("/proc/self/task")? {
            let stat = std::fs::read_to_string(task?.path().join("stat"))?;
            if stat.contains("(exchange)") {
                exchange += cpu_in(&stat)?;
            }
        }
        Ok(Self { server: charye.cpu()?, by_thread: charye.cpu_by_thread()?, own, exchange })
    }
}

/// A part that was played: its CPU before, at the last answer, and when the projector was through.
pub(crate) struct Ran {
    pub(crate) part: Part,
    pub(crate) walked: Walked,
    pub(crate) tally: Tally,
    pub(crate) spent: [Spent; 3],
    pub(crate) echo_us: f64,
}

impl Ran {
    pub(crate) fn tell(&self) -> Result<(), Failure> {
        let (part, tally) = (self.part, &self.tally);
        if let Some(why) = &tally.why {
            writeln!(std::io::stderr().lock(), "{}: {} were refused, the first with {why}", part.id, tally.refused)?;
        }
        let [before, serving, whole] = &self.spent;
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / tally.completed.max(1) as f64;
        let say = |name: &str, value: f64, unit: &str, baseline: Option<f64>, goal: Goal| {
            figure(&format!("{}{name}", part.id), value, unit, baseline, goal)
        };
        let a_journey = |count: u64| count as f64 / tally.completed.max(1) as f64;
        let per_sec = tally.completed as f64 / self.walked.wall.as_secs_f64();
        let is_main = matches!(part.goal, Goal::TimesAtMost(_));
        say("per_sec", per_sec, "1/s", None, Goal::None)?;
        if is_main {
            // As the seconds that a million journeys take, so that the goal of 7,000 a second is one of "at most".
            say("secs_per_million", 1e6 / per_sec.max(f64::EPSILON), "s", None, Goal::AtMost(142.9))?;
        }
        say("completed", tally.completed as f64, "", None, Goal::None)?;
        say("refused", tally.refused as f64, "", None, Goal::AtMost(0.0))?;
        say("seconds", self.walked.wall.as_secs_f64(), "s", None, Goal::None)?;
        say("server_cpu", each(whole.server - before.server), "us", Some(self.echo_us), part.goal)?;
        let until_last_answer = each(serving.server - before.server);
        say("server_cpu_until_last_answer", until_last_answer, "us", Some(self.echo_us), Goal::None)?;
        for (thread, cpu) in &whole.by_thread {
            let taken = each(cpu.saturating_sub(before.by_thread.get(thread).copied().unwrap_or_default()));
            if taken >= PART_MIN_US {
                say(&format!("cpu_of_{thread}"), taken, "us", None, Goal::None)?;
            }
        }
        say("requests", a_journey(tally.answers), "", None, Goal::None)?;
        say("answers_a_look", tally.answers as f64 / self.walked.looks.max(1) as f64, "", None, Goal::None)?;
        if self.walked.opened > 0 {
            say("connections", a_journey(self.walked.opened), "", None, Goal::None)?;
            say("tls_resumed", a_journey(self.walked.resumed), "", None, Goal::None)?;
        }
        let exchange = serving.exchange - before.exchange;
        let generator = (serving.own - before.own).saturating_sub(exchange);
        let goal = if is_main { Goal::AtMost(50.0) } else { Goal::None };
        say("generator_cpu", each(generator), "us", None, goal)?;
        if part.way == Way::Api(Proof::Exchange) {
            say("cpu_of_the_provider", each(exchange), "us", None, Goal::None)?;
        }
        for (step, times) in tally.times() {
            for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
                let millis = times.value_at_quantile(quantile) as f64 / 1_000.0;
                say(&format!("{step}_{name}"), millis, "ms", None, Goal::None)?;
            }
        }
        Ok(())
    }
}

//! Room: rehearsal, bench `http --storm`. Reservations while somebody sends forged answers of identity providers, five
//! thousand a second: how long they take, beside the same seconds without.

use std::rc::Rc;
use std::time::Duration;

use charye_rehearsal::load::{Answer, Asking, Measured, OpenLoop, RequestText, Target};

use super::stage::Failure;
use super::stage::askings::Step;
use super::stage::figures::{Goal, figure, median, ratio_figure};
use super::stage::servers::{all_wanted, catch_up};
use super::{Bench, Citizens, ROUNDS, step};

/// Forged answers a second.
const FORGED_PER_SEC: u32 = 5_000;
const FORGERS: usize = 32;
/// Reservations a second; every citizen makes one in a round.
const RESERVATIONS_PER_SEC: u32 = 1_000;
const RESERVERS: usize = 64;
/// The storm is under way when the first asks, and goes on until the last is answered.
const BEFORE: Duration = Duration::from_millis(500);

/// The way back from a provider, with a beginning that we never sealed, another each time.
struct Forged;

impl Asking for Forged {
    fn write(&self, number: u64, request: &mut RequestText) {
        let sealed = format!("{number:032x}").repeat(6);
        let returned = format!("code={number:016x}&state={number:032x}");
        request
            .post("/api/v1/providers/oidc/callback")
            .json(&format!(r#"{{"sign_in":"{sealed}","returned":"{returned}"}}"#));
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        (400..500).contains(&answer.status)
    }
}

/// Reservations of everybody, in turns without and with the storm, and given back after each.
pub(super) fn beside(bench: &mut Bench, citizens: &Citizens) -> Result<(), Failure> {
    let [mut calm, mut stormy]: [Vec<Measured>; 2] = Default::default();
    let mut forged_per_sec = Vec::new();
    for round in 0..ROUNDS * 2 {
        bench.all_take(Step::Enter, round, citizens)?;
        let count = citizens.borrow().len() as u64;
        let time = Duration::from_secs_f64(count as f64 / f64::from(RESERVATIONS_PER_SEC));
        let plan = OpenLoop { connections: RESERVERS, rate_per_sec: RESERVATIONS_PER_SEC, time };
        let reserve = || -> Result<Measured, Failure> {
            let measured = plan.run(bench.charye.target, step(Step::Reserve, round, citizens))?;
            all_wanted(&measured)?;
            Ok(measured)
        };
        // Whichever comes first in a pair of rounds, it is the other's turn in the next.
        if round % 4 == 1 || round % 4 == 2 {
            let storm = blowing(bench.charye.target, time + BEFORE * 2);
            super::pause(BEFORE);
            stormy.push(reserve()?);
            forged_per_sec.push(storm.join().map_err(|_| "the storm's thread is gone")??);
        } else {
            calm.push(reserve()?);
        }
        catch_up(&mut bench.client)?;
        all_wanted(&super::closed_loop(bench.charye.target, count, step(Step::Cancel, round, citizens))?)?;
        catch_up(&mut bench.client)?;
    }
    figure("http.storm_forged_rate", median(forged_per_sec), "1/s", None, Goal::None)?;
    let rate = |rounds: &[Measured]| median(rounds.iter().map(Measured::per_sec).collect());
    figure("http.storm_reserve_rate", rate(&stormy), "1/s", Some(rate(&calm)), Goal::None)?;
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let millis = |rounds: &[Measured]| -> f64 {
            median(rounds.iter().map(|measured| measured.latency(quantile).as_secs_f64() * 1_000.0).collect())
        };
        let (value, baseline) = (millis(&stormy), millis(&calm));
        let ratio = Some(value / baseline);
        ratio_figure(&format!("http.storm_reserve_{name}"), value, "ms", Some(baseline), ratio, Goal::None)?;
    }
    Ok(())
}

/// The storm, on a thread of its own; how many forged answers a second were turned back.
fn blowing(target: Target, time: Duration) -> std::thread::JoinHandle<Result<f64, String>> {
    std::thread::spawn(move || {
        let plan = OpenLoop { connections: FORGERS, rate_per_sec: FORGED_PER_SEC, time };
        let measured = plan.run(target, Rc::new(Forged)).map_err(|failure| failure.to_string())?;
        all_wanted(&measured).map_err(|failure| failure.to_string())?;
        Ok(measured.per_sec())
    })
}

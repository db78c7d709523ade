//! Bench: reservations a second, with 64 and 512 in flight and with one, with the projector idle and on; P, the disk's
//! syncs and each of these in turn, round by round, so that what else the machine does falls on all of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::Options;
use crate::figures::{Goal, figure, median, resident_mib, sequencer_cpu_secs, syncs_per_sec};
use crate::house::{Behind, fill, start};
use crate::load::Load;
use crate::postgres::Postgres;
use crate::steady::{measure_lag, wait_for_projector};

/// More than can reserve in a second here: people who wait to ask when a measured span begins.
const PEOPLE_PER_SEC: u32 = 1_200_000;
const ONE_IN_FLIGHT_SPAN: Duration = Duration::from_secs(1);
/// Reservations for which room is made beforehand, whatever the options.
const ROOM: usize = 16_000_000;

/// Measures with the projector idle or on; gives the rate with 512 in flight.
pub(crate) fn measure(options: &Options, path: &Path, postgres: Option<&Postgres>, projector: bool) -> f64 {
    let with = if projector { "projector_on" } else { "projector_idle" };
    let engine = start(path, ROOM, options.clinics, Behind { projector, snapshot_every_entries: 0 });
    let blocks = fill(&engine, options.clinics);
    let mut load = Load::new(Arc::clone(&engine), blocks);
    load.register(options.preload);
    load.reserve_count(options.preload, 512);
    if projector {
        load.register_waiting(PEOPLE_PER_SEC);
        eprintln!("waiting for the projector");
        wait_for_projector(&engine);
        measure_lag(&mut load);
    }

    let mut p = Vec::new();
    let (mut at_64, mut at_512, mut p99_at_512, mut one) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut cpu, mut syncs) = (Vec::new(), Vec::new());
    for round in 1..=options.rounds {
        load.register_waiting(2 * (options.span.as_secs() as u32) * PEOPLE_PER_SEC);
        p.extend(postgres.map(|postgres| postgres.tps(options.span)));
        eprintln!("round {round}, {with}: asking");
        let run_64 = load.reserve_for(options.span, 64);
        let cpu_before = sequencer_cpu_secs();
        let run_512 = load.reserve_for(options.span, 512);
        let cpu_us = (sequencer_cpu_secs() - cpu_before) * 1e6 / run_512.latencies_ms.len() as f64;
        let sync = syncs_per_sec(path);
        let run_1 = load.reserve_for(ONE_IN_FLIGHT_SPAN, 1);
        eprintln!(
            "round {round}, {with}: P {:.0}, 64 {:.0}, 512 {:.0}, p99 {:.2} ms, cpu {cpu_us:.2} us, syncs {sync:.0}",
            p.last().copied().unwrap_or_default(),
            run_64.per_sec,
            run_512.per_sec,
            run_512.quantile_ms(0.99)
        );
        at_64.push(run_64.per_sec);
        at_512.push(run_512.per_sec);
        p99_at_512.push(run_512.quantile_ms(0.99));
        one.push(run_1.quantile_ms(0.5));
        cpu.push(cpu_us);
        syncs.push(sync);
    }
    let p = (!p.is_empty()).then(|| median(&mut p));
    let syncs = median(&mut syncs);
    let at_512 = median(&mut at_512);
    let (goal_64, goal_512) = if projector { (45.0, 100.0) } else { (60.0, 130.0) };
    figure(&format!("spine.reservations_64.{with}"), median(&mut at_64), "1/s", p, Goal::TimesAtLeast(goal_64));
    figure(&format!("spine.reservations_512.{with}"), at_512, "1/s", p, Goal::TimesAtLeast(goal_512));
    figure(&format!("spine.p99_512.{with}"), median(&mut p99_at_512), "ms", None, Goal::AtMost(5.0));
    figure(&format!("spine.sequencer_cpu_512.{with}"), median(&mut cpu), "us", None, Goal::None);
    let one = median(&mut one);
    figure(&format!("spine.one_in_flight.{with}"), one, "ms", Some(1_000.0 / syncs), Goal::TimesAtMost(3.0));
    if let Some(p) = p {
        figure(&format!("spine.pgbench.{with}"), p, "1/s", None, Goal::None);
    }
    figure(&format!("spine.disk_syncs.{with}"), syncs, "1/s", None, Goal::None);
    figure(&format!("spine.resident.{with}"), resident_mib(), "MiB", None, Goal::None);
    assert_eq!(load.refused_wrongly(), 0, "nothing but full slots is refused");
    engine.stop();
    at_512
}

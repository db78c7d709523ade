//! Bench: what must hold for as long as it takes. The longest stall in a minute at half load, with projector, checkpoints
//! and a snapshot; and how far the projections lag behind 20,000 reservations a second.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use charye_engine::Engine;

use crate::Options;
use crate::figures::{Goal, figure, median, quantile};
use crate::house::{fill, start};
use crate::load::{Load, Run};

/// Reservations a second that the projector must keep up with.
const LAG_AT_PER_SEC: f64 = 20_000.0;
const LAG_SPAN: Duration = Duration::from_secs(10);
const SAMPLE_EVERY: Duration = Duration::from_millis(1);
pub(crate) const SNAPSHOT_EVERY_ENTRIES: u64 = 2_000_000;
/// Longest wait for projector or snapshot to come to an end.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// The longest stalls of several runs of a minute, each in a house of its own.
pub(crate) fn measure_stalls(options: &Options, folder: &Path, per_sec: f64) {
    let (mut longest, mut p99, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.stall_runs {
        let path = folder.join(format!("stall-{run}"));
        let (measured, made) = stall_run(options, &path, per_sec);
        eprintln!("run {}: longest {:.1} ms, {made:.0} snapshots", run + 1, measured.longest_ms());
        longest.push(measured.longest_ms());
        p99.push(measured.quantile_ms(0.99));
        snapshots.push(made);
        std::fs::remove_dir_all(path).unwrap();
    }
    figure("spine.half_load", per_sec, "1/s", None, Goal::None);
    figure("spine.longest_stall", median(&mut longest), "ms", None, Goal::AtMost(50.0));
    figure("spine.p99_half_load", median(&mut p99), "ms", None, Goal::None);
    figure("spine.snapshots_in_a_stall_run", median(&mut snapshots), "", None, Goal::AtLeast(1.0));
}

fn stall_run(options: &Options, path: &Path, per_sec: f64) -> (Run, f64) {
    let people = (options.stall_span.as_secs_f64() * per_sec) as u32;
    let room = (options.preload + people + 1_000) as usize;
    let engine = start(path, room, options.clinics, options.stall_behind);
    let blocks = fill(&engine, options.clinics);
    let mut load = Load::new(Arc::clone(&engine), blocks);
    load.register(options.preload);
    load.reserve_count(options.preload, 512);
    load.register(people);
    let made = snapshots_made_while(&engine, || load.reserve_paced(options.stall_span, per_sec));
    assert_eq!(load.refused_wrongly(), 0, "nothing but full slots is refused");
    engine.stop();
    made
}

/// What the work gives, and how many snapshots came to an end meanwhile.
fn snapshots_made_while<T: Send>(engine: &Engine, work: impl FnOnce() -> T) -> (T, f64) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let counter = scope.spawn(|| {
            let (mut made, mut newest) = (0, engine.health().snapshot_seq);
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                let now = engine.health().snapshot_seq;
                made += u32::from(now != newest);
                newest = now;
            }
            f64::from(made)
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, counter.join().unwrap())
    })
}

/// How long the projections lag behind at the rate that is promised.
pub(crate) fn measure_lag(load: &mut Load) {
    let engine = Arc::clone(load.engine());
    let over = AtomicBool::new(false);
    let mut lags_ms = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| sample_lag(&engine, &over));
        load.reserve_paced(LAG_SPAN, LAG_AT_PER_SEC);
        over.store(true, Ordering::Relaxed);
        sampler.join().unwrap()
    });
    lags_ms.sort_by(f32::total_cmp);
    figure("spine.projector_lag_p99", quantile(&lags_ms, 0.99), "ms", None, Goal::AtMost(100.0));
}

/// How long each durable head took to be projected.
fn sample_lag(engine: &Engine, over: &AtomicBool) -> Vec<f32> {
    let mut lags_ms = Vec::new();
    let mut heads: VecDeque<(u64, Instant)> = VecDeque::new();
    while !over.load(Ordering::Relaxed) || !heads.is_empty() {
        let (head, projected) = (engine.head_seq(), engine.health().projected_seq.unwrap());
        let now = Instant::now();
        if heads.back().is_none_or(|(seq, _)| *seq < head) && !over.load(Ordering::Relaxed) {
            heads.push_back((head, now));
        }
        while let Some((_, since)) = heads.pop_front_if(|(seq, _)| *seq <= projected) {
            lags_ms.push((now - since).as_secs_f32() * 1_000.0);
        }
        std::thread::sleep(SAMPLE_EVERY);
    }
    lags_ms
}

/// Waits until everything durable is projected.
pub(crate) fn wait_for_projector(engine: &Engine) {
    wait_until("the projector", || engine.health().projected_seq.is_none_or(|seq| seq >= engine.head_seq()));
}

/// Waits until something behind the sequencer has come so far.
pub(crate) fn wait_until(whom: &str, is_done: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_done() {
        assert!(began.elapsed() < WAIT_MAX, "waited too long for {whom}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

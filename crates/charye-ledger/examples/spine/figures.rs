//! Bench: how a figure is told: one JSON object a line, with what it is measured against and whether it reaches its goal.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// What a figure should reach.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// Told for its own sake.
    None,
    AtMost(f64),
    AtLeast(f64),
    /// Of value over baseline.
    TimesAtLeast(f64),
    TimesAtMost(f64),
}

pub(crate) fn figure(id: &str, value: f64, unit: &str, baseline: Option<f64>, goal: Goal) {
    let ratio = baseline.map(|baseline| value / baseline);
    let (goal, met) = match goal {
        Goal::None => ("null".to_owned(), None),
        Goal::AtMost(most) => (format!("\"<= {most}\""), Some(value <= most)),
        Goal::AtLeast(least) => (format!("\">= {least}\""), Some(value >= least)),
        Goal::TimesAtLeast(least) => (format!("\">= {least} x\""), ratio.map(|ratio| ratio >= least)),
        Goal::TimesAtMost(most) => (format!("\"<= {most} x\""), ratio.map(|ratio| ratio <= most)),
    };
    let number = |number: Option<f64>| number.map_or("null".to_owned(), |number| format!("{number:.3}"));
    let met = met.map_or("null".to_owned(), |met| met.to_string());
    println!(
        "{{\"id\":\"{id}\",\"value\":{value:.3},\"unit\":\"{unit}\",\"baseline\":{},\"ratio\":{},\"goal\":{goal},\"met\":{met}}}",
        number(baseline),
        number(ratio),
    );
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value below which this part of the sorted values lies.
pub(crate) fn quantile(sorted: &[f32], part: f64) -> f64 {
    sorted.get((sorted.len() as f64 * part) as usize).copied().map_or(0.0, f64::from)
}

/// How often a second the disk makes one block durable: what every durable answer is measured against.
pub(crate) fn syncs_per_sec(folder: &Path) -> f64 {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path).unwrap();
    file.write_all(&[7; 4096]).unwrap();
    file.sync_all().unwrap();
    let began = Instant::now();
    let mut syncs = 0;
    while began.elapsed() < Duration::from_millis(500) {
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    std::fs::remove_file(path).unwrap();
    f64::from(syncs) / began.elapsed().as_secs_f64()
}

pub(crate) fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}

/// Seconds that the sequencer's thread has computed so far, by the scheduler's count: what is left when other processes
/// want the same cores.
pub(crate) fn sequencer_cpu_secs() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let sequencers =
        tasks.filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name == "sequencer\n"));
    let nanos = |task: &Path| -> f64 {
        let stat = std::fs::read_to_string(task.join("schedstat")).unwrap();
        stat.split(' ').next().unwrap().parse().unwrap()
    };
    sequencers.map(|task| nanos(&task)).sum::<f64>() / 1e9
}

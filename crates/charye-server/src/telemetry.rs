//! Room: server. Logs to stderr, metrics to whoever asks `/metrics`, the process's own among them. Called by `serve` and `demo`.
//! Neither ever carries a name, a number or an address: what is logged comes from code that has none.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Starts logging; `level` is a level or a filter such as `info,charye_engine=debug`.
pub(crate) fn log_to_stderr(level: &str) -> Result<(), anyhow::Error> {
    let filter = EnvFilter::try_new(level).with_context(|| format!("could not read log level `{level}`"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(true)
        .try_init()
        .map_err(|error| anyhow::anyhow!("could not start logging: {error}"))
}

/// Between two rounds of [`Counted`]'s thread.
const SUMMED_EVERY: Duration = Duration::from_secs(5);

/// Everything counted since [`count`]. What histograms were given is summed by a thread of its own, whether or not anybody
/// ever asks: until then each measurement is kept. The thread ends with it.
pub(crate) struct Counted {
    recorded: PrometheusHandle,
    _until: Sender<()>,
}

impl Counted {
    /// All of it, and the process's own, in Prometheus' text format.
    pub(crate) fn render(&self) -> String {
        self.recorded.render() + &of_process()
    }
}

/// Starts counting, once in a process and before the engine starts: whoever has looked a figure of theirs up before counts
/// nothing.
pub(crate) fn count() -> Result<Counted, anyhow::Error> {
    let recorded = PrometheusBuilder::new()
        // Seconds: from what a batch takes to what a person minds.
        .set_buckets(&[
            0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ])
        .and_then(PrometheusBuilder::install_recorder)
        .context("could not start counting")?;
    let (until, ended) = channel();
    let summed = recorded.clone();
    let sum = move || {
        while ended.recv_timeout(SUMMED_EVERY) == Err(RecvTimeoutError::Timeout) {
            summed.run_upkeep();
        }
    };
    std::thread::Builder::new().name("counted".to_owned()).spawn(sum).context("could not start counting")?;
    Ok(Counted { recorded, _until: until })
}

/// CPU and memory of this process under the names that every Prometheus client uses; empty where /proc does not tell.
fn of_process() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut text = String::new();
    if let Some(secs) = cpu_secs(&stat) {
        let name = "process_cpu_seconds_total";
        let _ = writeln!(text, "# TYPE {name} counter\n{name} {secs:.2}");
    }
    if let Some(bytes) = resident_bytes(&status) {
        let name = "process_resident_memory_bytes";
        let _ = writeln!(text, "# TYPE {name} gauge\n{name} {bytes}");
    }
    text
}

/// User and system time in a `stat` of /proc. Unit: seconds.
fn cpu_secs(stat: &str) -> Option<f64> {
    /// Linux tells /proc's times in hundredths of a second on every architecture (USER_HZ).
    const TICKS_PER_SEC: f64 = 100.0;
    // The name in parentheses may hold anything; fields are counted from behind it. utime is the 14th of all.
    let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11).map(str::parse::<u64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) as f64 / TICKS_PER_SEC)
}

/// Resident memory in a `status` of /proc. Unit: bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_from_proc_whatever_its_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0";
        assert_eq!(cpu_secs(stat), Some(3.0));
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152));
        assert_eq!((cpu_secs(""), resident_bytes("")), (None, None));
    }
}

//! Room: server. Logs to stderr, metrics to whoever asks `/metrics`. Neither ever carries a name, a number or an address:
//! what is logged comes from code that has none.

use std::io::IsTerminal as _;

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

/// Starts counting. The handle renders everything counted, in Prometheus' text format.
pub(crate) fn count() -> Result<PrometheusHandle, anyhow::Error> {
    PrometheusBuilder::new()
        // Seconds: from what a batch takes to what a person minds.
        .set_buckets(&[
            0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ])
        .and_then(PrometheusBuilder::install_recorder)
        .context("could not start counting")
}

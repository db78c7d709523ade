//! Room: rehearsal/load. The bounds that no plan may pass, whoever wrote it.

use std::time::Duration;

use super::LoadFailure;

/// Connections open at once.
pub const CONNECTIONS_MAX: usize = 60_000;
/// Requests of one run.
pub const REQUESTS_MAX: u64 = 200_000_000;
/// Arrivals a second.
pub const RATE_PER_SEC_MAX: u32 = 200_000;
/// How long one run may take: all 16.21 million people of a cohort, at 1,501 a second and more.
pub const TIME_MAX: Duration = Duration::from_secs(3 * 3_600);

/// Time after the planned end in which the last answers may still come.
pub(super) const GRACE: Duration = Duration::from_secs(30);

pub(super) fn check_connections(connections: usize) -> Result<(), LoadFailure> {
    within("a number of connections", connections as u64, CONNECTIONS_MAX as u64)
}

pub(super) fn check_requests(requests: u64) -> Result<(), LoadFailure> {
    within("a number of requests", requests, REQUESTS_MAX)
}

pub(super) fn check_rate(rate_per_sec: u32) -> Result<(), LoadFailure> {
    within("a rate per second", rate_per_sec.into(), RATE_PER_SEC_MAX.into())
}

pub(super) fn check_time(time: Duration) -> Result<(), LoadFailure> {
    within("a time in seconds", time.as_secs_f64().ceil() as u64, TIME_MAX.as_secs())
}

fn within(what: &'static str, wanted: u64, bound: u64) -> Result<(), LoadFailure> {
    if wanted > bound { Err(LoadFailure::OverBound { what, wanted, bound }) } else { Ok(()) }
}

//! Room: rehearsal/load. Bounded load over HTTP/1.1 against a server on this machine, and what came of it.
//!
//! Called by benches and by `evening`. Knows HTTP only: what is asked, an [`Asking`] says. Must never aim at a machine
//! that is not one's own, nor run without an end: rate, count, connections and time are bounded here.

mod bounds;
mod channel;
mod closed_loop;
mod connection;
mod crowd;
mod measured;
mod open_loop;
mod pacer;
mod request;
pub(crate) mod stopwatch;
mod target;
mod wire;

use std::io;
use std::time::Duration;

pub use bounds::{CONNECTIONS_MAX, RATE_PER_SEC_MAX, REQUESTS_MAX, TIME_MAX};
pub use closed_loop::ClosedLoop;
pub(crate) use closed_loop::PER_ADDRESS;
pub use connection::{Answer, Connection};
pub use crowd::{Crowd, Gathered, Next, Walk, Walked};
pub use measured::Measured;
pub use open_loop::OpenLoop;
pub use request::RequestText;
pub use target::Target;
pub(crate) use target::source_address;
pub use wire::{Kept, Trust, Wire};

/// What is asked and who listens to the answers. Called on one thread.
pub trait Asking {
    /// Writes the request with this number; each number is asked for once, from 0 on.
    fn write(&self, number: u64, request: &mut RequestText);

    /// Hears the answer to the request with this number. Whether it is the answer that was wanted.
    fn hear(&self, number: u64, answer: &Answer<'_>) -> bool;
}

/// Why there was no load, or why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    #[error("{target} is neither http://127.x.x.x:PORT nor listed as one of our own: it is not loaded")]
    TargetRefused { target: String },
    #[error("{what} of {wanted} is more than the bound of {bound}")]
    OverBound { what: &'static str, wanted: u64, bound: u64 },
    #[error("could not start the load's runtime")]
    Runtime(#[source] io::Error),
    #[error("could not connect")]
    Connect(#[source] io::Error),
    #[error("could not exchange a request and its answer")]
    Exchange(#[source] io::Error),
    #[error("the answer is not HTTP/1.1 as this client reads it: {reason}")]
    Unreadable { reason: &'static str },
    #[error("could not trust the target's certificate: {reason}")]
    Trust { reason: &'static str },
    #[error("could not speak TLS with the target")]
    Tls(#[source] rustls::Error),
    #[error("the load did not end within {limit:?}")]
    Overdue { limit: Duration },
}

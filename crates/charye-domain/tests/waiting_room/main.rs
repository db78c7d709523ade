//! The waiting room's laws, on simulated evenings: everything from a seed, in simulated time.
#![expect(clippy::unwrap_used, reason = "helpers of tests; the lint looks away in test functions only")]
#![expect(clippy::panic, reason = "likewise")]

mod door;
mod draw;
mod estimates;
mod line;
mod surges;
mod world;

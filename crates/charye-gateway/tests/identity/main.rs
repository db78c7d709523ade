//! Room: gateway/tests. Identity providers as the world has them: honest ones of every flow, and hostile ones on loopback
//! that lie, hang, drip, redirect and swap keys. No misbehaviour is a login, none is a panic.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the steps of a test")]
#![expect(clippy::semicolon_if_nothing_returned, reason = "a row of a table says one thing, as an expression")]

mod config;
mod flows;
mod hostile;
mod key_fetches;
mod outbound;
mod rehearsal;
mod server;
mod signer;
mod stage;

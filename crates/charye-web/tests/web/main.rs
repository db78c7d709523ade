//! Room: web, tests. The face as the world meets it: over real sockets on 127.0.0.1, before an engine on fakes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set its stage fails")]

mod api;
mod bad_input;
mod client;
mod document;
mod gate;
#[path = "../ground/mod.rs"]
mod ground;
mod line;
mod listener;
mod packed;
mod providers;
mod schema;
mod stage;

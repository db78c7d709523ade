//! The citizen's whole way over a real listener: every step in both languages, wrong turns, and what every route owes.
//! The engine is real and runs on its fakes; the nation is three people and one clinic.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, whose stage and browser are no #[test] functions")]

mod forms;
#[path = "../ground/mod.rs"]
mod ground;
mod line;
mod look;
mod providers;
mod stage;
mod whole_way;
mod wrong_turns;

//! Room: domain/waiting_room. The line before the door: who stands where, who is called when, and what they are told.
//!
//! Pure state machines, called by the engine's waiting room: [`draw`] gives places to those who came before the opening,
//! [`mod@line`] counts and orders them, [`admission`] calls them under the hard cap, [`wait_estimate`] says how long it will
//! take, [`tokens`] fixes the bytes of tickets and passes. Nothing here lets anyone past a place lower than theirs.

pub mod admission;
pub mod draw;
pub mod line;
pub mod place;
pub mod plan;
pub mod steering;
pub mod tokens;
pub mod wait_estimate;

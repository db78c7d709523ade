//! Room: engine/availability. The board and its look-ups against a plain list of slots that is scanned from end to end.
//!
//! `world` makes small random nations and answers naively; the other files compare.

mod board;
mod bounds;
mod one_clinic;
mod rebuild;
mod search;
mod world;

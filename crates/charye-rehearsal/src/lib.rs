//! Room: rehearsal. The evening before it comes: a made-up nation, and the load of its people.
//!
//! Called by the program's commands and by benches. Knows only files and HTTP: no other crate of ours, so that it cannot
//! be wrong in the same way as what it rehearses against. `evening` plays a `profile` against a target; `citizen` is what
//! one person does; `recorder` counts.

pub mod arrivals;
pub mod citizen;
pub mod evening;
pub mod load;
pub mod nation;
mod people;
pub mod profile;
pub mod recorder;
pub mod report;

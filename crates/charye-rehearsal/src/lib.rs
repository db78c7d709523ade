//! Room: rehearsal. The evening before it comes: a made-up nation, and the load of its people.
//!
//! Called by the program's commands and by benches. Knows only files and HTTP: no other crate of ours, so that it cannot
//! be wrong in the same way as what it rehearses against.

pub mod load;
pub mod nation;

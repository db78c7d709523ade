//! Room: engine. Every figure the engine keeps, with its fixed name. Read by `/metrics` and the situation room.
//!
//! Labels are lanes, causes and codes only: never a person, a number or a key. Units stand in the names.

use crate::failure::BusyCause;

/// Questions turned away before the queue, by `cause`.
pub const BUSY_TOTAL: &str = "charye_busy_total";

/// Counts a question that was turned away.
pub(crate) fn refused_busy(cause: BusyCause) {
    metrics::counter!(BUSY_TOTAL, "cause" => cause.code()).increment(1);
}

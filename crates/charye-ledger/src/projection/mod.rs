//! Room: ledger/projection. SQL tables written behind the journal, for consoles, reports and people with a SQL prompt.
//! Called by the engine's projector through its port. Nothing starts from them; they can be emptied and filled again.
//!
//! How a slot number becomes a clinic, a day and a capacity: the projection keeps a *layout*, a book to which only the
//! entries that lay out clinics and slots were applied (six bytes a slot, no people, no reservations). It follows the
//! journal exactly, so an old entry is never judged by a newer capacity; it needs nobody's help; at a start it is read
//! from the journal, on the projector's own thread. Rejected: a row for each of twenty million slots at activation (ten
//! minutes of the projector), and asking the engine's book or board (ahead of the entries being projected, so a capacity
//! lowered meanwhile would look like an oversell). A slot gets its row when somebody first claims a place of it.

mod layout;
mod sqlite;

pub use sqlite::{Discrepancy, Look, SqliteProjection, Table, TableWatch};

//! Room: ledger/people. Names, birth dates and phone numbers, sealed, in files of their own, deletable. Called through the
//! engine's port `PeopleStore`. Must never hold a plain value on disk, and never list people.

mod sealed_row;
mod sqlite;
#[cfg(test)]
mod suite;
#[cfg(test)]
mod test_keys;

pub use sqlite::{SqlitePeople, Sweep, Unfit, rows_sealed_with};

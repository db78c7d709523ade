//! Charye's ledger: everything that is kept. Journal, snapshots, audits, projections and people on SQLite; PostgreSQL
//! next. Called by the server, which hands the stores to the engine as ports. Must never decide anything.

pub mod audit;
mod checkpointer;
pub mod data_folder;
pub mod journal;
mod order_words;
pub mod people;
pub mod projection;
pub mod snapshot;
pub mod sqlite_file;
pub mod storage_reserve;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

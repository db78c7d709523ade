//! Room: ledger/journal. The append-only truth, in a SQLite file: one row a batch, chained by BLAKE3, insert-only.
//! Called by the engine's sequencer through its port, and by readers. Must never decide anything, nor change a row.

pub mod codec;
mod row;
mod sqlite;
mod sqlite_reader;
mod watch;

pub use codec::{CampaignReader, CodecFailure};
pub use sqlite::{CrashHook, CrashPoint, JournalOptions, OpenFailure, SqliteJournal};
pub use sqlite_reader::SqliteJournalReader;
pub use watch::{JournalFinding, JournalLook, JournalWatch};

//! Room: server/config. `[engine]`: how the running state is kept.

use std::path::PathBuf;

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EngineSection {
    /// Entries of the journal between two snapshots.
    pub(crate) snapshot_every_entries: u64,
    /// Take a jump of the wall clock without asking an operator. For demos and rehearsals only.
    pub(crate) accept_clock: bool,
    /// How many people to have room for without growing a table: growing one of ten million stalls for a second.
    pub(crate) people: u32,
    /// A file with the milliseconds that the wall clock is ahead, looked at while the server runs; 0 while it is not there.
    /// For rehearsals only.
    pub(crate) clock_ahead_file: Option<PathBuf>,
    /// A file with the milliseconds that have passed besides, on both clocks: it only ever rises. For rehearsals only.
    pub(crate) time_passed_file: Option<PathBuf>,
}

impl Default for EngineSection {
    fn default() -> Self {
        Self {
            snapshot_every_entries: 2_000_000,
            accept_clock: false,
            people: 1_000_000,
            clock_ahead_file: None,
            time_passed_file: None,
        }
    }
}

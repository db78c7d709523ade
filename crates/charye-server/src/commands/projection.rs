//! Room: server/commands. `charye projection rebuild`: empties the SQL tables and fills them from the journal, while no
//! server runs. Must never touch the journal.

use std::ops::ControlFlow;

use anyhow::Context as _;
use charye_engine::ports::{JournalReader as _, Projection as _, ProjectionFailure, RecordedBatch};
use charye_ledger::data_folder::{DataFolder, FolderFailure};
use charye_ledger::journal::SqliteJournalReader;
use charye_ledger::projection::SqliteProjection;
use clap::Subcommand;

use super::check_config;
use super::installed::Installed;
use super::nation::progress_bar;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring::campaign_reader;

/// Entries written in one transaction.
const ENTRIES_AT_ONCE: usize = 20_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Empty the tables and fill them from the journal
    Rebuild(Installed),
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let Command::Rebuild(installed) = command;
    let config = installed.overlay(check_config::read(installed.config.as_deref())?);
    // Looked at first: a folder that is mistyped must not be made.
    DataFolder::for_reading(&config.data.folder).map_err(unusable)?;
    let folder = DataFolder::open(&config.data.folder).map_err(unusable)?;
    let reader = || SqliteJournalReader::new(folder.journal(), campaign_reader());
    let mut projection =
        SqliteProjection::open(&folder.projection(), Box::new(reader())).context("could not open the projections")?;
    projection.clear().context("could not empty the projections")?;
    fill(&mut projection, reader())?;
    let violations = projection.violations();
    say(&format!("projected up to entry {}, {violations} violations", projection.applied_seq()));
    if violations == 0 { Ok(()) } else { Err(Ending::Findings) }
}

/// Writes the whole journal, many rows a transaction.
fn fill(projection: &mut SqliteProjection, mut reader: SqliteJournalReader) -> Result<(), Ending> {
    let bar = progress_bar("projecting");
    let mut waiting: Vec<RecordedBatch> = Vec::new();
    let mut entries = 0;
    let mut failed: Option<ProjectionFailure> = None;
    let read = reader.read(1, &mut |batch| {
        entries += batch.entries.len();
        bar.inc(batch.entries.len() as u64);
        waiting.push(batch);
        if entries < ENTRIES_AT_ONCE {
            return ControlFlow::Continue(());
        }
        entries = 0;
        match projection.apply(&std::mem::take(&mut waiting)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    });
    bar.finish_and_clear();
    failed.map_or(Ok(()), Err).context("could not fill the projections")?;
    read.context("could not read the journal")?;
    projection.apply(&waiting).context("could not fill the projections")?;
    Ok(())
}

fn unusable(failure: FolderFailure) -> Ending {
    match failure {
        FolderFailure::InUse { .. } => Ending::Unavailable(failure.into()),
        FolderFailure::Missing { .. } => Ending::Unreadable { words: format!("charye: {failure}") },
        failure => Ending::Fault(failure.into()),
    }
}

//! Room: server/commands. `charye projection rebuild`: empties the SQL tables and fills them from the journal, while no
//! server runs. Must never touch the journal.

use std::ops::ControlFlow;

use anyhow::Context as _;
use charye_engine::ports::{JournalReader as _, Projection as _, ProjectionFailure, RecordedBatch};
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::SqliteJournalReader;
use charye_ledger::projection::SqliteProjection;
use clap::Subcommand;

use super::installed::{Installed, standing};
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
    let config = installed.config()?;
    standing(&config.data.folder)?;
    let folder = DataFolder::open(&config.data.folder)?;
    let reader = || SqliteJournalReader::new(folder.journal(), campaign_reader());
    // Before anything is emptied: of a journal that does not read to its end the tables may be the best copy there is.
    reader().read(1, &mut |_| ControlFlow::Continue(()))?;
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
    read?;
    projection.apply(&waiting).context("could not fill the projections")?;
    Ok(())
}

//! Room: server/commands. `charye import clinics|sessions FILE [--dry-run]`: rows in, errors with their places out.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use charye_domain::campaign::Campaign;
use charye_domain::ids::ImportId;
use charye_engine::clinic::{DistrictTable, ImportCounts, ImportFailure, import_clinics, import_sessions};
use charye_engine::operations::{activate_import, discard_import, stage_clinics, stage_sessions};
use charye_engine::{Engine, Failure};
use clap::Subcommand;

use super::installed::Installed;
use super::publish::AT_THE_PROMPT;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import clinics: new ones are added, known ones are changed
    Clinics {
        file: PathBuf,
        /// Read and check everything; change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        installed: Installed,
    },
    /// Import the sessions of a campaign: they replace those of each clinic named
    Sessions {
        file: PathBuf,
        /// The code of the campaign
        #[arg(long)]
        campaign: String,
        /// Read and check everything; change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        installed: Installed,
    },
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let (Command::Clinics { installed, dry_run, .. } | Command::Sessions { installed, dry_run, .. }) = command;
    let config = installed.config()?;
    let installation = wiring::open(&config)?;
    let engine = &installation.engine;
    let import = Import::new(engine, *dry_run);
    let read = match command {
        Command::Clinics { file, .. } => import.clinics(file),
        Command::Sessions { file, campaign, .. } => import.sessions(file, campaign),
    };
    let ended = read.and_then(|counts| import.finish().map(|()| counts));
    engine.stop();
    let counts = ended?;
    let done = if *dry_run { "would be imported; nothing was changed" } else { "are imported" };
    say(&format!("{} rows {done}", counts.accepted));
    Ok(())
}

/// One import under way.
pub(crate) struct Import<'e> {
    engine: &'e Engine,
    id: ImportId,
    dry_run: bool,
}

impl<'e> Import<'e> {
    /// An import with an id of its own. Dry, it reads and checks, and stages nothing.
    pub(crate) fn new(engine: &'e Engine, dry_run: bool) -> Self {
        let id = ImportId(u32::try_from(engine.random().bits() >> 32).unwrap_or(u32::MAX));
        Self { engine, id, dry_run }
    }

    /// Stages the clinics of a file.
    ///
    /// # Errors
    /// `Unreadable` with every error of the file and its place; nothing stays staged.
    pub(crate) fn clinics(&self, path: &Path) -> Result<ImportCounts, Ending> {
        let file = open(path)?;
        let read = import_clinics(&path.display().to_string(), file, &DistrictTable::korea(), |chunk| {
            if self.dry_run { Ok(()) } else { stage_clinics(self.engine, AT_THE_PROMPT, self.id, chunk) }
        });
        self.settle(read)
    }

    /// Stages the sessions of a file.
    ///
    /// # Errors
    /// As [`Import::clinics`].
    pub(crate) fn sessions(&self, path: &Path, campaign: &str) -> Result<ImportCounts, Ending> {
        let campaigns = self.engine.campaigns();
        let campaign = campaigns
            .by_code(campaign)
            .ok_or_else(|| Ending::Unreadable { words: format!("charye: no campaign {campaign} is published here") })?;
        let availability = self.engine.availability();
        self.sessions_of(path, campaign, &|code| availability.directory().by_code(code).is_some())
    }

    /// The same, for a campaign and clinics that the caller knows.
    pub(crate) fn sessions_of(
        &self,
        path: &Path,
        campaign: &Campaign,
        clinic_known: &dyn Fn(&str) -> bool,
    ) -> Result<ImportCounts, Ending> {
        let file = open(path)?;
        let read = import_sessions(&path.display().to_string(), file, campaign, clinic_known, |chunk| {
            if self.dry_run { Ok(()) } else { stage_sessions(self.engine, AT_THE_PROMPT, self.id, campaign.id, chunk) }
        });
        self.settle(read)
    }

    /// Makes what was staged count.
    pub(crate) fn finish(&self) -> Result<(), Ending> {
        if self.dry_run {
            return Ok(());
        }
        activate_import(self.engine, AT_THE_PROMPT, self.id).map_err(|failure| self.give_up(&failure))
    }

    fn settle(&self, read: Result<ImportCounts, ImportFailure<Failure>>) -> Result<ImportCounts, Ending> {
        match read {
            Ok(counts) => Ok(counts),
            Err(ImportFailure::File(errors)) => {
                self.discard();
                Err(Ending::Unreadable { words: errors.to_string() })
            }
            Err(ImportFailure::Sink(failure)) => Err(self.give_up(&failure)),
        }
    }

    fn give_up(&self, failure: &Failure) -> Ending {
        self.discard();
        Ending::Fault(anyhow!("the import was not taken ({}); nothing of it counts", failure.code()))
    }

    /// What is staged has no effect; if even discarding fails it stays so.
    fn discard(&self) {
        if !self.dry_run && discard_import(self.engine, AT_THE_PROMPT, self.id).is_err() {
            tracing::warn!("what an import staged could not be discarded; it has no effect");
        }
    }
}

fn open(path: &Path) -> Result<File, Ending> {
    File::open(path).map_err(|error| Ending::of_file(path, error))
}

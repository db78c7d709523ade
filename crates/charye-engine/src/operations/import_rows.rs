//! Room: engine/operations. Imports clinics and sessions: staged in chunks without effect, then made to count at once.
//!
//! Called by `server/commands` (`charye import`, `charye demo`). Rows come parsed, one by one, so that a file of any
//! length needs the memory of one chunk. It never reads files.

use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Command, Provenance};
use charye_domain::clinic::Clinic;
use charye_domain::ids::{CampaignId, ImportId};
use charye_domain::slot::ClinicSession;

use crate::engine::Engine;
use crate::failure::{BusyCause, Failure};

/// Rows of one staging command.
const ROWS_PER_CHUNK: usize = 1_000;
const LOOK_AT_BOARD_EVERY: Duration = Duration::from_millis(10);
const LOOKS_AT_BOARD_MAX: usize = 12_000;

/// What an import brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsOf {
    Clinics,
    Sessions { campaign: CampaignId },
}

/// What was staged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub rows: u64,
    pub chunks: u64,
}

/// Why an import stopped. What was staged before has no effect and is discarded.
#[derive(Debug)]
pub enum ImportFailure<E> {
    /// A row could not be read; its reader says which and why.
    Unreadable(E),
    Failed(Failure),
}

/// Stages clinics under `import`. Blocks; `progress` is called after each chunk. Nothing counts until
/// [`activate_import`].
///
/// # Errors
/// `Unreadable`: the first row that does not read. `Failed`: as [`Engine::command`]. Either way what was staged is
/// discarded.
pub fn import_clinics<E>(
    engine: &Engine,
    by: Provenance,
    import: ImportId,
    rows: impl Iterator<Item = Result<Clinic, E>>,
    progress: &mut dyn FnMut(Imported),
) -> Result<Imported, ImportFailure<E>> {
    stage(engine, by, import, rows, progress, |clinics| Action::StageClinics { import, clinics })
}

/// Stages sessions of a campaign under `import`, as [`import_clinics`] does clinics.
///
/// # Errors
/// As [`import_clinics`].
pub fn import_sessions<E>(
    engine: &Engine,
    by: Provenance,
    import: ImportId,
    campaign: CampaignId,
    rows: impl Iterator<Item = Result<ClinicSession, E>>,
    progress: &mut dyn FnMut(Imported),
) -> Result<Imported, ImportFailure<E>> {
    stage(engine, by, import, rows, progress, |sessions| Action::StageSessions { import, campaign, sessions })
}

/// Makes everything staged under `import` count, at once, and waits until look-ups show it (a few seconds for twenty
/// million slots; two minutes at most, then it goes on without us).
///
/// # Errors
/// As [`Engine::command`]; `import_invalid` if what was staged does not fit together.
pub fn activate_import(engine: &Engine, by: Provenance, import: ImportId) -> Result<(), Failure> {
    submit_patiently(engine, &Command { by, operation: None, action: Action::ActivateImport { import } })?;
    for _ in 0..LOOKS_AT_BOARD_MAX {
        if !engine.health().board_behind {
            break;
        }
        engine.wait_out(LOOK_AT_BOARD_EVERY);
    }
    Ok(())
}

/// Forgets everything staged under `import`.
///
/// # Errors
/// As [`Engine::command`].
pub fn discard_import(engine: &Engine, by: Provenance, import: ImportId) -> Result<(), Failure> {
    submit_patiently(engine, &Command { by, operation: None, action: Action::DiscardImport { import } })
}

fn stage<T, E>(
    engine: &Engine,
    by: Provenance,
    import: ImportId,
    rows: impl Iterator<Item = Result<T, E>>,
    progress: &mut dyn FnMut(Imported),
    action: impl Fn(Arc<[T]>) -> Action,
) -> Result<Imported, ImportFailure<E>> {
    let mut imported = Imported::default();
    let mut rows = rows.fuse();
    loop {
        let chunk = match rows.by_ref().take(ROWS_PER_CHUNK).collect::<Result<Vec<T>, E>>() {
            Ok(chunk) if chunk.is_empty() => return Ok(imported),
            Ok(chunk) => chunk,
            Err(unreadable) => {
                discard_quietly(engine, by, import);
                return Err(ImportFailure::Unreadable(unreadable));
            }
        };
        imported.rows += chunk.len() as u64;
        imported.chunks += 1;
        let command = Command { by, operation: None, action: action(Arc::from(chunk)) };
        if let Err(failure) = submit_patiently(engine, &command) {
            discard_quietly(engine, by, import);
            return Err(ImportFailure::Failed(failure));
        }
        progress(imported);
    }
}

/// A discard that fails leaves rows that have no effect; the next import under the same id replaces them.
fn discard_quietly(engine: &Engine, by: Provenance, import: ImportId) {
    if let Err(failure) = discard_import(engine, by, import) {
        tracing::warn!(import = import.0, code = failure.code(), "could not discard what an import staged");
    }
}

/// Submits one command and gives up on the first refusal, except that a full lane is waited out: an import takes turns
/// with citizens, and a chunk is recorded before the next is sent, so it never fills a lane by itself.
fn submit_patiently(engine: &Engine, command: &Command) -> Result<(), Failure> {
    const ATTEMPTS: usize = 30;
    let mut attempt = 1;
    loop {
        match engine.submit_blocking(command.clone()) {
            Err(Failure::Busy { retry_after, cause: BusyCause::LaneFull }) if attempt < ATTEMPTS => {
                engine.wait_out(retry_after);
                attempt += 1;
            }
            answer => return answer.map(|_| ()),
        }
    }
}

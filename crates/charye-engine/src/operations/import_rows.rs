//! Room: engine/operations. Imports clinics and sessions: staged in chunks without effect, then made to count at once.
//!
//! Called by `server/commands` (`charye import`, `charye demo`) as `clinic/import_file` hands rows on, so that a file of
//! any length needs the memory of one chunk. It never reads files.

use std::time::Duration;

use charye_domain::book::{Action, Command, Provenance};
use charye_domain::clinic::Clinic;
use charye_domain::ids::{CampaignId, ImportId};
use charye_domain::slot::ClinicSession;

use crate::engine::Engine;
use crate::failure::{BusyCause, Failure};

const LOOK_AT_BOARD_EVERY: Duration = Duration::from_millis(10);
const LOOKS_AT_BOARD_MAX: usize = 12_000;

/// Stages a chunk of clinics under `import`. Blocks. Nothing counts until [`activate_import`].
///
/// # Errors
/// As [`Engine::command`]; what was staged before stays staged, without effect, until [`discard_import`].
pub fn stage_clinics(engine: &Engine, by: Provenance, import: ImportId, clinics: Vec<Clinic>) -> Result<(), Failure> {
    submit_patiently(engine, by, Action::StageClinics { import, clinics: clinics.into() })
}

/// Stages a chunk of a campaign's sessions under `import`, as [`stage_clinics`] does clinics.
///
/// # Errors
/// As [`stage_clinics`].
pub fn stage_sessions(
    engine: &Engine,
    by: Provenance,
    import: ImportId,
    campaign: CampaignId,
    sessions: Vec<ClinicSession>,
) -> Result<(), Failure> {
    submit_patiently(engine, by, Action::StageSessions { import, campaign, sessions: sessions.into() })
}

/// Makes everything staged under `import` count, at once, and waits until look-ups show it: a few seconds for twenty
/// million slots, two minutes at most; after that it goes on without us.
///
/// # Errors
/// As [`Engine::command`]; `import_invalid` if what was staged does not fit together.
pub fn activate_import(engine: &Engine, by: Provenance, import: ImportId) -> Result<(), Failure> {
    submit_patiently(engine, by, Action::ActivateImport { import })?;
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
    submit_patiently(engine, by, Action::DiscardImport { import })
}

/// Submits one command and gives up on the first refusal, except that a full lane is waited out: an import takes turns
/// with citizens, and a chunk is recorded before the next is sent, so it never fills a lane by itself.
fn submit_patiently(engine: &Engine, by: Provenance, action: Action) -> Result<(), Failure> {
    const ATTEMPTS: usize = 30;
    let command = Command { by, operation: None, action };
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

//! Room: engine/operations. Imports clinics and sessions: staged in chunks without effect, then made to count at once.
//!
//! Called by `server/commands` (`charye import`, `charye demo`) as `clinic/import_file` hands rows on, so that a file of
//! any length needs the memory of one chunk. It never reads files.

use std::time::Duration;

use charye_domain::book::{Action, Command, Outcome, Provenance};
use charye_domain::clinic::Clinic;
use charye_domain::ids::{CampaignId, ImportId};
use charye_domain::slot::ClinicSession;

use crate::engine::Engine;
use crate::failure::{BusyCause, Failure};

const LOOK_AT_BOARD_EVERY: Duration = Duration::from_millis(10);
const LOOKS_AT_BOARD_MAX: usize = 12_000;
/// Slots laid out by one command, about: two or three milliseconds for which nobody else is answered.
const SLOTS_PER_PART: u32 = 50_000;
/// A part has a clinic at least, and an import four million rows at most.
const PARTS_MAX: usize = 4_000_001;

/// Stages a chunk of clinics under `import`. Blocks. Nothing counts until [`activate_import`].
///
/// # Errors
/// As [`Engine::command`]; what was staged before stays staged, without effect, until [`discard_import`].
pub fn stage_clinics(engine: &Engine, by: Provenance, import: ImportId, clinics: Vec<Clinic>) -> Result<(), Failure> {
    submit_patiently(engine, by, Action::StageClinics { import, clinics: clinics.into() }).map(drop)
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
    submit_patiently(engine, by, Action::StageSessions { import, campaign, sessions: sessions.into() }).map(drop)
}

/// Makes everything staged under `import` count, at once, and waits until look-ups show it: a few seconds for twenty
/// million slots, two minutes at most; after that it goes on without us. Lays it out beforehand, in parts between which
/// citizens are answered; one that is asked for again after a break goes on where it was.
///
/// # Errors
/// As [`Engine::command`]; `import_invalid` if what was staged does not fit together.
pub fn activate_import(engine: &Engine, by: Provenance, import: ImportId) -> Result<(), Failure> {
    for _ in 0..PARTS_MAX {
        let part = Action::LayOutImport { import, slots_max: SLOTS_PER_PART };
        if submit_patiently(engine, by, part)? != Outcome::LaidOut {
            break;
        }
    }
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
    submit_patiently(engine, by, Action::DiscardImport { import }).map(drop)
}

/// Submits one command and gives up on the first refusal, except that a full lane is waited out: an import takes turns
/// with citizens, and a chunk is recorded before the next is sent, so it never fills a lane by itself.
fn submit_patiently(engine: &Engine, by: Provenance, action: Action) -> Result<Outcome, Failure> {
    const ATTEMPTS: usize = 30;
    let command = Command { by, operation: None, action };
    let mut attempt = 1;
    loop {
        match engine.submit_blocking(command.clone()) {
            Err(Failure::Busy { retry_after, cause: BusyCause::LaneFull }) if attempt < ATTEMPTS => {
                engine.wait_out(retry_after);
                attempt += 1;
            }
            answer => return answer.map(|answered| answered.value),
        }
    }
}

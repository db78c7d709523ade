//! Room: engine/operations. An operator vouches for the wall clock after a jump: `charye clock accept`.
//!
//! Called by `server/commands`. The sequencer takes the wall's time over at the command's turn, and records the jump as
//! an outage, so that nothing expires wholesale (law I16).

use charye_domain::book::{Action, Command, Provenance};

use crate::answered::Answered;
use crate::engine::Engine;
use crate::failure::Failure;

/// Vouches for the clock. Harmless when the clock is sure.
///
/// # Errors
/// As [`Engine::command`].
pub fn accept_clock(engine: &Engine, by: Provenance) -> Result<Answered<()>, Failure> {
    let answered = engine.submit_blocking(Command { by, operation: None, action: Action::AcceptClock })?;
    Ok(answered.map(|_| ()))
}

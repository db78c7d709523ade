//! Room: engine/identity. Erases a person: the journal forgets whose number it is, then their details are destroyed.
//!
//! Called by `web/citizen` and `server/commands`. The journal comes first, so that after a restore from backup the
//! erasing can be done again from it.

use charye_domain::book::{Action, Command, Operation, Outcome, Provenance};
use charye_domain::ids::Person;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Erases a person without active reservations. Repeating it is harmless.
///
/// # Errors
/// As [`Engine::command`]. `Fault` or `Busy` after the journal has it: details remain until the erasing is repeated.
pub async fn erase_person(
    engine: &Engine,
    person: Person,
    by: Provenance,
    operation: Option<Operation>,
) -> Result<Answered<()>, Failure> {
    let action = Action::ErasePerson { person };
    let answered = engine.command(Command { by, operation, action }).await?;
    let Outcome::Erased = answered.value else { return Err(mismatched("erase a person")) };
    engine.people.erase(person).await?;
    Ok(answered.map(|_| ()))
}

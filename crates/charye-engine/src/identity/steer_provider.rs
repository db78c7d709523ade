//! Room: engine/identity. An operator opens, closes or caps an identity provider. Recorded with who and why before it is in
//! force; it outlives a restart, because what is in force follows from the journal.
//!
//! Called by `web/operators`. Never judges a word: the book does.

use charye_domain::book::{Action, Command, Outcome, Provenance};
use charye_domain::identity::ProviderOrder;

use super::sign_in_desk::SignInDesk;
use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;

/// Records an operator's word and has the desk go by it. Other nodes hear of it as they follow the journal, within a second.
///
/// # Errors
/// As [`Engine::command`]: an unsound word, too many of them, or an actor who may not.
pub async fn steer_provider(
    engine: &Engine,
    desk: &SignInDesk,
    order: ProviderOrder,
    by: Provenance,
) -> Result<Answered<()>, Failure> {
    let action = Action::SteerProvider { order: Box::new(order) };
    let answered = engine.command(Command { by, operation: None, action }).await?;
    let Outcome::Done = answered.value else { return Err(mismatched("steer an identity provider")) };
    desk.go_by(&engine.operator_words());
    Ok(answered.map(|_| ()))
}

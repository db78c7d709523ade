//! Room: engine/identity. A proven citizen becomes a person of the journal, and their details are kept, sealed.
//!
//! Called by `web/citizen` after an identity provider's answer. The order matters: the person's details are durable
//! before any later command of theirs is queued, so no reservation is ever without a reachable person.

use std::sync::Arc;

use charye_domain::book::{Action, Channel, Command, Outcome};
use charye_domain::ids::Person;

use crate::answered::{Answered, by_system};
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::ports::ProvenCitizen;

/// Who has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    pub person: Person,
}

/// Registers or recognises a citizen and keeps what was attested about them. Repeating it is harmless.
///
/// # Errors
/// `Busy` (`Saturated`): the people store has too much to write; sign in again. `Fault`: the person may be registered
/// but their details are not kept yet; signing in again mends it. Otherwise as [`Engine::command`].
pub async fn complete_sign_in(
    engine: &Engine,
    proven: &ProvenCitizen,
    channel: Channel,
) -> Result<Answered<SignedIn>, Failure> {
    let (key_id, key) = proven.key;
    let action = Action::RegisterCitizen { key_id, key, former: Arc::from(proven.former.as_slice()) };
    let answered = engine.command(Command { by: by_system(channel), operation: None, action }).await?;
    let Outcome::Registered { person } = answered.value else { return Err(mismatched("register a citizen")) };
    engine.people.put(person, proven.details.clone()).await?;
    Ok(answered.map(|_| SignedIn { person }))
}

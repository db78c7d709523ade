//! Room: engine/helping. Somebody invites a helper: they are sent a code, and whoever they give it to gives it back.
//!
//! Called by `web/citizen` and `web/api`. It must never show a code to anybody: the messenger tells it to the person helped.

use charye_domain::book::{Action, Actor, Channel, Command, Outcome, Provenance};
use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::{HelpId, Person};
use charye_domain::time::UnixMillis;

use crate::answered::Answered;
use crate::engine::{Engine, mismatched};
use crate::failure::Failure;
use crate::helping::HelpCode;

/// A consent that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpStands {
    pub help: HelpId,
    pub ends_at: UnixMillis,
}

/// Has a code sent to a person, for whoever is to help them. `scheme` is what made them one citizen when they signed in.
///
/// # Errors
/// `HelpersEnough`: they have two helpers, or three codes are out. Otherwise as [`Engine::command`].
pub async fn invite_helper(
    engine: &Engine,
    helped: Person,
    scheme: UniquenessScheme,
    channel: Channel,
) -> Result<Answered<HelpId>, Failure> {
    let challenge = engine.random().bits();
    // The number is the book's to give, and no part of the proof.
    let proof = HelpCode::of(engine.keys(), HelpId(0), challenge).proof(engine.keys());
    let action = Action::InviteHelper { helped, scheme, challenge, proof };
    let answered = engine.command(by_citizen(helped, channel, action)).await?;
    match answered.value {
        Outcome::HelperInvited { help } => Ok(answered.map(|_| help)),
        _ => Err(mismatched("invite a helper")),
    }
}

/// A helper gives a code back: from now on they may act for who gave it to them.
///
/// # Errors
/// `Busy` (`TooOften`): more than ten codes in ten minutes. `HelpUnknown`, `HelpCodeWrong`, `HelpLimit`, `HelpersEnough`.
/// Otherwise as [`Engine::command`].
pub async fn accept_invitation(
    engine: &Engine,
    helper: Person,
    code: HelpCode,
    channel: Channel,
) -> Result<Answered<HelpStands>, Failure> {
    engine.help_desk().count_try(helper, engine.shared.clock.monotonic())?;
    let action = Action::AcceptHelp { help: code.help(), helper, proof: code.proof(engine.keys()) };
    let answered = engine.command(by_citizen(helper, channel, action)).await?;
    match answered.value {
        Outcome::HelpStands { help, ends_at } => Ok(answered.map(|_| HelpStands { help, ends_at })),
        _ => Err(mismatched("accept an invitation to help")),
    }
}

pub(super) fn by_citizen(person: Person, channel: Channel, action: Action) -> Command {
    Command { by: Provenance { actor: Actor::Citizen(person), channel, reason: 0 }, operation: None, action }
}

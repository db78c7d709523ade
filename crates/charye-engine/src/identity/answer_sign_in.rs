//! Room: engine/identity. What came back from a provider: is it an answer to what this browser began, and who is it?
//!
//! Called by `web/citizen` on a provider's callback and on each poll of a decoupled sign-in; [`super::complete_sign_in()`]
//! then makes the citizen a person of the journal. What is forged ends here, before any question goes out.

use std::time::Duration;

use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;

use super::sign_in_desk::{SignInDesk, SignInFailure};
use super::sign_in_state::{SignInBy, SignInState};
use crate::ports::{CompleteAt, Completed, FlowKind, Parameters, ProvenCitizen, SignInRefusal};

/// How far a sign-in has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInAnswer {
    Proven(Box<ProvenSignIn>),
    /// The citizen has not confirmed in their app yet: ask again after this, with the same sealed state.
    NotYet {
        poll_after: Duration,
    },
}

/// A sign-in that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenSignIn {
    pub citizen: ProvenCitizen,
    pub by: SignInBy,
    /// When the citizen began to sign in, at most ten minutes ago: after an opening their place goes by it.
    pub began_at: UnixMillis,
    /// What `begin_sign_in` was told.
    pub go_on_to: String,
}

/// Takes what came back with a citizen. `provider` is the name in the address it came back to; `sealed_state` is what this
/// browser carries.
///
/// A sign-in is answered once. `InLine` and `LeftAlone` answer nothing: the same parameters may come again.
///
/// # Errors
/// As [`SignInFailure`] says. After `ProviderFault` the code may be spent: begin again, `instead_of` this one.
pub async fn answer_sign_in(
    desk: &SignInDesk,
    provider: &str,
    sealed_state: &[u8],
    callback: &Parameters,
) -> Result<SignInAnswer, SignInFailure> {
    let now = desk.clock.wall();
    let state = SignInState::open(sealed_state, &*desk.keys, now)?;
    if state.waits {
        return Err(SignInRefusal::NotBegunHere.into());
    }
    if state.provider.as_str() != provider {
        return Err(SignInRefusal::OtherProvider.into());
    }
    let answered = answer(desk, &state, callback, now).await;
    if let (Err(SignInFailure::Refused(refusal)), Some(provider)) = (&answered, desk.find(&state.provider)) {
        provider.refused(refusal.code());
    }
    answered
}

async fn answer(
    desk: &SignInDesk,
    state: &SignInState,
    callback: &Parameters,
    now: UnixMillis,
) -> Result<SignInAnswer, SignInFailure> {
    let provider = desk.find_for(state.provider.as_str(), state.by)?;
    let flow = provider.provider.facts().flow;
    let is_redirect = matches!(flow, FlowKind::OpenIdConnect | FlowKind::OAuth2);
    // `weak-sign-in-state` stands here.
    if is_redirect && !state.is_state(callback.one("state")?) && !Defence::SignInState.is_off() {
        return Err(SignInRefusal::StateMismatch.into());
    }
    if desk.was_answered(&state.id) {
        return Err(SignInRefusal::AlreadyUsed.into());
    }
    let secrets = state.secrets();
    let at = CompleteAt { secrets: &secrets, callback, carried: &state.carried, now };
    let place = provider.enter(state.id, desk.clock.monotonic())?;
    if is_redirect || flow == FlowKind::Registry {
        // Before the question goes out: one sign-in, one question.
        desk.answer_once(&state.id)?;
    }
    let completed = place.ask(&*desk.clock, provider.provider.complete(at)).await?;
    match completed {
        Completed::NotYet { poll_after } => Ok(SignInAnswer::NotYet { poll_after }),
        Completed::Proven(citizen) => {
            // Polled many times, or posted by anybody's page: only a true answer counts as one.
            if matches!(flow, FlowKind::Decoupled | FlowKind::HostedWindow) {
                desk.answer_once(&state.id)?;
            }
            desk.count_completion(citizen.key.1)?;
            provider.proven(Duration::from_millis(u64::try_from(now.millis_since(state.issued_at)).unwrap_or(0)));
            let (by, began_at, go_on_to) = (state.by, state.began_at, state.go_on_to.clone());
            Ok(SignInAnswer::Proven(Box::new(ProvenSignIn { citizen, by, began_at, go_on_to })))
        }
    }
}

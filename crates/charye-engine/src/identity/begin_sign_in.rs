//! Room: engine/identity. A citizen has chosen a provider: where they go, and what travels with them, sealed.
//!
//! Called by `web/citizen`, for staff by the agents' listener. Keeps nothing.

use charye_domain::time::UnixMillis;

use super::sign_in_desk::{ProofWanted, SignInDesk, SignInFailure};
use super::sign_in_state::{
    GO_ON_TO_BYTES_MAX, SIGN_IN_MILLIS_MAX, SignInBy, SignInState, filled_in_from_bytes, filled_in_to_bytes,
};
use crate::ports::{BeginAt, Begun, CARRIED_BYTES_MAX, Parameters, ProviderFault, SignInRefusal};

/// What somebody asks who wants to sign in.
#[derive(Clone, Copy, Debug)]
pub struct SignInWish<'a> {
    /// The provider's name, as it came in an address.
    pub provider: &'a str,
    pub by: SignInBy,
    /// What the campaign asks of the proof, if the sign-in is for one.
    pub wanted: Option<ProofWanted>,
    /// What was filled in, if the provider asks for something.
    pub filled_in: &'a Parameters,
    /// `ko` or `en`.
    pub language: &'a str,
    /// Web's own words for where to go on afterwards, at most [`GO_ON_TO_BYTES_MAX`]; they come back unchanged.
    pub go_on_to: &'a str,
    /// The sealed state of a sign-in that failed, or a sealed place in a provider's line: its beginning counts, up to ten
    /// minutes back. Of a place at this provider, what was filled in and where to go on need not be said again.
    pub instead_of: Option<&'a [u8]>,
}

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BegunSignIn {
    pub begun: Begun,
    /// Goes into a cookie of this browser (and nowhere else), for [`SIGN_IN_MILLIS_MAX`]. At most 2,048 bytes.
    pub sealed_state: Vec<u8>,
}

/// Begins a sign-in.
///
/// # Errors
/// `Refused` (`UnknownProvider`, `NotForCampaign`, parameters); otherwise as [`SignInFailure`] says.
pub async fn begin_sign_in(desk: &SignInDesk, wish: SignInWish<'_>) -> Result<BegunSignIn, SignInFailure> {
    let provider = desk.find_for(wish.provider, wish.by)?;
    let facts = provider.provider.facts();
    if wish.wanted.is_some_and(|wanted| !wanted.is_given_by(facts)) {
        return Err(SignInRefusal::NotForCampaign.into());
    }
    let now = desk.clock.wall();
    let before = wish.instead_of.and_then(|sealed| SignInState::open(sealed, &*desk.keys, now).ok());
    let place = before.as_ref().filter(|before| before.is_place_at(&facts.id, wish.by));
    let carried = place.and_then(|place| filled_in_from_bytes(&place.carried));
    let is_filled_in = facts.asks.iter().all(|field| wish.filled_in.maybe(field.code()) != Ok(None));
    let filled_in = carried.as_ref().filter(|_| !is_filled_in).unwrap_or(wish.filled_in);
    let go_on_to =
        place.map_or(wish.go_on_to, |place| if wish.go_on_to.is_empty() { &place.go_on_to } else { wish.go_on_to });
    if go_on_to.len() > GO_ON_TO_BYTES_MAX {
        return Err(SignInRefusal::ParameterUnfit("go_on_to").into());
    }
    for field in &facts.asks {
        filled_in.one(field.code())?;
    }
    let mut state = SignInState::new(facts.id.clone(), wish.by, now, &*desk.random);
    state.began_at = began_at(before.as_ref(), now);
    go_on_to.clone_into(&mut state.go_on_to);
    if let Some(place) = place {
        state.id = place.id;
    }
    let entered = match provider.enter(state.id, desk.clock.monotonic()) {
        Err(SignInFailure::InLine { ahead, about, .. }) => {
            state.waits = true;
            state.carried = filled_in_to_bytes(filled_in, &facts.asks).unwrap_or_default();
            return Err(SignInFailure::InLine { ahead, about, place: Some(state.seal(&*desk.keys)) });
        }
        entered => entered?,
    };
    let secrets = state.secrets();
    let at = BeginAt { secrets: &secrets, filled_in, language: wish.language, now };
    let begun = entered.ask(&*desk.clock, provider.provider.begin(at)).await.inspect_err(|failure| {
        if let SignInFailure::Refused(refusal) = failure {
            provider.refused(refusal.code());
        }
    })?;
    if let Begun::Decoupled { carried, .. } = &begun {
        if carried.len() > CARRIED_BYTES_MAX {
            return Err(SignInFailure::ProviderFault(ProviderFault::Malformed("its request id is too long")));
        }
        state.carried.clone_from(carried);
    }
    if before.as_ref().is_some_and(|before| !desk.begin_again_once(&before.id)) {
        // Somebody has begun again with it already: one beginning is not worth a place to many.
        state.began_at = now;
    }
    provider.begun();
    Ok(BegunSignIn { begun, sealed_state: state.seal(&*desk.keys) })
}

/// Whether this is a place in a provider's short line, and no sign-in that has begun: to be begun with, not to be answered.
pub fn is_place_in_line(desk: &SignInDesk, sealed: &[u8]) -> bool {
    SignInState::open(sealed, &*desk.keys, desk.clock.wall()).is_ok_and(|state| state.waits)
}

/// What a citizen filled in who waits with this place in this provider's short line; `None` of anything else. For their own
/// browser only, in which it is sealed: a form that has to be filled in once more begins with it.
pub fn filled_in_at_place(desk: &SignInDesk, provider: &str, sealed: &[u8]) -> Option<Parameters> {
    let place = SignInState::open(sealed, &*desk.keys, desk.clock.wall()).ok()?;
    let provider = desk.find_for(provider, SignInBy::Citizen).ok()?;
    let own = place.is_place_at(&provider.provider.facts().id, SignInBy::Citizen);
    own.then(|| filled_in_from_bytes(&place.carried)).flatten()
}

/// When the citizen began to sign in: at a provider before, if that failed them and it is not too long ago.
fn began_at(before: Option<&SignInState>, now: UnixMillis) -> UnixMillis {
    let earliest = now.plus_millis(-SIGN_IN_MILLIS_MAX);
    before.map_or(now, |before| before.began_at.clamp(earliest, now))
}

//! Room: engine/identity. From the choice of a provider to a proven citizen, from there to a person of the journal, and out
//! again. Called by `web/citizen` after the
//! gateway has turned the raw identifier into citizen keys. It must never see a raw identifier.

mod answer_sign_in;
mod begin_sign_in;
mod complete_sign_in;
mod erase;
pub mod normal_form;
mod people_desk;
mod provider_health;
mod recent;
mod sign_in_desk;
mod sign_in_state;
mod steer_provider;

pub use answer_sign_in::{ProvenSignIn, SignInAnswer, answer_sign_in};
pub use begin_sign_in::{BegunSignIn, SignInWish, begin_sign_in, filled_in_at_place, is_place_in_line};
pub use complete_sign_in::{SignedIn, complete_sign_in};
pub use erase::erase_person;
pub(crate) use people_desk::PeopleDesk;
pub use people_desk::personal_details;
pub use provider_health::{Choice, ProviderReport, probe_providers};
pub(crate) use recent::Recent;
pub use sign_in_desk::{PROVIDERS_MAX, ProofWanted, SignInDesk, SignInFailure, SignInPorts, UnfitProviders};
pub use sign_in_state::{GO_ON_TO_BYTES_MAX, SIGN_IN_MILLIS_MAX, SignInBy};
pub use steer_provider::steer_provider;

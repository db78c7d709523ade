//! Room: gateway/identity. Identity providers: who a citizen proves to be. Wired in by server, used through the engine's
//! ports. What a provider tells is turned into citizen keys here, at once: no raw identifier leaves this folder.

mod ciba;
mod config;
mod decoupled;
mod discovery;
mod form;
mod hosted_window;
pub mod jose;
mod kept_document;
mod oauth2;
mod oidc;
mod openid;
pub mod outbound;
mod profile;
mod registry;
pub mod rehearsal_identity;
pub mod rehearsal_provider;
mod secret;
pub mod strict_json;

pub use config::{IdentitySection, ProviderPorts, UnfitIdentity};
pub use kept_document::FETCH_INTERVAL_MIN;
pub use profile::ProfileBlock;
pub use secret::{Environment, Secret, SecretFrom};

use charye_domain::campaign::UniquenessScheme;
use charye_engine::ports::{Assurance, Keys, PersonalDetails, ProvenCitizen};

/// The name a scheme has inside citizen keys. Part of every key ever made: never change one.
fn scheme_name(scheme: UniquenessScheme) -> &'static str {
    match scheme {
        UniquenessScheme::ConnectingInformation => "ci",
        UniquenessScheme::PairwiseSubject => "pairwise-subject",
        UniquenessScheme::NationalId => "national-id",
        UniquenessScheme::Rehearsal => "rehearsal",
    }
}

/// The wall: a raw identifier goes in, citizen keys come out.
fn prove_citizen(
    keys: &dyn Keys,
    scheme: UniquenessScheme,
    identifier: &[u8],
    details: PersonalDetails,
    assurance: Assurance,
) -> ProvenCitizen {
    let name = scheme_name(scheme);
    ProvenCitizen {
        scheme,
        key: keys.citizen_key(name, identifier),
        former: keys.former_citizen_keys(name, identifier),
        details,
        assurance,
    }
}

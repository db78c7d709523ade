//! Room: gateway/identity. Identity providers: who a citizen proves to be. Wired in by server, used through the engine's
//! ports. What a provider tells is turned into citizen keys here, at once: no raw identifier leaves this folder.

pub mod rehearsal_provider;

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

//! Room: engine/ports. A registry that knows whose guardian somebody is. Implemented in `gateway/identity`; called by
//! `helping/guardian`. It must never let a raw identifier out: what it proves is a citizen key.

use jiff::civil::Date;

use crate::failure::Failure;
use crate::ports::{Doing, PersonalDetails, ProvenCitizen};

/// What a guardian says.
#[derive(Clone, PartialEq, Eq)]
pub struct GuardianSaid {
    /// As the guardian's own sign-in attested.
    pub guardian: PersonalDetails,
    pub child_name: String,
    pub child_birth_date: Date,
    /// The child's number in the registry.
    pub child_number: String,
}

impl std::fmt::Debug for GuardianSaid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuardianSaid(..)")
    }
}

/// The registry.
pub trait GuardianRegistry: Send + Sync {
    /// The child, if this is their guardian and everything matches exactly; `None` otherwise, whatever does not match.
    ///
    /// # Errors
    /// `Busy` only: the registry does not answer now.
    fn attest<'a>(&'a self, said: &'a GuardianSaid) -> Doing<'a, Result<Option<ProvenCitizen>, Failure>>;
}

//! Room: engine/ports. What an identity provider proves about a citizen, and the people of a rehearsal. Implemented by
//! `gateway/identity`; used by `identity/` here and, for the sign-in page of a rehearsal, by web. Never carries the raw
//! identifier: the gateway turns it into citizen keys before anything leaves.

use charye_domain::campaign::UniquenessScheme;
use charye_domain::identity::Assurance;
use charye_domain::ids::{CitizenKey, KeyId};
use jiff::civil::Date;

use crate::ports::PersonalDetails;

/// Who a citizen has proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenCitizen {
    /// What makes the citizen one citizen; a campaign with another scheme refuses them.
    pub scheme: UniquenessScheme,
    /// The citizen key under the current installation key.
    pub key: (KeyId, CitizenKey),
    /// The same under older keys still kept, newest first, at most 8.
    pub former: Vec<(KeyId, CitizenKey)>,
    pub details: PersonalDetails,
    pub assurance: Assurance,
}

/// Which of the rehearsal's people: a handle that says nothing about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RehearsalCitizenId(pub u32);

/// One of the rehearsal's people, as the page that chooses among them shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsalCitizen {
    pub id: RehearsalCitizenId,
    pub name_ko: String,
    pub name_en: String,
    pub birth_date: Date,
    /// District code (시군구), five digits.
    pub district: u32,
}

/// Which of the rehearsal's people to list. An empty filter lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RehearsalFilter {
    /// Part of the Korean or English name, any case; empty for any.
    pub name: String,
    /// Born on or after.
    pub born_from: Option<Date>,
    /// Born on or before.
    pub born_to: Option<Date>,
    /// Last digit of the day of birth, 0..=9.
    pub birth_day_digit: Option<u8>,
    pub district: Option<u32>,
}

/// The made-up people of a rehearsal, one of whom a tester signs in as.
pub trait RehearsalPeople: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// Those that match, in the file's order, from `after` (excluded) on, at most `limit` (itself at most 100).
    fn list(&self, filter: &RehearsalFilter, after: Option<RehearsalCitizenId>, limit: usize) -> Vec<RehearsalCitizen>;
    /// The one with this national number: digits, with spaces or hyphens anywhere.
    fn by_number(&self, number: &str) -> Option<RehearsalCitizenId>;
    /// Signs in as one of them.
    fn prove(&self, id: RehearsalCitizenId) -> Option<ProvenCitizen>;
}

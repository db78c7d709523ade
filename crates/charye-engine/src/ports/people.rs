//! Room: engine/ports. People: sealed names, birth dates and phone numbers, keyed by person, deletable. Written and
//! durable before the command that needs them is queued. Never browsed: found by two exact identifiers only.

use charye_domain::ids::Person;
use jiff::civil::Date;

/// What an identity provider attested, in plain. Lives only in memory, on its way in or out.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalDetails {
    pub name: String,
    pub birth_date: Date,
    /// Digits only, national format (`01012345678`); empty if none.
    pub phone: String,
}

impl std::fmt::Debug for PersonalDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonalDetails(..)")
    }
}

/// The people store.
pub trait PeopleStore: Send + Sync {
    /// Writes or replaces a person's details; durable on return.
    fn put(&self, person: Person, details: &PersonalDetails) -> Result<(), PeopleFailure>;
    /// Writes or replaces several people's details; durable on return, together where the store can. After a failure any
    /// of them may have been written.
    fn put_all(&self, people: &[(Person, PersonalDetails)]) -> Result<(), PeopleFailure> {
        people.iter().try_for_each(|(person, details)| self.put(*person, details))
    }
    /// A person's details, if they are kept.
    fn get(&self, person: Person) -> Result<Option<PersonalDetails>, PeopleFailure>;
    /// People with this phone and this name and birth date; exact, normalised; at most 8.
    fn find(&self, phone: &str, name: &str, birth_date: Date) -> Result<Vec<Person>, PeopleFailure>;
    /// Destroys data key, look-up columns and row. Idempotent.
    fn erase(&self, person: Person) -> Result<(), PeopleFailure>;
    /// Erases those of these people who are here, as after a restore from a backup that is older than their erasure.
    /// Returns how many were here. After a failure, those erased so far stay erased.
    fn erase_again(&self, erased: &mut dyn Iterator<Item = Person>) -> Result<u64, PeopleFailure>;
}

/// Why people could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PeopleFailure {
    #[error("could not {doing} people store")]
    Storage {
        doing: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("details of person {0} do not open")]
    Sealed(Person),
    #[error("row of person {0} was changed by hand")]
    Tampered(Person),
    #[error("people store is busy")]
    Busy,
}

//! Room: ledger/people. One person's row: sealed, with look-up columns and a MAC over all of it. Called by the stores.
//!
//! The MAC binds every column, so that a row changed by hand is noticed when it is read and when the store is swept.
//! Never holds a plain value beyond the call that made or opened it.

use std::sync::Arc;

use charye_domain::ids::{KeyId, Person};
use charye_engine::identity::normal_form;
use charye_engine::ports::{Keys, LookupPurpose, PeopleFailure, PersonalDetails};

const NAME: &str = "people.name";
const BIRTH_DATE: &str = "people.birth_date";
const PHONE: &str = "people.phone";
const MAC_PURPOSE: &str = "people-row";

/// Names which data key a row is sealed with: the first bytes of the BLAKE3 hash of the wrapped key.
pub(super) type KeyMark = [u8; 8];
/// A look-up column: the first half of a keyed hash.
pub(super) type LookupColumn = [u8; 16];
pub(super) type RowMac = [u8; 16];

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SealedRow {
    pub(super) person: Person,
    pub(super) key_mark: KeyMark,
    pub(super) name: Vec<u8>,
    pub(super) birth_date: Vec<u8>,
    pub(super) phone: Vec<u8>,
    /// `None` without a phone, so that people without one do not share a column.
    pub(super) phone_hash: Option<LookupColumn>,
    pub(super) name_birth_hash: LookupColumn,
    pub(super) mac_key: KeyId,
    pub(super) mac: RowMac,
}

/// What a search looks for: the two look-up columns under one installation key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) phone_hash: LookupColumn,
    pub(super) name_birth_hash: LookupColumn,
}

/// Makes and opens rows.
#[derive(Clone)]
pub(super) struct RowSealer {
    keys: Arc<dyn Keys>,
}

impl RowSealer {
    pub(super) fn new(keys: Arc<dyn Keys>) -> Self {
        Self { keys }
    }

    /// A row under a fresh data key, and that key, wrapped.
    pub(super) fn seal(&self, person: Person, details: &PersonalDetails) -> (SealedRow, Vec<u8>) {
        let (data_key, wrapped) = self.keys.new_data_key(&owner(person));
        let phone = normal_form::phone(&details.phone);
        let name_birth = normal_form::name_and_birth_date(&details.name, details.birth_date);
        let mut row = SealedRow {
            person,
            key_mark: mark_of(&wrapped),
            name: data_key.seal(NAME, details.name.as_bytes()),
            birth_date: data_key.seal(BIRTH_DATE, details.birth_date.to_string().as_bytes()),
            phone: data_key.seal(PHONE, details.phone.as_bytes()),
            phone_hash: (!phone.is_empty()).then(|| column(self.keys.lookup_hash(LookupPurpose::Phone, &phone))),
            name_birth_hash: column(self.keys.lookup_hash(LookupPurpose::NameAndBirthDate, &name_birth)),
            mac_key: self.keys.current_key_id(),
            mac: RowMac::default(),
        };
        row.mac = self.mac_of(&row).expect("the current key always has a MAC key");
        (row, wrapped)
    }

    /// Whether nobody changed the row since it was made.
    ///
    /// # Errors
    /// `Tampered`.
    pub(super) fn check(&self, row: &SealedRow) -> Result<(), PeopleFailure> {
        // Whoever can time this already reads the table.
        if self.mac_of(row) == Some(row.mac) { Ok(()) } else { Err(PeopleFailure::Tampered(row.person)) }
    }

    /// The details in a row that was checked.
    ///
    /// # Errors
    /// `Sealed`.
    pub(super) fn open(&self, row: &SealedRow, wrapped: &[u8]) -> Result<PersonalDetails, PeopleFailure> {
        let shut = || PeopleFailure::Sealed(row.person);
        let data_key = self.keys.open_data_key(&owner(row.person), wrapped).map_err(|_| shut())?;
        let text = |name, sealed| {
            let plain = data_key.open(name, sealed).map_err(|_| shut())?;
            String::from_utf8(plain).map_err(|_| shut())
        };
        Ok(PersonalDetails {
            name: text(NAME, &row.name)?,
            birth_date: text(BIRTH_DATE, &row.birth_date)?.parse().map_err(|_| shut())?,
            phone: text(PHONE, &row.phone)?,
        })
    }

    /// Whether a row was made under the key that is current now.
    pub(super) fn is_current(&self, row: &SealedRow) -> bool {
        row.mac_key == self.keys.current_key_id()
    }

    /// What to search for, under the current key first; at most 9. Empty without a phone.
    pub(super) fn wanted(&self, phone: &str, name: &str, birth_date: jiff::civil::Date) -> Vec<Wanted> {
        let phone = normal_form::phone(phone);
        if phone.is_empty() {
            return Vec::new();
        }
        let name_birth = normal_form::name_and_birth_date(name, birth_date);
        let hashes = |purpose, text: &str| {
            let mut hashes = vec![self.keys.lookup_hash(purpose, text)];
            hashes.extend(self.keys.former_lookup_hashes(purpose, text));
            hashes
        };
        let phones = hashes(LookupPurpose::Phone, &phone);
        let names = hashes(LookupPurpose::NameAndBirthDate, &name_birth);
        phones
            .into_iter()
            .zip(names)
            .map(|(phone, name)| Wanted { phone_hash: column(phone), name_birth_hash: column(name) })
            .collect()
    }

    /// Keyed BLAKE3 over every column, each with its length first.
    fn mac_of(&self, row: &SealedRow) -> Option<RowMac> {
        let key = self.keys.mac_key(MAC_PURPOSE, row.mac_key)?;
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(&row.person.0.to_be_bytes());
        hasher.update(&row.mac_key.0.to_be_bytes());
        let phone_hash = row.phone_hash.as_ref().map_or(&[][..], |hash| hash);
        let columns = [&row.key_mark[..], &row.name, &row.birth_date, &row.phone, phone_hash, &row.name_birth_hash];
        for text in columns {
            hasher.update(&(text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        hasher.finalize().as_bytes().first_chunk().copied()
    }
}

/// What a person's data key is bound to.
fn owner(person: Person) -> [u8; 4] {
    person.0.to_be_bytes()
}

pub(super) fn mark_of(wrapped: &[u8]) -> KeyMark {
    *blake3::hash(wrapped).as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

fn column(hash: [u8; 32]) -> LookupColumn {
    *hash.first_chunk().expect("a keyed hash has 32 bytes")
}

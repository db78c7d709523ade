//! Room: gateway/keys. The engine's `Keys`, kept in this process from a key file. Called by everyone who seals or hashes.
//!
//! Secrets live in memory as derived subkeys only, and are wiped when dropped. Never writes anything but the check file.

use std::path::Path;

use aws_lc_rs::{hmac, rand};
use charye_domain::ids::{CitizenKey, KeyId};
use charye_engine::ports::{DataKey, Keys, KeysFailure, LookupPurpose, SealPurpose};
use zeroize::Zeroizing;

use super::derivation::{Root, Secret};
use super::key_check::{self, DataFolder};
use super::key_file::{self, KeyFileError, KeyState};
use super::sealing::{self, PersonColumns, SealingKey};

/// Keys read from a key file, current first, then former ones from newest to oldest.
pub struct LocalKeys {
    kept: Vec<KeptKey>,
    retired: Vec<KeyId>,
}

/// One key's subkeys.
struct KeptKey {
    id: KeyId,
    root: Root,
    citizen: hmac::Key,
    lookups: [hmac::Key; 4],
    seals: [SealingKey; 3],
}

impl LocalKeys {
    /// Reads the key file, and compares it with the check file of the data folder, so that a swapped key is noticed
    /// before it hides every citizen from themselves. The check file is written for a new data folder, and completed
    /// after a rotation.
    ///
    /// # Errors
    /// [`KeyFileError`] in words that say what to do: missing, malformed, readable by others, another's, wrong.
    pub fn open(key_file: &Path, check_file: &Path, folder: DataFolder) -> Result<Self, KeyFileError> {
        let entries = key_file::read(key_file)?;
        key_check::compare(check_file, &entries, folder)?;
        let mut kept: Vec<(KeyState, KeptKey)> = Vec::new();
        let mut retired = Vec::new();
        for entry in &entries {
            match &entry.secret {
                Some(secret) => kept.push((entry.state, KeptKey::derive(entry.id, secret))),
                None => retired.push(entry.id),
            }
        }
        kept.sort_by_key(|(state, key)| (*state != KeyState::Current, std::cmp::Reverse(key.id)));
        Ok(Self { kept: kept.into_iter().map(|(_, key)| key).collect(), retired })
    }

    fn current(&self) -> &KeptKey {
        self.kept.first().expect("a key file without a current key is refused when it is read")
    }

    fn former(&self) -> &[KeptKey] {
        self.kept.get(1..).unwrap_or_default()
    }

    fn by_id(&self, id: KeyId) -> Result<&KeptKey, KeysFailure> {
        match self.kept.iter().find(|key| key.id == id) {
            Some(key) => Ok(key),
            None if self.retired.contains(&id) => Err(KeysFailure::KeyRetired(id)),
            None => Err(KeysFailure::DoesNotOpen),
        }
    }
}

impl KeptKey {
    fn derive(id: KeyId, secret: &Secret) -> Self {
        let root = Root::of(secret);
        let hmac_key = |label: &[&str]| hmac::Key::new(hmac::HMAC_SHA256, root.subkey(label).as_ref());
        let seal_key = |purpose| SealingKey::new(&root.subkey(&["seal/", sealing::purpose_code(purpose).1]));
        Self {
            id,
            citizen: hmac_key(&["citizen-key"]),
            lookups: [
                hmac_key(&["lookup/phone"]),
                hmac_key(&["lookup/name-and-birth-date"]),
                hmac_key(&["lookup/operation"]),
                hmac_key(&["lookup/help-code"]),
            ],
            seals: [SealPurpose::LoginSession, SealPurpose::SignInState, SealPurpose::DataKey].map(seal_key),
            root,
        }
    }

    /// `HMAC-SHA-256(subkey "citizen-key", length of scheme (4, big-endian) | scheme | value)`, its first 16 bytes.
    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey) {
        let mut text = Zeroizing::new(Vec::with_capacity(4 + scheme.len() + value.len()));
        sealing::append_with_length(&mut text, scheme.as_bytes());
        text.extend_from_slice(value);
        let tag = hmac::sign(&self.citizen, &text);
        let key = tag.as_ref().first_chunk().expect("an HMAC-SHA-256 tag has 32 bytes");
        (self.id, CitizenKey(*key))
    }

    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32] {
        let [phone, name_and_birth_date, operation, help_code] = &self.lookups;
        let key = match purpose {
            LookupPurpose::Phone => phone,
            LookupPurpose::NameAndBirthDate => name_and_birth_date,
            LookupPurpose::Operation => operation,
            LookupPurpose::HelpCode => help_code,
        };
        let tag = hmac::sign(key, text.as_bytes());
        *tag.as_ref().first_chunk().expect("an HMAC-SHA-256 tag has 32 bytes")
    }

    fn sealing_key(&self, purpose: SealPurpose) -> &SealingKey {
        let [login_session, sign_in_state, data_key] = &self.seals;
        match purpose {
            SealPurpose::LoginSession => login_session,
            SealPurpose::SignInState => sign_in_state,
            SealPurpose::DataKey => data_key,
        }
    }
}

impl Keys for LocalKeys {
    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey) {
        self.current().citizen_key(scheme, value)
    }

    fn former_citizen_keys(&self, scheme: &str, value: &[u8]) -> Vec<(KeyId, CitizenKey)> {
        self.former().iter().map(|key| key.citizen_key(scheme, value)).collect()
    }

    fn seal(&self, purpose: SealPurpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let key = self.current();
        sealing::seal(key.sealing_key(purpose), purpose, key.id, context, plain)
    }

    fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        let id = sealing::sealed_under(purpose, sealed).ok_or(KeysFailure::DoesNotOpen)?;
        sealing::open(self.by_id(id)?.sealing_key(purpose), purpose, id, context, sealed)
    }

    fn new_data_key(&self, context: &[u8]) -> (DataKey, Vec<u8>) {
        let mut secret: Secret = Zeroizing::new([0; 32]);
        rand::fill(secret.as_mut()).expect("the generator was seeded when the program started");
        let wrapped = self.seal(SealPurpose::DataKey, context, secret.as_ref());
        (Box::new(PersonColumns::new(&secret, context)), wrapped)
    }

    fn open_data_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, KeysFailure> {
        let opened = Zeroizing::new(self.open(SealPurpose::DataKey, context, wrapped)?);
        let secret: &[u8; 32] = opened.as_slice().try_into().map_err(|_| KeysFailure::DoesNotOpen)?;
        Ok(Box::new(PersonColumns::new(&Zeroizing::new(*secret), context)))
    }

    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32] {
        self.current().lookup_hash(purpose, text)
    }

    fn former_lookup_hashes(&self, purpose: LookupPurpose, text: &str) -> Vec<[u8; 32]> {
        self.former().iter().map(|key| key.lookup_hash(purpose, text)).collect()
    }

    fn mac_key(&self, purpose: &'static str, key_id: KeyId) -> Option<[u8; 32]> {
        self.by_id(key_id).ok().map(|key| *key.root.subkey(&["mac/", purpose]))
    }

    fn current_key_id(&self) -> KeyId {
        self.current().id
    }
}

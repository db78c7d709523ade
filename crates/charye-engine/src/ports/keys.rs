//! Room: engine/ports. Key management: sealing, citizen keys, look-up hashes, MAC keys. Key material never leaves the
//! implementation (gateway/keys), except derived MAC keys for the hot path.

use charye_domain::ids::{CitizenKey, KeyId};

/// What a sealed text is for. Bound into it, so that one cannot be passed off as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPurpose {
    /// The login cookie.
    LoginSession,
    /// The state carried through a sign-in at an identity provider.
    SignInState,
    /// A person's data key, wrapped by the key-encryption key.
    DataKey,
}

/// What a keyed look-up hash is for. The same text gives different hashes for different purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupPurpose {
    Phone,
    NameAndBirthDate,
    /// The scope of an operation key: actor and operation.
    Operation,
    /// The code of an invitation to help, and what proves that somebody knows it.
    HelpCode,
}

/// The keys of an installation. All calls are in-process and quick; an HSM stands behind a cache.
pub trait Keys: Send + Sync {
    /// The citizen key of `(scheme, value)` under the current key, with that key's id.
    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey);

    /// The same under older keys that are still kept, newest first, at most 8.
    fn former_citizen_keys(&self, scheme: &str, value: &[u8]) -> Vec<(KeyId, CitizenKey)>;

    /// Seals bytes (AES-256-GCM; algorithm and key id in front), bound to purpose and `context` as associated data.
    fn seal(&self, purpose: SealPurpose, context: &[u8], plain: &[u8]) -> Vec<u8>;

    /// Opens what [`Keys::seal`] made.
    fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure>;

    /// A fresh random 256-bit data key, wrapped: what to use now and what to store.
    fn new_data_key(&self, context: &[u8]) -> (DataKey, Vec<u8>);

    /// The data key in a wrapped one.
    fn open_data_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, KeysFailure>;

    /// Keyed hash (HMAC-SHA-256) for an exact look-up of a normalised text.
    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32];

    /// The same under older keys that are still kept, newest first, at most 8: rows written before a rotation are found
    /// by these. Keys that never rotate have none.
    fn former_lookup_hashes(&self, _purpose: LookupPurpose, _text: &str) -> Vec<[u8; 32]> {
        Vec::new()
    }

    /// A purpose-separated 256-bit key for MACs on the hot path (tickets, passes), for the key id given; `None` if retired.
    fn mac_key(&self, purpose: &'static str, key_id: KeyId) -> Option<[u8; 32]>;

    /// Which key id signs now.
    fn current_key_id(&self) -> KeyId;
}

/// Seals one person's columns; destroyed with the person.
pub trait SealColumns: Send + Sync {
    /// Seals a column's text. `column` names table and column; the person is bound in already.
    fn seal(&self, column: &str, plain: &[u8]) -> Vec<u8>;
    /// Opens a column's text.
    fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, KeysFailure>;
}

/// One person's data key in use.
pub type DataKey = Box<dyn SealColumns>;

/// Why something sealed did not open. Says no more than that on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysFailure {
    #[error("sealed text does not open: wrong key, wrong purpose or changed")]
    DoesNotOpen,
    #[error("sealed with key {0}, which is not kept any more")]
    KeyRetired(KeyId),
}

//! Room: engine/fakes. Keys that keep nothing secret: the same in every test, sealed by a fixed mask and a checksum.

use charye_domain::ids::{CitizenKey, KeyId};

use crate::ports::{DataKey, Keys, KeysFailure, LookupPurpose, SealColumns, SealPurpose};

/// Deterministic and worthless as keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct ToyKeys;

const CHECKSUM_BYTES: usize = 8;

fn toy_hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("charye toy keys, for tests only");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().into()
}

fn toy_seal(scope: &[&[u8]], plain: &[u8]) -> Vec<u8> {
    let mask = toy_hash(scope);
    let checksum = toy_hash(&[&mask, plain]);
    let masked = plain.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    checksum[..CHECKSUM_BYTES].iter().copied().chain(masked).collect()
}

fn toy_open(scope: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
    let (checksum, masked) = sealed.split_at_checked(CHECKSUM_BYTES).ok_or(KeysFailure::DoesNotOpen)?;
    let mask = toy_hash(scope);
    let plain: Vec<u8> = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    let opens = toy_hash(&[&mask, &plain])[..CHECKSUM_BYTES] == *checksum;
    opens.then_some(plain).ok_or(KeysFailure::DoesNotOpen)
}

fn purpose_name(purpose: SealPurpose) -> String {
    format!("{purpose:?}")
}

impl Keys for ToyKeys {
    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey) {
        let hash = toy_hash(&[b"citizen", scheme.as_bytes(), value]);
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        (KeyId(1), CitizenKey(key))
    }

    fn former_citizen_keys(&self, _scheme: &str, _value: &[u8]) -> Vec<(KeyId, CitizenKey)> {
        Vec::new()
    }

    fn seal(&self, purpose: SealPurpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        toy_seal(&[purpose_name(purpose).as_bytes(), context], plain)
    }

    fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        toy_open(&[purpose_name(purpose).as_bytes(), context], sealed)
    }

    fn new_data_key(&self, context: &[u8]) -> (DataKey, Vec<u8>) {
        let key = toy_hash(&[b"data key", context]);
        (Box::new(ToyDataKey(key)), self.seal(SealPurpose::DataKey, context, &key))
    }

    fn open_data_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, KeysFailure> {
        let key = self.open(SealPurpose::DataKey, context, wrapped)?;
        let key = key.try_into().map_err(|_| KeysFailure::DoesNotOpen)?;
        Ok(Box::new(ToyDataKey(key)))
    }

    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32] {
        toy_hash(&[format!("{purpose:?}").as_bytes(), text.as_bytes()])
    }

    fn mac_key(&self, purpose: &'static str, key_id: KeyId) -> Option<[u8; 32]> {
        (key_id == self.current_key_id()).then(|| toy_hash(&[b"mac", purpose.as_bytes()]))
    }

    fn current_key_id(&self) -> KeyId {
        KeyId(1)
    }
}

/// Toy keys whose MAC keys come and go: the first kept one signs, and one that is not kept is there for nobody.
#[derive(Clone, Debug)]
pub struct ToyKeyRing {
    kept: Vec<KeyId>,
}

impl ToyKeyRing {
    /// Keeps these MAC keys. Of none, an installation that has lost them: its tokens name a key that is gone.
    pub fn keeping(kept: &[u16]) -> Self {
        Self { kept: kept.iter().copied().map(KeyId).collect() }
    }
}

impl Keys for ToyKeyRing {
    fn mac_key(&self, purpose: &'static str, key_id: KeyId) -> Option<[u8; 32]> {
        let key = || toy_hash(&[b"mac", purpose.as_bytes(), &key_id.0.to_le_bytes()]);
        self.kept.contains(&key_id).then(key)
    }

    fn current_key_id(&self) -> KeyId {
        self.kept.first().copied().unwrap_or_else(|| ToyKeys.current_key_id())
    }

    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey) {
        ToyKeys.citizen_key(scheme, value)
    }

    fn former_citizen_keys(&self, scheme: &str, value: &[u8]) -> Vec<(KeyId, CitizenKey)> {
        ToyKeys.former_citizen_keys(scheme, value)
    }

    fn seal(&self, purpose: SealPurpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        ToyKeys.seal(purpose, context, plain)
    }

    fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        ToyKeys.open(purpose, context, sealed)
    }

    fn new_data_key(&self, context: &[u8]) -> (DataKey, Vec<u8>) {
        ToyKeys.new_data_key(context)
    }

    fn open_data_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, KeysFailure> {
        ToyKeys.open_data_key(context, wrapped)
    }

    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32] {
        ToyKeys.lookup_hash(purpose, text)
    }
}

struct ToyDataKey([u8; 32]);

impl SealColumns for ToyDataKey {
    fn seal(&self, column: &str, plain: &[u8]) -> Vec<u8> {
        toy_seal(&[&self.0, column.as_bytes()], plain)
    }

    fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        toy_open(&[&self.0, column.as_bytes()], sealed)
    }
}

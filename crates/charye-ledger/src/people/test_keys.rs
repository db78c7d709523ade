//! Room: ledger/people, tests. Keys that seal for real, made of keyed BLAKE3 so that this crate needs no other's keys.
//! Rotates at will. Never used outside tests.

use std::sync::atomic::{AtomicU64, Ordering};

use charye_domain::ids::{CitizenKey, KeyId};
use charye_engine::ports::{DataKey, Keys, KeysFailure, LookupPurpose, SealColumns, SealPurpose};

/// Keys with ids 1 to `newest`, each derived from a seed.
pub(super) struct TestKeys {
    seed: [u8; 32],
    newest: u16,
}

/// No two data keys of a test run are the same, whichever instance made them.
static NONCES: AtomicU64 = AtomicU64::new(0);

impl TestKeys {
    pub(super) fn new(seed: u8) -> Self {
        Self { seed: [seed; 32], newest: 1 }
    }

    pub(super) fn rotated(seed: u8) -> Self {
        Self { newest: 2, ..Self::new(seed) }
    }

    fn key(&self, id: u16, purpose: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.seed, format!("{id} {purpose}").as_bytes()).as_bytes()
    }
}

fn nonce() -> [u8; 8] {
    NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes()
}

fn seal_with(key: &[u8; 32], nonce: [u8; 8], bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut sealed = nonce.to_vec();
    let mut stream = vec![0; plain.len()];
    blake3::Hasher::new_keyed(key).update(b"stream").update(&nonce).finalize_xof().fill(&mut stream);
    sealed.extend(plain.iter().zip(&stream).map(|(plain, mask)| plain ^ mask));
    let tag = blake3::Hasher::new_keyed(key).update(b"tag").update(bound_to).update(&sealed).finalize();
    sealed.extend_from_slice(&tag.as_bytes()[..16]);
    sealed
}

fn open_with(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
    let (text, tag) = sealed.split_last_chunk::<16>().ok_or(KeysFailure::DoesNotOpen)?;
    let (nonce, masked) = text.split_first_chunk::<8>().ok_or(KeysFailure::DoesNotOpen)?;
    let expected = blake3::Hasher::new_keyed(key).update(b"tag").update(bound_to).update(text).finalize();
    if expected.as_bytes()[..16] != tag[..] {
        return Err(KeysFailure::DoesNotOpen);
    }
    let mut stream = vec![0; masked.len()];
    blake3::Hasher::new_keyed(key).update(b"stream").update(nonce).finalize_xof().fill(&mut stream);
    Ok(masked.iter().zip(&stream).map(|(masked, mask)| masked ^ mask).collect())
}

struct TestColumns {
    key: [u8; 32],
    owner: Vec<u8>,
}

impl SealColumns for TestColumns {
    fn seal(&self, column: &str, plain: &[u8]) -> Vec<u8> {
        let bound_to = [&self.owner, column.as_bytes()].concat();
        let nonce = blake3::keyed_hash(&self.key, &[column.as_bytes(), plain].concat());
        seal_with(&self.key, *nonce.as_bytes().first_chunk().unwrap(), &bound_to, plain)
    }

    fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        open_with(&self.key, &[&self.owner, column.as_bytes()].concat(), sealed)
    }
}

impl Keys for TestKeys {
    fn citizen_key(&self, scheme: &str, value: &[u8]) -> (KeyId, CitizenKey) {
        let hash = blake3::keyed_hash(&self.key(self.newest, scheme), value);
        (KeyId(self.newest), CitizenKey(*hash.as_bytes().first_chunk().unwrap()))
    }

    fn former_citizen_keys(&self, _scheme: &str, _value: &[u8]) -> Vec<(KeyId, CitizenKey)> {
        Vec::new()
    }

    fn seal(&self, purpose: SealPurpose, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = self.newest.to_be_bytes().to_vec();
        sealed.extend(seal_with(&self.key(self.newest, &format!("{purpose:?}")), nonce(), context, plain));
        sealed
    }

    fn open(&self, purpose: SealPurpose, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        let (id, text) = sealed.split_first_chunk().ok_or(KeysFailure::DoesNotOpen)?;
        open_with(&self.key(u16::from_be_bytes(*id), &format!("{purpose:?}")), context, text)
    }

    fn new_data_key(&self, context: &[u8]) -> (DataKey, Vec<u8>) {
        let key = *blake3::keyed_hash(&self.seed, &nonce()).as_bytes();
        (Box::new(TestColumns { key, owner: context.to_vec() }), self.seal(SealPurpose::DataKey, context, &key))
    }

    fn open_data_key(&self, context: &[u8], wrapped: &[u8]) -> Result<DataKey, KeysFailure> {
        let key = self.open(SealPurpose::DataKey, context, wrapped)?;
        Ok(Box::new(TestColumns { key: key.try_into().unwrap(), owner: context.to_vec() }))
    }

    fn lookup_hash(&self, purpose: LookupPurpose, text: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.key(self.newest, &format!("{purpose:?}")), text.as_bytes()).as_bytes()
    }

    fn former_lookup_hashes(&self, purpose: LookupPurpose, text: &str) -> Vec<[u8; 32]> {
        let former = (1..self.newest).rev();
        former
            .map(|id| *blake3::keyed_hash(&self.key(id, &format!("{purpose:?}")), text.as_bytes()).as_bytes())
            .collect()
    }

    fn mac_key(&self, purpose: &'static str, key_id: KeyId) -> Option<[u8; 32]> {
        (1..=self.newest).contains(&key_id.0).then(|| self.key(key_id.0, purpose))
    }

    fn current_key_id(&self) -> KeyId {
        KeyId(self.newest)
    }
}

//! Room: gateway/keys. The layout of sealed texts, and one person's data key. AES-256-GCM with a random 96-bit nonce.
//!
//! Called by `local`. A text sealed under an installation key is
//! `algorithm (1) | purpose (1) | key id (2, big-endian) | nonce (12) | ciphertext | tag (16)`, bound to
//! `"charye seal v1" | those first 4 bytes | length of context (4, big-endian) | context`. A column sealed under a data
//! key is `algorithm (1) | nonce (12) | ciphertext | tag (16)`, bound to
//! `"charye column v1" | length of owner (4) | owner | length of column (4) | column`, the owner being the context under
//! which the data key was made. Random nonces are safe for 2^32 texts a key; a data key seals a handful.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use charye_domain::ids::KeyId;
use charye_engine::ports::{KeysFailure, SealColumns, SealPurpose};

use super::derivation::Secret;

/// AES-256-GCM. Another module's algorithm (ARIA under KCMVP, say) gets the next number.
const AES_256_GCM_ID: u8 = 1;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 4;

/// An AES-256-GCM key for one purpose.
pub(super) struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    pub(super) fn new(key: &Secret) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).expect("a 256-bit key fits AES-256-GCM"))
    }

    /// Appends `nonce | ciphertext | tag` of `plain` to `sealed`.
    fn seal_onto(&self, sealed: &mut Vec<u8>, bound_to: &[u8], plain: &[u8]) {
        let mut text = Vec::with_capacity(plain.len() + TAG_BYTES);
        text.extend_from_slice(plain);
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(bound_to), &mut text)
            .expect("AES-GCM refuses only texts over 64 GiB; our texts are bodies and columns");
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
    }

    fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(KeysFailure::DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeysFailure::DoesNotOpen)?;
        let mut text = text.to_vec();
        let plain_len =
            self.0.open_in_place(nonce, Aad::from(bound_to), &mut text).map_err(|_| KeysFailure::DoesNotOpen)?.len();
        text.truncate(plain_len);
        Ok(text)
    }
}

/// The number a purpose has in sealed texts, and the label of its subkey.
pub(super) fn purpose_code(purpose: SealPurpose) -> (u8, &'static str) {
    match purpose {
        SealPurpose::LoginSession => (1, "login-session"),
        SealPurpose::SignInState => (2, "sign-in-state"),
        SealPurpose::DataKey => (3, "data-key"),
    }
}

/// Seals under an installation key's subkey.
pub(super) fn seal(key: &SealingKey, purpose: SealPurpose, key_id: KeyId, context: &[u8], plain: &[u8]) -> Vec<u8> {
    let header = header(purpose, key_id);
    let mut sealed = Vec::with_capacity(HEADER_BYTES + NONCE_BYTES + plain.len() + TAG_BYTES);
    sealed.extend_from_slice(&header);
    key.seal_onto(&mut sealed, &seal_binding(header, context), plain);
    sealed
}

/// Which key a sealed text names, if its header is of this algorithm and purpose.
pub(super) fn sealed_under(purpose: SealPurpose, sealed: &[u8]) -> Option<KeyId> {
    let [algorithm, code, high, low] = *sealed.first_chunk::<HEADER_BYTES>()?;
    let fits = algorithm == AES_256_GCM_ID && code == purpose_code(purpose).0;
    fits.then_some(KeyId(u16::from_be_bytes([high, low])))
}

/// Opens what [`seal`] made.
pub(super) fn open(
    key: &SealingKey,
    purpose: SealPurpose,
    key_id: KeyId,
    context: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, KeysFailure> {
    let text = sealed.get(HEADER_BYTES..).ok_or(KeysFailure::DoesNotOpen)?;
    key.open(&seal_binding(header(purpose, key_id), context), text)
}

fn header(purpose: SealPurpose, key_id: KeyId) -> [u8; HEADER_BYTES] {
    let [high, low] = key_id.0.to_be_bytes();
    [AES_256_GCM_ID, purpose_code(purpose).0, high, low]
}

fn seal_binding(header: [u8; HEADER_BYTES], context: &[u8]) -> Vec<u8> {
    let mut bound_to = b"charye seal v1".to_vec();
    bound_to.extend_from_slice(&header);
    append_with_length(&mut bound_to, context);
    bound_to
}

/// Length first, so that no two different pairs of texts give the same bytes.
pub(super) fn append_with_length(onto: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).expect("contexts, columns and schemes are short texts of our own");
    onto.extend_from_slice(&length.to_be_bytes());
    onto.extend_from_slice(part);
}

/// One person's data key in use.
pub(super) struct PersonColumns {
    key: SealingKey,
    /// The context the data key was made under: whose it is.
    owner: Vec<u8>,
}

impl PersonColumns {
    pub(super) fn new(key: &Secret, owner: &[u8]) -> Self {
        Self { key: SealingKey::new(key), owner: owner.to_vec() }
    }

    fn binding(&self, column: &str) -> Vec<u8> {
        let mut bound_to = b"charye column v1".to_vec();
        append_with_length(&mut bound_to, &self.owner);
        append_with_length(&mut bound_to, column.as_bytes());
        bound_to
    }
}

impl SealColumns for PersonColumns {
    fn seal(&self, column: &str, plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + plain.len() + TAG_BYTES);
        sealed.push(AES_256_GCM_ID);
        self.key.seal_onto(&mut sealed, &self.binding(column), plain);
        sealed
    }

    fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, KeysFailure> {
        match sealed.split_first() {
            Some((&AES_256_GCM_ID, text)) => self.key.open(&self.binding(column), text),
            _ => Err(KeysFailure::DoesNotOpen),
        }
    }
}

//! Room: web/gate. The pass: a signed, expiring token of a visit. Checked before it is parsed, in constant time.
//!
//! Layout, 44 bytes, numbers little-endian: version u8 = 1 | kind u8 = 2 (a pass; 1 is a ticket) | key id u16 |
//! campaign u16 | opening u8 | reserved u8 = 0 | person u32 | generation u32 | expires_at i64 | reserved 4 zero bytes |
//! MAC 16 bytes: keyed BLAKE3 of the 28 bytes before it, under the key derived for "charye pass v1".

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::ids::{CampaignId, KeyId, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_engine::ports::Keys;

const VERSION: u8 = 1;
const KIND_PASS: u8 = 2;
const SIGNED_BYTES: usize = 28;
const MAC_BYTES: usize = 16;
const TOKEN_BYTES: usize = SIGNED_BYTES + MAC_BYTES;
/// base64url of [`TOKEN_BYTES`], without padding.
const TEXT_BYTES: usize = TOKEN_BYTES.div_ceil(3) * 4 - (3 - TOKEN_BYTES % 3) % 3;
const MAC_PURPOSE: &str = "charye pass v1";
/// Keys kept derived. A key file holds fewer.
const DERIVED_MAX: usize = 16;

/// A person's right to be inside, until it expires or a newer device takes the visit over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub campaign: CampaignId,
    pub opening: OpeningId,
    pub person: Person,
    /// Counts the visit's moves from device to device; the book refuses old ones.
    pub generation: u32,
    pub expires_at: UnixMillis,
}

/// Signs and verifies passes with keys derived once.
pub(super) struct PassKeys {
    keys: Arc<dyn Keys>,
    derived: RwLock<Vec<(KeyId, [u8; 32])>>,
}

impl PassKeys {
    pub(super) fn new(keys: Arc<dyn Keys>) -> Self {
        Self { keys, derived: RwLock::default() }
    }

    pub(super) fn sign(&self, pass: &Pass) -> String {
        let key_id = self.keys.current_key_id();
        let mut token = [0; TOKEN_BYTES];
        token[..SIGNED_BYTES].copy_from_slice(&layout(pass, key_id));
        if let Some(key) = self.key(key_id) {
            let mac = blake3::keyed_hash(&key, &token[..SIGNED_BYTES]);
            token[SIGNED_BYTES..].copy_from_slice(&mac.as_bytes()[..MAC_BYTES]);
        }
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The pass in `text`, if it is genuine and has not expired.
    pub(super) fn verify(&self, text: &str, now: UnixMillis) -> Option<Pass> {
        if text.len() != TEXT_BYTES {
            return None;
        }
        let mut token = [0; TOKEN_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut token).ok()?;
        if length != TOKEN_BYTES {
            return None;
        }
        let key = self.key(KeyId(u16::from_le_bytes([token[2], token[3]])))?;
        let (signed, mac) = token.split_at(SIGNED_BYTES);
        let genuine = blake3::keyed_hash(&key, signed);
        let same = constant_time_equal(&genuine.as_bytes()[..MAC_BYTES], mac);
        if !same || signed[0] != VERSION || signed[1] != KIND_PASS {
            return None;
        }
        let pass = read(signed)?;
        (now < pass.expires_at).then_some(pass)
    }

    fn key(&self, key_id: KeyId) -> Option<[u8; 32]> {
        let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = derived.iter().find(|(id, _)| *id == key_id) {
            return Some(*key);
        }
        drop(derived);
        let key = self.keys.mac_key(MAC_PURPOSE, key_id)?;
        let mut derived = self.derived.write().unwrap_or_else(PoisonError::into_inner);
        if derived.len() >= DERIVED_MAX {
            derived.remove(0);
        }
        derived.push((key_id, key));
        Some(key)
    }
}

fn layout(pass: &Pass, key_id: KeyId) -> [u8; SIGNED_BYTES] {
    let mut signed = [0; SIGNED_BYTES];
    signed[0] = VERSION;
    signed[1] = KIND_PASS;
    signed[2..4].copy_from_slice(&key_id.0.to_le_bytes());
    signed[4..6].copy_from_slice(&pass.campaign.0.to_le_bytes());
    signed[6] = pass.opening.0;
    signed[8..12].copy_from_slice(&pass.person.0.to_le_bytes());
    signed[12..16].copy_from_slice(&pass.generation.to_le_bytes());
    signed[16..24].copy_from_slice(&pass.expires_at.0.to_le_bytes());
    signed
}

fn read(signed: &[u8]) -> Option<Pass> {
    Some(Pass {
        campaign: CampaignId(u16::from_le_bytes(signed[4..6].try_into().ok()?)),
        opening: OpeningId(signed[6]),
        person: Person(u32::from_le_bytes(signed[8..12].try_into().ok()?)),
        generation: u32::from_le_bytes(signed[12..16].try_into().ok()?),
        expires_at: UnixMillis(i64::from_le_bytes(signed[16..24].try_into().ok()?)),
    })
}

/// Compares without telling by its time where the first difference is.
fn constant_time_equal(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}

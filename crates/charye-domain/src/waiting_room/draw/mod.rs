//! Room: domain/waiting_room. The draw: places for those who came before the opening, by a rule anyone can recompute.
//!
//! Called when an opening is announced (commitments), when its list closes (root and count), when it opens (seed and
//! places) and by `charye draw verify`. Arithmetic only: secret and key come in from the Random port, and a place must
//! never depend on anything but them, the list, the public value and the citizen. `docs/reference/draw.md` is the
//! specification, with vectors.

pub mod merkle;
pub mod published;
pub mod verify;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::ids::{CampaignId, CitizenKey, OpeningId};
use crate::waiting_room::place::Place;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What a citizen checks the draw with: seen by the citizen alone until the whole list is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DrawId(pub [u8; 16]);

/// Turns citizens into draw ids, so that nobody can compute another's. One for each opening; kept among the keys.
#[derive(Clone)]
pub struct DrawKey(Hmac<Sha256>, Hash);

impl DrawKey {
    /// A key of 32 random bytes, drawn outside the domain.
    pub fn new(key: [u8; 32]) -> Self {
        Self(hmac_under(&key), Sha256::digest(key).into())
    }

    /// The draw id of a citizen in an opening: the first 16 bytes of HMAC-SHA-256 over campaign (u16), opening (u8) and
    /// citizen key (16 bytes), most significant byte first.
    pub fn draw_id(&self, campaign: CampaignId, opening: OpeningId, citizen: CitizenKey) -> DrawId {
        let mut message = [0; 19];
        message[..2].copy_from_slice(&campaign.0.to_be_bytes());
        message[2] = opening.0;
        message[3..].copy_from_slice(&citizen.0);
        let hash = mac(&self.0, &message);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        DrawId(id)
    }
}

impl std::fmt::Debug for DrawKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DrawKey(..)")
    }
}

/// The operator's part of the seed: 32 random bytes, committed to before anyone enrols and told after the list is closed.
#[derive(Clone, PartialEq, Eq)]
pub struct DrawSecret(pub [u8; 32]);

impl std::fmt::Debug for DrawSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DrawSecret(..)")
    }
}

/// What is published before anyone enrols: whoever holds it knows later that neither secret nor key was swapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitments {
    /// SHA-256 of the secret.
    pub secret: Hash,
    /// SHA-256 of the draw key.
    pub draw_key: Hash,
}

impl Commitments {
    /// The commitments to a secret and a key.
    pub fn to(secret: &DrawSecret, key: &DrawKey) -> Self {
        Self { secret: secret_commitment(secret), draw_key: key.1 }
    }
}

/// SHA-256 of the secret.
pub fn secret_commitment(secret: &DrawSecret) -> Hash {
    Sha256::digest(secret.0).into()
}

/// SHA-256 of a draw key.
pub fn draw_key_commitment(key: &[u8; 32]) -> Hash {
    Sha256::digest(key).into()
}

/// The list as it was closed. Published *before* the secret: after it nobody can be added, dropped or moved unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Merkle root of the sorted draw ids ([`merkle`]).
    pub root: Hash,
    /// People on the list.
    pub count: u64,
}

impl Closing {
    /// Sorts the list, drops repetitions (one person is on it once) and closes it.
    pub fn of(ids: &mut Vec<DrawId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self { root: merkle::root(ids), count: ids.len() as u64 }
    }
}

/// What every place follows from.
#[derive(Clone)]
pub struct Seed(Hmac<Sha256>, Hash);

impl Seed {
    /// SHA-256 of secret, root and public value, one after the other.
    ///
    /// `public_value` is something named in advance and unknown until the list is closed; empty if none was named.
    pub fn new(secret: &DrawSecret, root: &Hash, public_value: &[u8]) -> Self {
        let seed = Sha256::new().chain_update(secret.0).chain_update(root).chain_update(public_value).finalize().into();
        Self(hmac_under(&seed), seed)
    }

    /// The place of a draw id: the first 63 bits of HMAC-SHA-256 under the seed.
    pub fn place(&self, id: DrawId) -> Place {
        Place::drawn(&mac(&self.0, &id.0))
    }

    /// The 32 bytes themselves, to publish.
    pub fn bytes(&self) -> Hash {
        self.1
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// HMAC-SHA-256 under a key of 32 bytes, ready to be used many times. HMAC fills short keys up with zeros to the block of
/// 64 bytes, so filling it up here takes the constructor that cannot fail.
fn hmac_under(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    Hmac::new(&block.into())
}

fn mac(keyed: &Hmac<Sha256>, message: &[u8]) -> Hash {
    keyed.clone().chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        // Test case 1 has a key of 20 bytes 0x0b; filled up with zeros it is the same key.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let hash = mac(&hmac_under(&key), b"Hi There");
        assert_eq!(hash[..8], [0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53]);
    }

    #[test]
    fn a_draw_id_depends_on_campaign_opening_citizen_and_key() {
        let key = DrawKey::new([1; 32]);
        let citizen = CitizenKey([7; 16]);
        let id = key.draw_id(CampaignId(0), OpeningId(0), citizen);
        assert_ne!(id, key.draw_id(CampaignId(1), OpeningId(0), citizen));
        assert_ne!(id, key.draw_id(CampaignId(0), OpeningId(1), citizen));
        assert_ne!(id, key.draw_id(CampaignId(0), OpeningId(0), CitizenKey([8; 16])));
        assert_ne!(id, DrawKey::new([2; 32]).draw_id(CampaignId(0), OpeningId(0), citizen));
        assert_eq!(id, key.draw_id(CampaignId(0), OpeningId(0), citizen));
    }

    #[test]
    fn closing_a_list_forgets_the_order_of_enrolment_and_counts_everyone_once() {
        let mut early = vec![DrawId([3; 16]), DrawId([1; 16]), DrawId([2; 16])];
        let mut late = vec![DrawId([1; 16]), DrawId([2; 16]), DrawId([3; 16]), DrawId([2; 16])];
        assert_eq!(Closing::of(&mut early), Closing::of(&mut late));
        assert_eq!(Closing::of(&mut late).count, 3);
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        assert_eq!(format!("{:?} {:?}", DrawKey::new([1; 32]), DrawSecret([2; 32])), "DrawKey(..) DrawSecret(..)");
    }
}

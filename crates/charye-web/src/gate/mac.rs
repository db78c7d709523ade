//! Room: web/gate. The one MAC code under tickets and passes: 28 signed bytes in, 59 characters out, and back. Called by
//! `pass` and `ticket`, each with a purpose of its own, so that their keys have nothing in common.
//!
//! Must never let a byte but the key id be read before the MAC is right, nor tell by its time where a wrong one differs.
//! Layouts: `charye_domain::waiting_room::tokens`.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::ids::KeyId;
use charye_domain::waiting_room::tokens::{
    MAC_BYTES, PASS_MAC_PURPOSE, SIGNED_BYTES, TEXT_BYTES, TICKET_MAC_PURPOSE, TOKEN_BYTES, claimed_key_id,
};
use charye_domain::weakness::Defence;
use charye_engine::ports::Keys;
use subtle::ConstantTimeEq as _;

/// Keys kept derived; a key file holds fewer. One more than these is derived anew each time.
const DERIVED_MAX: usize = 16;

/// Signs and verifies the bytes of one kind, with keys derived once and read without a lock.
pub(super) struct MacKeys {
    keys: Arc<dyn Keys>,
    purpose: &'static str,
    derived: [OnceLock<(KeyId, [u8; 32])>; DERIVED_MAX],
}

impl MacKeys {
    /// Keys for one purpose.
    pub(super) fn new(keys: Arc<dyn Keys>, purpose: &'static str) -> Self {
        // `weak-purpose` stands here.
        let purpose = if Defence::Purpose.is_off() { TICKET_MAC_PURPOSE } else { purpose };
        Self { keys, purpose, derived: Default::default() }
    }

    /// The key that signs now; layouts carry it.
    pub(super) fn current_key_id(&self) -> KeyId {
        self.keys.current_key_id()
    }

    /// The text of these bytes and their MAC, under the key that they name.
    pub(super) fn seal(&self, signed: &[u8; SIGNED_BYTES]) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[..SIGNED_BYTES].copy_from_slice(signed);
        // A key that is not kept signs nothing: the zeros that stay do not verify.
        if let Some(key) = self.key(claimed_key_id(&bytes)) {
            let mac = blake3::keyed_hash(&key, signed);
            bytes[SIGNED_BYTES..].copy_from_slice(&mac.as_bytes()[..MAC_BYTES]);
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The signed bytes in `text`, if they are genuine. What they say is for the caller to read.
    pub(super) fn open(&self, text: &str) -> Option<[u8; SIGNED_BYTES]> {
        if text.len() != TEXT_BYTES {
            return None;
        }
        let mut bytes = [0; TOKEN_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if length != TOKEN_BYTES {
            return None;
        }
        // `weak-key-ring` stands here.
        let unknown = || Defence::KeyRing.is_off().then_some([0; 32]);
        let key = self.key(claimed_key_id(&bytes)).or_else(unknown)?;
        let (signed, mac) = bytes.split_first_chunk::<SIGNED_BYTES>()?;
        let genuine = blake3::keyed_hash(&key, signed);
        let is_genuine = bool::from(genuine.as_bytes()[..MAC_BYTES].ct_eq(mac));
        (is_genuine || self.goes_unchecked()).then_some(*signed)
    }

    /// `weak-pass-mac` and `weak-ticket-mac` stand here.
    fn goes_unchecked(&self) -> bool {
        let defence = if self.purpose == PASS_MAC_PURPOSE { Defence::PassMac } else { Defence::TicketMac };
        defence.is_off()
    }

    fn key(&self, key_id: KeyId) -> Option<[u8; 32]> {
        for slot in &self.derived {
            if let Some((id, key)) = slot.get() {
                if *id == key_id {
                    return Some(*key);
                }
                continue;
            }
            let key = self.keys.mac_key(self.purpose, key_id)?;
            // Another thread may have been quicker with another key; this one is then kept by a later call.
            let _ = slot.set((key_id, key));
            return Some(key);
        }
        self.keys.mac_key(self.purpose, key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_engine::fakes::ToyKeyRing;

    fn signed(key_id: u16) -> [u8; SIGNED_BYTES] {
        let mut signed = [0x5a; SIGNED_BYTES];
        signed[2..4].copy_from_slice(&key_id.to_le_bytes());
        signed
    }

    fn ring(kept: &[u16]) -> Arc<dyn Keys> {
        Arc::new(ToyKeyRing::keeping(kept))
    }

    fn keys(kept: &[u16]) -> MacKeys {
        MacKeys::new(ring(kept), TICKET_MAC_PURPOSE)
    }

    #[test]
    fn what_is_sealed_opens_under_every_key_that_is_kept() {
        let before = keys(&[1]);
        let old = before.seal(&signed(1));
        let during = keys(&[2, 1]);
        let new = during.seal(&signed(2));
        assert_eq!((during.open(&old), during.open(&new)), (Some(signed(1)), Some(signed(2))));
        let after = keys(&[2]);
        assert_eq!((after.open(&old), after.open(&new)), (None, Some(signed(2))), "a retired key opens nothing");
        assert_eq!(before.open(&new), None, "nor one that is not there yet");
    }

    #[test]
    fn more_keys_than_are_kept_derived_still_open() {
        let many: Vec<u16> = (1..=40).collect();
        let keys = keys(&many);
        for key_id in many {
            assert_eq!(keys.open(&keys.seal(&signed(key_id))), Some(signed(key_id)), "{key_id}");
        }
    }

    #[test]
    fn a_text_changed_in_any_character_or_cut_does_not_open() {
        let keys = keys(&[1]);
        let text = keys.seal(&signed(1));
        for at in 0..text.len() {
            for put in ['A', 'B', '_', '=', '+', '\u{e9}'] {
                let edited: String = text.chars().enumerate().map(|(i, c)| if i == at { put } else { c }).collect();
                assert!(edited == text || keys.open(&edited).is_none(), "character {at} as {put}");
            }
            assert_eq!(keys.open(&text[..at]), None);
        }
        assert_eq!(keys.open(&format!("{text}A")), None);
    }

    #[test]
    fn keys_of_two_purposes_have_nothing_in_common() {
        let same = ring(&[1]);
        let [ticket, pass] = [TICKET_MAC_PURPOSE, PASS_MAC_PURPOSE].map(|purpose| MacKeys::new(same.clone(), purpose));
        assert_eq!(pass.open(&ticket.seal(&signed(1))), None);
        assert_eq!(ticket.open(&pass.seal(&signed(1))), None);
    }

    #[test]
    fn a_key_that_is_not_kept_signs_nothing() {
        let keys = keys(&[1]);
        assert_eq!(keys.open(&keys.seal(&signed(9))), None);
    }
}

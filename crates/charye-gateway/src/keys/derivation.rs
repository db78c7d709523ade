//! Room: gateway/keys. From one 256-bit secret to many keys, each for one purpose: HKDF-SHA-256 (RFC 5869).
//!
//! Called by `local` and `key_file`. The labels are the format: changing one makes everything sealed or hashed under it
//! unreadable. Anyone can recompute them: salt = [`SALT`], input = the secret, info = the label, 32 bytes out.

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

/// A secret as it stands in the key file. Wiped when dropped.
pub(super) type Secret = Zeroizing<[u8; 32]>;

/// The salt of every derivation.
const SALT: &[u8] = b"charye keys v1";

/// The pseudo-random key of a secret, from which its subkeys are expanded. Wiped when dropped.
pub(super) struct Root(hkdf::Prk);

impl Root {
    /// Extracts; the secret is not needed afterwards.
    pub(super) fn of(secret: &Secret) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret.as_ref()))
    }

    /// The subkey for a label.
    pub(super) fn subkey(&self, label: &[&str]) -> Secret {
        let info: Vec<&[u8]> = label.iter().map(|part| part.as_bytes()).collect();
        let mut subkey = Zeroizing::new([0; 32]);
        self.0
            .expand(&info, SubkeyLength)
            .and_then(|okm| okm.fill(subkey.as_mut()))
            .expect("32 bytes are far below what HKDF-SHA-256 can expand to, and the buffer has that length");
        subkey
    }

    /// What tells keys apart without telling them: 64 bits as 16 hex digits.
    pub(super) fn fingerprint(&self) -> String {
        self.subkey(&["fingerprint"])[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Every subkey has 256 bits.
struct SubkeyLength;

impl hkdf::KeyType for SubkeyLength {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Recompute with Python's standard library:
    /// `prk = hmac.new(b"charye keys v1", secret, sha256).digest()`, `hmac.new(prk, label + b"\x01", sha256).hexdigest()`.
    #[test]
    fn subkeys_are_those_that_an_independent_hkdf_computes() {
        let secret: Secret = Zeroizing::new(std::array::from_fn(|i| i as u8));
        let root = Root::of(&secret);
        assert_eq!(
            hex(&*root.subkey(&["citizen-key"])),
            "26d94963427d7c73c9e865b5a33120b6467ac47001bc39b91eab4b2ccf7e3825"
        );
        assert_eq!(
            hex(&*root.subkey(&["mac/", "pass"])),
            "31043ba3d490c8577673a4d99659564a4733859683bf86852588175997ddc223"
        );
        assert_eq!(root.fingerprint(), "d5834c590d905a1b");
    }

    #[test]
    fn every_label_has_a_key_of_its_own() {
        let root = Root::of(&Zeroizing::new([7; 32]));
        let labels = ["fingerprint", "citizen-key", "lookup/phone", "seal/login-session", "mac/pass"];
        let keys: std::collections::BTreeSet<_> = labels.iter().map(|label| hex(&*root.subkey(&[label]))).collect();
        assert_eq!(keys.len(), labels.len());
    }
}

//! Room: gateway/identity/jose. An issuer's keys (RFC 7517), parsed once when they are fetched: a signature is checked with
//! a key that is ready. Keys for other uses, of other kinds or too weak are left out, not refused.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use serde_json::{Map, Value};

use super::Algorithm;
use crate::identity::strict_json;

/// Keys of one issuer that are looked at.
const KEYS_MAX: usize = 32;
/// Keys that are tried for a token that does not name its own.
const TRIED_MAX: usize = 4;
/// Bits of the shortest RSA modulus.
const RSA_BYTES_MIN: usize = 256;
const RSA_BYTES_MAX: usize = 1_024;

/// The keys of one issuer.
pub struct KeySet(Vec<Key>);

pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    ready: ParsedPublicKey,
}

impl Key {
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.ready.verify_sig(signed, signature).is_ok()
    }
}

impl KeySet {
    /// Reads a key set.
    ///
    /// `None`: it is none, or has no key that we could use.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let set = strict_json::parse_object(text)?;
        let listed = set.get("keys")?.as_array()?;
        let keys: Vec<Key> = listed.iter().take(KEYS_MAX).filter_map(Value::as_object).flat_map(keys_in).collect();
        // Two keys of one name and kind: whose signature would it be?
        let is_doubled = |(at, key): (usize, &Key)| {
            keys[..at].iter().any(|other| key.id.is_some() && other.id == key.id && other.algorithm == key.algorithm)
        };
        let is_unsure = keys.iter().enumerate().any(is_doubled);
        (!keys.is_empty() && !is_unsure).then_some(Self(keys))
    }

    /// The keys that may have signed with this algorithm: the one that is named, or the first few if none is.
    pub(super) fn candidates<'a>(
        &'a self,
        algorithm: Algorithm,
        id: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Key> + 'a {
        let fits = move |key: &&Key| key.algorithm == algorithm && id.is_none_or(|id| key.id.as_deref() == Some(id));
        self.0.iter().filter(fits).take(TRIED_MAX)
    }
}

/// One key as it may be used: an RSA key that names no algorithm serves both paddings.
fn keys_in(key: &Map<String, Value>) -> Vec<Key> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let is_for_signatures = text("use").is_none_or(|used| used == "sig");
    let may_verify = key
        .get("key_ops")
        .is_none_or(|ops| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op.as_str() == Some("verify"))));
    // A private key that is published is no key any more.
    if !is_for_signatures || !may_verify || key.contains_key("d") || key.contains_key("k") {
        return Vec::new();
    }
    let named = text("alg");
    let possible: &[Algorithm] = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => &[Algorithm::Rs256, Algorithm::Ps256],
        (Some("EC"), Some("P-256")) => &[Algorithm::Es256],
        (Some("OKP"), Some("Ed25519")) => &[Algorithm::EdDsa],
        _ => &[],
    };
    let wanted = possible.iter().filter(|algorithm| named.is_none_or(|named| named == algorithm.name()));
    let ready = wanted.filter_map(|algorithm| {
        let ready = parse_key(*algorithm, &text)?;
        Some(Key { id: text("kid").map(str::to_owned), algorithm: *algorithm, ready })
    });
    ready.collect()
}

fn parse_key<'a>(algorithm: Algorithm, text: &impl Fn(&str) -> Option<&'a str>) -> Option<ParsedPublicKey> {
    let decoded = |name| super::decode(text(name)?);
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let (n, e) = (decoded("n")?, decoded("e")?);
            let n = n.strip_prefix(&[0]).unwrap_or(&n);
            if !(RSA_BYTES_MIN..=RSA_BYTES_MAX).contains(&n.len()) || e.len() > 4 {
                return None;
            }
            let padding = match algorithm {
                Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                _ => &RSA_PKCS1_2048_8192_SHA256,
            };
            RsaPublicKeyComponents { n: n.to_vec(), e }.to_parsed_public_key(padding).ok()
        }
        Algorithm::Es256 => {
            let (x, y) = (decoded("x")?, decoded("y")?);
            if x.len() != 32 || y.len() != 32 {
                return None;
            }
            let point = [&[4], x.as_slice(), &y].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok()
        }
        Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, decoded("x")?).ok(),
    }
}

//! Room: gateway/identity/jose. Signed tokens and the keys that they are checked with: compact JWS with RS256, PS256, ES256
//! and EdDSA, nothing else. No encryption, no HMAC, no `none`, no keys or addresses out of a token's own header.
//!
//! Used by the flows. Why this is ours, on aws-lc-rs, and not a library's: docs/adr/0008-tokens-checked-here.md.

mod jws;
mod key_set;

pub use jws::{Algorithm, Algorithms, TOKEN_BYTES_MAX};
pub(crate) use jws::{BadToken, open};
pub use key_set::KeySet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// base64url without padding, exactly: what is padded, or ends in bits that mean nothing, is refused.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

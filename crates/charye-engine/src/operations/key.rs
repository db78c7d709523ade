//! Room: engine/operations. The key of an operation: who, what, and the client's own `Idempotency-Key`, hashed under an
//! installation key, so that the journal learns none of them and nobody can aim at another's operation.
//!
//! Called by `web` before a command is made. Pure but for the keys port.

use charye_domain::book::Operation;
use charye_domain::ids::{OperationKey, Person};

use crate::ports::{Keys, LookupPurpose};

/// Longest client key that is taken, in bytes.
const CLIENT_KEY_BYTES_MAX: usize = 128;

/// Whether a client's key can be taken: 1 to 128 printable ASCII characters.
pub fn client_key_is_usable(client_key: &str) -> bool {
    let length_fits = (1..=CLIENT_KEY_BYTES_MAX).contains(&client_key.len());
    length_fits && client_key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// First 16 bytes of HMAC(`person|name|client key`): scope is the actor and the operation's name (law I5).
///
/// `name` is fixed text such as `confirm`; it contains no `|`, so two scopes never meet.
pub fn operation_key(keys: &dyn Keys, person: Person, name: &'static str, client_key: &str) -> OperationKey {
    let hash = keys.lookup_hash(LookupPurpose::Operation, &format!("{person}|{name}|{client_key}"));
    let (first, _) = hash.split_first_chunk::<16>().expect("a look-up hash has 32 bytes");
    OperationKey(u128::from_be_bytes(*first))
}

/// First 8 bytes of BLAKE3 of a request's canonical form: the same meaning must give the same bytes.
pub fn request_hash(canonical: &[u8]) -> u64 {
    let hash = blake3::hash(canonical);
    let (first, _) = hash.as_bytes().split_first_chunk::<8>().expect("a BLAKE3 hash has 32 bytes");
    u64::from_be_bytes(*first)
}

/// Key and request hash together, as a command carries them.
pub fn operation(
    keys: &dyn Keys,
    person: Person,
    name: &'static str,
    client_key: &str,
    canonical_request: &[u8],
) -> Operation {
    Operation { key: operation_key(keys, person, name, client_key), request_hash: request_hash(canonical_request) }
}

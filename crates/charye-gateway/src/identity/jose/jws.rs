//! Room: gateway/identity/jose. One signed token: split, its header read strictly, its signature checked with a key of the
//! issuer's that may be used so. Says nothing about what the claims mean.

use serde_json::{Map, Value};

use super::KeySet;
use crate::identity::strict_json;

/// Characters of a token. Real ones have 1,000 to 2,000.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// A signature algorithm that we accept at all. All are asymmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Its name in JOSE.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads its name in JOSE, exactly; `None` for all others, `none` among them.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// The algorithms that one provider may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms(Vec<Algorithm>);

impl Algorithms {
    /// Reads a list of names; the first that is not accepted is named.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let read = |name: &str| Algorithm::parse(name).ok_or_else(|| name.to_owned());
        names.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn contains(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }
}

/// Why a token does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    /// It is none, or asks for what we do not do.
    Unfit(&'static str),
    /// No key that is known fits it: newer keys may.
    NoSuchKey,
}

/// The claims of a token that is the issuer's, and the algorithm it was signed with.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) claims: Map<String, Value>,
}

/// Checks a token's signature with the issuer's keys and reads its claims.
pub(crate) fn open(token: &str, keys: &KeySet, allowed: &Algorithms) -> Result<Opened, BadToken> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(BadToken::Unfit("token too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Unfit("token shape"))?;
    let (header, claims) = signed.split_once('.').ok_or(BadToken::Unfit("token shape"))?;
    let decoded = |part| super::decode(part).ok_or(BadToken::Unfit("token coding"));
    let header = strict_json::parse_object(&decoded(header)?).ok_or(BadToken::Unfit("token header"))?;
    let (algorithm, key_id) = read_header(&header)?;
    if !allowed.contains(algorithm) {
        return Err(BadToken::Unfit("algorithm"));
    }
    let signature = decoded(signature)?;
    // The signature first: what is not the issuer's is not parsed.
    let mut candidates = keys.candidates(algorithm, key_id).peekable();
    if candidates.peek().is_none() {
        return Err(BadToken::NoSuchKey);
    }
    if !candidates.any(|key| key.verifies(signed.as_bytes(), &signature)) {
        return Err(BadToken::NoSuchKey);
    }
    let claims = strict_json::parse_object(&decoded(claims)?).ok_or(BadToken::Unfit("token claims"))?;
    Ok(Opened { claims })
}

fn read_header(header: &Map<String, Value>) -> Result<(Algorithm, Option<&str>), BadToken> {
    let text = |name| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(BadToken::Unfit("token header")),
    };
    // Extensions that must be understood: we understand none.
    if header.contains_key("crit") || header.contains_key("b64") || header.contains_key("zip") {
        return Err(BadToken::Unfit("token header"));
    }
    // An access token or a logout token is no identity.
    if text("typ")?.is_some_and(|kind| !kind.eq_ignore_ascii_case("JWT")) {
        return Err(BadToken::Unfit("token type"));
    }
    let algorithm = text("alg")?.and_then(Algorithm::parse).ok_or(BadToken::Unfit("algorithm"))?;
    Ok((algorithm, text("kid")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_symmetric_and_no_missing_algorithm_has_a_name_here() {
        for bad in ["none", "None", "HS256", "RS1", "rs256", "", "ES256K", "RS256 "] {
            assert_eq!(Algorithm::parse(bad), None, "{bad}");
        }
        assert_eq!(Algorithms::parse(["RS256", "none"]), Err("none".to_owned()));
    }
}

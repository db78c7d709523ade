//! Room: gateway/identity. Queries and forms as they go out to providers: percent-encoded, every byte that is not a letter,
//! digit or one of `-._~`. Called by every flow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::secret::Secret;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `a=1&b=2`, encoded.
pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(pairs.iter().map(|(name, value)| name.len() + value.len() + 16).sum());
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(name, ENCODED));
        text.push('=');
        text.extend(utf8_percent_encode(value, ENCODED));
    }
    text
}

/// An address with a query added to it.
pub(crate) fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", encoded(pairs))
}

/// The `Authorization` of a client with its secret (RFC 6749 2.3.1: both are form-encoded first).
pub(crate) fn basic(client_id: &str, secret: &Secret) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED);
    let both = format!("{}:{}", encode(client_id), encode(secret.expose()));
    format!("Basic {}", STANDARD.encode(both))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_value_is_encoded() {
        assert_eq!(encoded(&[("a", "1 &=+%"), ("이름", "김")]), "a=1%20%26%3D%2B%25&%EC%9D%B4%EB%A6%84=%EA%B9%80");
        assert_eq!(with_query("https://a/b", &[("c", "d")]), "https://a/b?c=d");
        assert_eq!(with_query("https://a/b?x=y", &[("c", "d")]), "https://a/b?x=y&c=d");
        assert_eq!(basic("id:1", &Secret::new("s+e".to_owned())), format!("Basic {}", STANDARD.encode("id%3A1:s%2Be")));
    }
}

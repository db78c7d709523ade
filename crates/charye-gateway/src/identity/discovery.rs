//! Room: gateway/identity. What an OpenID provider says about itself (OpenID Connect Discovery): believed only as far as it
//! names itself, and only for addresses that we would connect to anyway.
//!
//! Used by `openid`. A provider whose addresses are configured is not asked.

use charye_engine::ports::ProviderFault;
use serde_json::Value;

use super::outbound::{Address, OutboundAnswer, PrivateHosts};
use super::strict_json;

/// Where a provider's parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) authorization: Option<Address>,
    pub(crate) token: Address,
    pub(crate) userinfo: Option<Address>,
    pub(crate) keys: Address,
    pub(crate) backchannel: Option<Address>,
    /// Whether every callback names the issuer (RFC 9207): then one that does not is refused.
    pub(crate) names_itself: bool,
}

/// The well-known address of an issuer's document.
pub(crate) fn address_of(issuer: &Address) -> Option<Address> {
    issuer.below("/.well-known/openid-configuration")
}

/// Reads the document that was fetched for `issuer`.
pub(crate) fn read(
    answer: &OutboundAnswer,
    issuer: &str,
    private_hosts: &PrivateHosts,
) -> Result<Endpoints, ProviderFault> {
    if answer.status != 200 {
        return Err(ProviderFault::Status(answer.status));
    }
    if !answer.is_json {
        return Err(ProviderFault::Malformed("discovery content type"));
    }
    let document = strict_json::parse_object(&answer.body).ok_or(ProviderFault::Malformed("discovery"))?;
    // Exactly: a provider that speaks for another is how answers get mixed up.
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(ProviderFault::Unbelievable("issuer in discovery"));
    }
    let maybe = |name: &str| match document.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let address = Address::parse(text).filter(|address| private_hosts.permits(address));
            address.map(Some).ok_or(ProviderFault::Unbelievable("address in discovery"))
        }
        Some(_) => Err(ProviderFault::Malformed("discovery")),
    };
    let must = |name: &str| maybe(name)?.ok_or(ProviderFault::Malformed("discovery"));
    Ok(Endpoints {
        authorization: maybe("authorization_endpoint")?,
        token: must("token_endpoint")?,
        userinfo: maybe("userinfo_endpoint")?,
        keys: must("jwks_uri")?,
        backchannel: maybe("backchannel_authentication_endpoint")?,
        names_itself: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn read_changed(change: &[(&str, Value)]) -> Result<Endpoints, ProviderFault> {
        let mut document = json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://keys.example/set",
        });
        for (name, value) in change {
            document[name] = value.clone();
        }
        let body = Bytes::from(document.to_string());
        let answer = OutboundAnswer { status: 200, is_json: true, body };
        read(&answer, "https://id.example", &PrivateHosts::default())
    }

    #[test]
    fn a_sound_document_is_read() {
        let endpoints = read_changed(&[("authorization_response_iss_parameter_supported", json!(true))]).unwrap();
        assert_eq!((endpoints.keys.as_str(), endpoints.names_itself), ("https://keys.example/set", true));
        assert_eq!(endpoints.userinfo, None);
    }

    #[test]
    fn who_speaks_for_another_or_leads_inside_is_not_believed() {
        for issuer in
            [json!("https://id.example/"), json!("https://other.example"), json!(null), json!(["https://id.example"])]
        {
            assert_eq!(read_changed(&[("issuer", issuer)]), Err(ProviderFault::Unbelievable("issuer in discovery")));
        }
        for address in ["http://id.example/token", "file:///etc/passwd", "https://a@b/", "javascript:1"] {
            let bad = Err(ProviderFault::Unbelievable("address in discovery"));
            for part in ["token_endpoint", "jwks_uri", "authorization_endpoint", "userinfo_endpoint"] {
                assert_eq!(read_changed(&[(part, json!(address))]), bad, "{part} {address}");
            }
        }
        assert!(read_changed(&[("token_endpoint", json!(null))]).is_err());
        assert!(read_changed(&[("jwks_uri", json!(7))]).is_err());
    }
}

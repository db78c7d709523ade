//! Room: gateway/identity. Decoupled sign-in by the standard shape: OpenID CIBA in poll mode. We ask the provider to ask the
//! citizen's app; the citizen compares a number; we ask until it is confirmed. Built from `[identity.provider.ciba]`.

use std::time::Duration;

use charye_engine::ports::{
    AskedField, BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};
use serde_json::Value;

use super::openid::{Exchanged, Expected, OpenIdClient, WentOut, read_exchange, reply};

/// Between two questions, if the provider does not say.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// A provider cannot have us ask less often than this.
const POLL_EVERY_MAX: Duration = Duration::from_secs(30);
/// A sign-in ends after ten minutes anyway.
const EXPIRES_MAX: Duration = Duration::from_secs(600);

/// One OpenID provider whose app is asked.
pub(crate) struct CibaProvider {
    pub(crate) client: OpenIdClient,
    pub(crate) scope: String,
    /// What of that which is filled in names the citizen to the provider.
    pub(crate) hint: AskedField,
}

impl IdentityProvider for CibaProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.client.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.push(begin, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.poll(complete, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(self.client.probe())
    }
}

impl CibaProvider {
    async fn push(&self, begin: BeginAt<'_>, went_out: &WentOut) -> Result<Begun, ProviderFailure> {
        let hint = begin.filled_in.one(self.hint.code())?;
        let endpoints = self.client.endpoints(went_out).await?;
        let to = endpoints.backchannel.as_ref().ok_or(ProviderFault::Malformed("no backchannel address"))?;
        let compare = compared_number(&begin.secrets.nonce);
        let pairs = [("scope", self.scope.as_str()), ("login_hint", hint), ("binding_message", compare.as_str())];
        let answer = self.client.post(to, &pairs, went_out).await?;
        match read_exchange(&answer)? {
            Exchanged::Error(error) => match error.as_str() {
                "unknown_user_id" | "invalid_user_code" | "missing_user_code" => Err(SignInRefusal::NotFound.into()),
                "access_denied" => Err(SignInRefusal::Cancelled.into()),
                _ => Err(ProviderFault::Status(answer.status).into()),
            },
            Exchanged::Tokens(told) => {
                let request = told.get("auth_req_id").and_then(Value::as_str).filter(|id| !id.is_empty());
                let request = request.ok_or(ProviderFault::Malformed("no request id"))?;
                let secs = |name: &str| told.get(name).and_then(Value::as_u64).map(Duration::from_secs);
                let expires = secs("expires_in").ok_or(ProviderFault::Malformed("no expiry"))?;
                Ok(Begun::Decoupled {
                    carried: request.as_bytes().to_vec(),
                    poll_after: secs("interval").unwrap_or(POLL_EVERY).min(POLL_EVERY_MAX),
                    expires_after: expires.min(EXPIRES_MAX),
                    compare: Some(compare),
                })
            }
        }
    }

    async fn poll(&self, complete: CompleteAt<'_>, went_out: &WentOut) -> Result<Completed, ProviderFailure> {
        let request = std::str::from_utf8(complete.carried).map_err(|_| SignInRefusal::NotBegunHere)?;
        let endpoints = self.client.endpoints(went_out).await?;
        let pairs = [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", request)];
        match self.client.exchange(&endpoints, &pairs, went_out).await? {
            Exchanged::Tokens(tokens) => {
                let expected = Expected { nonce: None, now: complete.now };
                self.client.prove(&tokens, &endpoints, expected, went_out).await.map(Completed::Proven)
            }
            Exchanged::Error(error) => match error.as_str() {
                "authorization_pending" => Ok(Completed::NotYet { poll_after: POLL_EVERY }),
                "slow_down" => Ok(Completed::NotYet { poll_after: POLL_EVERY * 2 }),
                "access_denied" => Err(SignInRefusal::Cancelled.into()),
                "expired_token" => Err(SignInRefusal::Expired.into()),
                _ => Err(SignInRefusal::CodeRefused.into()),
            },
        }
    }
}

/// Two digits of chance that page and app show alike: who confirms another's sign-in sees another number.
pub(crate) fn compared_number(nonce: &str) -> String {
    let number = u32::from_str_radix(nonce.get(..8).unwrap_or_default(), 16).unwrap_or_default();
    format!("{:02}", number % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_to_compare_has_two_digits() {
        for (nonce, expected) in [("00000007aa", "07"), ("ffffffff00", "95"), ("", "00")] {
            assert_eq!(compared_number(nonce), expected);
        }
    }
}

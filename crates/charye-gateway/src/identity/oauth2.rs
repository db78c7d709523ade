//! Room: gateway/identity. OAuth 2.0 by redirect, with a userinfo document in place of an ID token: the document is fetched
//! with the access token that the code gave, so it is the citizen's by TLS alone. Built from `[identity.provider.oauth2]`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use charye_engine::ports::{
    BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, Keys, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};
use serde_json::Value;

use super::form;
use super::oidc::{code_challenge, read_code};
use super::openid::{Exchanged, WentOut, get, read_document, read_exchange, reply};
use super::outbound::{Address, AskOutside, Body, Method, OutboundRequest};
use super::profile::ProfileBlock;
use super::secret::Secret;

/// One OAuth 2.0 provider.
pub(crate) struct OAuth2Provider {
    pub(crate) facts: ProviderFacts,
    pub(crate) authorization: Address,
    pub(crate) token: Address,
    pub(crate) userinfo: Address,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) redirect_uri: String,
    /// Left out of the request if empty.
    pub(crate) scope: String,
    /// Whether it takes PKCE; some answer an error to what they do not know.
    pub(crate) takes_pkce: bool,
    /// Where the document says that all is well, and with which word.
    pub(crate) success: Option<(String, String)>,
    pub(crate) profile: ProfileBlock,
    pub(crate) outside: Arc<dyn AskOutside>,
    pub(crate) keys: Arc<dyn Keys>,
}

impl IdentityProvider for OAuth2Provider {
    fn facts(&self) -> &ProviderFacts {
        &self.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        let url = self.authorization_url(begin);
        Box::pin(async move { ProviderReply { asked_outside: false, result: Ok(Begun::Redirect { url }) } })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.proof(complete, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(async move {
            let answer = self.outside.ask(self.exchange_request("probe", None)).await?;
            if answer.status >= 500 || answer.status == 429 {
                Err(ProviderFault::Status(answer.status))
            } else {
                Ok(())
            }
        })
    }
}

impl OAuth2Provider {
    fn authorization_url(&self, begin: BeginAt<'_>) -> String {
        let challenge = code_challenge(&begin.secrets.code_verifier);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("state", begin.secrets.state.as_str()),
        ];
        if !self.scope.is_empty() {
            pairs.push(("scope", self.scope.as_str()));
        }
        if self.takes_pkce {
            pairs.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        form::with_query(self.authorization.as_str(), &pairs)
    }

    fn exchange_request(&self, code: &str, code_verifier: Option<&str>) -> OutboundRequest {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.secret.expose()),
        ];
        if let Some(code_verifier) = code_verifier.filter(|_| self.takes_pkce) {
            pairs.push(("code_verifier", code_verifier));
        }
        let body = Body::Form(form::encoded(&pairs));
        OutboundRequest { to: self.token.clone(), method: Method::Post, authorization: None, body }
    }

    async fn proof(&self, complete: CompleteAt<'_>, went_out: &WentOut) -> Result<Completed, ProviderFailure> {
        let code = read_code(complete.callback)?;
        let request = self.exchange_request(code, Some(&complete.secrets.code_verifier));
        went_out.store(true, Ordering::Relaxed);
        let tokens = match read_exchange(&self.outside.ask(request).await?)? {
            Exchanged::Error(_) => return Err(SignInRefusal::CodeRefused.into()),
            Exchanged::Tokens(tokens) => tokens,
        };
        // Naver answers 200 with an error in it.
        if tokens.contains_key("error") {
            return Err(SignInRefusal::CodeRefused.into());
        }
        let kind = tokens.get("token_type").and_then(Value::as_str).unwrap_or_default();
        let access_token = tokens.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let access_token = access_token.ok_or(ProviderFault::Malformed("no access token"))?;
        if !kind.eq_ignore_ascii_case("bearer") {
            return Err(ProviderFault::Malformed("token type").into());
        }
        let request = get(self.userinfo.clone(), Some(format!("Bearer {access_token}")));
        let document = Value::Object(read_document(&self.outside.ask(request).await?, "userinfo")?);
        let failed =
            |(pointer, word): &(String, String)| document.pointer(pointer).and_then(Value::as_str) != Some(word);
        if self.success.as_ref().is_some_and(failed) {
            return Err(ProviderFault::Malformed("userinfo says that it failed").into());
        }
        let proven = self.profile.prove(&[&document], &*self.keys, self.facts.scheme, self.facts.assurance)?;
        Ok(Completed::Proven(proven))
    }
}

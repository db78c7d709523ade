//! Room: gateway/identity. OpenID Connect by redirect: code, PKCE with S256, state, nonce, the issuer in the callback
//! (RFC 9207), a redirect address for each provider. Built from `[identity.provider.oidc]`.

use aws_lc_rs::digest::{SHA256, digest};
use charye_engine::ports::{
    BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, Parameters, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};

use super::openid::{Exchanged, Expected, OpenIdClient, WentOut, reply};
use super::{form, jose};

/// Characters of a code.
const CODE_CHARS_MAX: usize = 2_048;

/// One OpenID provider by redirect.
pub(crate) struct OidcProvider {
    pub(crate) client: OpenIdClient,
    pub(crate) redirect_uri: String,
    /// Separated by spaces; `openid` among them.
    pub(crate) scope: String,
    /// Further parameters of the authorization request, as the provider's manual names them.
    pub(crate) extra: Vec<(String, String)>,
}

impl IdentityProvider for OidcProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.client.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.authorization(begin, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        Box::pin(async move {
            let went_out = WentOut::new(false);
            let result = self.proof(complete, &went_out).await;
            reply(&went_out, result)
        })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(self.client.probe())
    }
}

impl OidcProvider {
    async fn authorization(&self, begin: BeginAt<'_>, went_out: &WentOut) -> Result<Begun, ProviderFailure> {
        let endpoints = self.client.endpoints(went_out).await?;
        let to = endpoints.authorization.as_ref().ok_or(ProviderFault::Malformed("no authorization address"))?;
        let challenge = code_challenge(&begin.secrets.code_verifier);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.client.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("scope", self.scope.as_str()),
            ("state", begin.secrets.state.as_str()),
            ("nonce", begin.secrets.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("ui_locales", begin.language),
        ];
        pairs.extend(self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Ok(Begun::Redirect { url: form::with_query(to.as_str(), &pairs) })
    }

    async fn proof(&self, complete: CompleteAt<'_>, went_out: &WentOut) -> Result<Completed, ProviderFailure> {
        let issuer = complete.callback.maybe("iss")?;
        if issuer.is_some_and(|issuer| issuer != self.client.issuer) {
            return Err(SignInRefusal::IssuerMismatch.into());
        }
        let code = read_code(complete.callback)?;
        let endpoints = self.client.endpoints(went_out).await?;
        if endpoints.names_itself && issuer.is_none() {
            return Err(SignInRefusal::IssuerMismatch.into());
        }
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", complete.secrets.code_verifier.as_str()),
        ];
        match self.client.exchange(&endpoints, &pairs, went_out).await? {
            Exchanged::Error(_) => Err(SignInRefusal::CodeRefused.into()),
            Exchanged::Tokens(tokens) => {
                let expected = Expected { nonce: Some(&complete.secrets.nonce), now: complete.now };
                self.client.prove(&tokens, &endpoints, expected, went_out).await.map(Completed::Proven)
            }
        }
    }
}

/// PKCE's challenge for a verifier (RFC 7636, S256).
pub(crate) fn code_challenge(code_verifier: &str) -> String {
    jose::encode(digest(&SHA256, code_verifier.as_bytes()).as_ref())
}

/// The code of a callback, or why there is none.
pub(crate) fn read_code(callback: &Parameters) -> Result<&str, SignInRefusal> {
    if callback.maybe("error")?.is_some() {
        // Whatever it says, it came through a browser: it ends this sign-in and tells nothing about the provider.
        return Err(SignInRefusal::Cancelled);
    }
    let code = callback.one("code")?;
    let fits = code.len() <= CODE_CHARS_MAX && code.bytes().all(|c| (b' '..=b'~').contains(&c));
    if fits { Ok(code) } else { Err(SignInRefusal::ParameterUnfit("code")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let challenge = code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}

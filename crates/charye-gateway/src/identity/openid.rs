//! Room: gateway/identity. What every OpenID flow shares: where the provider's parts are, its keys, the exchange of a code
//! or request for an ID token, and the checks of that token (OpenID Connect Core 3.1.3.7, RFC 9700).
//!
//! Used by `oidc` (redirects) and `ciba` (decoupled). It must never log a token, a code or a claim.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use charye_domain::time::UnixMillis;
use charye_engine::ports::{
    Clock, Keys, ProvenCitizen, ProviderFacts, ProviderFailure, ProviderFault, ProviderReply, SignInRefusal,
};
use serde_json::{Map, Value};

use super::discovery::{self, Endpoints};
use super::jose::{self, Algorithms, BadToken, KeySet};
use super::kept_document::{KeptDocument, Wanted};
use super::outbound::{Address, AskOutside, Body, Method, OutboundAnswer, OutboundRequest, PrivateHosts};
use super::profile::ProfileBlock;
use super::secret::Secret;
use super::{form, strict_json};

/// How far two clocks may differ. Unit: seconds.
const CLOCK_SKEW_SECS: i64 = 60;
/// How old an ID token may be when it comes fresh from the token endpoint. Unit: seconds.
const TOKEN_AGE_SECS_MAX: i64 = 600;

/// How we prove to the provider who we are.
#[derive(Clone, Debug)]
pub(crate) enum ClientProof {
    /// `client_secret_basic`
    Basic(Secret),
    /// `client_secret_post`
    Post(Secret),
    /// `none`: a public client, with PKCE alone.
    Nothing,
}

/// One OpenID provider, as its configuration has it.
pub(crate) struct OpenIdClient {
    pub(crate) facts: ProviderFacts,
    pub(crate) issuer: String,
    pub(crate) issuer_address: Address,
    pub(crate) client_id: String,
    pub(crate) proof: ClientProof,
    pub(crate) algorithms: Algorithms,
    pub(crate) profile: ProfileBlock,
    /// Whether the profile needs the userinfo document besides the ID token.
    pub(crate) asks_userinfo: bool,
    pub(crate) outside: Arc<dyn AskOutside>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) private_hosts: PrivateHosts,
    pub(crate) discovered: KeptDocument<Endpoints>,
    pub(crate) key_set: KeptDocument<KeySet>,
}

/// Whether a question of this step has gone out.
pub(crate) type WentOut = AtomicBool;

/// A step's result, with whether the provider was asked for it.
pub(crate) fn reply<T>(went_out: &WentOut, result: Result<T, ProviderFailure>) -> ProviderReply<T> {
    ProviderReply { asked_outside: went_out.load(Ordering::Relaxed), result }
}

/// What is checked of an ID token besides its signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    /// `None` where the flow has none (CIBA).
    pub(crate) nonce: Option<&'a str>,
    pub(crate) now: UnixMillis,
}

/// What the token endpoint said that is no identity yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exchanged {
    Tokens(Map<String, Value>),
    /// An error code of RFC 6749 or CIBA.
    Error(String),
}

/// The documents that a client keeps, empty.
pub(crate) fn kept<T: Send + Sync + 'static>(outside: &Arc<dyn AskOutside>, clock: &Arc<dyn Clock>) -> KeptDocument<T> {
    KeptDocument::new(Arc::clone(outside), Arc::clone(clock))
}

impl OpenIdClient {
    /// Where the provider's parts are.
    pub(crate) async fn endpoints(&self, went_out: &WentOut) -> Result<Arc<Endpoints>, ProviderFault> {
        if let Some((endpoints, _)) = self.discovered.fresh() {
            return Ok(endpoints);
        }
        went_out.store(true, Ordering::Relaxed);
        let fetch = || {
            let (outside, issuer) = (Arc::clone(&self.outside), self.issuer.clone());
            let (address, hosts) = (discovery::address_of(&self.issuer_address), self.private_hosts.clone());
            Box::pin(async move {
                let to = address.ok_or(ProviderFault::Malformed("issuer"))?;
                let answer = outside.ask(get(to, None)).await?;
                discovery::read(&answer, &issuer, &hosts)
            }) as _
        };
        self.discovered.get(Wanted::Kept, fetch).await.map(|(endpoints, _)| endpoints)
    }

    async fn key_set(&self, endpoints: &Endpoints, wanted: Wanted) -> Result<(Arc<KeySet>, Duration), ProviderFault> {
        let fetch = || {
            let (outside, to) = (Arc::clone(&self.outside), endpoints.keys.clone());
            Box::pin(async move {
                let answer = outside.ask(get(to, None)).await?;
                match (answer.status, answer.is_json) {
                    (200, true) => KeySet::parse(&answer.body).ok_or(ProviderFault::Malformed("key set")),
                    (200, false) => Err(ProviderFault::Malformed("key set content type")),
                    (status, _) => Err(ProviderFault::Status(status)),
                }
            }) as _
        };
        self.key_set.get(wanted, fetch).await
    }

    /// Posts to an endpoint as this client.
    pub(crate) async fn post(
        &self,
        to: &Address,
        pairs: &[(&str, &str)],
        went_out: &WentOut,
    ) -> Result<OutboundAnswer, ProviderFault> {
        let mut pairs = pairs.to_vec();
        let authorization = match &self.proof {
            ClientProof::Basic(secret) => Some(form::basic(&self.client_id, secret)),
            ClientProof::Post(secret) => {
                pairs.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.expose())]);
                None
            }
            ClientProof::Nothing => {
                pairs.push(("client_id", self.client_id.as_str()));
                None
            }
        };
        went_out.store(true, Ordering::Relaxed);
        let body = Body::Form(form::encoded(&pairs));
        self.outside.ask(OutboundRequest { to: to.clone(), method: Method::Post, authorization, body }).await
    }

    /// Exchanges a code or a request at the token endpoint.
    pub(crate) async fn exchange(
        &self,
        endpoints: &Endpoints,
        pairs: &[(&str, &str)],
        went_out: &WentOut,
    ) -> Result<Exchanged, ProviderFault> {
        let answer = self.post(&endpoints.token, pairs, went_out).await?;
        read_exchange(&answer)
    }

    /// Checks the ID token among these tokens and proves who it speaks of.
    pub(crate) async fn prove(
        &self,
        tokens: &Map<String, Value>,
        endpoints: &Endpoints,
        expected: Expected<'_>,
        went_out: &WentOut,
    ) -> Result<ProvenCitizen, ProviderFailure> {
        let text = |name| tokens.get(name).and_then(Value::as_str);
        let id_token = text("id_token").ok_or(ProviderFault::Malformed("no ID token"))?;
        let claims = self.open(id_token, endpoints, went_out).await?;
        self.check(&claims, text("access_token"), expected)?;
        let claims = Value::Object(claims);
        let userinfo = match (self.asks_userinfo, &endpoints.userinfo) {
            (false, _) => Value::Null,
            (true, None) => return Err(ProviderFault::Malformed("no userinfo address").into()),
            (true, Some(to)) => {
                let access_token = text("access_token").ok_or(ProviderFault::Malformed("no access token"))?;
                self.userinfo(to, access_token, &claims, went_out).await?
            }
        };
        self.profile.prove(&[&claims, &userinfo], &*self.keys, self.facts.scheme, self.facts.assurance)
    }

    async fn open(
        &self,
        id_token: &str,
        endpoints: &Endpoints,
        went_out: &WentOut,
    ) -> Result<Map<String, Value>, ProviderFault> {
        let (keys, fetched_at) = match self.key_set.fresh() {
            Some(kept) => kept,
            None => {
                went_out.store(true, Ordering::Relaxed);
                self.key_set(endpoints, Wanted::Kept).await?
            }
        };
        match jose::open(id_token, &keys, &self.algorithms) {
            Ok(opened) => Ok(opened.claims),
            Err(BadToken::Unfit(why)) => Err(ProviderFault::Unbelievable(why)),
            Err(BadToken::NoSuchKey) => {
                let unbelievable = ProviderFault::Unbelievable("signature");
                // Perhaps the provider has changed its keys. Asked at most every 30 s, so an answer may be "not now".
                let newer = self.key_set(endpoints, Wanted::NewerThan(fetched_at)).await;
                let (keys, _) = newer.map_err(|_| unbelievable)?;
                jose::open(id_token, &keys, &self.algorithms).map(|opened| opened.claims).map_err(|_| unbelievable)
            }
        }
    }

    fn check(
        &self,
        claims: &Map<String, Value>,
        access_token: Option<&str>,
        expected: Expected<'_>,
    ) -> Result<(), ProviderFailure> {
        let unbelievable = |what| Err(ProviderFailure::from(ProviderFault::Unbelievable(what)));
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let secs =
            |name: &str| claims.get(name).map(|value| value.as_i64().or_else(|| value.as_f64().map(|f| f as i64)));
        if text("iss") != Some(self.issuer.as_str()) {
            return unbelievable("issuer");
        }
        let audience = match claims.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let authorized = claims.get("azp").map(|party| party.as_str() == Some(self.client_id.as_str()));
        let is_ours = audience.contains(&self.client_id.as_str())
            && authorized != Some(false)
            && (audience.len() == 1 || authorized == Some(true));
        if !is_ours {
            return unbelievable("audience");
        }
        let now = expected.now.0.div_euclid(1_000);
        match secs("exp") {
            Some(Some(expires)) if expires > now.saturating_sub(CLOCK_SKEW_SECS) => {}
            _ => return unbelievable("expiry"),
        }
        match secs("iat") {
            Some(Some(issued))
                if issued <= now.saturating_add(CLOCK_SKEW_SECS)
                    && issued >= now.saturating_sub(TOKEN_AGE_SECS_MAX + CLOCK_SKEW_SECS) => {}
            _ => return unbelievable("time of issue"),
        }
        match secs("nbf") {
            None => {}
            Some(Some(not_before)) if not_before <= now.saturating_add(CLOCK_SKEW_SECS) => {}
            Some(_) => return unbelievable("not before"),
        }
        let subject = text("sub").unwrap_or_default();
        if subject.is_empty() || subject.len() > 255 {
            return unbelievable("subject");
        }
        if let Some(hash) = claims.get("at_hash") {
            let half = access_token.map(|token| jose::encode(&digest(&SHA256, token.as_bytes()).as_ref()[..16]));
            if half.is_none() || hash.as_str() != half.as_deref() {
                return unbelievable("access token hash");
            }
        }
        match (expected.nonce, claims.get("nonce")) {
            (None, _) => Ok(()),
            (Some(nonce), Some(Value::String(said))) if said == nonce => Ok(()),
            // A code of another sign-in, put into this one: the browser's doing, not the provider's.
            (Some(_), Some(Value::String(_))) => Err(SignInRefusal::NonceMismatch.into()),
            (Some(_), _) => unbelievable("nonce"),
        }
    }

    async fn userinfo(
        &self,
        to: &Address,
        access_token: &str,
        claims: &Value,
        went_out: &WentOut,
    ) -> Result<Value, ProviderFailure> {
        went_out.store(true, Ordering::Relaxed);
        let answer = self.outside.ask(get(to.clone(), Some(format!("Bearer {access_token}")))).await?;
        let document = read_document(&answer, "userinfo")?;
        if document.get("sub") != claims.get("sub") {
            return Err(ProviderFault::Unbelievable("subject of userinfo").into());
        }
        Ok(Value::Object(document))
    }

    /// Asks the token endpoint for something that it must refuse: a sound one says so with a 400 or 401.
    pub(crate) async fn probe(&self) -> Result<(), ProviderFault> {
        let went_out = WentOut::new(false);
        let endpoints = self.endpoints(&went_out).await?;
        let pairs = [("grant_type", "authorization_code"), ("code", "probe"), ("redirect_uri", self.issuer.as_str())];
        let answer = self.post(&endpoints.token, &pairs, &went_out).await?;
        if answer.status >= 500 || answer.status == 429 { Err(ProviderFault::Status(answer.status)) } else { Ok(()) }
    }
}

/// A plain question.
pub(crate) fn get(to: Address, authorization: Option<String>) -> OutboundRequest {
    OutboundRequest { to, method: Method::Get, authorization, body: Body::Nothing }
}

/// A 200 with a JSON object in it.
pub(crate) fn read_document(answer: &OutboundAnswer, what: &'static str) -> Result<Map<String, Value>, ProviderFault> {
    if answer.status != 200 {
        return Err(ProviderFault::Status(answer.status));
    }
    if !answer.is_json {
        return Err(ProviderFault::Malformed("content type"));
    }
    strict_json::parse_object(&answer.body).ok_or(ProviderFault::Malformed(what))
}

/// The token endpoint's answer.
pub(crate) fn read_exchange(answer: &OutboundAnswer) -> Result<Exchanged, ProviderFault> {
    if matches!(answer.status, 400 | 401 | 403) && answer.is_json {
        let document = strict_json::parse_object(&answer.body).ok_or(ProviderFault::Malformed("token answer"))?;
        let error = document.get("error").and_then(Value::as_str).ok_or(ProviderFault::Status(answer.status))?;
        return match error {
            // Our credentials or our request: an operator must look, no citizen can do anything about it.
            "invalid_client" | "unauthorized_client" | "invalid_request" | "unsupported_grant_type" => {
                Err(ProviderFault::Status(answer.status))
            }
            _ => Ok(Exchanged::Error(error.to_owned())),
        };
    }
    read_document(answer, "token answer").map(Exchanged::Tokens)
}

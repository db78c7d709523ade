//! Room: gateway/identity. A provider's own window: the browser posts a signed form there, and posts back an answer that
//! is sealed for us and signed by the provider. It passes through the browser, so whatever does not open was forged by
//! somebody and says nothing about the provider. Built from `[identity.provider.hosted_window]`.
//!
//! The answer: base64url of nonce (12 bytes), AES-256-GCM ciphertext and tag; associated data `client id|transaction`.
//! Signature: HMAC-SHA-256 or Ed25519 over `client id|transaction|answer`. Request: HMAC-SHA-256 over the fields' values in
//! order, joined with `|`. The layout is docs/reference/sign-in.md's.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use charye_engine::ports::{
    BeginAt, Begun, CompleteAt, Completed, Doing, IdentityProvider, Keys, ProviderFacts, ProviderFailure,
    ProviderFault, ProviderReply, SignInRefusal,
};
use serde_json::Value;

use super::openid::get;
use super::outbound::{Address, AskOutside};
use super::profile::ProfileBlock;
use super::{jose, strict_json};

/// How old an answer may be, and how far ahead its clock. Unit: seconds.
const AGE_SECS_MAX: i64 = 600;
const AHEAD_SECS_MAX: i64 = 60;
const NONCE_BYTES: usize = 12;

/// One provider's window.
pub(crate) struct HostedWindowProvider {
    pub(crate) facts: ProviderFacts,
    pub(crate) window: Address,
    pub(crate) client_id: String,
    pub(crate) return_url: String,
    /// Signs our requests.
    pub(crate) request_key: hmac::Key,
    /// Opens its answers.
    pub(crate) answer_key: LessSafeKey,
    pub(crate) signed_with: SignedWith,
    pub(crate) profile: ProfileBlock,
    pub(crate) outside: Arc<dyn AskOutside>,
    pub(crate) keys: Arc<dyn Keys>,
}

/// How its answers are signed.
pub(crate) enum SignedWith {
    Shared(Box<hmac::Key>),
    Ed25519(ParsedPublicKey),
}

impl SignedWith {
    /// Reads an Ed25519 public key, 32 bytes.
    pub(crate) fn ed25519(key: &[u8]) -> Option<Self> {
        ParsedPublicKey::new(&ED25519, key).ok().map(Self::Ed25519)
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Shared(key) => hmac::verify(key, signed, signature).is_ok(),
            Self::Ed25519(key) => key.verify_sig(signed, signature).is_ok(),
        }
    }
}

impl IdentityProvider for HostedWindowProvider {
    fn facts(&self) -> &ProviderFacts {
        &self.facts
    }

    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>> {
        let issued_at = begin.now.0.div_euclid(1_000).to_string();
        let mut fields = vec![
            ("client_id".to_owned(), self.client_id.clone()),
            ("transaction".to_owned(), begin.secrets.state.clone()),
            ("issued_at".to_owned(), issued_at),
            ("return_url".to_owned(), self.return_url.clone()),
        ];
        let signed: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
        let signature = hmac::sign(&self.request_key, signed.join("|").as_bytes());
        fields.push(("signature".to_owned(), jose::encode(signature.as_ref())));
        let begun = Begun::FormPost { url: self.window.as_str().to_owned(), fields };
        Box::pin(async move { ProviderReply { asked_outside: false, result: Ok(begun) } })
    }

    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>> {
        let result = self.proof(complete);
        Box::pin(async move { ProviderReply { asked_outside: false, result } })
    }

    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>> {
        Box::pin(async move {
            let answer = self.outside.ask(get(self.window.clone(), None)).await?;
            if answer.status >= 500 || answer.status == 429 {
                Err(ProviderFault::Status(answer.status))
            } else {
                Ok(())
            }
        })
    }
}

impl HostedWindowProvider {
    fn proof(&self, complete: CompleteAt<'_>) -> Result<Completed, ProviderFailure> {
        let transaction = complete.secrets.state.as_str();
        if complete.callback.one("transaction")? != transaction {
            return Err(SignInRefusal::StateMismatch.into());
        }
        let answer = complete.callback.one("answer")?;
        let signature = jose::decode(complete.callback.one("signature")?).ok_or(SignInRefusal::Forged)?;
        let bound = format!("{}|{transaction}", self.client_id);
        if !self.signed_with.verifies(format!("{bound}|{answer}").as_bytes(), &signature) {
            return Err(SignInRefusal::Forged.into());
        }
        let plain = self.open(answer, bound.as_bytes()).ok_or(SignInRefusal::Forged)?;
        // From here on it is the provider's own word.
        let told = strict_json::parse_object(&plain).map(Value::Object).ok_or(ProviderFault::Malformed("answer"))?;
        if told.get("transaction").and_then(Value::as_str) != Some(transaction) {
            return Err(ProviderFault::Unbelievable("transaction").into());
        }
        let issued_at = told.get("issued_at").and_then(Value::as_i64).ok_or(ProviderFault::Malformed("answer"))?;
        let age = complete.now.0.div_euclid(1_000).saturating_sub(issued_at);
        if age < -AHEAD_SECS_MAX {
            return Err(ProviderFault::Unbelievable("time of issue").into());
        }
        if age > AGE_SECS_MAX {
            return Err(SignInRefusal::Expired.into());
        }
        match told.get("result").and_then(Value::as_str) {
            Some("verified") => {}
            Some("cancelled") => return Err(SignInRefusal::Cancelled.into()),
            _ => return Err(ProviderFault::Malformed("answer").into()),
        }
        let proven = self.profile.prove(&[&told], &*self.keys, self.facts.scheme, self.facts.assurance)?;
        Ok(Completed::Proven(proven))
    }

    fn open(&self, answer: &str, bound: &[u8]) -> Option<Vec<u8>> {
        let sealed = jose::decode(answer)?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut opening = sealed.to_vec();
        let plain = self.answer_key.open_in_place(nonce, Aad::from(bound), &mut opening).ok()?;
        Some(plain.to_vec())
    }
}

/// Reads an AES-256-GCM key, 32 bytes.
pub(crate) fn answer_key(key: &[u8]) -> Option<LessSafeKey> {
    aws_lc_rs::aead::UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

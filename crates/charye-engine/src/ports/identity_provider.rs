//! Room: engine/ports. The contract of every identity provider, whatever its protocol: begin, complete, probe. Implemented
//! in `gateway/identity`; called by `identity/` here, which gives each provider its own bulkhead, deadline and breaker.
//!
//! An implementation keeps nothing about a sign-in: what it must find again travels sealed with the citizen. It never
//! decides when a provider is asked, and never lets a raw identifier out.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use charye_domain::campaign::{Bilingual, UniquenessScheme};
use charye_domain::identity::{Assurance, IdentityProviderId};
use charye_domain::time::UnixMillis;

use crate::ports::ProvenCitizen;

/// Something that waits for the outside.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Characters that one parameter of a callback may have. A hosted window's sealed answer is the largest.
pub const PARAMETER_CHARS_MAX: usize = 8 * 1024;
/// Parameters that a callback may have.
pub const PARAMETERS_MAX: usize = 32;
/// Bytes that a provider may have carried, sealed, from its begin to its complete.
pub const CARRIED_BYTES_MAX: usize = 1_024;

/// One identity provider.
pub trait IdentityProvider: Send + Sync {
    /// What it is and can assert. Never changes while the program runs.
    fn facts(&self) -> &ProviderFacts;

    /// Begins a sign-in: where the citizen goes, or what they are asked.
    fn begin<'a>(&'a self, begin: BeginAt<'a>) -> Doing<'a, ProviderReply<Begun>>;

    /// Takes what came back and proves who the citizen is, or says that they are not done yet.
    fn complete<'a>(&'a self, complete: CompleteAt<'a>) -> Doing<'a, ProviderReply<Completed>>;

    /// Asks the provider something harmless, along the way that sign-ins take.
    fn probe(&self) -> Doing<'_, Result<(), ProviderFault>>;
}

/// What a provider is, from its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    pub id: IdentityProviderId,
    /// As citizens know it.
    pub name: Bilingual,
    pub flow: FlowKind,
    /// What makes a citizen one citizen there. A campaign with another scheme refuses it.
    pub scheme: UniquenessScheme,
    /// How strong its proof is.
    pub assurance: Assurance,
    /// What the citizen (or the member of staff who attests) must fill in here, in order; empty for most.
    pub asks: Vec<AskedField>,
    pub limits: ProviderLimits,
}

/// The five kinds of protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlowKind {
    /// OpenID Connect: code, PKCE, signed ID token.
    OpenIdConnect,
    /// OAuth 2.0 with a userinfo document.
    OAuth2,
    /// A push to the citizen's app; the page asks until it is confirmed there.
    Decoupled,
    /// A form posted to the provider's window, a sealed answer posted back.
    HostedWindow,
    /// Server to server: a member of staff attests. Never offered to citizens.
    Registry,
}

impl FlowKind {
    /// The stable word of configuration and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::OpenIdConnect => "oidc",
            Self::OAuth2 => "oauth2",
            Self::Decoupled => "decoupled",
            Self::HostedWindow => "hosted_window",
            Self::Registry => "registry",
        }
    }
}

/// Something to fill in before a sign-in begins. The word is also the name of the form's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AskedField {
    Name,
    /// As `1985-02-28`.
    BirthDate,
    Phone,
    /// The number in a registry that a member of staff reads off a document.
    RegistryNumber,
    /// What the citizen is called at the provider.
    Login,
}

impl AskedField {
    /// The name of the form's field.
    pub fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::BirthDate => "birth_date",
            Self::Phone => "phone",
            Self::RegistryNumber => "registry_number",
            Self::Login => "login",
        }
    }
}

/// How much of us one provider may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderLimits {
    /// Questions at once; more wait in the provider's own short line.
    pub at_once_max: usize,
    /// People in that line.
    pub line_max: usize,
    /// After this a question counts as a fault of the provider's.
    pub deadline: Duration,
    /// An answer after this is slow.
    pub slow: Duration,
}

impl Default for ProviderLimits {
    fn default() -> Self {
        Self { at_once_max: 64, line_max: 512, deadline: Duration::from_secs(3), slow: Duration::from_millis(1_500) }
    }
}

/// What makes one sign-in unlike any other. Random, sealed, never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInSecrets {
    /// The `state` of redirects, the transaction of windows: 32 hexadecimal digits.
    pub state: String,
    /// 32 hexadecimal digits.
    pub nonce: String,
    /// PKCE's code verifier: 64 hexadecimal digits.
    pub code_verifier: String,
}

impl std::fmt::Debug for SignInSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignInSecrets(..)")
    }
}

/// What a provider gets to begin with.
#[derive(Clone, Copy, Debug)]
pub struct BeginAt<'a> {
    pub secrets: &'a SignInSecrets,
    /// What was filled in, if its facts ask for something.
    pub filled_in: &'a Parameters,
    /// `ko` or `en`.
    pub language: &'a str,
    pub now: UnixMillis,
}

/// What a provider gets to complete with.
#[derive(Clone, Copy, Debug)]
pub struct CompleteAt<'a> {
    pub secrets: &'a SignInSecrets,
    /// What came back with the citizen: the callback's query or form; nothing for a poll.
    pub callback: &'a Parameters,
    /// What its begin had carried.
    pub carried: &'a [u8],
    pub now: UnixMillis,
}

/// Where a sign-in goes on.
#[derive(Clone, PartialEq, Eq)]
pub enum Begun {
    /// The browser goes there.
    Redirect { url: String },
    /// The browser posts these fields there.
    FormPost { url: String, fields: Vec<(String, String)> },
    /// The citizen confirms in their app; the page asks again.
    Decoupled {
        /// For this provider's complete; at most [`CARRIED_BYTES_MAX`].
        carried: Vec<u8>,
        poll_after: Duration,
        expires_after: Duration,
        /// Digits that app and page show alike, if the provider has them.
        compare: Option<String>,
    },
    /// Nothing more to do but to complete with what was filled in.
    Attested,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Redirect { .. } => "Redirect(..)",
            Self::FormPost { .. } => "FormPost(..)",
            Self::Decoupled { .. } => "Decoupled(..)",
            Self::Attested => "Attested",
        })
    }
}

/// How far a sign-in has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completed {
    Proven(ProvenCitizen),
    /// The citizen has not confirmed yet.
    NotYet {
        poll_after: Duration,
    },
}

/// A provider's reply, and whether it was asked for it at all: what we refuse by ourselves says nothing about it.
#[derive(Debug)]
pub struct ProviderReply<T> {
    pub asked_outside: bool,
    pub result: Result<T, ProviderFailure>,
}

/// Why a step at a provider did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFailure {
    /// The citizen's side: no fault of the provider's.
    #[error("sign-in refused: {}", .0.code())]
    Refused(#[from] SignInRefusal),
    /// The provider's side.
    #[error(transparent)]
    Fault(#[from] ProviderFault),
}

/// What a provider did wrong. Turns its light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFault {
    #[error("identity provider did not answer in time")]
    TimedOut,
    #[error("could not reach identity provider")]
    Unreachable,
    #[error("identity provider answered with status {0}")]
    Status(u16),
    #[error("identity provider's answer cannot be read: {0}")]
    Malformed(&'static str),
    #[error("identity provider's answer cannot be believed: {0}")]
    Unbelievable(&'static str),
}

impl ProviderFault {
    /// The stable word of metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Status(_) => "status",
            Self::Malformed(_) => "malformed",
            Self::Unbelievable(_) => "unbelievable",
        }
    }
}

/// Why a sign-in is refused. Closed; `code()` is stable and documented in docs/reference/sign-in.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.code())]
pub enum SignInRefusal {
    /// No such provider is configured, or not for whom asks.
    UnknownProvider,
    /// The provider cannot assert what the campaign goes by, or not strongly enough.
    NotForCampaign,
    /// This browser began no sign-in, or what it carries was changed.
    NotBegunHere,
    /// The sign-in began too long ago.
    Expired,
    /// The answer came back on another provider's way.
    OtherProvider,
    /// The answer belongs to another sign-in.
    StateMismatch,
    /// This answer was taken already.
    AlreadyUsed,
    ParameterMissing(&'static str),
    ParameterDoubled(&'static str),
    ParameterUnfit(&'static str),
    /// The citizen said no at the provider.
    Cancelled,
    /// The answer names another issuer (RFC 9207).
    IssuerMismatch,
    /// The provider does not know the code, or any more.
    CodeRefused,
    /// The identity is that of another sign-in.
    NonceMismatch,
    /// What came through the browser was not made by the provider.
    Forged,
    /// The provider does not tell what a reservation needs: the citizen did not consent, or it does not know.
    DetailMissing(&'static str),
    /// The registry knows nobody like that.
    NotFound,
    /// The citizen has signed in too often within a few minutes.
    TooOften,
}

impl SignInRefusal {
    /// The stable code, as it stands in pages, metrics and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownProvider => "unknown_provider",
            Self::NotForCampaign => "not_for_campaign",
            Self::NotBegunHere => "not_begun_here",
            Self::Expired => "sign_in_expired",
            Self::OtherProvider => "other_provider",
            Self::StateMismatch => "state_mismatch",
            Self::AlreadyUsed => "already_used",
            Self::ParameterMissing(_) => "parameter_missing",
            Self::ParameterDoubled(_) => "parameter_doubled",
            Self::ParameterUnfit(_) => "parameter_unfit",
            Self::Cancelled => "cancelled",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::CodeRefused => "code_refused",
            Self::NonceMismatch => "nonce_mismatch",
            Self::Forged => "forged",
            Self::DetailMissing(_) => "detail_missing",
            Self::NotFound => "nobody_found",
            Self::TooOften => "too_often",
        }
    }
}

/// Names and values as they came, doubled ones and all. Bounded; what is longer is cut off before it gets here, or refused.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Takes what a query or a form held.
    ///
    /// # Errors
    /// `ParameterUnfit`: more than [`PARAMETERS_MAX`], or one longer than [`PARAMETER_CHARS_MAX`].
    pub fn new(pairs: Vec<(String, String)>) -> Result<Self, SignInRefusal> {
        let is_long = |text: &String| text.len() > PARAMETER_CHARS_MAX;
        if pairs.len() > PARAMETERS_MAX || pairs.iter().any(|(name, value)| is_long(name) || is_long(value)) {
            return Err(SignInRefusal::ParameterUnfit("too long"));
        }
        Ok(Self(pairs))
    }

    /// Names and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter that may be missing.
    ///
    /// # Errors
    /// `ParameterDoubled`.
    pub fn maybe(&self, name: &'static str) -> Result<Option<&str>, SignInRefusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(SignInRefusal::ParameterDoubled(name)),
            (one, None) => Ok(one.map(|(_, value)| value.as_str())),
        }
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `ParameterMissing` (also if empty), `ParameterDoubled`.
    pub fn one(&self, name: &'static str) -> Result<&str, SignInRefusal> {
        self.maybe(name)?.filter(|value| !value.is_empty()).ok_or(SignInRefusal::ParameterMissing(name))
    }
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "Parameters({} of them)", names.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        Parameters::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()).unwrap()
    }

    #[test]
    fn a_parameter_is_there_once_or_refused() {
        let sample = parameters(&[("code", "x"), ("state", "a"), ("state", "b"), ("iss", "")]);
        assert_eq!(sample.one("code"), Ok("x"));
        assert_eq!(sample.one("state"), Err(SignInRefusal::ParameterDoubled("state")));
        assert_eq!(sample.maybe("state"), Err(SignInRefusal::ParameterDoubled("state")));
        assert_eq!(sample.one("iss"), Err(SignInRefusal::ParameterMissing("iss")));
        assert_eq!(sample.one("error"), Err(SignInRefusal::ParameterMissing("error")));
        assert_eq!(sample.maybe("error"), Ok(None));
        assert!(!format!("{sample:?}").contains('x'), "values are not printed");
    }

    #[test]
    fn what_is_huge_is_refused() {
        let many = vec![("a".to_owned(), String::new()); PARAMETERS_MAX + 1];
        assert!(Parameters::new(many).is_err());
        let long = vec![("code".to_owned(), "x".repeat(PARAMETER_CHARS_MAX + 1))];
        assert!(Parameters::new(long).is_err());
    }
}

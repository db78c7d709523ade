//! Room: gateway/identity. `[identity]` of the configuration: which providers there are. A preset is a block like any
//! other, under what the configuration says; a provider without one is a block of its own and no code.
//!
//! Read by `server/config`, opened by `server/wiring`. Errors name the provider and the key, never a secret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use charye_domain::campaign::{Bilingual, UniquenessScheme};
use charye_domain::identity::{Assurance, IdentityProviderId};
use charye_engine::ports::{AskedField, Clock, FlowKind, IdentityProvider, Keys, ProviderFacts, ProviderLimits};
use serde::Deserialize;
use toml::{Table, Value};

use super::ciba::CibaProvider;
use super::decoupled::{DecoupledProvider, FieldNames, StatusWords};
use super::hosted_window::{HostedWindowProvider, SignedWith, answer_key};
use super::jose::Algorithms;
use super::oauth2::OAuth2Provider;
use super::oidc::OidcProvider;
use super::openid::{ClientProof, OpenIdClient, kept};
use super::outbound::{Address, AskOutside, PrivateHosts, TrustedRoots};
use super::profile::ProfileBlock;
use super::registry::RegistryProvider;
use super::secret::{Environment, Secret, SecretFrom};

/// Where Debian and its kin keep the certificates that are trusted.
const TRUSTED_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

const PRESETS: &[(&str, &str)] = &[
    ("kakao", include_str!("presets/kakao.toml")),
    ("kakao-oauth2", include_str!("presets/kakao-oauth2.toml")),
    ("kcb-window", include_str!("presets/kcb-window.toml")),
    ("naver", include_str!("presets/naver.toml")),
    ("naver-oauth2", include_str!("presets/naver-oauth2.toml")),
    ("pass-carrier", include_str!("presets/pass-carrier.toml")),
];

/// The section `[identity]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentitySection {
    /// How citizens' browsers reach us: `https://vaccine.example`. Providers send them back there.
    pub public_url: Option<String>,
    /// Certificates that are trusted, in PEM. Left out: Debian's.
    pub trusted_roots: Option<PathBuf>,
    /// `host:port` of providers inside a private network or without TLS. Only in rehearsals.
    pub private_hosts: Vec<String>,
    /// `[[identity.provider]]`, in the order in which citizens see them.
    pub provider: Vec<Table>,
}

/// What is wrong with the section, in words for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[identity] {0}")]
pub struct UnfitIdentity(String);

/// What providers are made of besides their configuration.
#[derive(Clone)]
pub struct ProviderPorts {
    pub outside: Arc<dyn AskOutside>,
    pub keys: Arc<dyn Keys>,
    pub clock: Arc<dyn Clock>,
}

/// One `[[identity.provider]]`, its preset under it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderBlock {
    id: String,
    name: NameBlock,
    /// `ci`, `pairwise-subject`, `national-id`.
    scheme: String,
    /// `ial1`, `ial2`, `ial3`.
    assurance: String,
    deadline_ms: Option<u64>,
    slow_ms: Option<u64>,
    at_once_max: Option<usize>,
    line_max: Option<usize>,
    profile: ProfileBlock,
    oidc: Option<OpenIdBlock>,
    oauth2: Option<OAuth2Block>,
    ciba: Option<OpenIdBlock>,
    decoupled: Option<DecoupledBlock>,
    hosted_window: Option<HostedWindowBlock>,
    registry: Option<RegistryBlock>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NameBlock {
    ko: String,
    en: String,
}

/// `oidc`, and `ciba`, which asks an app instead of leading to a page: the same client of the same issuer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenIdBlock {
    issuer: String,
    client_id: String,
    client_secret: Option<SecretFrom>,
    /// `basic` (if left out), `post` or `none`.
    client_proof: Option<String>,
    scopes: Vec<String>,
    algorithms: Vec<String>,
    #[serde(default)]
    userinfo: bool,
    /// Further parameters of the authorization request. Of `oidc` only.
    #[serde(default)]
    extra: BTreeMap<String, String>,
    /// What names the citizen there: `login` or `phone`. Of `ciba`, which must have it.
    hint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct OAuth2Block {
    authorization_url: String,
    token_url: String,
    userinfo_url: String,
    client_id: String,
    client_secret: SecretFrom,
    scopes: Vec<String>,
    #[serde(default)]
    pkce: bool,
    success: Option<SuccessBlock>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuccessBlock {
    pointer: String,
    equals: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecoupledBlock {
    begin_url: String,
    poll_url: String,
    client_id: String,
    client_secret: SecretFrom,
    client_id_field: String,
    /// What the citizen fills in (`name`, `birth_date`, `phone`, `login`), and what the provider calls it.
    fields: BTreeMap<String, String>,
    compare_field: Option<String>,
    request_pointer: String,
    request_field: String,
    status_pointer: String,
    done: String,
    pending: String,
    refused: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostedWindowBlock {
    window_url: String,
    client_id: String,
    /// Signs our requests: any text.
    request_secret: SecretFrom,
    /// Opens its answers: 32 bytes in base64.
    answer_key: SecretFrom,
    /// `hmac-sha256` (with `signature_secret`) or `ed25519` (with `signature_public_key`).
    signature: String,
    signature_secret: Option<SecretFrom>,
    /// 32 bytes in base64.
    signature_public_key: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryBlock {
    url: String,
    client_secret: SecretFrom,
    /// What staff attest (`name`, `birth_date`, `registry_number`), and what the registry calls it.
    fields: BTreeMap<String, String>,
}

impl IdentitySection {
    /// Whether every provider would open if its secrets are there, without fetching one: what `check-config` and the
    /// start ask first.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, is_rehearsal: bool) -> Result<(), UnfitIdentity> {
        if !self.private_hosts.is_empty() && !is_rehearsal {
            return Err(UnfitIdentity("private_hosts are for rehearsals: [rehearsal] enabled = true".to_owned()));
        }
        let private_hosts = self.private_hosts()?;
        let blocks = self.blocks()?;
        if !blocks.is_empty() {
            self.public_address()?;
        }
        blocks.iter().enumerate().try_for_each(|(place, block)| {
            let facts = block.facts().map_err(|why| named(&block.id, &why))?;
            if blocks[..place].iter().any(|before| before.id == block.id) {
                return Err(named(&block.id, "its id stands twice: give one of them another"));
            }
            block.check_flow(&private_hosts).map_err(|why| named(&block.id, &why))?;
            let is_made_up = facts.scheme == UniquenessScheme::Rehearsal || facts.assurance == Assurance::Rehearsed;
            if is_made_up && !is_rehearsal {
                return Err(named(&block.id, "scheme and assurance of a rehearsal, outside a rehearsal"));
            }
            Ok(())
        })
    }

    /// What the providers that citizens may choose can assert, in the configuration's order, without fetching a secret.
    ///
    /// # Errors
    /// As [`IdentitySection::check`].
    pub fn asserted(&self) -> Result<Vec<(UniquenessScheme, Assurance)>, UnfitIdentity> {
        let mut asserted = Vec::new();
        for block in self.blocks()? {
            let facts = block.facts().map_err(|why| named(&block.id, &why))?;
            if facts.flow != FlowKind::Registry {
                asserted.push((facts.scheme, facts.assurance));
            }
        }
        Ok(asserted)
    }

    /// The certificates to trust.
    pub fn trusted_roots(&self) -> std::io::Result<TrustedRoots> {
        TrustedRoots::read(self.trusted_roots.as_deref().unwrap_or(Path::new(TRUSTED_ROOTS)))
    }

    /// Hosts that may be private.
    ///
    /// # Errors
    /// One of them is no `host:port`.
    pub fn private_hosts(&self) -> Result<PrivateHosts, UnfitIdentity> {
        let listed = PrivateHosts::parse(self.private_hosts.iter().map(String::as_str));
        listed.map_err(|bad| UnfitIdentity(format!("private_hosts: {bad:?} is no host:port")))
    }

    /// Makes every provider.
    ///
    /// # Errors
    /// The first thing that is wrong, secrets that are missing among it.
    pub fn open(
        &self,
        ports: &ProviderPorts,
        environment: Environment<'_>,
    ) -> Result<Vec<Arc<dyn IdentityProvider>>, UnfitIdentity> {
        let private_hosts = self.private_hosts()?;
        let blocks = self.blocks()?;
        let opened = blocks.iter().map(|block| {
            let public = self.public_address()?;
            let return_url = public.below(&format!("/sign-in/{}/callback", block.id));
            let return_url = return_url.ok_or_else(|| UnfitIdentity("public_url is too long".to_owned()))?;
            let making = Making { ports, environment, private_hosts: &private_hosts, return_url };
            block.open(&making).map_err(|why| named(&block.id, &why))
        });
        opened.collect()
    }

    fn public_address(&self) -> Result<Address, UnfitIdentity> {
        let text = self.public_url.as_deref().ok_or_else(|| UnfitIdentity("public_url is missing".to_owned()))?;
        Address::parse(text).ok_or_else(|| UnfitIdentity(format!("public_url: {text:?} is no address")))
    }

    fn blocks(&self) -> Result<Vec<ProviderBlock>, UnfitIdentity> {
        let read = |(place, table): (usize, &Table)| {
            let id =
                table.get("id").and_then(Value::as_str).map_or_else(|| format!("number {}", place + 1), str::to_owned);
            let mut table = table.clone();
            let mut whole = match table.remove("preset") {
                None => Table::new(),
                Some(Value::String(preset)) => preset_table(&preset).map_err(|why| named(&id, &why))?,
                Some(_) => return Err(named(&id, "preset is a name")),
            };
            lay_over(&mut whole, table);
            whole.try_into::<ProviderBlock>().map_err(|error| named(&id, error.message()))
        };
        self.provider.iter().enumerate().map(read).collect()
    }
}

fn named(id: &str, why: &str) -> UnfitIdentity {
    UnfitIdentity(format!("provider {id}: {why}"))
}

fn preset_table(name: &str) -> Result<Table, String> {
    let text = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let text = text.ok_or_else(|| {
        let known: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
        format!("no preset is called {name:?}; there are {}", known.join(", "))
    })?;
    text.parse().map_err(|error: toml::de::Error| error.to_string())
}

/// What `over` says stands; where both have a table, they are merged.
fn lay_over(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// What a block is opened with.
struct Making<'a> {
    ports: &'a ProviderPorts,
    environment: Environment<'a>,
    private_hosts: &'a PrivateHosts,
    return_url: Address,
}

impl Making<'_> {
    fn address(&self, key: &str, text: &str) -> Result<Address, String> {
        address_at(key, text, self.private_hosts)
    }

    fn secret(&self, from: &SecretFrom) -> Result<Secret, String> {
        Secret::fetch(from, self.environment)
    }
}

fn address_at(key: &str, text: &str, private_hosts: &PrivateHosts) -> Result<Address, String> {
    let address =
        Address::parse(text).ok_or_else(|| format!("{key}: {text:?} is no address: write https://host/path"))?;
    if private_hosts.permits(&address) {
        return Ok(address);
    }
    Err(format!("{key}: {text:?} is without TLS, and its host is not among private_hosts"))
}

impl ProviderBlock {
    fn facts(&self) -> Result<ProviderFacts, String> {
        let id = IdentityProviderId::parse(&self.id).ok_or("id: 1 to 32 of a-z, 0-9 and -, beginning with a letter")?;
        let scheme = match self.scheme.as_str() {
            "ci" => UniquenessScheme::ConnectingInformation,
            "pairwise-subject" => UniquenessScheme::PairwiseSubject,
            "national-id" => UniquenessScheme::NationalId,
            "rehearsal" => UniquenessScheme::Rehearsal,
            other => return Err(format!("scheme: {other:?} is not ci, pairwise-subject or national-id")),
        };
        let assurance = Assurance::parse(&self.assurance).ok_or("assurance: ial1, ial2 or ial3")?;
        self.profile.check()?;
        let (flow, asks) = self.flow()?;
        let least = ProviderLimits::default();
        let millis = |given: Option<u64>, otherwise: Duration| given.map_or(otherwise, Duration::from_millis);
        let limits = ProviderLimits {
            at_once_max: self.at_once_max.unwrap_or(least.at_once_max),
            line_max: self.line_max.unwrap_or(least.line_max),
            deadline: millis(self.deadline_ms, least.deadline),
            slow: millis(self.slow_ms, least.slow),
        };
        let fit = (1..=10_000).contains(&limits.at_once_max)
            && limits.line_max <= 4_096
            && limits.deadline <= Duration::from_secs(10)
            && limits.deadline >= Duration::from_millis(50);
        if !fit {
            return Err("at_once_max is 1 to 10000, line_max at most 4096, deadline_ms 50 to 10000".to_owned());
        }
        let name = Bilingual { ko: self.name.ko.clone(), en: self.name.en.clone() };
        Ok(ProviderFacts { id, name, flow, scheme, assurance, asks, limits })
    }

    fn flow(&self) -> Result<(FlowKind, Vec<AskedField>), String> {
        if self.oidc.as_ref().is_some_and(|block| block.hint.is_some()) {
            return Err("hint: belongs to ciba, not to oidc".to_owned());
        }
        if self.ciba.as_ref().is_some_and(|block| !block.extra.is_empty()) {
            return Err("extra: belongs to oidc, not to ciba".to_owned());
        }
        self.ciba.as_ref().map(OpenIdBlock::hint).transpose()?;
        let flows = [
            self.oidc.as_ref().map(|_| (FlowKind::OpenIdConnect, Vec::new())),
            self.oauth2.as_ref().map(|_| (FlowKind::OAuth2, Vec::new())),
            self.ciba.as_ref().map(|block| (FlowKind::Decoupled, block.hint.as_deref().into_iter().collect())),
            self.decoupled.as_ref().map(|block| (FlowKind::Decoupled, names_of(&block.fields))),
            self.hosted_window.as_ref().map(|_| (FlowKind::HostedWindow, Vec::new())),
            self.registry.as_ref().map(|block| (FlowKind::Registry, names_of(&block.fields))),
        ];
        let mut flows = flows.into_iter().flatten();
        let (Some((flow, asks)), None) = (flows.next(), flows.next()) else {
            return Err("exactly one of oidc, oauth2, ciba, decoupled, hosted_window, registry".to_owned());
        };
        Ok((flow, asks.into_iter().map(asked_field).collect::<Result<_, _>>()?))
    }

    /// What `open` would refuse, but for the secrets.
    fn check_flow(&self, private_hosts: &PrivateHosts) -> Result<(), String> {
        for (key, text) in self.addresses() {
            address_at(key, text, private_hosts)?;
        }
        for block in [&self.oidc, &self.ciba].into_iter().flatten() {
            block.scope()?;
            block.algorithms()?;
            block.check_proof()?;
        }
        self.hosted_window.as_ref().map(HostedWindowBlock::public_key).transpose()?;
        Ok(())
    }

    /// Every address in the block, by its key.
    fn addresses(&self) -> Vec<(&'static str, &str)> {
        let mut all: Vec<(&'static str, &str)> = Vec::new();
        all.extend([&self.oidc, &self.ciba].into_iter().flatten().map(|block| ("issuer", block.issuer.as_str())));
        if let Some(block) = &self.oauth2 {
            all.push(("authorization_url", &block.authorization_url));
            all.push(("token_url", &block.token_url));
            all.push(("userinfo_url", &block.userinfo_url));
        }
        if let Some(block) = &self.decoupled {
            all.push(("begin_url", &block.begin_url));
            all.push(("poll_url", &block.poll_url));
        }
        all.extend(self.hosted_window.as_ref().map(|block| ("window_url", block.window_url.as_str())));
        all.extend(self.registry.as_ref().map(|block| ("url", block.url.as_str())));
        all
    }

    fn open(&self, making: &Making<'_>) -> Result<Arc<dyn IdentityProvider>, String> {
        let facts = self.facts()?;
        if let Some(block) = &self.oidc {
            let client = block.open_client(making, facts, &self.profile)?;
            let extra = block.extra.clone().into_iter().collect();
            let redirect_uri = making.return_url.as_str().to_owned();
            return Ok(Arc::new(OidcProvider { client, redirect_uri, scope: block.scope()?, extra }));
        }
        if let Some(block) = &self.ciba {
            let client = block.open_client(making, facts, &self.profile)?;
            return Ok(Arc::new(CibaProvider { client, scope: block.scope()?, hint: block.hint()? }));
        }
        let profile = self.profile.clone();
        let (outside, keys) = (Arc::clone(&making.ports.outside), Arc::clone(&making.ports.keys));
        if let Some(block) = &self.oauth2 {
            return Ok(Arc::new(OAuth2Provider {
                facts,
                authorization: making.address("authorization_url", &block.authorization_url)?,
                token: making.address("token_url", &block.token_url)?,
                userinfo: making.address("userinfo_url", &block.userinfo_url)?,
                client_id: block.client_id.clone(),
                secret: making.secret(&block.client_secret)?,
                redirect_uri: making.return_url.as_str().to_owned(),
                scope: block.scopes.join(" "),
                takes_pkce: block.pkce,
                success: block.success.as_ref().map(|success| (success.pointer.clone(), success.equals.clone())),
                profile,
                outside,
                keys,
            }));
        }
        if let Some(block) = &self.decoupled {
            let names = FieldNames {
                client_id: block.client_id_field.clone(),
                compare: block.compare_field.clone(),
                request_pointer: block.request_pointer.clone(),
                request_field: block.request_field.clone(),
            };
            let status = StatusWords {
                pointer: block.status_pointer.clone(),
                done: block.done.clone(),
                pending: block.pending.clone(),
                refused: block.refused.clone(),
            };
            return Ok(Arc::new(DecoupledProvider {
                facts,
                begin: making.address("begin_url", &block.begin_url)?,
                poll: making.address("poll_url", &block.poll_url)?,
                client_id: block.client_id.clone(),
                secret: making.secret(&block.client_secret)?,
                fields: asked_fields(&block.fields)?,
                names,
                status,
                profile,
                outside,
                keys,
            }));
        }
        if let Some(block) = &self.hosted_window {
            let request_secret = making.secret(&block.request_secret)?;
            let opening = making.secret(&block.answer_key)?;
            let opening = STANDARD.decode(opening.expose()).ok().and_then(|key| answer_key(&key));
            let signed_with = match (block.public_key()?, &block.signature_secret) {
                (Some(public_key), _) => public_key,
                (None, secret) => {
                    let secret = making.secret(secret.as_ref().ok_or(SIGNATURES)?)?;
                    SignedWith::Shared(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())))
                }
            };
            return Ok(Arc::new(HostedWindowProvider {
                facts,
                window: making.address("window_url", &block.window_url)?,
                client_id: block.client_id.clone(),
                return_url: making.return_url.as_str().to_owned(),
                request_key: hmac::Key::new(hmac::HMAC_SHA256, request_secret.expose().as_bytes()),
                answer_key: opening.ok_or("answer_key: 32 bytes in base64")?,
                signed_with,
                profile,
                outside,
                keys,
            }));
        }
        let block = self.registry.as_ref().ok_or("no flow")?;
        Ok(Arc::new(RegistryProvider {
            facts,
            address: making.address("url", &block.url)?,
            secret: making.secret(&block.client_secret)?,
            fields: asked_fields(&block.fields)?,
            profile,
            outside,
            keys,
        }))
    }
}

impl OpenIdBlock {
    fn open_client(
        &self,
        making: &Making<'_>,
        facts: ProviderFacts,
        profile: &ProfileBlock,
    ) -> Result<OpenIdClient, String> {
        self.check_proof()?;
        let proof = match &self.client_secret {
            None => ClientProof::Nothing,
            Some(secret) if self.client_proof.as_deref() == Some("post") => ClientProof::Post(making.secret(secret)?),
            Some(secret) => ClientProof::Basic(making.secret(secret)?),
        };
        let algorithms = self.algorithms()?;
        let ProviderPorts { outside, keys, clock } = making.ports;
        Ok(OpenIdClient {
            facts,
            issuer: self.issuer.clone(),
            issuer_address: making.address("issuer", &self.issuer)?,
            client_id: self.client_id.clone(),
            proof,
            algorithms,
            profile: profile.clone(),
            asks_userinfo: self.userinfo,
            outside: Arc::clone(outside),
            keys: Arc::clone(keys),
            private_hosts: making.private_hosts.clone(),
            discovered: kept(outside, clock),
            key_set: kept(outside, clock),
        })
    }

    fn check_proof(&self) -> Result<(), String> {
        match (self.client_proof.as_deref().unwrap_or("basic"), &self.client_secret) {
            ("basic" | "post", Some(_)) | ("none", None) => Ok(()),
            _ => Err("client_proof: basic or post with client_secret, or none without".to_owned()),
        }
    }

    fn algorithms(&self) -> Result<Algorithms, String> {
        if self.algorithms.is_empty() {
            return Err("algorithms: at least one".to_owned());
        }
        Algorithms::parse(self.algorithms.iter().map(String::as_str))
            .map_err(|name| format!("algorithms: {name:?} is not RS256, PS256, ES256 or EdDSA"))
    }

    fn scope(&self) -> Result<String, String> {
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err("scopes: openid is missing".to_owned());
        }
        Ok(self.scopes.join(" "))
    }

    fn hint(&self) -> Result<AskedField, String> {
        asked_field(self.hint.as_deref().ok_or("hint: login or phone, what names the citizen there")?)
    }
}

/// How a window's answers may be signed.
const SIGNATURES: &str = "signature: hmac-sha256 with signature_secret, or ed25519 with signature_public_key";

impl HostedWindowBlock {
    /// The key that checks answers, if it is no secret.
    fn public_key(&self) -> Result<Option<SignedWith>, String> {
        match (self.signature.as_str(), &self.signature_secret, &self.signature_public_key) {
            ("hmac-sha256", Some(_), None) => Ok(None),
            ("ed25519", None, Some(key)) => {
                let key = STANDARD.decode(key).ok().and_then(|key| SignedWith::ed25519(&key));
                key.map(Some).ok_or_else(|| "signature_public_key: 32 bytes in base64".to_owned())
            }
            _ => Err(SIGNATURES.to_owned()),
        }
    }
}

fn names_of(fields: &BTreeMap<String, String>) -> Vec<&str> {
    fields.keys().map(String::as_str).collect()
}

fn asked_field(name: &str) -> Result<AskedField, String> {
    let known =
        [AskedField::Name, AskedField::BirthDate, AskedField::Phone, AskedField::RegistryNumber, AskedField::Login];
    let found = known.into_iter().find(|field| field.code() == name);
    found.ok_or_else(|| format!("{name:?} is not name, birth_date, phone, registry_number or login"))
}

fn asked_fields(fields: &BTreeMap<String, String>) -> Result<Vec<(AskedField, String)>, String> {
    fields.iter().map(|(ours, theirs)| Ok((asked_field(ours)?, theirs.clone()))).collect()
}

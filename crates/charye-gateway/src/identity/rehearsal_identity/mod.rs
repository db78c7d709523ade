//! Room: gateway/identity. The rehearsal's identity providers: an honest server on loopback that speaks every flow with the
//! demo nation's people, and can be made slow, faulty, hung or small while it runs.
//!
//! Made by server, only with the configuration's word that this is a rehearsal. Whoever is chosen there is the same citizen
//! as on the rehearsal's own sign-in page. It must never listen beyond loopback.

mod answers;
mod grants;
mod listener;
mod pages;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::signature::Ed25519KeyPair;
use charye_engine::ports::{Clock, Random};
use tokio::sync::oneshot;

use super::config::IdentitySection;
use super::hosted_window::answer_key;
use super::rehearsal_provider::{RehearsalAllowed, RehearsalProvider};
use grants::Grants;

/// The names of its providers, in the order in which citizens see them.
pub const NAMES: [&str; 6] = ["oidc", "oauth2", "ciba", "push", "window", "registry"];
/// Under which names [`RehearsalIdentity::secret`] knows its secrets.
const CLIENT_SECRET: &str = "REHEARSAL_CLIENT_SECRET";
const ANSWER_KEY: &str = "REHEARSAL_ANSWER_KEY";
const CLIENT_ID: &str = "charye";

/// What is wrong with one of the providers, as a rehearsal wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Every answer takes at least this long; at most a minute.
    pub latency: Duration,
    /// So many of a hundred answers are errors.
    pub error_percent: u8,
    /// So many of a hundred questions are never answered.
    pub hang_percent: u8,
    /// More questions than this at once are turned away with 503.
    pub at_once_max: usize,
}

impl Default for Trouble {
    fn default() -> Self {
        Self { latency: Duration::ZERO, error_percent: 0, hang_percent: 0, at_once_max: 10_000 }
    }
}

/// The running server. Ends when it is dropped.
pub struct RehearsalIdentity {
    shared: Arc<Shared>,
    _end: oneshot::Sender<()>,
}

/// What every connection sees.
struct Shared {
    people: Arc<RehearsalProvider>,
    /// `http://127.0.0.1:PORT`
    base: String,
    /// Where citizens may be sent back to: everything below it.
    public_url: String,
    secret: String,
    window_key: ([u8; 32], LessSafeKey),
    signer: Ed25519KeyPair,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    grants: Mutex<Grants>,
    troubles: Mutex<BTreeMap<&'static str, (Trouble, usize)>>,
}

/// What the server is made of.
pub struct RehearsalIdentityParts {
    pub people: Arc<RehearsalProvider>,
    /// How citizens' browsers reach us.
    pub public_url: String,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl RehearsalIdentity {
    /// Listens on a port of 127.0.0.1 (0 for any free one), on a thread of its own.
    ///
    /// # Errors
    /// The port is taken, or the operating system gives no thread or no chance.
    pub fn start(_allowed: RehearsalAllowed, port: u16, parts: RehearsalIdentityParts) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
        listener.set_nonblocking(true)?;
        let base = format!("http://{}", listener.local_addr()?);
        let mut secret = [0; 32];
        parts.random.fill(&mut secret);
        let mut window_key = [0; 32];
        parts.random.fill(&mut window_key);
        let no_key = || std::io::Error::other("could not make the rehearsal's keys");
        let shared = Arc::new(Shared {
            people: parts.people,
            base,
            public_url: parts.public_url,
            secret: super::jose::encode(&secret),
            window_key: (window_key, answer_key(&window_key).ok_or_else(no_key)?),
            signer: Ed25519KeyPair::generate().map_err(|_| no_key())?,
            clock: parts.clock,
            random: parts.random,
            grants: Mutex::new(Grants::default()),
            troubles: Mutex::new(NAMES.iter().map(|name| (*name, (Trouble::default(), 0))).collect()),
        });
        let end = listener::serve(listener, Arc::clone(&shared))?;
        Ok(Self { shared, _end: end })
    }

    /// Adds its providers to a configuration, after those that are there.
    pub fn add_to(&self, section: &mut IdentitySection) {
        section.private_hosts.push(self.shared.base.trim_start_matches("http://").to_owned());
        section.public_url.get_or_insert_with(|| self.shared.public_url.clone());
        let text = include_str!("providers.toml").replace("BASE", &self.shared.base);
        let section_of_ours: IdentitySection =
            toml::from_str(&text).expect("providers.toml is part of the program and read by a test");
        section.provider.extend(section_of_ours.provider);
    }

    /// The secrets that its providers' blocks name as if they were in the environment.
    pub fn secret(&self, name: &str) -> Option<String> {
        use base64::Engine as _;
        match name {
            CLIENT_SECRET => Some(self.shared.secret.clone()),
            ANSWER_KEY => Some(base64::engine::general_purpose::STANDARD.encode(self.shared.window_key.0)),
            _ => None,
        }
    }

    /// Where it answers: `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.shared.base
    }

    /// From now on, this is wrong with one of [`NAMES`]. `false` if there is none of this name.
    pub fn trouble(&self, name: &str, trouble: Trouble) -> bool {
        self.shared.set_trouble(name, trouble)
    }
}

impl Shared {
    fn set_trouble(&self, name: &str, trouble: Trouble) -> bool {
        let mut troubles = self.troubles();
        let found = troubles.iter_mut().find(|(known, _)| **known == name);
        found.map(|(_, (known, _))| *known = trouble).is_some()
    }

    fn troubles(&self) -> MutexGuard<'_, BTreeMap<&'static str, (Trouble, usize)>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that nobody guesses.
    fn ticket(&self) -> String {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        super::jose::encode(&bytes)
    }
}

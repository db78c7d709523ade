//! Room: server. The identity providers of the configuration, opened and looked after: a thread for all that goes out to
//! them, and probes for as long as the program runs. In a rehearsal, its own providers besides.
//!
//! Made once by `lifecycle`, which hands the desk to web. It must never decide anything about a sign-in.

use std::sync::Arc;

use anyhow::Context as _;
use charye_engine::Engine;
use charye_engine::identity::{SignInDesk, SignInPorts, probe_providers};
use charye_engine::ports::{Clock, Keys, Random};
use charye_gateway::identity::outbound::Outbound;
use charye_gateway::identity::rehearsal_identity::{RehearsalIdentity, RehearsalIdentityParts};
use charye_gateway::identity::rehearsal_provider::RehearsalProvider;
use charye_gateway::identity::{IdentitySection, ProviderPorts};
use charye_gateway::os_random::OsRandom;
use tokio::sync::watch;

use crate::config::{Config, secret_of_environment};
use crate::exit::Ending;

/// The desk, and what keeps it going. Probing ends when this is dropped.
pub(crate) struct Identity {
    desk: Arc<SignInDesk>,
    _probing: watch::Sender<bool>,
    /// After the probing: the thread on which it runs.
    _outbound: Arc<Outbound>,
    _rehearsal: Option<RehearsalIdentity>,
}

impl Identity {
    /// Opens every provider; `None` if there is none. `own_url` is how browsers reach us if the configuration does not say.
    ///
    /// # Errors
    /// `Unreadable`: a provider does not read, a secret or the trusted certificates are missing. `Unavailable`: the port
    /// of the rehearsal's providers is taken. `Fault`: no thread.
    pub(crate) fn open(
        config: &Config,
        people: Option<&Arc<RehearsalProvider>>,
        own_url: String,
        keys: &Arc<dyn Keys>,
        engine: &Arc<Engine>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Self>, Ending> {
        let random: Arc<dyn Random> = Arc::new(OsRandom::new().context("could not seed the random number generator")?);
        let mut section = config.identity.clone();
        // Our own are on loopback, without TLS: only others' certificates need vouching for.
        let roots = match section.provider.is_empty() {
            true => None,
            false => {
                let roots = section.trusted_roots();
                Some(roots.map_err(|error| unreadable(&format!("[identity] trusted_roots: {error}")))?)
            }
        };
        let public_url = section.public_url.clone().unwrap_or(own_url);
        let rehearsal = match (config.rehearsal.allowance(), config.rehearsal.identity_port, people) {
            (Some(allowed), Some(port), Some(people)) => {
                let (people, clock, random) = (Arc::clone(people), Arc::clone(&clock), Arc::clone(&random));
                let parts = RehearsalIdentityParts { people, public_url, clock, random };
                let started = RehearsalIdentity::start(allowed, port, parts);
                let started = started.context("could not start the rehearsal's identity providers");
                Some(started.map_err(Ending::Unavailable)?)
            }
            _ => None,
        };
        if let Some(rehearsal) = &rehearsal {
            rehearsal.add_to(&mut section);
            tracing::info!(at = rehearsal.base(), "the rehearsal's identity providers answer");
        }
        if section.provider.is_empty() {
            return Ok(None);
        }
        let private_hosts = section.private_hosts().map_err(|unfit| unreadable(&unfit.to_string()))?;
        let outbound = Outbound::start(roots.as_ref(), private_hosts).context("could not start the way out")?;
        let outbound = Arc::new(outbound);
        let desk =
            desk(&section, &outbound, rehearsal.as_ref(), SignInPorts { keys: Arc::clone(keys), clock, random })?;
        // Before anybody is let in: what an operator closed stays closed over a restart.
        desk.go_by(&engine.operator_words());
        let (probing, ended) = watch::channel(false);
        outbound.runtime().spawn(probe_providers(Arc::clone(&desk), Arc::downgrade(engine), ended));
        Ok(Some(Self { desk, _probing: probing, _outbound: outbound, _rehearsal: rehearsal }))
    }

    /// The desk, for web.
    pub(crate) fn desk(&self) -> &Arc<SignInDesk> {
        &self.desk
    }
}

fn desk(
    section: &IdentitySection,
    outbound: &Arc<Outbound>,
    rehearsal: Option<&RehearsalIdentity>,
    ports: SignInPorts,
) -> Result<Arc<SignInDesk>, Ending> {
    let secret = |name: &str| rehearsal.and_then(|own| own.secret(name)).or_else(|| secret_of_environment(name));
    let provider_ports = ProviderPorts {
        outside: Arc::clone(outbound) as _,
        keys: Arc::clone(&ports.keys),
        clock: Arc::clone(&ports.clock),
    };
    let providers = section.open(&provider_ports, &secret).map_err(|unfit| unreadable(&unfit.to_string()))?;
    let desk = SignInDesk::new(providers, ports).map_err(|unfit| unreadable(&format!("[identity] {unfit}")))?;
    Ok(Arc::new(desk))
}

fn unreadable(words: &str) -> Ending {
    Ending::Unreadable { words: format!("charye: {words}") }
}

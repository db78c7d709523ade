//! Room: server. The identity providers of the configuration, opened and looked after: a thread for all that goes out to
//! them, and probes for as long as the program runs.
//!
//! Made once by `lifecycle`, which hands the desk to web. It must never decide anything about a sign-in.

use std::sync::Arc;

use anyhow::Context as _;
use charye_engine::identity::{SignInDesk, SignInPorts, probe_providers};
use charye_engine::ports::{Clock, Keys};
use charye_gateway::identity::outbound::Outbound;
use charye_gateway::identity::{IdentitySection, ProviderPorts};
use charye_gateway::os_random::OsRandom;
use tokio::sync::watch;

use crate::clock::SystemClock;
use crate::config::secret_of_environment;
use crate::exit::Ending;

/// The desk, and what keeps it going. Probing ends when this is dropped.
pub(crate) struct Identity {
    desk: Arc<SignInDesk>,
    _probing: watch::Sender<bool>,
    /// After the probing: the thread on which it runs.
    _outbound: Arc<Outbound>,
}

impl Identity {
    /// Opens every provider; `None` if there is none.
    ///
    /// # Errors
    /// `Unreadable`: a provider does not read, a secret or the trusted certificates are missing. `Fault`: no thread.
    pub(crate) fn open(section: &IdentitySection, keys: &Arc<dyn Keys>) -> Result<Option<Self>, Ending> {
        if section.provider.is_empty() {
            return Ok(None);
        }
        let unreadable = |words: String| Ending::Unreadable { words: format!("charye: {words}") };
        let private_hosts = section.private_hosts().map_err(|unfit| unreadable(unfit.to_string()))?;
        let roots = section.trusted_roots();
        let roots = roots.map_err(|error| unreadable(format!("[identity] trusted_roots: {error}")))?;
        let outbound = Outbound::start(Some(&roots), private_hosts).context("could not start the way out")?;
        let outbound = Arc::new(outbound);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let ports =
            ProviderPorts { outside: Arc::clone(&outbound) as _, keys: Arc::clone(keys), clock: Arc::clone(&clock) };
        let opened = section.open(&ports, &secret_of_environment);
        let providers = opened.map_err(|unfit| unreadable(unfit.to_string()))?;
        let random = Arc::new(OsRandom::new().context("could not seed the random number generator")?);
        let desk = SignInDesk::new(providers, SignInPorts { keys: Arc::clone(keys), clock, random });
        let desk = Arc::new(desk.map_err(|unfit| unreadable(format!("[identity] {unfit}")))?);
        let (probing, ended) = watch::channel(false);
        outbound.runtime().spawn(probe_providers(Arc::clone(&desk), ended));
        Ok(Some(Self { desk, _probing: probing, _outbound: outbound }))
    }

    /// The desk, for web.
    pub(crate) fn desk(&self) -> &Arc<SignInDesk> {
        &self.desk
    }
}

//! Room: server. Start, drain, stop. The one place that waits for signals.
//!
//! Order of an orderly end: accept no more connections, answer what was asked, stop the engine (which answers what is
//! queued and closes the journal), let go of the folder. If the engine fails, its askers have been told "unknown" and the
//! process ends at once: memory is ahead of the truth, and only the journal knows.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use charye_engine::sequencer::Running;
use charye_web::gate::Gate;
use charye_web::listener::{self, Bound, Drain, Tls};
use charye_web::routes::{Dispatch, RouteTable};
use charye_web::{App, Deadlines, api, citizen, health, operators};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::{Config, ListenSection};
use crate::exit::Ending;
use crate::identity::Identity;
use crate::telemetry::Counted;
use crate::wiring::{self, Installation};

/// An installation with its address taken, not yet answering.
pub(crate) struct Ready {
    installation: Installation,
    bound: Bound,
    table: Arc<RouteTable>,
    /// The operators' own listener, if there is one.
    operations: Option<(Bound, Arc<RouteTable>)>,
    /// The agents' own listener, if there is one, with a gate of its own.
    agents: Option<AgentsListener>,
    app: Arc<App>,
    /// Held for its probes.
    _identity: Option<Identity>,
    config: Config,
    /// Of every listener for strangers, if we speak TLS ourselves.
    tls: Option<Tls>,
    signals: Signals,
}

impl Ready {
    /// Takes the address and makes the application. `counted` began before the installation was opened.
    ///
    /// # Errors
    /// `Unavailable`: somebody else listens there. Otherwise what does not open.
    pub(crate) fn prepare(config: Config, installation: Installation, counted: Counted) -> Result<Self, Ending> {
        let tls = config.listen.tls()?;
        let bound = bind_for_strangers(config.listen.address, config.listen.threads(), tls.as_ref())?;
        let people = wiring::rehearsal_people(&config.rehearsal, &installation.keys)?;
        let own_url = format!("{}://{}", if config.listen.speaks_tls() { "https" } else { "http" }, bound.address);
        let Installation { engine, keys, .. } = &installation;
        let identity =
            Identity::open(&config, people.as_ref(), own_url, keys, engine, Arc::clone(&installation.clock))?;
        if let Some(identity) = &identity {
            tracing::info!(providers = identity.desk().reports().len(), "identity providers are looked after");
        }
        let app = Arc::new(App {
            engine: Arc::clone(&installation.engine),
            gate: Gate::new(Arc::clone(&installation.keys), config.listen.cookie_security())
                .with_operators(config.operators.keys().map_err(|error| unreadable(&error))?),
            guardians: people.as_ref().map(|people| Arc::clone(people) as _),
            rehearsal: people.map(|people| people as _),
            sign_in: identity.as_ref().map(|identity| Arc::clone(identity.desk())),
            registry: None,
            metrics: Some(Arc::new(move || counted.render())),
            deadlines: Deadlines::default(),
        });
        let table = RouteTable::new(routes()).context("could not make the table of routes")?;
        let operations = operations_listener(&config)?;
        let agents = agents_listener(&config, &app, &installation, tls.as_ref())?;
        // Before anybody is told that it is ready: who is told may ask it to end at once.
        let signals = Signals::listen(tls.is_some()).context("could not listen for signals")?;
        Ok(Self {
            installation,
            bound,
            table: Arc::new(table),
            operations,
            agents,
            app,
            _identity: identity,
            config,
            tls,
            signals,
        })
    }

    /// Where it will answer.
    pub(crate) fn address(&self) -> SocketAddr {
        self.bound.address
    }

    /// Where operators are answered, if anywhere.
    pub(crate) fn operations_address(&self) -> Option<SocketAddr> {
        self.operations.as_ref().map(|(bound, _)| bound.address)
    }

    /// Where agents are answered, if anywhere.
    pub(crate) fn agents_address(&self) -> Option<SocketAddr> {
        self.agents.as_ref().map(|agents| agents.bound.address)
    }

    /// How a browser addresses it.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.config.listen.speaks_tls() { "https" } else { "http" }
    }

    /// The application, for who wants to know whom to sign in as.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Answers until SIGTERM, SIGINT or a failure; then ends in order.
    ///
    /// # Errors
    /// `Fault` if the engine failed.
    pub(crate) fn serve(self) -> Result<(), Ending> {
        let (drain, drained) = watch::channel(Drain::No);
        let limits = self.config.listen.limits();
        let operations = match self.operations {
            Some((bound, table)) => {
                let app = Arc::clone(&self.app);
                let make = move || Dispatch::new(Arc::clone(&app), Arc::clone(&table));
                Some(listener::serve(bound, &limits, &drained, make).context("could not serve operators")?)
            }
            None => None,
        };
        let agents = match self.agents {
            Some(AgentsListener { bound, table, app }) => {
                let make = move || Dispatch::new(Arc::clone(&app), Arc::clone(&table));
                Some(listener::serve(bound, &limits, &drained, make).context("could not serve agents")?)
            }
            None => None,
        };
        let (app, table) = (self.app, self.table);
        let serving =
            listener::serve(self.bound, &limits, &drained, move || Dispatch::new(Arc::clone(&app), Arc::clone(&table)))
                .context("could not serve")?;
        let engine = self.installation.engine;
        let renew = || renew_certificate(&self.config.listen, self.tls.as_ref());
        let ended = self.signals.wait_for_an_end(engine.running(), renew);
        if let Running::Failed(why) = ended {
            return Err(Ending::Fault(
                anyhow!(why).context("the engine failed; start again to recover from the journal"),
            ));
        }
        tracing::info!("draining");
        drain.send_replace(Drain::Begin);
        serving.join();
        for listener in [operations, agents].into_iter().flatten() {
            listener.join();
        }
        engine.stop();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Takes an address, and speaks TLS there if there is a certificate.
fn bind_for_strangers(address: SocketAddr, threads: usize, tls: Option<&Tls>) -> Result<Bound, Ending> {
    let bound = listener::bind(address, threads).map_err(|failure| Ending::Unavailable(failure.into()))?;
    Ok(match tls {
        Some(tls) => bound.with_tls(tls.clone()),
        None => bound,
    })
}

/// Shows the certificate as it stands in its file now, or says why not and goes on with the one before.
fn renew_certificate(listen: &ListenSection, tls: Option<&Tls>) {
    let Some(tls) = tls else { return };
    match listen.renew(tls) {
        Ok(()) => tracing::warn!("the certificate was read again: whoever comes from now on is shown it"),
        Err(error) => tracing::error!("the certificate is shown as it was before: {error:#}"),
    }
}

/// Takes the operators' address, on one thread: a surge of citizens cannot starve it, nor reach it.
fn operations_listener(config: &Config) -> Result<Option<(Bound, Arc<RouteTable>)>, Ending> {
    let Some(address) = config.listen.operations_address else { return Ok(None) };
    let bound = listener::bind(address, 1).map_err(|failure| Ending::Unavailable(failure.into()))?;
    let table = RouteTable::new([health::operations_routes(), operators::routes()].concat())
        .context("could not make the operators' table of routes")?;
    Ok(Some((bound, Arc::new(table))))
}

/// The agents' address with what answers there.
struct AgentsListener {
    bound: Bound,
    table: Arc<RouteTable>,
    /// With a gate of its own.
    app: Arc<App>,
}

/// Takes the agents' address, on one thread, with a gate that only agents come through: a surge of citizens cannot starve it, nor
/// reach it.
fn agents_listener(
    config: &Config,
    citizens: &App,
    installation: &Installation,
    tls: Option<&Tls>,
) -> Result<Option<AgentsListener>, Ending> {
    let Some(address) = config.agents.address else { return Ok(None) };
    let keys = config.agents.keys().map_err(|error| unreadable(&error))?;
    if keys.is_empty() {
        return Err(unreadable(&anyhow!("[agents] token_file names no agent")));
    }
    let bound = bind_for_strangers(address, 1, tls)?;
    let table = RouteTable::new([citizen::agents_routes(), health::routes(), api::agents_routes()].concat())
        .context("could not make the agents' table of routes")?;
    let security = config.listen.cookie_security();
    let app = App {
        engine: Arc::clone(&citizens.engine),
        gate: Gate::new(Arc::clone(&installation.keys), security).with_agents(keys),
        guardians: None,
        rehearsal: citizens.rehearsal.clone(),
        sign_in: citizens.sign_in.clone(),
        registry: config.agents.registry.clone(),
        metrics: None,
        deadlines: Deadlines::default(),
    };
    Ok(Some(AgentsListener { bound, table: Arc::new(table), app: Arc::new(app) }))
}

fn unreadable(error: &anyhow::Error) -> Ending {
    Ending::Unreadable { words: format!("charye: {error:#}") }
}

fn routes() -> Vec<charye_web::routes::Route> {
    [citizen::routes(), api::routes(), health::routes()].concat()
}

/// The signals that ask for an orderly end, or for the certificate to be read again. From when this is made, none of them
/// ends the process by itself.
struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    /// Without a certificate it ends the process, as a terminal that is closed should.
    hangup: Option<Signal>,
}

impl Signals {
    fn listen(has_certificate: bool) -> Result<Self, std::io::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let within = runtime.enter();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let hangup = if has_certificate { Some(signal(SignalKind::hangup())?) } else { None };
        drop(within);
        Ok(Self { runtime, terminate, interrupt, hangup })
    }

    /// Blocks until a signal asks for the end, or the engine has come to one; has the certificate renewed meanwhile.
    fn wait_for_an_end(self, mut running: watch::Receiver<Running>, renew: impl Fn()) -> Running {
        let Self { runtime, mut terminate, mut interrupt, mut hangup } = self;
        runtime.block_on(async {
            loop {
                let hung_up = async {
                    match &mut hangup {
                        Some(hangup) => hangup.recv().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hung_up => renew(),
                    over = running.wait_for(Running::is_over) => {
                        // The sender lives in the engine, which we hold: it cannot be gone.
                        if let Ok(over) = over {
                            return over.clone();
                        }
                        break;
                    }
                }
            }
            running.borrow().clone()
        })
    }
}

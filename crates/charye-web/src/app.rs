//! Room: web. What every handler may reach: the engine, the gate, and how this installation presents itself.

use std::sync::Arc;
use std::time::Duration;

use charye_engine::Engine;
use charye_engine::identity::SignInDesk;
use charye_engine::ports::{GuardianRegistry, RehearsalPeople};

use crate::gate::Gate;

/// The application, shared by all threads. Holds no state of its own.
pub struct App {
    pub engine: Arc<Engine>,
    pub gate: Gate,
    /// The people one may sign in as; present only in a rehearsal, and then every page says so.
    pub rehearsal: Option<Arc<dyn RehearsalPeople>>,
    /// The registry that knows whose guardian somebody is; absent where there is none.
    pub guardians: Option<Arc<dyn GuardianRegistry>>,
    /// The identity providers; absent where there are none.
    pub sign_in: Option<Arc<SignInDesk>>,
    /// The name of the registry that agents look callers up in; absent where there are no agents.
    pub registry: Option<String>,
    /// Everything counted, in Prometheus' text format; absent where nothing counts.
    pub metrics: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    pub deadlines: Deadlines,
}

/// How long one request may take before it is told something definite. Shorter than the listener's own limit, which says
/// nothing and closes.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the head to the last byte of the body.
    pub body: Duration,
    /// From the body to the answer.
    pub answer: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { body: Duration::from_secs(10), answer: Duration::from_secs(15) }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}

//! Room: web. What every handler may reach: the engine, the gate, and how this installation presents itself.

use std::sync::Arc;

use charye_engine::Engine;
use charye_engine::ports::RehearsalPeople;

use crate::gate::Gate;

/// The application, shared by all threads. Holds no state of its own.
pub struct App {
    pub engine: Arc<Engine>,
    pub gate: Gate,
    /// The people one may sign in as; present only in a rehearsal, and then every page says so.
    pub rehearsal: Option<Arc<dyn RehearsalPeople>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}

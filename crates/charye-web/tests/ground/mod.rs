//! What the tests of pages and those of the API stand on: the domain's sample campaign in an engine on fakes, behind a real
//! listener on 127.0.0.1. Each has its own people and its own way to ask; neither opens a house of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use charye_domain::book::samples::{self, CAMPAIGN, OPERATOR, PAIRED, SINGLE};
use charye_domain::book::{Action, Channel, Command, Provenance, Query};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{ImportId, OperationKey};
use charye_domain::vaccine::DoseNumber;
use charye_engine::availability::DistrictPlace;
use charye_engine::fakes::{FakeProvider, FakeWorld, SeededRandom, ToyKeys};
use charye_engine::identity::{SignInDesk, SignInPorts};
use charye_engine::ports::{GuardianRegistry, RehearsalPeople};
use charye_engine::{Engine, EngineSettings};
use charye_web::gate::{CookieSecurity, Gate};
use charye_web::listener::{self, Drain, Limits, Serving};
use charye_web::routes::{Dispatch, Route, RouteTable};
use charye_web::{App, Deadlines};
use tokio::sync::watch;

const DAY_MS: u64 = 86_400_000;

/// What is built on it.
pub(crate) struct Building {
    pub(crate) campaign: Campaign,
    /// Places in each slot.
    pub(crate) capacity: u16,
    pub(crate) districts: Vec<DistrictPlace>,
    pub(crate) providers: Vec<FakeProvider>,
    pub(crate) rehearsal: Option<Arc<dyn RehearsalPeople>>,
    pub(crate) guardians: Option<Arc<dyn GuardianRegistry>>,
    /// What is counted, as text.
    pub(crate) metrics: Option<&'static str>,
    pub(crate) routes: Vec<Route>,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    /// How long before the first opening it begins.
    pub(crate) before_ms: u64,
}

/// A running house, ended when dropped.
pub(crate) struct Ground {
    pub(crate) world: FakeWorld,
    pub(crate) app: Arc<App>,
    pub(crate) address: SocketAddr,
    drain: watch::Sender<Drain>,
    serving: Option<Serving>,
}

impl Ground {
    pub(crate) fn with(building: Building) -> Self {
        let Building { campaign, capacity, districts, providers, rehearsal, guardians, .. } = building;
        let world = FakeWorld::at(samples::opens_at().plus_millis(-DAY_MS.cast_signed()));
        let settings = EngineSettings { districts: districts.into(), ..EngineSettings::default() };
        let engine = Engine::start(world.ports(), settings).unwrap();
        publish(&engine, campaign, capacity);
        let ports = SignInPorts {
            keys: Arc::new(ToyKeys),
            clock: Arc::new(world.clock.clone()),
            random: Arc::new(SeededRandom::new(5)),
        };
        let providers: Vec<_> = providers.into_iter().map(|provider| Arc::new(provider) as _).collect();
        let sign_in = (!providers.is_empty()).then(|| Arc::new(SignInDesk::new(providers, ports).unwrap()));
        let app = Arc::new(App {
            engine: Arc::new(engine),
            gate: Gate::new(Arc::new(ToyKeys), CookieSecurity::Loopback),
            guardians,
            registry: None,
            rehearsal,
            sign_in,
            metrics: building.metrics.map(|text| Arc::new(|| text.to_owned()) as _),
            deadlines: building.deadlines,
        });
        let table = Arc::new(RouteTable::new(building.routes).unwrap());
        let bound = listener::bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = bound.address;
        let (drain, drained) = watch::channel(Drain::No);
        let served = app.clone();
        let make = move || Dispatch::new(served.clone(), table.clone());
        let serving = listener::serve(bound, &building.limits, &drained, make).unwrap();
        let ground = Self { world, app, address, drain, serving: Some(serving) };
        ground.pass(DAY_MS - building.before_ms);
        ground
    }

    /// Lets time pass, and the engine notice and finish what follows from it.
    pub(crate) fn pass(&self, millis: u64) {
        self.world.clock.pass(millis);
        for _ in 0..2 {
            self.app.engine.query_blocking(Query::Operation { key: OperationKey(0) }).unwrap();
        }
    }

    /// Tells the listener to drain, and waits until it has.
    pub(crate) fn drain(&mut self) {
        self.drain.send_replace(Drain::Begin);
        if let Some(serving) = self.serving.take() {
            serving.join();
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.drain();
    }
}

fn publish(engine: &Engine, campaign: Campaign, capacity: u16) {
    let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
    let operator = |action| engine.submit_blocking(Command { by, operation: None, action }).unwrap();
    operator(Action::PublishCampaign { campaign: campaign.into(), text: "sample, version 1".into() });
    let import = ImportId(1);
    let sessions = [
        samples::session("C1", PAIRED, DoseNumber::First, (4, 6), capacity),
        samples::session("C1", PAIRED, DoseNumber::Second, (25, 34), capacity),
        samples::session("C1", SINGLE, DoseNumber::First, (4, 6), capacity),
    ];
    operator(Action::StageClinics { import, clinics: [samples::clinic("C1")].into() });
    operator(Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() });
    charye_engine::operations::activate_import(engine, by, import).unwrap();
}

//! Room: engine/identity. One provider behind its own bulkhead: how many questions it may have at once, how long each may
//! take, when it is left alone, its short line, and the light that citizens see. Nothing here is shared with another
//! provider, so that one's trouble stays its own.
//!
//! Used by `begin_sign_in`, `answer_sign_in` and the probing below. The law is `domain/identity`; this feeds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use charye_domain::campaign::{Bilingual, UniquenessScheme};
use charye_domain::identity::short_line::SignInId;
use charye_domain::identity::{
    Asker, Assurance, Breaker, BreakerState, IdentityProviderId, Lamp, OperatorWord, ShortLine, Sign, TrafficLight,
    Turn,
};
use tokio::sync::watch;

use super::sign_in_desk::{SignInDesk, SignInFailure};
use crate::engine::Engine;
use crate::metrics::ProviderMetrics;
use crate::ports::{
    AskedField, Clock, Doing, FlowKind, IdentityProvider, ProviderFailure, ProviderFault, ProviderLimits, ProviderReply,
};

/// Between two looks at every provider. A probe goes out if no citizen's question was answered well since the last.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// After this a probe counts as a fault.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);
/// Probes of one provider under way at once.
const PROBES_MAX: usize = 3;
/// When to ask a provider again that is left alone.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A provider as the page shows it that offers a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub id: IdentityProviderId,
    pub name: Bilingual,
    pub flow: FlowKind,
    pub light: TrafficLight,
    /// How long a sign-in takes there now, from its beginning to its end; `None` until enough have been seen.
    pub takes: Option<Duration>,
    /// People in its short line.
    pub in_line: usize,
    /// What is to be filled in first.
    pub asks: Vec<AskedField>,
    /// What makes a citizen one citizen there.
    pub scheme: UniquenessScheme,
    /// How strong its proof is.
    pub assurance: Assurance,
}

/// A provider as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    pub choice: Choice,
    pub operator: OperatorWord,
    pub breaker: BreakerState,
    /// Questions under way.
    pub under_way: usize,
    /// How long a question takes, on average of the last ones.
    pub answers_in: Option<Duration>,
    /// As its configuration says.
    pub limits: ProviderLimits,
}

/// One provider and how it is.
pub(super) struct ProviderDesk {
    pub(super) provider: Arc<dyn IdentityProvider>,
    running: Mutex<Running>,
    metrics: ProviderMetrics,
}

struct Running {
    breaker: Breaker,
    lamp: Lamp,
    line: ShortLine,
    operator: OperatorWord,
    under_way: usize,
    probes: usize,
    answered_at: Option<Duration>,
    answers_in: Average,
    takes: Average,
}

/// A moving average over about the last sixteen.
#[derive(Clone, Copy, Debug, Default)]
struct Average {
    seen: u32,
    mean: Duration,
}

impl Average {
    const ENOUGH: u32 = 3;

    fn add(&mut self, one: Duration) {
        self.seen = self.seen.saturating_add(1);
        let weight = self.seen.min(16);
        self.mean = (self.mean * (weight - 1) + one) / weight;
    }

    fn get(self) -> Option<Duration> {
        (self.seen >= Self::ENOUGH).then_some(self.mean)
    }
}

/// A place among the questions that a provider has at once; free again when this is dropped.
pub(super) struct Place<'a>(&'a ProviderDesk);

impl Place<'_> {
    /// Asks the provider one thing.
    ///
    /// # Errors
    /// What it says, or `ProviderFault` after its deadline.
    pub(super) async fn ask<T>(
        self,
        clock: &dyn Clock,
        question: Doing<'_, ProviderReply<T>>,
    ) -> Result<T, SignInFailure> {
        let desk = self.0;
        let asked_at = clock.monotonic();
        let facts = desk.provider.facts();
        let reply = match tokio::time::timeout(facts.limits.deadline, question).await {
            Ok(reply) => reply,
            Err(_) => ProviderReply { asked_outside: true, result: Err(ProviderFault::TimedOut.into()) },
        };
        let now = clock.monotonic();
        let took = now.saturating_sub(asked_at);
        if reply.asked_outside {
            let sign = match &reply.result {
                Err(ProviderFailure::Fault(_)) => Sign::Fault,
                _ if took > facts.limits.slow => Sign::Slow,
                _ => Sign::Answered,
            };
            desk.note(sign, Asker::Citizen, took, now);
        }
        if let Err(ProviderFailure::Fault(fault)) = &reply.result {
            desk.metrics.fault(fault.code());
            tracing::warn!(provider = %facts.id, %fault, "an identity provider failed a sign-in");
        }
        reply.result.map_err(SignInFailure::from)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut running = self.0.running();
        running.under_way = running.under_way.saturating_sub(1);
    }
}

impl ProviderDesk {
    pub(super) fn new(provider: Arc<dyn IdentityProvider>) -> Self {
        let metrics = ProviderMetrics::new(provider.facts().id.as_str());
        let running = Mutex::new(Running {
            breaker: Breaker::default(),
            lamp: Lamp::default(),
            line: ShortLine::default(),
            operator: OperatorWord::Open,
            under_way: 0,
            probes: 0,
            answered_at: None,
            answers_in: Average::default(),
            takes: Average::default(),
        });
        Self { provider, running, metrics }
    }

    /// A place for one question of this sign-in, now.
    ///
    /// # Errors
    /// `InLine`, `LeftAlone`, `Busy`: the provider is not asked.
    pub(super) fn enter(&self, who: SignInId, now: Duration) -> Result<Place<'_>, SignInFailure> {
        let limits = self.provider.facts().limits;
        let mut running = self.running();
        let at_once_max = match running.operator {
            OperatorWord::Open => limits.at_once_max,
            OperatorWord::Capped(cap) => usize::from(cap).min(limits.at_once_max),
            OperatorWord::Closed => {
                return Err(SignInFailure::LeftAlone { light: TrafficLight::Closed, retry_after: ASK_AGAIN });
            }
        };
        let free = at_once_max.saturating_sub(running.under_way);
        match running.line.ask(who, free, limits.line_max, now) {
            Turn::Go => {}
            Turn::Wait { ahead } => {
                running.note_saturation(free, now);
                self.metrics.waits(running.line.len());
                let each = running.answers_in.get().unwrap_or(limits.slow);
                let rounds = ahead / at_once_max.max(1) + 1;
                let about = each.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)).max(Duration::from_secs(1));
                return Err(SignInFailure::InLine { ahead, about, place: None });
            }
            Turn::Full => {
                running.note_saturation(free, now);
                return Err(SignInFailure::Busy { retry_after: ASK_AGAIN });
            }
        }
        if !running.breaker.lets_through(now) {
            let light = running.light(now);
            return Err(SignInFailure::LeftAlone { light, retry_after: ASK_AGAIN });
        }
        running.under_way += 1;
        Ok(Place(self))
    }

    fn note(&self, sign: Sign, asker: Asker, took: Duration, now: Duration) {
        let mut running = self.running();
        running.breaker.note(sign, asker, now);
        running.lamp.note(sign, now);
        if sign != Sign::Fault {
            running.answers_in.add(took);
            running.answered_at = Some(now);
        }
        self.metrics.asked(took);
        self.metrics.light(running.light(now));
    }

    /// A sign-in has come to its end, so long after its beginning.
    pub(super) fn proven(&self, after: Duration) {
        self.running().takes.add(after);
        self.metrics.proven();
    }

    pub(super) fn begun(&self) {
        self.metrics.begun();
    }

    pub(super) fn refused(&self, code: &'static str) {
        self.metrics.refused(code);
    }

    pub(super) fn operate(&self, word: OperatorWord) {
        self.running().operator = word;
    }

    pub(super) fn choice(&self, now: Duration) -> Choice {
        let facts = self.provider.facts();
        let mut running = self.running();
        Choice {
            id: facts.id.clone(),
            name: facts.name.clone(),
            flow: facts.flow,
            light: running.light(now),
            takes: running.takes.get(),
            in_line: running.line.len(),
            asks: facts.asks.clone(),
            scheme: facts.scheme,
            assurance: facts.assurance,
        }
    }

    pub(super) fn report(&self, now: Duration) -> ProviderReport {
        let choice = self.choice(now);
        let mut running = self.running();
        let breaker = running.breaker.state(now);
        let (operator, under_way) = (running.operator, running.under_way);
        let (answers_in, limits) = (running.answers_in.get(), self.provider.facts().limits);
        ProviderReport { choice, operator, breaker, under_way, answers_in, limits }
    }

    /// Whether a probe is due: nobody's question was answered well lately, or the light is not smooth. If so, it counts as
    /// under way.
    fn takes_probe(&self, now: Duration) -> bool {
        let mut running = self.running();
        let light = running.light(now);
        self.metrics.light(light);
        let is_fresh = running.answered_at.is_some_and(|at| now.saturating_sub(at) < PROBE_EVERY);
        let due = (light != TrafficLight::Smooth || !is_fresh) && running.probes < PROBES_MAX;
        running.probes += usize::from(due);
        due
    }

    async fn probe(&self, clock: &dyn Clock) {
        let asked_at = clock.monotonic();
        let answer = tokio::time::timeout(PROBE_DEADLINE, self.provider.probe()).await;
        let now = clock.monotonic();
        let took = now.saturating_sub(asked_at);
        let sign = match answer {
            Ok(Ok(())) if took > self.provider.facts().limits.slow => Sign::Slow,
            Ok(Ok(())) => Sign::Answered,
            Ok(Err(_)) | Err(_) => Sign::Fault,
        };
        {
            let mut running = self.running();
            running.probes = running.probes.saturating_sub(1);
        }
        self.note(sign, Asker::Probe, took, now);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// That somebody has to wait is the provider's doing only while it has as many questions as it takes; else it is that of
    /// people ahead who have left without a word, and they turn no light.
    fn note_saturation(&mut self, free: usize, now: Duration) {
        if free == 0 {
            self.lamp.note(Sign::Slow, now);
        }
    }

    fn light(&mut self, now: Duration) -> TrafficLight {
        let state = self.breaker.state(now);
        let light = self.lamp.light(state, now);
        if self.operator == OperatorWord::Closed { TrafficLight::Closed } else { light }
    }
}

/// Looks at every provider once a second, probes those of whom nothing good was heard, and has all go by what operators
/// say, as the engine's journal has it. Returns when `ended` says so or its sender is gone. Runs on the gateway's own thread.
pub async fn probe_providers(desk: Arc<SignInDesk>, engine: Weak<Engine>, mut ended: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PROBE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if let Some(engine) = engine.upgrade() {
                    desk.go_by(&engine.operator_words());
                }
                probe_all_once(&desk);
            }
            over = ended.wait_for(|ended| *ended) => {
                drop(over);
                return;
            }
        }
    }
}

/// Starts the probes that are due; each has its own deadline and waits for no other.
pub(super) fn probe_all_once(desk: &Arc<SignInDesk>) {
    let now = desk.clock.monotonic();
    for (index, provider) in desk.providers.iter().enumerate() {
        if provider.takes_probe(now) {
            let desk = Arc::clone(desk);
            tokio::spawn(async move { desk.providers[index].probe(&*desk.clock).await });
        }
    }
}

//! Room: rehearsal/evening. The stage: who is there, what is due when, the connections that carry it, and the samples taken
//! of it. On one thread; faults are played on another. Must never skip an arrival nor send one before its time.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use super::bell::Bell;
use super::{EveningPlan, FaultPlayed, Progress, RehearsalFailure, Stagehand};
use crate::arrivals::Arrivals;
use crate::citizen::{Around, Citizen, Next, Scene};
use crate::load::{Connection, LoadFailure, PER_ADDRESS, RequestText, Target, source_address, stopwatch};
use crate::nation::rng::Stream;
use crate::people::Door;
use crate::profile::PlannedFault;
use crate::recorder::{LineFigures, ProvidersTold, Recorder, ServerFigures};

/// Longest that an answer is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// A provider's page that is not there by then is given up.
const PROVIDER_MAX: Duration = Duration::from_secs(5);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Between samples.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// How long a last fault may take after everybody has left.
const FAULT_MAX: Duration = Duration::from_secs(120);

/// Everything an evening begins with.
pub(super) struct StagePlan {
    pub(super) scene: Scene,
    pub(super) door: Door,
    pub(super) arrivals: Arrivals,
    pub(super) recorder: Recorder,
    pub(super) dice: Stream,
    /// When it ends whoever is still there.
    pub(super) limit: Duration,
}

/// What is left when it is over.
pub(super) struct StageEnd {
    pub(super) recorder: Recorder,
    pub(super) wall: Duration,
    pub(super) server: Option<(ServerFigures, ServerFigures)>,
    pub(super) faults: Vec<FaultPlayed>,
    pub(super) left_over: u64,
}

/// Faults with their times, and who plays them.
type Faults = (Vec<(Duration, PlannedFault)>, Option<Box<dyn Stagehand>>);

pub(super) struct Stage {
    scene: Scene,
    door: Door,
    arrivals: Arrivals,
    began: Instant,
    bell: Bell,
    /// One permit for each of `ready`.
    turns: Semaphore,
    people: RefCell<People>,
    over: Cell<bool>,
}

/// Who is there, and what is due. Borrowed for a moment at a time, never across a wait.
struct People {
    here: Vec<Option<Box<Citizen>>>,
    /// Places in `here` that are free.
    free: Vec<u32>,
    /// Microseconds since the beginning, and who: soonest first.
    agenda: BinaryHeap<Reverse<(u64, u32)>>,
    /// Who is due, and since when.
    ready: VecDeque<(u32, u64)>,
    /// The next arrival, and when it is meant to begin.
    next_arrival: u64,
    next_arrival_at: Option<u64>,
    count: u64,
    recorder: Recorder,
    dice: Stream,
}

impl Stage {
    /// Plays the evening to its end.
    pub(super) fn play(
        plan: StagePlan,
        evening: &EveningPlan,
        runtime: &Runtime,
        faults: Faults,
        audience: &mut dyn FnMut(&Progress),
    ) -> Result<StageEnd, RehearsalFailure> {
        let limit = plan.limit;
        let local = LocalSet::new();
        let (stage, server, faults) = local.block_on(runtime, async {
            let before = figures(evening.metrics).await;
            let stage = Rc::new(Self::set(plan)?);
            let staged = play_faults(stage.began, faults)?;
            let mut carriers = JoinSet::new();
            for index in 0..evening.connections {
                carriers.spawn_local(carry(Rc::clone(&stage), evening.target, index));
            }
            let usher = tokio::task::spawn_local(usher(Rc::clone(&stage)));
            stage.bell.ring();
            sample_until_over(&stage, evening, limit, audience).await;
            stage.turns.close();
            stage.bell.ring();
            while carriers.join_next().await.is_some() {}
            usher.abort();
            // It may still hold the stage until it is gone.
            let _ = usher.await;
            let after = figures(evening.metrics).await;
            Ok::<_, RehearsalFailure>((stage, before.zip(after), staged))
        })?;
        let wall = stage.elapsed();
        drop(local);
        let stage = Rc::into_inner(stage).expect("every task that held the stage was waited for");
        let people = stage.people.into_inner();
        let faults = faults.recv_timeout(FAULT_MAX).unwrap_or_default();
        Ok(StageEnd { recorder: people.recorder, wall, server, faults, left_over: people.count })
    }

    fn set(plan: StagePlan) -> Result<Self, RehearsalFailure> {
        let began = stopwatch::now();
        let mut people = People {
            here: Vec::new(),
            free: Vec::new(),
            agenda: BinaryHeap::new(),
            ready: VecDeque::new(),
            next_arrival: 0,
            next_arrival_at: None,
            count: 0,
            recorder: plan.recorder,
            dice: plan.dice,
        };
        people.expect_arrival(&plan.arrivals, &plan.door);
        Ok(Self {
            scene: plan.scene,
            door: plan.door,
            arrivals: plan.arrivals,
            began,
            bell: Bell::hang(began).map_err(RehearsalFailure::Threads)?,
            turns: Semaphore::new(0),
            people: RefCell::new(people),
            over: Cell::new(false),
        })
    }

    fn elapsed(&self) -> Duration {
        stopwatch::now().saturating_duration_since(self.began)
    }

    /// Lets everybody come and ask who is due, and sets the bell for the next.
    fn admit(&self) {
        let now = self.elapsed();
        let now_micros = micros(now);
        let mut people = self.people.borrow_mut();
        while let Some(at) = people.next_arrival_at.filter(|at| *at <= now_micros) {
            let People { next_arrival, dice, .. } = &mut *people;
            if let Some(wants) = self.door.comer(*next_arrival, dice) {
                let citizen = Citizen::new(wants, Duration::from_micros(at), &mut people.recorder);
                people.take_in(citizen, at);
            }
            people.next_arrival += 1;
            people.expect_arrival(&self.arrivals, &self.door);
        }
        while let Some(Reverse((at, who))) = people.agenda.peek().copied().filter(|Reverse((at, _))| *at <= now_micros)
        {
            people.agenda.pop();
            people.ready.push_back((who, at));
        }
        let due = people.agenda.peek().map(|Reverse((at, _))| *at);
        self.bell.set(due.into_iter().chain(people.next_arrival_at).min());
        let waiting = people.ready.len().saturating_sub(self.turns.available_permits());
        self.turns.add_permits(waiting);
        self.over.set(people.count == 0 && people.next_arrival_at.is_none());
    }

    /// Who is due the longest.
    fn next_turn(&self) -> Option<(u32, Duration)> {
        let (who, at) = self.people.borrow_mut().ready.pop_front()?;
        Some((who, Duration::from_micros(at)))
    }

    /// Writes what somebody asks; whom, if it is not the target.
    fn write(&self, who: u32, intended: Duration, request: &mut RequestText) -> Option<Target> {
        let mut people = self.people.borrow_mut();
        people.recorder.asked(self.elapsed().saturating_sub(intended));
        let citizen = people.here.get(who as usize)?.as_ref()?;
        citizen.write(&self.scene, request);
        citizen.elsewhere()
    }

    /// Lets somebody hear; when they ask on at once, since when.
    fn hear(
        &self,
        who: u32,
        intended: Duration,
        answer: Result<&crate::load::Answer<'_>, &LoadFailure>,
    ) -> Option<Duration> {
        let now = self.elapsed();
        let mut people = self.people.borrow_mut();
        let People { here, recorder, dice, .. } = &mut *people;
        let citizen = here.get_mut(who as usize)?.as_mut()?;
        let latency = now.saturating_sub(intended);
        let waited_in_vain = matches!(answer, Err(LoadFailure::Overdue { .. }));
        let mut around = Around { scene: &self.scene, recorder, dice, now, latency, waited_in_vain };
        match citizen.hear(answer.ok(), &mut around) {
            Next::Now => Some(now),
            Next::After(time) => {
                let due = micros(now + time);
                people.agenda.push(Reverse((due, who)));
                self.bell.set_earlier(due);
                None
            }
            Next::Gone => {
                people.here[who as usize] = None;
                people.free.push(who);
                people.count -= 1;
                self.over.set(people.count == 0 && people.next_arrival_at.is_none());
                None
            }
        }
    }

    fn progress(&self) -> Progress {
        let people = self.people.borrow();
        Progress {
            elapsed: self.elapsed(),
            came: people.recorder.came,
            at_door: self.door.count(),
            whereabouts: people.recorder.whereabouts(),
            requests: people.recorder.requests(),
            confirmed: people.recorder.confirmed,
        }
    }
}

impl People {
    fn expect_arrival(&mut self, arrivals: &Arrivals, door: &Door) {
        let within = self.dice.unit();
        let comes = self.next_arrival < door.count();
        let at = arrivals.intended(self.next_arrival, within).filter(|_| comes);
        self.next_arrival_at = at.map(micros);
    }

    /// Somebody new is there, and due.
    fn take_in(&mut self, citizen: Citizen, at_micros: u64) {
        let citizen = Some(Box::new(citizen));
        let who = match self.free.pop() {
            Some(who) => {
                self.here[who as usize] = citizen;
                who
            }
            None => {
                self.here.push(citizen);
                u32::try_from(self.here.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.count += 1;
        self.ready.push_back((who, at_micros));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Lets people in whenever the bell rings.
async fn usher(stage: Rc<Stage>) {
    loop {
        stage.bell.heard().await;
        stage.admit();
    }
}

/// One connection: carries the questions of whoever is due, and of the same person for as long as they ask on at once.
async fn carry(stage: Rc<Stage>, target: Target, index: usize) {
    let mut connection = None;
    let mut request = RequestText::default();
    let from = target.is_loopback().then(|| source_address(index, PER_ADDRESS));
    loop {
        let Ok(permit) = stage.turns.acquire().await else { return };
        permit.forget();
        let Some((who, mut intended)) = stage.next_turn() else { continue };
        loop {
            let next = match stage.write(who, intended, &mut request) {
                None => {
                    let answer = ask(&mut connection, target, from, &request, ANSWER_MAX).await;
                    let next = stage.hear(who, intended, answer.as_ref());
                    if answer.is_err() {
                        connection = None;
                    }
                    next
                }
                Some(provider) => {
                    // A browser comes there once.
                    let mut connection = None;
                    let answer = ask(&mut connection, provider, from, &request, PROVIDER_MAX).await;
                    stage.hear(who, intended, answer.as_ref())
                }
            };
            match next {
                Some(since) if !stage.turns.is_closed() => intended = since,
                _ => break,
            }
        }
    }
}

async fn ask<'a>(
    connection: &'a mut Option<Connection>,
    target: Target,
    from: Option<std::net::SocketAddr>,
    request: &RequestText,
    limit: Duration,
) -> Result<crate::load::Answer<'a>, LoadFailure> {
    let late = |_| LoadFailure::Overdue { limit };
    if connection.is_none() {
        let opened = tokio::time::timeout(CONNECT_MAX, Connection::open(target, from)).await;
        *connection = Some(opened.map_err(late)??);
    }
    let Some(open) = connection else { return Err(LoadFailure::Overdue { limit: CONNECT_MAX }) };
    tokio::time::timeout(limit, open.ask(request)).await.map_err(late)?
}

/// Takes a sample a second until everybody has left, or time is up.
async fn sample_until_over(stage: &Stage, evening: &EveningPlan, limit: Duration, audience: &mut dyn FnMut(&Progress)) {
    let mut sampled_at = None;
    loop {
        let now = stage.elapsed();
        let over = stage.over.get() || now >= limit;
        if over || sampled_at.is_none_or(|at| now >= at + SAMPLE_EVERY) {
            sampled_at = Some(now);
            let server = figures(evening.metrics).await;
            let line = line_figures(&stage.scene, evening.target).await;
            let lights = lights(&stage.scene, evening.target).await;
            {
                let mut people = stage.people.borrow_mut();
                people.recorder.sample(now, server, line);
                if let Some(lights) = lights {
                    people.recorder.saw_lights(now, &lights);
                }
            }
            audience(&stage.progress());
        }
        if over {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the server tells of itself now; `None` if it does not.
async fn figures(metrics: Option<Target>) -> Option<ServerFigures> {
    let mut connection = None;
    let mut request = RequestText::default();
    request.get("/metrics").end();
    let told = ask(&mut connection, metrics?, None, &request, CONNECT_MAX);
    let answer = tokio::time::timeout(CONNECT_MAX, told).await.ok()?.ok()?;
    (answer.status == 200).then(|| ServerFigures::read(&String::from_utf8_lossy(answer.body)))
}

/// What the line tells everyone now; `None` if there is none.
async fn line_figures(scene: &Scene, target: Target) -> Option<LineFigures> {
    let opening = scene.opening.filter(|_| scene.has_line)?.to_string();
    let mut connection = None;
    let mut request = RequestText::default();
    request.get_at(&["/line/", &scene.campaign, "/", &opening, "/now"]).end();
    let told = ask(&mut connection, target, None, &request, CONNECT_MAX);
    let answer = tokio::time::timeout(CONNECT_MAX, told).await.ok()?.ok()?;
    (answer.status == 200).then(|| serde_json::from_slice(answer.body).ok()).flatten()
}

/// The lights of the target's identity providers now; `None` if it has none.
async fn lights(scene: &Scene, target: Target) -> Option<ProvidersTold> {
    if scene.providers.is_empty() {
        return None;
    }
    let mut connection = None;
    let mut request = RequestText::default();
    request.get("/api/v1/providers").end();
    let told = ask(&mut connection, target, None, &request, CONNECT_MAX);
    let answer = tokio::time::timeout(CONNECT_MAX, told).await.ok()?.ok()?;
    (answer.status == 200).then(|| serde_json::from_slice(answer.body).ok()).flatten()
}

/// Plays faults at their times on a thread of its own, and sends what came of them when the last is over.
fn play_faults(began: Instant, faults: Faults) -> Result<Receiver<Vec<FaultPlayed>>, RehearsalFailure> {
    let (done, over) = channel();
    let (mut planned, stagehand) = faults;
    planned.sort_by_key(|(at, _)| *at);
    let Some(mut stagehand) = stagehand.filter(|_| !planned.is_empty()) else {
        let why = "faults are played on a server of the rehearsal's own only".to_owned();
        let not_played = |(at, fault): (Duration, PlannedFault)| FaultPlayed {
            kind: fault.kind,
            at_ms: micros(at) / 1_000,
            outcome: Err(why.clone()),
        };
        // The receiver is still here: we hold it.
        let _ = done.send(planned.into_iter().map(not_played).collect());
        return Ok(over);
    };
    let play = move || {
        let mut played = Vec::new();
        let (alarm, never) = channel::<()>();
        for (at, fault) in planned {
            let wait = (began + at).saturating_duration_since(stopwatch::now());
            // Nobody sends: this waits, and nothing else.
            let _ = never.recv_timeout(wait);
            let at_ms = micros(stopwatch::now().saturating_duration_since(began)) / 1_000;
            played.push(FaultPlayed { kind: fault.kind, at_ms, outcome: stagehand.play(fault) });
        }
        drop(alarm);
        // Who waited for it may have given up.
        let _ = done.send(played);
    };
    std::thread::Builder::new().name("stagehand".to_owned()).spawn(play).map_err(RehearsalFailure::Threads)?;
    Ok(over)
}

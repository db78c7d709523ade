//! One evening before the door, played on the domain's own line, door and controller: citizens who sign in, poll when told,
//! give up, come late, come back; a service that is quick or slow. It keeps its own account of who waits, is called and is
//! inside, and checks the laws at every step. Pure function of its scenario.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use charye_domain::ids::Person;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{
    AdmissionController, Calls, Door, Lane, Measured, PauseReason, Terms, Turn,
};
use charye_domain::waiting_room::line::{Line, Stage};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::wait_estimate::{
    Crowd, Estimate, Promise, PromiseScore, Speed, WaitRange, estimate, next_poll_ms,
};

pub(crate) const OPENS: UnixMillis = UnixMillis(1_628_506_800_000);
const STEP_MS: i64 = 100;

/// Small, fast, the same everywhere: splitmix64.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }

    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).cast_unsigned()).cast_signed()
    }

    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }
}

/// What happens on an evening.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) terms: Terms,
    pub(crate) drawn: u32,
    /// Later arrivals: people, over this many seconds, with a tenth of that time in which they come ten times as fast.
    pub(crate) late: u32,
    pub(crate) late_secs: i64,
    /// Longest sign-in. Unit: seconds.
    pub(crate) sign_in_max_secs: i64,
    /// People who stop asking while they wait.
    pub(crate) gone_percent: u32,
    /// Of those, how many all come back at the same moment.
    pub(crate) mass_return: Option<(i64, u32)>,
    pub(crate) visit_secs: std::ops::RangeInclusive<i64>,
    /// Visits that end without a reservation, at the citizen's end and by a fault of ours.
    pub(crate) again_percent: u32,
    pub(crate) fault_percent: u32,
    /// When the cap is cut to half. Unit: seconds.
    pub(crate) cap_cut_at: Option<i64>,
    pub(crate) pause: Option<(i64, i64)>,
    /// When measurements fail for ten seconds, and when the service is slow for ten.
    pub(crate) blind_at: Option<i64>,
    pub(crate) slow_at: Option<i64>,
    pub(crate) agents: bool,
    pub(crate) ends_secs: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Happening {
    SignedIn,
    Poll,
    VisitEnds,
    AgentCalls,
    AgentDone,
}

#[derive(Clone)]
struct Citizen {
    began: UnixMillis,
    gives_up: bool,
    returns_at: Option<UnixMillis>,
    polls: u32,
    first_range: Option<(UnixMillis, WaitRange)>,
    visits: u32,
    done: bool,
}

/// One first range and what came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) range: WaitRange,
    pub(crate) waited_secs: f64,
}

pub(crate) struct World {
    pub(crate) scenario: Scenario,
    chance: Chance,
    pub(crate) now: UnixMillis,
    pub(crate) line: Line,
    pub(crate) door: Door,
    controller: AdmissionController,
    pub(crate) speed: Speed,
    citizens: Vec<Citizen>,
    happenings: BinaryHeap<Reverse<(UnixMillis, Happening, u32)>>,
    /// The world's own account.
    waiting: BTreeSet<(Place, u32)>,
    called: BTreeMap<u32, UnixMillis>,
    inside: BTreeSet<u32>,
    agents_inside: u32,
    polled: BTreeSet<u32>,
    /// Counted for the tests.
    pub(crate) starts: Vec<UnixMillis>,
    pub(crate) line_entries: u64,
    pub(crate) returner_calls_while_others_wait: u64,
    pub(crate) told_to_wait_although_overtaken: u64,
    pub(crate) let_in_past_a_lower_place: u64,
    pub(crate) occupied_max: u32,
    pub(crate) score: PromiseScore,
    pub(crate) told: Vec<Told>,
}

impl World {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let mut chance = Chance(scenario.seed);
        let mut line = Line::new(22 * 3_600_000, 0, scenario.drawn + scenario.late);
        let mut citizens = Vec::new();
        let mut happenings = BinaryHeap::new();
        let returns_at = |chance: &mut Chance, gives_up: bool| {
            let (at, percent) = scenario.mass_return?;
            (gives_up && chance.percent(percent)).then(|| OPENS.plus_millis(at * 1_000))
        };
        let mut waiting = BTreeSet::new();
        for person in 0..scenario.drawn {
            let gives_up = chance.percent(scenario.gone_percent);
            let returns_at = returns_at(&mut chance, gives_up);
            line.enrol(Person(person)).unwrap();
            let place = Place(chance.bits() >> 1);
            line.place_drawn(Person(person), place);
            waiting.insert((place, person));
            citizens.push(Citizen::new(OPENS, gives_up, returns_at));
            happenings.push(Reverse((OPENS.plus_millis(chance.between(0, 3_000)), Happening::Poll, person)));
        }
        for person in scenario.drawn..scenario.drawn + scenario.late {
            // Half of them within a tenth of the time: about ten times as many a second.
            let rush = scenario.late_secs * 1_000 / 10;
            let began = if chance.percent(53) {
                3 * rush + chance.between(0, rush)
            } else {
                chance.between(0, scenario.late_secs * 1_000)
            };
            let took = if chance.percent(90) {
                chance.between(500, 15_000).min(scenario.sign_in_max_secs * 1_000)
            } else {
                chance.between(500, scenario.sign_in_max_secs * 1_000)
            };
            let gives_up = chance.percent(scenario.gone_percent);
            let returns_at = returns_at(&mut chance, gives_up);
            citizens.push(Citizen::new(OPENS.plus_millis(began), gives_up, returns_at));
            happenings.push(Reverse((OPENS.plus_millis(began + took), Happening::SignedIn, person)));
        }
        for (person, citizen) in citizens.iter().enumerate() {
            if let Some(at) = citizen.returns_at {
                happenings.push(Reverse((at.max(citizen.began.plus_secs(700)), Happening::Poll, person as u32)));
            }
        }
        if scenario.agents {
            happenings.push(Reverse((OPENS, Happening::AgentCalls, 0)));
        }
        Self {
            door: Door::new(scenario.terms),
            chance,
            now: OPENS,
            line,
            controller: AdmissionController::default(),
            speed: Speed::new(),
            citizens,
            happenings,
            waiting,
            called: BTreeMap::new(),
            inside: BTreeSet::new(),
            agents_inside: 0,
            polled: BTreeSet::new(),
            starts: Vec::new(),
            line_entries: 0,
            returner_calls_while_others_wait: 0,
            told_to_wait_although_overtaken: 0,
            let_in_past_a_lower_place: 0,
            occupied_max: 0,
            score: PromiseScore::default(),
            told: Vec::new(),
            scenario,
        }
    }

    /// Plays the whole evening.
    pub(crate) fn play(&mut self) {
        let ends = OPENS.plus_millis(self.scenario.ends_secs * 1_000);
        while self.now < ends {
            while let Some(Reverse((at, happening, person))) = self.happenings.peek().copied() {
                if at > self.now {
                    break;
                }
                self.happenings.pop();
                self.happen(happening, person);
            }
            self.steer();
            self.step();
            self.now = self.now.plus_millis(STEP_MS);
            if self.now.0 % 10_000 == 0 && self.is_over() {
                break;
            }
        }
    }

    /// Everybody who kept asking has been in, and nobody is left before or behind the door.
    fn is_over(&self) -> bool {
        self.forgotten() == 0 && self.waiting.is_empty() && self.inside.is_empty()
    }

    /// People who keep asking and were never let in.
    pub(crate) fn forgotten(&self) -> usize {
        self.citizens.iter().filter(|citizen| !citizen.gives_up && citizen.visits == 0).count()
    }

    fn happen(&mut self, happening: Happening, person: u32) {
        match happening {
            Happening::SignedIn => self.sign_in(person),
            Happening::Poll => self.poll(person),
            Happening::VisitEnds => self.end_visit(person),
            Happening::AgentCalls => {
                let before = self.door.occupied(self.now);
                if self.door.agent_enters(self.now).is_ok() {
                    self.agents_inside += 1;
                    self.grown(before);
                    let done = self.now.plus_millis(self.chance.between(20_000, 120_000));
                    self.happenings.push(Reverse((done, Happening::AgentDone, 0)));
                }
                let next = self.now.plus_millis(self.chance.between(100, 4_000));
                self.happenings.push(Reverse((next, Happening::AgentCalls, 0)));
            }
            Happening::AgentDone => {
                self.agents_inside -= 1;
                self.door.agent_visit_ended();
            }
        }
    }

    fn sign_in(&mut self, person: u32) {
        let place = Place::after_opening(OPENS, self.citizens[person as usize].began, self.now);
        if self.line.would_be_overtaken(Person(person), place) {
            self.controller.note_overtaken(self.now);
        }
        let standing = self.line.arrive(Person(person), place).unwrap();
        assert_eq!(standing.place, Some(place), "{:?}", self.scenario);
        // Other devices, later: the same place.
        let again = self.line.arrive(Person(person), Place::after_opening(OPENS, self.now, self.now)).unwrap();
        assert_eq!(again, standing, "{:?}", self.scenario);
        self.waiting.insert((place, person));
        self.call(Calls { overtaken: 1, ..Calls::default() });
        self.poll(person);
    }

    fn poll(&mut self, person: u32) {
        let citizen = &self.citizens[person as usize];
        if citizen.done || self.inside.contains(&person) {
            return;
        }
        let silent = citizen.gives_up && citizen.returns_at.is_none_or(|at| self.now < at) && citizen.polls >= 2;
        self.citizens[person as usize].polls += 1;
        if silent {
            return;
        }
        let poll_in = match self.door.turn(Person(person), &self.line, self.now) {
            Turn::Come { .. } => {
                self.enter(person);
                return;
            }
            Turn::Wait { ahead } => {
                let standing = self.line.standing(Person(person)).unwrap();
                let overtaken = standing.place < Some(self.line.now_serving());
                self.told_to_wait_although_overtaken += u64::from(overtaken);
                self.polled.insert(person);
                self.tell(person, ahead)
            }
            Turn::Missed { .. } => {
                self.door.come_back(Person(person), &self.line, self.now).unwrap();
                3_000
            }
            Turn::Enrolled | Turn::NoPlace => panic!("{person} has signed in: {:?}", self.scenario),
        };
        self.happenings.push(Reverse((self.now.plus_millis(i64::from(poll_in)), Happening::Poll, person)));
    }

    fn tell(&mut self, person: u32, ahead: u32) -> u32 {
        let estimated = estimate(ahead, &self.speed, self.scenario.terms.fastest_per_sec());
        let citizen = &mut self.citizens[person as usize];
        if let (Estimate::Range(range), None) = (estimated, citizen.first_range) {
            citizen.first_range = Some((self.now, range));
            let promise = Promise::new(range, self.now, OPENS, self.door.terms_number());
            self.line.promise(Person(person), promise);
        }
        let fastest = self.scenario.terms.fastest_per_sec();
        let people_per_sec = self.speed.measured().map_or(fastest, |measured| measured.people_per_sec);
        let soonest_secs = (f64::from(ahead) / fastest.max(1.0)) as u32;
        let crowd = Crowd { waiting: self.line.waiting().total(), people_per_sec, soonest_secs };
        next_poll_ms(estimated, crowd, self.chance.bits() as u16)
    }

    fn enter(&mut self, person: u32) {
        let (called_at, lane) = self.door.enter(Person(person), self.now).unwrap();
        assert!(self.called.remove(&person).is_some_and(|until| self.now < until), "{:?}", self.scenario);
        self.controller.note_came(called_at);
        let place = self.line.standing(Person(person)).unwrap().place.unwrap();
        if lane == Lane::Line {
            self.line_entries += 1;
            let lower = self.waiting.range(..(place, 0)).next();
            self.let_in_past_a_lower_place += u64::from(lower.is_some_and(|(_, other)| self.polled.contains(other)));
        }
        self.inside.insert(person);
        self.citizens[person as usize].visits += 1;
        self.starts.push(self.now);
        let (low, high) = self.scenario.visit_secs.clone().into_inner();
        let ends = self.now.plus_millis(self.chance.between(low * 1_000, high * 1_000));
        self.happenings.push(Reverse((ends, Happening::VisitEnds, person)));
    }

    fn end_visit(&mut self, person: u32) {
        self.inside.remove(&person);
        self.door.visit_ended();
        let place = self.line.standing(Person(person)).unwrap().place.unwrap();
        if self.chance.percent(self.scenario.fault_percent) {
            self.line.put_back(Person(person));
            self.waiting.insert((place, person));
            self.call(Calls { overtaken: 1, ..Calls::default() });
            self.poll(person);
        } else if self.chance.percent(self.scenario.again_percent) && self.citizens[person as usize].visits < 3 {
            self.line.leave(Person(person));
            let tail = Place::after_opening(OPENS, self.now, self.now);
            let standing = self.line.arrive(Person(person), tail).unwrap();
            assert_eq!(standing.place, Some(tail), "{:?}", self.scenario);
            self.waiting.insert((tail, person));
            self.poll(person);
        } else {
            self.line.leave(Person(person));
            self.citizens[person as usize].done = true;
        }
    }

    fn steer(&mut self) {
        let secs = self.now.millis_since(OPENS);
        let at = |second: Option<i64>| second.is_some_and(|second| second * 1_000 == secs);
        if at(self.scenario.cap_cut_at) {
            let terms = *self.door.terms();
            self.door.change_terms(terms.with_hard_cap(terms.hard_cap() / 2));
            self.speed.terms_changed();
        }
        if at(self.scenario.pause.map(|(from, _)| from)) {
            self.door.pause(PauseReason::Operator);
            self.speed.pause();
        }
        if at(self.scenario.pause.map(|(_, to)| to)) {
            self.door.resume();
            self.speed.resume();
        }
    }

    fn step(&mut self) {
        let secs = self.now.millis_since(OPENS) / 1_000;
        let during = |from: Option<i64>| from.is_some_and(|from| (from..from + 10).contains(&secs));
        let queued_ms_p99 = if during(self.scenario.slow_at) { 400 } else { 5 };
        let measured = Measured {
            at: self.now,
            commit_ms_p99: 4,
            queued_ms_p99,
            inside_queued_ms_p99: queued_ms_p99,
            inside_turned_away: 0,
        };
        let measured = (!during(self.scenario.blind_at)).then_some(measured);
        let calls = self.controller.decide(&self.door, &self.line, measured, self.now);
        let passed = calls.map_or(0, |calls| self.call(calls));
        if self.line.waiting().total() > 0 || passed > 0 {
            self.speed.note_passed(passed, self.now);
        }
        // Who was overtaken waits only while the house is full, or closed.
        let may_call = self.door.paused().is_none() && self.door.seats_free(self.now) > 0;
        assert!(!(may_call && self.line.overtaken_waiting()), "{:?}", self.scenario);
        self.called.retain(|_, until| self.now < *until);
        let occupied = self.door.occupied(self.now);
        assert_eq!(
            occupied as usize,
            self.called.len() + self.inside.len() + self.agents_inside as usize,
            "the door counts otherwise than the world: {:?}",
            self.scenario
        );
        assert_eq!(self.line.waiting().total() as usize, self.waiting.len(), "{:?}", self.scenario);
    }

    /// Calls, checks the laws of calling, and says how many of the line were passed.
    fn call(&mut self, calls: Calls) -> u32 {
        let before = self.door.occupied(self.now);
        let now_serving = self.line.now_serving();
        let others_wait = self.line.waiting().total() > 0;
        let called = self.door.call(calls, &mut self.line, self.now);
        assert!(called.now_serving >= now_serving, "now-serving went back: {:?}", self.scenario);
        assert!(called.people.len() as u32 <= calls.total(), "{:?}", self.scenario);
        let mut passed = 0;
        for (person, lane) in &called.people {
            let standing = self.line.standing(*person).unwrap();
            assert_eq!(standing.stage, Stage::Called);
            let Turn::Come { until } = self.door.turn(*person, &self.line, self.now) else {
                panic!("{person} was called and may not come: {:?}", self.scenario)
            };
            self.called.insert(person.0, until);
            self.polled.remove(&person.0);
            match lane {
                Lane::Returners => self.returner_calls_while_others_wait += u64::from(others_wait),
                Lane::Line => {
                    passed += 1;
                    let place = standing.place.unwrap();
                    assert!(self.waiting.remove(&(place, person.0)), "{:?}", self.scenario);
                    let first = self.waiting.first();
                    assert!(
                        first.is_none_or(|(lower, _)| *lower >= place),
                        "{person} at {place:?} was called before {first:?}: {:?}",
                        self.scenario
                    );
                    self.judge(person.0, standing.promise);
                }
            }
        }
        self.controller.note_called(called.people.len() as u32, self.now);
        self.grown(before);
        passed
    }

    fn judge(&mut self, person: u32, promise: Promise) {
        let Some(verdict) = promise.judge(self.now, OPENS, self.door.terms_number()) else { return };
        self.score.count(verdict);
        if let Some((told_at, range)) = self.citizens[person as usize].first_range {
            let waited_secs = self.now.millis_since(told_at) as f64 / 1_000.0;
            self.told.push(Told { range, waited_secs });
        }
    }

    /// The hard cap: occupation never grows past it.
    fn grown(&mut self, before: u32) {
        let after = self.door.occupied(self.now);
        let cap = self.door.terms().hard_cap();
        assert!(after <= before || after <= cap, "{after} of {cap} seats taken: {:?}", self.scenario);
        self.occupied_max = self.occupied_max.max(after);
    }
}

impl Citizen {
    fn new(began: UnixMillis, gives_up: bool, returns_at: Option<UnixMillis>) -> Self {
        Self { began, gives_up, returns_at, polls: 0, first_range: None, visits: 0, done: false }
    }
}

//! Room: simulator/surge. Plays one evening: keeps the agenda, carries out what people wish for, tells them what came of it,
//! and lets incidents happen. One thread, one order of things.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Channel, Outcome};
use charye_domain::ids::{CitizenKey, KeyId, Person};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_engine::fakes::NextAppend;
use charye_engine::ports::RecordedBatch;
use charye_engine::sequencer::Turned;
use charye_engine::waiting_room::LineNow;
use charye_engine::{EngineSettings, by_system};

use crate::chance::Chance;
use crate::checkers;
use crate::country::{CAMPAIGN, CountryFailure, OPENING, OPENS};
use crate::errands::Errands;
use crate::surge::citizen::{Citizen, Inside as Manner, Stage};
use crate::surge::history::History;
use crate::surge::scenario::Scenario;
use crate::surge::told::Told;
use crate::world::{World, WorldFailure};

/// The engine looks at its clock at least so often while anyone waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The lines' attendant looks so often.
const ATTEND_EVERY: Duration = Duration::from_millis(250);
/// People begin to enrol so long before the opening. Unit: seconds.
const ENROL_SECS: u64 = 1_500;
/// A line that has stood still for want of places for so long, with nobody inside, ends the evening. Unit: milliseconds.
const NOTHING_LEFT_MS: i64 = 420_000;
/// People who call the call centre.
const CALLERS: u32 = 400;

/// Why an evening could not be played. Broken laws are not here: they are in the history.
#[derive(Debug, thiserror::Error)]
pub enum SurgeFailure {
    #[error("could not set the stage")]
    Country(#[from] CountryFailure),
    #[error(transparent)]
    World(#[from] WorldFailure),
}

/// What became of an evening.
#[derive(Debug)]
pub struct Played {
    pub seed: u64,
    pub people: u32,
    pub history: History,
    /// Entries and rows of the journal.
    pub entries: u64,
    pub rows: u64,
    pub process_starts: u32,
    pub simulated_secs: u64,
}

/// Plays an evening to its end, and examines what it left behind.
///
/// # Errors
/// The world broke, not a law: the engine did not start again, or a simulated operator was refused.
pub fn play(scenario: &Scenario) -> Result<Played, SurgeFailure> {
    let mut surge = Surge::prepare(scenario)?;
    surge.run()?;
    surge.finish()
}

/// What the agenda holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    Act { who: usize, act: u32 },
    OtherDevice { who: usize },
    MassReturn,
    AgentCalls,
    AgentDone { caller: Person, generation: u32 },
    Incident(usize),
    Starts,
}

/// An evening being played.
pub(super) struct Surge<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) chance: Chance,
    pub(super) world: World,
    pub(super) errands: Errands<Told>,
    pub(super) citizens: Vec<Citizen>,
    pub(super) callers: Vec<Person>,
    pub(super) agenda: BinaryHeap<Reverse<(UnixMillis, u64, Happening)>>,
    pub(super) agenda_number: u64,
    pub(super) history: History,
    pub(super) turned_at: Duration,
    pub(super) attended_at: Duration,
    /// Numbers of incidents whose order is not acknowledged yet.
    pub(super) orders_under_way: BTreeSet<usize>,
    pub(super) attendant_asked: bool,
    pub(super) crash_after: Option<Duration>,
    /// Down time after the failure of an append that has been arranged.
    pub(super) down_after_failure: Duration,
    pub(super) nothing_left_since: Option<UnixMillis>,
}

impl<'a> Surge<'a> {
    fn prepare(scenario: &'a Scenario) -> Result<Self, SurgeFailure> {
        let mut chance = Chance::new(scenario.seed);
        let begins = earlier(OPENS, (ENROL_SECS + 4_500) * 1_000);
        let settings = EngineSettings { snapshot_every_entries: 5_000, ..EngineSettings::default() };
        let mut world = World::new(begins, chance.bits(), settings);
        world.start()?;
        scenario.country.settle_in(&mut world)?;
        let mut surge = Self {
            scenario,
            chance,
            world,
            errands: Errands::default(),
            citizens: Vec::new(),
            callers: Vec::new(),
            agenda: BinaryHeap::new(),
            agenda_number: 0,
            history: History::default(),
            turned_at: Duration::ZERO,
            attended_at: Duration::ZERO,
            orders_under_way: BTreeSet::new(),
            attendant_asked: false,
            crash_after: None,
            down_after_failure: Duration::from_secs(1),
            nothing_left_since: None,
        };
        surge.invite()?;
        Ok(surge)
    }

    /// Everybody's first act, and everything that will happen.
    fn invite(&mut self) -> Result<(), SurgeFailure> {
        let scenario = self.scenario;
        for number in 0..scenario.people() {
            let (person, key) = self.register(number)?;
            let mut chance = self.chance.apart();
            let (began, arrives) = if number < scenario.drawn {
                let began = earlier(OPENS, chance.within(&(2_000..=ENROL_SECS * 1_000)));
                (began, later(began, 1_000))
            } else {
                let began = later(OPENS, late_ms(scenario, &mut chance));
                (began, later(began, sign_in_ms(scenario, &mut chance)))
            };
            self.citizens.push(Citizen::new(person, key, began, scenario, &mut chance));
            self.schedule(arrives, Happening::Act { who: number as usize, act: 0 });
        }
        if let Some((at_secs, _)) = scenario.mass_return {
            self.schedule(later(OPENS, at_secs * 1_000), Happening::MassReturn);
        }
        if scenario.agents {
            for number in 0..CALLERS {
                let (person, _) = self.register(1_000_000 + number)?;
                self.callers.push(person);
            }
            self.schedule(OPENS, Happening::AgentCalls);
        }
        for (number, (at_ms, _)) in scenario.incidents.iter().enumerate() {
            self.schedule(later(OPENS, *at_ms), Happening::Incident(number));
        }
        Ok(())
    }

    fn register(&mut self, number: u32) -> Result<(Person, CitizenKey), SurgeFailure> {
        let key = CitizenKey((u128::from(self.chance.bits()) << 64 | u128::from(number)).to_le_bytes());
        let action = Action::RegisterCitizen { key_id: KeyId(1), key, former: [].into() };
        match self.world.command("register a citizen", by_system(Channel::Page), action)?.value {
            Outcome::Registered { person } => Ok((person, key)),
            _ => Err(WorldFailure::Restless.into()),
        }
    }

    pub(super) fn now(&self) -> UnixMillis {
        self.world.now()
    }

    pub(super) fn schedule(&mut self, at: UnixMillis, happening: Happening) {
        self.agenda_number += 1;
        self.agenda.push(Reverse((at, self.agenda_number, happening)));
    }

    /// The next act of somebody, so many milliseconds from now; whatever was planned before is void.
    pub(super) fn act_in(&mut self, who: usize, millis: u64) {
        self.citizens[who].act += 1;
        let act = self.citizens[who].act;
        let at = later(self.now(), millis.max(1));
        self.schedule(at, Happening::Act { who, act });
    }

    fn run(&mut self) -> Result<(), SurgeFailure> {
        let ends = later(OPENS, self.scenario.ends_secs * 1_000);
        let mut looked_at = self.now();
        while self.now() < ends {
            let now = self.now();
            if now.millis_since(looked_at) >= 1_000 {
                looked_at = now;
                if self.is_over() {
                    break;
                }
            }
            while let Some(Reverse((at, _, happening))) = self.agenda.peek().copied().filter(|next| next.0.0 <= now) {
                debug_assert!(at <= now);
                self.agenda.pop();
                self.happen(happening)?;
            }
            self.hear_all();
            if let Some(down) = self.crash_after.take() {
                self.go_down(down);
            }
            let due = self.world.clock_monotonic().saturating_sub(self.turned_at) >= LOOK_EVERY;
            let asks = self.world.engine().is_some() && (due || !self.errands.is_empty());
            if asks && self.turn()? {
                continue;
            }
            self.advance();
        }
        Ok(())
    }

    /// One turn and what follows from it. Returns whether there may be more to do at once.
    fn turn(&mut self) -> Result<bool, SurgeFailure> {
        let turned = self.world.turn();
        self.turned_at = self.world.clock_monotonic();
        self.hear_all();
        match turned {
            Turned::Ended => {
                self.go_down(self.down_after_failure);
                return Ok(false);
            }
            Turned::Worked { .. } | Turned::Idle => {}
        }
        let attendant_asked = self.attend();
        if let Some(line) = self.line() {
            self.history.watch(&line);
            let nothing_left = line.paused == Some(PauseReason::NothingLeft);
            self.nothing_left_since = nothing_left.then(|| self.nothing_left_since.unwrap_or(line.at));
        }
        Ok(attendant_asked || matches!(turned, Turned::Worked { questions } if questions > 0))
    }

    /// The lines' attendant looks four times a second, and at once after a step.
    fn attend(&mut self) -> bool {
        let monotonic = self.world.clock_monotonic();
        let is_due = monotonic.saturating_sub(self.attended_at) >= ATTEND_EVERY;
        if !(is_due || self.attendant_asked) {
            return false;
        }
        self.attended_at = monotonic;
        self.attendant_asked = self.world.attend_lines();
        self.attendant_asked
    }

    /// Lets time pass until something is to be done.
    fn advance(&mut self) {
        let now = self.now();
        let next_look = (self.turned_at + LOOK_EVERY).saturating_sub(self.world.clock_monotonic());
        let next_look = if self.world.engine().is_some() { next_look } else { LOOK_EVERY };
        let next_act = self.agenda.peek().map(|Reverse((at, ..))| {
            Duration::from_millis(u64::try_from(at.millis_since(now)).unwrap_or(0)).max(Duration::from_micros(1))
        });
        self.world.clock.pass(next_act.map_or(next_look, |act| act.min(next_look)).max(Duration::from_micros(1)));
    }

    /// Nobody who keeps asking is left before or behind the door, and nothing more will happen to the machines.
    fn is_over(&self) -> bool {
        let gave_up = self.nothing_left_since.is_some_and(|since| self.now().millis_since(since) > NOTHING_LEFT_MS);
        let after_opening = self.now() > later(OPENS, 120_000);
        let waits = |citizen: &Citizen| match citizen.stage {
            Stage::SigningIn | Stage::InLine(_) | Stage::Called => {
                citizen.temper.gone_after_polls.is_none() && !gave_up
            }
            Stage::Inside { .. } | Stage::Holding { .. } => citizen.temper.inside != Manner::Vanishes,
            Stage::Reserved { .. } => citizen.temper.cancels,
            Stage::Done => false,
        };
        let incidents_to_come = self.agenda.iter().any(|Reverse((_, _, happening))| {
            matches!(happening, Happening::Incident(_) | Happening::MassReturn | Happening::Starts)
        });
        after_opening && self.errands.is_empty() && !incidents_to_come && !self.citizens.iter().any(waits)
    }

    pub(super) fn line(&self) -> Option<Arc<LineNow>> {
        self.world.engine()?.lines().get(CAMPAIGN, OPENING).cloned()
    }

    fn happen(&mut self, happening: Happening) -> Result<(), SurgeFailure> {
        match happening {
            Happening::Act { who, act } if self.citizens[who].act == act => self.act(who),
            Happening::Act { .. } => {}
            Happening::OtherDevice { who } => self.ask_from_other_device(who),
            Happening::MassReturn => self.return_in_mass(),
            Happening::AgentCalls => self.agent_calls(),
            Happening::AgentDone { caller, generation } => self.agent_is_done(caller, generation),
            Happening::Incident(number) => self.have_incident(number)?,
            Happening::Starts => {
                self.world.start()?;
                self.turned_at = Duration::ZERO;
                self.attendant_asked = false;
                self.history.has_restarted = true;
            }
        }
        Ok(())
    }

    /// The evening is over: everything that is open runs out, and what is left behind is examined.
    fn finish(mut self) -> Result<Played, SurgeFailure> {
        let nothing_left = self.nothing_left_since.is_some();
        let window_open = self.line().is_none_or(|line| self.now() < line.closes_at);
        let forgotten = self.citizens.iter().filter(|citizen| citizen.still_waits()).count();
        if forgotten > 0 && !nothing_left && window_open {
            self.history.breach("forgotten", || format!("{forgotten} people kept asking and were never let in"));
        }
        self.errands.break_off();
        // The evening may have ended while the process was down, or on its way there.
        if self.world.engine().is_none_or(|engine| engine.health().draining) {
            self.world.start()?;
        }
        // What was arranged to break and had no occasion to shall not break the examination.
        self.world.disk.next_append(NextAppend::Works);
        self.world.disk.set_headroom_bytes(1 << 30);
        let simulated_secs = u64::try_from(self.now().millis_since(OPENS) / 1_000).unwrap_or(0);
        checkers::let_everything_run_out(&mut self.world, &self.scenario.country)?;
        checkers::examine(&mut self.world, &mut self.history)?;
        let rows = self.world.rows();
        Ok(Played {
            seed: self.scenario.seed,
            people: self.scenario.people(),
            history: self.history,
            entries: rows.last().map_or(0, RecordedBatch::last_seq),
            rows: rows.len() as u64,
            process_starts: self.world.starts(),
            simulated_secs,
        })
    }
}

/// Half of the late come within a tenth of the time: ten times as many a second. Milliseconds after the opening.
fn late_ms(scenario: &Scenario, chance: &mut Chance) -> u64 {
    let all_ms = scenario.late_secs * 1_000;
    let rush_ms = all_ms / 10;
    if chance.percent(53) { 3 * rush_ms + chance.below(rush_ms) } else { chance.below(all_ms) }
}

/// One in ten signs in through a slow provider.
fn sign_in_ms(scenario: &Scenario, chance: &mut Chance) -> u64 {
    let slowest = scenario.sign_in_max_secs * 1_000;
    let longest = if chance.percent(90) { slowest.min(15_000) } else { slowest };
    chance.within(&(500..=longest))
}

pub(super) fn later(at: UnixMillis, millis: u64) -> UnixMillis {
    at.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn earlier(at: UnixMillis, millis: u64) -> UnixMillis {
    at.plus_millis(i64::try_from(millis).map_or(i64::MIN, std::ops::Neg::neg))
}

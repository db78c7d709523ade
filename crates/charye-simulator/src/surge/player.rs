//! Room: simulator/surge. Plays one evening: keeps the agenda, carries out what people wish for, tells them what came of it,
//! and lets incidents happen. One thread, one order of things.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{
    Action, Actor, Channel, Command, EndWish, LinePurpose, LineStanding, Operation, Outcome, Provenance, Rejection,
    StaffNumber,
};
use charye_domain::ids::{BlockId, CitizenKey, KeyId, OperationKey, Person, SlotId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::PauseReason;
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::waiting_room::wait_estimate::Estimate;
use charye_engine::fakes::NextAppend;
use charye_engine::operations::look_up_operation;
use charye_engine::ports::RecordedBatch;
use charye_engine::reservation::{PlaceFailure, cancel_reservation, confirm_reservation, hold_places};
use charye_engine::sequencer::Turned;
use charye_engine::waiting_room::{
    Claimed, InLine, LineNow, Polled, SteeringOrder, arrive, claim, draw_key, leave, poll, steer,
};
use charye_engine::{Answered, EngineSettings, Failure, Inside, by_citizen, by_system};

use crate::chance::Chance;
use crate::checkers;
use crate::country::{ADULT, CAMPAIGN, CountryFailure, OPENING, OPENS};
use crate::errands::Errands;
use crate::surge::citizen::{Citizen, FirstRange, Inside as Manner, Keyed, Stage, Stand, Wish};
use crate::surge::history::{Confirmed, History};
use crate::surge::scenario::{Incident, Scenario};
use crate::surge::told::Told;
use crate::world::{OPERATOR, World, WorldFailure};

/// The engine looks at its clock at least so often while anyone waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The lines' attendant looks so often.
const ATTEND_EVERY: Duration = Duration::from_millis(250);
/// People begin to enrol so long before the opening. Unit: seconds.
const ENROL_SECS: u64 = 1_500;
/// A line that has stood still for want of places for so long, with nobody inside, ends the evening. Unit: milliseconds.
const NOTHING_LEFT_MS: i64 = 420_000;
/// Agents of the call centre.
const AGENT: Provenance = Provenance { actor: Actor::Agent(StaffNumber(7)), channel: Channel::Call, reason: 0 };
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Act { who: usize, act: u32 },
    OtherDevice { who: usize },
    MassReturn,
    AgentCalls,
    AgentDone { caller: Person, generation: u32 },
    Incident(usize),
    Starts,
}

struct Surge<'a> {
    scenario: &'a Scenario,
    chance: Chance,
    world: World,
    errands: Errands<Told>,
    citizens: Vec<Citizen>,
    callers: Vec<Person>,
    agenda: BinaryHeap<Reverse<(UnixMillis, u64, Happening)>>,
    agenda_number: u64,
    history: History,
    turned_at: Duration,
    attended_at: Duration,
    /// Numbers of incidents whose order is not acknowledged yet.
    orders_under_way: BTreeSet<usize>,
    attendant_asked: bool,
    crash_after: Option<Duration>,
    /// Down time after the failure of an append that has been arranged.
    down_after_failure: Duration,
    nothing_left_since: Option<UnixMillis>,
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

    fn now(&self) -> UnixMillis {
        self.world.now()
    }

    fn schedule(&mut self, at: UnixMillis, happening: Happening) {
        self.agenda_number += 1;
        self.agenda.push(Reverse((at, self.agenda_number, happening)));
    }

    /// The next act of somebody, so many milliseconds from now; whatever was planned before is void.
    fn act_in(&mut self, who: usize, millis: u64) {
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
            self.history.paused_for_want_of_places |= nothing_left;
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

    fn line(&self) -> Option<Arc<LineNow>> {
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
            }
        }
        Ok(())
    }

    // What people do.

    fn act(&mut self, who: usize) {
        let Some(engine) = self.world.engine().cloned() else {
            let again = self.chance.within(&(3_000..=6_000));
            return self.act_in(who, again);
        };
        let chance = &mut self.chance;
        let citizen = &mut self.citizens[who];
        let wish = citizen.wish(&mut || new_operation(chance));
        let (person, began) = (citizen.person, citizen.began);
        match wish {
            Wish::Nothing => {}
            Wish::Poll(ticket) => self.poll(who, &ticket),
            Wish::Arrive => self.send(who, async move {
                let told = arrive(&engine, person, CAMPAIGN, ADULT, began, LinePurpose::Reserve, Channel::Api).await;
                Told::Arrived { who, told }
            }),
            Wish::Claim => self.send(who, async move {
                Told::Claimed { who, told: claim(&engine, person, CAMPAIGN, ADULT, Channel::Api).await }
            }),
            Wish::Look { generation } => self.look(who, generation),
            Wish::Keyed(keyed, operation) => self.ask_keyed(who, keyed, operation),
            Wish::LookUp(operation) => self.send(who, async move {
                Told::LookedUp { who, operation, told: look_up_operation(&engine, operation.key).await }
            }),
            Wish::SignOut { generation } => self.send(who, async move {
                Told::SignedOut { who, told: leave(&engine, person, CAMPAIGN, generation, Channel::Api).await }
            }),
            Wish::Cancel { reservation } => {
                let by = by_citizen(person, Channel::Api);
                self.send(who, async move {
                    Told::Cancelled { who, told: cancel_reservation(&engine, person, reservation, by, None).await }
                });
            }
        }
    }

    fn send(&mut self, who: usize, errand: impl Future<Output = Told> + 'static) {
        self.citizens[who].under_way = true;
        self.errands.send(errand);
    }

    fn poll(&mut self, who: usize, ticket: &TicketStanding) {
        let (Some(line), Some(engine)) = (self.line(), self.world.engine()) else { return self.act_in(who, 1_000) };
        let now = engine.now();
        self.history.polls += 1;
        let jitter = self.chance.bits() as u16;
        self.take_drawn_place(who, ticket, &line);
        match poll(&line, ticket, now, jitter) {
            Polled::Enrolled { ask_again_ms, .. } | Polled::Drawing { ask_again_ms } => {
                self.act_in(who, u64::from(ask_again_ms));
            }
            Polled::Wait { estimate, ask_again_ms, .. } => {
                if let Some(stand) = self.citizens[who].stand {
                    self.history.told_to_wait(stand, line.seq);
                }
                if let Estimate::Range(range) = estimate {
                    self.history.check_width(range);
                    let terms = self.history.terms;
                    let citizen = &mut self.citizens[who];
                    let is_first = citizen.asks_steadily && citizen.first_range.is_none();
                    if is_first {
                        citizen.first_range = Some(FirstRange { told_at: now, range, terms });
                    }
                }
                self.act_in(who, u64::from(ask_again_ms));
            }
            Polled::Come => {
                if let Some(first) = self.citizens[who].first_range.take() {
                    self.history.was_called(first, now);
                }
                self.citizens[who].stage = Stage::Called;
                let walks = self.chance.within(&(50..=1_500));
                self.act_in(who, walks);
            }
            Polled::Returning { ask_again_ms, .. } => self.act_in(who, u64::from(ask_again_ms)),
            Polled::Over => self.citizens[who].stage = Stage::Done,
        }
    }

    /// Who was drawn learns their place from what is published.
    fn take_drawn_place(&mut self, who: usize, ticket: &TicketStanding, line: &LineNow) {
        let (TicketStanding::Drawn(id), Some(draw)) = (ticket, &line.seed) else { return };
        let place = draw.seed.place(*id);
        self.citizens[who].stand.get_or_insert(Stand { place, since_seq: line.seq });
    }

    fn look(&mut self, who: usize, generation: u32) {
        let Some(slot) = self.free_slot() else {
            let again = self.chance.within(&(500..=2_000));
            return self.act_in(who, again);
        };
        let operation = new_operation(&mut self.chance);
        let keyed = Keyed::Hold { slot, generation };
        self.citizens[who].pending = Some((keyed, operation));
        self.ask_keyed(who, keyed, operation);
    }

    /// A slot that the board shows as free, from a random place on.
    fn free_slot(&mut self) -> Option<SlotId> {
        let availability = Arc::clone(self.world.engine()?).availability();
        let board = availability.board();
        let blocks = board.blocks();
        let first = self.chance.below(u64::from(blocks)) as u32;
        let from_first = (0..blocks).map(|step| BlockId((first + step) % blocks));
        from_first.flat_map(|block| board.slots_of(block)).find(|slot| board.remaining(*slot) > 0)
    }

    fn ask_keyed(&mut self, who: usize, keyed: Keyed, operation: Operation) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let person = self.citizens[who].person;
        let inside =
            move |generation| Inside::citizen(person, CAMPAIGN, generation, ADULT, Channel::Api, Some(operation));
        match keyed {
            Keyed::Hold { slot, generation } => self.send(who, async move {
                let places = charye_domain::book::Places { first: slot, second: None };
                let told = hold_places(&engine, inside(generation), places).await;
                Told::Held { who, slot, operation, generation, told }
            }),
            Keyed::Confirm { hold, generation } => self.send(who, async move {
                let told = confirm_reservation(&engine, inside(generation), hold).await;
                Told::Confirmed { who, operation, told }
            }),
        }
    }

    fn ask_from_other_device(&mut self, who: usize) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let (person, began) = (self.citizens[who].person, self.now());
        if !matches!(self.citizens[who].stage, Stage::InLine(_)) {
            return;
        }
        self.errands.send(async move {
            let told = arrive(&engine, person, CAMPAIGN, ADULT, began, LinePurpose::Reserve, Channel::Page).await;
            Told::OtherDevice { who, told }
        });
    }

    fn return_in_mass(&mut self) {
        let Some((_, percent)) = self.scenario.mass_return else { return };
        for who in 0..self.citizens.len() {
            let returns = self.chance.percent(percent);
            let soon = self.chance.within(&(1..=2_000));
            let citizen = &mut self.citizens[who];
            if returns && citizen.temper.gone_after_polls.is_some() && matches!(citizen.stage, Stage::InLine(_)) {
                citizen.comes_back();
                self.act_in(who, soon);
            }
        }
    }

    fn agent_calls(&mut self) {
        let next = self.chance.within(&(200..=4_000));
        let at = later(self.now(), next);
        if at < later(OPENS, 900_000) {
            self.schedule(at, Happening::AgentCalls);
        }
        let (Some(engine), Some(caller)) = (self.world.engine().cloned(), self.callers.pop()) else { return };
        let action = Action::StartVisit { person: caller, campaign: CAMPAIGN, facts: ADULT };
        self.errands.send(async move {
            let told = engine.command(Command { by: AGENT, operation: None, action }).await;
            Told::AgentEntered { caller, told }
        });
    }

    fn agent_is_done(&mut self, caller: Person, generation: u32) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let wish = EndWish::SignOut;
        let action = Action::EndVisit { person: caller, campaign: CAMPAIGN, generation, wish };
        self.errands.send(async move {
            // The visit may have ended by itself while the engine was down: nothing is left to do then either.
            drop(engine.command(Command { by: AGENT, operation: None, action }).await);
            Told::AgentLeft { caller }
        });
    }

    // What happens to everyone.

    fn have_incident(&mut self, number: usize) -> Result<(), SurgeFailure> {
        let incident = self.scenario.incidents[number].1.clone();
        if self.world.engine().is_none() {
            // The machine is down: operators and disks wait until it runs again.
            let at = later(self.now(), 1_000);
            self.schedule(at, Happening::Incident(number));
            return Ok(());
        }
        match incident {
            Incident::CapCut => {
                if let Some(terms) = self.line().map(|line| line.terms) {
                    let (rate_min_per_min, rate_max_per_min) = terms.rates_per_min();
                    self.steer(
                        number,
                        Steering::Terms { hard_cap: terms.hard_cap() / 2, rate_min_per_min, rate_max_per_min },
                    );
                }
            }
            Incident::Pause => self.steer(number, Steering::Pause(PauseReason::Operator)),
            Incident::Resume => self.steer(number, Steering::Resume),
            Incident::CloseToArrivals => self.steer(number, Steering::CloseToArrivals),
            Incident::ReopenToArrivals => self.steer(number, Steering::ReopenToArrivals),
            Incident::Crash { down } => self.crash_after = Some(down),
            Incident::Restart { down } => {
                if let Some(engine) = self.world.engine() {
                    engine.stop();
                }
                self.down_after_failure = down;
            }
            Incident::AppendFails { how, down } => {
                self.world.disk.next_append(how);
                self.down_after_failure = down;
            }
            Incident::Commits(cost) => self.world.disk.set_cost(cost),
            Incident::DiskFull => self.world.disk.set_headroom_bytes(-1),
            Incident::DiskFree => self.world.disk.set_headroom_bytes(1 << 30),
            Incident::Snapshot => {
                if !self.world.snapshot()? {
                    self.history.breach("I14", || "the journal's replay is another book than the engine's".to_owned());
                }
            }
        }
        Ok(())
    }

    /// An operator gives an order, and gives it again until it is acknowledged: under one key, so that it counts once.
    fn steer(&mut self, incident: usize, steering: Steering) {
        let Some(engine) = self.world.engine().cloned() else { return };
        let order =
            SteeringOrder { campaign: CAMPAIGN, opening: OPENING, steering, note: "simulated".into(), rehearsal: true };
        self.orders_under_way.insert(incident);
        let operation = Operation { key: OperationKey(incident as u128 + 1), request_hash: incident as u64 };
        self.errands.send(async move {
            Told::Steered { incident, told: steer(&engine, order, OPERATOR, Some(operation)).await }
        });
    }

    /// The process is gone. Whoever was on an errand learns nothing, and asks again later.
    fn go_down(&mut self, down: Duration) {
        self.errands.break_off();
        self.world.end();
        let down_ms = u64::try_from(down.as_millis()).unwrap_or(u64::MAX);
        for who in 0..self.citizens.len() {
            if !std::mem::take(&mut self.citizens[who].under_way) {
                continue;
            }
            // Half of them ask what became of it, the others just ask once more.
            let asks_first = self.chance.percent(50);
            let again = down_ms + self.chance.within(&(100..=8_000));
            let citizen = &mut self.citizens[who];
            citizen.outcome_unknown = citizen.pending.is_some() && asks_first;
            self.act_in(who, again);
        }
        let at = later(self.now(), down_ms.max(1));
        self.schedule(at, Happening::Starts);
        for incident in std::mem::take(&mut self.orders_under_way) {
            self.schedule(later(at, 2_000), Happening::Incident(incident));
        }
    }

    // What people hear.

    fn hear_all(&mut self) {
        while let Some(told) = self.errands.next_done() {
            self.hear(told);
        }
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Arrived { who, told } => self.hear_arrived(who, told),
            Told::OtherDevice { who, told } => self.hear_other_device(who, &told),
            Told::Claimed { who, told } => self.hear_claimed(who, told),
            Told::Held { who, slot, operation, generation, told } => {
                self.hear_held(who, (slot, generation), operation, told);
            }
            Told::Confirmed { who, operation, told } => self.hear_confirmed(who, operation, told),
            Told::LookedUp { who, operation, told } => self.hear_looked_up(who, operation, told),
            Told::SignedOut { who, told } => {
                self.citizens[who].under_way = false;
                match told {
                    Ok(_) | Err(Failure::Rejected { .. }) => self.go_outside(who),
                    Err(failure) => self.try_again(who, &failure),
                }
            }
            Told::Cancelled { who, told } => {
                self.citizens[who].under_way = false;
                match told {
                    Ok(_) | Err(Failure::Rejected { .. }) => {
                        self.citizens[who].stage = Stage::Done;
                        self.history.cancelled.push(self.citizens[who].person);
                    }
                    Err(failure) => self.try_again(who, &failure),
                }
            }
            Told::AgentEntered { caller, told } => match told {
                Ok(Answered { value: Outcome::Visiting { generation, .. }, .. }) => {
                    let lasts = self.chance.within(&(20_000..=120_000));
                    let at = later(self.now(), lasts);
                    self.schedule(at, Happening::AgentDone { caller, generation });
                }
                Ok(_) => {}
                Err(failure) => {
                    self.history.say_no(failure.code());
                    self.callers.push(caller);
                }
            },
            Told::AgentLeft { caller } => self.callers.insert(0, caller),
            Told::Steered { incident, told } => {
                self.orders_under_way.remove(&incident);
                if let Err(failure) = told {
                    self.history.say_no(failure.code());
                    let again = later(self.now(), 2_000);
                    self.schedule(again, Happening::Incident(incident));
                }
            }
        }
    }

    /// Busy, or a fault of ours: later. Returns what a rule said, if one did.
    fn try_again(&mut self, who: usize, failure: &Failure) {
        self.history.say_no(failure.code());
        let jitter = self.chance.within(&(0..=2_000));
        match failure {
            Failure::Busy { retry_after, .. } => {
                let after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(1_000);
                self.act_in(who, after_ms + jitter);
            }
            Failure::Fault(fault) => {
                let citizen = &mut self.citizens[who];
                citizen.outcome_unknown = fault.outcome_unknown && citizen.pending.is_some();
                self.act_in(who, 2_000 + jitter);
            }
            Failure::Rejected { .. } => self.act_in(who, 5_000 + jitter),
        }
    }

    fn hear_arrived(&mut self, who: usize, told: Result<Answered<InLine>, Failure>) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { seq, value }) => {
                self.stand_in_line(who, value.standing, seq);
                for _ in 1..self.citizens[who].devices {
                    let at = later(self.now(), self.chance.within(&(100..=60_000)));
                    self.schedule(at, Happening::OtherDevice { who });
                }
            }
            Err(Failure::Rejected { rejection: Rejection::AlreadyReserved, .. }) => {
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure @ Failure::Rejected { rejection: Rejection::Ineligible(_), .. }) => {
                self.history.say_no(failure.code());
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    fn stand_in_line(&mut self, who: usize, standing: LineStanding, seq: u64) {
        let at = self.now();
        let soon = self.chance.within(&(1..=500));
        match standing {
            LineStanding::Enrolled => match self.draw_ticket(who) {
                Some(ticket) => {
                    self.citizens[who].stage = Stage::InLine(ticket);
                    self.act_in(who, soon);
                }
                None => self.act_in(who, 5_000),
            },
            LineStanding::Waiting { place } => {
                let person = self.citizens[who].person;
                match self.citizens[who].stand {
                    Some(stand) => self.history.compare_places(person, stand.place, place),
                    None => self.citizens[who].stand = Some(Stand { place, since_seq: seq }),
                }
                self.citizens[who].stage = Stage::InLine(TicketStanding::Placed { place, issued_at: at });
                self.act_in(who, soon);
            }
            LineStanding::Returning { number } => {
                self.citizens[who].stage = Stage::InLine(TicketStanding::Returning { number, issued_at: at });
                (self.citizens[who].stand, self.citizens[who].first_range) = (None, None);
                self.act_in(who, soon);
            }
            LineStanding::Called { .. } => {
                self.citizens[who].stage = Stage::Called;
                self.act_in(who, soon);
            }
        }
    }

    fn draw_ticket(&self, who: usize) -> Option<TicketStanding> {
        let (line, engine) = (self.line()?, self.world.engine()?);
        let key = draw_key(engine.keys(), line.draw_key?, line.id())?;
        Some(TicketStanding::Drawn(key.draw_id(CAMPAIGN, OPENING, self.citizens[who].key)))
    }

    fn hear_other_device(&mut self, who: usize, told: &Result<Answered<InLine>, Failure>) {
        let person = self.citizens[who].person;
        let Ok(Answered { value: InLine { standing: LineStanding::Waiting { place }, .. }, .. }) = *told else {
            return;
        };
        if let (Some(stand), Stage::InLine(_)) = (self.citizens[who].stand, self.citizens[who].stage) {
            self.history.compare_places(person, stand.place, place);
        }
    }

    fn hear_claimed(&mut self, who: usize, told: Result<Answered<Claimed>, Failure>) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value: Claimed::Inside(visit), .. }) => {
                let was_outside = !matches!(self.citizens[who].stage, Stage::Inside { .. } | Stage::Holding { .. });
                if was_outside {
                    let now = self.now();
                    self.history.starts.push(now);
                }
                self.citizens[who].is_inside(visit.generation);
                self.think(who);
            }
            Ok(Answered { value: Claimed::Returning(InLine { standing, .. }), seq }) => {
                self.history.returners += 1;
                self.stand_in_line(who, standing, seq);
            }
            Err(Failure::Rejected { rejection: Rejection::NotCalled, .. }) => {
                self.history.say_no("not_called");
                // Whoever came late, or lost their way: signing in again finds the same place.
                self.citizens[who].stage = Stage::SigningIn;
                let again = self.chance.within(&(3_000..=4_000));
                self.act_in(who, again);
            }
            Err(Failure::Rejected { rejection: Rejection::AlreadyReserved, .. }) => {
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure @ Failure::Rejected { rejection: Rejection::Ineligible(_), .. }) => {
                self.history.say_no(failure.code());
                self.citizens[who].stage = Stage::Done;
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    fn think(&mut self, who: usize) {
        let secs = self.chance.within(&self.scenario.tempers.think_secs);
        let part = self.chance.below(1_000);
        self.act_in(who, secs * 1_000 + part);
    }

    fn hear_held(
        &mut self,
        who: usize,
        (slot, generation): (SlotId, u32),
        operation: Operation,
        told: Result<Answered<charye_engine::reservation::Held>, PlaceFailure>,
    ) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value, .. }) => {
                let outcome = Outcome::Held { hold: value.hold, expires_at: value.expires_at };
                self.history.answers.push((operation, outcome));
                self.settle(who, outcome, Keyed::Hold { slot, generation });
            }
            Err(PlaceFailure::SoldOut { rejection, recorded, .. }) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(PlaceFailure::Other(Failure::Rejected { rejection, recorded })) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(PlaceFailure::Other(failure)) => self.try_again(who, &failure),
        }
    }

    fn hear_confirmed(
        &mut self,
        who: usize,
        operation: Operation,
        told: Result<Answered<charye_engine::reservation::Reserved>, Failure>,
    ) {
        self.citizens[who].under_way = false;
        match told {
            Ok(Answered { value, .. }) => {
                let outcome = Outcome::Reserved { reservation: value.reservation, number: value.number };
                self.history.answers.push((operation, outcome));
                self.reserved(who, outcome);
            }
            Err(Failure::Rejected { rejection, recorded }) => {
                self.history.say_no(rejection.code());
                self.refused(who, operation, rejection, recorded);
            }
            Err(failure) => self.try_again(who, &failure),
        }
    }

    fn hear_looked_up(&mut self, who: usize, operation: Operation, told: Result<Answered<Option<Outcome>>, Failure>) {
        self.citizens[who].under_way = false;
        match told {
            Err(failure) => self.try_again(who, &failure),
            Ok(Answered { value: None, .. }) => {
                // It never happened: asked once more, under the same key.
                self.citizens[who].outcome_unknown = false;
                self.act_in(who, 100);
            }
            Ok(Answered { value: Some(outcome), .. }) => {
                self.history.settled += 1;
                self.history.answers.push((operation, outcome));
                let pending = self.citizens[who].pending;
                match (outcome, pending) {
                    (Outcome::Refused(rejection), _) => self.refused(who, operation, rejection, false),
                    (_, Some((keyed, _))) => self.settle(who, outcome, keyed),
                    (_, None) => {}
                }
            }
        }
    }

    fn settle(&mut self, who: usize, outcome: Outcome, asked: Keyed) {
        match (outcome, asked) {
            (Outcome::Held { hold, .. }, Keyed::Hold { generation, .. }) => {
                let citizen = &mut self.citizens[who];
                (citizen.pending, citizen.outcome_unknown) = (None, false);
                citizen.stage = Stage::Holding { generation, hold };
                if citizen.dawdles_now() {
                    // Comes back to it when the hold is long gone.
                    let long = u64::from(self.scenario.country.hold_ttl_secs) * 1_000 + 5_000;
                    self.act_in(who, long);
                } else {
                    self.think(who);
                }
            }
            (Outcome::Reserved { .. }, Keyed::Confirm { .. }) => self.reserved(who, outcome),
            (other, asked) => self.history.breach("I4", || format!("{asked:?} was answered {other:?}")),
        }
    }

    fn reserved(&mut self, who: usize, outcome: Outcome) {
        let Outcome::Reserved { reservation, number } = outcome else { return };
        let citizen = &mut self.citizens[who];
        (citizen.pending, citizen.outcome_unknown) = (None, false);
        citizen.stage = Stage::Reserved { reservation };
        self.history.confirmed.push(Confirmed { person: citizen.person, reservation, number });
        if self.citizens[who].temper.cancels {
            let later = self.chance.within(&(20_000..=200_000));
            self.act_in(who, later);
        }
    }

    fn refused(&mut self, who: usize, operation: Operation, rejection: Rejection, recorded: bool) {
        if recorded {
            self.history.answers.push((operation, Outcome::Refused(rejection)));
        }
        let asked = self.citizens[who].pending.take();
        self.citizens[who].outcome_unknown = false;
        let soon = self.chance.within(&(500..=3_000));
        match rejection {
            Rejection::NoVisit | Rejection::VisitMoved => self.go_outside(who),
            Rejection::AlreadyReserved => self.citizens[who].stage = Stage::Done,
            _ => {
                let Some((Keyed::Hold { generation, .. } | Keyed::Confirm { generation, .. }, _)) = asked else {
                    return;
                };
                self.citizens[who].stage = Stage::Inside { generation };
                self.act_in(who, soon);
            }
        }
    }

    fn go_outside(&mut self, who: usize) {
        let now = self.now();
        self.citizens[who].is_outside(now);
        let later = self.chance.within(&(1_000..=10_000));
        self.act_in(who, later);
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
        if self.world.engine().is_none() {
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

fn new_operation(chance: &mut Chance) -> Operation {
    let key = u128::from(chance.bits()) << 64 | u128::from(chance.bits());
    Operation { key: OperationKey(key), request_hash: 7 }
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

fn later(at: UnixMillis, millis: u64) -> UnixMillis {
    at.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

fn earlier(at: UnixMillis, millis: u64) -> UnixMillis {
    at.plus_millis(i64::try_from(millis).map_or(i64::MIN, std::ops::Neg::neg))
}

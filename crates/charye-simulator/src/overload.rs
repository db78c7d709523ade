//! Room: simulator. Far more people than the service can bear, on the real lanes with their real limits: whether those who
//! have got a place in still get their reservation, and as quickly. Time is burnt by the engine itself, as in a rehearsal, on
//! a virtual clock. Called by tests and by `cargo xtask bench surges`. Open loop: who comes does not wait for who is served.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Channel, Outcome, Places};
use charye_domain::ids::{BlockId, CitizenKey, HoldId, KeyId, Person, SlotId};
use charye_engine::reservation::{Held, PlaceFailure, Reserved, confirm_reservation, hold_places};
use charye_engine::sequencer::Turned;
use charye_engine::waiting_room::{Claimed, Visit, claim};
use charye_engine::{Answered, Burn, EngineSettings, Failure, Inside, by_citizen, by_system};

use crate::chance::Chance;
use crate::country::{ADULT, CAMPAIGN, Country, CountryFailure, OPENS};
use crate::disk::WriteCost;
use crate::errands::Errands;
use crate::world::{World, WorldFailure};

/// A clock that is burnt against moves in steps of this.
const TICK: Duration = Duration::from_micros(5);
/// People registered together.
const REGISTERED_TOGETHER: u32 = 2_000;

/// How strong the machine is, and how long each load lasts.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Processor time of one command.
    pub burn: Duration,
    pub sync: Duration,
    /// Measured after a third of it. Simulated time.
    pub lasts: Duration,
    pub seed: u64,
}

/// What was measured under one load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loaded {
    /// Journeys begun a second.
    pub offered_per_sec: f64,
    pub reserved_per_sec: f64,
    /// From asking for the first time to the answer, Busy and asking again included.
    pub confirm_p50: Duration,
    pub confirm_p99: Duration,
    pub busy: u64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum OverloadFailure {
    #[error("could not set the stage")]
    Country(#[from] CountryFailure),
    #[error(transparent)]
    World(#[from] WorldFailure),
    #[error("{doing}: {failure}")]
    Refused { doing: &'static str, failure: String },
    #[error("the people or the places have run out")]
    RanOut,
}

/// Journeys a second that the machine can serve at most: three commands each, and never a sync less than a batch.
pub fn capacity_per_sec(machine: &Machine) -> f64 {
    1.0 / (3.0 * machine.burn.as_secs_f64())
}

/// Offers so many journeys a second, and measures what becomes of them.
///
/// # Errors
/// The stage could not be set, or a rule refused what it must not.
pub fn offer(machine: &Machine, offered_per_sec: f64) -> Result<Loaded, OverloadFailure> {
    let mut load = Load::prepare(machine, offered_per_sec)?;
    load.run()?;
    Ok(load.measured())
}

enum Told {
    Entered { person: Person, told: Result<Answered<Claimed>, Failure> },
    Held { going: Going, told: Result<Answered<Held>, PlaceFailure> },
    Confirmed { going: Going, hold: HoldId, asked_at: Duration, told: Result<Answered<Reserved>, Failure> },
}

/// Somebody inside.
#[derive(Clone, Copy)]
struct Going {
    person: Person,
    generation: u32,
    slot: SlotId,
}

#[derive(Clone, Copy)]
enum Again {
    Hold(Going),
    Confirm(Going, HoldId, Duration),
}

struct Load {
    machine: Machine,
    offered_per_sec: f64,
    chance: Chance,
    world: World,
    errands: Errands<Told>,
    outside: VecDeque<Person>,
    slots: VecDeque<SlotId>,
    again: Vec<(Duration, Again)>,
    began: Duration,
    next_arrival: Duration,
    reserved: u64,
    confirms: Vec<Duration>,
    busy: u64,
}

impl Load {
    fn prepare(machine: &Machine, offered_per_sec: f64) -> Result<Self, OverloadFailure> {
        let settings = EngineSettings::default();
        let mut world = World::new(OPENS.plus_millis(-60_000), machine.seed, settings.clone());
        world.start()?;
        // Everybody who can be served, and everybody whom the lanes can hold.
        let served = (capacity_per_sec(machine) * machine.lasts.as_secs_f64() * 1.5) as u32 + 1_000;
        let waiting: usize = settings.lanes.iter().map(|room| room.waiting_max).sum();
        let people = served + u32::try_from(waiting).unwrap_or(u32::MAX) + 8_192;
        let capacity = u16::try_from(served.div_ceil(8 * 32)).unwrap_or(u16::MAX);
        let country =
            Country { clinics: 8, capacity, open_hours: 6, hold_ttl_secs: 600, visit_max_secs: 1_800, line: None };
        country.settle_in(&mut world)?;
        let outside = register(&mut world, people)?;
        world.clock.pass(Duration::from_secs(61));
        world.settle()?;
        world.settle_board()?;
        let slots = places(&world);
        // The same machine, slowed down: a second start on the same journal.
        world.end();
        world.set_settings(EngineSettings { burn: Burn { command: machine.burn, ..Burn::default() }, ..settings });
        world.set_question_cost(Duration::ZERO);
        world.disk.set_cost(WriteCost { sync: machine.sync, per_entry: Duration::ZERO });
        world.start()?;
        world.set_tick(TICK);
        world.settle()?;
        let began = world.clock_monotonic();
        Ok(Self {
            machine: *machine,
            offered_per_sec,
            chance: Chance::new(machine.seed),
            world,
            errands: Errands::default(),
            outside,
            slots,
            again: Vec::new(),
            began,
            next_arrival: began,
            reserved: 0,
            confirms: Vec::new(),
            busy: 0,
        })
    }

    fn run(&mut self) -> Result<(), OverloadFailure> {
        let ends = self.began + self.machine.lasts;
        while self.world.clock_monotonic() < ends {
            let now = self.world.clock_monotonic();
            self.come(now)?;
            self.ask_again(now)?;
            self.hear_all()?;
            match self.world.turn() {
                Turned::Worked { questions } if questions > 0 => {}
                Turned::Worked { .. } | Turned::Idle => {
                    let until = self.next_arrival.saturating_sub(self.world.clock_monotonic());
                    self.world.clock.pass(until.clamp(TICK, Duration::from_millis(100)));
                }
                Turned::Ended => return Err(WorldFailure::NotRunning("take a turn").into()),
            }
            self.hear_all()?;
        }
        Ok(())
    }

    /// Everybody whose time has come knocks, whether anyone answers or not: exponential gaps.
    fn come(&mut self, now: Duration) -> Result<(), OverloadFailure> {
        while self.next_arrival <= now {
            let uniform = (self.chance.bits() >> 11) as f64 / (1_u64 << 53) as f64;
            let gap_secs = -(1.0 - uniform).ln() / self.offered_per_sec;
            self.next_arrival += Duration::from_secs_f64(gap_secs);
            let person = self.outside.pop_front().ok_or(OverloadFailure::RanOut)?;
            let engine = Arc::clone(self.world.engine().ok_or(WorldFailure::NotRunning("let somebody knock"))?);
            self.errands.send(async move {
                Told::Entered {
                    person,
                    told: claim(&engine, person, CAMPAIGN, ADULT, by_citizen(person, Channel::Api)).await,
                }
            });
        }
        Ok(())
    }

    fn ask_again(&mut self, now: Duration) -> Result<(), OverloadFailure> {
        let (due, later): (Vec<_>, Vec<_>) = self.again.drain(..).partition(|(at, _)| *at <= now);
        self.again = later;
        due.into_iter().try_for_each(|(_, what)| self.ask(what))
    }

    fn ask(&mut self, what: Again) -> Result<(), OverloadFailure> {
        let engine = Arc::clone(self.world.engine().ok_or(WorldFailure::NotRunning("ask"))?);
        let inside = |Going { person, generation, .. }: Going| {
            Inside::citizen(person, CAMPAIGN, generation, ADULT, Channel::Api, None)
        };
        match what {
            Again::Hold(going) => self.errands.send(async move {
                let places = Places { first: going.slot, second: None };
                Told::Held { going, told: hold_places(&engine, inside(going), places).await }
            }),
            Again::Confirm(going, hold, asked_at) => self.errands.send(async move {
                let told = confirm_reservation(&engine, inside(going), hold).await;
                Told::Confirmed { going, hold, asked_at, told }
            }),
        }
        Ok(())
    }

    fn hear_all(&mut self) -> Result<(), OverloadFailure> {
        while let Some(told) = self.errands.next_done() {
            self.hear(told)?;
        }
        Ok(())
    }

    fn hear(&mut self, told: Told) -> Result<(), OverloadFailure> {
        let now = self.world.clock_monotonic();
        match told {
            Told::Entered { person, told: Ok(Answered { value: Claimed::Inside(Visit { generation, .. }), .. }) } => {
                let slot = self.slots.pop_front().ok_or(OverloadFailure::RanOut)?;
                self.ask(Again::Hold(Going { person, generation, slot }))
            }
            Told::Entered { told: Ok(Answered { value: Claimed::Returning(_), .. }), .. } => {
                Err(OverloadFailure::Refused { doing: "let somebody in", failure: "there is no line".to_owned() })
            }
            // Nobody waits at a closed door: whoever comes next may be the same person.
            Told::Entered { person, told: Err(failure) } => {
                self.outside.push_back(person);
                self.busy_for("let somebody in", &failure).map(drop)
            }
            Told::Held { going, told: Ok(Answered { value, .. }) } => self.ask(Again::Confirm(going, value.hold, now)),
            Told::Held { going, told: Err(PlaceFailure::Other(failure)) } => {
                let after = self.busy_for("hold a place", &failure)?;
                self.again.push((now + after, Again::Hold(going)));
                Ok(())
            }
            Told::Held { told: Err(PlaceFailure::SoldOut { .. }), .. } => Err(OverloadFailure::RanOut),
            Told::Confirmed { asked_at, told: Ok(_), .. } => {
                if now.saturating_sub(self.began) > self.machine.lasts / 3 {
                    self.reserved += 1;
                    self.confirms.push(now.saturating_sub(asked_at));
                }
                Ok(())
            }
            Told::Confirmed { going, hold, asked_at, told: Err(failure) } => {
                let after = self.busy_for("confirm", &failure)?;
                self.again.push((now + after, Again::Confirm(going, hold, asked_at)));
                Ok(())
            }
        }
    }

    /// When to ask again; anything but Busy is no part of an overload.
    fn busy_for(&mut self, doing: &'static str, failure: &Failure) -> Result<Duration, OverloadFailure> {
        self.busy += 1;
        match failure {
            Failure::Busy { retry_after, .. } => Ok(*retry_after),
            other => Err(OverloadFailure::Refused { doing, failure: format!("{other:?}") }),
        }
    }

    fn measured(mut self) -> Loaded {
        self.confirms.sort_unstable();
        let at = |part: f64| {
            let rank = (self.confirms.len() as f64 * part) as usize;
            self.confirms.get(rank.min(self.confirms.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        let measured_secs = self.machine.lasts.as_secs_f64() * 2.0 / 3.0;
        Loaded {
            offered_per_sec: self.offered_per_sec,
            reserved_per_sec: self.reserved as f64 / measured_secs,
            confirm_p50: at(0.5),
            confirm_p99: at(0.99),
            busy: self.busy,
        }
    }
}

/// Registers people, many at a time.
fn register(world: &mut World, people: u32) -> Result<VecDeque<Person>, OverloadFailure> {
    let mut registered = VecDeque::new();
    for first in (0..people).step_by(REGISTERED_TOGETHER as usize) {
        let numbers = first..people.min(first + REGISTERED_TOGETHER);
        let engine = Arc::clone(world.engine().ok_or(WorldFailure::NotRunning("register people"))?);
        let mut errands = Errands::default();
        for number in numbers {
            let engine = Arc::clone(&engine);
            let key = CitizenKey(u128::from(number).to_le_bytes());
            let action = Action::RegisterCitizen { key_id: KeyId(1), key, former: [].into() };
            errands.send(async move {
                engine
                    .command(charye_domain::book::Command { by: by_system(Channel::Page), operation: None, action })
                    .await
            });
        }
        drop(engine);
        while !errands.is_empty() {
            while let Some(told) = errands.next_done() {
                if let Ok(Answered { value: Outcome::Registered { person }, .. }) = told {
                    registered.push_back(person);
                }
            }
            world.turn();
        }
    }
    Ok(registered)
}

/// Every place, one by one: whoever comes next is given the next.
fn places(world: &World) -> VecDeque<SlotId> {
    let Some(engine) = world.engine() else { return VecDeque::new() };
    let availability = engine.availability();
    let board = availability.board();
    let slots = (0..board.blocks()).flat_map(|block| board.slots_of(BlockId(block)));
    slots.flat_map(|slot| std::iter::repeat_n(slot, usize::from(board.remaining(slot)))).collect()
}

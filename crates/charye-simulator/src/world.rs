//! Room: simulator. One machine on one thread: the engine with its turns taken by hand, a disk, two clocks, and what is left
//! of all that when the process ends. Called by whoever plays an evening. It must never decide anything the engine decides.

use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Book, Channel, Command, Operation, Outcome, Provenance, Room};
use charye_domain::time::UnixMillis;
use charye_engine::campaign::read_published;
use charye_engine::fakes::{MemoryPeople, MemorySnapshots, SeededRandom, ToyKeys};
use charye_engine::ports::{Clock, RecordedBatch, Snapshots};
use charye_engine::sequencer::{StartFailure, Stepper, Turned};
use charye_engine::{Answered, Engine, EnginePorts, EngineSettings, Failure};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::errands::Errands;
use crate::virtual_clock::VirtualClock;

/// Turns in a row in which the engine finds something to do and nothing more is asked: more than that is a loop.
const TURNS_IN_A_ROW_MAX: u32 = 100_000;

/// The machine.
pub struct World {
    pub clock: VirtualClock,
    pub disk: Disk,
    snapshots: MemorySnapshots,
    people: MemoryPeople,
    settings: EngineSettings,
    /// Seeds of each start's chance.
    chance: Chance,
    /// Deciding one question on the simulated processor, recorded or not.
    question_cost: Duration,
    /// What passes with each look at the clock during a turn.
    tick: Duration,
    running: Option<Running>,
    starts: u32,
}

struct Running {
    engine: Arc<Engine>,
    stepper: Stepper,
}

/// Why the world cannot go on: the simulation, not what it simulates, is at fault.
#[derive(Debug, thiserror::Error)]
pub enum WorldFailure {
    #[error("could not start the engine")]
    Start(#[from] StartFailure),
    #[error("could not {0}: the engine is not running")]
    NotRunning(&'static str),
    #[error("the engine does not come to rest")]
    Restless,
    #[error("could not {doing}: {failure:?}")]
    Refused { doing: &'static str, failure: Failure },
}

impl World {
    /// A machine on which nothing has run yet, at this time.
    pub fn new(now: UnixMillis, seed: u64, settings: EngineSettings) -> Self {
        let clock = VirtualClock::at(now);
        let snapshots = MemorySnapshots::reading(|text, id, version| read_published(text, id, version).ok());
        Self {
            disk: Disk::new(clock.clone()),
            clock,
            snapshots,
            people: MemoryPeople::default(),
            settings,
            chance: Chance::new(seed),
            question_cost: Duration::from_micros(5),
            tick: Duration::ZERO,
            running: None,
            starts: 0,
        }
    }

    /// What deciding one question takes from now on.
    pub fn set_question_cost(&mut self, cost: Duration) {
        self.question_cost = cost;
    }

    /// From now on the clock moves by so much whenever the engine looks at it during a turn: an engine that burns time needs
    /// a clock that moves.
    pub fn set_tick(&mut self, tick: Duration) {
        self.tick = tick;
    }

    /// How the engine runs from its next start on.
    pub fn set_settings(&mut self, settings: EngineSettings) {
        self.settings = settings;
    }

    /// The process begins: the engine reads what the disk holds.
    ///
    /// # Errors
    /// What is on the disk is not a journal that an engine starts from.
    pub fn start(&mut self) -> Result<(), WorldFailure> {
        self.end();
        let ports = EnginePorts {
            journal: self.disk.open(),
            snapshots: Some(Box::new(self.snapshots.clone())),
            projection: None,
            people: Arc::new(self.people.clone()),
            keys: Arc::new(ToyKeys),
            clock: Arc::new(self.clock.clone()),
            random: Arc::new(SeededRandom::new(self.chance.bits())),
            messages: None,
            in_background: Arc::new(|| {}),
        };
        let (engine, stepper) = Engine::start_stepped(ports, self.settings.clone())?;
        self.running = Some(Running { engine: Arc::new(engine), stepper });
        self.starts += 1;
        Ok(())
    }

    /// The process ends between two of its lines: nobody is told anything. Errands that are under way must have been
    /// broken off before; what was queued and not decided is gone.
    pub fn end(&mut self) {
        self.running = None;
    }

    /// The process, while there is one.
    pub fn engine(&self) -> Option<&Arc<Engine>> {
        self.running.as_ref().map(|running| &running.engine)
    }

    /// The time on the wall.
    pub fn now(&self) -> UnixMillis {
        self.clock.wall()
    }

    /// How often a process began.
    pub fn starts(&self) -> u32 {
        self.starts
    }

    /// One turn of the sequencer, and the time it takes. A process whose sequencer has ended is over.
    pub fn turn(&mut self) -> Turned {
        let Some(running) = &mut self.running else { return Turned::Ended };
        self.clock.set_tick(self.tick);
        let turned = running.stepper.turn();
        self.clock.set_tick(Duration::ZERO);
        if let Turned::Worked { questions } = turned {
            self.clock.pass(self.question_cost.saturating_mul(u32::try_from(questions).unwrap_or(u32::MAX)));
        }
        turned
    }

    /// Turns until nothing is left to do at this moment.
    ///
    /// # Errors
    /// The engine has ended, or never comes to rest.
    pub fn settle(&mut self) -> Result<(), WorldFailure> {
        for _ in 0..TURNS_IN_A_ROW_MAX {
            match self.turn() {
                Turned::Idle => return Ok(()),
                Turned::Worked { .. } => {}
                Turned::Ended => return Err(WorldFailure::NotRunning("take a turn")),
            }
        }
        Err(WorldFailure::Restless)
    }

    /// Turns until the board shows what an import brought. Sorting it is the work of a thread of the engine's own, so this
    /// is the one place where the world waits for real time.
    ///
    /// # Errors
    /// As [`World::settle`].
    pub fn settle_board(&mut self) -> Result<(), WorldFailure> {
        for _ in 0..TURNS_IN_A_ROW_MAX {
            self.settle()?;
            if !self.engine().ok_or(WorldFailure::NotRunning("lay out the board"))?.health().board_behind {
                return Ok(());
            }
            std::thread::yield_now();
        }
        Err(WorldFailure::Restless)
    }

    /// Has one use case run to its end while nothing else happens.
    ///
    /// # Errors
    /// The engine is not running, or comes to rest without an answer.
    pub fn wait<T: 'static, F>(&mut self, errand: impl FnOnce(Arc<Engine>) -> F) -> Result<T, WorldFailure>
    where
        F: Future<Output = T> + 'static,
    {
        let engine = self.engine().cloned().ok_or(WorldFailure::NotRunning("run a use case"))?;
        let mut errands = Errands::default();
        errands.send(errand(engine));
        for _ in 0..TURNS_IN_A_ROW_MAX {
            if let Some(told) = errands.next_done() {
                return Ok(told);
            }
            if self.turn() == Turned::Ended {
                return Err(WorldFailure::NotRunning("take a turn"));
            }
        }
        Err(WorldFailure::Restless)
    }

    /// Has a command decided and recorded while nothing else happens.
    ///
    /// # Errors
    /// It was refused, or as [`World::wait`].
    pub fn command(
        &mut self,
        doing: &'static str,
        by: Provenance,
        action: Action,
    ) -> Result<Answered<Outcome>, WorldFailure> {
        let command = Command { by, operation: None::<Operation>, action };
        let told = self.wait(|engine| async move { engine.command(command).await })?;
        told.map_err(|failure| WorldFailure::Refused { doing, failure })
    }

    /// Has a snapshot made beside the engine; `false` if none is kept: book and journal differ, then (law I14).
    ///
    /// # Errors
    /// The engine is not running.
    pub fn snapshot(&mut self) -> Result<bool, WorldFailure> {
        let head = self.engine().ok_or(WorldFailure::NotRunning("make a snapshot"))?.head_seq();
        if self.snapshots.kept().last() == Some(&head) {
            return Ok(true);
        }
        self.engine().ok_or(WorldFailure::NotRunning("make a snapshot"))?.ask_for_snapshot();
        self.settle()?;
        Ok(self.running.as_mut().is_some_and(|running| running.stepper.make_snapshot_if_asked()))
    }

    /// The newest snapshot that fits the journal, and the sequence number that it is as of.
    pub fn newest_snapshot(&self) -> Option<(u64, Book)> {
        let rows = self.rows();
        let mut hash_at = |seq| {
            let row = rows.binary_search_by_key(&seq, RecordedBatch::last_seq).ok()?;
            rows.get(row).map(|row| row.hash)
        };
        self.snapshots.clone().load_newest(&mut hash_at).ok().flatten()
    }

    /// One look of the lines' attendant: draws go a step further, places left are counted. Returns whether it asked the
    /// sequencer for something.
    pub fn attend_lines(&mut self) -> bool {
        self.running.as_mut().is_some_and(|running| running.stepper.attend_lines())
    }

    /// Time since the machine began.
    pub fn clock_monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Everything recorded so far.
    pub fn rows(&self) -> Vec<RecordedBatch> {
        self.disk.rows()
    }

    /// A book made from the journal alone.
    pub fn replayed(&self) -> Book {
        let mut book = Book::with_room_for(Room::default());
        for row in self.rows() {
            for entry in row.entries.iter() {
                book.apply(entry, row.at);
            }
        }
        book
    }
}

/// An operator of the simulated platform, at a prompt.
pub const OPERATOR: Provenance = Provenance {
    actor: charye_domain::book::Actor::Operator(charye_domain::book::StaffNumber(1)),
    channel: Channel::CommandLine,
    reason: 1,
};

//! Room: engine. From ports and settings to a running engine: recovers the book, lays out the board, starts the threads.
//!
//! Called once a process by `server/wiring`, by tests, and by the simulator, which takes the sequencer's turns itself. It
//! must never let a question in before everything is read.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use charye_domain::book::Room;
use charye_domain::identity::OperatorWords;

use crate::availability::{Availability, DistrictPlace};
use crate::engine::{Engine, Shared, Threads};
use crate::helping::HelpDesk;
use crate::identity::PeopleDesk;
use crate::notification::Messenger;
use crate::ports::{Clock, Journal, Keys, MessageSender, PeopleStore, Projection, Random, Snapshots};
use crate::sequencer::answered_keys::AnsweredKeys;
use crate::sequencer::followers::FollowerQueue;
use crate::sequencer::lanes::{LaneRooms, Lanes, USUAL_ROOMS};
use crate::sequencer::published::{CampaignList, Published, Pulse};
use crate::sequencer::shown::Shown;
use crate::sequencer::time::SequencerTime;
use crate::sequencer::{
    ClockJumps, Ending, Parts, Projector, Sequencer, SnapshotDesk, SnapshotMaker, SnapshotTrigger, StartFailure,
    Stepper, recover,
};
use crate::waiting_room::{Attendant, LineDesk, Lines, Stock};

/// Everything outside that the engine needs.
pub struct EnginePorts {
    pub journal: Box<dyn Journal>,
    /// Without them every start reads the whole journal.
    pub snapshots: Option<Box<dyn Snapshots>>,
    pub projection: Option<Box<dyn Projection>>,
    pub people: Arc<dyn PeopleStore>,
    pub keys: Arc<dyn Keys>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Without one nobody is told anything.
    pub messages: Option<Box<dyn MessageSender>>,
    /// Called first on every thread that works behind the sequencer (projector, snapshots, messages): lowers its
    /// priority, where the machine can.
    pub in_background: Arc<dyn Fn() + Send + Sync>,
}

/// How the engine is to run.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    pub lanes: LaneRooms,
    pub clock_jumps: ClockJumps,
    /// How much to make room for before the first citizen comes.
    pub room: Room,
    /// Entries after which a snapshot is made.
    pub snapshot_every_entries: u64,
    /// Entries kept in memory for a follower before it has to read the journal instead; about 150 bytes each.
    pub follower_entries_max: usize,
    /// Districts and provinces that the directory knows by name.
    pub districts: Arc<[DistrictPlace]>,
    /// A question that has waited longer for its turn is told Busy instead of being decided: shorter than askers wait.
    pub wait_max: Duration,
    pub burn: Burn,
}

/// Processor time that is burnt for nothing: a slower machine, for rehearsals. Zero otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burn {
    /// On the sequencer's thread, before each command is decided.
    pub command: Duration,
    /// On a listener's thread, before each request is answered.
    pub request: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            lanes: USUAL_ROOMS,
            clock_jumps: ClockJumps::AskOperator,
            room: Room::default(),
            snapshot_every_entries: 2_000_000,
            follower_entries_max: 131_072,
            districts: Arc::from([]),
            wait_max: Duration::from_secs(10),
            burn: Burn::default(),
        }
    }
}

impl Engine {
    /// Recovers the book from the newest snapshot and the journal's tail, or from the whole journal, and begins to answer.
    ///
    /// # Errors
    /// The journal is damaged, has a gap or ends elsewhere than its writer says; the people store does not let the erased
    /// be erased again; or a thread does not start. Nothing has been written to the journal then.
    pub fn start(ports: EnginePorts, settings: EngineSettings) -> Result<Self, StartFailure> {
        let in_background = Arc::clone(&ports.in_background);
        let Prepared { engine, sequencer, projector, messenger, snapshot_maker, attendant } = prepare(ports, settings)?;
        let projector = projector.map(|projector| ("projector", Box::new(move || projector.run()) as Work));
        let messenger = messenger.map(|messenger| ("messenger", Box::new(move || messenger.run()) as Work));
        let snapshots = snapshot_maker.map(|maker| ("snapshots", Box::new(move || maker.run()) as Work));
        let attendant = Some(("lines", Box::new(move || attendant.run()) as Work));

        let mut threads = Threads { sequencer: Some(spawn("sequencer", move || sequencer.run())?), behind: Vec::new() };
        for (name, run) in [projector, messenger, snapshots, attendant].into_iter().flatten() {
            let in_background = Arc::clone(&in_background);
            threads.behind.push(spawn(name, move || {
                in_background();
                run();
            })?);
        }
        *engine.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = threads;
        Ok(engine)
    }

    /// The same engine with nobody behind its wheel: its sequencer takes a turn whenever the [`Stepper`] is told to, on
    /// the caller's thread, and nothing happens in between. For the simulator. Whoever asks must not block for an answer.
    ///
    /// No projections are written and no messages handed over, whatever the ports offer; snapshots are made when the
    /// stepper is told to.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn start_stepped(ports: EnginePorts, settings: EngineSettings) -> Result<(Self, Stepper), StartFailure> {
        let ports = EnginePorts { projection: None, messages: None, ..ports };
        let Prepared { engine, sequencer, snapshot_maker, attendant, .. } = prepare(ports, settings)?;
        Ok((engine, Stepper::new(sequencer, snapshot_maker, attendant)))
    }
}

/// An engine that has read everything, and those who will work for it.
struct Prepared {
    engine: Engine,
    sequencer: Sequencer,
    projector: Option<Projector>,
    messenger: Option<Messenger>,
    snapshot_maker: Option<SnapshotMaker>,
    attendant: Attendant,
}

fn prepare(ports: EnginePorts, settings: EngineSettings) -> Result<Prepared, StartFailure> {
    let EnginePorts { journal, mut snapshots, projection, people, keys, clock, random, messages, .. } = ports;
    let EngineSettings {
        lanes,
        clock_jumps,
        room,
        snapshot_every_entries,
        follower_entries_max,
        districts,
        wait_max,
        burn,
    } = settings;
    let head = journal.head();
    let began = clock.monotonic();
    let recovered = recover(&mut *journal.reader(), snapshots.as_mut().map(|kept| &mut **kept as _), room, head)?;
    let took = clock.monotonic().saturating_sub(began);
    tracing::info!(last_seq = recovered.last_seq, snapshot = recovered.snapshot_seq, ?took, "book is recovered");

    let time = SequencerTime::start(clock.wall(), clock.monotonic(), recovered.at);
    let shared = Arc::new(Shared {
        lanes: Lanes::new(lanes),
        pulse: Pulse::default(),
        campaigns: Published::new(CampaignList::default()),
        availability: Published::new(Availability::empty()),
        lines: Published::new(Lines::default()),
        operator_words: Published::new(OperatorWords::default()),
        draws: Arc::default(),
        stock: Published::new(Stock::default()),
        burn,
        answered_keys: AnsweredKeys::with_room_for(room.operations),
        clock,
        random,
        keys,
        ending: Ending::new(),
    });
    let restored = people.erase_again(&mut recovered.book.erased_people())?;
    if restored > 0 {
        tracing::warn!(people = restored, "erased again: the people store was older than their erasure");
    }
    recovered.book.remembered_operations().for_each(|key| shared.answered_keys.note(key));
    let people = PeopleDesk::open(&people).map_err(StartFailure::Thread)?;
    let shown = Shown::new(Arc::clone(&shared), districts, &recovered.book)?;
    let desk = snapshots.is_some().then(|| Arc::new(SnapshotDesk::default()));
    let trigger = desk.as_ref().map(|desk| {
        desk.note_found(recovered.snapshot_seq);
        SnapshotTrigger {
            desk: Arc::clone(desk),
            every_entries: snapshot_every_entries.max(1),
            asked_at_seq: recovered.snapshot_seq,
        }
    });

    let mut followers = Vec::new();
    let mut follow = || {
        let queue = Arc::new(FollowerQueue::new(follower_entries_max));
        followers.push(Arc::clone(&queue));
        queue
    };
    let has_projection = projection.is_some();
    let projector = projection.map(|projection| Projector {
        shared: Arc::clone(&shared),
        queue: follow(),
        projection,
        reader: journal.reader(),
    });
    let messenger = messages.map(|sender| Messenger {
        shared: Arc::clone(&shared),
        queue: follow(),
        sender,
        reader: journal.reader(),
        done_through: 0,
    });
    let snapshot_maker = snapshots.zip(desk.clone()).map(|(snapshots, desk)| SnapshotMaker {
        desk,
        snapshots,
        reader: journal.reader(),
        shared: Arc::clone(&shared),
    });

    let sequencer = Sequencer::new(Parts {
        shared: Arc::clone(&shared),
        book: recovered.book,
        journal,
        time,
        jumps: clock_jumps,
        shown,
        followers,
        snapshots: trigger,
        lines: LineDesk::new(Arc::clone(&shared)),
        wait_max,
    });
    let engine =
        Engine { shared, people, help: HelpDesk::new(), snapshots: desk, has_projection, threads: Mutex::default() };
    let attendant = Attendant::new(Arc::clone(&engine.shared));
    Ok(Prepared { engine, sequencer, projector, messenger, snapshot_maker, attendant })
}

/// What a thread behind the sequencer does until the engine ends.
type Work = Box<dyn FnOnce() + Send>;

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartFailure> {
    std::thread::Builder::new().name(name.into()).spawn(run).map_err(StartFailure::Thread)
}

//! A stage for every test: the domain's sample campaign, published and imported through the engine itself.

use charye_domain::book::samples::{self, ADULT, CAMPAIGN, OPERATOR, PAIRED, SINGLE};
use charye_domain::book::{
    Action, Authority, Channel, Command, Entry, Operation, Outcome, Places, Provenance, Query, Rejection, Reply,
};
use charye_domain::ids::{
    BlockId, CitizenKey, HoldId, ImportId, KeyId, OperationKey, Person, ProductId, ReservationId, ReservationNumber,
    SlotId,
};
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_engine::fakes::FakeWorld;
use charye_engine::sequencer::answer::{Answer, Question, ReplyTo};
use charye_engine::{Engine, EnginePorts, EngineSettings, Failure, by_citizen, by_system};
use tokio::sync::oneshot;

pub(crate) const DAY_MS: u64 = 86_400_000;

pub(crate) struct Stage {
    pub(crate) world: FakeWorld,
    pub(crate) engine: Engine,
}

impl Stage {
    /// The sample campaign at the moment its first opening begins, half of each slot's places out.
    pub(crate) fn open(capacity: u16) -> Self {
        Self::open_with(capacity, |_| {}, EngineSettings::default())
    }

    pub(crate) fn open_with(capacity: u16, equip: impl FnOnce(&mut EnginePorts), settings: EngineSettings) -> Self {
        let world = FakeWorld::at(samples::opens_at().plus_millis(-DAY_MS.cast_signed()));
        let mut ports = world.ports();
        equip(&mut ports);
        let engine = Engine::start(ports, settings).unwrap();
        let stage = Self { world, engine };
        let campaign = samples::campaign(DoseTwoPolicy::Together).into();
        stage.operator(Action::PublishCampaign { campaign, text: "sample, version 1".into() });
        let import = ImportId(1);
        let sessions = [
            samples::session("C1", PAIRED, DoseNumber::First, (4, 6), capacity),
            samples::session("C1", PAIRED, DoseNumber::Second, (25, 34), capacity),
            samples::session("C1", SINGLE, DoseNumber::First, (4, 6), capacity),
        ];
        stage.operator(Action::StageClinics { import, clinics: [samples::clinic("C1")].into() });
        stage.operator(Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() });
        let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
        charye_engine::operations::activate_import(&stage.engine, by, import).unwrap();
        stage.pass(DAY_MS);
        stage
    }

    /// The same world after the engine has ended: a new start.
    pub(crate) fn start_again(self) -> Self {
        self.start_again_with(|_| {})
    }

    pub(crate) fn start_again_with(self, equip: impl FnOnce(&mut EnginePorts)) -> Self {
        let Self { world, engine } = self;
        drop(engine);
        let mut ports = world.ports();
        equip(&mut ports);
        let engine = Engine::start(ports, EngineSettings::default()).unwrap();
        Self { world, engine }
    }

    /// Lets time pass, and the engine notice and finish what follows from it.
    pub(crate) fn pass(&self, millis: u64) {
        self.world.clock.pass(millis);
        self.settle();
    }

    /// Two turns: what the first finds is on the board before the second.
    pub(crate) fn settle(&self) {
        for _ in 0..2 {
            self.engine.query_blocking(Query::Operation { key: OperationKey(0) }).unwrap();
        }
    }

    pub(crate) fn operator(&self, action: Action) -> Outcome {
        let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
        self.engine.submit_blocking(Command { by, operation: None, action }).unwrap().value
    }

    pub(crate) fn citizen(&self, person: Person, action: Action) -> Result<Outcome, Failure> {
        self.engine.submit_blocking(citizen(person, None, action)).map(|answered| answered.value)
    }

    /// A new citizen, inside.
    pub(crate) fn visitor(&self, number: u128) -> Visitor {
        let person = self.person(number);
        let action = Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT };
        match self.citizen(person, action).unwrap() {
            Outcome::Visiting { generation, .. } => Visitor { person, generation },
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn person(&self, number: u128) -> Person {
        match self.engine.submit_blocking(register(number)).unwrap().value {
            Outcome::Registered { person } => person,
            other => panic!("{other:?}"),
        }
    }

    /// So many entries in the journal.
    pub(crate) fn people(&self, count: u128) {
        for number in 0..count {
            self.person(1_000_000 + number);
        }
    }

    /// Slots of single doses that have places, with how many the board shows.
    pub(crate) fn free_slots(&self) -> Vec<(SlotId, u16)> {
        let availability = self.engine.availability();
        let board = availability.board();
        let slots = (0..board.blocks()).flat_map(|block| board.slots_of(BlockId(block)));
        let of_product =
            |slot: &SlotId, product: ProductId| board.place(*slot).is_some_and(|place| place.plane.product == product);
        slots
            .filter(|slot| of_product(slot, SINGLE))
            .map(|slot| (slot, board.remaining(slot)))
            .filter(|(_, free)| *free > 0)
            .collect()
    }

    /// What the board shows of a slot.
    pub(crate) fn shown(&self, slot: SlotId) -> u16 {
        self.engine.availability().board().remaining(slot)
    }

    /// Queues a command without waiting.
    pub(crate) fn submit(&self, command: Command) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.engine.submit(Question::Command(command), ReplyTo::asker(sender)).unwrap();
        receiver
    }

    pub(crate) fn look_up(&self, key: u128) -> Option<Outcome> {
        match self.engine.query_blocking(Query::Operation { key: OperationKey(key) }).unwrap().value {
            Reply::Operation(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn view(&self, person: Person) -> charye_domain::book::CitizenView {
        match self.engine.query_blocking(Query::Citizen { person, campaign: CAMPAIGN }).unwrap().value {
            Reply::Citizen(view) => view,
            other => panic!("{other:?}"),
        }
    }

    /// Everything recorded so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.world.journal.rows().iter().flat_map(|row| row.entries.to_vec()).collect()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub(crate) person: Person,
    pub(crate) generation: u32,
}

impl Visitor {
    pub(crate) fn authority(self) -> Authority {
        Authority::Visit { generation: self.generation }
    }

    pub(crate) fn hold(self, slot: SlotId) -> Action {
        Action::Hold {
            person: self.person,
            campaign: CAMPAIGN,
            authority: self.authority(),
            facts: ADULT,
            places: Places { first: slot, second: None },
        }
    }

    pub(crate) fn confirm(self, hold: HoldId) -> Action {
        Action::Confirm { person: self.person, hold, authority: self.authority(), number: number(self.person) }
    }

    pub(crate) fn reserve(self, slot: SlotId) -> Command {
        citizen(self.person, None, self.reserve_action(slot))
    }

    pub(crate) fn reserve_keyed(self, slot: SlotId, key: u128) -> Command {
        citizen(self.person, Some(operation(key)), self.reserve_action(slot))
    }

    pub(crate) fn cancel(self, reservation: ReservationId) -> Command {
        citizen(self.person, None, Action::Cancel { person: self.person, reservation })
    }

    fn reserve_action(self, slot: SlotId) -> Action {
        Action::ReserveAtOnce {
            person: self.person,
            campaign: CAMPAIGN,
            authority: self.authority(),
            facts: ADULT,
            places: Places { first: slot, second: None },
            number: number(self.person),
        }
    }
}

pub(crate) fn register(number: u128) -> Command {
    let key = CitizenKey(number.to_le_bytes());
    let action = Action::RegisterCitizen { key_id: KeyId(1), key, former: [].into() };
    Command { by: by_system(Channel::Page), operation: None, action }
}

pub(crate) fn operation(key: u128) -> Operation {
    Operation { key: OperationKey(key), request_hash: 7 }
}

pub(crate) fn citizen(person: Person, operation: Option<Operation>, action: Action) -> Command {
    Command { by: by_citizen(person, Channel::Api), operation, action }
}

fn number(person: Person) -> ReservationNumber {
    ReservationNumber::from_random(u64::from(person.0))
}

/// Runs a use case to its end.
pub(crate) fn wait<T>(use_case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(use_case)
}

pub(crate) fn rejection<T: std::fmt::Debug>(answer: Result<T, Failure>) -> Rejection {
    match answer {
        Err(Failure::Rejected { rejection, .. }) => rejection,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn busy_code<T: std::fmt::Debug>(answer: Result<T, Failure>) -> &'static str {
    match answer {
        Err(Failure::Busy { cause, retry_after }) => {
            assert!(retry_after.as_secs() >= 1, "busy always says when to come back");
            cause.code()
        }
        other => panic!("{other:?}"),
    }
}

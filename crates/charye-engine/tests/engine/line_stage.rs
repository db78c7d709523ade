//! A stage for lines: an engine whose turns the test takes itself, so that an evening of minutes is played in milliseconds and
//! always the same way.

use charye_domain::book::samples::{self, ADULT, CAMPAIGN, OPERATOR, PAIRED, SINGLE};
use charye_domain::book::{
    Action, Channel, Command, EndWish, Entry, LinePurpose, LineStanding, Outcome, Provenance, Query, Rejection, Reply,
};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, ImportId, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_domain::waiting_room::admission::Terms;
use charye_domain::waiting_room::plan::LinePlan;
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_engine::fakes::FakeWorld;
use charye_engine::sequencer::Turned;
use charye_engine::sequencer::answer::{Answer, Question, ReplyTo, Told};
use charye_engine::waiting_room::{LineNow, Polled, poll};
use charye_engine::{Engine, EnginePorts, EngineSettings, by_citizen};
use tokio::sync::oneshot;

use crate::stage::register;

pub(crate) const OPENING: OpeningId = OpeningId(0);
/// Steps in which time passes: the caller's own.
const STEP_MS: u64 = 100;

pub(crate) fn terms(hard_cap: u32, rate_per_min: u32) -> Terms {
    Terms::new(hard_cap, 0, rate_per_min..=rate_per_min, 15).unwrap()
}

pub(crate) fn plan(terms: Terms) -> LinePlan {
    LinePlan { terms, enrol_secs: 3_600, public_value_note: None }
}

pub(crate) struct LineStage {
    pub(crate) world: FakeWorld,
    pub(crate) engine: Engine,
    stepper: charye_engine::sequencer::Stepper,
}

impl LineStage {
    /// Two hours before the first opening of the sample campaign, with this line and enough places.
    pub(crate) fn before_opening(plan: LinePlan, capacity: u16) -> Self {
        let world = FakeWorld::at(samples::opens_at().plus_millis(-2 * 3_600_000));
        let mut stage = Self::over(world);
        stage.publish(CAMPAIGN, "sample", plan);
        stage.import(CAMPAIGN, ImportId(1), capacity);
        stage
    }

    /// The moment of the opening, nobody having enrolled.
    pub(crate) fn at_opening(plan: LinePlan, capacity: u16) -> Self {
        let mut stage = Self::before_opening(LinePlan { enrol_secs: 0, ..plan }, capacity);
        stage.pass(2 * 3_600_000);
        stage.settle();
        stage
    }

    fn over(world: FakeWorld) -> Self {
        Self::over_with(world, |_| {})
    }

    fn over_with(world: FakeWorld, equip: impl FnOnce(&mut EnginePorts)) -> Self {
        let mut ports = world.ports();
        equip(&mut ports);
        let (engine, stepper) = Engine::start_stepped(ports, EngineSettings::default()).unwrap();
        Self { world, engine, stepper }
    }

    pub(crate) fn start_again(self) -> Self {
        self.start_again_with(|_| {})
    }

    pub(crate) fn start_again_with(self, equip: impl FnOnce(&mut EnginePorts)) -> Self {
        let Self { world, engine, stepper } = self;
        drop((engine, stepper));
        Self::over_with(world, equip)
    }

    pub(crate) fn publish(&mut self, id: CampaignId, code: &str, plan: LinePlan) {
        let sample = samples::campaign(DoseTwoPolicy::Together);
        let campaign = Campaign { id, code: code.to_owned(), line: Some(plan), ..sample };
        let text = format!("{code}, version 1").into();
        self.operator(Action::PublishCampaign { campaign: campaign.into(), text });
    }

    pub(crate) fn import(&mut self, campaign: CampaignId, import: ImportId, capacity: u16) {
        let clinic = format!("C{}", import.0);
        let sessions = [
            samples::session(&clinic, PAIRED, DoseNumber::First, (4, 6), capacity),
            samples::session(&clinic, PAIRED, DoseNumber::Second, (25, 34), capacity),
            samples::session(&clinic, SINGLE, DoseNumber::First, (4, 6), capacity),
        ];
        self.operator(Action::StageClinics { import, clinics: [samples::clinic(&clinic)].into() });
        self.operator(Action::StageSessions { import, campaign, sessions: sessions.into() });
        self.operator(Action::ActivateImport { import });
        // The board is laid out by a thread of its own.
        for _ in 0..1_000_000 {
            self.settle();
            if !self.engine.health().board_behind {
                return;
            }
            std::thread::yield_now();
        }
        panic!("the board is never laid out");
    }

    /// One turn of the sequencer, and whatever it leaves to be done at once.
    pub(crate) fn turn(&mut self) {
        while matches!(self.stepper.turn(), Turned::Worked { .. }) {}
    }

    /// Turns and looks until nothing more is to be done at this moment.
    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            self.turn();
            if !self.stepper.attend_lines() {
                return;
            }
        }
        panic!("the lines never come to rest");
    }

    /// One look of the attendant and one turn: at most one step of a draw.
    pub(crate) fn one_look(&mut self) -> bool {
        let went = self.stepper.attend_lines();
        self.turn();
        went
    }

    /// Lets time pass, all steps of it.
    pub(crate) fn pass(&mut self, millis: u64) {
        // Long waits before anything happens are one step.
        if millis > 1_000_000 {
            self.world.clock.pass(millis);
            return self.settle();
        }
        for _ in 0..millis.div_ceil(STEP_MS) {
            self.world.clock.pass(STEP_MS);
            self.settle();
        }
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.engine.now()
    }

    pub(crate) fn ask(&mut self, question: Question) -> Answer {
        let (sender, mut receiver) = oneshot::channel();
        self.engine.submit(question, ReplyTo::asker(sender)).unwrap();
        self.turn();
        receiver.try_recv().unwrap()
    }

    /// A question of somebody inside that waits so long for its turn.
    pub(crate) fn keep_waiting(&mut self, person: Person, millis: u64) {
        let (sender, mut receiver) = oneshot::channel();
        let action = Action::LeaveLine { person, campaign: CAMPAIGN };
        let command = Command { by: by_citizen(person, Channel::Api), operation: None, action };
        self.engine.submit(Question::Command(command), ReplyTo::asker(sender)).unwrap();
        self.world.clock.pass(millis);
        self.turn();
        receiver.try_recv().unwrap();
    }

    pub(crate) fn command(&mut self, command: Command) -> Result<Outcome, Rejection> {
        match self.ask(Question::Command(command)).told {
            Told::Outcome { outcome: Outcome::Refused(rejection), .. } => Err(rejection),
            Told::Outcome { outcome, .. } => Ok(outcome),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn operator(&mut self, action: Action) -> Outcome {
        let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
        self.command(Command { by, operation: None, action }).unwrap()
    }

    pub(crate) fn steer(&mut self, steering: Steering) -> Result<Outcome, Rejection> {
        let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
        let (steering, note) = (Box::new(steering), "the test wants it".into());
        let action = Action::Steer { campaign: CAMPAIGN, opening: OPENING, steering, note, rehearsal: false };
        self.command(Command { by, operation: None, action })
    }

    pub(crate) fn citizen(&mut self, person: Person, action: Action) -> Result<Outcome, Rejection> {
        self.command(Command { by: by_citizen(person, Channel::Api), operation: None, action })
    }

    pub(crate) fn person(&mut self, number: u128) -> Person {
        match self.command(register(number)).unwrap() {
            Outcome::Registered { person } => person,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn people(&mut self, from: u128, count: u128) -> Vec<Person> {
        (from..from + count).map(|number| self.person(number)).collect()
    }

    pub(crate) fn arrive(&mut self, person: Person) -> Result<LineStanding, Rejection> {
        self.arrive_at(CAMPAIGN, person, self.now())
    }

    pub(crate) fn arrive_at(
        &mut self,
        campaign: CampaignId,
        person: Person,
        began_at: UnixMillis,
    ) -> Result<LineStanding, Rejection> {
        let purpose = LinePurpose::Reserve;
        let action = Action::Arrive { person, campaign, facts: ADULT, began_at, purpose };
        match self.citizen(person, action)? {
            Outcome::InLine { standing, .. } => Ok(standing),
            other => panic!("{other:?}"),
        }
    }

    /// Asks to come in: the visit's generation, or the place in the returners' lane.
    pub(crate) fn claim(&mut self, person: Person) -> Result<Result<u32, u64>, Rejection> {
        match self.citizen(person, Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT })? {
            Outcome::Visiting { generation, .. } => Ok(Ok(generation)),
            Outcome::InLine { standing: LineStanding::Returning { number }, .. } => Ok(Err(number)),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn leave(&mut self, person: Person, generation: u32) {
        let (campaign, wish) = (CAMPAIGN, EndWish::SignOut);
        self.citizen(person, Action::EndVisit { person, campaign, generation, wish }).unwrap();
    }

    pub(crate) fn line(&self) -> std::sync::Arc<LineNow> {
        self.line_of(CAMPAIGN)
    }

    pub(crate) fn line_of(&self, campaign: CampaignId) -> std::sync::Arc<LineNow> {
        self.engine.lines().get(campaign, OPENING).cloned().unwrap()
    }

    pub(crate) fn poll(&self, person: Person, standing: LineStanding) -> Polled {
        let issued_at = self.now();
        let ticket = match standing {
            LineStanding::Waiting { place } => TicketStanding::Placed { place, issued_at },
            LineStanding::Returning { number } => TicketStanding::Returning { number, issued_at },
            LineStanding::Enrolled | LineStanding::Called { .. } => panic!("{standing:?} has no such ticket"),
        };
        poll(&self.line(), person, &ticket, self.now(), 0)
    }

    pub(crate) fn in_line(&mut self, person: Person) -> Option<LineStanding> {
        match self.ask(Question::Query(Query::InLine { person, campaign: CAMPAIGN })).told {
            Told::Reply(Reply::InLine(standing)) => standing.map(|(_, standing)| standing),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.world.journal.rows().iter().flat_map(|row| row.entries.to_vec()).collect()
    }
}

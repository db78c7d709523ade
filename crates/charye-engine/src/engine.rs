//! Room: engine. The engine as web and server hold it: a door to the sequencer, and what may be read without a turn.
//!
//! Made once a process by `server/wiring`. It must never decide anything: use cases know the order of steps, the book
//! judges.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use charye_domain::book::{Action, Command, Outcome, Query, Reply};
use charye_domain::identity::OperatorWords;
use charye_domain::time::UnixMillis;
use tokio::sync::oneshot;

use crate::answered::Answered;
use crate::availability::Availability;
use crate::failure::{BusyCause, Failure, Fault};
use crate::helping::HelpDesk;
use crate::identity::PeopleDesk;
use crate::metrics;
use crate::ports::{Clock, Keys, Random};
use crate::sequencer::answer::{Answer, AnswerCounter, BlockedCaller, Question, ReplyTo, Submission, Told};
use crate::sequencer::answered_keys::AnsweredKeys;
use crate::sequencer::lanes::{LANES, Lane, Lanes, PushRefused};
use crate::sequencer::published::{CampaignList, Published, Pulse};
use crate::sequencer::{Ending, Running, SnapshotDesk};
use crate::start::Burn;
use crate::waiting_room::{Draws, Lines, Stock};

/// The running engine.
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) people: PeopleDesk,
    pub(crate) help: HelpDesk,
    pub(crate) snapshots: Option<Arc<SnapshotDesk>>,
    pub(crate) has_projection: bool,
    pub(crate) threads: Mutex<Threads>,
}

/// The engine's threads, until they are joined.
#[derive(Default)]
pub(crate) struct Threads {
    pub(crate) sequencer: Option<JoinHandle<()>>,
    pub(crate) behind: Vec<JoinHandle<()>>,
}

/// How the engine is.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The sequencer's time.
    pub now: UnixMillis,
    /// Sequence number of the last durable entry.
    pub head_seq: u64,
    /// Time since the sequencer last looked at its clock: more than a second means that it hangs.
    pub heartbeat_age: Duration,
    pub clock_unsure: bool,
    pub storage_low: bool,
    pub draining: bool,
    /// Sequence number of the last entry in the projections; the difference to `head_seq` is their lag. `None` if none
    /// are kept.
    pub projected_seq: Option<u64>,
    /// Violations of the projections' auditing constraints.
    pub violations: u64,
    /// Rows of the journal were found changed by hand, or gone: memory is sound, what lies on disk is not.
    pub journal_doubted: bool,
    /// Sequence number of the newest snapshot; 0 before the first, `None` if none are kept.
    pub snapshot_seq: Option<u64>,
    /// Board or directory do not show yet what an import or a released share changed.
    pub board_behind: bool,
    /// Questions waiting in each lane.
    pub waiting: [(Lane, usize); LANES],
    pub decided_per_sec: u64,
}

/// What the engine's threads and its callers share.
pub(crate) struct Shared {
    pub(crate) lanes: Lanes,
    pub(crate) pulse: Pulse,
    pub(crate) campaigns: Published<CampaignList>,
    pub(crate) availability: Published<Availability>,
    pub(crate) lines: Published<Lines>,
    pub(crate) operator_words: Published<OperatorWords>,
    pub(crate) draws: Arc<Draws>,
    pub(crate) stock: Published<Stock>,
    pub(crate) burn: Burn,
    pub(crate) answered_keys: AnsweredKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) ending: Ending,
}

impl Engine {
    /// The sequencer's time as of its last batch or look at the clock, at most 250 ms old while it runs. For reads.
    pub fn now(&self) -> UnixMillis {
        self.shared.pulse.now()
    }

    /// Sequence number of the last durable entry; 0 in an empty journal.
    pub fn head_seq(&self) -> u64 {
        self.shared.pulse.head_seq()
    }

    /// The campaigns in their versions in force.
    pub fn campaigns(&self) -> Arc<CampaignList> {
        self.shared.campaigns.load()
    }

    /// Board, directory and campaigns that fit one another: where there are places left.
    pub fn availability(&self) -> Arc<Availability> {
        self.shared.availability.load()
    }

    /// What operators say of identity providers, as far as it is durable.
    pub fn operator_words(&self) -> Arc<OperatorWords> {
        self.shared.operator_words.load()
    }

    /// Every line as it stands now: what polls, pages and operators are told, without a turn.
    pub fn lines(&self) -> Arc<Lines> {
        self.shared.lines.load()
    }

    /// The published lists of draws, and the public values that are given for them.
    pub fn draws(&self) -> &Draws {
        &self.shared.draws
    }

    /// Whether one more look-up may be answered: while commits or queues are slow most are turned away, so that those who
    /// reserve are not slowed by those who look.
    ///
    /// # Errors
    /// `Busy` only; looking again later helps.
    pub fn admit_look_up(&self) -> Result<(), Failure> {
        if self.shared.pulse.answers_look_up() {
            return Ok(());
        }
        metrics::look_up_shed();
        Err(Failure::busy(BusyCause::Saturated))
    }

    /// Keeps the caller's processor busy for as long as a rehearsal wants every request to; returns at once otherwise.
    pub fn burn_request(&self) {
        self.shared.burn(self.shared.burn.request);
    }

    /// How the engine is: for `/readyz` and the situation room.
    pub fn health(&self) -> Health {
        let pulse = &self.shared.pulse;
        let (projected_seq, violations) = pulse.projected();
        Health {
            now: pulse.now(),
            head_seq: pulse.head_seq(),
            heartbeat_age: pulse.heartbeat_age(self.shared.clock.monotonic()),
            clock_unsure: pulse.clock_unsure(),
            storage_low: pulse.storage_low(),
            draining: pulse.draining(),
            projected_seq: self.has_projection.then_some(projected_seq),
            violations,
            journal_doubted: pulse.journal_doubted(),
            snapshot_seq: self.snapshots.as_ref().map(|desk| desk.last_seq()),
            board_behind: pulse.board_behind(),
            waiting: Lane::ALL.map(|lane| (lane, self.shared.lanes.depth(lane))),
            decided_per_sec: pulse.decided_per_sec(),
        }
    }

    /// Has a snapshot made soon, beside everything else. Nothing happens if none are kept or one is being made.
    pub fn ask_for_snapshot(&self) {
        self.shared.pulse.wish_for_snapshot();
        self.nudge();
    }

    /// Has the projections emptied and filled from the journal soon, beside everything else: rows of them were changed by
    /// hand. Nothing happens if none are kept.
    pub fn ask_for_rebuild(&self) {
        self.shared.pulse.wish_for_rebuild();
    }

    /// Rows of the journal were found changed by hand: from now on [`Health`] says so. What is in memory goes on being
    /// answered; what to do is for operators to decide.
    pub fn doubt_journal(&self) {
        self.shared.pulse.doubt_journal();
    }

    /// Lets nothing more in, answers everything queued, and ends every thread of the engine. Blocks until that is done;
    /// again, it does nothing.
    pub fn stop(&self) {
        self.shared.pulse.set_draining();
        self.shared.ending.move_to(Running::Draining);
        self.shared.lanes.close();
        let mut threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // The sequencer first: it closes the followers' queues as it ends.
        if let Some(sequencer) = threads.sequencer.take() {
            join(sequencer);
        }
        if let Some(desk) = &self.snapshots {
            desk.close();
        }
        threads.behind.drain(..).for_each(join);
        self.people.close();
    }

    /// How often people try codes, and agents look callers up.
    pub(crate) fn help_desk(&self) -> &HelpDesk {
        &self.help
    }

    /// The keys of the installation.
    pub fn keys(&self) -> &dyn Keys {
        &*self.shared.keys
    }

    /// Chance, for reservation numbers and jitter.
    pub fn random(&self) -> &dyn Random {
        &*self.shared.random
    }

    /// Has a command decided and recorded, and waits for the answer.
    ///
    /// # Errors
    /// `Rejected`: a rule says no. `Busy`: before the queue, or in it while the clock became unsure; nothing happened.
    /// `Fault`: the batch may or may not have landed; ask for the operation by its key.
    pub async fn command(&self, command: Command) -> Result<Answered<Outcome>, Failure> {
        outcome(&self.ask_for(Question::Command(command)).await?)
    }

    /// Asks the book a question that takes its turn and is recorded nowhere.
    ///
    /// # Errors
    /// `Busy` or `Fault` as for [`Engine::command`]; nothing can have happened.
    pub async fn query(&self, query: Query) -> Result<Answered<Reply>, Failure> {
        reply(self.ask_for(Question::Query(query)).await?)
    }

    /// [`Engine::command`] for callers without a runtime: blocks the thread until the answer is durable.
    ///
    /// # Errors
    /// As [`Engine::command`].
    pub fn submit_blocking(&self, command: Command) -> Result<Answered<Outcome>, Failure> {
        self.shared.submit_blocking(command)
    }

    /// [`Engine::query`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Engine::query`].
    pub fn query_blocking(&self, query: Query) -> Result<Answered<Reply>, Failure> {
        reply(self.shared.block_on(Question::Query(query))?)
    }

    /// Puts a question into its lane; the answer goes to `reply_to`. Never waits.
    ///
    /// # Errors
    /// `Busy` only: the lane is full, the clock is unsure, storage is low, or the engine stops. Nothing happened.
    pub fn submit(&self, question: Question, reply_to: ReplyTo) -> Result<(), Failure> {
        self.shared.submit(question, reply_to)
    }

    /// Whether the engine runs, drains or has ended, and why; changes are seen as they happen. The process's owner waits
    /// for the end here: after [`Running::Failed`] memory is ahead of the truth and the process must exit.
    pub fn running(&self) -> tokio::sync::watch::Receiver<Running> {
        self.shared.ending.watch()
    }

    /// Blocks for `duration`, or until the engine ends.
    pub(crate) fn wait_out(&self, duration: Duration) {
        self.shared.ending.wait_at_most(duration);
    }

    async fn ask_for(&self, question: Question) -> Result<Answer, Failure> {
        let (sender, receiver) = oneshot::channel();
        self.submit(question, ReplyTo::asker(sender))?;
        receiver.await.map_err(|_| Failure::Fault(Fault::unknown("get an answer from the sequencer")))
    }

    /// Makes the sequencer look at its clock and its book now instead of within 250 ms.
    pub fn nudge(&self) {
        self.shared.lanes.nudge();
    }
}

/// Looks at the clock while time is burnt, at most: a second's worth or so, should the clock stand still.
const LOOKS_AT_CLOCK_MAX: u32 = 20_000_000;

impl Shared {
    /// Keeps the processor busy for so long.
    pub(crate) fn burn(&self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        let until = self.clock.monotonic() + duration;
        for _ in 0..LOOKS_AT_CLOCK_MAX {
            if self.clock.monotonic() >= until {
                return;
            }
        }
    }

    pub(crate) fn submit(&self, question: Question, reply_to: ReplyTo) -> Result<(), Failure> {
        if let Some(cause) = self.closed_to(&question) {
            metrics::refused_busy(cause);
            return Err(Failure::busy(cause));
        }
        let lane = Lane::of(&question);
        let asked_at = self.clock.monotonic();
        match self.lanes.push(lane, Submission { question, reply_to, asked_at }) {
            Ok(()) => Ok(()),
            Err(PushRefused::Closed) => Err(Failure::busy(BusyCause::Draining)),
            Err(PushRefused::Full { waiting }) => {
                metrics::refused_busy(BusyCause::LaneFull);
                if lane.is_of_those_inside() {
                    self.pulse.note_inside_turned_away();
                }
                Err(Failure::Busy { retry_after: self.time_to_work_off(waiting), cause: BusyCause::LaneFull })
            }
        }
    }

    pub(crate) fn submit_blocking(&self, command: Command) -> Result<Answered<Outcome>, Failure> {
        outcome(&self.block_on(Question::Command(command))?)
    }

    fn block_on(&self, question: Question) -> Result<Answer, Failure> {
        let caller = Arc::new(BlockedCaller::default());
        let counter = Arc::clone(&caller) as Arc<dyn AnswerCounter>;
        self.submit(question, ReplyTo::counter(counter, 0))?;
        Ok(caller.wait())
    }

    /// Why a question may not even be queued, if so.
    fn closed_to(&self, question: &Question) -> Option<BusyCause> {
        let pulse = &self.pulse;
        if pulse.draining() {
            return Some(BusyCause::Draining);
        }
        let Question::Command(command) = question else { return None };
        if pulse.clock_unsure() && !vouches_for_the_clock(&command.action) {
            return Some(BusyCause::ClockUnsure);
        }
        (pulse.storage_low() && !gives_back(&command.action)).then_some(BusyCause::StorageLow)
    }

    /// How long the sequencer needs for what waits: at least a second, at most half a minute.
    fn time_to_work_off(&self, waiting: usize) -> Duration {
        let secs = waiting as u64 / self.pulse.decided_per_sec().max(1);
        Duration::from_secs(secs.clamp(1, 30))
    }
}

/// Commands that are let in while the clock is unsure.
fn vouches_for_the_clock(action: &Action) -> bool {
    matches!(action, Action::AcceptClock)
}

/// Commands that free places or memory, or end what is staged: let in while storage is low, because they help.
fn gives_back(action: &Action) -> bool {
    matches!(
        action,
        Action::ReleaseHold { .. }
            | Action::EndVisit { .. }
            | Action::LeaveLine { .. }
            | Action::EndHelp { .. }
            | Action::Cancel { .. }
            | Action::ErasePerson { .. }
            | Action::DiscardImport { .. }
            | Action::AcceptClock
    )
}

impl Drop for Engine {
    /// An engine that is let go of is stopped.
    fn drop(&mut self) {
        self.stop();
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the engine panicked");
    }
}

fn outcome(answer: &Answer) -> Result<Answered<Outcome>, Failure> {
    match answer.told {
        Told::Outcome { outcome: Outcome::Refused(rejection), recorded } => {
            Err(Failure::Rejected { rejection, recorded })
        }
        Told::Outcome { outcome, .. } => Ok(Answered { seq: answer.seq, value: outcome }),
        Told::Busy(cause) => Err(Failure::busy(cause)),
        Told::Unknown => Err(Failure::Fault(Fault::unknown("make a command durable"))),
        Told::Reply(_) => Err(Failure::Fault(Fault::unknown("match an answer to its command"))),
    }
}

fn reply(answer: Answer) -> Result<Answered<Reply>, Failure> {
    match answer.told {
        Told::Reply(reply) => Ok(Answered { seq: answer.seq, value: reply }),
        Told::Busy(cause) => Err(Failure::busy(cause)),
        Told::Unknown | Told::Outcome { .. } => Err(Failure::Fault(Fault::unknown("answer a query"))),
    }
}

/// The book answered with the outcome of another kind of command: a mistake of ours, seen after the fact.
pub(crate) fn mismatched(doing: &'static str) -> Failure {
    Failure::Fault(Fault::unknown(doing))
}

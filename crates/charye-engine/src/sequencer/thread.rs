//! Room: engine/sequencer. The thread that owns book and journal: takes a batch of questions, decides each in turn, has the
//! batch recorded, and answers after the sync.
//!
//! Self-clocked: it takes whatever queued while the last commit was syncing, so the batch is as large as the rush. Nothing
//! an undurable entry changed is seen outside before its batch is durable, unless it only takes a place. If an append
//! fails, memory is ahead of the truth: the batch is answered "unknown" and the thread ends.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Book, Channel, Command, Event, Outcome, Rejection};
use charye_domain::time::UnixMillis;

use crate::answered::by_system;
use crate::engine::Shared;
use crate::failure::BusyCause;
use crate::metrics::{self, SequencerMetrics};
use crate::ports::{AppendFailure, Batch, Journal, RecordedBatch, RowHash};
use crate::sequencer::answer::{Answer, Question, ReplyTo, Submission, Told, give_all};
use crate::sequencer::answered_keys::DayOfKeys;
use crate::sequencer::ending::{Running, WhyFailed};
use crate::sequencer::followers::FollowerQueue;
use crate::sequencer::lanes::{Lane, Taken};
use crate::sequencer::pace::Pace;
use crate::sequencer::published::CampaignList;
use crate::sequencer::shown::Shown;
use crate::sequencer::snapshot_maker::{LiveBook, SnapshotDesk};
use crate::sequencer::strain::Strain;
use crate::sequencer::time::{Reading, SequencerTime};
use crate::waiting_room::{LOOK_AT_LINES_EVERY, LineDesk};

/// Longest time between two looks at the clock: what expires does so at most this late.
pub const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_millis(250);
/// Things that time alone brings, in one batch at most; the next batch follows at once.
pub const DUE_PER_BATCH: usize = 1_000;
/// A stop that is longer is an outage. Unit: milliseconds.
pub const OUTAGE_FROM_MS: u64 = 1_000;
/// Questions looked at ahead before the first of them is decided: enough that their waits for memory overlap, few enough
/// that what was fetched is still in the nearest cache when it is needed.
pub(super) const WARMED_TOGETHER: usize = 64;
const CHECK_STORAGE_EVERY: Duration = Duration::from_secs(1);
const RECKON_RATES_EVERY: Duration = Duration::from_millis(250);

/// What becomes of a jump of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockJumps {
    /// Busy (`clock_unsure`) until an operator vouches for the clock.
    AskOperator,
    /// Taken over at once, and recorded. For demo and rehearsal.
    AcceptByThemselves,
}

/// What the sequencer is made of.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) book: Book,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) time: SequencerTime,
    pub(crate) jumps: ClockJumps,
    pub(crate) shown: Shown,
    pub(crate) followers: Vec<Arc<FollowerQueue>>,
    pub(crate) snapshots: Option<SnapshotTrigger>,
    pub(crate) lines: LineDesk,
    /// See [`crate::EngineSettings`].
    pub(crate) wait_max: Duration,
}

/// When the next snapshot is asked for.
pub(crate) struct SnapshotTrigger {
    pub(crate) desk: Arc<SnapshotDesk>,
    pub(crate) every_entries: u64,
    pub(crate) asked_at_seq: u64,
}

/// The sequencer, as it stands on its thread.
pub(crate) struct Sequencer {
    parts: Parts,
    metrics: SequencerMetrics,

    now: UnixMillis,
    /// Whether `now` may decide anything.
    sure: bool,
    /// A stop that has ended and is not in the book yet. Unit: milliseconds.
    stopped_ms: u64,

    batch: Batch,
    taken: Taken,
    answers: Vec<(ReplyTo, Told)>,
    more_is_due: bool,
    campaigns_changed: bool,
    operator_words_changed: bool,
    storage_checked_at: Option<Duration>,
    rates: Rates,
    strain: Strain,
    pace: Pace,
    /// Questions asked before are overdue. By the monotonic clock.
    overdue_since: Duration,
    day_of_keys: DayOfKeys,
    line_actions: Vec<Action>,
}

/// What became of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It took so many questions, or recorded what was due; more may be waiting.
    Worked(usize),
    /// Nothing to do until somebody asks or time passes.
    Idle,
    Ended,
}

/// Questions and entries since the rates were last reckoned.
#[derive(Default)]
struct Rates {
    since: Duration,
    decided: u64,
    entries: u64,
}

impl Sequencer {
    /// Reads the clock once, so that what is published is true before the thread starts.
    pub(crate) fn new(parts: Parts) -> Self {
        let head = parts.journal.head();
        let batch = Batch {
            first_seq: head.next_seq,
            epoch: parts.journal.epoch(),
            at: head.at.unwrap_or(UnixMillis(0)),
            entries: Vec::with_capacity(DUE_PER_BATCH),
        };
        let taken = parts.shared.lanes.room_for_a_batch();
        let mut sequencer = Self {
            parts,
            metrics: SequencerMetrics::new(),
            now: batch.at,
            sure: false,
            stopped_ms: 0,
            batch,
            taken,
            answers: Vec::new(),
            more_is_due: false,
            campaigns_changed: true,
            operator_words_changed: true,
            storage_checked_at: None,
            rates: Rates::default(),
            strain: Strain::new(Duration::ZERO),
            pace: Pace::default(),
            overdue_since: Duration::ZERO,
            day_of_keys: DayOfKeys::from(UnixMillis(0)),
            line_actions: Vec::new(),
        };
        sequencer.parts.shared.pulse.set_head_seq(head.next_seq.saturating_sub(1));
        sequencer.read_clock();
        sequencer.day_of_keys = DayOfKeys::from(sequencer.now);
        sequencer.publish_campaigns();
        sequencer.publish_operator_words();
        sequencer.show_lines();
        sequencer
    }

    /// Runs until it is drained or an append fails.
    pub(crate) fn run(mut self) {
        let broken_off = self.ends_in_any_case();
        loop {
            match self.step() {
                Step::Worked(_) => {}
                Step::Idle => self.rest(),
                Step::Ended => break,
            }
        }
        drop(broken_off);
    }

    /// One batch, and the end if it was the last. What [`Sequencer::run`] does over and over; the only other caller is
    /// the stepper of a simulated engine.
    pub(crate) fn step(&mut self) -> Step {
        match self.turn() {
            Ok(0) if self.parts.shared.lanes.is_drained() => {
                self.parts.shared.ending.move_to(Running::Stopped);
                Step::Ended
            }
            Ok(0) if !self.more_is_due => Step::Idle,
            Ok(taken) => Step::Worked(taken),
            Err(failure) => {
                self.fail(failure);
                Step::Ended
            }
        }
    }

    /// Held for as long as the sequencer lives: when it is dropped, nobody is left waiting.
    pub(crate) fn ends_in_any_case(&self) -> EndsInAnyCase {
        EndsInAnyCase(Arc::clone(&self.parts.shared), self.parts.followers.clone())
    }

    /// Memory is ahead of the truth: whoever was decided in this batch is told that nobody knows.
    fn fail(&mut self, failure: AppendFailure) {
        let why = WhyFailed::Append(failure);
        tracing::error!(error = &why as &dyn std::error::Error, "sequencer stops: the process must exit");
        self.answers.iter_mut().for_each(|(_, told)| *told = Told::Unknown);
        self.give_answers();
        self.parts.shared.ending.move_to(Running::Failed(Arc::new(why)));
    }

    /// Waits for questions. Only after a whole wait without any is there time to audit: never between two questions.
    fn rest(&mut self) {
        let Parts { shared, shown, book, lines, .. } = &mut self.parts;
        let usual = if lines.anybody_waits() { LOOK_AT_LINES_EVERY } else { LOOK_AT_CLOCK_EVERY };
        match shown.rest() {
            Some(soon) => {
                shared.lanes.wait(soon);
            }
            None if shared.lanes.wait(usual) => shown.audit_a_stretch(book),
            None => {}
        }
    }

    /// One batch. Returns how many questions it held.
    fn turn(&mut self) -> Result<usize, AppendFailure> {
        // The clock is read after the questions are taken: nobody is judged by a time before they asked.
        let taken = self.parts.shared.lanes.take(&mut self.taken, self.pace.questions_max());
        self.read_clock();
        self.check_storage();
        self.let_time_pass();
        self.decide_taken(taken);
        self.look_at_lines();
        let appended = self.make_durable()?;
        self.show_lines();
        self.give_answers();
        if appended {
            self.parts.journal.after_answers();
        }
        self.ask_for_snapshot();
        self.parts.shown.catch_up_a_stretch(&self.parts.book);
        self.reckon_rates(taken);
        Ok(taken)
    }

    fn read_clock(&mut self) {
        let clock = &self.parts.shared.clock;
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        let reading = self.parts.time.advance(wall, monotonic);
        self.parts.shared.pulse.beat(monotonic);
        self.overdue_since = monotonic.saturating_sub(self.parts.wait_max);
        for (lane, questions) in Lane::ALL.into_iter().zip(&self.taken) {
            if let Some(first) = questions.front() {
                self.strain.note_queued(lane, monotonic.saturating_sub(first.asked_at), questions.len());
            }
        }
        self.strain.note_turned_away(self.parts.shared.pulse.inside_turned_away());
        self.go_by(reading);
    }

    fn go_by(&mut self, reading: Reading) {
        self.now = reading.now;
        self.sure = reading.sure;
        self.stopped_ms = self.stopped_ms.saturating_add(reading.resumed_after_ms.unwrap_or(0));
        let unsure = !reading.sure && self.parts.jumps == ClockJumps::AskOperator;
        if unsure && !self.parts.shared.pulse.clock_unsure() {
            tracing::error!("wall clock jumped: changes are refused until an operator vouches for it");
        }
        self.parts.shared.pulse.set_clock_unsure(unsure);
        self.parts.shared.pulse.set_now(reading.now);
    }

    fn check_storage(&mut self) {
        let monotonic = self.parts.shared.clock.monotonic();
        let is_due = self.storage_checked_at.is_none_or(|at| monotonic.saturating_sub(at) >= CHECK_STORAGE_EVERY);
        if is_due {
            self.storage_checked_at = Some(monotonic);
            let headroom_bytes = self.parts.journal.storage_headroom_bytes();
            self.metrics.storage_headroom(headroom_bytes);
            self.parts.shared.pulse.set_storage_low(headroom_bytes < 0);
        }
    }

    /// What needs no command: an outage that has ended, what has expired, shares of openings that have begun.
    fn let_time_pass(&mut self) {
        if !self.sure && self.parts.jumps == ClockJumps::AcceptByThemselves {
            self.decide(&Command { by: by_system(Channel::Internal), operation: None, action: Action::AcceptClock });
        }
        self.more_is_due = false;
        if !self.sure {
            return;
        }
        self.note_outage();
        self.day_of_keys.pass(self.now, &self.parts.shared.answered_keys);
        let before = self.batch.entries.len();
        self.parts.book.due(self.now, DUE_PER_BATCH, &mut self.batch.entries);
        self.more_is_due = self.batch.entries.len() - before >= DUE_PER_BATCH;
        self.apply_from(before);
    }

    /// Calls people in, and pauses or resumes lines by what is left. After the questions, so that whoever comes to an empty
    /// line is called in the same batch.
    fn look_at_lines(&mut self) {
        if !self.sure {
            return;
        }
        let measured = self.strain.measured(self.now, self.parts.shared.clock.monotonic());
        let Parts { lines, book, .. } = &mut self.parts;
        lines.due(book, measured, self.now, &mut self.line_actions);
        let mut actions = std::mem::take(&mut self.line_actions);
        for action in actions.drain(..) {
            self.decide(&Command { by: by_system(Channel::Internal), operation: None, action });
        }
        self.line_actions = actions;
    }

    /// Moves open deadlines by a stop that has ended, before anything expires because of it.
    ///
    /// How long a stop was is reckoned from the journal's last row, the only witness that cannot lie. While a hold or a
    /// visit is open there are rows, so what is added too much is less than its own length, and in the citizen's favour.
    fn note_outage(&mut self) {
        let gap_ms = std::mem::take(&mut self.stopped_ms);
        let began_at = self.now.plus_millis(i64::try_from(gap_ms).map_or(i64::MIN, std::ops::Neg::neg));
        if gap_ms > OUTAGE_FROM_MS && self.parts.book.has_deadlines(began_at) {
            let action = Action::NoteOutage { gap_ms };
            self.decide(&Command { by: by_system(Channel::Internal), operation: None, action });
        }
    }

    fn decide_taken(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let began = self.parts.shared.clock.monotonic();
        let mut taken = std::mem::take(&mut self.taken);
        for (lane, questions) in Lane::ALL.into_iter().zip(&mut taken) {
            self.metrics.decided(lane, questions.len());
            while !questions.is_empty() {
                let stretch = questions.len().min(WARMED_TOGETHER);
                questions.iter().take(stretch).for_each(|submission| self.warm(submission));
                questions.drain(..stretch).for_each(|submission| self.decide_submitted(submission));
            }
        }
        self.taken = taken;
        self.pace.note_decided(count, self.parts.shared.clock.monotonic().saturating_sub(began));
    }

    /// Looks where deciding will look. Each look waits for memory; many in a row wait for it together.
    fn warm(&self, submission: &Submission) {
        let Question::Command(command) = &submission.question else { return };
        let Parts { shared, book, shown, .. } = &self.parts;
        book.warm(command);
        shown.warm(command);
        if let Some(operation) = command.operation {
            black_box(shared.answered_keys.may_hold(operation.key));
        }
    }

    fn decide_submitted(&mut self, submission: Submission) {
        if submission.is_abandoned() {
            metrics::dropped("abandoned");
            return;
        }
        if submission.is_overdue(self.overdue_since) {
            metrics::dropped("overdue");
            if Lane::of(&submission.question).is_of_those_inside() {
                self.parts.shared.pulse.note_inside_turned_away();
            }
            self.answers.push((submission.reply_to, Told::Busy(BusyCause::LaneFull)));
            return;
        }
        let Submission { question, reply_to, .. } = submission;
        let told = match question {
            Question::Query(query) => Told::Reply(self.parts.book.answer(&query, self.now)),
            Question::Command(command) => {
                self.parts.shared.burn(self.parts.shared.burn.command);
                self.decide(&command)
            }
        };
        self.answers.push((reply_to, told));
    }

    fn decide(&mut self, command: &Command) -> Told {
        if !self.sure && !self.accept_clock(command) {
            return Told::Busy(BusyCause::ClockUnsure);
        }
        let before = self.batch.entries.len();
        let outcome = self.parts.book.record(command, self.now, &mut self.batch.entries);
        self.apply_from(before);
        if matches!(command.action, Action::AcceptClock) {
            self.note_outage();
        }
        let recorded = match outcome {
            Outcome::Refused(Rejection::KeyReused) => false,
            Outcome::Refused(_) => command.operation.is_some(),
            _ => true,
        };
        Told::Outcome { outcome, recorded }
    }

    /// Takes the wall's time over, if the command vouches for it and its actor may. Nothing else is in the batch then:
    /// while the clock is unsure nothing else is recorded, so the row has one time.
    fn accept_clock(&mut self, command: &Command) -> bool {
        let may_vouch =
            matches!(command.action, Action::AcceptClock) && self.parts.book.decide(command, self.now).is_ok();
        if may_vouch {
            let clock = &self.parts.shared.clock;
            let reading = self.parts.time.accept(clock.wall(), clock.monotonic());
            self.go_by(reading);
        }
        self.sure
    }

    fn apply_from(&mut self, first: usize) {
        let Parts { shared, book, shown, lines, .. } = &mut self.parts;
        for entry in &self.batch.entries[first..] {
            if let Some(operation) = entry.operation {
                shared.answered_keys.note(operation.key);
            }
            lines.note(book, entry, self.now);
            let touched = book.apply(entry, self.now);
            shown.note(touched, &entry.event, book);
            self.campaigns_changed |= entry.event.changes_campaign();
            self.operator_words_changed |= matches!(entry.event, Event::ProviderSteered { .. });
        }
    }

    /// Appends the batch, if there is anything in it, then shows the world what changed. Returns whether it appended.
    fn make_durable(&mut self) -> Result<bool, AppendFailure> {
        if self.batch.entries.is_empty() {
            return Ok(false);
        }
        self.batch.at = self.now;
        let clock = &self.parts.shared.clock;
        let began = clock.monotonic();
        let hash = self.parts.journal.append(&self.batch)?;
        let took = clock.monotonic().saturating_sub(began);
        self.metrics.committed(self.batch.entries.len(), took);
        self.strain.note_commit(took);
        self.pace.note_commit(took);
        self.rates.entries += self.batch.entries.len() as u64;

        let last_seq = self.batch.first_seq + self.batch.entries.len() as u64 - 1;
        self.parts.shared.pulse.set_head_seq(last_seq);
        self.parts.shown.show_given_back(&self.parts.book);
        self.publish_campaigns();
        self.publish_operator_words();
        self.tell_followers(hash);
        self.batch.first_seq = last_seq + 1;
        Ok(true)
    }

    /// Empties the batch; the followers share its entries.
    fn tell_followers(&mut self, hash: RowHash) {
        let entries = self.batch.entries.drain(..);
        if self.parts.followers.is_empty() {
            return;
        }
        let Batch { first_seq, epoch, at, .. } = self.batch;
        let recorded = RecordedBatch { first_seq, epoch, at, hash, entries: entries.collect() };
        self.parts.followers.iter().for_each(|queue| queue.push(&recorded));
    }

    fn show_lines(&mut self) {
        let seq = self.parts.shared.pulse.head_seq();
        let Parts { lines, book, .. } = &mut self.parts;
        lines.show(book, self.now, seq);
    }

    fn publish_campaigns(&mut self) {
        if std::mem::take(&mut self.campaigns_changed) {
            let list = CampaignList::new(self.parts.book.campaigns().cloned().collect());
            self.parts.shared.campaigns.store(Arc::new(list));
        }
    }

    fn publish_operator_words(&mut self) {
        if std::mem::take(&mut self.operator_words_changed) {
            self.parts.shared.operator_words.store(Arc::new(self.parts.book.operator_words().clone()));
        }
    }

    fn ask_for_snapshot(&mut self) {
        let last_seq = self.batch.first_seq - 1;
        let Some(trigger) = &mut self.parts.snapshots else { return };
        let wished = self.parts.shared.pulse.take_snapshot_wish();
        if wished || last_seq.saturating_sub(trigger.asked_at_seq) >= trigger.every_entries {
            trigger.asked_at_seq = last_seq;
            trigger.desk.ask_for(LiveBook { last_seq, fingerprint: self.parts.book.fingerprint() });
        }
    }

    fn give_answers(&mut self) {
        let seq = self.parts.shared.pulse.head_seq();
        give_all(self.answers.drain(..).map(|(reply_to, told)| (reply_to, Answer { seq, told })));
    }

    fn reckon_rates(&mut self, taken: usize) {
        self.rates.decided += taken as u64;
        let monotonic = self.parts.shared.clock.monotonic();
        let passed = monotonic.saturating_sub(self.rates.since);
        if passed >= RECKON_RATES_EVERY {
            let per_sec = |count: u64| (count as f64 / passed.as_secs_f64()) as u64;
            let pulse = &self.parts.shared.pulse;
            pulse.set_rates(per_sec(self.rates.decided), per_sec(self.rates.entries));
            let strain = self.strain.measured(self.now, monotonic);
            pulse.set_strained(strain.is_too_slow());
            self.metrics.strained(&strain);
            self.metrics.depths(|lane| self.parts.shared.lanes.depth(lane));
            self.rates = Rates { since: monotonic, ..Rates::default() };
        }
    }
}

/// However the thread ends, nobody is left waiting: what is still queued was not decided, so nothing happened.
pub(crate) struct EndsInAnyCase(Arc<Shared>, Vec<Arc<FollowerQueue>>);

impl Drop for EndsInAnyCase {
    fn drop(&mut self) {
        let Self(shared, followers) = self;
        shared.pulse.set_draining();
        shared.lanes.close();
        let mut left = shared.lanes.room_for_a_batch();
        while shared.lanes.take(&mut left, usize::MAX) > 0 {
            let seq = shared.pulse.head_seq();
            let told = Told::Busy(BusyCause::Draining);
            let unasked = left.iter_mut().flat_map(|lane| lane.drain(..));
            give_all(unasked.map(|submission| (submission.reply_to, Answer { seq, told: told.clone() })));
        }
        shared.ending.move_to(Running::Failed(Arc::new(WhyFailed::BrokeOff)));
        followers.iter().for_each(|queue| queue.close());
    }
}

//! Room: engine/sequencer. The bounded lanes in front of the sequencer: who is served first when too many come at once.
//!
//! Any thread pushes, the sequencer's thread takes. One lock and at most one wake-up a push. A lane never grows past its
//! room: a full lane answers Busy before anything happens. It must never look into a question.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use charye_domain::book::{Action, Channel};

use crate::sequencer::answer::{Question, Submission};

/// How many lanes there are.
pub const LANES: usize = 5;

/// Which queue a question waits in. What is nearer to its end goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Confirm, extend, release, cancel, reschedule, leave, the day at the clinic, vouching for the clock; what moves a line.
    Finish,
    /// Hold, reserve at once; what operators publish, import and block.
    Start,
    /// Sign-in, erasing, entering; messages handed over.
    Arrive,
    /// Queries: my reservation, an operation by its key.
    Ask,
    /// What the call centre's agents ask for callers: a share of every batch that no surge of the web can eat.
    Call,
}

impl Lane {
    /// Every lane, in the order in which a batch is decided and spare room is given away.
    pub const ALL: [Self; LANES] = [Self::Finish, Self::Start, Self::Arrive, Self::Ask, Self::Call];

    /// The lane of a question.
    pub fn of(question: &Question) -> Self {
        match question {
            Question::Query(_) => Self::Ask,
            Question::Command(command) if command.by.channel == Channel::Call => Self::Call,
            Question::Command(command) => match &command.action {
                Action::Confirm { .. }
                | Action::ExtendHold { .. }
                | Action::ReleaseHold { .. }
                | Action::Cancel { .. }
                | Action::Reschedule { .. }
                | Action::EndVisit { .. }
                | Action::LeaveLine { .. }
                | Action::EndHelp { .. }
                | Action::Call { .. }
                | Action::Steer { .. }
                | Action::SteerProvider { .. }
                | Action::CommitDraw { .. }
                | Action::CloseDraw { .. }
                | Action::RevealDraw { .. }
                | Action::PlaceDrawn { .. }
                | Action::CheckIn { .. }
                | Action::Administer { .. }
                | Action::NoShow { .. }
                | Action::NoteOutage { .. }
                | Action::AcceptClock => Self::Finish,
                Action::Hold { .. }
                | Action::ReserveAtOnce { .. }
                | Action::PublishCampaign { .. }
                | Action::StageClinics { .. }
                | Action::StageSessions { .. }
                | Action::LayOutImport { .. }
                | Action::ActivateImport { .. }
                | Action::DiscardImport { .. }
                | Action::BlockSlots { .. }
                | Action::UnblockSlots { .. } => Self::Start,
                Action::RegisterCitizen { .. }
                | Action::ErasePerson { .. }
                | Action::StartVisit { .. }
                | Action::Arrive { .. }
                | Action::InviteHelper { .. }
                | Action::AcceptHelp { .. }
                | Action::AttestGuardian { .. }
                | Action::LookUpCaller { .. }
                | Action::NoteDelivered { .. } => Self::Arrive,
            },
        }
    }

    /// The name, as it stands in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finish => "finish",
            Self::Start => "start",
            Self::Arrive => "arrive",
            Self::Ask => "ask",
            Self::Call => "call",
        }
    }

    /// Whether it is mostly those inside who wait in it: whom the cap counts.
    pub(crate) fn is_of_those_inside(self) -> bool {
        matches!(self, Self::Finish | Self::Start)
    }

    fn index(self) -> usize {
        self as usize
    }
}

/// How long a lane may be, and how much of a batch it may fill while others wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneRoom {
    /// Questions that may wait; the next one is told Busy.
    pub waiting_max: usize,
    /// Questions of a full batch. What a lane leaves unused goes to the others, in the order of [`Lane::ALL`].
    pub batch_share: usize,
}

/// The room of every lane, in the order of [`Lane::ALL`].
pub type LaneRooms = [LaneRoom; LANES];

/// A full batch is 4,096 questions: 1,472 finish, 1,216 start, 640 arrive, 640 ask and 128 call. Twice as many places can be
/// finished as people can arrive, so that a surge at the door never keeps out of their reservation those who already hold a
/// place; and a call centre of a thousand agents asks for less than its share.
pub const USUAL_ROOMS: LaneRooms = [
    LaneRoom { waiting_max: 16_384, batch_share: 1_472 },
    LaneRoom { waiting_max: 16_384, batch_share: 1_216 },
    LaneRoom { waiting_max: 16_384, batch_share: 640 },
    LaneRoom { waiting_max: 16_384, batch_share: 640 },
    LaneRoom { waiting_max: 2_048, batch_share: 128 },
];

/// One batch's worth of questions, in lanes. Kept by the sequencer and used again.
pub(crate) type Taken = [VecDeque<Submission>; LANES];

/// Why a push was refused. Its asker is told by whoever pushed, not through the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushRefused {
    Full { waiting: usize },
    Closed,
}

/// The queues.
pub(crate) struct Lanes {
    rooms: LaneRooms,
    queues: Mutex<Queues>,
    come: Condvar,
    depths: [AtomicUsize; LANES],
}

#[derive(Default)]
struct Queues {
    lanes: Taken,
    waiting: usize,
    /// The sequencer waits on `come`: whoever changes something wakes it.
    asleep: bool,
    nudged: bool,
    closed: bool,
}

impl Lanes {
    pub(crate) fn new(rooms: LaneRooms) -> Self {
        let lanes = rooms.map(|room| VecDeque::with_capacity(room.batch_share.min(room.waiting_max)));
        Self {
            rooms,
            queues: Mutex::new(Queues { lanes, ..Queues::default() }),
            come: Condvar::new(),
            depths: Default::default(),
        }
    }

    /// Empty queues of the same size, to be swapped in by [`Lanes::take`].
    pub(crate) fn room_for_a_batch(&self) -> Taken {
        self.rooms.map(|room| VecDeque::with_capacity(room.batch_share.min(room.waiting_max)))
    }

    /// Queues one question; wakes the sequencer only if it sleeps.
    pub(crate) fn push(&self, lane: Lane, submission: Submission) -> Result<(), PushRefused> {
        let mut queues = self.locked();
        if queues.closed {
            drop(queues);
            submission.reply_to.withdraw();
            return Err(PushRefused::Closed);
        }
        let waiting = queues.lanes[lane.index()].len();
        if waiting >= self.rooms[lane.index()].waiting_max {
            drop(queues);
            submission.reply_to.withdraw();
            return Err(PushRefused::Full { waiting });
        }
        queues.lanes[lane.index()].push_back(submission);
        queues.waiting += 1;
        self.depths[lane.index()].store(waiting + 1, Ordering::Relaxed);
        let wake = std::mem::take(&mut queues.asleep);
        drop(queues);
        if wake {
            self.come.notify_one();
        }
        Ok(())
    }

    /// Moves up to a batch of questions into `taken`, which must be empty: each lane's share, then what others left. A
    /// full batch of more than `questions_max` is made smaller, in the same shares. Returns how many.
    pub(crate) fn take(&self, taken: &mut Taken, questions_max: usize) -> usize {
        let mut queues = self.locked();
        let lengths = Lane::ALL.map(|lane| queues.lanes[lane.index()].len());
        let counts = split_batch(lengths, scaled(self.rooms.map(|room| room.batch_share), questions_max));
        for (lane, count) in counts.into_iter().enumerate() {
            let queue = &mut queues.lanes[lane];
            if count == queue.len() {
                std::mem::swap(queue, &mut taken[lane]);
            } else {
                taken[lane].extend(queue.drain(..count));
            }
            self.depths[lane].store(lengths[lane] - count, Ordering::Relaxed);
        }
        let total = counts.iter().sum();
        queues.waiting -= total;
        total
    }

    /// Waits until something is queued, somebody nudges, the lanes close, or `timeout` passes. Returns whether it passed
    /// with nothing to do.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let mut queues = self.locked();
        let mut nothing_came = false;
        if queues.waiting == 0 && !queues.nudged && !queues.closed {
            queues.asleep = true;
            let (woken, _) = self
                .come
                .wait_timeout_while(queues, timeout, |queues| queues.asleep)
                .unwrap_or_else(PoisonError::into_inner);
            queues = woken;
            nothing_came = queues.asleep;
        }
        queues.asleep = false;
        queues.nudged = false;
        nothing_came
    }

    /// Makes a waiting sequencer look at its clock and its book now.
    pub(crate) fn nudge(&self) {
        let mut queues = self.locked();
        queues.nudged = true;
        let wake = std::mem::take(&mut queues.asleep);
        drop(queues);
        if wake {
            self.come.notify_one();
        }
    }

    /// Lets nothing more in. What is queued stays queued.
    pub(crate) fn close(&self) {
        self.locked().closed = true;
        self.nudge();
    }

    /// Closed, and everything that was let in has been taken.
    pub(crate) fn is_drained(&self) -> bool {
        let queues = self.locked();
        queues.closed && queues.waiting == 0
    }

    /// Questions waiting in a lane, as of the last push or take.
    pub(crate) fn depth(&self, lane: Lane) -> usize {
        self.depths[lane.index()].load(Ordering::Relaxed)
    }

    fn locked(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same shares of a smaller batch; at least one question of each lane.
fn scaled(shares: [usize; LANES], questions_max: usize) -> [usize; LANES] {
    let full: usize = shares.iter().sum();
    if full <= questions_max {
        return shares;
    }
    shares.map(|share| (share.saturating_mul(questions_max) / full).max(1))
}

/// How many of each lane go into a batch: its share at most, then room that others left, in lane order.
fn split_batch(waiting: [usize; LANES], shares: [usize; LANES]) -> [usize; LANES] {
    let mut counts = [0; LANES];
    let mut spare = 0;
    for lane in 0..LANES {
        counts[lane] = waiting[lane].min(shares[lane]);
        spare += shares[lane] - counts[lane];
    }
    for lane in 0..LANES {
        let more = spare.min(waiting[lane] - counts[lane]);
        counts[lane] += more;
        spare -= more;
    }
    counts
}

#[cfg(test)]
mod tests {
    use charye_domain::book::{Actor, Command, Provenance};

    use super::*;

    fn check_split(waiting: [usize; LANES], expect: [usize; LANES]) {
        assert_eq!(split_batch(waiting, [40, 30, 15, 10, 5]), expect, "waiting {waiting:?}");
    }

    #[test]
    fn a_batch_is_shared_among_the_lanes_and_spare_room_goes_to_the_others() {
        check_split([0, 0, 0, 0, 0], [0, 0, 0, 0, 0]);
        check_split([5, 5, 5, 5, 5], [5, 5, 5, 5, 5]);
        check_split([1_000, 1_000, 1_000, 1_000, 1_000], [40, 30, 15, 10, 5]);
        check_split([0, 0, 1_000, 0, 0], [0, 0, 100, 0, 0]);
        check_split([50, 1_000, 1_000, 0, 0], [50, 35, 15, 0, 0]);
        check_split([10, 1_000, 1_000, 5, 1], [10, 69, 15, 5, 1]);
        check_split([10, 31, 1_000, 1_000, 9], [10, 31, 44, 10, 5]);
    }

    #[test]
    fn a_smaller_batch_is_shared_alike() {
        assert_eq!(scaled([40, 30, 15, 10, 5], 100), [40, 30, 15, 10, 5]);
        assert_eq!(scaled([40, 30, 15, 10, 5], usize::MAX), [40, 30, 15, 10, 5]);
        assert_eq!(scaled([40, 30, 15, 10, 5], 50), [20, 15, 7, 5, 2]);
        assert_eq!(scaled([40, 30, 15, 10, 5], 0), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn a_surge_of_arrivals_leaves_every_other_lane_its_share() {
        let shares = USUAL_ROOMS.map(|room| room.batch_share);
        assert_eq!(shares.iter().sum::<usize>(), 4_096);
        assert_eq!(split_batch([2_000, 2_000, 16_384, 2_000, 200], shares), [1_472, 1_216, 640, 640, 128]);
    }

    #[test]
    fn what_agents_ask_for_callers_waits_behind_nobody_of_the_web() {
        let lane = |channel| {
            let by = Provenance { actor: Actor::System, channel, reason: 0 };
            Lane::of(&Question::Command(Command { by, operation: None, action: Action::NoteOutage { gap_ms: 1 } }))
        };
        assert_eq!((lane(Channel::Call), lane(Channel::Page)), (Lane::Call, Lane::Finish));
    }
}

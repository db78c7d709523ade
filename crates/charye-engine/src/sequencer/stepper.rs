//! Room: engine/sequencer. The sequencer without its thread: whoever holds the stepper says when it takes its next turn.
//!
//! For the simulator, which plays a whole evening on one thread; made by [`Engine::start_stepped`]. A turn is the very
//! turn of the sequencer's thread: nothing here may decide, record or answer anything by itself.
//!
//! [`Engine::start_stepped`]: crate::Engine::start_stepped

use crate::sequencer::SnapshotMaker;
use crate::sequencer::thread::{EndsInAnyCase, Sequencer, Step};
use crate::waiting_room::{Attendant, Look};

/// What became of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It took so many questions. Take another one: more may be waiting, or due.
    Worked { questions: usize },
    /// Nothing to do until somebody asks, or time has passed: at most
    /// [`LOOK_AT_CLOCK_EVERY`](crate::sequencer::LOOK_AT_CLOCK_EVERY) in a running engine.
    Idle,
    /// Drained and stopped, or an append failed: see [`Engine::running`](crate::Engine::running). No turn follows.
    Ended,
}

/// Takes the sequencer's turns by hand, on the caller's thread. Dropped, it ends as a sequencer that broke off does:
/// what is still queued was not decided.
pub struct Stepper {
    /// First, so that whoever waits is told before the sequencer goes.
    ends: Option<EndsInAnyCase>,
    sequencer: Sequencer,
    snapshots: Option<SnapshotMaker>,
    attendant: Attendant,
}

impl Stepper {
    pub(crate) fn new(sequencer: Sequencer, snapshots: Option<SnapshotMaker>, attendant: Attendant) -> Self {
        Self { ends: Some(sequencer.ends_in_any_case()), sequencer, snapshots, attendant }
    }

    /// One turn: a batch of questions is taken, decided, made durable and answered, with whatever time brought.
    pub fn turn(&mut self) -> Turned {
        if self.ends.is_none() {
            return Turned::Ended;
        }
        match self.sequencer.step() {
            Step::Worked(questions) => Turned::Worked { questions },
            Step::Idle => Turned::Idle,
            Step::Ended => {
                self.ends = None;
                Turned::Ended
            }
        }
    }

    /// One look of the lines' attendant: counts the places left if a second has passed, and takes every draw a step
    /// further. Returns whether a step was taken, whose answer the next turn brings. In a running engine a thread looks four
    /// times a second, and at once after a step.
    pub fn attend_lines(&mut self) -> bool {
        self.attendant.look() == Look::Went
    }

    /// Makes the snapshot that was asked for since the last time, if one was. Returns whether one more is kept: not if
    /// the book of the journal's replay has another fingerprint than the sequencer's (law I14).
    pub fn make_snapshot_if_asked(&mut self) -> bool {
        self.snapshots.as_mut().is_some_and(SnapshotMaker::make_if_asked)
    }
}

impl std::fmt::Debug for Stepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepper").field("ended", &self.ends.is_none()).finish_non_exhaustive()
    }
}

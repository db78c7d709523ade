//! Room: engine/sequencer. How large a batch may be: so large that deciding it takes no longer than a few syncs. On a quick
//! machine that is more than the lanes ever give; on a slow one it keeps a full queue from making everyone wait for everyone.
//!
//! Fed and asked by the sequencer's thread once a batch. Pure: measured times in, a number of questions out.
//!
//! Why a few syncs: with a sync of `s`, a batch of `n` questions at `c` each takes `s + n c`. At 80 % load batches are as
//! long as `s (1 + x) / (1 + x / 5)` with `x = n c / s`, under overload `s (1 + x)`: their ratio is `1 + x / 5`, and the part
//! of the machine that answers is `x / (1 + x)`. With `x = 3` nobody waits more than about 1.5 times as long under any
//! overload as at 80 % load, for a quarter of the most that could be had with endless batches.

use std::time::Duration;

/// Deciding a batch takes as long as so many syncs.
const SYNCS: u32 = 3;
/// However quick the disk: below this nobody notices a wait.
const WORK_MIN: Duration = Duration::from_millis(2);
/// However slow the disk.
const WORK_MAX: Duration = Duration::from_millis(100);
/// Batches over which times are averaged: a new one counts for one in so many.
const AVERAGED_OVER: u32 = 8;
/// A batch is never smaller: a place in each lane, several times over.
const QUESTIONS_MIN: usize = 16;

/// Averages of the last batches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    sync: Duration,
    question: Duration,
}

impl Pace {
    /// So many questions were decided in so long.
    pub(crate) fn note_decided(&mut self, questions: usize, took: Duration) {
        if let Ok(questions @ 1..) = u32::try_from(questions) {
            self.question = averaged(self.question, took / questions);
        }
    }

    /// A batch became durable in so long.
    pub(crate) fn note_commit(&mut self, took: Duration) {
        self.sync = averaged(self.sync, took);
    }

    /// How many questions the next batch may hold.
    pub(crate) fn questions_max(&self) -> usize {
        let work = self.sync.saturating_mul(SYNCS).clamp(WORK_MIN, WORK_MAX);
        let questions = work.as_nanos() / self.question.as_nanos().max(1);
        usize::try_from(questions).unwrap_or(usize::MAX).max(QUESTIONS_MIN)
    }
}

fn averaged(before: Duration, now: Duration) -> Duration {
    if before.is_zero() { now } else { (before * (AVERAGED_OVER - 1) + now) / AVERAGED_OVER }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paced(question: Duration, sync: Duration) -> usize {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.note_decided(10, question * 10);
            pace.note_commit(sync);
        }
        pace.questions_max()
    }

    #[test]
    fn a_batch_is_decided_within_a_few_syncs() {
        let (us, ms) = (Duration::from_micros, Duration::from_millis);
        assert_eq!(paced(us(100), ms(2)), 60);
        assert_eq!(paced(us(1), ms(2)), 6_000);
        assert_eq!(paced(us(100), us(10)), 20, "however quick the disk");
        assert_eq!(paced(us(100), ms(900)), 1_000, "however slow the disk");
        assert_eq!(paced(ms(10), ms(1)), QUESTIONS_MIN);
    }

    #[test]
    fn what_is_not_measured_limits_nothing() {
        assert!(Pace::default().questions_max() >= 4_096);
    }
}

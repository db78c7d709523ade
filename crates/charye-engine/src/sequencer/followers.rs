//! Room: engine/sequencer. How durable batches reach those who write behind: a bounded queue each, and the journal itself
//! for whoever falls behind.
//!
//! The sequencer pushes and never waits; projector and messenger take. A queue that would grow past its room is emptied,
//! and its follower reads on from the journal instead. It must never hold an answer back.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ports::RecordedBatch;

/// What a follower finds in its queue.
#[derive(Debug)]
pub(crate) enum Found {
    /// Batches, oldest first; those already applied are to be skipped.
    Batches(Vec<RecordedBatch>),
    /// Some were dropped: read the journal from where you are, then come back.
    FellBehind,
    /// Nothing came in time.
    Nothing,
    /// The engine has ended and the queue is empty.
    Closed,
}

/// One follower's queue.
#[derive(Debug)]
pub(crate) struct FollowerQueue {
    entries_max: usize,
    queue: Mutex<Queue>,
    come: Condvar,
}

#[derive(Debug)]
struct Queue {
    batches: VecDeque<RecordedBatch>,
    entries: usize,
    /// Entries from which on the follower is to be woken; more than there can be while it does not wait.
    wakes_at: usize,
    fell_behind: bool,
    closed: bool,
}

/// The follower does not wait.
const AWAKE: usize = usize::MAX;

impl FollowerQueue {
    /// A queue for `entries_max` entries, for a follower that has yet to read what the journal holds already.
    pub(crate) fn new(entries_max: usize) -> Self {
        let queue = Queue { batches: VecDeque::new(), entries: 0, wakes_at: AWAKE, fell_behind: true, closed: false };
        Self { entries_max, queue: Mutex::new(queue), come: Condvar::new() }
    }

    /// Offers a durable batch. Never waits, and wakes the follower only if it has waited for this one: waking somebody
    /// costs more than a reservation.
    pub(crate) fn push(&self, batch: &RecordedBatch) {
        let mut queue = self.locked();
        if queue.fell_behind {
            return;
        }
        if queue.entries + batch.entries.len() > self.entries_max {
            queue.batches.clear();
            queue.entries = 0;
            queue.fell_behind = true;
        } else {
            queue.entries += batch.entries.len();
            queue.batches.push_back(batch.clone());
        }
        let wakes = queue.fell_behind || queue.entries >= queue.wakes_at;
        drop(queue);
        if wakes {
            self.come.notify_one();
        }
    }

    /// Takes what is there: at least `entries_min` entries, or what has come within `gather_max` of the first. Waits at most
    /// `idle_max` for the first.
    ///
    /// [`Found::FellBehind`] is told once: from then on the queue collects again, so what the journal holds afterwards
    /// and what is queued overlap and never leave a gap.
    pub(crate) fn take(&self, entries_min: usize, gather_max: Duration, idle_max: Duration) -> Found {
        let mut queue = self.wait_for(self.locked(), 1, idle_max);
        if queue.entries > 0 {
            queue = self.wait_for(queue, entries_min, gather_max);
        }
        if std::mem::take(&mut queue.fell_behind) {
            return Found::FellBehind;
        }
        if !queue.batches.is_empty() {
            queue.entries = 0;
            return Found::Batches(queue.batches.drain(..).collect());
        }
        if queue.closed { Found::Closed } else { Found::Nothing }
    }

    fn wait_for<'q>(
        &self,
        mut queue: MutexGuard<'q, Queue>,
        entries: usize,
        timeout: Duration,
    ) -> MutexGuard<'q, Queue> {
        queue.wakes_at = entries;
        let (mut queue, _) = self
            .come
            .wait_timeout_while(queue, timeout, |queue| queue.entries < entries && !queue.fell_behind && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        queue.wakes_at = AWAKE;
        queue
    }

    /// Forgets what is queued: the follower could not apply it and will read the journal.
    pub(crate) fn fall_behind(&self) {
        let mut queue = self.locked();
        queue.batches.clear();
        queue.entries = 0;
        queue.fell_behind = true;
    }

    /// Rests, unless the engine ends meanwhile. Returns whether it has ended.
    pub(crate) fn rest(&self, duration: Duration) -> bool {
        let (queue, _) = self
            .come
            .wait_timeout_while(self.locked(), duration, |queue| !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        queue.closed
    }

    /// No batch comes any more.
    pub(crate) fn close(&self) {
        self.locked().closed = true;
        self.come.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.locked().closed
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use charye_domain::book::{Entry, Event};
    use charye_domain::time::UnixMillis;

    use super::*;
    use crate::answered::by_system;

    fn batch(first_seq: u64, entries: usize) -> RecordedBatch {
        let by = by_system(charye_domain::book::Channel::Internal);
        let entry = Entry { by, under: None, operation: None, event: Event::ClockAccepted };
        RecordedBatch { first_seq, epoch: 1, at: UnixMillis(0), hash: [0; 32], entries: vec![entry; entries].into() }
    }

    fn take(queue: &FollowerQueue) -> Found {
        queue.take(1, Duration::ZERO, Duration::ZERO)
    }

    #[test]
    fn a_new_follower_reads_the_journal_first() {
        let queue = FollowerQueue::new(10);
        queue.push(&batch(1, 1));
        assert!(matches!(take(&queue), Found::FellBehind));
        assert!(matches!(take(&queue), Found::Nothing), "what was pushed before is in the journal");
        queue.push(&batch(2, 1));
        assert!(matches!(take(&queue), Found::Batches(batches) if batches[0].first_seq == 2));
    }

    #[test]
    fn a_queue_never_grows_past_its_room_and_its_follower_is_told() {
        let queue = FollowerQueue::new(10);
        take(&queue);
        queue.push(&batch(1, 6));
        queue.push(&batch(7, 4));
        queue.push(&batch(11, 1));
        queue.push(&batch(12, 1));
        assert!(matches!(take(&queue), Found::FellBehind));
        queue.push(&batch(13, 3));
        assert!(matches!(take(&queue), Found::Batches(batches) if batches[0].first_seq == 13));
    }

    #[test]
    fn entries_gather_after_the_first_and_enough_of_them_wake_the_follower() {
        let long = Duration::from_secs(60);
        let queue = Arc::new(FollowerQueue::new(100));
        take(&queue);
        std::thread::scope(|scope| {
            let follower = scope.spawn(|| queue.take(5, long, long));
            // Neither the first entry nor the third is enough; the fifth is, long before the time is over.
            for first_seq in [1, 3, 5] {
                queue.push(&batch(first_seq, 2));
            }
            let Found::Batches(batches) = follower.join().unwrap() else { panic!("batches came") };
            assert_eq!(batches.iter().map(|batch| batch.first_seq).collect::<Vec<_>>(), [1, 3, 5]);
        });
        queue.push(&batch(7, 2));
        assert!(matches!(queue.take(5, Duration::from_millis(1), long), Found::Batches(batches) if batches.len() == 1));
    }

    #[test]
    fn a_closed_queue_is_emptied_before_it_says_so() {
        let queue = Arc::new(FollowerQueue::new(10));
        take(&queue);
        queue.push(&batch(1, 1));
        queue.close();
        assert!(matches!(take(&queue), Found::Batches(_)));
        assert!(matches!(take(&queue), Found::Closed));
        assert!(queue.rest(Duration::from_secs(60)), "a rest ends with the engine");
    }
}

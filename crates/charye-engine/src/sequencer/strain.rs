//! Room: engine/sequencer. How hard the service is at work: 99th percentiles of the time until a batch is durable and of the
//! time questions wait for their turn, over the last second or two.
//!
//! Fed by the sequencer's thread once a batch, read by the caller of the waiting room and by whoever sheds load. It must
//! never cost more than a few additions a batch.

use std::time::Duration;

use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::Measured;

use crate::sequencer::lanes::Lane;

/// Times are told apart up to this; above it the service is far too slow anyway. Unit: milliseconds.
const TOLD_APART_MS: usize = 1_000;
/// A stretch that is measured in one piece.
const STRETCH: Duration = Duration::from_secs(1);

/// The measurements of this stretch and the one before it.
pub(crate) struct Strain {
    stretch_began: Duration,
    commit: [Counts; 2],
    queued: [Counts; 2],
    /// Of `queued`, those who are inside.
    inside_queued: [Counts; 2],
    inside_turned_away: [u32; 2],
    /// Of all turned away since the process began, as last told.
    turned_away_told: u64,
}

impl Strain {
    pub(crate) fn new(monotonic: Duration) -> Self {
        Self {
            stretch_began: monotonic,
            commit: Default::default(),
            queued: Default::default(),
            inside_queued: Default::default(),
            inside_turned_away: [0; 2],
            turned_away_told: 0,
        }
    }

    /// A batch became durable after so long.
    pub(crate) fn note_commit(&mut self, took: Duration) {
        self.commit[0].add(took, 1);
    }

    /// So many questions took their turn, the first of them after so long.
    pub(crate) fn note_queued(&mut self, lane: Lane, waited: Duration, questions: usize) {
        let questions = u32::try_from(questions).unwrap_or(u32::MAX);
        self.queued[0].add(waited, questions);
        if lane.is_of_those_inside() {
            self.inside_queued[0].add(waited, questions);
        }
    }

    /// So many questions of those inside have found their lane full, or waited too long, since the process began.
    pub(crate) fn note_turned_away(&mut self, in_all: u64) {
        let more = in_all.saturating_sub(std::mem::replace(&mut self.turned_away_told, in_all));
        self.inside_turned_away[0] = self.inside_turned_away[0].saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    }

    /// What is known at `now`. A sequencer that looks at its clock and has nothing to do is quick: that is a measurement.
    pub(crate) fn measured(&mut self, now: UnixMillis, monotonic: Duration) -> Measured {
        let passed = monotonic.saturating_sub(self.stretch_began);
        if passed >= STRETCH {
            // After a longer rest what was measured before is not news any more.
            let is_stale = passed >= 2 * STRETCH;
            self.inside_turned_away.swap(0, 1);
            self.inside_turned_away[0] = 0;
            if is_stale {
                self.inside_turned_away[1] = 0;
            }
            for counts in [&mut self.commit, &mut self.queued, &mut self.inside_queued] {
                counts.swap(0, 1);
                counts[0].clear();
                if is_stale {
                    counts[1].clear();
                }
            }
            self.stretch_began = monotonic;
        }
        let [late, before] = self.inside_turned_away;
        Measured {
            at: now,
            commit_ms_p99: p99_ms(&self.commit),
            queued_ms_p99: p99_ms(&self.queued),
            inside_queued_ms_p99: p99_ms(&self.inside_queued),
            inside_turned_away: late.saturating_add(before),
        }
    }
}

/// How often which whole millisecond was measured.
struct Counts {
    by_ms: Box<[u32]>,
    total: u32,
    /// The slowest time counted: nothing lies beyond it.
    slowest_ms: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self { by_ms: vec![0; TOLD_APART_MS + 1].into(), total: 0, slowest_ms: 0 }
    }
}

impl Counts {
    fn add(&mut self, time: Duration, times: u32) {
        let ms = usize::try_from(time.as_millis()).map_or(TOLD_APART_MS, |ms| ms.min(TOLD_APART_MS));
        if let Some(count) = self.by_ms.get_mut(ms) {
            *count = count.saturating_add(times);
            self.total = self.total.saturating_add(times);
            self.slowest_ms = self.slowest_ms.max(ms);
        }
    }

    fn clear(&mut self) {
        if self.total > 0 {
            self.by_ms.fill(0);
            (self.total, self.slowest_ms) = (0, 0);
        }
    }
}

/// The smallest time that at most one in a hundred exceeded; 0 if nothing was measured.
fn p99_ms(counts: &[Counts; 2]) -> u32 {
    let total = u64::from(counts[0].total) + u64::from(counts[1].total);
    let mut beyond = 0;
    let slowest_ms = counts.iter().map(|counts| counts.slowest_ms).max().unwrap_or(0);
    for ms in (1..=slowest_ms).rev() {
        beyond += counts.iter().map(|counts| u64::from(counts.by_ms[ms])).sum::<u64>();
        if beyond * 100 > total {
            return ms as u32;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn one_in_a_hundred_may_be_slow_and_two_may_not() {
        let mut strain = Strain::new(ms(0));
        strain.note_queued(Lane::Start, ms(3), 990);
        strain.note_queued(Lane::Arrive, ms(400), 10);
        assert_eq!(strain.measured(UnixMillis(0), ms(500)).queued_ms_p99, 3);
        strain.note_queued(Lane::Arrive, ms(400), 10);
        assert_eq!(strain.measured(UnixMillis(0), ms(500)).queued_ms_p99, 400);
    }

    #[test]
    fn what_was_measured_counts_for_a_second_or_two() {
        let mut strain = Strain::new(ms(0));
        strain.note_commit(ms(70));
        assert_eq!(strain.measured(UnixMillis(0), ms(999)).commit_ms_p99, 70);
        assert_eq!(strain.measured(UnixMillis(0), ms(1_000)).commit_ms_p99, 70);
        strain.note_commit(ms(2));
        assert_eq!(strain.measured(UnixMillis(0), ms(2_000)).commit_ms_p99, 2);
        assert_eq!(strain.measured(UnixMillis(0), ms(9_000)).commit_ms_p99, 0, "nothing to do is quick");
    }

    #[test]
    fn a_crowd_at_the_door_is_no_wait_of_those_inside() {
        let mut strain = Strain::new(ms(0));
        strain.note_queued(Lane::Finish, ms(4), 3);
        strain.note_queued(Lane::Arrive, ms(900), 10_000);
        let measured = strain.measured(UnixMillis(0), ms(1));
        assert_eq!((measured.queued_ms_p99, measured.inside_queued_ms_p99), (900, 4));
    }

    #[test]
    fn who_was_turned_away_counts_for_a_second_or_two() {
        let mut strain = Strain::new(ms(0));
        let mut turned_away = |in_all, at| {
            strain.note_turned_away(in_all);
            strain.measured(UnixMillis(0), ms(at)).inside_turned_away
        };
        assert_eq!([turned_away(7, 500), turned_away(7, 1_000), turned_away(9, 1_500)], [7, 7, 9]);
        assert_eq!([turned_away(9, 2_000), turned_away(9, 3_000)], [2, 0]);
    }

    #[test]
    fn beyond_a_second_all_is_slow() {
        let mut strain = Strain::new(ms(0));
        strain.note_commit(Duration::from_secs(90));
        assert_eq!(strain.measured(UnixMillis(0), ms(1)).commit_ms_p99, 1_000);
    }
}

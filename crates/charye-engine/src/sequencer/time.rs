//! Room: engine/sequencer. What time it is for the book. Pure: readings of two clocks in, one instant that never goes back out.
//!
//! Asked by the sequencer's thread once a batch. It goes forward by the monotonic clock and follows the wall clock only
//! within two seconds; a larger jump makes it unsure, and while it is unsure nothing is decided by it (law I16).

use std::time::Duration;

use charye_domain::time::UnixMillis;

/// How far the wall clock may stray from the monotonic one and still be followed. Unit: milliseconds.
pub const FOLLOWED_MS: i64 = 2_000;
/// How long after the last batch a start still trusts the wall clock. Unit: milliseconds.
pub const TRUSTED_STOP_MS: i64 = 24 * 3_600_000;
/// How fast the two clocks may drift apart for good: 1 ms a second, twice what NTP slews by. Faster is a jump in slices.
const DRIFT_PER_MILLE: i64 = 1;

/// The sequencer's time.
#[derive(Clone, Debug)]
pub struct SequencerTime {
    now: UnixMillis,
    /// Wall minus monotonic clock while both are trusted. Unit: microseconds, so that drift adds up.
    offset_us: i64,
    monotonic: Duration,
    /// How far our time is ahead of the wall clock, since a wall clock that lay behind was vouched for. Milliseconds.
    lead_ms: i64,
    doubt: Option<Doubt>,
}

/// Why the wall clock is not trusted, and since when our time stands still for the book.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    since: UnixMillis,
    /// At a start there is no earlier reading to compare with, only the last batch's time.
    at_start: bool,
}

/// What the sequencer goes by for one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub now: UnixMillis,
    /// If not, changes are refused and nothing opens or expires.
    pub sure: bool,
    /// Time decides again after it did not, for so long: the process was stopped, or the clock unsure. Given once.
    /// Unit: milliseconds.
    pub resumed_after_ms: Option<u64>,
}

impl SequencerTime {
    /// At the start of a process; `last_batch_at` is the time of the journal's last row.
    ///
    /// The first sure reading tells the time since that row as a stop.
    pub fn start(wall: UnixMillis, monotonic: Duration, last_batch_at: Option<UnixMillis>) -> Self {
        Self {
            now: last_batch_at.unwrap_or(wall),
            offset_us: offset_us(wall, monotonic),
            monotonic,
            lead_ms: 0,
            doubt: last_batch_at.map(|since| Doubt { since, at_start: true }),
        }
    }

    /// Reads both clocks: once a batch, and at least every 250 ms.
    pub fn advance(&mut self, wall: UnixMillis, monotonic: Duration) -> Reading {
        let elapsed = monotonic.saturating_sub(self.monotonic);
        self.monotonic = self.monotonic.max(monotonic);
        if !self.follows(wall) {
            self.doubt.get_or_insert(Doubt { since: self.now, at_start: false });
            self.now = self.now.plus_millis(millis(elapsed));
            return Reading { now: self.now, sure: false, resumed_after_ms: None };
        }
        if self.doubt.is_some_and(|doubt| doubt.at_start) {
            self.offset_us = offset_us(wall, self.monotonic);
        } else {
            self.drift_towards(wall, elapsed);
        }
        self.now = self.now.max(wall.plus_millis(self.lead_ms));
        self.resume()
    }

    /// Somebody vouches for the wall clock. Our time takes it over, unless it lies behind: then our time goes on from
    /// where it is, as much ahead of the wall clock as it has to be.
    pub fn accept(&mut self, wall: UnixMillis, monotonic: Duration) -> Reading {
        let reading = self.advance(wall, monotonic);
        if reading.sure {
            return reading;
        }
        self.offset_us = offset_us(wall, self.monotonic);
        self.lead_ms = self.now.millis_since(wall).max(0);
        self.now = self.now.max(wall);
        self.resume()
    }

    fn resume(&mut self) -> Reading {
        let stopped_ms = self.doubt.take().map(|doubt| self.now.millis_since(doubt.since).unsigned_abs());
        Reading { now: self.now, sure: true, resumed_after_ms: stopped_ms }
    }

    fn follows(&self, wall: UnixMillis) -> bool {
        match self.doubt {
            Some(Doubt { since, at_start: true }) => {
                (-FOLLOWED_MS..=TRUSTED_STOP_MS).contains(&wall.millis_since(since))
            }
            _ => (-FOLLOWED_MS..=FOLLOWED_MS).contains(&(self.deviation_us(wall) / 1_000)),
        }
    }

    /// How far the wall clock lies ahead of where the monotonic clock puts it.
    fn deviation_us(&self, wall: UnixMillis) -> i64 {
        offset_us(wall, self.monotonic).saturating_sub(self.offset_us)
    }

    fn drift_towards(&mut self, wall: UnixMillis, elapsed: Duration) {
        let allowed_us = micros(elapsed) / 1_000 * DRIFT_PER_MILLE;
        let drift_us = self.deviation_us(wall).clamp(-allowed_us, allowed_us);
        self.offset_us = self.offset_us.saturating_add(drift_us);
    }
}

fn offset_us(wall: UnixMillis, monotonic: Duration) -> i64 {
    wall.0.saturating_mul(1_000).saturating_sub(micros(monotonic))
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: UnixMillis = UnixMillis(1_628_506_800_000);
    const TEN_YEARS_MS: i64 = 10 * 365 * 86_400_000;

    /// A machine whose two clocks can be turned apart.
    struct Machine {
        wall: UnixMillis,
        monotonic: Duration,
        time: SequencerTime,
    }

    impl Machine {
        fn started(last_batch_at: Option<UnixMillis>) -> Self {
            let monotonic = Duration::from_secs(5);
            Self { wall: T0, monotonic, time: SequencerTime::start(T0, monotonic, last_batch_at) }
        }

        fn running() -> Self {
            let mut machine = Self::started(None);
            assert_eq!(machine.pass(0), Reading { now: T0, sure: true, resumed_after_ms: None });
            machine
        }

        fn pass(&mut self, millis: u64) -> Reading {
            self.monotonic += Duration::from_millis(millis);
            self.wall = self.wall.plus_millis(millis.cast_signed());
            self.time.advance(self.wall, self.monotonic)
        }

        fn turn_wall(&mut self, millis: i64) -> Reading {
            self.wall = self.wall.plus_millis(millis);
            self.time.advance(self.wall, self.monotonic)
        }

        fn accept(&mut self) -> Reading {
            self.time.accept(self.wall, self.monotonic)
        }
    }

    fn sure(now: UnixMillis) -> Reading {
        Reading { now, sure: true, resumed_after_ms: None }
    }

    fn unsure(now: UnixMillis) -> Reading {
        Reading { now, sure: false, resumed_after_ms: None }
    }

    #[test]
    fn time_passes() {
        let mut machine = Machine::running();
        assert_eq!(machine.pass(250), sure(T0.plus_millis(250)));
        assert_eq!(machine.pass(1), sure(T0.plus_millis(251)));
        assert_eq!(machine.pass(86_400_000), sure(T0.plus_millis(86_400_251)));
    }

    #[test]
    fn small_steps_of_the_wall_are_followed_forward_and_waited_for_backward() {
        let mut machine = Machine::running();
        assert_eq!(machine.turn_wall(2_000), sure(T0.plus_millis(2_000)));
        assert_eq!(machine.turn_wall(-3_500), sure(T0.plus_millis(2_000)), "never goes back");
        assert_eq!(machine.pass(1_000), sure(T0.plus_millis(2_000)), "stands still until the wall has caught up");
        assert_eq!(machine.pass(3_000), sure(T0.plus_millis(2_500)));
    }

    #[test]
    fn a_jump_past_two_seconds_makes_it_unsure_either_way() {
        for jump in [2_001, 60_000, TEN_YEARS_MS, -2_001, -60_000, -TEN_YEARS_MS] {
            let mut machine = Machine::running();
            assert_eq!(machine.turn_wall(jump), unsure(T0), "{jump}");
            assert_eq!(machine.pass(400), unsure(T0.plus_millis(400)), "{jump}: goes on by the monotonic clock");
        }
    }

    #[test]
    fn a_jump_in_small_slices_is_still_a_jump() {
        let mut machine = Machine::running();
        assert!(machine.turn_wall(1_500).sure);
        machine.pass(10);
        assert!(!machine.turn_wall(1_500).sure);
    }

    #[test]
    fn slow_drift_is_followed_for_good() {
        let mut machine = Machine::running();
        // Half a millisecond a second, for a day: 43 s in all.
        for second in 0..86_400 {
            machine.pass(1_000);
            let reading = machine.turn_wall(second % 2);
            assert!(reading.sure, "second {second}");
        }
    }

    #[test]
    fn a_wall_that_comes_back_is_trusted_again_and_the_gap_is_told_once() {
        let mut machine = Machine::running();
        machine.turn_wall(TEN_YEARS_MS);
        machine.pass(30_000);
        let back = machine.turn_wall(-TEN_YEARS_MS);
        assert_eq!(back, Reading { now: T0.plus_millis(30_000), sure: true, resumed_after_ms: Some(30_000) });
        assert_eq!(machine.pass(1), sure(T0.plus_millis(30_001)));
    }

    #[test]
    fn accepting_a_forward_jump_takes_the_wall_over_and_tells_the_gap() {
        let mut machine = Machine::running();
        machine.turn_wall(TEN_YEARS_MS);
        machine.pass(5_000);
        let now = T0.plus_millis(TEN_YEARS_MS + 5_000);
        let gap = (TEN_YEARS_MS + 5_000) as u64;
        assert_eq!(machine.accept(), Reading { now, sure: true, resumed_after_ms: Some(gap) });
        assert_eq!(machine.pass(250), sure(now.plus_millis(250)));
    }

    #[test]
    fn accepting_a_backward_jump_goes_on_from_where_time_is() {
        let mut machine = Machine::running();
        machine.turn_wall(-TEN_YEARS_MS);
        machine.pass(5_000);
        assert_eq!(machine.accept(), Reading { now: T0.plus_millis(5_000), sure: true, resumed_after_ms: Some(5_000) });
        assert_eq!(machine.pass(250), sure(T0.plus_millis(5_250)), "ahead of the wall, at its pace");
        assert!(!machine.turn_wall(TEN_YEARS_MS).sure, "turning it back is a jump too");
    }

    #[test]
    fn accepting_a_sure_clock_changes_nothing() {
        let mut machine = Machine::running();
        machine.pass(100);
        assert_eq!(machine.accept(), sure(T0.plus_millis(100)));
    }

    #[test]
    fn a_start_after_a_stop_tells_how_long_it_was() {
        let mut machine = Machine::started(Some(T0.plus_millis(-90_000)));
        assert_eq!(machine.pass(0), Reading { now: T0, sure: true, resumed_after_ms: Some(90_000) });
        assert_eq!(machine.pass(1), sure(T0.plus_millis(1)));
    }

    #[test]
    fn a_start_before_the_last_batch_or_a_day_after_it_is_unsure() {
        let check = |last_batch_at: UnixMillis, expect_sure: bool| {
            let reading = Machine::started(Some(last_batch_at)).pass(0);
            assert_eq!(reading.sure, expect_sure, "last batch {} ms ago", T0.millis_since(last_batch_at));
            assert!(reading.now >= last_batch_at, "never goes back");
        };
        check(T0, true);
        check(T0.plus_millis(2_000), true);
        check(T0.plus_millis(2_001), false);
        check(T0.plus_millis(TEN_YEARS_MS), false);
        check(T0.plus_millis(-TRUSTED_STOP_MS), true);
        check(T0.plus_millis(-TRUSTED_STOP_MS - 1), false);
        check(T0.plus_millis(-TEN_YEARS_MS), false);
    }

    #[test]
    fn an_unsure_start_can_be_vouched_for_or_set_right() {
        let last = T0.plus_millis(-3 * TRUSTED_STOP_MS);
        let mut machine = Machine::started(Some(last));
        assert!(!machine.pass(10).sure);
        let accepted = machine.accept();
        assert_eq!((accepted.sure, accepted.now), (true, T0.plus_millis(10)));
        assert_eq!(accepted.resumed_after_ms, Some(3 * TRUSTED_STOP_MS as u64 + 10));

        let mut machine = Machine::started(Some(T0.plus_millis(60_000)));
        assert!(!machine.pass(10).sure);
        let set_right = machine.turn_wall(60_000);
        assert_eq!((set_right.sure, set_right.now), (true, T0.plus_millis(60_010)));
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        for wall in [UnixMillis(i64::MAX), UnixMillis(i64::MIN), UnixMillis(0)] {
            let mut machine = Machine::running();
            machine.wall = wall;
            let before = machine.pass(0).now;
            assert!(machine.accept().now >= before);
        }
    }
}

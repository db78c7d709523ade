//! Room: domain/waiting_room/admission. When the gate is in trouble, so that nobody new shall come in, and when it has been
//! well for long enough. Asked by whoever calls people in, for each line; what it says is recorded as a pause and its end.
//!
//! The rate falls long before this, and by itself: this is for a service that is in trouble even so. It looks at those who
//! are inside alone: a crowd that signs in is no trouble of theirs.

use super::rate::Measured;
use crate::time::UnixMillis;

/// Trouble: any of these. 99th percentiles in milliseconds.
const COMMIT_TROUBLE_MS: u32 = 500;
const INSIDE_TROUBLE_MS: u32 = 1_000;
/// Trouble for so long closes the gate. Unit: milliseconds.
const CLOSES_AFTER_MS: i64 = 5_000;
/// Well: all of these, and nobody inside turned away.
const COMMIT_WELL_MS: u32 = 100;
const INSIDE_WELL_MS: u32 = 200;
/// Well for so long opens it again. Unit: milliseconds.
const OPENS_AFTER_MS: i64 = 10_000;

/// What is to become of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateTurn {
    Closes,
    Opens,
}

/// Watches one gate.
#[derive(Clone, Debug, Default)]
pub struct GateWatch {
    trouble_since: Option<UnixMillis>,
    well_since: Option<UnixMillis>,
}

impl GateWatch {
    /// What follows from what is measured at `now`, for a gate that is closed by this watch or not.
    pub fn look(&mut self, measured: &Measured, is_closed: bool, now: UnixMillis) -> Option<GateTurn> {
        self.trouble_since = is_trouble(measured).then(|| self.trouble_since.unwrap_or(now));
        self.well_since = is_well(measured).then(|| self.well_since.unwrap_or(now));
        let lasts = |since: Option<UnixMillis>, millis| since.is_some_and(|since| now.millis_since(since) >= millis);
        match is_closed {
            false => lasts(self.trouble_since, CLOSES_AFTER_MS).then_some(GateTurn::Closes),
            true => lasts(self.well_since, OPENS_AFTER_MS).then_some(GateTurn::Opens),
        }
    }

    /// Whether there is trouble now, for however long.
    pub fn sees_trouble(&self) -> bool {
        self.trouble_since.is_some()
    }

    /// Somebody has had the line go on, whatever is measured: only trouble from now on counts.
    pub fn begin_anew(&mut self) {
        *self = Self::default();
    }
}

fn is_trouble(measured: &Measured) -> bool {
    measured.commit_ms_p99 >= COMMIT_TROUBLE_MS
        || measured.inside_queued_ms_p99 >= INSIDE_TROUBLE_MS
        || measured.inside_turned_away > 0
}

fn is_well(measured: &Measured) -> bool {
    measured.commit_ms_p99 <= COMMIT_WELL_MS
        && measured.inside_queued_ms_p99 <= INSIDE_WELL_MS
        && measured.inside_turned_away == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: (u32, u32, u32) = (3, 5, 0);
    const STALLED: (u32, u32, u32) = (500, 0, 0);

    struct Gate {
        watch: GateWatch,
        closed: bool,
        now: UnixMillis,
    }

    impl Gate {
        fn new() -> Self {
            Self { watch: GateWatch::default(), closed: false, now: UnixMillis(0) }
        }

        /// For so long the same is measured. Says when the gate turned, counted from the beginning of it.
        fn measure(&mut self, (commit, inside, turned_away): (u32, u32, u32), millis: i64) -> Option<i64> {
            let from = self.now;
            let mut turned = None;
            while self.now.millis_since(from) < millis {
                let measured = Measured {
                    at: self.now,
                    commit_ms_p99: commit,
                    // However long the queue at the door is.
                    queued_ms_p99: 1_000,
                    inside_queued_ms_p99: inside,
                    inside_turned_away: turned_away,
                };
                if let Some(turn) = self.watch.look(&measured, self.closed, self.now) {
                    self.closed = turn == GateTurn::Closes;
                    turned = turned.or(Some(self.now.millis_since(from)));
                }
                self.now = self.now.plus_millis(100);
            }
            turned
        }
    }

    #[test]
    fn five_seconds_of_any_trouble_close_the_gate_and_ten_well_ones_open_it() {
        for trouble in [STALLED, (0, 1_000, 0), (0, 0, 1)] {
            let mut gate = Gate::new();
            assert_eq!(gate.measure(WELL, 60_000), None);
            assert_eq!(gate.measure(trouble, 4_900), None, "{trouble:?}");
            assert_eq!(gate.measure(WELL, 100), None);
            assert_eq!(gate.measure(trouble, 30_000), Some(5_000), "{trouble:?}");
            assert_eq!(gate.measure(WELL, 9_900), None);
            assert_eq!(gate.measure(trouble, 100), None, "one slow look, and the ten seconds begin anew");
            assert_eq!(gate.measure(WELL, 60_000), Some(10_000), "{trouble:?}");
        }
    }

    #[test]
    fn between_trouble_and_well_the_gate_stays_as_it_is() {
        let between = (300, 500, 0);
        let mut gate = Gate::new();
        assert_eq!(gate.measure(between, 60_000), None);
        gate.measure(STALLED, 6_000);
        assert_eq!(gate.measure(between, 60_000), None);
        assert!(gate.closed);
    }

    #[test]
    fn whoever_has_the_line_go_on_has_five_seconds_more() {
        let mut gate = Gate::new();
        gate.measure(STALLED, 20_000);
        (gate.closed, _) = (false, gate.watch.begin_anew());
        assert!(!gate.watch.sees_trouble());
        assert_eq!(gate.measure(STALLED, 20_000), Some(5_000));
    }
}

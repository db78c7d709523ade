//! Room: domain/waiting_room/wait_estimate. The first range somebody was told is a promise; here it is kept, in 12 bytes,
//! and judged when its owner is called. Called by the line and by whoever keeps the score. Never changed once made.

use super::WaitRange;
use crate::time::UnixMillis;

/// The first range somebody was told, in seconds since the opening, and the terms it was given under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    from_secs: u32,
    to_secs: u32,
    /// Which terms of admission were in force: counts pauses and changes of cap and rate. It goes round after 65,536.
    terms: u16,
}

impl Promise {
    /// Nothing was promised yet.
    pub const NONE: Self = Self { from_secs: 0, to_secs: 0, terms: 0 };

    /// Stood in the line before: what was promised then is over.
    pub const SPENT: Self = Self { from_secs: u32::MAX, to_secs: 0, terms: 0 };

    /// The promise that `range`, told at `now`, is.
    pub fn new(range: WaitRange, now: UnixMillis, opens_at: UnixMillis, terms: u16) -> Self {
        let since = secs_since(opens_at, now);
        Self {
            from_secs: since.saturating_add(range.from_secs),
            // At least a second, so that no promise looks like none.
            to_secs: since.saturating_add(range.to_secs).max(1),
            terms,
        }
    }

    /// As an image has it.
    pub(crate) fn parts(self) -> (u32, u32, u16) {
        (self.from_secs, self.to_secs, self.terms)
    }

    pub(crate) fn from_parts((from_secs, to_secs, terms): (u32, u32, u16)) -> Self {
        Self { from_secs, to_secs, terms }
    }

    /// Whether being called at `now` keeps this promise, under the terms now in force. `None` if nothing was promised.
    pub fn judge(self, now: UnixMillis, opens_at: UnixMillis, terms: u16) -> Option<Verdict> {
        let called = secs_since(opens_at, now);
        if self == Self::NONE || self == Self::SPENT {
            return None;
        }
        Some(match () {
            () if terms != self.terms => Verdict::Void,
            () if called < self.from_secs => Verdict::Early,
            () if called > self.to_secs => Verdict::Late,
            () => Verdict::Kept,
        })
    }
}

fn secs_since(opens_at: UnixMillis, now: UnixMillis) -> u32 {
    u32::try_from(now.millis_since(opens_at).max(0) / 1_000).unwrap_or(u32::MAX)
}

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Kept,
    Early,
    Late,
    /// A pause, or another cap or rate, came between: counted, but neither kept nor broken.
    Void,
}

/// How many promises were kept: measured, shown to those waiting, published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromiseScore {
    pub kept: u32,
    pub early: u32,
    pub late: u32,
    pub void: u32,
}

impl PromiseScore {
    /// Counts one verdict.
    pub fn count(&mut self, verdict: Verdict) {
        let counted = match verdict {
            Verdict::Kept => &mut self.kept,
            Verdict::Early => &mut self.early,
            Verdict::Late => &mut self.late,
            Verdict::Void => &mut self.void,
        };
        *counted = counted.saturating_add(1);
    }

    /// Promises kept of those that count. Unit: percent, rounded down. `None` while none has come due.
    pub fn kept_percent(&self) -> Option<u32> {
        let (kept, early, late) = (u64::from(self.kept), u64::from(self.early), u64::from(self.late));
        (kept * 100).checked_div(kept + early + late).map(|percent| percent as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENS: UnixMillis = UnixMillis(1_628_506_800_000);
    const RANGE: WaitRange = WaitRange { from_secs: 600, to_secs: 1_200 };

    #[test]
    fn a_promise_is_kept_early_late_or_void() {
        let promise = Promise::new(RANGE, OPENS.plus_secs(100), OPENS, 7);
        let judged = |secs, terms| promise.judge(OPENS.plus_secs(secs), OPENS, terms);
        assert_eq!(judged(699, 7), Some(Verdict::Early));
        assert_eq!(judged(700, 7), Some(Verdict::Kept));
        assert_eq!(judged(1_300, 7), Some(Verdict::Kept));
        assert_eq!(judged(1_301, 7), Some(Verdict::Late));
        assert_eq!(judged(1_000, 8), Some(Verdict::Void));
        assert_eq!(Promise::NONE.judge(OPENS, OPENS, 0), None);
    }

    #[test]
    fn void_promises_are_counted_apart() {
        let mut score = PromiseScore::default();
        assert_eq!(score.kept_percent(), None);
        for verdict in [Verdict::Kept, Verdict::Kept, Verdict::Kept, Verdict::Late, Verdict::Void, Verdict::Void] {
            score.count(verdict);
        }
        assert_eq!((score.kept_percent(), score.void), (Some(75), 2));
    }
}

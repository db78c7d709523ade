//! Room: engine/identity. What happened in the last minutes, in bounded memory: which sign-ins were answered already, and
//! how often a citizen has signed in. Two generations, each as long as what must be remembered.
//!
//! Used by `sign_in_desk`. A full memory is told, and the caller is busy: nothing is ever forgotten early.

use std::time::Duration;

use rustc_hash::FxHashMap;

/// Counts of what was seen, by the first 8 bytes of something random.
pub(crate) struct Recent {
    newer: FxHashMap<u64, u8>,
    older: FxHashMap<u64, u8>,
    newer_since: Duration,
    remembered_for: Duration,
    /// Entries of one generation. An entry takes about 20 bytes.
    entries_max: usize,
}

/// There is no room for one more: ask later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Recent {
    pub(crate) fn new(remembered_for: Duration, entries_max: usize) -> Self {
        let (newer, older) = (FxHashMap::default(), FxHashMap::default());
        Self { newer, older, newer_since: Duration::ZERO, remembered_for, entries_max }
    }

    /// Counts one more of `what`; answers how many there have been within the time, this one among them.
    pub(crate) fn count(&mut self, what: &[u8; 16], now: Duration) -> Result<u32, NoRoom> {
        self.turn(now);
        let what = fingerprint(what);
        let before = self.older.get(&what).copied().unwrap_or(0);
        if self.newer.len() >= self.entries_max && !self.newer.contains_key(&what) {
            return Err(NoRoom);
        }
        let newer = self.newer.entry(what).or_insert(0);
        *newer = newer.saturating_add(1);
        Ok(u32::from(before) + u32::from(*newer))
    }

    /// Whether `what` was counted within the time.
    pub(crate) fn has(&mut self, what: &[u8; 16], now: Duration) -> bool {
        self.turn(now);
        let what = fingerprint(what);
        self.newer.contains_key(&what) || self.older.contains_key(&what)
    }

    fn turn(&mut self, now: Duration) {
        let age = now.saturating_sub(self.newer_since);
        if age >= self.remembered_for {
            self.older = std::mem::take(&mut self.newer);
            self.newer_since = now;
            if age >= self.remembered_for * 2 {
                self.older = FxHashMap::default();
            }
        }
    }
}

/// What is counted is random already (a sign-in's id, a citizen key): 8 of its bytes are enough to tell a million apart.
fn fingerprint(what: &[u8; 16]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *what;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn it_remembers_for_at_least_as_long_as_it_says_and_at_most_twice() {
        for seen_at in 0..30 {
            let mut recent = Recent::new(secs(10), 8);
            recent.count(&[9; 16], secs(0)).unwrap();
            recent.count(&[1; 16], secs(seen_at)).unwrap();
            for later in 0..10 {
                assert!(recent.has(&[1; 16], secs(seen_at + later)), "seen at {seen_at}, {later} s later");
            }
            assert!(!recent.has(&[1; 16], secs(seen_at + 20)));
        }
    }

    #[test]
    fn it_counts_each_by_itself() {
        let mut recent = Recent::new(secs(10), 8);
        let counts: Vec<u32> = (0..5).map(|at| recent.count(&[1; 16], secs(at * 3)).unwrap()).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5]);
        assert_eq!(recent.count(&[2; 16], secs(12)), Ok(1));
    }

    /// A million sign-ins within ten minutes are 80 MB at most, and a hundred thousand under way are nothing: they are kept
    /// by those who began them.
    #[test]
    fn what_is_remembered_of_a_sign_in_is_small() {
        let mut recent = Recent::new(secs(600), 1 << 20);
        for number in 0..100_000_u128 {
            recent.count(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes(), secs(0)).unwrap();
        }
        // A control byte for each slot, as hash tables have it.
        let bytes = recent.newer.capacity() * 8 / 7 * (size_of::<(u64, u8)>() + 1);
        assert!(bytes <= 100_000 * 40, "{} bytes a sign-in", bytes / 100_000);
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing() {
        let mut recent = Recent::new(secs(10), 2);
        assert!(recent.count(&[1; 16], secs(0)).is_ok() && recent.count(&[2; 16], secs(0)).is_ok());
        assert_eq!(recent.count(&[3; 16], secs(0)), Err(NoRoom));
        assert_eq!(recent.count(&[1; 16], secs(0)), Ok(2));
        assert!(recent.has(&[2; 16], secs(9)));
        assert_eq!(recent.count(&[3; 16], secs(10)), Ok(1));
    }
}

//! Room: engine/sequencer. Which operations may have an answer already: so that the board's quick "sold out" is never told to
//! somebody who repeats the request that took the last place (law I5).
//!
//! Written by the sequencer's thread as it decides, read by use cases before the queue. It may take a key for answered
//! that is not (then the book is asked); it never misses one of the last 24 hours.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use charye_domain::book::OPERATION_KEPT_MS;
use charye_domain::ids::OperationKey;
use charye_domain::time::UnixMillis;

/// Keys a 64-bit word is meant for. At four bits each, one key in forty is then taken for answered wrongly.
const KEYS_PER_WORD: usize = 8;
const WORDS_MIN: usize = 1 << 13;

/// Two Bloom filters, one for the day that runs and one for the day before.
pub(crate) struct AnsweredKeys {
    days: [Box<[AtomicU64]>; 2],
    second_runs: AtomicBool,
}

impl AnsweredKeys {
    /// Room for so many keys a day; more are taken at the cost of more questions to the book.
    pub(crate) fn with_room_for(keys: usize) -> Self {
        let words = (keys / KEYS_PER_WORD).next_power_of_two().max(WORDS_MIN);
        let day = || (0..words).map(|_| AtomicU64::new(0)).collect();
        Self { days: [day(), day()], second_runs: AtomicBool::new(false) }
    }

    /// Whether an answer to this operation may be remembered.
    pub(crate) fn may_hold(&self, key: OperationKey) -> bool {
        let bits = bits_of(key);
        self.days.iter().any(|day| day[word_of(key, day)].load(Ordering::Acquire) & bits == bits)
    }

    /// Takes a key in. Only the sequencer's thread may call this, before it shows anything the operation changed.
    pub(crate) fn note(&self, key: OperationKey) {
        let day = &self.days[usize::from(self.second_runs.load(Ordering::Relaxed))];
        let word = &day[word_of(key, day)];
        word.store(word.load(Ordering::Relaxed) | bits_of(key), Ordering::Release);
    }

    /// A day is over: forgets the day before it. Only the sequencer's thread may call this.
    fn begin_day(&self) {
        let second_runs = !self.second_runs.load(Ordering::Relaxed);
        self.days[usize::from(second_runs)].iter().for_each(|word| word.store(0, Ordering::Relaxed));
        self.second_runs.store(second_runs, Ordering::Release);
    }
}

/// When the filters change days. Kept by the sequencer.
#[derive(Debug)]
pub(crate) struct DayOfKeys {
    began_at: UnixMillis,
}

impl DayOfKeys {
    pub(crate) fn from(now: UnixMillis) -> Self {
        Self { began_at: now }
    }

    /// Changes days once answers of the running one are old enough to be forgotten a day later.
    pub(crate) fn pass(&mut self, now: UnixMillis, keys: &AnsweredKeys) {
        if now.millis_since(self.began_at) > OPERATION_KEPT_MS {
            self.began_at = now;
            keys.begin_day();
        }
    }
}

fn word_of(key: OperationKey, day: &[AtomicU64]) -> usize {
    key.0 as usize & (day.len() - 1)
}

/// Four bits of a word, from parts of the key that do not choose the word. Keys are hashes: all their bits are even.
fn bits_of(OperationKey(key): OperationKey) -> u64 {
    [64, 70, 76, 82].into_iter().fold(0, |bits, shift| bits | 1 << (key >> shift & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> OperationKey {
        let hash = blake3::hash(&number.to_le_bytes());
        OperationKey(u128::from_le_bytes(*hash.as_bytes().first_chunk().unwrap()))
    }

    #[test]
    fn no_key_is_missed_and_few_are_taken_wrongly() {
        let keys = AnsweredKeys::with_room_for(65_536);
        (0..65_536).for_each(|number| keys.note(key(number)));
        assert!((0..65_536).all(|number| keys.may_hold(key(number))));
        let wrong = (100_000..200_000).filter(|number| keys.may_hold(key(*number))).count();
        assert!(wrong < 5_000, "{wrong} of 100,000");
    }

    #[test]
    fn a_key_is_kept_for_a_day_at_least_and_two_at_most() {
        let keys = AnsweredKeys::with_room_for(0);
        let mut day = DayOfKeys::from(UnixMillis(0));
        let mut at = |millis| day.pass(UnixMillis(millis), &keys);
        at(OPERATION_KEPT_MS);
        keys.note(key(1));
        at(OPERATION_KEPT_MS + 1);
        assert!(keys.may_hold(key(1)));
        at(2 * OPERATION_KEPT_MS + 1);
        assert!(keys.may_hold(key(1)), "a day later");
        at(2 * OPERATION_KEPT_MS + 2);
        assert!(!keys.may_hold(key(1)));
    }
}

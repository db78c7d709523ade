//! Room: simulator. Chance from a seed: small, quick, and the same on every machine. Called by whoever plays an evening.
//! It must never be asked in an order that depends on anything but the seed.

use std::ops::RangeInclusive;

/// A stream of numbers under a seed (splitmix64; Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for one purpose, so that one more draw elsewhere does not change everything.
    #[must_use]
    pub fn apart(&mut self) -> Self {
        Self(self.bits())
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }

    /// A number in a range, both ends included; its start if it is empty.
    pub fn within(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let width = range.end().saturating_sub(*range.start()).saturating_add(1);
        range.start() + self.below(width)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Something with this chance, or nothing.
    pub fn sometimes<T>(&mut self, percent: u32, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        // Drawn in any case: whether it happens must not shift what follows.
        let mut apart = self.apart();
        self.percent(percent).then(|| make(&mut apart))
    }

    /// One of three.
    pub fn one_of<'a, T>(&mut self, choice: &'a [T; 3]) -> &'a T {
        let [first, second, third] = choice;
        match self.below(3) {
            0 => first,
            1 => second,
            _ => third,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            [chance.bits(), chance.within(&(5..=9)), chance.apart().bits()]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_range_is_drawn_with_both_its_ends() {
        let mut chance = Chance::new(1);
        let drawn: std::collections::BTreeSet<u64> = (0..200).map(|_| chance.within(&(5..=9))).collect();
        assert_eq!(drawn, (5..=9).collect());
        assert_eq!(chance.within(&(u64::MAX - 1..=u64::MAX)) | 1, u64::MAX);
    }

    #[test]
    fn what_happens_only_sometimes_does_not_shift_what_follows() {
        let after = |percent| {
            let mut chance = Chance::new(3);
            let happened = chance.sometimes(percent, |apart| (apart.bits(), apart.bits()));
            (happened.is_some(), chance.bits())
        };
        let (never, always) = (after(0), after(100));
        assert_eq!((never.0, always.0), (false, true));
        assert_eq!(never.1, always.1);
    }
}

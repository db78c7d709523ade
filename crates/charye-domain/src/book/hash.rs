//! Room: domain/book. One fixed hash for every index of the book: the same on every machine and in every run, so that
//! a replay lays its tables out alike. Never keyed by chance.
//!
//! What is hashed is not the attacker's to choose: citizen and operation keys are keyed hashes, reservation numbers are
//! drawn by us, the rest are our own counters.

/// Spreads 64 bits over 64 bits, one to one.
///
/// Source: the finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
pub(super) fn mix(bits: u64) -> u64 {
    let mut z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Spreads 128 bits over 64 bits.
pub(super) fn mix_wide(bits: u128) -> u64 {
    mix((bits >> 64) as u64 ^ mix(bits as u64))
}

/// Position in a table of the book, or none: four bytes where `Option<u32>` takes eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link(u32);

impl Link {
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn to(position: u32) -> Self {
        Self(position)
    }

    pub(super) fn get(self) -> Option<u32> {
        (self.0 != u32::MAX).then_some(self.0)
    }
}

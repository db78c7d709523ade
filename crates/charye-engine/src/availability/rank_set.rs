//! Room: engine/availability. A set of clinics by their position in the directory, one bit each.
//!
//! Made by the name index, read by searches.

use std::ops::Range;

/// A set of ranks below some number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RankSet {
    words: Box<[u64]>,
}

impl RankSet {
    /// The empty set of ranks below `clinics`.
    pub(super) fn new(clinics: u32) -> Self {
        Self { words: vec![0; clinics.div_ceil(64) as usize].into() }
    }

    /// Puts a rank in; one that is too high is left out.
    pub(super) fn insert(&mut self, rank: u32) {
        if let Some(word) = self.words.get_mut((rank / 64) as usize) {
            *word |= 1 << (rank % 64);
        }
    }

    pub(super) fn contains(&self, rank: u32) -> bool {
        self.words.get((rank / 64) as usize).is_some_and(|word| word >> (rank % 64) & 1 == 1)
    }

    /// The ranks, lowest first.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.iter_in(0..self.words.len() as u32 * 64)
    }

    /// The ranks within a range, lowest first.
    pub(super) fn iter_in(&self, range: Range<u32>) -> impl Iterator<Item = u32> {
        let words = range.start / 64..range.end.div_ceil(64).min(self.words.len() as u32);
        words.flat_map(move |index| {
            let mut rest = self.words[index as usize];
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
            .filter({
                let range = range.clone();
                move |rank| range.contains(rank)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_cuts_through_words() {
        let mut set = RankSet::new(200);
        for rank in [0, 63, 64, 130, 199, 300] {
            set.insert(rank);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 130, 199]);
        assert_eq!(set.iter_in(63..130).collect::<Vec<_>>(), [63, 64]);
        assert!(set.contains(199) && !set.contains(198) && !set.contains(1_000));
    }
}

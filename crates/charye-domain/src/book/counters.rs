//! Room: domain/book. The counters of every slot there is. Called by `grid` alone. They stand in chunks, so that those that
//! come never move those that are there: a nation's import would have everybody wait for the move of a hundred megabytes.
//! Must never know what a slot is.

use std::ops::Range;

/// Counters of one slot, as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) capacity: u16,
    pub(super) held: u16,
    pub(super) reserved: u16,
}

impl Counts {
    pub(super) fn of(capacity: u16) -> Self {
        Self { capacity, ..Self::default() }
    }

    pub(super) fn claimed(self) -> u16 {
        self.held.saturating_add(self.reserved)
    }
}

/// Counters of a chunk: 6 MiB, of which memory holds what was written. So the list of chunks stays in the nearest cache.
const CHUNK: usize = 1 << 20;

/// Counters, each at a position that never changes.
#[derive(Default)]
pub(super) struct Counters {
    /// All but the last are full.
    chunks: Vec<Vec<Counts>>,
}

impl Counters {
    pub(super) fn with_room_for(count: usize) -> Self {
        let mut counters = Self::default();
        counters.make_room_for(count);
        counters
    }

    /// Room for so many in all. Chunks themselves are made when they are needed.
    pub(super) fn make_room_for(&mut self, count: usize) {
        self.chunks.reserve((count / CHUNK + 1).saturating_sub(self.chunks.len()));
    }

    /// Adds counters, at most 64, that stand beside each other. The position of the first.
    pub(super) fn add(&mut self, counts: impl ExactSizeIterator<Item = Counts>) -> u32 {
        let full = |chunk: &Vec<Counts>| chunk.len() + counts.len() > CHUNK;
        if self.chunks.last().is_none_or(full) {
            // What is left at the end of a chunk stays empty: a few in a million.
            if let Some(last) = self.chunks.last_mut() {
                last.resize(CHUNK, Counts::default());
            }
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let before = (self.chunks.len().saturating_sub(1)) * CHUNK;
        let Some(last) = self.chunks.last_mut() else { return 0 };
        let first = before + last.len();
        last.extend(counts);
        first as u32
    }

    pub(super) fn get(&self, position: usize) -> Option<&Counts> {
        self.chunks.get(position / CHUNK)?.get(position % CHUNK)
    }

    pub(super) fn get_mut(&mut self, position: usize) -> Option<&mut Counts> {
        self.chunks.get_mut(position / CHUNK)?.get_mut(position % CHUNK)
    }

    /// So many from a position on that were added together; none if there are not so many.
    pub(super) fn run(&self, first: u32, count: u8) -> &[Counts] {
        let (chunk, within) = Self::range(first, count);
        self.chunks.get(chunk).and_then(|chunk| chunk.get(within)).unwrap_or_default()
    }

    pub(super) fn run_mut(&mut self, first: u32, count: u8) -> &mut [Counts] {
        let (chunk, within) = Self::range(first, count);
        self.chunks.get_mut(chunk).and_then(|chunk| chunk.get_mut(within)).unwrap_or_default()
    }

    fn range(first: u32, count: u8) -> (usize, Range<usize>) {
        let within = first as usize % CHUNK;
        (first as usize / CHUNK, within..within + usize::from(count))
    }

    /// How many there are room for, used or not.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_together_stands_together_and_never_moves() {
        let mut counters = Counters::with_room_for(100);
        let mut added = Vec::new();
        for count in (1..=64_u8).cycle().take(66_000) {
            let capacity = added.len() as u16;
            let before = counters.get(0).map(std::ptr::from_ref);
            added.push((counters.add((0..count).map(|_| Counts::of(capacity))), count));
            assert!(added.len() == 1 || counters.get(0).map(std::ptr::from_ref) == before);
        }
        assert!(counters.chunks.len() > 2, "over the end of a chunk");
        for ((first, count), capacity) in added.iter().zip((0..=u16::MAX).cycle()) {
            assert_eq!(counters.run(*first, *count), vec![Counts::of(capacity); usize::from(*count)]);
            assert_eq!(counters.run_mut(*first, *count).len(), usize::from(*count));
            assert_eq!(counters.get(*first as usize), Some(&Counts::of(capacity)));
        }
        let end = counters.len();
        assert_eq!((counters.get(end), counters.run(end as u32, 1)), (None, &[][..]));
    }
}

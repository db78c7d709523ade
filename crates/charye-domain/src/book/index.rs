//! Room: domain/book. From a hash to a position in a table: open addressing in one array of eight-byte cells. Called by the
//! tables of people, reservations and remembered answers, which keep the rows. Never looks at a row itself: whether a
//! position fits, its caller says.
//!
//! A look or an insertion touches one place in memory, so it can be waited for ahead of time ([`Index::warm`]); a table
//! with control bytes apart touches two. A cell keeps 32 bits of the hash, from which its place follows in an array of
//! any length: growing and removing ask nobody.

use std::hint::black_box;

/// Cells for each entry at the least, in halves: two thirds full, a look passes two cells on average.
const HALF_CELLS_PER_ENTRY: usize = 3;
const CELLS_MIN: usize = 16;
const EMPTY: u64 = 0;
/// In the upper half of a cell that is taken.
const TAKEN: u32 = 1;

/// Positions by hash. Equal hashes may stand side by side.
#[derive(Default)]
pub(super) struct Index {
    /// Upper half: the upper half of the hash, its last bit set; lower half: the position.
    cells: Vec<u64>,
    len: usize,
}

impl Index {
    pub(super) fn with_room_for(entries: usize) -> Self {
        Self { cells: vec![EMPTY; cells_for(entries)], len: 0 }
    }

    /// Enlarges the array now, so that it need not grow later.
    pub(super) fn make_room_for(&mut self, entries: usize) {
        if cells_for(entries) > self.cells.len() {
            self.lay_out_over(cells_for(entries));
        }
    }

    /// The position under this hash that fits, if there is one.
    pub(super) fn find(&self, hash: u64, fits: impl Fn(u32) -> bool) -> Option<u32> {
        self.find_cell(hash, fits).map(|cell| position(self.cells[cell]))
    }

    /// Adds a position. The caller has seen that it is not there.
    pub(super) fn insert(&mut self, hash: u64, position: u32) {
        if cells_for(self.len + 1) > self.cells.len() {
            self.lay_out_over(2 * cells_for(self.len + 1));
        }
        self.len += 1;
        self.put(u64::from(tag(hash)) << 32 | u64::from(position));
    }

    /// Takes out the position under this hash that fits, if there is one.
    pub(super) fn remove(&mut self, hash: u64, fits: impl Fn(u32) -> bool) {
        let Some(mut hole) = self.find_cell(hash, fits) else { return };
        self.len -= 1;
        // Whatever stands behind the hole moves up, unless it would then stand before its own place.
        let mut cell = self.after(hole);
        while self.cells[cell] != EMPTY {
            if self.distance(self.home(self.cells[cell]), cell) >= self.distance(hole, cell) {
                self.cells[hole] = self.cells[cell];
                hole = cell;
            }
            cell = self.after(cell);
        }
        self.cells[hole] = EMPTY;
    }

    /// Looks where this hash would be found or put, and tells nothing: waits for memory ahead of time.
    pub(super) fn warm(&self, hash: u64) {
        black_box(self.cells.get(self.home(u64::from(tag(hash)) << 32)).copied());
    }

    fn find_cell(&self, hash: u64, fits: impl Fn(u32) -> bool) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let tag = tag(hash);
        let mut cell = self.home(u64::from(tag) << 32);
        // Ends: a third of the cells is empty.
        while self.cells[cell] != EMPTY {
            if (self.cells[cell] >> 32) as u32 == tag && fits(position(self.cells[cell])) {
                return Some(cell);
            }
            cell = self.after(cell);
        }
        None
    }

    fn put(&mut self, taken: u64) {
        let mut cell = self.home(taken);
        while self.cells[cell] != EMPTY {
            cell = self.after(cell);
        }
        self.cells[cell] = taken;
    }

    fn lay_out_over(&mut self, cells: usize) {
        let before = std::mem::replace(&mut self.cells, vec![EMPTY; cells]);
        before.into_iter().filter(|cell| *cell != EMPTY).for_each(|cell| self.put(cell));
    }

    /// Where a cell with this content belongs: its tag, scaled to the length of the array.
    fn home(&self, content: u64) -> usize {
        (((content >> 32) * self.cells.len() as u64) >> 32) as usize
    }

    fn after(&self, cell: usize) -> usize {
        if cell + 1 == self.cells.len() { 0 } else { cell + 1 }
    }

    /// Cells from one to another, around the end.
    fn distance(&self, from: usize, to: usize) -> usize {
        if from <= to { to - from } else { to + self.cells.len() - from }
    }
}

fn cells_for(entries: usize) -> usize {
    (entries.saturating_mul(HALF_CELLS_PER_ENTRY) / 2).max(CELLS_MIN)
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32 | TAKEN
}

fn position(content: u64) -> u32 {
    content as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::book::hash::mix;

    /// An index and what it should hold, by key; the position is the key.
    struct Pair {
        index: Index,
        model: BTreeMap<u32, ()>,
        hash: fn(u32) -> u64,
    }

    impl Pair {
        fn toggle(&mut self, key: u32) {
            let hash = (self.hash)(key);
            if self.model.remove(&key).is_some() {
                self.index.remove(hash, |position| position == key);
            } else {
                self.model.insert(key, ());
                self.index.insert(hash, key);
            }
        }

        fn check(&self, keys: u32) {
            for key in 0..keys {
                let found = self.index.find((self.hash)(key), |position| position == key);
                assert_eq!(found.is_some(), self.model.contains_key(&key), "key {key}");
            }
            assert_eq!(self.index.len, self.model.len());
        }
    }

    fn check_against_model(hash: fn(u32) -> u64) {
        let mut pair = Pair { index: Index::default(), model: BTreeMap::new(), hash };
        let mut chance = 1_u64;
        for round in 0..40 {
            for _ in 0..50 {
                chance = mix(chance);
                pair.toggle((chance % 300) as u32);
            }
            if round == 20 {
                pair.index.make_room_for(1_000);
            }
            pair.check(300);
        }
    }

    #[test]
    fn what_is_inserted_is_found_until_it_is_removed() {
        check_against_model(|key| mix(u64::from(key)));
    }

    #[test]
    fn hashes_that_crowd_at_the_end_of_the_array_go_on_at_its_beginning() {
        check_against_model(|key| u64::MAX - u64::from(key % 7));
        check_against_model(|_| 0);
    }

    #[test]
    fn an_index_with_room_does_not_grow() {
        let mut index = Index::with_room_for(10_000);
        let cells = index.cells.len();
        (0..10_000).for_each(|key| index.insert(mix(u64::from(key)), key));
        assert_eq!(index.cells.len(), cells);
    }
}

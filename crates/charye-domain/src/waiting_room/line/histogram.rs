//! Room: domain/waiting_room/line. How many wait, by place: buckets with prefix sums, so that "people ahead of me" costs
//! twenty additions however many wait. This is all a poll needs to look at; it never knows who anybody is, and it does not
//! grow with the number of people.
//!
//! The cells are atomics, so that polls of other threads read what the sequencer's thread counts, without a copy. One
//! thread writes. A reader beside it may be told a number that is one step old in part: never one that the book uses.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::waiting_room::place::Place;

/// Drawn places: `2^20` buckets, about ten people each when ten million were drawn.
const DRAW_BUCKETS: u32 = 1 << 20;
const DRAW_SHIFT: u32 = 63 - 20;
/// After the opening: buckets of 100 ms for the first day ..
const FINE_MS: u64 = 100;
const FINE_SPAN_MS: u64 = 24 * 3_600_000;
/// .. and of 10 s up to ninety days. Whoever comes later still stands in the last one.
const COARSE_MS: u64 = 10_000;
const COARSE_SPAN_MS: u64 = 89 * 24 * 3_600_000;

/// Counts of people by bucket of places, as a Fenwick tree.
pub struct Histogram {
    /// `tree[i]` sums the buckets `i - lowbit(i) .. i`, from 1; `tree[0]` is unused.
    tree: Box<[AtomicU32]>,
    fine_buckets: u32,
    total: AtomicU32,
}

/// Millions of cells are not printed; how many wait, is.
impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram").field("total", &self.total()).finish_non_exhaustive()
    }
}

impl Histogram {
    /// Most memory one can take, whatever the window and the number of people. Unit: bytes.
    pub const BYTES_MAX: usize = 11 << 20;

    /// An empty histogram for an opening whose window lasts `window_ms` milliseconds.
    pub fn new(window_ms: u64) -> Self {
        let fine_buckets = window_ms.min(FINE_SPAN_MS).div_ceil(FINE_MS);
        let coarse_buckets = window_ms.saturating_sub(FINE_SPAN_MS).min(COARSE_SPAN_MS).div_ceil(COARSE_MS);
        // One more: for those whose place lies past the window's end.
        let buckets = u64::from(DRAW_BUCKETS) + fine_buckets + coarse_buckets + 1;
        let tree = (0..=buckets).map(|_| AtomicU32::new(0)).collect();
        Self { tree, fine_buckets: fine_buckets as u32, total: AtomicU32::new(0) }
    }

    /// One more person waits at `place`.
    pub fn add(&self, place: Place) {
        self.total.fetch_add(1, Relaxed);
        let mut at = self.bucket(place) as usize + 1;
        while let Some(sum) = self.tree.get(at) {
            // One thread writes, so that a plain load and store is enough, and several times cheaper.
            sum.store(sum.load(Relaxed).wrapping_add(1), Relaxed);
            at += at & at.wrapping_neg();
        }
    }

    /// One person less waits at `place`. They must have been added there.
    pub fn remove(&self, place: Place) {
        self.total.fetch_sub(1, Relaxed);
        let mut at = self.bucket(place) as usize + 1;
        while let Some(sum) = self.tree.get(at) {
            sum.store(sum.load(Relaxed).wrapping_sub(1), Relaxed);
            at += at & at.wrapping_neg();
        }
    }

    /// People waiting in all.
    pub fn total(&self) -> u32 {
        self.total.load(Relaxed)
    }

    /// People waiting at lower places than `place`. Exact up to the bucket that `place` lies in; of that bucket's people,
    /// the part that the position within the bucket stands for.
    pub fn people_before(&self, place: Place) -> u32 {
        let bucket = self.bucket(place);
        let before = self.before_bucket(bucket);
        // Beside a writer the two sums may be of different moments.
        let within = self.before_bucket(bucket + 1).saturating_sub(before);
        let (first, width) = self.places_of(bucket);
        let offset = place.0.saturating_sub(first).min(width);
        before.saturating_add((u128::from(within) * u128::from(offset) / u128::from(width)) as u32)
    }

    /// The first bucket at or after `bucket` in which somebody waits.
    pub(super) fn next_with_people(&self, bucket: u32) -> Option<u32> {
        let mut below = self.before_bucket(bucket);
        if below >= self.total() {
            return None;
        }
        // Walk down: the largest position whose sum does not pass `below` is the last bucket before the one wanted.
        let mut position = 0;
        let mut step = self.tree.len().next_power_of_two() / 2;
        while step > 0 {
            let sum = self.tree.get(position + step).map(|sum| sum.load(Relaxed));
            if let Some(sum) = sum.filter(|sum| *sum <= below) {
                below -= sum;
                position += step;
            }
            step /= 2;
        }
        Some(position as u32)
    }

    /// The bucket that `place` lies in.
    pub(super) fn bucket(&self, place: Place) -> u32 {
        let last = self.buckets() - 1;
        match place.millis_since_opening() {
            None => (place.0 >> DRAW_SHIFT) as u32,
            Some(ms) if ms < u64::from(self.fine_buckets) * FINE_MS => DRAW_BUCKETS + (ms / FINE_MS) as u32,
            Some(ms) => {
                let past = (ms - u64::from(self.fine_buckets) * FINE_MS) / COARSE_MS;
                let bucket = u64::from(DRAW_BUCKETS + self.fine_buckets) + past;
                u32::try_from(bucket).map_or(last, |bucket| bucket.min(last))
            }
        }
    }

    pub(super) fn buckets(&self) -> u32 {
        self.tree.len() as u32 - 1
    }

    /// Memory taken. Unit: bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.tree) + size_of::<Self>()
    }

    /// People in the buckets before `bucket`.
    fn before_bucket(&self, bucket: u32) -> u32 {
        let mut at = bucket as usize;
        let mut sum = 0_u32;
        while at > 0 {
            sum = sum.wrapping_add(self.tree[at].load(Relaxed));
            at &= at - 1;
        }
        sum
    }

    /// The first place of a bucket, and how many places it spans.
    fn places_of(&self, bucket: u32) -> (u64, u64) {
        let late = Place::FIRST_AFTER_DRAW.0;
        match bucket.checked_sub(DRAW_BUCKETS) {
            None => (u64::from(bucket) << DRAW_SHIFT, 1 << DRAW_SHIFT),
            Some(fine) if fine < self.fine_buckets => (late + u64::from(fine) * FINE_MS, FINE_MS),
            Some(past) => {
                let coarse = u64::from(past - self.fine_buckets);
                (late + u64::from(self.fine_buckets) * FINE_MS + coarse * COARSE_MS, COARSE_MS)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 24 * 3_600_000;

    fn late(ms: u64) -> Place {
        Place(Place::FIRST_AFTER_DRAW.0 + ms)
    }

    #[test]
    fn no_window_is_too_long_for_its_memory() {
        for window in [1, DAY_MS - 2 * 3_600_000, 14 * DAY_MS, 90 * DAY_MS, u64::MAX] {
            assert!(Histogram::new(window).bytes() <= Histogram::BYTES_MAX, "{window} ms");
        }
    }

    #[test]
    fn every_place_has_a_bucket_and_lower_places_have_no_higher_one() {
        for window in [0, 1, 150, DAY_MS, 3 * DAY_MS] {
            let histogram = Histogram::new(window);
            let mut places = vec![0, 1, (1 << 43) - 1, 1 << 43, (1 << 63) - 1];
            places.extend([0, 99, 100, 150, DAY_MS - 1, DAY_MS, DAY_MS + 10_000, 9 * DAY_MS].map(|ms| late(ms).0));
            places.push(u64::MAX);
            let buckets: Vec<u32> = places.iter().map(|place| histogram.bucket(Place(*place))).collect();
            assert!(buckets.is_sorted(), "{window} ms: {buckets:?}");
            assert!(buckets.iter().all(|bucket| *bucket < histogram.buckets()));
        }
    }

    #[test]
    fn a_bucket_holds_the_places_it_says() {
        let histogram = Histogram::new(3 * DAY_MS);
        for bucket in [0, 1, DRAW_BUCKETS - 1, DRAW_BUCKETS, DRAW_BUCKETS + 7, DRAW_BUCKETS + 864_000, 2_000_000] {
            let (first, width) = histogram.places_of(bucket.min(histogram.buckets() - 1));
            assert_eq!(histogram.bucket(Place(first)), histogram.bucket(Place(first + width - 1)));
            assert_eq!(histogram.bucket(Place(first)), bucket.min(histogram.buckets() - 1));
        }
    }
}

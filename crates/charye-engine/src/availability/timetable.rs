//! Room: engine/availability. Start times of a day's slots, kept once however many days and clinics share them.
//!
//! Filled by the board's builder, read by look-ups. Never knows what is free.

use std::ops::Range;

use charye_domain::ids::SlotId;
use charye_domain::time::MinuteOfDay;
use rustc_hash::FxHashMap;

/// Every timetable of a board, by number.
#[derive(Debug)]
pub(super) struct Timetables {
    /// `offsets[n]..offsets[n + 1]` of the two lists below is timetable n.
    offsets: Box<[u32]>,
    /// In order of the slot's index in its block.
    starts: Box<[MinuteOfDay]>,
    /// Slot indices in order of their start, for timetables that grew a start after the fact.
    by_start: Box<[u8]>,
    /// Whether a timetable's starts come in order, as nearly all do.
    ascending: Box<[bool]>,
}

/// One timetable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timetable<'a> {
    starts: &'a [MinuteOfDay],
    by_start: &'a [u8],
    ascending: bool,
}

impl Timetables {
    pub(super) fn get(&self, number: u32) -> Timetable<'_> {
        let number = number as usize;
        let range = self.offsets[number] as usize..self.offsets[number + 1] as usize;
        Timetable {
            starts: &self.starts[range.clone()],
            by_start: &self.by_start[range],
            ascending: self.ascending[number],
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.offsets)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.by_start)
            + size_of_val(&*self.ascending)
    }
}

impl<'a> Timetable<'a> {
    pub(super) fn start(self, index: u8) -> Option<MinuteOfDay> {
        self.starts.get(usize::from(index)).copied()
    }

    /// One bit for every slot that starts within `times`.
    pub(super) fn mask_between(self, times: &Range<MinuteOfDay>) -> u64 {
        if self.ascending {
            let before = |minute: MinuteOfDay| self.starts.partition_point(|start| *start < minute) as u32;
            let below = |count: u32| 1_u64.checked_shl(count).map_or(u64::MAX, |bit| bit - 1);
            return below(before(times.end)) & !below(before(times.start));
        }
        let bits = self.starts.iter().enumerate().filter(|(_, start)| times.contains(start));
        bits.fold(0, |mask, (index, _)| mask | 1 << index)
    }

    /// The slots of a mask, earliest start first.
    pub(super) fn in_time_order(self, mask: u64) -> impl Iterator<Item = (u8, MinuteOfDay)> + use<'a> {
        let wanted = self.by_start.iter().filter(move |index| mask >> **index & 1 == 1);
        wanted.map(move |index| (*index, self.starts[usize::from(*index)]))
    }
}

/// Collects timetables, each once.
#[derive(Debug, Default)]
pub(super) struct TimetablesBuilder {
    numbers: FxHashMap<Box<[MinuteOfDay]>, u32>,
    offsets: Vec<u32>,
    starts: Vec<MinuteOfDay>,
}

impl TimetablesBuilder {
    /// The number of this timetable; starts past the 64th, which no slot id can name, are left out.
    pub(super) fn number(&mut self, starts: &[MinuteOfDay]) -> u32 {
        let starts = &starts[..starts.len().min(SlotId::PER_BLOCK as usize)];
        if let Some(number) = self.numbers.get(starts) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(starts.into(), number);
        self.offsets.push(self.starts.len() as u32);
        self.starts.extend_from_slice(starts);
        number
    }

    pub(super) fn finish(mut self) -> Timetables {
        self.offsets.push(self.starts.len() as u32);
        let (mut by_start, mut ascending) = (Vec::with_capacity(self.starts.len()), Vec::new());
        for ends in self.offsets.windows(2) {
            let starts = &self.starts[ends[0] as usize..ends[1] as usize];
            let mut indices: Vec<u8> = (0..starts.len() as u8).collect();
            indices.sort_by_key(|index| (starts[usize::from(*index)], *index));
            ascending.push(indices.is_sorted());
            by_start.append(&mut indices);
        }
        Timetables {
            offsets: self.offsets.into(),
            starts: self.starts.into(),
            by_start: by_start.into(),
            ascending: ascending.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_ordered_and_of_grown_timetables_agree_with_their_starts() {
        let full: Vec<_> = (0..64).map(|n| MinuteOfDay(n * 20)).collect();
        let mut grown = full.clone();
        grown.rotate_left(5);
        let mut builder = TimetablesBuilder::default();
        let numbers = [builder.number(&full), builder.number(&grown), builder.number(&[])];
        let timetables = builder.finish();
        for (from, to) in [(0, 1_440), (0, 0), (200, 201), (199, 641), (1_260, 1_261), (900, 300)] {
            let times = MinuteOfDay(from)..MinuteOfDay(to);
            for (number, starts) in numbers.into_iter().zip([&full[..], &grown, &[]]) {
                let mask = timetables.get(number).mask_between(&times);
                let naive = (0..64).filter(|n| starts.get(*n).is_some_and(|start| times.contains(start)));
                assert_eq!(mask, naive.fold(0_u64, |mask, n| mask | 1 << n), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_start_added_later_is_shown_in_its_place() {
        let mut builder = TimetablesBuilder::default();
        let plain = builder.number(&[540, 570].map(MinuteOfDay));
        let grown = builder.number(&[600, 630, 540].map(MinuteOfDay));
        assert_eq!(builder.number(&[540, 570].map(MinuteOfDay)), plain);
        let timetables = builder.finish();
        let shown: Vec<_> = timetables.get(grown).in_time_order(0b101).collect();
        assert_eq!(shown, [(2, MinuteOfDay(540)), (0, MinuteOfDay(600))]);
        assert_eq!(timetables.get(grown).mask_between(&(MinuteOfDay(540)..MinuteOfDay(630))), 0b101);
        assert_eq!(timetables.get(plain).start(2), None);
    }
}

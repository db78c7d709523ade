//! Room: engine/availability. The board: how many places each slot has left, with masks of slots and days that have any.
//!
//! Shared: any number of readers, none of which waits, and one writer, the sequencer's thread, which calls
//! [`Board::set`]. It must never decide who gets a place: it shows what the book has.
//!
//! The board is a grid of *rows* (campaign, product and dose, at one clinic) by day; where a row works on a day there is
//! a *block* of slots. Rows of the same campaign, product and dose form a *plane*: an array over the clinics in the
//! directory's order, so that a district is a stretch of it.
//!
//! A reader may see a stale answer, never a torn one: every count is one byte, every mask bit stands for itself, and
//! bits are published after what they promise (a count before its slot bit, a slot bit before its day bit).

use std::cmp::Ordering as Compared;
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};

use charye_domain::ids::{BlockId, CampaignId, ProductId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use charye_domain::vaccine::DoseNumber;

use super::day_set::{DaySet, IntervalDays};
use super::timetable::{Timetable, Timetables};

mod builder;

pub use builder::{BlockPlace, BoardBuilder, LayoutError};

/// Places left in every slot of a journal's campaigns.
#[derive(Debug)]
pub struct Board {
    /// Clinics of the directory that the planes are laid over.
    clinics: u32,
    /// In order; the position is the plane's number.
    planes: Box<[Plane]>,

    // One entry a row: plane * clinics + the clinic's rank.
    /// Days with a place left.
    row_free_days: Box<[[AtomicU64; 2]]>,
    /// Of these, the days that can be reserved: all, but of a first dose of a pair those that a second may follow.
    row_open_days: Box<[[AtomicU64; 2]]>,
    rows: Box<[RowLayout]>,
    /// One entry for each [`Board::ROWS_PER_STAMP`] rows: how often what they show has changed.
    row_stamps: Box<[AtomicU64]>,

    // One entry a block, by block id.
    block_free_slots: Box<[AtomicU64]>,
    block_places: Box<[AtomicU16]>,
    block_row_day: Box<[RowDay]>,
    block_timetable: TimetableNumbers,
    /// One more than there are blocks: the slots of block n are `first[n]..first[n + 1]`.
    block_first_slot: Box<[u32]>,
    /// The blocks by row and day, where the book did not number them so; [`RowLayout::first`] counts in this order.
    block_order: Option<Box<[u32]>>,

    // One entry a slot.
    slot_places: Box<[AtomicU8]>,

    timetables: Timetables,
    fingerprint: AtomicU64,
    /// By plane. Read and written by the writer alone, so its lock is never waited for.
    partners: Mutex<Box<[Partner]>>,
}

/// What a look at a clinic needs of a row, side by side.
#[derive(Debug)]
struct RowLayout {
    /// Days on which it works.
    days: [u64; 2],
    /// The block of its first day; those of the others follow.
    first: u32,
    /// Places left on all its days.
    places: AtomicU32,
}

/// What a plane's dose is reserved with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partner {
    /// Nothing: the only dose, or one of two reserved one by one.
    Unneeded,
    /// A first dose whose second nobody gives.
    Missing,
    /// A first dose, with a second of this plane at the same clinic.
    Second { plane: u16, interval: IntervalDays },
    /// A second dose, after a first of this plane.
    First { plane: u16, interval: IntervalDays },
}

/// What the rows of a plane have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plane {
    pub campaign: CampaignId,
    pub product: ProductId,
    pub dose: DoseNumber,
}

/// Where a slot lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotPlace {
    pub plane: Plane,
    /// The clinic's position in the directory.
    pub rank: u32,
    pub day: DayIndex,
    pub start: MinuteOfDay,
}

/// One row's number: its plane's rows start at `plane * clinics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row(u32);

impl Board {
    /// The most a slot can show: it stands for this many or more.
    pub const REMAINING_MAX: u16 = u8::MAX as u16;
    /// Rows a board can have.
    pub const ROWS_MAX: u32 = RowDay::ROWS_MAX;
    /// Rows that change together, as far as [`Board::changes`] goes: a district has some seventy clinics.
    const ROWS_PER_STAMP: usize = 32;

    /// Places left in a slot, at most [`Board::REMAINING_MAX`]; 0 for a slot the board does not know.
    pub fn remaining(&self, slot: SlotId) -> u16 {
        self.slot_position(slot).map_or(0, |position| u16::from(self.slot_places[position].load(Acquire)))
    }

    /// Whether a count is more than, less than or the same as what is shown, as far as the board can show it.
    pub fn compare(&self, free: u16, slot: SlotId) -> Compared {
        free.min(Self::REMAINING_MAX).cmp(&self.remaining(slot))
    }

    /// Shows `free` places in a slot. Only the sequencer's thread may call this. Returns whether anything changed; a
    /// slot the board does not know changes nothing.
    pub fn set(&self, slot: SlotId, free: u16) -> bool {
        let Some(position) = self.slot_position(slot) else { return false };
        let shown = free.min(Self::REMAINING_MAX) as u8;
        let before = self.slot_places[position].load(Relaxed);
        if shown == before {
            return false;
        }
        // There is one writer, so a load and a store do; a locked instruction would cost ten times as much.
        self.slot_places[position].store(shown, Release);
        let block = slot.block().0 as usize;
        let row = self.block_row_day[block].row();
        let changed = |places: u32| (places + u32::from(shown)).saturating_sub(u32::from(before));
        self.block_places[block].store(changed(u32::from(self.block_places[block].load(Relaxed))) as u16, Relaxed);
        let of_row = &self.rows[row].places;
        of_row.store(changed(of_row.load(Relaxed)), Relaxed);
        self.add_to_fingerprint(mixed(slot, shown).wrapping_sub(mixed(slot, before)));
        if (before == 0) != (shown == 0) {
            self.set_slot_bit(block, slot.index(), shown > 0);
        }
        self.stamp(row);
        true
    }

    /// How often something has changed in a plane's rows at these clinics or, rounded up, next to them. Who read it
    /// before reading the rows, and reads the same later on the same thread, knows that the rows still say what they said.
    pub(super) fn changes(&self, plane: u16, ranks: Range<u32>) -> u64 {
        if ranks.is_empty() {
            return 0;
        }
        let (first, last) = (self.row(plane, ranks.start).0 as usize, self.row(plane, ranks.end - 1).0 as usize);
        let stamps = self.row_stamps.get(first / Self::ROWS_PER_STAMP..=last / Self::ROWS_PER_STAMP);
        // Each only ever goes up, so a sum that is the same says that each is.
        stamps.unwrap_or_default().iter().fold(0, |sum: u64, stamp| sum.wrapping_add(stamp.load(Acquire)))
    }

    /// Reads what [`Board::set`] will read and changes nothing: waits for memory ahead of time.
    pub(crate) fn warm(&self, slot: SlotId) {
        let Some(position) = self.slot_position(slot) else { return };
        let block = slot.block().0 as usize;
        let row = self.block_row_day[block].row();
        black_box(self.slot_places[position].load(Relaxed));
        black_box(self.block_places[block].load(Relaxed));
        black_box(self.rows[row].places.load(Relaxed));
    }

    /// Shows at once a count that takes places; leaves one that gives some back. Returns whether it was left, so that
    /// [`Board::set`] must be called once the batch is durable. Only the sequencer's thread may call this.
    #[must_use = "places given back are shown after the sync, by `set`"]
    pub fn set_if_fewer(&self, slot: SlotId, free: u16) -> bool {
        match self.compare(free, slot) {
            Compared::Less => !self.set(slot, free),
            Compared::Equal => false,
            Compared::Greater => self.slot_position(slot).is_some(),
        }
    }

    /// An order-independent hash of what every slot shows (law I14). Equal boards have equal fingerprints; laid out over
    /// other slots, it is [`Fingerprint`] that reckons the same from the book.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint.load(Acquire)
    }

    /// Where a slot lies, or `None` if the board does not know it.
    pub fn place(&self, slot: SlotId) -> Option<SlotPlace> {
        self.slot_position(slot)?;
        let block = slot.block();
        let row_day = self.block_row_day[block.0 as usize];
        let (plane, rank) = (row_day.row() as u32 / self.clinics, row_day.row() as u32 % self.clinics);
        let start = self.timetable(block).start(slot.index())?;
        Some(SlotPlace { plane: self.planes[plane as usize], rank, day: row_day.day(), start })
    }

    /// Slots of the whole board.
    pub fn slots(&self) -> usize {
        self.slot_places.len()
    }

    /// Block ids the board has room for: one more than the highest.
    pub fn blocks(&self) -> u32 {
        self.block_row_day.len() as u32
    }

    /// The slots of a block; empty for one the board does not know.
    pub fn slots_of(&self, block: BlockId) -> impl ExactSizeIterator<Item = SlotId> + use<> {
        let count = self.slots_in(block) as u8;
        (0..count).map(move |index| SlotId::new(block, index))
    }

    /// The campaign a block is of.
    pub fn campaign_of(&self, block: BlockId) -> Option<CampaignId> {
        let row_day = self.block_row_day.get(block.0 as usize).filter(|row_day| row_day.is_laid_out())?;
        Some(self.planes[row_day.row() / self.clinics as usize].campaign)
    }

    /// Bytes of everything the board holds: counts, masks, row, block and timetable tables. Allocator overhead, some
    /// dozen allocations in all, is not counted.
    pub fn memory_bytes(&self) -> usize {
        let rows = size_of_val(&*self.row_free_days)
            + size_of_val(&*self.row_open_days)
            + size_of_val(&*self.rows)
            + size_of_val(&*self.row_stamps);
        let blocks = size_of_val(&*self.block_free_slots)
            + size_of_val(&*self.block_places)
            + size_of_val(&*self.block_row_day)
            + self.block_timetable.memory_bytes()
            + size_of_val(&*self.block_first_slot)
            + self.block_order.as_deref().map_or(0, size_of_val);
        size_of::<Self>()
            + size_of_val(&*self.planes)
            + size_of_val(&**self.partners())
            + rows
            + blocks
            + size_of_val(&*self.slot_places)
            + self.timetables.memory_bytes()
    }

    /// Sets a whole block, given what each of its slots has, in order of their indices. Only the sequencer's thread may
    /// call this.
    pub(super) fn set_block(&self, block: BlockId, mut free: impl FnMut(SlotId) -> u16) {
        for slot in self.slots_of(block) {
            self.set(slot, free(slot));
        }
    }

    pub(super) fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// A plane's number, if anyone gives its dose.
    pub(super) fn plane(&self, plane: Plane) -> Option<u16> {
        self.planes.binary_search(&plane).ok().and_then(|number| u16::try_from(number).ok())
    }

    /// Says which planes are reserved in pairs, and shows the days that follow from it. Only the sequencer's thread may
    /// call this. Work in proportion to the rows: about a millisecond for a nation.
    pub(super) fn set_partners(&self, partners: &[Partner]) {
        {
            let mut known = self.partners();
            if **known == *partners {
                return;
            }
            known.copy_from_slice(partners);
        }
        for row in 0..self.row_open_days.len() {
            self.show_open_days(row);
        }
    }

    /// The row of a clinic in a plane.
    pub(super) fn row(&self, plane: u16, rank: u32) -> Row {
        Row(u32::from(plane) * self.clinics + rank.min(self.clinics.saturating_sub(1)))
    }

    /// The days on which a row works, whether or not a place is left.
    pub(super) fn days(&self, row: Row) -> DaySet {
        joined(self.rows[row.0 as usize].days)
    }

    /// The days on which a row has a place left.
    pub(super) fn free_days(&self, row: Row) -> DaySet {
        let [low, high] = &self.row_free_days[row.0 as usize];
        joined([low.load(Acquire), high.load(Acquire)])
    }

    /// The days of a row that can be reserved: with a place left and, for the first dose of a pair, a second to follow.
    pub(super) fn open_days(&self, row: Row) -> DaySet {
        let [low, high] = &self.row_open_days[row.0 as usize];
        joined([low.load(Acquire), high.load(Acquire)])
    }

    /// Places left on all days of a row.
    pub(super) fn places(&self, row: Row) -> u32 {
        self.rows[row.0 as usize].places.load(Relaxed)
    }

    /// Places left on some of a row's days.
    pub(super) fn places_on(&self, row: Row, days: DaySet) -> u32 {
        let works = self.days(row);
        if works.without(days).is_empty() {
            return self.places(row);
        }
        let days = days.and(works);
        let mut before = self.rows[row.0 as usize].first;
        let mut places = 0;
        for half in [0, 64] {
            let (works, mut days) = ((works.0 >> half) as u64, (days.0 >> half) as u64);
            let earlier = (days & days.wrapping_neg()).wrapping_sub(1);
            let (mut ahead, mut position) = (works & !earlier, before + (works & earlier).count_ones());
            while days != 0 {
                let day = ahead & ahead.wrapping_neg();
                if days & day != 0 {
                    places += u32::from(self.block_places[self.block_in_order(position)].load(Relaxed));
                    days ^= day;
                }
                ahead ^= day;
                position += 1;
            }
            before += works.count_ones();
        }
        places
    }

    /// The block of a row on a day, if it works then.
    pub(super) fn block(&self, row: Row, day: DayIndex) -> Option<BlockId> {
        let works = self.days(row);
        works.contains(day).then(|| BlockId(self.block_at(row, works, day) as u32))
    }

    /// The blocks of a row on some days, in order. They follow each other, so all but the first are found by counting on.
    pub(super) fn blocks_on(&self, row: Row, days: DaySet) -> impl Iterator<Item = (DayIndex, BlockId)> + use<'_> {
        let works = self.days(row);
        let wanted = days.and(works);
        let start = wanted.first().unwrap_or(DayIndex(0));
        let mut position = self.rows[row.0 as usize].first + works.rank(start);
        let mut ahead = works.and(DaySet::from_day(start)).iter();
        wanted.iter().map(move |day| {
            position += ahead.by_ref().take_while(|works| *works != day).count() as u32;
            let block = BlockId(self.block_in_order(position) as u32);
            position += 1;
            (day, block)
        })
    }

    /// Places left in some slots of a block.
    pub(super) fn places_in(&self, block: BlockId, mut slots: u64) -> u32 {
        let block = block.0 as usize;
        let range = self.block_first_slot[block] as usize..self.block_first_slot[block + 1] as usize;
        let of_block = &self.slot_places[range];
        let mut places = 0;
        while slots != 0 {
            places += of_block.get(slots.trailing_zeros() as usize).map_or(0, |slot| u32::from(slot.load(Acquire)));
            slots &= slots - 1;
        }
        places
    }

    /// The slots of a block that have a place left.
    pub(super) fn free_slots(&self, block: BlockId) -> u64 {
        self.block_free_slots[block.0 as usize].load(Acquire)
    }

    pub(super) fn timetable(&self, block: BlockId) -> Timetable<'_> {
        self.timetables.get(self.timetable_number(block))
    }

    pub(super) fn timetable_number(&self, block: BlockId) -> u32 {
        self.block_timetable.get(block.0 as usize)
    }

    /// Compares a block's masks and sums with its counts, given that nobody writes. For the audit.
    pub(super) fn block_is_consistent(&self, block: BlockId) -> bool {
        let (mut mask, mut places) = (0_u64, 0_u16);
        for slot in self.slots_of(block) {
            let remaining = self.remaining(slot);
            mask |= u64::from(remaining > 0) << slot.index();
            places += remaining;
        }
        let index = block.0 as usize;
        let Some(row_day) = self.block_row_day.get(index).filter(|row_day| row_day.is_laid_out()) else { return true };
        self.free_slots(block) == mask
            && self.block_places[index].load(Relaxed) == places
            && self.free_days(Row(row_day.row() as u32)).contains(row_day.day()) == (mask != 0)
            && self.open_days(Row(row_day.row() as u32)) == self.reckoned_open_days(row_day.row())
    }

    fn slots_in(&self, block: BlockId) -> usize {
        let block = block.0 as usize;
        match (self.block_first_slot.get(block), self.block_first_slot.get(block + 1)) {
            (Some(first), Some(next)) => (next - first) as usize,
            _ => 0,
        }
    }

    fn slot_position(&self, slot: SlotId) -> Option<usize> {
        let (block, index) = (slot.block(), usize::from(slot.index()));
        (index < self.slots_in(block)).then(|| self.block_first_slot[block.0 as usize] as usize + index)
    }

    fn block_at(&self, row: Row, works: DaySet, day: DayIndex) -> usize {
        self.block_in_order(self.rows[row.0 as usize].first + works.rank(day))
    }

    fn block_in_order(&self, position: u32) -> usize {
        self.block_order.as_ref().map_or(position as usize, |order| order[position as usize] as usize)
    }

    fn set_slot_bit(&self, block: usize, index: u8, free: bool) {
        let bit = 1_u64 << index;
        let before = self.block_free_slots[block].load(Relaxed);
        let after = if free { before | bit } else { before & !bit };
        self.block_free_slots[block].store(after, Release);
        if (before == 0) != (after == 0) {
            let row_day = self.block_row_day[block];
            let day = row_day.day().0;
            let half = &self.row_free_days[row_day.row()][usize::from(day / 64)];
            let bit = 1_u64 << (day % 64);
            let days = half.load(Relaxed);
            half.store(if after == 0 { days & !bit } else { days | bit }, Release);
            self.show_open_days(row_day.row());
            let partner = self.partners()[row_day.row() / self.clinics as usize];
            if let Partner::First { plane, .. } = partner {
                self.show_open_days(plane as usize * self.clinics as usize + row_day.row() % self.clinics as usize);
            }
        }
    }

    fn show_open_days(&self, row: usize) {
        let days = self.reckoned_open_days(row).0;
        let [low, high] = &self.row_open_days[row];
        low.store(days as u64, Release);
        high.store((days >> 64) as u64, Release);
        self.stamp(row);
    }

    /// Counts a change of a row, after it was made: whoever sees the count sees the change.
    fn stamp(&self, row: usize) {
        let stamp = &self.row_stamps[row / Self::ROWS_PER_STAMP];
        stamp.store(stamp.load(Relaxed).wrapping_add(1), Release);
    }

    fn reckoned_open_days(&self, row: usize) -> DaySet {
        let free = self.free_days(Row(row as u32));
        match self.partners()[row / self.clinics as usize] {
            Partner::Unneeded | Partner::First { .. } => free,
            Partner::Missing => DaySet::EMPTY,
            Partner::Second { plane, interval } => {
                let second = self.row(plane, row as u32 % self.clinics);
                free.and(self.free_days(second).followed_within(interval))
            }
        }
    }

    fn partners(&self) -> MutexGuard<'_, Box<[Partner]>> {
        self.partners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_to_fingerprint(&self, difference: u64) {
        self.fingerprint.store(self.fingerprint.load(Relaxed).wrapping_add(difference), Release);
    }
}

fn joined([low, high]: [u64; 2]) -> DaySet {
    DaySet(u128::from(low) | u128::from(high) << 64)
}

/// What a slot adds to the fingerprint. A slot that shows nothing adds nothing, so an empty board has 0.
///
/// Source: the finaliser of `SplitMix64` (Steele, Lea, Flood 2014).
fn mixed(slot: SlotId, shown: u8) -> u64 {
    if shown == 0 {
        return 0;
    }
    let mut z = (u64::from(slot.0) << 8 | u64::from(shown)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Reckons from a book's slots the fingerprint that a board of the same must have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Counts a slot in, each once, in any order.
    pub fn add(&mut self, slot: SlotId, free: u16) {
        self.0 = self.0.wrapping_add(mixed(slot, free.min(Board::REMAINING_MAX) as u8));
    }

    /// To be compared with [`Board::fingerprint`].
    pub fn value(self) -> u64 {
        self.0
    }
}

/// Row (25 bits) and day (7 bits) of a block, in four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowDay(u32);

impl RowDay {
    /// All ones stay free to say that a block id has no block.
    const ROWS_MAX: u32 = (1 << 25) - 1;
    const NONE: Self = Self(u32::MAX);

    fn new(row: u32, day: DayIndex) -> Self {
        Self(row << 7 | u32::from(day.0 & 127))
    }

    fn row(self) -> usize {
        (self.0 >> 7) as usize
    }

    fn day(self) -> DayIndex {
        DayIndex((self.0 & 127) as u8)
    }

    fn is_laid_out(self) -> bool {
        self != Self::NONE
    }
}

/// Which timetable each block has: two bytes a block, unless there are more than 65,536 timetables.
#[derive(Debug)]
enum TimetableNumbers {
    Narrow(Box<[u16]>),
    Wide(Box<[u32]>),
}

impl TimetableNumbers {
    fn get(&self, block: usize) -> u32 {
        match self {
            Self::Narrow(numbers) => u32::from(numbers[block]),
            Self::Wide(numbers) => numbers[block],
        }
    }

    fn memory_bytes(&self) -> usize {
        match self {
            Self::Narrow(numbers) => size_of_val(&**numbers),
            Self::Wide(numbers) => size_of_val(&**numbers),
        }
    }
}

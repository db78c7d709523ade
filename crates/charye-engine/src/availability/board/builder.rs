//! Room: engine/availability. Lays a board out, block by block; every slot shows nothing until it is set.
//!
//! Called when a campaign's sessions are activated and at every start. Never reads the book: the caller does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use charye_domain::ids::{BlockId, ClinicId, SlotId};
use charye_domain::time::{DayIndex, MinuteOfDay};
use rustc_hash::FxHashMap;

use super::{Board, Partner, Plane, RowDay, RowLayout, TimetableNumbers};
use crate::availability::Directory;
use crate::availability::timetable::TimetablesBuilder;

/// Collects blocks, in any order, until the board is complete.
#[derive(Debug, Default)]
pub struct BoardBuilder {
    plane_numbers: FxHashMap<Plane, u32>,
    planes: Vec<Plane>,
    blocks: Vec<Draft>,
    blocks_end: u32,
    slots: u32,
    timetables: TimetablesBuilder,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockPlace {
    pub plane: Plane,
    pub clinic: ClinicId,
    pub day: DayIndex,
}

/// Why a block cannot be on a board. Says that book and directory do not fit; no input of a citizen leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("block {0} is at a clinic that the directory does not have")]
    ClinicUnknown(BlockId),
    #[error("block {0} is past the highest block id or day")]
    OutOfRange(BlockId),
    #[error("the board has more than {} rows", Board::ROWS_MAX)]
    TooManyRows,
    #[error("the board has more slots than a 32-bit number counts")]
    TooManySlots,
    #[error("the thread that sorts the board could not be started, or failed")]
    SortingFailed,
}

/// A block, before its clinic's rank and the order of planes are known: then `row` is that.
#[derive(Clone, Copy, Debug)]
struct Draft {
    block: u32,
    clinic: u32,
    row: u32,
    timetable: u32,
    day: u8,
    slots: u8,
}

impl BoardBuilder {
    /// Adds a block and the start times of its slots, in order of their indices. Of two blocks of one row and day the
    /// look-ups show the one with the lower id; the book makes no such blocks.
    ///
    /// # Errors
    /// The block does not fit; the board stays as it was.
    pub fn add(&mut self, block: BlockId, place: BlockPlace, starts: &[MinuteOfDay]) -> Result<(), LayoutError> {
        if block.0 >= SlotId::BLOCKS_MAX || u32::from(place.day.0) >= DayIndex::MAX_DAYS {
            return Err(LayoutError::OutOfRange(block));
        }
        let slots_here = starts.len().min(SlotId::PER_BLOCK as usize) as u8;
        let slots = self.slots.checked_add(u32::from(slots_here)).ok_or(LayoutError::TooManySlots)?;
        let plane = *self.plane_numbers.entry(place.plane).or_insert_with(|| {
            self.planes.push(place.plane);
            self.planes.len() as u32 - 1
        });
        let timetable = self.timetables.number(starts);
        self.slots = slots;
        self.blocks_end = self.blocks_end.max(block.0 + 1);
        let (clinic, day) = (place.clinic.0, place.day.0);
        self.blocks.push(Draft { block: block.0, clinic, row: plane, timetable, day, slots: slots_here });
        Ok(())
    }

    /// The board over a directory, with every slot showing nothing.
    ///
    /// # Errors
    /// A block's clinic is not in the directory, or there are too many rows.
    pub fn finish(self, directory: &Directory) -> Result<Board, LayoutError> {
        let clinics = directory.len();
        let rows = self.planes.len() as u64 * u64::from(clinics);
        if rows > u64::from(Board::ROWS_MAX) {
            return Err(LayoutError::TooManyRows);
        }
        let (planes, renumbered) = in_order(&self.planes);
        let mut drafts = self.blocks;
        for draft in &mut drafts {
            let rank = directory.rank(ClinicId(draft.clinic));
            let rank = rank.ok_or(LayoutError::ClinicUnknown(BlockId(draft.block)))?;
            draft.row = renumbered[draft.row as usize] * clinics + rank;
        }
        drafts.sort_unstable_by_key(|draft| (draft.row, draft.day, draft.block));
        drafts.dedup_by_key(|draft| (draft.row, draft.day));

        let rows = rows as usize;
        let (mut row_days, mut row_first) = (vec![[0_u64; 2]; rows], vec![0_u32; rows]);
        let blocks = self.blocks_end as usize;
        let mut block_row_day = vec![RowDay::NONE; blocks];
        let mut timetable_numbers = vec![0_u32; blocks];
        let mut slots_in = vec![0_u8; blocks];
        for (position, draft) in (0_u32..).zip(&drafts) {
            let (row, block) = (draft.row as usize, draft.block as usize);
            if row_days[row] == [0, 0] {
                row_first[row] = position;
            }
            row_days[row][usize::from(draft.day / 64)] |= 1 << (draft.day % 64);
            block_row_day[block] = RowDay::new(draft.row, DayIndex(draft.day));
            timetable_numbers[block] = draft.timetable;
            slots_in[block] = draft.slots;
        }
        let block_order = block_order(&drafts, &mut row_first);
        let mut block_first_slot = Vec::with_capacity(blocks + 1);
        let mut next_slot = 0_u32;
        for count in slots_in {
            block_first_slot.push(next_slot);
            next_slot += u32::from(count);
        }
        block_first_slot.push(next_slot);
        // A block id without a block has timetable 0: there must be one.
        let mut timetables = self.timetables;
        timetables.number(&[]);

        Ok(Board {
            clinics: clinics.max(1),
            partners: Mutex::new(vec![Partner::Unneeded; planes.len()].into()),
            planes: planes.into(),
            row_free_days: (0..rows).map(|_| [AtomicU64::new(0), AtomicU64::new(0)]).collect(),
            row_open_days: (0..rows).map(|_| [AtomicU64::new(0), AtomicU64::new(0)]).collect(),
            rows: (row_days.into_iter().zip(row_first))
                .map(|(days, first)| RowLayout { days, first, places: AtomicU32::new(0) })
                .collect(),
            row_stamps: (0..rows.div_ceil(Board::ROWS_PER_STAMP)).map(|_| AtomicU64::new(0)).collect(),
            block_free_slots: (0..blocks).map(|_| AtomicU64::new(0)).collect(),
            block_places: (0..blocks).map(|_| AtomicU16::new(0)).collect(),
            block_row_day: block_row_day.into(),
            block_timetable: narrowed(timetable_numbers),
            block_first_slot: block_first_slot.into(),
            block_order,
            slot_places: (0..next_slot).map(|_| AtomicU8::new(0)).collect(),
            timetables: timetables.finish(),
            fingerprint: AtomicU64::new(0),
        })
    }
}

/// The planes in order, and for each as it came its number in that order.
fn in_order(planes: &[Plane]) -> (Vec<Plane>, Vec<u32>) {
    let mut sorted = planes.to_vec();
    sorted.sort_unstable();
    let numbers = planes.iter().map(|plane| sorted.partition_point(|other| other < plane) as u32).collect();
    (sorted, numbers)
}

/// The list of blocks by row and day, or nothing if every row's block ids count up by one from day to day: then the
/// first of each row says it all, and `row_first` is changed to be that block.
fn block_order(drafts: &[Draft], row_first: &mut [u32]) -> Option<Box<[u32]>> {
    let runs_on = |pair: &[Draft]| pair[0].row != pair[1].row || pair[1].block == pair[0].block + 1;
    if !drafts.windows(2).all(runs_on) {
        return Some(drafts.iter().map(|draft| draft.block).collect());
    }
    for first in row_first {
        *first = drafts.get(*first as usize).map_or(0, |draft| draft.block);
    }
    None
}

fn narrowed(numbers: Vec<u32>) -> TimetableNumbers {
    let narrow: Result<Box<[u16]>, _> = numbers.iter().map(|number| u16::try_from(*number)).collect();
    narrow.map_or_else(|_| TimetableNumbers::Wide(numbers.into()), TimetableNumbers::Narrow)
}

//! Room: domain/book. The grid of slots: rows (campaign, clinic, product, dose), blocks (a row's day) and the counters of
//! each slot. Called by `decide`, `apply`, `image`, and by whoever builds the board. Never knows who took a place.
//!
//! Laid out for twenty million slots: six bytes a counter, 24 a block, start times shared in a table of patterns. Slot
//! ids never move: a block only ever gets more start times, at its end. What changes a block that people see is worked out
//! beside it, unseen (`prepare`), with counters of its own; then the block only turns to those (`turn`).

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::book::counters::{Counters, Counts};
use crate::book::hash::mix;
use crate::ids::{BlockId, CampaignId, ClinicId, ProductId, SlotId};
use crate::time::{DayIndex, MinuteOfDay};
use crate::vaccine::DoseNumber;

/// Blocks a journal can hold. One less than fits, so that no slot id looks like "none".
pub(super) const BLOCKS_MAX: usize = (SlotId::BLOCKS_MAX - 1) as usize;
/// Slots that a block has, about: by which room for slots is room for blocks.
const SLOTS_OF_A_BLOCK: usize = 16;

/// What a clinic gives: one dose of one product in one campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row {
    pub campaign: CampaignId,
    pub clinic: ClinicId,
    pub product: ProductId,
    pub dose: DoseNumber,
}

/// Position of a row in [`Book::rows`].
///
/// [`Book::rows`]: crate::book::Book::rows
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub u32);

/// All slots of a row on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bit n: slot n is out of use until unblocked.
    closed: u64,
    row: RowId,
    /// Where its counters begin.
    first: u32,
    pattern: u32,
    day: DayIndex,
    slots: u8,
    sight: Sight,
}

/// Whether a block counts yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    Shown,
    /// Laid out for an import that is not activated: nobody finds its slots.
    Hidden,
}

impl Block {
    pub(super) fn pattern(&self) -> u32 {
        self.pattern
    }

    pub fn row(&self) -> RowId {
        self.row
    }

    pub fn day(&self) -> DayIndex {
        self.day
    }

    /// Slots in use, 1 to 64: indexes 0 to `slots` - 1.
    pub fn slots(&self) -> u8 {
        self.slots
    }

    /// Bit n: slot n is out of use until unblocked.
    pub fn closed(&self) -> u64 {
        self.closed
    }

    /// Laid out for an import that is not activated, or never was: it has no slots for anybody yet.
    pub fn is_hidden(&self) -> bool {
        self.sight == Sight::Hidden
    }
}

/// How the claims on one slot change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Hold,
    EndHold,
    Reserve,
    HeldToReserved,
    GiveBack,
}

/// What a block that people see turns to when an import counts: worked out before, unseen. Good until another one is
/// activated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    block: BlockId,
    /// Where its counters will begin; until then they hold the capacities wanted, and no claims.
    first: u32,
    pattern: u32,
    slots: u8,
}

/// Counters that belong to a block and are not in use: those it turned away from, or that were set aside for a change which
/// was given up. They serve the block's next change, so that changes without end do not take memory without end.
#[derive(Clone, Copy, Default)]
struct Spare {
    first: u32,
    slots: u8,
}

/// The grid.
pub(super) struct Grid {
    rows: Vec<Row>,
    row_ids: FxHashMap<Row, RowId>,
    /// Of each row, its blocks by day.
    row_blocks: Vec<Vec<BlockId>>,
    blocks: Vec<Block>,
    counts: Counters,
    patterns: Vec<Box<[MinuteOfDay]>>,
    pattern_ids: FxHashMap<Box<[MinuteOfDay]>, u32>,
    /// Slots whose wanted capacity an edit put below what is claimed, with that capacity: it is reached as claims end.
    undercut: BTreeMap<SlotId, u16>,
    /// Of each block that ever was to change, by its id. Made when it is needed, and not part of an image.
    spare: Vec<Spare>,
    /// Sum over slots of [`slot_fingerprint`].
    pub(super) fingerprint: u64,
}

/// A slot found: where it is, and its counters.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) slot: SlotId,
    pub(super) row: Row,
    pub(super) day: DayIndex,
    pub(super) minute: MinuteOfDay,
    pub(super) counts: Counts,
    pub(super) closed: bool,
}

/// What one slot adds to the book's running fingerprint: 0 while nobody claims a place of it, so an untouched grid, of
/// whatever size, has the fingerprint 0. Sums wrap and do not depend on order.
pub fn slot_fingerprint(slot: SlotId, held: u16, reserved: u16) -> u64 {
    match (held, reserved) {
        (0, 0) => 0,
        _ => mix(u64::from(slot.0) << 32 | u64::from(held) << 16 | u64::from(reserved)),
    }
}

impl Grid {
    pub(super) fn with_room_for(slots: usize) -> Self {
        Self {
            rows: Vec::new(),
            row_ids: FxHashMap::default(),
            row_blocks: Vec::new(),
            blocks: Vec::with_capacity(slots / SLOTS_OF_A_BLOCK),
            counts: Counters::with_room_for(slots),
            patterns: Vec::new(),
            pattern_ids: FxHashMap::default(),
            undercut: BTreeMap::new(),
            spare: Vec::new(),
            fingerprint: 0,
        }
    }

    pub(super) fn make_room_for(&mut self, slots: usize) {
        self.counts.make_room_for(slots);
        self.blocks.reserve((slots / SLOTS_OF_A_BLOCK).saturating_sub(self.blocks.len()));
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn row_id(&self, row: Row) -> Option<RowId> {
        self.row_ids.get(&row).copied()
    }

    pub(super) fn blocks_of(&self, row: RowId) -> &[BlockId] {
        self.row_blocks.get(row.0 as usize).map_or(&[], Vec::as_slice)
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(super) fn block(&self, id: BlockId) -> Option<&Block> {
        self.blocks.get(id.0 as usize)
    }

    pub(super) fn row_of(&self, block: &Block) -> Option<Row> {
        self.rows.get(block.row.0 as usize).copied()
    }

    pub(super) fn starts(&self, block: &Block) -> &[MinuteOfDay] {
        self.patterns.get(block.pattern as usize).map_or(&[], |starts| starts)
    }

    pub(super) fn undercut(&self) -> &BTreeMap<SlotId, u16> {
        &self.undercut
    }

    pub(super) fn find(&self, slot: SlotId) -> Option<Found> {
        let block = self.blocks.get(slot.block().0 as usize)?;
        let index = slot.index();
        if index >= block.slots || block.is_hidden() {
            return None;
        }
        let counts = *self.counts.get(block.first as usize + usize::from(index))?;
        let row = self.row_of(block)?;
        let minute = *self.starts(block).get(usize::from(index))?;
        Some(Found { slot, row, day: block.day, minute, counts, closed: block.closed >> index & 1 == 1 })
    }

    pub(super) fn counts(&self, slot: SlotId) -> Option<Counts> {
        self.position(slot).and_then(|position| self.counts.get(position)).copied()
    }

    pub(super) fn patterns(&self) -> &[Box<[MinuteOfDay]>] {
        &self.patterns
    }

    pub(super) fn counts_of(&self, block: &Block) -> &[Counts] {
        self.counts.run(block.first, block.slots)
    }

    /// Puts back a pattern as an image has it; `false` if it is there already.
    pub(super) fn restore_pattern(&mut self, starts: Box<[MinuteOfDay]>) -> bool {
        let before = self.patterns.len();
        self.pattern(starts);
        self.patterns.len() > before
    }

    /// Puts back a block as an image has it, with no places yet.
    pub(super) fn restore_block(&mut self, row: RowId, day: DayIndex, pattern: u32, (closed, sight): (u64, Sight)) {
        let slots = self.patterns.get(pattern as usize).map_or(0, |starts| starts.len());
        let id = self.push_block((row, day, sight), pattern, std::iter::repeat_n(0, slots));
        self.close(id, closed);
    }

    /// Puts back a capacity as an image has it, in the order of blocks and their slots; the slot whose capacity is next.
    pub(super) fn restore_capacity(&mut self, slot: SlotId, capacity: u16) -> SlotId {
        if let Some(counts) = self.position(slot).and_then(|position| self.counts.get_mut(position)) {
            counts.capacity = capacity;
        }
        let (block, next) = (slot.block(), slot.index() + 1);
        let ends = self.block(block).is_none_or(|block| next >= block.slots);
        if ends { SlotId::new(BlockId(block.0 + 1), 0) } else { SlotId::new(block, next) }
    }

    pub(super) fn restore_undercut(&mut self, slot: SlotId, wanted: u16) {
        self.undercut.insert(slot, wanted);
    }

    /// Counts a claim in or out of a slot, and lets an undercut slot shrink.
    pub(super) fn claim(&mut self, slot: SlotId, claim: Claim) {
        self.claim_as_is(slot, claim);
        if !self.undercut.is_empty() {
            self.settle(slot);
        }
    }

    /// Counts a claim in or out of a slot. Never beyond what fits: `decide` has seen to that.
    pub(super) fn claim_as_is(&mut self, slot: SlotId, claim: Claim) {
        let Some(counts) = self.position(slot).and_then(|position| self.counts.get_mut(position)) else { return };
        let before = slot_fingerprint(slot, counts.held, counts.reserved);
        let (held, reserved) = match claim {
            Claim::Hold => (counts.held.checked_add(1), Some(counts.reserved)),
            Claim::EndHold => (counts.held.checked_sub(1), Some(counts.reserved)),
            Claim::Reserve => (Some(counts.held), counts.reserved.checked_add(1)),
            Claim::HeldToReserved => (counts.held.checked_sub(1), counts.reserved.checked_add(1)),
            Claim::GiveBack => (Some(counts.held), counts.reserved.checked_sub(1)),
        };
        let (Some(held), Some(reserved)) = (held, reserved) else {
            debug_assert!(false, "slot {slot:?}: {claim:?} does not fit {counts:?}");
            return;
        };
        (counts.held, counts.reserved) = (held, reserved);
        let after = slot_fingerprint(slot, held, reserved);
        self.fingerprint = self.fingerprint.wrapping_sub(before).wrapping_add(after);
    }

    pub(super) fn close(&mut self, block: BlockId, mask: u64) {
        if let Some(block) = self.blocks.get_mut(block.0 as usize) {
            block.closed |= mask;
        }
    }

    pub(super) fn reopen(&mut self, block: BlockId, mask: u64) {
        if let Some(block) = self.blocks.get_mut(block.0 as usize) {
            block.closed &= !mask;
        }
    }

    /// What a slot is to take: its capacity, or less once claims have ended.
    pub(super) fn wanted(&self, slot: SlotId) -> u16 {
        let capacity = self.counts(slot).map_or(0, |counts| counts.capacity);
        self.undercut.get(&slot).copied().unwrap_or(capacity)
    }

    /// Makes a hidden block count.
    pub(super) fn show(&mut self, block: BlockId) {
        if let Some(block) = self.blocks.get_mut(block.0 as usize) {
            block.sight = Sight::Shown;
        }
    }

    /// The row, made if it is new.
    pub(super) fn row_or_new(&mut self, row: Row) -> RowId {
        if let Some(id) = self.row_ids.get(&row) {
            return *id;
        }
        let id = RowId(self.rows.len() as u32);
        self.rows.push(row);
        self.row_blocks.push(Vec::new());
        self.row_ids.insert(row, id);
        id
    }

    /// The block of a row's day, if there is one.
    pub(super) fn block_on(&self, row: RowId, day: DayIndex) -> Option<BlockId> {
        let blocks = self.row_blocks.get(row.0 as usize)?;
        let found = blocks.binary_search_by_key(&Some(day), |block| self.block(*block).map(Block::day));
        found.ok().and_then(|position| blocks.get(position)).copied()
    }

    /// Adds a block with these start times and capacities. At most 64; the caller has counted.
    pub(super) fn add_block(
        &mut self,
        (row, day, sight): (RowId, DayIndex, Sight),
        slots: &[(MinuteOfDay, u16)],
    ) -> BlockId {
        let is_as_before = |block: &Block| self.starts(block).iter().eq(slots.iter().map(|(start, _)| start));
        let pattern = match self.blocks.last().filter(|block| is_as_before(block)) {
            Some(before) => before.pattern,
            None => self.pattern(slots.iter().map(|(start, _)| *start).collect()),
        };
        self.push_block((row, day, sight), pattern, slots.iter().map(|(_, capacity)| *capacity))
    }

    /// Gives a hidden block other start times and capacities: nobody has seen those it had. At most 64.
    pub(super) fn lay_out_anew(&mut self, id: BlockId, slots: &[(MinuteOfDay, u16)]) {
        let Some(mut block) = self.block(id).copied().filter(Block::is_hidden) else { return };
        if slots.len() > usize::from(block.slots) {
            block.first = self.counts.add(slots.iter().map(|_| Counts::default()));
        }
        (block.slots, block.closed) = (slots.len() as u8, 0);
        let counts = self.counts.run_mut(block.first, block.slots);
        for (counts, (_, capacity)) in counts.iter_mut().zip(slots) {
            *counts = Counts::of(*capacity);
        }
        block.pattern = self.pattern(slots.iter().map(|(start, _)| *start).collect());
        if let Some(stored) = self.blocks.get_mut(id.0 as usize) {
            *stored = block;
        }
    }

    fn push_block(
        &mut self,
        (row, day, sight): (RowId, DayIndex, Sight),
        pattern: u32,
        capacities: impl ExactSizeIterator<Item = u16>,
    ) -> BlockId {
        let id = BlockId(self.blocks.len() as u32);
        let slots = capacities.len() as u8;
        let first = self.counts.add(capacities.map(Counts::of));
        self.blocks.push(Block { closed: 0, row, first, pattern, day, slots, sight });
        let days = &self.blocks;
        if let Some(blocks) = self.row_blocks.get_mut(row.0 as usize) {
            let position = blocks.partition_point(|block| days.get(block.0 as usize).is_some_and(|b| b.day < day));
            blocks.insert(position, id);
        }
        id
    }

    /// Works out what a block that people see is to turn to: these start times with these places, ascending by time, and
    /// for its other start times no places but those that are claimed. New ones stand at its end; together at most 64, the
    /// caller has counted. `None`: it is so already. Nobody sees a difference.
    pub(super) fn prepare(&mut self, id: BlockId, wanted: &[(MinuteOfDay, u16)]) -> Option<Prepared> {
        let block = self.block(id).copied().filter(|block| !block.is_hidden())?;
        let starts = self.starts(&block);
        let of_start = |start: &MinuteOfDay| {
            let found = wanted.binary_search_by_key(start, |(minute, _)| *minute);
            found.ok().and_then(|position| wanted.get(position)).map_or(0, |(_, capacity)| *capacity)
        };
        let mut capacities: Vec<u16> = starts.iter().map(of_start).collect();
        let fresh = wanted.iter().filter(|(minute, _)| !starts.contains(minute));
        let (mut longer, before) = (starts.to_vec(), starts.len());
        longer.extend(fresh.clone().map(|(minute, _)| minute));
        let is_so = |(index, capacity): (u8, &u16)| self.wanted(SlotId::new(id, index)) == *capacity;
        if longer.len() == before && (0..).zip(&capacities).all(is_so) {
            return None;
        }
        capacities.extend(fresh.map(|(_, capacity)| *capacity));
        let slots = capacities.len() as u8;
        let pattern = if longer.len() == before { block.pattern } else { self.pattern(longer.into()) };
        let first = self.set_aside(id, slots);
        for (counts, capacity) in self.counts.run_mut(first, slots).iter_mut().zip(capacities) {
            *counts = Counts::of(capacity);
        }
        Some(Prepared { block: id, first, pattern, slots })
    }

    /// Counters for so many slots of a block beside those it has: those it set aside before, if they are enough.
    fn set_aside(&mut self, id: BlockId, slots: u8) -> u32 {
        if self.spare.len() <= id.0 as usize {
            self.spare.resize(self.blocks.len(), Spare::default());
        }
        match self.spare.get_mut(id.0 as usize) {
            Some(spare) if spare.slots >= slots => spare.first,
            spare => {
                let first = self.counts.add((0..slots).map(|_| Counts::default()));
                spare.into_iter().for_each(|spare| *spare = Spare { first, slots });
                first
            }
        }
    }

    /// Turns blocks to what was prepared for them, each once: claims stay, and what is claimed beyond what is wanted goes as
    /// claims end. In proportion to their slots: one walk over the counters they have, and one over those prepared.
    pub(super) fn turn(&mut self, prepared: &[Prepared]) {
        let any_undercut = !self.undercut.is_empty();
        for prepared in prepared {
            let Some(stored) = self.blocks.get_mut(prepared.block.0 as usize) else { continue };
            let before = *stored;
            (stored.first, stored.pattern, stored.slots) = (prepared.first, prepared.pattern, prepared.slots);
            if let Some(spare) = self.spare.get_mut(prepared.block.0 as usize) {
                *spare = Spare { first: before.first, slots: before.slots };
            }
            let was_undercut = any_undercut && self.is_undercut(prepared.block);
            self.copy_claims((prepared.block, &before), prepared.first, was_undercut);
        }
    }

    fn is_undercut(&self, block: BlockId) -> bool {
        let last = SlotId::new(block, SlotId::PER_BLOCK as u8 - 1);
        self.undercut.range(SlotId::new(block, 0)..=last).next().is_some()
    }

    /// Copies the claims on a block's slots to counters that hold what is wanted of it.
    fn copy_claims(&mut self, (block, before): (BlockId, &Block), first: u32, was_undercut: bool) {
        let mut claimed = [Counts::default(); SlotId::PER_BLOCK as usize];
        let old = self.counts.run(before.first, before.slots);
        claimed.iter_mut().zip(old).for_each(|(claimed, old)| *claimed = *old);
        let new = self.counts.run_mut(first, before.slots);
        for ((new, old), index) in new.iter_mut().zip(claimed).zip(0_u8..) {
            let wanted = new.capacity;
            *new = Counts { capacity: wanted.max(old.claimed()), ..old };
            if wanted < old.claimed() {
                self.undercut.insert(SlotId::new(block, index), wanted);
            } else if was_undercut {
                self.undercut.remove(&SlotId::new(block, index));
            }
        }
    }

    fn pattern(&mut self, starts: Box<[MinuteOfDay]>) -> u32 {
        if let Some(id) = self.pattern_ids.get(&starts) {
            return *id;
        }
        let id = self.patterns.len() as u32;
        self.patterns.push(starts.clone());
        self.pattern_ids.insert(starts, id);
        id
    }

    fn position(&self, slot: SlotId) -> Option<usize> {
        let block = self.blocks.get(slot.block().0 as usize)?;
        (slot.index() < block.slots).then(|| block.first as usize + usize::from(slot.index()))
    }

    /// An undercut slot shrinks as its claims end, until it has the capacity that was wanted.
    fn settle(&mut self, slot: SlotId) {
        let Some(wanted) = self.undercut.get(&slot).copied() else { return };
        let Some(counts) = self.position(slot).and_then(|position| self.counts.get_mut(position)) else { return };
        counts.capacity = wanted.max(counts.claimed());
        if wanted >= counts.claimed() {
            self.undercut.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid_of(slots: &[(u16, u16)]) -> (Grid, RowId) {
        let mut grid = Grid::with_room_for(8);
        let row = Row { campaign: CampaignId(0), clinic: ClinicId(0), product: ProductId(0), dose: DoseNumber::First };
        let row = grid.row_or_new(row);
        let slots: Vec<_> = slots.iter().map(|(start, capacity)| (MinuteOfDay(*start), *capacity)).collect();
        grid.add_block((row, DayIndex(3), Sight::Shown), &slots);
        (grid, row)
    }

    fn of(slots: &[(u16, u16)]) -> Vec<(MinuteOfDay, u16)> {
        slots.iter().map(|(start, capacity)| (MinuteOfDay(*start), *capacity)).collect()
    }

    /// Capacity and claims of each slot of block 0.
    fn block_0(grid: &Grid) -> Vec<(u16, u16)> {
        let slots = (0..64).map_while(|index| grid.counts(SlotId::new(BlockId(0), index)));
        slots.map(|counts| (counts.capacity, counts.claimed())).collect()
    }

    #[test]
    fn a_block_that_grows_keeps_its_slots_and_their_claims() {
        let (mut grid, row) = grid_of(&[(540, 5), (570, 6)]);
        let slot = SlotId::new(BlockId(0), 1);
        grid.claim(slot, Claim::Hold);
        grid.add_block((row, DayIndex(1), Sight::Shown), &[(MinuteOfDay(540), 2)]);
        let prepared = grid.prepare(BlockId(0), &of(&[(480, 7), (540, 5), (570, 6)])).unwrap();
        assert_eq!(block_0(&grid), [(5, 0), (6, 1)], "nothing is seen of it yet");
        grid.claim(slot, Claim::HeldToReserved);
        grid.claim(SlotId::new(BlockId(0), 0), Claim::Hold);
        grid.turn(&[prepared]);
        assert_eq!(grid.counts(slot), Some(Counts { capacity: 6, held: 0, reserved: 1 }));
        assert_eq!(block_0(&grid), [(5, 1), (6, 1), (7, 0)]);
        let starts: Vec<u16> =
            grid.block(BlockId(0)).map(|block| grid.starts(block)).unwrap().iter().map(|m| m.0).collect();
        assert_eq!(starts, [540, 570, 480]);
        assert_eq!(grid.counts(SlotId::new(BlockId(1), 0)).map(|counts| counts.capacity), Some(2));
        assert_eq!(grid.blocks_of(row), [BlockId(1), BlockId(0)], "by day");
        assert_eq!(grid.block_on(row, DayIndex(3)), Some(BlockId(0)));
        assert_eq!(grid.prepare(BlockId(0), &of(&[(480, 7), (540, 5), (570, 6)])), None, "it is so already");
    }

    #[test]
    fn what_is_claimed_beyond_what_is_wanted_goes_as_claims_end_and_comes_back_when_it_is_wanted_again() {
        let (mut grid, _) = grid_of(&[(540, 3), (570, 3)]);
        let first = SlotId::new(BlockId(0), 0);
        grid.claim(first, Claim::Reserve);
        grid.claim(first, Claim::Hold);
        let fewer = grid.prepare(BlockId(0), &of(&[(570, 1)])).unwrap();
        grid.turn(&[fewer]);
        assert_eq!(block_0(&grid), [(2, 2), (1, 0)]);
        assert_eq!(grid.wanted(first), 0);
        grid.claim(first, Claim::EndHold);
        assert_eq!(block_0(&grid), [(1, 1), (1, 0)]);
        let again = grid.prepare(BlockId(0), &of(&[(540, 2), (570, 1)])).unwrap();
        grid.turn(&[again]);
        grid.claim(first, Claim::GiveBack);
        assert_eq!(block_0(&grid), [(2, 0), (1, 0)]);
        assert!(grid.undercut().is_empty());
    }

    #[test]
    fn changes_without_end_and_changes_given_up_take_no_memory_without_end() {
        let (mut grid, _) = grid_of(&[(540, 3), (570, 3)]);
        for capacity in 4..1_000 {
            let prepared = grid.prepare(BlockId(0), &of(&[(540, capacity), (570, 3)])).unwrap();
            if capacity % 3 != 0 {
                grid.turn(&[prepared]);
            }
        }
        assert_eq!(grid.counts.len(), 4);
    }

    #[test]
    fn an_undercut_slot_shrinks_as_its_claims_end() {
        let (mut grid, _) = grid_of(&[(540, 3)]);
        let slot = SlotId(0);
        for _ in 0..3 {
            grid.claim(slot, Claim::Reserve);
        }
        let prepared = grid.prepare(BlockId(0), &of(&[(540, 1)])).unwrap();
        grid.turn(&[prepared]);
        assert_eq!(grid.undercut().get(&slot), Some(&1));
        let capacity_after_giving_back = |grid: &mut Grid| {
            grid.claim(slot, Claim::GiveBack);
            grid.counts(slot).map(|counts| (counts.capacity, counts.reserved))
        };
        assert_eq!(capacity_after_giving_back(&mut grid), Some((2, 2)));
        assert_eq!(capacity_after_giving_back(&mut grid), Some((1, 1)));
        assert!(grid.undercut().is_empty());
        assert_eq!(capacity_after_giving_back(&mut grid), Some((1, 0)));
    }

    #[test]
    fn the_fingerprint_is_the_sum_over_slots_whatever_the_order() {
        let (mut grid, _) = grid_of(&[(540, 3), (570, 3)]);
        grid.claim(SlotId(1), Claim::Hold);
        grid.claim(SlotId(0), Claim::Reserve);
        grid.claim(SlotId(1), Claim::HeldToReserved);
        let sum = slot_fingerprint(SlotId(0), 0, 1).wrapping_add(slot_fingerprint(SlotId(1), 0, 1));
        assert_eq!(grid.fingerprint, sum);
        grid.claim(SlotId(0), Claim::GiveBack);
        grid.claim(SlotId(1), Claim::GiveBack);
        assert_eq!(grid.fingerprint, 0);
    }
}

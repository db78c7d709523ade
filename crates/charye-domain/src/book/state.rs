//! Room: domain/book. The state of every campaign of one journal, and what may be read off it. Owned by the sequencer's
//! thread; the board, the snapshot and the queries are made from here. Nothing in this file changes anything.

use std::sync::Arc;

use crate::book::campaigns::CampaignState;
use crate::book::clinics::Clinics;
use crate::book::grid::{Block, Found, Grid, Row, RowId};
use crate::book::helps::Helps;
use crate::book::holds::Holds;
use crate::book::imports::Imports;
use crate::book::look_ups::LookUps;
use crate::book::operations::{OperationRow, Operations};
use crate::book::people::People;
use crate::book::reservations::Reservations;
use crate::book::rooms::{Rooms, WaitingRoom};
use crate::book::visits::Visits;
use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::identity::OperatorWords;
use crate::ids::{BlockId, CampaignId, ClinicId, OpeningId, OperationKey, Person, SlotId};
use crate::slot::released;
use crate::time::{MinuteOfDay, UnixMillis};

/// The state of every campaign of one journal: who holds what, and what is free.
pub struct Book {
    pub(super) campaigns: Vec<CampaignState>,
    pub(super) clinics: Clinics,
    pub(super) grid: Grid,
    pub(super) people: People,
    pub(super) visits: Visits,
    pub(super) holds: Holds,
    pub(super) reservations: Reservations,
    pub(super) operations: Operations,
    pub(super) imports: Imports,
    pub(super) rooms: Rooms,
    pub(super) helps: Helps,
    pub(super) look_ups: LookUps,
    pub(super) operator_words: OperatorWords,
}

/// How much to make room for before the first citizen comes, because a table of ten million rows that grows stops
/// everyone for a second. Only a hint: a book grows beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub people: usize,
    pub reservations: usize,
    pub slots: usize,
    /// Answers remembered within 24 hours.
    pub operations: usize,
    pub visits: usize,
}

/// Every place of one slot, accounted for: `capacity = held + reserved + blocked + free` (law I7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCounts {
    pub capacity: u16,
    pub held: u16,
    pub reserved: u16,
    /// Not to be had: not released yet, out of use, or on a day on which the campaign is closed.
    pub blocked: u16,
    pub free: u16,
}

impl Default for Book {
    fn default() -> Self {
        Self::with_room_for(Room::default())
    }
}

/// A book of twenty million slots is not printed; how full it is, is.
impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book")
            .field("campaigns", &self.campaigns.len())
            .field("clinics", &self.clinics.rows().len())
            .field("blocks", &self.grid.blocks().len())
            .field("people", &self.people.next())
            .field("reservations", &self.reservations.next())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl Book {
    /// Everyone who was erased, in order: whoever keeps their details must keep them no longer.
    pub fn erased_people(&self) -> impl Iterator<Item = Person> {
        (0..).zip(self.people.rows()).filter(|(_, row)| row.erased).map(|(person, _)| Person(person))
    }

    /// An empty book with its big tables made large enough beforehand.
    pub fn with_room_for(room: Room) -> Self {
        let mut visits = Visits::new();
        visits.make_room_for(room.visits);
        Self {
            campaigns: Vec::new(),
            clinics: Clinics::default(),
            grid: Grid::with_room_for(room.slots),
            people: People::with_room_for(room.people),
            visits,
            holds: Holds::new(),
            reservations: Reservations::with_room_for(room.reservations),
            operations: Operations::with_room_for(room.operations),
            imports: Imports::default(),
            rooms: Rooms::new(),
            helps: Helps::default(),
            look_ups: LookUps::default(),
            operator_words: OperatorWords::default(),
        }
    }

    /// Enlarges the big tables now, so that they need not grow later. Called after a restart, before the first command.
    pub fn make_room_for(&mut self, room: Room) {
        self.grid.make_room_for(room.slots);
        self.people.make_room_for(room.people);
        self.visits.make_room_for(room.visits);
        self.reservations.make_room_for(room.reservations);
        self.operations.make_room_for(room.operations);
    }

    /// Places of a slot that may be claimed now; 0 for a slot that does not exist. Whether its time has passed, and who
    /// may claim, is not asked here.
    pub fn free(&self, slot: SlotId) -> u16 {
        self.grid.find(slot).map_or(0, |found| self.free_of(&found))
    }

    /// All places of a slot, accounted for. `None` if there is no such slot.
    pub fn slot_counts(&self, slot: SlotId) -> Option<SlotCounts> {
        let found = self.grid.find(slot)?;
        let free = self.free_of(&found);
        let counts = found.counts;
        let blocked = counts.capacity.checked_sub(counts.claimed()).and_then(|rest| rest.checked_sub(free));
        debug_assert!(blocked.is_some(), "slot {slot:?}: {counts:?} with {free} free is more than there is");
        Some(SlotCounts {
            capacity: counts.capacity,
            held: counts.held,
            reserved: counts.reserved,
            blocked: blocked.unwrap_or(0),
            free,
        })
    }

    /// Campaigns in force, newest version of each, by [`CampaignId`].
    pub fn campaigns(&self) -> impl ExactSizeIterator<Item = &Arc<Campaign>> {
        self.campaigns.iter().map(|state| &state.campaign)
    }

    /// The campaign in force under this id.
    pub fn campaign(&self, id: CampaignId) -> Option<&Arc<Campaign>> {
        self.campaign_state(id).map(|state| &state.campaign)
    }

    /// The campaign in force under this code.
    pub fn campaign_by_code(&self, code: &str) -> Option<&Arc<Campaign>> {
        self.campaigns().find(|campaign| campaign.code == code)
    }

    /// The canonical text that the campaign in force was read from.
    pub fn campaign_text(&self, id: CampaignId) -> Option<&Arc<str>> {
        self.campaign_state(id).map(|state| &state.text)
    }

    /// Share of every slot of a campaign that is out so far. Unit: 1/10,000.
    pub fn released_share(&self, id: CampaignId) -> Option<u16> {
        self.campaign_state(id).map(|state| state.share)
    }

    /// Clinics by [`ClinicId`].
    pub fn clinics(&self) -> &[Clinic] {
        self.clinics.rows()
    }

    /// The clinic with this code.
    pub fn clinic_by_code(&self, code: &str) -> Option<ClinicId> {
        self.clinics.find(code)
    }

    /// Rows of the grid by [`RowId`].
    pub fn rows(&self) -> &[Row] {
        self.grid.rows()
    }

    /// Blocks of the grid by [`BlockId`], hidden ones included.
    pub fn blocks(&self) -> &[Block] {
        self.grid.blocks()
    }

    /// Blocks of a row, by day, hidden ones included.
    pub fn blocks_of(&self, row: RowId) -> &[BlockId] {
        self.grid.blocks_of(row)
    }

    /// Start times of a block by slot index. Ascending as first imported; start times added later stand at the end.
    pub fn block_starts(&self, block: &Block) -> &[MinuteOfDay] {
        self.grid.starts(block)
    }

    /// The slots of a block with their start times.
    pub fn slots_of_block(&self, id: BlockId) -> impl Iterator<Item = (SlotId, MinuteOfDay)> {
        let shown = self.grid.block(id).filter(|block| !block.is_hidden());
        let starts = shown.map_or(&[][..], |block| self.grid.starts(block));
        starts.iter().enumerate().map(move |(index, start)| (SlotId::new(id, index as u8), *start))
    }

    /// The row, day and start of a slot.
    pub fn slot_place(&self, slot: SlotId) -> Option<(Row, crate::time::DayIndex, MinuteOfDay)> {
        self.grid.find(slot).map(|found| (found.row, found.day, found.minute))
    }

    /// The instant at which a slot starts.
    pub fn slot_start(&self, slot: SlotId) -> Option<UnixMillis> {
        let found = self.grid.find(slot)?;
        Some(self.campaign_state(found.row.campaign)?.start(found.day, found.minute))
    }

    /// Slots whose wanted capacity an import put below what is claimed, with the capacity wanted: the reservations in
    /// them are to be moved.
    pub fn undercut_slots(&self) -> impl ExactSizeIterator<Item = (SlotId, u16)> {
        self.grid.undercut().iter().map(|(slot, wanted)| (*slot, *wanted))
    }

    /// How many people, reservations and remembered operations the book holds.
    pub fn fill(&self) -> Room {
        Room {
            people: self.people.rows().len(),
            reservations: self.reservations.rows().len(),
            slots: self.grid.blocks().iter().map(|block| usize::from(block.slots())).sum(),
            operations: self.operations.rows().len(),
            visits: self.visits.len(),
        }
    }

    /// The waiting rooms that have come to anything yet, by campaign and opening.
    pub fn rooms(&self) -> impl ExactSizeIterator<Item = &WaitingRoom> {
        self.rooms.all()
    }

    /// The waiting room of an opening, if it has come to anything yet.
    pub fn room(&self, campaign: CampaignId, opening: OpeningId) -> Option<&WaitingRoom> {
        self.rooms.get(campaign, opening)
    }

    /// What operators say of identity providers.
    pub fn operator_words(&self) -> &OperatorWords {
        &self.operator_words
    }

    /// Keys of the operations whose answers are remembered.
    pub fn remembered_operations(&self) -> impl Iterator<Item = OperationKey> {
        self.operations.rows().map(OperationRow::key)
    }

    /// Whether any hold or visit is open, or anybody may come whose grace ran at `at`: whether an outage that began then has
    /// deadlines to move.
    pub fn has_deadlines(&self, at: UnixMillis) -> bool {
        self.visits.len() > 0
            || self.rooms.all().any(|room| room.door().has_called(at))
            || self.holds.due(UnixMillis::NEVER).next().is_some()
    }

    /// Running hash of who claims what: the wrapping sum of [`slot_fingerprint`] over all slots. Equal for books, boards
    /// and projections with equal counters (law I14).
    ///
    /// [`slot_fingerprint`]: crate::book::slot_fingerprint
    pub fn fingerprint(&self) -> u64 {
        self.grid.fingerprint
    }

    pub(super) fn campaign_state(&self, id: CampaignId) -> Option<&CampaignState> {
        self.campaigns.get(usize::from(id.0))
    }

    pub(super) fn free_of(&self, found: &Found) -> u16 {
        match self.campaign_state(found.row.campaign) {
            Some(campaign) if !found.closed && campaign.is_open(found.day) => {
                released(found.counts.capacity, campaign.share, found.slot).saturating_sub(found.counts.claimed())
            }
            _ => 0,
        }
    }
}

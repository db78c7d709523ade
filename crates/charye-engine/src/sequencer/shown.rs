//! Room: engine/sequencer. What the sequencer shows of the book: the board and the directory. A place shows as taken when
//! decided, as free only after the sync.
//!
//! Called by the sequencer's thread at fixed points of a batch. It must never show as free what an undurable entry gave
//! back, and never do more than a stretch of work while anyone waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::{Action, Book, Command, Event, Touched};
use charye_domain::ids::{BlockId, CampaignId, SlotId};

use crate::availability::{Audit, Availability, Board, DistrictPlace, LayoutError, Progress, Rebuild, Resync};
use crate::engine::Shared;
use crate::metrics;

/// Slots read anew or laid out after a batch: about a millisecond.
const SLOTS_PER_STRETCH: usize = 32_768;
/// Slots checked at each idle look at the clock.
const SLOTS_PER_AUDIT: usize = 16_384;
/// Rest between two stretches of a rebuild when nothing else is to be done: its sorting thread may still be at work.
const REBUILD_REST: Duration = Duration::from_millis(1);

/// The board as the sequencer keeps it.
pub(crate) struct Shown {
    shared: Arc<Shared>,
    districts: Arc<[DistrictPlace]>,
    availability: Arc<Availability>,
    /// Slots to which an entry of this batch gave places back.
    given_back: Vec<SlotId>,
    /// Campaigns whose every slot is to be read anew, once the batch is durable.
    to_refresh: VecDeque<CampaignId>,
    refreshing: Option<(CampaignId, Resync)>,
    /// The grid changed, and another board is being made.
    rebuild: Option<Rebuild>,
    layout_is_stale: bool,
    campaigns_are_stale: bool,
    audit: Audit,
}

impl Shown {
    /// Lays the board out over a durable book and publishes it.
    ///
    /// # Errors
    /// The book's blocks do not fit a board.
    pub(crate) fn new(shared: Arc<Shared>, districts: Arc<[DistrictPlace]>, book: &Book) -> Result<Self, LayoutError> {
        let availability = Arc::new(Availability::from_book(book, Arc::clone(&districts))?);
        shared.availability.store(Arc::clone(&availability));
        Ok(Self {
            shared,
            districts,
            availability,
            given_back: Vec::new(),
            to_refresh: VecDeque::new(),
            refreshing: None,
            rebuild: None,
            layout_is_stale: false,
            campaigns_are_stale: false,
            audit: Audit::new(),
        })
    }

    /// Looks at the places a command may take, so that showing them later does not wait for memory. Changes nothing.
    pub(crate) fn warm(&self, command: &Command) {
        let (Action::Hold { places, .. } | Action::ReserveAtOnce { places, .. } | Action::Reschedule { places, .. }) =
            &command.action
        else {
            return;
        };
        let slots = [Some(places.first), places.second].into_iter().flatten();
        slots.for_each(|slot| self.availability.board().warm(slot));
    }

    /// Takes note of an applied entry: what takes places is shown now, what gives some back waits for the sync.
    pub(crate) fn note(&mut self, touched: Touched, event: &Event, book: &Book) {
        match touched {
            Touched::Nothing => {}
            Touched::Slots(slots) => slots.iter().for_each(|slot| self.note_slot(slot, book)),
            Touched::Block(block) => self.note_block(block, book),
            Touched::Clinics => self.layout_is_stale = true,
            Touched::Campaign(campaign) => match event {
                Event::ImportActivated { .. } => self.layout_is_stale = true,
                _ => {
                    self.campaigns_are_stale |= event.changes_campaign();
                    if !self.to_refresh.contains(&campaign) {
                        self.to_refresh.push_back(campaign);
                    }
                }
            },
        }
    }

    /// The batch is durable: shows what it gave back, and begins to show what it changed as a whole.
    pub(crate) fn show_given_back(&mut self, book: &Book) {
        let making = self.rebuild.as_ref().and_then(Rebuild::board);
        for slot in self.given_back.drain(..) {
            let free = book.free(slot);
            self.availability.board().set(slot, free);
            if let Some(board) = making {
                board.set(slot, free);
            }
        }
        if std::mem::take(&mut self.layout_is_stale) {
            self.rebuild = Some(Rebuild::begin(Arc::clone(&self.districts)));
        }
        if std::mem::take(&mut self.campaigns_are_stale) {
            let campaigns: Vec<_> = book.campaigns().cloned().collect();
            self.show(Arc::new(self.availability.with_campaigns(&campaigns)));
        }
        self.shared.pulse.set_board_behind(self.is_behind());
    }

    /// Whether board or directory do not yet show what is durable, though nothing they show is wrong.
    fn is_behind(&self) -> bool {
        self.rebuild.is_some() || self.refreshing.is_some() || !self.to_refresh.is_empty()
    }

    /// How long to rest when there is nothing to decide. `None`: as long as one likes.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let is_refreshing = self.refreshing.is_some() || !self.to_refresh.is_empty();
        match (is_refreshing && self.rebuild.is_none(), &self.rebuild) {
            (true, _) => Some(Duration::ZERO),
            (false, Some(_)) => Some(REBUILD_REST),
            (false, None) => None,
        }
    }

    /// Reads or lays out some more slots. Only between batches, when all that the book holds is durable.
    pub(crate) fn catch_up_a_stretch(&mut self, book: &Book) {
        if !self.is_behind() {
            return;
        }
        // What is to be refreshed waits for the board being made: it would have to be read into both.
        if self.rebuild.is_some() {
            self.rebuild_a_stretch(book);
        } else {
            self.refresh_a_stretch(book);
        }
        self.shared.pulse.set_board_behind(self.is_behind());
    }

    fn rebuild_a_stretch(&mut self, book: &Book) {
        let Some(rebuild) = &mut self.rebuild else { return };
        match rebuild.step(book, SLOTS_PER_STRETCH) {
            Ok(None) => {}
            Ok(Some(availability)) => {
                self.show(Arc::new(availability));
                self.audit = Audit::new();
                // A walk over the old board counts its blocks: begin it again.
                self.to_refresh.extend(self.refreshing.take().map(|(campaign, _)| campaign));
                self.rebuild = None;
            }
            Err(failure) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "board stays as it was");
                metrics::board_differs(1);
                self.rebuild = None;
            }
        }
    }

    fn refresh_a_stretch(&mut self, book: &Book) {
        if self.refreshing.is_none() {
            self.refreshing = self.to_refresh.pop_front().map(|campaign| (campaign, Resync::campaign(campaign)));
        }
        if let Some((_, refreshing)) = &mut self.refreshing
            && refreshing.step(self.availability.board(), SLOTS_PER_STRETCH, |slot| book.free(slot)) == Progress::Done
        {
            self.refreshing = None;
        }
    }

    /// Compares some more of the board with the book (law I14). Only between batches. What differs is told and mended.
    pub(crate) fn audit_a_stretch(&mut self, book: &Book) {
        if self.is_behind() {
            return;
        }
        let progress = self.audit.step(self.availability.board(), SLOTS_PER_AUDIT, |slot| book.free(slot));
        let found = self.audit.found();
        if found > 0 {
            let finding = self.audit.findings().first();
            tracing::error!(found, ?finding, "board and book differ: law I14 is broken");
            metrics::board_differs(found);
            self.rebuild = Some(Rebuild::begin(Arc::clone(&self.districts)));
        }
        if progress == Progress::Done || found > 0 {
            self.audit = Audit::new();
        }
    }

    fn note_slot(&mut self, slot: SlotId, book: &Book) {
        let free = book.free(slot);
        let making = self.rebuild.as_ref().and_then(Rebuild::board);
        let left = [Some(&**self.availability.board()), making].into_iter().flatten();
        let left = left.fold(false, |left, board: &Board| board.set_if_fewer(slot, free) | left);
        if left {
            self.given_back.push(slot);
        }
    }

    fn note_block(&mut self, block: BlockId, book: &Book) {
        for slot in self.availability.board().slots_of(block) {
            self.note_slot(slot, book);
        }
    }

    fn show(&mut self, availability: Arc<Availability>) {
        self.shared.availability.store(Arc::clone(&availability));
        self.availability = availability;
    }
}

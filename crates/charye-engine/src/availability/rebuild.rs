//! Room: engine/availability. Makes a board anew from the book: at every start in one go, after an import beside the
//! running sequencer.
//!
//! Only the sequencer's thread sees the book, and it must not stall: it copies clinics and blocks in slices, a thread of
//! its own sorts them into a directory and an empty board, and the sequencer fills in the counts in slices again.

use std::sync::Arc;
use std::thread::JoinHandle;

use charye_domain::book::Book;
use charye_domain::clinic::Clinic;
use charye_domain::ids::BlockId;

use super::{
    Availability, BlockPlace, Board, BoardBuilder, Directory, DistrictPlace, LayoutError, Plane, Progress, Resync,
};

/// A board being made. The sequencer drives it by [`Rebuild::step`] between batches, and makes every change to the board
/// that is shown to [`Rebuild::board`] as well, if there is one.
///
/// It is void once another import is activated: begin again.
#[derive(Debug)]
pub struct Rebuild {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Copying(Copy),
    Sorting(JoinHandle<Result<(Directory, Board), LayoutError>>),
    Filling { directory: Arc<Directory>, board: Arc<Board>, resync: Resync },
    Over,
}

/// What is copied from the book.
#[derive(Debug)]
struct Copy {
    districts: Arc<[DistrictPlace]>,
    clinics: Vec<Clinic>,
    next_block: u32,
    builder: BoardBuilder,
}

impl Rebuild {
    /// Begins; nothing is read yet.
    pub fn begin(districts: Arc<[DistrictPlace]>) -> Self {
        let builder = BoardBuilder::default();
        Self { stage: Stage::Copying(Copy { districts, clinics: Vec::new(), next_block: 0, builder }) }
    }

    /// One slice of the work: about `slots` slots, or as many clinics. Everything the book holds must be durable.
    ///
    /// Gives the finished look-ups once; `None` while there is more to do, or while the sorting thread works.
    ///
    /// # Errors
    /// The book's blocks do not fit a board. The rebuild is over; what was shown before stays right.
    pub fn step(&mut self, book: &Book, slots: usize) -> Result<Option<Availability>, LayoutError> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Copying(mut copy) => {
                self.stage = match copy.step(book, slots)? {
                    Progress::Going => Stage::Copying(copy),
                    Progress::Done => sorting(copy)?,
                };
            }
            Stage::Sorting(thread) if !thread.is_finished() => self.stage = Stage::Sorting(thread),
            Stage::Sorting(thread) => {
                let (directory, board) = thread.join().unwrap_or(Err(LayoutError::SortingFailed))?;
                self.stage = filling(directory, board);
            }
            Stage::Filling { directory, board, mut resync } => {
                if resync.step(&board, slots, |slot| book.free(slot)) == Progress::Done {
                    return Ok(Some(availability(book, directory, board)));
                }
                self.stage = Stage::Filling { directory, board, resync };
            }
            Stage::Over => {}
        }
        Ok(None)
    }

    /// The board being filled: what changes meanwhile must be set here too.
    pub fn board(&self) -> Option<&Board> {
        match &self.stage {
            Stage::Filling { board, .. } => Some(board),
            _ => None,
        }
    }
}

impl Availability {
    /// Makes everything from the book at once, on the calling thread: for a start, and for checks against a replay.
    ///
    /// # Errors
    /// The book's blocks do not fit a board.
    pub fn from_book(book: &Book, districts: Arc<[DistrictPlace]>) -> Result<Self, LayoutError> {
        let mut copy = Copy { districts, clinics: Vec::new(), next_block: 0, builder: BoardBuilder::default() };
        while copy.step(book, usize::MAX)? == Progress::Going {}
        let (directory, board) = copy.sort()?;
        Resync::everything().step(&board, usize::MAX, |slot| book.free(slot));
        Ok(availability(book, Arc::new(directory), Arc::new(board)))
    }
}

impl Copy {
    fn step(&mut self, book: &Book, slots: usize) -> Result<Progress, LayoutError> {
        let clinics_left = book.clinics().get(self.clinics.len()..).unwrap_or_default();
        if !clinics_left.is_empty() {
            self.clinics.extend_from_slice(&clinics_left[..clinics_left.len().min(slots.max(1))]);
            return Ok(Progress::Going);
        }
        let mut left = slots.max(1);
        while let Some(block) = book.blocks().get(self.next_block as usize) {
            if left == 0 {
                return Ok(Progress::Going);
            }
            let row = book.rows().get(block.row().0 as usize);
            if let Some(row) = row.filter(|_| !block.is_hidden()) {
                let plane = Plane { campaign: row.campaign, product: row.product, dose: row.dose };
                let place = BlockPlace { plane, clinic: row.clinic, day: block.day() };
                self.builder.add(BlockId(self.next_block), place, book.block_starts(block))?;
            }
            left = left.saturating_sub(usize::from(block.slots()).max(1));
            self.next_block += 1;
        }
        Ok(Progress::Done)
    }

    fn sort(self) -> Result<(Directory, Board), LayoutError> {
        let directory = Directory::new(self.clinics, &self.districts);
        let board = self.builder.finish(&directory)?;
        Ok((directory, board))
    }
}

fn sorting(copy: Copy) -> Result<Stage, LayoutError> {
    let thread = std::thread::Builder::new().name("board-sorting".to_owned()).spawn(|| copy.sort());
    thread.map(Stage::Sorting).map_err(|_| LayoutError::SortingFailed)
}

fn filling(directory: Directory, board: Board) -> Stage {
    Stage::Filling { directory: Arc::new(directory), board: Arc::new(board), resync: Resync::everything() }
}

fn availability(book: &Book, directory: Arc<Directory>, board: Arc<Board>) -> Availability {
    let campaigns: Vec<_> = book.campaigns().cloned().collect();
    Availability::new(&campaigns, directory, board)
}

//! Room: engine/availability. Walks over the board in slices: to read every count anew from the book, or to check that
//! board and book agree (law I14).
//!
//! Driven by the sequencer's thread between batches, when everything the book holds is durable, so that nothing shows as
//! free too early. A step is bounded by the caller's number of slots, so that no batch waits for a walk.

use charye_domain::ids::{BlockId, CampaignId, SlotId};

use super::Board;

/// Reads the counts of a campaign, or of all, from the book: after a share is released, and onto a board just laid out.
///
/// Changes between two steps go to the board as always, by [`Board::set`]; the walk reads what is true when it comes by.
#[derive(Clone, Debug)]
pub struct Resync {
    campaign: Option<CampaignId>,
    walk: Walk,
}

/// Checks a board against the book, and its masks and sums against its counts.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    walk: Walk,
    findings: Vec<Finding>,
    found: u64,
}

/// Where board and book differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A slot shows another count than the book's.
    Count { slot: SlotId, shown: u16, expected: u16 },
    /// A block's masks or sums do not follow from its counts.
    Masks { block: BlockId },
}

/// Whether a walk is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Going,
    Done,
}

/// The next block of a walk.
#[derive(Clone, Debug, Default)]
struct Walk {
    next: u32,
}

impl Resync {
    /// Every campaign.
    pub fn everything() -> Self {
        Self { campaign: None, walk: Walk::default() }
    }

    /// One campaign.
    pub fn campaign(campaign: CampaignId) -> Self {
        Self { campaign: Some(campaign), walk: Walk::default() }
    }

    /// Reads about `slots` slots: `free` says what the book has of each. A block is read whole, so a step may read up to
    /// 63 slots more.
    pub fn step(&mut self, board: &Board, slots: usize, mut free: impl FnMut(SlotId) -> u16) -> Progress {
        let campaign = self.campaign;
        self.walk.step(board, slots, |block| {
            let asked = campaign.is_none() || board.campaign_of(block) == campaign;
            if asked {
                board.set_block(block, &mut free);
            }
            asked
        })
    }
}

impl Audit {
    /// Findings kept; more are only counted.
    pub const FINDINGS_MAX: usize = 64;

    pub fn new() -> Self {
        Self::default()
    }

    /// Checks about `slots` slots; nobody may write meanwhile.
    pub fn step(&mut self, board: &Board, slots: usize, mut free: impl FnMut(SlotId) -> u16) -> Progress {
        let Self { walk, findings, found } = self;
        let mut note = |finding| {
            *found += 1;
            if findings.len() < Self::FINDINGS_MAX {
                findings.push(finding);
            }
        };
        walk.step(board, slots, |block| {
            for slot in board.slots_of(block) {
                let (shown, expected) = (board.remaining(slot), free(slot).min(Board::REMAINING_MAX));
                if shown != expected {
                    note(Finding::Count { slot, shown, expected });
                }
            }
            if !board.block_is_consistent(block) {
                note(Finding::Masks { block });
            }
            true
        })
    }

    /// What does not agree, the first 64 of it.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How much does not agree.
    pub fn found(&self) -> u64 {
        self.found
    }
}

impl Walk {
    /// Visits blocks until `slots` are used up; `visit` says whether it read the block's slots. A block passed over, or
    /// without slots, counts as one.
    fn step(&mut self, board: &Board, slots: usize, mut visit: impl FnMut(BlockId) -> bool) -> Progress {
        let mut left = slots.max(1);
        while self.next < board.blocks() {
            if left == 0 {
                return Progress::Going;
            }
            let block = BlockId(self.next);
            self.next += 1;
            let used = if visit(block) { board.slots_of(block).len().max(1) } else { 1 };
            left = left.saturating_sub(used);
        }
        Progress::Done
    }
}

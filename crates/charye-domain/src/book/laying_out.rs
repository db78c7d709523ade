//! Room: domain/book. An import laid out in parts, each of bounded work, so that citizens go on between them: nothing of it is
//! seen until it is activated. Called by `decide` (which checks a part), by `imports`, and by whoever reads an image. Must
//! never change a slot that anybody can see: what is to become of those is prepared, and they turn to it when it counts.
//!
//! One import is laid out at a time: another one, an activated one, more rows or another version of the campaign make it start
//! over. Blocks of one that is given up stay hidden, and are laid out anew when their day is wanted again.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::book::Rejection;
use crate::book::clinics::Clinics;
use crate::book::grid::{Block, Grid, Prepared, Row, Sight};
use crate::book::imports::{Staged, check_clinic, check_clinics, within_limits};
use crate::book::wanted::Wanted;
use crate::campaign::Campaign;
use crate::ids::{BlockId, ClinicId, ImportId};
use crate::vaccine::DoseNumber;

/// Slots after which a part ends, at most; its last clinic may have some more. About five milliseconds.
pub(super) const SLOTS_PER_PART_MAX: u32 = 100_000;

/// How far an import is laid out.
pub(super) struct LayingOut {
    import: ImportId,
    /// The first so many clinics with sessions are.
    clinics: u32,
    new_clinics: FxHashMap<String, ClinicId>,
    /// Shown when it is activated.
    blocks: Vec<BlockId>,
    /// What blocks that people see turn to when it is activated. 16 bytes each, six beside for each of their slots.
    changes: Vec<Prepared>,
}

impl LayingOut {
    pub(super) fn begin(import: ImportId, staged: &Staged, clinics: &Clinics) -> Self {
        let new_clinics = staged.new_clinics(clinics);
        Self { import, clinics: 0, new_clinics, blocks: Vec::new(), changes: Vec::new() }
    }

    pub(super) fn import(&self) -> ImportId {
        self.import
    }

    /// Clinics that are laid out, of those with sessions.
    pub(super) fn clinics(&self) -> u32 {
        self.clinics
    }

    pub(super) fn is_whole(&self, staged: &Staged) -> bool {
        self.clinics == staged.clinics_with_sessions()
    }

    pub(super) fn goes_on(&self, import: ImportId, from: u32) -> bool {
        self.import == import && self.clinics == from
    }

    /// Makes it count: shows what is new, and turns what was there. Two or three nanoseconds for each slot of what changes.
    pub(super) fn show(&self, grid: &mut Grid) {
        self.blocks.iter().for_each(|block| grid.show(*block));
        grid.turn(&self.changes);
    }

    /// Lays out the clinics at these positions. They were checked.
    pub(super) fn lay_out(
        &mut self,
        staged: &Staged,
        positions: Range<u32>,
        clinics: &Clinics,
        grid: &mut Grid,
        campaign: &Campaign,
    ) {
        let mut wanted = Wanted::default();
        for position in positions {
            let Some((code, sessions)) = staged.of_clinic(position) else { continue };
            self.clinics = position + 1;
            let Some(clinic) = clinics.find(code).or_else(|| self.new_clinics.get(code).copied()) else { continue };
            wanted.work_out(campaign, &sessions);
            for block in not_wanted(grid, campaign, clinic, &wanted) {
                self.changes.extend(grid.prepare(block, &[]));
            }
            for ((product, dose, on), slots) in wanted.days() {
                let row = grid.row_or_new(Row { campaign: campaign.id, clinic, product, dose });
                match grid.block_on(row, on) {
                    None => self.blocks.push(grid.add_block((row, on, Sight::Hidden), slots)),
                    Some(id) if grid.block(id).is_some_and(Block::is_hidden) => {
                        grid.lay_out_anew(id, slots);
                        self.blocks.push(id);
                    }
                    Some(id) => self.changes.extend(grid.prepare(id, slots)),
                }
            }
        }
    }
}

/// Blocks that people see on days of a clinic in this campaign for which its new sessions say nothing.
fn not_wanted(grid: &Grid, campaign: &Campaign, clinic: ClinicId, wanted: &Wanted) -> Vec<BlockId> {
    let mut found = Vec::new();
    for product in campaign.products.iter().map(|product| product.id) {
        for dose in [DoseNumber::First, DoseNumber::Second] {
            let Some(row) = grid.row_id(Row { campaign: campaign.id, clinic, product, dose }) else { continue };
            let is_not_wanted = |block: &Block| !block.is_hidden() && !wanted.has_day((product, dose, block.day()));
            found.extend(grid.blocks_of(row).iter().filter(|id| grid.block(**id).is_some_and(is_not_wanted)));
        }
    }
    found
}

/// The next part of an import: how many clinics more, about `slots_max` slots of them. 0: all are laid out.
///
/// # Errors
/// What is wrong with the part, as for the whole import.
pub(super) fn next_part(
    staged: &Staged,
    so_far: Option<&LayingOut>,
    slots_max: u32,
    (clinics, grid, campaign): (&Clinics, &Grid, &Campaign),
) -> Result<Range<u32>, Rejection> {
    let begun;
    let new_clinics = match so_far {
        Some(so_far) => &so_far.new_clinics,
        None => {
            begun = check_clinics(staged, clinics)?;
            &begun
        }
    };
    let from = so_far.map_or(0, LayingOut::clinics);
    let mut wanted = Wanted::default();
    let (mut blocks, mut slots, mut to) = (grid.blocks().len(), 0, from);
    while slots < slots_max.min(SLOTS_PER_PART_MAX) as usize {
        let Some((code, sessions)) = staged.of_clinic(to) else { break };
        let clinic = clinics.find(code).or_else(|| new_clinics.get(code).copied());
        blocks += check_clinic(campaign, (clinic, &sessions), grid, &mut wanted)?;
        slots += wanted.days().map(|(_, starts)| starts.len()).sum::<usize>().max(1);
        to += 1;
    }
    within_limits(0, blocks)?;
    Ok(from..to)
}

/// Lays out again what an image says was laid out: what it wants of hidden blocks is there already, so nothing changes but
/// what is remembered of it. `None` if it cannot be.
pub(super) fn restored(
    import: ImportId,
    staged: &Staged,
    count: u32,
    (clinics, grid, campaign): (&Clinics, &mut Grid, &Campaign),
) -> Option<LayingOut> {
    let new_clinics = check_clinics(staged, clinics).ok()?;
    let mut wanted = Wanted::default();
    for position in 0..count {
        let (code, sessions) = staged.of_clinic(position)?;
        let clinic = clinics.find(code).or_else(|| new_clinics.get(code).copied());
        check_clinic(campaign, (clinic, &sessions), grid, &mut wanted).ok()?;
    }
    let mut laying_out = LayingOut::begin(import, staged, clinics);
    laying_out.lay_out(staged, 0..count, clinics, grid, campaign);
    Some(laying_out)
}

//! Room: domain/book. Imports: rows staged without effect, and the plan by which activating them changes the grid. Called
//! by `decide` (which checks the whole plan) and `apply` (which carries it out). Never decides who may import.
//!
//! Ids follow from the order of what was staged: new clinics as staged; then for each clinic, in order of its first
//! staged session, its rows by product and dose, in them its days ascending, in them its new start times ascending.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::book::Rejection;
use crate::book::campaigns::CampaignState;
use crate::book::clinics::{CLINICS_MAX, Clinics};
use crate::book::grid::{BLOCKS_MAX, Grid, Row};
use crate::book::wanted::{RowAndDay, Wanted};
use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::ids::{CampaignId, ClinicId, ImportId, SlotId};
use crate::slot::ClinicSession;
use crate::time::MinuteOfDay;
use crate::vaccine::DoseNumber;

/// Rows one command may stage.
pub const STAGED_PER_COMMAND_MAX: usize = 1_000;
/// Rows all open imports together may hold.
pub const STAGED_MAX: usize = 4_000_000;
/// Imports that may be open at once.
pub const IMPORTS_MAX: usize = 64;

/// The open imports.
#[derive(Default)]
pub(super) struct Imports {
    open: BTreeMap<ImportId, Staged>,
}

/// What one import has staged so far.
#[derive(Clone, Default)]
pub(super) struct Staged {
    pub(super) clinics: Vec<Arc<[Clinic]>>,
    pub(super) sessions: Vec<Arc<[ClinicSession]>>,
    /// The one campaign its sessions are of.
    pub(super) campaign: Option<CampaignId>,
}

impl Staged {
    fn rows(&self) -> usize {
        let clinics: usize = self.clinics.iter().map(|chunk| chunk.len()).sum();
        let sessions: usize = self.sessions.iter().map(|chunk| chunk.len()).sum();
        clinics + sessions
    }

    pub(super) fn all_clinics(&self) -> impl Iterator<Item = &Clinic> {
        self.clinics.iter().flat_map(|chunk| chunk.iter())
    }

    fn all_sessions(&self) -> impl Iterator<Item = &ClinicSession> {
        self.sessions.iter().flat_map(|chunk| chunk.iter())
    }

    /// Sessions by clinic code, in order of each clinic's first session.
    fn by_clinic(&self) -> Vec<(&str, Vec<&ClinicSession>)> {
        let mut position_of: FxHashMap<&str, usize> = FxHashMap::default();
        let mut by_clinic: Vec<(&str, Vec<&ClinicSession>)> = Vec::new();
        for session in self.all_sessions() {
            let position = *position_of.entry(&session.clinic).or_insert_with(|| {
                by_clinic.push((&session.clinic, Vec::new()));
                by_clinic.len() - 1
            });
            if let Some((_, sessions)) = by_clinic.get_mut(position) {
                sessions.push(session);
            }
        }
        by_clinic
    }
}

impl Imports {
    pub(super) fn get(&self, import: ImportId) -> Option<&Staged> {
        self.open.get(&import)
    }

    pub(super) fn open(&self) -> impl ExactSizeIterator<Item = (ImportId, &Staged)> {
        self.open.iter().map(|(import, staged)| (*import, staged))
    }

    /// Whether `rows` more fit under this import.
    pub(super) fn has_room(&self, import: ImportId, rows: usize) -> bool {
        let staged: usize = self.open.values().map(Staged::rows).sum();
        let known = self.open.contains_key(&import) || self.open.len() < IMPORTS_MAX;
        known && staged.saturating_add(rows) <= STAGED_MAX
    }

    pub(super) fn stage_clinics(&mut self, import: ImportId, clinics: Arc<[Clinic]>) {
        self.open.entry(import).or_default().clinics.push(clinics);
    }

    pub(super) fn stage_sessions(&mut self, import: ImportId, campaign: CampaignId, sessions: Arc<[ClinicSession]>) {
        let staged = self.open.entry(import).or_default();
        staged.campaign = Some(campaign);
        staged.sessions.push(sessions);
    }

    pub(super) fn restore(&mut self, import: ImportId, staged: Staged) {
        self.open.insert(import, staged);
    }

    pub(super) fn take(&mut self, import: ImportId) -> Option<Staged> {
        self.open.remove(&import)
    }
}

/// Whether a session makes sense in a campaign, whatever the clinic.
fn is_sound(campaign: &Campaign, session: &ClinicSession) -> bool {
    let dose_is_given = campaign.product(session.product).is_some_and(|product| session.dose.value() <= product.doses);
    dose_is_given
        && session.first_day <= session.last_day
        && session.start < session.end
        && session.end.0 <= 24 * 60
        && (5..=720).contains(&session.slot_minutes)
        && (1..=10_000).contains(&session.capacity)
        && session.weekdays.0 & 0x7f != 0
}

/// Whether everything staged can be carried out.
///
/// # Errors
/// `ImportInvalid`: a clinic or product is not known, a session makes no sense, or a day gets more than 64 start times.
/// `LimitReached`: more clinics or blocks than a journal holds.
pub(super) fn check(
    staged: &Staged,
    clinics: &Clinics,
    grid: &Grid,
    campaign: Option<&CampaignState>,
) -> Result<(), Rejection> {
    let new_codes: FxHashSet<&str> =
        staged.all_clinics().map(|clinic| clinic.code.as_str()).filter(|code| clinics.find(code).is_none()).collect();
    if staged.all_clinics().any(|clinic| !code_is_sound(&clinic.code)) {
        return Err(Rejection::ImportInvalid);
    }
    let Some(campaign) = campaign.map(|state| &*state.campaign) else {
        return within_limits(clinics.rows().len() + new_codes.len(), 0);
    };
    let mut blocks = grid.blocks().len();
    let mut wanted = Wanted::default();
    for (code, sessions) in staged.by_clinic() {
        let clinic = clinics.find(code);
        if clinic.is_none() && !new_codes.contains(code) {
            return Err(Rejection::ImportInvalid);
        }
        if !sessions.iter().all(|session| is_sound(campaign, session)) {
            return Err(Rejection::ImportInvalid);
        }
        wanted.work_out(campaign, &sessions);
        for (day, starts) in wanted.days() {
            let old_starts = clinic.and_then(|clinic| starts_on(grid, campaign.id, clinic, day));
            blocks += usize::from(old_starts.is_none());
            let old_starts = old_starts.unwrap_or_default();
            let new = starts.iter().filter(|(minute, _)| !old_starts.contains(minute)).count();
            if old_starts.len() + new > SlotId::PER_BLOCK as usize {
                return Err(Rejection::ImportInvalid);
            }
        }
    }
    within_limits(clinics.rows().len() + new_codes.len(), blocks)
}

fn within_limits(clinics: usize, blocks: usize) -> Result<(), Rejection> {
    if clinics > CLINICS_MAX || blocks > BLOCKS_MAX { Err(Rejection::LimitReached) } else { Ok(()) }
}

/// `[A-Za-z0-9._-]`, 1 to 32 characters.
fn code_is_sound(code: &str) -> bool {
    (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn starts_on(
    grid: &Grid,
    campaign: CampaignId,
    clinic: ClinicId,
    (product, dose, day): RowAndDay,
) -> Option<&[MinuteOfDay]> {
    let row = grid.row_id(Row { campaign, clinic, product, dose })?;
    let block = grid.block_on(row, day)?;
    grid.block(block).map(|block| grid.starts(block))
}

/// Makes everything staged count. `check` has passed.
pub(super) fn carry_out(staged: &Staged, clinics: &mut Clinics, grid: &mut Grid, campaign: Option<&CampaignState>) {
    for clinic in staged.all_clinics() {
        clinics.put(clinic.clone());
    }
    let Some(campaign) = campaign.map(|state| &*state.campaign) else { return };
    let mut wanted = Wanted::default();
    for (code, sessions) in staged.by_clinic() {
        if let Some(clinic) = clinics.find(code) {
            wanted.work_out(campaign, &sessions);
            withdraw_what_is_not_wanted(grid, campaign, clinic, &wanted);
            lay_out(grid, campaign.id, clinic, &wanted);
        }
    }
}

/// Slots the clinic had in this campaign and that its new sessions do not have: no places but those claimed.
fn withdraw_what_is_not_wanted(grid: &mut Grid, campaign: &Campaign, clinic: ClinicId, wanted: &Wanted) {
    let mut withdrawn = Vec::new();
    for product in campaign.products.iter().map(|product| product.id) {
        for dose in [DoseNumber::First, DoseNumber::Second] {
            let Some(row) = grid.row_id(Row { campaign: campaign.id, clinic, product, dose }) else { continue };
            for id in grid.blocks_of(row) {
                let Some(block) = grid.block(*id) else { continue };
                for (index, minute) in grid.starts(block).iter().enumerate() {
                    if !wanted.has((product, dose, block.day()), *minute) {
                        withdrawn.push(SlotId::new(*id, index as u8));
                    }
                }
            }
        }
    }
    for slot in withdrawn {
        grid.set_capacity(slot, 0);
    }
}

fn lay_out(grid: &mut Grid, campaign: CampaignId, clinic: ClinicId, wanted: &Wanted) {
    let mut fresh: Vec<(MinuteOfDay, u16)> = Vec::new();
    for ((product, dose, on), slots) in wanted.days() {
        let row = grid.row_or_new(Row { campaign, clinic, product, dose });
        match grid.block_on(row, on) {
            None => {
                grid.add_block(row, on, slots);
            }
            Some(id) => {
                let starts: Vec<MinuteOfDay> =
                    grid.block(id).map(|block| grid.starts(block).to_vec()).unwrap_or_default();
                fresh.clear();
                for (minute, capacity) in slots {
                    match starts.iter().position(|start| start == minute) {
                        Some(index) => grid.set_capacity(SlotId::new(id, index as u8), *capacity),
                        None => fresh.push((*minute, *capacity)),
                    }
                }
                grid.append_starts(id, &fresh);
            }
        }
    }
}

//! Room: domain/book. Imports: rows staged without effect, and the plan by which activating them changes the grid. Called
//! by `decide` (which checks the whole plan) and `apply` (which carries it out). Never decides who may import.
//!
//! Ids follow from the order of what was staged: new clinics as staged; then for each clinic, in order of its first
//! staged session, its rows by product and dose, in them its days ascending, in them its new start times ascending.
//! An import that is laid out in parts gives its blocks their ids part by part, in the same order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::book::Rejection;
use crate::book::campaigns::CampaignState;
use crate::book::clinics::{CLINICS_MAX, Clinics};
use crate::book::grid::{BLOCKS_MAX, Grid, Row};
use crate::book::laying_out::{self, LayingOut};
use crate::book::wanted::{RowAndDay, Wanted};
use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::ids::{CampaignId, ClinicId, ImportId, SlotId};
use crate::slot::ClinicSession;
use crate::time::MinuteOfDay;

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
    /// The one that is being laid out, if any.
    laying_out: Option<LayingOut>,
}

/// What one import has staged so far.
#[derive(Clone, Default)]
pub(super) struct Staged {
    pub(super) clinics: Vec<Arc<[Clinic]>>,
    sessions: Vec<Arc<[ClinicSession]>>,
    /// The one campaign its sessions are of.
    pub(super) campaign: Option<CampaignId>,
    /// Of each clinic, in order of its first session: where its sessions are, by chunk and position in it.
    by_clinic: Vec<Vec<(u32, u32)>>,
    position_of: FxHashMap<String, usize>,
}

impl Staged {
    fn rows(&self) -> usize {
        let clinics: usize = self.clinics.iter().map(|chunk| chunk.len()).sum();
        let sessions: usize = self.sessions.iter().map(|chunk| chunk.len()).sum();
        clinics + sessions
    }

    pub(super) fn sessions(&self) -> &[Arc<[ClinicSession]>] {
        &self.sessions
    }

    pub(super) fn add_sessions(&mut self, sessions: Arc<[ClinicSession]>) {
        let chunk = self.sessions.len() as u32;
        for (session, index) in sessions.iter().zip(0_u32..) {
            let position = match self.position_of.get(&session.clinic) {
                Some(position) => *position,
                None => {
                    self.position_of.insert(session.clinic.clone(), self.by_clinic.len());
                    self.by_clinic.push(Vec::new());
                    self.by_clinic.len() - 1
                }
            };
            if let Some(of_clinic) = self.by_clinic.get_mut(position) {
                of_clinic.push((chunk, index));
            }
        }
        self.sessions.push(sessions);
    }

    pub(super) fn all_clinics(&self) -> impl Iterator<Item = &Clinic> {
        self.clinics.iter().flat_map(|chunk| chunk.iter())
    }

    /// Clinics that have sessions.
    pub(super) fn clinics_with_sessions(&self) -> u32 {
        self.by_clinic.len() as u32
    }

    /// The code and the sessions of a clinic, by its position in order of each clinic's first session.
    pub(super) fn of_clinic(&self, position: u32) -> Option<(&str, Vec<&ClinicSession>)> {
        let places = self.by_clinic.get(position as usize)?;
        let found = |(chunk, index): &(u32, u32)| self.sessions.get(*chunk as usize)?.get(*index as usize);
        let sessions: Vec<_> = places.iter().filter_map(found).collect();
        let first = sessions.first()?;
        Some((&first.clinic, sessions))
    }

    /// All of them, in that order.
    fn by_clinic(&self) -> impl Iterator<Item = (&str, Vec<&ClinicSession>)> {
        (0..self.clinics_with_sessions()).filter_map(|position| self.of_clinic(position))
    }

    /// The ids that clinics not known yet will have: as they were staged.
    pub(super) fn new_clinics(&self, known: &Clinics) -> FxHashMap<String, ClinicId> {
        let mut new_clinics = FxHashMap::default();
        for clinic in self.all_clinics().filter(|clinic| known.find(&clinic.code).is_none()) {
            if !new_clinics.contains_key(&clinic.code) {
                let next = ClinicId((known.rows().len() + new_clinics.len()) as u32);
                new_clinics.insert(clinic.code.clone(), next);
            }
        }
        new_clinics
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

    /// The import that is being laid out, whichever it is.
    pub(super) fn laying_out(&self) -> Option<&LayingOut> {
        self.laying_out.as_ref()
    }

    /// How far this import is laid out; `None`: nothing of it is.
    pub(super) fn laid_out(&self, import: ImportId) -> Option<&LayingOut> {
        self.laying_out().filter(|laying_out| laying_out.import() == import)
    }

    pub(super) fn stage_clinics(&mut self, import: ImportId, clinics: Arc<[Clinic]>) {
        self.start_over_if(|laying_out, _| laying_out.import() == import);
        self.open.entry(import).or_default().clinics.push(clinics);
    }

    pub(super) fn stage_sessions(&mut self, import: ImportId, campaign: CampaignId, sessions: Arc<[ClinicSession]>) {
        self.start_over_if(|laying_out, _| laying_out.import() == import);
        let staged = self.open.entry(import).or_default();
        staged.campaign = Some(campaign);
        staged.add_sessions(sessions);
    }

    /// A campaign has become another version: what was laid out for it may not be what its sessions say now.
    pub(super) fn campaign_changed(&mut self, campaign: CampaignId) {
        self.start_over_if(|_, staged| staged.campaign == Some(campaign));
    }

    fn start_over_if(&mut self, is_stale: impl Fn(&LayingOut, &Staged) -> bool) {
        let Some(laying_out) = &self.laying_out else { return };
        if self.open.get(&laying_out.import()).is_none_or(|staged| is_stale(laying_out, staged)) {
            self.laying_out = None;
        }
    }

    /// Lays out the next clinics of an import, unseen. Another that was being laid out starts over.
    pub(super) fn lay_out(
        &mut self,
        import: ImportId,
        positions: Range<u32>,
        (clinics, grid, campaigns): (&Clinics, &mut Grid, &[CampaignState]),
    ) {
        let Some(staged) = self.open.get(&import) else { return };
        let campaign = staged.campaign.and_then(|campaign| campaigns.get(usize::from(campaign.0)));
        let Some(campaign) = campaign.map(|state| &*state.campaign) else { return };
        let before = self.laying_out.take().filter(|before| before.goes_on(import, positions.start));
        let mut laying_out = before.unwrap_or_else(|| LayingOut::begin(import, staged, clinics));
        if laying_out.goes_on(import, positions.start) {
            laying_out.lay_out(staged, positions, clinics, grid, campaign);
            self.laying_out = Some(laying_out);
        }
    }

    pub(super) fn restore(&mut self, import: ImportId, staged: Staged) {
        self.open.insert(import, staged);
    }

    /// As an image has it; `None` if what it says cannot be.
    pub(super) fn restore_laid_out(
        &mut self,
        import: ImportId,
        count: u32,
        (clinics, grid, campaign): (&Clinics, &mut Grid, &Campaign),
    ) -> Option<()> {
        let staged = self.open.get(&import)?;
        self.laying_out = Some(laying_out::restored(import, staged, count, (clinics, grid, campaign))?);
        Some(())
    }

    /// Ends an import; what was laid out of it so far, if anything was.
    pub(super) fn take(&mut self, import: ImportId) -> Option<(Staged, Option<LayingOut>)> {
        let staged = self.open.remove(&import)?;
        let laid_out = self.laying_out.take_if(|laying_out| laying_out.import() == import);
        Some((staged, laid_out))
    }

    /// Clinics and slots have changed: what was laid out for another import may not fit any more.
    pub(super) fn start_over(&mut self) {
        self.laying_out = None;
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
    let new_clinics = check_clinics(staged, clinics)?;
    let Some(campaign) = campaign.map(|state| &*state.campaign) else { return Ok(()) };
    let mut blocks = grid.blocks().len();
    let mut wanted = Wanted::default();
    for (code, sessions) in staged.by_clinic() {
        let clinic = clinics.find(code).or_else(|| new_clinics.get(code).copied());
        blocks += check_clinic(campaign, (clinic, &sessions), grid, &mut wanted)?;
    }
    within_limits(0, blocks)
}

/// Whether the clinics staged can be taken; gives the ids that new ones will have.
///
/// # Errors
/// As [`check`].
pub(super) fn check_clinics(staged: &Staged, clinics: &Clinics) -> Result<FxHashMap<String, ClinicId>, Rejection> {
    if staged.all_clinics().any(|clinic| !code_is_sound(&clinic.code)) {
        return Err(Rejection::ImportInvalid);
    }
    let new_clinics = staged.new_clinics(clinics);
    within_limits(clinics.rows().len() + new_clinics.len(), 0)?;
    Ok(new_clinics)
}

/// Whether one clinic's sessions can be carried out; leaves in `wanted` what they say, and gives how many blocks are new.
///
/// # Errors
/// As [`check`].
pub(super) fn check_clinic(
    campaign: &Campaign,
    (clinic, sessions): (Option<ClinicId>, &[&ClinicSession]),
    grid: &Grid,
    wanted: &mut Wanted,
) -> Result<usize, Rejection> {
    let clinic = clinic.ok_or(Rejection::ImportInvalid)?;
    if !sessions.iter().all(|session| is_sound(campaign, session)) {
        return Err(Rejection::ImportInvalid);
    }
    wanted.work_out(campaign, sessions);
    let mut blocks = 0;
    for (day, starts) in wanted.days() {
        let old_starts = starts_on(grid, campaign.id, clinic, day);
        blocks += usize::from(old_starts.is_none());
        let old_starts = old_starts.unwrap_or_default();
        let new = starts.iter().filter(|(minute, _)| !old_starts.contains(minute)).count();
        if old_starts.len() + new > SlotId::PER_BLOCK as usize {
            return Err(Rejection::ImportInvalid);
        }
    }
    Ok(blocks)
}

pub(super) fn within_limits(clinics: usize, blocks: usize) -> Result<(), Rejection> {
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
    grid.block(block).filter(|block| !block.is_hidden()).map(|block| grid.starts(block))
}

/// Makes everything staged count. `check` has passed, or every part of what is laid out was checked.
///
/// What was laid out whole only turns and is shown: that is in proportion to its blocks. What was not is laid out first.
pub(super) fn carry_out(
    (import, staged, laid_out): (ImportId, &Staged, Option<LayingOut>),
    clinics: &mut Clinics,
    grid: &mut Grid,
    campaign: Option<&CampaignState>,
) {
    if let Some(campaign) = campaign.map(|state| &*state.campaign) {
        let laid_out = laid_out.filter(|laid_out| laid_out.is_whole(staged)).unwrap_or_else(|| {
            let mut at_once = LayingOut::begin(import, staged, clinics);
            at_once.lay_out(staged, 0..staged.clinics_with_sessions(), clinics, grid, campaign);
            at_once
        });
        laid_out.show(grid);
    }
    for clinic in staged.all_clinics() {
        clinics.put(clinic.clone());
    }
}

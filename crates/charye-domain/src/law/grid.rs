//! Room: domain/law. The grid of slots, laid out by hand from what was imported: which slot gives which dose, and how many
//! places it has. Ids follow from the order of imports, as the book's documentation says they do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::ids::{BlockId, CampaignId, ClinicId, ImportId, OpeningId, ProductId, SlotId};
use crate::slot::{ClinicSession, released, session_days, slot_starts};
use crate::time::{DayIndex, MinuteOfDay};
use crate::vaccine::DoseNumber;

/// A block by what it is: the same order as blocks are made in.
type BlockKey = (CampaignId, ClinicId, ProductId, DoseNumber, DayIndex);

/// Clinics, blocks and what is open of them.
#[derive(Default)]
pub(super) struct NaiveGrid {
    clinics: BTreeMap<String, ClinicId>,
    staged: BTreeMap<ImportId, Staged>,
    ids: BTreeMap<BlockKey, BlockId>,
    blocks: Vec<Block>,
    released: BTreeMap<CampaignId, Vec<OpeningId>>,
}

#[derive(Default)]
struct Staged {
    clinics: Vec<Arc<[Clinic]>>,
    sessions: Vec<(Option<CampaignId>, Arc<[ClinicSession]>)>,
}

struct Block {
    key: BlockKey,
    /// Laid out for an import that is not activated.
    hidden: bool,
    closed: u64,
    slots: Vec<(MinuteOfDay, u16)>,
}

impl NaiveGrid {
    /// Places of a slot, as last imported.
    pub(super) fn capacity(&self, slot: SlotId) -> Option<u16> {
        self.block(slot)?.slots.get(usize::from(slot.index())).map(|(_, capacity)| *capacity)
    }

    /// Which dose of which campaign a slot gives.
    pub(super) fn dose(&self, slot: SlotId) -> Option<(CampaignId, DoseNumber)> {
        let block = self.block(slot).filter(|block| usize::from(slot.index()) < block.slots.len())?;
        Some((block.key.0, block.key.3))
    }

    /// Places of a slot that are out and in use, claimed or not.
    pub(super) fn free(&self, slot: SlotId, campaigns: &BTreeMap<CampaignId, Arc<Campaign>>) -> u16 {
        let Some((block, capacity)) = self.block(slot).zip(self.capacity(slot)) else { return 0 };
        let (id, .., day) = block.key;
        let Some(campaign) = campaigns.get(&id) else { return 0 };
        let closed = block.closed >> slot.index() & 1 == 1 || !campaign.is_open_on(campaign.date(day));
        let openings = self.released.get(&id).into_iter().flatten();
        let share = openings.filter_map(|opening| campaign.opening(*opening)).map(|opening| opening.cumulative_share);
        if closed { 0 } else { released(capacity, share.max().unwrap_or(0), slot) }
    }

    pub(super) fn stage_clinics(&mut self, import: ImportId, clinics: &Arc<[Clinic]>) {
        self.staged.entry(import).or_default().clinics.push(clinics.clone());
    }

    pub(super) fn stage_sessions(
        &mut self,
        import: ImportId,
        campaign: Option<CampaignId>,
        sessions: &Arc<[ClinicSession]>,
    ) {
        self.staged.entry(import).or_default().sessions.push((campaign, sessions.clone()));
    }

    pub(super) fn discard(&mut self, import: ImportId) {
        self.staged.remove(&import);
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

    pub(super) fn release(&mut self, campaign: Option<CampaignId>, opening: OpeningId) {
        if let Some(campaign) = campaign {
            self.released.entry(campaign).or_default().push(opening);
        }
    }

    pub(super) fn activate(&mut self, import: ImportId, campaigns: &BTreeMap<CampaignId, Arc<Campaign>>) {
        let Some(staged) = self.staged.remove(&import) else { return };
        self.clinics = staged.clinics_with(&self.clinics);
        let all = staged.in_order(&self.clinics, campaigns);
        for (of, wanted) in staged.wanted(&self.clinics, campaigns, &all) {
            self.replace(of, wanted);
        }
    }

    /// Blocks that clinics of an import will have, in the order of the import; nothing that anybody sees is changed.
    pub(super) fn lay_out(
        &mut self,
        import: ImportId,
        (from, clinics): (u32, u32),
        campaigns: &BTreeMap<CampaignId, Arc<Campaign>>,
    ) {
        let Some(staged) = self.staged.get(&import) else { return };
        let known = staged.clinics_with(&self.clinics);
        let all = staged.in_order(&known, campaigns).into_iter();
        // A country's import comes in very many parts: each is worked out alone.
        let part: Vec<_> = all.skip(from as usize).take(clinics as usize).collect();
        for (_, wanted) in staged.wanted(&known, campaigns, &part) {
            self.put(wanted, true);
        }
    }

    /// A clinic's slots in a campaign become the ones wanted; those it had besides have no places any more.
    fn replace(&mut self, (campaign, clinic): (CampaignId, ClinicId), wanted: WantedSlots) {
        let from = (campaign, clinic, ProductId(0), DoseNumber::First, DayIndex(0));
        let to = (campaign, clinic, ProductId(u8::MAX), DoseNumber::Second, DayIndex(u8::MAX));
        for (_, id) in self.ids.range(from..=to) {
            if let Some(block) = self.blocks.get_mut(id.0 as usize).filter(|block| !block.hidden) {
                block.slots.iter_mut().for_each(|(_, capacity)| *capacity = 0);
            }
        }
        self.put(wanted, false);
    }

    /// What is hidden is laid out from nothing, whoever laid it out before.
    fn put(&mut self, wanted: WantedSlots, hidden: bool) {
        let mut emptied = BTreeSet::new();
        for ((key, minute), capacity) in wanted {
            let next = BlockId(self.blocks.len() as u32);
            let id = *self.ids.entry(key).or_insert(next);
            if id == next {
                self.blocks.push(Block { key, hidden: true, closed: 0, slots: Vec::new() });
            }
            let Some(block) = self.blocks.get_mut(id.0 as usize) else { continue };
            if block.hidden && emptied.insert(id) {
                block.slots.clear();
                block.hidden = hidden;
            }
            if hidden && !block.hidden {
                continue;
            }
            match block.slots.iter_mut().find(|(start, _)| *start == minute) {
                Some((_, stored)) => *stored = capacity,
                None => block.slots.push((minute, capacity)),
            }
        }
    }

    /// Nobody finds what is hidden.
    fn block(&self, slot: SlotId) -> Option<&Block> {
        self.blocks.get(slot.block().0 as usize).filter(|block| !block.hidden)
    }
}

/// What a clinic is to have.
type WantedSlots = BTreeMap<(BlockKey, MinuteOfDay), u16>;

impl Staged {
    /// The clinics known, and after them the new ones.
    fn clinics_with(&self, known: &BTreeMap<String, ClinicId>) -> BTreeMap<String, ClinicId> {
        let mut clinics = known.clone();
        for clinic in self.clinics.iter().flat_map(|chunk| chunk.iter()) {
            let next = ClinicId(clinics.len() as u32);
            clinics.entry(clinic.code.clone()).or_insert(next);
        }
        clinics
    }

    /// Each clinic of a campaign, in order of its first session.
    fn in_order(
        &self,
        clinics: &BTreeMap<String, ClinicId>,
        campaigns: &BTreeMap<CampaignId, Arc<Campaign>>,
    ) -> Vec<(CampaignId, ClinicId)> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for (campaign, session) in self.sessions_in(campaigns) {
            let Some(clinic) = clinics.get(&session.clinic).copied() else { continue };
            if seen.insert((campaign.id, clinic)) {
                order.push((campaign.id, clinic));
            }
        }
        order
    }

    /// What these clinics are to have.
    fn wanted(
        &self,
        clinics: &BTreeMap<String, ClinicId>,
        campaigns: &BTreeMap<CampaignId, Arc<Campaign>>,
        of: &[(CampaignId, ClinicId)],
    ) -> Vec<((CampaignId, ClinicId), WantedSlots)> {
        let mut wanted: BTreeMap<_, WantedSlots> = of.iter().map(|of| (*of, WantedSlots::new())).collect();
        for (campaign, session) in self.sessions_in(campaigns) {
            let Some(clinic) = clinics.get(&session.clinic).copied() else { continue };
            let Some(slots) = wanted.get_mut(&(campaign.id, clinic)) else { continue };
            for day in session_days(campaign, session) {
                let key = (campaign.id, clinic, session.product, session.dose, day);
                for minute in slot_starts(session) {
                    let capacity = slots.entry((key, minute)).or_default();
                    *capacity = capacity.saturating_add(session.capacity);
                }
            }
        }
        of.iter().map(|of| (*of, wanted.remove(of).unwrap_or_default())).collect()
    }

    /// The sessions of campaigns that are known.
    fn sessions_in<'s>(
        &'s self,
        campaigns: &'s BTreeMap<CampaignId, Arc<Campaign>>,
    ) -> impl Iterator<Item = (&'s Campaign, &'s ClinicSession)> {
        self.sessions.iter().flat_map(|(campaign, chunk)| {
            let campaign = campaign.and_then(|campaign| campaigns.get(&campaign));
            chunk.iter().filter_map(move |session| Some((&**campaign?, session)))
        })
    }
}

//! Room: domain/book/decide. Campaigns published, clinics and sessions imported, slots taken out of use: what operators do.

use std::sync::Arc;

use crate::book::campaigns::CAMPAIGNS_MAX;
use crate::book::imports::{self, STAGED_PER_COMMAND_MAX, Staged};
use crate::book::laying_out::next_part;
use crate::book::{Book, Event, Events, Outcome, Rejection};
use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::ids::{BlockId, CampaignId, ImportId, MessageId};
use crate::slot::ClinicSession;

/// Messages one command may report.
const DELIVERED_PER_COMMAND_MAX: usize = 4_096;

impl Book {
    /// Whether anything has come of any line of this campaign: it cannot be without lines then.
    fn has_rooms(&self, campaign: CampaignId) -> bool {
        self.rooms.of(campaign).next().is_some()
    }

    /// The next campaign, or the next version of one. A version may not move what reservations refer to by position.
    pub(super) fn publish_campaign(&self, campaign: &Arc<Campaign>, text: &Arc<str>) -> Result<Events, Rejection> {
        let follows_on = match self.campaign_state(campaign.id) {
            Some(state) => state.may_become(campaign) && (campaign.line.is_some() || !self.has_rooms(campaign.id)),
            None => {
                let next_id = usize::from(campaign.id.0) == self.campaigns.len();
                let code_is_new = self.campaign_by_code(&campaign.code).is_none();
                next_id && campaign.version.0 == 1 && code_is_new
            }
        };
        if !follows_on {
            return Err(Rejection::CampaignVersionStale);
        }
        if self.campaigns.len() >= CAMPAIGNS_MAX && campaign.version.0 == 1 {
            return Err(Rejection::LimitReached);
        }
        let (campaign, text) = (campaign.clone(), text.clone());
        Ok(Events::under(&campaign.clone()).and(Event::CampaignPublished { campaign, text }))
    }

    pub(super) fn stage_clinics(&self, import: ImportId, clinics: &Arc<[Clinic]>) -> Result<Events, Rejection> {
        self.check_chunk(import, clinics.len())?;
        Ok(Events::outside().and(Event::ClinicsStaged { import, clinics: clinics.clone() }))
    }

    /// An import's sessions are of one campaign.
    pub(super) fn stage_sessions(
        &self,
        import: ImportId,
        campaign: CampaignId,
        sessions: &Arc<[ClinicSession]>,
    ) -> Result<Events, Rejection> {
        let state = self.in_force(campaign)?;
        let staged_for = self.imports.get(import).and_then(|staged| staged.campaign);
        if staged_for.is_some_and(|other| other != campaign) {
            return Err(Rejection::ImportInvalid);
        }
        self.check_chunk(import, sessions.len())?;
        Ok(Events::under(&state.campaign).and(Event::SessionsStaged { import, sessions: sessions.clone() }))
    }

    fn check_chunk(&self, import: ImportId, rows: usize) -> Result<(), Rejection> {
        if !(1..=STAGED_PER_COMMAND_MAX).contains(&rows) {
            return Err(Rejection::ImportInvalid);
        }
        if self.imports.has_room(import, rows) { Ok(()) } else { Err(Rejection::LimitReached) }
    }

    pub(super) fn activate_import(&self, import: ImportId) -> Result<Events, Rejection> {
        let staged = self.staged(import)?;
        let campaign = staged.campaign.map(|campaign| self.in_force(campaign)).transpose()?;
        if !self.imports.laid_out(import).is_some_and(|laid_out| laid_out.is_whole(staged)) {
            imports::check(staged, &self.clinics, &self.grid, campaign)?;
        }
        let events = campaign.map_or_else(Events::outside, |state| Events::under(&state.campaign));
        Ok(events.and(Event::ImportActivated { import }))
    }

    /// Nothing is recorded once all of it is laid out.
    pub(super) fn lay_out_import(&self, import: ImportId, slots_max: u32) -> Result<Events, Rejection> {
        let staged = self.staged(import)?;
        let Some(campaign) = staged.campaign else { return Ok(Events::none(Outcome::Done)) };
        let campaign = &*self.in_force(campaign)?.campaign;
        let so_far = self.imports.laid_out(import);
        let part = next_part(staged, so_far, slots_max.max(1), (&self.clinics, &self.grid, campaign))?;
        if part.is_empty() {
            return Ok(Events::none(Outcome::Done));
        }
        let (from, clinics) = (part.start, part.end - part.start);
        Ok(Events::under(campaign).and(Event::ImportLaidOut { import, from, clinics }))
    }

    pub(super) fn discard_import(&self, import: ImportId) -> Result<Events, Rejection> {
        self.staged(import)?;
        Ok(Events::outside().and(Event::ImportDiscarded { import }))
    }

    fn staged(&self, import: ImportId) -> Result<&Staged, Rejection> {
        self.imports.get(import).ok_or(Rejection::ImportUnknown)
    }

    pub(super) fn block_slots(&self, block: BlockId, mask: u64) -> Result<Events, Rejection> {
        let (events, mask) = self.slots_of(block, mask)?;
        Ok(events.and(Event::SlotsBlocked { block, mask }))
    }

    pub(super) fn unblock_slots(&self, block: BlockId, mask: u64) -> Result<Events, Rejection> {
        let (events, mask) = self.slots_of(block, mask)?;
        Ok(events.and(Event::SlotsUnblocked { block, mask }))
    }

    /// The slots of the mask that exist.
    fn slots_of(&self, id: BlockId, mask: u64) -> Result<(Events, u64), Rejection> {
        let block = self.grid.block(id).filter(|block| !block.is_hidden()).ok_or(Rejection::SlotUnknown)?;
        let campaign = self.grid.row_of(block).and_then(|row| self.campaign_state(row.campaign));
        let campaign = campaign.ok_or(Rejection::SlotUnknown)?;
        let existing = u64::MAX >> (64 - u32::from(block.slots().clamp(1, 64)));
        match mask & existing {
            0 => Err(Rejection::SlotUnknown),
            mask => Ok((Events::under(&campaign.campaign), mask)),
        }
    }
}

/// Delivery changes nothing in the book: who sends reads the journal.
pub(super) fn note_delivered(messages: &Arc<[MessageId]>) -> Result<Events, Rejection> {
    if messages.len() > DELIVERED_PER_COMMAND_MAX {
        return Err(Rejection::LimitReached);
    }
    Ok(Events::outside().and(Event::Delivered { messages: messages.clone() }))
}

//! Room: engine/waiting_room. The lists of draws, as they are published once their secret is told: sorted draw ids, to be
//! served in slices. Written by the draw clerk, read by `web`. Never holds a citizen key or a person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use charye_domain::ids::{CampaignId, OpeningId};
use charye_domain::waiting_room::draw::published::{PUBLIC_VALUE_MAX, Published};
use charye_domain::waiting_room::draw::{Commitments, DrawId, Hash, merkle};

use super::lines::{LineNow, RevealedDraw};

/// Draws by opening, and the public values that operators have given and no draw has used yet.
#[derive(Debug, Default)]
pub struct Draws(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lists: BTreeMap<(CampaignId, OpeningId), Arc<DrawList>>,
    public_values: BTreeMap<(CampaignId, OpeningId), Arc<[u8]>>,
}

/// Everybody on the list of one draw, sorted, each once.
#[derive(Debug)]
pub struct DrawList {
    ids: Box<[DrawId]>,
    slice_roots: Box<[Hash]>,
}

/// A public value longer than [`PUBLIC_VALUE_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public value has at most {PUBLIC_VALUE_MAX} bytes")]
pub struct PublicValueTooLong;

impl Draws {
    /// The list of an opening's draw; none before its closing, and for moments after a restart.
    pub fn list(&self, campaign: CampaignId, opening: OpeningId) -> Option<Arc<DrawList>> {
        self.kept().lists.get(&(campaign, opening)).map(Arc::clone)
    }

    /// Says what an opening's draw is to be mixed with, once it is known. Used at the next look of the clerk, if the draw
    /// has not been revealed; kept in memory only until then.
    ///
    /// # Errors
    /// It is too long.
    pub fn give_public_value(
        &self,
        campaign: CampaignId,
        opening: OpeningId,
        value: &[u8],
    ) -> Result<(), PublicValueTooLong> {
        if value.len() > PUBLIC_VALUE_MAX {
            return Err(PublicValueTooLong);
        }
        self.kept().public_values.insert((campaign, opening), value.into());
        Ok(())
    }

    pub(super) fn public_value(&self, id: (CampaignId, OpeningId)) -> Option<Arc<[u8]>> {
        self.kept().public_values.get(&id).map(Arc::clone)
    }

    pub(super) fn publish(&self, id: (CampaignId, OpeningId), sorted: Vec<DrawId>) {
        let slice_roots = merkle::slice_roots(&sorted).into();
        self.kept().lists.insert(id, Arc::new(DrawList { ids: sorted.into(), slice_roots }));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DrawList {
    /// People on it.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether somebody with this draw id is on it.
    pub fn has(&self, id: DrawId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Whether nobody enrolled.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Slices of [`merkle::SLICE_IDS`] that it is published in.
    pub fn slices(&self) -> usize {
        self.ids.len().div_ceil(merkle::SLICE_IDS)
    }

    /// The draw ids of one slice, from 0; empty past the last.
    pub fn slice(&self, number: usize) -> &[DrawId] {
        self.ids.chunks(merkle::SLICE_IDS).nth(number).unwrap_or(&[])
    }

    /// The head of the published file, a line at a time (docs/reference/draw.md): with any slices after it, it is a file.
    /// `None` unless the line's draw is revealed.
    pub fn write_head(&self, line: &LineNow, write: &mut dyn FnMut(&str)) -> Option<()> {
        self.published(line, &mut |published| drop(published.write_head(write)))
    }

    /// One slice of the published file, from 0, a line at a time; nothing past the last. `None` unless the line's draw is
    /// revealed.
    pub fn write_slice(&self, line: &LineNow, slice: usize, write: &mut dyn FnMut(&str)) -> Option<()> {
        let seed = &line.seed.as_ref()?.seed;
        self.published(line, &mut |published| published.write_slice(slice, seed, write))
    }

    fn published(&self, line: &LineNow, write: &mut dyn FnMut(&Published<'_>)) -> Option<()> {
        let commitments: Commitments = line.commitments?;
        let RevealedDraw { secret, public_value, .. } = &**line.seed.as_ref()?;
        let (campaign, opening) = line.id();
        let (ids, slice_roots) = (&*self.ids, &*self.slice_roots);
        write(&Published { campaign, opening, commitments, secret, public_value, ids, slice_roots });
        Some(())
    }
}

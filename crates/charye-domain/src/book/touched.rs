//! Room: domain/book. What an applied entry may have changed of what the board shows. Read by the sequencer, which sets the
//! board from the book.

use crate::ids::{BlockId, CampaignId, SlotId};

/// Slots whose free places may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    Nothing,
    /// These few.
    Slots(TouchedSlots),
    /// All of a block: some were taken out of use, or given back.
    Block(BlockId),
    /// All of a campaign: it was published, a share was released, or an import changed its grid and clinics.
    Campaign(CampaignId),
    /// No slot, but what is known of clinics.
    Clinics,
}

/// At most four slots: a pair given up for another pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TouchedSlots {
    slots: [Option<SlotId>; 4],
}

impl TouchedSlots {
    /// The slots, each once or, for an unchanged dose of a reschedule, twice.
    pub fn iter(&self) -> impl Iterator<Item = SlotId> + use<> {
        self.slots.into_iter().flatten()
    }

    pub(super) fn add(&mut self, slot: SlotId) {
        if let Some(place) = self.slots.iter_mut().find(|place| place.is_none()) {
            *place = Some(slot);
        }
    }
}

impl FromIterator<SlotId> for TouchedSlots {
    /// Takes the first four.
    fn from_iter<I: IntoIterator<Item = SlotId>>(slots: I) -> Self {
        let mut touched = Self::default();
        slots.into_iter().for_each(|slot| touched.add(slot));
        touched
    }
}

//! Room: ledger/projection. Where slots are: a book to which only the entries that lay them out were applied. Called by
//! the stores. Must never be asked who has a place, and never be ahead of what is projected.

use std::ops::ControlFlow;

use charye_domain::book::{Book, Entry, Event, Row, RowId};
use charye_domain::campaign::Campaign;
use charye_domain::clinic::Clinic;
use charye_domain::ids::{BlockId, SlotId};
use charye_domain::time::UnixMillis;
use charye_engine::ports::{JournalReader, ReadFailure};

/// Clinics and slots as of some entry.
pub(super) struct Layout {
    book: Book,
}

/// What a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotPlace {
    /// Position in [`Layout::clinic_rows`].
    pub(super) clinic_row: u32,
    /// `2021-08-26`.
    pub(super) day: String,
    /// `09:00`.
    pub(super) start: String,
    pub(super) capacity: i64,
}

impl Layout {
    /// The layout after the journal's entries up to `applied_seq`.
    ///
    /// # Errors
    /// As for reading the journal.
    pub(super) fn read(reader: &mut dyn JournalReader, applied_seq: u64) -> Result<Self, ReadFailure> {
        let mut layout = Self { book: Book::default() };
        if applied_seq > 0 {
            reader.read(1, &mut |batch| {
                if batch.first_seq > applied_seq {
                    return ControlFlow::Break(());
                }
                for entry in batch.entries.iter().filter(|entry| lays_out(&entry.event)) {
                    layout.apply(entry, batch.at);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(layout)
    }

    /// Takes in an entry that [`lays_out`].
    pub(super) fn apply(&mut self, entry: &Entry, at: UnixMillis) {
        // Answers to operations are not laid out here.
        self.book.apply(&Entry { operation: None, ..entry.clone() }, at);
    }

    pub(super) fn place(&self, slot: SlotId) -> Option<SlotPlace> {
        let (row, day, start) = self.book.slot_place(slot)?;
        let campaign = self.book.campaign(row.campaign)?;
        let block = self.book.blocks().get(slot.block().0 as usize)?;
        Some(SlotPlace {
            clinic_row: block.row().0,
            day: campaign.date(day).to_string(),
            start: start.to_string(),
            capacity: self.capacity(slot)?,
        })
    }

    /// Places of a slot, as last imported.
    pub(super) fn capacity(&self, slot: SlotId) -> Option<i64> {
        self.book.slot_counts(slot).map(|counts| i64::from(counts.capacity))
    }

    /// Which dose a slot is for, 1 or 2.
    pub(super) fn dose(&self, slot: SlotId) -> Option<u8> {
        self.book.slot_place(slot).map(|(row, ..)| row.dose.value())
    }

    /// What clinics give, with the first and last slot of each that is laid out; in order of their positions.
    pub(super) fn clinic_rows(&self) -> impl Iterator<Item = (u32, Row, (SlotId, SlotId))> {
        (0_u32..).zip(self.book.rows()).filter_map(|(position, row)| {
            let is_shown =
                |id: &&BlockId| self.book.blocks().get(id.0 as usize).is_some_and(|block| !block.is_hidden());
            let shown = || self.book.blocks_of(RowId(position)).iter().filter(is_shown);
            let (first, last) = (*shown().min()?, *shown().max()?);
            let last_slot = self.book.blocks().get(last.0 as usize)?.slots().saturating_sub(1);
            Some((position, *row, (SlotId::new(first, 0), SlotId::new(last, last_slot))))
        })
    }

    pub(super) fn clinics(&self) -> &[Clinic] {
        self.book.clinics()
    }

    pub(super) fn campaigns(&self) -> impl Iterator<Item = &Campaign> {
        self.book.campaigns().map(AsRef::as_ref)
    }
}

/// Whether an event changes where slots are.
pub(super) fn lays_out(event: &Event) -> bool {
    matches!(
        event,
        Event::CampaignPublished { .. }
            | Event::ClinicsStaged { .. }
            | Event::SessionsStaged { .. }
            | Event::ImportLaidOut { .. }
            | Event::ImportActivated { .. }
            | Event::ImportDiscarded { .. }
    )
}

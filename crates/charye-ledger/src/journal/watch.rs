//! Room: ledger/journal. Goes over the rows a slice at a time, again and again: every hash, every link, and that rows seen
//! before are still there. Called by the server's watch, beside the writer. Must never change a row, nor keep a read open.
//!
//! Whoever rewrites a row and all that follow has a chain that holds; the watch remembers where it was and how the
//! journal ended when it was there last, so such a chain is found too. What was changed while nobody watched is found by
//! an audit with a checkpoint.

use std::ops::ControlFlow;

use charye_engine::ports::{JournalReader, ReadFailure, RecordedBatch, RowHash};

/// Looks at the rows of one journal.
pub struct JournalWatch {
    reader: Box<dyn JournalReader>,
    /// The last row looked at in this round.
    at: Option<RowEnd>,
    /// The last row of the round before.
    tip: Option<RowEnd>,
    /// Where rows ended beyond what the writer said it had recorded: it may say so a moment later.
    beyond: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowEnd {
    last_seq: u64,
    hash: RowHash,
}

impl RowEnd {
    fn of(batch: &RecordedBatch) -> Self {
        Self { last_seq: batch.last_seq(), hash: batch.hash }
    }
}

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalLook {
    pub entries: u64,
    pub finding: Option<JournalFinding>,
    /// Everything has been looked at, or the rest makes no sense; the next look begins again.
    pub round_is_over: bool,
}

/// What no writer of ours did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum JournalFinding {
    #[error("journal row {first_seq} is damaged: {reason}")]
    Damaged { first_seq: u64, reason: String },
    /// A row that was seen before has another content, together with everything after it.
    #[error("journal row that ends at {last_seq} was replaced or removed")]
    Replaced { last_seq: u64 },
    #[error("journal ends at {found}, recorded was up to {recorded}")]
    CutOff { recorded: u64, found: u64 },
    #[error("journal ends at {found}, recorded was up to {recorded} only")]
    Added { recorded: u64, found: u64 },
}

impl JournalWatch {
    /// A watch that begins at the first row.
    pub fn new(reader: Box<dyn JournalReader>) -> Self {
        Self { reader, at: None, tip: None, beyond: None }
    }

    /// Looks at the next rows, until `entries_max` entries or the end. `recorded` is the last sequence number that the
    /// writer has made durable, as of before the call.
    ///
    /// # Errors
    /// Storage, now: the same rows are looked at next time. Damage is a finding instead.
    pub fn look(&mut self, recorded: u64, entries_max: u64) -> Result<JournalLook, ReadFailure> {
        let mut look = JournalLook::default();
        if let Some(found) = self.beyond.take().filter(|found| *found > recorded) {
            look.finding = Some(JournalFinding::Added { recorded, found });
        }
        let (began_at, tip) = (self.at, self.tip);
        let mut at = began_at;
        let mut is_linked = began_at.is_none();
        let mut broke_off = false;
        let read = self.reader.read(began_at.map_or(1, |end| end.last_seq), &mut |batch| {
            let end = RowEnd::of(&batch);
            if !is_linked {
                // The row where the last look ended: the link between the two.
                is_linked = Some(end) == began_at;
                return if is_linked { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            }
            let covers_tip = |tip: &RowEnd| batch.first_seq <= tip.last_seq && tip.last_seq <= end.last_seq;
            if let Some(tip) = tip.filter(|tip| covers_tip(tip) && *tip != end) {
                look.finding = Some(JournalFinding::Replaced { last_seq: tip.last_seq });
            }
            at = Some(end);
            look.entries += batch.entries.len() as u64;
            broke_off = look.entries >= entries_max;
            if broke_off { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match read {
            Err(ReadFailure::Corrupt { first_seq, reason }) => {
                look.finding = Some(JournalFinding::Damaged { first_seq, reason });
            }
            Err(failure) => return Err(failure),
            Ok(()) if !is_linked => {
                let last_seq = began_at.map_or(0, |end| end.last_seq);
                look.finding = Some(JournalFinding::Replaced { last_seq });
            }
            Ok(()) if broke_off => {
                self.at = at;
                return Ok(look);
            }
            Ok(()) => {
                let found = at.map_or(0, |end| end.last_seq);
                if found < recorded {
                    look.finding = Some(JournalFinding::CutOff { recorded, found });
                }
                self.beyond = (found > recorded).then_some(found);
                // A journal that was cut off must not make us forget how far it went.
                self.tip = if look.finding.is_none() { at } else { self.tip };
            }
        }
        self.at = None;
        look.round_is_over = true;
        Ok(look)
    }
}

#[cfg(test)]
mod tests;

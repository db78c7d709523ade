//! Room: engine/sequencer. From the journal to the book: newest snapshot and the tail, or everything. Verifies as it goes.
//!
//! Called once at the start, before the first command, and by the snapshot maker. It must never start on a gap, a fork
//! or an entry it does not know: who decides by unread state confirms what is not so.

use std::ops::ControlFlow;

use charye_domain::book::{Book, Room};
use charye_domain::time::UnixMillis;

use crate::availability::LayoutError;
use crate::ports::{Head, JournalReader, PeopleFailure, ReadFailure, RowHash, SnapshotFailure, Snapshots};
use crate::sequencer::thread::WARMED_TOGETHER;

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFailure {
    /// The journal is damaged or cannot be read.
    #[error("could not read the journal to its end")]
    Journal(#[from] ReadFailure),
    /// Rows are missing in between, or the last row is not the one the writer knows.
    #[error("journal {what}: expected {expected}, found {found}")]
    DoesNotFit { what: &'static str, expected: u64, found: u64 },
    #[error("last row of the journal is not the one its writer knows")]
    Forked,
    #[error("could not lay the board out over the book")]
    Board(#[from] LayoutError),
    /// The people store cannot be brought in line with the journal: details of the erased might be read.
    #[error("could not erase again whom the journal says is erased")]
    People(#[from] PeopleFailure),
    #[error("could not start thread")]
    Thread(#[source] std::io::Error),
}

/// A book as of the journal's row that ends at `last_seq`.
pub(crate) struct Recovered {
    pub(crate) book: Book,
    pub(crate) last_seq: u64,
    pub(crate) hash: RowHash,
    pub(crate) at: Option<UnixMillis>,
    /// Sequence number of the snapshot it began with; 0 without one.
    pub(crate) snapshot_seq: u64,
}

/// The book as of the end of the journal.
///
/// # Errors
/// The journal cannot be read to `head`, or what is read does not end there.
pub(crate) fn recover(
    reader: &mut dyn JournalReader,
    snapshots: Option<&mut dyn Snapshots>,
    room: Room,
    head: Head,
) -> Result<Recovered, StartFailure> {
    let mut recovered = newest_snapshot(reader, snapshots, room);
    recovered.book.make_room_for(room);
    read_on(reader, &mut recovered, u64::MAX, &mut || false)?;
    let last_seq = head.next_seq.saturating_sub(1);
    if recovered.last_seq != last_seq {
        return Err(StartFailure::DoesNotFit { what: "ends early", expected: last_seq, found: recovered.last_seq });
    }
    if recovered.hash != head.hash {
        return Err(StartFailure::Forked);
    }
    Ok(recovered)
}

/// The newest snapshot that matches the journal, or an empty book. A snapshot that does not serve is never fatal.
pub(crate) fn newest_snapshot(
    reader: &mut dyn JournalReader,
    snapshots: Option<&mut dyn Snapshots>,
    room: Room,
) -> Recovered {
    let loaded =
        snapshots.map_or(Ok(None), |snapshots| snapshots.load_newest(&mut |seq| row_end(reader, seq).map(|end| end.0)));
    match loaded {
        Ok(Some((last_seq, book))) => match row_end(reader, last_seq) {
            Some((hash, at)) => Recovered { book, last_seq, hash, at: Some(at), snapshot_seq: last_seq },
            None => empty(room),
        },
        Ok(None) => empty(room),
        Err(failure) => {
            warn_of(&failure);
            empty(room)
        }
    }
}

/// Applies rows after `recovered.last_seq`, up to the one that holds `until_seq` or the end, or until told to break off.
pub(crate) fn read_on(
    reader: &mut dyn JournalReader,
    recovered: &mut Recovered,
    until_seq: u64,
    break_off: &mut dyn FnMut() -> bool,
) -> Result<(), StartFailure> {
    let mut gap = None;
    reader.read(recovered.last_seq + 1, &mut |batch| {
        let expected = recovered.last_seq + 1;
        if batch.first_seq != expected {
            gap = Some((expected, batch.first_seq));
            return ControlFlow::Break(());
        }
        if batch.first_seq > until_seq || break_off() {
            return ControlFlow::Break(());
        }
        for some in batch.entries.chunks(WARMED_TOGETHER) {
            some.iter().for_each(|entry| recovered.book.warm_entry(entry));
            for entry in some {
                recovered.book.apply(entry, batch.at);
            }
        }
        recovered.last_seq = batch.last_seq();
        recovered.hash = batch.hash;
        recovered.at = Some(batch.at);
        ControlFlow::Continue(())
    })?;
    match gap {
        Some((expected, found)) => Err(StartFailure::DoesNotFit { what: "has a gap", expected, found }),
        None => Ok(()),
    }
}

fn empty(room: Room) -> Recovered {
    Recovered { book: Book::with_room_for(room), last_seq: 0, hash: [0; 32], at: None, snapshot_seq: 0 }
}

/// Hash and time of the row that ends at `seq`, if one does and it can be read.
fn row_end(reader: &mut dyn JournalReader, seq: u64) -> Option<(RowHash, UnixMillis)> {
    let mut found = None;
    let read = reader.read(seq, &mut |batch| {
        found = (batch.last_seq() == seq).then_some((batch.hash, batch.at));
        ControlFlow::Break(())
    });
    read.is_ok().then_some(found).flatten()
}

fn warn_of(failure: &SnapshotFailure) {
    tracing::warn!(error = failure as &dyn std::error::Error, "no snapshot serves; reading the whole journal");
}

//! Room: simulator/checkers. What is derived equals a replay (law I14): the engine's book, by a snapshot that is kept only if
//! both have one fingerprint; the snapshot itself; the board that look-ups read.

use charye_domain::book::Book;
use charye_domain::ids::BlockId;

use crate::surge::History;
use crate::world::{World, WorldFailure};

pub(super) fn check(world: &mut World, book: &Book, history: &mut History) -> Result<(), WorldFailure> {
    if !world.snapshot()? {
        history.breach("I14", || "the journal's replay is another book than the engine's".to_owned());
    }
    // Nothing is asked and nothing is due any more: the snapshot is as of the journal's end.
    match world.newest_snapshot() {
        Some((_, kept)) if kept.fingerprint() == book.fingerprint() => {}
        Some((seq, _)) => {
            history.breach("I14", || format!("the snapshot as of entry {seq} is another book than its replay"));
        }
        None => history.breach("I14", || "no snapshot is kept that fits the journal".to_owned()),
    }
    let Some(engine) = world.engine() else { return Ok(()) };
    let availability = engine.availability();
    let blocks = u32::try_from(book.blocks().len()).unwrap_or(u32::MAX);
    for (slot, _) in (0..blocks).flat_map(|block| book.slots_of_block(BlockId(block))) {
        let (shown, free) = (availability.board().remaining(slot), book.free(slot));
        if shown != free {
            history.breach("I14", || format!("the board shows {shown} places in slot {}; {free} are free", slot.0));
        }
    }
    Ok(())
}

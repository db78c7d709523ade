//! Room: simulator/checkers. Time alone gives everything back: once every hold and visit has run out, no place is held and
//! nobody is inside (law I15), and every place is free, reserved or blocked (law I7).

use std::time::Duration;

use charye_domain::book::Book;
use charye_domain::ids::BlockId;
use charye_domain::time::UnixMillis;
use charye_engine::sequencer::LOOK_AT_CLOCK_EVERY;

use crate::country::Country;
use crate::surge::History;
use crate::world::{World, WorldFailure};

/// Slack after the last deadline.
const SLACK: Duration = Duration::from_secs(5);

/// Lets time pass, and nobody ask anything, until whatever was open must have ended.
///
/// # Errors
/// The engine does not run.
pub fn let_everything_run_out(world: &mut World, country: &Country) -> Result<(), WorldFailure> {
    // A visit may begin just before the end, and its last hold may be extended twice.
    let longest_secs = u64::from(country.visit_max_secs.max(country.hold_ttl_secs)) + 60;
    let longest = Duration::from_secs(longest_secs) + SLACK;
    let mut passed = Duration::ZERO;
    while passed < longest {
        world.clock.pass(LOOK_AT_CLOCK_EVERY);
        passed += LOOK_AT_CLOCK_EVERY;
        world.settle()?;
    }
    Ok(())
}

pub(super) fn check(book: &Book, now: UnixMillis, history: &mut History) {
    let blocks = u32::try_from(book.blocks().len()).unwrap_or(u32::MAX);
    for (slot, _) in (0..blocks).flat_map(|block| book.slots_of_block(BlockId(block))) {
        let Some(counts) = book.slot_counts(slot) else { continue };
        if counts.held > 0 {
            history.breach("I15", || format!("{} places of slot {} are still held", counts.held, slot.0));
        }
        if counts.capacity != counts.free + counts.held + counts.reserved + counts.blocked {
            history.breach("I7", || format!("slot {}: {counts:?} does not add up", slot.0));
        }
    }
    let visits = book.fill().visits;
    if visits > 0 {
        history.breach("I15", || format!("{visits} visits still run when all must have ended"));
    }
    for room in book.rooms() {
        let (inside, called) = (room.door().inside(), room.door().called(now));
        if inside > 0 || called > 0 {
            history.breach("cap", || format!("{inside} are counted as inside and {called} as called, and nobody is"));
        }
    }
}

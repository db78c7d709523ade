//! Room: simulator. What must hold when an evening is over, whatever happened on it: one law or group of laws a file, over
//! commands, answers and journal. Called by players once they have ended. It must never mend anything, and every checker is
//! shown to bite by a planted breach.

mod answers;
mod codec;
mod derived;
mod journal;
mod run_out;

use crate::surge::History;
use crate::world::{World, WorldFailure};

pub use run_out::let_everything_run_out;

/// Holds everything an evening left behind against the laws.
///
/// # Errors
/// The world broke, not a law.
pub fn examine(world: &mut World, history: &mut History) -> Result<(), WorldFailure> {
    let rows = world.rows();
    let book = world.replayed();
    journal::check(&rows, &book, history);
    codec::check(&rows, history);
    answers::check(&book, world.now(), history);
    run_out::check(&book, world.now(), history);
    derived::check(world, &book, history)
}

#[cfg(test)]
mod tests;

//! Room: engine/fakes. Chance from a seed: the same test draws the same numbers.

use std::sync::Mutex;

use crate::fakes::locked;
use crate::ports::Random;

/// BLAKE3's output stream under a seed.
#[derive(Debug)]
pub struct SeededRandom(Mutex<blake3::OutputReader>);

impl SeededRandom {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof()))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        locked(&self.0).fill(buffer);
    }
}

//! Room: gateway. The engine's `Random`: the operating system's randomness, through the cryptographic library's
//! generator. Made by server; used wherever a number must not be guessed. Never seeded by us.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use charye_engine::ports::Random;

/// Unpredictable bytes.
pub struct OsRandom(SystemRandom);

impl OsRandom {
    /// Seeds the generator and draws once, so that a machine without randomness is noticed at the start.
    ///
    /// # Errors
    /// [`NoRandomness`]: do not start.
    pub fn new() -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        random.fill(&mut [0; 32]).map_err(|_| NoRandomness)?;
        Ok(Self(random))
    }
}

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.fill(buffer).expect("the generator was seeded in new(); aws-lc stops the process rather than run dry");
    }
}

/// The machine gives no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_and_fill_the_whole_buffer() {
        let random = OsRandom::new().unwrap();
        let draws: std::collections::HashSet<u64> = (0..1_000).map(|_| random.bits()).collect();
        assert_eq!(draws.len(), 1_000);
        let mut long = [0; 4_096];
        random.fill(&mut long);
        assert!(long.chunks(64).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }
}

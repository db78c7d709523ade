//! Room: engine/ports. The only way to chance: reservation numbers, nonces, jitter.

/// Unpredictable bytes from the operating system; in tests, from a seed.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// 64 random bits.
    fn bits(&self) -> u64 {
        let mut buffer = [0; 8];
        self.fill(&mut buffer);
        u64::from_le_bytes(buffer)
    }
}

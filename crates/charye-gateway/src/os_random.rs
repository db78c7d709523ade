//! Room: gateway. The engine's `Random`: the operating system's randomness, through the cryptographic library's
//! generator. Made by server; used wherever a number must not be guessed, and by `keys` for nonces. Never seeded by us.
//!
//! The library stirs in the processor's own randomness each time it is asked, which takes half a microsecond and more for
//! however few bytes, so each thread draws some ahead. Every byte is handed out once and wiped where it lay. What the
//! library's way would withstand and this does not: a machine that is copied while it runs, memory included, and both copies
//! go on. Charye moves to another machine by its files. Keys that last are drawn for themselves, without this.

use std::cell::RefCell;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use charye_engine::ports::Random;
use zeroize::{Zeroize as _, Zeroizing};

/// Bytes that a thread draws ahead.
const AHEAD_BYTES: usize = 512;
/// Whoever wants more than this at once has it drawn for themselves. Unit: bytes.
const FROM_AHEAD_BYTES_MAX: usize = 64;

/// Unpredictable bytes.
pub struct OsRandom(());

impl OsRandom {
    /// Seeds the generator and draws once, so that a machine without randomness is noticed at the start.
    ///
    /// # Errors
    /// [`NoRandomness`]: do not start.
    pub fn new() -> Result<Self, NoRandomness> {
        rand::fill(&mut [0; 32]).map_err(|_| NoRandomness)?;
        Ok(Self(()))
    }
}

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) {
        draw(buffer);
    }
}

/// Fills the buffer with unpredictable bytes that nobody else was or will be given.
pub(crate) fn draw(buffer: &mut [u8]) {
    let drawn = if buffer.len() > FROM_AHEAD_BYTES_MAX {
        rand::fill(buffer)
    } else {
        AHEAD.with_borrow_mut(|ahead| ahead.give(buffer))
    };
    drawn.expect("the generator was seeded at the start; aws-lc stops the process rather than run dry");
}

thread_local! {
    static AHEAD: RefCell<Ahead> = RefCell::new(Ahead { bytes: Zeroizing::new([0; AHEAD_BYTES]), left: 0 });
}

/// What one thread has drawn and not yet handed out: the first `left` bytes.
struct Ahead {
    bytes: Zeroizing<[u8; AHEAD_BYTES]>,
    left: usize,
}

impl Ahead {
    /// Hands out the last bytes that are left, after drawing anew if they do not suffice.
    fn give(&mut self, buffer: &mut [u8]) -> Result<(), Unspecified> {
        if self.left < buffer.len() {
            self.left = 0;
            rand::fill(self.bytes.as_mut())?;
            self.left = AHEAD_BYTES;
        }
        let given = &mut self.bytes[self.left - buffer.len()..self.left];
        buffer.copy_from_slice(given);
        given.zeroize();
        self.left -= buffer.len();
        Ok(())
    }
}

/// The machine gives no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn draws_differ_and_fill_the_whole_buffer() {
        let random = OsRandom::new().unwrap();
        let draws: HashSet<u64> = (0..1_000).map(|_| random.bits()).collect();
        assert_eq!(draws.len(), 1_000);
        let mut long = [0; 4_096];
        random.fill(&mut long);
        assert!(long.chunks(64).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }

    #[test]
    fn whatever_lengths_are_asked_for_no_eight_bytes_come_twice() {
        let mut seen = HashSet::new();
        for length in (0..4_000).map(|round| 8 + 8 * (round % 10)) {
            let mut buffer = vec![0; length];
            draw(&mut buffer);
            assert!(buffer.chunks_exact(8).all(|eight| seen.insert(eight.to_vec())), "of a draw of {length}");
        }
    }

    #[test]
    fn what_was_handed_out_is_wiped_where_it_lay_and_the_rest_is_untouched() {
        let mut ahead = Ahead { bytes: Zeroizing::new([0; AHEAD_BYTES]), left: 0 };
        ahead.give(&mut [0; 16]).unwrap();
        let before = ahead.bytes.clone();
        let mut given = [0; 32];
        ahead.give(&mut given).unwrap();
        let left = AHEAD_BYTES - 16 - 32;
        assert_eq!(ahead.left, left);
        assert_eq!(given, before[left..left + 32]);
        assert_eq!(ahead.bytes[..left], before[..left]);
        assert!(ahead.bytes[left..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn threads_are_not_given_the_same() {
        let draws = || (0..100).map(|_| OsRandom(()).bits()).collect::<Vec<_>>();
        let others: Vec<_> = (0..4).map(|_| std::thread::spawn(draws)).collect();
        let all: Vec<u64> = others.into_iter().flat_map(|thread| thread.join().unwrap()).chain(draws()).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }
}

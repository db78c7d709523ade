//! Room: domain/identity. The short line in front of one saturated provider: first come, first served, of a stated length,
//! and nobody's socket is held open for it. Who waits asks again; who does not ask for a while has left.
//!
//! Called by the engine's provider health, under its lock. It must never know who somebody is: a sign-in is 16 bytes.

use std::collections::VecDeque;
// `core` has durations and no clock.
use core::time::Duration;

/// Which sign-in: random, made when it began.
pub type SignInId = [u8; 16];

/// Who has not asked for this long has left.
pub const LEFT_AFTER: Duration = Duration::from_secs(20);

/// What somebody is told who wants to be next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is theirs, and they are no longer in the line.
    Go,
    /// So many are before them.
    Wait { ahead: usize },
    /// The line is as long as it may be.
    Full,
}

/// The line of one provider.
#[derive(Clone, Debug, Default)]
pub struct ShortLine {
    waiting: VecDeque<(SignInId, Duration)>,
}

impl ShortLine {
    /// How many wait, those who left without a word among them until somebody asks.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// `who` asks whether it is their turn, when `free` places at the provider are free and at most `max` may wait.
    pub fn ask(&mut self, who: SignInId, free: usize, max: usize, now: Duration) -> Turn {
        self.waiting.retain(|(id, asked)| *id == who || now.saturating_sub(*asked) < LEFT_AFTER);
        let place = self.waiting.iter().position(|(id, _)| *id == who);
        match place {
            Some(place) if place < free => {
                self.waiting.remove(place);
                Turn::Go
            }
            Some(place) => {
                self.waiting[place].1 = now;
                Turn::Wait { ahead: place }
            }
            None if self.waiting.len() < free => Turn::Go,
            None if self.waiting.len() >= max => Turn::Full,
            None => {
                self.waiting.push_back((who, now));
                Turn::Wait { ahead: self.waiting.len() - 1 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(number: u8) -> SignInId {
        [number; 16]
    }

    #[test]
    fn who_waits_goes_in_the_order_of_coming() {
        let mut line = ShortLine::default();
        let now = Duration::ZERO;
        assert_eq!(line.ask(id(1), 1, 3, now), Turn::Go);
        assert_eq!(line.ask(id(2), 0, 3, now), Turn::Wait { ahead: 0 });
        assert_eq!(line.ask(id(3), 0, 3, now), Turn::Wait { ahead: 1 });
        assert_eq!(line.ask(id(3), 1, 3, now), Turn::Wait { ahead: 1 }, "one place is free, and it is not theirs");
        assert_eq!(line.ask(id(4), 1, 3, now), Turn::Wait { ahead: 2 }, "who has just come does not pass them");
        assert_eq!(line.ask(id(5), 1, 3, now), Turn::Full);
        assert_eq!(line.ask(id(2), 1, 3, now), Turn::Go);
        assert_eq!(line.ask(id(3), 1, 3, now), Turn::Go);
        assert_eq!(line.len(), 1);
    }

    #[test]
    fn who_does_not_ask_again_has_left() {
        let mut line = ShortLine::default();
        assert_eq!(line.ask(id(1), 0, 9, Duration::ZERO), Turn::Wait { ahead: 0 });
        assert_eq!(line.ask(id(2), 0, 9, Duration::from_secs(10)), Turn::Wait { ahead: 1 });
        assert_eq!(line.ask(id(2), 0, 9, Duration::from_secs(19)), Turn::Wait { ahead: 1 });
        assert_eq!(line.ask(id(2), 0, 9, Duration::from_secs(20)), Turn::Wait { ahead: 0 });
        assert_eq!(line.ask(id(1), 0, 9, Duration::from_secs(20)), Turn::Wait { ahead: 1 }, "back at the end");
    }

    proptest! {
        /// Whatever is asked in whatever order, nobody goes while somebody who came before them, and has not left, waits
        /// for want of a free place; and the line never grows beyond its length.
        #[test]
        fn nobody_passes_and_the_line_is_bounded(
            asks in proptest::collection::vec((0_u8..12, 0_usize..4, 0_u64..5), 1..200)
        ) {
            let (mut line, mut now) = (ShortLine::default(), Duration::ZERO);
            for (who, free, secs) in asks {
                now += Duration::from_secs(secs);
                let before: Vec<_> = line.waiting.iter().copied().collect();
                let turn = line.ask(id(who), free, 6, now);
                prop_assert!(line.len() <= 6);
                let is_here = |id_: SignInId, asked| id_ == id(who) || now.saturating_sub(asked) < LEFT_AFTER;
                let here = before.iter().filter(|(other, asked)| is_here(*other, *asked));
                let ahead = here.take_while(|(other, _)| *other != id(who)).count();
                match turn {
                    Turn::Go => prop_assert!(ahead < free),
                    Turn::Wait { ahead: said } => prop_assert_eq!((said, ahead >= free), (ahead, true)),
                    Turn::Full => prop_assert!(ahead >= 6),
                }
            }
        }
    }
}

//! Room: domain/waiting_room. A place in the line of an opening: one number, and lower goes first. Made by the draw for
//! those who were there before the opening, and by the moment their sign-in began for all others. Never by arrival alone.

use crate::time::UnixMillis;
use crate::weakness::Defence;

/// A place in the line. Unit: none below [`Place::FIRST_AFTER_DRAW`] (63 drawn bits); from there on, milliseconds since
/// the opening. Lower goes first, so everybody who was drawn stands before everybody who came later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u64);

impl Place {
    /// The place of a sign-in that began at the very moment of the opening.
    pub const FIRST_AFTER_DRAW: Self = Self(1 << 63);
    /// How far back the beginning of a sign-in may lie when it is completed. Unit: milliseconds.
    pub const SIGN_IN_MAX_MS: i64 = 10 * 60 * 1_000;

    /// A drawn place: the first 63 bits of `hash`, read as a number with the most significant byte first.
    pub fn drawn(hash: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *hash;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1)
    }

    /// The place of somebody whose sign-in began at `began_at` and was completed at `now`, in the line that opened at
    /// `opens_at`. A beginning more than ten minutes back counts as ten minutes back, one before the opening as the opening, and one
    /// in the future as `now`: no sealed time, however old or wrong, buys a better place than that.
    pub fn after_opening(opens_at: UnixMillis, began_at: UnixMillis, now: UnixMillis) -> Self {
        let earliest = if Defence::Beginning.is_off() { opens_at } else { now.plus_millis(-Self::SIGN_IN_MAX_MS) };
        let counted = began_at.max(earliest).min(now);
        let since_opening = u64::try_from(counted.millis_since(opens_at)).unwrap_or(0);
        Self(Self::FIRST_AFTER_DRAW.0 | since_opening)
    }

    /// Milliseconds since the opening, or `None` for a drawn place.
    pub fn millis_since_opening(self) -> Option<u64> {
        self.0.checked_sub(Self::FIRST_AFTER_DRAW.0)
    }

    /// Whether this place came out of the draw.
    pub fn is_drawn(self) -> bool {
        self < Self::FIRST_AFTER_DRAW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENS: UnixMillis = UnixMillis(1_628_506_800_000);

    #[test]
    fn a_drawn_place_goes_before_every_later_one() {
        assert!(Place::drawn(&[0xff; 32]) < Place::after_opening(OPENS, OPENS, OPENS));
        assert_eq!(Place::drawn(&[0xff; 32]).0, (1 << 63) - 1);
    }

    #[test]
    fn a_slow_identity_provider_costs_nobody_a_place() {
        let began = OPENS.plus_secs(60);
        let quick = Place::after_opening(OPENS, began, began.plus_secs(2));
        let slow = Place::after_opening(OPENS, began, began.plus_secs(599));
        assert_eq!((quick, slow.millis_since_opening()), (slow, Some(60_000)));
    }

    #[test]
    fn a_sign_in_begun_long_ago_or_in_the_future_buys_nothing() {
        let now = OPENS.plus_secs(3_600);
        let kept_back = Place::after_opening(OPENS, OPENS.plus_secs(1), now);
        assert_eq!(kept_back.millis_since_opening(), Some(3_000_000));
        let ahead = Place::after_opening(OPENS, now.plus_secs(9), now);
        assert_eq!(ahead.millis_since_opening(), Some(3_600_000));
        let before = Place::after_opening(OPENS, OPENS.plus_millis(-5_000), OPENS.plus_secs(1));
        assert_eq!(before, Place::FIRST_AFTER_DRAW);
    }
}

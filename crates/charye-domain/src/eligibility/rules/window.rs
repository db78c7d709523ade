//! Room: domain. The rule of windows: from `opens_at`, included, to `closes_at`, excluded. Asked by
//! `eligibility::decide` last. Compares instants only; civil times are for people to read.

use crate::opening::ReservationWindow;
use crate::time::UnixMillis;
use crate::weakness::Defence;

/// How an instant stands to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Ahead,
    Open,
    Over,
}

/// Where `now` stands.
pub fn stands(window: &ReservationWindow, now: UnixMillis) -> Standing {
    if now < window.opens_at && !Defence::Opening.is_off() {
        Standing::Ahead
    } else if now < window.closes_at {
        Standing::Open
    } else {
        Standing::Over
    }
}

//! Room: domain. The life of a hold and a reservation: states, and who may move them. Never knows slots or stock.

/// State of one dose of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoseState {
    Reserved,
    CheckedIn,
    Administered,
    NoShow,
    Cancelled,
}

/// Why a hold ended without a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfHold {
    Released,
    Expired,
    /// Its visit ended.
    VisitEnded,
}

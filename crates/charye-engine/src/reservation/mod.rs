//! Room: engine/reservation. One file per use case on a citizen's places. Called by `web`; they know the order of steps and
//! judge nothing: the board may refuse what is sold out before the queue, everything else the book decides.

mod cancel;
mod confirm;
mod hold;
mod look_up;
mod reschedule;
mod reserve_at_once;
mod sold_out;

pub use cancel::cancel_reservation;
pub use confirm::{Reserved, confirm_reservation};
pub use hold::{Held, extend_hold, hold_places, release_hold};
pub use look_up::{look_up_citizen, look_up_reservation};
pub use reschedule::reschedule_reservation;
pub use reserve_at_once::reserve_at_once;
pub use sold_out::PlaceFailure;

//! Room: engine/waiting_room. The line before the door, running: people arrive, poll, are called and come in; operators
//! steer; draws are drawn. Called by `web`, by the sequencer's thread (what is called and published), and by a thread of its
//! own (draws, places left). Who may come in is the book's to say; passes and tickets are `web/gate`'s.

mod arrive;
mod claim;
mod leave;
mod leave_line;
mod look_up;
mod steer;

mod lines;
mod poll;

mod bypass;
mod caller;
mod line_desk;

mod attendant;
mod draw_clerk;
mod draws;
mod stock;

pub use arrive::{InLine, arrive};
pub(crate) use attendant::Attendant;
pub use claim::{Claimed, Visit, claim};
pub(crate) use draw_clerk::Look;
pub use draw_clerk::draw_key;
pub use draws::{DrawList, Draws, PublicValueTooLong};
pub use leave::leave;
pub use leave_line::leave_line;
pub(crate) use line_desk::{LOOK_AT_LINES_EVERY, LineDesk};
pub use lines::{LineNow, Lines, OVERTAKEN_SHOWN_MAX, Phase, RevealedDraw, TurnNow};
pub use look_up::look_up_place;
pub use poll::{Polled, poll};
pub use steer::{SteeringOrder, steer};
pub(crate) use stock::Stock;

//! Charye's face: routes, pages, consoles, the API and feeds.
//!
//! Called by server. It must never hold state, other than signed or sealed cookies, nor know SQL or a provider.

pub mod api;
mod app;
mod asked;
pub mod citizen;
pub mod gate;
mod gzip;
pub mod health;
mod kept_answers;
pub mod listener;
pub mod locale;
mod made_of;
pub mod operators;
pub mod problem;
pub mod routes;
mod sign_in_failure;
mod waiting_room;

pub use app::{App, Deadlines};
pub use asked::{Answer, Asked, Fields};

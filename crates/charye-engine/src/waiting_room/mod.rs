//! Room: engine/waiting_room. In and out: a visit begins, moves to a newer device, ends. Called by `web/gate` and
//! `web/citizen`. Until the line is built, whoever is signed in and may reserve now is let in. It never makes passes.

mod enter;
mod leave;

pub use enter::{Visit, enter};
pub use leave::leave;

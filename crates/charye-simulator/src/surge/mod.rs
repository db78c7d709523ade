//! Room: simulator. The surge player: a whole evening before the door, from a seed, on the engine's own use cases: people
//! arrive, poll, are called, come in, hold, confirm; operators steer; machines fail. Called by tests, by
//! `cargo run -p charye-simulator` and by `cargo xtask bench surges`. It must never tell the engine anything a client or an
//! operator could not.

mod scenario;

mod acts;
mod call_centre;
mod hears;
mod incidents;
mod player;

mod citizen;
mod told;

mod history;

pub use history::{Breach, Confirmed, History, Honesty, Pause, ToldRange};
pub use player::{Played, SurgeFailure, play};
pub use scenario::{Incident, Kind, Scenario, Tempers};

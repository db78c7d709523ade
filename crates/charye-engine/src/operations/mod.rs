//! Room: engine/operations. What makes a request exactly-once, and what operators do: look an operation up by its key, vouch
//! for the clock, publish a campaign, import clinics and sessions. Called by `web` and `server/commands`.

mod accept_clock;
mod import_rows;
mod key;
mod look_up;
mod publish_campaign;

pub use accept_clock::accept_clock;
pub use import_rows::{activate_import, discard_import, stage_clinics, stage_sessions};
pub use key::{client_key_is_usable, operation, operation_key, request_hash};
pub use look_up::{is_repetition, look_up_operation};
pub use publish_campaign::{PublishFailure, Published, publish_campaign};

//! Charye's gateway: everything that changes when an outside organisation changes. Identity providers, message senders,
//! key management. Wired in by server, used through the engine's ports. It must never hold a rule, and no raw identifier
//! (CI, national number) passes its wall: citizen keys do.

pub mod identity;
pub mod keys;
pub mod notification;
pub mod os_random;

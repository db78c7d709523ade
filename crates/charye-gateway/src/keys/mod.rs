//! Room: gateway/keys. The keys of an installation, in a file of their own (`keys.toml`, mode 0600), never in a database.
//!
//! `charye-server` opens them at start and runs `charye keys init|rotate|status` through here; engine and ledger use them
//! through the port `Keys`. Everything is behind that port, so that a certified module (KCMVP, by PKCS#11) can stand in
//! its place: every sealed text names its algorithm. Never prints or logs a secret: fingerprints only.

mod derivation;
mod key_check;
mod key_file;
mod local;
mod sealing;
#[cfg(test)]
mod tests;

pub use key_check::DataFolder;
pub use key_file::{FORMER_KEYS_MAX, KeyFileError, KeyState, KeyStatus, init, retire, rotate, status};
pub use local::LocalKeys;

//! Room: domain/book. The state itself.

/// The state of every campaign of one journal.
#[derive(Debug, Default)]
pub struct Book {}

//! Room: domain/book. The book as bytes and back: what a snapshot holds. Called by the ledger's snapshots, which add hash
//! and sequence number. Never does I/O, never trusts a byte it reads.
//!
//! Version 5, little endian, in this order: magic, version; campaigns (as texts, with openings that begin at another time); clinics; patterns of start times; rows;
//! blocks; capacities; undercut slots; people; reservations; holds; visits; remembered operations; open imports and how far one is laid out;
//! waiting rooms; who helps whom; operators' words about identity providers; agents' look-ups; fingerprint. Counters of held and reserved places are not in it: they follow from holds and reservations, so an image
//! cannot disagree with itself. The same book always gives the same bytes.

pub(super) mod bytes;
mod clinic;
mod outcome;
mod read;
mod write;

pub use read::CampaignReader;

use crate::ids::CampaignId;

const MAGIC: [u8; 8] = *b"CHARYEBK";
const VERSION: u16 = 5;

/// How many bytes of an image's beginning say whether it can be read here.
pub const IMAGE_BEGINNING_BYTES: usize = MAGIC.len() + size_of::<u16>();

/// Whether an image that begins so is one that is read and written here.
///
/// # Errors
/// It is none, or of another version.
pub fn check_beginning_of_image(beginning: &[u8; IMAGE_BEGINNING_BYTES]) -> Result<(), ImageError> {
    match beginning {
        [magic @ .., low, high] if *magic == MAGIC => match u16::from_le_bytes([*low, *high]) {
            VERSION => Ok(()),
            other => Err(ImageError::VersionUnknown(other)),
        },
        _ => Err(ImageError::NotAnImage),
    }
}

/// Bytes of one record of each table of fixed width.
mod width {
    pub(super) const ROW: usize = 8;
    pub(super) const BLOCK: usize = 18;
    pub(super) const CAPACITY: usize = 2;
    pub(super) const UNDERCUT: usize = 6;
    pub(super) const PERSON: usize = 23;
    pub(super) const RESERVATION: usize = 29;
    pub(super) const HOLD: usize = 27;
    pub(super) const VISIT: usize = 28;
    pub(super) const OPERATION: usize = 46;
    pub(super) const HELP: usize = 39;
}

/// Why bytes are not a book. Says what part does not fit, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("not the image of a book")]
    NotAnImage,
    #[error("image version {0} is not known here")]
    VersionUnknown(u16),
    #[error("image ends too early")]
    CutShort,
    #[error("text of campaign {0} in image cannot be read")]
    CampaignUnreadable(CampaignId),
    #[error("image does not fit together: {0}")]
    Invalid(&'static str),
}

//! Room: ledger/journal. The entries of a row as bytes: compact, versioned, documented (docs/reference/journal-format.md).
//! Called by the stores, which keep the bytes, and by readers, which get entries back. Must never panic on hostile bytes,
//! guess at an unknown version or event, or change the layout of a version once written.

mod bytes;
mod event;
mod help;
mod import;
mod line;
mod rejection;

use std::sync::Arc;

use charye_domain::book::{Actor, Channel, Entry, Operation, Provenance, StaffNumber};
use charye_domain::campaign::Campaign;
use charye_domain::ids::{CampaignId, CampaignVersion, OperationKey, Person};
use charye_domain::time::UnixMillis;

use bytes::{Source, put_u64};

/// Reads a published campaign from its canonical text. The journal keeps only the text; who opens a journal says how it
/// is read. The error is one sentence for people.
pub type CampaignReader = Arc<dyn Fn(&str, CampaignId, CampaignVersion) -> Result<Campaign, String> + Send + Sync>;

/// The version this program writes: the first byte of every row's entries. It reads this one and all before.
pub const VERSION: u8 = 1;

/// Fewest bytes an entry can take: number, head, campaign.
const ENTRY_BYTES_MIN: usize = 3;
/// Room reserved for one entry when encoding: more than any entry of the hot path takes.
const ENTRY_BYTES_USUAL: usize = 64;

/// Why bytes are not the entries of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecFailure {
    #[error("entries are of format version {0}, which this program does not know")]
    UnknownVersion(u8),
    #[error("event number {0} is not known to this program")]
    UnknownEvent(u8),
    #[error("entries end too early")]
    EndsEarly,
    #[error("{0} bytes are left over after the last entry")]
    LeftOver(usize),
    #[error("malformed {0}")]
    Malformed(&'static str),
    #[error("text of campaign {id} version {version} does not read: {reason}")]
    Campaign { id: CampaignId, version: CampaignVersion, reason: String },
}

/// Appends the entries of a batch whose time is `at`, version byte first.
pub fn encode(at: UnixMillis, entries: &[Entry], out: &mut Vec<u8>) {
    out.reserve(1 + entries.len() * ENTRY_BYTES_USUAL);
    out.push(VERSION);
    for entry in entries {
        put_entry(out, entry, at);
    }
}

/// Reads back what [`encode`] wrote: exactly `count` entries and not a byte more.
///
/// # Errors
/// What is wrong with the bytes; nothing is guessed.
pub fn decode(
    bytes: &[u8],
    at: UnixMillis,
    count: u64,
    campaigns: &CampaignReader,
) -> Result<Vec<Entry>, CodecFailure> {
    let mut source = Source::new(bytes);
    match source.u8()? {
        VERSION => {}
        unknown => return Err(CodecFailure::UnknownVersion(unknown)),
    }
    let count = usize::try_from(count).map_err(|_| CodecFailure::EndsEarly)?;
    if count > source.remaining() / ENTRY_BYTES_MIN {
        return Err(CodecFailure::EndsEarly);
    }
    let entries = (0..count).map(|_| read_entry(&mut source, at, campaigns)).collect::<Result<Vec<_>, _>>()?;
    match source.remaining() {
        0 => Ok(entries),
        left => Err(CodecFailure::LeftOver(left)),
    }
}

/// Bits of an entry's head: channel 0..=2, form of the actor 3..=5, operation 6, reason 7.
const HEAD_OPERATION: u8 = 1 << 6;
const HEAD_REASON: u8 = 1 << 7;
/// Form of the actor: a citizen who is the person the event names. Takes no bytes of its own.
const ACTOR_IS_PERSON_OF_EVENT: u8 = 6;

fn put_entry(out: &mut Vec<u8>, entry: &Entry, at: UnixMillis) {
    let Entry { by: Provenance { actor, channel, reason }, under, operation, event } = entry;
    let (form, actor_number) = match actor {
        Actor::Citizen(person) if event::person_of(event) == Some(*person) => (ACTOR_IS_PERSON_OF_EVENT, None),
        Actor::Citizen(person) => (0, Some(person.0)),
        Actor::Proxy(person) => (1, Some(person.0)),
        Actor::Agent(staff) => (2, Some(staff.0)),
        Actor::ClinicStaff(staff) => (3, Some(staff.0)),
        Actor::Operator(staff) => (4, Some(staff.0)),
        Actor::System => (5, None),
    };
    let mut head = number_of_channel(*channel) | form << 3;
    if operation.is_some() {
        head |= HEAD_OPERATION;
    }
    if *reason != 0 {
        head |= HEAD_REASON;
    }
    out.extend_from_slice(&[event::number_of(event), head]);
    if let Some(number) = actor_number {
        put_u64(out, u64::from(number));
    }
    if *reason != 0 {
        put_u64(out, u64::from(*reason));
    }
    match under {
        None => out.push(0),
        Some((campaign, version)) => {
            put_u64(out, u64::from(campaign.0) + 1);
            put_u64(out, u64::from(version.0));
        }
    }
    if let Some(Operation { key, request_hash }) = operation {
        let mut fixed = [0; 24];
        fixed[..16].copy_from_slice(&key.0.to_le_bytes());
        fixed[16..].copy_from_slice(&request_hash.to_le_bytes());
        out.extend_from_slice(&fixed);
    }
    event::put_fields(out, event, at);
}

fn read_entry(source: &mut Source<'_>, at: UnixMillis, campaigns: &CampaignReader) -> Result<Entry, CodecFailure> {
    let number = source.u8()?;
    let head = source.u8()?;
    let channel = channel_of(head & 0b111)?;
    let form = head >> 3 & 0b111;
    let actor_number = match form {
        0..=4 => source.number::<u32>("actor")?,
        _ => 0,
    };
    let reason = match head & HEAD_REASON {
        0 => 0,
        _ => match source.number("reason")? {
            0 => return Err(CodecFailure::Malformed("reason")),
            reason => reason,
        },
    };
    let under = match source.u64()?.checked_sub(1) {
        None => None,
        Some(campaign) => {
            let campaign = u16::try_from(campaign).map_err(|_| CodecFailure::Malformed("campaign"))?;
            Some((CampaignId(campaign), CampaignVersion(source.number("campaign version")?)))
        }
    };
    let operation = match head & HEAD_OPERATION {
        0 => None,
        _ => Some(Operation {
            key: OperationKey(u128::from_le_bytes(source.array()?)),
            request_hash: u64::from_le_bytes(source.array()?),
        }),
    };
    let event = event::read_fields(source, number, at, campaigns)?;
    let actor = match form {
        0 => Actor::Citizen(Person(actor_number)),
        1 => Actor::Proxy(Person(actor_number)),
        2 => Actor::Agent(StaffNumber(actor_number)),
        3 => Actor::ClinicStaff(StaffNumber(actor_number)),
        4 => Actor::Operator(StaffNumber(actor_number)),
        5 => Actor::System,
        ACTOR_IS_PERSON_OF_EVENT => {
            Actor::Citizen(event::person_of(&event).ok_or(CodecFailure::Malformed("actor of an event without person"))?)
        }
        _ => return Err(CodecFailure::Malformed("form of the actor")),
    };
    Ok(Entry { by: Provenance { actor, channel, reason }, under, operation, event })
}

fn number_of_channel(channel: Channel) -> u8 {
    match channel {
        Channel::Page => 0,
        Channel::Api => 1,
        Channel::Call => 2,
        Channel::Clinic => 3,
        Channel::CommandLine => 4,
        Channel::Internal => 5,
    }
}

fn channel_of(number: u8) -> Result<Channel, CodecFailure> {
    Ok(match number {
        0 => Channel::Page,
        1 => Channel::Api,
        2 => Channel::Call,
        3 => Channel::Clinic,
        4 => Channel::CommandLine,
        5 => Channel::Internal,
        _ => return Err(CodecFailure::Malformed("channel")),
    })
}

#[cfg(test)]
mod tests;

//! Room: ledger/journal/codec. Layout of the events of helping, and of an agent's look-up. Called by `event`, which numbers
//! them.

use charye_domain::book::Event;
use charye_domain::helping::{EndOfHelp, HelpProof, scheme_number, scheme_of_number};
use charye_domain::ids::{HelpId, Person};
use charye_domain::time::UnixMillis;

use crate::journal::codec::CodecFailure;
use crate::journal::codec::bytes::{Source, put_u64};
use crate::journal::codec::event::{put_u32, read_person};
use crate::journal::codec::rejection::{put_instant, read_instant};

/// Appends the fields of an event of helping. Any other event has none here.
pub(super) fn put_fields(out: &mut Vec<u8>, event: &Event, at: UnixMillis) {
    match event {
        Event::HelperInvited { help, helped, scheme, challenge, proof, expires_at } => {
            put_u32(out, help.0);
            put_u32(out, helped.0);
            out.push(scheme_number(*scheme));
            // Random, so a varint would be longer.
            out.extend_from_slice(&challenge.to_le_bytes());
            out.extend_from_slice(&proof.0);
            put_instant(out, *expires_at, at);
        }
        Event::HelpMissed { help, helper } => {
            put_u32(out, help.0);
            put_u32(out, helper.0);
        }
        Event::HelpAccepted { help, helper, helped, ends_at } => {
            put_u32(out, help.0);
            put_u32(out, helper.0);
            put_u32(out, helped.0);
            put_instant(out, *ends_at, at);
        }
        Event::HelpAttested { help, helper, helped, scheme, ends_at } => {
            put_u32(out, help.0);
            put_u32(out, helper.0);
            put_u32(out, helped.0);
            out.push(scheme_number(*scheme));
            put_instant(out, *ends_at, at);
        }
        Event::HelpEnded { help, cause } => {
            put_u32(out, help.0);
            out.push(match cause {
                EndOfHelp::Revoked => 0,
                EndOfHelp::Expired => 1,
                EndOfHelp::TriesSpent => 2,
            });
        }
        Event::CallerLookedUp { person } => put_maybe(out, *person),
        _ => {}
    }
}

/// Reads the fields of the event with this number.
pub(super) fn read_fields(source: &mut Source<'_>, number: u8, at: UnixMillis) -> Result<Event, CodecFailure> {
    let help = |source: &mut Source<'_>| source.number("help").map(HelpId);
    let scheme = |source: &mut Source<'_>| scheme_of_number(source.u8()?).ok_or(CodecFailure::Malformed("scheme"));
    Ok(match number {
        81 => Event::HelperInvited {
            help: help(source)?,
            helped: read_person(source)?,
            scheme: scheme(source)?,
            challenge: u64::from_le_bytes(source.array()?),
            proof: HelpProof(source.array()?),
            expires_at: read_instant(source, at)?,
        },
        82 => Event::HelpMissed { help: help(source)?, helper: read_person(source)? },
        83 => Event::HelpAccepted {
            help: help(source)?,
            helper: read_person(source)?,
            helped: read_person(source)?,
            ends_at: read_instant(source, at)?,
        },
        84 => Event::HelpAttested {
            help: help(source)?,
            helper: read_person(source)?,
            helped: read_person(source)?,
            scheme: scheme(source)?,
            ends_at: read_instant(source, at)?,
        },
        85 => Event::HelpEnded {
            help: help(source)?,
            cause: match source.u8()? {
                0 => EndOfHelp::Revoked,
                1 => EndOfHelp::Expired,
                2 => EndOfHelp::TriesSpent,
                _ => return Err(CodecFailure::Malformed("end of a help")),
            },
        },
        86 => Event::CallerLookedUp { person: read_maybe(source)? },
        unknown => return Err(CodecFailure::UnknownEvent(unknown)),
    })
}

/// Nobody as 0, else the person's number plus one.
fn put_maybe(out: &mut Vec<u8>, person: Option<Person>) {
    put_u64(out, person.map_or(0, |person| u64::from(person.0) + 1));
}

fn read_maybe(source: &mut Source<'_>) -> Result<Option<Person>, CodecFailure> {
    match source.u64()?.checked_sub(1) {
        None => Ok(None),
        Some(person) => {
            u32::try_from(person).map(|person| Some(Person(person))).map_err(|_| CodecFailure::Malformed("person"))
        }
    }
}

//! Room: ledger/journal/codec. Layout of the events of lines and draws. Called by `event`, which numbers them.

use std::sync::Arc;

use charye_domain::book::Event;
use charye_domain::campaign::Bilingual;
use charye_domain::ids::{KeyId, OpeningId};
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{Calls, PauseReason};
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawSecret};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::wait_estimate::WaitRange;

use crate::journal::codec::CodecFailure;
use crate::journal::codec::bytes::{Source, put_text, put_u64};
use crate::journal::codec::event::{put_u32, read_person};
use crate::journal::codec::rejection::{put_instant, read_instant};

/// Bytes of a place in a list of drawn ones: they are random, so a varint would be longer.
const PLACE_BYTES: usize = 8;

/// Appends the fields of an event of a line. Any other event has none here.
pub(super) fn put_fields(out: &mut Vec<u8>, event: &Event, at: UnixMillis) {
    match event {
        Event::DrawCommitted { opening, key_id, commitments } => {
            out.push(opening.0);
            put_u64(out, u64::from(key_id.0));
            out.extend_from_slice(&commitments.secret);
            out.extend_from_slice(&commitments.draw_key);
        }
        Event::Enrolled { person, opening }
        | Event::LeftLine { person, opening }
        | Event::PutBack { person, opening } => {
            put_u32(out, person.0);
            out.push(opening.0);
        }
        Event::DrawClosed { opening, closing } => {
            out.push(opening.0);
            out.extend_from_slice(&closing.root);
            put_u64(out, closing.count);
        }
        Event::DrawRevealed { opening, secret, public_value } => {
            out.push(opening.0);
            out.extend_from_slice(&secret.0);
            put_u64(out, public_value.len() as u64);
            out.extend_from_slice(public_value);
        }
        Event::PlacesDrawn { opening, from, places } => {
            out.push(opening.0);
            put_u32(out, *from);
            put_u64(out, places.len() as u64);
            places.iter().for_each(|place| out.extend_from_slice(&place.0.to_le_bytes()));
        }
        Event::Arrived { person, opening, place, promise } => {
            put_u32(out, person.0);
            out.push(opening.0);
            // A place after the opening is 2^63 and some milliseconds: turned round by a bit, it is short.
            put_u64(out, place.0.rotate_left(1));
            match promise {
                None => out.push(0),
                Some(WaitRange { from_secs, to_secs }) => {
                    out.push(1);
                    put_u32(out, *from_secs);
                    put_u32(out, to_secs.wrapping_sub(*from_secs));
                }
            }
        }
        Event::CameBack { person, opening, number } => {
            put_u32(out, person.0);
            out.push(opening.0);
            put_u64(out, *number);
        }
        Event::Called { opening, calls: Calls { overtaken, returners, line } } => {
            out.push(opening.0);
            put_u32(out, *overtaken);
            put_u32(out, *returners);
            put_u32(out, *line);
        }
        Event::Steered { opening, steering, note } => {
            out.push(opening.0);
            put_steering(out, steering, at);
            put_text(out, note);
        }
        _ => {}
    }
}

/// Reads the fields of the event with this number.
pub(super) fn read_fields(source: &mut Source<'_>, number: u8, at: UnixMillis) -> Result<Event, CodecFailure> {
    Ok(match number {
        70 => Event::DrawCommitted {
            opening: OpeningId(source.u8()?),
            key_id: KeyId(source.number("key id")?),
            commitments: Box::new(Commitments { secret: source.array()?, draw_key: source.array()? }),
        },
        71 => Event::Enrolled { person: read_person(source)?, opening: OpeningId(source.u8()?) },
        72 => Event::DrawClosed {
            opening: OpeningId(source.u8()?),
            closing: Box::new(Closing { root: source.array()?, count: source.u64()? }),
        },
        73 => {
            let opening = OpeningId(source.u8()?);
            let secret = Box::new(DrawSecret(source.array()?));
            let length = source.count(1)?;
            Event::DrawRevealed { opening, secret, public_value: Arc::from(source.bytes(length)?) }
        }
        74 => {
            let opening = OpeningId(source.u8()?);
            let from = source.number("number of a list")?;
            let count = source.count(PLACE_BYTES)?;
            let place = |_| Ok(Place(u64::from_le_bytes(source.array()?)));
            let places = (0..count).map(place).collect::<Result<_, CodecFailure>>()?;
            Event::PlacesDrawn { opening, from, places }
        }
        75 => Event::Arrived {
            person: read_person(source)?,
            opening: OpeningId(source.u8()?),
            place: Place(source.u64()?.rotate_right(1)),
            promise: match source.u8()? {
                0 => None,
                1 => {
                    let from_secs = source.number("promise")?;
                    let width_secs: u32 = source.number("promise")?;
                    Some(WaitRange { from_secs, to_secs: from_secs.wrapping_add(width_secs) })
                }
                _ => return Err(CodecFailure::Malformed("promise")),
            },
        },
        76 => Event::CameBack { person: read_person(source)?, opening: OpeningId(source.u8()?), number: source.u64()? },
        77 => Event::LeftLine { person: read_person(source)?, opening: OpeningId(source.u8()?) },
        78 => Event::PutBack { person: read_person(source)?, opening: OpeningId(source.u8()?) },
        79 => Event::Called {
            opening: OpeningId(source.u8()?),
            calls: Calls {
                overtaken: source.number("calls")?,
                returners: source.number("calls")?,
                line: source.number("calls")?,
            },
        },
        80 => Event::Steered {
            opening: OpeningId(source.u8()?),
            steering: Box::new(read_steering(source, at)?),
            note: source.text()?.into(),
        },
        unknown => return Err(CodecFailure::UnknownEvent(unknown)),
    })
}

fn put_steering(out: &mut Vec<u8>, steering: &Steering, at: UnixMillis) {
    match steering {
        Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min } => {
            out.push(0);
            put_u32(out, *hard_cap);
            put_u32(out, *rate_min_per_min);
            put_u32(out, *rate_max_per_min);
        }
        Steering::Pause(reason) => out.extend_from_slice(&[
            1,
            match reason {
                PauseReason::Operator => 0,
                PauseReason::NothingLeft => 1,
                PauseReason::GateInTrouble => 2,
            },
        ]),
        Steering::Resume => out.push(2),
        Steering::OpenAt(instant) => {
            out.push(3);
            put_instant(out, *instant, at);
        }
        Steering::CloseToArrivals => out.push(4),
        Steering::ReopenToArrivals => out.push(5),
        Steering::Message(None) => out.push(6),
        Steering::Message(Some(Bilingual { ko, en })) => {
            out.push(7);
            put_text(out, ko);
            put_text(out, en);
        }
        Steering::Drain => out.push(8),
    }
}

fn read_steering(source: &mut Source<'_>, at: UnixMillis) -> Result<Steering, CodecFailure> {
    Ok(match source.u8()? {
        0 => Steering::Terms {
            hard_cap: source.number("terms")?,
            rate_min_per_min: source.number("terms")?,
            rate_max_per_min: source.number("terms")?,
        },
        1 => Steering::Pause(match source.u8()? {
            0 => PauseReason::Operator,
            1 => PauseReason::NothingLeft,
            2 => PauseReason::GateInTrouble,
            _ => return Err(CodecFailure::Malformed("reason of a pause")),
        }),
        2 => Steering::Resume,
        3 => Steering::OpenAt(read_instant(source, at)?),
        4 => Steering::CloseToArrivals,
        5 => Steering::ReopenToArrivals,
        6 => Steering::Message(None),
        7 => Steering::Message(Some(Bilingual { ko: source.text()?.to_owned(), en: source.text()?.to_owned() })),
        8 => Steering::Drain,
        _ => return Err(CodecFailure::Malformed("steering")),
    })
}

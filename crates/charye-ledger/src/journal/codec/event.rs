//! Room: ledger/journal/codec. Layout of every event: its stable number and its fields. Called by `codec`.
//!
//! Adding an event: give it the next free number of its group, a line in `docs/reference/journal-format.md` and one in
//! `tests/golden/`. A number once given is never given again; a layout once written stays readable.

use std::sync::Arc;

use charye_domain::book::{EndOfVisit, Event};
use charye_domain::identity::{IdentityProviderId, OperatorWord, ProviderOrder};
use charye_domain::ids::{
    BlockId, CampaignId, CampaignVersion, CitizenKey, CohortId, HoldId, ImportId, KeyId, MessageId, OpeningId, Person,
    ReservationId, ReservationNumber, SlotId,
};
use charye_domain::reservation::EndOfHold;
use charye_domain::time::UnixMillis;

use crate::journal::codec::bytes::{Source, put_i64, put_text, put_u64};
use crate::journal::codec::help;
use crate::journal::codec::import::{
    CLINIC_BYTES_MIN, SESSION_BYTES_MIN, put_clinic, put_dose, put_session, read_clinic, read_dose, read_session,
};
use crate::journal::codec::line;
use crate::journal::codec::rejection::{put_instant, put_rejection, read_instant, read_rejection};
use crate::journal::codec::{CampaignReader, CodecFailure};

/// The stable number of an event.
pub(super) fn number_of(event: &Event) -> u8 {
    match event {
        Event::CitizenRegistered { .. } => 1,
        Event::CitizenRecognised { .. } => 2,
        Event::CitizenRekeyed { .. } => 3,
        Event::PersonErased { .. } => 4,
        Event::VisitStarted { .. } => 10,
        Event::VisitMoved { .. } => 11,
        Event::VisitEnded { .. } => 12,
        Event::Held { .. } => 20,
        Event::HoldExtended { .. } => 21,
        Event::HoldEnded { .. } => 22,
        Event::Confirmed { .. } => 23,
        Event::Reserved { .. } => 24,
        Event::Rescheduled { .. } => 25,
        Event::Cancelled { .. } => 26,
        Event::CheckedIn { .. } => 27,
        Event::Administered { .. } => 28,
        Event::MarkedNoShow { .. } => 29,
        Event::CampaignPublished { .. } => 40,
        Event::ClinicsStaged { .. } => 41,
        Event::SessionsStaged { .. } => 42,
        Event::ImportActivated { .. } => 43,
        Event::ImportDiscarded { .. } => 44,
        Event::ImportLaidOut { .. } => 96,
        Event::SlotsBlocked { .. } => 45,
        Event::SlotsUnblocked { .. } => 46,
        Event::ShareReleased { .. } => 47,
        Event::Delivered { .. } => 60,
        Event::OutageNoted { .. } => 61,
        Event::ClockAccepted => 62,
        Event::Refused { .. } => 63,
        Event::DrawCommitted { .. } => 70,
        Event::Enrolled { .. } => 71,
        Event::DrawClosed { .. } => 72,
        Event::DrawRevealed { .. } => 73,
        Event::PlacesDrawn { .. } => 74,
        Event::Arrived { .. } => 75,
        Event::CameBack { .. } => 76,
        Event::LeftLine { .. } => 77,
        Event::PutBack { .. } => 78,
        Event::Called { .. } => 79,
        Event::Steered { .. } => 80,
        Event::HelperInvited { .. } => 81,
        Event::HelpMissed { .. } => 82,
        Event::HelpAccepted { .. } => 83,
        Event::HelpAttested { .. } => 84,
        Event::HelpEnded { .. } => 85,
        Event::CallerLookedUp { .. } => 86,
        Event::ProviderSteered { .. } => 95,
    }
}

/// The person an event is about, if it names one: an actor who is that person takes no bytes.
pub(super) fn person_of(event: &Event) -> Option<Person> {
    match event {
        Event::CitizenRegistered { person, .. }
        | Event::CitizenRecognised { person }
        | Event::CitizenRekeyed { person, .. }
        | Event::PersonErased { person }
        | Event::VisitStarted { person, .. }
        | Event::VisitMoved { person, .. }
        | Event::VisitEnded { person, .. }
        | Event::Held { person, .. }
        | Event::HoldExtended { person, .. }
        | Event::HoldEnded { person, .. }
        | Event::Confirmed { person, .. }
        | Event::Reserved { person, .. }
        | Event::Rescheduled { person, .. }
        | Event::Cancelled { person, .. }
        | Event::Enrolled { person, .. }
        | Event::Arrived { person, .. }
        | Event::CameBack { person, .. }
        | Event::LeftLine { person, .. }
        | Event::PutBack { person, .. } => Some(*person),
        Event::CheckedIn { .. }
        | Event::Administered { .. }
        | Event::MarkedNoShow { .. }
        | Event::CampaignPublished { .. }
        | Event::ClinicsStaged { .. }
        | Event::SessionsStaged { .. }
        | Event::ImportLaidOut { .. }
        | Event::ImportActivated { .. }
        | Event::ImportDiscarded { .. }
        | Event::SlotsBlocked { .. }
        | Event::SlotsUnblocked { .. }
        | Event::ShareReleased { .. }
        | Event::Delivered { .. }
        | Event::OutageNoted { .. }
        | Event::ClockAccepted
        | Event::Refused { .. }
        | Event::DrawCommitted { .. }
        | Event::DrawClosed { .. }
        | Event::DrawRevealed { .. }
        | Event::PlacesDrawn { .. }
        | Event::Called { .. }
        | Event::Steered { .. }
        | Event::HelperInvited { .. }
        | Event::HelpMissed { .. }
        | Event::HelpAccepted { .. }
        | Event::HelpAttested { .. }
        | Event::HelpEnded { .. }
        | Event::CallerLookedUp { .. }
        | Event::ProviderSteered { .. } => None,
    }
}

/// Appends the fields of an event. Instants are told from the batch's time `at`.
pub(super) fn put_fields(out: &mut Vec<u8>, event: &Event, at: UnixMillis) {
    match event {
        Event::CitizenRegistered { person, key_id, citizen_key }
        | Event::CitizenRekeyed { person, key_id, citizen_key } => {
            put_u32(out, person.0);
            put_u64(out, u64::from(key_id.0));
            out.extend_from_slice(&citizen_key.0);
        }
        Event::CitizenRecognised { person } | Event::PersonErased { person } => put_u32(out, person.0),
        Event::VisitStarted { person, opening, generation, ends_at }
        | Event::VisitMoved { person, opening, generation, ends_at } => {
            put_u32(out, person.0);
            out.push(opening.0);
            put_u32(out, *generation);
            put_instant(out, *ends_at, at);
        }
        Event::VisitEnded { person, generation, cause } => {
            put_u32(out, person.0);
            put_u32(out, *generation);
            out.push(match cause {
                EndOfVisit::Reserved => 0,
                EndOfVisit::SignedOut => 1,
                EndOfVisit::Expired => 2,
                EndOfVisit::HoldsExpired => 3,
                EndOfVisit::Erased => 4,
                EndOfVisit::OurFault => 5,
            });
        }
        Event::Held { person, hold, first, second, opening, cohort, expires_at } => {
            put_u32(out, person.0);
            put_u32(out, hold.0);
            put_places(out, *first, *second);
            out.push(opening.0);
            out.push(cohort.0);
            put_instant(out, *expires_at, at);
        }
        Event::HoldExtended { person, hold, expires_at } => {
            put_u32(out, person.0);
            put_u32(out, hold.0);
            put_instant(out, *expires_at, at);
        }
        Event::HoldEnded { person, hold, cause } => {
            put_u32(out, person.0);
            put_u32(out, hold.0);
            out.push(match cause {
                EndOfHold::Released => 0,
                EndOfHold::Expired => 1,
                EndOfHold::VisitEnded => 2,
            });
        }
        Event::Confirmed { person, hold, reservation, number } => {
            put_u32(out, person.0);
            put_u32(out, hold.0);
            put_u32(out, reservation.0);
            put_number(out, *number);
        }
        Event::Reserved { person, reservation, number, first, second, opening, cohort } => {
            put_u32(out, person.0);
            put_u32(out, reservation.0);
            put_number(out, *number);
            put_places(out, *first, *second);
            out.push(opening.0);
            out.push(cohort.0);
        }
        Event::Rescheduled { person, reservation, first, second } => {
            put_u32(out, person.0);
            put_u32(out, reservation.0);
            put_places(out, *first, *second);
        }
        Event::Cancelled { person, reservation } => {
            put_u32(out, person.0);
            put_u32(out, reservation.0);
        }
        Event::CheckedIn { reservation, dose }
        | Event::Administered { reservation, dose }
        | Event::MarkedNoShow { reservation, dose } => {
            put_u32(out, reservation.0);
            put_dose(out, *dose);
        }
        Event::CampaignPublished { campaign, text } => {
            put_u64(out, u64::from(campaign.id.0));
            put_u64(out, u64::from(campaign.version.0));
            put_text(out, text);
        }
        Event::ClinicsStaged { import, clinics } => {
            put_u32(out, import.0);
            put_u64(out, clinics.len() as u64);
            clinics.iter().for_each(|clinic| put_clinic(out, clinic));
        }
        Event::SessionsStaged { import, sessions } => {
            put_u32(out, import.0);
            put_u64(out, sessions.len() as u64);
            sessions.iter().for_each(|session| put_session(out, session));
        }
        Event::ImportActivated { import } | Event::ImportDiscarded { import } => put_u32(out, import.0),
        Event::ImportLaidOut { import, from, clinics } => {
            [import.0, *from, *clinics].into_iter().for_each(|number| put_u32(out, number));
        }
        Event::SlotsBlocked { block, mask } | Event::SlotsUnblocked { block, mask } => {
            put_u32(out, block.0);
            out.extend_from_slice(&mask.to_le_bytes());
        }
        Event::ShareReleased { opening } => out.push(opening.0),
        Event::Delivered { messages } => {
            put_u64(out, messages.len() as u64);
            let mut before = 0_u64;
            for message in messages.iter() {
                put_i64(out, message.0.wrapping_sub(before).cast_signed());
                before = message.0;
            }
        }
        Event::OutageNoted { gap_ms } => put_u64(out, *gap_ms),
        Event::ClockAccepted => {}
        Event::ProviderSteered { order } => {
            put_text(out, order.provider.as_str());
            match order.word {
                OperatorWord::Open => out.push(0),
                OperatorWord::Closed => out.push(1),
                OperatorWord::Capped(cap) => {
                    out.push(2);
                    put_u32(out, cap.into());
                }
            }
            put_text(out, &order.note);
        }
        Event::Refused { rejection } => put_rejection(out, *rejection, at),
        Event::HelperInvited { .. }
        | Event::HelpMissed { .. }
        | Event::HelpAccepted { .. }
        | Event::HelpAttested { .. }
        | Event::HelpEnded { .. }
        | Event::CallerLookedUp { .. } => help::put_fields(out, event, at),
        of_a_line => line::put_fields(out, of_a_line, at),
    }
}

/// Reads the fields of the event with this number.
pub(super) fn read_fields(
    source: &mut Source<'_>,
    number: u8,
    at: UnixMillis,
    campaigns: &CampaignReader,
) -> Result<Event, CodecFailure> {
    Ok(match number {
        1 => Event::CitizenRegistered {
            person: read_person(source)?,
            key_id: KeyId(source.number("key id")?),
            citizen_key: CitizenKey(source.array()?),
        },
        2 => Event::CitizenRecognised { person: read_person(source)? },
        3 => Event::CitizenRekeyed {
            person: read_person(source)?,
            key_id: KeyId(source.number("key id")?),
            citizen_key: CitizenKey(source.array()?),
        },
        4 => Event::PersonErased { person: read_person(source)? },
        10 => Event::VisitStarted {
            person: read_person(source)?,
            opening: OpeningId(source.u8()?),
            generation: source.number("generation")?,
            ends_at: read_instant(source, at)?,
        },
        11 => Event::VisitMoved {
            person: read_person(source)?,
            opening: OpeningId(source.u8()?),
            generation: source.number("generation")?,
            ends_at: read_instant(source, at)?,
        },
        12 => Event::VisitEnded {
            person: read_person(source)?,
            generation: source.number("generation")?,
            cause: match source.u8()? {
                0 => EndOfVisit::Reserved,
                1 => EndOfVisit::SignedOut,
                2 => EndOfVisit::Expired,
                3 => EndOfVisit::HoldsExpired,
                4 => EndOfVisit::Erased,
                5 => EndOfVisit::OurFault,
                _ => return Err(CodecFailure::Malformed("end of a visit")),
            },
        },
        20 => {
            let person = read_person(source)?;
            let hold = read_hold(source)?;
            let (first, second) = read_places(source)?;
            let opening = OpeningId(source.u8()?);
            let cohort = CohortId(source.u8()?);
            Event::Held { person, hold, first, second, opening, cohort, expires_at: read_instant(source, at)? }
        }
        21 => Event::HoldExtended {
            person: read_person(source)?,
            hold: read_hold(source)?,
            expires_at: read_instant(source, at)?,
        },
        22 => Event::HoldEnded {
            person: read_person(source)?,
            hold: read_hold(source)?,
            cause: match source.u8()? {
                0 => EndOfHold::Released,
                1 => EndOfHold::Expired,
                2 => EndOfHold::VisitEnded,
                _ => return Err(CodecFailure::Malformed("end of a hold")),
            },
        },
        23 => Event::Confirmed {
            person: read_person(source)?,
            hold: read_hold(source)?,
            reservation: read_reservation(source)?,
            number: read_number(source)?,
        },
        24 => {
            let person = read_person(source)?;
            let reservation = read_reservation(source)?;
            let number = read_number(source)?;
            let (first, second) = read_places(source)?;
            let opening = OpeningId(source.u8()?);
            Event::Reserved { person, reservation, number, first, second, opening, cohort: CohortId(source.u8()?) }
        }
        25 => {
            let person = read_person(source)?;
            let reservation = read_reservation(source)?;
            let (first, second) = read_places(source)?;
            Event::Rescheduled { person, reservation, first, second }
        }
        26 => Event::Cancelled { person: read_person(source)?, reservation: read_reservation(source)? },
        27 => Event::CheckedIn { reservation: read_reservation(source)?, dose: read_dose(source)? },
        28 => Event::Administered { reservation: read_reservation(source)?, dose: read_dose(source)? },
        29 => Event::MarkedNoShow { reservation: read_reservation(source)?, dose: read_dose(source)? },
        40 => {
            let id = CampaignId(source.number("campaign")?);
            let version = CampaignVersion(source.number("campaign version")?);
            let text = source.text()?;
            let campaign =
                campaigns(text, id, version).map_err(|reason| CodecFailure::Campaign { id, version, reason })?;
            if (campaign.id, campaign.version) != (id, version) {
                return Err(CodecFailure::Malformed("campaign text read as another campaign"));
            }
            Event::CampaignPublished { campaign: Arc::new(campaign), text: text.into() }
        }
        41 => {
            let import = read_import(source)?;
            let count = source.count(CLINIC_BYTES_MIN)?;
            Event::ClinicsStaged { import, clinics: (0..count).map(|_| read_clinic(source)).collect::<Result<_, _>>()? }
        }
        42 => {
            let import = read_import(source)?;
            let count = source.count(SESSION_BYTES_MIN)?;
            Event::SessionsStaged {
                import,
                sessions: (0..count).map(|_| read_session(source)).collect::<Result<_, _>>()?,
            }
        }
        43 => Event::ImportActivated { import: read_import(source)? },
        44 => Event::ImportDiscarded { import: read_import(source)? },
        45 => Event::SlotsBlocked { block: read_block(source)?, mask: u64::from_le_bytes(source.array()?) },
        46 => Event::SlotsUnblocked { block: read_block(source)?, mask: u64::from_le_bytes(source.array()?) },
        96 => {
            let import = read_import(source)?;
            Event::ImportLaidOut {
                import,
                from: source.number("number of a clinic")?,
                clinics: source.number("count of clinics")?,
            }
        }
        47 => Event::ShareReleased { opening: OpeningId(source.u8()?) },
        60 => {
            let count = source.count(1)?;
            let mut before = 0_u64;
            let messages = (0..count)
                .map(|_| {
                    before = before.wrapping_add(source.i64()?.cast_unsigned());
                    Ok(MessageId(before))
                })
                .collect::<Result<_, CodecFailure>>()?;
            Event::Delivered { messages }
        }
        61 => Event::OutageNoted { gap_ms: source.u64()? },
        62 => Event::ClockAccepted,
        63 => Event::Refused { rejection: read_rejection(source, at)? },
        95 => Event::ProviderSteered { order: Box::new(read_provider_order(source)?) },
        81..=89 => help::read_fields(source, number, at)?,
        of_a_line => line::read_fields(source, of_a_line, at)?,
    })
}

fn read_provider_order(source: &mut Source<'_>) -> Result<ProviderOrder, CodecFailure> {
    let provider = IdentityProviderId::parse(source.text()?).ok_or(CodecFailure::Malformed("a provider's name"))?;
    let word = match source.u8()? {
        0 => OperatorWord::Open,
        1 => OperatorWord::Closed,
        2 => OperatorWord::Capped(source.number("cap")?),
        _ => return Err(CodecFailure::Malformed("an operator's word")),
    };
    Ok(ProviderOrder { provider, word, note: source.text()?.into() })
}

pub(super) fn put_u32(out: &mut Vec<u8>, value: u32) {
    put_u64(out, u64::from(value));
}

fn put_number(out: &mut Vec<u8>, number: ReservationNumber) {
    put_u64(out, number.value());
}

/// The first place in full; the second, if any, as its distance: 0 for none, else the zigzag distance plus one.
fn put_places(out: &mut Vec<u8>, first: SlotId, second: Option<SlotId>) {
    put_u32(out, first.0);
    match second {
        None => out.push(0),
        Some(second) => {
            let distance = i64::from(second.0) - i64::from(first.0);
            put_u64(out, ((distance << 1) ^ (distance >> 63)).cast_unsigned() + 1);
        }
    }
}

fn read_places(source: &mut Source<'_>) -> Result<(SlotId, Option<SlotId>), CodecFailure> {
    let first = SlotId(source.number("slot")?);
    let Some(zigzag) = source.u64()?.checked_sub(1) else {
        return Ok((first, None));
    };
    let distance = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    let second = i64::from(first.0).checked_add(distance).and_then(|slot| u32::try_from(slot).ok());
    Ok((first, Some(SlotId(second.ok_or(CodecFailure::Malformed("second slot"))?))))
}

pub(super) fn read_person(source: &mut Source<'_>) -> Result<Person, CodecFailure> {
    Ok(Person(source.number("person")?))
}

fn read_hold(source: &mut Source<'_>) -> Result<HoldId, CodecFailure> {
    Ok(HoldId(source.number("hold")?))
}

fn read_reservation(source: &mut Source<'_>) -> Result<ReservationId, CodecFailure> {
    Ok(ReservationId(source.number("reservation")?))
}

fn read_number(source: &mut Source<'_>) -> Result<ReservationNumber, CodecFailure> {
    ReservationNumber::from_value(source.u64()?).ok_or(CodecFailure::Malformed("check digit of a reservation number"))
}

fn read_import(source: &mut Source<'_>) -> Result<ImportId, CodecFailure> {
    Ok(ImportId(source.number("import")?))
}

fn read_block(source: &mut Source<'_>) -> Result<BlockId, CodecFailure> {
    Ok(BlockId(source.number("block")?))
}

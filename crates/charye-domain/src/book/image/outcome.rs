//! Room: domain/book/image. Remembered answers as 14 bytes each: which, then a small, a middle and a wide number.

use crate::book::image::ImageError;
use crate::book::image::bytes::{Fields, Writer};
use crate::book::reservations::{state_code, state_from_code};
use crate::book::{LineStanding, Outcome, Rejection};
use crate::eligibility::Ineligible;
use crate::ids::{CampaignId, CampaignVersion, HelpId, HoldId, OpeningId, Person, ReservationId, ReservationNumber};
use crate::time::UnixMillis;
use crate::waiting_room::place::Place;

/// Rejections that carry nothing. A position here is a number in images of version 1: new ones go at the end.
const PLAIN: [Rejection; 41] = [
    Rejection::KeyReused,
    Rejection::NotAllowed,
    Rejection::PersonUnknown,
    Rejection::CampaignUnknown,
    Rejection::CampaignVersionStale,
    Rejection::Ineligible(Ineligible::NotInCohort),
    Rejection::NoVisit,
    Rejection::VisitMoved,
    Rejection::AlreadyReserved,
    Rejection::HoldOpen,
    Rejection::HoldUnknown,
    Rejection::HoldExpired,
    Rejection::HoldExtendedTooOften,
    Rejection::SlotUnknown,
    Rejection::SlotOfOtherCampaign,
    Rejection::SlotOfOtherDose,
    Rejection::SlotPast,
    Rejection::SlotBlocked,
    Rejection::SecondDoseMissing,
    Rejection::SecondDoseNotWanted,
    Rejection::SecondDoseElsewhere,
    Rejection::IntervalNotAllowed,
    Rejection::SoldOut,
    Rejection::SecondDoseSoldOut,
    Rejection::ReservationUnknown,
    Rejection::MoveNotAllowed,
    Rejection::ReservationActive,
    Rejection::ImportUnknown,
    Rejection::ImportInvalid,
    Rejection::LimitReached,
    Rejection::DrawOutOfTurn,
    Rejection::NoticeTooShort,
    Rejection::TermsUnsound,
    Rejection::LineClosed,
    Rejection::NotCalled,
    Rejection::HelpNotStanding,
    Rejection::HelpUnknown,
    Rejection::HelpCodeWrong,
    Rejection::HelpLimit,
    Rejection::HelpersEnough,
    Rejection::NotAChild,
];
const OPENING_NOT_YET: u8 = 100;
const OPENINGS_OVER: u8 = 101;
const TOO_LATE: u8 = 102;

pub(super) fn write(to: &mut Writer<'_>, outcome: &Outcome) {
    let (tag, small, middle, wide) = match *outcome {
        Outcome::Registered { person } => (0, 0, person.0, 0),
        Outcome::Erased => (1, 0, 0, 0),
        Outcome::Visiting { opening, generation, ends_at } => (2, opening.0, generation, bits(ends_at)),
        Outcome::VisitOver => (3, 0, 0, 0),
        Outcome::Held { hold, expires_at } => (4, 0, hold.0, bits(expires_at)),
        Outcome::HoldReleased => (5, 0, 0, 0),
        Outcome::Reserved { reservation, number } => (6, 0, reservation.0, number.value()),
        Outcome::Rescheduled { reservation } => (7, 0, reservation.0, 0),
        Outcome::Cancelled { reservation } => (8, 0, reservation.0, 0),
        Outcome::DoseNow { reservation, state } => (9, state_code(state), reservation.0, 0),
        Outcome::Published { campaign, version } => (10, 0, u32::from(campaign.0), u64::from(version.0)),
        Outcome::Done => (11, 0, 0, 0),
        Outcome::Refused(rejection) => refused(rejection),
        Outcome::InLine { opening, standing } => {
            let (kind, wide) = match standing {
                LineStanding::Enrolled => (0, 0),
                LineStanding::Waiting { place } => (1, place.0),
                LineStanding::Returning { number } => (2, number),
                LineStanding::Called { until } => (3, bits(until)),
            };
            (13, opening.0, kind, wide)
        }
        Outcome::Steered => (14, 0, 0, 0),
        Outcome::HelperInvited { help } => (15, 0, help.0, 0),
        Outcome::HelpStands { help, ends_at } => (16, 0, help.0, bits(ends_at)),
        Outcome::HelpOver => (17, 0, 0, 0),
        Outcome::LaidOut => (18, 0, 0, 0),
    };
    to.u8(tag);
    to.u8(small);
    to.u32(middle);
    to.u64(wide);
}

fn refused(rejection: Rejection) -> (u8, u8, u32, u64) {
    match rejection {
        Rejection::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => {
            (12, OPENING_NOT_YET, u32::from(opening.0), bits(opens_at))
        }
        Rejection::Ineligible(Ineligible::OpeningsOver { closed_at }) => (12, OPENINGS_OVER, 0, bits(closed_at)),
        Rejection::TooLate { until } => (12, TOO_LATE, 0, bits(until)),
        plain => (12, PLAIN.iter().position(|known| *known == plain).unwrap_or(PLAIN.len()) as u8, 0, 0),
    }
}

pub(super) fn read(from: &mut Fields<'_>) -> Result<Outcome, ImageError> {
    let (tag, small, middle, wide) = (from.u8(), from.u8(), from.u32(), from.u64());
    let unknown = ImageError::Invalid("a remembered answer");
    let at = UnixMillis(i64::from_le_bytes(wide.to_le_bytes()));
    let reservation = ReservationId(middle);
    Ok(match tag {
        0 => Outcome::Registered { person: Person(middle) },
        1 => Outcome::Erased,
        2 => Outcome::Visiting { opening: OpeningId(small), generation: middle, ends_at: at },
        3 => Outcome::VisitOver,
        4 => Outcome::Held { hold: HoldId(middle), expires_at: at },
        5 => Outcome::HoldReleased,
        6 => Outcome::Reserved { reservation, number: ReservationNumber::from_value(wide).ok_or(unknown)? },
        7 => Outcome::Rescheduled { reservation },
        8 => Outcome::Cancelled { reservation },
        9 => Outcome::DoseNow { reservation, state: state_from_code(small).ok_or(unknown)? },
        10 => Outcome::Published {
            campaign: CampaignId(u16::try_from(middle).map_err(|_| unknown)?),
            version: CampaignVersion(u16::try_from(wide).map_err(|_| unknown)?),
        },
        11 => Outcome::Done,
        12 => Outcome::Refused(match small {
            OPENING_NOT_YET => {
                let opening = OpeningId(u8::try_from(middle).map_err(|_| unknown)?);
                Rejection::Ineligible(Ineligible::OpeningNotYet { opening, opens_at: at })
            }
            OPENINGS_OVER => Rejection::Ineligible(Ineligible::OpeningsOver { closed_at: at }),
            TOO_LATE => Rejection::TooLate { until: at },
            plain => PLAIN.get(usize::from(plain)).copied().ok_or(unknown)?,
        }),
        13 => Outcome::InLine {
            opening: OpeningId(small),
            standing: match middle {
                0 => LineStanding::Enrolled,
                1 => LineStanding::Waiting { place: Place(wide) },
                2 => LineStanding::Returning { number: wide },
                3 => LineStanding::Called { until: at },
                _ => return Err(unknown),
            },
        },
        14 => Outcome::Steered,
        15 => Outcome::HelperInvited { help: HelpId(middle) },
        16 => Outcome::HelpStands { help: HelpId(middle), ends_at: at },
        17 => Outcome::HelpOver,
        18 => Outcome::LaidOut,
        _ => return Err(unknown),
    })
}

fn bits(at: UnixMillis) -> u64 {
    u64::from_le_bytes(at.0.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::image::bytes::Reader;
    use crate::reservation::DoseState;
    use std::collections::BTreeSet;

    fn there_and_back(outcome: Outcome) -> Result<Outcome, ImageError> {
        let mut image = Vec::new();
        let mut sink = |piece: &[u8]| image.extend_from_slice(piece);
        let mut to = Writer::new(&mut sink);
        write(&mut to, &outcome);
        to.pass_on();
        assert_eq!(image.len(), 14);
        let mut source = |buffer: &mut [u8]| {
            buffer.copy_from_slice(&image);
            true
        };
        let mut back = None;
        Reader::new(&mut source).records(1, 14, |mut fields| {
            back = Some(read(&mut fields)?);
            Ok(())
        })?;
        back.ok_or(ImageError::CutShort)
    }

    #[test]
    fn every_answer_comes_back_and_every_refusal_has_a_code_of_its_own() {
        let at = UnixMillis(-1_234_567_890_123);
        let mut refusals = PLAIN.to_vec();
        refusals.extend([
            Rejection::Ineligible(Ineligible::OpeningNotYet { opening: OpeningId(7), opens_at: at }),
            Rejection::Ineligible(Ineligible::OpeningsOver { closed_at: at }),
            Rejection::TooLate { until: at },
        ]);
        let codes: BTreeSet<_> = refusals.iter().map(|rejection| rejection.code()).collect();
        assert_eq!(codes.len(), refusals.len());
        let reservation = ReservationId(5);
        let mut answers: Vec<_> = refusals.into_iter().map(Outcome::Refused).collect();
        answers.extend([
            Outcome::Registered { person: Person(u32::MAX - 1) },
            Outcome::Erased,
            Outcome::Visiting { opening: OpeningId(255), generation: 9, ends_at: at },
            Outcome::VisitOver,
            Outcome::Held { hold: HoldId(3), expires_at: at },
            Outcome::HoldReleased,
            Outcome::Reserved { reservation, number: ReservationNumber::from_random(u64::MAX) },
            Outcome::Rescheduled { reservation },
            Outcome::Cancelled { reservation },
            Outcome::DoseNow { reservation, state: DoseState::NoShow },
            Outcome::Published { campaign: CampaignId(2), version: CampaignVersion(65_535) },
            Outcome::Done,
            Outcome::InLine { opening: OpeningId(4), standing: LineStanding::Enrolled },
            Outcome::InLine { opening: OpeningId(4), standing: LineStanding::Waiting { place: Place(u64::MAX - 3) } },
            Outcome::InLine { opening: OpeningId(0), standing: LineStanding::Returning { number: 77 } },
            Outcome::InLine { opening: OpeningId(255), standing: LineStanding::Called { until: at } },
            Outcome::Steered,
            Outcome::HelperInvited { help: HelpId(8) },
            Outcome::HelpStands { help: HelpId(9), ends_at: at },
            Outcome::HelpOver,
            Outcome::LaidOut,
        ]);
        for answer in answers {
            assert_eq!(there_and_back(answer), Ok(answer));
        }
    }
}

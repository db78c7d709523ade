//! Room: ledger/journal/codec. Stable numbers of recorded refusals. Called by `event`. A number once given is never
//! given again.

use charye_domain::book::Rejection;
use charye_domain::eligibility::Ineligible;
use charye_domain::ids::OpeningId;
use charye_domain::time::UnixMillis;

use crate::journal::codec::CodecFailure;
use crate::journal::codec::bytes::{Source, put_i64};

/// Appends a refusal: its number, then what it carries. Instants are told from the batch's time `at`.
pub(super) fn put_rejection(out: &mut Vec<u8>, rejection: Rejection, at: UnixMillis) {
    out.push(number_of(rejection));
    match rejection {
        Rejection::Ineligible(Ineligible::OpeningNotYet { opening, opens_at }) => {
            out.push(opening.0);
            put_instant(out, opens_at, at);
        }
        Rejection::Ineligible(Ineligible::OpeningsOver { closed_at }) => put_instant(out, closed_at, at),
        Rejection::TooLate { until } => put_instant(out, until, at),
        _ => {}
    }
}

pub(super) fn read_rejection(source: &mut Source<'_>, at: UnixMillis) -> Result<Rejection, CodecFailure> {
    Ok(match source.u8()? {
        1 => Rejection::KeyReused,
        2 => Rejection::NotAllowed,
        3 => Rejection::PersonUnknown,
        4 => Rejection::CampaignUnknown,
        5 => Rejection::CampaignVersionStale,
        6 => Rejection::Ineligible(Ineligible::NotInCohort),
        7 => {
            let opening = OpeningId(source.u8()?);
            Rejection::Ineligible(Ineligible::OpeningNotYet { opening, opens_at: read_instant(source, at)? })
        }
        8 => Rejection::Ineligible(Ineligible::OpeningsOver { closed_at: read_instant(source, at)? }),
        9 => Rejection::NoVisit,
        10 => Rejection::VisitMoved,
        11 => Rejection::AlreadyReserved,
        12 => Rejection::HoldOpen,
        13 => Rejection::HoldUnknown,
        14 => Rejection::HoldExpired,
        15 => Rejection::HoldExtendedTooOften,
        16 => Rejection::SlotUnknown,
        17 => Rejection::SlotOfOtherCampaign,
        18 => Rejection::SlotOfOtherDose,
        19 => Rejection::SlotPast,
        20 => Rejection::SlotBlocked,
        21 => Rejection::SecondDoseMissing,
        22 => Rejection::SecondDoseNotWanted,
        23 => Rejection::SecondDoseElsewhere,
        24 => Rejection::IntervalNotAllowed,
        25 => Rejection::SoldOut,
        26 => Rejection::SecondDoseSoldOut,
        27 => Rejection::ReservationUnknown,
        28 => Rejection::MoveNotAllowed,
        29 => Rejection::TooLate { until: read_instant(source, at)? },
        30 => Rejection::ReservationActive,
        31 => Rejection::ImportUnknown,
        32 => Rejection::ImportInvalid,
        33 => Rejection::LimitReached,
        34 => Rejection::DrawOutOfTurn,
        35 => Rejection::NoticeTooShort,
        36 => Rejection::TermsUnsound,
        37 => Rejection::LineClosed,
        38 => Rejection::NotCalled,
        39 => Rejection::HelpNotStanding,
        40 => Rejection::HelpUnknown,
        41 => Rejection::HelpCodeWrong,
        42 => Rejection::HelpLimit,
        43 => Rejection::HelpersEnough,
        44 => Rejection::NotAChild,
        _ => return Err(CodecFailure::Malformed("number of a refusal")),
    })
}

/// Appends an instant as milliseconds from the batch's time: most lie within minutes of it.
pub(super) fn put_instant(out: &mut Vec<u8>, instant: UnixMillis, at: UnixMillis) {
    put_i64(out, instant.0.wrapping_sub(at.0));
}

pub(super) fn read_instant(source: &mut Source<'_>, at: UnixMillis) -> Result<UnixMillis, CodecFailure> {
    Ok(UnixMillis(at.0.wrapping_add(source.i64()?)))
}

fn number_of(rejection: Rejection) -> u8 {
    match rejection {
        Rejection::KeyReused => 1,
        Rejection::NotAllowed => 2,
        Rejection::PersonUnknown => 3,
        Rejection::CampaignUnknown => 4,
        Rejection::CampaignVersionStale => 5,
        Rejection::Ineligible(Ineligible::NotInCohort) => 6,
        Rejection::Ineligible(Ineligible::OpeningNotYet { .. }) => 7,
        Rejection::Ineligible(Ineligible::OpeningsOver { .. }) => 8,
        Rejection::NoVisit => 9,
        Rejection::VisitMoved => 10,
        Rejection::AlreadyReserved => 11,
        Rejection::HoldOpen => 12,
        Rejection::HoldUnknown => 13,
        Rejection::HoldExpired => 14,
        Rejection::HoldExtendedTooOften => 15,
        Rejection::SlotUnknown => 16,
        Rejection::SlotOfOtherCampaign => 17,
        Rejection::SlotOfOtherDose => 18,
        Rejection::SlotPast => 19,
        Rejection::SlotBlocked => 20,
        Rejection::SecondDoseMissing => 21,
        Rejection::SecondDoseNotWanted => 22,
        Rejection::SecondDoseElsewhere => 23,
        Rejection::IntervalNotAllowed => 24,
        Rejection::SoldOut => 25,
        Rejection::SecondDoseSoldOut => 26,
        Rejection::ReservationUnknown => 27,
        Rejection::MoveNotAllowed => 28,
        Rejection::TooLate { .. } => 29,
        Rejection::ReservationActive => 30,
        Rejection::ImportUnknown => 31,
        Rejection::ImportInvalid => 32,
        Rejection::LimitReached => 33,
        Rejection::DrawOutOfTurn => 34,
        Rejection::NoticeTooShort => 35,
        Rejection::TermsUnsound => 36,
        Rejection::LineClosed => 37,
        Rejection::NotCalled => 38,
        Rejection::HelpNotStanding => 39,
        Rejection::HelpUnknown => 40,
        Rejection::HelpCodeWrong => 41,
        Rejection::HelpLimit => 42,
        Rejection::HelpersEnough => 43,
        Rejection::NotAChild => 44,
    }
}

//! Room: domain/book. Every way the book says no, in the order in which the checks run. Codes are stable and documented.

use crate::eligibility::Ineligible;
use crate::time::UnixMillis;

/// A rule said no. Small and `Copy`, because it is remembered with the operation that earned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The key was used before for another request. Never recorded.
    KeyReused,
    /// The actor may not do this at all.
    NotAllowed,
    PersonUnknown,
    /// A helper whose consent is withdrawn or has run out, or who never had one.
    HelpNotStanding,
    /// No code is out under this number for this helper, or not any more.
    HelpUnknown,
    HelpCodeWrong,
    /// The helper helps as many people as anybody may.
    HelpLimit,
    /// The person helped has as many helpers, or codes out, as anybody may.
    HelpersEnough,
    /// Whom a guardian may not speak for any more.
    NotAChild,
    /// Also the answer for another person's reservation: nobody learns that it exists.
    ReservationUnknown,
    CampaignUnknown,
    /// A campaign text that does not follow on from the version in force.
    CampaignVersionStale,
    Ineligible(Ineligible),
    /// A step of the draw that is not the next one, or does not fit what was committed to.
    DrawOutOfTurn,
    /// The opening would begin sooner than people were told, or after its end.
    NoticeTooShort,
    /// A steering whose numbers contradict one another, or whose text is too long.
    TermsUnsound,
    /// The line takes nobody new.
    LineClosed,
    /// In the line, and not called; or called, and the grace has passed.
    NotCalled,
    /// No visit, or it has ended.
    NoVisit,
    /// A newer device has taken the visit over.
    VisitMoved,
    /// The reservation is in a state from which this move does not start.
    MoveNotAllowed,
    /// Too close to the slot's start to change it.
    TooLate {
        until: UnixMillis,
    },
    HoldUnknown,
    HoldExpired,
    HoldExtendedTooOften,
    AlreadyReserved,
    /// The person holds other places already.
    HoldOpen,
    SlotUnknown,
    SlotOfOtherCampaign,
    /// Dose 1 asked where only dose 2 is given, or the other way round.
    SlotOfOtherDose,
    SlotPast,
    SlotBlocked,
    SecondDoseMissing,
    SecondDoseNotWanted,
    SecondDoseElsewhere,
    /// Days between the doses lie outside the product's interval.
    IntervalNotAllowed,
    SoldOut,
    SecondDoseSoldOut,
    /// A person with places still to come cannot be erased.
    ReservationActive,
    ImportUnknown,
    ImportInvalid,
    /// A limit of the journal is reached: people, reservations, clinics, blocks, openings.
    LimitReached,
}

impl Rejection {
    /// The stable code, in `snake_case`, as it stands in problems, metrics and docs.
    pub fn code(self) -> &'static str {
        match self {
            Self::KeyReused => "key_reused",
            Self::NotAllowed => "not_allowed",
            Self::PersonUnknown => "person_unknown",
            Self::HelpNotStanding => "help_not_standing",
            Self::HelpUnknown => "help_unknown",
            Self::HelpCodeWrong => "help_code_wrong",
            Self::HelpLimit => "help_limit",
            Self::HelpersEnough => "helpers_enough",
            Self::NotAChild => "not_a_child",
            Self::CampaignUnknown => "campaign_unknown",
            Self::CampaignVersionStale => "campaign_version_stale",
            Self::Ineligible(Ineligible::NotInCohort) => "not_in_cohort",
            Self::Ineligible(Ineligible::OpeningNotYet { .. }) => "opening_not_yet",
            Self::Ineligible(Ineligible::OpeningsOver { .. }) => "openings_over",
            Self::DrawOutOfTurn => "draw_out_of_turn",
            Self::NoticeTooShort => "notice_too_short",
            Self::TermsUnsound => "terms_unsound",
            Self::LineClosed => "line_closed",
            Self::NotCalled => "not_called",
            Self::NoVisit => "no_visit",
            Self::VisitMoved => "visit_moved",
            Self::AlreadyReserved => "already_reserved",
            Self::HoldOpen => "hold_open",
            Self::HoldUnknown => "hold_unknown",
            Self::HoldExpired => "hold_expired",
            Self::HoldExtendedTooOften => "hold_extended_too_often",
            Self::SlotUnknown => "slot_unknown",
            Self::SlotOfOtherCampaign => "slot_of_other_campaign",
            Self::SlotOfOtherDose => "slot_of_other_dose",
            Self::SlotPast => "slot_past",
            Self::SlotBlocked => "slot_blocked",
            Self::SecondDoseMissing => "second_dose_missing",
            Self::SecondDoseNotWanted => "second_dose_not_wanted",
            Self::SecondDoseElsewhere => "second_dose_elsewhere",
            Self::IntervalNotAllowed => "interval_not_allowed",
            Self::SoldOut => "sold_out",
            Self::SecondDoseSoldOut => "second_dose_sold_out",
            Self::ReservationUnknown => "reservation_unknown",
            Self::MoveNotAllowed => "move_not_allowed",
            Self::TooLate { .. } => "too_late",
            Self::ReservationActive => "reservation_active",
            Self::ImportUnknown => "import_unknown",
            Self::ImportInvalid => "import_invalid",
            Self::LimitReached => "limit_reached",
        }
    }
}

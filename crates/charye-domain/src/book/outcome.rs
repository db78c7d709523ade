//! Room: domain/book. What the asker is told once the batch is durable, and what a query is told.

use crate::book::{Event, LookUpsView, Rejection, StaffNumber};
use crate::helping::HelpView;
use crate::ids::{
    CampaignId, CampaignVersion, CitizenKey, HelpId, HoldId, OpeningId, OperationKey, Person, ReservationId,
    ReservationNumber, SlotId,
};
use crate::reservation::DoseState;
use crate::time::UnixMillis;
use crate::waiting_room::place::Place;

/// The answer to a command: remembered with its operation for 24 hours, so a repetition gets the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Registered {
        person: Person,
    },
    Erased,
    Visiting {
        opening: OpeningId,
        generation: u32,
        ends_at: UnixMillis,
    },
    VisitOver,
    /// Where somebody stands in the line of an opening.
    InLine {
        opening: OpeningId,
        standing: LineStanding,
    },
    Steered,
    Held {
        hold: HoldId,
        expires_at: UnixMillis,
    },
    HoldReleased,
    Reserved {
        reservation: ReservationId,
        number: ReservationNumber,
    },
    Rescheduled {
        reservation: ReservationId,
    },
    Cancelled {
        reservation: ReservationId,
    },
    /// The clinic's part: the dose is now in this state.
    DoseNow {
        reservation: ReservationId,
        state: DoseState,
    },
    Published {
        campaign: CampaignId,
        version: CampaignVersion,
    },
    /// A code is out.
    HelperInvited {
        help: HelpId,
    },
    /// The helper acts for the person helped, until then.
    HelpStands {
        help: HelpId,
        ends_at: UnixMillis,
    },
    HelpOver,
    /// A part of an import is laid out; ask for the next.
    LaidOut,
    /// Staged, activated, blocked, delivered, noted: done, nothing to tell.
    Done,
    Refused(Rejection),
}

/// How far somebody has come in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStanding {
    /// On the list of the draw, or drawn and not placed yet.
    Enrolled,
    Waiting {
        place: Place,
    },
    /// Was called, did not come, is back: this number of the returners' lane.
    Returning {
        number: u64,
    },
    /// May come in until then. Of somebody who is inside: until their visit ends.
    Called {
        until: UnixMillis,
    },
}

/// A question to the book: takes its turn, records nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// Everything the book knows of a person in a campaign.
    Citizen {
        person: Person,
        campaign: CampaignId,
    },
    Operation {
        key: OperationKey,
    },
    ReservationByNumber {
        number: ReservationNumber,
    },
    /// Where a person stands in the lines of a campaign.
    InLine {
        person: Person,
        campaign: CampaignId,
    },
    /// Who helps this person and whom they help, codes that are out included.
    Helping {
        person: Person,
    },
    /// What an agent has spent of a budget of callers an hour.
    LookUps {
        agent: StaffNumber,
        budget: u32,
    },
    /// The list of an opening's draw from the number `from` on, at most [`ENROLLED_PER_QUERY_MAX`] at a time.
    Enrolled {
        campaign: CampaignId,
        opening: OpeningId,
        from: u32,
        limit: u32,
    },
}

/// People of a draw's list told at a time.
pub const ENROLLED_PER_QUERY_MAX: u32 = 10_000;

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Citizen(CitizenView),
    Operation(Option<Outcome>),
    Reservation(Option<ReservationView>),
    /// `None`: in no line, or it is over.
    InLine(Option<(OpeningId, LineStanding)>),
    /// Oldest first; what is over is not among them.
    Helping(Vec<HelpView>),
    LookUps(LookUpsView),
    /// In order of their numbers; `None` for who has left the list. Shorter than asked for at its end only.
    Enrolled(Vec<Option<CitizenKey>>),
}

/// What the book knows of one person in one campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CitizenView {
    pub visit: Option<VisitView>,
    pub hold: Option<HoldView>,
    /// Newest first, ended ones included, at most 16.
    pub reservations: Vec<ReservationView>,
}

/// A running visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisitView {
    pub opening: OpeningId,
    pub generation: u32,
    pub ends_at: UnixMillis,
    /// Holds of this visit that ran out; the third ends it.
    pub holds_expired: u8,
}

/// An open hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldView {
    pub hold: HoldId,
    pub first: SlotId,
    pub second: Option<SlotId>,
    pub expires_at: UnixMillis,
    pub extensions_left: u8,
}

/// A reservation and the state of each of its doses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationView {
    pub reservation: ReservationId,
    pub number: ReservationNumber,
    pub person: Person,
    pub campaign: CampaignId,
    pub first: (SlotId, DoseState),
    pub second: Option<(SlotId, DoseState)>,
    pub reserved_at: UnixMillis,
}

impl Outcome {
    /// The answer that follows from the last fact of a command: a repetition is answered from the journal alone.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::CitizenRegistered { person, .. }
            | Event::CitizenRecognised { person }
            | Event::CitizenRekeyed { person, .. } => Self::Registered { person: *person },
            Event::PersonErased { .. } => Self::Erased,
            Event::VisitStarted { opening, generation, ends_at, .. }
            | Event::VisitMoved { opening, generation, ends_at, .. } => {
                Self::Visiting { opening: *opening, generation: *generation, ends_at: *ends_at }
            }
            Event::VisitEnded { .. } => Self::VisitOver,
            Event::Enrolled { opening, .. } => Self::InLine { opening: *opening, standing: LineStanding::Enrolled },
            Event::Arrived { opening, place, .. } => {
                Self::InLine { opening: *opening, standing: LineStanding::Waiting { place: *place } }
            }
            Event::CameBack { opening, number, .. } => {
                Self::InLine { opening: *opening, standing: LineStanding::Returning { number: *number } }
            }
            Event::Steered { .. } => Self::Steered,
            Event::Held { hold, expires_at, .. } | Event::HoldExtended { hold, expires_at, .. } => {
                Self::Held { hold: *hold, expires_at: *expires_at }
            }
            Event::HoldEnded { .. } => Self::HoldReleased,
            Event::Confirmed { reservation, number, .. } | Event::Reserved { reservation, number, .. } => {
                Self::Reserved { reservation: *reservation, number: *number }
            }
            Event::Rescheduled { reservation, .. } => Self::Rescheduled { reservation: *reservation },
            Event::Cancelled { reservation, .. } => Self::Cancelled { reservation: *reservation },
            Event::CheckedIn { reservation, .. } => {
                Self::DoseNow { reservation: *reservation, state: DoseState::CheckedIn }
            }
            Event::Administered { reservation, .. } => {
                Self::DoseNow { reservation: *reservation, state: DoseState::Administered }
            }
            Event::MarkedNoShow { reservation, .. } => {
                Self::DoseNow { reservation: *reservation, state: DoseState::NoShow }
            }
            Event::CampaignPublished { campaign, .. } => {
                Self::Published { campaign: campaign.id, version: campaign.version }
            }
            Event::HelperInvited { help, .. } => Self::HelperInvited { help: *help },
            Event::HelpMissed { .. } => Self::Refused(Rejection::HelpCodeWrong),
            Event::HelpAccepted { help, ends_at, .. } | Event::HelpAttested { help, ends_at, .. } => {
                Self::HelpStands { help: *help, ends_at: *ends_at }
            }
            Event::HelpEnded { .. } => Self::HelpOver,
            Event::ImportLaidOut { .. } => Self::LaidOut,
            Event::CallerLookedUp { .. }
            | Event::DrawCommitted { .. }
            | Event::DrawClosed { .. }
            | Event::DrawRevealed { .. }
            | Event::PlacesDrawn { .. }
            | Event::LeftLine { .. }
            | Event::PutBack { .. }
            | Event::Called { .. }
            | Event::ClinicsStaged { .. }
            | Event::SessionsStaged { .. }
            | Event::ImportActivated { .. }
            | Event::ImportDiscarded { .. }
            | Event::SlotsBlocked { .. }
            | Event::SlotsUnblocked { .. }
            | Event::ShareReleased { .. }
            | Event::Delivered { .. }
            | Event::OutageNoted { .. }
            | Event::ClockAccepted
            | Event::ProviderSteered { .. } => Self::Done,
            Event::Refused { rejection } => Self::Refused(*rejection),
        }
    }
}

//! Room: domain/book. Facts, as the journal records them. `apply` turns them into state; nothing else does.
//!
//! Adding one: add the variant here, its code in `charye-ledger/journal/codec`, its golden line there, its `apply`.

use std::sync::Arc;

use crate::book::Rejection;
use crate::book::command::{Operation, Provenance};
use crate::campaign::{Campaign, UniquenessScheme};
use crate::clinic::Clinic;
use crate::helping::{EndOfHelp, HelpProof};
use crate::identity::ProviderOrder;
use crate::ids::{
    BlockId, CampaignId, CampaignVersion, CitizenKey, CohortId, HelpId, HoldId, ImportId, KeyId, MessageId, OpeningId,
    Person, ReservationId, ReservationNumber, SlotId,
};
use crate::reservation::EndOfHold;
use crate::slot::ClinicSession;
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;
use crate::waiting_room::admission::Calls;
use crate::waiting_room::draw::{Closing, Commitments, DrawSecret};
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;
use crate::waiting_room::wait_estimate::WaitRange;

/// One entry of the journal: a fact, and whose doing it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub by: Provenance,
    /// The rules in force: campaign and version. `None` for facts outside any campaign.
    pub under: Option<(CampaignId, CampaignVersion)>,
    /// On the event that a command with a key was about, its last but for consequences: what a repetition is answered from.
    pub operation: Option<Operation>,
    pub event: Event,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    CitizenRegistered {
        person: Person,
        key_id: KeyId,
        citizen_key: CitizenKey,
    },
    /// A person already known signed in: recorded only when the command carried a key.
    CitizenRecognised {
        person: Person,
    },
    CitizenRekeyed {
        person: Person,
        key_id: KeyId,
        citizen_key: CitizenKey,
    },
    PersonErased {
        person: Person,
    },

    /// A code that follows from `challenge` is out to `helped`, for whoever they give it to.
    HelperInvited {
        help: HelpId,
        helped: Person,
        scheme: UniquenessScheme,
        challenge: u64,
        proof: HelpProof,
        expires_at: UnixMillis,
    },
    /// A wrong code was given.
    HelpMissed {
        help: HelpId,
        helper: Person,
    },
    /// The code was given: `helper` acts for `helped`. Replaces what stood between the two.
    HelpAccepted {
        help: HelpId,
        helper: Person,
        helped: Person,
        ends_at: UnixMillis,
    },
    /// A registry's word: `helper` is the guardian of `helped`. Replaces what stood between the two.
    HelpAttested {
        help: HelpId,
        helper: Person,
        helped: Person,
        scheme: UniquenessScheme,
        ends_at: UnixMillis,
    },
    HelpEnded {
        help: HelpId,
        cause: EndOfHelp,
    },
    /// An agent looked somebody up, for the reason given.
    CallerLookedUp {
        person: Option<Person>,
    },

    /// What the draw of an opening is committed to, before anyone enrols. `key_id` names the key of the installation that
    /// secret and draw key are derived from.
    DrawCommitted {
        opening: OpeningId,
        key_id: KeyId,
        commitments: Box<Commitments>,
    },
    /// On the list of the draw. The list is numbered in this order, from 0.
    Enrolled {
        person: Person,
        opening: OpeningId,
    },
    DrawClosed {
        opening: OpeningId,
        closing: Box<Closing>,
    },
    /// Only after the closing is durable. `public_value`: at most 256 bytes, empty if none was named.
    DrawRevealed {
        opening: OpeningId,
        secret: Box<DrawSecret>,
        public_value: Arc<[u8]>,
    },
    /// The places of those with the numbers from `from` on, at most 10,000 at a time.
    PlacesDrawn {
        opening: OpeningId,
        from: u32,
        places: Arc<[Place]>,
    },
    /// In the line, at this place. `promise`: the first range that they were told, if the line's speed was known.
    Arrived {
        person: Person,
        opening: OpeningId,
        place: Place,
        promise: Option<WaitRange>,
    },
    /// Called, did not come within the grace, is back: at this number of the returners' lane.
    CameBack {
        person: Person,
        opening: OpeningId,
        number: u64,
    },
    /// Gives the place up, or the seat of one who was called.
    LeftLine {
        person: Person,
        opening: OpeningId,
    },
    /// Their visit failed by a fault of ours: back to the place they had, before everybody who has not been called.
    PutBack {
        person: Person,
        opening: OpeningId,
    },
    /// So many were called, from each lane, in order of place.
    Called {
        opening: OpeningId,
        calls: Calls,
    },
    /// An operator (or Charye itself) changed the line. `note` says why, at most 200 characters.
    Steered {
        opening: OpeningId,
        steering: Box<Steering>,
        note: Arc<str>,
    },

    VisitStarted {
        person: Person,
        opening: OpeningId,
        generation: u32,
        ends_at: UnixMillis,
    },
    /// A newer device takes the visit over: passes of older generations are void.
    VisitMoved {
        person: Person,
        opening: OpeningId,
        generation: u32,
        ends_at: UnixMillis,
    },
    VisitEnded {
        person: Person,
        generation: u32,
        cause: EndOfVisit,
    },

    Held {
        person: Person,
        hold: HoldId,
        first: SlotId,
        second: Option<SlotId>,
        opening: OpeningId,
        cohort: CohortId,
        expires_at: UnixMillis,
    },
    HoldExtended {
        person: Person,
        hold: HoldId,
        expires_at: UnixMillis,
    },
    HoldEnded {
        person: Person,
        hold: HoldId,
        cause: EndOfHold,
    },
    /// A hold became a reservation: its places move from held to reserved.
    Confirmed {
        person: Person,
        hold: HoldId,
        reservation: ReservationId,
        number: ReservationNumber,
    },
    /// Hold and confirmation in one.
    Reserved {
        person: Person,
        reservation: ReservationId,
        number: ReservationNumber,
        first: SlotId,
        second: Option<SlotId>,
        opening: OpeningId,
        cohort: CohortId,
    },
    Rescheduled {
        person: Person,
        reservation: ReservationId,
        first: SlotId,
        second: Option<SlotId>,
    },
    Cancelled {
        person: Person,
        reservation: ReservationId,
    },
    CheckedIn {
        reservation: ReservationId,
        dose: DoseNumber,
    },
    Administered {
        reservation: ReservationId,
        dose: DoseNumber,
    },
    MarkedNoShow {
        reservation: ReservationId,
        dose: DoseNumber,
    },

    /// The journal keeps `text`; `campaign` is what it reads as.
    CampaignPublished {
        campaign: Arc<Campaign>,
        text: Arc<str>,
    },
    ClinicsStaged {
        import: ImportId,
        clinics: Arc<[Clinic]>,
    },
    SessionsStaged {
        import: ImportId,
        sessions: Arc<[ClinicSession]>,
    },
    /// The next `clinics` of an import's clinics with sessions, from number `from` on, are laid out: nothing of it is seen yet.
    ImportLaidOut {
        import: ImportId,
        from: u32,
        clinics: u32,
    },
    ImportActivated {
        import: ImportId,
    },
    ImportDiscarded {
        import: ImportId,
    },
    SlotsBlocked {
        block: BlockId,
        mask: u64,
    },
    SlotsUnblocked {
        block: BlockId,
        mask: u64,
    },
    /// From here on this opening's share of every slot is out.
    ShareReleased {
        opening: OpeningId,
    },

    Delivered {
        messages: Arc<[MessageId]>,
    },
    OutageNoted {
        gap_ms: u64,
    },
    ClockAccepted,
    /// An operator opened, closed or capped an identity provider.
    ProviderSteered {
        order: Box<ProviderOrder>,
    },
    /// A recorded refusal: never becomes anything else (law I4).
    Refused {
        rejection: Rejection,
    },
}

impl Event {
    /// The person whose affairs this is about, if it is about one person's.
    pub fn person(&self) -> Option<Person> {
        match self {
            Self::CitizenRegistered { person, .. }
            | Self::CitizenRecognised { person }
            | Self::CitizenRekeyed { person, .. }
            | Self::PersonErased { person }
            | Self::Enrolled { person, .. }
            | Self::Arrived { person, .. }
            | Self::CameBack { person, .. }
            | Self::LeftLine { person, .. }
            | Self::PutBack { person, .. }
            | Self::VisitStarted { person, .. }
            | Self::VisitMoved { person, .. }
            | Self::VisitEnded { person, .. }
            | Self::Held { person, .. }
            | Self::HoldExtended { person, .. }
            | Self::HoldEnded { person, .. }
            | Self::Confirmed { person, .. }
            | Self::Reserved { person, .. }
            | Self::Rescheduled { person, .. }
            | Self::Cancelled { person, .. } => Some(*person),
            _ => None,
        }
    }

    /// Whether a campaign reads otherwise after this: a version of it was published, or an opening moved.
    pub fn changes_campaign(&self) -> bool {
        match self {
            Self::CampaignPublished { .. } => true,
            Self::Steered { steering, .. } => matches!(**steering, Steering::OpenAt(_)),
            _ => false,
        }
    }
}

/// Why a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfVisit {
    /// The person has what they came for.
    Reserved,
    SignedOut,
    Expired,
    /// Three holds ran out (law I15).
    HoldsExpired,
    Erased,
    /// A fault of ours: not of their doing, so they keep their place in the line.
    OurFault,
}

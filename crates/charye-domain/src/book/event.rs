//! Room: domain/book. Facts, as the journal records them. `apply` turns them into state; nothing else does.
//!
//! Adding one: add the variant here, its code in `charye-ledger/journal/codec`, its golden line there, its `apply`.

use std::sync::Arc;

use crate::book::Rejection;
use crate::book::command::{Operation, Provenance};
use crate::campaign::Campaign;
use crate::clinic::Clinic;
use crate::ids::{
    BlockId, CampaignId, CampaignVersion, CitizenKey, CohortId, HoldId, ImportId, KeyId, MessageId, OpeningId, Person,
    ReservationId, ReservationNumber, SlotId,
};
use crate::reservation::EndOfHold;
use crate::slot::ClinicSession;
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;

/// One entry of the journal: a fact, and whose doing it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub by: Provenance,
    /// The rules in force: campaign and version. `None` for facts outside any campaign.
    pub under: Option<(CampaignId, CampaignVersion)>,
    /// On the last event of a command that carried a key: what a repetition is answered from.
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
    /// A recorded refusal: never becomes anything else (law I4).
    Refused {
        rejection: Rejection,
    },
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
}

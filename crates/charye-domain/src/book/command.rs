//! Room: domain/book. What may be asked of the book. Made at the edge by the engine's use cases, judged by `decide`.
//!
//! Ids, reservation numbers and the facts a rule needs come in here, because the domain has no chance and no store.

use std::sync::Arc;

use crate::campaign::{Campaign, UniquenessScheme};
use crate::citizen::CitizenFacts;
use crate::clinic::Clinic;
use crate::helping::HelpProof;
use crate::identity::ProviderOrder;
use crate::ids::{
    BlockId, CampaignId, CitizenKey, HelpId, HoldId, ImportId, KeyId, MessageId, OpeningId, OperationKey, Person,
    ReservationId, ReservationNumber, SlotId,
};
use crate::slot::ClinicSession;
use crate::time::UnixMillis;
use crate::vaccine::DoseNumber;
use crate::waiting_room::admission::Calls;
use crate::waiting_room::draw::{Closing, Commitments, DrawSecret};
use crate::waiting_room::place::Place;
use crate::waiting_room::steering::Steering;

/// One question that may change the book, with who asks it and, if it is to be answered exactly once, its key.
#[derive(Clone, Debug)]
pub struct Command {
    pub by: Provenance,
    pub operation: Option<Operation>,
    pub action: Action,
}

/// Names a command so that repeating it repeats the answer (law I5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    pub key: OperationKey,
    /// Hash of the request's meaning: the same key with another hash is refused as [`Rejection::KeyReused`].
    ///
    /// [`Rejection::KeyReused`]: crate::book::Rejection::KeyReused
    pub request_hash: u64,
}

/// Who asked, how it reached us, and why, if a reason was demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub actor: Actor,
    pub channel: Channel,
    /// 0 when no reason was demanded; else a code of the reasons table in docs/reference.
    pub reason: u16,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    Citizen(Person),
    /// A helper acting for the person named in the command.
    Proxy(Person),
    Agent(StaffNumber),
    ClinicStaff(StaffNumber),
    Operator(StaffNumber),
    /// Charye itself: expiry, releases, outages.
    System,
}

/// A member of staff, as numbered by the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaffNumber(pub u32);

/// The way a command came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Page,
    Api,
    Call,
    Clinic,
    CommandLine,
    Internal,
}

/// By what right a person acts inside: a current visit, or an authorised member of staff (law I9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The generation in the pass that the gate checked.
    Visit {
        generation: u32,
    },
    Staff,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Action {
    /// Introduces a citizen key, or finds its person again. `former` are the same citizen's keys under older
    /// installation keys, newest first, at most 8: found there, the person is rekeyed.
    RegisterCitizen {
        key_id: KeyId,
        key: CitizenKey,
        former: Arc<[(KeyId, CitizenKey)]>,
    },
    /// Forgets the citizen key of a person without active reservations. Their number is never used again.
    ErasePerson {
        person: Person,
    },

    /// Has a code sent to `helped`, who may give it to whoever is to help them. The code follows from `challenge`; `proof` is
    /// its keyed hash. `scheme`: what made the person helped one citizen when they signed in.
    InviteHelper {
        helped: Person,
        scheme: UniquenessScheme,
        challenge: u64,
        proof: HelpProof,
    },
    /// Gives a code back: from now on `helper` acts for who gave it away.
    AcceptHelp {
        help: HelpId,
        helper: Person,
        proof: HelpProof,
    },
    /// A registry says that `helper` is the guardian of the child `helped`, whose birth date is among `facts`.
    AttestGuardian {
        helper: Person,
        helped: Person,
        scheme: UniquenessScheme,
        campaign: CampaignId,
        facts: CitizenFacts,
    },
    /// Ends helping, or a question whether to, for `person`, who is one of the two.
    EndHelp {
        person: Person,
        help: HelpId,
    },
    /// An agent looked somebody up by exact identifiers; nobody, if there was none.
    LookUpCaller {
        person: Option<Person>,
    },

    /// Commits to the draw of an opening, before anyone enrols in it.
    CommitDraw {
        campaign: CampaignId,
        opening: OpeningId,
        key_id: KeyId,
        commitments: Box<Commitments>,
    },
    /// Closes the list of the draw, once the opening has begun. The count is the book's own.
    CloseDraw {
        campaign: CampaignId,
        opening: OpeningId,
        closing: Box<Closing>,
    },
    /// Tells the secret that was committed to, and the public value (at most 256 bytes).
    RevealDraw {
        campaign: CampaignId,
        opening: OpeningId,
        secret: Box<DrawSecret>,
        public_value: Arc<[u8]>,
    },
    /// Gives the next people of the list, from number `from` on, their places: at most 10,000 a command. The place of
    /// somebody who has left the list is passed over.
    PlaceDrawn {
        campaign: CampaignId,
        opening: OpeningId,
        from: u32,
        places: Arc<[Place]>,
    },
    /// Takes a place in the line of the person's opening, or finds the one they have again; before the opening, on the list
    /// of its draw. `began_at`: when this sign-in began.
    Arrive {
        person: Person,
        campaign: CampaignId,
        facts: CitizenFacts,
        began_at: UnixMillis,
        purpose: LinePurpose,
    },
    /// Gives the place in the line up. Who stands in none has given it up.
    LeaveLine {
        person: Person,
        campaign: CampaignId,
    },
    /// Calls so many people in, as far as there are seats.
    Call {
        campaign: CampaignId,
        opening: OpeningId,
        calls: Calls,
    },
    /// Changes a line. In a `rehearsal` an opening may be moved without notice.
    Steer {
        campaign: CampaignId,
        opening: OpeningId,
        steering: Box<Steering>,
        note: Arc<str>,
        rehearsal: bool,
    },

    /// Lets a person in, or moves their visit to the device that asks now. Where there is a line, only who was called is
    /// let in, or an agent with a seat of the agents' share; who missed their call is put into the returners' lane.
    StartVisit {
        person: Person,
        campaign: CampaignId,
        facts: CitizenFacts,
    },
    EndVisit {
        person: Person,
        campaign: CampaignId,
        generation: u32,
        wish: EndWish,
    },

    /// Takes one place, or two for a pair of doses, for the campaign's hold time.
    Hold {
        person: Person,
        campaign: CampaignId,
        authority: Authority,
        facts: CitizenFacts,
        places: Places,
    },
    ExtendHold {
        person: Person,
        hold: HoldId,
        authority: Authority,
    },
    ReleaseHold {
        person: Person,
        hold: HoldId,
    },
    /// Turns the person's hold into a reservation.
    Confirm {
        person: Person,
        hold: HoldId,
        authority: Authority,
        number: ReservationNumber,
    },
    /// Hold and confirm in one decision.
    ReserveAtOnce {
        person: Person,
        campaign: CampaignId,
        authority: Authority,
        facts: CitizenFacts,
        places: Places,
        number: ReservationNumber,
    },
    /// Swaps the places of a reservation for others: the new ones are secured before the old are freed, or nothing happens.
    /// `places` names every dose that is still to come, changed or not.
    Reschedule {
        person: Person,
        reservation: ReservationId,
        authority: Authority,
        facts: CitizenFacts,
        places: Places,
    },
    /// Gives back every place of the reservation that is still to come.
    Cancel {
        person: Person,
        reservation: ReservationId,
    },
    /// The day at the clinic, one dose at a time.
    CheckIn {
        reservation: ReservationId,
        dose: DoseNumber,
    },
    Administer {
        reservation: ReservationId,
        dose: DoseNumber,
    },
    NoShow {
        reservation: ReservationId,
        dose: DoseNumber,
    },

    /// Publishes a campaign or its next version. `text` is the canonical text that `campaign` was read from.
    PublishCampaign {
        campaign: Arc<Campaign>,
        text: Arc<str>,
    },
    /// Stages rows under an import, without effect; at most 1,000 a command.
    StageClinics {
        import: ImportId,
        clinics: Arc<[Clinic]>,
    },
    StageSessions {
        import: ImportId,
        campaign: CampaignId,
        sessions: Arc<[ClinicSession]>,
    },
    /// Lays out more of an import, about so many slots, so that activating it is quick. Nothing of it is seen. `LaidOut` while
    /// more may be left, then `Done`.
    LayOutImport {
        import: ImportId,
        slots_max: u32,
    },
    /// Makes everything staged under the import count: new clinics and changed ones; for each clinic that has staged
    /// sessions, these replace its sessions of that campaign.
    ActivateImport {
        import: ImportId,
    },
    DiscardImport {
        import: ImportId,
    },
    /// Takes the free places of some slots out of use, or gives them back. Those held or reserved stay, to be moved.
    BlockSlots {
        block: BlockId,
        mask: u64,
    },
    UnblockSlots {
        block: BlockId,
        mask: u64,
    },
    /// Opens, closes or caps an identity provider. It need not be one of the configuration.
    SteerProvider {
        order: Box<ProviderOrder>,
    },

    /// Messages handed over to their senders.
    NoteDelivered {
        messages: Arc<[MessageId]>,
    },
    /// Charye was unable to answer for this long: deadlines move by as much.
    NoteOutage {
        gap_ms: u64,
    },
    /// An operator vouches for the wall clock after a jump.
    AcceptClock,
}

/// What somebody waits for. Who has what they came for gets no place to get it again, but may wait to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinePurpose {
    Reserve,
    /// To change a reservation they have.
    Change,
}

/// Why a visit is to end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndWish {
    /// The person signs out.
    SignOut,
    /// We failed them. Where there is a line, they go straight in again.
    OurFault,
}

/// The places asked for: one dose, or a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    pub first: SlotId,
    pub second: Option<SlotId>,
}

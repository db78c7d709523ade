//! Room: ledger/suite. Entries to try stores with: one of every kind, and as many as wanted from a seed. Called by the
//! suites, the codec's tests and the bench. Nothing here is plausible as a history; that is the domain's to make.

use std::sync::Arc;

use charye_domain::book::{Actor, Channel, EndOfVisit, Entry, Event, Operation, Provenance, Rejection, StaffNumber};
use charye_domain::campaign::{Bilingual, Campaign, HoldTimes, UniquenessScheme, VisitTimes};
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::eligibility::Ineligible;
use charye_domain::helping::{EndOfHelp, HelpProof};
use charye_domain::identity::{IdentityProviderId, OperatorWord, ProviderOrder};
use charye_domain::ids::{
    BlockId, CampaignId, CampaignVersion, CitizenKey, CohortId, HelpId, HoldId, ImportId, KeyId, MessageId, OpeningId,
    OperationKey, Person, ProductId, ReservationId, ReservationNumber, SlotId,
};
use charye_domain::reservation::EndOfHold;
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{MinuteOfDay, UnixMillis};
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_domain::waiting_room::admission::{Calls, PauseReason};
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawSecret};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::wait_estimate::WaitRange;
use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::journal::CampaignReader;

/// Time of the batches that the samples are made for: 2021-08-09 20:00 in Seoul.
pub const AT: UnixMillis = UnixMillis(1_628_506_800_000);

/// Reads the toy texts of [`toy_text`], and refuses any other.
pub fn toy_campaign_reader() -> CampaignReader {
    Arc::new(|text, id, version| {
        let code = text.strip_prefix("toy campaign ").ok_or("not a toy campaign")?;
        Ok(toy_campaign(code, id, version))
    })
}

/// The text that reads as [`toy_campaign`] with this code.
pub fn toy_text(code: &str) -> String {
    format!("toy campaign {code}")
}

/// A campaign with nothing in it.
pub fn toy_campaign(code: &str, id: CampaignId, version: CampaignVersion) -> Campaign {
    Campaign {
        id,
        version,
        code: code.to_owned(),
        name: Bilingual { ko: format!("{code} 접종"), en: code.to_owned() },
        time_zone: TimeZone::fixed(jiff::tz::offset(9)),
        uniqueness: UniquenessScheme::Rehearsal,
        least_assurance: charye_domain::identity::Assurance::Rehearsed,
        expected_people: 1_000,
        first_day: date(2021, 8, 26),
        last_day: date(2021, 9, 30),
        products: Vec::new(),
        cohorts: Vec::new(),
        openings: Vec::new(),
        dose_two: DoseTwoPolicy::Together,
        closed_days: std::collections::BTreeSet::new(),
        hold: HoldTimes { ttl_secs: 300, extension_secs: 180, extensions_max: 2 },
        visit: VisitTimes { max_secs: 1_800, pass_secs: 600 },
        line: None,
        change_notice_secs: 86_400,
        look: None,
    }
}

macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// The name of every kind of event.
        pub const KINDS: &[&str] = &[$(stringify!($kind)),*];

        /// The name of an event's kind. Exhaustive: a new event does not compile until it stands here, and then wants a
        /// sample.
        pub fn kind(event: &Event) -> &'static str {
            match event {
                $(Event::$kind { .. } => stringify!($kind)),*
            }
        }
    };
}

kinds!(
    CitizenRegistered,
    CitizenRecognised,
    CitizenRekeyed,
    PersonErased,
    VisitStarted,
    VisitMoved,
    VisitEnded,
    Held,
    HoldExtended,
    HoldEnded,
    Confirmed,
    Reserved,
    Rescheduled,
    Cancelled,
    CheckedIn,
    Administered,
    MarkedNoShow,
    CampaignPublished,
    ClinicsStaged,
    SessionsStaged,
    ImportActivated,
    ImportDiscarded,
    SlotsBlocked,
    SlotsUnblocked,
    ShareReleased,
    Delivered,
    OutageNoted,
    ClockAccepted,
    Refused,
    DrawCommitted,
    Enrolled,
    DrawClosed,
    DrawRevealed,
    PlacesDrawn,
    Arrived,
    CameBack,
    LeftLine,
    PutBack,
    Called,
    Steered,
    ProviderSteered,
    HelperInvited,
    HelpMissed,
    HelpAccepted,
    HelpAttested,
    HelpEnded,
    CallerLookedUp,
    ImportLaidOut,
);

/// Kinds and refusals of the first golden rows: what is drawn of them never changes, whatever is added.
pub const FIRST_KINDS: usize = 29;
/// The same with the kinds that were added together with lines. Each kind added since is drawn from a seed of its own.
pub const KINDS_WITH_LINES: usize = 40;
const FIRST_REJECTIONS: u64 = 33;

/// Every refusal there is, in the order of their numbers.
pub fn rejections(instant: UnixMillis) -> Vec<Rejection> {
    vec![
        Rejection::KeyReused,
        Rejection::NotAllowed,
        Rejection::PersonUnknown,
        Rejection::CampaignUnknown,
        Rejection::CampaignVersionStale,
        Rejection::Ineligible(Ineligible::NotInCohort),
        Rejection::Ineligible(Ineligible::OpeningNotYet { opening: OpeningId(3), opens_at: instant }),
        Rejection::Ineligible(Ineligible::OpeningsOver { closed_at: instant }),
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
        Rejection::TooLate { until: instant },
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
    ]
}

/// Entries from a seed: the same seed, the same entries.
pub struct Entries {
    state: u64,
    at: UnixMillis,
    /// Steerings made so far: they come in turn, so that eleven are one of each.
    steerings: u64,
}

impl Entries {
    pub fn from_seed(seed: u64, at: UnixMillis) -> Self {
        Self { state: seed, at, steerings: 0 }
    }

    /// An entry of the given kind (an index into [`KINDS`]) with everything else drawn.
    pub fn of_kind(&mut self, kind: usize) -> Entry {
        let event = self.event(kind);
        let actor = match self.below(7) {
            0 => Actor::Citizen(Person(self.short())),
            1 => Actor::Proxy(Person(self.short())),
            2 => Actor::Agent(StaffNumber(self.short())),
            3 => Actor::ClinicStaff(StaffNumber(self.short())),
            4 => Actor::Operator(StaffNumber(self.short())),
            _ => Actor::System,
        };
        let channel = match self.below(6) {
            0 => Channel::Page,
            1 => Channel::Api,
            2 => Channel::Call,
            3 => Channel::Clinic,
            4 => Channel::CommandLine,
            _ => Channel::Internal,
        };
        let reason = if self.below(3) == 0 { self.next() as u16 } else { 0 };
        let under =
            (self.below(4) != 0).then(|| (CampaignId(self.short() as u16), CampaignVersion(self.next() as u16)));
        let operation = (self.below(2) == 0).then(|| Operation {
            key: OperationKey(u128::from(self.next()) << 64 | u128::from(self.next())),
            request_hash: self.next(),
        });
        Entry { by: Provenance { actor, channel, reason }, under, operation, event }
    }

    /// What most rows hold on the evening of an opening: a citizen reserves, with key and version.
    pub fn reservation(&mut self, sequence: u32) -> Entry {
        let person = Person(self.next() as u32 % 10_000_000);
        Entry {
            by: Provenance { actor: Actor::Citizen(person), channel: Channel::Page, reason: 0 },
            under: Some((CampaignId(0), CampaignVersion(3))),
            operation: Some(Operation {
                key: OperationKey(u128::from(self.next()) << 64 | u128::from(self.next())),
                request_hash: self.next(),
            }),
            event: Event::Reserved {
                person,
                reservation: ReservationId(sequence),
                number: ReservationNumber::from_random(self.next()),
                first: SlotId(self.next() as u32),
                second: None,
                opening: OpeningId(4),
                cohort: CohortId(1),
            },
        }
    }

    fn event(&mut self, kind: usize) -> Event {
        let person = Person(self.short());
        let hold = HoldId(self.short());
        let reservation = ReservationId(self.short());
        let number = ReservationNumber::from_random(self.next());
        let import = ImportId(self.short());
        let dose = if self.below(2) == 0 { DoseNumber::First } else { DoseNumber::Second };
        let first = SlotId(self.short());
        let second = (self.below(2) == 0).then(|| SlotId(self.short()));
        let (opening, cohort) = (OpeningId(self.next() as u8), CohortId(self.next() as u8));
        let (block, mask) = (BlockId(self.short()), self.next());
        let generation = self.short();
        let later = self.instant();
        match KINDS[kind % KINDS.len()] {
            "CitizenRegistered" => {
                Event::CitizenRegistered { person, key_id: KeyId(generation as u16), citizen_key: self.citizen_key() }
            }
            "CitizenRecognised" => Event::CitizenRecognised { person },
            "CitizenRekeyed" => {
                Event::CitizenRekeyed { person, key_id: KeyId(generation as u16), citizen_key: self.citizen_key() }
            }
            "PersonErased" => Event::PersonErased { person },
            "VisitStarted" => Event::VisitStarted { person, opening, generation, ends_at: later },
            "VisitMoved" => Event::VisitMoved { person, opening, generation, ends_at: later },
            "VisitEnded" => {
                let causes = [
                    EndOfVisit::Reserved,
                    EndOfVisit::SignedOut,
                    EndOfVisit::Expired,
                    EndOfVisit::HoldsExpired,
                    EndOfVisit::Erased,
                ];
                Event::VisitEnded { person, generation, cause: causes[self.below(5) as usize] }
            }
            "Held" => Event::Held { person, hold, first, second, opening, cohort, expires_at: later },
            "HoldExtended" => Event::HoldExtended { person, hold, expires_at: later },
            "HoldEnded" => {
                let causes = [EndOfHold::Released, EndOfHold::Expired, EndOfHold::VisitEnded];
                Event::HoldEnded { person, hold, cause: causes[self.below(3) as usize] }
            }
            "Confirmed" => Event::Confirmed { person, hold, reservation, number },
            "Reserved" => Event::Reserved { person, reservation, number, first, second, opening, cohort },
            "Rescheduled" => Event::Rescheduled { person, reservation, first, second },
            "Cancelled" => Event::Cancelled { person, reservation },
            "CheckedIn" => Event::CheckedIn { reservation, dose },
            "Administered" => Event::Administered { reservation, dose },
            "MarkedNoShow" => Event::MarkedNoShow { reservation, dose },
            "CampaignPublished" => {
                let code = format!("kr-2021-{}", self.below(1_000));
                let campaign = toy_campaign(&code, CampaignId(generation as u16), CampaignVersion(self.next() as u16));
                Event::CampaignPublished { campaign: Arc::new(campaign), text: toy_text(&code).into() }
            }
            "ClinicsStaged" => {
                Event::ClinicsStaged { import, clinics: (0..self.below(4)).map(|_| self.clinic()).collect() }
            }
            "SessionsStaged" => {
                Event::SessionsStaged { import, sessions: (0..self.below(4)).map(|_| self.clinic_session()).collect() }
            }
            "ImportLaidOut" => Event::ImportLaidOut { import, from: self.short(), clinics: self.short() },
            "ImportActivated" => Event::ImportActivated { import },
            "ImportDiscarded" => Event::ImportDiscarded { import },
            "SlotsBlocked" => Event::SlotsBlocked { block, mask },
            "SlotsUnblocked" => Event::SlotsUnblocked { block, mask },
            "ShareReleased" => Event::ShareReleased { opening },
            "Delivered" => Event::Delivered { messages: (0..self.below(20)).map(|_| MessageId(self.next())).collect() },
            "OutageNoted" => Event::OutageNoted { gap_ms: self.next() },
            "ClockAccepted" => Event::ClockAccepted,
            "Refused" => {
                let all = rejections(later);
                Event::Refused { rejection: all[self.below(FIRST_REJECTIONS) as usize] }
            }
            of_a_line => self.line_event(of_a_line, person, opening),
        }
    }

    /// The events of lines and draws. They were added after the first ones, which are drawn as they always were.
    fn line_event(&mut self, kind: &str, person: Person, opening: OpeningId) -> Event {
        match kind {
            "DrawCommitted" => {
                let commitments = Commitments { secret: self.bytes(), draw_key: self.bytes() };
                Event::DrawCommitted { opening, key_id: KeyId(self.next() as u16), commitments: Box::new(commitments) }
            }
            "Enrolled" => Event::Enrolled { person, opening },
            "DrawClosed" => {
                let closing = Closing { root: self.bytes(), count: u64::from(self.short()) };
                Event::DrawClosed { opening, closing: Box::new(closing) }
            }
            "DrawRevealed" => {
                let secret = Box::new(DrawSecret(self.bytes()));
                let public_value = (0..self.below(9)).map(|_| self.next() as u8).collect();
                Event::DrawRevealed { opening, secret, public_value }
            }
            "PlacesDrawn" => {
                let from = self.short();
                let places = (0..self.below(9)).map(|_| Place(self.next() >> 1)).collect();
                Event::PlacesDrawn { opening, from, places }
            }
            "Arrived" => {
                let drawn = Place(self.next() >> 1);
                let late = Place(Place::FIRST_AFTER_DRAW.0 + u64::from(self.short()));
                let place = if self.below(4) == 0 { drawn } else { late };
                let (from_secs, width_secs) = (self.short() >> 1, self.short() >> 1);
                let range = WaitRange { from_secs, to_secs: from_secs + width_secs };
                Event::Arrived { person, opening, place, promise: (self.below(2) == 0).then_some(range) }
            }
            "CameBack" => Event::CameBack { person, opening, number: u64::from(self.short()) },
            "LeftLine" => Event::LeftLine { person, opening },
            "PutBack" => Event::PutBack { person, opening },
            "Called" => {
                let calls = Calls { overtaken: self.short(), returners: self.short(), line: self.short() };
                Event::Called { opening, calls }
            }
            "ProviderSteered" => {
                let words = [OperatorWord::Open, OperatorWord::Closed, OperatorWord::Capped(self.next() as u16)];
                let word = words[self.below(3) as usize];
                let provider = IdentityProviderId::parse(["kakao", "pass-carrier-1"][self.below(2) as usize]);
                let provider = provider.expect("both are names of providers");
                let order = ProviderOrder { provider, word, note: "답이 없음 (hangs)".into() };
                Event::ProviderSteered { order: Box::new(order) }
            }
            _ if !matches!(kind, "Steered") => self.help_event(kind, person),
            _ => Event::Steered { opening, steering: Box::new(self.steering()), note: "소방 훈련 (drill)".into() },
        }
    }

    fn help_event(&mut self, kind: &str, helped: Person) -> Event {
        let (help, helper, ends_at) = (HelpId(self.short()), Person(self.short()), self.instant());
        let maybe = (self.below(2) == 0).then_some(helper);
        let scheme = [UniquenessScheme::ConnectingInformation, UniquenessScheme::Rehearsal][self.below(2) as usize];
        match kind {
            "HelperInvited" => {
                let mut proof = [0; 16];
                proof.copy_from_slice(&self.bytes()[..16]);
                let (challenge, proof) = (self.next(), HelpProof(proof));
                Event::HelperInvited { help, helped, scheme, challenge, proof, expires_at: ends_at }
            }
            "HelpMissed" => Event::HelpMissed { help, helper },
            "HelpAccepted" => Event::HelpAccepted { help, helper, helped, ends_at },
            "HelpAttested" => Event::HelpAttested { help, helper, helped, scheme, ends_at },
            "HelpEnded" => {
                let causes = [EndOfHelp::Revoked, EndOfHelp::Expired, EndOfHelp::TriesSpent];
                Event::HelpEnded { help, cause: causes[self.below(3) as usize] }
            }
            _ => Event::CallerLookedUp { person: maybe },
        }
    }

    fn steering(&mut self) -> Steering {
        let text = |language: &str, number: u64| format!("{language} {number}");
        self.steerings += 1;
        match (self.steerings - 1) % 11 {
            0 => {
                let (hard_cap, rate_min_per_min, rate_max_per_min) = (self.short(), self.short(), self.short());
                Steering::Terms { hard_cap, rate_min_per_min, rate_max_per_min }
            }
            1 => Steering::Pause(PauseReason::Operator),
            2 => Steering::Pause(PauseReason::NothingLeft),
            3 => Steering::Pause(PauseReason::GateInTrouble),
            4 => Steering::Resume,
            5 => Steering::OpenAt(self.instant()),
            6 => Steering::CloseToArrivals,
            7 => Steering::ReopenToArrivals,
            8 => Steering::Message(None),
            9 => {
                let number = self.below(1_000);
                Steering::Message(Some(Bilingual { ko: text("안내", number), en: text("notice", number) }))
            }
            _ => Steering::Drain,
        }
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.chunks_exact_mut(8).for_each(|eight| eight.copy_from_slice(&self.next().to_le_bytes()));
        bytes
    }

    fn clinic(&mut self) -> Clinic {
        let kinds = [ClinicKind::Contracted, ClinicKind::Centre, ClinicKind::HealthCentre];
        Clinic {
            code: format!("C{}", self.below(100_000)),
            kind: kinds[self.below(3) as usize],
            name: Bilingual { ko: format!("{}번 의원", self.below(100)), en: format!("Clinic {}", self.below(100)) },
            district: 11_110 + self.below(30_000) as u32,
            address: "서울특별시 종로구 세종대로 209".to_owned(),
            phone: if self.below(2) == 0 { String::new() } else { "02-120".to_owned() },
            point: (self.below(2) == 0).then(|| Point { lat_e6: self.next() as i32, lon_e6: self.next() as i32 }),
        }
    }

    fn clinic_session(&mut self) -> ClinicSession {
        ClinicSession {
            clinic: format!("C{}", self.below(100_000)),
            product: ProductId(self.next() as u8),
            dose: if self.below(2) == 0 { DoseNumber::First } else { DoseNumber::Second },
            first_day: date(2021, 8, 1 + self.below(28) as i8),
            last_day: date(2021, 9, 1 + self.below(28) as i8),
            weekdays: Weekdays(self.next() as u8),
            start: MinuteOfDay(self.below(720) as u16),
            end: MinuteOfDay(720 + self.below(720) as u16),
            slot_minutes: self.next() as u16,
            capacity: self.next() as u16,
        }
    }

    fn citizen_key(&mut self) -> CitizenKey {
        CitizenKey((u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes())
    }

    /// Mostly minutes from the batch, sometimes anywhere, sometimes never.
    fn instant(&mut self) -> UnixMillis {
        match self.below(8) {
            0 => UnixMillis::NEVER,
            1 => UnixMillis(self.next().cast_signed()),
            _ => self.at.plus_millis(self.below(3_600_000).cast_signed()),
        }
    }

    /// A number of any width.
    fn short(&mut self) -> u32 {
        let width = self.below(32);
        (self.next() as u32) >> width
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

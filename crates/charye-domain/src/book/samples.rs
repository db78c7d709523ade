//! Room: domain/book. A small campaign to try the book on: two clinics, a product in pairs and one in single doses. For
//! tests of this crate and, with the feature `samples`, of others. Never part of the program.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, offset};

use crate::book::{
    Action, Actor, Authority, Book, Channel, Command, Entry, LinePurpose, Operation, Outcome, Places, Provenance, Room,
    Touched,
};
use crate::campaign::{Bilingual, Campaign, HoldTimes, UniquenessScheme, VisitTimes};
use crate::citizen::CitizenFacts;
use crate::clinic::{Clinic, ClinicKind};
use crate::cohort::Cohort;
use crate::ids::{
    CampaignId, CampaignVersion, CitizenKey, CohortId, ImportId, KeyId, OpeningId, OperationKey, Person, ProductId,
    ReservationNumber, SlotId,
};
use crate::opening::{Opening, ReservationWindow};
use crate::slot::{ClinicSession, Weekdays};
use crate::time::{DayIndex, MinuteOfDay, UnixMillis};
use crate::vaccine::{DoseInterval, DoseNumber, DoseTwoPolicy, VaccineProduct};
use crate::waiting_room::admission::Terms;
use crate::waiting_room::plan::LinePlan;

/// The one campaign of a sample.
pub const CAMPAIGN: CampaignId = CampaignId(0);
/// Two doses, 21 to 28 days apart, reserved together.
pub const PAIRED: ProductId = ProductId(0);
/// One dose.
pub const SINGLE: ProductId = ProductId(1);
/// Staff of the sample's operators.
pub const OPERATOR: Actor = Actor::Operator(crate::book::StaffNumber(1));
/// Staff of the sample's clinics.
pub const CLINIC_STAFF: Actor = Actor::ClinicStaff(crate::book::StaffNumber(2));
/// Born within the sample's cohort.
pub const ADULT: CitizenFacts = CitizenFacts { birth_date: Date::constant(1990, 3, 9) };
/// Born outside it.
pub const CHILD: CitizenFacts = CitizenFacts { birth_date: Date::constant(2015, 3, 9) };

const FIRST_DAY: Date = Date::constant(2021, 8, 26);

/// When the first opening begins: 2021-08-09 20:00 in Seoul. It closes after an hour; the second, with the rest of the
/// doses, begins an hour later and lasts for ten.
pub fn opens_at() -> UnixMillis {
    UnixMillis::from_civil(date(2021, 8, 9).at(20, 0, 0, 0), &seoul()).unwrap_or(UnixMillis::NEVER)
}

fn seoul() -> TimeZone {
    TimeZone::fixed(offset(9))
}

fn both(text: &str) -> Bilingual {
    Bilingual { ko: text.to_owned(), en: text.to_owned() }
}

/// The sample's campaign, first version.
pub fn campaign(dose_two: DoseTwoPolicy) -> Campaign {
    let opening = |id: u8, from_hour: i64, to_hour: i64, cumulative_share| {
        let at = |hour: i64| opens_at().plus_millis(hour * 3_600_000);
        let (opens_at, closes_at) = (at(from_hour), at(to_hour));
        let (opens_civil, closes_civil) = (opens_at.civil(&seoul()), closes_at.civil(&seoul()));
        Opening {
            id: OpeningId(id),
            name: both("opening"),
            cohorts: vec![CohortId(0)],
            birth_day_digits: Vec::new(),
            window: ReservationWindow { opens_at, closes_at, opens_civil, closes_civil },
            cumulative_share,
        }
    };
    let interval = DoseInterval { allowed_days: 21..=28, standard_days: 28 };
    let product = |id: u8, code: &str, interval: Option<DoseInterval>| VaccineProduct {
        id: ProductId(id),
        code: code.to_owned(),
        name: both(code),
        cvx: None,
        doses: if interval.is_some() { 2 } else { 1 },
        interval,
    };
    Campaign {
        id: CAMPAIGN,
        version: CampaignVersion(1),
        code: "sample".to_owned(),
        name: both("sample"),
        time_zone: seoul(),
        uniqueness: UniquenessScheme::Rehearsal,
        least_assurance: crate::identity::Assurance::Rehearsed,
        first_day: FIRST_DAY,
        last_day: FIRST_DAY.saturating_add(jiff::Span::new().days(59)),
        products: vec![product(0, "paired", Some(interval)), product(1, "single", None)],
        cohorts: vec![Cohort {
            id: CohortId(0),
            code: "adults".to_owned(),
            name: both("adults"),
            born_from: date(1972, 1, 1),
            born_to: date(2003, 12, 31),
        }],
        openings: vec![opening(0, 0, 1, 5_000), opening(1, 2, 12, 10_000)],
        dose_two,
        closed_days: [date(2021, 9, 21)].into(),
        hold: HoldTimes { ttl_secs: 300, extension_secs: 120, extensions_max: 2 },
        visit: VisitTimes { max_secs: 1_800, pass_secs: 600 },
        line: None,
        change_notice_secs: 86_400,
        look: None,
        expected_people: 100,
    }
}

/// The sample's campaign with a line before each of its openings.
pub fn campaign_with_line(dose_two: DoseTwoPolicy) -> Campaign {
    Campaign { line: Some(line_plan()), ..campaign(dose_two) }
}

/// Four seats, one of them the agents'; a minute to come in; an hour in which to enrol.
///
/// # Panics
/// Never: the terms are sound.
pub fn line_plan() -> LinePlan {
    let terms = Terms::new(4, 2_500, 60..=600, 60).expect("these terms are sound");
    LinePlan { terms, enrol_secs: 3_600, public_value_note: None }
}

/// A clinic with this code.
pub fn clinic(code: &str) -> Clinic {
    Clinic {
        code: code.to_owned(),
        kind: ClinicKind::Contracted,
        name: both(code),
        district: 11_110,
        address: "서울 종로구".to_owned(),
        phone: "02-000-0000".to_owned(),
        point: None,
    }
}

/// Two slots a day, at 09:00 and 09:30, on the days with these indexes (both included).
pub fn session(clinic: &str, product: ProductId, dose: DoseNumber, days: (u8, u8), capacity: u16) -> ClinicSession {
    ClinicSession {
        clinic: clinic.to_owned(),
        product,
        dose,
        first_day: DayIndex(days.0).date(FIRST_DAY),
        last_day: DayIndex(days.1).date(FIRST_DAY),
        weekdays: Weekdays::ALL,
        start: MinuteOfDay(540),
        end: MinuteOfDay(600),
        slot_minutes: 30,
        capacity,
    }
}

/// A book with everything that was ever recorded in it, and a clock that the test turns.
#[derive(Debug)]
pub struct Sample {
    pub book: Book,
    pub now: UnixMillis,
    /// Everything recorded, each with its time: what a replay starts from.
    pub journal: Vec<(UnixMillis, Entry)>,
    numbers: u64,
}

impl Sample {
    /// The campaign published, clinics C1 and C2 with a few days of slots, at the moment the first opening begins.
    pub fn open(dose_two: DoseTwoPolicy, capacity: u16) -> Self {
        let mut sample = Self::before(dose_two);
        let sessions = ["C1", "C2"].iter().flat_map(|clinic| {
            [
                session(clinic, PAIRED, DoseNumber::First, (4, 6), capacity),
                session(clinic, PAIRED, DoseNumber::Second, (25, 34), capacity),
                session(clinic, SINGLE, DoseNumber::First, (4, 6), capacity),
            ]
        });
        sample.import(1, &["C1", "C2"], sessions.collect());
        sample.now = opens_at();
        sample.pass_time(0);
        sample
    }

    /// The campaign published a day before it opens, without any clinic.
    pub fn before(dose_two: DoseTwoPolicy) -> Self {
        let now = opens_at().plus_millis(-86_400_000);
        let mut sample = Self { book: Book::with_room_for(Room::default()), now, journal: Vec::new(), numbers: 0 };
        let campaign = Arc::new(campaign(dose_two));
        sample.ask(OPERATOR, Action::PublishCampaign { campaign, text: "sample, version 1".into() });
        sample
    }

    /// As [`Sample::open`], with a line before each opening, and 70 minutes before the first one begins.
    pub fn with_line(dose_two: DoseTwoPolicy, capacity: u16) -> Self {
        let now = opens_at().plus_millis(-86_400_000);
        let mut sample = Self { book: Book::with_room_for(Room::default()), now, journal: Vec::new(), numbers: 0 };
        let campaign = Arc::new(campaign_with_line(dose_two));
        sample.ask(OPERATOR, Action::PublishCampaign { campaign, text: WITH_LINE.into() });
        let sessions = ["C1", "C2"].map(|clinic| session(clinic, SINGLE, DoseNumber::First, (4, 6), capacity));
        sample.import(1, &["C1", "C2"], sessions.to_vec());
        sample.now = opens_at().plus_millis(-70 * 60_000);
        sample
    }

    /// Takes a place in the line for an adult whose sign-in began at `began_at`.
    pub fn arrive(&mut self, person: Person, began_at: UnixMillis) -> Outcome {
        let purpose = LinePurpose::Reserve;
        self.ask(Actor::Citizen(person), Action::Arrive { person, campaign: CAMPAIGN, facts: ADULT, began_at, purpose })
    }

    /// Stages and activates clinics and sessions.
    pub fn import(&mut self, import: u32, clinics: &[&str], sessions: Vec<ClinicSession>) -> Outcome {
        let import = ImportId(import);
        if !clinics.is_empty() {
            let clinics = clinics.iter().map(|code| clinic(code)).collect();
            self.ask(OPERATOR, Action::StageClinics { import, clinics });
        }
        self.ask(OPERATOR, Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() });
        self.ask(OPERATOR, Action::ActivateImport { import })
    }

    /// Asks, records and applies.
    pub fn ask(&mut self, actor: Actor, action: Action) -> Outcome {
        self.ask_with(actor, None, action)
    }

    /// Asks under an operation key.
    pub fn ask_keyed(&mut self, actor: Actor, (key, request_hash): (u128, u64), action: Action) -> Outcome {
        self.ask_with(actor, Some(Operation { key: OperationKey(key), request_hash }), action)
    }

    fn ask_with(&mut self, actor: Actor, operation: Option<Operation>, action: Action) -> Outcome {
        let by = Provenance { actor, channel: Channel::Page, reason: 0 };
        self.ask_command(&Command { by, operation, action })
    }

    /// Asks with a channel and a reason of one's own.
    pub fn ask_by(&mut self, by: Provenance, action: Action) -> Outcome {
        self.ask_command(&Command { by, operation: None, action })
    }

    fn ask_command(&mut self, command: &Command) -> Outcome {
        let mut entries = Vec::new();
        let outcome = self.book.record(command, self.now, &mut entries);
        self.apply(entries);
        outcome
    }

    /// Lets time pass and records what it brings.
    pub fn pass_time(&mut self, secs: u32) {
        self.now = self.now.plus_secs(secs);
        loop {
            let mut entries = Vec::new();
            self.book.due(self.now, 1_000, &mut entries);
            if entries.is_empty() {
                return;
            }
            self.apply(entries);
        }
    }

    fn apply(&mut self, entries: Vec<Entry>) -> Vec<Touched> {
        let touched = entries.iter().map(|entry| self.book.apply(entry, self.now)).collect();
        self.journal.extend(entries.into_iter().map(|entry| (self.now, entry)));
        touched
    }

    /// Registers the citizen with this key, or finds them again.
    pub fn citizen(&mut self, key: u8) -> Person {
        let action = Action::RegisterCitizen { key_id: KeyId(1), key: CitizenKey([key; 16]), former: Arc::new([]) };
        match self.ask(Actor::System, action) {
            Outcome::Registered { person } => person,
            _ => Person(u32::MAX),
        }
    }

    /// Lets an adult in; the authority of the visit.
    pub fn inside(&mut self, person: Person) -> Authority {
        let action = Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT };
        match self.ask(Actor::Citizen(person), action) {
            Outcome::Visiting { generation, .. } => Authority::Visit { generation },
            _ => Authority::Visit { generation: 0 },
        }
    }

    /// The slot of a clinic's day: `half_hours` after nine o'clock.
    pub fn slot(&self, clinic: &str, product: ProductId, dose: DoseNumber, day: u8, half_hours: u16) -> Option<SlotId> {
        let clinic = self.book.clinic_by_code(clinic)?;
        let row =
            self.book.rows().iter().position(|row| {
                (row.campaign, row.clinic, row.product, row.dose) == (CAMPAIGN, clinic, product, dose)
            })?;
        let blocks = self.book.blocks_of(crate::book::RowId(row as u32)).iter();
        let of_day = |id: &&crate::ids::BlockId| {
            self.book.blocks().get(id.0 as usize).is_some_and(|block| block.day() == DayIndex(day))
        };
        let block = *blocks.clone().find(of_day)?;
        let minute = MinuteOfDay(540 + 30 * half_hours);
        self.book.slots_of_block(block).find(|(_, start)| *start == minute).map(|(slot, _)| slot)
    }

    /// A pair at one clinic: first dose on day 4, second on day 25 (21 days later), both at nine.
    pub fn pair(&self, clinic: &str) -> Places {
        let slot = |dose, day| self.slot(clinic, PAIRED, dose, day, 0);
        let none = SlotId(u32::MAX);
        Places { first: slot(DoseNumber::First, 4).unwrap_or(none), second: slot(DoseNumber::Second, 25) }
    }

    /// A single dose on day 4 at nine.
    pub fn single(&self, clinic: &str) -> Places {
        let slot = self.slot(clinic, SINGLE, DoseNumber::First, 4, 0);
        Places { first: slot.unwrap_or(SlotId(u32::MAX)), second: None }
    }

    /// A number nobody has yet.
    pub fn number(&mut self) -> ReservationNumber {
        self.numbers += 1;
        ReservationNumber::from_random(self.numbers * 7_919)
    }

    /// Lets an adult in and asks for a reservation at once.
    pub fn reserve(&mut self, person: Person, places: Places) -> Outcome {
        let authority = self.inside(person);
        let number = self.number();
        let action = Action::ReserveAtOnce { person, campaign: CAMPAIGN, authority, facts: ADULT, places, number };
        self.ask(Actor::Citizen(person), action)
    }

    /// A book made from the journal alone.
    pub fn replayed(&self) -> Book {
        let mut book = Book::default();
        for (at, entry) in &self.journal {
            book.apply(entry, *at);
        }
        book
    }
}

/// The text that stands for the sample's campaign with a line.
pub const WITH_LINE: &str = "sample with a line, version 1";

/// A book's image as one piece.
pub fn image_of(book: &Book) -> Vec<u8> {
    let mut image = Vec::new();
    book.write_image(&mut |piece| image.extend_from_slice(piece));
    image
}

/// The book in an image of sample campaigns: a text names the version and the policy of the sample it stands for.
///
/// # Errors
/// As [`Book::read_image`].
pub fn book_in(mut image: &[u8], dose_two: DoseTwoPolicy) -> Result<Book, crate::book::ImageError> {
    let mut source = |buffer: &mut [u8]| match image.split_at_checked(buffer.len()) {
        Some((piece, rest)) => {
            buffer.copy_from_slice(piece);
            image = rest;
            true
        }
        None => false,
    };
    Book::read_image(&mut source, &|text, id, version| {
        let line = (text == WITH_LINE).then(line_plan);
        Some(Campaign { id, version, line, ..campaign(dose_two) })
    })
}

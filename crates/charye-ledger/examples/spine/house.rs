//! Bench: the house that is measured. A campaign with one dose, open to all; clinics with sixteen slots of eight places
//! on each of thirty days; an engine on a durable journal, with everything behind it that the run asks for.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charye_domain::book::{Actor, Channel, Provenance, Room, StaffNumber};
use charye_domain::campaign::Bilingual;
use charye_domain::clinic::{Clinic, ClinicKind};
use charye_domain::ids::{CampaignId, ImportId, ProductId};
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{MinuteOfDay, UnixMillis};
use charye_domain::vaccine::DoseNumber;
use charye_engine::campaign::read_published;
use charye_engine::fakes::FakeWorld;
use charye_engine::operations::{activate_import, publish_campaign, stage_clinics, stage_sessions};
use charye_engine::ports::{Clock, Journal as _, Projection};
use charye_engine::sequencer::ClockJumps;
use charye_engine::{Engine, EngineSettings};
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::{CampaignReader, JournalOptions, SqliteJournal};
use charye_ledger::projection::SqliteProjection;
use charye_ledger::snapshot::SnapshotFiles;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

pub(crate) const SLOTS_A_DAY: u32 = 16;
pub(crate) const DAYS: u32 = 30;
/// When clinics open, unless an import says otherwise.
pub(crate) const OPENS: MinuteOfDay = MinuteOfDay(9 * 60);
/// As `server/wiring` has it.
const NICENESS_BEHIND: i32 = 10;
const OPERATOR: Provenance =
    Provenance { actor: Actor::Operator(StaffNumber(0)), channel: Channel::CommandLine, reason: 0 };

const CAMPAIGN: &str = r#"
[campaign]
code = "bench"
name = { ko = "성능 측정", en = "Bench" }
time_zone = "Asia/Seoul"
uniqueness = "rehearsal"
first_day = {first_day}
last_day = {last_day}
expected_people = 20_000_000
change_notice_secs = 0

[hold]
ttl_secs = 600
extension_secs = 300
extensions_max = 2

[visit]
max_secs = 1_800
pass_secs = 600

[[product]]
code = "one"
name = { ko = "백신", en = "Vaccine" }
doses = 1

[[cohort]]
code = "all"
name = { ko = "누구나", en = "everyone" }
born_from = 1900-01-01
born_to = 2020-12-31

[[open_to_all]]
name = { ko = "누구나", en = "everyone" }
from = {opens}T00:00:00
to = {closes}T18:00:00
share = 10_000
"#;

/// What works behind the sequencer.
#[derive(Clone, Copy)]
pub(crate) struct Behind {
    pub(crate) projector: bool,
    /// Entries after which a snapshot is made; 0: none are kept.
    pub(crate) snapshot_every_entries: u64,
}

/// The bench's own clock: real time.
struct RealClock(Instant);

impl Clock for RealClock {
    fn wall(&self) -> UnixMillis {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        UnixMillis(i64::try_from(since.as_millis()).unwrap())
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// An engine over the journal in this folder, with room for so many people, reservations and slots.
pub(crate) fn start(path: &Path, people: usize, clinics: u32, behind: Behind) -> Arc<Engine> {
    let folder = DataFolder::open(path).unwrap();
    let campaigns: CampaignReader =
        Arc::new(|text, id, version| read_published(text, id, version).map_err(|errors| errors.to_string()));
    let options = JournalOptions { campaigns: Arc::clone(&campaigns), crash_hook: None };
    let journal = SqliteJournal::open(&folder, options).unwrap();
    let reader = journal.reader();
    let clock = RealClock(Instant::now());
    let mut ports = FakeWorld::at(clock.wall()).ports();
    ports.journal = Box::new(journal);
    ports.snapshots = (behind.snapshot_every_entries > 0)
        .then(|| Box::new(SnapshotFiles::new(&folder, campaigns)) as Box<dyn charye_engine::ports::Snapshots>);
    ports.messages = None;
    ports.clock = Arc::new(clock);
    ports.projection = behind
        .projector
        .then(|| Box::new(SqliteProjection::open(&folder.projection(), reader).unwrap()) as Box<dyn Projection>);
    ports.in_background = Arc::new(|| {
        rustix::process::setpriority_process(None, NICENESS_BEHIND).unwrap();
    });
    let slots = (clinics * DAYS * SLOTS_A_DAY) as usize;
    let room = Room { people, reservations: people, slots, operations: people, ..Room::default() };
    let settings = EngineSettings {
        clock_jumps: ClockJumps::AcceptByThemselves,
        room,
        snapshot_every_entries: behind.snapshot_every_entries,
        ..EngineSettings::default()
    };
    // The lock of the folder goes with this value; nobody else comes.
    drop(folder);
    Arc::new(Engine::start(ports, settings).unwrap())
}

/// Publishes a campaign that is open now, imports clinics and sessions, and returns how many blocks of slots there are.
pub(crate) fn fill(engine: &Engine, clinics: u32) -> u32 {
    let (first_day, last_day) = days(engine);
    let text = CAMPAIGN
        .replace("{first_day}", &first_day.to_string())
        .replace("{last_day}", &last_day.to_string())
        .replace("{opens}", &day_after_today(engine, -2).to_string())
        .replace("{closes}", &day_after_today(engine, 20).to_string());
    publish_campaign(engine, OPERATOR, &text, &read_published).unwrap();
    let all_day = Import { id: ImportId(1), clinics: 0..clinics, opens: OPENS };
    all_day.stage(engine);
    all_day.activate(engine);
    blocks(clinics)
}

/// Clinics that are imported together, each with one session of eight hours on every day.
pub(crate) struct Import {
    pub(crate) id: ImportId,
    pub(crate) clinics: Range<u32>,
    pub(crate) opens: MinuteOfDay,
}

impl Import {
    pub(crate) fn stage(&self, engine: &Engine) {
        let (first_day, last_day) = days(engine);
        let codes: Vec<String> = self.clinics.clone().map(|index| format!("c{index}")).collect();
        for chunk in codes.chunks(1_000) {
            let clinics = chunk.iter().map(|code| clinic(code)).collect();
            stage_clinics(engine, OPERATOR, self.id, clinics).unwrap();
            let sessions = chunk.iter().map(|code| session(code, first_day, last_day, self.opens)).collect();
            stage_sessions(engine, OPERATOR, self.id, CampaignId(0), sessions).unwrap();
        }
    }

    pub(crate) fn activate(&self, engine: &Engine) {
        activate_import(engine, OPERATOR, self.id).unwrap();
    }
}

/// The first and the last day on which clinics give doses.
fn days(engine: &Engine) -> (Date, Date) {
    (day_after_today(engine, 30), day_after_today(engine, 29 + i64::from(DAYS)))
}

fn day_after_today(engine: &Engine, days: i64) -> Date {
    date(1970, 1, 1) + (engine.now().0 / 86_400_000 + days).days()
}

/// Blocks of slots that so many clinics have.
pub(crate) fn blocks(clinics: u32) -> u32 {
    clinics * DAYS
}

fn clinic(code: &str) -> Clinic {
    Clinic {
        code: code.to_owned(),
        kind: ClinicKind::Contracted,
        name: Bilingual { ko: code.to_owned(), en: code.to_owned() },
        district: 11110,
        address: String::new(),
        phone: String::new(),
        point: None,
    }
}

fn session(code: &str, first_day: Date, last_day: Date, opens: MinuteOfDay) -> ClinicSession {
    ClinicSession {
        clinic: code.to_owned(),
        product: ProductId(0),
        dose: DoseNumber::First,
        first_day,
        last_day,
        weekdays: Weekdays::ALL,
        start: opens,
        end: MinuteOfDay(opens.0 + 8 * 60),
        slot_minutes: 30,
        capacity: 8,
    }
}

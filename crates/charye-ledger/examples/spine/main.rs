//! Bench: the spine. Reservations a second through the sequencer's lanes into the durable SQLite journal, beside pgbench
//! doing one transaction a reservation (P), interleaved, and beside the disk's own sync rate.
//!
//! The load of issue 3: one `reserve at once` of one dose with eligibility, idempotency and chain; 7.7 M slots and 1 M
//! reservations loaded; synchronous=FULL. Prints one JSON object a figure. Options: `--rounds N` (5), `--secs N` (3),
//! `--clinics N` (16000), `--preload N` (1000000).
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock and its arguments: that is what it is for")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should say where and stop")]

mod load;
mod postgres;

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charye_domain::book::{Actor, Channel, Provenance, Room, StaffNumber};
use charye_domain::campaign::Bilingual;
use charye_domain::clinic::{Clinic, ClinicKind};
use charye_domain::ids::{ImportId, ProductId};
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
use jiff::civil::date;

use load::Load;
use postgres::Postgres;

const SLOTS_A_DAY: u32 = 16;
const DAYS: u32 = 30;
const OPERATOR: Provenance =
    Provenance { actor: Actor::Operator(StaffNumber(0)), channel: Channel::CommandLine, reason: 0 };

const CAMPAIGN: &str = r#"
[campaign]
code = "bench"
name = { ko = "성능 측정", en = "Bench" }
time_zone = "Asia/Seoul"
uniqueness = "rehearsal"
first_day = 2037-03-01
last_day = 2037-03-30
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
from = 2020-01-01T00:00:00
to = 2037-02-27T18:00:00
share = 10_000
"#;

struct Options {
    rounds: usize,
    span: Duration,
    clinics: u32,
    preload: u32,
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

fn main() {
    let options = options();
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(u64::from(options.clinics * DAYS * SLOTS_A_DAY), options.preload);
    if postgres.is_none() {
        eprintln!("P not measured: no PostgreSQL here");
    }
    for projector in [false, true] {
        measure(&options, &folder.path().join(if projector { "on" } else { "off" }), postgres.as_ref(), projector);
    }
}

fn measure(options: &Options, path: &Path, postgres: Option<&Postgres>, projector: bool) {
    let engine = start(path, options, projector);
    let slots = fill(&engine, options);
    let mut load = Load::new(Arc::clone(&engine), slots);
    load.register(options.preload + 256);
    eprintln!("registered; preloading");
    load.reserve_count(options.preload, 512);
    eprintln!("measuring with projector {}", if projector { "on" } else { "idle" });

    let mut p = Vec::new();
    let (mut at_64, mut at_512, mut p99_at_512, mut one) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut syncs = Vec::new();
    for round in 0..options.rounds {
        load.register_for(options.span);
        if let Some(postgres) = postgres {
            p.push(postgres.tps(options.span));
        }
        at_64.push(load.reserve_for(options.span, 64).per_sec);
        let run = load.reserve_for(options.span, 512);
        at_512.push(run.per_sec);
        p99_at_512.push(run.p99_ms);
        one.push(load.reserve_for(Duration::from_secs(1), 1).p50_ms);
        syncs.push(syncs_per_sec(path));
        eprintln!(
            "round {}: 64 {:.0}/s, 512 {:.0}/s, sync {:.0}/s",
            round + 1,
            at_64[round],
            at_512[round],
            syncs[round]
        );
    }
    let p = (!p.is_empty()).then(|| median(&mut p));
    let sync_ms = 1_000.0 / median(&mut syncs);
    let (with, goal_64, goal_512) =
        if projector { ("projector_on", 45.0, 100.0) } else { ("projector_idle", 60.0, 130.0) };
    figure(&format!("spine.reservations_64.{with}"), median(&mut at_64), "1/s", p, Some(goal_64), Better::Higher);
    figure(&format!("spine.reservations_512.{with}"), median(&mut at_512), "1/s", p, Some(goal_512), Better::Higher);
    figure(&format!("spine.p99_512.{with}"), median(&mut p99_at_512), "ms", None, Some(5.0), Better::Lower);
    figure(&format!("spine.one_in_flight.{with}"), median(&mut one), "ms", Some(sync_ms), Some(3.0), Better::Lower);
    if let Some(p) = p {
        figure("spine.pgbench", p, "1/s", None, None, Better::Higher);
    }
    figure("spine.disk_syncs", 1_000.0 / sync_ms, "1/s", None, None, Better::Higher);
    figure(&format!("spine.resident.{with}"), resident_mib(), "MiB", None, None, Better::Lower);
    assert_eq!(load.refused(), load.refused_sold_out(), "nothing but full slots is refused");
    engine.stop();
}

fn start(path: &Path, options: &Options, projector: bool) -> Arc<Engine> {
    let folder = DataFolder::open(path).unwrap();
    let campaigns: CampaignReader =
        Arc::new(|text, id, version| read_published(text, id, version).map_err(|errors| errors.to_string()));
    let journal = SqliteJournal::open(&folder, JournalOptions { campaigns, crash_hook: None }).unwrap();
    let reader = journal.reader();
    let clock = RealClock(Instant::now());
    let mut ports = FakeWorld::at(clock.wall()).ports();
    ports.journal = Box::new(journal);
    ports.snapshots = None;
    ports.messages = None;
    ports.clock = Arc::new(clock);
    ports.projection = projector
        .then(|| Box::new(SqliteProjection::open(&folder.projection(), reader).unwrap()) as Box<dyn Projection>);
    let people = 16_000_000;
    let slots = (options.clinics * DAYS * SLOTS_A_DAY) as usize;
    let room = Room { people, reservations: people, slots, operations: people, ..Room::default() };
    let settings = EngineSettings { clock_jumps: ClockJumps::AcceptByThemselves, room, ..EngineSettings::default() };
    // The lock of the folder goes with this value; nobody else comes.
    drop(folder);
    Arc::new(Engine::start(ports, settings).unwrap())
}

/// Publishes the campaign, imports clinics and sessions, and returns how many blocks of slots there are.
fn fill(engine: &Engine, options: &Options) -> u32 {
    let campaign = publish_campaign(engine, OPERATOR, CAMPAIGN, &read_published).unwrap().value.campaign;
    let import = ImportId(1);
    let codes: Vec<String> = (0..options.clinics).map(|index| format!("c{index}")).collect();
    for chunk in codes.chunks(1_000) {
        let clinics = chunk.iter().map(|code| clinic(code)).collect();
        stage_clinics(engine, OPERATOR, import, clinics).unwrap();
        let sessions = chunk.iter().map(|code| session(code)).collect();
        stage_sessions(engine, OPERATOR, import, campaign, sessions).unwrap();
    }
    activate_import(engine, OPERATOR, import).unwrap();
    options.clinics * DAYS
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

fn session(code: &str) -> ClinicSession {
    ClinicSession {
        clinic: code.to_owned(),
        product: ProductId(0),
        dose: DoseNumber::First,
        first_day: date(2037, 3, 1),
        last_day: date(2037, 3, 30),
        weekdays: Weekdays::ALL,
        start: MinuteOfDay(9 * 60),
        end: MinuteOfDay(17 * 60),
        slot_minutes: 30,
        capacity: 8,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    Higher,
    Lower,
}

fn figure(id: &str, value: f64, unit: &str, baseline: Option<f64>, goal: Option<f64>, better: Better) {
    let ratio = baseline.map(|baseline| value / baseline);
    let judged = ratio.unwrap_or(value);
    let met = goal.filter(|_| baseline.is_some() || unit != "1/s").map(|goal| match better {
        Better::Higher => judged >= goal,
        Better::Lower => judged <= goal,
    });
    let number = |number: Option<f64>| number.map_or("null".to_owned(), |number| format!("{number:.3}"));
    let met = met.map_or("null".to_owned(), |met| met.to_string());
    println!(
        "{{\"id\":\"{id}\",\"value\":{value:.3},\"unit\":\"{unit}\",\"baseline\":{},\"ratio\":{},\"goal\":{},\"met\":{met}}}",
        number(baseline),
        number(ratio),
        number(goal),
    );
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn syncs_per_sec(folder: &Path) -> f64 {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path).unwrap();
    file.write_all(&[7; 4096]).unwrap();
    file.sync_all().unwrap();
    let began = Instant::now();
    let mut syncs = 0;
    while began.elapsed() < Duration::from_millis(500) {
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs += 1;
    }
    std::fs::remove_file(path).unwrap();
    f64::from(syncs) / began.elapsed().as_secs_f64()
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}

fn options() -> Options {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, usual: u32| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(usual, |text| text.parse().unwrap())
    };
    Options {
        rounds: option("--rounds", 5) as usize,
        span: Duration::from_secs(u64::from(option("--secs", 3))),
        clinics: option("--clinics", 16_000),
        preload: option("--preload", 1_000_000),
    }
}

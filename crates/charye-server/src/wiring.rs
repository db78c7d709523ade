//! Room: server. Which store stands behind which port, and in which order they open. The only place that knows them all.
//!
//! Called by the commands that run or change an installation. Must never decide: it opens, connects, and says what fails.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use charye_domain::book::Room;
use charye_domain::campaign::Bilingual;
use charye_domain::clinic::Point;
use charye_engine::availability::DistrictPlace;
use charye_engine::campaign::read_published;
use charye_engine::clinic::DistrictTable;
use charye_engine::ports::{Clock, Journal as _, Keys, MessageSender};
use charye_engine::sequencer::ClockJumps;
use charye_engine::{Burn, Engine, EnginePorts, EngineSettings};
use charye_gateway::identity::rehearsal_provider::{RehearsalProvider, RehearsalSection};
use charye_gateway::keys::LocalKeys;
use charye_gateway::notification::file_outbox::FileOutbox;
use charye_gateway::os_random::OsRandom;
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::{CampaignReader, CrashHook, JournalOptions, SqliteJournal};
use charye_ledger::people::SqlitePeople;
use charye_ledger::projection::SqliteProjection;
use charye_ledger::snapshot::SnapshotFiles;
use charye_rehearsal::nation::MadePeople;

use crate::clock::{AheadFiles, SystemClock};
use crate::config::Config;
use crate::exit::Ending;
use crate::made_people::NationsPeople;
use crate::watch::Watch;

/// An engine over a data folder that is ours alone.
pub(crate) struct Installation {
    /// Ends first: it asks the engine.
    _watch: Watch,
    pub(crate) engine: Arc<Engine>,
    pub(crate) keys: Arc<dyn Keys>,
    /// The one clock of the process: a rehearsal's is ahead for everybody at the same moment.
    pub(crate) clock: Arc<dyn Clock>,
    /// Held for its lock; the last to go.
    _folder: DataFolder,
}

/// Opens everything an installation is made of, and starts the engine.
///
/// # Errors
/// `Unavailable`: another process has the folder. `Unreadable`: keys that do not fit. `Fault`: a store does not open.
pub(crate) fn open(config: &Config) -> Result<Installation, Ending> {
    open_with(config, None)
}

/// [`open`], with a hook that a test may end the process in. The released program has none.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_with(config: &Config, crash_hook: Option<CrashHook>) -> Result<Installation, Ending> {
    if !config.data.folder.exists() {
        // Without keys nothing begins, and a folder that is mistyped must not be made.
        charye_gateway::keys::status(&config.data.key_file()).map_err(|error| Ending::unfit(&error))?;
    }
    let folder = DataFolder::open(&config.data.folder)?;
    let keys = open_keys(config, &folder)?;
    let options = JournalOptions { campaigns: campaign_reader(), crash_hook };
    let journal = SqliteJournal::open(&folder, options).context("could not open the journal")?;
    let projection =
        SqliteProjection::open(&folder.projection(), journal.reader()).context("could not open the projections")?;
    let people = SqlitePeople::open(&folder.people(), &folder.people_keys(), Arc::clone(&keys))
        .context("could not open the people store")?;
    let people = Arc::new(people);
    let clock: Arc<dyn Clock> = clock(config)?;
    let ports = EnginePorts {
        journal: Box::new(journal),
        snapshots: Some(Box::new(SnapshotFiles::new(&folder, campaign_reader()))),
        projection: Some(Box::new(projection)),
        people: Arc::clone(&people) as _,
        keys: Arc::clone(&keys),
        clock: Arc::clone(&clock),
        random: Arc::new(OsRandom::new().context("could not seed the random number generator")?),
        messages: outbox(config)?,
        in_background: Arc::new(lower_priority),
    };
    let engine = Engine::start(ports, settings(config)).context("could not start the engine")?;
    let engine = Arc::new(engine);
    let watch = Watch::start(&engine, &people, &folder)?;
    Ok(Installation { _watch: watch, engine, keys, clock, _folder: folder })
}

/// The machine's clock; in a rehearsal that says so, one that can be made to jump, or hours to pass.
///
/// # Errors
/// `Fault`: no thread.
fn clock(config: &Config) -> Result<Arc<SystemClock>, Ending> {
    let engine = &config.engine;
    let files = AheadFiles { jumped: engine.clock_ahead_file.clone(), passed: engine.time_passed_file.clone() };
    Ok(Arc::new(match files {
        AheadFiles { jumped: None, passed: None } => SystemClock::new(),
        files => SystemClock::rehearsed(files).context("could not start the rehearsal's clock")?,
    }))
}

fn settings(config: &Config) -> EngineSettings {
    let people = config.engine.people as usize;
    EngineSettings {
        clock_jumps: if config.engine.accept_clock { ClockJumps::AcceptByThemselves } else { ClockJumps::AskOperator },
        room: Room { people, reservations: people, operations: people, ..Room::default() },
        snapshot_every_entries: config.engine.snapshot_every_entries,
        burn: Burn {
            command: Duration::from_micros(config.rehearsal.burn_command_us.into()),
            request: Duration::from_micros(config.rehearsal.burn_us.into()),
        },
        districts: districts(),
        ..EngineSettings::default()
    }
}

fn open_keys(config: &Config, folder: &DataFolder) -> Result<Arc<dyn Keys>, Ending> {
    let in_use = if folder.journal().exists() {
        charye_gateway::keys::DataFolder::InUse
    } else {
        charye_gateway::keys::DataFolder::New
    };
    let check_file = folder.path().join("keys.check");
    match LocalKeys::open(&config.data.key_file(), &check_file, in_use) {
        Ok(keys) => Ok(Arc::new(keys)),
        Err(error) => Err(Ending::unfit(&error)),
    }
}

/// The rehearsal's people, if the configuration says rehearsal.
pub(crate) fn rehearsal_people(
    section: &RehearsalSection,
    keys: &Arc<dyn Keys>,
) -> Result<Option<Arc<RehearsalProvider>>, Ending> {
    let (Some(allowed), Some(citizens)) = (section.allowance(), &section.citizens) else { return Ok(None) };
    if citizens.extension().is_some_and(|extension| extension == "toml") {
        let people =
            MadePeople::read(citizens).map_err(|error| Ending::Unreadable { words: format!("charye: {error}") })?;
        let people = Arc::new(NationsPeople(people));
        return Ok(Some(Arc::new(RehearsalProvider::on_demand(allowed, people, Arc::clone(keys)))));
    }
    match RehearsalProvider::load(allowed, citizens, Arc::clone(keys)) {
        Ok(provider) => Ok(Some(Arc::new(provider))),
        Err(error) => Err(Ending::Unreadable { words: format!("charye: {error}") }),
    }
}

/// Where messages go: in a rehearsal into a folder, so that nobody is ever told of a reservation that is not real.
fn outbox(config: &Config) -> Result<Option<Box<dyn MessageSender>>, Ending> {
    if !config.rehearsal.enabled {
        return Ok(None);
    }
    let folder = config.data.folder.join("outbox");
    let outbox = FileOutbox::open(&folder).with_context(|| format!("could not open outbox {}", folder.display()))?;
    Ok(Some(Box::new(outbox)))
}

/// How the text of a published campaign becomes its rules again.
pub(crate) fn campaign_reader() -> CampaignReader {
    Arc::new(|text, id, version| read_published(text, id, version).map_err(|errors| errors.to_string()))
}

/// Korea's districts as the directory wants them.
fn districts() -> Arc<[DistrictPlace]> {
    let both = |ko: &str, en: &str| Bilingual { ko: ko.to_owned(), en: en.to_owned() };
    let table = DistrictTable::korea();
    let place = |district: &charye_engine::clinic::District| DistrictPlace {
        code: district.code,
        province: both(&district.province, &district.province_en),
        name: both(&district.name, &district.name_en),
        centre: Point { lat_e6: millionths(district.lat), lon_e6: millionths(district.lon) },
    };
    table.districts().iter().map(place).collect()
}

fn millionths(degrees: f64) -> i32 {
    (degrees * 1e6).round() as i32
}

/// Work behind the sequencer yields to the sequencer and the listeners.
pub(crate) fn lower_priority() {
    const BEHIND: i32 = 10;
    if let Err(error) = rustix::process::setpriority_process(None, BEHIND) {
        tracing::debug!(%error, "could not lower a thread's priority");
    }
}

/// Now, by the machine's wall clock.
pub(crate) fn wall_now() -> charye_domain::time::UnixMillis {
    SystemClock::new().wall()
}

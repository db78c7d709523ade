//! Room: rehearsal/evening. Plays an evening against a target: people come when the curve says, whatever the server does;
//! connections carry their questions; what is due is carried first; faults happen when they are planned.
//!
//! Called by `charye rehearse` and by tests. One thread carries everything. Latencies count from the intended time, so a
//! late server is charged for everybody it keeps waiting. Bounded in people, rate, connections and time.

mod bell;
mod stage;
mod survey;

use std::path::PathBuf;
use std::time::Duration;

use crate::arrivals::Arrivals;
use crate::citizen::{IdentityProvider, Scene, Whereabouts};
use crate::load::{CONNECTIONS_MAX, LoadFailure, TIME_MAX, Target};
use crate::nation::rng::{Purpose, Stream};
use crate::people::{Door, Folk, PeopleError};
use crate::profile::{FaultKind, PlannedFault, Profile, Scale, Size, SizeError};
use crate::recorder::{History, Recorded, Recorder, ServerFigures, wall_millis};

use stage::{Stage, StagePlan};
use survey::Survey;

/// Who came back after giving up stays away so long, at the speed of people.
const COME_BACK_AFTER: Duration = Duration::from_secs(180);
/// After the last arrival, people have this long to finish, unless they would give up earlier.
const AFTERMATH_MAX: Duration = Duration::from_secs(900);
/// And this long at least.
const AFTERMATH_MIN: Duration = Duration::from_secs(60);
/// A hung provider hangs so long at least, however fast people are. Unit: seconds.
const HANG_SECS_MIN: u32 = 10;
/// How long the survey may take.
const SURVEY_MAX: Duration = Duration::from_secs(120);

/// What is played, and against whom.
#[derive(Clone, Debug)]
pub struct EveningPlan {
    pub target: Target,
    /// Where the target tells its `/metrics`, if it does.
    pub metrics: Option<Target>,
    /// The target's rehearsal people: its `citizens.csv`, or its `nation.toml` if they are made on demand.
    pub citizens: PathBuf,
    /// The campaign's code; the only one there is, if not given.
    pub campaign: Option<String>,
    pub profile: Profile,
    pub scale: Scale,
    /// Connections that carry everybody's questions.
    pub connections: usize,
    /// Where clients write down what they hear.
    pub history: Option<PathBuf>,
    /// The same seed has the same people come with the same intentions.
    pub seed: u64,
}

/// Plays faults on a server of one's own. Called on a thread of its own, one fault after the other.
pub trait Stagehand: Send {
    /// Plays a fault to its end; in words, what was done.
    ///
    /// # Errors
    /// In words, why it could not be played.
    fn play(&mut self, fault: PlannedFault) -> Result<String, String>;
}

/// A fault, as it was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlayed {
    pub kind: FaultKind,
    /// Since the beginning. Unit: milliseconds.
    pub at_ms: u64,
    /// In words: what was done, or why not.
    pub outcome: Result<String, String>,
}

/// How far an evening is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub elapsed: Duration,
    pub came: u64,
    pub at_door: u64,
    pub whereabouts: [u64; Whereabouts::ALL.len()],
    pub requests: u64,
    pub confirmed: u64,
}

/// What came of an evening.
#[derive(Clone, Debug)]
pub struct Played {
    pub profile: Profile,
    pub scale: Scale,
    pub size: Size,
    pub campaign: String,
    pub has_line: bool,
    pub connections: usize,
    pub seed: u64,
    /// Unix milliseconds.
    pub began_ms: u64,
    /// From the first arrival to the last answer.
    pub wall: Duration,
    /// CPU of this process meanwhile, where the system tells it.
    pub generator_cpu: Option<Duration>,
    /// The server's own figures before and after.
    pub server: Option<(ServerFigures, ServerFigures)>,
    pub recorded: Recorded,
    pub faults: Vec<FaultPlayed>,
    /// People who were still on their way when time was up.
    pub left_over: u64,
}

/// Why there was no evening, or why it ended early.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalFailure {
    #[error(transparent)]
    Load(#[from] LoadFailure),
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Size(#[from] SizeError),
    /// The target is not what a rehearsal needs.
    #[error("the target cannot be rehearsed against: {reason}")]
    Target { reason: String },
    #[error("could not write the history {}", path.display())]
    History { path: PathBuf, source: std::io::Error },
    #[error("could not start the rehearsal's own threads")]
    Threads(#[source] std::io::Error),
}

/// Plays an evening to its end, or to the end of its time.
///
/// # Errors
/// `Size`, `People`, `Target` and `Load` before anybody comes; `History` if it could not be written. A server that fails
/// or goes away meanwhile is no error: it is what is measured.
pub fn play(
    plan: &EveningPlan,
    stagehand: Option<Box<dyn Stagehand>>,
    audience: &mut dyn FnMut(&Progress),
) -> Result<Played, RehearsalFailure> {
    let size = plan.profile.sized(plan.scale)?;
    if plan.connections == 0 || plan.connections > CONNECTIONS_MAX {
        let (wanted, bound) = (plan.connections as u64, CONNECTIONS_MAX as u64);
        return Err(LoadFailure::OverBound { what: "a number of connections", wanted, bound }.into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LoadFailure::Runtime)?;
    let mut dice = Stream::open(plan.seed, Purpose::Habits, 0);
    let (scene, door) = tokio::task::LocalSet::new().block_on(&runtime, async {
        let survey = surveyed(plan, size, &mut dice);
        tokio::time::timeout(SURVEY_MAX, survey).await.unwrap_or_else(|_| {
            Err(RehearsalFailure::Target { reason: format!("it did not tell its people within {SURVEY_MAX:?}") })
        })
    })?;
    let history = plan
        .history
        .as_ref()
        .map(|path| History::create(path).map_err(|source| RehearsalFailure::History { path: path.clone(), source }));
    let mut recorder = Recorder::new(history.transpose()?);
    let named = |provider: &IdentityProvider| (provider.id.clone(), provider.name_ko.clone(), provider.name_en.clone());
    recorder.knows(scene.providers.iter().map(named));
    let arrivals = Arrivals::of(&plan.profile.arrivals, size, plan.profile.evening.minutes);
    let (campaign, has_line) = (scene.campaign.clone(), scene.has_line);
    let limit = time_limit(&plan.profile, size, plan.scale);
    let began_ms = wall_millis();
    let cpu_before = own_cpu();
    let stage = StagePlan { scene, door, arrivals, recorder, dice, limit };
    let faults = plan.profile.faults.iter().map(|fault| planned(*fault, plan.scale)).collect();
    let ended = Stage::play(stage, plan, &runtime, (faults, stagehand), audience)?;
    let cpu = own_cpu().zip(cpu_before).map(|(after, before)| after.saturating_sub(before));
    let recorded = ended
        .recorder
        .finish()
        .map_err(|source| RehearsalFailure::History { path: plan.history.clone().unwrap_or_default(), source })?;
    Ok(Played {
        profile: plan.profile.clone(),
        scale: plan.scale,
        size,
        campaign,
        has_line,
        connections: plan.connections,
        seed: plan.seed,
        began_ms,
        wall: ended.wall,
        generator_cpu: cpu,
        server: ended.server,
        recorded,
        faults: ended.faults,
        left_over: ended.left_over,
    })
}

/// Asks the target what it is, and chooses who comes.
async fn surveyed(plan: &EveningPlan, size: Size, dice: &mut Stream) -> Result<(Scene, Door), RehearsalFailure> {
    let people = Folk::read(&plan.citizens)?;
    let mut survey = Survey::begin(plan.target).await?;
    let campaign = survey.campaign(plan.campaign.as_deref()).await?;
    let has_line = survey.has_line().await?;
    let providers = survey.providers(&campaign.code).await?;
    let may_reserve = survey.may_reserve(&campaign.code, &people.birth_dates()).await?;
    let sections = (&plan.profile.people, &plan.profile.habits);
    let mut door = Door::open(people, &may_reserve.by_birth_date, sections, size, plan.scale.speed, dice)?;
    let walked = (0..).zip(&providers).filter(|(_, provider)| provider.is_walked).map(|(index, _)| index);
    door.leads_to(walked.collect());
    let speed = plan.scale.speed.max(1);
    let tired = u64::from(plan.profile.habits.give_up_after_minutes) * 60_000 / u64::from(speed);
    let scene = Scene {
        campaign: campaign.code,
        opening: may_reserve.opening,
        has_line,
        doses_together: campaign.doses_together,
        providers,
        evening: format!("r{:x}", wall_millis()),
        give_up_after: (tired > 0).then(|| Duration::from_millis(tired)),
        come_back_after: COME_BACK_AFTER / speed,
    };
    Ok((scene, door))
}

/// A minute of the profile, at the speed that is played.
fn hurried(minute: u32, scale: Scale) -> Duration {
    Duration::from_millis(u64::from(minute) * 60_000 / u64::from(scale.speed.max(1)))
}

/// When a fault happens, and how long it lasts. A hung provider hangs shorter as people hurry, and long enough to be seen.
fn planned(fault: PlannedFault, scale: Scale) -> (Duration, PlannedFault) {
    let secs = match fault.kind {
        FaultKind::ProviderHangs => (fault.secs / scale.speed.max(1)).max(HANG_SECS_MIN),
        FaultKind::Kill | FaultKind::ClockJump => fault.secs,
    };
    (hurried(fault.at_minute, scale), PlannedFault { secs, ..fault })
}

/// When the evening ends whoever is still there.
fn time_limit(profile: &Profile, size: Size, scale: Scale) -> Duration {
    let patience = hurried(profile.habits.give_up_after_minutes, scale);
    let patience = if patience.is_zero() { AFTERMATH_MAX } else { patience + AFTERMATH_MIN };
    let arrivals = Duration::from_millis(size.millis);
    (arrivals + patience.min(AFTERMATH_MAX)).min(TIME_MAX)
}

/// CPU of this process so far, user and system, where /proc tells it.
fn own_cpu() -> Option<Duration> {
    /// Linux tells /proc's times in hundredths of a second on every architecture (USER_HZ).
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; fields are counted from behind it. utime is the 14th of all.
    let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11).map(str::parse::<u32>);
    Some(TICK * (times.next()?.ok()? + times.next()?.ok()?))
}

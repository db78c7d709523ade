//! Room: server/commands. `charye rehearse`: plays an evening against a server of its own, or one that is said to be one's
//! own, has the journal audited against what clients heard, and writes the report.
//!
//! Must never load anybody else's server, nor throw away a folder that is not a rehearsal's.

mod own_server;
mod watching;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use charye_rehearsal::evening::{EveningPlan, Played, RehearsalFailure, Stagehand, play};
use charye_rehearsal::load::{LoadFailure, Target};
use charye_rehearsal::profile::{BUNDLED_PROFILES, PROFILE_BYTES_MAX, Profile, SPEED_MAX, Scale, Size};
use charye_rehearsal::report::{AuditTold, Language, Report};
use clap::{Args, ValueEnum};

use super::check_config;
use crate::exit::Ending;
use crate::output::say;
use crate::telemetry;

use own_server::{OwnServer, ServersHand};

/// Written before anything else into a rehearsal's folder, so that no other folder is ever taken for one.
const MARKER: &str = "rehearsal.toml";

/// What is said when a target is named and its people are not.
const WITHOUT_CITIZENS: &str = "a target's people are made up, and only it knows them: give --citizens the file that its \
    [rehearsal] citizens names (of a demo: nation/citizens.csv in its folder, or nation/nation.toml if it has more than a \
    million; on another machine: copy it from there)";

#[derive(Args, Debug)]
pub(crate) struct Rehearse {
    /// A bundled profile (opening-2021, steady, worst-evening, everyone-2021), or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "opening-2021")]
    profile: String,
    /// Share of the profile's people who come, above 0 and at most 1
    #[arg(long, default_value_t = 0.01, value_parser = share)]
    scale: f64,
    /// How many times faster than people are, 1 to 1000
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// A server on this machine, or one listed under `[rehearse] own_hosts`; a server of its own if left out
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// The target's rehearsal people: its `citizens.csv`, or its `nation.toml` if they are made on demand
    #[arg(long, value_name = "FILE", requires = "target")]
    citizens: Option<PathBuf>,
    /// Where the target tells its `/metrics`
    #[arg(long, value_name = "URL", requires = "target")]
    metrics: Option<String>,
    /// The target's campaign, if it has several
    #[arg(long, value_name = "CODE")]
    campaign: Option<String>,
    /// The configuration that lists hosts of one's own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Connections that carry everybody's questions
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// The same seed has the same people come with the same intentions
    #[arg(long, default_value_t = 2021)]
    seed: u64,
    /// Where the report, the history and the rehearsal's own server are kept
    #[arg(long, value_name = "DIR", default_value = "data/rehearsal")]
    out: PathBuf,
    /// Language of the report
    #[arg(long, value_enum, default_value_t = Told::En)]
    lang: Told,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Told {
    Ko,
    En,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("give more than 0 and at most 1".to_owned()) }
}

pub(crate) fn run(wanted: &Rehearse) -> Result<(), Ending> {
    telemetry::log_to_stderr("warn")?;
    let profile = read_profile(&wanted.profile)?;
    let scale = Scale { share: wanted.scale, speed: wanted.speed };
    let size = profile.sized(scale).map_err(|error| unreadable(&error.to_string()))?;
    let target = wanted.target.as_deref().map(|url| named_target(url, wanted)).transpose()?;
    if target.is_some() && wanted.citizens.is_none() {
        return Err(unreadable(WITHOUT_CITIZENS));
    }
    begin_folder(&wanted.out)?;
    let played = match target {
        Some(target) => against_target(wanted, profile, target),
        None => against_own_server(wanted, profile, size),
    };
    let (played, audit) = played?;
    tell(wanted, &played, audit)
}

/// A bundled profile, or the file of that name.
fn read_profile(name: &str) -> Result<Profile, Ending> {
    if let Some(bundled) = Profile::bundled(name) {
        return bundled.map_err(|error| unreadable(&error.to_string()));
    }
    let names = BUNDLED_PROFILES.map(|(name, _)| name).join(", ");
    let failed = |error| {
        unreadable(&format!("could not read profile {name}: {error}; name a file with --profile, or one of {names}"))
    };
    let file = fs::File::open(name).map_err(failed)?;
    let mut text = String::new();
    let most = PROFILE_BYTES_MAX as u64 + 1;
    std::io::Read::read_to_string(&mut std::io::Read::take(file, most), &mut text).map_err(failed)?;
    Profile::read(name, &text).map_err(|error| unreadable(&error.to_string()))
}

fn named_target(url: &str, wanted: &Rehearse) -> Result<Target, Ending> {
    let config = check_config::read(wanted.config.as_deref())?;
    Target::own(url, &config.rehearse.own_hosts).map_err(|failure| {
        unreadable(&format!("{failure}; list it under [rehearse] own_hosts of --config if it is yours"))
    })
}

/// Makes the folder, unless it is somebody else's.
fn begin_folder(folder: &Path) -> Result<(), Ending> {
    let marker = folder.join(MARKER);
    let is_empty = !folder.exists() || folder.read_dir().context("could not read the folder")?.next().is_none();
    if !is_empty && !marker.exists() {
        return Err(unreadable(&format!(
            "{} is not empty and not a rehearsal's (it has no {MARKER}): name another folder with --out",
            folder.display()
        )));
    }
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    fs::write(marker, "# A rehearsal of charye. May be deleted at any time.\n")
        .context("could not write the marker")?;
    Ok(())
}

/// An evening, and what the auditor said of it, if there is a journal to audit.
type Evening = (Played, Option<AuditTold>);

fn against_target(wanted: &Rehearse, profile: Profile, target: Target) -> Result<Evening, Ending> {
    let metrics = wanted.metrics.as_deref().map(|url| named_target(url, wanted)).transpose()?;
    let citizens = wanted.citizens.clone().unwrap_or_default();
    let plan = plan(wanted, profile, (target, metrics), citizens);
    Ok((watched(&plan, None)?, None))
}

fn against_own_server(wanted: &Rehearse, profile: Profile, size: Size) -> Result<Evening, Ending> {
    let server = OwnServer::make(&wanted.out.join("server"), &profile, size, wanted)?;
    let (target, metrics, citizens) = (server.target(), server.metrics(), server.citizens());
    let server = Arc::new(Mutex::new(server));
    let plan = plan(wanted, profile, (target, Some(metrics)), citizens);
    let played = watched(&plan, Some(Box::new(ServersHand(Arc::clone(&server)))));
    let mut server = server.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    server.stop()?;
    let played = played?;
    say("auditing what clients heard against the journal");
    let (clean, lines) = super::audit::verified(&server.data(), &history_file(&wanted.out))?;
    Ok((played, Some(AuditTold { clean, lines })))
}

fn plan(wanted: &Rehearse, profile: Profile, targets: (Target, Option<Target>), citizens: PathBuf) -> EveningPlan {
    let (target, metrics) = targets;
    EveningPlan {
        target,
        metrics,
        citizens,
        campaign: wanted.campaign.clone(),
        profile,
        scale: Scale { share: wanted.scale, speed: wanted.speed },
        connections: wanted.connections,
        history: Some(history_file(&wanted.out)),
        seed: wanted.seed,
    }
}

fn history_file(out: &Path) -> PathBuf {
    out.join("history.jsonl")
}

/// Plays, and says how far it is.
fn watched(plan: &EveningPlan, stagehand: Option<Box<dyn Stagehand>>) -> Result<Played, Ending> {
    let mut watching = watching::Watching::begin();
    let played = play(plan, stagehand, &mut |progress| watching.tell(progress));
    watching.end();
    played.map_err(|failure| match failure {
        RehearsalFailure::Load(LoadFailure::Connect(_)) => Ending::Unavailable(failure.into()),
        RehearsalFailure::Size(_) | RehearsalFailure::People(_) | RehearsalFailure::Target { .. } => {
            unreadable(&failure.to_string())
        }
        failure => Ending::Fault(failure.into()),
    })
}

/// Writes the report, says what it comes to, and ends with findings if it does not hold.
fn tell(wanted: &Rehearse, played: &Played, audit: Option<AuditTold>) -> Result<(), Ending> {
    let report = Report::of(played, audit);
    let language = match wanted.lang {
        Told::Ko => Language::Korean,
        Told::En => Language::English,
    };
    let html = wanted.out.join("report.html");
    let json = wanted.out.join("report.json");
    fs::write(&html, report.html(language)).with_context(|| format!("could not write {}", html.display()))?;
    fs::write(&json, report.json()).with_context(|| format!("could not write {}", json.display()))?;
    say(&report.summary(language));
    say(&format!(
        "report   {}\nfigures  {}\nhistory  {}",
        html.display(),
        json.display(),
        history_file(&wanted.out).display()
    ));
    if report.holds() { Ok(()) } else { Err(Ending::Findings) }
}

fn unreadable(words: &str) -> Ending {
    Ending::Unreadable { words: format!("charye: {words}") }
}

//! Room: server/commands. `charye demo`: the opening of August 2021, today, over a made-up nation. Makes everything once,
//! then serves it; whatever was reserved is there at the next start.
//!
//! Never deletes a folder that is not a demo's.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use charye_domain::campaign::Campaign;
use charye_domain::citizen::CitizenFacts;
use charye_domain::eligibility::{self, Eligibility, Ineligible};
use charye_domain::time::UnixMillis;
use charye_engine::Engine;
use charye_engine::campaign::{CampaignFile, canonical_text, days_to_open, read_campaign, shift};
use charye_engine::ports::{RehearsalCitizen, RehearsalFilter, RehearsalPeople};
use charye_gateway::identity::rehearsal_provider::RehearsalSection;
use charye_rehearsal::nation::MADE_MAX;
use clap::Args;
use jiff::Span;

use super::import::Import;
use super::nation::{NationSize, people_file, progress_bar, write_nation};
use super::publish::publish;
use crate::config::{Config, DataSection, EngineSection, ListenSection};
use crate::exit::Ending;
use crate::lifecycle::Ready;
use crate::output::say;
use crate::wiring::Installation;
use crate::{telemetry, weak_build, wiring};

const CAMPAIGN: &str = "kr-2021-18-49";
/// Written before anything else into a demo's folder, so that no other folder is ever taken for one.
const MARKER: &str = "demo.toml";
/// Written when the nation is imported whole.
const COMPLETE: &str = "demo.complete";
/// The demo's opening began at least this long ago: longer than the ten minutes that a sign-in counts back. Unit: seconds.
const BEGUN_SECS: u32 = 900;
/// A new demo's opening lasts at least this long, at whatever time of day it is begun. Unit: seconds.
const LASTS_SECS: u32 = 4 * 3_600;

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Where the demo keeps what it makes
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    pub(crate) data: PathBuf,
    /// Thousandths of the whole nation's clinics, 1 to 1000
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) scale: u32,
    /// Test people to sign in as, 100 to 20000000; more than a million are made on demand
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(100..=i64::from(MADE_MAX)))]
    pub(crate) citizens: u32,
    /// The same seed makes the same nation
    #[arg(long, default_value_t = 2021)]
    pub(crate) seed: u64,
    /// Throw an earlier demo away and begin anew
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Let everybody of the campaign reserve now: its last opening is today's, not its first
    #[arg(long)]
    pub(crate) everyone: bool,
    /// Only so many clinics of the nation, for a rehearsal whose places run out.
    #[arg(skip)]
    pub(crate) clinics_max: Option<u32>,
}

pub(crate) fn run(wanted: &Demo) -> Result<(), Ending> {
    telemetry::log_to_stderr("warn")?;
    weak_build::do_without(true, wanted.listen)?;
    let counted = telemetry::count()?;
    let (config, installation) = made(wanted)?;
    let campaign = installation
        .engine
        .campaigns()
        .by_code(CAMPAIGN)
        .cloned()
        .ok_or_else(|| anyhow!("{} has no campaign; begin anew with --fresh", wanted.data.display()))?;
    let ready = Ready::prepare(config, installation, counted)?;
    welcome(&ready, &campaign);
    ready.serve()
}

/// Makes what the demo is made of, unless it is there, and ends without serving it: for a rehearsal, which serves it in a
/// process of its own.
pub(crate) fn make(wanted: &Demo) -> Result<(), Ending> {
    made(wanted).map(|(_, installation)| installation.engine.stop())
}

/// A demo's installation, made first if it is not there.
fn made(wanted: &Demo) -> Result<(Config, Installation), Ending> {
    clear_the_way(wanted)?;
    let is_new = !wanted.data.join(COMPLETE).exists();
    let nation = wanted.data.join("nation");
    // A demo that is there keeps its people, however many are asked for this time.
    let written = nation.join("citizens.csv");
    let people = match is_new {
        true => people_file(&nation, wanted.citizens),
        false if written.exists() => written,
        false => nation.join("nation.toml"),
    };
    let config = config_of(wanted, people);
    if is_new {
        begin_folder(wanted, &config)?;
    }
    let file = opening_now(wiring::wall_now(), wanted.everyone)?;
    if is_new {
        let size = NationSize { seed: wanted.seed, scale_permille: wanted.scale, citizens: wanted.citizens };
        write_nation(&file.campaign, size, &nation)?;
        if let Some(most) = wanted.clinics_max {
            keep_clinics(&nation, most)?;
        }
    }
    let installation = wiring::open(&config)?;
    if is_new {
        fill(&installation.engine, &file, &wanted.data)?;
    }
    Ok((config, installation))
}

/// Throws an earlier demo away if that was asked for, or if it was never finished.
fn clear_the_way(wanted: &Demo) -> Result<(), Ending> {
    let folder = &wanted.data;
    let is_empty = !folder.exists() || folder.read_dir().context("could not read the data folder")?.next().is_none();
    if is_empty {
        return Ok(());
    }
    if !folder.join(MARKER).exists() {
        return Err(Ending::Unreadable {
            words: format!(
                "charye: {} is not empty and not a demo's (it has no {MARKER}): name another folder with --data",
                folder.display()
            ),
        });
    }
    if wanted.fresh || !folder.join(COMPLETE).exists() {
        // Nobody else may be using it: the lock is taken for the moment of looking.
        charye_ledger::data_folder::DataFolder::open(folder)?;
        std::fs::remove_dir_all(folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    Ok(())
}

fn begin_folder(wanted: &Demo, config: &Config) -> Result<(), Ending> {
    let folder = charye_ledger::data_folder::DataFolder::open(&wanted.data)?;
    let marker = format!(
        "# A demo of charye. May be deleted at any time.\nseed = \"{}\"\nscale = {}\n",
        wanted.seed, wanted.scale
    );
    std::fs::write(folder.path().join(MARKER), marker).context("could not write the demo's marker")?;
    charye_gateway::keys::init(&config.data.key_file(), wiring::wall_now())
        .map_err(|error| Ending::Unreadable { words: format!("charye: {error}") })?;
    Ok(())
}

fn config_of(wanted: &Demo, people: PathBuf) -> Config {
    Config {
        data: DataSection { folder: wanted.data.clone(), key_file: None },
        listen: ListenSection { address: wanted.listen, ..ListenSection::default() },
        engine: EngineSection { accept_clock: true, people: 100_000, ..EngineSection::default() },
        rehearsal: RehearsalSection {
            enabled: true,
            citizens: Some(people),
            identity_port: Some(0),
            ..RehearsalSection::default()
        },
        ..Config::default()
    }
}

/// The campaign of 2021 with its calendar moved so that its first evening is now: it has [begun](BEGUN_SECS), and
/// [lasts](LASTS_SECS).
///
/// Between 18:00 and 20:00 no window of the rotation is open, and before that one is about to close: then every window of
/// the demo begins, and ends, as many hours earlier as it takes.
///
/// With `everyone`, it is the last opening that is now: the one in which no digit and no age is kept waiting.
fn opening_now(now: UnixMillis, everyone: bool) -> Result<CampaignFile, Ending> {
    let original = super::campaign::read(Path::new(CAMPAIGN))?;
    let openings = &original.campaign.openings;
    let (Some(first), Some(last)) = (openings.first(), openings.last()) else {
        return Err(Ending::Fault(anyhow!("campaign {CAMPAIGN} has no opening")));
    };
    let begun_before = last.window.opens_civil.date() - first.window.opens_civil.date();
    let (todays, before_days) = if everyone { (last.id, begun_before.get_days()) } else { (first.id, 0) };
    let days = days_to_open(&original.campaign, now.plus_secs(LASTS_SECS)) - before_days;
    let mut moved = shift(&original, days).map_err(|error| Ending::Fault(error.into()))?.for_rehearsal();
    let opens_at = moved.campaign.opening(todays).map_or(now, |opening| opening.window.opens_at);
    let early_ms = opens_at.plus_secs(BEGUN_SECS).millis_since(now);
    if early_ms > 0 {
        let hours = (early_ms + 3_599_999) / 3_600_000;
        begin_earlier(&mut moved, hours);
    }
    // What is published is read from text again: a campaign that does not read back must not be published.
    read_campaign("demo campaign", canonical_text(&moved).as_bytes())
        .map_err(|errors| Ending::Fault(anyhow!(errors).context("could not move the campaign to today")))
}

fn begin_earlier(file: &mut CampaignFile, hours: i64) {
    let span = Span::new().hours(hours);
    for opening in &mut file.campaign.openings {
        let window = &mut opening.window;
        window.opens_civil = window.opens_civil.saturating_sub(span);
        window.closes_civil = window.closes_civil.saturating_sub(span);
        window.opens_at = window.opens_at.plus_millis(-hours * 3_600_000);
        window.closes_at = window.closes_at.plus_millis(-hours * 3_600_000);
    }
}

/// Publishes the campaign and imports the nation; a folder that is left half full is thrown away at the next start.
fn fill(engine: &Engine, file: &CampaignFile, folder: &Path) -> Result<(), Ending> {
    let published = publish(engine, file)?;
    let campaign = file.clone().into_campaign(published.campaign, published.version);
    let bar = progress_bar("importing");
    bar.set_length(3);
    let nation = folder.join("nation");
    let import = Import::new(engine, false);
    let counts = import.clinics(&nation.join("clinics.csv"))?;
    bar.inc(1);
    let known: HashSet<String> = clinic_codes(&nation.join("clinics.csv"))?;
    debug_assert_eq!(known.len() as u64, counts.accepted);
    import.sessions_of(&nation.join("sessions.csv"), &campaign, &|code| known.contains(code))?;
    bar.inc(1);
    import.finish()?;
    engine.ask_for_snapshot();
    bar.finish_and_clear();
    std::fs::write(folder.join(COMPLETE), "").context("could not mark the demo as complete")?;
    Ok(())
}

/// Leaves as many of a nation's clinics as wanted, all over the country, and their sessions.
fn keep_clinics(nation: &Path, most: u32) -> Result<(), Ending> {
    let clinics = nation.join("clinics.csv");
    let count = clinic_codes(&clinics)?.len();
    let each = count.div_ceil(most.max(1) as usize).max(1);
    let mut place = 0;
    keep_rows(&clinics, |_| {
        place += 1;
        (place - 1) % each == 0
    })?;
    let kept = clinic_codes(&clinics)?;
    keep_rows(&nation.join("sessions.csv"), |code| kept.contains(code))
}

/// Leaves those rows of one of the nation's own files whose first cell is wanted, and its header.
fn keep_rows(path: &Path, mut wanted: impl FnMut(&str) -> bool) -> Result<(), Ending> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut lines = text.lines();
    let header = lines.next().into_iter();
    let mut kept: Vec<&str> =
        header.chain(lines.filter(|line| wanted(line.split(',').next().unwrap_or_default()))).collect();
    kept.push("");
    std::fs::write(path, kept.join("\n")).with_context(|| format!("could not write {}", path.display()))?;
    Ok(())
}

/// The codes in the first column of the nation's own clinics.csv, which are never quoted.
fn clinic_codes(path: &Path) -> Result<HashSet<String>, Ending> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    Ok(text.lines().skip(1).filter_map(|line| line.split(',').next().map(str::to_owned)).collect())
}

fn welcome(ready: &Ready, campaign: &Campaign) {
    let now = wiring::wall_now();
    let mut lines = vec![format!("ready http://{}", ready.address())];
    lines.push(format!("open     http://{}/  ({})", ready.address(), campaign.name.en));
    if let Some(people) = &ready.app().rehearsal {
        lines.extend(cast(&**people, campaign, now));
    }
    if !campaign.openings.iter().any(|opening| opening.window.contains(now)) {
        lines.push("note     no window of this demo is open now; begin anew with --fresh".to_owned());
    }
    lines.push("stop     Ctrl-C; what was reserved is kept".to_owned());
    lines.push(String::new());
    say(&lines.join("\n"));
}

/// One who may reserve now, one who must come another day, one who may not at all.
fn cast(people: &dyn RehearsalPeople, campaign: &Campaign, now: UnixMillis) -> Vec<String> {
    let everyone = people.list(&RehearsalFilter::default(), None, 100);
    let find = |wanted: fn(&Eligibility) -> bool| {
        let told = |citizen: &RehearsalCitizen| {
            eligibility::decide(campaign, &CitizenFacts { birth_date: citizen.birth_date }, now)
        };
        everyone.iter().find(|citizen| wanted(&told(citizen))).map(|citizen| (citizen, told(citizen)))
    };
    let found = [
        find(|told| matches!(told, Eligibility::Eligible { .. })),
        find(|told| matches!(told, Eligibility::Ineligible(Ineligible::OpeningNotYet { .. }))),
        find(|told| matches!(told, Eligibility::Ineligible(Ineligible::NotInCohort))),
    ];
    found.into_iter().flatten().map(|(citizen, told)| line_of(citizen, told, campaign)).collect()
}

fn line_of(citizen: &RehearsalCitizen, told: Eligibility, campaign: &Campaign) -> String {
    let answer = match told {
        Eligibility::Eligible { .. } => "may reserve now".to_owned(),
        Eligibility::Ineligible(Ineligible::OpeningNotYet { opens_at, .. }) => {
            format!("may come on {}", opens_at.civil(&campaign.time_zone).strftime("%a %-d %b at %H:%M"))
        }
        Eligibility::Ineligible(_) => "is not in this campaign".to_owned(),
    };
    format!("sign in  as {} ({}), born {}: {answer}", citizen.name_ko, citizen.name_en, citizen.birth_date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_time_of_day_the_demo_is_open_has_begun_and_lasts() {
        let midnight = UnixMillis::from_civil("2026-12-31T00:00".parse().unwrap(), &jiff::tz::TimeZone::UTC).unwrap();
        for everyone in [false, true] {
            for minute in 0..24 * 60 {
                let now = midnight.plus_secs(minute * 60);
                let file = opening_now(now, everyone).unwrap();
                let openings = &file.campaign.openings;
                let opening = if everyone { openings.last() } else { openings.first() };
                let window = &opening.unwrap().window;
                let begun_ms = now.millis_since(window.opens_at);
                assert!(begun_ms >= i64::from(BEGUN_SECS) * 1_000, "{minute}: {window:?}");
                assert!(begun_ms < 24 * 3_600_000, "{minute}: {window:?}");
                assert!(window.closes_at.millis_since(now) >= i64::from(LASTS_SECS) * 1_000, "{minute}: {window:?}");
            }
        }
    }
}

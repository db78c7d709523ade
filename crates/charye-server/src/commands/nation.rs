//! Room: server/commands. `charye nation generate`: a nation of clinics and test people, as the CSV that import reads.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use charye_domain::campaign::Campaign;
use charye_rehearsal::nation::{MADE_MAX, NationError, NationPlan, NationReport, Step, WRITTEN_MAX, generate};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::campaign;
use crate::exit::Ending;
use crate::output::say;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write clinics.csv, sessions.csv and citizens.csv of a made-up nation; more than a million people are not written
    Generate(Generate),
}

#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// Where to write; created if it is not there
    directory: PathBuf,
    /// The same seed writes the same bytes
    #[arg(long, default_value_t = 2021)]
    seed: u64,
    /// Thousandths of the whole nation's clinics, 1 to 1000
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    scale: u32,
    /// Test people, 100 to 20000000, whatever the scale; more than a million are made on demand
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(100..=i64::from(MADE_MAX)))]
    citizens: u32,
    /// The campaign whose days and products the clinics serve
    #[arg(long, default_value = "kr-2021-18-49")]
    campaign: PathBuf,
}

/// How much is generated, and from which seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NationSize {
    pub(crate) seed: u64,
    /// Unit: thousandths of the whole nation's clinics.
    pub(crate) scale_permille: u32,
    /// Test people.
    pub(crate) citizens: u32,
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let Command::Generate(wanted) = command;
    let file = campaign::read(&wanted.campaign)?;
    let size = NationSize { seed: wanted.seed, scale_permille: wanted.scale, citizens: wanted.citizens };
    let report = write_nation(&file.campaign, size, &wanted.directory)?;
    say(&report.to_string());
    Ok(())
}

/// Generates a nation that serves a campaign's days and products.
pub(crate) fn write_nation(campaign: &Campaign, size: NationSize, directory: &Path) -> Result<NationReport, Ending> {
    let plan = plan_for(campaign, size);
    let bar = progress_bar("generating the nation");
    let report = generate(&plan, directory, &mut |progress| {
        bar.set_message(match progress.step {
            Step::Clinics => "generating clinics",
            Step::Citizens => "generating test people",
        });
        bar.set_length(progress.total.into());
        bar.set_position(progress.done.into());
    });
    bar.finish_and_clear();
    report.map_err(|error| match error {
        NationError::Plan { .. } => Ending::Unreadable { words: format!("charye: {error}") },
        NationError::DistrictTable { .. } | NationError::Write { .. } => Ending::Fault(anyhow::Error::new(error)),
    })
}

/// Where the people of a nation of this size are told: its citizens.csv, or its nation.toml if they are made on demand.
pub(crate) fn people_file(nation: &Path, citizens: u32) -> PathBuf {
    nation.join(if citizens > WRITTEN_MAX { "nation.toml" } else { "citizens.csv" })
}

/// A bar on a terminal; nothing where nobody watches.
pub(crate) fn progress_bar(message: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:24} [{bar:40}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(message)
}

fn plan_for(campaign: &Campaign, size: NationSize) -> NationPlan {
    let usual = NationPlan::korea_2021(size.seed).begun_on(campaign.first_day);
    let born_from = campaign.cohorts.iter().map(|cohort| cohort.born_from).min().unwrap_or(usual.born_from);
    let born_to = campaign.cohorts.iter().map(|cohort| cohort.born_to).max().unwrap_or(usual.born_to);
    let interval = campaign.products.iter().find_map(|product| product.interval.as_ref());
    let (min, max) = interval.map_or((usual.dose_two_days_min, usual.dose_two_days_max), |interval| {
        (*interval.allowed_days.start(), *interval.allowed_days.end())
    });
    let days = u16::try_from(campaign.days()).unwrap_or(u16::MAX);
    NationPlan {
        scale_permille: size.scale_permille,
        citizens: size.citizens,
        first_dose_days: days.saturating_sub(max).max(1),
        dose_two_days_min: min,
        dose_two_days_max: max,
        products: campaign.products.iter().map(|product| product.code.clone()).collect(),
        holidays: campaign.closed_days.iter().copied().collect(),
        born_from,
        born_to,
        ..usual
    }
}

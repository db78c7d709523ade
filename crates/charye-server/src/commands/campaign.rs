//! Room: server/commands. `charye campaign check|show|diff`: a campaign file, checked, told to one person, compared.
//!
//! `publish` joins them in `publish.rs`, because it needs a data folder.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use charye_engine::campaign::{
    BUNDLED, CAMPAIGN_FILE_BYTES_MAX, CampaignFile, Language, bundled, describe_for, diff, read_campaign,
};
use charye_engine::ports::Clock as _;
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::clock::SystemClock;
use crate::exit::Ending;
use crate::output::say;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with a campaign file, with line, column and remedy
    Check {
        /// A file, or the code of a bundled campaign
        file: PathBuf,
    },
    /// Say in words who may reserve what when
    Show {
        /// A file, or the code of a bundled campaign
        file: PathBuf,
        /// A birth date, YYYY-MM-DD
        #[arg(long = "for", value_name = "BIRTHDATE")]
        birth_date: Date,
        /// As of this civil time in the campaign's zone, YYYY-MM-DDTHH:MM; now if left out
        #[arg(long, value_name = "TIME")]
        at: Option<jiff::civil::DateTime>,
        /// In Korean or English
        #[arg(long = "lang", alias = "language", value_enum, value_name = "ko|en", default_value_t = Told::En)]
        language: Told,
    },
    /// Say what changes for people between two campaign files; exit code 1 if anything does
    Diff { a: PathBuf, b: PathBuf },
    /// Try a campaign out: who may reserve when, asked hour by hour; exit code 1 if anything surprises
    DryRun(super::dry_run::DryRunArguments),
    /// Publish a campaign, or its next version, in an installation
    Publish {
        /// A file, or the code of a bundled campaign
        file: PathBuf,
        #[command(flatten)]
        installed: super::installed::Installed,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Told {
    Ko,
    En,
}

pub(crate) fn run(command: Command) -> Result<(), Ending> {
    match command {
        Command::Check { file } => check(&file),
        Command::Show { file, birth_date, at, language } => show(&file, birth_date, at, language),
        Command::Diff { a, b } => differences(&a, &b),
        Command::DryRun(wanted) => super::dry_run::run(&wanted),
        Command::Publish { file, installed } => super::publish::run(&file, &installed),
    }
}

/// Reads a campaign file, or the bundled campaign of that code.
pub(crate) fn read(file: &Path) -> Result<CampaignFile, Ending> {
    let unreadable =
        |errors: charye_engine::campaign::CampaignFileErrors| Ending::Unreadable { words: errors.to_string() };
    if let Some(campaign) = file.to_str().and_then(bundled).filter(|_| !file.exists()) {
        return read_campaign(campaign.file, campaign.text.as_bytes()).map_err(unreadable);
    }
    let bytes = read_bounded(file).map_err(|error| match Ending::of_file(file, error) {
        Ending::Unreadable { words } => {
            let codes = BUNDLED.map(|campaign| campaign.code).join(", ");
            Ending::Unreadable { words: format!("{words}; name a campaign file, or one of {codes}") }
        }
        fault => fault,
    })?;
    read_campaign(&file.display().to_string(), &bytes).map_err(unreadable)
}

/// One byte more than a campaign file may have, at most, so that the reader can say that it is too long.
fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = CAMPAIGN_FILE_BYTES_MAX as u64 + 1;
    File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn check(file: &Path) -> Result<(), Ending> {
    let campaign = read(file)?.campaign;
    say(&format!(
        "{}: {} ({}) is sound: {} products, {} cohorts, {} openings, vaccination {} to {} on {} days",
        file.display(),
        campaign.code,
        campaign.name.en,
        campaign.products.len(),
        campaign.cohorts.len(),
        campaign.openings.len(),
        campaign.first_day,
        campaign.last_day,
        campaign.days() as usize - campaign.closed_days.len(),
    ));
    Ok(())
}

fn show(file: &Path, birth_date: Date, at: Option<jiff::civil::DateTime>, language: Told) -> Result<(), Ending> {
    let campaign = read(file)?.campaign;
    let now = match at {
        Some(civil) => charye_domain::time::UnixMillis::from_civil(civil, &campaign.time_zone)
            .with_context(|| format!("could not find {civil} in the campaign's time zone"))?,
        None => SystemClock::new().wall(),
    };
    let language = match language {
        Told::Ko => Language::Korean,
        Told::En => Language::English,
    };
    say(describe_for(&campaign, birth_date, now, language).trim_end());
    Ok(())
}

fn differences(a: &Path, b: &Path) -> Result<(), Ending> {
    let changes = diff(&read(a)?.campaign, &read(b)?.campaign);
    if changes.is_empty() {
        say("no difference: the rules are the same");
        return Ok(());
    }
    for change in &changes {
        say(&change.to_string());
    }
    Err(Ending::Findings)
}

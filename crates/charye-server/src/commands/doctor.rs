//! Room: server/commands. `charye doctor`: is this machine fit for an opening? Each finding with its advice. Changes
//! nothing but a temporary file in the data folder.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use charye_engine::ports::Clock as _;
use clap::Args;

use super::check_config;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::exit::Ending;
use crate::output::say;

/// Syncs measured, or as many as fit the time below.
const SYNCS: u32 = 200;
const SYNCS_AT_MOST: Duration = Duration::from_secs(3);
/// Below this, one citizen waits longer than is pleasant: 1,000 syncs a second are 1 ms each.
const SYNCS_PER_SEC_WANTED: f64 = 200.0;
/// Open files per connection: one, and some for the stores.
const FILES_SPARE: u64 = 256;
/// 2024-01-01: a clock before that was never set.
const CLOCK_PLAUSIBLE_FROM_MS: i64 = 1_704_067_200_000;
const FREE_BYTES_WANTED: u64 = 10 << 30;

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// The configuration to look through
    #[arg(long)]
    config: Option<PathBuf>,
}

/// One thing looked at.
struct Finding {
    about: &'static str,
    found: String,
    /// What to do, if something should be done.
    advice: Option<String>,
}

pub(crate) fn run(wanted: &Doctor) -> Result<(), Ending> {
    let config = check_config::read(wanted.config.as_deref())?;
    let folder = existing_ancestor(&config.data.folder);
    let findings = [
        syncs(&folder),
        space(&folder),
        folder_mode(&config.data.folder),
        key_file(&config),
        open_files(&config),
        clock(),
        sqlite(),
        cores(&config),
    ];
    let mut advised = false;
    for finding in findings {
        let mark = if finding.advice.is_some() { "!!" } else { "ok" };
        say(&format!("{mark}  {:16} {}", finding.about, finding.found));
        if let Some(advice) = finding.advice {
            say(&format!("    {:16} {advice}", "advice:"));
            advised = true;
        }
    }
    if advised { Err(Ending::Findings) } else { Ok(()) }
}

fn syncs(folder: &Path) -> Finding {
    let about = "disk syncs";
    match syncs_per_sec(folder) {
        Ok(rate) => Finding {
            about,
            found: format!("{rate:.0} fdatasyncs a second in {}", folder.display()),
            advice: (rate < SYNCS_PER_SEC_WANTED).then(|| {
                "every batch waits for one sync: use a local SSD with power-loss protection, not a network disk"
                    .to_owned()
            }),
        },
        Err(error) => Finding {
            about,
            found: format!("{error:#}"),
            advice: Some("make the data folder's parent writable for whoever runs charye".to_owned()),
        },
    }
}

fn syncs_per_sec(folder: &Path) -> Result<f64, anyhow::Error> {
    let path = folder.join(format!(".charye-doctor-{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).context("could not write a test file")?;
    let measured = measure_syncs(&mut file);
    std::fs::remove_file(&path).context("could not remove the test file")?;
    measured
}

fn measure_syncs(file: &mut File) -> Result<f64, anyhow::Error> {
    let block = [0x5a; 4096];
    file.write_all(&block).and_then(|()| file.sync_all()).context("could not sync a test file")?;
    let clock = SystemClock::new();
    let mut syncs = 0;
    while syncs < SYNCS && clock.monotonic() < SYNCS_AT_MOST {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block).and_then(|()| file.sync_data()).context("could not sync a test file")?;
        syncs += 1;
    }
    Ok(f64::from(syncs) / clock.monotonic().as_secs_f64().max(1e-6))
}

fn space(folder: &Path) -> Finding {
    let about = "disk space";
    match rustix::fs::statvfs(folder) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            Finding {
                about,
                found: format!("{} GiB free", free >> 30),
                advice: (free < FREE_BYTES_WANTED).then(|| {
                    "ten million reservations take about 1 GiB of journal and as much of projections; free 10 GiB"
                        .to_owned()
                }),
            }
        }
        Err(error) => Finding {
            about,
            found: error.to_string(),
            advice: Some("check that the folder's disk is mounted".to_owned()),
        },
    }
}

fn folder_mode(folder: &Path) -> Finding {
    let about = "data folder";
    match std::fs::metadata(folder) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            let advice = (mode & 0o027 != 0).then(|| format!("others can enter it: chmod 700 {}", folder.display()));
            Finding {
                about,
                found: format!("{} has mode {mode:o}, owner {}", folder.display(), metadata.uid()),
                advice,
            }
        }
        Err(_) => {
            Finding { about, found: format!("{} is not there yet; charye makes it", folder.display()), advice: None }
        }
    }
}

fn key_file(config: &Config) -> Finding {
    let (about, path) = ("key file", config.data.key_file());
    if !path.exists() {
        let advice = Some(format!("make one: charye keys init --key-file {}", path.display()));
        return Finding { about, found: format!("{} is not there", path.display()), advice };
    }
    match charye_gateway::keys::status(&path) {
        Ok(keys) => Finding { about, found: format!("{} with {} keys", path.display(), keys.len()), advice: None },
        Err(error) => Finding { about, found: "does not open".to_owned(), advice: Some(error.to_string()) },
    }
}

fn open_files(config: &Config) -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let wanted = config.listen.connections_max as u64 + FILES_SPARE;
    Finding {
        about: "open files",
        found: format!("{limit} allowed"),
        advice: (limit < wanted).then(|| {
            format!(
                "[listen] connections_max wants {wanted}: raise LimitNOFILE (or ulimit -n), or lower connections_max"
            )
        }),
    }
}

fn clock() -> Finding {
    let wall = SystemClock::new().wall();
    let now = jiff::Timestamp::from_millisecond(wall.0).map(|now| now.to_string()).unwrap_or_default();
    Finding {
        about: "clock",
        found: now,
        advice: (wall.0 < CLOCK_PLAUSIBLE_FROM_MS)
            .then(|| "set the clock, and keep it set: chrony or systemd-timesyncd".to_owned()),
    }
}

fn sqlite() -> Finding {
    let refused = charye_ledger::sqlite_file::refuse_old_sqlite().err();
    Finding {
        about: "SQLite",
        found: "bundled".to_owned(),
        advice: refused.map(|error| format!("{error}: build charye with its bundled SQLite")),
    }
}

fn cores(config: &Config) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Finding {
        about: "cores",
        found: format!("{cores}, of which {} listen", config.listen.threads()),
        advice: (cores < 2).then(|| "the sequencer wants a core for itself: give charye at least two".to_owned()),
    }
}

/// The folder, or the nearest one above it that exists.
fn existing_ancestor(folder: &Path) -> PathBuf {
    folder.ancestors().find(|path| path.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

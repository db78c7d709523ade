//! Room: server/commands. `charye audit verify|checkpoint|bypass|orders|show`: prints what the ledger's audit found. May run beside a
//! server. Must never write into the data folder.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use charye_domain::ids::ReservationNumber;
use charye_domain::time::UnixMillis;
use charye_engine::ports::Projection as _;
use charye_ledger::audit::{
    AuditOptions, AuditReport, Checkpoint, History, HistoryFailure, Projected, StoryLine, bypass, orders, story_of,
    verify,
};
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::SqliteJournalReader;
use charye_ledger::projection::SqliteProjection;
use clap::Subcommand;
use jiff::Timestamp;

use super::installed::{Installed, standing};
use crate::exit::Ending;
use crate::output::say;
use crate::wiring::campaign_reader;

/// Stored violations told.
const VIOLATIONS_TOLD_MAX: u32 = 100;
/// A checkpoint is five lines; anything much longer is none.
const CHECKPOINT_BYTES_MAX: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare journal, snapshots, tables and what clients heard; exit code 1 if anything is found
    Verify {
        #[command(flatten)]
        installed: Installed,
        /// What clients heard, as JSON lines (docs/reference/history-format.md)
        #[arg(long, value_name = "FILE")]
        history: Option<PathBuf>,
        /// What an outsider kept from `charye audit checkpoint`
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Print what an outsider keeps, so that no later edit of the journal goes unseen
    Checkpoint(Installed),
    /// List who got past the door: places without a visit, visits without a call; exit code 1 if there are any
    Bypass(Installed),
    /// List who ordered what of lines, identity providers, campaigns and imports, when and why
    Orders(Installed),
    /// Tell the story of one reservation
    Show {
        /// Its number, with or without hyphens
        reservation: String,
        #[command(flatten)]
        installed: Installed,
    },
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    match command {
        Command::Verify { installed, history, checkpoint } => {
            let history = history.as_deref().map(read_history).transpose()?;
            let checkpoint = checkpoint.as_deref().map(read_checkpoint).transpose()?;
            let audited = audit(&folder(installed)?, history, checkpoint)?;
            tell(&audited);
            if audited.is_clean() { Ok(()) } else { Err(Ending::Findings) }
        }
        Command::Checkpoint(installed) => {
            let audited = audit(&folder(installed)?, None, None)?;
            let Some(checkpoint) = audited.report.checkpoint().filter(|_| audited.is_clean()) else {
                tell(&audited);
                return Err(Ending::Findings);
            };
            say(checkpoint.to_string().trim_end());
            Ok(())
        }
        Command::Bypass(installed) => tell_bypass(installed),
        Command::Orders(installed) => tell_orders(installed),
        Command::Show { reservation, installed } => show(reservation, installed),
    }
}

/// Everything that can be compared, compared.
struct Audited {
    report: AuditReport,
    /// What is wrong within the tables, a line each.
    of_tables: Vec<String>,
}

impl Audited {
    fn is_clean(&self) -> bool {
        self.of_tables.is_empty() && self.report.is_clean()
    }
}

fn audit(folder: &DataFolder, history: Option<History>, checkpoint: Option<Checkpoint>) -> Result<Audited, Ending> {
    // The tables first: the journal is never behind them.
    let (projection, of_tables) = tables(folder)?;
    let options = AuditOptions { campaigns: campaign_reader(), checkpoint, history, projection };
    let report = verify(folder, options).context("could not audit")?;
    Ok(Audited { report, of_tables })
}

/// How far the tables are, and what is wrong within them.
fn tables(folder: &DataFolder) -> Result<(Option<Projected>, Vec<String>), Ending> {
    if !folder.projection().exists() {
        return Ok((None, Vec::new()));
    }
    let reader = SqliteJournalReader::new(folder.journal(), campaign_reader());
    let tables = SqliteProjection::for_reading(&folder.projection(), Box::new(reader))
        .context("could not open the projections")?;
    let discrepancies = tables.check().context("could not check the projections")?;
    let violations = tables.stored_violations(VIOLATIONS_TOLD_MAX).context("could not read the violations")?;
    let changed = discrepancies.iter().map(|found| format!("tables: {found:?}; `charye projection rebuild` mends it"));
    let violated = violations.iter().map(|(law, seq, detail)| format!("tables: {law} at {seq}: {detail}"));
    let projected = Projected { applied_seq: tables.applied_seq(), fingerprint: tables.slots_fingerprint() };
    Ok((Some(projected), changed.chain(violated).collect()))
}

/// What a folder's journal, snapshots, tables and a history of clients say of one another: whether nothing was found, and
/// the words of it.
///
/// # Errors
/// As `charye audit verify`.
pub(crate) fn verified(data: &Path, history: &Path) -> Result<(bool, Vec<String>), Ending> {
    let history = read_history(history)?;
    let folder = DataFolder::for_reading(data)?;
    let audited = audit(&folder, Some(history), None)?;
    Ok((audited.is_clean(), words(&audited)))
}

fn tell(audited: &Audited) {
    for line in words(audited) {
        say(&line);
    }
}

fn words(audited: &Audited) -> Vec<String> {
    let report = &audited.report;
    let mut words = Vec::new();
    let mut say = |line: &str| words.push(line.to_owned());
    say(&format!("journal      {} rows, {} entries", report.rows, report.last_seq));
    say(&format!("snapshots    {} equal the replay", report.snapshots_equal.len()));
    if !report.snapshots_of_another_version.is_empty() {
        let count = report.snapshots_of_another_version.len();
        say(&format!(
            "             {count} of another version of Charye, which no start takes and nothing is compared with"
        ));
    }
    if let Some(equal) = report.projection_equal {
        say(&format!("tables       {}", if equal { "equal the replay" } else { "differ from it" }));
    }
    if let Some(holds) = report.checkpoint_holds {
        say(&format!("checkpoint   {}", if holds { "holds" } else { "does not hold" }));
    }
    if report.history_lines > 0 {
        say(&format!("history      {} answers", report.history_lines));
    }
    for line in &audited.of_tables {
        say(line);
    }
    for finding in report.findings.kept() {
        say(&finding.to_string());
    }
    match (audited.of_tables.len() + report.findings.kept().len()) as u64 + report.findings.beyond() {
        0 => say("nothing was found"),
        count => say(&format!("{count} found")),
    }
    words
}

fn tell_bypass(installed: &Installed) -> Result<(), Ending> {
    let mut reader = SqliteJournalReader::new(folder(installed)?.journal(), campaign_reader());
    let report = bypass(&mut reader)?;
    say(&format!("journal                {} entries", report.last_seq));
    say(&format!("places without visit   {}", report.places_without_visit));
    say(&format!("visits without call    {}", report.visits_without_call));
    for finding in report.findings.kept() {
        say(&finding.to_string());
    }
    if report.findings.beyond() > 0 {
        say(&format!("and {} more", report.findings.beyond()));
    }
    if report.is_clean() { Ok(()) } else { Err(Ending::Findings) }
}

fn show(reservation: &str, installed: &Installed) -> Result<(), Ending> {
    let number = ReservationNumber::parse(reservation).ok_or_else(|| Ending::Unreadable {
        words: format!("charye: {reservation} is not a reservation number: eleven digits, the last of which checks"),
    })?;
    let mut reader = SqliteJournalReader::new(folder(installed)?.journal(), campaign_reader());
    let Some(story) = story_of(&mut reader, number)? else {
        say(&format!("no reservation has number {number}"));
        return Err(Ending::Findings);
    };
    story.lines.iter().for_each(say_line);
    Ok(())
}

fn tell_orders(installed: &Installed) -> Result<(), Ending> {
    let mut reader = SqliteJournalReader::new(folder(installed)?.journal(), campaign_reader());
    if orders(&mut reader, &mut |line| say_line(&line))? == 0 {
        say("nobody ordered anything");
    }
    Ok(())
}

fn say_line(line: &StoryLine) {
    let (at, why) = (in_words(line.at), why(line.reason));
    say(&format!("{:>10}  {at}  {:<24} {:<8} {}{why}", line.seq, line.actor, line.channel, line.text));
}

/// The reason of an entry, if it has one, with its meaning in docs/reference/journal-format.md.
fn why(reason: u16) -> String {
    let meaning = match reason {
        0 => return String::new(),
        1 => "agreed to what is kept, version 1",
        101 => "no device to sign in with",
        102 => "could not sign in",
        103 => "cannot use the pages",
        104 => "wants to change or cancel",
        105 => "asks about a reservation",
        _ => "not known to this program",
    };
    format!(" (reason {reason}: {meaning})")
}

/// An instant in UTC, to the millisecond.
fn in_words(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(|_| format!("{} ms", at.0), |at| format!("{at:.3}"))
}

fn folder(installed: &Installed) -> Result<DataFolder, Ending> {
    standing(&installed.config()?.data.folder)
}

fn read_history(path: &Path) -> Result<History, Ending> {
    let file = File::open(path).map_err(|error| Ending::of_file(path, error))?;
    History::read(&mut BufReader::new(file)).map_err(|failure| match failure {
        HistoryFailure::Io(_) => Ending::Fault(failure.into()),
        failure => Ending::Unreadable { words: format!("charye: {}: {failure}", path.display()) },
    })
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, Ending> {
    let unreadable = |words: &str| Ending::Unreadable { words: format!("charye: {}: {words}", path.display()) };
    let bytes = std::fs::metadata(path).map_err(|error| Ending::of_file(path, error))?.len();
    if bytes > CHECKPOINT_BYTES_MAX {
        return Err(unreadable("not a checkpoint: it is too long"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| Ending::of_file(path, error))?;
    text.parse().map_err(|error: charye_ledger::audit::checkpoint::CheckpointUnreadable| unreadable(&error.to_string()))
}

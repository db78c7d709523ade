//! Room: server/commands. `charye draw verify`: recomputes a published draw, on anybody's machine, without an installation.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;

use anyhow::anyhow;
use charye_domain::waiting_room::draw::DrawId;
use charye_domain::waiting_room::draw::published::{LINE_MAX, hex, unhex};
use charye_domain::waiting_room::draw::verify::{Found, Lie, Report, Verifier};
use clap::{Args, Subcommand};

use crate::exit::Ending;
use crate::output::say;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Recompute a published draw and say whether every place is as it must be
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The published file; it may hold all slices or some
    file: PathBuf,
    /// Also say this draw id's place, and how many went before it
    #[arg(long, value_name = "ID", value_parser = parse_draw_id)]
    draw_id: Option<DrawId>,
    /// The file has some of the slices on purpose: what is there has to be true, and none has to be
    #[arg(long)]
    some_slices: bool,
}

pub(crate) fn run(command: &Command) -> Result<(), Ending> {
    let Command::Verify(wanted) = command;
    let report = read(wanted)?;
    describe(&report);
    let is_enough = report.is_whole_and_true() || (wanted.some_slices && report.lies_counted == 0);
    if is_enough { Ok(()) } else { Err(Ending::Findings) }
}

fn read(wanted: &Verify) -> Result<Report, Ending> {
    let shown = wanted.file.display();
    let file = File::open(&wanted.file).map_err(|error| Ending::of_file(&wanted.file, error))?;
    let mut file = BufReader::new(file);
    let mut verifier = Verifier::default();
    if let Some(id) = wanted.draw_id {
        verifier.look_for(id);
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        // Bounded: a file without line ends is refused by its first line, not read into memory.
        let most = LINE_MAX as u64 + 2;
        let length = file.by_ref().take(most).read_until(b'\n', &mut line);
        if length.map_err(|error| Ending::of_file(&wanted.file, error))? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = std::str::from_utf8(text).map_err(|error| unreadable(&shown, &error))?;
        verifier.line(text).map_err(|error| unreadable(&shown, &error))?;
    }
    verifier.finish().map_err(|error| unreadable(&shown, &error))
}

fn unreadable(file: &dyn std::fmt::Display, error: &dyn std::fmt::Display) -> Ending {
    Ending::Unreadable { words: format!("charye: {file}: {error}") }
}

fn describe(report: &Report) {
    say(&format!("draw of campaign {}, opening {}: {} people", report.campaign, report.opening, report.count));
    say(&format!("secret commitment  {}", hex(&report.secret_commitment)));
    say(&format!("key commitment     {}", hex(&report.key_commitment)));
    say(&format!("root               {}", hex(&report.root)));
    say("compare these three and the count with what was published before the opening; a file cannot vouch for them");
    say(&format!("public value       {}", public_value(&report.public_value)));
    say(&format!("seed               {}", hex(&report.seed)));
    let (checked, needed) = (report.slices_checked, report.slices_needed);
    say(&format!("checked {} draw ids and their places in {checked} of {needed} slices", report.ids_checked));
    for lie in &report.lies {
        say(&format!("NOT TRUE: {}", words(lie)));
    }
    if report.lies_counted > report.lies.len() as u64 {
        say(&format!("NOT TRUE: {} findings in all", report.lies_counted));
    }
    if let Some(found) = &report.found {
        describe_found(found, checked == needed);
    }
    if report.is_whole_and_true() {
        say("true: every place follows from the secret, the list and the public value");
    } else if report.lies_counted == 0 {
        say("true as far as it goes: the other slices are in other files");
    }
}

fn describe_found(found: &Found, whole: bool) {
    let listed = if found.listed { "is on the list" } else { "is NOT among the ids checked" };
    say(&format!("draw id {} {listed}; its place is {:016x}", hex(&found.id.0), found.place.0));
    if whole {
        say(&format!("{} people have a lower place", found.lower_places));
    }
}

fn public_value(value: &[u8]) -> String {
    let printable = std::str::from_utf8(value).ok().filter(|text| !text.chars().any(char::is_control));
    match printable {
        Some("") => "none was named".to_owned(),
        Some(text) => format!("\"{text}\""),
        None => hex(value),
    }
}

fn words(lie: &Lie) -> String {
    match lie {
        Lie::Secret => "the secret is not the one committed to".to_owned(),
        Lie::Root => "the slices' roots do not lead to the closed root".to_owned(),
        Lie::SliceCount { counted, needed } => format!("{counted} slice roots where the count asks for {needed}"),
        Lie::Slice { slice } => format!("slice {slice}: its ids do not lead to its root"),
        Lie::SliceLength { slice, counted, needed } => format!("slice {slice}: {counted} ids instead of {needed}"),
        Lie::Order { line } => format!("line {line}: not in rising order, or there twice"),
        Lie::Place { line, published, computed } => {
            format!("line {line}: place {:016x} published, {:016x} computed", published.0, computed.0)
        }
    }
}

fn parse_draw_id(text: &str) -> anyhow::Result<DrawId> {
    let bytes = unhex(text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(DrawId).ok_or_else(|| anyhow!("a draw id is 32 digits of 0-9 and a-f"))
}

//! Room: server/commands. `charye campaign dry-run`: a campaign tried out before it opens, as a table or as JSON, beside the
//! version that an installation has published last. Reads a journal, never writes one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use charye_domain::book::Event;
use charye_domain::campaign::Campaign;
use charye_engine::campaign::{DryRun, DryRunChange, DryRunGroup, DryRunSpan, dry_run, dry_run_changes};
use charye_engine::ports::JournalReader as _;
use charye_ledger::journal::SqliteJournalReader;
use clap::Args;
use serde_json::{Value, json};

use super::installed::standing;
use crate::exit::Ending;
use crate::output::say;
use crate::wiring::campaign_reader;

#[derive(Args, Debug)]
pub(crate) struct DryRunArguments {
    /// A file, or the code of a bundled campaign
    file: PathBuf,
    /// The data folder of an installation: says what changes for whom since the version published there last
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// The version of a campaign that an installation has published last, tried out.
struct Published {
    version: u16,
    changes: Vec<DryRunChange>,
}

pub(crate) fn run(wanted: &DryRunArguments) -> Result<(), Ending> {
    let campaign = super::campaign::read(&wanted.file)?.campaign;
    let tried = dry_run(&campaign);
    let published = match &wanted.data {
        None => None,
        Some(folder) => last_published(folder, &campaign.code)?
            .map(|before| Published { version: before.version.0, changes: dry_run_changes(&dry_run(&before), &tried) }),
    };
    if wanted.json {
        let told = json_of(&campaign, &tried, published.as_ref());
        say(&serde_json::to_string_pretty(&told).context("could not write JSON")?);
    } else {
        say(&words_of(&campaign, &tried, published.as_ref(), wanted.data.is_some()));
    }
    if tried.surprises.is_empty() { Ok(()) } else { Err(Ending::Findings) }
}

/// What a folder's journal holds as the last version of the campaign with this code.
fn last_published(folder: &Path, code: &str) -> Result<Option<Arc<Campaign>>, Ending> {
    let folder = standing(folder)?;
    let mut last = None;
    let mut reader = SqliteJournalReader::new(folder.journal(), campaign_reader());
    let read = reader.read(1, &mut |row| {
        for entry in row.entries.iter() {
            if let Event::CampaignPublished { campaign, .. } = &entry.event
                && campaign.code == code
            {
                last = Some(Arc::clone(campaign));
            }
        }
        ControlFlow::Continue(())
    });
    read?;
    Ok(last)
}

fn words_of(campaign: &Campaign, tried: &DryRun, published: Option<&Published>, asked: bool) -> String {
    let mut lines = vec![format!(
        "{} ({}): {} questions at {} moments",
        campaign.code, campaign.name.en, tried.questions, tried.moments
    )];
    lines
        .push(format!("{:<14} {:<20} {:<24} may reserve (from, until)", "cohort", "born on days ending", "tried born"));
    for group in &tried.groups {
        let mut left = [cohort_of(group), digits_of(group), born_of(group)];
        for span in &group.spans {
            lines.push(format!("{:<14} {:<20} {:<24} {}", left[0], left[1], left[2], span_words(span)));
            left = Default::default();
        }
        if group.spans.is_empty() {
            lines.push(format!("{:<14} {:<20} {:<24} never", left[0], left[1], left[2]));
        }
    }
    for product in &campaign.products {
        let doses = match &product.interval {
            None => "one dose".to_owned(),
            Some(interval) => {
                let days = &interval.allowed_days;
                format!("two doses, {} to {} days apart", days.start(), days.end())
            }
        };
        lines.push(format!("{}: {doses}, from {} to {}", product.code, campaign.first_day, campaign.last_day));
    }
    match published {
        None if asked => lines.push("this campaign was never published there".to_owned()),
        None => {}
        Some(published) if published.changes.is_empty() => {
            lines.push(format!("nothing changes for anybody since version {}", published.version));
        }
        Some(published) => {
            lines.push(format!(
                "since version {}, {} groups are told otherwise:",
                published.version,
                published.changes.len()
            ));
            lines.extend(published.changes.iter().flat_map(change_words));
        }
    }
    lines.extend(tried.surprises.iter().map(|surprise| format!("surprise: {surprise}")));
    if tried.surprises.is_empty() {
        lines.push("nothing surprising was found".to_owned());
    }
    lines.join("\n")
}

fn cohort_of(group: &DryRunGroup) -> String {
    group.cohort.clone().unwrap_or_else(|| "nobody's".to_owned())
}

fn digits_of(group: &DryRunGroup) -> String {
    group.digits.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

/// The birth dates that were asked for: of a cohort from the first to the last; of nobody's one by one, because what lies
/// between two of them is somebody's.
fn born_of(group: &DryRunGroup) -> String {
    if group.cohort.is_none() {
        return group.born.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    }
    match (group.born.first(), group.born.last()) {
        (Some(first), Some(last)) if first == last => first.to_string(),
        (Some(first), Some(last)) => format!("{first}..{last}"),
        _ => String::new(),
    }
}

fn span_words(span: &DryRunSpan) -> String {
    let at = |time: jiff::civil::DateTime| time.strftime("%Y-%m-%d %H:%M").to_string();
    format!("{}, {}  {}", at(span.from), at(span.until), span.opening_name.en)
}

fn change_words(change: &DryRunChange) -> Vec<String> {
    let who = format!("  {} {}", change.cohort.as_deref().unwrap_or("nobody's"), change.digit);
    let gone = change.before.iter().filter(|span| !change.after.contains(span));
    let new = change.after.iter().filter(|span| !change.before.contains(span));
    let gone = gone.map(|span| format!("{who}  no longer  {}", span_words(span)));
    gone.chain(new.map(|span| format!("{who}  now        {}", span_words(span)))).collect()
}

fn json_of(campaign: &Campaign, tried: &DryRun, published: Option<&Published>) -> Value {
    let spans = |spans: &[DryRunSpan]| -> Vec<Value> {
        let told = |span: &DryRunSpan| {
            json!({
                "opening": span.opening.0,
                "name": { "ko": span.opening_name.ko, "en": span.opening_name.en },
                "from": span.from.to_string(),
                "until": span.until.to_string(),
            })
        };
        spans.iter().map(told).collect()
    };
    let group = |group: &DryRunGroup| {
        json!({
            "cohort": group.cohort,
            "digits": group.digits,
            "born": group.born.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "may_reserve": spans(&group.spans),
        })
    };
    let change = |change: &DryRunChange| {
        json!({
            "cohort": change.cohort,
            "digit": change.digit,
            "before": spans(&change.before),
            "after": spans(&change.after),
        })
    };
    json!({
        "campaign": campaign.code,
        "questions": tried.questions,
        "moments": tried.moments,
        "groups": tried.groups.iter().map(group).collect::<Vec<_>>(),
        "surprises": tried.surprises,
        "published": published.map(|published| json!({
            "version": published.version,
            "changes": published.changes.iter().map(change).collect::<Vec<_>>(),
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbours_of_a_cohort_do_not_read_as_all_who_lie_between_them() {
        let born = [jiff::civil::date(2010, 3, 31), jiff::civil::date(2017, 4, 1)].into();
        let mut group = DryRunGroup { cohort: None, digits: [1].into(), born, spans: Vec::new() };
        assert_eq!(born_of(&group), "2010-03-31, 2017-04-01");
        group.cohort = Some("age-5-11".to_owned());
        assert_eq!(born_of(&group), "2010-03-31..2017-04-01");
    }
}

//! How fast the SQLite journal is, beside the disk's own syncs: rows and entries a second at batches of 1, 64 and 512,
//! `synchronous=FULL`, and what the codec and reading back cost. Medians of 5 rounds, interleaved with the disk's.
//!
//! `cargo run --release -p charye-ledger --example journal_bench [FOLDER]` prints one JSON object a line:
//! `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. The folder should lie on the disk that is meant.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use charye_domain::book::Entry;
use charye_engine::ports::{Batch, Journal as _, JournalReader as _};
use charye_ledger::data_folder::DataFolder;
use charye_ledger::journal::{SqliteJournal, codec};
use charye_ledger::suite::entries::{AT, Entries};
use charye_ledger::suite::toy_options;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1_200);
const BATCHES: [u32; 3] = [1, 64, 512];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let mut syncs = Vec::new();
    let mut rows: [Vec<f64>; 3] = Default::default();
    let mut slowest: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        syncs.push(fdatasyncs_per_sec(&folder)?);
        for (index, batch) in BATCHES.into_iter().enumerate() {
            let round = append_rounds(&folder, batch)?;
            rows[index].push(round.rows_per_sec);
            slowest[index].push(round.p99_ms);
        }
    }
    let syncs = median(syncs);
    print("fdatasync", syncs, "1/s", None, None)?;
    for (index, batch) in BATCHES.into_iter().enumerate() {
        let per_sec = median(rows[index].clone());
        print(&format!("journal_rows_{batch}"), per_sec, "rows/s", Some(syncs), Some((per_sec / syncs, 1.0 / 3.0)))?;
        print(&format!("journal_entries_{batch}"), per_sec * f64::from(batch), "entries/s", Some(syncs), None)?;
        print(&format!("journal_append_p99_{batch}"), median(slowest[index].clone()), "ms", None, None)?;
    }
    codec_speed()?;
    read_speed(&folder)
}

struct Round {
    rows_per_sec: f64,
    p99_ms: f64,
}

/// Appends batches of this size until the round is over, checkpoints included.
fn append_rounds(folder: &Path, batch: u32) -> Result<Round, Box<dyn Error>> {
    let temporary = tempfile::tempdir_in(folder)?;
    let data_folder = DataFolder::open(temporary.path().join("data"))?;
    let mut journal = SqliteJournal::open(&data_folder, toy_options())?;
    let entries = reservations(batch);
    let mut waits_ms = Vec::new();
    let begun = now();
    while begun.elapsed() < ROUND {
        let before = now();
        append(&mut journal, entries.clone())?;
        waits_ms.push(before.elapsed().as_secs_f64() * 1_000.0);
        journal.after_answers();
    }
    let rows_per_sec = waits_ms.len() as f64 / begun.elapsed().as_secs_f64();
    waits_ms.sort_by(f64::total_cmp);
    Ok(Round { rows_per_sec, p99_ms: waits_ms[waits_ms.len() * 99 / 100] })
}

fn append(journal: &mut SqliteJournal, entries: Vec<Entry>) -> Result<(), Box<dyn Error>> {
    let batch = Batch { first_seq: journal.head().next_seq, epoch: journal.epoch(), at: AT, entries };
    journal.append(&batch)?;
    Ok(())
}

fn reservations(count: u32) -> Vec<Entry> {
    let mut drawn = Entries::from_seed(u64::from(count), AT);
    (0..count).map(|number| drawn.reservation(1_000_000 + number)).collect()
}

/// What the disk can do: a page and a frame header written over an allocated file, then fdatasync.
fn fdatasyncs_per_sec(folder: &Path) -> Result<f64, Box<dyn Error>> {
    let temporary = tempfile::tempdir_in(folder)?;
    let file = File::create(temporary.path().join("syncs"))?;
    file.write_all_at(&vec![1; 4 << 20], 0)?;
    file.sync_all()?;
    let frame = [2; 4_120];
    let mut syncs = 0_u64;
    let begun = now();
    while begun.elapsed() < ROUND {
        file.write_all_at(&frame, syncs % 1_000 * 4_120)?;
        file.sync_data()?;
        syncs += 1;
    }
    Ok(syncs as f64 / begun.elapsed().as_secs_f64())
}

fn codec_speed() -> Result<(), Box<dyn Error>> {
    let entries = reservations(512);
    let campaigns = toy_options().campaigns;
    let mut bytes = Vec::new();
    let (mut encoding, mut decoding) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = now();
        for _ in 0..2_000 {
            bytes.clear();
            codec::encode(AT, std::hint::black_box(&entries), &mut bytes);
        }
        encoding.push(begun.elapsed().as_secs_f64() * 1e9 / (2_000.0 * 512.0));
        let begun = now();
        for _ in 0..2_000 {
            std::hint::black_box(codec::decode(&bytes, AT, 512, &campaigns)?);
        }
        decoding.push(begun.elapsed().as_secs_f64() * 1e9 / (2_000.0 * 512.0));
    }
    let nanos = median(encoding);
    print("codec_encode", nanos, "ns/entry", Some(100.0), Some((100.0 / nanos, 1.0)))?;
    print("codec_decode", median(decoding), "ns/entry", None, None)?;
    print(
        "codec_reservation",
        bytes.len() as f64 / 512.0,
        "bytes",
        Some(70.0),
        Some((70.0 * 512.0 / bytes.len() as f64, 1.0)),
    )
}

fn read_speed(folder: &Path) -> Result<(), Box<dyn Error>> {
    let temporary = tempfile::tempdir_in(folder)?;
    let data_folder = DataFolder::open(temporary.path().join("data"))?;
    let mut journal = SqliteJournal::open(&data_folder, toy_options())?;
    let entries = reservations(512);
    for _ in 0..4_000 {
        append(&mut journal, entries.clone())?;
        journal.after_answers();
    }
    let begun = now();
    let mut read = 0_u64;
    journal.sqlite_reader().read(1, &mut |batch| {
        read += batch.entries.len() as u64;
        ControlFlow::Continue(())
    })?;
    let per_sec = read as f64 / begun.elapsed().as_secs_f64();
    print("journal_read_verified", per_sec, "entries/s", Some(3e6), Some((per_sec / 3e6, 1.0)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// `judged`: the ratio to the baseline, and the ratio to reach.
fn print(
    id: &str,
    value: f64,
    unit: &str,
    baseline: Option<f64>,
    judged: Option<(f64, f64)>,
) -> Result<(), Box<dyn Error>> {
    let number = |value: Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:.2}"));
    let met = judged.map_or("null".to_owned(), |(ratio, goal)| (ratio >= goal).to_string());
    writeln!(
        std::io::stdout().lock(),
        r#"{{"id": "{id}", "value": {value:.2}, "unit": "{unit}", "baseline": {}, "ratio": {}, "goal": {}, "met": {met}}}"#,
        number(baseline),
        number(judged.map(|(ratio, _)| ratio)),
        number(judged.map(|(_, goal)| goal)),
    )?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench measures the machine's own time")]
fn now() -> Instant {
    Instant::now()
}

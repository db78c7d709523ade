//! Bench: the spine. Reservations a second through the sequencer's lanes into the durable SQLite journal, beside pgbench
//! doing one transaction a reservation (P), interleaved, and beside the disk's own sync rate; what a minute at half load
//! and a restart are like; and a naive schema.
//!
//! The load of issue 3: one `reserve at once` of one dose with eligibility, idempotency and chain; 7.7 M slots and 1 M
//! reservations loaded; `synchronous=FULL`. Prints one JSON object a figure.
//!
//! `spine [idle|on|stalls|naive|restart|import]...`: rates with the projector idle, with it on, and so on (all but
//! `restart` and `import` without a word). Options: `--without-p` (do not start PostgreSQL), `--rounds N` (5), `--secs N` (1),
//! `--clinics N` (16000), `--preload N` (1000000), `--stall-runs N` (5), `--stall-secs N` (60), `--stall-rate N` (half of
//! what `on` measured), `--stall-behind both|projector|snapshots|nothing` (both; which of them makes the stalls),
//! `--restart-rounds N` (2), `--restart-reservations N` (10000000), `--restart-slots N`
//! (20000000), `--import-slots N` (20000000; new ones, beside those of `--clinics`), `--folder PATH` (a temporary one; its disk is what is measured).
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock and its arguments: that is what it is for")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot go on should say where and stop")]

mod figures;
mod house;
mod import;
mod load;
mod naive;
mod postgres;
mod rates;
mod restart;
mod steady;

use std::path::{Path, PathBuf};
use std::time::Duration;

use house::{Behind, DAYS, SLOTS_A_DAY};
use postgres::Postgres;

/// What half load is when the full one was not measured in this run.
const HALF_LOAD_PER_SEC: u32 = 200_000;

pub(crate) struct Options {
    rounds: usize,
    span: Duration,
    clinics: u32,
    preload: u32,
    stall_runs: u32,
    stall_span: Duration,
    stall_per_sec: Option<f64>,
    stall_behind: Behind,
    restart_rounds: u32,
    restart_reservations: u32,
    restart_clinics: u32,
    import_clinics: u32,
    /// Which restart of the same folder this is.
    round: u32,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = options(&arguments);
    if let [first, data, how, ..] = &arguments[..]
        && first == "restarted"
    {
        restart::restarted(&options, Path::new(data), how == "snapshot");
    }
    let words = ["idle", "on", "stalls", "naive", "restart", "import"];
    let asked = |word: &str| {
        let any = arguments.iter().any(|argument| words.contains(&argument.as_str()));
        if any { arguments.iter().any(|argument| argument == word) } else { !["restart", "import"].contains(&word) }
    };
    let parent = text_after(&arguments, "--folder").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent).unwrap();

    let needs_p = ["idle", "on", "naive"].iter().any(|word| asked(word))
        && !arguments.iter().any(|argument| argument == "--without-p");
    let slots = u64::from(options.clinics * DAYS * SLOTS_A_DAY);
    let postgres = needs_p.then(|| Postgres::start(slots, options.preload)).flatten();
    if postgres.is_none() {
        eprintln!("P not measured");
    }
    let mut half_load = None;
    if asked("idle") {
        rates::measure(&options, &folder.path().join("idle"), postgres.as_ref(), false);
    }
    if asked("on") {
        let measured = rates::measure(&options, &folder.path().join("on"), postgres.as_ref(), true);
        half_load = Some(measured / 2.0);
    }
    if asked("naive") {
        let p = postgres.as_ref().map(|postgres| postgres.tps(options.span));
        naive::measure(&options, folder.path(), p);
    }
    drop(postgres);
    if asked("stalls") {
        let per_sec = options.stall_per_sec.or(half_load).unwrap_or(f64::from(HALF_LOAD_PER_SEC));
        steady::measure_stalls(&options, folder.path(), per_sec);
    }
    if asked("restart") {
        restart::measure(&options, folder.path());
    }
    if asked("import") {
        import::measure(&options, folder.path());
    }
}

fn options(arguments: &[String]) -> Options {
    let option =
        |name: &str, usual: u32| text_after(arguments, name).map_or(usual, |text| text.parse::<u32>().unwrap());
    let secs = |name: &str, usual: u32| Duration::from_secs(u64::from(option(name, usual)));
    Options {
        rounds: option("--rounds", 5) as usize,
        span: secs("--secs", 1),
        clinics: option("--clinics", 16_000),
        preload: option("--preload", 1_000_000),
        stall_runs: option("--stall-runs", 5),
        stall_span: secs("--stall-secs", 60),
        stall_per_sec: text_after(arguments, "--stall-rate").map(|text| text.parse().unwrap()),
        stall_behind: behind(text_after(arguments, "--stall-behind").unwrap_or("both")),
        restart_rounds: option("--restart-rounds", 2),
        restart_reservations: option("--restart-reservations", 10_000_000),
        restart_clinics: restart::clinics_for(option("--restart-slots", 20_000_000)),
        import_clinics: restart::clinics_for(option("--import-slots", 20_000_000)),
        round: option("--round", 0),
    }
}

fn behind(what: &str) -> Behind {
    let snapshot_every_entries = steady::SNAPSHOT_EVERY_ENTRIES;
    match what {
        "both" => Behind { projector: true, snapshot_every_entries },
        "projector" => Behind { projector: true, snapshot_every_entries: 0 },
        "snapshots" => Behind { projector: false, snapshot_every_entries },
        "nothing" => Behind { projector: false, snapshot_every_entries: 0 },
        other => panic!("--stall-behind is both, projector, snapshots or nothing, and not {other}"),
    }
}

fn text_after<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}

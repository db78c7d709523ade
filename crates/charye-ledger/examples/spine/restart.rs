//! Bench: the restart. A journal of so many reservations and slots, a snapshot a quarter of it old; then a process of its
//! own starts on it, with the snapshot and without, and makes its first reservation. Files are dropped from the page
//! cache first, as after a power cut.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use rustix::fs::{Advice, fadvise};

use crate::Options;
use crate::figures::{Goal, figure, median, resident_mib};
use crate::house::{Behind, DAYS, SLOTS_A_DAY, blocks, fill, start};
use crate::load::Load;
use crate::steady::wait_until;

/// People who have not asked yet when the process starts again.
const WAITING: u32 = 1_000;
/// Entries after the snapshot.
const TAIL: u32 = 5_000_000;
const IN_FLIGHT: usize = 2_048;
/// A journal of 10 M reservations holds 20 M entries: each person is registered too.
const NEVER_BY_ITSELF: u64 = u64::MAX;

pub(crate) fn measure(options: &Options, folder: &Path) {
    let data = folder.join("data");
    write_journal(options, &data);
    let journal_mib =
        File::open(data.join("journal.db")).unwrap().metadata().unwrap().len() as f64 / f64::from(1 << 20);
    figure("restart.journal", journal_mib, "MiB", None, Goal::None);
    for (what, with_snapshot, goal_secs) in [("snapshot", true, 10.0), ("journal", false, 40.0)] {
        let (mut secs, mut resident) = (Vec::new(), Vec::new());
        for round in 0..options.restart_rounds {
            drop_from_page_cache(&data);
            let (took, mib) = first_reservation(options, &data, with_snapshot, round);
            eprintln!("from the {what}: {took:.1} s, {mib:.0} MiB");
            secs.push(took);
            resident.push(mib);
        }
        figure(
            &format!("restart.first_reservation_from_{what}"),
            median(&mut secs),
            "s",
            None,
            Goal::AtMost(goal_secs),
        );
        figure(&format!("restart.resident_from_{what}"), median(&mut resident), "MiB", None, Goal::AtMost(3_072.0));
    }
}

fn write_journal(options: &Options, data: &Path) {
    let reservations = options.restart_reservations;
    let behind = Behind { projector: false, snapshot_every_entries: NEVER_BY_ITSELF };
    let engine = start(data, people(options), options.restart_clinics, behind);
    let blocks = fill(&engine, options.restart_clinics);
    eprintln!("{} slots; registering {reservations} people", u64::from(blocks) * u64::from(SLOTS_A_DAY));
    let mut load = Load::new(Arc::clone(&engine), blocks);
    load.register(reservations + WAITING);
    let tail = TAIL.min(reservations / 2);
    load.reserve_count(reservations - tail, IN_FLIGHT);
    eprintln!("waiting for the snapshot");
    engine.ask_for_snapshot();
    wait_until("the snapshot", || engine.health().snapshot_seq.is_some_and(|seq| seq > 0));
    load.reserve_count(tail, IN_FLIGHT);
    assert_eq!(load.refused_wrongly(), 0, "nothing but full slots is refused");
    engine.stop();
}

fn people(options: &Options) -> usize {
    (options.restart_reservations + WAITING) as usize
}

/// Starts another process on the folder; seconds until its first reservation is durable, and what it then holds.
fn first_reservation(options: &Options, data: &Path, with_snapshot: bool, round: u32) -> (f64, f64) {
    let began = Instant::now();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["restarted", data.to_str().unwrap(), if with_snapshot { "snapshot" } else { "journal" }])
        .args(["--clinics", &options.restart_clinics.to_string()])
        .args(["--restart-reservations", &options.restart_reservations.to_string()])
        .args(["--round", &round.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = child.wait_with_output().unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(said.status.success(), "the process that starts again must reserve");
    (took, String::from_utf8(said.stdout).unwrap().trim().parse().unwrap())
}

/// What the other process does: starts, reserves once, says how large it is, and is gone without a word to its engine.
pub(crate) fn restarted(options: &Options, data: &Path, with_snapshot: bool) -> ! {
    let snapshot_every_entries = if with_snapshot { NEVER_BY_ITSELF } else { 0 };
    let behind = Behind { projector: false, snapshot_every_entries };
    let engine = start(data, people(options), options.clinics, behind);
    let asked = options.restart_reservations + options.round;
    let mut load = Load::after(Arc::clone(&engine), blocks(options.clinics), asked + 1, asked);
    load.reserve_count(1, 1);
    assert_eq!(load.refused_wrongly(), 0, "the first reservation is taken");
    println!("{:.3}", resident_mib());
    std::process::exit(0)
}

fn drop_from_page_cache(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            drop_from_page_cache(&path);
        } else {
            let file = File::open(path).unwrap();
            file.sync_all().unwrap();
            fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        }
    }
}

/// Clinics that have so many slots.
pub(crate) fn clinics_for(slots: u32) -> u32 {
    slots.div_ceil(DAYS * SLOTS_A_DAY)
}

//! Bench: an import beside citizens. How long the longest of 5,000 reservations a second waits while clinics with twenty
//! million new slots are staged and activated through the sequencer, and while everybody's hours are changed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use charye_domain::ids::ImportId;
use charye_domain::time::MinuteOfDay;
use charye_engine::Engine;

use crate::Options;
use crate::figures::{Goal, figure};
use crate::house::{Behind, Import, OPENS, fill, start};
use crate::load::{Load, Run};

const PER_SEC: f64 = 5_000.0;
/// Longest that the whole bench asks.
const ASKING: Duration = Duration::from_secs(180);
const CALM: Duration = Duration::from_secs(10);
/// An hour later than before: two start times of each day go, and two come.
const OPENS_LATER: MinuteOfDay = MinuteOfDay(OPENS.0 + 60);

pub(crate) fn measure(options: &Options, folder: &Path) {
    let people = (ASKING.as_secs_f64() * PER_SEC) as u32;
    let everywhere = options.clinics + options.import_clinics;
    let behind = Behind { projector: true, snapshot_every_entries: 0 };
    let engine = start(&folder.join("import"), (options.preload + people) as usize, everywhere, behind);
    let blocks = fill(&engine, options.clinics);
    let mut load = Load::new(Arc::clone(&engine), blocks);
    load.register(options.preload);
    load.reserve_count(options.preload, 512);
    load.register(people);

    let (calm, _) = beside(&mut load, |_| std::thread::sleep(CALM));
    let new = Import { id: ImportId(2), clinics: options.clinics..everywhere, opens: OPENS };
    told("new_staged", &calm, beside(&mut load, |engine| new.stage(engine)));
    told("new_activated", &calm, beside(&mut load, |engine| new.activate(engine)));
    assert_eq!(load.refused_wrongly(), 0, "nothing but full slots is refused");
    let again = Import { id: ImportId(3), clinics: 0..options.clinics, opens: OPENS_LATER };
    told("changed_staged", &calm, beside(&mut load, |engine| again.stage(engine)));
    told("changed_activated", &calm, beside(&mut load, |engine| again.activate(engine)));
    engine.stop();
}

/// What citizens saw while the work was done, and how long it took.
fn beside(load: &mut Load, work: impl FnOnce(&Engine) + Send) -> (Run, Duration) {
    let engine = Arc::clone(load.engine());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let began = Instant::now();
            work(&engine);
            over.store(true, Ordering::Relaxed);
            began.elapsed()
        });
        let run = load.reserve_until(&over, PER_SEC);
        (run, worker.join().unwrap())
    })
}

fn told(what: &str, calm: &Run, (run, took): (Run, Duration)) {
    let longest = format!("spine.import_longest_wait_{what}");
    figure(&longest, run.longest_ms(), "ms", Some(calm.longest_ms()), Goal::AtMost(50.0));
    figure(&format!("spine.import_p99_{what}"), run.quantile_ms(0.99), "ms", Some(calm.quantile_ms(0.99)), Goal::None);
    figure(&format!("spine.import_took_{what}"), took.as_secs_f64(), "s", None, Goal::None);
}

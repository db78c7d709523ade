//! How fast the projector's tables are: reservations a second in transactions of a thousand, and how long one takes, with
//! many slots laid out and some hundred thousand reservations there; and what a reservation of two doses costs, as the
//! projector writes them at 20,000 a second, the first 40,000, the third, and those after PAIRS. Medians of 3 rounds else.
//!
//! `cargo run --release -p charye-ledger --example projection_bench [FOLDER] [CLINICS] [PAIRS]` prints one JSON object a
//! line: `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. A clinic has some 1,500 slots.

use std::error::Error;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use charye_domain::book::{Actor, Book, Channel, Entry, Event, Provenance};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::clinic::{Clinic, ClinicKind};
use charye_domain::ids::{
    BlockId, CampaignId, CampaignVersion, CohortId, HoldId, ImportId, OpeningId, Person, ProductId, ReservationId,
    ReservationNumber, SlotId,
};
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::{MinuteOfDay, UnixMillis};
use charye_domain::vaccine::{DoseNumber, VaccineProduct};
use charye_engine::ports::{JournalReader, Projection as _, ReadFailure, RecordedBatch};
use charye_ledger::projection::SqliteProjection;
use charye_ledger::suite::entries::toy_campaign;
use jiff::civil::date;

const ROUNDS: u32 = 3;
/// Reservations of a round, and of a transaction: what 20,000 a second gather in 50 ms.
const RESERVATIONS: u32 = 40_000;
const TOGETHER: usize = 1_000;
/// Numbers of people and reservations for two doses, beyond all others.
const FIRST_OF_PAIRS: u32 = 10_000_000;
const GOAL_PER_SEC: f64 = 20_000.0;
const GOAL_TRANSACTION_MS: f64 = 50.0;
const AT: UnixMillis = UnixMillis(1_628_506_800_000);

/// A journal that is never read: everything is handed over as it is made.
struct Unread;

impl JournalReader for Unread {
    fn read(&mut self, _: u64, _: &mut dyn FnMut(RecordedBatch) -> ControlFlow<()>) -> Result<(), ReadFailure> {
        Ok(())
    }
}

struct Feed {
    projection: SqliteProjection,
    next_seq: u64,
}

impl Feed {
    fn apply(&mut self, entries: Vec<Entry>) -> Result<(), Box<dyn Error>> {
        let batch =
            RecordedBatch { first_seq: self.next_seq, epoch: 1, at: AT, hash: [0; 32], entries: entries.into() };
        self.next_seq = batch.last_seq() + 1;
        Ok(self.projection.apply(&[batch])?)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let clinics: u32 = arguments.next().and_then(|text| text.to_str()?.parse().ok()).unwrap_or(1_000);
    let many: u32 = arguments.next().and_then(|text| text.to_str()?.parse().ok()).unwrap_or(0);
    let temporary = tempfile::tempdir_in(folder)?;
    let projection = SqliteProjection::open(&temporary.path().join("projection.db"), Box::new(Unread))?;
    let mut feed = Feed { projection, next_seq: 1 };

    let layout = laid_out(clinics);
    let mut book = Book::default();
    for entry in &layout {
        book.apply(entry, AT);
    }
    let blocks = u32::try_from(book.blocks().len())?;
    let slots: Vec<SlotId> =
        (0..blocks).flat_map(|block| book.slots_of_block(BlockId(block))).map(|(slot, _)| slot).collect();
    let is_first = |slot: &SlotId| book.slot_place(*slot).is_some_and(|(row, ..)| row.dose == DoseNumber::First);
    let (first_doses, second_doses): (Vec<SlotId>, Vec<SlotId>) = slots.iter().copied().partition(is_first);
    drop(book);
    let (_, secs) = timed(|| layout.into_iter().try_for_each(|entry| feed.apply(vec![entry])));
    print("projection_layout", slots.len() as f64 / secs, "slots/s", None)?;

    let mut pair_rounds = 0;
    let mut pairs = |feed: &mut Feed| -> Result<(f64, f64), Box<dyn Error>> {
        let first = FIRST_OF_PAIRS + pair_rounds * RESERVATIONS;
        pair_rounds += 1;
        let entries: Vec<Entry> =
            (first..first + RESERVATIONS).map(|i| reserved_both(i, &first_doses, &second_doses)).collect();
        let cpu_before = cpu_secs()?;
        let (per_sec, _) = run(feed, entries.into_iter())?;
        Ok((per_sec, (cpu_secs()? - cpu_before) * 1e6 / f64::from(RESERVATIONS)))
    };
    let rounds = [pairs(&mut feed)?, pairs(&mut feed)?, pairs(&mut feed)?];
    let [(_, first_cpu), _, (_, third_cpu)] = rounds;
    let (rates, cpu): (Vec<f64>, Vec<f64>) = rounds.into_iter().unzip();
    print("projection_reserve_pairs", median(rates), "reservations/s", Some((GOAL_PER_SEC, true)))?;
    print("projection_pair_cpu", median(cpu), "us", None)?;
    print("projection_pair_cpu_first", first_cpu, "us", None)?;
    print("projection_pair_cpu_third", third_cpu, "us", None)?;
    if many > 0 {
        for _ in ROUNDS..many.div_ceil(RESERVATIONS) {
            pairs(&mut feed)?;
        }
        let (per_sec, cpu) = pairs(&mut feed)?;
        print("projection_reserve_pairs_after_many", per_sec, "reservations/s", Some((GOAL_PER_SEC, true)))?;
        print("projection_pair_cpu_after_many", cpu, "us", None)?;
    }

    let (mut at_once, mut through_holds, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = round * 2 * RESERVATIONS;
        let entries = (first..first + RESERVATIONS).map(|i| reserved(i, slot_of(i, &slots)));
        let (per_sec, slowest_ms) = run(&mut feed, entries)?;
        at_once.push(per_sec);
        slowest.push(slowest_ms);
        let first = first + RESERVATIONS;
        run(&mut feed, (first..first + RESERVATIONS).map(|i| held(i, slot_of(i, &slots))))?;
        through_holds.push(run(&mut feed, (first..first + RESERVATIONS).map(confirmed))?.0);
    }
    assert_eq!(feed.projection.violations(), 0, "the history is a lawful one");
    print("projection_reserve_at_once", median(at_once), "reservations/s", Some((GOAL_PER_SEC, true)))?;
    print("projection_confirm_holds", median(through_holds), "reservations/s", Some((GOAL_PER_SEC, true)))?;
    print("projection_slowest_transaction", median(slowest), "ms", Some((GOAL_TRANSACTION_MS, false)))
}

/// Reservations a second, and the slowest transaction in milliseconds.
fn run(feed: &mut Feed, entries: impl Iterator<Item = Entry>) -> Result<(f64, f64), Box<dyn Error>> {
    let entries: Vec<Entry> = entries.collect();
    let mut slowest = 0.0_f64;
    let (done, secs) = timed(|| -> Result<(), Box<dyn Error>> {
        for some in entries.chunks(TOGETHER) {
            let (done, secs) = timed(|| feed.apply(some.to_vec()));
            done?;
            slowest = slowest.max(secs * 1_000.0);
        }
        Ok(())
    });
    done?;
    Ok((f64::from(RESERVATIONS) / secs, slowest))
}

/// Spread over all slots, a place in each before the second in any.
fn slot_of(i: u32, slots: &[SlotId]) -> SlotId {
    let place = (u64::from(i) * 7_919_319 % slots.len() as u64) as usize;
    slots.get(place).copied().unwrap_or(SlotId(0))
}

/// Both doses, each anywhere.
fn reserved_both(i: u32, first_doses: &[SlotId], second_doses: &[SlotId]) -> Entry {
    let Entry { by, under, operation, event } = reserved(i, slot_of(i, first_doses));
    let event = match event {
        Event::Reserved { person, reservation, number, first, opening, cohort, .. } => {
            let second = Some(slot_of(i, second_doses));
            Event::Reserved { person, reservation, number, first, second, opening, cohort }
        }
        other => other,
    };
    Entry { by, under, operation, event }
}

/// Seconds that this thread has computed.
fn cpu_secs() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn laid_out(clinics: u32) -> Vec<Entry> {
    let product = VaccineProduct {
        id: ProductId(0),
        code: "mrna".to_owned(),
        name: Bilingual { ko: "백신".to_owned(), en: "Vaccine".to_owned() },
        cvx: None,
        doses: 1,
        interval: None,
    };
    let toy = toy_campaign("bench", CampaignId(0), CampaignVersion(1));
    let campaign = Campaign { products: vec![product], last_day: date(2021, 11, 30), ..toy };
    let codes: Vec<String> = (0..clinics).map(|i| format!("C{i}")).collect();
    let import = ImportId(1);
    let mut events = vec![Event::CampaignPublished { campaign: Arc::new(campaign), text: "text".into() }];
    for some in codes.chunks(500) {
        let staged = some.iter().map(|code| clinic(code)).collect::<Vec<_>>();
        events.push(Event::ClinicsStaged { import, clinics: staged.into() });
        let staged = some.iter().flat_map(|code| sessions(code)).collect::<Vec<_>>();
        events.push(Event::SessionsStaged { import, sessions: staged.into() });
    }
    events.push(Event::ImportActivated { import });
    events.into_iter().map(entry).collect()
}

fn clinic(code: &str) -> Clinic {
    Clinic {
        code: code.to_owned(),
        kind: ClinicKind::Contracted,
        name: Bilingual { ko: format!("{code} 의원"), en: format!("{code} Clinic") },
        district: 11110,
        address: "서울".to_owned(),
        phone: "02-000-0000".to_owned(),
        point: None,
    }
}

/// Fifty days of sixteen slots of sixty places for first doses, then as many for second ones.
fn sessions(clinic: &str) -> [ClinicSession; 2] {
    let of = |dose, first_day, last_day| ClinicSession {
        clinic: clinic.to_owned(),
        product: ProductId(0),
        dose,
        first_day,
        last_day,
        weekdays: Weekdays::ALL,
        start: MinuteOfDay(540),
        end: MinuteOfDay(1_020),
        slot_minutes: 30,
        capacity: 60,
    };
    [
        of(DoseNumber::First, date(2021, 8, 26), date(2021, 10, 13)),
        of(DoseNumber::Second, date(2021, 10, 14), date(2021, 11, 30)),
    ]
}

fn entry(event: Event) -> Entry {
    let by = Provenance { actor: Actor::System, channel: Channel::Internal, reason: 0 };
    Entry { by, under: Some((CampaignId(0), CampaignVersion(1))), operation: None, event }
}

fn reserved(i: u32, slot: SlotId) -> Entry {
    entry(Event::Reserved {
        person: Person(i),
        reservation: ReservationId(i),
        number: ReservationNumber::from_random(u64::from(i)),
        first: slot,
        second: None,
        opening: OpeningId(0),
        cohort: CohortId(0),
    })
}

fn held(i: u32, slot: SlotId) -> Entry {
    entry(Event::Held {
        person: Person(i),
        hold: HoldId(i),
        first: slot,
        second: None,
        opening: OpeningId(0),
        cohort: CohortId(0),
        expires_at: AT,
    })
}

fn confirmed(i: u32) -> Entry {
    entry(Event::Confirmed {
        person: Person(i),
        hold: HoldId(i),
        reservation: ReservationId(i),
        number: ReservationNumber::from_random(u64::from(i)),
    })
}

#[expect(clippy::disallowed_methods, reason = "a bench is about the clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn print(id: &str, value: f64, unit: &str, goal: Option<(f64, bool)>) -> Result<(), Box<dyn Error>> {
    let (goal, met) = match goal {
        Some((goal, true)) => (goal.to_string(), (value >= goal).to_string()),
        Some((goal, false)) => (goal.to_string(), (value <= goal).to_string()),
        None => ("null".to_owned(), "null".to_owned()),
    };
    writeln!(
        std::io::stdout().lock(),
        r#"{{"id": "{id}", "value": {value:.1}, "unit": "{unit}", "baseline": null, "ratio": null, "goal": {goal}, "met": {met}}}"#
    )?;
    Ok(())
}

//! Room: ledger/projection, tests. Histories made of facts, a book beside them, and tables that must agree with it.

mod by_hand;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use charye_domain::book::{Actor, Book, Channel, Entry, Event, Provenance};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::clinic::{Clinic, ClinicKind, Point};
use charye_domain::ids::{
    CampaignId, CampaignVersion, CohortId, HoldId, ImportId, OpeningId, Person, ProductId, ReservationId,
    ReservationNumber, SlotId,
};
use charye_domain::reservation::EndOfHold;
use charye_domain::slot::{ClinicSession, Weekdays};
use charye_domain::time::MinuteOfDay;
use charye_domain::vaccine::{DoseNumber, VaccineProduct};
use charye_engine::ports::ReadFailure;
use jiff::civil::date;
use tempfile::TempDir;

use super::*;
use crate::suite::entries::toy_campaign;

const AT: i64 = 1_628_506_800_000;
const CAMPAIGN: CampaignId = CampaignId(0);

/// A journal in memory, shared with the projection that reads it.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<RecordedBatch>>>);

impl JournalReader for Shelf {
    fn read(
        &mut self,
        from_seq: u64,
        visit: &mut dyn FnMut(RecordedBatch) -> ControlFlow<()>,
    ) -> Result<(), ReadFailure> {
        let batches = self.0.lock().unwrap().clone();
        for batch in batches.into_iter().filter(|batch| batch.last_seq() >= from_seq) {
            if visit(batch).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A history being made, the book it makes, and a file to project it into.
struct World {
    shelf: Shelf,
    book: Book,
    next_seq: u64,
    folder: TempDir,
}

impl World {
    /// Two clinics; each has two first-dose slots of three places on one day and two second-dose slots 42 days later.
    fn new() -> Self {
        let mut world =
            Self { shelf: Shelf::default(), book: Book::default(), next_seq: 1, folder: TempDir::new().unwrap() };
        world.record(vec![Event::CampaignPublished { campaign: Arc::new(campaign()), text: "text".into() }]);
        world.record(vec![Event::ClinicsStaged {
            import: ImportId(1),
            clinics: Arc::from([clinic("A1"), clinic("B2")]),
        }]);
        world.import(ImportId(1), &[("A1", 3), ("B2", 3)]);
        world
    }

    fn import(&mut self, import: ImportId, capacities: &[(&str, u16)]) {
        let sessions: Vec<_> = capacities
            .iter()
            .flat_map(|(clinic, capacity)| {
                [(DoseNumber::First, date(2021, 8, 26)), (DoseNumber::Second, date(2021, 10, 7))]
                    .map(|(dose, day)| session(clinic, dose, day, *capacity))
            })
            .collect();
        self.record(vec![Event::SessionsStaged { import, sessions: sessions.into() }]);
        self.record(vec![Event::ImportActivated { import }]);
    }

    fn record(&mut self, events: Vec<Event>) {
        let at = UnixMillis(AT + self.next_seq.cast_signed());
        let entries: Arc<[Entry]> = events.into_iter().map(entry).collect();
        for entry in entries.iter() {
            self.book.apply(entry, at);
        }
        let batch = RecordedBatch { first_seq: self.next_seq, epoch: 1, at, hash: [0; 32], entries };
        self.next_seq = batch.last_seq() + 1;
        self.shelf.0.lock().unwrap().push(batch);
    }

    fn open(&self) -> SqliteProjection {
        SqliteProjection::open(&self.folder.path().join("projection.db"), Box::new(self.shelf.clone())).unwrap()
    }

    /// Batches that a projection has not seen.
    fn after(&self, applied: u64) -> Vec<RecordedBatch> {
        self.shelf.0.lock().unwrap().iter().filter(|batch| batch.first_seq > applied).cloned().collect()
    }

    fn projected(&self) -> SqliteProjection {
        let mut projection = self.open();
        projection.apply(&self.after(projection.applied_seq())).unwrap();
        projection
    }

    /// Slots of one dose, in order of clinic and start.
    fn slots(&self, dose: DoseNumber) -> Vec<SlotId> {
        let slots = (0..self.book.blocks().len() as u32)
            .flat_map(|block| self.book.slots_of_block(charye_domain::ids::BlockId(block)));
        slots.map(|(slot, _)| slot).filter(|slot| self.book.slot_place(*slot).unwrap().0.dose == dose).collect()
    }

    fn assert_agrees(&self, projection: &SqliteProjection) {
        assert_eq!(projection.applied_seq() + 1, self.next_seq);
        assert_eq!(projection.slots_fingerprint(), self.book.fingerprint());
        for dose in [DoseNumber::First, DoseNumber::Second] {
            for slot in self.slots(dose) {
                let counts = self.book.slot_counts(slot).unwrap();
                let stored = projection.connection.query_row(
                    "SELECT held, reserved, capacity FROM slots WHERE slot = ?1",
                    [slot.0],
                    |row| Ok((row.get::<_, u16>(0)?, row.get::<_, u16>(1)?, row.get::<_, u16>(2)?)),
                );
                let stored = stored.unwrap_or((0, 0, counts.capacity));
                assert_eq!(stored, (counts.held, counts.reserved, counts.capacity), "slot {slot:?}");
            }
        }
        assert_eq!(projection.check().unwrap(), []);
    }
}

fn campaign() -> Campaign {
    let product = VaccineProduct {
        id: ProductId(0),
        code: "pfizer".to_owned(),
        name: Bilingual { ko: "화이자".to_owned(), en: "Pfizer".to_owned() },
        cvx: Some(208),
        doses: 2,
        interval: None,
    };
    Campaign {
        products: vec![product],
        last_day: date(2021, 11, 30),
        ..toy_campaign("toy", CAMPAIGN, CampaignVersion(1))
    }
}

fn clinic(code: &str) -> Clinic {
    Clinic {
        code: code.to_owned(),
        kind: ClinicKind::Contracted,
        name: Bilingual { ko: format!("{code} 의원"), en: format!("{code} Clinic") },
        district: 11110,
        address: "서울".to_owned(),
        phone: "02-000-0000".to_owned(),
        point: Some(Point { lat_e6: 37_570_000, lon_e6: 126_980_000 }),
    }
}

fn session(clinic: &str, dose: DoseNumber, day: jiff::civil::Date, capacity: u16) -> ClinicSession {
    ClinicSession {
        clinic: clinic.to_owned(),
        product: ProductId(0),
        dose,
        first_day: day,
        last_day: day,
        weekdays: Weekdays::ALL,
        start: MinuteOfDay(540),
        end: MinuteOfDay(600),
        slot_minutes: 30,
        capacity,
    }
}

fn entry(event: Event) -> Entry {
    let by = Provenance { actor: Actor::System, channel: Channel::Internal, reason: 0 };
    Entry { by, under: Some((CAMPAIGN, CampaignVersion(1))), operation: None, event }
}

fn held(hold: u32, person: u32, first: SlotId, second: Option<SlotId>) -> Event {
    Event::Held {
        person: Person(person),
        hold: HoldId(hold),
        first,
        second,
        opening: OpeningId(0),
        cohort: CohortId(0),
        expires_at: UnixMillis(AT + 300_000),
    }
}

fn reserved(reservation: u32, person: u32, first: SlotId, second: Option<SlotId>) -> Event {
    Event::Reserved {
        person: Person(person),
        reservation: ReservationId(reservation),
        number: ReservationNumber::from_random(u64::from(reservation)),
        first,
        second,
        opening: OpeningId(0),
        cohort: CohortId(0),
    }
}

fn cancelled(reservation: u32, person: u32) -> Event {
    Event::Cancelled { person: Person(person), reservation: ReservationId(reservation) }
}

/// Every row of every table, as text.
fn dump(projection: &SqliteProjection) -> BTreeMap<&'static str, Vec<String>> {
    let rows = |table: &str| {
        let mut select = projection.connection.prepare(&format!("SELECT * FROM {table} ORDER BY 1")).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| {
            (0..columns).map(|i| row.get::<_, rusqlite::types::Value>(i)).collect::<Result<Vec<_>, _>>()
        });
        rows.unwrap().map(|row| format!("{:?}", row.unwrap())).collect()
    };
    TABLES.into_iter().map(|table| (table, rows(table))).collect()
}

fn laws(projection: &SqliteProjection) -> Vec<String> {
    let stored = projection.stored_violations(100).unwrap();
    assert_eq!(stored.len() as u64, projection.violations());
    stored.into_iter().map(|(law, ..)| law).collect()
}

/// SplitMix64: a fixed history for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.below(from.len())]) }
    }
}

/// What a made-up history may do next.
#[derive(Default)]
struct Story {
    holds: Vec<(u32, u32)>,
    reservations: Vec<(u32, u32)>,
    next_hold: u32,
    next_reservation: u32,
    next_person: u32,
}

impl Story {
    fn free_pair(&mut self, world: &World, chance: &mut Chance) -> Option<(SlotId, Option<SlotId>)> {
        let free = |slots: Vec<SlotId>| -> Vec<SlotId> {
            let has_place =
                |slot: &SlotId| world.book.slot_counts(*slot).is_some_and(|c| c.held + c.reserved < c.capacity);
            slots.into_iter().filter(has_place).collect()
        };
        let first = chance.pick(&free(world.slots(DoseNumber::First)))?;
        let second = chance.pick(&free(world.slots(DoseNumber::Second)));
        Some((first, second.filter(|_| chance.below(2) == 0)))
    }

    fn next(&mut self, world: &World, chance: &mut Chance) -> Option<Event> {
        match chance.below(9) {
            0..=2 => {
                let (first, second) = self.free_pair(world, chance)?;
                let (hold, person) = (self.next_hold, self.next_person);
                (self.next_hold, self.next_person) = (hold + 1, person + 1);
                self.holds.push((hold, person));
                Some(held(hold, person, first, second))
            }
            3 => {
                let (first, second) = self.free_pair(world, chance)?;
                let (reservation, person) = (self.next_reservation, self.next_person);
                (self.next_reservation, self.next_person) = (reservation + 1, person + 1);
                self.reservations.push((reservation, person));
                Some(reserved(reservation, person, first, second))
            }
            4 => {
                let (hold, person) = chance.pick(&self.holds)?;
                self.holds.retain(|open| open.0 != hold);
                let reservation = self.next_reservation;
                self.next_reservation += 1;
                self.reservations.push((reservation, person));
                let number = ReservationNumber::from_random(u64::from(reservation));
                Some(Event::Confirmed {
                    person: Person(person),
                    hold: HoldId(hold),
                    reservation: ReservationId(reservation),
                    number,
                })
            }
            5 => {
                let (hold, person) = chance.pick(&self.holds)?;
                if chance.below(2) == 0 {
                    let expires_at = UnixMillis(AT + 900_000);
                    return Some(Event::HoldExtended { person: Person(person), hold: HoldId(hold), expires_at });
                }
                self.holds.retain(|open| open.0 != hold);
                Some(Event::HoldEnded { person: Person(person), hold: HoldId(hold), cause: EndOfHold::Expired })
            }
            6 => {
                let (reservation, person) = chance.pick(&self.reservations)?;
                self.reservations.retain(|made| made.0 != reservation);
                Some(cancelled(reservation, person))
            }
            7 => {
                let (reservation, person) = chance.pick(&self.reservations)?;
                let (first, second) = self.free_pair(world, chance)?;
                Some(Event::Rescheduled {
                    person: Person(person),
                    reservation: ReservationId(reservation),
                    first,
                    second,
                })
            }
            _ => Some(Event::OutageNoted { gap_ms: 1_000 }),
        }
    }
}

#[test]
fn any_history_is_projected_to_what_the_book_holds_across_restarts_and_rebuilds() {
    for seed in 0..24 {
        let mut chance = Chance(seed);
        let mut world = World::new();
        let mut story = Story::default();
        let mut projection = world.open();
        for step in 0..60 {
            // One event a batch, so that the story sees the book as of the event before.
            if let Some(event) = story.next(&world, &mut chance) {
                world.record(vec![event]);
            }
            if step == 30 {
                world.import(ImportId(2), &[("A1", 1 + chance.below(5) as u16)]);
            }
            match chance.below(6) {
                0 => projection.apply(&world.after(projection.applied_seq())).unwrap(),
                1 => projection = world.open(),
                _ => {}
            }
        }
        projection.apply(&world.after(projection.applied_seq())).unwrap();
        assert_eq!(laws(&projection), [""; 0], "seed {seed}");
        world.assert_agrees(&projection);

        let before = dump(&projection);
        projection.clear().unwrap();
        assert_eq!((projection.applied_seq(), projection.violations(), projection.slots_fingerprint()), (0, 0, 0));
        projection.apply(&world.after(0)).unwrap();
        assert_eq!(dump(&projection), before, "seed {seed}");
    }
}

#[test]
fn the_tables_tell_the_story_of_a_reservation() {
    let mut world = World::new();
    let (first, second) = (world.slots(DoseNumber::First)[2], world.slots(DoseNumber::Second)[2]);
    world.record(vec![held(0, 7, first, Some(second))]);
    let number = ReservationNumber::from_random(5);
    world.record(vec![Event::Confirmed { person: Person(7), hold: HoldId(0), reservation: ReservationId(0), number }]);
    world.record(vec![Event::CheckedIn { reservation: ReservationId(0), dose: DoseNumber::First }]);
    world.record(vec![Event::Administered { reservation: ReservationId(0), dose: DoseNumber::First }]);
    // Only the second dose is still to come: the first place named is its new one.
    let later = world.slots(DoseNumber::Second)[3];
    world.record(vec![Event::Rescheduled {
        person: Person(7),
        reservation: ReservationId(0),
        first: later,
        second: None,
    }]);
    let projection = world.projected();
    world.assert_agrees(&projection);
    let sql = "SELECT clinics.code, slots.day, slots.start, clinic_rows.dose, reservations.state, reservations.number
               FROM reservations JOIN slots ON slots.slot = reservations.slot
               JOIN clinic_rows ON clinic_rows.clinic_row = slots.clinic_row
               JOIN clinics ON clinics.clinic = clinic_rows.clinic
               WHERE person = 7 ORDER BY clinic_rows.dose";
    let mut select = projection.connection.prepare(sql).unwrap();
    let rows: Vec<(String, String, String, u8, String, i64)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let number = number.value().cast_signed();
    let expected = [("2021-08-26", "09:00", 1, "administered"), ("2021-10-07", "09:30", 2, "reserved")].map(
        |(day, start, dose, state)| ("B2".to_owned(), day.to_owned(), start.to_owned(), dose, state.to_owned(), number),
    );
    assert_eq!(rows, expected);
}

#[test]
fn an_oversell_is_stored_and_the_rest_goes_on() {
    let mut world = World::new();
    let slot = world.slots(DoseNumber::First)[0];
    for i in 0..4 {
        world.record(vec![reserved(i, i, slot, None)]);
    }
    let oversold_at = world.next_seq - 1;
    world.record(vec![reserved(4, 4, world.slots(DoseNumber::First)[1], None)]);
    let mut projection = world.projected();
    let stored = projection.stored_violations(9).unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].0.as_str(), stored[0].1), ("I1", oversold_at), "{}", stored[0].2);
    assert_eq!(projection.applied_seq() + 1, world.next_seq);
    // Told once, though it lasts; and told again after it was over.
    world.record(vec![Event::OutageNoted { gap_ms: 1 }]);
    world.record(vec![cancelled(0, 0)]);
    world.record(vec![reserved(5, 5, slot, None)]);
    projection.apply(&world.after(projection.applied_seq())).unwrap();
    assert_eq!(laws(&projection), ["I1", "I1"]);
    assert_eq!(projection.check().unwrap(), [], "the tables still say what the journal says");
}

#[test]
fn an_oversell_that_is_over_before_the_transaction_ends_is_seen() {
    let mut world = World::new();
    let slot = world.slots(DoseNumber::First)[0];
    let mut events: Vec<_> = (0..4).map(|i| reserved(i, i, slot, None)).collect();
    events.push(cancelled(3, 3));
    world.record(events);
    assert_eq!(laws(&world.projected()), ["I1"]);
}

#[test]
fn a_second_active_reservation_is_stored_and_the_rest_goes_on() {
    let mut world = World::new();
    let slots = world.slots(DoseNumber::First);
    world.record(vec![reserved(0, 1, slots[0], None), reserved(1, 1, slots[1], None), reserved(2, 2, slots[1], None)]);
    let mut projection = world.projected();
    assert_eq!(laws(&projection), ["I2"]);
    world.assert_agrees(&projection);
    // The second dose is another dose, and a cancelled reservation is none.
    world.record(vec![
        reserved(3, 2, world.slots(DoseNumber::Second)[0], None),
        cancelled(2, 2),
        reserved(4, 2, slots[2], None),
    ]);
    projection.apply(&world.after(projection.applied_seq())).unwrap();
    assert_eq!(laws(&projection), ["I2"]);
}

#[test]
fn entries_that_refer_to_nothing_are_stored_as_violations() {
    let slot = World::new().slots(DoseNumber::First)[0];
    let nowhere = SlotId(u32::MAX);
    let person = Person(1);
    let number = ReservationNumber::from_random(1);
    let rows: [(Vec<Event>, &[&str]); 9] = [
        (vec![Event::HoldEnded { person, hold: HoldId(9), cause: EndOfHold::Released }], &["I14"]),
        (vec![Event::HoldExtended { person, hold: HoldId(9), expires_at: UnixMillis(1) }], &["I14"]),
        (vec![Event::Confirmed { person, hold: HoldId(9), reservation: ReservationId(0), number }], &["I14"]),
        (vec![cancelled(9, 1)], &["I14"]),
        (vec![Event::Rescheduled { person, reservation: ReservationId(9), first: slot, second: None }], &["I14"]),
        (vec![Event::CheckedIn { reservation: ReservationId(9), dose: DoseNumber::First }], &["I14"]),
        (vec![reserved(0, 1, nowhere, None)], &["I14"]),
        (vec![reserved(0, 1, slot, None), reserved(0, 2, slot, None)], &["I14"]),
        (vec![reserved(0, 1, slot, None), cancelled(0, 1), cancelled(0, 1)], &["I14"]),
    ];
    for (events, expected) in rows {
        let shown = format!("{events:?}");
        let world = World::new();
        let mut batches = world.after(0);
        let first_seq = world.next_seq;
        let entries = events.into_iter().map(entry).collect();
        batches.push(RecordedBatch { first_seq, epoch: 1, at: UnixMillis(AT), hash: [0; 32], entries });
        let mut projection = world.open();
        projection.apply(&batches).unwrap();
        assert_eq!(laws(&projection), expected, "{shown}");
    }
}

#[test]
fn a_capacity_lowered_below_what_is_claimed_is_reached_as_claims_end() {
    let mut world = World::new();
    let slot = world.slots(DoseNumber::First)[0];
    world.record((0..3).map(|i| reserved(i, i, slot, None)).collect());
    world.import(ImportId(2), &[("A1", 1)]);
    let mut projection = world.projected();
    world.assert_agrees(&projection);
    for reservation in [0, 1, 2] {
        world.record(vec![cancelled(reservation, reservation)]);
        projection.apply(&world.after(projection.applied_seq())).unwrap();
        world.assert_agrees(&projection);
    }
    world.record(vec![reserved(3, 3, slot, None)]);
    projection.apply(&world.after(projection.applied_seq())).unwrap();
    assert_eq!(laws(&projection), [""; 0]);
    world.record(vec![reserved(4, 4, slot, None)]);
    projection.apply(&world.after(projection.applied_seq())).unwrap();
    assert_eq!(laws(&projection), ["I1"]);
}

#[test]
fn an_old_entry_is_not_judged_by_a_newer_capacity() {
    let mut world = World::new();
    let slot = world.slots(DoseNumber::First)[0];
    world.record((0..3).map(|i| reserved(i, i, slot, None)).collect());
    world.record((0..3).map(|i| cancelled(i, i)).collect());
    world.import(ImportId(2), &[("A1", 1)]);
    let projection = world.projected();
    assert_eq!(laws(&projection), [""; 0]);
    world.assert_agrees(&projection);
}

#[test]
fn batches_already_applied_are_skipped_and_gaps_are_refused() {
    let mut world = World::new();
    let slots = world.slots(DoseNumber::First);
    for i in 0..6 {
        world.record(vec![reserved(i, i, slots[i as usize % 4], None)]);
    }
    let all = world.after(0);
    let mut projection = world.open();
    projection.apply(&all[..6]).unwrap();
    projection.apply(&all[2..8]).unwrap();
    projection.apply(&all[2..8]).unwrap();
    projection.apply(&[]).unwrap();
    assert!(projection.apply(&all[9..]).is_err());
    assert!(projection.apply(&[all[8].clone(), all[8].clone()]).is_err());
    projection.apply(&all).unwrap();
    world.assert_agrees(&projection);
    assert_eq!(laws(&projection), [""; 0]);
}

#[test]
fn after_a_failed_transaction_it_goes_on_as_if_nothing_had_been() {
    let mut world = World::new();
    let slots = world.slots(DoseNumber::First);
    world.record(vec![held(0, 1, slots[0], None)]);
    let mut projection = world.projected();
    world.import(ImportId(2), &[("A1", 2)]);
    world.record(vec![
        Event::HoldEnded { person: Person(1), hold: HoldId(0), cause: EndOfHold::Released },
        held(1, 2, slots[0], None),
    ]);
    let before = dump(&projection);
    projection.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    assert!(projection.apply(&world.after(projection.applied_seq())).is_err());
    projection.connection.execute_batch("PRAGMA query_only = OFF").unwrap();
    assert_eq!(dump(&projection), before);
    projection.apply(&world.after(projection.applied_seq())).unwrap();
    assert_eq!(laws(&projection), [""; 0]);
    world.assert_agrees(&projection);
}

#[test]
fn the_tables_constraints_bite_by_themselves() {
    let world = World::new();
    let sql = &world.projected().connection;
    let slot = |held: i64, reserved: i64, breach: i64| {
        sql.execute(
            &format!("INSERT OR REPLACE INTO slots VALUES (1, 0, 'd', 's', 3, 3, {held}, {reserved}, {breach}, 0)"),
            [],
        )
    };
    assert!(slot(1, 2, 0).is_ok());
    for (held, reserved) in [(2, 2), (-1, 0), (0, -1), (4, 0)] {
        assert!(slot(held, reserved, 0).is_err(), "{held} {reserved}");
        assert!(slot(held, reserved, 1).is_ok(), "{held} {reserved}");
    }
    let reservation = |id: i64, state: &str, breach: i64| {
        sql.execute(
            &format!("INSERT INTO reservations VALUES ({id}, {id}, 0, 1, 5, 0, 1, 1, '{state}', 0, 0, {breach}, 0)"),
            [],
        )
    };
    assert!(
        reservation(1, "cancelled", 0).is_ok()
            && reservation(2, "no_show", 0).is_ok()
            && reservation(3, "reserved", 0).is_ok()
    );
    for state in ["reserved", "checked_in", "administered"] {
        assert!(reservation(4, state, 0).is_err(), "{state}");
    }
    assert!(reservation(4, "reserved", 1).is_ok());
}

#[test]
fn a_foreign_file_is_refused_and_an_older_layout_is_made_anew() {
    let world = World::new();
    let path = world.folder.path().join("projection.db");
    let by_hand = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    drop(world.projected());
    by_hand("PRAGMA user_version = 0; DROP TABLE holds");
    let projection = world.projected();
    world.assert_agrees(&projection);
    drop(projection);
    by_hand("PRAGMA application_id = 7");
    assert!(SqliteProjection::open(&path, Box::new(world.shelf.clone())).is_err());
    assert!(!path.with_extension("db-boot").exists(), "or the next boot would remove somebody else's file");
}

/// The files as a process leaves them that ends without a word.
fn as_left_by_a_killed_process(world: &World, to: &Path) {
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_killed_process_loses_nothing_and_a_boot_has_the_tables_made_anew() {
    let mut world = World::new();
    let slot = world.slots(DoseNumber::First)[0];
    world.record(vec![reserved(0, 1, slot, None)]);
    let path = world.folder.path().join("projection.db");
    let open = |boot, path: &Path| SqliteProjection::open_in(boot, path, Box::new(world.shelf.clone()));
    let mut projection = open(Some("monday"), &path).unwrap();
    projection.apply(&world.after(0)).unwrap();
    let applied = projection.applied_seq();

    for (boot, is_kept) in [(Some("monday"), true), (Some("tuesday"), false), (None, false)] {
        let elsewhere = TempDir::new().unwrap();
        as_left_by_a_killed_process(&world, elsewhere.path());
        let copy = elsewhere.path().join("projection.db");
        let mut again = open(boot, &copy).unwrap();
        assert_eq!(again.applied_seq(), if is_kept { applied } else { 0 }, "{boot:?}");
        again.apply(&world.after(again.applied_seq())).unwrap();
        world.assert_agrees(&again);
    }
    drop(projection);
    let after_an_orderly_end = open(Some("tuesday"), &path).unwrap();
    assert_eq!(after_an_orderly_end.applied_seq(), applied, "it was synced");
    world.assert_agrees(&after_an_orderly_end);
}

#[test]
fn tables_torn_by_a_loss_of_power_are_never_read() {
    let world = World::new();
    let path = world.folder.path().join("projection.db");
    let open = |boot| SqliteProjection::open_in(Some(boot), &path, Box::new(world.shelf.clone()));
    let elsewhere = TempDir::new().unwrap();
    let projection = open("monday").unwrap();
    as_left_by_a_killed_process(&world, elsewhere.path());
    drop(projection);
    // What reached the disk is no SQLite file, and neither is its log.
    std::fs::copy(elsewhere.path().join("projection.db-boot"), path.with_extension("db-boot")).unwrap();
    for torn in ["db", "db-wal"] {
        std::fs::write(path.with_extension(torn), [7; 5_000]).unwrap();
    }
    assert!(open("monday").is_err(), "in the same boot a damaged file is somebody's doing, and is told");
    let mut projection = open("tuesday").unwrap();
    projection.apply(&world.after(0)).unwrap();
    world.assert_agrees(&projection);
}

#[test]
fn while_tables_are_written_a_note_says_in_which_boot_and_a_clean_end_takes_it_away() {
    let world = World::new();
    let note = world.folder.path().join("projection.db-boot");
    let projection = world.projected();
    let noted = std::fs::read_to_string(&note).unwrap();
    assert_eq!(noted.trim(), this_boot().as_deref().unwrap_or("unknown"));
    drop(SqliteProjection::for_reading(&note.with_extension("db"), Box::new(world.shelf.clone())));
    assert!(note.exists(), "whoever only reads leaves it");
    drop(projection);
    assert!(!note.exists());
}

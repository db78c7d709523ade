//! Every checker bites: something sound is changed by hand, and the breach is found under its law.

use std::sync::Arc;

use charye_domain::book::{Action, Book, Channel, Event, Operation, Outcome, Places, Rejection};
use charye_domain::ids::{BlockId, CitizenKey, KeyId, OperationKey, Person, ReservationNumber, SlotId};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::wait_estimate::WaitRange;
use charye_engine::ports::RecordedBatch;
use charye_engine::reservation::{Held, Reserved, confirm_reservation, hold_places};
use charye_engine::waiting_room::{Claimed, claim};
use charye_engine::{EngineSettings, Inside, by_citizen, by_system};

use super::{answers, codec, derived, journal, let_everything_run_out, run_out};
use crate::country::{ADULT, CAMPAIGN, Country, LineTerms, OPENING, OPENS};
use crate::surge::{Confirmed, History};
use crate::world::World;

const KEY: Operation = Operation { key: OperationKey(77), request_hash: 7 };

/// One citizen has reserved, another holds a place; nothing has run out yet.
struct Stage {
    world: World,
    history: History,
    country: Country,
}

impl Stage {
    fn set() -> Self {
        Self::set_with(None)
    }

    fn set_with(line: Option<LineTerms>) -> Self {
        let mut world = World::new(OPENS.plus_millis(-3_600_000), 1, EngineSettings::default());
        world.start().unwrap();
        let country = Country { clinics: 1, capacity: 2, open_hours: 4, hold_ttl_secs: 60, visit_max_secs: 300, line };
        country.settle_in(&mut world).unwrap();
        world.clock.pass(std::time::Duration::from_secs(3_601));
        world.settle().unwrap();
        Self { world, history: History::default(), country }
    }

    fn busy() -> Self {
        let mut stage = Self::set();
        let (person, held, inside) = stage.hold(1, Some(KEY));
        let Reserved { reservation, number } = stage
            .world
            .wait(|engine| async move {
                confirm_reservation(&engine, Inside { operation: None, ..inside }, held.hold).await
            })
            .unwrap()
            .unwrap()
            .value;
        stage.history.confirmed.push(Confirmed { person, reservation, number });
        stage.history.answers.push((KEY, Outcome::Held { hold: held.hold, expires_at: held.expires_at }));
        stage.hold(2, None);
        stage
    }

    fn hold(&mut self, number: u8, operation: Option<Operation>) -> (Person, Held, Inside) {
        let action = Action::RegisterCitizen { key_id: KeyId(1), key: CitizenKey([number; 16]), former: [].into() };
        let registered = self.world.command("register", by_system(Channel::Page), action).unwrap().value;
        let Outcome::Registered { person } = registered else { panic!("{registered:?}") };
        let visit = self.world.wait(|engine| async move {
            claim(&engine, person, CAMPAIGN, ADULT, by_citizen(person, Channel::Api)).await
        });
        let Claimed::Inside(visit) = visit.unwrap().unwrap().value else { panic!("there is no line") };
        let generation = visit.generation;
        let inside = Inside::citizen(person, CAMPAIGN, generation, ADULT, Channel::Api, operation);
        let places = Places { first: self.free_slot(), second: None };
        let held = self.world.wait(move |engine| async move { hold_places(&engine, inside, places).await });
        (person, held.unwrap().unwrap().value, inside)
    }

    fn free_slot(&self) -> SlotId {
        let availability = self.world.engine().unwrap().availability();
        let board = availability.board();
        let mut slots = (0..board.blocks()).flat_map(|block| board.slots_of(BlockId(block)));
        slots.find(|slot| board.remaining(*slot) > 0).unwrap()
    }

    fn laws(&self) -> Vec<&'static str> {
        self.history.breaches.iter().map(|breach| breach.law).collect()
    }
}

fn book_of(rows: &[RecordedBatch]) -> Book {
    let mut book = Book::default();
    for row in rows {
        for entry in row.entries.iter() {
            book.apply(entry, row.at);
        }
    }
    book
}

#[test]
fn a_sound_evening_has_no_breach() {
    let mut stage = Stage::busy();
    let_everything_run_out(&mut stage.world, &stage.country).unwrap();
    super::examine(&mut stage.world, &mut stage.history).unwrap();
    assert_eq!(stage.history.breaches, []);
}

#[test]
fn an_entry_that_is_gone_from_the_journal_is_found() {
    let mut stage = Stage::busy();
    let mut rows = stage.world.rows();
    let started =
        |row: &RecordedBatch| row.entries.iter().any(|entry| matches!(entry.event, Event::VisitStarted { .. }));
    let position = rows.iter().position(started).unwrap();
    let book = book_of(&rows);
    rows.remove(position);
    journal::check(&rows, &book, &mut stage.history);
    assert!(stage.laws().contains(&"journal"), "{:?}", stage.history.breaches);
}

#[test]
fn an_answer_that_is_not_what_was_recorded_is_found() {
    let mut stage = Stage::busy();
    stage.history.answers.push((KEY, Outcome::Refused(Rejection::SoldOut)));
    let rows = stage.world.rows();
    let book = book_of(&rows);
    journal::check(&rows, &book, &mut stage.history);
    answers::check(&book, stage.world.now(), &mut stage.history);
    assert_eq!(stage.laws(), ["answer", "I4"], "{:?}", stage.history.breaches);
}

#[test]
fn a_confirmation_that_the_journal_does_not_have_is_found() {
    let mut stage = Stage::busy();
    stage.history.confirmed[0].number = ReservationNumber::from_random(1);
    let book = stage.world.replayed();
    answers::check(&book, stage.world.now(), &mut stage.history);
    assert_eq!(stage.laws(), ["I3"], "{:?}", stage.history.breaches);
}

#[test]
fn a_place_that_is_still_held_is_found() {
    let mut stage = Stage::busy();
    let book = stage.world.replayed();
    run_out::check(&book, stage.world.now(), &mut stage.history);
    assert_eq!(stage.laws(), ["I15", "I15"], "a hold and a visit: {:?}", stage.history.breaches);
}

#[test]
fn a_book_that_is_not_the_replay_is_found() {
    let mut stage = Stage::busy();
    let rows = stage.world.rows();
    let book = book_of(&rows[..rows.len() - 1]);
    derived::check(&mut stage.world, &book, &mut stage.history).unwrap();
    assert!(stage.laws().len() >= 2 && stage.laws().iter().all(|law| *law == "I14"), "{:?}", stage.history.breaches);
}

#[test]
fn a_row_that_is_read_back_as_something_else_is_found() {
    let mut stage = Stage::busy();
    let mut rows = stage.world.rows();
    codec::check(&rows, &mut stage.history);
    assert_eq!(stage.history.breaches, []);
    // The codec keeps a campaign as the text it was published with: rules that are not what the text says do not survive.
    let publishes = |row: &RecordedBatch| matches!(row.entries[0].event, Event::CampaignPublished { .. });
    let row = rows.iter_mut().find(|row| publishes(row)).unwrap();
    let mut entries = row.entries.to_vec();
    if let Event::CampaignPublished { campaign, .. } = &mut entries[0].event {
        Arc::make_mut(campaign).expected_people += 1;
    }
    row.entries = entries.into();
    codec::check(&rows, &mut stage.history);
    assert_eq!(stage.laws(), ["codec"], "{:?}", stage.history.breaches);
}

#[test]
fn the_published_line_is_held_to_its_cap_and_never_goes_back() {
    let line = LineTerms { hard_cap: 5, agents_share: 0, rate_min_per_min: 60, rate_max_per_min: 60, grace_secs: 30 };
    let mut stage = Stage::set_with(Some(line));
    let shown = stage.world.engine().unwrap().lines().get(CAMPAIGN, OPENING).cloned().unwrap();
    let mut watch = |seq: u64, inside: u32, now_serving: u64| {
        let mut line = (*shown).clone();
        (line.seq, line.inside, line.now_serving) = (seq, inside, Place(now_serving));
        stage.history.watch(&line);
    };
    watch(10, 3, 100);
    watch(11, 5, 200);
    watch(12, 6, 300);
    watch(13, 6, 300);
    watch(14, 4, 250);
    assert_eq!(stage.laws(), ["cap", "I10"], "{:?}", stage.history.breaches);
}

#[test]
fn somebody_who_is_passed_while_they_wait_is_found() {
    let line = LineTerms { hard_cap: 5, agents_share: 0, rate_min_per_min: 60, rate_max_per_min: 60, grace_secs: 30 };
    let mut stage = Stage::set_with(Some(line));
    let shown = stage.world.engine().unwrap().lines().get(CAMPAIGN, OPENING).cloned().unwrap();
    for (seq, place) in [(10, 100), (20, 200)] {
        let mut line = (*shown).clone();
        (line.seq, line.now_serving) = (seq, Place(place));
        stage.history.watch(&line);
    }
    let mut told = |place: u64, since_seq: u64| {
        let before = stage.history.breaches_in_all;
        stage.history.told_to_wait_at(Place(place), since_seq, 30);
        stage.history.breaches_in_all > before
    };
    assert!(!told(250, 5), "still before their turn");
    assert!(told(150, 15), "now-serving went past them while they waited");
    assert!(!told(150, 25), "came after others had been called past their place");
}

#[test]
fn two_places_of_one_person_and_a_wide_range_are_found() {
    let mut history = History::default();
    history.compare_places(Person(1), Place(5), Place(5));
    history.check_width(WaitRange { from_secs: 10, to_secs: 190 });
    history.check_width(WaitRange { from_secs: 213, to_secs: 425 });
    assert_eq!((history.breaches_in_all, history.places_compared), (0, 1));
    history.compare_places(Person(1), Place(5), Place(6));
    history.check_width(WaitRange { from_secs: 10, to_secs: 191 });
    history.check_width(WaitRange { from_secs: 400, to_secs: 801 });
    assert_eq!(history.breaches_in_all, 3);
}

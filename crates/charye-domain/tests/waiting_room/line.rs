//! The line against a sorted list, and its memory.

use std::collections::BTreeMap;

use charye_domain::ids::Person;
use charye_domain::waiting_room::line::{Histogram, Line, LineFull, Position, Stage};
use charye_domain::waiting_room::place::Place;
use proptest::prelude::*;

use crate::world::Chance;

const WINDOW_MS: u64 = 22 * 3_600_000;

fn late(ms: u64) -> Place {
    Place(Place::FIRST_AFTER_DRAW.0 + ms)
}

#[derive(Clone, Debug)]
enum Act {
    Arrive(u32, u64),
    Leave(u32),
    PutBack(u32),
    Call(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let place =
        prop_oneof![0..1_u64 << 63, (0..3_000_u64).prop_map(|ms| late(ms).0), (1..200_u64).prop_map(|n| n << 43)];
    prop::collection::vec(
        prop_oneof![
            6 => (0..60_u32, place).prop_map(|(person, place)| Act::Arrive(person, place)),
            2 => (0..60_u32).prop_map(Act::Leave),
            1 => (0..60_u32).prop_map(Act::PutBack),
            3 => (1..6_u8).prop_map(Act::Call),
        ],
        1..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever happens, the next one called is the lowest place that waits, and counts agree with a plain list.
    #[test]
    fn the_line_is_a_sorted_list(acts in acts()) {
        let mut line = Line::new(10_000, 60, 60);
        let mut model: BTreeMap<u32, Place> = BTreeMap::new();
        let mut now_serving = Place(0);
        for act in acts {
            match act {
                Act::Arrive(person, place) => {
                    let before = line.standing(Person(person));
                    let standing = line.arrive(Person(person), Place(place)).unwrap();
                    let keeps = before.filter(|before| before.stage != Stage::Gone);
                    prop_assert!(keeps.is_none_or(|before| before == standing));
                    if standing.stage == Stage::Waiting {
                        model.insert(person, standing.place.unwrap());
                    }
                }
                Act::Leave(person) => {
                    line.leave(Person(person));
                    model.remove(&person);
                }
                Act::PutBack(person) => {
                    line.put_back(Person(person));
                    if let Some(standing) = line.standing(Person(person)).filter(|known| known.stage == Stage::Waiting) {
                        model.insert(person, standing.place.unwrap());
                    }
                }
                Act::Call(people) => {
                    for _ in 0..people {
                        let lowest = model.values().min().copied();
                        let called = line.call_overtaken().or_else(|| line.call_next());
                        let place = called.map(|person| model.remove(&person.0).unwrap());
                        prop_assert_eq!(place, lowest);
                        prop_assert!(line.now_serving() >= now_serving);
                        now_serving = line.now_serving();
                        prop_assert!(place.is_none_or(|place| place <= now_serving));
                    }
                }
            }
            prop_assert_eq!(line.waiting().total() as usize, model.len());
        }
        for place in model.values() {
            let exact = model.values().filter(|other| *other < place).count() as u32;
            let told = line.waiting().people_before(*place);
            let bucket = model.values().filter(|other| near(**other, *place)).count() as u32;
            prop_assert!(told.abs_diff(exact) <= bucket, "told {told}, {exact} are ahead");
        }
    }
}

/// Whether two places can be in one bucket of the histogram.
fn near(a: Place, b: Place) -> bool {
    match (a.millis_since_opening(), b.millis_since_opening()) {
        (None, None) => a.0 >> 43 == b.0 >> 43,
        (Some(a), Some(b)) => a.abs_diff(b) < 10_000,
        _ => false,
    }
}

#[test]
fn a_full_line_says_so_and_loses_nobody() {
    let mut line = Line::new(WINDOW_MS, 0, 2);
    line.arrive(Person(1), late(10)).unwrap();
    line.enrol(Person(2)).unwrap();
    assert_eq!(line.arrive(Person(3), late(5)), Err(LineFull));
    assert_eq!(line.enrol(Person(3)), Err(LineFull));
    assert_eq!(line.arrive(Person(1), late(99)).unwrap().place, Some(late(10)));
}

#[test]
fn whoever_leaves_and_comes_back_before_their_turn_keeps_the_place() {
    let mut line = Line::new(WINDOW_MS, 0, 10);
    line.arrive(Person(1), late(10)).unwrap();
    line.arrive(Person(2), late(20)).unwrap();
    line.leave(Person(1));
    assert_eq!(line.waiting().total(), 1);
    assert_eq!(line.arrive(Person(1), late(5_000)).unwrap().place, Some(late(10)));
    assert_eq!([line.call_next(), line.call_next(), line.call_next()], [Some(Person(1)), Some(Person(2)), None]);
}

#[test]
fn people_of_the_same_millisecond_can_be_called_one_by_one() {
    let mut line = Line::new(WINDOW_MS, 0, 100);
    for person in 0..100 {
        line.arrive(Person(person), late(1)).unwrap();
    }
    let mut called = Vec::new();
    while let Some(person) = line.call_next() {
        called.push(person);
        assert_eq!(line.waiting().total() as usize, 100 - called.len());
        // Each can tell from place and person alone whether they are among them.
        for person in (0..100).map(Person) {
            let is_told_to_come = Some(Position::of(late(1), person)) <= line.served();
            assert_eq!(is_told_to_come, called.contains(&person), "{person}");
        }
    }
    assert_eq!(called.len(), 100);
    assert!(!called.is_sorted(), "who registered first goes first");
}

#[test]
fn ties_are_those_of_the_reference() {
    let page = include_str!("../../../../docs/laws.md");
    for (place, person) in [(late(0), 0), (late(0), 1), (late(1_234), 70_000), (Place(0x24f8_55e5_d15d_201b), 7)] {
        let row = format!("| `{:016x}` | {person} | `{:08x}` |", place.0, Position::of(place, Person(person)).tie);
        assert!(page.contains(&row), "{row}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_two_people_stand_at_one_position(place: u64, a: u32, b: u32) {
        let [first, second] = [a, b].map(|person| Position::of(Place(place), Person(person)));
        prop_assert_eq!(first == second, a == b);
    }
}

/// The figures of ten million people: at most 16 MiB for what polls look at, at most 48 bytes a person for what finds a
/// place again; measured on a million as what each takes, worst case of the growing index included.
#[test]
fn ten_million_people_fit() {
    assert!(Histogram::new(u64::MAX).bytes() <= 16 << 20);
    for (people, expected) in [(1_000_000_u32, 1_000_000), (930_000, 0)] {
        let mut chance = Chance(1);
        let mut line = Line::new(WINDOW_MS, expected, people);
        let empty = line.waiting().bytes();
        for person in 0..people {
            line.enrol(Person(person)).unwrap();
            line.place_drawn(Person(person), Place(chance.bits() >> 1));
        }
        assert_eq!(line.waiting().bytes(), empty, "what polls look at grew");
        // Lists of buckets are there once, however many people: at ten million they are a byte each.
        let buckets = line.index_bytes() - Line::new(WINDOW_MS, 0, 0).index_bytes();
        assert!(buckets <= 47 * people as usize, "{} bytes a person", buckets / people as usize);
    }
}

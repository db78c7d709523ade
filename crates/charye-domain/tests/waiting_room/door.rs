//! The door at the very moment at which a grace ends.

use charye_domain::ids::Person;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::admission::{Calls, Door, Lane, Terms, Turn};
use charye_domain::waiting_room::line::Line;
use charye_domain::waiting_room::place::Place;

const SOMEBODY: Person = Person(7);

/// A door that has called somebody, when it did, and until when they may come.
fn that_called() -> (Door, UnixMillis, UnixMillis) {
    let called_at = UnixMillis(1_000);
    let mut line = Line::new(3_600_000, 10, 10);
    line.arrive(SOMEBODY, Place::FIRST_AFTER_DRAW).unwrap();
    let mut door = Door::new(Terms::new(4, 0, 60..=600, 60).unwrap());
    let called = door.call(Calls { line: 1, ..Calls::default() }, &mut line, called_at);
    assert_eq!(called.people, [(SOMEBODY, Lane::Line)]);
    let Turn::Come { until } = door.turn(SOMEBODY, &line, called_at) else { panic!("called") };
    (door, called_at, until)
}

#[test]
fn whoever_was_called_may_enter_until_the_grace_ends_and_not_at_its_end() {
    let (mut door, called_at, until) = that_called();
    assert_eq!(door.enter(SOMEBODY, until.plus_millis(-1)), Ok((called_at, Lane::Line)));
    assert_eq!(door.inside(), 1);

    let (mut door, _, until) = that_called();
    assert!(door.enter(SOMEBODY, until).is_err());
    assert_eq!((door.inside(), door.occupied(until)), (0, 0), "the seat is free");
}

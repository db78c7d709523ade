//! Room: domain/book. The rules, one short row each, against the sample's campaign; histories at random against a naive
//! model stand in `tests/` beside `src/`.

mod helping;
mod image;
mod laying_out;
mod lines;
mod people;
mod places;
mod providers;
mod time;

use crate::book::samples::{ADULT, CAMPAIGN, Sample};
use crate::book::{Action, Actor, Authority, Outcome, Places};
use crate::ids::{HoldId, Person, ReservationId};
use crate::vaccine::DoseTwoPolicy;

mod rows {
    pub(super) use crate::book::counters::Counts;
    pub(super) use crate::book::operations::OperationRow;
    pub(super) use crate::book::people::PersonRow;
    pub(super) use crate::book::reservations::Reservation;
}

fn open(capacity: u16) -> Sample {
    Sample::open(DoseTwoPolicy::Together, capacity)
}

/// The code of a refusal, or `ok`.
fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Refused(rejection) => rejection.code(),
        _ => "ok",
    }
}

fn hold(sample: &mut Sample, person: Person, authority: Authority, places: Places) -> Outcome {
    let action = Action::Hold { person, campaign: CAMPAIGN, authority, facts: ADULT, places };
    sample.ask(Actor::Citizen(person), action)
}

fn held(sample: &mut Sample, person: Person, authority: Authority, places: Places) -> HoldId {
    match hold(sample, person, authority, places) {
        Outcome::Held { hold, .. } => hold,
        other => panic!("not held: {other:?}"),
    }
}

fn confirm(sample: &mut Sample, person: Person, authority: Authority, hold: HoldId) -> Outcome {
    let number = sample.number();
    sample.ask(Actor::Citizen(person), Action::Confirm { person, hold, authority, number })
}

fn reserved(outcome: Outcome) -> ReservationId {
    match outcome {
        Outcome::Reserved { reservation, .. } => reservation,
        other => panic!("not reserved: {other:?}"),
    }
}

fn reschedule(
    sample: &mut Sample,
    person: Person,
    authority: Authority,
    reservation: ReservationId,
    places: Places,
) -> Outcome {
    let action = Action::Reschedule { person, reservation, authority, facts: ADULT, places };
    sample.ask(Actor::Citizen(person), action)
}

/// Free, held and reserved places of a slot.
fn counts(sample: &Sample, slot: crate::ids::SlotId) -> (u16, u16, u16) {
    let counts = sample.book.slot_counts(slot).expect("the slot exists");
    assert_eq!(counts.capacity, counts.held + counts.reserved + counts.blocked + counts.free, "law I7");
    (counts.free, counts.held, counts.reserved)
}

#[test]
fn ten_million_rows_stay_small() {
    // 10 M people, 10 M reservations, 10 M remembered answers, 20 M slots in 1 M blocks, and four bytes an index entry
    // with one byte of control at 16 M buckets each.
    let people = 10_000_000 * (size_of::<rows::PersonRow>() + size_of::<rows::Reservation>());
    let answers = 10_000_000 * size_of::<rows::OperationRow>();
    let grid = 20_000_000 * size_of::<rows::Counts>() + 1_000_000 * size_of::<crate::book::Block>();
    let indexes = 3 * (1 << 24) * 5;
    let total = people + answers + grid + indexes;
    assert!(total < 2_200_000_000 * 3 / 4, "{} MiB", total >> 20);
}

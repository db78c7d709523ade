//! Room: domain/book. The rules, one short row each, against the sample's campaign; histories at random against a naive
//! model stand in `tests/` beside `src/`.

mod image;
mod people;
mod places;
mod time;

use crate::book::samples::{ADULT, CAMPAIGN, Sample};
use crate::book::{Action, Actor, Authority, Outcome, Places, Rejection};
use crate::ids::{HoldId, Person, ReservationId};
use crate::vaccine::DoseTwoPolicy;

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
fn every_rejection_has_a_code_of_its_own() {
    let all = [Rejection::KeyReused, Rejection::NotAllowed, Rejection::SoldOut, Rejection::SecondDoseSoldOut];
    let mut codes: Vec<_> = all.iter().map(|rejection| rejection.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}

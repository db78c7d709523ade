//! Room: domain/law. Each law's checker bites: a sound journal passes, and the same journal with one planted violation is
//! found out, by that law and at that entry.

use super::*;
use crate::book::samples::{ADULT, CAMPAIGN, CLINIC_STAFF, OPERATOR, Sample};
use crate::book::{Action, Authority, EndOfVisit, Operation, Outcome, Rejection};
use crate::ids::{HoldId, OperationKey, ReservationId, ReservationNumber};
use crate::reservation::EndOfHold;
use crate::vaccine::{DoseNumber, DoseTwoPolicy};

type Journal = Vec<(UnixMillis, Entry)>;

fn violations(journal: &Journal) -> Vec<Violation> {
    let mut checker = Checker::new();
    journal.iter().zip(1..).flat_map(|((at, entry), seq)| checker.check(seq, *at, entry)).collect()
}

/// A short evening: two people hold and confirm, one of them cancels, a third hold runs out, a refusal is recorded.
fn evening() -> Sample {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 2);
    let (pair, single) = (sample.pair("C1"), sample.single("C1"));
    for (key, places) in [(1, pair), (2, single)] {
        let person = sample.citizen(key);
        let authority = sample.inside(person);
        let action = Action::Hold { person, campaign: CAMPAIGN, authority, facts: ADULT, places };
        let Outcome::Held { hold, .. } = sample.ask(Actor::Citizen(person), action) else { panic!("held") };
        let number = sample.number();
        let action = Action::Confirm { person, hold, authority, number };
        sample.ask_keyed(Actor::Citizen(person), (u128::from(key), 1), action);
    }
    let action = Action::Cancel { person: Person(1), reservation: ReservationId(1) };
    sample.ask(Actor::Citizen(Person(1)), action);
    let person = sample.citizen(3);
    let authority = sample.inside(person);
    let hold = Action::Hold { person, campaign: CAMPAIGN, authority, facts: ADULT, places: single };
    sample.ask(Actor::Citizen(person), hold.clone());
    sample.ask_keyed(Actor::Citizen(person), (3, 1), hold);
    sample.pass_time(300);
    sample
}

#[test]
fn a_sound_journal_breaks_no_law() {
    let sample = evening();
    assert_eq!(violations(&sample.journal), []);
    let mut checker = Checker::new();
    for ((at, entry), seq) in sample.journal.iter().zip(1..) {
        checker.check(seq, *at, entry);
    }
    for block in 0..sample.book.blocks().len() as u32 {
        for (slot, _) in sample.book.slots_of_block(crate::ids::BlockId(block)) {
            let counts = sample.book.slot_counts(slot).unwrap();
            assert_eq!(checker.compare(0, slot, counts), None);
            let one_too_few = SlotCounts { free: counts.free.wrapping_sub(1), ..counts };
            assert_eq!(checker.compare(0, slot, one_too_few).map(|found| found.law), Some(Law::I7));
        }
    }
}

#[test]
fn who_was_marked_absent_has_no_dose_until_they_come_after_all() {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 3);
    let (person, place) = (sample.citizen(1), sample.single("C1"));
    let Outcome::Reserved { reservation, .. } = sample.reserve(person, place) else { panic!("reserved") };
    sample.now = sample.now.plus_secs(60 * 86_400);
    let dose = DoseNumber::First;
    assert!(matches!(sample.ask(CLINIC_STAFF, Action::NoShow { reservation, dose }), Outcome::DoseNow { .. }));
    let sound = sample.journal.clone();
    assert_eq!(violations(&sound), []);

    // The same person with another place: sound after the no-show, and two places at once if they come after all.
    let at = sample.now;
    let mut again =
        sound.iter().rev().find(|(_, entry)| matches!(entry.event, Event::Reserved { .. })).unwrap().clone();
    let Event::Reserved { reservation: id, number, .. } = &mut again.1.event else { panic!("reserved") };
    (*id, *number) = (ReservationId(reservation.0 + 1), sample.number());
    again.0 = at;
    let mut journal = sound;
    journal.push(again);
    assert!(violations(&journal).iter().all(|found| found.law != Law::I2), "{:?}", violations(&journal));
    let mut comes = journal[journal.len() - 2].clone();
    comes.1.event = Event::CheckedIn { reservation, dose };
    journal.push(comes);
    assert!(violations(&journal).iter().any(|found| found.law == Law::I2), "{:?}", violations(&journal));
}

/// Changes a sound evening with `plant` and expects `law` to be among what is found.
fn check(law: Law, plant: impl FnOnce(&mut Journal)) {
    let mut journal = evening().journal;
    plant(&mut journal);
    let found = violations(&journal);
    assert!(found.iter().any(|violation| violation.law == law), "{law} does not bite: {found:?}");
}

fn position(journal: &Journal, is: impl Fn(&Event) -> bool) -> usize {
    journal.iter().position(|(_, entry)| is(&entry.event)).expect("the evening has such an entry")
}

fn again(journal: &mut Journal, is: impl Fn(&Event) -> bool, change: impl FnOnce(&mut Entry)) {
    let at = position(journal, is);
    let (when, mut entry) = journal[at].clone();
    change(&mut entry);
    journal.insert(at + 1, (when, entry));
}

fn by_staff(entry: &mut Entry) {
    entry.by.actor = CLINIC_STAFF;
    entry.operation = None;
}

#[test]
fn overselling_is_found() {
    check(Law::I1, |journal| {
        for person in 10..12 {
            again(
                journal,
                |event| matches!(event, Event::Held { .. }),
                |entry| {
                    by_staff(entry);
                    if let Event::Held { person: of, hold, .. } = &mut entry.event {
                        (*of, *hold) = (Person(person), HoldId(100 + person));
                    }
                },
            );
        }
    });
}

#[test]
fn a_second_reservation_of_the_same_dose_is_found() {
    check(Law::I2, |journal| {
        let held = position(journal, |event| matches!(event, Event::Held { .. }));
        let Event::Held { person, first, second, opening, cohort, .. } = journal[held].1.event.clone() else {
            panic!()
        };
        again(
            journal,
            |event| matches!(event, Event::Confirmed { .. }),
            |entry| {
                by_staff(entry);
                let number = ReservationNumber::from_random(99);
                let reservation = ReservationId(99);
                entry.event = Event::Reserved { person, reservation, number, first, second, opening, cohort };
            },
        );
    });
}

#[test]
fn a_refusal_that_becomes_a_reservation_is_found() {
    check(Law::I4, |journal| {
        let last = journal.len() - 1;
        let key = journal.iter().find(|(_, entry)| matches!(entry.event, Event::Refused { .. })).unwrap().1.operation;
        journal[last].1.operation = key;
    });
    check(Law::I4, |journal| {
        let refused = position(journal, |event| matches!(event, Event::Refused { .. }));
        journal[refused].1.operation = None;
    });
}

#[test]
fn an_operation_answered_twice_is_found() {
    check(Law::I5, |journal| {
        let key = journal.iter().find(|(_, entry)| matches!(entry.event, Event::Confirmed { .. })).unwrap().1.operation;
        let last = journal.len() - 1;
        journal[last].1.operation = key;
    });
}

#[test]
fn an_answer_that_the_journal_does_not_have_is_found() {
    let sample = evening();
    let mut checker = Checker::new();
    for ((at, entry), seq) in sample.journal.iter().zip(1..) {
        checker.check(seq, *at, entry);
    }
    let operation = |request_hash| Operation { key: OperationKey(3), request_hash };
    let refused = Outcome::Refused(Rejection::HoldOpen);
    assert_eq!(checker.compare_answer(0, operation(1), refused), None);
    assert_eq!(checker.compare_answer(0, operation(2), Outcome::Refused(Rejection::KeyReused)), None);
    let found = |told| checker.compare_answer(0, operation(1), told).map(|violation| violation.law);
    assert_eq!(found(Outcome::Done), Some(Law::I4));
}

#[test]
fn a_place_given_back_twice_is_found() {
    check(Law::I7, |journal| again(journal, |event| matches!(event, Event::Cancelled { .. }), |_| ()));
}

#[test]
fn a_hold_outside_the_opening_or_by_another_cohort_is_found() {
    let is_held = |event: &Event| matches!(event, Event::Held { .. });
    check(Law::I8, |journal| {
        let held = position(journal, is_held);
        if let Event::Held { opening, .. } = &mut journal[held].1.event {
            *opening = OpeningId(1);
        }
    });
    check(Law::I8, |journal| {
        let held = position(journal, is_held);
        if let Event::Held { cohort, .. } = &mut journal[held].1.event {
            *cohort = CohortId(9);
        }
    });
    check(Law::I8, |journal| {
        let held = position(journal, is_held);
        journal[held].1.under = Some((CAMPAIGN, CampaignVersion(2)));
    });
}

#[test]
fn a_claim_from_outside_and_a_second_visit_are_found() {
    check(Law::I9, |journal| {
        let started = position(journal, |event| matches!(event, Event::VisitStarted { .. }));
        journal.remove(started);
    });
    let is_started = |event: &Event| matches!(event, Event::VisitStarted { .. });
    check(Law::I9, |journal| again(journal, is_started, |_| ()));
    check(Law::I9, |journal| {
        let is_ended = |event: &Event| matches!(event, Event::VisitEnded { cause: EndOfVisit::Reserved, .. });
        let ended = position(journal, is_ended);
        journal.remove(ended);
    });
    check(Law::I9, |journal| {
        let confirmed = position(journal, |event| matches!(event, Event::Confirmed { .. }));
        journal.remove(confirmed);
    });
}

#[test]
fn a_place_that_returns_twice_early_or_late_is_found() {
    let expired = |event: &Event| matches!(event, Event::HoldEnded { cause: EndOfHold::Expired, .. });
    check(Law::I15, |journal| again(journal, expired, |_| ()));
    check(Law::I15, |journal| {
        let at = position(journal, expired);
        journal[at].0 = journal[at].0.plus_millis(-1);
    });
    check(Law::I15, |journal| {
        let at = position(journal, expired);
        let late = journal.remove(at).0.plus_millis(2_001);
        let mut entry = journal[at - 1].1.clone();
        (entry.by.actor, entry.operation) = (OPERATOR, None);
        entry.event = Event::CheckedIn { reservation: ReservationId(0), dose: DoseNumber::First };
        journal.push((late, entry));
    });
}

#[test]
fn a_second_open_hold_is_found() {
    check(Law::I15, |journal| {
        again(
            journal,
            |event| matches!(event, Event::Held { .. }),
            |entry| {
                if let Event::Held { hold, .. } = &mut entry.event {
                    *hold = HoldId(77);
                }
            },
        );
    });
}

#[test]
fn staff_claim_without_a_visit_lawfully() {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 2);
    let (person, places) = (sample.citizen(1), sample.single("C1"));
    let action = Action::Hold { person, campaign: CAMPAIGN, authority: Authority::Staff, facts: ADULT, places };
    sample.ask(CLINIC_STAFF, action);
    assert_eq!(violations(&sample.journal), []);
}

//! Room: domain/book/tests. Places: claimed, exchanged, given back, blocked, imported.

use super::*;
use crate::book::samples::{CHILD, CLINIC_STAFF, OPERATOR, PAIRED, SINGLE, session};
use crate::book::{Block, Touched};
use crate::ids::{BlockId, SlotId};
use crate::reservation::DoseState;
use crate::vaccine::DoseNumber;

/// What a person who is inside is told when they ask for these places at once.
fn check(places: impl Fn(&Sample) -> Places, expect: &str) {
    let mut sample = open(4);
    let person = sample.citizen(1);
    let places = places(&sample);
    assert_eq!(said(sample.reserve(person, places)), expect);
}

fn slot(sample: &Sample, clinic: &str, dose: DoseNumber, day: u8) -> SlotId {
    sample.slot(clinic, PAIRED, dose, day, 0).expect("the sample has this slot")
}

/// Publishes a version whose last opening never closes, so that rules of later days can be tried.
fn keep_open(sample: &mut Sample) {
    let mut longer = crate::book::samples::campaign(DoseTwoPolicy::Together);
    longer.version = crate::ids::CampaignVersion(2);
    longer.openings[1].window.closes_at = crate::time::UnixMillis::NEVER;
    let published = Action::PublishCampaign { campaign: longer.into(), text: "sample, version 2".into() };
    assert_eq!(said(sample.ask(OPERATOR, published)), "ok");
}

#[test]
fn a_pair_takes_both_places_or_none() {
    let pair = |first: (&'static str, u8), second: (&'static str, u8)| {
        move |sample: &Sample| Places {
            first: slot(sample, first.0, DoseNumber::First, first.1),
            second: Some(slot(sample, second.0, DoseNumber::Second, second.1)),
        }
    };
    check(pair(("C1", 4), ("C1", 25)), "ok");
    check(pair(("C1", 4), ("C1", 32)), "ok");
    check(pair(("C1", 4), ("C1", 33)), "interval_not_allowed");
    check(pair(("C1", 5), ("C1", 25)), "interval_not_allowed");
    check(pair(("C1", 4), ("C2", 25)), "second_dose_elsewhere");
    check(|sample| Places { second: None, ..sample.pair("C1") }, "second_dose_missing");
    check(|sample| Places { second: sample.pair("C1").second, ..sample.single("C1") }, "second_dose_not_wanted");
    check(|sample| Places { first: slot(sample, "C1", DoseNumber::Second, 25), second: None }, "slot_of_other_dose");
    check(|sample| Places { second: Some(sample.pair("C1").first), ..sample.pair("C1") }, "slot_of_other_dose");
    check(|_| Places { first: SlotId(u32::MAX), second: None }, "slot_unknown");
    check(|sample| sample.single("C1"), "ok");
}

#[test]
fn a_pair_counts_in_both_slots() {
    let mut sample = open(4);
    let (person, pair) = (sample.citizen(1), sample.pair("C1"));
    let authority = sample.inside(person);
    // Half of the four places is out in the first opening.
    assert_eq!(counts(&sample, pair.first).0, 2);
    let hold = held(&mut sample, person, authority, pair);
    assert_eq!((counts(&sample, pair.first).1, counts(&sample, pair.second.unwrap()).1), (1, 1));
    reserved(confirm(&mut sample, person, authority, hold));
    assert_eq!((counts(&sample, pair.first).2, counts(&sample, pair.second.unwrap()).2), (1, 1));
    assert_eq!(counts(&sample, pair.first), (1, 0, 1));
}

#[test]
fn five_hundred_for_the_last_place_and_one_wins() {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 1);
    sample.pass_time(2 * 3_600);
    let place = sample.single("C1");
    let mut won = 0;
    for key in 0..500_u32 {
        let action = Action::RegisterCitizen {
            key_id: crate::ids::KeyId(1),
            key: crate::ids::CitizenKey(u128::from(key).to_le_bytes()),
            former: std::sync::Arc::new([]),
        };
        let Outcome::Registered { person } = sample.ask(Actor::System, action) else { panic!("registered") };
        match said(sample.reserve(person, place)) {
            "ok" => won += 1,
            other => assert_eq!(other, "sold_out"),
        }
    }
    assert_eq!((won, counts(&sample, place.first)), (1, (0, 0, 1)));
}

#[test]
fn one_person_for_many_places_gets_one() {
    let mut sample = open(4);
    let person = sample.citizen(1);
    let places = [sample.single("C1"), sample.single("C2"), sample.pair("C1"), sample.pair("C2")];
    let said: Vec<_> = places.iter().map(|places| said(sample.reserve(person, *places))).collect();
    assert_eq!(said, ["ok", "already_reserved", "already_reserved", "already_reserved"]);
}

#[test]
fn the_second_dose_sold_out_leaves_the_first_place_free() {
    let mut sample = open(2);
    let pair = sample.pair("C1");
    let (a, b) = (sample.citizen(1), sample.citizen(2));
    let other = Places { first: slot(&sample, "C1", DoseNumber::First, 4), ..pair };
    let later_first = sample.slot("C1", PAIRED, DoseNumber::First, 4, 1).unwrap();
    reserved(sample.reserve(a, Places { first: later_first, ..pair }));
    assert_eq!(said(sample.reserve(b, other)), "second_dose_sold_out");
    assert_eq!(counts(&sample, pair.first), (1, 0, 0));
}

#[test]
fn a_reschedule_swaps_and_an_unchanged_dose_stays() {
    let mut sample = open(2);
    let (person, pair) = (sample.citizen(1), sample.pair("C1"));
    let reservation = reserved(sample.reserve(person, pair));
    // One of two places of each slot is out, and the person has it: it must not be in their own way.
    let later = Places { second: Some(slot(&sample, "C1", DoseNumber::Second, 27)), ..pair };
    let authority = sample.inside(person);
    assert_eq!(said(reschedule(&mut sample, person, authority, reservation, later)), "ok");
    assert_eq!(counts(&sample, pair.first), (0, 0, 1));
    assert_eq!(counts(&sample, pair.second.unwrap()), (1, 0, 0));
    assert_eq!(counts(&sample, later.second.unwrap()), (0, 0, 1));
    assert_eq!(sample.book.fingerprint(), sample.replayed().fingerprint());
}

#[test]
fn a_refused_reschedule_changes_nothing() {
    let mut sample = open(2);
    let (a, b, pair) = (sample.citizen(1), sample.citizen(2), sample.pair("C1"));
    let reservation = reserved(sample.reserve(a, pair));
    reserved(sample.reserve(b, sample.pair("C2")));
    let before = sample.book.fingerprint();
    let authority = sample.inside(a);
    let check = |sample: &mut Sample, places: Places, expect: &str| {
        assert_eq!(said(reschedule(sample, a, authority, reservation, places)), expect);
        assert_eq!(sample.book.fingerprint(), before, "{expect}");
    };
    let taken = sample.pair("C2");
    check(&mut sample, taken, "sold_out");
    check(&mut sample, Places { second: None, ..pair }, "second_dose_missing");
    check(&mut sample, Places { second: taken.second, ..pair }, "second_dose_elsewhere");
    let stranger = sample.inside(b);
    assert_eq!(said(reschedule(&mut sample, b, stranger, reservation, pair)), "reservation_unknown");
}

#[test]
fn cancelling_gives_back_what_is_still_to_come() {
    let mut sample = open(2);
    let (person, pair) = (sample.citizen(1), sample.pair("C1"));
    let reservation = reserved(sample.reserve(person, pair));
    // On day 4 at nine: the first dose is given.
    sample.now = sample.book.slot_start(pair.first).unwrap();
    sample.pass_time(0);
    let dose = DoseNumber::First;
    for action in [Action::CheckIn { reservation, dose }, Action::Administer { reservation, dose }] {
        assert_eq!(said(sample.ask(Actor::Citizen(person), action.clone())), "not_allowed");
        assert_eq!(said(sample.ask(CLINIC_STAFF, action)), "ok");
    }
    let cancel = Action::Cancel { person, reservation };
    assert_eq!(said(sample.ask(Actor::Citizen(person), cancel.clone())), "ok");
    let view = sample.book.reservation(reservation).unwrap();
    assert_eq!((view.first.1, view.second.unwrap().1), (DoseState::Administered, DoseState::Cancelled));
    assert_eq!((counts(&sample, pair.first).2, counts(&sample, pair.second.unwrap()).2), (1, 0));
    assert_eq!(said(sample.ask(Actor::Citizen(person), cancel)), "move_not_allowed");
}

#[test]
fn changes_need_notice_except_from_the_clinic() {
    let mut sample = open(2);
    let (person, pair) = (sample.citizen(1), sample.pair("C1"));
    let reservation = reserved(sample.reserve(person, pair));
    let start = sample.book.slot_start(pair.first).unwrap();
    let cancel = Action::Cancel { person, reservation };
    sample.now = start.plus_millis(-86_400_000 + 1);
    assert_eq!(said(sample.ask(Actor::Citizen(person), cancel.clone())), "too_late");
    assert_eq!(said(sample.ask(CLINIC_STAFF, cancel)), "ok");
}

#[test]
fn a_missed_dose_may_be_reserved_again_but_not_twice_given() {
    let mut sample = open(4);
    keep_open(&mut sample);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let reservation = reserved(sample.reserve(person, single));
    let missed = Action::NoShow { reservation, dose: DoseNumber::First };
    assert_eq!(said(sample.ask(CLINIC_STAFF, missed.clone())), "move_not_allowed", "it has not begun");
    sample.now = sample.book.slot_start(single.first).unwrap();
    assert_eq!(said(sample.ask(CLINIC_STAFF, missed)), "ok");
    let check_in = Action::CheckIn { reservation, dose: DoseNumber::First };
    let next_day = Places { first: sample.slot("C1", SINGLE, DoseNumber::First, 5, 0).unwrap(), second: None };
    let again = reserved(sample.reserve(person, next_day));
    assert_eq!(said(sample.ask(CLINIC_STAFF, check_in.clone())), "move_not_allowed");
    assert_eq!(said(sample.ask(CLINIC_STAFF, Action::Cancel { person, reservation: again })), "ok");
    assert_eq!(said(sample.ask(CLINIC_STAFF, check_in)), "ok", "who comes after all is let in");
}

#[test]
fn slots_out_of_use_keep_who_has_them_and_take_nobody() {
    let mut sample = open(4);
    let (a, b, single) = (sample.citizen(1), sample.citizen(2), sample.single("C1"));
    reserved(sample.reserve(a, single));
    let (block, mask) = (single.first.block(), 1 << single.first.index());
    assert_eq!(said(sample.ask(CLINIC_STAFF, Action::BlockSlots { block, mask })), "ok");
    assert_eq!(counts(&sample, single.first), (0, 0, 1));
    assert_eq!(said(sample.reserve(b, single)), "slot_blocked");
    assert_eq!(said(sample.ask(CLINIC_STAFF, Action::UnblockSlots { block, mask: u64::MAX })), "ok");
    assert_eq!(said(sample.reserve(b, single)), "ok");
    let nowhere = Action::BlockSlots { block: BlockId(9_999), mask };
    assert_eq!(said(sample.ask(CLINIC_STAFF, nowhere)), "slot_unknown");
    assert_eq!(said(sample.ask(Actor::Citizen(a), Action::BlockSlots { block, mask })), "not_allowed");
}

#[test]
fn a_share_is_released_when_its_opening_begins_and_all_with_the_last() {
    let mut sample = open(5);
    let single = sample.single("C1").first;
    let in_first = counts(&sample, single).0;
    assert!((2..=3).contains(&in_first), "{in_first} of 5");
    sample.pass_time(2 * 3_600 - 1);
    assert_eq!(counts(&sample, single).0, in_first);
    sample.pass_time(1);
    assert_eq!(counts(&sample, single).0, 5);
}

#[test]
fn an_import_that_undercuts_blocks_the_rest_and_names_who_is_to_be_moved() {
    let mut sample = open(4);
    let single = sample.single("C1");
    let people: Vec<_> = (1..=2).map(|key| sample.citizen(key)).collect();
    let reservations: Vec<_> = people.iter().map(|person| reserved(sample.reserve(*person, single))).collect();
    let smaller = vec![session("C1", SINGLE, DoseNumber::First, (4, 4), 1)];
    assert_eq!(said(sample.import(2, &[], smaller)), "ok");
    assert_eq!(sample.book.undercut_slots().collect::<Vec<_>>(), [(single.first, 1)]);
    let to_move = sample.book.reservations_in(&[single.first].into(), 10);
    assert_eq!(to_move.iter().map(|view| view.reservation).collect::<Vec<_>>(), reservations);
    assert_eq!(counts(&sample, single.first), (0, 0, 2));
    let cancel = Action::Cancel { person: people[0], reservation: reservations[0] };
    assert_eq!(said(sample.ask(Actor::Citizen(people[0]), cancel)), "ok");
    assert_eq!(counts(&sample, single.first), (0, 0, 1), "the place given back is gone");
    assert_eq!(sample.book.undercut_slots().count(), 0);
    // The clinic's other sessions of this campaign are replaced too: nothing left on other days, C2 untouched.
    let day_5 = sample.slot("C1", SINGLE, DoseNumber::First, 5, 0).unwrap();
    assert_eq!(sample.book.slot_counts(day_5).unwrap().capacity, 0);
    let other = sample.single("C2").first;
    assert_eq!(sample.book.slot_counts(other).unwrap().capacity, 4);
}

#[test]
fn a_later_import_adds_start_times_without_moving_slots() {
    let mut sample = open(4);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    reserved(sample.reserve(person, single));
    let mut longer = session("C1", SINGLE, DoseNumber::First, (4, 4), 4);
    longer.start = crate::time::MinuteOfDay(480);
    assert_eq!(said(sample.import(2, &[], vec![longer])), "ok");
    assert_eq!(sample.single("C1"), single);
    assert_eq!(counts(&sample, single.first).2, 1);
    let block = sample.book.blocks()[single.first.block().0 as usize];
    let starts: Vec<_> = sample.book.block_starts(&block).iter().map(|start| start.0).collect();
    assert_eq!((starts, Block::slots(&block)), (vec![540, 570, 480, 510], 4));
}

#[test]
fn an_import_is_checked_whole_before_any_of_it_counts() {
    let mut sample = open(4);
    let fine = session("C1", SINGLE, DoseNumber::First, (4, 4), 4);
    let check = |sample: &mut Sample, import: u32, odd: crate::slot::ClinicSession, expect: &str| {
        let before = sample.book.blocks().len();
        assert_eq!(said(sample.import(import, &[], vec![fine.clone(), odd])), expect);
        assert_eq!(sample.book.blocks().len(), before);
        assert_eq!(said(sample.ask(OPERATOR, Action::DiscardImport { import: crate::ids::ImportId(import) })), "ok");
    };
    let odd = |change: fn(&mut crate::slot::ClinicSession)| {
        let mut odd = fine.clone();
        change(&mut odd);
        odd
    };
    check(&mut sample, 2, odd(|s| s.clinic = "C9".to_owned()), "import_invalid");
    check(&mut sample, 3, odd(|s| s.product = crate::ids::ProductId(7)), "import_invalid");
    check(&mut sample, 4, odd(|s| s.dose = DoseNumber::Second), "import_invalid");
    check(&mut sample, 5, odd(|s| s.capacity = 0), "import_invalid");
    check(&mut sample, 6, odd(|s| s.slot_minutes = 4), "import_invalid");
    let all_day = odd(|s| {
        (s.start, s.end, s.slot_minutes) = (crate::time::MinuteOfDay(0), crate::time::MinuteOfDay(1_440), 5);
    });
    check(&mut sample, 7, all_day, "import_invalid");
    let unknown = Action::ActivateImport { import: crate::ids::ImportId(99) };
    assert_eq!(said(sample.ask(OPERATOR, unknown)), "import_unknown");
}

#[test]
fn with_the_second_dose_later_it_needs_a_first_and_an_interval() {
    let mut sample = Sample::open(DoseTwoPolicy::Later, 4);
    let person = sample.citizen(1);
    let first = Places { first: slot(&sample, "C1", DoseNumber::First, 4), second: None };
    let second = |sample: &Sample, day| Places { first: slot(sample, "C2", DoseNumber::Second, day), second: None };
    let check = |sample: &mut Sample, places, expect: &str| assert_eq!(said(sample.reserve(person, places)), expect);
    let (early, good, late) = (second(&sample, 25), second(&sample, 27), second(&sample, 34));
    check(&mut sample, early, "slot_of_other_dose");
    let pair = sample.pair("C1");
    check(&mut sample, pair, "second_dose_not_wanted");
    check(&mut sample, first, "ok");
    check(&mut sample, first, "already_reserved");
    check(&mut sample, late, "interval_not_allowed");
    check(&mut sample, good, "ok");
    check(&mut sample, early, "already_reserved");
}

#[test]
fn eligibility_holds_when_the_decision_falls() {
    let mut sample = open(4);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let ask = |sample: &mut Sample, facts| {
        let action = Action::Hold { person, campaign: CAMPAIGN, authority, facts, places: single };
        said(sample.ask(Actor::Citizen(person), action))
    };
    assert_eq!(ask(&mut sample, CHILD), "not_in_cohort");
    sample.now = sample.now.plus_secs(3_600);
    assert_eq!(ask(&mut sample, ADULT), "opening_not_yet", "the first opening has closed");
    sample.now = sample.now.plus_secs(12 * 3_600);
    assert_eq!(ask(&mut sample, ADULT), "openings_over");
}

#[test]
fn a_slot_that_has_begun_is_past() {
    let mut sample = open(4);
    keep_open(&mut sample);
    let single = sample.single("C1");
    let start = sample.book.slot_start(single.first).unwrap();
    let people: Vec<_> = (1..=2).map(|key| sample.citizen(key)).collect();
    sample.now = start.plus_millis(-1);
    sample.pass_time(0);
    assert_eq!(said(sample.reserve(people[0], single)), "ok");
    sample.now = start;
    assert_eq!(said(sample.reserve(people[1], single)), "slot_past");
}

#[test]
fn what_a_fact_touched_is_told() {
    let mut sample = open(4);
    let (person, pair) = (sample.citizen(1), sample.pair("C1"));
    reserved(sample.reserve(person, pair));
    let (at, entry) = sample.journal.last().cloned().unwrap();
    let mut book = crate::book::Book::default();
    for (at, entry) in &sample.journal[..sample.journal.len() - 1] {
        book.apply(entry, *at);
    }
    let Touched::Slots(slots) = book.apply(&entry, at) else { panic!("slots") };
    assert_eq!(slots.iter().collect::<Vec<_>>(), [pair.first, pair.second.unwrap()]);
}

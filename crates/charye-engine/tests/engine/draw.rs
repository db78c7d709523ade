//! The draw: from commitment to calls, step by step, whatever is interrupted in between; and the same draw for everyone.

use std::collections::BTreeMap;

use charye_domain::book::samples::CAMPAIGN;
use charye_domain::book::{Action, Channel, Command, Event, LineStanding, Outcome};
use charye_domain::ids::{CitizenKey, KeyId, Person};
use charye_domain::waiting_room::draw::verify::Verifier;
use charye_domain::waiting_room::plan::LinePlan;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_engine::fakes::{ToyKeyRing, ToyKeys};
use charye_engine::waiting_room::{DrawList, LineNow, Phase, Polled, draw_key, poll};

use crate::line_stage::{LineStage, OPENING, plan, terms};

const PEOPLE: u128 = 40;
const HOUR_MS: u64 = 3_600_000;

/// People on the list, and the moment before the opening.
fn enrolled(line: LinePlan) -> (LineStage, Vec<Person>) {
    let mut stage = LineStage::before_opening(line, 100);
    stage.pass(2 * HOUR_MS - 1_000_000);
    let people = stage.people(1, PEOPLE);
    for person in &people {
        assert_eq!(stage.arrive(*person), Ok(LineStanding::Enrolled));
    }
    assert_eq!(stage.line().phase, Phase::Enrolling { enrolled: PEOPLE as u32 });
    (stage, people)
}

fn begin(stage: &LineStage) {
    let left_ms = stage.line().opens_at.millis_since(stage.now());
    stage.world.clock.pass(left_ms.cast_unsigned());
}

fn places(stage: &mut LineStage, people: &[Person]) -> BTreeMap<Person, u64> {
    let place = |person: Person| match stage.in_line(person) {
        Some(LineStanding::Waiting { place }) => (person, place.0),
        other => panic!("{person:?}: {other:?}"),
    };
    people.iter().copied().map(place).collect()
}

/// Which steps of the draw stand in the journal, in order.
fn steps(stage: &LineStage) -> Vec<&'static str> {
    let step = |event: &Event| match event {
        Event::DrawCommitted { opening, .. } => Some((*opening, "committed")),
        Event::DrawClosed { opening, .. } => Some((*opening, "closed")),
        Event::DrawRevealed { opening, .. } => Some((*opening, "revealed")),
        Event::PlacesDrawn { opening, .. } => Some((*opening, "placed")),
        _ => None,
    };
    let steps = stage.entries().into_iter().filter_map(|entry| step(&entry.event));
    steps.filter(|(opening, _)| *opening == OPENING).map(|(_, step)| step).collect()
}

#[test]
fn a_draw_goes_from_its_commitment_to_calls_in_the_order_of_its_places() {
    let (mut stage, people) = enrolled(plan(terms(1, 6_000)));
    let commitments = stage.line().commitments.expect("committed to before anyone enrols");
    begin(&stage);
    stage.settle();
    assert_eq!(steps(&stage), ["committed", "closed", "revealed", "placed"]);
    assert_eq!(stage.line().commitments, Some(commitments));
    let mut waiting: BTreeMap<u64, Person> = BTreeMap::new();
    for person in &people {
        match stage.in_line(*person) {
            Some(LineStanding::Waiting { place }) => assert!(waiting.insert(place.0, *person).is_none()),
            Some(LineStanding::Called { .. }) => assert!(waiting.insert(0, *person).is_none(), "one seat"),
            other => panic!("{other:?}"),
        }
    }
    for person in waiting.into_values() {
        stage.pass(1_000);
        assert_eq!(stage.claim(person), Ok(Ok(1)), "{person:?}");
        stage.leave(person, 1);
    }
}

#[test]
fn a_draw_that_is_broken_off_after_any_step_comes_to_the_same_places() {
    let undisturbed = {
        let (mut stage, people) = enrolled(plan(terms(0, 600)));
        begin(&stage);
        stage.settle();
        places(&mut stage, &people)
    };
    for looks in 0..12 {
        let (mut stage, people) = enrolled(plan(terms(0, 600)));
        begin(&stage);
        for _ in 0..looks {
            stage.one_look();
        }
        let mut stage = stage.start_again();
        stage.settle();
        assert_eq!(places(&mut stage, &people), undisturbed, "after {looks} looks");
        assert_eq!(steps(&stage), ["committed", "closed", "revealed", "placed"], "after {looks} looks");
        let list = stage.engine.draws().list(CAMPAIGN, OPENING).expect("published after a restart too");
        assert_eq!(list.len(), PEOPLE as usize);
    }
}

#[test]
fn anyone_can_recompute_what_is_published() {
    let (mut stage, people) = enrolled(plan(terms(0, 600)));
    begin(&stage);
    stage.settle();
    let line = stage.line();
    let list = stage.engine.draws().list(CAMPAIGN, OPENING).unwrap();
    let lines = verified(&line, &list);
    assert!(lines.iter().any(|text| text.starts_with("slice-root ")), "{lines:?}");
    // A citizen's own draw id leads to their own place, and a poll with its ticket says so.
    let key = draw_key(&ToyKeys, line.draw_key.unwrap(), line.id()).unwrap();
    for (number, person) in (1..=PEOPLE).zip(&people) {
        let id = key.draw_id(CAMPAIGN, OPENING, CitizenKey(number.to_le_bytes()));
        let place = line.seed.as_ref().unwrap().seed.place(id);
        assert_eq!(stage.in_line(*person), Some(LineStanding::Waiting { place }));
        let polled = poll(&line, *person, &TicketStanding::Drawn(id), stage.now(), 0);
        assert!(matches!(polled, Polled::Wait { .. }), "{polled:?}");
    }
}

/// The whole published file, which is whole and true.
fn verified(line: &LineNow, list: &DrawList) -> Vec<String> {
    let mut verifier = Verifier::default();
    let mut lines = Vec::new();
    list.write_head(line, &mut |text| lines.push(text.to_owned())).unwrap();
    for slice in 0..list.slices() {
        list.write_slice(line, slice, &mut |text| lines.push(text.to_owned())).unwrap();
    }
    lines.iter().for_each(|text| verifier.line(text).unwrap());
    let report = verifier.finish().unwrap();
    assert!(report.is_whole_and_true(), "{report:?}");
    assert_eq!((report.count, report.ids_checked), (PEOPLE as u64, PEOPLE as u64));
    lines
}

#[test]
fn a_draw_stays_checkable_when_somebody_on_the_closed_list_is_erased() {
    // Looks after the opening, and then somebody is erased and the process begins again.
    for looks in [0, 1, 2, 3, 40] {
        let (mut stage, people) = enrolled(plan(terms(0, 600)));
        begin(&stage);
        while stage.line().closing.is_none() {
            stage.one_look();
        }
        for _ in 0..looks {
            stage.one_look();
        }
        let gone = people[7];
        stage.citizen(gone, Action::ErasePerson { person: gone }).unwrap();
        let mut stage = stage.start_again();
        stage.settle();
        let told = format!("erased {looks} looks after the closing");
        assert_eq!(steps(&stage), ["committed", "closed", "revealed", "placed"], "{told}");
        let list = stage.engine.draws().list(CAMPAIGN, OPENING).expect(&told);
        verified(&stage.line(), &list);
        assert_eq!((stage.line().waiting, stage.in_line(gone)), (PEOPLE as u32 - 1, None), "{told}");
    }
}

/// The key that this person, the nth of [`enrolled`], has under a newer key of the installation, found by the one they had.
fn sign_in_under_a_newer_key(stage: &mut LineStage, people: &[Person], nth: usize) -> CitizenKey {
    let number = nth as u128 + 1;
    let (key, former) = (CitizenKey((number + 1_000_000).to_le_bytes()), CitizenKey(number.to_le_bytes()));
    let action = Action::RegisterCitizen { key_id: KeyId(2), key, former: [(KeyId(1), former)].into() };
    let by = charye_engine::by_system(Channel::Page);
    let told = stage.command(Command { by, operation: None, action });
    assert_eq!(told, Ok(Outcome::Registered { person: people[nth] }), "it is the same person");
    key
}

#[test]
fn a_draw_stays_checkable_when_somebody_on_the_closed_list_has_another_key() {
    for looks in [0, 1, 2, 3, 40] {
        let (mut stage, people) = enrolled(plan(terms(0, 600)));
        // Before the list is closed it has the newer key.
        let newer = sign_in_under_a_newer_key(&mut stage, &people, 3);
        begin(&stage);
        while stage.line().closing.is_none() {
            stage.one_look();
        }
        for _ in 0..looks {
            stage.one_look();
        }
        sign_in_under_a_newer_key(&mut stage, &people, 7);
        let mut stage = stage.start_again();
        stage.settle();
        let told = format!("another key {looks} looks after the closing");
        assert_eq!(steps(&stage), ["committed", "closed", "revealed", "placed"], "{told}");
        let line = stage.line();
        let list = stage.engine.draws().list(CAMPAIGN, OPENING).expect(&told);
        verified(&line, &list);
        let key = draw_key(&ToyKeys, line.draw_key.unwrap(), line.id()).unwrap();
        for (nth, drawn_with) in [(3, newer), (7, CitizenKey(8_u128.to_le_bytes()))] {
            let place = line.seed.as_ref().unwrap().seed.place(key.draw_id(CAMPAIGN, OPENING, drawn_with));
            assert_eq!(stage.in_line(people[nth]), Some(LineStanding::Waiting { place }), "{told}");
        }

        // Erased afterwards, they are still shown as what they were drawn with.
        let gone = people[7];
        stage.citizen(gone, Action::ErasePerson { person: gone }).unwrap();
        let mut stage = stage.start_again();
        stage.settle();
        verified(&stage.line(), &stage.engine.draws().list(CAMPAIGN, OPENING).expect(&told));
    }
}

#[test]
fn who_enrolled_is_told_when_it_opens_and_then_that_places_are_drawn() {
    let (mut stage, people) = enrolled(plan(terms(1, 600)));
    let ticket = TicketStanding::Drawn(charye_domain::waiting_room::draw::DrawId([7; 16]));
    let opens_at = stage.line().opens_at;
    let polled = poll(&stage.line(), people[0], &ticket, stage.now(), 0);
    assert!(matches!(polled, Polled::Enrolled { opens_at: told, ask_again_ms: 600_000 } if told == opens_at));
    begin(&stage);
    stage.one_look();
    assert_eq!(stage.line().phase, Phase::Drawing);
    assert!(matches!(poll(&stage.line(), people[0], &ticket, opens_at, 9), Polled::Drawing { .. }));
}

#[test]
fn a_draw_with_a_public_value_waits_for_it_and_is_mixed_with_it() {
    let note = charye_domain::campaign::Bilingual { ko: "복권 번호".to_owned(), en: "lottery numbers".to_owned() };
    let line = LinePlan { public_value_note: Some(note), ..plan(terms(1, 600)) };
    let (mut stage, _) = enrolled(line);
    begin(&stage);
    stage.settle();
    assert_eq!(steps(&stage), ["committed", "closed"], "the list is closed before the value is known");
    let draws = stage.engine.draws();
    assert!(draws.give_public_value(CAMPAIGN, OPENING, &[0; 257]).is_err());
    draws.give_public_value(CAMPAIGN, OPENING, b"3 14 15 26 35 39").unwrap();
    stage.settle();
    let line = stage.line();
    assert_eq!(line.phase, Phase::Open);
    assert_eq!(&*line.seed.as_ref().unwrap().public_value, b"3 14 15 26 35 39");
}

#[test]
fn who_leaves_the_list_is_not_drawn() {
    let (mut stage, people) = enrolled(plan(terms(0, 600)));
    let gone = people[3];
    stage.citizen(gone, Action::LeaveLine { person: gone, campaign: CAMPAIGN }).unwrap();
    begin(&stage);
    stage.settle();
    let line = stage.line();
    assert_eq!(line.closing.unwrap().count, PEOPLE as u64 - 1);
    assert_eq!((line.phase, line.waiting), (Phase::Open, PEOPLE as u32 - 1));
    assert_eq!(stage.in_line(gone), None);
}

#[test]
fn a_draw_whose_key_is_gone_waits_until_it_is_put_back() {
    let (stage, people) = enrolled(plan(terms(0, 600)));
    let mut stage = stage.start_again_with(|ports| ports.keys = std::sync::Arc::new(ToyKeyRing::keeping(&[])));
    begin(&stage);
    stage.pass(10_000);
    assert_eq!((stage.line().phase, steps(&stage)), (Phase::Drawing, vec!["committed"]));
    let mut stage = stage.start_again();
    stage.settle();
    assert_eq!(stage.line().phase, Phase::Open);
    assert_eq!(places(&mut stage, &people).len(), people.len());
}

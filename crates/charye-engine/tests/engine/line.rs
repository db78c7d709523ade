//! The line: from arrival to visit, in order, under the cap; steered, paused, promised; with polls that ask nobody.

use charye_domain::book::samples::{self, ADULT, CAMPAIGN, OPERATOR, SINGLE};
use charye_domain::book::{Action, Actor, Event, LinePurpose, LineStanding, Outcome, Rejection};
use charye_domain::campaign::{Bilingual, Campaign};
use charye_domain::ids::{BlockId, CampaignId, ImportId, Person};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_domain::waiting_room::admission::{Limit, PauseReason};
use charye_domain::waiting_room::steering::Steering;
use charye_domain::waiting_room::tokens::TicketStanding;
use charye_domain::waiting_room::wait_estimate::Estimate;
use charye_engine::EngineSettings;
use charye_engine::waiting_room::{Phase, Polled, poll};

use crate::line_stage::{LineStage, plan, terms};
use crate::stage::{Stage, register};

#[test]
fn whoever_comes_to_an_empty_line_is_called_at_once() {
    let mut stage = LineStage::at_opening(plan(terms(10, 60)), 8);
    let person = stage.person(1);
    let standing = stage.arrive(person).unwrap();
    assert!(matches!(standing, LineStanding::Waiting { .. }), "{standing:?}");
    assert_eq!(stage.poll(person, standing), Polled::Come);
    assert_eq!(stage.claim(person), Ok(Ok(1)));
    let line = stage.line();
    assert_eq!((line.phase, line.waiting, line.inside, line.called), (Phase::Open, 0, 1, 0));
}

#[test]
fn nobody_comes_in_without_a_call() {
    let mut stage = LineStage::at_opening(plan(terms(1, 600)), 8);
    let [first, second] = stage.people(1, 2)[..] else { panic!() };
    assert_eq!(stage.claim(first), Err(Rejection::NotCalled), "stands in no line");
    stage.arrive(first).unwrap();
    stage.pass(1_000);
    let standing = stage.arrive(second).unwrap();
    assert_eq!(stage.claim(first), Ok(Ok(1)));
    stage.pass(5_000);
    assert_eq!(stage.claim(second), Err(Rejection::NotCalled), "the only seat is taken");
    assert!(matches!(stage.poll(second, standing), Polled::Wait { ahead: 0, behind: 0, .. }));
    stage.leave(first, 1);
    stage.pass(1_000);
    assert_eq!(stage.poll(second, standing), Polled::Come);
    assert_eq!(stage.claim(second), Ok(Ok(1)));
}

#[test]
fn people_are_called_in_the_order_in_which_their_sign_in_began() {
    let mut stage = LineStage::at_opening(plan(terms(1, 6_000)), 8);
    let opens_at = stage.now();
    stage.pass(60_000);
    let people = stage.people(1, 6);
    // They arrive in one order and began in another.
    let began = [50, 30, 40, 10, 0, 20];
    stage.steer(Steering::Pause(PauseReason::Operator)).unwrap();
    for (person, began) in people.iter().zip(began) {
        stage.arrive_at(CAMPAIGN, *person, opens_at.plus_secs(began)).unwrap();
    }
    stage.steer(Steering::Resume).unwrap();
    let mut order = Vec::new();
    for _ in 0..people.len() {
        stage.pass(500);
        let came: Vec<Person> = people
            .iter()
            .filter(|person| !order.contains(*person))
            .filter(|person| stage.claim(**person).is_ok())
            .copied()
            .collect();
        assert_eq!(came.len(), 1, "one seat, one visit: {came:?}");
        stage.leave(came[0], 1);
        order.extend(came);
    }
    let place = |person: &Person| began[people.iter().position(|known| known == person).unwrap()];
    assert!(order.iter().map(place).is_sorted(), "{order:?}");
}

#[test]
fn fifty_devices_have_one_place_and_the_newest_has_the_visit() {
    let mut stage = LineStage::at_opening(plan(terms(0, 600)), 8);
    let person = stage.person(1);
    let first = stage.arrive(person).unwrap();
    for _ in 1..50 {
        stage.pass(100);
        assert_eq!(stage.arrive(person), Ok(first));
    }
    assert_eq!(stage.line().waiting, 1);
    stage.steer(Steering::Terms { hard_cap: 5, rate_min_per_min: 600, rate_max_per_min: 600 }).unwrap();
    stage.pass(1_000);
    assert_eq!(stage.claim(person), Ok(Ok(1)));
    assert_eq!(stage.claim(person), Ok(Ok(2)), "the newer device takes the visit over");
    assert_eq!(stage.line().inside, 1);
}

#[test]
fn who_misses_the_grace_comes_in_by_the_returners_lane() {
    let mut stage = LineStage::at_opening(plan(terms(1, 600)), 8);
    let [late, next] = stage.people(1, 2)[..] else { panic!() };
    let standing = stage.arrive(late).unwrap();
    assert_eq!(stage.poll(late, standing), Polled::Come);
    stage.pass(16_000);
    stage.arrive(next).unwrap();
    stage.pass(1_000);
    let number = stage.claim(late).unwrap().unwrap_err();
    let returning = LineStanding::Returning { number };
    assert_eq!(stage.in_line(late), Some(returning));
    assert!(matches!(stage.poll(late, returning), Polled::Returning { ahead: 0, .. }));
    assert_eq!(stage.claim(late), Ok(Err(number)), "asking again wins nothing");
    assert_eq!(stage.claim(next), Ok(Ok(1)));
    stage.leave(next, 1);
    stage.pass(1_000);
    assert_eq!(stage.poll(late, returning), Polled::Come);
    assert!(matches!(stage.claim(late), Ok(Ok(_))));
}

#[test]
fn a_place_is_kept_through_a_restart() {
    let mut stage = LineStage::at_opening(plan(terms(1, 600)), 8);
    let people = stage.people(1, 5);
    let standings: Vec<_> = people.iter().map(|person| stage.arrive(*person).unwrap()).collect();
    stage.pass(1_000);
    let before = (stage.line().waiting, stage.line().now_serving);
    let mut stage = stage.start_again();
    stage.settle();
    assert_eq!((stage.line().waiting, stage.line().now_serving), before);
    for (person, standing) in people.iter().zip(standings).skip(1) {
        assert_eq!(stage.in_line(*person), Some(standing));
    }
}

#[test]
fn steering_is_in_force_with_the_next_call_and_recorded_with_who_and_why() {
    let mut stage = LineStage::at_opening(plan(terms(10, 600)), 8);
    stage.steer(Steering::Pause(PauseReason::Operator)).unwrap();
    let person = stage.person(1);
    let standing = stage.arrive(person).unwrap();
    let said = Bilingual { ko: "잠시만요".to_owned(), en: "A moment".to_owned() };
    stage.steer(Steering::Message(Some(said.clone()))).unwrap();
    stage.pass(3_000);
    assert!(matches!(stage.poll(person, standing), Polled::Wait { estimate: Estimate::Paused, .. }));
    let line = stage.line();
    assert_eq!((line.paused, line.message.as_deref()), (Some(PauseReason::Operator), Some(&said)));
    assert_eq!(line.explanation.unwrap().limit, Limit::Paused(PauseReason::Operator));
    stage.steer(Steering::Resume).unwrap();
    stage.pass(200);
    assert_eq!(stage.poll(person, standing), Polled::Come);
    stage.steer(Steering::CloseToArrivals).unwrap();
    let other = stage.person(2);
    assert_eq!(stage.arrive(other), Err(Rejection::LineClosed));
    assert_eq!(stage.arrive(person).map(|_| ()), Ok(()), "who is in it keeps the place");
    let steered: Vec<_> = stage
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Steered { note, .. } => Some((entry.by.actor, note.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(steered.len(), 4);
    assert!(steered.iter().all(|(actor, note)| *actor == OPERATOR && note == "the test wants it"));
}

#[test]
fn an_opening_is_moved_only_with_notice() {
    let mut stage = LineStage::before_opening(plan(terms(10, 600)), 8);
    let opens_at = stage.line().opens_at;
    let soon = stage.now().plus_secs(599);
    assert_eq!(stage.steer(Steering::OpenAt(soon)), Err(Rejection::NoticeTooShort));
    assert_eq!(stage.line().opens_at, opens_at);
    let noticed = stage.now().plus_secs(600);
    stage.steer(Steering::OpenAt(noticed)).unwrap();
    assert_eq!(stage.line().opens_at, noticed);
    stage.pass(599_000);
    assert_ne!(stage.line().phase, Phase::Open);
    stage.pass(2_000);
    assert_eq!(stage.line().phase, Phase::Open);
}

#[test]
fn a_cap_that_is_cut_sends_nobody_out_and_lets_nobody_in() {
    let mut stage = LineStage::at_opening(plan(terms(20, 6_000)), 8);
    let people = stage.people(1, 60);
    for person in &people {
        stage.arrive(*person).unwrap();
    }
    let mut inside: Vec<Person> = Vec::new();
    let enter = |stage: &mut LineStage, inside: &mut Vec<Person>| {
        for person in &people {
            if !inside.contains(person) && stage.claim(*person).is_ok_and(|claimed| claimed.is_ok()) {
                inside.push(*person);
            }
        }
    };
    stage.pass(3_000);
    enter(&mut stage, &mut inside);
    assert_eq!((inside.len(), stage.line().inside), (20, 20));
    stage.steer(Steering::Terms { hard_cap: 10, rate_min_per_min: 6_000, rate_max_per_min: 6_000 }).unwrap();
    for gone in 1..=20 {
        let person = inside[gone - 1];
        stage.leave(person, 1);
        stage.pass(300);
        let line = stage.line();
        let occupied = line.inside + line.called;
        assert!(occupied as usize <= (20 - gone).max(10), "{gone} gone: {occupied}");
    }
    // Some of them were overtaken as they came: seats are kept for more like them, ten seconds long.
    stage.pass(5_000);
    enter(&mut stage, &mut inside);
    assert_eq!(stage.line().inside, 10);
}

#[test]
fn whoever_comes_in_the_second_in_which_places_come_is_let_in() {
    let mut stage = LineStage::at_opening(plan(terms(10, 6_000)), 2);
    let blocks: Vec<_> = (0..stage.engine.availability().board().blocks()).map(BlockId).collect();
    for block in &blocks {
        stage.operator(Action::BlockSlots { block: *block, mask: u64::MAX });
    }
    stage.pass(5_000);
    let places: u32 = stage.line().places_left.iter().map(|(_, places)| places).sum();
    assert_eq!((places, stage.line().paused), (0, None), "nobody has come yet");
    for block in &blocks {
        stage.operator(Action::UnblockSlots { block: *block, mask: u64::MAX });
    }
    // The last count still says that nothing is left.
    let person = stage.people(1, 1)[0];
    stage.arrive(person).unwrap();
    stage.pass(500);
    assert_eq!(stage.line().paused, None);
    assert!(matches!(stage.in_line(person), Some(LineStanding::Called { .. })), "{:?}", stage.in_line(person));
    let is_steering = |event: &Event| matches!(event, Event::Steered { .. });
    assert!(!stage.entries().iter().any(|entry| is_steering(&entry.event)), "nobody was told that all is gone");
}

#[test]
fn a_line_pauses_when_nothing_is_left_and_goes_on_in_order_when_enough_is() {
    // Half of 2 x 6 slots of two products is out: 12 places.
    let mut stage = LineStage::at_opening(plan(terms(10, 6_000)), 2);
    stage.pass(5_000);
    let places: u32 = stage.line().places_left.iter().map(|(_, places)| places).sum();
    assert_eq!(places, 12, "{:?}", stage.line().places_left);
    let blocks: Vec<_> = (0..stage.engine.availability().board().blocks()).collect();
    for block in &blocks {
        let block = BlockId(*block);
        stage.operator(Action::BlockSlots { block, mask: u64::MAX });
    }
    stage.pass(3_000);
    let people = stage.people(1, 3);
    let standings: Vec<_> = people.iter().map(|person| stage.arrive(*person).unwrap()).collect();
    stage.pass(5_000);
    assert_eq!(stage.line().paused, Some(PauseReason::NothingLeft));
    for (person, standing) in people.iter().zip(&standings) {
        assert!(matches!(stage.poll(*person, *standing), Polled::Wait { .. }), "places are kept");
    }
    for block in &blocks {
        let block = BlockId(*block);
        stage.operator(Action::UnblockSlots { block, mask: u64::MAX });
    }
    stage.pass(5_000);
    assert_eq!(stage.line().paused, Some(PauseReason::NothingLeft), "12 places are not enough for everybody to come");
    stage.pass(30_000);
    assert_eq!(stage.line().paused, None, "but nobody else takes them");
    assert!(people.iter().all(|person| matches!(stage.in_line(*person), Some(LineStanding::Called { .. }))));
    let by_itself = stage.entries().into_iter().filter(|entry| matches!(entry.event, Event::Steered { .. }));
    assert!(by_itself.map(|entry| entry.by.actor).all(|actor| actor == Actor::System));
}

/// Blocks of the single dose, and all of them.
fn blocks(stage: &LineStage) -> (Vec<BlockId>, Vec<BlockId>) {
    let availability = stage.engine.availability();
    let board = availability.board();
    let all: Vec<_> = (0..board.blocks()).map(BlockId).collect();
    let is_single = |block: &&BlockId| {
        board.slots_of(**block).next().and_then(|slot| board.place(slot)).is_some_and(|at| at.plane.product == SINGLE)
    };
    (all.iter().filter(is_single).copied().collect(), all)
}

#[test]
fn a_line_goes_on_while_a_single_place_is_left() {
    let mut stage = LineStage::at_opening(plan(terms(10, 600)), 2);
    let (single, all) = blocks(&stage);
    for block in all {
        let mask = if block == single[0] { !1 } else { u64::MAX };
        stage.operator(Action::BlockSlots { block, mask });
    }
    stage.pass(10_000);
    assert_eq!(stage.line().places_left.iter().map(|(_, places)| places).sum::<u32>(), 1);
    assert_eq!(stage.line().paused, None);
    let person = stage.person(1);
    stage.arrive(person).unwrap();
    assert!(matches!(stage.in_line(person), Some(LineStanding::Called { .. })));
}

#[test]
fn twenty_places_are_enough_to_go_on_at_once_and_sixteen_are_not() {
    let mut stage = LineStage::at_opening(plan(terms(10, 600)), 8);
    // Half of eight places is out: four in a slot, two slots in a block.
    let (single, all) = blocks(&stage);
    for block in all {
        stage.operator(Action::BlockSlots { block, mask: u64::MAX });
    }
    stage.pass(5_000);
    let person = stage.person(1);
    stage.arrive(person).unwrap();
    stage.pass(5_000);
    assert_eq!(stage.line().paused, Some(PauseReason::NothingLeft));
    let places_left = |stage: &LineStage| stage.line().places_left.iter().map(|(_, places)| places).sum::<u32>();
    for block in &single[..2] {
        stage.operator(Action::UnblockSlots { block: *block, mask: u64::MAX });
    }
    stage.pass(5_000);
    assert_eq!((places_left(&stage), stage.line().paused), (16, Some(PauseReason::NothingLeft)));
    stage.operator(Action::UnblockSlots { block: single[2], mask: 1 });
    stage.pass(5_000);
    assert_eq!((places_left(&stage), stage.line().paused), (20, None));
    stage.pass(1_000);
    assert!(matches!(stage.in_line(person), Some(LineStanding::Called { .. })));
}

#[test]
fn what_is_promised_is_a_range_and_whether_it_was_kept_is_counted() {
    let mut stage = LineStage::at_opening(plan(terms(1_000, 120)), 500);
    let opens_at = stage.now();
    stage.pass(60_000);
    let people = stage.people(1, 600);
    stage.steer(Steering::Pause(PauseReason::Operator)).unwrap();
    for (number, person) in (0..).zip(&people) {
        stage.arrive_at(CAMPAIGN, *person, opens_at.plus_millis(50 * number)).unwrap();
    }
    let last = stage.in_line(people[599]).unwrap();
    stage.steer(Steering::Resume).unwrap();
    stage.pass(10_000);
    assert!(
        matches!(stage.poll(people[599], last), Polled::Wait { estimate: Estimate::NotYet { .. }, .. }),
        "not measured yet"
    );
    let mut first_told = None;
    let mut come = 0;
    while come < people.len() {
        stage.pass(1_000);
        while come < people.len() && stage.claim(people[come]).is_ok() {
            stage.leave(people[come], 1);
            come += 1;
        }
        if let (None, Polled::Wait { estimate: Estimate::Range(range), .. }) =
            (first_told, stage.poll(people[599], last))
        {
            first_told = Some((range, stage.now()));
        }
        assert!(stage.now().millis_since(opens_at) < 3_600_000, "{come} came within an hour");
    }
    let (range, told_at) = first_told.unwrap();
    assert!(range.to_secs - range.from_secs <= 180.max(range.from_secs), "{range:?}");
    let waited_secs = stage.now().millis_since(told_at) / 1_000;
    assert!(i64::from(range.from_secs) <= waited_secs && waited_secs <= i64::from(range.to_secs) + 2, "{range:?}");
    let score = stage.line().score;
    assert!(score.kept > 300 && score.kept_percent() >= Some(90), "{score:?}");
}

#[test]
fn two_campaigns_have_lines_of_their_own() {
    let other = CampaignId(1);
    let mut stage = LineStage::at_opening(plan(terms(1, 600)), 8);
    stage.publish(other, "other", plan(terms(1, 600)));
    stage.import(other, ImportId(2), 8);
    let [here, there, also_here] = stage.people(1, 3)[..] else { panic!() };
    stage.arrive(here).unwrap();
    stage.pass(1_000);
    stage.arrive_at(other, there, stage.now()).unwrap();
    stage.arrive(also_here).unwrap();
    stage.pass(1_000);
    let (line, other_line) = (stage.line(), stage.line_of(other));
    assert_eq!((line.called, line.waiting), (1, 1));
    assert_eq!((other_line.called, other_line.waiting), (1, 0), "a full line here keeps nobody waiting there");
    stage.steer(Steering::Pause(PauseReason::Operator)).unwrap();
    assert_eq!(stage.line_of(other).paused, None);
}

#[test]
fn a_poll_asks_nobody_even_while_the_journal_hangs() {
    let settings = EngineSettings::default();
    let stage = Stage::open_with(10, |_| {}, settings);
    let campaign = samples::campaign(DoseTwoPolicy::Together);
    let (id, code) = (CampaignId(1), "with-line".to_owned());
    let campaign = Campaign { id, code, line: Some(plan(terms(0, 60))), ..campaign };
    stage.operator(Action::PublishCampaign { campaign: campaign.into(), text: "with a line, version 1".into() });
    let people: Vec<Person> = (1..=20).map(|number| stage.person(number)).collect();
    let arrive = |person: Person| {
        let (began_at, purpose) = (stage.engine.now(), LinePurpose::Reserve);
        stage.citizen(person, Action::Arrive { person, campaign: id, facts: ADULT, began_at, purpose }).unwrap()
    };
    let standings: Vec<Outcome> = people.iter().map(|person| arrive(*person)).collect();
    let (head, rows) = (stage.engine.head_seq(), stage.world.journal.rows().len());
    stage.world.journal.hang_appends();
    let stuck = stage.submit(register(99));
    stage.world.journal.wait_until_an_append_hangs();
    for (person, standing) in people.into_iter().zip(standings) {
        let Outcome::InLine { opening, standing: LineStanding::Waiting { place } } = standing else { panic!() };
        let lines = stage.engine.lines();
        let line = lines.get(id, opening).unwrap();
        let ticket = TicketStanding::Placed { place, issued_at: line.at };
        let polled = poll(line, person, &ticket, stage.engine.now(), 7);
        assert!(matches!(polled, Polled::Wait { .. }), "{polled:?}");
    }
    let waiting: usize = stage.engine.health().waiting.iter().map(|(_, waiting)| waiting).sum();
    assert_eq!((waiting, stage.engine.head_seq(), stage.world.journal.rows().len()), (0, head, rows));
    stage.world.journal.let_appends_go();
    stuck.blocking_recv().unwrap();
}

#[test]
fn of_people_at_one_place_exactly_those_called_are_told_to_come() {
    let mut stage = LineStage::at_opening(plan(terms(0, 60_000)), 8);
    let opens_at = stage.now();
    stage.pass(5_000);
    let people = stage.people(1, 40);
    // Whoever began before the opening and ended after it: all of them at the first place.
    let standings: Vec<LineStanding> =
        people.iter().map(|person| stage.arrive_at(CAMPAIGN, *person, opens_at.plus_millis(-9_000)).unwrap()).collect();
    assert!(standings.iter().all(|standing| *standing == standings[0]), "{standings:?}");
    let mut inside = Vec::new();
    for hard_cap in [1, 7, 23, 39] {
        stage.steer(Steering::Terms { hard_cap, rate_min_per_min: 60_000, rate_max_per_min: 60_000 }).unwrap();
        stage.pass(1_000);
        for person in people.iter().filter(|person| !inside.contains(*person)).collect::<Vec<_>>() {
            let told_to_come = stage.poll(*person, standings[0]) == Polled::Come;
            let came = stage.claim(*person);
            assert_eq!(told_to_come, came.is_ok(), "{person}: {came:?}");
            if told_to_come {
                inside.push(*person);
            }
        }
        assert_eq!(inside.len(), hard_cap as usize);
    }
}

#[test]
fn who_was_overtaken_in_a_full_house_is_told_to_wait_and_is_called_next() {
    let mut stage = LineStage::at_opening(plan(terms(1, 600)), 8);
    let opens_at = stage.now();
    stage.pass(60_000);
    let [inside, waiting, overtaken, later] = stage.people(1, 4)[..] else { panic!() };
    stage.arrive(inside).unwrap();
    assert_eq!(stage.claim(inside), Ok(Ok(1)));
    let behind = stage.arrive(waiting).unwrap();
    stage.pass(1_000);
    let second = stage.arrive_at(CAMPAIGN, later, opens_at.plus_secs(20)).unwrap();
    let first = stage.arrive_at(CAMPAIGN, overtaken, opens_at.plus_secs(10)).unwrap();
    stage.pass(1_000);
    for (person, standing, ahead) in [(overtaken, first, 0), (later, second, 1), (waiting, behind, 2)] {
        let polled = stage.poll(person, standing);
        assert!(matches!(polled, Polled::Wait { ahead: told, .. } if told == ahead), "{person}: {polled:?}");
        assert_eq!(stage.claim(person), Err(Rejection::NotCalled));
    }
    let mut leaving = inside;
    for (person, standing) in [(overtaken, first), (later, second), (waiting, behind)] {
        stage.leave(leaving, 1);
        stage.pass(1_000);
        assert_eq!(stage.poll(person, standing), Polled::Come);
        assert_eq!(stage.claim(person), Ok(Ok(1)));
        leaving = person;
    }
}

#[test]
fn a_gate_in_trouble_closes_the_line_by_itself_and_opens_it_when_it_has_been_well() {
    let mut stage = LineStage::at_opening(plan(terms(10, 6_000)), 8);
    let [inside, called, waiting] = stage.people(1, 3)[..] else { panic!() };
    stage.arrive(inside).unwrap();
    assert_eq!(stage.claim(inside), Ok(Ok(1)));
    let standing_called = stage.arrive(called).unwrap();
    stage.pass(1_000);
    (0..3).for_each(|_| stage.keep_waiting(inside, 1_200));
    assert_eq!(stage.line().paused, None, "not for a moment of it");
    (0..3).for_each(|_| stage.keep_waiting(inside, 1_200));
    assert_eq!(stage.line().paused, Some(PauseReason::GateInTrouble));
    assert_eq!(stage.poll(called, standing_called), Polled::Come);
    assert_eq!(stage.claim(called), Ok(Ok(1)), "who was called before it may still come");

    let standing = stage.arrive(waiting).unwrap();
    stage.pass(5_000);
    assert!(matches!(stage.poll(waiting, standing), Polled::Wait { estimate: Estimate::Paused, .. }));
    assert_eq!(stage.claim(waiting), Err(Rejection::NotCalled));
    stage.pass(10_000);
    assert_eq!(stage.line().paused, None);
    stage.pass(1_000);
    assert_eq!(stage.poll(waiting, standing), Polled::Come);
    let steered: Vec<(Actor, String)> = stage
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::Steered { note, .. } => Some((entry.by.actor, note.to_string())),
            _ => None,
        })
        .collect();
    let [(Actor::System, closed), (Actor::System, opened)] = &steered[..] else { panic!("{steered:?}") };
    assert!(closed.starts_with("the gate is in trouble: commits take") && closed.contains("inside wait 1"), "{closed}");
    assert_eq!(opened, "the gate is well again");
}

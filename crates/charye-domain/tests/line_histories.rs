//! Room: domain/tests. Histories of a line at random, on a campaign with four seats: the book against the laws, against a
//! replay, and against its image taken in the middle.

use std::collections::BTreeSet;

use charye_domain::book::samples::{ADULT, CAMPAIGN, OPERATOR, Sample, book_in, image_of};
use charye_domain::book::{Action, Actor, Authority, EndWish, LinePurpose, Outcome, Query, Reply, StaffNumber};
use charye_domain::campaign::Bilingual;
use charye_domain::ids::{KeyId, OpeningId, Person};
use charye_domain::law::Checker;
use charye_domain::vaccine::DoseTwoPolicy;
use charye_domain::waiting_room::admission::{Calls, PauseReason};
use charye_domain::waiting_room::draw::{Closing, Commitments, DrawId, DrawKey, DrawSecret};
use charye_domain::waiting_room::place::Place;
use charye_domain::waiting_room::steering::Steering;
use proptest::prelude::*;

const PEOPLE: u32 = 12;
const OPENING: OpeningId = OpeningId(0);
const AGENT: Actor = Actor::Agent(StaffNumber(7));
const SECRET: DrawSecret = DrawSecret([9; 32]);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// `began` seconds ago; with a key, asked again from another device.
    Arrive {
        person: u32,
        began: u16,
        keyed: bool,
    },
    LeaveLine {
        person: u32,
    },
    Enter {
        person: u32,
        keyed: bool,
    },
    EnterByAgent {
        person: u32,
    },
    Leave {
        person: u32,
        our_fault: bool,
    },
    Reserve {
        person: u32,
    },
    Call {
        calls: (u8, u8, u8),
    },
    NextStepOfDraw,
    Steer {
        what: u8,
        by_system: bool,
    },
    Erase {
        person: u32,
    },
    Outage {
        secs: u16,
    },
    Wait {
        secs: u16,
    },
    /// The process dies: the book is made again from the journal.
    Crash,
    /// The process is restarted from a snapshot.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    prop_oneof![
        12 => (person.clone(), 0_u16..700, prop::bool::weighted(0.2))
            .prop_map(|(person, began, keyed)| Step::Arrive { person, began, keyed }),
        2 => person.clone().prop_map(|person| Step::LeaveLine { person }),
        14 => (person.clone(), prop::bool::weighted(0.2)).prop_map(|(person, keyed)| Step::Enter { person, keyed }),
        2 => person.clone().prop_map(|person| Step::EnterByAgent { person }),
        4 => (person.clone(), any::<bool>()).prop_map(|(person, our_fault)| Step::Leave { person, our_fault }),
        3 => person.clone().prop_map(|person| Step::Reserve { person }),
        12 => (0_u8..3, 0_u8..3, 0_u8..4).prop_map(|calls| Step::Call { calls }),
        6 => Just(Step::NextStepOfDraw),
        2 => (0_u8..10, any::<bool>()).prop_map(|(what, by_system)| Step::Steer { what, by_system }),
        1 => person.prop_map(|person| Step::Erase { person }),
        1 => (0_u16..100).prop_map(|secs| Step::Outage { secs }),
        8 => prop_oneof![20 => 0_u16..40, 2 => 0_u16..1_500].prop_map(|secs| Step::Wait { secs }),
        1 => Just(Step::Crash),
        1 => Just(Step::Restart),
    ]
}

struct World {
    sample: Sample,
    /// What was answered, for the test that all of it is reached.
    answers: BTreeSet<&'static str>,
    keys: u128,
}

impl World {
    fn new() -> Self {
        let mut sample = Sample::with_line(DoseTwoPolicy::Together, 40);
        for key in 1..=PEOPLE as u8 {
            sample.citizen(key);
        }
        Self { sample, answers: BTreeSet::new(), keys: 0 }
    }

    fn ask(&mut self, actor: Actor, keyed: bool, action: Action) -> Outcome {
        let outcome = if keyed {
            self.keys += 1;
            let outcome = self.sample.ask_keyed(actor, (self.keys, 1), action.clone());
            let again = self.sample.ask_keyed(actor, (self.keys, 1), action);
            assert_eq!(outcome, again, "law I5");
            outcome
        } else {
            self.sample.ask(actor, action)
        };
        self.answers.insert(match outcome {
            Outcome::Refused(rejection) => rejection.code(),
            Outcome::InLine { standing, .. } => match standing {
                charye_domain::book::LineStanding::Enrolled => "enrolled",
                charye_domain::book::LineStanding::Waiting { .. } => "waiting",
                charye_domain::book::LineStanding::Returning { .. } => "returning",
                charye_domain::book::LineStanding::Called { .. } => "called",
            },
            Outcome::Visiting { .. } => "visiting",
            Outcome::Reserved { .. } => "reserved",
            Outcome::Steered => "steered",
            Outcome::HelperInvited { .. } | Outcome::HelpStands { .. } | Outcome::HelpOver => "helping",
            _ => "other",
        });
        outcome
    }

    fn citizen(&mut self, person: u32, keyed: bool, action: Action) {
        self.ask(Actor::Citizen(Person(person)), keyed, action);
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrive { person, began, keyed } => {
                let began_at = self.sample.now.plus_millis(-1_000 * i64::from(began));
                let action = Action::Arrive {
                    person: Person(person),
                    campaign: CAMPAIGN,
                    facts: ADULT,
                    began_at,
                    purpose: if began % 7 == 0 { LinePurpose::Change } else { LinePurpose::Reserve },
                };
                self.citizen(person, keyed, action);
            }
            Step::LeaveLine { person } => {
                self.citizen(person, false, Action::LeaveLine { person: Person(person), campaign: CAMPAIGN });
            }
            Step::Enter { person, keyed } => {
                let action = Action::StartVisit { person: Person(person), campaign: CAMPAIGN, facts: ADULT };
                self.citizen(person, keyed, action);
            }
            Step::EnterByAgent { person } => {
                let action = Action::StartVisit { person: Person(person), campaign: CAMPAIGN, facts: ADULT };
                self.ask(AGENT, false, action);
            }
            Step::Leave { person, our_fault } => {
                let Some(generation) = self.generation(person) else { return };
                let (actor, wish) = match our_fault {
                    true => (Actor::System, EndWish::OurFault),
                    false => (Actor::Citizen(Person(person)), EndWish::SignOut),
                };
                let person = Person(person);
                self.ask(actor, false, Action::EndVisit { person, campaign: CAMPAIGN, generation, wish });
            }
            Step::Reserve { person } => {
                let Some(generation) = self.generation(person) else { return };
                let (places, number) = (self.sample.single("C1"), self.sample.number());
                let action = Action::ReserveAtOnce {
                    person: Person(person),
                    campaign: CAMPAIGN,
                    authority: Authority::Visit { generation },
                    facts: ADULT,
                    places,
                    number,
                };
                self.citizen(person, false, action);
            }
            Step::Call { calls: (overtaken, returners, line) } => {
                let calls = Calls { overtaken: overtaken.into(), returners: returners.into(), line: line.into() };
                self.ask(Actor::System, false, Action::Call { campaign: CAMPAIGN, opening: OPENING, calls });
            }
            Step::NextStepOfDraw => self.draw(),
            Step::Steer { what, by_system } => self.steer(what, by_system),
            Step::Erase { person } => self.citizen(person, false, Action::ErasePerson { person: Person(person) }),
            Step::Outage { secs } => {
                self.sample.now = self.sample.now.plus_secs(secs.into());
                self.ask(Actor::System, false, Action::NoteOutage { gap_ms: u64::from(secs) * 1_000 });
            }
            Step::Wait { secs } => self.sample.pass_time(secs.into()),
            Step::Crash => self.sample.book = self.sample.replayed(),
            Step::Restart => {
                let image = image_of(&self.sample.book);
                let book = book_in(&image, DoseTwoPolicy::Together).expect("an image reads back");
                assert_eq!(image_of(&book), image, "an image and its image differ");
                self.sample.book = book;
            }
        }
        if !matches!(step, Step::Wait { .. }) {
            self.sample.pass_time(0);
        }
    }

    fn generation(&self, person: u32) -> Option<u32> {
        let query = Query::Citizen { person: Person(person), campaign: CAMPAIGN };
        match self.sample.book.answer(&query, self.sample.now) {
            Reply::Citizen(view) => view.visit.map(|visit| visit.generation),
            _ => None,
        }
    }

    /// Whatever the draw needs next; now and then it is refused, because it is not its turn.
    fn draw(&mut self) {
        let (campaign, opening) = (CAMPAIGN, OPENING);
        let key = DrawKey::new([3; 32]);
        let draw = self.sample.book.room(campaign, opening).map(|room| room.draw().clone()).unwrap_or_default();
        let action = if draw.commitments().is_none() {
            let commitments = Box::new(Commitments::to(&SECRET, &key));
            Action::CommitDraw { campaign, opening, key_id: KeyId(1), commitments }
        } else if draw.closing().is_none() {
            let closing = Box::new(Closing::of(&mut self.ids(&key).into_iter().flatten().collect()));
            Action::CloseDraw { campaign, opening, closing }
        } else if let Some(seed) = draw.seed() {
            let from = draw.placed() as usize;
            let places = self.ids(&key).into_iter().skip(from).take(3);
            let places = places.map(|id| id.map_or(Place(0), |id| seed.place(id))).collect();
            Action::PlaceDrawn { campaign, opening, from: draw.placed(), places }
        } else {
            Action::RevealDraw { campaign, opening, secret: Box::new(SECRET), public_value: b"6 45".as_slice().into() }
        };
        self.ask(Actor::System, false, action);
    }

    fn ids(&self, key: &DrawKey) -> Vec<Option<DrawId>> {
        let query = Query::Enrolled { campaign: CAMPAIGN, opening: OPENING, from: 0, limit: 100 };
        match self.sample.book.answer(&query, self.sample.now) {
            Reply::Enrolled(keys) => {
                keys.into_iter().map(|citizen| Some(key.draw_id(CAMPAIGN, OPENING, citizen?))).collect()
            }
            _ => Vec::new(),
        }
    }

    fn steer(&mut self, what: u8, by_system: bool) {
        let steering = match what {
            0 => Steering::Terms { hard_cap: 2, rate_min_per_min: 10, rate_max_per_min: 20 },
            1 => Steering::Terms { hard_cap: 6, rate_min_per_min: 10, rate_max_per_min: 20 },
            2 => Steering::Terms { hard_cap: 6, rate_min_per_min: 30, rate_max_per_min: 20 },
            3 => Steering::Pause(if by_system { PauseReason::NothingLeft } else { PauseReason::Operator }),
            4 | 5 => Steering::Resume,
            6 => Steering::OpenAt(self.sample.now.plus_secs(700)),
            7 => Steering::CloseToArrivals,
            8 => Steering::ReopenToArrivals,
            _ => Steering::Message(Some(Bilingual { ko: "잠시만".to_owned(), en: "a moment".to_owned() })),
        };
        let actor = if by_system { Actor::System } else { OPERATOR };
        let (campaign, opening, note) = (CAMPAIGN, OPENING, "drill".into());
        let steering = Box::new(steering);
        self.ask(actor, false, Action::Steer { campaign, opening, steering, note, rehearsal: false });
    }

    /// Every law at every entry, and the same book from the journal and from its image.
    fn check(&self) {
        let mut laws = Checker::new();
        for ((at, entry), seq) in self.sample.journal.iter().zip(1..) {
            let found = laws.check(seq, *at, entry);
            assert!(found.is_empty(), "{found:?} by {entry:?} at {at:?}");
        }
        let image = image_of(&self.sample.book);
        assert_eq!(image_of(&self.sample.replayed()), image, "the book is not what its journal says");
        let book = book_in(&image, DoseTwoPolicy::Together).expect("an image reads back");
        assert_eq!(image_of(&book), image);
        for room in self.sample.book.rooms() {
            let occupied = room.door().occupied(self.sample.now);
            let waiting = room.line().waiting().total();
            assert!(u32::from(room.line().overtaken_waiting()) <= waiting, "{room:?}: {occupied} inside or called");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_history_of_a_line_keeps_the_laws_and_replays_to_the_same_book(
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        world.check();
    }
}

#[test]
fn histories_reach_every_answer_of_a_line() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut answers = BTreeSet::new();
    for _ in 0..40 {
        let steps = prop::collection::vec(step(), 250).new_tree(&mut runner).expect("steps can be made").current();
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        world.check();
        answers.extend(world.answers);
    }
    let expected = [
        "enrolled",
        "waiting",
        "returning",
        "called",
        "visiting",
        "reserved",
        "steered",
        "already_reserved",
        "draw_out_of_turn",
        "line_closed",
        "not_allowed",
        "not_called",
        "notice_too_short",
        "opening_not_yet",
        "terms_unsound",
    ];
    let missing: Vec<_> = expected.iter().filter(|code| !answers.contains(**code)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}, of {answers:?}");
}

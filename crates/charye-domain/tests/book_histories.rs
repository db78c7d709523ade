//! Room: domain/tests. Histories at random, on a small campaign: the book against the laws, against a replay, against its
//! image taken in the middle, and against a naive model of who has which place.

use std::collections::{BTreeMap, BTreeSet};

use charye_domain::book::samples::{
    ADULT, CAMPAIGN, CHILD, CLINIC_STAFF, OPERATOR, PAIRED, SINGLE, Sample, book_in, clinic, image_of, session,
};
use charye_domain::book::{Action, Actor, Authority, EndWish, Outcome, Places, Query, Reply, SlotCounts};
use charye_domain::ids::{BlockId, HoldId, ImportId, Person, ReservationId, SlotId};
use charye_domain::law::Checker;
use charye_domain::reservation::DoseState;
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use proptest::prelude::*;

/// One step of a history. Small numbers on purpose: people, slots and keys must meet.
#[derive(Clone, Copy, Debug)]
enum Step {
    Enter {
        person: u32,
    },
    Leave {
        person: u32,
    },
    Hold {
        person: u32,
        places: (u8, u8),
        adult: bool,
        staff: bool,
    },
    Extend {
        person: u32,
    },
    Release {
        person: u32,
    },
    Confirm {
        person: u32,
        key: u8,
    },
    ReserveAtOnce {
        person: u32,
        places: (u8, u8),
        key: u8,
    },
    Reschedule {
        person: u32,
        reservation: u32,
        places: (u8, u8),
    },
    Cancel {
        person: u32,
        reservation: u32,
        key: u8,
    },
    AtClinic {
        reservation: u32,
        second: bool,
        what: u8,
    },
    Erase {
        person: u32,
    },
    Register {
        key: u8,
    },
    Import {
        capacity: u16,
        days: (u8, u8),
        more_starts: bool,
    },
    /// An import that takes its time: rows are staged, laid out and activated, or it is given up, with anything between.
    Staged {
        import: u32,
        what: Staging,
    },
    Block {
        block: u32,
        mask: u8,
        back: bool,
    },
    Outage {
        secs: u16,
    },
    Wait {
        secs: u32,
    },
    /// The process dies: the book is made again from the journal.
    Crash,
    /// The process is restarted from a snapshot.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Staging {
    Rows { clinic: u8, capacity: u16, days: (u8, u8), more_starts: bool },
    LayOut { slots_max: u32 },
    Activate,
    GiveUp,
}

fn staging() -> impl Strategy<Value = Staging> {
    prop_oneof![
        4 => (1_u8..6, 1_u16..4, (4_u8..7, 5_u8..8), any::<bool>())
            .prop_map(|(clinic, capacity, days, more_starts)| Staging::Rows { clinic, capacity, days, more_starts }),
        6 => (1_u32..12).prop_map(|slots_max| Staging::LayOut { slots_max }),
        2 => Just(Staging::Activate),
        1 => Just(Staging::GiveUp),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0_u32..5;
    let places = (0_u8..8, 0_u8..4);
    prop_oneof![
        6 => person.clone().prop_map(|person| Step::Enter { person }),
        1 => person.clone().prop_map(|person| Step::Leave { person }),
        6 => (person.clone(), places.clone(), prop::bool::weighted(0.95), prop::bool::weighted(0.1))
            .prop_map(|(person, places, adult, staff)| Step::Hold { person, places, adult, staff }),
        2 => person.clone().prop_map(|person| Step::Extend { person }),
        1 => person.clone().prop_map(|person| Step::Release { person }),
        5 => (person.clone(), 0_u8..12).prop_map(|(person, key)| Step::Confirm { person, key }),
        6 => (person.clone(), places.clone(), 0_u8..12)
            .prop_map(|(person, places, key)| Step::ReserveAtOnce { person, places, key }),
        5 => (person.clone(), 0_u32..8, places)
            .prop_map(|(person, reservation, places)| Step::Reschedule { person, reservation, places }),
        4 => (person.clone(), 0_u32..8, 0_u8..12)
            .prop_map(|(person, reservation, key)| Step::Cancel { person, reservation, key }),
        3 => (0_u32..8, any::<bool>(), 0_u8..3)
            .prop_map(|(reservation, second, what)| Step::AtClinic { reservation, second, what }),
        1 => person.prop_map(|person| Step::Erase { person }),
        1 => (1_u8..8).prop_map(|key| Step::Register { key }),
        1 => (0_u16..4, (4_u8..6, 5_u8..7), any::<bool>())
            .prop_map(|(capacity, days, more_starts)| Step::Import { capacity, days, more_starts }),
        4 => (1_000_u32..1_002, staging()).prop_map(|(import, what)| Step::Staged { import, what }),
        1 => (0_u32..12, 0_u8..4, any::<bool>()).prop_map(|(block, mask, back)| Step::Block { block, mask, back }),
        1 => (0_u16..400).prop_map(|secs| Step::Outage { secs }),
        5 => prop_oneof![30 => 0_u32..400, 3 => 0_u32..9_000, 1 => Just(15 * 86_400)].prop_map(|secs| Step::Wait { secs }),
        1 => Just(Step::Crash),
        1 => Just(Step::Restart),
    ]
}

/// A history under way, and what a naive model knows of it: who has which places, from the answers alone.
struct World {
    sample: Sample,
    policy: DoseTwoPolicy,
    reserved: BTreeMap<ReservationId, (Person, Places)>,
    answers: BTreeMap<(u128, u64), Outcome>,
    imports: u32,
}

impl World {
    fn new(policy: DoseTwoPolicy) -> Self {
        let mut sample = Sample::open(policy, 2);
        for key in 1..=5 {
            sample.citizen(key);
        }
        Self { sample, policy, reserved: BTreeMap::new(), answers: BTreeMap::new(), imports: 1 }
    }

    /// Eight kinds of wish, most of them sensible.
    fn places(&self, (kind, second): (u8, u8)) -> Places {
        let clinic = if kind % 2 == 0 { "C1" } else { "C2" };
        let slot = |product, dose, day, half| self.sample.slot(clinic, product, dose, day, half);
        let unknown = SlotId(u32::MAX);
        let paired_first = slot(PAIRED, DoseNumber::First, 4 + kind / 4, 0).unwrap_or(unknown);
        let paired_second = slot(PAIRED, DoseNumber::Second, 25 + second * 3, 0);
        match kind {
            0 | 1 => Places { first: slot(SINGLE, DoseNumber::First, 4, 0).unwrap_or(unknown), second: None },
            2 => Places { first: paired_first, second: None },
            3 => Places { first: paired_second.unwrap_or(unknown), second: None },
            _ => Places { first: paired_first, second: paired_second },
        }
    }

    fn authority(&self, person: Person) -> Authority {
        match self.sample.book.answer(&Query::Citizen { person, campaign: CAMPAIGN }, self.sample.now) {
            Reply::Citizen(view) => Authority::Visit { generation: view.visit.map_or(0, |visit| visit.generation) },
            _ => Authority::Visit { generation: 0 },
        }
    }

    fn hold_of(&self, person: Person) -> HoldId {
        match self.sample.book.answer(&Query::Citizen { person, campaign: CAMPAIGN }, self.sample.now) {
            Reply::Citizen(view) => view.hold.map_or(HoldId(0), |hold| hold.hold),
            _ => HoldId(0),
        }
    }

    /// Mostly the person's own newest reservation; sometimes anybody's.
    fn reservation_of(&self, person: Person, any: u32) -> ReservationId {
        let own = match self.sample.book.answer(&Query::Citizen { person, campaign: CAMPAIGN }, self.sample.now) {
            Reply::Citizen(view) => view.reservations.first().map(|view| view.reservation),
            _ => None,
        };
        own.filter(|_| any < 6).unwrap_or(ReservationId(any))
    }

    fn ask(&mut self, person: u32, action: Action) -> Outcome {
        self.sample.ask(Actor::Citizen(Person(person)), action)
    }

    /// Asks under a key, and remembers what was answered: the same key and request must answer the same.
    fn ask_keyed(&mut self, person: u32, key: u8, action: Action) -> Outcome {
        // Keys of one person; what they ask for is part of the request's meaning.
        let key = u128::from(person) << 8 | u128::from(key);
        let request = format!("{:?}", Meaning(&action))
            .bytes()
            .fold(7_u64, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
        let recorded = self.sample.journal.len();
        let outcome = self.sample.ask_keyed(Actor::Citizen(Person(person)), (key, request), action);
        if self.sample.journal.len() == recorded {
            let known = self.answers.get(&(key, request));
            let reused = self.answers.keys().any(|(other, hash)| *other == key && *hash != request);
            assert!(known == Some(&outcome) || reused, "law I5: {known:?} became {outcome:?}");
        } else {
            self.answers.insert((key, request), outcome);
            if let Outcome::Reserved { reservation, .. } = outcome {
                let view = self.sample.book.reservation(reservation).expect("what was just reserved is there");
                let places = Places { first: view.first.0, second: view.second.map(|(slot, _)| slot) };
                self.reserved.insert(reservation, (Person(person), places));
            }
        }
        outcome
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Enter { person } => drop_outcome(
                self.ask(person, Action::StartVisit { person: Person(person), campaign: CAMPAIGN, facts: ADULT }),
            ),
            Step::Leave { person } => {
                let Authority::Visit { generation } = self.authority(Person(person)) else { return };
                let action =
                    Action::EndVisit { person: Person(person), campaign: CAMPAIGN, generation, wish: EndWish::SignOut };
                drop_outcome(self.ask(person, action));
            }
            Step::Hold { person, places, adult, staff } => {
                let facts = if adult { ADULT } else { CHILD };
                let (authority, actor) = if staff {
                    (Authority::Staff, CLINIC_STAFF)
                } else {
                    (self.authority(Person(person)), Actor::Citizen(Person(person)))
                };
                let places = self.places(places);
                let action = Action::Hold { person: Person(person), campaign: CAMPAIGN, authority, facts, places };
                drop_outcome(self.sample.ask(actor, action));
            }
            Step::Extend { person } => {
                let (authority, hold) = (self.authority(Person(person)), self.hold_of(Person(person)));
                drop_outcome(self.ask(person, Action::ExtendHold { person: Person(person), hold, authority }));
            }
            Step::Release { person } => {
                let hold = self.hold_of(Person(person));
                drop_outcome(self.ask(person, Action::ReleaseHold { person: Person(person), hold }));
            }
            Step::Confirm { person, key } => {
                let (authority, hold) = (self.authority(Person(person)), self.hold_of(Person(person)));
                let number = self.sample.number();
                let action = Action::Confirm { person: Person(person), hold, authority, number };
                drop_outcome(self.ask_keyed(person, key, action));
            }
            Step::ReserveAtOnce { person, places, key } => {
                let (authority, places) = (self.authority(Person(person)), self.places(places));
                let (person_id, number) = (Person(person), self.sample.number());
                let action = Action::ReserveAtOnce {
                    person: person_id,
                    campaign: CAMPAIGN,
                    authority,
                    facts: ADULT,
                    places,
                    number,
                };
                drop_outcome(self.ask_keyed(person, key, action));
            }
            Step::Reschedule { person, reservation, places } => {
                self.take(Step::Enter { person });
                let (authority, places) = (self.authority(Person(person)), self.places(places));
                let reservation = self.reservation_of(Person(person), reservation);
                let before = self.sample.book.fingerprint();
                let action =
                    Action::Reschedule { person: Person(person), reservation, authority, facts: ADULT, places };
                match self.ask(person, action) {
                    Outcome::Rescheduled { .. } => {
                        let view = self.sample.book.reservation(reservation).expect("it was just rescheduled");
                        let places = Places { first: view.first.0, second: view.second.map(|(slot, _)| slot) };
                        self.reserved.insert(reservation, (Person(person), places));
                    }
                    _ => assert_eq!(before, self.sample.book.fingerprint(), "a refused reschedule changes nothing"),
                }
            }
            Step::Cancel { person, reservation, key } => {
                let action = Action::Cancel {
                    person: Person(person),
                    reservation: self.reservation_of(Person(person), reservation),
                };
                drop_outcome(self.ask_keyed(person, key, action));
            }
            Step::AtClinic { reservation, second, what } => {
                let reservation = ReservationId(reservation);
                let dose = if second { DoseNumber::Second } else { DoseNumber::First };
                let action = match what {
                    0 => Action::CheckIn { reservation, dose },
                    1 => Action::Administer { reservation, dose },
                    _ => Action::NoShow { reservation, dose },
                };
                drop_outcome(self.sample.ask(CLINIC_STAFF, action));
            }
            Step::Erase { person } => drop_outcome(self.ask(person, Action::ErasePerson { person: Person(person) })),
            Step::Register { key } => {
                self.sample.citizen(key);
            }
            Step::Import { capacity, days, more_starts } => {
                self.imports += 1;
                let mut one = session("C1", SINGLE, DoseNumber::First, days, capacity.max(1));
                if more_starts {
                    one.start = charye_domain::time::MinuteOfDay(480);
                }
                let mut sessions = vec![one];
                if capacity > 0 {
                    sessions.push(session("C1", PAIRED, DoseNumber::First, days, capacity));
                    sessions.push(session("C1", PAIRED, DoseNumber::Second, (25, 34), capacity));
                }
                drop_outcome(self.sample.import(self.imports, &["C1"], sessions));
                let discard = Action::DiscardImport { import: ImportId(self.imports) };
                drop_outcome(self.sample.ask(OPERATOR, discard));
            }
            Step::Staged { import, what } => self.go_on_with(ImportId(import), what),
            Step::Block { block, mask, back } => {
                let (block, mask) = (BlockId(block), u64::from(mask));
                let action =
                    if back { Action::UnblockSlots { block, mask } } else { Action::BlockSlots { block, mask } };
                drop_outcome(self.sample.ask(CLINIC_STAFF, action));
            }
            Step::Outage { secs } => {
                self.sample.now = self.sample.now.plus_secs(u32::from(secs));
                let gap_ms = u64::from(secs) * 1_000;
                drop_outcome(self.sample.ask(Actor::System, Action::NoteOutage { gap_ms }));
                self.sample.pass_time(0);
            }
            Step::Wait { secs } => self.sample.pass_time(secs),
            Step::Crash => self.sample.book = self.sample.replayed(),
            Step::Restart => {
                let image = image_of(&self.sample.book);
                self.sample.book = book_in(&image, self.policy).expect("an image of a sound book is read");
            }
        }
    }

    fn go_on_with(&mut self, import: ImportId, what: Staging) {
        match what {
            Staging::Rows { clinic: code, capacity, days, more_starts } => {
                let code = format!("C{code}");
                let mut rows = session(&code, SINGLE, DoseNumber::First, days, capacity);
                if more_starts {
                    rows.start = charye_domain::time::MinuteOfDay(480);
                }
                let clinics = [clinic(&code)].into();
                drop_outcome(self.sample.ask(OPERATOR, Action::StageClinics { import, clinics }));
                let sessions = [rows].into();
                drop_outcome(self.sample.ask(OPERATOR, Action::StageSessions { import, campaign: CAMPAIGN, sessions }));
            }
            Staging::LayOut { slots_max } => {
                let before = self.seen();
                drop_outcome(self.sample.ask(OPERATOR, Action::LayOutImport { import, slots_max }));
                assert_eq!(self.seen(), before, "nobody sees what is laid out");
            }
            Staging::Activate => drop_outcome(self.sample.ask(OPERATOR, Action::ActivateImport { import })),
            Staging::GiveUp => drop_outcome(self.sample.ask(OPERATOR, Action::DiscardImport { import })),
        }
    }

    /// Every slot that can be found.
    fn seen(&self) -> Vec<(SlotId, SlotCounts)> {
        let book = &self.sample.book;
        let ids = (0..book.blocks().len() as u32)
            .flat_map(|block| (0..SlotId::PER_BLOCK as u8).map(move |index| SlotId::new(BlockId(block), index)));
        ids.filter_map(|slot| Some((slot, book.slot_counts(slot)?))).collect()
    }

    /// Everything that must hold at the end (and, through the checker, held at every entry).
    fn check(&self) {
        let book = &self.sample.book;
        let mut checker = Checker::new();
        for ((at, entry), seq) in self.sample.journal.iter().zip(1..) {
            assert_eq!(checker.check(seq, *at, entry), [], "{entry:?}");
        }
        let mut fingerprint = 0_u64;
        for block in 0..book.blocks().len() as u32 {
            for (slot, _) in book.slots_of_block(BlockId(block)) {
                let counts = book.slot_counts(slot).expect("a listed slot exists");
                assert_eq!(checker.compare(0, slot, counts), None);
                fingerprint =
                    fingerprint.wrapping_add(charye_domain::book::slot_fingerprint(slot, counts.held, counts.reserved));
            }
        }
        assert_eq!(fingerprint, book.fingerprint());
        assert_eq!(image_of(book), image_of(&self.sample.replayed()), "law I14: a replay gives the same book");
        self.check_model(&checker);
    }

    /// What people were told they have is what the book says they have, and no two have the last place of anything.
    fn check_model(&self, checker: &Checker) {
        let mut taken: BTreeMap<SlotId, u32> = BTreeMap::new();
        let mut doses = BTreeSet::new();
        for (reservation, (person, places)) in &self.reserved {
            let view = self.sample.book.reservation(*reservation).expect("what was confirmed is there");
            assert_eq!(
                (view.person, view.first.0, view.second.map(|(slot, _)| slot)),
                (*person, places.first, places.second)
            );
            for (slot, state) in [Some(view.first), view.second].into_iter().flatten() {
                if state != DoseState::Cancelled {
                    *taken.entry(slot).or_default() += 1;
                }
                let active = !matches!(state, DoseState::Cancelled | DoseState::NoShow);
                let dose = self.sample.book.slot_place(slot).expect("a reserved slot exists").0.dose;
                assert!(!active || doses.insert((*person, dose)), "law I2: person {person}, {dose:?}");
            }
        }
        let reserved: BTreeMap<SlotId, u32> =
            checker.claimed_slots().filter(|(.., reserved)| *reserved > 0).map(|(slot, _, n)| (slot, n)).collect();
        assert_eq!(taken, reserved);
    }
}

/// The answer of a step that is judged by the laws alone.
fn drop_outcome(_: Outcome) {}

/// An action without what is drawn anew at each try.
struct Meaning<'a>(&'a Action);

impl std::fmt::Debug for Meaning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Action::Confirm { person, hold, .. } => write!(f, "confirm {person} {hold}"),
            Action::ReserveAtOnce { person, places, .. } => write!(f, "reserve {person} {places:?}"),
            Action::Cancel { person, reservation } => write!(f, "cancel {person} {reservation}"),
            other => write!(f, "{other:?}"),
        }
    }
}

fn live_through(policy: DoseTwoPolicy, steps: Vec<Step>) {
    let mut world = World::new(policy);
    steps.into_iter().for_each(|step| world.take(step));
    world.check();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_of_pairs_keeps_every_law(steps in prop::collection::vec(step(), 1..160)) {
        live_through(DoseTwoPolicy::Together, steps);
    }

    #[test]
    fn any_history_of_doses_reserved_one_by_one_keeps_every_law(steps in prop::collection::vec(step(), 1..160)) {
        live_through(DoseTwoPolicy::Later, steps);
    }
}

/// Histories that never get anywhere would prove nothing: over some of them, every kind of answer must occur.
#[test]
fn histories_reach_every_kind_of_answer() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeSet<&'static str> = BTreeSet::new();
    for _ in 0..60 {
        let steps = prop::collection::vec(step(), 160).new_tree(&mut runner).expect("steps can be made").current();
        let mut world = World::new(DoseTwoPolicy::Together);
        steps.into_iter().for_each(|step| world.take(step));
        seen.extend(world.sample.journal.iter().map(|(_, entry)| match Outcome::of(&entry.event) {
            Outcome::Registered { .. } => "registered",
            Outcome::Erased => "erased",
            Outcome::Visiting { .. } => "visiting",
            Outcome::VisitOver => "visit over",
            Outcome::InLine { .. } => "in line",
            Outcome::Steered => "steered",
            Outcome::Held { .. } => "held",
            Outcome::HoldReleased => "hold over",
            Outcome::Reserved { .. } => "reserved",
            Outcome::Rescheduled { .. } => "rescheduled",
            Outcome::Cancelled { .. } => "cancelled",
            Outcome::DoseNow { .. } => "dose moved",
            Outcome::Published { .. } => "published",
            Outcome::Done => "done",
            Outcome::HelperInvited { .. } => "help asked",
            Outcome::HelpStands { .. } => "help stands",
            Outcome::HelpOver => "help over",
            Outcome::LaidOut => "laid out",
            Outcome::Refused(rejection) => rejection.code(),
        }));
    }
    let expected = [
        "registered",
        "erased",
        "visiting",
        "visit over",
        "held",
        "hold over",
        "reserved",
        "rescheduled",
        "cancelled",
        "dose moved",
        "sold_out",
        "already_reserved",
        "no_visit",
        "hold_unknown",
        "interval_not_allowed",
    ];
    let missing: Vec<_> = expected.iter().filter(|kind| !seen.contains(*kind)).collect();
    assert!(missing.is_empty(), "never seen: {missing:?}; seen: {seen:?}");
}

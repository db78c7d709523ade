//! Room: domain/tests. Helping at random: the book against a naive model of who may act for whom, against the laws, a replay and
//! its own image.

use charye_domain::book::samples::{ADULT, CAMPAIGN, CHILD, Sample, book_in, image_of};
use charye_domain::book::{Action, Actor, Outcome, Query, Reply};
use charye_domain::campaign::UniquenessScheme;
use charye_domain::helping::{
    CONSENT_TTL_SECS, HELPED_PER_HELPER_MAX, HELPERS_PER_PERSON_MAX, HelpProof, REGISTRY_TTL_SECS,
};
use charye_domain::ids::{HelpId, Person};
use charye_domain::law::Checker;
use charye_domain::time::UnixMillis;
use charye_domain::vaccine::DoseTwoPolicy;
use proptest::prelude::*;

const PEOPLE: u32 = 6;
const RIGHT: HelpProof = HelpProof([1; 16]);
const WRONG: HelpProof = HelpProof([0; 16]);

#[derive(Clone, Copy, Debug)]
enum Step {
    Invite { helped: u32 },
    Accept { help: u32, helper: u32, right: bool },
    Attest { helper: u32, helped: u32, child: bool },
    End { person: u32, help: u32 },
    Act { helper: u32, helped: u32 },
    Erase { person: u32 },
    Wait { secs: u32 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    let help = 0_u32..24;
    prop_oneof![
        6 => person.clone().prop_map(|helped| Step::Invite { helped }),
        9 => (help.clone(), person.clone(), prop::bool::weighted(0.7))
            .prop_map(|(help, helper, right)| Step::Accept { help, helper, right }),
        2 => (person.clone(), person.clone(), prop::bool::weighted(0.8))
            .prop_map(|(helper, helped, child)| Step::Attest { helper, helped, child }),
        2 => (person.clone(), help).prop_map(|(person, help)| Step::End { person, help }),
        8 => (person.clone(), person.clone()).prop_map(|(helper, helped)| Step::Act { helper, helped }),
        1 => person.prop_map(|person| Step::Erase { person }),
        2 => prop_oneof![8 => 0_u32..1_000, 2 => Just(31 * 86_400), 1 => Just(181 * 86_400)].prop_map(|secs| Step::Wait { secs }),
        1 => Just(Step::Restart),
    ]
}

/// One consent, or code that is out, as somebody with a notebook would keep it.
struct Note {
    help: HelpId,
    helper: Option<Person>,
    helped: Person,
    standing: bool,
    until: UnixMillis,
    misses: u8,
}

struct World {
    sample: Sample,
    notes: Vec<Note>,
    acted: u32,
    refused: u32,
}

impl World {
    fn new() -> Self {
        let mut sample = Sample::open(DoseTwoPolicy::Together, 2);
        (1..=PEOPLE as u8).for_each(|key| {
            sample.citizen(key);
        });
        Self { sample, notes: Vec::new(), acted: 0, refused: 0 }
    }

    /// What is open now.
    fn open(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| self.sample.now < note.until)
    }

    fn stands(&self, helper: Person, helped: Person) -> bool {
        self.open().any(|note| note.standing && (note.helper, note.helped) == (Some(helper), helped))
    }

    fn stand(&mut self, help: HelpId, helper: Person, helped: Person, for_secs: u32) {
        self.notes.retain(|note| note.help != help);
        self.notes.retain(|note| !(note.standing && (note.helper, note.helped) == (Some(helper), helped)));
        let until = self.sample.now.plus_secs(for_secs);
        self.notes.push(Note { help, helper: Some(helper), helped, standing: true, until, misses: 0 });
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Invite { helped } => {
                let (helped, scheme) = (Person(helped), UniquenessScheme::Rehearsal);
                let action = Action::InviteHelper { helped, scheme, challenge: 9, proof: RIGHT };
                if let Outcome::HelperInvited { help } = self.sample.ask(Actor::Citizen(helped), action) {
                    let until = self.sample.now.plus_secs(1_800);
                    self.notes.push(Note { help, helper: None, helped, standing: false, until, misses: 0 });
                }
            }
            Step::Accept { help, helper, right } => {
                // Whoever has the right code has one that is out.
                let open: Vec<_> = self.open().filter(|note| !note.standing).map(|note| note.help).collect();
                let known = open.get(help as usize % open.len().max(1)).copied().filter(|_| right);
                self.accept(known.unwrap_or(HelpId(help)), Person(helper), right);
            }
            Step::Attest { helper, helped, child } => {
                let (helper, helped) = (Person(helper), Person(helped));
                let facts = if child { CHILD } else { ADULT };
                let action = Action::AttestGuardian {
                    helper,
                    helped,
                    scheme: UniquenessScheme::Rehearsal,
                    campaign: CAMPAIGN,
                    facts,
                };
                if let Outcome::HelpStands { help, .. } = self.sample.ask(Actor::System, action) {
                    // The sample's child is fourteen in 2029.
                    assert!(child && helper != helped);
                    self.stand(help, helper, helped, REGISTRY_TTL_SECS);
                }
            }
            Step::End { person, help } => {
                let (person, help) = (Person(person), HelpId(help));
                let outcome = self.sample.ask(Actor::Citizen(person), Action::EndHelp { person, help });
                let concerns =
                    |note: &&Note| note.help == help && (note.helper == Some(person) || note.helped == person);
                assert!(outcome != Outcome::HelpOver || self.open().any(|note| concerns(&note)));
                if outcome == Outcome::HelpOver {
                    self.notes.retain(|note| note.help != help);
                }
            }
            Step::Act { helper, helped } => {
                let standing: Vec<_> = self.open().filter(|note| note.standing).collect();
                let known = standing.get(helper as usize % (standing.len() * 2).max(1));
                let helping = known.map(|note| (note.helper.unwrap_or(note.helped), note.helped));
                let (helper, person) = helping.unwrap_or((Person(helper), Person(helped)));
                let action = Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT };
                let outcome = self.sample.ask(Actor::Proxy(helper), action);
                let may = self.stands(helper, person);
                let refused = outcome == Outcome::Refused(charye_domain::book::Rejection::HelpNotStanding);
                assert_eq!(refused, !may, "person {helper} for person {person}: {outcome:?}");
                self.acted += u32::from(may);
                self.refused += u32::from(refused);
            }
            Step::Erase { person } => {
                let person = Person(person);
                if self.sample.ask(Actor::Citizen(person), Action::ErasePerson { person }) == Outcome::Erased {
                    self.notes.retain(|note| note.helped != person && note.helper != Some(person));
                }
            }
            Step::Wait { secs } => self.sample.pass_time(secs),
            Step::Restart => {
                let image = image_of(&self.sample.book);
                self.sample.book = book_in(&image, DoseTwoPolicy::Together).expect("an image of a sound book is read");
            }
        }
    }

    fn accept(&mut self, help: HelpId, helper: Person, right: bool) {
        let proof = if right { RIGHT } else { WRONG };
        let outcome = self.sample.ask(Actor::Citizen(helper), Action::AcceptHelp { help, helper, proof });
        let now = self.sample.now;
        let note = self.notes.iter_mut().find(|note| note.help == help && now < note.until && !note.standing);
        match outcome {
            Outcome::HelpStands { .. } => {
                let note = note.expect("only a code that is out is accepted");
                assert!(right && note.misses < 5);
                let helped = note.helped;
                assert_ne!(helped, helper);
                self.stand(help, helper, helped, CONSENT_TTL_SECS);
            }
            Outcome::Refused(charye_domain::book::Rejection::HelpCodeWrong) => {
                let note = note.expect("only a code that is out is missed");
                note.misses += 1;
                assert!(!right);
                if note.misses == 5 {
                    self.notes.retain(|note| note.help != help);
                }
            }
            _ => {}
        }
    }

    fn check(&self) {
        let mut checker = Checker::new();
        for ((at, entry), seq) in self.sample.journal.iter().zip(1..) {
            assert_eq!(checker.check(seq, *at, entry), [], "{entry:?}");
        }
        assert_eq!(image_of(&self.sample.book), image_of(&self.sample.replayed()), "law I14");
        for person in (0..PEOPLE).map(Person) {
            let told = match self.sample.book.answer(&Query::Helping { person }, self.sample.now) {
                Reply::Helping(told) => told,
                _ => Vec::new(),
            };
            let mut told: Vec<_> = told.iter().map(|view| (view.help, view.helper(), view.helped)).collect();
            let theirs = self.open().filter(|note| note.helper == Some(person) || note.helped == person);
            let mut noted: Vec<_> = theirs.map(|note| (note.help, note.helper, note.helped)).collect();
            told.sort_unstable();
            noted.sort_unstable();
            assert_eq!(told, noted, "person {person}");
            let standing = |of: &dyn Fn(&Note) -> bool| self.open().filter(|note| note.standing && of(note)).count();
            assert!(standing(&|note| note.helper == Some(person)) <= HELPED_PER_HELPER_MAX);
            assert!(standing(&|note| note.helped == person) <= HELPERS_PER_PERSON_MAX);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_ever_acts_for_another_without_a_consent_that_stands(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        world.check();
    }
}

/// Histories in which nobody ever helps would prove nothing.
#[test]
fn histories_of_helping_get_somewhere() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut acted, mut refused) = (0, 0);
    for _ in 0..40 {
        let steps = prop::collection::vec(step(), 120).new_tree(&mut runner).expect("steps can be made").current();
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        (acted, refused) = (acted + world.acted, refused + world.refused);
    }
    assert!(acted > 50 && refused > 50, "{acted} acted, {refused} were refused");
}

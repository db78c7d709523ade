//! Helping on fakes: a code goes to the person helped and to nobody else, what follows is on record, and an end counts at once.

use std::sync::Arc;

use charye_domain::book::{Action, Channel, Command, Event, Rejection, StaffNumber, samples};
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::ids::{HelpId, Person};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_engine::fakes::{FakeProvider, MemoryMessages, MemorySnapshots, SeededRandom, ToyKeys, Treatment};
use charye_engine::helping::{
    AgentAsking, CallerSought, ChildTold, HelpCode, accept_invitation, attest_guardian, end_help, find_caller,
    helped_person, invite_helper, look_up_helping, may_act,
};
use charye_engine::identity::{ProofWanted, SignInDesk, SignInPorts, complete_sign_in};
use charye_engine::ports::{
    Assurance, Doing, FlowKind, GuardianRegistry, GuardianSaid, Keys as _, Parameters, PersonalDetails, ProvenCitizen,
    Tells,
};
use charye_engine::{BusyCause, Engine, EngineSettings, Failure};
use jiff::civil::{Date, date};

use crate::stage::{Stage, busy_code, rejection, wait};

const SCHEME: UniquenessScheme = UniquenessScheme::Rehearsal;

fn proven(number: u8, name: &str, birth_date: Date) -> ProvenCitizen {
    let key = ToyKeys.citizen_key("rehearsal", &[number]);
    let details = PersonalDetails { name: name.to_owned(), birth_date, phone: format!("0100000000{number}") };
    ProvenCitizen { scheme: SCHEME, key, former: Vec::new(), details, assurance: Assurance::Rehearsed }
}

fn signed_in(stage: &Stage, number: u8, name: &str) -> Person {
    let proven = proven(number, name, date(1990, 3, 9));
    wait(complete_sign_in(&stage.engine, &proven, Channel::Page)).unwrap().value.person
}

/// Where messages come, and the house that sends them.
fn house() -> (MemoryMessages, Stage) {
    let messages = MemoryMessages::default();
    let sender = messages.clone();
    let stage = Stage::open_with(10, |ports| ports.messages = Some(Box::new(sender)), EngineSettings::default());
    (messages, stage)
}

#[test]
fn a_code_goes_to_the_person_helped_and_lets_its_finder_act_until_it_is_ended() {
    let (messages, stage) = house();
    let engine = &stage.engine;
    let (mother, helper) = (signed_in(&stage, 1, "김하늘"), signed_in(&stage, 2, "이바다"));
    let help = wait(invite_helper(engine, mother, SCHEME, Channel::Page)).unwrap().value;
    let sent = messages.wait_for(1);
    let Tells::HelpCode { code } = sent[0].tells else { panic!("{:?}", sent[0]) };
    assert_eq!((sent[0].person, code.help()), (mother, help));
    assert!(!format!("{:?}", sent[0]).contains(&code.to_string()), "a log would not tell it");

    let typed = HelpCode::parse(&code.to_string()).unwrap();
    let stands = wait(accept_invitation(engine, helper, typed, Channel::Api)).unwrap().value;
    assert_eq!(stands.help, help);
    assert_eq!(messages.wait_for(2)[1].tells, Tells::HelpStands { help });
    let whom = wait(helped_person(engine, helper, help)).unwrap().value.unwrap();
    assert_eq!((whom.view.helped, whom.details.name.as_str(), whom.view.scheme), (mother, "김하늘", SCHEME));
    assert_eq!(whom.view.helped_key, ToyKeys.citizen_key("rehearsal", &[1]).1);
    assert_eq!(wait(helped_person(engine, mother, help)).unwrap().value, None, "it goes one way");
    assert!(wait(may_act(engine, helper, mother)).unwrap());
    assert!(!wait(may_act(engine, mother, helper)).unwrap());

    wait(end_help(engine, mother, help, Channel::Page)).unwrap();
    assert!(!wait(may_act(engine, helper, mother)).unwrap());
    assert_eq!(wait(look_up_helping(engine, helper)).unwrap().value, []);
    assert_eq!(rejection(wait(end_help(engine, mother, help, Channel::Page))), Rejection::HelpUnknown);
    stage.settle();
}

#[test]
fn the_journal_cannot_be_read_for_a_code_and_guessing_is_counted() {
    let (messages, stage) = house();
    let (mother, helper) = (signed_in(&stage, 1, "김하늘"), signed_in(&stage, 2, "이바다"));
    wait(invite_helper(&stage.engine, mother, SCHEME, Channel::Page)).unwrap();
    let Tells::HelpCode { code } = messages.wait_for(1)[0].tells else { panic!() };
    let digits: String = code.to_string().split_once('-').unwrap().1.replace('-', "");
    for entry in stage.entries() {
        if let Event::HelperInvited { challenge, .. } = entry.event {
            assert!(!challenge.to_string().contains(&digits));
        }
    }
    let guess = |number: u32| HelpCode::parse(&format!("{number}-00000000")).unwrap();
    for number in 100..110 {
        let told = wait(accept_invitation(&stage.engine, helper, guess(number), Channel::Api));
        assert_eq!(rejection(told), Rejection::HelpUnknown);
    }
    let told = wait(accept_invitation(&stage.engine, helper, code, Channel::Api));
    assert_eq!(busy_code(told), "tried_too_often", "even the right one has to wait then");
}

/// A call centre with a registry that finds whoever is named by a code, under the world's clock.
struct CallCentre {
    registry: FakeProvider,
    desk: SignInDesk,
    runtime: tokio::runtime::Runtime,
}

impl CallCentre {
    fn of(stage: &Stage) -> Self {
        let registry = FakeProvider::new("registry", FlowKind::Registry);
        let clock = Arc::new(stage.world.clock.clone());
        let ports = SignInPorts { keys: Arc::new(ToyKeys), clock, random: Arc::new(SeededRandom::new(3)) };
        let desk = SignInDesk::new(vec![Arc::new(registry.clone())], ports).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { registry, desk, runtime }
    }

    /// Looks a caller up, for an agent who may look up two an hour.
    async fn look(&self, engine: &Engine, agent: u32) -> Result<bool, Failure> {
        self.look_with_proof(engine, agent, UniquenessScheme::ConnectingInformation).await
    }

    /// The same for a campaign that goes by this.
    async fn look_with_proof(&self, engine: &Engine, agent: u32, scheme: UniquenessScheme) -> Result<bool, Failure> {
        let filled_in = Parameters::new(vec![("code".to_owned(), "a-caller".to_owned())]).unwrap();
        let wanted = ProofWanted { scheme, least: Assurance::Ial2 };
        let asking = AgentAsking { agent: StaffNumber(agent), reason: 101, budget_per_hour: 2 };
        let sought = CallerSought { registry: "registry", wanted, filled_in: &filled_in };
        find_caller(engine, &self.desk, asking, sought).await.map(|found| found.value.is_some())
    }

    fn looks(&self, stage: &Stage, agent: u32) -> Result<bool, Failure> {
        self.runtime.block_on(self.look(&stage.engine, agent))
    }
}

/// For how long an agent whose budget is spent is sent away. Unit: seconds.
fn spent_for(told: Result<bool, Failure>) -> u64 {
    match told {
        Err(Failure::Busy { retry_after, cause: BusyCause::TooOften }) => retry_after.as_secs(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_agents_budget_is_counted_from_the_record_and_no_start_makes_it_new() {
    let snapshots = MemorySnapshots::reading(|_, _, _| Some(samples::campaign(DoseTwoPolicy::Together)));
    let kept = snapshots.clone();
    let stage = Stage::open_with(10, |ports| ports.snapshots = Some(Box::new(kept)), EngineSettings::default());
    let centre = CallCentre::of(&stage);
    assert!(centre.looks(&stage, 7).unwrap());
    stage.pass(100_000);
    centre.registry.treats_all(Treatment::NotYet);
    assert!(!centre.looks(&stage, 7).unwrap(), "nobody is found, and it counts");
    centre.registry.treats_all(Treatment::Answers);
    let asked = centre.registry.asked();
    assert_eq!(spent_for(centre.looks(&stage, 7)), 3_500);
    assert_eq!(centre.registry.asked(), asked, "the registry is not even asked");
    assert!(centre.looks(&stage, 8).unwrap(), "another agent has a budget of their own");

    // From the journal, and from a snapshot.
    let stage = stage.start_again();
    assert_eq!(spent_for(centre.looks(&stage, 7)), 3_500);
    let kept = snapshots.clone();
    let stage = stage.start_again_with(|ports| ports.snapshots = Some(Box::new(kept)));
    stage.engine.ask_for_snapshot();
    assert!(snapshots.wait_for(stage.engine.head_seq()));
    let stage = stage.start_again_with(|ports| ports.snapshots = Some(Box::new(snapshots)));
    assert_eq!(stage.engine.health().snapshot_seq, Some(stage.engine.head_seq()));
    assert_eq!(spent_for(centre.looks(&stage, 7)), 3_500);

    stage.pass(3_500_000);
    assert!(centre.looks(&stage, 7).unwrap(), "the first is an hour old");
    assert_eq!(spent_for(centre.looks(&stage, 7)), 100);
    stage.pass(100_000);
    assert!(centre.looks(&stage, 7).unwrap());
}

#[test]
fn a_registrys_proof_of_another_kind_than_the_campaign_goes_by_finds_nobody() {
    let stage = Stage::open(10);
    let centre = CallCentre::of(&stage);
    let told = centre.runtime.block_on(centre.look_with_proof(&stage.engine, 7, UniquenessScheme::NationalId));
    assert!(!told.unwrap());
    assert!(centre.looks(&stage, 7).unwrap(), "the same caller for the other campaign");
    let looked_up = stage.entries().into_iter().filter_map(|entry| match entry.event {
        Event::CallerLookedUp { person } => Some(person.is_some()),
        _ => None,
    });
    assert_eq!(looked_up.collect::<Vec<_>>(), [false, true], "both are on record");
}

#[test]
fn an_agent_who_looks_many_up_at_once_spends_no_more_than_the_budget() {
    let stage = Stage::open(10);
    let centre = CallCentre::of(&stage);
    centre.registry.treats_all(Treatment::Hangs);
    centre.runtime.block_on(async {
        let mut under_way = Vec::new();
        for asked in 1..=2 {
            let mut look = Box::pin(centre.look(&stage.engine, 7));
            while centre.registry.asked() < asked {
                tokio::select! {
                    biased;
                    told = &mut look => panic!("{told:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
            under_way.push(look);
        }
        assert_eq!(spent_for(centre.look(&stage.engine, 7).await), 1);
        centre.registry.treats_all(Treatment::Answers);
        drop(under_way);
        assert!(centre.look(&stage.engine, 7).await.unwrap(), "what was given up is on nobody's account");
    });
}

/// A registry that knows one guardian of one child.
struct OneFamily;

impl GuardianRegistry for OneFamily {
    fn attest<'a>(&'a self, said: &'a GuardianSaid) -> Doing<'a, Result<Option<ProvenCitizen>, Failure>> {
        let fits = said.guardian.name == "이바다" && said.child_name == "이나무" && said.child_number == "7";
        let born = said.child_birth_date;
        Box::pin(async move { Ok(fits.then(|| proven(7, "이나무", born))) })
    }
}

#[test]
fn a_registrys_word_lets_a_guardian_act_for_a_child_of_their_own() {
    let (_, stage) = house();
    let (guardian, stranger) = (signed_in(&stage, 2, "이바다"), signed_in(&stage, 3, "최하루"));
    let campaigns = stage.engine.campaigns();
    let campaign = campaigns.iter().next().unwrap();
    let attest = |by, name: &str, birth_date| {
        let child = ChildTold { name: name.to_owned(), birth_date, registry_number: "7".to_owned() };
        wait(attest_guardian(&stage.engine, &OneFamily, by, child, campaign, Channel::Api))
    };
    let child = date(2015, 3, 9);
    let elsewhere = Campaign { uniqueness: UniquenessScheme::NationalId, ..(**campaign).clone() };
    let told = ChildTold { name: "이나무".to_owned(), birth_date: child, registry_number: "7".to_owned() };
    let proof = wait(attest_guardian(&stage.engine, &OneFamily, guardian, told, &elsewhere, Channel::Api));
    assert_eq!(proof.unwrap().value, None, "a proof of another kind than the campaign goes by");
    assert_eq!(attest(stranger, "이나무", child).unwrap().value, None);
    assert_eq!(attest(guardian, "이들", child).unwrap().value, None);
    assert_eq!(rejection(attest(guardian, "이나무", date(2000, 3, 9))), Rejection::NotAChild);
    let stands = attest(guardian, "이나무", child).unwrap().value.unwrap();
    let whom = wait(helped_person(&stage.engine, guardian, stands.help)).unwrap().value.unwrap();
    assert_eq!(whom.details.birth_date, child);
    let by = charye_engine::by_citizen(stranger, Channel::Api);
    let action = Action::EndHelp { person: stranger, help: HelpId(stands.help.0) };
    let by_a_stranger = stage.engine.submit_blocking(Command { by, operation: None, action });
    assert_eq!(rejection(by_a_stranger), Rejection::HelpUnknown);
}

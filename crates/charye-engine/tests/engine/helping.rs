//! Helping on fakes: a code goes to the person helped and to nobody else, what follows is on record, and an end counts at once.

use charye_domain::book::{Action, Channel, Command, Event, Rejection};
use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::{HelpId, Person};
use charye_engine::fakes::{MemoryMessages, ToyKeys};
use charye_engine::helping::{
    ChildTold, HelpCode, accept_invitation, attest_guardian, end_help, helped_person, invite_helper, look_up_helping,
    may_act,
};
use charye_engine::identity::complete_sign_in;
use charye_engine::ports::{
    Assurance, Doing, GuardianRegistry, GuardianSaid, Keys as _, PersonalDetails, ProvenCitizen, Tells,
};
use charye_engine::{EngineSettings, Failure};
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

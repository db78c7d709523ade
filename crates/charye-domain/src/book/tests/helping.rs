//! Room: domain/book/tests. Helping, rule by rule: codes, consents, guardians, who may act for whom and until when.

use super::*;
use crate::book::samples::{CHILD, OPERATOR, SINGLE, book_in, image_of};
use crate::book::{Channel, EndOfVisit, Event, Provenance, Query, Reply, StaffNumber};
use crate::campaign::UniquenessScheme;
use crate::helping::{
    CODE_TRIES_MAX, CODE_TTL_SECS, CODES_PER_PERSON_MAX, CONSENT_TTL_SECS, HelpProof, HelpView, REGISTRY_TTL_SECS,
};
use crate::ids::HelpId;
use crate::vaccine::DoseNumber;

const RIGHT: HelpProof = HelpProof([7; 16]);
const WRONG: HelpProof = HelpProof([8; 16]);

fn invite(sample: &mut Sample, helped: Person) -> Outcome {
    let scheme = UniquenessScheme::Rehearsal;
    sample.ask(Actor::Citizen(helped), Action::InviteHelper { helped, scheme, challenge: 1, proof: RIGHT })
}

fn invited(outcome: Outcome) -> HelpId {
    match outcome {
        Outcome::HelperInvited { help } => help,
        other => panic!("not invited: {other:?}"),
    }
}

fn accept(sample: &mut Sample, help: HelpId, helper: Person, proof: HelpProof) -> Outcome {
    sample.ask(Actor::Citizen(helper), Action::AcceptHelp { help, helper, proof })
}

fn end(sample: &mut Sample, person: Person, help: HelpId) -> Outcome {
    sample.ask(Actor::Citizen(person), Action::EndHelp { person, help })
}

fn attest(sample: &mut Sample, helper: Person, helped: Person, facts: crate::citizen::CitizenFacts) -> Outcome {
    sample.ask(
        Actor::System,
        Action::AttestGuardian { helper, helped, scheme: UniquenessScheme::Rehearsal, campaign: CAMPAIGN, facts },
    )
}

/// `helper` acts for `helped` by consent.
fn helping(sample: &mut Sample, helper: Person, helped: Person) -> HelpId {
    let help = invited(invite(sample, helped));
    assert_eq!(said(accept(sample, help, helper, RIGHT)), "ok");
    help
}

/// The helper comes in for somebody.
fn comes_in(sample: &mut Sample, helper: Person, person: Person) -> Outcome {
    sample.ask(Actor::Proxy(helper), Action::StartVisit { person, campaign: CAMPAIGN, facts: ADULT })
}

fn inside_by(sample: &mut Sample, helper: Person, person: Person) -> Authority {
    match comes_in(sample, helper, person) {
        Outcome::Visiting { generation, .. } => Authority::Visit { generation },
        other => panic!("not inside: {other:?}"),
    }
}

fn helps_of(sample: &Sample, person: Person) -> Vec<HelpView> {
    match sample.book.answer(&Query::Helping { person }, sample.now) {
        Reply::Helping(helps) => helps,
        other => panic!("not told: {other:?}"),
    }
}

#[test]
fn a_helper_acts_for_the_person_helped_from_the_code_to_the_end() {
    let mut sample = open(2);
    let (helper, mother) = (sample.citizen(1), sample.citizen(2));
    assert_eq!(said(comes_in(&mut sample, helper, mother)), "help_not_standing");
    let help = invited(invite(&mut sample, mother));
    assert_eq!(said(comes_in(&mut sample, helper, mother)), "help_not_standing", "a code that is out is no consent");
    assert_eq!(said(accept(&mut sample, help, helper, RIGHT)), "ok");

    let authority = inside_by(&mut sample, helper, mother);
    let places = sample.single("C1");
    let hold = Action::Hold { person: mother, campaign: CAMPAIGN, authority, facts: ADULT, places };
    let Outcome::Held { hold, .. } = sample.ask(Actor::Proxy(helper), hold) else { panic!("held") };
    assert_eq!(said(sample.ask(Actor::Proxy(helper), Action::ExtendHold { person: mother, hold, authority })), "ok");
    let confirm = Action::Confirm { person: mother, hold, authority, number: sample.number() };
    let reservation = reserved(sample.ask(Actor::Proxy(helper), confirm));
    assert_eq!(
        sample.book.reservation(reservation).unwrap().person,
        mother,
        "the place is the person's who is vaccinated"
    );
    assert_eq!(counts(&sample, places.first), (0, 0, 1));

    // To another time, from inside again, and then given back.
    let authority = inside_by(&mut sample, helper, mother);
    let other = sample.slot("C2", SINGLE, DoseNumber::First, 4, 1).unwrap();
    let places = Places { first: other, second: None };
    let reschedule = Action::Reschedule { person: mother, reservation, authority, facts: ADULT, places };
    assert_eq!(said(sample.ask(Actor::Proxy(helper), reschedule)), "ok");
    let cancel = Action::Cancel { person: mother, reservation };
    assert_eq!(said(sample.ask(Actor::Proxy(helper), cancel)), "ok");

    assert_eq!(said(end(&mut sample, mother, help)), "ok");
    assert_eq!(said(comes_in(&mut sample, helper, mother)), "help_not_standing");
}

#[test]
fn a_helper_gets_no_place_of_their_own_out_of_helping() {
    let mut sample = open(2);
    let (helper, mother, stranger) = (sample.citizen(1), sample.citizen(2), sample.citizen(3));
    helping(&mut sample, helper, mother);
    assert_eq!(said(comes_in(&mut sample, helper, stranger)), "help_not_standing");
    assert_eq!(said(comes_in(&mut sample, helper, helper)), "help_not_standing", "as themselves they are a citizen");
    assert_eq!(said(comes_in(&mut sample, mother, helper)), "help_not_standing", "it goes one way only");
    assert_eq!(said(sample.ask(Actor::Proxy(helper), Action::ErasePerson { person: mother })), "help_not_standing");
    let register = Action::RegisterCitizen {
        key_id: crate::ids::KeyId(1),
        key: crate::ids::CitizenKey([99; 16]),
        former: std::sync::Arc::new([]),
    };
    assert_eq!(said(sample.ask(Actor::Proxy(helper), register)), "help_not_standing");
}

#[test]
fn a_code_is_good_once_for_half_an_hour_and_for_five_tries() {
    let mut sample = open(2);
    let (helper, mother, other) = (sample.citizen(1), sample.citizen(2), sample.citizen(3));
    let help = invited(invite(&mut sample, mother));
    assert_eq!(said(accept(&mut sample, help, mother, RIGHT)), "help_unknown", "nobody helps themselves");
    assert_eq!(said(accept(&mut sample, HelpId(9), helper, RIGHT)), "help_unknown");
    for _ in 1..CODE_TRIES_MAX {
        assert_eq!(said(accept(&mut sample, help, helper, WRONG)), "help_code_wrong");
    }
    assert_eq!(said(accept(&mut sample, help, helper, RIGHT)), "ok", "the fifth may be right");
    assert_eq!(said(accept(&mut sample, help, helper, RIGHT)), "help_unknown", "once");

    let help = invited(invite(&mut sample, other));
    for _ in 0..CODE_TRIES_MAX {
        assert_eq!(said(accept(&mut sample, help, helper, WRONG)), "help_code_wrong");
    }
    assert_eq!(said(accept(&mut sample, help, helper, RIGHT)), "help_unknown", "five were wrong");

    let help = invited(invite(&mut sample, other));
    sample.now = sample.now.plus_secs(CODE_TTL_SECS);
    assert_eq!(
        said(accept(&mut sample, help, helper, RIGHT)),
        "help_unknown",
        "too late, whether or not that is written"
    );
    sample.pass_time(0);
    assert_eq!(said(accept(&mut sample, help, helper, RIGHT)), "help_unknown");
}

#[test]
fn nobody_invites_for_another() {
    let mut sample = open(2);
    let (helper, mother) = (sample.citizen(1), sample.citizen(2));
    let scheme = UniquenessScheme::Rehearsal;
    let by_another = Action::InviteHelper { helped: mother, scheme, challenge: 1, proof: RIGHT };
    for actor in [Actor::Citizen(helper), Actor::Proxy(helper), Actor::Agent(StaffNumber(1)), OPERATOR, Actor::System] {
        assert_eq!(said(sample.ask(actor, by_another.clone())), "not_allowed", "{actor:?}");
    }
}

#[test]
fn four_are_helped_by_one_two_help_one_and_three_codes_are_out() {
    let mut sample = open(2);
    let people: Vec<Person> = (1..=9).map(|key| sample.citizen(key)).collect();
    for of in 1..=4 {
        helping(&mut sample, people[0], people[of]);
    }
    let invitation = invited(invite(&mut sample, people[5]));
    assert_eq!(said(accept(&mut sample, invitation, people[0], RIGHT)), "help_limit");

    let early = invited(invite(&mut sample, people[1]));
    helping(&mut sample, people[6], people[1]);
    assert_eq!(said(invite(&mut sample, people[1])), "helpers_enough");
    assert_eq!(
        said(accept(&mut sample, early, people[7], RIGHT)),
        "helpers_enough",
        "that it was out before is no way in"
    );

    for by in 0..CODES_PER_PERSON_MAX {
        assert_eq!(said(invite(&mut sample, people[8])), "ok", "{by}");
    }
    assert_eq!(said(invite(&mut sample, people[8])), "helpers_enough");
    sample.pass_time(CODE_TTL_SECS);
    assert_eq!(said(invite(&mut sample, people[8])), "ok");
}

#[test]
fn who_is_helped_may_help_as_many_as_anybody() {
    let mut sample = open(2);
    let people: Vec<Person> = (1..=7).map(|key| sample.citizen(key)).collect();
    helping(&mut sample, people[5], people[0]);
    helping(&mut sample, people[6], people[0]);
    for of in 1..=4 {
        helping(&mut sample, people[0], people[of]);
    }
}

#[test]
fn a_consent_runs_out_and_is_renewed_in_place() {
    let mut sample = open(2);
    let (helper, mother) = (sample.citizen(1), sample.citizen(2));
    helping(&mut sample, helper, mother);
    sample.pass_time(CONSENT_TTL_SECS / 2);
    let newer = helping(&mut sample, helper, mother);
    assert_eq!(helps_of(&sample, mother).iter().map(|view| view.help).collect::<Vec<_>>(), [newer], "one between two");
    sample.pass_time(CONSENT_TTL_SECS - 1);
    assert_eq!(helps_of(&sample, helper).len(), 1);
    sample.now = sample.now.plus_secs(1);
    assert_eq!(
        said(sample.ask(Actor::Proxy(helper), Action::LeaveLine { person: mother, campaign: CAMPAIGN })),
        "help_not_standing"
    );
    sample.pass_time(0);
    assert_eq!(helps_of(&sample, mother), []);
}

#[test]
fn a_guardian_needs_a_registrys_word_and_a_child() {
    let mut sample = open(2);
    let (guardian, child) = (sample.citizen(1), sample.citizen(2));
    let action = Action::AttestGuardian {
        helper: guardian,
        helped: child,
        scheme: UniquenessScheme::Rehearsal,
        campaign: CAMPAIGN,
        facts: CHILD,
    };
    for actor in [Actor::Citizen(guardian), Actor::Agent(StaffNumber(1)), OPERATOR] {
        assert_eq!(said(sample.ask(actor, action.clone())), "not_allowed", "{actor:?}");
    }
    assert_eq!(said(attest(&mut sample, guardian, child, ADULT)), "not_a_child");
    assert_eq!(said(attest(&mut sample, guardian, guardian, CHILD)), "not_allowed");
    assert_eq!(said(attest(&mut sample, guardian, child, CHILD)), "ok");
    assert!(helps_of(&sample, guardian)[0].stands_for(guardian, child));
    sample.pass_time(REGISTRY_TTL_SECS);
    assert_eq!(helps_of(&sample, child), []);
}

#[test]
fn a_birthday_ends_childhood_on_the_civil_day() {
    let mut sample = open(2);
    let (guardian, child) = (sample.citizen(1), sample.citizen(2));
    // 2021-08-09 20:00 in Seoul.
    let born = |year, month, day| crate::citizen::CitizenFacts { birth_date: jiff::civil::date(year, month, day) };
    assert_eq!(said(attest(&mut sample, guardian, child, born(2007, 8, 9))), "not_a_child");
    assert_eq!(said(attest(&mut sample, guardian, child, born(2007, 8, 10))), "ok");
}

#[test]
fn revoking_ends_what_the_helper_has_open_and_nothing_else() {
    let mut sample = open(2);
    let (helper, mother, stranger) = (sample.citizen(1), sample.citizen(2), sample.citizen(3));
    let help = helping(&mut sample, helper, mother);
    let (authority, places) = (inside_by(&mut sample, helper, mother), sample.single("C1"));
    let hold = Action::Hold { person: mother, campaign: CAMPAIGN, authority, facts: ADULT, places };
    assert_eq!(said(sample.ask(Actor::Proxy(helper), hold)), "ok");
    assert_eq!(said(end(&mut sample, stranger, help)), "help_unknown");
    assert_eq!(said(end(&mut sample, mother, help)), "ok");
    assert_eq!(counts(&sample, places.first), (1, 0, 0), "the place is free again");
    let ended = |(_, entry): &(_, crate::book::Entry)| {
        matches!(entry.event, Event::VisitEnded { cause: EndOfVisit::SignedOut, .. })
    };
    assert!(sample.journal.iter().any(ended));

    // On her own device, she stays inside.
    let help = helping(&mut sample, helper, mother);
    inside_by(&mut sample, helper, mother);
    let authority = sample.inside(mother);
    assert_eq!(said(end(&mut sample, helper, help)), "ok");
    assert_eq!(said(hold_of_her_own(&mut sample, mother, authority, places)), "ok");

    // Nor does a code that nobody used send her out.
    let unused = invited(invite(&mut sample, mother));
    assert_eq!(said(end(&mut sample, mother, unused)), "ok");
    let query = Query::Citizen { person: mother, campaign: CAMPAIGN };
    let Reply::Citizen(view) = sample.book.answer(&query, sample.now) else { panic!("a view") };
    assert!(view.visit.is_some() && view.hold.is_some());
}

fn hold_of_her_own(sample: &mut Sample, person: Person, authority: Authority, places: Places) -> Outcome {
    hold(sample, person, authority, places)
}

#[test]
fn who_is_erased_helps_nobody_and_is_helped_by_nobody() {
    let mut sample = open(2);
    let (helper, mother, child) = (sample.citizen(1), sample.citizen(2), sample.citizen(3));
    helping(&mut sample, helper, mother);
    attest(&mut sample, mother, child, CHILD);
    sample.ask(Actor::Citizen(mother), Action::ErasePerson { person: mother });
    assert_eq!((helps_of(&sample, helper), helps_of(&sample, child)), (vec![], vec![]));
    assert_eq!(said(comes_in(&mut sample, helper, mother)), "help_not_standing");
}

#[test]
fn an_agent_says_why_a_caller_is_looked_up() {
    let mut sample = open(2);
    let person = sample.citizen(1);
    let mut look_up = |actor, reason, person| {
        let by = Provenance { actor, channel: Channel::Call, reason };
        said(sample.ask_by(by, Action::LookUpCaller { person }))
    };
    let agent = Actor::Agent(StaffNumber(4));
    assert_eq!(look_up(agent, 0, Some(person)), "not_allowed");
    assert_eq!(look_up(OPERATOR, 3, Some(person)), "not_allowed");
    assert_eq!(look_up(agent, 3, Some(Person(77))), "person_unknown");
    assert_eq!(look_up(agent, 3, Some(person)), "ok");
    assert_eq!(look_up(agent, 3, None), "ok");
}

#[test]
fn who_helps_whom_comes_back_from_an_image() {
    let mut sample = open(2);
    let people: Vec<Person> = (1..=4).map(|key| sample.citizen(key)).collect();
    helping(&mut sample, people[0], people[1]);
    attest(&mut sample, people[0], people[2], CHILD);
    let out = invited(invite(&mut sample, people[3]));
    accept(&mut sample, out, people[0], WRONG);
    inside_by(&mut sample, people[0], people[1]);
    let image = image_of(&sample.book);
    sample.book = book_in(&image, DoseTwoPolicy::Together).unwrap();
    assert_eq!(image_of(&sample.book), image);
    assert_eq!(image_of(&sample.replayed()), image);
    assert_eq!(helps_of(&sample, people[0]).len(), 2);
    for _ in 0..4 {
        accept(&mut sample, out, people[0], WRONG);
    }
    assert_eq!(said(accept(&mut sample, out, people[0], RIGHT)), "help_unknown", "the miss before counted");
}

//! Room: domain/law. The checker of law I18 bites: a sound history of helping passes, and the same with one planted violation is
//! found out.

use super::*;
use crate::book::samples::{ADULT, CAMPAIGN, CHILD, Sample};
use crate::book::{Action, Channel, Provenance, StaffNumber};
use crate::helping::{EndOfHelp, HelpProof, LOOK_UPS_MAX};
use crate::ids::HelpId;
use crate::vaccine::DoseTwoPolicy;

type Journal = Vec<(UnixMillis, Entry)>;

/// One helps another and reserves for them; a guardian's child is seen to; a code is missed; one consent ends.
fn family() -> Journal {
    let mut sample = Sample::open(DoseTwoPolicy::Together, 4);
    let people: Vec<Person> = (1..=4).map(|key| sample.citizen(key)).collect();
    let (helper, mother, child, other) = (people[0], people[1], people[2], people[3]);
    let (right, wrong) = (HelpProof([1; 16]), HelpProof([2; 16]));
    let citizen = Actor::Citizen;
    let scheme = crate::campaign::UniquenessScheme::Rehearsal;
    sample.ask(citizen(mother), Action::InviteHelper { helped: mother, scheme, challenge: 1, proof: right });
    for proof in [wrong, right] {
        sample.ask(citizen(helper), Action::AcceptHelp { help: HelpId(0), helper, proof });
    }
    let start = Action::StartVisit { person: mother, campaign: CAMPAIGN, facts: ADULT };
    sample.ask(Actor::Proxy(helper), start);
    let (authority, places, number) =
        (crate::book::Authority::Visit { generation: 1 }, sample.single("C1"), sample.number());
    let reserve = Action::ReserveAtOnce { person: mother, campaign: CAMPAIGN, authority, facts: ADULT, places, number };
    sample.ask(Actor::Proxy(helper), reserve);
    let attest = Action::AttestGuardian { helper, helped: child, scheme, campaign: CAMPAIGN, facts: CHILD };
    sample.ask(Actor::System, attest);
    sample.ask(citizen(other), Action::InviteHelper { helped: other, scheme, challenge: 2, proof: right });
    sample.ask(citizen(mother), Action::EndHelp { person: mother, help: HelpId(0) });
    let agent = Provenance { actor: Actor::Agent(StaffNumber(9)), channel: Channel::Call, reason: 2 };
    sample.ask_by(agent, Action::LookUpCaller { person: Some(mother) });
    sample.journal
}

fn violations(journal: &Journal) -> Vec<Violation> {
    let mut checker = Checker::new();
    journal.iter().zip(1..).flat_map(|((at, entry), seq)| checker.check(seq, *at, entry)).collect()
}

/// Changes the sound history with `plant` and expects `law` to be among what is found.
fn check(law: Law, plant: impl FnOnce(&mut Journal)) {
    let mut journal = family();
    plant(&mut journal);
    let found = violations(&journal);
    assert!(found.iter().any(|violation| violation.law == law), "{law} does not bite: {found:?}");
}

fn position(journal: &Journal, is: impl Fn(&Event) -> bool) -> usize {
    journal.iter().position(|(_, entry)| is(&entry.event)).expect("the history has such an entry")
}

fn is_accepted(event: &Event) -> bool {
    matches!(event, Event::HelpAccepted { .. })
}

fn is_reserved(event: &Event) -> bool {
    matches!(event, Event::Reserved { .. })
}

#[test]
fn a_sound_history_of_helping_breaks_no_law() {
    let journal = family();
    assert_eq!(violations(&journal), []);
    for is in [is_accepted, is_reserved, |event: &Event| matches!(event, Event::HelpAttested { .. })] {
        position(&journal, is);
    }
}

#[test]
fn acting_for_another_without_consent_is_found() {
    check(Law::I18, |journal| {
        let accepted = position(journal, is_accepted);
        journal.remove(accepted);
    });
    // After it was revoked.
    check(Law::I18, |journal| {
        let reserved = position(journal, is_reserved);
        let (at, entry) = journal[reserved].clone();
        journal.push((at, entry));
    });
    // By a helper of somebody else.
    check(Law::I18, |journal| {
        let reserved = position(journal, is_reserved);
        journal[reserved].1.by.actor = Actor::Proxy(Person(3));
    });
    // After it ran out, though that was never written.
    check(Law::I18, |journal| {
        let (accepted, reserved) = (position(journal, is_accepted), position(journal, is_reserved));
        let before = journal[reserved].0;
        if let Event::HelpAccepted { ends_at, .. } = &mut journal[accepted].1.event {
            *ends_at = before;
        }
    });
    // Of nobody in particular.
    check(Law::I18, |journal| {
        let (at, entry) = journal[0].clone();
        journal.insert(1, (at, Entry { by: Provenance { actor: Actor::Proxy(Person(0)), ..entry.by }, ..entry }));
    });
}

#[test]
fn a_consent_that_nobody_gave_is_found() {
    check(Law::I18, |journal| {
        let asked = position(journal, |event| matches!(event, Event::HelperInvited { .. }));
        journal.remove(asked);
    });
    check(Law::I18, |journal| {
        let invited = position(journal, |event| matches!(event, Event::HelperInvited { .. }));
        journal[invited].1.by.actor = Actor::Citizen(Person(0));
    });
    check(Law::I18, |journal| {
        let accepted = position(journal, is_accepted);
        journal[accepted].1.by.actor = Actor::Citizen(Person(3));
    });
    check(Law::I18, |journal| {
        let attested = position(journal, |event| matches!(event, Event::HelpAttested { .. }));
        journal[attested].1.by.actor = Actor::Citizen(Person(0));
    });
    // More wrong codes than anybody may give.
    check(Law::I18, |journal| {
        let missed = position(journal, |event| matches!(event, Event::HelpMissed { .. }));
        let again = journal[missed].clone();
        (0..4).for_each(|_| journal.insert(missed, again.clone()));
    });
    // More helpers than anybody may have.
    check(Law::I18, |journal| {
        let attested = position(journal, |event| matches!(event, Event::HelpAttested { .. }));
        for (number, guardian) in [(50, 1), (51, 3)] {
            let (at, mut entry) = journal[attested].clone();
            if let Event::HelpAttested { help, helper, .. } = &mut entry.event {
                (*help, *helper) = (HelpId(number), Person(guardian));
            }
            journal.push((at, entry));
        }
    });
}

#[test]
fn an_end_by_a_stranger_and_a_look_up_without_a_reason_are_found() {
    let is_ended = |event: &Event| matches!(event, Event::HelpEnded { .. });
    check(Law::I18, |journal| {
        let ended = position(journal, is_ended);
        journal[ended].1.by.actor = Actor::Citizen(Person(3));
    });
    check(Law::I18, |journal| {
        let ended = position(journal, is_ended);
        journal[ended].1.event = Event::HelpEnded { help: HelpId(0), cause: EndOfHelp::Expired };
    });
    check(Law::I12, |journal| {
        let looked_up = position(journal, |event| matches!(event, Event::CallerLookedUp { .. }));
        journal[looked_up].1.by.reason = 0;
    });
}

#[test]
fn more_look_ups_within_an_hour_than_any_budget_allows_are_found() {
    let journal = family();
    let (began, entry) = journal.last().cloned().expect("the history ends with a look-up");
    let look_ups = |hour_ms: i64| {
        // The history has one already.
        let planted = (1..=i64::from(LOOK_UPS_MAX)).map(|number| {
            let at = began.plus_millis(number * hour_ms / i64::from(LOOK_UPS_MAX));
            (at, entry.clone())
        });
        violations(&journal.iter().cloned().chain(planted).collect())
    };
    let found = look_ups(3_600_000 - 1);
    assert!(matches!(&found[..], [one] if one.law == Law::I12), "{found:?}");
    assert_eq!(look_ups(3_600_000), [], "the first is an hour old when the last comes");
}

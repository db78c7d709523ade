//! Room: domain/book/tests. People: found again, rekeyed, erased; operations answered once; campaigns published.

use super::*;
use crate::book::campaigns::CAMPAIGNS_MAX;
use crate::book::samples::{OPERATOR, campaign};
use crate::book::{Query, Reply};
use crate::campaign::Campaign;
use crate::ids::{CampaignId, CampaignVersion, CitizenKey, KeyId, OperationKey};
use std::sync::Arc;

fn register(sample: &mut Sample, key: (u16, u8), former: &[(u16, u8)]) -> Outcome {
    let parsed = |(id, key): (u16, u8)| (KeyId(id), CitizenKey([key; 16]));
    let (key_id, key) = parsed(key);
    let former: Arc<[_]> = former.iter().copied().map(parsed).collect();
    sample.ask(Actor::System, Action::RegisterCitizen { key_id, key, former })
}

#[test]
fn a_citizen_is_found_again_also_under_a_newer_key() {
    let mut sample = open(2);
    let person = |number| Outcome::Registered { person: Person(number) };
    assert_eq!(register(&mut sample, (1, 7), &[]), person(0));
    assert_eq!(register(&mut sample, (1, 8), &[]), person(1));
    assert_eq!(register(&mut sample, (1, 7), &[]), person(0));
    assert_eq!(register(&mut sample, (2, 70), &[(1, 7)]), person(0));
    assert_eq!(register(&mut sample, (2, 70), &[]), person(0));
    assert_eq!(register(&mut sample, (1, 7), &[]), person(2), "the old key is forgotten");
}

#[test]
fn an_erased_person_is_unknown_and_their_number_is_never_used_again() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let reservation = reserved(sample.reserve(person, single));
    let erase = Action::ErasePerson { person };
    assert_eq!(said(sample.ask(Actor::Citizen(person), erase.clone())), "reservation_active");
    assert_eq!(said(sample.ask(Actor::Citizen(person), Action::Cancel { person, reservation })), "ok");
    let authority = sample.inside(person);
    held(&mut sample, person, authority, single);
    assert_eq!(sample.ask(Actor::Citizen(person), erase.clone()), Outcome::Erased);
    assert_eq!(counts(&sample, single.first).1, 0, "the hold went with them");
    let recorded = sample.journal.len();
    assert_eq!(sample.ask(OPERATOR, erase), Outcome::Erased);
    assert_eq!(sample.journal.len(), recorded, "erasing again records nothing");
    assert_eq!(said(hold(&mut sample, person, authority, single)), "person_unknown");
    assert_eq!(sample.citizen(1), Person(1), "the same citizen is somebody new");
}

#[test]
fn the_same_key_gets_the_same_answer_and_another_request_is_refused() {
    let mut sample = open(2);
    let (person, single) = (sample.citizen(1), sample.single("C1"));
    let authority = sample.inside(person);
    let action =
        |number| Action::ReserveAtOnce { person, campaign: CAMPAIGN, authority, facts: ADULT, places: single, number };
    let (one, two) = (sample.number(), sample.number());
    let first = sample.ask_keyed(Actor::Citizen(person), (5, 1), action(one));
    reserved(first);
    let recorded = sample.journal.len();
    assert_eq!(sample.ask_keyed(Actor::Citizen(person), (5, 1), action(two)), first);
    assert_eq!(said(sample.ask_keyed(Actor::Citizen(person), (5, 2), action(two))), "key_reused");
    assert_eq!(sample.journal.len(), recorded);
    let query = Query::Operation { key: OperationKey(5) };
    assert_eq!(sample.book.answer(&query, sample.now), Reply::Operation(Some(first)));
    sample.pass_time(24 * 3_600 - 1);
    assert_eq!(sample.book.answer(&query, sample.now), Reply::Operation(Some(first)));
    sample.pass_time(1);
    assert_eq!(sample.book.answer(&query, sample.now), Reply::Operation(None));
}

#[test]
fn a_recorded_refusal_stays_a_refusal() {
    let mut sample = open(2);
    let (a, b, single) = (sample.citizen(1), sample.citizen(2), sample.single("C1"));
    let reservation = reserved(sample.reserve(a, single));
    let authority = sample.inside(b);
    let number = sample.number();
    let action =
        Action::ReserveAtOnce { person: b, campaign: CAMPAIGN, authority, facts: ADULT, places: single, number };
    assert_eq!(said(sample.ask_keyed(Actor::Citizen(b), (6, 1), action.clone())), "sold_out");
    sample.ask(Actor::Citizen(a), Action::Cancel { person: a, reservation });
    assert_eq!(said(sample.ask_keyed(Actor::Citizen(b), (6, 1), action)), "sold_out", "though a place is free now");
    assert_eq!(said(sample.reserve(b, single)), "ok");
}

#[test]
fn a_number_that_is_taken_gives_the_next_one() {
    let mut sample = open(4);
    let number = sample.number();
    let mut numbers = Vec::new();
    for (key, clinic) in [(1, "C1"), (2, "C2")] {
        let person = sample.citizen(key);
        let (authority, places) = (sample.inside(person), sample.single(clinic));
        let action = Action::ReserveAtOnce { person, campaign: CAMPAIGN, authority, facts: ADULT, places, number };
        if let Outcome::Reserved { number, .. } = sample.ask(Actor::Citizen(person), action) {
            numbers.push(number.value() / 10);
        }
    }
    assert_eq!(numbers, [number.value() / 10, number.value() / 10 + 1]);
}

#[test]
fn a_citizen_acts_for_themselves_only() {
    let mut sample = open(2);
    let (a, b, single) = (sample.citizen(1), sample.citizen(2), sample.single("C1"));
    let reservation = reserved(sample.reserve(a, single));
    let cancel = Action::Cancel { person: a, reservation };
    assert_eq!(said(sample.ask(Actor::Citizen(b), cancel)), "not_allowed");
    let as_own = Action::Cancel { person: b, reservation };
    assert_eq!(said(sample.ask(Actor::Citizen(b), as_own)), "reservation_unknown");
    let as_staff =
        Action::Hold { person: b, campaign: CAMPAIGN, authority: Authority::Staff, facts: ADULT, places: single };
    assert_eq!(said(sample.ask(Actor::Citizen(b), as_staff)), "not_allowed");
}

#[test]
fn a_journal_holds_so_many_campaigns_and_still_takes_their_next_versions() {
    let mut sample = open(2);
    let publish = |sample: &mut Sample, id: u16, version: u16| {
        let sample_campaign = campaign(DoseTwoPolicy::Together);
        let code = if id == 0 { sample_campaign.code.clone() } else { format!("campaign-{id}") };
        let next = Campaign { id: CampaignId(id), version: CampaignVersion(version), code, ..sample_campaign };
        let action = Action::PublishCampaign { campaign: Arc::new(next), text: "another".into() };
        said(sample.ask(OPERATOR, action))
    };
    let all = u16::try_from(CAMPAIGNS_MAX).unwrap();
    assert!((1..all).all(|id| publish(&mut sample, id, 1) == "ok"));
    assert_eq!(sample.book.campaigns().len(), CAMPAIGNS_MAX);
    assert_eq!(publish(&mut sample, all, 1), "limit_reached");
    assert_eq!(publish(&mut sample, 7, 2), "ok", "another version is no other campaign");
}

#[test]
fn a_version_follows_on_and_keeps_what_is_referred_to_by_position() {
    let mut sample = open(2);
    let check = |sample: &mut Sample, version: u16, change: fn(&mut Campaign), expect: &str| {
        let mut next = campaign(DoseTwoPolicy::Together);
        next.version = CampaignVersion(version);
        change(&mut next);
        let action = Action::PublishCampaign { campaign: Arc::new(next), text: "next".into() };
        assert_eq!(said(sample.ask(OPERATOR, action)), expect);
    };
    check(&mut sample, 1, |_| (), "campaign_version_stale");
    check(&mut sample, 3, |_| (), "campaign_version_stale");
    check(&mut sample, 2, |next| next.products.swap(0, 1), "campaign_version_stale");
    check(&mut sample, 2, |next| next.code = "other".to_owned(), "campaign_version_stale");
    check(&mut sample, 2, |next| next.openings[0].cumulative_share = 4_999, "campaign_version_stale");
    check(&mut sample, 2, |next| next.closed_days = [jiff::civil::date(2021, 8, 30)].into(), "ok");
    let person = sample.citizen(1);
    let single = sample.single("C1");
    assert_eq!(said(sample.reserve(person, single)), "slot_blocked", "the day is closed now");
    assert_eq!(counts(&sample, single.first).0, 0);
}

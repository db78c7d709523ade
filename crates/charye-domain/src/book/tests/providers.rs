//! Room: domain/book/tests. What operators say of identity providers: who may, what may be said, and of how many.

use super::*;
use crate::book::samples::OPERATOR;
use crate::identity::{IdentityProviderId, OperatorWord, OperatorWords, ProviderOrder};

fn say(sample: &mut Sample, actor: Actor, name: &str, word: OperatorWord, note: &str) -> &'static str {
    let provider = IdentityProviderId::parse(name).unwrap();
    let order = Box::new(ProviderOrder { provider, word, note: note.into() });
    said(sample.ask(actor, Action::SteerProvider { order }))
}

#[test]
fn only_operators_speak_about_providers_and_say_why() {
    let mut sample = open(1);
    let person = sample.citizen(1);
    for actor in [Actor::System, Actor::Citizen(person), Actor::Proxy(person)] {
        assert_eq!(say(&mut sample, actor, "kakao", OperatorWord::Closed, "drill"), "not_allowed", "{actor:?}");
    }
    assert_eq!(say(&mut sample, OPERATOR, "kakao", OperatorWord::Closed, ""), "terms_unsound");
    assert_eq!(say(&mut sample, OPERATOR, "kakao", OperatorWord::Capped(0), "drill"), "terms_unsound");
    assert_eq!(sample.book.operator_words().iter().len(), 0);
    assert_eq!(say(&mut sample, OPERATOR, "kakao", OperatorWord::Closed, "drill"), "ok");
    let kakao = IdentityProviderId::parse("kakao").unwrap();
    assert_eq!(sample.book.operator_words().of(&kakao), OperatorWord::Closed);
    assert_eq!(sample.replayed().operator_words(), sample.book.operator_words(), "a restart says the same");
}

#[test]
fn something_may_be_said_of_so_many_providers_and_taken_back_of_each() {
    let mut sample = open(1);
    for number in 0..OperatorWords::PROVIDERS_MAX {
        assert_eq!(say(&mut sample, OPERATOR, &format!("p{number}"), OperatorWord::Closed, "drill"), "ok");
    }
    assert_eq!(say(&mut sample, OPERATOR, "one-more", OperatorWord::Closed, "drill"), "limit_reached");
    assert_eq!(say(&mut sample, OPERATOR, "p7", OperatorWord::Open, "over"), "ok");
    assert_eq!(say(&mut sample, OPERATOR, "one-more", OperatorWord::Closed, "drill"), "ok");
}

//! Room: web/gate. Whom the gate takes for whom: a proof is worth nothing in another's hand, at another door, or from the moment
//! at which it ends.

use std::sync::Arc;

use charye_domain::book::StaffNumber;
use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::{CampaignId, CitizenKey, HelpId, OpeningId, Person};
use charye_domain::time::UnixMillis;
use charye_engine::fakes::{SeededRandom, ToyKeys};
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderValue};
use jiff::civil::date;

use super::*;

const NOW: UnixMillis = UnixMillis(1_628_506_800_000);
const ME: Person = Person(7);
const MOTHER: Person = Person(20);
const STRANGER: Person = Person(3);
const KIM: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";
const LEE: &str = "YW5vdGhlciB0aGF0IGlzIG5vIHNlY3JldCBlaXRoZXI=";

fn gate() -> Gate {
    Gate::new(Arc::new(ToyKeys), CookieSecurity::Loopback)
}

/// The gate of the agents' listener, with agents 12 and 13.
fn agents_gate() -> Gate {
    gate().with_agents(AgentKeys::read(&format!("12 kim 60 {KIM}\n13 lee 60 {LEE}\n")).unwrap())
}

fn login_of(person: Person, behalf: Option<Behalf>) -> LoginSession {
    let (scheme, random) = (UniquenessScheme::Rehearsal, SeededRandom::new(1));
    let own = LoginSession::begin(person, CitizenKey([9; 16]), scheme, date(1990, 3, 9), 11, NOW, &random);
    LoginSession { behalf, ..own }
}

fn helped_by(helper: Person) -> LoginSession {
    let name = HelpedName("김하늘".to_owned());
    login_of(MOTHER, Some(Behalf::Helper { helper, help: HelpId(5), name }))
}

fn caller_of(agent: u32) -> LoginSession {
    login_of(MOTHER, Some(Behalf::Agent { agent: StaffNumber(agent), reason: 101 }))
}

fn bearer_of(text: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {text}")).unwrap()
}

/// Cookies as a browser sends back what was set.
fn cookies(set: &[HeaderValue]) -> HeaderMap {
    let pairs = set.iter().map(|set| set.to_str().unwrap().split(';').next().unwrap());
    let sent = HeaderValue::from_str(&pairs.collect::<Vec<_>>().join("; ")).unwrap();
    HeaderMap::from_iter([(COOKIE, sent)])
}

fn person(caller: &Caller) -> Option<Person> {
    caller.login.as_ref().map(|login| login.person)
}

#[test]
fn a_browser_acts_for_another_only_with_a_login_of_its_own_person_for_them() {
    let gate = gate();
    let own = gate.login_cookie(&login_of(ME, None), NOW);
    let seen = |set: &[HeaderValue]| person(&gate.recognise(Surface::Page, &cookies(set), NOW));
    assert_eq!(seen(std::slice::from_ref(&own)), Some(ME));
    assert_eq!(seen(&[own.clone(), gate.login_cookie(&helped_by(ME), NOW)]), Some(MOTHER));
    assert_eq!(seen(&[own.clone(), gate.login_cookie(&helped_by(STRANGER), NOW)]), Some(ME), "another's helper");
    assert_eq!(seen(&[own, gate.login_cookie(&caller_of(12), NOW)]), Some(ME), "an agent's caller");
    assert_eq!(seen(&[gate.login_cookie(&helped_by(ME), NOW)]), None, "without a login of one's own");
}

#[test]
fn an_agents_caller_is_nobody_at_the_citizens_door_and_at_anothers_desk() {
    let sealed = |login: &LoginSession| gate().seal_login(login);
    let shown = |text: &str| HeaderMap::from_iter([(AUTHORIZATION, bearer_of(text))]);
    let citizens = |text: &str| person(&gate().recognise(Surface::Api, &shown(text), NOW));
    assert_eq!(citizens(&sealed(&helped_by(ME))), Some(MOTHER), "whoever shows it was given it");
    assert_eq!(citizens(&sealed(&caller_of(12))), None);

    let desk = |token: &str, caller: &LoginSession| {
        let mut headers = shown(token);
        headers.insert(CALLER_HEADER, HeaderValue::from_str(&sealed(caller)).unwrap());
        let caller = agents_gate().recognise(Surface::Api, &headers, NOW);
        (caller.agent.as_ref().map(|agent| agent.number.0), person(&caller))
    };
    assert_eq!(desk(KIM, &caller_of(12)), (Some(12), Some(MOTHER)));
    assert_eq!(desk(LEE, &caller_of(12)), (Some(13), None), "another agent's caller");
    assert_eq!(desk(KIM, &helped_by(ME)), (Some(12), None), "a helper's login");
    assert_eq!(desk("bm9ib2R5IGtub3dzIHRoaXMgdG9rZW4sIG5vYm9keQ==", &caller_of(12)), (None, None));
    let citizen = agents_gate().recognise(Surface::Api, &shown(&sealed(&login_of(ME, None))), NOW);
    assert_eq!((citizen.agent, citizen.login), (None, None), "a citizen's login opens nothing there");
}

#[test]
fn a_pass_is_ones_own_and_good_until_the_moment_at_which_it_ends() {
    let gate = gate();
    let ends_at = NOW.plus_secs(600);
    let pass_of =
        |person| Pass { campaign: CampaignId(0), opening: OpeningId(0), person, generation: 4, expires_at: ends_at };
    let login = gate.login_cookie(&login_of(ME, None), NOW);
    let seen = |pass: &Pass, at| {
        let sent = cookies(&[login.clone(), gate.pass_cookie(pass, NOW)]);
        let caller = gate.recognise(Surface::Page, &sent, at);
        assert_eq!(person(&caller), Some(ME));
        (caller.pass.is_some(), Gate::admit(&caller, Access::Inside))
    };
    let mine = pass_of(ME);
    assert_eq!(seen(&mine, ends_at.plus_millis(-1)), (true, Ok(())));
    assert_eq!(seen(&mine, ends_at), (false, Err(Refusal::WaitFirst)));
    assert_eq!(seen(&pass_of(STRANGER), NOW), (false, Err(Refusal::WaitFirst)));
    let without_login = gate.recognise(Surface::Page, &cookies(&[gate.pass_cookie(&mine, NOW)]), NOW);
    assert_eq!(without_login.pass, None);
    assert_eq!(Gate::admit(&without_login, Access::Inside), Err(Refusal::SignInFirst));
    for access in [Access::Operator, Access::Agent] {
        assert!(Gate::admit(&without_login, access).is_err(), "{access:?}");
    }
}

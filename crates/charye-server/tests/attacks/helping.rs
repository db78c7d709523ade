//! Attacks by helpers and in the call centre's name: acting without a consent that stands, for too many, with another's code;
//! asking as an agent without a token, a reason or what is left of a budget.

use serde_json::{Value, json};

use crate::citizen::Citizen;
use crate::scene::{Attack, CAMPAIGN, HOLDS, LINE, RESERVATIONS, Scene, VISIT};
use crate::support::{Answer, Client};

const INVITATIONS: &str = "/api/v1/helping/invitations";
const CODES: &str = "/api/v1/helping/codes";
const CHILDREN: &str = "/api/v1/helping/children";
const CALLERS: &str = "/api/v1/callers";
const KEY: &str = "a-key-of-an-attack";
/// Wrong codes, with the last of which an invitation is over.
const TRIES: usize = 5;
/// People whom one person may help.
const HELPED_MAX: usize = 4;
/// How long a code is good. Unit: seconds.
const CODE_SECS: u64 = 1_800;
/// How long a consent stands. Unit: seconds.
const CONSENT_SECS: u64 = 180 * 86_400;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "acting for whoever has a number", guards: &["consent"], attempt: numbers_counted },
    Attack { name: "guessing a code", guards: &["help-code"], attempt: code_guessed },
    Attack { name: "a code that was used", guards: &["book"], attempt: code_used },
    Attack { name: "a code after its time", guards: &["book"], attempt: code_too_late },
    Attack { name: "a code for oneself", guards: &["book"], attempt: code_for_oneself },
    Attack { name: "acting after the consent was ended", guards: &["consent"], attempt: consent_ended },
    Attack { name: "acting inside after the consent was ended", guards: &["consent"], attempt: consent_ended_inside },
    Attack { name: "acting after the helper ended it", guards: &["consent"], attempt: ended_by_helper },
    Attack { name: "helping more people than one may", guards: &["help-limit"], attempt: too_many_helped },
    Attack { name: "the best place of those one helps", guards: &["line"], attempt: best_of_the_helped },
    Attack { name: "what is a person's own, as their helper", guards: &["behalf"], attempt: own_affairs },
    Attack { name: "a login to act, edited", guards: &["login-seal"], attempt: acting_login_edited },
    Attack { name: "a stranger's child", guards: &["registry"], attempt: strangers_child },
    Attack { name: "asking as an agent without a token", guards: &["agents"], attempt: agent_without_token },
    Attack { name: "asking as an agent among citizens", guards: &["routes"], attempt: agent_among_citizens },
    Attack { name: "an agent beyond the budget", guards: &["agent-budget"], attempt: agent_beyond_budget },
    Attack { name: "an agent without a reason", guards: &["fields"], attempt: agent_without_reason },
    Attack { name: "another agent's caller, and one typed in", guards: &["login-seal"], attempt: callers_forged },
    Attack { name: "finding out who there is, as an agent", guards: &["registry"], attempt: agent_probes },
    // Last: half a year passes.
    Attack { name: "a consent kept for too long", guards: &["book"], attempt: consent_run_out },
];

fn code_of(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

fn bearing(citizen: &Citizen, login: &str) -> Citizen {
    Citizen { login: login.to_owned(), ticket: None, pass: None, ..citizen.clone() }
}

/// Somebody invites a helper: the invitation's number and the code that they were sent.
fn invited(scene: &Scene, helped: &Citizen) -> (u64, String) {
    let invitation = helped.api().post_json(INVITATIONS, KEY, &json!({})).expect(201).json();
    let help = invitation["help"].as_u64().unwrap();
    (help, scene.help_code(help))
}

/// Somebody with a consent of somebody else's: its number, and whoever acts with it.
fn acting(scene: &Scene, helper: &Citizen, helped: &Citizen) -> (u64, Citizen) {
    let (help, code) = invited(scene, helped);
    helper.api().post_json(CODES, KEY, &json!({ "code": code })).expect(201);
    (help, bearing(helped, &login_to_act(helper, help).expect(200).json()["login"].to_string().replace('"', "")))
}

fn login_to_act(helper: &Citizen, help: u64) -> Answer {
    helper.api().post_json(&format!("/api/v1/helping/{help}/login"), KEY, &json!({}))
}

fn end(citizen: &Citizen, help: u64) -> Answer {
    citizen.api().ask("DELETE", &format!("/api/v1/helping/{help}"), &[], "").unwrap()
}

/// Nothing of that person is seen or done.
fn may_nothing(scene: &mut Scene, acts: &Citizen) {
    let mut client = acts.api();
    for path in [format!("{HOLDS}?campaign={CAMPAIGN}"), format!("{RESERVATIONS}?campaign={CAMPAIGN}")] {
        let answer = client.get(&path);
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    for path in [LINE, VISIT] {
        let answer = client.post_json(path, KEY, &json!({}));
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
}

fn numbers_counted(scene: &mut Scene) {
    let (owner, helper, thief) = (scene.visitor(), scene.visitor(), scene.visitor());
    let (help, acts) = acting(scene, &helper, &owner);
    assert_eq!(acts.has(), (true, 0), "whoever was asked to help may look");
    for number in (0..help + 3).chain([u64::from(u32::MAX), u64::MAX]) {
        for answer in [login_to_act(&thief, number), end(&thief, number)] {
            assert!((400..500).contains(&answer.status), "{number}: {answer:?}");
        }
    }
    let told = thief.api().get("/api/v1/helping").expect(200).json();
    assert_eq!((&told["i_help"], &told["helps_me"]), (&json!([]), &json!([])));
    end(&owner, help).expect(200);
}

fn code_guessed(scene: &mut Scene) {
    let (owner, thief) = (scene.visitor(), scene.visitor());
    let (help, code) = invited(scene, &owner);
    let last = code.chars().last().unwrap().to_digit(10).unwrap();
    for guess in 1..=TRIES as u32 {
        let wrong = format!("{}{}", &code[..code.len() - 1], (last + guess) % 10);
        let answer = thief.api().post_json(CODES, KEY, &json!({ "code": wrong }));
        assert_eq!(code_of(&answer), "help_code_wrong", "{answer:?}");
    }
    // Even the right one, after so many wrong ones.
    let answer = thief.api().post_json(CODES, KEY, &json!({ "code": code }));
    assert_eq!(code_of(&answer), "help_unknown", "{answer:?}");
    assert!((400..500).contains(&login_to_act(&thief, help).status));
}

fn code_used(scene: &mut Scene) {
    let (owner, helper, thief) = (scene.visitor(), scene.visitor(), scene.visitor());
    let (help, code) = invited(scene, &owner);
    helper.api().post_json(CODES, KEY, &json!({ "code": code })).expect(201);
    for _ in 0..3 {
        let answer = thief.api().post_json(CODES, KEY, &json!({ "code": code }));
        assert_eq!(code_of(&answer), "help_unknown", "{answer:?}");
    }
    end(&owner, help).expect(200);
    let answer = helper.api().post_json(CODES, KEY, &json!({ "code": code }));
    assert_eq!(code_of(&answer), "help_unknown", "nor again by whom it was for: {answer:?}");
}

fn code_too_late(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    let (_, code) = invited(scene, &owner);
    scene.pass_time(CODE_SECS + 1);
    let answer = helper.api().post_json(CODES, KEY, &json!({ "code": code }));
    assert_eq!(code_of(&answer), "help_unknown", "{answer:?}");
}

fn code_for_oneself(scene: &mut Scene) {
    let owner = scene.visitor();
    let (_, code) = invited(scene, &owner);
    let answer = owner.api().post_json(CODES, KEY, &json!({ "code": code }));
    assert_eq!(code_of(&answer), "help_unknown", "{answer:?}");
}

fn consent_ended(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    let (help, acts) = acting(scene, &helper, &owner);
    end(&owner, help).expect(200);
    may_nothing(scene, &acts);
    assert!((400..500).contains(&login_to_act(&helper, help).status));
}

fn consent_ended_inside(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    scene.resume();
    let (help, mut acts) = acting(scene, &helper, &owner);
    acts.take_place();
    acts.go_in();
    let key = scene.new_key();
    acts.api().post_json(HOLDS, &key, &scene.places).expect(201);
    end(&owner, help).expect(200);
    may_nothing(scene, &acts);
    assert_eq!(owner.has(), (true, 0), "what the helper held is given back");
}

fn ended_by_helper(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    let (help, acts) = acting(scene, &helper, &owner);
    end(&helper, help).expect(200);
    may_nothing(scene, &acts);
}

fn too_many_helped(scene: &mut Scene) {
    let helper = scene.visitor();
    for helped in 1..=HELPED_MAX + 1 {
        let owner = scene.visitor();
        let (_, code) = invited(scene, &owner);
        let answer = helper.api().post_json(CODES, KEY, &json!({ "code": code }));
        let expected = if helped > HELPED_MAX { 409 } else { 201 };
        assert_eq!(answer.status, expected, "{helped}: {answer:?}");
    }
    assert_eq!(helper.api().get("/api/v1/helping").expect(200).json()["i_help"].as_array().unwrap().len(), HELPED_MAX);
}

fn best_of_the_helped(scene: &mut Scene) {
    scene.pause();
    let helper = scene.visitor();
    let [first, second] = std::array::from_fn(|_| {
        scene.later();
        let owner = scene.waiting();
        let (_, mut acts) = acting(scene, &helper, &owner);
        acts.take_place();
        assert_eq!(acts.place(), owner.place(), "whoever waits, the place is that of the person helped");
        acts
    });
    // The better place does not pass to another of those one helps, nor to the helper.
    for who in [&second, &helper] {
        let shown = Citizen { ticket: first.ticket.clone(), ..who.clone() };
        let answer = shown.claim();
        assert_eq!(answer.status, 409, "{answer:?}");
    }
    let mut again = second.clone();
    again.take_place();
    assert_eq!(again.place(), second.place());
    let mut own = helper.clone();
    scene.later();
    own.take_place();
    assert!(![first.place(), second.place()].contains(&own.place()), "helping is no place of one's own");
    // Nor does a visit: inside for one is inside for one.
    let mut inside = first.clone();
    scene.resume();
    inside.go_in();
    scene.pause();
    for outside in [&second, &own] {
        assert_eq!(scene.try_inside(&mut outside.with_pass(inside.pass.as_ref().unwrap()).api()), Vec::<String>::new());
    }
}

fn own_affairs(scene: &mut Scene) {
    let (owner, helper, other) = (scene.visitor(), scene.visitor(), scene.visitor());
    let (help, acts) = acting(scene, &helper, &owner);
    let (_, code) = invited(scene, &other);
    let asked = [(INVITATIONS, json!({})), (CODES, json!({ "code": code })), (CHILDREN, scene.child_told())];
    for (path, body) in asked {
        let answer = acts.api().post_json(path, KEY, &body);
        assert_eq!(code_of(&answer), "acting_for_another", "{path}: {answer:?}");
    }
    for answer in [acts.api().get("/api/v1/helping"), end(&acts, help), login_to_act(&acts, help)] {
        assert_eq!(code_of(&answer), "acting_for_another", "{answer:?}");
    }
}

fn acting_login_edited(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    let (_, acts) = acting(scene, &helper, &owner);
    for at in (0..acts.login.len()).step_by(5) {
        let other = if acts.login.as_bytes()[at] == b'A' { 'Q' } else { 'A' };
        let login: String = acts.login.char_indices().map(|(i, old)| if i == at { other } else { old }).collect();
        bearing(&acts, &login).api().get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(401);
    }
    // Half of one and half of the other.
    let mixed = format!("{}{}", &acts.login[..40], &helper.login[40..]);
    bearing(&acts, &mixed).api().get(&format!("{HOLDS}?campaign={CAMPAIGN}")).expect(401);
}

fn strangers_child(scene: &mut Scene) {
    let stranger = scene.visitor();
    let told = scene.child_told();
    let none = json!({ "campaign": CAMPAIGN, "name": "아무도", "birth_date": "2015-03-09", "registry_number": "1503093961111" });
    let [child, nobody] = [&told, &none].map(|told| stranger.api().post_json(CHILDREN, KEY, told));
    assert_eq!((child.status, &child.body), (404, &nobody.body), "another's child and none are told alike");
    assert_eq!(nobody.status, 404);
    assert_eq!(stranger.api().get("/api/v1/helping").expect(200).json()["i_help"], json!([]));
}

/// A caller as an agent asks for one.
fn caller(scene: &Scene, citizen: &Citizen) -> Value {
    let [name, born] = scene.details_of(&citizen.number);
    json!({ "campaign": CAMPAIGN, "reason": "no_device", "name": name, "birth_date": born, "registry_number": citizen.number })
}

fn agent_without_token(scene: &mut Scene) {
    let citizen = scene.insider();
    let asked = caller(scene, &citizen);
    let made_up = "A".repeat(44);
    for token in ["", "x", made_up.as_str(), citizen.login.as_str(), scene.operator_token()] {
        let mut client = Client::new(scene.server.agents.unwrap());
        client.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        client.post_json(CALLERS, KEY, &asked).expect(401);
        client.get("/api/v1/campaigns").expect(401);
        assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
    }
    let mut citizens = citizen.api();
    citizens.address = scene.server.agents.unwrap();
    assert_eq!(scene.try_inside(&mut citizens), Vec::<String>::new());
}

fn agent_among_citizens(scene: &mut Scene) {
    let citizen = scene.visitor();
    let mut agent = scene.agent(0);
    let asked = caller(scene, &citizen);
    let found = agent.post_json(CALLERS, KEY, &asked).expect(201).json();
    agent.headers.push(("Charye-Caller".to_owned(), found["caller"].as_str().unwrap().to_owned()));
    agent.get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(200);
    agent.address = scene.server.address;
    let mut agent_outside = Client::new(scene.server.address);
    agent_outside.headers = agent.headers.clone();
    assert_eq!(agent_outside.post_json(CALLERS, KEY, &asked).status, 404);
    agent_outside.get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(401);
    assert_eq!(scene.try_inside(&mut agent_outside), Vec::<String>::new());
}

fn agent_beyond_budget(scene: &mut Scene) {
    let citizen = scene.visitor();
    let (mut agent, asked) = (scene.agent(1), caller(scene, &citizen));
    let mut nobody = asked.clone();
    nobody["name"] = json!("아무도");
    // Whom nobody finds costs as much: two an hour.
    agent.post_json(CALLERS, KEY, &nobody).expect(404);
    agent.post_json(CALLERS, KEY, &asked).expect(201);
    for asked in [&asked, &nobody] {
        let answer = agent.post_json(CALLERS, KEY, asked);
        assert_eq!(answer.status, 429, "{answer:?}");
        assert!(answer.header("retry-after").is_some_and(|secs| secs.parse::<u32>().is_ok_and(|secs| secs > 60)));
    }
    scene.pass_time(3_601);
    agent.post_json(CALLERS, KEY, &asked).expect(201);
}

fn agent_without_reason(scene: &mut Scene) {
    let citizen = scene.visitor();
    let (mut agent, asked) = (scene.agent(0), caller(scene, &citizen));
    for reason in [json!(null), json!(""), json!("curious"), json!(0), json!(["no_device"])] {
        let mut bent = asked.clone();
        bent["reason"] = reason;
        let answer = agent.post_json(CALLERS, KEY, &bent);
        assert!((400..500).contains(&answer.status) && answer.status != 404, "{bent}: {answer:?}");
    }
    for member in ["campaign", "reason", "name", "birth_date", "registry_number"] {
        let mut bent = asked.clone();
        bent.as_object_mut().unwrap().remove(member);
        let answer = agent.post_json(CALLERS, KEY, &bent);
        assert!((400..500).contains(&answer.status), "{bent}: {answer:?}");
        assert!(answer.json().get("caller").is_none());
    }
}

fn callers_forged(scene: &mut Scene) {
    let citizen = scene.visitor();
    let asked = caller(scene, &citizen);
    let found = scene.agent(0).post_json(CALLERS, KEY, &asked).expect(201).json();
    let sealed = found["caller"].as_str().unwrap();
    let edited = format!("{}{}", &sealed[..sealed.len() - 1], if sealed.ends_with('A') { 'Q' } else { 'A' });
    for (agent, shown) in [(1, sealed), (0, edited.as_str()), (0, ""), (0, citizen.login.as_str()), (0, "0000000001")] {
        let mut client = scene.agent(agent);
        client.headers.push(("Charye-Caller".to_owned(), shown.to_owned()));
        let answer = client.get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}"));
        assert!((400..500).contains(&answer.status), "{shown}: {answer:?}");
        assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
    }
}

fn agent_probes(scene: &mut Scene) {
    let citizen = scene.visitor();
    let (mut agent, asked) = (scene.agent(0), caller(scene, &citizen));
    let wrong =
        [("name", json!("아무도")), ("birth_date", json!("1901-01-01")), ("registry_number", json!("1503093961111"))];
    let mut answers = Vec::new();
    for (member, value) in wrong {
        let mut bent = asked.clone();
        bent[member] = value;
        answers.push(agent.post_json(CALLERS, KEY, &bent).expect(404).body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "whatever was wrong, it is told alike: {answers:?}");
}

fn consent_run_out(scene: &mut Scene) {
    let (owner, helper) = (scene.visitor(), scene.visitor());
    let (help, _) = acting(scene, &helper, &owner);
    scene.pass_time(CONSENT_SECS + 1);
    let again = scene.sign_in(helper.number.clone());
    let answer = login_to_act(&again, help);
    assert_eq!(code_of(&answer), "help_not_standing", "{answer:?}");
}

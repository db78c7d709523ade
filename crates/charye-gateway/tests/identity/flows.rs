//! Room: gateway/tests. The suite that every provider passes, whatever its flow: an honest sign-in proves the same citizen,
//! once; a provider that fails, hangs or answers nonsense is told apart from a citizen who is refused; nothing panics.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use charye_engine::fakes::ToyKeys;
use charye_engine::identity::{BegunSignIn, SignInAnswer, SignInBy, SignInFailure};
use charye_engine::ports::{Begun, Doing, Keys as _, ProviderFault};
use charye_gateway::identity::IdentitySection;
use charye_gateway::identity::jose::encode;
use charye_gateway::identity::outbound::{AskOutside, Body, OutboundAnswer, OutboundRequest};
use serde_json::{Value, json};

use super::signer::OWN;
use super::stage::{NOW, Stage, failure, proven, query_of};

const NOW_SECS: i64 = NOW / 1_000;
const CI: &str = "connecting-information-of-88-characters";

/// A stand-in for the outside, by address.
#[derive(Default)]
struct Canned {
    says: Mutex<HashMap<String, Said>>,
    asked: Mutex<Vec<(String, String)>>,
}

#[derive(Clone)]
enum Said {
    Answer(u16, bool, String),
    Hangs,
}

impl Canned {
    fn say(&self, url: &str, status: u16, body: &Value) {
        self.says.lock().unwrap().insert(url.to_owned(), Said::Answer(status, true, body.to_string()));
    }

    fn all_say(&self, said: &Said) {
        for value in self.says.lock().unwrap().values_mut() {
            *value = said.clone();
        }
    }

    fn asked(&self) -> String {
        format!("{:?}", self.asked.lock().unwrap())
    }
}

impl AskOutside for Canned {
    fn ask(&self, request: OutboundRequest) -> Doing<'_, Result<OutboundAnswer, ProviderFault>> {
        let body = match &request.body {
            Body::Nothing => String::new(),
            Body::Form(form) => form.clone(),
            Body::Json(json) => String::from_utf8_lossy(json).into_owned(),
        };
        let url = request.to.as_str().to_owned();
        let said = self.says.lock().unwrap().get(&url).cloned();
        self.asked.lock().unwrap().push((url, body));
        Box::pin(async move {
            match said {
                None => Ok(OutboundAnswer { status: 404, is_json: false, body: Vec::new().into() }),
                Some(Said::Answer(status, is_json, body)) => {
                    Ok(OutboundAnswer { status, is_json, body: body.into_bytes().into() })
                }
                Some(Said::Hangs) => std::future::pending().await,
            }
        })
    }

    fn go_on(&self, work: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(work);
    }
}

/// One flow: its configuration, what an honest provider says, and how a citizen goes through it.
struct Flow {
    name: &'static str,
    config: &'static str,
    honest: fn(&Canned),
    goes_through: fn(&Stage, &Canned) -> Result<SignInAnswer, SignInFailure>,
    /// Whether completing asks the outside at all.
    asks_outside: bool,
    scheme: &'static str,
    identifier: &'static str,
}

const FLOWS: &[Flow] = &[
    Flow {
        name: "naver-oauth2",
        config: "preset = \"naver-oauth2\"\n[provider.oauth2]\nclient_id = \"c\"\nclient_secret = { environment = \"HUSH\" }",
        honest: |outside| {
            outside.say(
                "https://nid.naver.com/oauth2.0/token",
                200,
                &json!({"access_token": "at", "token_type": "bearer"}),
            );
            let response = json!({"id": "x", "ci": CI, "name": "김차례", "birthyear": "1985", "birthday": "02-28", "mobile": "010-1234-5678"});
            let document = json!({"resultcode": "00", "message": "success", "response": response});
            outside.say("https://openapi.naver.com/v1/nid/me", 200, &document);
        },
        goes_through: by_redirect,
        asks_outside: true,
        scheme: "ci",
        identifier: CI,
    },
    Flow {
        name: "kakao-oauth2",
        config: "preset = \"kakao-oauth2\"\n[provider.oauth2]\nclient_id = \"c\"\nclient_secret = { environment = \"HUSH\" }",
        honest: |outside| {
            outside.say(
                "https://kauth.kakao.com/oauth/token",
                200,
                &json!({"access_token": "at", "token_type": "bearer"}),
            );
            let account = json!({"ci": CI, "name": "김차례", "birthyear": "1985", "birthday": "0228",
                "birthday_type": "SOLAR", "phone_number": "+82 10-1234-5678"});
            outside.say("https://kapi.kakao.com/v2/user/me", 200, &json!({"id": 1, "kakao_account": account}));
        },
        goes_through: by_redirect,
        asks_outside: true,
        scheme: "ci",
        identifier: CI,
    },
    Flow {
        name: "naver",
        config: "preset = \"naver\"\n[provider.oidc]\nclient_id = \"c\"\nclient_secret = { environment = \"HUSH\" }",
        honest: |outside| openid(outside, "https://nid.naver.com"),
        goes_through: |stage, outside| by_openid(stage, outside, "https://nid.naver.com"),
        asks_outside: true,
        scheme: "pairwise-subject",
        identifier: "citizen-1",
    },
    Flow {
        name: "kakao",
        config: "preset = \"kakao\"\n[provider.oidc]\nclient_id = \"c\"\nclient_secret = { environment = \"HUSH\" }",
        honest: |outside| openid(outside, "https://kauth.kakao.com"),
        goes_through: |stage, outside| by_openid(stage, outside, "https://kauth.kakao.com"),
        asks_outside: true,
        scheme: "pairwise-subject",
        identifier: "citizen-1",
    },
    Flow {
        name: "plain-openid",
        config: r#"name = { ko = "은행", en = "Bank" }
            scheme = "pairwise-subject"
            assurance = "ial2"
            [provider.oidc]
            issuer = "https://bank.example"
            client_id = "c"
            client_proof = "none"
            scopes = ["openid"]
            algorithms = ["ES256"]
            [provider.profile]
            identifier = "/sub"
            name = "/name"
            birth_date = "/birthdate"
            phone = "/phone_number""#,
        honest: |outside| openid(outside, "https://bank.example"),
        goes_through: |stage, outside| by_openid(stage, outside, "https://bank.example"),
        asks_outside: true,
        scheme: "pairwise-subject",
        identifier: "citizen-1",
    },
    Flow {
        name: "ciba",
        config: r#"name = { ko = "은행 앱", en = "Bank app" }
            scheme = "pairwise-subject"
            assurance = "ial2"
            [provider.ciba]
            issuer = "https://bank.example"
            client_id = "c"
            client_secret = { environment = "HUSH" }
            scopes = ["openid"]
            algorithms = ["ES256"]
            hint = "login"
            [provider.profile]
            identifier = "/sub"
            name = "/name"
            birth_date = "/birthdate"
            phone = "/phone_number""#,
        honest: |outside| {
            openid(outside, "https://bank.example");
            outside.say(
                "https://bank.example/bc",
                200,
                &json!({"auth_req_id": "r1", "expires_in": 120, "interval": 1}),
            );
        },
        goes_through: |stage, outside| {
            let begun = stage.begin("p", &[("login", "citizen")])?;
            assert!(matches!(&begun.begun, Begun::Decoupled { compare: Some(number), .. } if number.len() == 2));
            outside.say("https://bank.example/token", 400, &json!({"error": "authorization_pending"}));
            for _ in 0..2 {
                match stage.answer("p", &begun, &[]) {
                    Ok(SignInAnswer::NotYet { .. }) => {}
                    other => return other,
                }
            }
            let id_token =
                OWN.sign(&json!({"alg": "ES256", "kid": "ec"}), &claims("https://bank.example", None).to_string());
            outside.say("https://bank.example/token", 200, &json!({"id_token": id_token, "access_token": "at"}));
            once(stage, &begun, &[])
        },
        asks_outside: true,
        scheme: "pairwise-subject",
        identifier: "citizen-1",
    },
    Flow {
        name: "pass-carrier",
        config: r#"preset = "pass-carrier"
            [provider.decoupled]
            begin_url = "https://pass.example/push"
            poll_url = "https://pass.example/status"
            client_id = "c"
            client_secret = { environment = "HUSH" }"#,
        honest: |outside| {
            outside.say("https://pass.example/push", 200, &json!({"txId": "t1"}));
            outside.say("https://pass.example/status", 200, &json!({"txId": "t1", "status": "PENDING"}));
        },
        goes_through: |stage, outside| {
            let filled_in = [("name", "김차례"), ("birth_date", "1985-02-28"), ("phone", "010-1234-5678")];
            let begun = stage.begin("p", &filled_in)?;
            match stage.answer("p", &begun, &[]) {
                Ok(SignInAnswer::NotYet { .. }) => {}
                other => return other,
            }
            let person = json!({"txId": "t1", "status": "COMPLETED", "ci": CI, "name": "김차례", "birthday": "19850228", "phoneNo": "01012345678"});
            outside.say("https://pass.example/status", 200, &person);
            once(stage, &begun, &[])
        },
        asks_outside: true,
        scheme: "ci",
        identifier: CI,
    },
    Flow {
        name: "kcb-window",
        config: r#"preset = "kcb-window"
            [provider.hosted_window]
            window_url = "https://window.example/confirm"
            client_id = "c"
            request_secret = { environment = "HUSH" }
            answer_key = { environment = "ANSWER_KEY" }
            signature_secret = { environment = "HUSH" }"#,
        honest: |outside| outside.say("https://window.example/confirm", 200, &json!({})),
        goes_through: |stage, _| {
            let begun = stage.begin("p", &[])?;
            let transaction = transaction_of(&begun);
            let person = json!({"transaction": transaction, "issued_at": NOW_SECS, "result": "verified", "ci": CI,
                "name": "김차례", "birth_date": "19850228", "phone": "01012345678"});
            let (answer, signature) = window_answer(&transaction, &person.to_string());
            once(stage, &begun, &[("transaction", &transaction), ("answer", &answer), ("signature", &signature)])
        },
        asks_outside: false,
        scheme: "ci",
        identifier: CI,
    },
    Flow {
        name: "registry",
        config: r#"name = { ko = "주민등록", en = "Registry" }
            scheme = "national-id"
            assurance = "ial3"
            [provider.registry]
            url = "https://registry.example/person"
            client_secret = { environment = "HUSH" }
            fields = { name = "nm", birth_date = "brth", registry_number = "rrn" }
            [provider.profile]
            identifier = "/personKey"
            name = "/name"
            birth_date = "/birth_date""#,
        honest: |outside| {
            outside.say("https://registry.example/person", 200, &json!({"personKey": "key-7", "phone": "x"}))
        },
        goes_through: |stage, _| {
            let filled_in = [("name", "김차례"), ("birth_date", "1985-02-28"), ("registry_number", "8502282961230")];
            assert_eq!(failure(stage.begin("p", &filled_in)), "unknown_provider", "never for citizens");
            let begun = stage.begin_by("p", &filled_in, SignInBy::Staff)?;
            once(stage, &begun, &filled_in)
        },
        asks_outside: true,
        scheme: "national-id",
        identifier: "key-7",
    },
];

/// Answers, and if it went well, again: which must be refused.
fn once(stage: &Stage, begun: &BegunSignIn, callback: &[(&str, &str)]) -> Result<SignInAnswer, SignInFailure> {
    let answered = stage.answer("p", begun, callback);
    if answered.is_ok() {
        assert_eq!(failure(stage.answer("p", begun, callback)), "already_used");
    }
    answered
}

fn by_redirect(stage: &Stage, _: &Canned) -> Result<SignInAnswer, SignInFailure> {
    let begun = stage.begin("p", &[])?;
    let state = query_of(&begun, "state");
    once(stage, &begun, &[("code", "x"), ("state", &state)])
}

fn openid(outside: &Canned, issuer: &str) {
    let document = json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"), "backchannel_authentication_endpoint": format!("{issuer}/bc")});
    outside.say(&format!("{issuer}/.well-known/openid-configuration"), 200, &document);
    outside.say(&format!("{issuer}/keys"), 200, &OWN.key_set());
    outside.say(&format!("{issuer}/token"), 400, &json!({"error": "invalid_grant"}));
    outside.say(&format!("{issuer}/userinfo"), 200, &claims(issuer, None));
}

fn claims(issuer: &str, nonce: Option<&str>) -> Value {
    json!({"iss": issuer, "aud": "c", "sub": "citizen-1", "iat": NOW_SECS, "exp": NOW_SECS + 300, "nonce": nonce,
        "name": "김차례", "birthdate": "1985-02-28", "phone_number": "+82 10-1234-5678"})
}

fn by_openid(stage: &Stage, outside: &Canned, issuer: &str) -> Result<SignInAnswer, SignInFailure> {
    let begun = stage.begin("p", &[])?;
    let (state, nonce) = (query_of(&begun, "state"), query_of(&begun, "nonce"));
    let algorithm = if issuer.contains("bank") { json!({"alg": "ES256"}) } else { json!({"alg": "RS256"}) };
    let id_token = OWN.sign(&algorithm, &claims(issuer, Some(&nonce)).to_string());
    let token = format!("{issuer}/token");
    if outside.says.lock().unwrap().get(&token).is_some_and(|said| matches!(said, Said::Answer(400, ..))) {
        outside.say(&token, 200, &json!({"id_token": id_token, "access_token": "at"}));
    }
    once(stage, &begun, &[("code", "x"), ("state", &state)])
}

fn transaction_of(begun: &BegunSignIn) -> String {
    let Begun::FormPost { fields, .. } = &begun.begun else { panic!("a form") };
    let signed: Vec<&str> = fields[..4].iter().map(|(_, value)| value.as_str()).collect();
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hush"), signed.join("|").as_bytes());
    assert_eq!(fields[4], ("signature".to_owned(), encode(expected.as_ref())));
    fields.iter().find(|(name, _)| name == "transaction").unwrap().1.clone()
}

fn window_answer(transaction: &str, person: &str) -> (String, String) {
    let bound = format!("c|{transaction}");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    let mut sealed = person.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    key.seal_in_place_append_tag(nonce, Aad::from(bound.as_bytes()), &mut sealed).unwrap();
    let answer = encode(&[&[9; 12], sealed.as_slice()].concat());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hush"), format!("{bound}|{answer}").as_bytes());
    (answer, encode(signature.as_ref()))
}

fn stage_of(flow: &Flow, deadline_ms: u64) -> (Stage, Arc<Canned>) {
    let outside = Arc::new(Canned::default());
    (flow.honest)(&outside);
    let config = format!(
        "public_url = \"https://vaccine.example\"\n[[provider]]\nid = \"p\"\ndeadline_ms = {deadline_ms}\n{}",
        flow.config
    );
    let section: IdentitySection = toml::from_str(&config).unwrap();
    (Stage::with(&section, Arc::clone(&outside) as _), outside)
}

#[test]
fn an_honest_provider_of_every_flow_proves_the_same_citizen_once() {
    for flow in FLOWS {
        let (stage, outside) = stage_of(flow, 10_000);
        let answered = (flow.goes_through)(&stage, &outside);
        let citizen = proven(answered.inspect_err(|failed| panic!("{}: {failed:?}", flow.name))).citizen;
        assert_eq!(citizen.key, ToyKeys.citizen_key(flow.scheme, flow.identifier.as_bytes()), "{}", flow.name);
        assert_eq!(
            (citizen.details.name.as_str(), citizen.details.birth_date.to_string().as_str()),
            ("김차례", "1985-02-28")
        );
        assert!(["01012345678", ""].contains(&citizen.details.phone.as_str()));
        assert_eq!(stage.runtime.block_on(stage.providers[0].probe()), Ok(()), "{}", flow.name);
    }
}

#[test]
fn a_provider_of_any_flow_that_fails_is_at_fault_and_the_citizen_is_not() {
    let answer = |status, is_json, body: &str| Said::Answer(status, is_json, body.to_owned());
    let rows = [
        (answer(500, true, "{}"), "Status(500)"),
        (answer(503, false, "busy"), "Status(503)"),
        (answer(429, true, "{}"), "Status(429)"),
        (answer(200, false, "<html>"), "Malformed"),
        (answer(200, true, "<html>"), "Malformed"),
        (answer(200, true, "{\"a\":1,\"a\":2}"), "Malformed"),
        (answer(200, true, "[]"), "Malformed"),
        (answer(200, true, ""), "Malformed"),
        (answer(200, true, "{}"), "Malformed"),
        (Said::Hangs, "TimedOut"),
    ];
    for flow in FLOWS.iter().filter(|flow| flow.asks_outside) {
        for (said, expected) in &rows {
            // What is answered is answered in time, however slow the machine is.
            let deadline_ms = if matches!(said, Said::Hangs) { 100 } else { 10_000 };
            let (stage, outside) = stage_of(flow, deadline_ms);
            outside.all_say(said);
            let ended = failure((flow.goes_through)(&stage, &outside));
            // An issuer that an empty document does not name is not believed; it is a fault all the same.
            let unnamed = ended == "Unbelievable(\"issuer in discovery\")";
            assert!(ended.starts_with(expected) || unnamed, "{}: {ended}, not {expected}", flow.name);
            if let Said::Answer(status @ 429.., ..) = said {
                let probed = stage.runtime.block_on(stage.providers[0].probe());
                assert_eq!(probed, Err(ProviderFault::Status(*status)), "{}", flow.name);
            }
        }
    }
}

#[test]
fn no_secret_is_printed_and_none_goes_into_an_address() {
    for flow in FLOWS {
        let (stage, outside) = stage_of(flow, 10_000);
        assert!((flow.goes_through)(&stage, &outside).is_ok());
        let asked = outside.asked.lock().unwrap().clone();
        assert!(asked.iter().all(|(url, _)| !url.contains("hush") && !url.contains("code")), "{}", flow.name);
        assert!(!format!("{:?}", stage.providers[0].facts()).contains("hush"));
    }
}

#[test]
fn what_a_forger_posts_to_the_way_back_of_a_window_opens_nothing_and_ends_nothing() {
    let flow = FLOWS.iter().find(|flow| flow.name == "kcb-window").unwrap();
    let (stage, outside) = stage_of(flow, 10_000);
    let begun = stage.begin("p", &[]).unwrap();
    let own = transaction_of(&begun);
    let other = transaction_of(&stage.begin("p", &[]).unwrap());
    let person = |transaction: &str, issued_at: i64, result: &str| {
        json!({"transaction": transaction, "issued_at": issued_at, "result": result, "ci": CI, "name": "김차례",
            "birth_date": "19850228"})
        .to_string()
    };
    let good = person(&own, NOW_SECS, "verified");
    let (answer, signature) = window_answer(&own, &good);
    let (foreign, foreign_signature) = window_answer(&other, &person(&other, NOW_SECS, "verified"));
    let try_with = |transaction: &str, answer: &str, signature: &str| {
        failure(stage.answer(
            "p",
            &begun,
            &[("transaction", transaction), ("answer", answer), ("signature", signature)],
        ))
    };
    let sealed = |person: &str| window_answer(&own, person);
    let said = |person: &str| {
        let (answer, signature) = sealed(person);
        try_with(&own, &answer, &signature)
    };
    assert_eq!(try_with(&own, &answer, &foreign_signature), "forged");
    assert_eq!(try_with(&own, &foreign, &foreign_signature), "forged", "an answer of another sign-in");
    assert_eq!(try_with(&other, &foreign, &foreign_signature), "state_mismatch");
    assert_eq!(try_with(&own, &answer[1..], &signature), "forged");
    assert_eq!(try_with(&own, &answer, "not base64!"), "forged");
    assert_eq!(try_with(&own, "", &signature), "parameter_missing");
    assert_eq!(said(&person(&own, NOW_SECS - 601, "verified")), "sign_in_expired");
    assert_eq!(said(&person(&own, NOW_SECS + 3_600, "verified")), "Unbelievable(\"time of issue\")");
    assert_eq!(said(&person(&other, NOW_SECS, "verified")), "Unbelievable(\"transaction\")");
    assert_eq!(said(&person(&own, NOW_SECS, "cancelled")), "cancelled");
    assert_eq!(said("{\"transaction\":1,\"transaction\":2}"), "Malformed(\"answer\")");
    // After all that, the citizen's own answer is still taken.
    assert_eq!(try_with(&own, &answer, &signature), "it went well");
    assert_eq!(outside.asked(), "[]");
}

#[test]
fn refusals_of_every_flow_are_the_citizens_and_have_words() {
    let flow = |name| FLOWS.iter().find(|flow| flow.name == name).unwrap();
    let after = |name, change: fn(&Canned)| {
        let (stage, outside) = stage_of(flow(name), 10_000);
        change(&outside);
        failure((flow(name).goes_through)(&stage, &outside))
    };
    let naver = |outside: &Canned| {
        outside.say("https://nid.naver.com/oauth2.0/token", 200, &json!({"error": "invalid_request"}))
    };
    assert_eq!(after("naver-oauth2", naver), "code_refused");
    let failed = |outside: &Canned| {
        outside.say("https://openapi.naver.com/v1/nid/me", 200, &json!({"resultcode": "024", "message": "failed"}));
    };
    assert_eq!(after("naver-oauth2", failed), "Malformed(\"userinfo says that it failed\")");
    let nothing = |outside: &Canned| {
        outside.say("https://kapi.kakao.com/v2/user/me", 200, &json!({"id": 1, "kakao_account": {}}))
    };
    assert_eq!(after("kakao-oauth2", nothing), "detail_missing");
    let nobody = |outside: &Canned| outside.say("https://bank.example/bc", 400, &json!({"error": "unknown_user_id"}));
    assert_eq!(after("ciba", nobody), "nobody_found");
    let rejected = |outside: &Canned| outside.say("https://pass.example/status", 200, &json!({"status": "REJECTED"}));
    assert_eq!(after("pass-carrier", rejected), "cancelled");
    let another = |outside: &Canned| {
        outside.say("https://pass.example/status", 200, &json!({"txId": "t2", "status": "COMPLETED"}))
    };
    assert_eq!(after("pass-carrier", another), "Unbelievable(\"request id\")");
    let unknown = |outside: &Canned| outside.say("https://registry.example/person", 404, &json!({}));
    assert_eq!(after("registry", unknown), "nobody_found");
    let another = |outside: &Canned| {
        outside.say("https://registry.example/person", 200, &json!({"personKey": "k", "birth_date": "1990-01-01"}));
    };
    assert_eq!(after("registry", another), "nobody_found");
    let keyless = |outside: &Canned| outside.say("https://registry.example/person", 200, &json!({"name": "김차례"}));
    assert_eq!(after("registry", keyless), "Malformed(\"no person key\")");
}

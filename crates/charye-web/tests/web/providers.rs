//! Signing in at identity providers by the API alone: the list with its lights, each flow from its beginning to a login, and
//! whatever may be missing, doubled, huge, old, of another client or of another provider.

use charye_domain::campaign::UniquenessScheme;
use charye_domain::identity::{Assurance, IdentityProviderId, OperatorWord, OperatorWords};
use charye_engine::fakes::{FakeProvider, Treatment};
use charye_engine::ports::{AskedField, FlowKind, IdentityProvider as _, ProviderFacts, ProviderFault};
use serde_json::{Value, json};

use crate::client::Heard;
use crate::stage::{Caller, Setting, Stage, plan};

/// A redirect, an app and a window, and a redirect that proves less than the campaign asks for.
struct Providers {
    naver: FakeProvider,
    app: FakeProvider,
    stage: Stage,
}

impl Providers {
    fn open() -> Self {
        let naver = FakeProvider::new("naver", FlowKind::OpenIdConnect);
        let facts = FakeProvider::new("app", FlowKind::Decoupled).facts().clone();
        let app = FakeProvider::with_facts(ProviderFacts { asks: vec![AskedField::Phone], ..facts });
        let window = FakeProvider::new("window", FlowKind::HostedWindow);
        let facts = FakeProvider::new("weak", FlowKind::OAuth2).facts().clone();
        let weak = FakeProvider::with_facts(ProviderFacts { assurance: Assurance::Ial1, ..facts });
        let accepts = (UniquenessScheme::ConnectingInformation, Assurance::Ial2);
        let providers = vec![naver.clone(), app.clone(), window, weak];
        Self { naver, app, stage: Stage::with(&Setting { providers, accepts, ..Setting::default() }) }
    }

    /// Begins at the first; what to send back, and the `state` that it was sent.
    fn begin(&self, caller: &mut Caller<'_>) -> (String, String) {
        let begun = begin(caller, "naver", &json!({ "campaign": "sample" }));
        assert_eq!((begun.status, begun.text("/next/kind").as_str()), (200, "redirect"), "{begun:?}");
        (begun.text("/sign_in"), state_of(&begun.text("/next/url")))
    }
}

fn begin(caller: &mut Caller<'_>, provider: &str, body: &Value) -> Heard {
    caller.post(&format!("/api/v1/providers/{provider}/begin"), None, body)
}

fn hand_over(caller: &mut Caller<'_>, provider: &str, sign_in: &str, returned: &str) -> Heard {
    let body = json!({ "sign_in": sign_in, "returned": returned });
    caller.post(&format!("/api/v1/providers/{provider}/callback"), None, &body)
}

fn state_of(url: &str) -> String {
    url.split_once("state=").unwrap().1.to_owned()
}

/// Goes in with the login that was answered.
fn goes_in(caller: &mut Caller<'_>, heard: &Heard) {
    assert_eq!((heard.status, heard.text("/status").as_str()), (200, "signed_in"), "{heard:?}");
    caller.login = Some(heard.text("/login"));
    caller.go_in();
}

#[test]
fn the_list_tells_each_light_in_words_and_whom_the_campaign_accepts() {
    let providers = Providers::open();
    let mut words = OperatorWords::default();
    words.say(&IdentityProviderId::parse("naver").unwrap(), OperatorWord::Closed);
    providers.stage.app.sign_in.as_ref().unwrap().go_by(&words);
    let mut caller = providers.stage.stranger();
    let heard = caller.get("/api/v1/providers?campaign=sample");
    assert_eq!(heard.header("cache-control"), Some("public, max-age=1"));
    let json = heard.json();
    let listed: Vec<_> = json["providers"].as_array().unwrap().iter().collect();
    let of = |id: &str| *listed.iter().find(|provider| provider["id"] == id).unwrap();
    assert_eq!(listed.last().unwrap()["id"], "naver", "quick ones first, closed ones last: {json}");
    assert_eq!((&of("naver")["light"], &of("naver")["light_words"]["ko"]), (&json!("closed"), &json!("이용 중지")));
    assert_eq!((&of("app")["light"], &of("app")["light_words"]["en"]), (&json!("smooth"), &json!("Smooth")));
    assert_eq!((&of("app")["flow"], &of("app")["asks"]), (&json!("decoupled"), &json!(["phone"])));
    assert_eq!((&of("weak")["fits"], &of("weak")["unfit_because"]), (&json!(false), &json!("assurance")));
    assert_eq!((&of("window")["fits"], &of("window")["unfit_because"]), (&json!(true), &Value::Null));
    assert_eq!(caller.get("/api/v1/providers?campaign=nowhere").code(), "campaign_unknown");
    assert_eq!(caller.get("/api/v1/providers?campagin=sample").code(), "request_invalid");
    let elsewhere = Stage::open();
    assert_eq!(elsewhere.stranger().get("/api/v1/providers").json(), json!({ "providers": [] }));
    let unknown = begin(&mut elsewhere.stranger(), "naver", &json!({}));
    assert_eq!((unknown.status, unknown.code()), (404, "unknown_provider".to_owned()));
}

#[test]
fn a_program_signs_in_by_redirect_by_window_and_by_app_and_goes_in() {
    let providers = Providers::open();
    let mut caller = providers.stage.stranger();
    let (sign_in, state) = providers.begin(&mut caller);
    let heard = hand_over(&mut caller, "naver", &sign_in, &format!("?code=one&state={state}"));
    goes_in(&mut caller, &heard);

    let mut caller = providers.stage.stranger();
    let begun = begin(&mut caller, "window", &json!({ "campaign": "sample" }));
    assert_eq!(begun.text("/next/kind"), "form_post");
    let transaction = begun.text("/next/fields/0/value");
    let heard =
        hand_over(&mut caller, "window", &begun.text("/sign_in"), &format!("transaction={transaction}&code=two"));
    goes_in(&mut caller, &heard);

    let mut caller = providers.stage.stranger();
    let filled_in = json!({ "campaign": "sample", "filled_in": [{ "name": "phone", "value": "010-1234-5678" }] });
    let begun = begin(&mut caller, "app", &filled_in);
    assert_eq!((begun.text("/next/kind").as_str(), begun.text("/next/compare").as_str()), ("decoupled", "42"));
    let poll = json!({ "sign_in": begun.text("/sign_in") });
    providers.app.treats_all(Treatment::NotYet);
    let heard = caller.post("/api/v1/providers/app/poll", None, &poll);
    assert_eq!((heard.text("/status").as_str(), &heard.json()["poll_after_secs"]), ("not_yet", &json!(2)));
    providers.app.treats_all(Treatment::Answers);
    let heard = caller.post("/api/v1/providers/app/poll", None, &poll);
    goes_in(&mut caller, &heard);
    assert_eq!(caller.post("/api/v1/providers/app/poll", None, &poll).code(), "already_used");
}

#[test]
fn who_signs_in_for_a_campaign_stands_in_its_line_with_that_answer_and_the_ticket_lets_nobody_else_in() {
    let accepts = (UniquenessScheme::ConnectingInformation, Assurance::Ial2);
    let providers = vec![FakeProvider::new("naver", FlowKind::OpenIdConnect)];
    let stage = Stage::with(&Setting { providers, accepts, line: Some(plan(1)), ..Setting::default() });
    let signs_in = |code: &str| {
        let mut caller = stage.stranger();
        let begun = begin(&mut caller, "naver", &json!({ "campaign": "sample" }));
        let state = state_of(&begun.text("/next/url"));
        let returned = format!("code={code}&state={state}");
        let heard = hand_over(&mut caller, "naver", &begun.text("/sign_in"), &returned);
        assert_eq!((heard.status, heard.text("/line/ticket").is_empty()), (200, false), "{heard:?}");
        (caller, heard.text("/login"), heard.text("/line/ticket"))
    };
    let claim = |caller: &mut Caller<'_>, login: &str, ticket: &str| {
        let bearer = format!("Bearer {login}");
        let headers = [("Authorization", bearer.as_str()), ("Charye-Ticket", ticket)];
        caller.ask("POST", "/api/v1/campaigns/sample/visit", &headers, b"")
    };
    let (mut first, login, ticket) = signs_in("one");
    stage.pass(1_000);
    let polled = first.ask("GET", "/api/v1/line", &[("Charye-Ticket", &ticket)], b"");
    assert_eq!(polled.text("/state"), "come", "{polled:?}");
    let (mut second, other_login, _) = signs_in("two");
    stage.pass(1_000);
    let refused = claim(&mut second, &other_login, &ticket);
    assert_eq!((refused.status, refused.code()), (409, "not_called".to_owned()), "somebody else's ticket");
    let entered = claim(&mut first, &login, &ticket);
    assert_eq!((entered.status, entered.text("/pass").is_empty()), (200, false), "{entered:?}");
}

#[test]
fn a_beginning_that_does_not_fit_is_told_what_is_wrong_with_it() {
    let providers = Providers::open();
    let mut caller = providers.stage.stranger();
    let mut check = |provider: &str, body: Value, status: u16, code: &str| {
        let heard = begin(&mut caller, provider, &body);
        assert_eq!((heard.status, heard.code()), (status, code.to_owned()), "{provider} {body}");
        heard
    };
    let phone = |value: &str| json!({ "name": "phone", "value": value });
    check("nobody", json!({}), 404, "unknown_provider");
    check("%3Cscript%3E", json!({}), 404, "unknown_provider");
    check("weak", json!({ "campaign": "sample" }), 422, "not_for_campaign");
    check("naver", json!({ "campaign": "nowhere" }), 404, "campaign_unknown");
    let heard = check("app", json!({}), 422, "parameter_missing");
    assert_eq!(heard.json()["errors"], json!([{ "field": "phone", "code": "missing" }]));
    check("app", json!({ "filled_in": [phone("")] }), 422, "parameter_missing");
    let heard = check("app", json!({ "filled_in": [phone("1"), phone("2")] }), 422, "parameter_doubled");
    assert_eq!(heard.json()["errors"][0]["code"], "twice");
    check("app", json!({ "filled_in": [phone(&"1".repeat(9_000))] }), 422, "parameter_unfit");
    check("app", json!({ "filled_in": vec![json!({ "name": "a", "value": "" }); 33] }), 422, "parameter_unfit");
    check("naver", json!({ "instead_of": "x".repeat(2_801) }), 422, "not_begun_here");
    check("naver", json!({ "instead_of": "!" }), 422, "not_begun_here");
    check("naver", json!({ "whatever": 1 }), 400, "request_malformed");
    check("naver", json!([]), 400, "request_malformed");
    check("naver", json!({ "filled_in": [phone("x".repeat(17_000).as_str())] }), 413, "request_too_large");
}

#[test]
fn what_comes_back_wrong_signs_nobody_in_and_asks_nobody_outside() {
    let providers = Providers::open();
    let mut caller = providers.stage.stranger();
    let mut check = |provider: &str, returned: &dyn Fn(&str) -> String, code: &str| {
        let (sign_in, state) = providers.begin(&mut caller);
        let heard = hand_over(&mut caller, provider, &sign_in, &returned(&state));
        assert_eq!((heard.status, heard.code()), (422, code.to_owned()));
    };
    check("naver", &|_| String::new(), "parameter_missing");
    check("naver", &|_| "code=a".to_owned(), "parameter_missing");
    check("naver", &|state| format!("code=a&state={state}&state={state}"), "parameter_doubled");
    check("naver", &|_| format!("code=a&state={}", "0".repeat(32)), "state_mismatch");
    check("naver", &|state| format!("code=a&state={state}{}", "&x=y".repeat(40)), "parameter_unfit");
    check("naver", &|state| format!("code=a&state={state}{}", "&x=y".repeat(100)), "parameter_unfit");
    check("naver", &|_| "code=%ff&state=%fe".to_owned(), "parameter_unfit");
    check("weak", &|state| format!("code=a&state={state}"), "other_provider");
    assert_eq!(providers.naver.asked(), 0, "nothing went out for any of these");

    let (sign_in, state) = providers.begin(&mut caller);
    let returned = format!("code=a&state={state}");
    let mut changed = sign_in.clone();
    changed.replace_range(20..21, if &sign_in[20..21] == "A" { "B" } else { "A" });
    for other in ["", "!", "A", &sign_in[1..], &changed, &format!("{sign_in}AAAA"), &"A".repeat(3_000)] {
        assert_eq!(hand_over(&mut caller, "naver", other, &returned).code(), "not_begun_here", "{other}");
    }
    // Another client's: what it keeps is its own, and does not fit this answer.
    let (others, _) = providers.begin(&mut providers.stage.stranger());
    assert_eq!(hand_over(&mut caller, "naver", &others, &returned).code(), "state_mismatch");
    assert_eq!(providers.naver.asked(), 0);
    providers.stage.pass(600_001);
    assert_eq!(hand_over(&mut caller, "naver", &sign_in, &returned).code(), "sign_in_expired");
    assert_eq!(providers.naver.asked(), 0);
}

#[test]
fn an_answer_is_taken_once_and_a_failing_provider_is_not_the_citizens_fault() {
    let providers = Providers::open();
    let mut caller = providers.stage.stranger();
    let (sign_in, state) = providers.begin(&mut caller);
    let returned = format!("code=a&state={state}");
    assert_eq!(hand_over(&mut caller, "naver", &sign_in, &returned).status, 200);
    assert_eq!(hand_over(&mut caller, "naver", &sign_in, &returned).code(), "already_used");

    providers.naver.treats_all(Treatment::Fails(ProviderFault::Status(500)));
    let (failed, state) = providers.begin(&mut caller);
    let heard = hand_over(&mut caller, "naver", &failed, &format!("code=a&state={state}"));
    assert_eq!((heard.status, heard.code()), (502, "provider_fault".to_owned()));
    // The time of that beginning counts at another provider.
    providers.naver.treats_all(Treatment::Answers);
    providers.stage.pass(30_000);
    let again = begin(&mut caller, "naver", &json!({ "campaign": "sample", "instead_of": failed }));
    let state = state_of(&again.text("/next/url"));
    let heard = hand_over(&mut caller, "naver", &again.text("/sign_in"), &format!("code=b&state={state}"));
    goes_in(&mut caller, &heard);
}

#[test]
fn who_waits_at_a_provider_keeps_their_place_by_sending_it_along() {
    let providers = Providers::open();
    let desk = providers.stage.app.sign_in.clone().unwrap();
    let say = |word| {
        let mut words = OperatorWords::default();
        words.say(&IdentityProviderId::parse("app").unwrap(), word);
        desk.go_by(&words);
    };
    say(OperatorWord::Capped(0));
    let mut caller = providers.stage.stranger();
    let body = json!({ "campaign": "sample", "filled_in": [{ "name": "phone", "value": "010-1234-5678" }] });
    let first = begin(&mut caller, "app", &body);
    assert_eq!((first.status, first.code(), &first.json()["ahead"]), (503, "in_line".to_owned(), &json!(0)));
    assert!(first.header("retry-after").is_some());
    assert_eq!(begin(&mut caller, "app", &body).json()["ahead"], 1, "without the place one is another");
    let place = json!({ "instead_of": first.text("/sign_in") });
    let again = begin(&mut caller, "app", &place);
    assert_eq!((again.code(), &again.json()["ahead"]), ("in_line".to_owned(), &json!(0)));
    // A place is no sign-in: nothing answers it.
    let poll = caller.post("/api/v1/providers/app/poll", None, &json!({ "sign_in": first.text("/sign_in") }));
    assert_eq!(poll.code(), "not_begun_here");
    say(OperatorWord::Open);
    let begun = begin(&mut caller, "app", &json!({ "instead_of": again.text("/sign_in") }));
    let heard = caller.post("/api/v1/providers/app/poll", None, &json!({ "sign_in": begun.text("/sign_in") }));
    goes_in(&mut caller, &heard);
}

#[test]
fn one_person_signs_in_five_times_in_ten_minutes_and_not_a_sixth_time() {
    let providers = Providers::open();
    let mut caller = providers.stage.stranger();
    let mut sign_in = |code: &str| {
        let (sign_in, state) = providers.begin(&mut caller);
        hand_over(&mut caller, "naver", &sign_in, &format!("code={code}&state={state}"))
    };
    for _ in 0..5 {
        assert_eq!(sign_in("one").status, 200);
    }
    let sixth = sign_in("one");
    assert_eq!((sixth.status, sixth.code()), (429, "too_often".to_owned()));
    assert_eq!(sign_in("another").status, 200, "nobody else is told to wait");
}

#[test]
fn a_person_is_one_whatever_provider_proves_it_and_a_newer_device_takes_the_visit_over() {
    let providers = Providers::open();
    let mut older = providers.stage.stranger();
    let (sign_in, state) = providers.begin(&mut older);
    let heard = hand_over(&mut older, "naver", &sign_in, &format!("code=same&state={state}"));
    goes_in(&mut older, &heard);
    let slot = older.slots("single", "2021-08-30").remove(0);

    // The same connecting information, proven by another provider.
    let mut newer = providers.stage.stranger();
    let begun = begin(&mut newer, "window", &json!({ "campaign": "sample" }));
    let transaction = begun.text("/next/fields/0/value");
    let heard =
        hand_over(&mut newer, "window", &begun.text("/sign_in"), &format!("transaction={transaction}&code=same"));
    goes_in(&mut newer, &heard);
    let told = older.reserve(&slot, "older-key-1");
    assert_eq!((told.status, told.code()), (403, "visit_moved".to_owned()), "the older device is told");
    assert_eq!(newer.reserve(&slot, "newer-key-1").status, 201);
    let mine = older.get("/api/v1/reservations?campaign=sample").json();
    assert_eq!(mine["reservations"].as_array().unwrap().len(), 1, "one person, one reservation: {mine}");
}

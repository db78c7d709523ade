//! Attacks on signing in, through the rehearsal's own identity providers: a way back that is another's, bent, late or used,
//! and beginnings that one browser makes for others.

use serde_json::json;

use crate::scene::{Attack, CAMPAIGN, RESERVATIONS, Scene};
use crate::support::{Answer, Client};

/// Those whose browsers are sent away and come back.
const REDIRECTED: &[&str] = &["oauth2", "oidc"];
/// What comes back with them.
const PARAMETERS: &[&str] = &["code", "state", "iss"];
/// How long a sign-in may take, and a little more. Unit: seconds.
const TOO_LATE_SECS: u64 = 660;
/// Sign-ins of one person that are completed within ten minutes.
const COMPLETED_MAX: usize = 5;

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "a way back that nobody began", guards: &["browser"], attempt: not_begun },
    Attack { name: "a way back with another state", guards: &["sign-in-state"], attempt: other_state },
    Attack { name: "another's way back in one's own browser", guards: &["sign-in-state"], attempt: anothers_way_back },
    Attack { name: "a way back, taken twice", guards: &["once"], attempt: way_back_twice },
    Attack { name: "the way back of another provider", guards: &["browser"], attempt: other_providers_way },
    Attack {
        name: "a way back with parameters missing, doubled or huge",
        guards: &["fields"],
        attempt: bent_parameters,
    },
    Attack { name: "a sign-in's cookie, edited or cut", guards: &["browser"], attempt: edited_cookie },
    Attack { name: "a sign-in that was cancelled", guards: &["browser"], attempt: cancelled },
    Attack { name: "a push to another's phone, seen from elsewhere", guards: &["browser"], attempt: push_elsewhere },
    Attack { name: "a window's answer, written by hand", guards: &["browser"], attempt: window_by_hand },
    Attack { name: "begun by a farm, finished in other browsers", guards: &["browser"], attempt: farm_without_cookie },
    Attack { name: "begun by a farm, whose cookie is sold", guards: &["once"], attempt: farm_with_cookie },
    Attack { name: "begun by a farm, begun again by many", guards: &["begin-again"], attempt: farm_begun_again },
    Attack { name: "a sixth sign-in within ten minutes", guards: &["too-often"], attempt: too_often },
    Attack {
        name: "the API's steps, each member missing, doubled or huge",
        guards: &["fields"],
        attempt: bent_members,
    },
    Attack { name: "the API's steps with what another began", guards: &["browser"], attempt: anothers_steps },
    Attack { name: "the API's answer, handed over twice", guards: &["once"], attempt: handed_over_twice },
    Attack { name: "a sign-in finished an hour later", guards: &["sign-in-age"], attempt: finished_late },
];

const KEY: &str = "not-needed";

/// A sign-in that a browser has begun, and the provider's address it was sent to.
struct Begun {
    provider: &'static str,
    browser: Client,
    url: String,
}

impl Begun {
    fn at(scene: &Scene, provider: &'static str) -> Self {
        Self::by(scene.server.client(), provider)
    }

    fn by(mut browser: Client, provider: &'static str) -> Self {
        browser.headers = vec![("Accept-Language".to_owned(), "en".to_owned())];
        let next = format!("/line/{CAMPAIGN}");
        let page = browser.post(&format!("/sign-in/{provider}"), &[("next", &next)]).expect(200).body;
        let link =
            page.split("href=\"").find(|rest| rest.starts_with("http://127.0.0.1") && rest.contains("authorize"));
        let link = link.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no way on:\n{page}"));
        Self { provider, browser, url: link.replace("&amp;", "&").replace("&#38;", "&") }
    }

    /// What the provider was told in the address.
    fn told(&self, name: &str) -> String {
        let query = self.url.split_once('?').unwrap().1;
        let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
        pair.map(|(_, value)| decoded(value)).unwrap_or_default()
    }

    /// Somebody says at the provider who they are: the way back, from its path on.
    fn confirmed_as(&self, scene: &Scene, number: &str) -> String {
        self.answered(&scene.row_of(number).to_string())
    }

    fn answered(&self, citizen: &str) -> String {
        let (address, _) = self.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let fields = ["redirect_uri", "state", "nonce", "code_challenge"].map(|name| (name, self.told(name)));
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("citizen", citizen));
        let mut outside = Client::new(address.parse().unwrap());
        let answer = outside.post(&format!("/{}/consent", self.provider), &fields).expect(303);
        let back = answer.header("location").unwrap();
        back[back.find("/sign-in/").unwrap()..].to_owned()
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        match (first, (*first == b'%').then(hex).flatten()) {
            (_, Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (byte, None) => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn is_signed_in(browser: &Client) -> bool {
    browser.cookies.iter().any(|(name, _)| name == "charye_login")
}

/// The place that a browser was given with its sign-in.
fn place_of(browser: &Client) -> u64 {
    let ticket = browser.cookies.iter().find(|(name, _)| name == "charye_ticket").unwrap();
    u64::from_le_bytes(crate::scene::signed_of(&ticket.1)[12..20].try_into().unwrap())
}

/// Turned back with a page that says what to do next, tells nothing of the inside, and is counted.
fn turned_back(scene: &Scene, browser: &mut Client, ask: impl FnOnce(&mut Client) -> Answer) {
    let before = scene.figure("charye_sign_in_turned_back_total");
    let answer = ask(browser);
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert!(!is_signed_in(browser), "{answer:?}");
    assert!(answer.body.contains("href=\"/sign-in"), "a way on: {answer:?}");
    for inside in ["panicked", ".rs:", "Error {", "Some(", "client_secret", "code_verifier"] {
        assert!(!answer.body.contains(inside), "{inside}: {answer:?}");
    }
    assert!(scene.figure("charye_sign_in_turned_back_total") > before, "every attempt is counted: {answer:?}");
}

/// The honest way, so that a refusal means something.
fn goes_on(browser: &mut Client, back: &str) {
    let answer = browser.get(back);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(is_signed_in(browser));
}

fn with_parameter(back: &str, name: &str, value: Option<&str>) -> String {
    let (path, query) = back.split_once('?').unwrap();
    let pairs = query.split('&').filter_map(|pair| match (pair.split('=').next() == Some(name), value) {
        (true, None) => None,
        (true, Some(value)) => Some(format!("{name}={value}")),
        (false, _) => Some(pair.to_owned()),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn parameter(back: &str, name: &str) -> String {
    let query = back.split_once('?').unwrap().1;
    let pair = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
    pair.unwrap_or_else(|| panic!("no {name} in {back}")).1.to_owned()
}

fn not_begun(scene: &mut Scene) {
    let number = scene.number();
    for provider in REDIRECTED {
        let mut begun = Begun::at(scene, provider);
        let back = begun.confirmed_as(scene, &number);
        let mut elsewhere = scene.server.client();
        turned_back(scene, &mut elsewhere, |browser| browser.get(&back));
        turned_back(scene, &mut elsewhere, |browser| browser.get(&format!("/sign-in/{provider}/callback")));
        goes_on(&mut begun.browser, &back);
    }
}

fn other_state(scene: &mut Scene) {
    let number = scene.number();
    for provider in REDIRECTED {
        let mut begun = Begun::at(scene, provider);
        let back = begun.confirmed_as(scene, &number);
        let state = parameter(&back, "state");
        let last = if state.ends_with('0') { '1' } else { '0' };
        let bent =
            [format!("{}{last}", &state[..state.len() - 1]), state.to_uppercase() + "0", "0".repeat(state.len())];
        for state in &bent {
            let bent = with_parameter(&back, "state", Some(state));
            turned_back(scene, &mut begun.browser, |browser| browser.get(&bent));
        }
        goes_on(&mut begun.browser, &back);
    }
}

fn anothers_way_back(scene: &mut Scene) {
    let thief = scene.number();
    for provider in REDIRECTED {
        let back = Begun::at(scene, provider).confirmed_as(scene, &thief);
        let mut victim = Begun::at(scene, provider);
        turned_back(scene, &mut victim.browser, |browser| browser.get(&back));
        // With the victim's own state, the thief's code is good for nothing.
        let mixed = with_parameter(&back, "state", Some(&victim.told("state")));
        let answer = victim.browser.get(&mixed);
        assert!(answer.status >= 400 && !is_signed_in(&victim.browser), "{answer:?}");
    }
}

fn way_back_twice(scene: &mut Scene) {
    let number = scene.number();
    for provider in REDIRECTED {
        let mut begun = Begun::at(scene, provider);
        let back = begun.confirmed_as(scene, &number);
        let carried = begun.browser.cookies.clone();
        goes_on(&mut begun.browser, &back);
        let mut again = scene.server.client();
        again.cookies = carried;
        turned_back(scene, &mut again, |browser| browser.get(&back));
    }
}

fn other_providers_way(scene: &mut Scene) {
    let number = scene.number();
    for (from, to) in [("oauth2", "oidc"), ("oidc", "oauth2"), ("oidc", "nobody"), ("oidc", "registry")] {
        let mut begun = Begun::at(scene, from);
        let back = begun.confirmed_as(scene, &number).replace(&format!("/{from}/"), &format!("/{to}/"));
        turned_back(scene, &mut begun.browser, |browser| browser.get(&back));
        turned_back(scene, &mut begun.browser, |browser| browser.get(&format!("/sign-in/{to}/wait")));
    }
}

fn bent_parameters(scene: &mut Scene) {
    let number = scene.number();
    let huge = "x".repeat(900);
    // What spends no code comes first: a code is asked about once.
    let begun = Begun::at(scene, "oidc");
    let back = begun.confirmed_as(scene, &number);
    let carried = begun.browser.cookies.clone();
    for name in PARAMETERS {
        let twice = format!("{back}&{name}={}", parameter(&back, name));
        for bent in [with_parameter(&back, name, None), twice, with_parameter(&back, name, Some(&huge))] {
            let mut browser = scene.server.client();
            browser.cookies.clone_from(&carried);
            turned_back(scene, &mut browser, |browser| browser.get(&bent));
        }
    }
    for name in ["code", "state"] {
        for value in ["", "%00", "%FF", "%20", "%3Cscript%3E"] {
            let mut begun = Begun::at(scene, "oauth2");
            let back = begun.confirmed_as(scene, &number);
            let answer = begun.browser.get(&with_parameter(&back, name, Some(value)));
            assert!(answer.status >= 400 && !is_signed_in(&begun.browser), "{name}={value}: {answer:?}");
            assert!(!answer.body.contains("<script>"), "{answer:?}");
        }
    }
    for provider in ["", "no%2Fbody", "NOBODY", "registry", &huge[..100]] {
        let answer = scene.server.client().post(&format!("/sign-in/{provider}"), &[("next", "/")]);
        assert!((400..500).contains(&answer.status), "{provider}: {answer:?}");
    }
}

fn edited_cookie(scene: &mut Scene) {
    let number = scene.number();
    let begun = Begun::at(scene, "oauth2");
    let back = begun.confirmed_as(scene, &number);
    let (name, carried) = begun.browser.cookies.iter().find(|(name, _)| name == "charye_sign_in").unwrap();
    let sealed = carried.split('.').next().unwrap();
    let edited = (0..sealed.len()).step_by(11).map(|at| {
        let other = if carried.as_bytes()[at] == b'A' { 'Q' } else { 'A' };
        carried.char_indices().map(|(index, old)| if index == at { other } else { old }).collect::<String>()
    });
    // What follows the seal is only where to go on after a failure, and digits to compare.
    let cut = (0..sealed.len()).step_by(29).map(|end| format!("{}{}", &sealed[..end], &carried[sealed.len()..]));
    for bent in edited.chain(cut).chain([format!("{sealed}{carried}"), "..".to_owned()]) {
        let mut browser = scene.server.client();
        browser.cookies.push((name.clone(), bent));
        turned_back(scene, &mut browser, |browser| browser.get(&back));
    }
    let mut browser = begun.browser;
    goes_on(&mut browser, &back);
}

fn cancelled(scene: &mut Scene) {
    for provider in REDIRECTED {
        let mut begun = Begun::at(scene, provider);
        let back = begun.answered("none");
        turned_back(scene, &mut begun.browser, |browser| browser.get(&back));
    }
}

fn push_elsewhere(scene: &mut Scene) {
    let number = scene.number();
    let mut browser = scene.server.client();
    let fields = [("login", number.as_str()), ("name", "x"), ("birth_date", "1990-01-01"), ("phone", "01012345678")];
    let begun = browser.post("/sign-in/ciba", &fields);
    assert_eq!(begun.status, 200, "{begun:?}");
    let mut elsewhere = scene.server.client();
    turned_back(scene, &mut elsewhere, |browser| browser.get("/sign-in/ciba/wait"));
    turned_back(scene, &mut elsewhere, |browser| browser.get("/sign-in/ciba/callback"));
    assert!(!is_signed_in(&browser), "nobody has confirmed yet");
}

fn window_by_hand(scene: &mut Scene) {
    let mut browser = scene.server.client();
    let page = browser.post("/sign-in/window", &[("next", "/")]).expect(200).body;
    let transaction = crate::support::input_value(&page, "transaction");
    let answers = [("AAAA", "AAAA"), ("", ""), ("e30", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")];
    for (answer, signature) in answers {
        let fields = [("transaction", transaction.as_str()), ("answer", answer), ("signature", signature)];
        turned_back(scene, &mut browser, |browser| browser.post("/sign-in/window/callback", &fields));
    }
}

/// A sign-in that a program has begun: what it keeps, and where it was sent.
fn begun_by_api(scene: &Scene, provider: &'static str) -> (String, Begun) {
    let mut browser = scene.server.client();
    let asked = json!({ "campaign": CAMPAIGN });
    let told = browser.post_json(&format!("/api/v1/providers/{provider}/begin"), KEY, &asked).expect(200).json();
    let [sign_in, url] = [&told["sign_in"], &told["next"]["url"]].map(|text| text.as_str().unwrap().to_owned());
    (sign_in, Begun { provider, browser, url })
}

/// What a program hands over: the query that came back.
fn returned(back: &str) -> &str {
    back.split_once('?').unwrap().1
}

/// Refused by a problem with a code and words, and nothing of the inside.
fn problem_told(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    let told = answer.json();
    assert!(told.get("login").is_none(), "{what}: {told}");
    for member in ["code", "title", "detail"] {
        assert!(told[member].as_str().is_some_and(|text| !text.is_empty()), "{what}: no {member}: {told}");
    }
    for inside in ["panicked", ".rs:", "Error {", "Some(", "client_secret"] {
        assert!(!answer.body.contains(inside), "{what}: {told}");
    }
}

fn bent_members(scene: &mut Scene) {
    let number = scene.number();
    let (sign_in, begun) = begun_by_api(scene, "oidc");
    let back = begun.confirmed_as(scene, &number);
    let (whole, huge) = (returned(&back).to_owned(), "A".repeat(10_000));
    let code = format!("code={}", parameter(&back, "code"));
    // Another letter than the one that is there, and not one that differs in unused bits only.
    let last = if sign_in.ends_with('A') { 'Q' } else { 'A' };
    let members = |sign_in: &str, returned: &str| json!({ "sign_in": sign_in, "returned": returned }).to_string();
    let callback = [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        json!({ "sign_in": sign_in }).to_string(),
        json!({ "returned": whole }).to_string(),
        json!({ "sign_in": 7, "returned": whole }).to_string(),
        json!({ "sign_in": sign_in, "returned": [whole] }).to_string(),
        json!({ "sign_in": sign_in, "returned": whole, "citizen": number }).to_string(),
        format!("{{\"sign_in\":{0:?},\"sign_in\":{0:?},\"returned\":{1:?}}}", sign_in, whole),
        members("", &whole),
        members(&huge, &whole),
        members(&sign_in[1..], &whole),
        members(&format!("{}{last}", &sign_in[..sign_in.len() - 1]), &whole),
        members(&sign_in, ""),
        members(&sign_in, &huge),
        members(&sign_in, &code),
        members(&sign_in, &format!("{whole}&state=x")),
        members(&sign_in, &"a=1&".repeat(100)),
        members(&sign_in, "%FF=%FE"),
    ];
    let begin = [
        "{".to_owned(),
        json!({ "campaign": 1 }).to_string(),
        json!({ "campaign": "none" }).to_string(),
        json!({ "campaign": huge }).to_string(),
        json!({ "instead_of": huge }).to_string(),
        json!({ "instead_of": "x" }).to_string(),
        json!({ "filled_in": [{ "name": "login" }] }).to_string(),
        json!({ "filled_in": "login" }).to_string(),
        json!({ "began_at": 0 }).to_string(),
    ];
    let poll = ["{}".to_owned(), json!({ "sign_in": "" }).to_string(), json!({ "sign_in": huge }).to_string()];
    let mut client = scene.server.client();
    for (step, bodies) in [("callback", &callback[..]), ("begin", &begin), ("poll", &poll)] {
        for body in bodies {
            let headers = [("Content-Type", "application/json")];
            let path = format!("/api/v1/providers/oidc/{step}");
            problem_told(&client.ask("POST", &path, &headers, body).unwrap(), &format!("{step} {body}"));
        }
    }
    for provider in ["nobody", "registry", "OIDC", "%00"] {
        for step in ["begin", "callback", "poll"] {
            let (path, body) = (format!("/api/v1/providers/{provider}/{step}"), members(&sign_in, &whole));
            let body = if step == "begin" { "{}" } else { body.as_str() };
            let answer = client.ask("POST", &path, &[("Content-Type", "application/json")], body).unwrap();
            problem_told(&answer, &path);
        }
    }
    let asked = json!({ "sign_in": sign_in, "returned": whole });
    let honest = client.post_json("/api/v1/providers/oidc/callback", KEY, &asked).expect(200).json();
    assert_eq!(honest["status"], "signed_in", "nothing of all that spent the sign-in: {honest}");
    // With one's own state, what is wrong is asked about, and the sign-in is spent.
    for bend in [|_: &str| "code=".to_owned(), |_: &str| "x=".to_owned(), |code: &str| format!("{code}&{code}")] {
        let (sign_in, begun) = begun_by_api(scene, "oidc");
        let back = begun.confirmed_as(scene, &number);
        let code = format!("code={}", parameter(&back, "code"));
        let body = members(&sign_in, &returned(&back).replacen(&code, &bend(&code), 1));
        let headers = [("Content-Type", "application/json")];
        let answer = client.ask("POST", "/api/v1/providers/oidc/callback", &headers, &body).unwrap();
        problem_told(&answer, &body);
    }
}

fn anothers_steps(scene: &mut Scene) {
    let (thief, before) = (scene.number(), scene.figure("charye_sign_in_turned_back_total"));
    let (thiefs, theirs) = begun_by_api(scene, "oauth2");
    let (victims, _) = begun_by_api(scene, "oauth2");
    let (others, _) = begun_by_api(scene, "oidc");
    let back = theirs.confirmed_as(scene, &thief);
    let mut client = scene.server.client();
    let mut refused = 0;
    for (provider, sign_in) in [("oauth2", &victims), ("oauth2", &others), ("oidc", &thiefs), ("oidc", &victims)] {
        let asked = json!({ "sign_in": sign_in, "returned": returned(&back) });
        let answer = client.post_json(&format!("/api/v1/providers/{provider}/callback"), KEY, &asked);
        problem_told(&answer, provider);
        let answer =
            client.post_json(&format!("/api/v1/providers/{provider}/poll"), KEY, &json!({ "sign_in": sign_in }));
        problem_told(&answer, provider);
        refused += 2;
    }
    // What a program keeps is no proof of anything else.
    let mut client = scene.server.client();
    client.headers.push(("Authorization".to_owned(), format!("Bearer {thiefs}")));
    client.get(&format!("{RESERVATIONS}?campaign={CAMPAIGN}")).expect(401);
    let counted = scene.figure("charye_sign_in_turned_back_total") - before;
    assert!(counted >= f64::from(refused), "{counted} of {refused} attempts are counted");
}

fn handed_over_twice(scene: &mut Scene) {
    let number = scene.number();
    let (sign_in, begun) = begun_by_api(scene, "oidc");
    let asked = json!({ "sign_in": sign_in, "returned": returned(&begun.confirmed_as(scene, &number)) });
    let hand_over = || scene.server.client().post_json("/api/v1/providers/oidc/callback", KEY, &asked);
    hand_over().expect(200);
    for _ in 0..3 {
        problem_told(&hand_over(), "twice");
    }
}

fn farm_without_cookie(scene: &mut Scene) {
    let farm: Vec<_> = (0..3).map(|_| Begun::at(scene, "oauth2")).collect();
    for begun in &farm {
        let buyer = scene.number();
        let back = begun.confirmed_as(scene, &buyer);
        let mut own = Begun::at(scene, "oauth2").browser;
        turned_back(scene, &mut own, |browser| browser.get(&back));
    }
}

fn farm_with_cookie(scene: &mut Scene) {
    scene.pause();
    let farm = Begun::at(scene, "oauth2");
    scene.pass_time(300);
    let mut in_order = scene.visitor();
    in_order.take_place();
    let mut ahead = 0;
    for _ in 0..4 {
        let buyer = scene.number();
        let back = farm.confirmed_as(scene, &buyer);
        let mut browser = scene.server.client();
        browser.cookies.clone_from(&farm.browser.cookies);
        browser.get(&back);
        ahead += usize::from(is_signed_in(&browser));
    }
    assert_eq!(ahead, 1, "one beginning is one sign-in, as for whoever signs in slowly");
}

fn farm_begun_again(scene: &mut Scene) {
    scene.pause();
    let farm = Begun::at(scene, "oauth2");
    scene.pass_time(300);
    let mut in_order = scene.visitor();
    in_order.take_place();
    scene.later();
    let mut ahead = 0;
    for provider in ["oidc", "oauth2", "oidc", "oauth2"] {
        let buyer = scene.number();
        let mut browser = scene.server.client();
        browser.cookies.clone_from(&farm.browser.cookies);
        let mut again = Begun::by(browser, provider);
        let back = again.confirmed_as(scene, &buyer);
        goes_on(&mut again.browser, &back);
        ahead += usize::from(place_of(&again.browser) < in_order.place());
    }
    assert!(ahead <= 1, "a beginning is taken over once: {ahead} stand ahead by it");
}

fn too_often(scene: &mut Scene) {
    let number = scene.number();
    for _ in 0..COMPLETED_MAX {
        let mut begun = Begun::at(scene, "oauth2");
        let back = begun.confirmed_as(scene, &number);
        goes_on(&mut begun.browser, &back);
    }
    let mut begun = Begun::at(scene, "oidc");
    let back = begun.confirmed_as(scene, &number);
    turned_back(scene, &mut begun.browser, |browser| browser.get(&back));
}

fn finished_late(scene: &mut Scene) {
    let number = scene.number();
    for provider in REDIRECTED {
        for secs in [TOO_LATE_SECS, 3_600] {
            let mut begun = Begun::at(scene, provider);
            scene.pass_time(secs);
            let back = begun.confirmed_as(scene, &number);
            turned_back(scene, &mut begun.browser, |browser| browser.get(&back));
        }
    }
}

//! Attacks by protocol: addresses that mean the same to somebody else, headers that proxies believe, forms of other sites,
//! cookies from elsewhere, and sizes.

use serde_json::json;

use crate::citizen::Citizen;
use crate::scene::{Asks as _, Attack, CAMPAIGN, HOLDS, LINE, Scene, VISIT, csrf_of, raw};
use crate::support::{Answer, Client};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "paths in other case", guards: &["routes"], attempt: path_case },
    Attack { name: "paths with doubled, trailing and dotted slashes", guards: &["routes"], attempt: path_slashes },
    Attack { name: "paths with encoded letters and slashes", guards: &["routes"], attempt: path_encoded },
    Attack { name: "paths with parameters, nulls and backslashes", guards: &["routes"], attempt: path_parameters },
    Attack { name: "an address with another authority", guards: &["routes"], attempt: absolute_form },
    Attack { name: "a method in a header or a field", guards: &["routes"], attempt: method_override },
    Attack { name: "an original address in a header", guards: &["routes"], attempt: original_url },
    Attack { name: "an address of the house in a header", guards: &["gate"], attempt: forwarded_for },
    Attack { name: "a host of the attacker's", guards: &["routes"], attempt: foreign_host },
    Attack { name: "headers that name a person", guards: &["gate"], attempt: named_person },
    Attack { name: "a form without its token", guards: &["csrf"], attempt: csrf_missing },
    Attack { name: "a form with somebody else's token", guards: &["csrf"], attempt: csrf_of_another },
    Attack { name: "a form of another site", guards: &["origin"], attempt: cross_site },
    Attack { name: "a form as plain text or JSON", guards: &["csrf"], attempt: form_types },
    Attack { name: "a token in the address", guards: &["csrf"], attempt: csrf_in_the_address },
    Attack { name: "a login tossed beside one's own", guards: &["cookies"], attempt: cookie_twice },
    Attack { name: "a pass tossed beside one's own", guards: &["cookies"], attempt: pass_cookie_twice },
    Attack { name: "cookies by other names", guards: &["cookies"], attempt: cookie_names },
    Attack { name: "a header in a redirect", guards: &["own-path"], attempt: header_injection },
    Attack { name: "a redirect to another site", guards: &["own-path"], attempt: open_redirect },
    Attack { name: "script in what is told again", guards: &["own-path"], attempt: script_told_again },
    Attack { name: "a field twice", guards: &["fields"], attempt: field_twice },
    Attack { name: "a proof twice", guards: &["gate"], attempt: proof_twice },
    Attack { name: "a thousand fields", guards: &["fields"], attempt: many_fields },
    Attack { name: "a body, a head and an address too large", guards: &["sizes"], attempt: too_large },
    Attack { name: "two lengths of one body", guards: &["sizes"], attempt: two_lengths },
    Attack { name: "a request within a request", guards: &["sizes"], attempt: smuggled },
    Attack { name: "GET for what changes something", guards: &["routes"], attempt: changes_by_get },
    Attack { name: "a key with commands in it", guards: &["idempotency"], attempt: odd_keys },
];

/// Nothing of the inside came of this raw request.
fn kept_out(what: &str, answer: &str) {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let led_back = status == "303" && (answer.contains("ocation: /line") || answer.contains("ocation: /sign-in"));
    assert!(status.starts_with('4') || led_back || answer.is_empty(), "{what}: {answer}");
}

/// A request line and headers as they stand, with this person's cookies.
fn ask_raw(citizen: &Citizen, line: &str, headers: &str) -> String {
    let cookies = citizen.browser().cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    let cookies = cookies.join("; ");
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\nConnection: close\r\n{headers}\r\n",
        citizen.address
    );
    raw(citizen.address, request.as_bytes())
}

fn try_paths(scene: &mut Scene, paths: &[&str]) {
    let citizen = scene.waiting();
    for path in paths {
        kept_out(path, &ask_raw(&citizen, &format!("GET {path}"), ""));
    }
}

fn path_case(scene: &mut Scene) {
    try_paths(scene, &["/FIND", "/Find", "/fInd", "/find/C0000001/PFIZER", "/API/V1/holds", "/api/V1/holds", "/Hold"]);
}

fn path_slashes(scene: &mut Scene) {
    try_paths(
        scene,
        &["//find", "/find/", "/find//", "///find", "/./find", "/find/.", "/find/..", "/x/../find", "/sign-in/../find"],
    );
}

fn path_encoded(scene: &mut Scene) {
    try_paths(
        scene,
        &["/%66ind", "/%66%69%6e%64", "/%2ffind", "/find%2f", "/%2e/find", "/x%2f..%2ffind", "/find%20", "/%2566ind"],
    );
}

fn path_parameters(scene: &mut Scene) {
    try_paths(
        scene,
        &["/find;a=b", "/find%00", "/find%00.css", "/find.css", "/find.json", "/\\find", "/find%5c", "/find%0a"],
    );
}

fn absolute_form(scene: &mut Scene) {
    let citizen = scene.waiting();
    for target in
        ["http://localhost/find", "http://127.0.0.1/find", "https://evil.example/find", "/find#x", "*", "find"]
    {
        kept_out(target, &ask_raw(&citizen, &format!("GET {target}"), ""));
    }
}

fn method_override(scene: &mut Scene) {
    let citizen = scene.waiting();
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        for method in ["POST", "DELETE", "GET"] {
            let mut client = citizen.api();
            let answer = client.ask("GET", "/api/v1/line", &[(name, method)], "").unwrap().expect(200);
            assert_eq!(answer.json()["state"], "waiting", "{name} {method}");
            let answer = client.ask("POST", HOLDS, &[(name, method)], "").unwrap();
            assert_eq!(answer.json()["code"], "wait_first");
        }
    }
    for query in ["_method=DELETE", "_method=POST", "method=POST"] {
        kept_out(query, &ask_raw(&citizen, &format!("GET /find?{query}"), ""));
    }
    assert_eq!(citizen.poll()["state"], "waiting", "nothing was given up");
}

fn original_url(scene: &mut Scene) {
    let citizen = scene.waiting();
    for name in ["X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Uri", "X-Accel-Redirect"] {
        for path in ["/find", "/livez", "/metrics"] {
            kept_out(name, &ask_raw(&citizen, "GET /find", &format!("{name}: {path}\r\n")));
            let answer = ask_raw(&citizen, "GET /livez", &format!("{name}: /find\r\n"));
            assert!(!answer.contains("province"), "{name}: {answer}");
        }
    }
}

fn forwarded_for(scene: &mut Scene) {
    let citizen = scene.waiting();
    for header in [
        "X-Forwarded-For: 127.0.0.1",
        "X-Real-IP: 127.0.0.1",
        "Forwarded: for=127.0.0.1;host=localhost;proto=https",
        "X-Forwarded-Proto: https",
        "True-Client-IP: 10.0.0.1",
        "Via: 1.1 localhost",
        "X-Internal: 1",
    ] {
        kept_out(header, &ask_raw(&citizen, "GET /find", &format!("{header}\r\n")));
        kept_out(header, &ask_raw(&citizen, "GET /metrics", &format!("{header}\r\n")));
    }
}

fn foreign_host(scene: &mut Scene) {
    let citizen = scene.visitor();
    for headers in
        ["X-Forwarded-Host: evil.example\r\n", "X-Host: evil.example\r\n", "Forwarded: host=evil.example\r\n"]
    {
        let answer = ask_raw(&citizen, "GET /find", headers);
        assert!(!answer.contains("evil.example"), "{answer}");
        kept_out(headers, &answer);
    }
    let bent = "GET /find HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let answer = raw(citizen.address, bent.as_bytes());
    assert!(!answer.contains("evil.example"), "{answer}");
    kept_out("host", &answer);
}

fn named_person(scene: &mut Scene) {
    let (inside, outside) = (scene.insider(), scene.visitor());
    let person = u32::from_le_bytes(inside.person());
    for name in ["Charye-Person", "X-User-Id", "X-Person", "X-Authenticated-User", "Remote-User", "X-Client-Cert"] {
        let mut client = outside.api();
        client.headers.push((name.to_owned(), person.to_string()));
        assert_eq!(scene.try_inside(&mut client), Vec::<String>::new(), "{name}");
    }
}

/// Every form that changes something, sent with these; all must be refused.
fn forms_refused(browser: &mut Client, headers: &[(&str, &str)], fields: &str) {
    for path in
        ["/line", "/holds", "/hold/confirm", "/hold/release", "/my-data/erase", &format!("/line/{CAMPAIGN}/leave")]
    {
        let body = format!("campaign={CAMPAIGN}&sure=1&hold=1&key=0123456789abcdef0123456789abcdef{fields}");
        let answer = browser.ask("POST", path, headers, &body).unwrap();
        let refused = (400..500).contains(&answer.status);
        let led_back = answer.status == 303 && answer.header("location").is_some_and(|to| to.starts_with("/line?"));
        assert!(refused || led_back, "{path}: {answer:?}");
    }
}

fn csrf_missing(scene: &mut Scene) {
    for citizen in [scene.visitor(), scene.insider()] {
        for fields in ["", "&csrf=", "&csrf=AAAAAAAAAAAAAAAAAAAAAA", "&CSRF=x"] {
            forms_refused(&mut citizen.browser(), &[FORM], fields);
        }
        assert_eq!(citizen.has(), (true, 0));
    }
}

fn csrf_of_another(scene: &mut Scene) {
    let (owner, thief) = (scene.insider(), scene.visitor());
    let csrf = csrf_of(&mut thief.browser()).unwrap();
    forms_refused(&mut owner.browser(), &[FORM], &format!("&csrf={csrf}"));
    assert_eq!(owner.has(), (true, 0));
}

fn cross_site(scene: &mut Scene) {
    let citizen = scene.insider();
    let csrf = csrf_of(&mut citizen.browser()).unwrap();
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        forms_refused(&mut citizen.browser(), &[FORM, header], &format!("&csrf={csrf}"));
    }
    assert_eq!(citizen.has(), (true, 0));
}

fn form_types(scene: &mut Scene) {
    let citizen = scene.insider();
    for media_type in ["text/plain", "application/json", "multipart/form-data; boundary=x", ""] {
        forms_refused(&mut citizen.browser(), &[("Content-Type", media_type)], "");
    }
    // The other way round: a form is no JSON.
    let key = scene.new_key();
    let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", key.as_str())];
    let answer = citizen.api().ask("POST", HOLDS, &headers, &scene.places.to_string()).unwrap();
    assert_eq!(answer.json()["code"], "media_type_unsupported");
    assert_eq!(citizen.has(), (true, 0));
}

fn csrf_in_the_address(scene: &mut Scene) {
    let citizen = scene.visitor();
    let csrf = csrf_of(&mut citizen.browser()).unwrap();
    let answer = citizen.browser().post(&format!("/line?csrf={csrf}"), &[("campaign", CAMPAIGN)]);
    assert_eq!(answer.status, 403, "{answer:?}");
}

fn cookie_twice(scene: &mut Scene) {
    let (inside, thief) = (scene.insider(), scene.visitor());
    for order in [[&inside, &thief], [&thief, &inside]] {
        let mut browser = inside.browser();
        browser.cookies.retain(|(name, _)| name != "charye_login");
        browser.cookies.extend(order.map(|citizen| ("charye_login".to_owned(), citizen.login.clone())));
        assert_eq!(scene.try_inside_pages(&mut browser), Vec::<String>::new());
    }
}

fn pass_cookie_twice(scene: &mut Scene) {
    let (inside, other) = (scene.insider(), scene.insider());
    let mut browser = inside.browser();
    browser.cookies.push(("charye_pass".to_owned(), other.pass.clone().unwrap()));
    assert_eq!(scene.try_inside_pages(&mut browser), Vec::<String>::new());
}

fn cookie_names(scene: &mut Scene) {
    let inside = scene.insider();
    for change in [str::to_uppercase, |name: &str| format!("__Host-{name}"), |name: &str| format!("{name}[]")] {
        let mut browser = inside.browser();
        for (name, _) in &mut browser.cookies {
            *name = change(name);
        }
        assert_eq!(scene.try_inside_pages(&mut browser), Vec::<String>::new());
    }
}

/// Where a form leads that may be told where to.
fn led_to(scene: &Scene, next: &str) -> Answer {
    scene.server.client().post("/language", &[("language", "en"), ("next", next)])
}

fn header_injection(scene: &mut Scene) {
    for next in ["/\r\nSet-Cookie: charye_login=x", "/%0d%0aSet-Cookie: x=y", "/\nX: y", "/find\r\n\r\n<html>"] {
        let answer = led_to(scene, next);
        assert_eq!(answer.header("location"), Some("/"), "{answer:?}");
        assert!(answer.header("x").is_none());
    }
    let answer = scene.server.client().get("/find?x=%0d%0aSet-Cookie:%20charye_login=x");
    assert!(answer.header("set-cookie").is_none_or(|cookie| !cookie.contains("charye_login=x")), "{answer:?}");
}

fn open_redirect(scene: &mut Scene) {
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/..//evil.example",
        "/%2f/evil.example",
        "javascript:alert(1)",
        "/%5cevil.example",
        "evil.example",
    ] {
        assert_eq!(led_to(scene, next).header("location"), Some("/"), "{next}");
        let page = scene.server.client().post("/sign-in", &[("number", "x"), ("next", next)]);
        assert!(!page.body.contains("evil.example"), "{next}");
    }
}

fn script_told_again(scene: &mut Scene) {
    let citizen = scene.insider();
    let script = "<script>alert(1)</script>";
    let escaped = |page: &Answer| !page.body.contains(script) && !page.body.contains("\"><script");
    assert!(escaped(&citizen.browser().get("/find?name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")));
    assert!(escaped(
        &citizen.browser().get("/sign-in?name=%3Cscript%3Ealert(1)%3C/script%3E&next=/%22%3E%3Cscript%3E")
    ));
    assert!(escaped(&scene.server.client().post("/sign-in", &[("number", script), ("next", script)])));
    assert!(escaped(&scene.server.client().get("/%3Cscript%3Ealert(1)%3C/script%3E")));
}

fn field_twice(scene: &mut Scene) {
    let citizen = scene.visitor();
    let csrf = csrf_of(&mut citizen.browser()).unwrap();
    for body in [
        format!("csrf={csrf}&campaign={CAMPAIGN}&campaign={CAMPAIGN}"),
        format!("csrf={csrf}&csrf=x&campaign={CAMPAIGN}"),
        format!("csrf=x&csrf={csrf}&campaign={CAMPAIGN}"),
    ] {
        let answer = citizen.browser().ask("POST", "/line", &[FORM], &body).unwrap();
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    let twice = format!("{HOLDS}?campaign={CAMPAIGN}&campaign=other");
    assert!((400..500).contains(&citizen.api().get(&twice).status));
    let inside = scene.insider();
    let body = format!("{{\"campaign\":\"x\",{}", scene.places.to_string().trim_start_matches('{'));
    let key = scene.new_key();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    let answer = inside.api().ask("POST", HOLDS, &headers, &body).unwrap();
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(inside.has(), (true, 0));
}

fn proof_twice(scene: &mut Scene) {
    let (inside, outside) = (scene.insider(), scene.visitor());
    let pass = inside.pass.clone().unwrap();
    for passes in [[pass.as_str(), "x"], ["x", pass.as_str()]] {
        let mut client = outside.api();
        client.headers.extend(passes.map(|pass| ("Charye-Pass".to_owned(), pass.to_owned())));
        assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
    }
    let mut client = outside.api();
    client.headers.push(("Authorization".to_owned(), format!("Bearer {}", inside.login)));
    client.headers.push(("Charye-Pass".to_owned(), pass));
    assert_eq!(scene.try_inside(&mut client), Vec::<String>::new());
    assert_eq!((inside.has(), outside.has()), ((true, 0), (true, 0)));
}

fn many_fields(scene: &mut Scene) {
    let citizen = scene.insider();
    let csrf = csrf_of(&mut citizen.browser()).unwrap();
    let body = format!("csrf={csrf}&{}", "a=1&".repeat(1_000));
    let answer = citizen.browser().ask("POST", "/line", &[FORM], &body).unwrap();
    assert_eq!(answer.status, 400, "{answer:?}");
    let answer = citizen.browser().get(&format!("/find?{}", "a=1&".repeat(200)));
    assert_eq!(answer.status, 400, "{answer:?}");
}

fn too_large(scene: &mut Scene) {
    let citizen = scene.waiting();
    let mut client = citizen.browser();
    let large = "x".repeat(100_000);
    let answer = client.ask("POST", "/sign-in", &[FORM], &format!("number={large}")).unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
    kept_out("address", &ask_raw(&citizen, &format!("GET /find?{}", "x".repeat(4_000)), ""));
    kept_out("head", &ask_raw(&citizen, "GET /find", &format!("X-Large: {large}\r\n")));
    kept_out("headers", &ask_raw(&citizen, "GET /find", &"X-Many: 1\r\n".repeat(500)));
    citizen.browser().get("/").expect(200);
}

fn two_lengths(scene: &mut Scene) {
    let citizen = scene.waiting();
    let inner = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    for lengths in [
        format!("Content-Length: 0\r\nContent-Length: {}\r\n", inner.len()),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 1, 2\r\n".to_owned(),
        "Content-Length: 0x10\r\n".to_owned(),
    ] {
        let answer = ask_raw(&citizen, "POST /line", &lengths);
        kept_out(&lengths, &answer);
        assert_eq!(answer.matches("HTTP/1.1 ").count(), usize::from(!answer.is_empty()), "{answer}");
    }
}

fn smuggled(scene: &mut Scene) {
    let (victim, citizen) = (scene.insider(), scene.waiting());
    let inner = format!("DELETE {VISIT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", victim.login);
    for coding in ["chunked", "Chunked, identity", "xchunked"] {
        let request = format!(
            "POST /sign-in HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nTransfer-Encoding: {coding}\r\n\
             Connection: close\r\n\r\n0\r\n\r\n{inner}",
            citizen.address
        );
        let answer = raw(citizen.address, request.as_bytes());
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer}");
    }
    let key = scene.new_key();
    victim.api().hold(scene, &key).expect(201);
}

fn changes_by_get(scene: &mut Scene) {
    let citizen = scene.visitor();
    let csrf = csrf_of(&mut citizen.browser()).unwrap();
    let query = format!("csrf={csrf}&campaign={CAMPAIGN}&sure=1");
    let waiting = scene.line(0)["waiting"].clone();
    for path in ["/line", "/holds", "/sign-out", "/my-data/erase", "/hold/confirm", &format!("/line/{CAMPAIGN}/leave")]
    {
        let answer = citizen.browser().get(&format!("{path}?{query}"));
        assert!(answer.header("set-cookie").is_none_or(|cookie| !cookie.contains("charye_pass=")), "{answer:?}");
    }
    assert_eq!(citizen.api().get(LINE).status, 405);
    assert_eq!(citizen.api().get(VISIT).status, 405);
    assert_eq!(scene.line(0)["waiting"], waiting, "looking takes no place");
    assert_eq!(citizen.has(), (true, 0));
}

fn odd_keys(scene: &mut Scene) {
    let citizen = scene.insider();
    let long = "k".repeat(129);
    for key in ["", "short", long.as_str(), "with\ttab-in-it", "schl\u{fc}ssel-eins"] {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let answer = citizen.api().ask("POST", HOLDS, &headers, &scene.places.to_string()).unwrap();
        assert!((400..500).contains(&answer.status), "{key}: {answer:?}");
    }
    let both =
        [("Content-Type", "application/json"), ("Idempotency-Key", "key-one-1"), ("Idempotency-Key", "key-two-2")];
    let answer = citizen.api().ask("POST", HOLDS, &both, &scene.places.to_string()).unwrap();
    assert_eq!(answer.json()["code"], "idempotency_key_missing");
    let answer =
        citizen.api().post_json(HOLDS, "key-with-more", &json!({ "campaign": CAMPAIGN, "first": "x", "more": 1 }));
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(citizen.has(), (true, 0));
}

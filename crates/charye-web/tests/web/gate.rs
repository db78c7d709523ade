//! Who gets through the gate, and who tries: forged, edited, expired, borrowed and stale proof.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::campaign::UniquenessScheme;
use charye_domain::ids::{CitizenKey, Person};
use charye_web::gate::{Access, CsrfToken, LoginSession, Surface};
use serde_json::json;

use crate::client::Client;
use crate::stage::{Stage, all_routes};

/// A target for a row, with something in each placeholder.
fn target(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{campaign}" => "sample",
        "{clinic}" => "C1",
        "{product}" => "single",
        "{date}" => "2021-08-30",
        "{hold}" => "h00000000",
        "{number}" => "1234-5678-901",
        "{key}" => "some-key-1",
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_that_demands_proof_turns_away_who_has_none() {
    let stage = Stage::open();
    let login = stage.signed_in(1).login.unwrap();
    let mut tried = 0;
    for row in all_routes().iter().filter(|row| row.access != Access::Anyone) {
        let mut client = Client::connect(stage.address);
        let heard = client.ask(row.method.as_str(), &target(row.path), &[], b"");
        match row.surface {
            Surface::Api => assert_eq!((heard.status, heard.code()), (401, "sign_in_first".to_owned()), "{row:?}"),
            Surface::Page => {
                assert_eq!(heard.status, 303, "{row:?}");
                assert!(heard.header("location").unwrap().starts_with("/sign-in?next="), "{row:?}");
            }
        }
        tried += 1;
        if row.access != Access::Inside {
            continue;
        }
        let (bearer, cookie) = (format!("Bearer {login}"), format!("charye_login={login}"));
        let proof = match row.surface {
            Surface::Api => ("Authorization", bearer.as_str()),
            Surface::Page => ("Cookie", cookie.as_str()),
        };
        let heard = client.ask(row.method.as_str(), &target(row.path), &[proof], b"");
        match row.surface {
            Surface::Api => assert_eq!((heard.status, heard.code()), (403, "wait_first".to_owned()), "{row:?}"),
            Surface::Page => assert!(heard.header("location").unwrap().starts_with("/line"), "{row:?}"),
        }
    }
    assert!(tried >= 12, "the table has routes to try: {tried}");
}

#[test]
fn a_pass_opens_nothing_once_its_visit_has_ended() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    assert_eq!(citizen.delete("/api/v1/campaigns/sample/visit").status, 200);
    let mut tried = 0;
    for row in all_routes().iter().filter(|row| row.access == Access::Inside && row.surface == Surface::Api) {
        if row.method == "GET" {
            continue;
        }
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "after-the-visit-1")];
        let heard = citizen.ask(row.method.as_str(), &target(row.path), &headers, br#"{"campaign":"sample"}"#);
        assert!(heard.status >= 400, "{row:?}: {heard:?}");
        tried += 1;
    }
    assert!(tried >= 4, "{tried} rows tried");
    let slot = stage.inside(2).slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.reserve(&slot, "after-the-visit-2").code(), "no_visit");
}

#[test]
fn the_api_takes_no_cookie_and_pages_take_no_bearer() {
    let stage = Stage::open();
    let login = stage.signed_in(1).login.unwrap();
    let mut client = Client::connect(stage.address);
    let cookie = format!("charye_login={login}");
    let heard = client.ask("GET", "/api/v1/reservations?campaign=sample", &[("Cookie", &cookie)], b"");
    assert_eq!(heard.code(), "sign_in_first");
    let heard = client.ask("GET", "/line", &[("Authorization", &format!("Bearer {login}"))], b"");
    assert_eq!(heard.status, 303);
    assert_eq!(client.ask("GET", "/line", &[("Cookie", &cookie)], b"").status, 200);
}

/// The text with each of its bytes changed in turn, in what it encodes; and cut, and extended.
pub(crate) fn edited(text: &str) -> Vec<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
    let mut edited: Vec<String> = (0..bytes.len())
        .map(|index| {
            let mut bytes = bytes.clone();
            bytes[index] ^= 1;
            URL_SAFE_NO_PAD.encode(bytes)
        })
        .collect();
    edited.extend([text[..text.len() - 1].to_owned(), format!("{text}A"), format!("{text}="), String::new()]);
    edited.extend(["null".to_owned(), "A".repeat(44), "A".repeat(4_000), "../../etc/passwd".to_owned()]);
    edited
}

#[test]
fn a_login_edited_in_any_byte_is_no_login() {
    let stage = Stage::open();
    let mut citizen = stage.signed_in(1);
    assert_eq!(citizen.get("/api/v1/reservations?campaign=sample").status, 200);
    for login in edited(&citizen.login.clone().unwrap()) {
        citizen.login = Some(login.clone());
        let heard = citizen.get("/api/v1/reservations?campaign=sample");
        assert_eq!((heard.status, heard.code()), (401, "sign_in_first".to_owned()), "{login}");
    }
}

#[test]
fn a_pass_edited_in_any_byte_is_no_pass() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let genuine = citizen.pass.clone().unwrap();
    for pass in edited(&genuine) {
        citizen.pass = Some(pass.clone());
        let heard = citizen.post("/api/v1/holds/h00000000/extend", Some("edit-key-1"), &json!({}));
        assert_eq!((heard.status, heard.code()), (403, "wait_first".to_owned()), "{pass}");
    }
    citizen.pass = Some(genuine);
    let heard = citizen.post("/api/v1/holds/h00000000/extend", Some("edit-key-1"), &json!({}));
    assert_eq!(heard.code(), "hold_unknown");
}

#[test]
fn a_pass_serves_only_its_own_person() {
    let stage = Stage::open();
    let (lender, mut borrower) = (stage.inside(1), stage.signed_in(2));
    borrower.pass = lender.pass.clone();
    let slot = borrower.slots("single", "2021-08-30").remove(0);
    assert_eq!(borrower.reserve(&slot, "lent-key-1").code(), "wait_first");
    borrower.pass = borrower.login.clone();
    assert_eq!(borrower.reserve(&slot, "lent-key-2").code(), "wait_first", "a login is no pass");
}

#[test]
fn passes_and_logins_expire() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    stage.pass(599_000);
    assert_eq!(citizen.post("/api/v1/holds/h00000000/extend", Some("time-key-1"), &json!({})).code(), "hold_unknown");
    stage.pass(1_000);
    assert_eq!(citizen.reserve(&slot, "time-key-2").code(), "wait_first");
    stage.pass(12 * 3_600_000 - 600_000 - 1_000);
    assert_eq!(citizen.get("/api/v1/reservations?campaign=sample").status, 200);
    stage.pass(1_000);
    assert_eq!(citizen.get("/api/v1/reservations?campaign=sample").code(), "sign_in_first");
}

#[test]
fn a_form_needs_the_csrf_token_of_this_very_login() {
    let stage = Stage::open();
    let engine = &stage.app.engine;
    let born = jiff::civil::date(1990, 3, 9);
    let (key, scheme) = (CitizenKey([7; 16]), UniquenessScheme::Rehearsal);
    let begin = || LoginSession::begin(Person(0), key, scheme, born, 0, engine.now(), engine.random());
    let (old, new) = (begin(), begin());
    let cookie = format!("charye_login={}", stage.app.gate.seal_login(&new));
    let post = |csrf: &str| {
        let headers = [("Cookie", cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("language=en&csrf={csrf}");
        Client::connect(stage.address).ask("POST", "/language", &headers, body.as_bytes()).status
    };
    let text = |login| CsrfToken::of(login).masked(engine.random());
    assert_eq!((post(&text(&new)), post(&text(&new))), (303, 303), "under two masks");
    for csrf in [&text(&old), "", "AAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(43), &text(&new)[1..]] {
        assert_eq!(post(csrf), 403, "{csrf}");
    }
}

#[test]
fn every_route_answers_with_the_headers_that_keep_a_browser_safe() {
    let stage = Stage::open();
    let targets = all_routes().into_iter().map(|row| (row.method.to_string(), target(row.path)));
    let astray = [("GET".to_owned(), "/nowhere".to_owned()), ("GET".to_owned(), "/api/v1/nowhere".to_owned())];
    for (method, target) in targets.chain(astray).chain([("PUT".to_owned(), "/find".to_owned())]) {
        let heard = Client::connect(stage.address).ask(&method, &target, &[], b"");
        let csp = heard.header("content-security-policy").unwrap_or_default();
        let api = target.starts_with("/api/");
        let loads = if api { "default-src 'none'" } else { "default-src 'self'" };
        assert!(csp.starts_with(loads) && csp.contains("frame-ancestors 'none'"), "{method} {target}");
        assert_eq!(heard.header("x-content-type-options"), Some("nosniff"), "{method} {target}");
        let kept = heard.header("cache-control").unwrap();
        // It says when somebody born on a day may come, and knows nobody's name; its browser alone may go back to it.
        let goes_back = target == "/my-day" && kept == "private, max-age=600";
        let shared = heard.status < 300 && method == "GET";
        assert!(kept == "no-store" || shared || goes_back, "{method} {target}: {kept}");
        assert_eq!(heard.header("cross-origin-resource-policy"), Some("same-origin"), "{method} {target}");
        assert!(api || heard.header("referrer-policy") == Some("same-origin"), "{method} {target}");
    }
}

//! Hostile and broken input: each is told what is wrong, or cut off; nothing is lost, nobody else notices.

use std::time::Duration;

use charye_web::Deadlines;
use charye_web::gate::Access;
use charye_web::routes::Route;
use serde_json::{Value, json};

use crate::client::Client;
use crate::stage::{Setting, Stage};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn json_that_is_none_is_told_so_and_changes_nothing() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let key = ("Idempotency-Key", "json-key-1");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep_member = format!(r#"{{"campaign":"sample","first":{}1{}}}"#, "[".repeat(2_000), "]".repeat(2_000));
    let bodies: [&[u8]; 18] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"sample\"",
        b"{}",
        br#"{"campaign":"sample"}"#,
        br#"{"campaign":"sample","first":1}"#,
        br#"{"campaign":"sample","first":null}"#,
        br#"{"campaign":"sample","first":"s00000000","first":"s00000001"}"#,
        br#"{"campaign":"sample","first":"s00000000","extra":1}"#,
        br#"{"campaign":"sample","first":"s00000000"} trailing"#,
        br#"{'campaign':'sample'}"#,
        b"{\"campaign\":\"\xff\xfe\",\"first\":\"s00000000\"}",
        b"{\"campaign\":\"sample\",\"first\":\"\x01\"}",
        b"campaign=sample&first=s00000000",
        deep.as_bytes(),
        deep_member.as_bytes(),
    ];
    for body in bodies {
        let heard = citizen.ask("POST", "/api/v1/holds", &[JSON, key], body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!((heard.status, heard.code()), (400, "request_malformed".to_owned()), "{shown}");
        assert_eq!(heard.json()["recorded"], false, "{shown}");
    }
    assert_eq!(citizen.get("/api/v1/holds?campaign=sample").json()["hold"], Value::Null);
}

#[test]
fn slots_that_are_none_are_told_so() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let check = |citizen: &mut crate::stage::Caller<'_>, first: &str, expect: &str| {
        let body = json!({ "campaign": "sample", "first": first });
        assert_eq!(citizen.post("/api/v1/holds", Some("slot-key-1"), &body).code(), expect, "{first}");
    };
    check(&mut citizen, "", "request_invalid");
    check(&mut citizen, "s1", "request_invalid");
    check(&mut citizen, "S00000000", "request_invalid");
    check(&mut citizen, "sffffffff", "slot_unknown");
    let body = json!({ "campaign": "nowhere", "first": "s00000000" });
    assert_eq!(citizen.post("/api/v1/holds", Some("slot-key-2"), &body).code(), "campaign_unknown");
}

#[test]
fn a_number_in_a_path_has_one_spelling() {
    let stage = Stage::open();
    let mut caller = stage.signed_in(1);
    let invited = caller.post("/api/v1/helping/invitations", None, &Value::Null);
    assert_eq!(invited.status, 201);
    let help = caller.get("/api/v1/helping").json()["invitations"][0]["help"].clone();
    for misspelt in ["00", "000000000000000000000000000000", "%2B0", "0x0", "-0", "18446744073709551616"] {
        let heard = caller.delete(&format!("/api/v1/helping/{misspelt}"));
        assert_eq!((heard.status, heard.code()), (404, "help_unknown".to_owned()), "{misspelt}");
    }
    assert_eq!(caller.delete(&format!("/api/v1/helping/{help}")).status, 200);
}

#[test]
fn other_media_types_are_refused() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let body = json!({ "campaign": "sample", "first": "s00000000" }).to_string();
    let key = ("Idempotency-Key", "type-key-1");
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", ""]
    {
        let heard = citizen.ask("POST", "/api/v1/holds", &[("Content-Type", media_type), key], body.as_bytes());
        assert_eq!((heard.status, heard.code()), (415, "media_type_unsupported".to_owned()), "{media_type}");
    }
    let zipped = [JSON, key, ("Content-Encoding", "gzip")];
    assert_eq!(citizen.ask("POST", "/api/v1/holds", &zipped, body.as_bytes()).status, 415);
    let mut stranger = Client::connect(stage.address);
    let heard = stranger.ask("POST", "/language", &[JSON], br#"{"language":"en"}"#);
    assert_eq!(heard.status, 415);
}

#[test]
fn bodies_over_the_limit_are_refused_however_they_come() {
    let stage = Stage::open();
    let long = vec![b'x'; 16 * 1_024 + 1];
    let heard = Client::connect(stage.address).ask("POST", "/api/v1/sign-in", &[JSON], &long);
    assert_eq!((heard.status, heard.code()), (413, "request_too_large".to_owned()));
    // Announced as larger than memory, and never sent.
    let mut liar = Client::connect(stage.address);
    liar.send(b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n");
    let status = liar.hear().map(|heard| heard.status);
    assert!(matches!(status, Some(400..=499)), "{status:?}");
    let mut chunked = Client::connect(stage.address);
    chunked.send(b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..40 {
        chunked.send(format!("400\r\n{}\r\n", "x".repeat(1_024)).as_bytes());
    }
    chunked.send(b"0\r\n\r\n");
    assert_eq!(chunked.hear().unwrap().status, 413);
    // Endless: cut off, and nobody waits for its end.
    let mut endless = Client::connect(stage.address);
    endless.send(b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    assert!((0..1_000).any(|_| !endless.send(chunk.as_bytes())), "64 MiB are not taken");
    assert_eq!(Client::connect(stage.address).ask("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn a_query_says_only_what_is_known_and_says_it_once() {
    let stage = Stage::open();
    let mut citizen = stage.signed_in(1);
    let check = |citizen: &mut crate::stage::Caller<'_>, query: &str, field: &str, code: &str| {
        let heard = citizen.get(&format!("/api/v1/campaigns/sample/clinics?{query}"));
        assert_eq!((heard.status, heard.code()), (422, "request_invalid".to_owned()), "{query}");
        assert_eq!((heard.text("/errors/0/field"), heard.text("/errors/0/code")), (field.to_owned(), code.to_owned()));
    };
    check(&mut citizen, "provinse=11", "provinse", "unknown");
    check(&mut citizen, "province=11&province=26", "province", "twice");
    check(&mut citizen, "province=99", "province", "province_unknown");
    check(&mut citizen, "district=99999", "district", "district_unknown");
    check(&mut citizen, "product=none", "product", "product_unknown");
    check(&mut citizen, "dose=3", "dose", "malformed");
    check(&mut citizen, "from=2021-08-25", "from", "days_invalid");
    check(&mut citizen, "to=2022-08-25", "to", "days_invalid");
    check(&mut citizen, "from=2021-09-05&to=2021-09-04", "to", "days_invalid");
    check(&mut citizen, "from=2021-02-30", "from", "malformed");
    check(&mut citizen, "from=%2B2021-08-30", "from", "malformed");
    check(&mut citizen, "time_from=10:00&time_to=09:00&district=11110", "time_to", "times_invalid");
    check(&mut citizen, "time_from=10:00", "province", "area_too_wide");
    check(&mut citizen, "lat=37.5&lon=127&radius_m=100001", "radius_m", "radius_invalid");
    check(&mut citizen, "lat=37.5&lon=127&radius_m=0", "radius_m", "radius_invalid");
    check(&mut citizen, "lat=37.5&lon=127&order=earliest", "radius_m", "radius_missing");
    check(&mut citizen, "order=distance", "order", "centre_missing");
    check(&mut citizen, "order=random", "order", "malformed");
    check(&mut citizen, "limit=0", "limit", "page_size_invalid");
    check(&mut citizen, "limit=51", "limit", "page_size_invalid");
    check(&mut citizen, "limit=1e9", "limit", "malformed");
    check(&mut citizen, "cursor=0000", "cursor", "malformed");
    check(&mut citizen, "cursor=100000000000000000000000000000", "cursor", "malformed");
    check(&mut citizen, &format!("name={}", "a".repeat(41)), "name", "name_invalid");
    for name in ["%27%20OR%201%3D1", "%3Cscript%3E", "%E0%A4%A", "%00"] {
        let heard = citizen.get(&format!("/api/v1/campaigns/sample/clinics?name={name}"));
        assert!(matches!(heard.status, 200 | 400 | 422), "{name}: {heard:?}");
    }
    let many: String = (0..65).map(|index| format!("a{index}=1&")).collect();
    let heard = citizen.get(&format!("/api/v1/campaigns/sample/clinics?{many}"));
    assert_eq!((heard.status, heard.code()), (400, "request_malformed".to_owned()));
}

#[test]
fn a_cursor_pages_only_its_own_search() {
    let stage = Stage::open();
    let mut citizen = stage.signed_in(1);
    let forged = format!("1{:08x}{:04x}{:08x}{:08x}0", 0xdead_beef_u32, 0, 0, 0);
    let heard = citizen.get(&format!("/api/v1/campaigns/sample/clinics?cursor={forged}"));
    assert_eq!((heard.status, heard.text("/errors/0/field")), (422, "cursor".to_owned()), "{heard:?}");
}

#[test]
fn dates_outside_the_campaign_are_told_so() {
    let stage = Stage::open();
    let mut citizen = stage.signed_in(1);
    for (date, code) in [
        ("2021-08-25", "days_invalid"),
        ("2021-10-25", "days_invalid"),
        ("9999-12-31", "days_invalid"),
        ("2021-02-30", "malformed"),
        ("0", "malformed"),
        ("-00001-01-01", "malformed"),
        ("2021-08-30T00:00", "malformed"),
    ] {
        let heard = citizen.get(&format!("/api/v1/campaigns/sample/clinics/C1/single/days/{date}"));
        assert_eq!((heard.status, heard.text("/errors/0/code")), (422, code.to_owned()), "{date}");
    }
    for target in ["clinics/C9", "clinics/C1/none/days", "clinics/%00/single/days", "clinics/C1%2F..%2FC1"] {
        assert_eq!(citizen.get(&format!("/api/v1/campaigns/sample/{target}")).code(), "not_found", "{target}");
    }
    assert_eq!(citizen.get("/api/v1/campaigns/nowhere").code(), "campaign_unknown");
}

#[test]
fn broken_requests_are_told_400_and_cut_off() {
    let stage = Stage::open();
    let nul = b"GET /livez HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n".as_slice();
    for request in [
        b"\r\n\r\nNONSENSE\r\n\r\n".as_slice(),
        b"GET\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nNo colon here\r\n\r\n",
        b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        nul,
    ] {
        let mut client = Client::connect(stage.address);
        client.send(request);
        let heard = client.hear();
        assert!(heard.as_ref().is_none_or(|heard| heard.status == 400), "{request:?}: {heard:?}");
        assert!(client.is_closed(), "{request:?}");
    }
    // Both lengths at once: the way requests are smuggled.
    let mut smuggler = Client::connect(stage.address);
    smuggler.send(
        b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let first = smuggler.hear().map(|heard| heard.status);
    assert_ne!(first, Some(200));
    assert_eq!(Client::connect(stage.address).ask("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn header_floods_are_refused() {
    let stage = Stage::open();
    let many: String = (0..65).map(|index| format!("X-{index}: 1\r\n")).collect();
    let wide = format!("X: {}\r\n", "a".repeat(64 * 1_024));
    for headers in [many, wide] {
        let mut client = Client::connect(stage.address);
        client.send(format!("GET /livez HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes());
        let status = client.hear().map(|heard| heard.status);
        assert!(matches!(status, None | Some(431)), "{status:?}");
        assert!(client.is_closed());
    }
    let long = format!("/api/v1/campaigns?{}", "a".repeat(2_100));
    assert_eq!(Client::connect(stage.address).ask("GET", &long, &[], b"").code(), "request_malformed");
}

#[test]
fn cookies_that_are_nonsense_count_as_absent() {
    let stage = Stage::open();
    let login = stage.signed_in(1).login.unwrap();
    let twice = format!("charye_login={login}; charye_login={login}");
    for cookie in
        ["charye_login=", "charye_login=%00", "=", ";;;", "charye_login=\"a\"; x", &twice, &"a=b;".repeat(2_000)]
    {
        let heard = Client::connect(stage.address).ask("GET", "/line", &[("Cookie", cookie)], b"");
        assert_eq!(heard.status, 303, "{}", &cookie[..cookie.len().min(40)]);
    }
    let mut client = Client::connect(stage.address);
    client.send(b"GET /line HTTP/1.1\r\nHost: x\r\nCookie: charye_login=\xff\xfe\r\n\r\n");
    assert_eq!(client.hear().unwrap().status, 303);
}

#[test]
fn forms_that_are_none_are_told_so() {
    let stage = Stage::open();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let many = "a=1&".repeat(65);
    for body in [b"%ff=%fe&language=en".as_slice(), b"language=zz", b"language=en&language=ko", b"=", many.as_bytes()] {
        let heard = Client::connect(stage.address).ask("POST", "/language", &[form], body);
        assert!(matches!(heard.status, 400 | 422), "{}: {}", String::from_utf8_lossy(body), heard.status);
    }
    let heard = Client::connect(stage.address).ask(
        "POST",
        "/language",
        &[form, ("Origin", "http://evil.test")],
        b"language=en",
    );
    assert_eq!(heard.status, 403);
}

#[test]
fn a_body_that_dribbles_is_told_that_it_is_too_slow() {
    let deadlines = Deadlines { body: Duration::from_millis(300), ..Deadlines::default() };
    let stage = Stage::with(&Setting { deadlines, ..Setting::default() });
    let mut slow = Client::connect(stage.address);
    slow.send(
        b"POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{",
    );
    let heard = slow.hear().unwrap();
    assert_eq!((heard.status, heard.code()), (408, "request_too_slow".to_owned()));
    assert!(slow.is_closed(), "what is left of the body cannot be told from a next request");
}

#[test]
fn methods_that_a_path_does_not_know_are_told_which_it_does() {
    let stage = Stage::open();
    let heard = Client::connect(stage.address).ask("PUT", "/api/v1/holds", &[], b"");
    assert_eq!((heard.status, heard.code()), (405, "method_not_allowed".to_owned()));
    assert_eq!(heard.header("allow"), Some("POST, GET"));
    let head = Client::connect(stage.address).ask("HEAD", "/api/v1/campaigns", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    for target in ["//api/v1/campaigns", "/api/v1/campaigns/", "/API/v1/campaigns", "/api/v1/../v1/campaigns", "*"] {
        let heard = Client::connect(stage.address).ask("GET", target, &[], b"");
        assert_eq!(heard.status, 404, "{target}");
    }
}

#[test]
fn when_it_is_busy_nothing_happened_and_the_wait_is_told() {
    let stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    // A day passes on one clock only: the engine is unsure and changes nothing.
    stage.world.clock.turn_wall(86_400_000);
    stage.pass(1_000);
    let heard = citizen.reserve(&slot, "busy-key-1");
    assert_eq!((heard.status, heard.code()), (503, "clock_unsure".to_owned()));
    let retry_after: u64 = heard.header("retry-after").unwrap().parse().unwrap();
    assert!((22..=46).contains(&retry_after), "thirty seconds, a quarter less or half more: {retry_after}");
    assert_eq!(heard.json()["recorded"], false);
    stage.world.clock.turn_wall(-86_400_000);
}

#[test]
fn a_bug_in_a_handler_is_told_with_an_incident_and_the_connection_goes_on() {
    async fn bug(asked: charye_web::Asked) -> Result<charye_web::Answer, charye_web::problem::Problem> {
        panic!("a bug, as the test asked for: {}", asked.target)
    }
    let row = Route::page(hyper::Method::GET, "/bug", Access::Anyone, bug);
    let stage = Stage::with(&Setting { more: vec![row], ..Setting::default() });
    let mut client = Client::connect(stage.address);
    let heard = client.ask("GET", "/bug", &[], b"");
    assert_eq!(heard.status, 500);
    let body = String::from_utf8(heard.body).unwrap();
    assert!(!body.contains("as the test asked for"), "a cause is not told");
    assert_eq!(client.ask("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn an_answer_that_takes_too_long_is_unknown_and_settles_by_its_key() {
    // Every answer of this test has this long: those that wait for nothing must keep it on a busy machine.
    let deadlines = Deadlines { answer: Duration::from_secs(3), ..Deadlines::default() };
    let stage = Stage::with(&Setting { deadlines, ..Setting::default() });
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    stage.world.journal.hang_appends();
    let heard = citizen.reserve(&slot, "slow-key-1");
    assert_eq!((heard.status, heard.code()), (500, "outcome_unknown".to_owned()));
    let heard = citizen.get("/api/v1/reservations?campaign=sample");
    assert_eq!((heard.status, heard.code()), (503, "busy".to_owned()), "a read that is not answered did nothing");
    assert!(heard.header("retry-after").is_some());
    assert_eq!(citizen.get("/api/v1/campaigns/sample/clinics").status, 200, "look-ups never wait");
    stage.world.journal.let_appends_go();
    let settled = citizen.get("/api/v1/operations/slow-key-1?operation=reserve").json();
    let again = citizen.reserve(&slot, "slow-key-1");
    assert_eq!((&settled["state"], settled["number"].as_str()), (&json!("done"), Some(&*again.text("/number"))));
}

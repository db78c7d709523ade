//! Wrong turns: bad input, what is another's, what is gone, who may not; and what every route owes to whoever asks.

use charye_domain::book::samples;
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_web::gate::Access;

use super::stage::{Browser, CHILD, FIRST_ADULT, House, Page, SECOND_ADULT};

#[test]
fn wrong_input_is_told_beside_its_field_and_nothing_typed_is_lost() {
    let house = House::open(4);
    let mut browser = house.browser("en");
    let page = browser.post("/my-day", &[("year", "1990"), ("month", "13"), ("day", "\"><script>")]);
    assert_eq!(page.status, 422);
    page.says("id=\"birth-day-mistake\"").says("value=\"1990\"").says("&#34;&#62;&#60;scrip");
    let doubled = browser.post("/my-day", &[("year", "1990"), ("year", "1991"), ("month", "1"), ("day", "1")]);
    doubled.says("birth-year-mistake");
    let page = browser.post("/sign-in", &[("number", "123"), ("next", "//evil.test")]);
    assert_eq!(page.status, 422);
    page.says("number-mistake");
    assert!(!page.body.contains("evil"), "the next page is ours or none");
    let page = browser.post("/sign-in", &[("number", "900309-9000000"), ("next", "https://evil.test/")]);
    assert_eq!(page.location(), "/line");

    let mut browser = house.inside("en", FIRST_ADULT);
    for (query, told) in [
        ("from=2021-13-01", "from-mistake"),
        ("from=2031-01-01", "from-mistake"),
        ("from=2021-09-02&to=2021-09-01", "to-mistake"),
        ("times=evening", "province-mistake"),
        ("product=nothing", "product-mistake"),
    ] {
        let page = browser.get(&format!("/find?{query}&name=kept"));
        assert_eq!(page.status, 422, "{query}");
        page.says(told).says("value=\"kept\"");
    }
    for (query, status) in [
        ("cursor=000000000000000000000000000000", 200),
        ("district=99999&province=77", 422),
        ("name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 422),
        ("change=1234", 200),
    ] {
        assert_eq!(browser.get(&format!("/find?{query}")).status, status, "{query}");
    }
    for target in ["/find/nowhere/single", "/find/C1/nothing", "/find/C1/single/more", "/nothing"] {
        assert_eq!(browser.get(target).status, 404, "{target}");
    }
    assert_eq!(browser.get("/find/C1/paired?day=1999-01-01&first=abc&second_day=x").status, 200);
    let clinic = browser.get("/find/C1/single");
    for fields in
        [&[][..], &[("first", "x")], &[("first", "64"), ("second", "-1")], &[("first", "64"), ("first", "65")]]
    {
        let mut all = vec![("key", "0123456789abcdef0123456789abcdef")];
        all.extend(fields);
        assert_eq!(browser.submit(&clinic, "/holds", &all).status, 422, "{fields:?}");
    }
    assert_eq!(browser.submit(&clinic, "/holds", &[("first", "64")]).status, 403, "a form without its key is stale");
    let unknown = [("key", "0123456789abcdef0123456789abcdef"), ("first", "4000000000")];
    assert_eq!(browser.submit(&clinic, "/holds", &unknown).status, 404);
}

#[test]
fn somebody_elses_reservation_is_answered_like_none() {
    let house = House::open(4);
    let mine = house.inside("ko", FIRST_ADULT).reserve_single();
    let mut other = house.inside("ko", SECOND_ADULT);
    let mut answers = Vec::new();
    for path in [mine.as_str(), "/reservations/0000-0000-000", "/reservations/1234-5678-903", "/reservations/x"] {
        for (suffix, method) in
            [("", "GET"), ("/change", "GET"), ("/cancel", "GET"), ("/change", "POST"), ("/cancel", "POST")]
        {
            let target = format!("{path}{suffix}");
            let page = match method {
                "GET" => other.get(&target),
                _ => {
                    let frame = other.get("/find");
                    let key = "0123456789abcdef0123456789abcdef";
                    other.submit(&frame, &target, &[("key", key), ("first", "64")])
                }
            };
            // Every page has its CSRF token under another mask.
            let told = page.body.replace(&target, "").replace(path, "").replace(&page.field("csrf"), "");
            answers.push((suffix, method, page.status, told));
        }
    }
    assert!(answers.iter().all(|(_, _, status, _)| *status == 404));
    for (suffix, method, _, told) in &answers[5..] {
        let same = answers.iter().find(|(s, m, ..)| (s, m) == (suffix, method)).unwrap();
        assert_eq!(&same.3, told, "{method} {suffix} tells the difference");
    }
    assert_eq!(other.get(&format!("/find/C1/single?change={}", &mine[14..])).status, 404);
}

#[test]
fn a_hold_that_has_run_out_says_so_and_offers_others() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let hold = browser.hold_single();
    let held_at = hold.field("next");
    house.pass(200_000);
    let warned = browser.get(&held_at);
    warned.says("The time is nearly up").says("http-equiv=\"refresh\"");
    house.pass(101_000);
    let over = browser.get(&held_at);
    over.says("The time to confirm has run out").says("/find/C1/single?day=");
    let confirmed = browser.confirm(&hold);
    let told = browser.get(confirmed.location());
    told.says("The time to confirm has run out").says("/find/C1/single?day=");
    let released = browser.submit(&hold, "/hold/release", &[("hold", &hold.field("hold"))]);
    assert_eq!(released.location(), "/find");
    browser.get("/reservations").says("You have no reservations yet");
}

#[test]
fn a_sold_out_place_is_answered_with_others() {
    // Half of two places are out at the first opening: one.
    let house = House::open(2);
    let mut late = house.inside("en", FIRST_ADULT);
    let clinic = late.get("/find/C1/single");
    let slots = clinic.choices("first");
    let mut early = house.inside("en", SECOND_ADULT);
    let page = early.get("/find/C1/single");
    let held = early.submit(&page, "/holds", &[("key", &page.field("key")), ("first", &slots[0])]);
    assert_eq!(held.status, 303);
    let answer = late.submit(&clinic, "/holds", &[("key", &clinic.field("key")), ("first", &slots[0])]);
    assert_eq!(answer.status, 409, "{}", answer.body);
    answer.says("That place has just been taken").says("/find/C1/single?day=");
}

#[test]
fn who_may_not_reserve_is_told_why_and_does_not_get_in() {
    let house = House::open(4);
    let mut browser = house.browser("en");
    browser.sign_in(CHILD, "/line");
    let line = browser.get("/line");
    line.says("You are not in the group for this vaccination");
    assert!(!line.body.contains("action=\"/line\""));
    let forced = browser.submit(&line, "/line", &[("campaign", "sample")]);
    assert_eq!(forced.status, 403);
    assert_eq!(browser.submit(&line, "/line", &[("campaign", "nothing")]).status, 404);
    assert!(!browser.cookies.contains_key("charye_pass"));
}

#[test]
fn who_has_reserved_is_told_their_reservation_and_not_asked_in_again_on_any_device() {
    let house = House::open(4);
    let mut first_device = house.inside("en", FIRST_ADULT);
    let reserved = first_device.reserve_single();
    let number = reserved.rsplit('/').next().unwrap();
    let mut other_device = house.browser("en");
    other_device.sign_in(FIRST_ADULT, "/line");
    for browser in [&mut first_device, &mut other_device] {
        let line = browser.get("/line");
        line.says("You have already reserved").says(number).says("href=\"/helping\"");
        line.says(&format!("href=\"{reserved}/change\"")).says(&format!("href=\"{reserved}/cancel\""));
        assert!(!line.body.contains("action=\"/line\""), "nobody is asked in who has what they came for");
        assert!(!line.body.contains("You can reserve now"));
    }
    // Whoever is to change it has to come in, and may.
    let line = other_device.get(&format!("/line?next={reserved}/change"));
    line.says("It stands until you have confirmed another time");
    line.says("action=\"/line\"");
    let ask = other_device.get(&format!("{reserved}/cancel"));
    other_device.submit(&ask, &format!("{reserved}/cancel"), &[("key", &ask.field("key"))]);
    other_device.get("/line").says("action=\"/line\"");
}

#[test]
fn whoever_tries_it_out_finds_those_who_may_reserve_with_one_press() {
    let house = House::open(4);
    let mut browser = house.browser("en");
    let everybody = browser.get("/sign-in?next=%2Fline");
    everybody.says("Sign in as Test 하나").says("Sign in as Test 둘");
    let [only] = &everybody.links("/sign-in?next=%2Fline&may=1")[..] else { panic!("{}", everybody.body) };
    let some = browser.get(only);
    some.says("Sign in as Test 하나");
    assert!(!some.body.contains("Sign in as Test 둘"), "a child may not");
    assert!(some.links("/sign-in?next=%2Fline&may=1").is_empty(), "pressed already");
}

#[test]
fn who_proved_themselves_by_another_scheme_does_not_get_in() {
    let campaign = Campaign { uniqueness: UniquenessScheme::NationalId, ..samples::campaign(DoseTwoPolicy::Together) };
    let house = House::with(campaign, 4);
    let mut browser = house.browser("en");
    browser.sign_in(FIRST_ADULT, "/line");
    let line = browser.get("/line");
    line.says("you need to sign in another way");
    assert!(!line.body.contains("action=\"/line\""));
    let forced = browser.submit(&line, "/line", &[("campaign", "sample")]);
    assert_eq!(forced.status, 403);
    forced.says("Another way to sign in is needed").says("href=\"/sign-in\"");
    assert!(!browser.cookies.contains_key("charye_pass"));
}

#[test]
fn a_time_of_day_without_a_province_is_told_beside_its_field() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let page = browser.get("/find?times=morning&name=C1");
    assert_eq!(page.status, 422);
    page.says("id=\"province-mistake\"").says("value=\"morning\" selected").says("value=\"C1\"");
    assert_eq!(browser.get("/find?times=morning&province=11").status, 200);
}

#[test]
fn forms_from_elsewhere_are_refused() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let clinic = browser.get("/find/C1/single");
    let slot = clinic.choices("first").pop().unwrap();
    let key = clinic.field("key");
    let fields = [("key", key.as_str()), ("first", slot.as_str())];
    assert_eq!(browser.post("/holds", &fields).status, 403, "without its csrf token");
    let forged = [("csrf", "AAAAAAAAAAAAAAAAAAAAAA"), fields[0], fields[1]];
    assert_eq!(browser.post("/holds", &forged).status, 403, "with a token of nobody");
    browser.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    assert_eq!(browser.submit(&clinic, "/holds", &fields).status, 403, "from another site");
    browser.headers = vec![("origin", "http://evil.test".to_owned())];
    assert_eq!(browser.submit(&clinic, "/holds", &fields).status, 403, "from another origin");
    browser.headers.clear();
    assert_eq!(browser.submit(&clinic, "/holds", &fields).status, 303);
}

#[test]
fn a_newer_device_takes_over_and_the_older_is_led_back_in() {
    let house = House::open(4);
    let mut old = house.inside("en", FIRST_ADULT);
    let clinic = old.get("/find/C1/single");
    let _new = house.inside("en", FIRST_ADULT);
    let slot = clinic.choices("first").pop().unwrap();
    let page = old.submit(&clinic, "/holds", &[("key", &clinic.field("key")), ("first", &slot)]);
    assert_eq!(page.status, 403);
    page.says("another device").says("href=\"/line");
}

#[test]
fn every_route_is_guarded_and_every_answer_is_safe() {
    let house = House::open(4);
    let mut tried = 0;
    for route in house.table.routes() {
        let target = route.path.replace("{clinic}", "C1").replace("{product}", "single").replace("{number}", "1");
        let mut stranger = house.browser("ko");
        let page = stranger.send(route.method.as_str(), &target, (route.method != "GET").then_some(&[][..]));
        match route.access {
            Access::Anyone => assert_ne!(page.status, 500, "{route:?}"),
            Access::Operator | Access::Agent => panic!("{route:?} is no page"),
            Access::SignedIn | Access::Inside => assert!(page.location().starts_with("/sign-in?next="), "{route:?}"),
        }
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{route:?} has no policy"));
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{route:?}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{route:?}");
        let kept = match target.as_str() {
            asset if asset.starts_with("/assets/") => "public, max-age=31536000, immutable",
            // It answers a form itself, and is found again by going back.
            "/my-day" if route.method == "POST" => "private, max-age=600",
            _ => "no-store",
        };
        assert_eq!(page.header("cache-control"), Some(kept), "{route:?}");
        if route.access == Access::Inside {
            let mut signed_in = house.browser("ko");
            signed_in.sign_in(FIRST_ADULT, "/line");
            let frame = signed_in.get("/line");
            let page = match route.method.as_str() {
                "GET" => signed_in.get(&target),
                _ => signed_in.submit(&frame, &target, &[]),
            };
            assert!(page.location().starts_with("/line?next="), "{route:?}");
        }
        tried += 1;
    }
    assert!(tried >= 30, "{tried} routes");
}

#[test]
fn what_is_pressed_twice_leads_twice_to_the_same() {
    let house = House::open(1);
    let mut citizen = house.inside("en", FIRST_ADULT);
    let (one, other) = (citizen.get("/find/C1/single"), citizen.get("/find/C1/single"));
    let slot = one.choices("first").pop().unwrap();
    let held = |citizen: &mut Browser, page: &Page| {
        citizen.submit(page, "/holds", &[("key", &page.field("key")), ("first", &slot)]).location().to_owned()
    };
    // The only place is held by oneself: that is no place that somebody else has.
    let (hold, again) = (held(&mut citizen, &one), held(&mut citizen, &other));
    assert_eq!(hold, again);
    let (one, other) = (citizen.get(&hold), citizen.get(&hold));
    let reserved = citizen.confirm(&one).location().to_owned();
    assert!(reserved.starts_with("/reservations/"));
    assert_eq!(citizen.confirm(&other).location(), reserved, "after the visit has ended");
    let number = reserved.split('?').next().unwrap();
    let ask = format!("{number}/cancel");
    let (asks, again) = (citizen.get(&ask), citizen.get(&ask));
    let cancel = |citizen: &mut Browser, page: &Page| {
        citizen.submit(page, &ask, &[("key", &page.field("key"))]).location().to_owned()
    };
    assert_eq!(cancel(&mut citizen, &asks), format!("{number}?cancelled=1"));
    assert_eq!(cancel(&mut citizen, &again), format!("{number}?cancelled=1"));
    let mut stranger = house.inside("en", SECOND_ADULT);
    stranger.cookies.retain(|name, _| !name.contains("pass"));
    let frame = stranger.get("/line");
    let fields = [("key", other.field("key")), ("hold", other.field("hold")), ("first", other.field("first"))];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(stranger.submit(&frame, "/hold/confirm", &fields).location(), "/line?next=%2Ffind");
}

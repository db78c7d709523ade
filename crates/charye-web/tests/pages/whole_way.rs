//! The way of somebody who does it right: from the landing page to a reservation, its change and its cancelling, and what
//! belongs to it: consent, the second dose, the calendar, one's own data, the language.

use charye_domain::book::samples;
use charye_domain::vaccine::DoseTwoPolicy;

use super::stage::{Browser, FIRST_ADULT, House, SECOND_ADULT};

/// From the landing page to a cancelled reservation, on links and forms that the pages themselves offer.
fn whole_way(language: &'static str, words: [&str; 7]) {
    let [may_reserve, held, done, changed, cancel, cancelled, second] = words;
    let house = House::open(4);
    let mut browser = house.browser(language);
    browser.get("/").says("sample").says(&format!("<html lang=\"{language}\">"));
    browser.post("/my-day", &[("year", "1990"), ("month", "3"), ("day", "9")]).says(may_reserve);
    assert_eq!(browser.get("/find").location(), "/sign-in?next=%2Ffind");
    browser.get("/sign-in?next=%2Ffind").says("&#60;script&#62;");
    browser.sign_in(FIRST_ADULT, "/find");
    assert_eq!(browser.get("/find").location(), "/line?next=%2Ffind");
    browser.come_in("/find");

    let found = browser.get("/find?product=paired&province=11");
    let times = found.links("/find/C1/paired?day=");
    assert!(!times.is_empty(), "{}", found.body);
    let second_step = browser.get(&times[0]);
    second_step.says(second);
    let (first, choices) = (second_step.field("first"), second_step.choices("second"));
    let key = second_step.field("key");
    let fields = [("key", key.as_str()), ("first", first.as_str()), ("second", choices[0].as_str())];
    let page = browser.submit(&second_step, "/holds", &fields);
    let hold_path = page.location().to_owned();
    let again = browser.submit(&second_step, "/holds", &fields);
    assert_eq!(again.location(), hold_path, "pressed twice, it is one hold");

    let hold = browser.get(&hold_path);
    hold.says(held);
    let (hold_id, key) = (hold.field("hold"), hold.field("key"));
    let extended = browser.submit(&hold, "/hold/extend", &[("key", &key), ("hold", &hold_id)]);
    assert_eq!(extended.location(), "/hold");
    let hold = browser.get("/hold");
    let confirmed = browser.confirm(&hold);
    let path = confirmed.location().to_owned();
    browser.get(&path).says(done);
    let path = path.split('?').next().unwrap();
    browser.get("/reservations").says(path);

    // The visit ended with its purpose: changing needs another.
    assert!(browser.get(&format!("{path}/change")).location().starts_with("/line?next="));
    browser.come_in(&format!("{path}/change"));
    let change = browser.get(&format!("{path}/change"));
    let clinic = browser.get(&change.links("/find/C1/paired")[0]);
    let times = clinic.links("/find/C1/paired?day=");
    let other = times.iter().rev().find(|href| href.contains("first=")).unwrap().clone();
    let chooser = browser.get(&other);
    let fields = [
        ("key", chooser.field("key")),
        ("first", chooser.field("first")),
        ("second", chooser.choices("second")[1].clone()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let swapped = browser.submit(&chooser, &format!("{path}/change"), &fields);
    assert_eq!(swapped.location(), format!("{path}?changed=1"));
    let again = browser.submit(&chooser, &format!("{path}/change"), &fields);
    assert_eq!(again.location(), format!("{path}?changed=1"), "pressed in a second tab, after the visit has ended");
    let old = [fields[0], ("first", first.as_str()), ("second", choices[0].as_str())];
    let other = browser.submit(&chooser, &format!("{path}/change"), &old);
    assert!(other.location().starts_with("/line?next="), "another change needs another visit");
    browser.get(&format!("{path}?changed=1")).says(changed);

    let ask = browser.get(&format!("{path}/cancel"));
    ask.says(cancel);
    let gone = browser.submit(&ask, &format!("{path}/cancel"), &[("key", &ask.field("key"))]);
    assert_eq!(gone.location(), format!("{path}?cancelled=1"));
    browser.get(&format!("{path}?cancelled=1")).says(cancelled);
    let out = browser.get("/");
    assert_eq!(browser.submit(&out, "/sign-out", &[]).location(), "/");
    assert!(browser.cookies.keys().all(|name| name == "charye_language"), "{:?}", browser.cookies);
}

#[test]
fn the_whole_way_in_korean() {
    whole_way(
        "ko",
        [
            "지금 예약하실 수 있습니다",
            "맡아 두었습니다",
            "예약되었습니다",
            "예약을 바꾸었습니다",
            "되돌릴 수 없습니다",
            "예약을 취소했습니다",
            "2차 날짜",
        ],
    );
}

#[test]
fn the_whole_way_in_english() {
    whole_way(
        "en",
        [
            "You can reserve now",
            "Your place is held",
            "Reserved",
            "has been changed",
            "cannot be undone",
            "is cancelled",
            "day for dose 2",
        ],
    );
}

#[test]
fn a_second_dose_that_is_reserved_later_has_its_way_from_the_first() {
    let house = House::with(samples::campaign(DoseTwoPolicy::Later), 4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let reserve = |browser: &mut Browser, chooser: &str| {
        let clinic = browser.get(chooser);
        let slot = clinic.choices("first").first().unwrap_or_else(|| panic!("no times: {}", clinic.body)).clone();
        let held = browser.submit(&clinic, "/holds", &[("key", &clinic.field("key")), ("first", &slot)]);
        let hold = held.location().to_owned();
        let hold = browser.get(&hold);
        browser.confirm(&hold).location().split('?').next().unwrap().to_owned()
    };
    let first = reserve(&mut browser, "/find/C1/paired");
    let way = browser.get(&first).says("Dose 2 is not reserved yet").links("/find/C1/paired?second_of=").remove(0);
    assert_eq!(browser.get(&way).status, 303, "reserving another dose needs another visit");
    browser.come_in("/find");
    browser.get(&way).says("You are reserving dose 2");
    let second = reserve(&mut browser, &way);
    assert_ne!(first, second);
    browser.get(&second).says("Dose 2");
    assert!(browser.get(&first).links("/find/C1/paired?second_of=").is_empty(), "it is offered once");

    // The second dose, a reservation of its own, moves to another day after the first.
    browser.come_in("/find");
    let change = browser.get(&format!("{second}/change"));
    assert!(change.links("/find?change=").is_empty(), "a second dose stays at its clinic");
    let chooser = browser.get(&change.links("/find/C1/paired?change=")[0]);
    let slot = chooser.choices("first").pop().unwrap();
    let fields = [("key", chooser.field("key")), ("first", slot)];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let moved = browser.submit(&chooser, &format!("{second}/change"), &fields);
    assert_eq!(moved.location(), format!("{second}?changed=1"));

    let mut other = house.inside("en", SECOND_ADULT);
    let number = first.rsplit('/').next().unwrap();
    assert_eq!(other.get(&format!("/find/C1/paired?second_of={number}")).status, 404, "another's first dose");
}

#[test]
fn a_reservation_goes_into_a_calendar_without_saying_what_for() {
    let house = House::open(4);
    let mut browser = house.inside("ko", FIRST_ADULT);
    let path = browser.reserve_single();
    let page = browser.get(&path);
    page.says("<svg").says(&format!("{path}/calendar.ics"));
    let file = browser.get(&format!("{path}/calendar.ics"));
    assert_eq!(file.header("content-type"), Some("text/calendar; charset=utf-8"));
    file.says("SUMMARY:예약\r\n").says("LOCATION:서울 종로구\r\n").says("T003000Z\r\nDURATION:PT30M");
    assert!(!file.body.contains("접종") && !file.body.contains("sample"), "{}", file.body);
    let mut other = house.inside("ko", SECOND_ADULT);
    assert_eq!(other.get(&format!("{path}/calendar.ics")).status, 404);
    let ask = browser.get(&format!("{path}/cancel"));
    browser.submit(&ask, &format!("{path}/cancel"), &[("key", &ask.field("key"))]);
    assert_eq!(browser.get(&format!("{path}/calendar.ics")).status, 409, "nothing is to come");
}

#[test]
fn what_is_kept_about_a_citizen_is_theirs_to_take_and_to_erase() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let path = browser.reserve_single();
    let number = path.rsplit('/').next().unwrap();
    let export = browser.get("/my-data/export.json");
    assert_eq!(export.header("content-disposition"), Some("attachment; filename=\"my-data.json\""));
    let told: serde_json::Value = serde_json::from_str(&export.body).unwrap();
    assert_eq!(told["details"]["name"], "시험 하나");
    assert_eq!(told["details"]["birth_date"], "1990-03-09");
    assert_eq!(told["reservations"][0]["number"], number);
    assert_eq!(told["reservations"][0]["doses"][0]["state"], "reserved");

    let page = browser.get("/my-data");
    assert!(!page.body.contains("action=\"/my-data/erase\""), "not while a place is to come");
    let refused = browser.submit(&page, "/my-data/erase", &[("sure", "1")]);
    assert_eq!(refused.status, 409, "{}", refused.body);
    let ask = browser.get(&format!("{path}/cancel"));
    browser.submit(&ask, &format!("{path}/cancel"), &[("key", &ask.field("key"))]);
    let page = browser.get("/my-data");
    let unsure = browser.submit(&page, "/my-data/erase", &[]);
    assert_eq!(unsure.status, 422);
    unsure.says("id=\"sure-mistake\"");
    assert_eq!(browser.submit(&page, "/my-data/erase", &[("sure", "1")]).location(), "/?erased=1");
    browser.get("/?erased=1").says("Your data is erased");
    assert!(!browser.cookies.contains_key("charye_login"));

    // Whoever signs in again comes as somebody new.
    browser.sign_in(FIRST_ADULT, "/reservations");
    assert!(!browser.get("/reservations").body.contains(number));
    assert_eq!(browser.get(&path).status, 404);
}

#[test]
fn where_one_is_becomes_a_district_and_is_in_no_address() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let find = browser.get("/find");
    find.says("action=\"/find/near\"").says("<svg viewBox").says("href=\"/find?province=11\"");
    let near = |browser: &mut Browser, lat, lon| browser.submit(&find, "/find/near", &[("lat", lat), ("lon", lon)]);
    assert_eq!(near(&mut browser, "37.584", "126.988").location(), "/find?province=11&district=11110");
    let nowhere = near(&mut browser, "51.5", "0.1").location().to_owned();
    browser.get(&nowhere).says("We could not find a district near you");
    assert_eq!(near(&mut browser, "north", "126.988").status, 422);
    assert_eq!(near(&mut browser, "37.584", "").status, 422);
}

#[test]
fn consent_is_asked_once_before_the_first_hold_and_stands_in_the_journal_with_it() {
    let house = House::open(4);
    let mut browser = house.inside("en", FIRST_ADULT);
    let clinic = browser.get("/find/C1/single");
    let (slot, csrf, key) = (clinic.choices("first").pop().unwrap(), clinic.field("csrf"), clinic.field("key"));
    let unasked = [("csrf", csrf.as_str()), ("key", &key), ("first", &slot)];
    let asked = browser.post("/holds", &unasked).location().to_owned();
    assert_eq!(asked, format!("/consent?first={slot}"));
    assert_eq!(house.reasons_of_holds(), Vec::<u16>::new(), "nothing is held before");
    let page = browser.get(&asked);
    page.says("Consent: what we keep about you").says("is not held yet");
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let agreed = [("csrf", csrf.as_str()), ("key", &key), ("first", &slot), ("agreed", &page.field("agreed"))];
    assert_eq!(browser.post("/holds", &agreed).location(), format!("/hold?first={slot}"));
    assert_eq!(house.reasons_of_holds(), [1]);
    // Another place in the same login: nothing is asked twice.
    let hold = browser.get("/hold").field("hold");
    let page = browser.get("/hold");
    assert_eq!(browser.submit(&page, "/hold/release", &[("hold", &hold)]).location(), "/find");
    let key = "0123456789abcdef0123456789abcdef";
    let again = [("csrf", csrf.as_str()), ("key", key), ("first", &slot)];
    assert_eq!(browser.post("/holds", &again).location(), format!("/hold?first={slot}"));
    assert_eq!(house.reasons_of_holds(), [1, 1]);
}

#[test]
fn what_consent_is_about_can_be_read_at_any_time_and_for_places_that_are_there() {
    let house = House::open(4);
    let mut browser = house.browser("ko");
    assert_eq!(browser.get("/consent").location(), "/sign-in?next=%2Fconsent");
    browser.sign_in(FIRST_ADULT, "/consent");
    let page = browser.get("/consent");
    page.says("보관하는 정보");
    assert!(!page.body.contains("action=\"/holds\""), "without a choice there is nothing to hold");
    assert_eq!(browser.get("/consent?first=999999").status, 404);
    assert_eq!(browser.get("/consent?first=x").status, 422);
    browser.get("/my-data").says("href=\"/consent\"");
}

#[test]
fn the_language_chosen_stays_and_leads_back_to_the_page() {
    let house = House::open(4);
    let mut browser = house.browser("ko");
    let page = browser.post("/language", &[("language", "en"), ("next", "/problems")]);
    assert_eq!(page.location(), "/problems");
    browser.get("/problems").says("<html lang=\"en\">").says("id=\"sold_out\"");
    assert_eq!(browser.post("/language", &[("language", "en"), ("next", "//evil.test")]).location(), "/");
    assert_eq!(browser.post("/language", &[("language", "xx")]).status, 422);
    // A page that answers a form leads back to one that can be opened.
    let told = browser.post("/my-day", &[("year", "1990"), ("month", "3"), ("day", "9")]);
    let next = told.field("next");
    assert_eq!(browser.get(&next).status, 200);
}

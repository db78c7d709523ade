//! Waiting one's turn, as a browser without script meets it: arriving at sign-in, the page that waits, coming in.

use super::stage::{CHILD, FIRST_ADULT, House, SECOND_ADULT, unescaped};

#[test]
fn who_signs_in_for_a_campaign_is_inside_or_in_its_line_at_once() {
    let house = House::with_line(1);
    house.browser("ko").get("/").says("href=\"/sign-in?next=%2Fline%2Fsample\"");
    let mut first = house.browser("ko");
    assert_eq!(first.sign_in_for_the_line(FIRST_ADULT), "/find");
    assert_eq!(first.get("/find").status, 200);

    house.pass(1_000);
    let mut second = house.browser("ko");
    let waiting = second.sign_in_for_the_line(SECOND_ADULT);
    assert_eq!(waiting, "/line/sample");
    let page = second.get(&waiting);
    page.says("<h1>순서를 기다리고 있습니다</h1>").says("0명").says("닫아도 됩니다");
    page.says("<noscript><meta http-equiv=\"refresh\"").says("role=\"status\"").says("data-ticket=\"");
    assert!(!page.body.contains("action=\"/line\""), "nothing to press before the turn");
    second.get("/line").says("href=\"/line/sample\"");
    let pressed_anyway = second.submit(&page, "/line", &[("campaign", "sample")]);
    assert_eq!(pressed_anyway.location(), "/line/sample");

    let inside = first.get("/find");
    first.submit(&inside, "/sign-out", &[]);
    house.pass(1_000);
    let page = second.get("/line/sample?next=%2Ffind%3Fprovince%3D11");
    page.says("<h1>차례가 되었습니다</h1>").says("까지 입장해 주세요").says("<b role=\"timer\" data-opens-in=\"");
    let next = page.body.rsplit_once("name=\"next\" value=\"").unwrap().1.split_once('"').unwrap().0;
    assert_eq!(unescaped(next), "/find?province=11");
    let came = second.submit(&page, "/line", &[("campaign", "sample"), ("next", &unescaped(next))]);
    assert_eq!(came.location(), "/find?province=11");
}

#[test]
fn reading_the_waiting_page_takes_no_place_and_shows_no_other_persons() {
    let house = House::with_line(0);
    let mut owner = house.browser("en");
    let waiting = owner.sign_in_for_the_line(FIRST_ADULT);
    owner.get(&waiting).says("You are in line");
    let mut other = house.browser("en");
    other.sign_in(SECOND_ADULT, "/line");
    assert_eq!(other.get("/line/sample").location(), "/line");
    other.cookies.insert("charye_ticket".to_owned(), owner.cookies["charye_ticket"].clone());
    assert_eq!(other.get("/line/sample").location(), "/line", "a borrowed ticket is none");
    house.pass(1_000);
    other.get("/line/sample/0/now").says("\"waiting\":1");

    let page = owner.get("/line/sample");
    let left = owner.submit(&page, "/line/sample/leave", &[]);
    assert_eq!((left.location(), owner.cookies.get("charye_ticket")), ("/line", None));
    house.pass(1_000);
    other.get("/line/sample/0/now").says("\"waiting\":0");
}

#[test]
fn a_slow_sign_in_costs_nobody_a_place_and_a_forged_beginning_buys_none() {
    let house = House::with_line(0);
    let (mut slow, mut quick) = (house.browser("en"), house.browser("en"));
    let begun = slow.get("/sign-in").field("begun");
    house.pass(60_000);
    let waiting = quick.sign_in_for_the_line(FIRST_ADULT);
    quick.get(&waiting).says("<b id=\"ahead\">0 people</b>");
    house.pass(60_000);
    let (second, forged) = (SECOND_ADULT.to_string(), begun.replace(['a', 'b', 'c', 'd', 'e', 'f'], "g"));
    let mut arrive = |begun: &str| {
        let fields = [("begun", begun), ("citizen", second.as_str()), ("next", "/line/sample")];
        let waiting = slow.post("/sign-in", &fields).location().to_owned();
        house.pass(1_000);
        slow.get(&waiting).body.contains("<b id=\"ahead\">0 people</b>")
    };
    assert!(arrive(&begun), "began before the other, stands before the other");
    quick.get("/line/sample").says("<b id=\"ahead\">1 person</b>");
    assert_ne!(forged, begun);

    let house = House::with_line(0);
    let (mut honest, mut forger) = (house.browser("en"), house.browser("en"));
    honest.sign_in_for_the_line(FIRST_ADULT);
    house.pass(60_000);
    let fields = [("begun", forged.as_str()), ("citizen", second.as_str()), ("next", "/line/sample")];
    let waiting = forger.post("/sign-in", &fields).location().to_owned();
    house.pass(1_000);
    forger.get(&waiting).says("<b id=\"ahead\">1 person</b>");
}

#[test]
fn who_gets_no_place_is_led_to_what_they_need() {
    let house = House::with_line(10);
    let mut child = house.browser("en");
    assert_eq!(child.sign_in_for_the_line(CHILD), "/line/sample");
    assert_eq!(child.get("/line/sample").location(), "/line");
    child.get("/line").says("You are not in the group for this vaccination");

    let mut adult = house.browser("en");
    assert_eq!(adult.sign_in_for_the_line(FIRST_ADULT), "/find");
    let reservation = adult.reserve_single();
    let mut again = house.browser("en");
    assert_eq!(again.sign_in_for_the_line(FIRST_ADULT), "/reservations");
    let change = format!("{reservation}/change");
    let to_line = again.get(&change).location().to_owned();
    let line = again.get(&to_line);
    let came = again.submit(&line, "/line", &[("campaign", "sample"), ("next", &change)]);
    assert_eq!(came.location(), change, "who comes to change comes in");
}

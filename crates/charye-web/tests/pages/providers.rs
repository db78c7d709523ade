//! Signing in at identity providers, as a browser without script meets it: the choice, the way there and back, the wait for
//! an app, a window's answer, and everything that may come back wrong.

use charye_domain::book::samples;
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::identity::{Assurance, IdentityProviderId, OperatorWord, OperatorWords};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_engine::fakes::{FakeProvider, Treatment};
use charye_engine::ports::{
    AskedField, FlowKind, IdentityProvider as _, ProviderFacts, ProviderFault, ProviderLimits, SignInRefusal,
};
use charye_web::gate::{LoginSession, Surface};
use hyper::HeaderMap;

use super::stage::{Browser, House, Page};

/// What they come for.
const NEXT: &str = "/line/sample";
/// Where that leads: this campaign has no line, and who may reserve is inside at once.
const INSIDE: &str = "/find";

/// A house whose campaign goes by connecting information, with two providers to be led to, an app and a window.
struct Providers {
    naver: FakeProvider,
    app: FakeProvider,
    house: House,
}

impl Providers {
    fn open() -> Self {
        let [naver, kakao] = ["naver", "kakao"].map(|name| FakeProvider::new(name, FlowKind::OpenIdConnect));
        let facts = FakeProvider::new("app", FlowKind::Decoupled).facts().clone();
        let app = FakeProvider::with_facts(ProviderFacts { asks: vec![AskedField::Phone], ..facts });
        let window = FakeProvider::new("window", FlowKind::HostedWindow);
        let campaign = Campaign {
            uniqueness: UniquenessScheme::ConnectingInformation,
            ..samples::campaign(DoseTwoPolicy::Together)
        };
        let all = [naver.clone(), kakao, app.clone(), window];
        Self { naver, app, house: House::with_providers(campaign, 4, &all) }
    }

    /// Begins at the first provider; the `state` that it was sent.
    fn begin(&self, browser: &mut Browser) -> String {
        let page = browser.post("/sign-in/naver", &[("next", NEXT)]);
        assert_eq!(page.status, 200, "{}", page.body);
        state_of(&page)
    }

    /// Who the browser's cookie says has signed in.
    fn login(&self, browser: &Browser) -> Option<LoginSession> {
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        self.house.app.gate.recognise(Surface::Page, &headers, self.house.app.engine.now()).login
    }

    /// A page that says why it did not go on: nobody is signed in, there is a way on, nothing of ours shows.
    fn check_failed(&self, browser: &Browser, page: &Page, status: u16, code: &str) {
        assert_eq!(page.status, status, "{code}: {}", page.body);
        page.says(&format!("/problems#{code}\"")).says("href=\"/sign-in");
        assert!(self.login(browser).is_none(), "{code}: signed in");
        for internal in ["panicked", "charye_engine", "src/", "sealed_state"] {
            assert!(!page.body.contains(internal), "{code}: {internal} shows");
        }
    }
}

fn state_of(page: &Page) -> String {
    let (_, rest) = page.body.split_once("authorize?state=").unwrap();
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[test]
fn a_choice_shows_each_light_in_word_and_shape_and_quick_ones_first() {
    let providers = Providers::open();
    let desk = providers.house.app.sign_in.clone().unwrap();
    let mut words = OperatorWords::default();
    words.say(&IdentityProviderId::parse("naver").unwrap(), OperatorWord::Closed);
    desk.go_by(&words);
    let page = providers.house.browser("en").get("/sign-in?next=%2Fline%2Fsample");
    page.says("●</span> Smooth").says("✕</span> Closed").says("action=\"/sign-in/kakao\"").says("Sign in with app");
    page.says("name=\"phone\"");
    assert!(!page.body.contains("action=\"/sign-in/naver\""), "who is closed is not to be pressed");
    let at = |name: &str| page.body.find(&format!("<strong>{name}</strong>")).unwrap();
    assert!(at("kakao") < at("window") && at("window") < at("naver"), "quick ones first");
    providers.house.browser("ko").get("/sign-in").says("●</span> 원활").says("kakao로 본인인증");
}

#[test]
fn a_provider_that_does_not_fit_the_campaign_is_not_offered_for_it() {
    let providers = [FakeProvider::new("naver", FlowKind::OpenIdConnect)];
    let house = House::with_providers(samples::campaign(DoseTwoPolicy::Together), 4, &providers);
    let mut browser = house.browser("en");
    let named = |page: Page| page.body.contains("action=\"/sign-in/naver\"");
    assert!(!named(browser.get("/sign-in?next=%2Fline%2Fsample")));
    assert!(named(browser.get("/sign-in")));
    let page = browser.post("/sign-in/naver", &[("next", NEXT)]);
    assert_eq!(page.status, 422);
    page.says("/problems#not_for_campaign\"");
}

#[test]
fn a_campaign_that_asks_for_a_stronger_proof_offers_only_those_that_give_it() {
    let [strong, weak] = ["strong", "weak"].map(|name| FakeProvider::new(name, FlowKind::OpenIdConnect));
    let weak = FakeProvider::with_facts(ProviderFacts { assurance: Assurance::Ial1, ..weak.facts().clone() });
    let sample = samples::campaign(DoseTwoPolicy::Together);
    let (uniqueness, least_assurance) = (UniquenessScheme::ConnectingInformation, Assurance::Ial2);
    let house = House::with_providers(Campaign { uniqueness, least_assurance, ..sample }, 4, &[strong, weak]);
    let page = house.browser("en").get("/sign-in?next=%2Fline%2Fsample");
    page.says("action=\"/sign-in/strong\"").says("Only those this vaccination accepts are shown");
    assert!(!page.body.contains("action=\"/sign-in/weak\""), "{}", page.body);
    let refused = house.browser("en").post("/sign-in/weak", &[("next", NEXT)]);
    assert_eq!(refused.status, 422);
    refused.says("/problems#not_for_campaign\"");
}

/// A house with one app that asks for these fields, and one person at a time.
fn with_one_app(asks: Vec<AskedField>) -> (House, FakeProvider) {
    let facts = FakeProvider::new("app", FlowKind::Decoupled).facts().clone();
    let limits = ProviderLimits { at_once_max: 1, ..facts.limits };
    let app = FakeProvider::with_facts(ProviderFacts { asks, limits, ..facts });
    let uniqueness = UniquenessScheme::ConnectingInformation;
    let campaign = Campaign { uniqueness, ..samples::campaign(DoseTwoPolicy::Together) };
    (House::with_providers(campaign, 4, std::slice::from_ref(&app)), app)
}

/// What an operator says of that app.
fn say_of_the_app(house: &House, word: OperatorWord) {
    let mut words = OperatorWords::default();
    words.say(&IdentityProviderId::parse("app").unwrap(), word);
    house.app.sign_in.as_ref().unwrap().go_by(&words);
}

#[test]
fn a_place_in_a_providers_line_is_kept_by_coming_again_and_leads_on_by_itself() {
    let (house, _) = with_one_app(vec![AskedField::Phone]);
    let say = |word| say_of_the_app(&house, word);
    // Nobody can be asked now: both wait, in the order of their coming.
    say(OperatorWord::Capped(0));
    let (mut first, mut second) = (house.browser("en"), house.browser("en"));
    let page = first.post("/sign-in/app", &[("next", NEXT), ("phone", "010-1234-5678")]);
    assert_eq!(page.status, 503);
    page.says("0 people are ahead of you").says("url=/sign-in/app/wait");
    assert!(!page.body.contains("data-look"), "a script would stay where it leads on");
    second.post("/sign-in/app", &[("next", NEXT), ("phone", "010-1234-9999")]).says("1 person is ahead of you");
    for _ in 0..3 {
        house.pass(15_000);
        first.get("/sign-in/app/wait").says("0 people are ahead of you");
        second.get("/sign-in/app/wait").says("1 person is ahead of you");
    }
    say(OperatorWord::Open);
    second.get("/sign-in/app/wait").says("1 person is ahead of you");
    first.get("/sign-in/app/wait").says("Please confirm on your phone");
    second.get("/sign-in/app/wait").says("Please confirm on your phone");
    let back = first.get("/sign-in/app/wait");
    assert_eq!(back.location(), INSIDE);
}

#[test]
fn what_is_found_wrong_after_a_wait_in_a_providers_line_is_still_in_its_field() {
    let (house, app) = with_one_app(vec![AskedField::Name, AskedField::Phone]);
    say_of_the_app(&house, OperatorWord::Capped(0));
    let mut browser = house.browser("en");
    let fields = [("next", NEXT), ("name", "김\"<b>"), ("phone", "010-1234-5678")];
    let page = browser.post("/sign-in/app", &fields);
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("1234"), "{}", page.body);
    assert!(browser.cookies.values().all(|value| !value.contains("1234")), "it is sealed in the place");
    say_of_the_app(&house, OperatorWord::Open);
    app.treats_all(Treatment::TurnsAway(SignInRefusal::NotFound));
    let mut other = house.browser("en");
    assert!(!other.get("/sign-in/app/wait").body.contains("1234"), "nobody else has that place");
    let page = browser.get("/sign-in/app/wait");
    assert_eq!(page.status, 422, "{}", page.body);
    page.says("id=\"app-name-mistake\">").says("<title>Error: ").says("value=\"010-1234-5678\"");
    page.says("value=\"김&#34;&#60;b&#62;\"");
    assert!(page.headers.iter().all(|(_, value)| !value.contains("1234")), "in no address and no cookie");
    // At another provider the place says nothing.
    assert!(!browser.get("/sign-in/other/wait").body.contains("1234"));
    app.treats_all(Treatment::Answers);
    let (next, phone) = (page.field("next"), "010-1234-5679");
    let begun = browser.post("/sign-in/app", &[("next", &next), ("name", "김"), ("phone", phone)]);
    begun.says("Please confirm on your phone");
}

#[test]
fn who_is_led_away_comes_back_signed_in_and_the_time_they_began_at_counts() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    let away = browser.post("/sign-in/naver", &[("next", NEXT)]);
    away.says("<meta http-equiv=\"refresh\" content=\"0; url=https://naver.example/authorize?state=");
    let state = state_of(&away);
    providers.house.pass(30_000);
    let back = browser.get(&format!("/sign-in/naver/callback?code=somebody&state={state}"));
    assert_eq!(back.location(), INSIDE);
    assert_eq!(providers.login(&browser).unwrap().sign_in_ms, 30_000);
    assert!(!browser.cookies.contains_key("charye_sign_in"), "over is over");
    let again = browser.get(&format!("/sign-in/naver/callback?code=somebody&state={state}"));
    assert_eq!(again.status, 422);
    again.says("/problems#not_begun_here\"");
}

#[test]
fn whatever_comes_back_wrong_signs_nobody_in_and_says_what_to_do() {
    let providers = Providers::open();
    let check = |target: &dyn Fn(&str) -> String, code: &str| {
        let mut browser = providers.house.browser("en");
        let state = providers.begin(&mut browser);
        let page = browser.get(&target(&state));
        providers.check_failed(&browser, &page, 422, code);
    };
    let callback = |query: String| format!("/sign-in/naver/callback?{query}");
    check(&|_| callback(String::new()), "parameter_missing");
    check(&|_| callback("code=a".to_owned()), "parameter_missing");
    check(&|state| callback(format!("state={state}")), "parameter_missing");
    check(&|state| callback(format!("code=&state={state}")), "parameter_missing");
    check(&|state| callback(format!("code=a&code=b&state={state}")), "parameter_doubled");
    check(&|state| callback(format!("code=a&state={state}&state={state}")), "parameter_doubled");
    check(&|_| callback(format!("code=a&state={}", "0".repeat(32))), "state_mismatch");
    check(&|state| callback(format!("code=a&state={state}0")), "state_mismatch");
    check(&|state| callback(format!("code=a&state={state}{}", "&x=y".repeat(40))), "parameter_unfit");
    check(&|state| format!("/sign-in/kakao/callback?code=a&state={state}"), "other_provider");
    check(&|state| format!("/sign-in/%3Cscript%3E/callback?code=a&state={state}"), "other_provider");
    check(&|_| "/sign-in/naver/wait".to_owned(), "parameter_missing");
    // The code is the provider's to read: those three came with the state that this browser was sent away with.
    assert_eq!(providers.naver.asked(), 3, "nothing else got as far as a provider");
}

#[test]
fn what_is_huge_is_refused_before_it_is_looked_at() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    let state = providers.begin(&mut browser);
    let page = browser.get(&format!("/sign-in/naver/callback?state={state}&code={}", "a".repeat(3_000)));
    assert_eq!(page.status, 400);
    let page = browser.post("/sign-in/window/callback", &[("answer", &"a".repeat(20_000))]);
    assert_eq!(page.status, 413);
    let page = browser.post("/sign-in/app", &[("phone", &"0".repeat(9_000))]);
    assert_eq!(page.status, 422);
    page.says("id=\"app-phone-mistake\">This is too long").says(&format!("value=\"{}\"", "0".repeat(60)));
    assert!(providers.login(&browser).is_none());
    assert_eq!((providers.naver.asked(), providers.app.asked()), (0, 0));
}

#[test]
fn an_answer_in_another_browser_or_too_late_or_of_a_changed_cookie_is_none() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    let state = providers.begin(&mut browser);
    let target = format!("/sign-in/naver/callback?code=a&state={state}");
    let mut other = providers.house.browser("en");
    let page = other.get(&target);
    providers.check_failed(&other, &page, 422, "not_begun_here");
    providers.begin(&mut other);
    let page = other.get(&target);
    providers.check_failed(&other, &page, 422, "state_mismatch");
    let cookie = browser.cookies["charye_sign_in"].clone();
    for changed in [format!("A{}", &cookie[1..]), cookie.replace('.', ""), "..".to_owned(), "a".repeat(5_000)] {
        browser.cookies.insert("charye_sign_in".to_owned(), changed);
        let page = browser.get(&target);
        providers.check_failed(&browser, &page, 422, "not_begun_here");
    }
    browser.cookies.insert("charye_sign_in".to_owned(), cookie);
    providers.house.pass(601_000);
    let page = browser.get(&target);
    providers.check_failed(&browser, &page, 422, "sign_in_expired");
    assert_eq!(providers.naver.asked(), 0, "none of these was worth a question");
}

#[test]
fn what_is_filled_in_wrong_at_the_beginning_is_told() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    for (fields, told) in [
        (&[][..], "Enter your mobile number"),
        (&[("phone", "")][..], "Enter your mobile number"),
        (&[("phone", "1"), ("phone", "2")][..], "This is not right"),
    ] {
        let page = browser.post("/sign-in/app", fields);
        assert_eq!(page.status, 422, "{}", page.body);
        page.says(&format!("id=\"app-phone-mistake\">{told}")).says("<title>Error: ");
        assert!(providers.login(&browser).is_none() && !browser.cookies.contains_key("charye_sign_in"));
    }
    for name in ["nobody", "NAVER", "%00", "a%2Fb"] {
        let page = browser.post(&format!("/sign-in/{name}"), &[]);
        providers.check_failed(&browser, &page, 404, "unknown_provider");
    }
}

#[test]
fn a_provider_that_cannot_be_asked_now_takes_what_was_typed_once_more() {
    let providers = Providers::open();
    let desk = providers.house.app.sign_in.clone().unwrap();
    let mut words = OperatorWords::default();
    words.say(&IdentityProviderId::parse("app").unwrap(), OperatorWord::Closed);
    desk.go_by(&words);
    let mut browser = providers.house.browser("en");
    let page = browser.post("/sign-in/app", &[("next", NEXT), ("phone", "010-1234-5678")]);
    assert_eq!(page.status, 503);
    page.says("action=\"/sign-in/app\"").says(">Try again</button>");
    assert!(browser.cookies.values().all(|value| !value.contains("1234")), "what was typed is in no cookie");
    assert!(page.headers.iter().all(|(_, value)| !value.contains("1234")), "nor in an address");
    desk.go_by(&OperatorWords::default());
    let (next, phone) = (page.field("next"), page.field("phone"));
    let begun = browser.post("/sign-in/app", &[("next", &next), ("phone", &phone)]);
    begun.says("Please confirm on your phone");
    // Where nothing is asked for, nothing was typed, and the choice is the way on.
    words.say(&IdentityProviderId::parse("kakao").unwrap(), OperatorWord::Closed);
    desk.go_by(&words);
    let page = browser.post("/sign-in/kakao", &[("next", NEXT)]);
    assert!(page.status == 503 && !page.body.contains("action=\"/sign-in/kakao\""), "{}", page.body);
}

#[test]
fn an_app_is_waited_for_with_the_number_that_only_this_browser_sees() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    providers.app.treats_all(Treatment::NotYet);
    let began = browser.post("/sign-in/app", &[("phone", "01012345678"), ("next", NEXT)]);
    began.says("content=\"2; url=/sign-in/app/wait\"").says(">42<");
    browser.get("/sign-in/app/wait").says("content=\"2; url=/sign-in/app/wait\"").says(">42<");
    let mut other = providers.house.browser("en");
    let page = other.get("/sign-in/app/wait?compare=99");
    providers.check_failed(&other, &page, 422, "not_begun_here");
    providers.app.treats_all(Treatment::Answers);
    providers.house.pass(4_000);
    let page = browser.get("/sign-in/app/wait");
    assert_eq!(page.location(), INSIDE);
    assert_eq!(providers.login(&browser).unwrap().sign_in_ms, 4_000);
}

#[test]
fn a_window_answers_by_post_from_its_own_page_and_only_to_who_opened_it() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    let away = browser.post("/sign-in/window", &[("next", NEXT)]);
    let policy = away.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://window.example;"), "{policy}");
    away.says("action=\"https://window.example/confirm\"").says("name=\"transaction\"");
    // A browser keeps its cookies to itself when another site posts.
    let mut from_outside = providers.house.browser("en");
    from_outside.headers.push(("sec-fetch-site", "cross-site".to_owned()));
    let hop = from_outside.post("/sign-in/window/callback", &[("code", "some \"body\"")]);
    assert_eq!((hop.status, hop.field("code").as_str()), (200, "some \"body\""));
    let fields = [("code", hop.field("code")), ("charye_carried_on", hop.field("charye_carried_on"))];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = from_outside.post("/sign-in/window/callback", &fields);
    providers.check_failed(&from_outside, &page, 422, "not_begun_here");
    let page = browser.post("/sign-in/window/callback", &fields);
    assert_eq!(page.location(), INSIDE);
    assert!(providers.login(&browser).is_some());
}

#[test]
fn a_provider_that_fails_is_told_apart_and_costs_nobody_their_time() {
    let providers = Providers::open();
    let mut browser = providers.house.browser("en");
    let state = providers.begin(&mut browser);
    providers.naver.treats_all(Treatment::Fails(ProviderFault::Status(503)));
    let page = browser.get(&format!("/sign-in/naver/callback?code=a&state={state}"));
    providers.check_failed(&browser, &page, 502, "provider_fault");
    page.says("href=\"/sign-in?next=%2Fline%2Fsample\"");
    providers.house.pass(20_000);
    let state = state_of(&browser.post("/sign-in/kakao", &[("next", NEXT)]));
    let back = browser.get(&format!("/sign-in/kakao/callback?code=a&state={state}"));
    assert_eq!(back.location(), INSIDE);
    assert_eq!(providers.login(&browser).unwrap().sign_in_ms, 20_000, "from the first beginning");
}

#[test]
fn the_sixth_sign_in_of_one_person_within_ten_minutes_waits() {
    let providers = Providers::open();
    let sign_in = || {
        let mut browser = providers.house.browser("en");
        let state = providers.begin(&mut browser);
        let page = browser.get(&format!("/sign-in/naver/callback?code=one&state={state}"));
        (browser, page)
    };
    for _ in 0..5 {
        assert_eq!(sign_in().1.location(), INSIDE);
    }
    let (browser, page) = sign_in();
    providers.check_failed(&browser, &page, 429, "too_often");
}

#[test]
fn nobody_is_led_to_another_site_afterwards() {
    let providers = Providers::open();
    for next in ["https://evil.test/", "//evil.test", "/\\evil.test"] {
        let mut browser = providers.house.browser("en");
        let state = state_of(&browser.post("/sign-in/naver", &[("next", next)]));
        let back = browser.get(&format!("/sign-in/naver/callback?code=a&state={state}"));
        assert_eq!(back.location(), "/line");
    }
}

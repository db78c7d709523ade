//! The citizen's whole way over a real listener: every step in both languages, wrong turns, and what every route owes.
//! The engine is real and runs on its fakes; the nation is three people and one clinic.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test, whose stage and browser are no #[test] functions")]

#[path = "pages/providers.rs"]
mod providers;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::samples::{self, CAMPAIGN, OPERATOR, PAIRED, SINGLE};
use charye_domain::book::{Action, Channel, Command, Event, Provenance, Query};
use charye_domain::campaign::{Bilingual, Campaign, UniquenessScheme};
use charye_domain::clinic::Point;
use charye_domain::ids::{ImportId, OperationKey};
use charye_domain::vaccine::{DoseNumber, DoseTwoPolicy};
use charye_domain::waiting_room::admission::Terms;
use charye_domain::waiting_room::plan::LinePlan;
use charye_engine::availability::DistrictPlace;
use charye_engine::fakes::{FakeProvider, FakeWorld, SeededRandom, ToyKeys};
use charye_engine::identity::{SignInDesk, SignInPorts};
use charye_engine::ports::{
    Assurance, Keys as _, PersonalDetails, ProvenCitizen, RehearsalCitizen, RehearsalCitizenId, RehearsalFilter,
    RehearsalPeople,
};
use charye_engine::{Engine, EngineSettings};
use charye_web::gate::{Access, CookieSecurity, Gate};
use charye_web::listener::{Drain, Limits, Serving, bind, serve};
use charye_web::routes::{Dispatch, RouteTable};
use charye_web::{App, citizen};
use jiff::civil::{Date, date};
use tokio::sync::watch;

const DAY_MS: i64 = 86_400_000;
/// Whom a tester signs in as.
const FIRST_ADULT: u32 = 0;
const CHILD: u32 = 1;
const SECOND_ADULT: u32 = 2;

struct ThreePeople;

impl ThreePeople {
    fn all() -> [RehearsalCitizen; 3] {
        let person = |id, name: &str, birth_date: Date| RehearsalCitizen {
            id: RehearsalCitizenId(id),
            name_ko: format!("시험 {name}"),
            name_en: format!("Test {name}"),
            birth_date,
            district: 11_110,
        };
        [
            person(FIRST_ADULT, "하나", date(1990, 3, 9)),
            person(CHILD, "둘", date(2015, 3, 9)),
            person(SECOND_ADULT, "<script>셋", date(1991, 4, 10)),
        ]
    }
}

impl RehearsalPeople for ThreePeople {
    fn count(&self) -> usize {
        Self::all().len()
    }

    fn list(&self, filter: &RehearsalFilter, after: Option<RehearsalCitizenId>, limit: usize) -> Vec<RehearsalCitizen> {
        let fits = |person: &RehearsalCitizen| {
            after.is_none_or(|after| person.id > after) && person.name_ko.contains(&filter.name)
        };
        Self::all().into_iter().filter(fits).take(limit).collect()
    }

    fn by_number(&self, number: &str) -> Option<RehearsalCitizenId> {
        (number == "900309-9000000").then_some(RehearsalCitizenId(FIRST_ADULT))
    }

    fn prove(&self, id: RehearsalCitizenId) -> Option<ProvenCitizen> {
        let person = Self::all().into_iter().find(|person| person.id == id)?;
        Some(ProvenCitizen {
            scheme: UniquenessScheme::Rehearsal,
            key: ToyKeys.citizen_key("rehearsal", &id.0.to_le_bytes()),
            former: Vec::new(),
            details: PersonalDetails { name: person.name_ko, birth_date: person.birth_date, phone: String::new() },
            assurance: Assurance::Rehearsed,
        })
    }
}

/// A running house: the sample campaign at the moment its first opening begins.
struct House {
    address: SocketAddr,
    app: Arc<App>,
    world: FakeWorld,
    table: Arc<RouteTable>,
    drain: watch::Sender<Drain>,
    serving: Option<Serving>,
}

impl House {
    fn open(capacity: u16) -> Self {
        Self::with(samples::campaign(DoseTwoPolicy::Together), capacity)
    }

    fn with(campaign: Campaign, capacity: u16) -> Self {
        Self::with_providers(campaign, capacity, &[])
    }

    fn with_providers(campaign: Campaign, capacity: u16, providers: &[FakeProvider]) -> Self {
        let world = FakeWorld::at(samples::opens_at().plus_millis(-DAY_MS));
        let both = |name: &str| Bilingual { ko: name.to_owned(), en: name.to_owned() };
        let centre = Point { lat_e6: 37_583_800, lon_e6: 126_988_200 };
        let jongno = DistrictPlace { code: 11_110, province: both("서울특별시"), name: both("종로구"), centre };
        let settings = EngineSettings { districts: [jongno].into(), ..EngineSettings::default() };
        let engine = Engine::start(world.ports(), settings).unwrap();
        let by = Provenance { actor: OPERATOR, channel: Channel::CommandLine, reason: 0 };
        let operator = |action| engine.submit_blocking(Command { by, operation: None, action }).unwrap();
        let campaign = Arc::new(campaign);
        operator(Action::PublishCampaign { campaign, text: "sample, version 1".into() });
        let import = ImportId(1);
        let sessions = [
            samples::session("C1", PAIRED, DoseNumber::First, (4, 6), capacity),
            samples::session("C1", PAIRED, DoseNumber::Second, (25, 34), capacity),
            samples::session("C1", SINGLE, DoseNumber::First, (4, 6), capacity),
        ];
        operator(Action::StageClinics { import, clinics: [samples::clinic("C1")].into() });
        operator(Action::StageSessions { import, campaign: CAMPAIGN, sessions: sessions.into() });
        charye_engine::operations::activate_import(&engine, by, import).unwrap();
        let ports = SignInPorts {
            keys: Arc::new(ToyKeys),
            clock: Arc::new(world.clock.clone()),
            random: Arc::new(SeededRandom::new(5)),
        };
        let providers: Vec<_> = providers.iter().map(|provider| Arc::new(provider.clone()) as _).collect();
        let sign_in = (!providers.is_empty()).then(|| Arc::new(SignInDesk::new(providers, ports).unwrap()));
        let app = Arc::new(App {
            engine: Arc::new(engine),
            gate: Gate::new(Arc::new(ToyKeys), CookieSecurity::Loopback),
            rehearsal: Some(Arc::new(ThreePeople)),
            sign_in,
            metrics: None,
            deadlines: charye_web::Deadlines::default(),
        });
        let table = Arc::new(RouteTable::new(citizen::routes()).unwrap());
        let (drain, drained) = watch::channel(Drain::No);
        let bound = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let address = bound.address;
        let (served, tabled) = (app.clone(), table.clone());
        let make = move || Dispatch::new(served.clone(), tabled.clone());
        let serving = serve(bound, &Limits::default(), &drained, make).unwrap();
        let house = Self { address, app, world, table, drain, serving: Some(serving) };
        house.pass(DAY_MS.cast_unsigned());
        house
    }

    /// Lets time pass, and the engine notice.
    fn pass(&self, millis: u64) {
        self.world.clock.pass(millis);
        for _ in 0..2 {
            self.app.engine.query_blocking(Query::Operation { key: OperationKey(0) }).unwrap();
        }
    }

    /// Under which reasons the journal has places held.
    fn reasons_of_holds(&self) -> Vec<u16> {
        let rows = self.world.journal.rows();
        let entries = rows.iter().flat_map(|row| row.entries.iter());
        entries.filter(|entry| matches!(entry.event, Event::Held { .. })).map(|entry| entry.by.reason).collect()
    }

    /// The same with a line of so many seats before every opening.
    fn with_line(hard_cap: u32) -> Self {
        let terms = Terms::new(hard_cap, 0, 6_000..=6_000, 60).unwrap();
        let line = Some(LinePlan { terms, enrol_secs: 0, public_value_note: None });
        let house = Self::with(Campaign { line, ..samples::campaign(DoseTwoPolicy::Together) }, 4);
        house.pass(1_000);
        house
    }

    fn browser(&self, language: &'static str) -> Browser {
        Browser { address: self.address, language, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// Somebody who has signed in and come in.
    fn inside(&self, language: &'static str, citizen: u32) -> Browser {
        let mut browser = self.browser(language);
        browser.sign_in(citizen, "/line");
        browser.come_in("/find");
        browser
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.drain.send(Drain::Begin);
        if let Some(serving) = self.serving.take() {
            serving.join();
        }
    }
}

/// A browser without script.
struct Browser {
    address: SocketAddr,
    language: &'static str,
    cookies: BTreeMap<String, String>,
    headers: Vec<(&'static str, String)>,
}

struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Page {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn location(&self) -> &str {
        assert_eq!(self.status, 303, "not a redirect: {}", self.body);
        self.header("location").unwrap()
    }

    /// The value of the first hidden field of this name.
    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        unescaped(rest.split_once('"').unwrap().0)
    }

    /// Links that begin so.
    fn links(&self, prefix: &str) -> Vec<String> {
        let all = self.body.split("href=\"").skip(1).map(|rest| unescaped(rest.split_once('"').unwrap().0));
        all.filter(|href| href.starts_with(prefix)).collect()
    }

    /// Slots that radio buttons of this name offer.
    fn choices(&self, name: &str) -> Vec<String> {
        let mark = format!("name=\"{name}\" value=\"");
        let radios = self.body.split("type=\"radio\"").skip(1);
        radios.filter_map(|rest| Some(rest.split_once(&mark)?.1.split_once('"')?.0.to_owned())).collect()
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "the page does not say {text:?}: {}", self.body);
        self
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">")
}

impl Browser {
    fn get(&mut self, target: &str) -> Page {
        self.send("GET", target, None)
    }

    fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", target, Some(fields))
    }

    /// A form's fields with the csrf token that a page carries.
    fn submit(&mut self, page: &Page, target: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = page.field("csrf");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        // As from the page that asks for consent; a test of its own goes there.
        all.extend((target == "/holds").then_some(("agreed", "1")));
        self.post(target, &all)
    }

    fn send(&mut self, method: &str, target: &str, fields: Option<&[(&str, &str)]>) -> Page {
        let target = target.split('#').next().unwrap();
        let body = fields.map_or(String::new(), |fields| serde_urlencoded::to_string(fields).unwrap());
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept-language: {}\r\ncookie: {}\r\n",
            self.address,
            self.language,
            cookies.join("; ")
        );
        if fields.is_some() {
            request += "content-type: application/x-www-form-urlencoded\r\n";
        }
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> =
            lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned())).collect();
        for (_, cookie) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page { status, headers, body: body.to_owned() }
    }

    fn sign_in(&mut self, citizen: u32, next: &str) {
        let page = self.post("/sign-in", &[("citizen", &citizen.to_string()), ("next", next)]);
        assert_eq!(page.location(), next);
    }

    /// Signs in for the campaign, as the landing page leads one to; where that leads.
    fn sign_in_for_the_line(&mut self, citizen: u32) -> String {
        let page = self.get("/sign-in?next=%2Fline%2Fsample");
        let (begun, citizen) = (page.field("begun"), citizen.to_string());
        let fields = [("begun", begun.as_str()), ("citizen", &citizen), ("next", "/line/sample")];
        self.post("/sign-in", &fields).location().to_owned()
    }

    fn come_in(&mut self, next: &str) {
        let line = self.get("/line");
        let page = self.submit(&line, "/line", &[("campaign", "sample"), ("next", next)]);
        assert_eq!(page.location(), next);
    }

    /// Holds the last-offered time of a single dose, and returns the page that shows it.
    fn hold_single(&mut self) -> Page {
        let clinic = self.get("/find/C1/single");
        let slot = clinic.choices("first").pop().unwrap();
        let held = self.submit(&clinic, "/holds", &[("key", &clinic.field("key")), ("first", &slot)]);
        let hold = held.location().to_owned();
        self.get(&hold)
    }

    fn confirm(&mut self, hold: &Page) -> Page {
        let fields = ["key", "hold", "first"].map(|name| (name, hold.field(name)));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.submit(hold, "/hold/confirm", &fields)
    }

    /// Reserves a single dose; the reservation's path.
    fn reserve_single(&mut self) -> String {
        let hold = self.hold_single();
        let confirmed = self.confirm(&hold);
        confirmed.location().split('?').next().unwrap().to_owned()
    }
}

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
            "You may reserve now",
            "Your place is held",
            "Reserved",
            "has been moved",
            "cannot be undone",
            "is cancelled",
            "day for dose 2",
        ],
    );
}

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
    warned.says("The time is nearly over").says("http-equiv=\"refresh\"");
    house.pass(101_000);
    let over = browser.get(&held_at);
    over.says("The time to confirm has run out").says("/find/C1/single?day=");
    let confirmed = browser.confirm(&hold);
    let told = browser.get(confirmed.location());
    told.says("The time to confirm has run out").says("/find/C1/single?day=");
    let released = browser.submit(&hold, "/hold/release", &[("hold", &hold.field("hold"))]);
    assert_eq!(released.location(), "/find");
    browser.get("/reservations").says("You have no reservation yet");
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
    answer.says("That place has just gone").says("/find/C1/single?day=");
}

#[test]
fn who_may_not_reserve_is_told_why_and_does_not_get_in() {
    let house = House::open(4);
    let mut browser = house.browser("en");
    browser.sign_in(CHILD, "/line");
    let line = browser.get("/line");
    line.says("This campaign is not for you");
    assert!(!line.body.contains("action=\"/line\""));
    let forced = browser.submit(&line, "/line", &[("campaign", "sample")]);
    assert_eq!(forced.status, 403);
    assert_eq!(browser.submit(&line, "/line", &[("campaign", "nothing")]).status, 404);
    assert!(!browser.cookies.contains_key("charye_pass"));
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
fn who_proved_themselves_by_another_scheme_does_not_get_in() {
    let campaign = Campaign { uniqueness: UniquenessScheme::NationalId, ..samples::campaign(DoseTwoPolicy::Together) };
    let house = House::with(campaign, 4);
    let mut browser = house.browser("en");
    browser.sign_in(FIRST_ADULT, "/line");
    let line = browser.get("/line");
    line.says("another way of showing who you are");
    assert!(!line.body.contains("action=\"/line\""));
    let forced = browser.submit(&line, "/line", &[("campaign", "sample")]);
    assert_eq!(forced.status, 403);
    forced.says("Another way to sign in is needed").says("href=\"/sign-in\"");
    assert!(!browser.cookies.contains_key("charye_pass"));
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
    browser.get(&nowhere).says("We found no district near you");
    assert_eq!(near(&mut browser, "north", "126.988").status, 422);
    assert_eq!(near(&mut browser, "37.584", "").status, 422);
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
    page.says("What we keep about you").says("is not held yet");
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
    page.says("무엇을 보관하나요");
    assert!(!page.body.contains("action=\"/holds\""), "without a choice there is nothing to hold");
    assert_eq!(browser.get("/consent?first=999999").status, 404);
    assert_eq!(browser.get("/consent?first=x").status, 422);
    browser.get("/my-data").says("href=\"/consent\"");
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
            Access::Operator => panic!("{route:?} is no page"),
            Access::SignedIn | Access::Inside => assert!(page.location().starts_with("/sign-in?next="), "{route:?}"),
        }
        let policy = page.header("content-security-policy").unwrap_or_else(|| panic!("{route:?} has no policy"));
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{route:?}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{route:?}");
        let kept = if target.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-store" };
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
    assert!(waiting.starts_with("/line/sample?"), "{waiting}");
    let page = second.get(&waiting);
    page.says("<h1>순서를 기다리고 있습니다</h1>").says("0명").says("닫아도 됩니다");
    page.says("<noscript><meta http-equiv=\"refresh\"").says("role=\"status\"").says("data-ticket=\"");
    assert!(!page.body.contains("action=\"/line\""), "nothing to press before the turn");
    second.get("/line").says("href=\"/line/sample\"");
    let pressed_anyway = second.submit(&page, "/line", &[("campaign", "sample")]);
    assert!(pressed_anyway.location().starts_with("/line/sample?"));

    let inside = first.get("/find");
    first.submit(&inside, "/sign-out", &[]);
    house.pass(1_000);
    let page = second.get("/line/sample?next=%2Ffind%3Fprovince%3D11");
    page.says("<h1>차례가 되었습니다</h1>").says("1분 안에");
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
    child.get("/line").says("This campaign is not for you");

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

//! What the tests of pages stand on: a running house with the sample campaign, three people, and a browser without script
//! that knows of a page only what it says.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::book::Event;
use charye_domain::book::samples;
use charye_domain::campaign::{Bilingual, Campaign, UniquenessScheme};
use charye_domain::clinic::Point;
use charye_domain::vaccine::DoseTwoPolicy;
use charye_domain::waiting_room::admission::Terms;
use charye_domain::waiting_room::plan::LinePlan;
use charye_engine::availability::DistrictPlace;
use charye_engine::failure::Failure;
use charye_engine::fakes::{FakeProvider, ToyKeys};
use charye_engine::ports::{
    Assurance, Doing, GuardianRegistry, GuardianSaid, Keys as _, PersonalDetails, ProvenCitizen, RehearsalCitizen,
    RehearsalCitizenId, RehearsalFilter, RehearsalPeople,
};
use charye_web::listener::Limits;
use charye_web::routes::RouteTable;
use charye_web::{Deadlines, citizen};
use jiff::civil::{Date, date};

use crate::ground::{Building, Ground};

/// Whom a tester signs in as.
pub(crate) const FIRST_ADULT: u32 = 0;
pub(crate) const CHILD: u32 = 1;
pub(crate) const SECOND_ADULT: u32 = 2;

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

/// A registry that knows of no child.
struct NoFamily;

impl GuardianRegistry for NoFamily {
    fn attest<'a>(&'a self, _: &'a GuardianSaid) -> Doing<'a, Result<Option<ProvenCitizen>, Failure>> {
        Box::pin(async { Ok(None) })
    }
}

/// A running house: the sample campaign at the moment its first opening begins.
pub(crate) struct House {
    ground: Ground,
    pub(crate) table: RouteTable,
}

impl Deref for House {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl House {
    pub(crate) fn open(capacity: u16) -> Self {
        Self::with(samples::campaign(DoseTwoPolicy::Together), capacity)
    }

    pub(crate) fn with(campaign: Campaign, capacity: u16) -> Self {
        Self::with_providers(campaign, capacity, &[])
    }

    pub(crate) fn with_providers(campaign: Campaign, capacity: u16, providers: &[FakeProvider]) -> Self {
        let ground = Ground::with(Building {
            campaign,
            capacity,
            districts: vec![jongno()],
            providers: providers.to_vec(),
            rehearsal: Some(Arc::new(ThreePeople)),
            guardians: Some(Arc::new(NoFamily)),
            metrics: None,
            routes: citizen::routes(),
            limits: Limits::default(),
            deadlines: Deadlines::default(),
            before_ms: 0,
        });
        Self { ground, table: RouteTable::new(citizen::routes()).unwrap() }
    }

    /// Under which reasons the journal has places held.
    pub(crate) fn reasons_of_holds(&self) -> Vec<u16> {
        let rows = self.world.journal.rows();
        let entries = rows.iter().flat_map(|row| row.entries.iter());
        entries.filter(|entry| matches!(entry.event, Event::Held { .. })).map(|entry| entry.by.reason).collect()
    }

    /// The same with a line of so many seats before every opening.
    pub(crate) fn with_line(hard_cap: u32) -> Self {
        let terms = Terms::new(hard_cap, 0, 6_000..=6_000, 60).unwrap();
        let line = Some(LinePlan { terms, enrol_secs: 0, public_value_note: None });
        let house = Self::with(Campaign { line, ..samples::campaign(DoseTwoPolicy::Together) }, 4);
        house.pass(1_000);
        house
    }

    pub(crate) fn browser(&self, language: &'static str) -> Browser {
        Browser { address: self.address, language, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// Somebody who has signed in and come in.
    pub(crate) fn inside(&self, language: &'static str, citizen: u32) -> Browser {
        let mut browser = self.browser(language);
        browser.sign_in(citizen, "/line");
        browser.come_in("/find");
        browser
    }
}

/// The district in which the sample's clinic is.
fn jongno() -> DistrictPlace {
    let both = |name: &str| Bilingual { ko: name.to_owned(), en: name.to_owned() };
    let centre = Point { lat_e6: 37_583_800, lon_e6: 126_988_200 };
    DistrictPlace { code: 11_110, province: both("서울특별시"), name: both("종로구"), centre }
}

/// A browser without script.
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    pub(crate) language: &'static str,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "not a redirect: {}", self.body);
        self.header("location").unwrap()
    }

    /// The value of the first hidden field of this name.
    pub(crate) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        unescaped(rest.split_once('"').unwrap().0)
    }

    /// Links that begin so.
    pub(crate) fn links(&self, prefix: &str) -> Vec<String> {
        let all = self.body.split("href=\"").skip(1).map(|rest| unescaped(rest.split_once('"').unwrap().0));
        all.filter(|href| href.starts_with(prefix)).collect()
    }

    /// Slots that radio buttons of this name offer.
    pub(crate) fn choices(&self, name: &str) -> Vec<String> {
        let mark = format!("name=\"{name}\" value=\"");
        let radios = self.body.split("type=\"radio\"").skip(1);
        radios.filter_map(|rest| Some(rest.split_once(&mark)?.1.split_once('"')?.0.to_owned())).collect()
    }

    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "the page does not say {text:?}: {}", self.body);
        self
    }
}

pub(crate) fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">")
}

impl Browser {
    pub(crate) fn get(&mut self, target: &str) -> Page {
        self.send("GET", target, None)
    }

    pub(crate) fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", target, Some(fields))
    }

    /// A form's fields with the csrf token that a page carries.
    pub(crate) fn submit(&mut self, page: &Page, target: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = page.field("csrf");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        // As from the page that asks for consent; a test of its own goes there.
        all.extend((target == "/holds").then_some(("agreed", "1")));
        self.post(target, &all)
    }

    pub(crate) fn send(&mut self, method: &str, target: &str, fields: Option<&[(&str, &str)]>) -> Page {
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
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
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

    pub(crate) fn sign_in(&mut self, citizen: u32, next: &str) {
        let page = self.post("/sign-in", &[("citizen", &citizen.to_string()), ("next", next)]);
        assert_eq!(page.location(), next);
    }

    /// Signs in for the campaign, as the landing page leads one to; where that leads.
    pub(crate) fn sign_in_for_the_line(&mut self, citizen: u32) -> String {
        let page = self.get("/sign-in?next=%2Fline%2Fsample");
        let (begun, citizen) = (page.field("begun"), citizen.to_string());
        let fields = [("begun", begun.as_str()), ("citizen", &citizen), ("next", "/line/sample")];
        self.post("/sign-in", &fields).location().to_owned()
    }

    pub(crate) fn come_in(&mut self, next: &str) {
        let line = self.get("/line");
        let page = self.submit(&line, "/line", &[("campaign", "sample"), ("next", next)]);
        assert_eq!(page.location(), next);
    }

    /// Holds the last-offered time of a single dose, and returns the page that shows it.
    pub(crate) fn hold_single(&mut self) -> Page {
        let clinic = self.get("/find/C1/single");
        let slot = clinic.choices("first").pop().unwrap();
        let held = self.submit(&clinic, "/holds", &[("key", &clinic.field("key")), ("first", &slot)]);
        let hold = held.location().to_owned();
        self.get(&hold)
    }

    pub(crate) fn confirm(&mut self, hold: &Page) -> Page {
        let fields = ["key", "hold", "first"].map(|name| (name, hold.field(name)));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.submit(hold, "/hold/confirm", &fields)
    }

    /// Reserves a single dose; the reservation's path.
    pub(crate) fn reserve_single(&mut self) -> String {
        let hold = self.hold_single();
        let confirmed = self.confirm(&hold);
        confirmed.location().split('?').next().unwrap().to_owned()
    }
}

//! A stage for every test: the domain's sample campaign in an engine on fakes, behind a real listener on 127.0.0.1. Every
//! answer of the API that a test hears is held against the document.

use std::ops::Deref;
use std::sync::Arc;

use charye_domain::book::samples;
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::ids::{CitizenKey, KeyId};
use charye_domain::vaccine::DoseTwoPolicy;
use charye_domain::waiting_room::admission::Terms;
use charye_domain::waiting_room::plan::LinePlan;
use charye_engine::fakes::FakeProvider;
use charye_engine::ports::{
    Assurance, PersonalDetails, ProvenCitizen, RehearsalCitizen, RehearsalCitizenId, RehearsalFilter, RehearsalPeople,
};
use charye_web::listener::Limits;
use charye_web::routes::Route;
use charye_web::{Deadlines, api, citizen, health};
use jiff::civil::date;
use serde_json::{Value, json};

use crate::client::{Client, Heard};
use crate::ground::{Building, Ground};
use crate::schema;

/// From here on the stage's people are children.
pub(crate) const CHILDREN_FROM: u32 = 1_000_000;

pub(crate) struct Stage {
    ground: Ground,
    document: Value,
}

impl Deref for Stage {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

/// How a stage differs from the usual one.
pub(crate) struct Setting {
    pub(crate) capacity: u16,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    pub(crate) rehearsal: bool,
    /// Rows of the test's own.
    pub(crate) more: Vec<Route>,
    /// The line before every opening; none unless a test wants one.
    pub(crate) line: Option<LinePlan>,
    /// How long before the first opening the stage begins.
    pub(crate) before_ms: u64,
    /// The identity providers; none unless a test wants some.
    pub(crate) providers: Vec<FakeProvider>,
    /// What proves who one is in the campaign.
    pub(crate) accepts: (UniquenessScheme, Assurance),
}

impl Default for Setting {
    fn default() -> Self {
        let (limits, deadlines) = (Limits::default(), Deadlines::default());
        Self {
            capacity: 8,
            limits,
            deadlines,
            rehearsal: true,
            more: Vec::new(),
            line: None,
            before_ms: 0,
            providers: Vec::new(),
            accepts: (UniquenessScheme::Rehearsal, Assurance::Rehearsed),
        }
    }
}

pub(crate) fn all_routes() -> Vec<Route> {
    [citizen::routes(), api::routes(), health::operations_routes()].concat()
}

impl Stage {
    /// The sample campaign at the moment its first opening begins, half of each slot's places out.
    pub(crate) fn open() -> Self {
        Self::with(&Setting::default())
    }

    pub(crate) fn with(setting: &Setting) -> Self {
        let (uniqueness, least_assurance) = setting.accepts;
        let line = setting.line.clone();
        let ground = Ground::with(Building {
            campaign: Campaign { line, uniqueness, least_assurance, ..samples::campaign(DoseTwoPolicy::Together) },
            capacity: setting.capacity,
            districts: Vec::new(),
            providers: setting.providers.clone(),
            rehearsal: setting.rehearsal.then(|| Arc::new(MadeUpPeople) as Arc<dyn RehearsalPeople>),
            guardians: None,
            metrics: Some("charye_up 1\n"),
            routes: [all_routes(), setting.more.clone()].concat(),
            limits: setting.limits.clone(),
            deadlines: setting.deadlines,
            before_ms: setting.before_ms,
        });
        let document = Client::connect(ground.address).ask("GET", "/api/v1/openapi.json", &[], b"").json();
        Self { ground, document }
    }

    /// A stage with a line of so many seats, into which people are called quickly.
    pub(crate) fn with_line(hard_cap: u32) -> Self {
        Self::with(&Setting { line: Some(plan(hard_cap)), ..Setting::default() })
    }

    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// Somebody at the API, without any proof.
    pub(crate) fn stranger(&self) -> Caller<'_> {
        Caller { stage: self, client: Client::connect(self.address), login: None, pass: None }
    }

    /// A citizen who has signed in.
    pub(crate) fn signed_in(&self, citizen: u32) -> Caller<'_> {
        let mut caller = self.stranger();
        let heard = caller.post("/api/v1/sign-in", None, &json!({ "citizen": citizen }));
        assert_eq!(heard.status, 200, "{heard:?}");
        caller.login = Some(heard.text("/login"));
        caller
    }

    /// A citizen with a pass.
    pub(crate) fn inside(&self, citizen: u32) -> Caller<'_> {
        let mut caller = self.signed_in(citizen);
        caller.go_in();
        caller
    }

    /// Tells the listener to drain, and waits until it has.
    pub(crate) fn drain(&mut self) {
        self.ground.drain();
    }

    /// Holds an answer of the API against the document.
    fn check_documented(&self, method: &str, target: &str, heard: &Heard) {
        let path = target.split('?').next().unwrap_or_default();
        let Some(operation) = self.operation(method, path) else { return };
        let response = &operation["responses"][heard.status.to_string()];
        assert!(response.is_object(), "{method} {path}: status {} is not documented: {heard:?}", heard.status);
        let problem = heard.header("content-type") == Some("application/problem+json");
        if problem {
            let codes = response["description"].as_str().unwrap();
            let code = heard.text("/code");
            assert!(codes.split(", ").any(|known| known == code), "{method} {path}: {code} is not in: {codes}");
        }
        let media_type = if problem { "application/problem+json" } else { "application/json" };
        if heard.status == 304 {
            return;
        }
        let wanted = &response["content"][media_type]["schema"];
        let checked = schema::check(&self.document, wanted, &heard.json());
        assert!(checked.is_ok(), "{method} {path}: {} in {}", checked.unwrap_err(), heard.json());
    }

    /// The operation of the document that answers this path.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let fits = |template: &str| {
            let (mut wanted, mut sent) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), sent.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(sent)) if wanted == sent || wanted.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        let paths = self.document["paths"].as_object()?;
        let (_, operations) = paths.iter().find(|(template, _)| fits(template))?;
        operations.get(method.to_ascii_lowercase())
    }
}

/// A line of so many seats, none for agents, and 6,000 calls a minute; one may enrol an hour before.
pub(crate) fn plan(hard_cap: u32) -> LinePlan {
    let terms = Terms::new(hard_cap, 0, 6_000..=6_000, 60).unwrap();
    LinePlan { terms, enrol_secs: 3_600, public_value_note: None }
}

/// Somebody at the API, on a connection of their own.
pub(crate) struct Caller<'a> {
    stage: &'a Stage,
    client: Client,
    pub(crate) login: Option<String>,
    pub(crate) pass: Option<String>,
}

impl Caller<'_> {
    pub(crate) fn get(&mut self, target: &str) -> Heard {
        self.ask("GET", target, &[], b"")
    }

    pub(crate) fn delete(&mut self, target: &str) -> Heard {
        self.ask("DELETE", target, &[], b"")
    }

    /// Posts a JSON body, or none if it is null.
    pub(crate) fn post(&mut self, target: &str, key: Option<&str>, body: &Value) -> Heard {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(key.map(|key| ("Idempotency-Key", key)));
        self.ask("POST", target, &headers, body.as_bytes())
    }

    /// Asks with this caller's proof and these headers more.
    pub(crate) fn ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Heard {
        let bearer = self.login.as_ref().map(|login| format!("Bearer {login}"));
        let mut all: Vec<(&str, &str)> = headers.to_vec();
        all.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        all.extend(self.pass.as_deref().map(|pass| ("Charye-Pass", pass)));
        let heard = self.client.ask(method, target, &all, body);
        self.stage.check_documented(method, target, &heard);
        heard
    }

    /// Begins a visit, also anew: a reservation ends the one it was made in.
    pub(crate) fn go_in(&mut self) {
        let heard = self.post("/api/v1/campaigns/sample/visit", None, &Value::Null);
        assert_eq!(heard.status, 200, "{heard:?}");
        self.pass = Some(heard.text("/pass"));
    }

    /// Free slots of the sample's only clinic, on a day.
    pub(crate) fn slots(&mut self, product: &str, date: &str) -> Vec<String> {
        let heard = self.get(&format!("/api/v1/campaigns/sample/clinics/C1/{product}/days/{date}"));
        assert_eq!(heard.status, 200, "{heard:?}");
        let json = heard.json();
        let times = json["times"].as_array().unwrap().iter();
        let free = times.filter(|time| time["remaining"].as_u64().unwrap() > 0);
        free.map(|time| time["slot"].as_str().unwrap().to_owned()).collect()
    }

    /// Reserves a single dose at once; its number.
    pub(crate) fn reserve(&mut self, slot: &str, key: &str) -> Heard {
        self.post("/api/v1/reservations", Some(key), &json!({ "campaign": "sample", "first": slot }))
    }
}

/// As many people as there are numbers, adults first.
struct MadeUpPeople;

impl MadeUpPeople {
    fn details(id: u32) -> PersonalDetails {
        let birth_date = if id < CHILDREN_FROM { date(1990, 3, 9) } else { date(2015, 3, 9) };
        PersonalDetails { name: format!("사람 {id}"), birth_date, phone: format!("010{id:08}") }
    }
}

impl RehearsalPeople for MadeUpPeople {
    fn count(&self) -> usize {
        CHILDREN_FROM as usize
    }

    fn list(&self, _: &RehearsalFilter, after: Option<RehearsalCitizenId>, limit: usize) -> Vec<RehearsalCitizen> {
        let from = after.map_or(0, |id| id.0 + 1);
        let person = |id| RehearsalCitizen {
            id: RehearsalCitizenId(id),
            name_ko: format!("사람 {id}"),
            name_en: format!("Person {id}"),
            birth_date: Self::details(id).birth_date,
            district: 11_110,
        };
        (from..).take(limit).map(person).collect()
    }

    fn by_number(&self, number: &str) -> Option<RehearsalCitizenId> {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        (digits == "9003091000007").then_some(RehearsalCitizenId(7))
    }

    fn prove(&self, id: RehearsalCitizenId) -> Option<ProvenCitizen> {
        let mut key = [7; 16];
        key[..4].copy_from_slice(&id.0.to_le_bytes());
        (id.0 < 2 * CHILDREN_FROM).then(|| ProvenCitizen {
            scheme: UniquenessScheme::Rehearsal,
            key: (KeyId(1), CitizenKey(key)),
            former: Vec::new(),
            details: Self::details(id.0),
            assurance: Assurance::Rehearsed,
        })
    }
}

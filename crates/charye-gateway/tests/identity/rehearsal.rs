//! Room: gateway/tests. The rehearsal's own providers: honest in every flow, the same citizen everywhere, and in trouble
//! one by one when a rehearsal wants it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use charye_domain::time::UnixMillis;
use charye_engine::fakes::{HandClock, SeededRandom, ToyKeys};
use charye_engine::identity::{BegunSignIn, SignInAnswer, SignInBy, SignInFailure};
use charye_engine::ports::{Begun, RehearsalPeople as _};
use charye_gateway::identity::IdentitySection;
use charye_gateway::identity::outbound::Outbound;
use charye_gateway::identity::rehearsal_identity::{NAMES, RehearsalIdentity, RehearsalIdentityParts, Trouble};
use charye_gateway::identity::rehearsal_provider::{RehearsalProvider, RehearsalSection};

use super::stage::{NOW, Stage, failure, proven};

const NUMBER: &str = "8502282961230";
const CITIZENS: &str = "national_number,name_ko,name_en,birth_date,phone,district_code\n\
                        850228-2961230,김하늘,Kim Haneul,1985-02-28,010-0000-0001,11110\n\
                        9012311961111,이바다,Lee Bada,1990-12-31,,26110\n";

struct World {
    stage: Stage,
    identity: RehearsalIdentity,
    people: Arc<RehearsalProvider>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("citizens.csv");
        std::fs::write(&file, CITIZENS).unwrap();
        let allowed = toml::from_str::<RehearsalSection>("enabled = true").unwrap().allowance().unwrap();
        let people = Arc::new(RehearsalProvider::load(allowed, &file, Arc::new(ToyKeys)).unwrap());
        let clock = HandClock::default();
        clock.turn_wall_to(UnixMillis(NOW));
        let parts = RehearsalIdentityParts {
            people: Arc::clone(&people),
            public_url: "https://vaccine.example".to_owned(),
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(11)),
        };
        let identity = RehearsalIdentity::start(allowed, 0, parts).unwrap();
        let mut section = IdentitySection::default();
        identity.add_to(&mut section);
        let outbound = Arc::new(Outbound::start(None, section.private_hosts().unwrap()).unwrap());
        let secrets = |name: &str| identity.secret(name);
        let stage = Stage::with_secrets(&section, outbound, Arc::new(ToyKeys), clock, &secrets);
        Self { stage, identity, people }
    }

    /// Begins at a provider and goes through it as the citizen of this number, or as nobody.
    fn sign_in(&self, name: &str, citizen: &str) -> Result<SignInAnswer, SignInFailure> {
        let filled_in = [
            ("login", NUMBER),
            ("name", "김하늘"),
            ("birth_date", "1985-02-28"),
            ("phone", "010-0000-0001"),
            ("registry_number", NUMBER),
        ];
        let by = if name == "registry" { SignInBy::Staff } else { SignInBy::Citizen };
        let begun = self.stage.begin_by(name, &filled_in, by)?;
        match &begun.begun {
            Begun::Redirect { url } => {
                let page = ask("GET", url, "");
                let form = format!("{}&citizen={citizen}", hidden(&page.text));
                let back = ask("POST", &format!("{}/{name}/consent", self.identity.base()), &form);
                let (_, query) = back.location.as_deref().unwrap().split_once('?').unwrap();
                self.answer(name, &begun, query)
            }
            Begun::FormPost { url, fields } => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
                let page = ask("POST", url, &fields.join("&"));
                let form = format!("{}&citizen={citizen}", hidden(&page.text));
                let back = ask("POST", &format!("{}/window/answer", self.identity.base()), &form);
                self.answer(name, &begun, &hidden(&back.text))
            }
            Begun::Decoupled { .. } => {
                let answer = self.stage.answer(name, &begun, &[])?;
                assert!(matches!(answer, SignInAnswer::NotYet { .. }), "{answer:?}");
                self.stage.clock.pass(3_000);
                self.stage.answer(name, &begun, &[])
            }
            Begun::Attested => self.stage.answer(name, &begun, &filled_in),
        }
    }

    fn answer(&self, name: &str, begun: &BegunSignIn, query: &str) -> Result<SignInAnswer, SignInFailure> {
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let pairs: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.stage.answer(name, begun, &pairs)
    }
}

#[test]
fn one_person_is_one_citizen_through_every_provider_of_a_rehearsal() {
    let world = World::new();
    let own = world.people.prove(world.people.by_number(NUMBER).unwrap()).unwrap();
    for name in NAMES {
        // Six sign-ins of one person: the sixth would be one too many within ten minutes.
        world.stage.clock.pass(1_200_000);
        let citizen = proven(world.sign_in(name, "0")).citizen;
        assert_eq!((citizen.key, citizen.scheme, citizen.assurance), (own.key, own.scheme, own.assurance), "{name}");
        assert_eq!(citizen.details, own.details, "{name}");
    }
}

#[test]
fn who_cancels_is_nobody() {
    let world = World::new();
    for name in ["oidc", "oauth2", "window"] {
        assert_eq!(failure(world.sign_in(name, "none")), "cancelled", "{name}");
    }
}

#[test]
fn trouble_is_one_providers_own_and_goes_when_it_is_told_to() {
    let world = World::new();
    let faulty = Trouble { error_percent: 100, ..Trouble::default() };
    assert!(world.identity.trouble("ciba", faulty));
    assert!(!world.identity.trouble("nobody", faulty));
    assert_eq!(failure(world.sign_in("ciba", "0")), "Status(500)");
    assert!(world.sign_in("push", "0").is_ok());
    let told = ask("POST", &format!("{}/trouble", world.identity.base()), "provider=push&at_once_max=0");
    assert_eq!((told.status, failure(world.sign_in("push", "0")).as_str()), (200, "Status(503)"));
    assert_eq!(ask("POST", &format!("{}/trouble", world.identity.base()), "provider=push").status, 200);
    assert!(world.sign_in("push", "0").is_ok());
    for bad in ["", "provider=nobody", "provider=push&latency_ms=soon"] {
        assert_eq!(ask("POST", &format!("{}/trouble", world.identity.base()), bad).status, 400, "{bad}");
    }
    let late = Trouble { latency: Duration::from_millis(30), ..Trouble::default() };
    assert!(world.identity.trouble("registry", late));
    assert!(world.sign_in("registry", "0").is_ok());
}

#[test]
fn nobody_is_sent_to_a_stranger_and_nothing_is_told_to_one() {
    let world = World::new();
    let base = world.identity.base();
    for to in ["https://evil.example/", "https://vaccine.example.evil/", ""] {
        let to = encoded(to);
        let asked = ask("GET", &format!("{base}/oidc/authorize?client_id=charye&redirect_uri={to}"), "");
        assert_eq!((asked.status, asked.location), (400, None));
        assert_eq!(ask("POST", &format!("{base}/oidc/consent"), &format!("citizen=0&redirect_uri={to}")).status, 400);
    }
    for path in [
        "/oidc/token",
        "/ciba/backchannel",
        "/ciba/token",
        "/push/begin",
        "/push/status",
        "/registry/person",
        "/oauth2/me",
    ] {
        assert_eq!(ask("POST", &format!("{base}{path}"), "client_id=charye&client_secret=guess").status, 401, "{path}");
    }
    let page = ask(
        "GET",
        &format!(
            "{base}/oidc/authorize?client_id=charye&redirect_uri=https://vaccine.example/x&state=%22%3E%3Cscript%3E"
        ),
        "",
    );
    assert!(page.status == 200 && !page.text.contains("<script"), "{}", page.text);
}

struct Page {
    status: u16,
    location: Option<String>,
    text: String,
}

fn ask(method: &str, url: &str, form: &str) -> Page {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let location = head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned);
    Page { status: head.split(' ').nth(1).unwrap().parse().unwrap(), location, text: text.to_owned() }
}

/// The hidden fields of a page's form, as a form is sent.
fn hidden(page: &str) -> String {
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1).map(|rest| {
        let (name, rest) = rest.split_once("\" value=\"").unwrap();
        format!("{name}={}", encoded(rest.split_once("\">").unwrap().0))
    });
    fields.collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

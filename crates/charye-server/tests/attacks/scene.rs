//! Where attacks are played: the real program over a small demo with an operator who can stop the line, people in every
//! state, and the installation's own key in the attacker's hand, so that forged tokens fail by more than their MAC.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::ids::KeyId;
use charye_domain::waiting_room::tokens::{PASS_MAC_PURPOSE, SIGNED_BYTES};
use charye_engine::ports::{Keys as _, SealPurpose};
use charye_gateway::keys::{DataFolder, LocalKeys};
use serde_json::{Value, json};

use crate::citizen::Citizen;
use crate::support::api::free_pair;
use crate::support::{self, Answer, Client, Server, charye};

pub(crate) const CAMPAIGN: &str = "kr-2021-18-49";
pub(crate) const LINE: &str = "/api/v1/campaigns/kr-2021-18-49/line";
pub(crate) const VISIT: &str = "/api/v1/campaigns/kr-2021-18-49/visit";
pub(crate) const HOLDS: &str = "/api/v1/holds";
pub(crate) const RESERVATIONS: &str = "/api/v1/reservations";
const OPERATOR_TOKEN: &str = "bm90IGEgc2VjcmV0LCBqdXN0IGZvciBhIHRlc3Q=";
/// The opening to everybody, after one for each digit and two for who missed theirs.
const LAST_OPENING: u64 = 12;
/// Where the program reads how much time has passed.
const PASSED_FILE: &str = "time-passed-ms";
/// Agents: the first may look many people up, the second two an hour.
const AGENT_TOKENS: [&str; 2] =
    ["bm90IGEgc2VjcmV0LCBidXQgb2YgYW4gYWdlbnQ6IG9uZQ==", "bm90IGEgc2VjcmV0LCBidXQgb2YgYW4gYWdlbnQ6IHR3bw=="];
/// A made-up child, whose guardian nobody plays: its check digit is wrong.
const CHILD: &str = "1503093961110";
/// A call comes within tenths of a second; a hang guard.
pub(crate) const CALL_TRIES: usize = 900;
pub(crate) const CALL_WAIT: Duration = Duration::from_millis(100);
/// A connection that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// One way to try it.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// The defences that must hold it off.
    pub(crate) guards: &'static [&'static str],
    pub(crate) attempt: fn(&mut Scene),
}

/// A small nation whose campaign is open today: made once, and copied for each scene that is played on it.
pub(crate) struct Ground {
    folder: tempfile::TempDir,
    /// The opening that is open.
    opening: u64,
    /// When somebody was born who may reserve.
    born: String,
}

/// Whose opening it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evening {
    /// Of one digit of birthdays, until 18:00 of a day.
    OfADigit,
    /// Of everybody in the cohorts, for weeks: time can pass.
    OfEverybody,
}

/// The program, and the people around it.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    data: PathBuf,
    config: PathBuf,
    pub(crate) server: Server,
    /// The opening that is open.
    pub(crate) opening: u64,
    /// Those who may reserve now, those of the next opening, those who are in no cohort; by made-up number.
    now: VecDeque<String>,
    next: VecDeque<String>,
    never: VecDeque<String>,
    /// A pair of places that is free.
    pub(crate) places: Value,
    keys: LocalKeys,
    paused: bool,
    keys_used: u32,
    passed_secs: u64,
}

impl Ground {
    pub(crate) fn make(evening: Evening) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        let mut arguments = vec!["demo", "--listen", "127.0.0.1:0", "--scale", "4", "--data", data.to_str().unwrap()];
        if evening == Evening::OfEverybody {
            arguments.push("--everyone");
        }
        let demo = Server::start(&arguments, &[]);
        let born = demo.citizen(&data, "may reserve now").0;
        drop(demo);
        Self { folder, opening: if evening == Evening::OfEverybody { LAST_OPENING } else { 0 }, born }
    }

    /// A copy of its own for a scene; without what the program makes again by itself.
    fn copied_to(&self, folder: &Path) -> PathBuf {
        let data = folder.join("demo");
        copy_folder(&self.folder.path().join("demo"), &data);
        data
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else if entry.file_name() != "ballast" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// One more child among the test people.
fn add_child(citizens: &Path) {
    let text = std::fs::read_to_string(citizens).unwrap();
    let guardian = text.lines().last().and_then(|row| row.split(',').next()).unwrap();
    let child = format!("{CHILD},김하나,Hana Kim,2015-03-09,,11110,{guardian}\n");
    std::fs::write(citizens, text + &child).unwrap();
}

impl Scene {
    /// Opens the scene on a ground of its own; an honest citizen shows that the way in works.
    pub(crate) fn open(evening: Evening) -> Self {
        Self::open_without("", &Ground::make(evening))
    }

    /// Opens it without a defence, in a build that can.
    pub(crate) fn open_without(defence: &'static str, ground: &Ground) -> Self {
        support::WAITS_WHILE_BUSY.store(true, std::sync::atomic::Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let data = ground.copied_to(folder.path());
        let config = support::write_config(folder.path(), &data, "");
        let tokens = folder.path().join("operators");
        std::fs::write(&tokens, format!("7 {OPERATOR_TOKEN}\n")).unwrap();
        std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
        let passed = folder.path().join(PASSED_FILE);
        let agents = folder.path().join("agents");
        let [first, second] = AGENT_TOKENS;
        std::fs::write(&agents, format!("7 kim 60 {first}\n8 lee 2 {second}\n")).unwrap();
        std::fs::set_permissions(&agents, std::fs::Permissions::from_mode(0o600)).unwrap();
        let agents = format!("[agents]\naddress = \"127.0.0.1:0\"\ntoken_file = {agents:?}\nregistry = \"registry\"\n");
        let operators = format!("operations_address = \"127.0.0.1:0\"\n[operators]\ntoken_file = {tokens:?}\n");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("[engine]", &format!("{operators}{agents}[engine]\ntime_passed_file = {passed:?}"));
        let text = text.replace("[rehearsal]", "[rehearsal]\nidentity_port = 0");
        std::fs::write(&config, text).unwrap();
        add_child(&data.join("nation/citizens.csv"));
        let rows = std::fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
        // A name may stand in quotes with a comma; a date is shaped like nothing else in a row.
        let date = |row: &str| {
            let shaped = |cell: &&str| cell.len() == 10 && cell.bytes().filter(|byte| *byte == b'-').count() == 2;
            row.split(',').find(shaped).unwrap_or("0000-00-00").to_owned()
        };
        let of = |wanted: &dyn Fn(&str) -> bool| {
            let rows = rows.lines().skip(1).filter(|row| wanted(&date(row)));
            rows.map(|row| row.split(',').next().unwrap().to_owned()).collect::<VecDeque<_>>()
        };
        let in_cohort = |date: &str| ("1973".."2003").contains(&&date[..4]);
        // The evenings go through the last digits of birthdays one by one.
        let digit = ground.born[9..].parse::<u32>().unwrap();
        let of_day = |date: &str, digit: u32| in_cohort(date) && date.ends_with(&digit.to_string());
        let everybody = ground.opening == LAST_OPENING;
        let server = Server::start(&["serve", "--config", config.to_str().unwrap()], &[("WEAK_DEFENCE", defence)]);
        let keys = LocalKeys::open(&data.join("keys.toml"), &data.join("keys.check"), DataFolder::InUse).unwrap();
        let places = free_pair(&mut server.client());
        let mut scene = Self {
            now: of(&|date| if everybody { in_cohort(date) } else { of_day(date, digit) }),
            next: of(&|date| !everybody && of_day(date, (digit + 1) % 10)),
            never: of(&|date| ("1940".."1960").contains(&&date[..4])),
            opening: ground.opening,
            folder,
            data,
            config,
            server,
            places,
            keys,
            paused: false,
            keys_used: 0,
            passed_secs: 0,
        };
        let honest = scene.insider();
        let hold = honest.api().hold(&scene, "honest-key");
        assert_eq!(hold.status, 201, "the honest way works, so that refusals mean something: {hold:?}");
        let released = honest.api().ask("DELETE", &hold_path(&hold, ""), &[], "").unwrap();
        assert_eq!(released.status, 200, "{released:?}");
        scene
    }

    /// Plays every attack of a table, tells all that had an effect, and then asks the journal.
    pub(crate) fn play(mut self, attacks: &[Attack]) {
        let effective = self.effective(attacks.iter());
        assert!(effective.is_empty(), "attacks with an effect: {effective:?}");
        self.ask_the_journal();
    }

    /// Plays attacks; those that had an effect.
    pub(crate) fn effective<'a>(&mut self, attacks: impl Iterator<Item = &'a Attack>) -> Vec<&'static str> {
        attacks.filter(|attack| self.is_effective(attack)).map(|attack| attack.name).collect()
    }

    /// Plays one attack: whether it had an effect, which its own words on stderr tell.
    pub(crate) fn is_effective(&mut self, attack: &Attack) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.places = free_pair(&mut self.server.client());
            (attack.attempt)(self);
        }))
        .is_err()
    }

    fn ask_the_journal(mut self) {
        let status = self.lines();
        let bypassed = Client::new(self.server.operators.unwrap()).get("/metrics").expect(200).body;
        let counted = bypassed.lines().filter(|line| line.starts_with("charye_bypass_total"));
        assert!(counted.clone().all(|line| line.ends_with(" 0")), "{:?} {status}", counted.collect::<Vec<_>>());
        self.server.terminate();
        assert!(self.server.wait().success());
        let data = self.data.to_str().unwrap();
        for command in [["audit", "verify"], ["audit", "bypass"]] {
            let (code, said, complained) = charye(&[command[0], command[1], "--data", data]);
            assert_eq!(code, 0, "{command:?}: {said}{complained}");
        }
    }

    /// Ends the program in order and starts it again; people move with [`Citizen::move_to`].
    pub(crate) fn restart(&mut self) {
        self.server.terminate();
        assert!(self.server.wait().success());
        self.server = Server::start(&["serve", "--config", self.config.to_str().unwrap()], &[]);
    }

    fn operator(&self) -> Client {
        let mut client = Client::new(self.server.operators.unwrap());
        client.headers.push(("Authorization".to_owned(), format!("Bearer {OPERATOR_TOKEN}")));
        client
    }

    /// What an operator sees of all lines.
    pub(crate) fn lines(&self) -> Value {
        self.operator().get("/api/operator/v1/lines").expect(200).json()
    }

    /// What an operator sees of one line.
    pub(crate) fn line(&self, opening: u64) -> Value {
        let lines = self.lines();
        let line = lines["lines"].as_array().unwrap().iter().find(|line| line["opening"] == opening);
        line.unwrap_or_else(|| panic!("no line {opening}: {lines}")).clone()
    }

    /// An operator changes a line.
    pub(crate) fn steer(&self, opening: u64, steering: &Value) {
        let path = format!("/api/operator/v1/lines/{CAMPAIGN}/{opening}/steer");
        let order = json!({ "reason": "an attack", "steering": steering });
        self.operator().post_json(&path, "not-needed", &order).expect(200);
    }

    /// From now on nobody is called.
    pub(crate) fn pause(&mut self) {
        if !self.paused {
            self.steer(self.opening, &json!({ "action": "pause" }));
            self.paused = true;
        }
    }

    /// From now on people are called.
    pub(crate) fn resume(&mut self) {
        if self.paused {
            self.steer(self.opening, &json!({ "action": "resume" }));
            self.paused = false;
        }
    }

    /// Somebody who may reserve, signed in and nothing else.
    pub(crate) fn visitor(&mut self) -> Citizen {
        let number = self.number();
        self.sign_in(number)
    }

    /// Somebody whose opening is the next.
    pub(crate) fn early(&mut self) -> Citizen {
        let number = self.next.pop_front().expect("enough people may come another day");
        self.sign_in(number)
    }

    /// Somebody who is in no cohort.
    pub(crate) fn outsider(&mut self) -> Citizen {
        let number = self.never.pop_front().expect("enough people are in no cohort");
        self.sign_in(number)
    }

    /// Somebody who waits in a line that stands still.
    pub(crate) fn waiting(&mut self) -> Citizen {
        self.pause();
        let mut citizen = self.visitor();
        citizen.take_place();
        citizen
    }

    /// Somebody who is called, and has not come yet. The line stands still afterwards if it did before.
    pub(crate) fn called(&mut self) -> Citizen {
        let was_paused = self.paused;
        self.resume();
        let mut citizen = self.visitor();
        citizen.take_place();
        // A line also pauses by itself, when few places are left.
        for _ in 0..CALL_TRIES {
            if citizen.poll()["state"] == "come" {
                break;
            }
            if !self.line(self.opening)["paused"].is_null() {
                self.steer(self.opening, &json!({ "action": "resume" }));
            }
            std::thread::park_timeout(CALL_WAIT);
        }
        if was_paused {
            self.pause();
        }
        citizen
    }

    /// Somebody inside.
    pub(crate) fn insider(&mut self) -> Citizen {
        let mut citizen = self.called();
        citizen.go_in();
        citizen
    }

    pub(crate) fn sign_in(&self, number: String) -> Citizen {
        let answer = self.server.client().post_json("/api/v1/sign-in", "not-needed", &json!({ "citizen": number }));
        let login = answer.expect(200).json()["login"].as_str().unwrap().to_owned();
        let address = self.server.address;
        Citizen { address, number, login, ticket: None, pass: None, visit: Value::Null }
    }

    /// A key that no request had before.
    pub(crate) fn new_key(&mut self) -> String {
        self.keys_used += 1;
        format!("attack-key-{}", self.keys_used)
    }

    /// These 28 bytes with a MAC of the installation's own key, which no attacker has.
    pub(crate) fn forge(&self, purpose: &'static str, signed: &[u8]) -> String {
        let claimed = KeyId(u16::from_le_bytes([signed[2], signed[3]]));
        let key = self.keys.mac_key(purpose, claimed).unwrap_or_default();
        let mac = blake3::keyed_hash(&key, signed);
        URL_SAFE_NO_PAD.encode([signed, &mac.as_bytes()[..16]].concat())
    }

    /// This citizen's pass with some of its bytes changed, signed as the program would.
    pub(crate) fn forged_pass(&self, citizen: &Citizen, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut signed = signed_of(citizen.pass.as_ref().unwrap());
        change(&mut signed);
        self.forge(PASS_MAC_PURPOSE, &signed)
    }

    /// All of them ask for a visit at once; how many came in.
    pub(crate) fn claim_at_once<'a>(&self, people: impl Iterator<Item = &'a Citizen>) -> usize {
        std::thread::scope(|scope| {
            let asked: Vec<_> = people.map(|citizen| scope.spawn(|| citizen.claim().status)).collect();
            let answers = asked.into_iter().map(|asked| asked.join().unwrap());
            answers.filter(|status| matches!(status, 200)).count()
        })
    }

    /// What somebody's login says inside, which only the installation's key opens.
    pub(crate) fn opened_login(&self, citizen: &Citizen) -> Vec<u8> {
        let sealed = URL_SAFE_NO_PAD.decode(&citizen.login).unwrap();
        self.keys.open(SealPurpose::LoginSession, &[], &sealed).unwrap()
    }

    /// An agent's program, by number from 0.
    pub(crate) fn agent(&self, agent: usize) -> Client {
        let mut client = Client::new(self.server.agents.unwrap());
        client.headers.push(("Authorization".to_owned(), format!("Bearer {}", AGENT_TOKENS[agent])));
        client
    }

    pub(crate) fn operator_token(&self) -> &'static str {
        OPERATOR_TOKEN
    }

    /// The child, as their guardian would tell them.
    pub(crate) fn child_told(&self) -> Value {
        json!({ "campaign": CAMPAIGN, "name": "김하나", "birth_date": "2015-03-09", "registry_number": CHILD })
    }

    /// Name and birth date of the test person with this number.
    pub(crate) fn details_of(&self, number: &str) -> [String; 2] {
        let rows = std::fs::read_to_string(self.data.join("nation/citizens.csv")).unwrap();
        let row = rows.lines().find(|row| row.starts_with(&format!("{number},"))).unwrap();
        let cells: Vec<_> = row.split(',').collect();
        [cells[1].to_owned(), cells[3].to_owned()]
    }

    /// The code of an invitation, as the person helped reads it on their telephone.
    pub(crate) fn help_code(&self, help: u64) -> String {
        for _ in 0..CALL_TRIES {
            let files = std::fs::read_dir(self.data.join("outbox")).unwrap().map(|entry| entry.unwrap().path());
            let texts: Vec<_> = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
            let told =
                texts.iter().flat_map(|text| text.lines()).filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let mut codes = told.filter_map(|told| told["code"].as_str().map(str::to_owned));
            if let Some(code) = codes.find(|code| code.starts_with(&format!("{help}-"))) {
                return code;
            }
            std::thread::park_timeout(CALL_WAIT);
        }
        panic!("no code of invitation {help}");
    }

    /// The test person's row in the nation's list, from 0.
    pub(crate) fn row_of(&self, citizen: &str) -> usize {
        let rows = std::fs::read_to_string(self.data.join("nation/citizens.csv")).unwrap();
        rows.lines().skip(1).position(|row| row.starts_with(&format!("{citizen},"))).unwrap()
    }

    /// The made-up number of somebody who may reserve.
    pub(crate) fn number(&mut self) -> String {
        self.now.pop_front().expect("enough people may reserve now")
    }

    /// A figure of the program's own, all its labels added up.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        let text = Client::new(self.server.operators.unwrap()).get("/metrics").expect(200).body;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// A beginning of a sign-in of any moment, sealed as the program does for the browser with this cookie.
    pub(crate) fn forge_beginning(&self, browser: &Client, at_ms: i64) -> String {
        let cookie = browser.cookies.iter().find(|(name, _)| name == "charye_begun").unwrap();
        let context = [&b"rehearsal sign-in begun"[..], &URL_SAFE_NO_PAD.decode(&cookie.1).unwrap()].concat();
        URL_SAFE_NO_PAD.encode(self.keys.seal(SealPurpose::SignInState, &context, &at_ms.to_le_bytes()))
    }

    /// Waits until the program's clock, which requests read at most a quarter of a second late, shows another time to
    /// whoever asks next than to whoever asked last.
    pub(crate) fn later(&self) {
        let before = self.now_ms();
        while self.now_ms() < before + 600 {
            std::thread::park_timeout(CALL_WAIT);
        }
    }

    /// So many seconds pass at once, for the program and whoever is in it.
    pub(crate) fn pass_time(&mut self, secs: u64) {
        let before = self.now_ms();
        self.passed_secs += secs;
        std::fs::write(self.folder.path().join(PASSED_FILE), (self.passed_secs * 1_000).to_string()).unwrap();
        for _ in 0..CALL_TRIES {
            if self.now_ms() >= before + i64::try_from(secs * 1_000).unwrap() {
                return;
            }
            std::thread::park_timeout(CALL_WAIT);
        }
        panic!("{secs} seconds did not pass");
    }

    /// What the program takes for now.
    pub(crate) fn now_ms(&self) -> i64 {
        self.lines()["now_ms"].as_i64().unwrap()
    }

    /// Every route of the API that is for people inside, tried with this client; those that did not refuse.
    pub(crate) fn try_inside(&mut self, client: &mut Client) -> Vec<String> {
        let places = self.places.to_string();
        let moved = json!({ "first": self.places["first"], "second": self.places["second"] }).to_string();
        let asked = [
            ("POST", HOLDS, places.as_str()),
            ("POST", RESERVATIONS, places.as_str()),
            ("POST", "/api/v1/holds/h00000001/extend", "{}"),
            ("POST", "/api/v1/holds/h00000001/confirm", "{}"),
            ("POST", "/api/v1/reservations/0000-0000-000/reschedule", moved.as_str()),
            ("DELETE", VISIT, ""),
        ];
        let mut let_through = Vec::new();
        for (method, path, body) in asked {
            let key = self.new_key();
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
            let answer = client.ask(method, path, &headers, body).unwrap();
            if !(400..500).contains(&answer.status) {
                let_through.push(format!("{method} {path}: {} {}", answer.status, answer.body));
            }
        }
        let_through
    }

    /// Every page that is for people inside, tried with this browser; those that did not refuse or lead to the way in.
    pub(crate) fn try_inside_pages(&mut self, browser: &mut Client) -> Vec<String> {
        let csrf = csrf_of(browser).unwrap_or_default();
        let slot = self.places["first"].as_str().unwrap().to_owned();
        let key = "0123456789abcdef0123456789abcdef";
        let form = [("csrf", csrf.as_str()), ("key", key), ("first", &slot), ("hold", "1")];
        let mut let_through = Vec::new();
        let mut judge = |what: String, answer: Answer| {
            let to = answer.header("location").unwrap_or_default();
            let led_back = answer.status == 303 && (to.starts_with("/sign-in") || to.starts_with("/line"));
            if !led_back && !(400..500).contains(&answer.status) {
                let_through.push(format!("{what}: {} {to}", answer.status));
            }
        };
        for path in ["/find", "/find?province=11", "/find/C0000001/pfizer", "/reservations/0000-0000-000/change"] {
            judge(format!("GET {path}"), browser.get(path));
        }
        for path in ["/find/near", "/holds", "/hold/extend", "/hold/confirm", "/reservations/0000-0000-000/change"] {
            judge(format!("POST {path}"), browser.post(path, &form));
        }
        let_through
    }
}

/// What attacks ask for most.
pub(crate) trait Asks {
    fn hold(&mut self, scene: &Scene, key: &str) -> Answer;
}

impl Asks for Client {
    fn hold(&mut self, scene: &Scene, key: &str) -> Answer {
        self.post_json(HOLDS, key, &scene.places)
    }
}

/// What the MAC of a ticket or pass covers.
pub(crate) fn signed_of(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()[..SIGNED_BYTES].to_vec()
}

/// The path of a hold that an answer told.
pub(crate) fn hold_path(answer: &Answer, then: &str) -> String {
    format!("{HOLDS}/{}{then}", answer.json()["hold"].as_str().unwrap())
}

/// The token of this browser's forms, if it is signed in.
pub(crate) fn csrf_of(browser: &mut Client) -> Option<String> {
    let page = browser.get("/line");
    (page.status == 200).then(|| support::input_value(&page.body, "csrf"))
}

/// Bytes as they stand, and all that comes back until the other side closes.
pub(crate) fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect_timeout(&address, SILENCE).unwrap();
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    // A peer that refuses early may close before all is sent.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends bytes, and hangs up without reading an answer.
pub(crate) fn hang_up(address: SocketAddr, request: &str) {
    let mut stream = TcpStream::connect_timeout(&address, SILENCE).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
}

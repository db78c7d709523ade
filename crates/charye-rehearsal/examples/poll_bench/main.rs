//! Room: rehearsal, bench `poll`. What it costs to tell somebody who waits that they wait: as JSON, and as the page that works
//! without script. As multiples of E, the CPU of one request to a bare hyper server that echoes 100 bytes of JSON
//! (`charye-web`'s example `echo`), taken just before each figure, in every round.
//!
//! `cargo run --release -p charye-rehearsal --example poll_bench` builds both servers (`-- --as-built` takes them as they
//! stand), makes a small demo in `target/bench`, fills its few seats and has everybody else wait. It prints one JSON object a
//! figure: `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. CPU is the whole server process's, so what the line
//! itself costs while people wait is part of it.

#[expect(dead_code, reason = "shared with other benches, which use the rest")]
#[path = "../stage/mod.rs"]
mod stage;

use std::cell::RefCell;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::rc::Rc;

use charye_rehearsal::load::{Answer, Asking, ClosedLoop, RequestText};
use serde_json::Value;

use stage::Failure;
use stage::askings::{AllTake, Citizen, Step};
use stage::figures::{Goal, figure, median, ratio_figure};
use stage::people::{self, Client};
use stage::program::Program;
use stage::servers::{CONNECTIONS, PHASE_MAX, Programs, all_wanted, echo_us, micros};

const ROUNDS: usize = 5;
/// Requests of one measurement: about a second of the server's CPU, which /proc tells in hundredths.
const POLLS: u64 = 60_000;
const PAGES: u64 = 20_000;
const CAMPAIGN: &str = "kr-2021-18-49";
const CITIZENS: usize = 1_000;
/// Seats that are taken at once; everybody else waits.
const SEATS: &str = "20";
const OPERATORS_TOKEN: &str = "bench-bench-bench-bench-bench-bench";

fn main() -> Result<(), Failure> {
    let programs = Programs::ready()?;
    let data = programs.folder.join("demo-of-a-line");
    programs.demo(&data, &["--fresh", "--everyone", "--scale", "20"])?.stop()?;
    let charye = serve(&programs, &data)?;
    let mut client = Client::connect(charye.target)?;
    let citizens = people::who_may_reserve(&mut client, CAMPAIGN, &data.join("nation").join("citizens.csv"), CITIZENS)?;
    let citizens = Rc::new(RefCell::new(citizens));
    let count = citizens.borrow().len() as u64;
    let sign_in = AllTake { step: Step::SignIn, campaign: CAMPAIGN.to_owned(), citizens: citizens.clone(), round: 0 };
    ask(&charye, count, Rc::new(sign_in))?;
    let tickets = Rc::new(RefCell::new(vec![String::new(); citizens.borrow().len()]));
    ask(&charye, count, Rc::new(TakePlaces { citizens: citizens.clone(), tickets: tickets.clone() }))?;
    let waiting: Vec<Waiting> = std::iter::zip(citizens.borrow().iter(), tickets.borrow().iter())
        .map(|(citizen, ticket)| Waiting { login: citizen.login.clone(), ticket: ticket.clone() })
        .filter(|waiting| !waiting.ticket.is_empty())
        .collect();
    if waiting.len() < CITIZENS / 2 {
        return Err(format!("only {} wait", waiting.len()).into());
    }
    let waiting = Rc::new(waiting);
    let echo = programs.echo()?;
    let (mut polls, mut pages) = (Rounds::default(), Rounds::default());
    for _ in 0..ROUNDS {
        polls.measure(&charye, &echo, POLLS, Rc::new(Polls(Rc::clone(&waiting))))?;
        pages.measure(&charye, &echo, PAGES, Rc::new(WaitingPages(Rc::clone(&waiting))))?;
    }
    polls.print("json", 1.4)?;
    pages.print("page", 2.0)?;
    echo.stop()?;
    charye.stop()
}

/// Somebody who has a place.
struct Waiting {
    login: String,
    ticket: String,
}

#[derive(Default)]
struct Rounds {
    cpu_us: Vec<f64>,
    echo_us: Vec<f64>,
    per_sec: Vec<f64>,
}

impl Rounds {
    fn measure(
        &mut self,
        charye: &Program,
        echo: &Program,
        requests: u64,
        asking: Rc<dyn Asking>,
    ) -> Result<(), Failure> {
        self.echo_us.push(echo_us(echo)?);
        let before = charye.cpu()?;
        let measured = ClosedLoop { connections: CONNECTIONS, requests, time: PHASE_MAX }.run(charye.target, asking)?;
        all_wanted(&measured)?;
        self.cpu_us.push(micros(charye.cpu()? - before) / measured.answers() as f64);
        self.per_sec.push(measured.per_sec());
        Ok(())
    }

    fn print(self, id: &str, times_at_most: f64) -> Result<(), Failure> {
        let ratios = self.cpu_us.iter().zip(&self.echo_us).map(|(cpu, echo)| cpu / echo).collect();
        let (value, baseline) = (median(self.cpu_us), median(self.echo_us));
        let goal = Goal::TimesAtMost(times_at_most);
        ratio_figure(&format!("poll.{id}_cpu"), value, "us", Some(baseline), Some(median(ratios)), goal)?;
        figure(&format!("poll.{id}_rate"), median(self.per_sec), "1/s", None, Goal::None)
    }
}

fn ask(charye: &Program, requests: u64, asking: Rc<dyn Asking>) -> Result<(), Failure> {
    all_wanted(&ClosedLoop { connections: CONNECTIONS, requests, time: PHASE_MAX }.run(charye.target, asking)?)
}

/// Everybody takes a place. Of those who are called at once no ticket is kept.
struct TakePlaces {
    citizens: Rc<RefCell<Vec<Citizen>>>,
    tickets: Rc<RefCell<Vec<String>>>,
}

impl Asking for TakePlaces {
    fn write(&self, number: u64, request: &mut RequestText) {
        let login = format!("Bearer {}", self.citizens.borrow()[number as usize].login);
        request.post(&format!("/api/v1/campaigns/{CAMPAIGN}/line")).header("authorization", &login).end();
    }

    fn hear(&self, number: u64, answer: &Answer<'_>) -> bool {
        let told: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        // Seats and who is kept one for stand at the front: well behind them nobody is called during the bench.
        let stays = told["state"] == "waiting" && told["ahead"].as_u64() > Some(50);
        if let Some(ticket) = told["ticket"].as_str().filter(|_| stays) {
            ticket.clone_into(&mut self.tickets.borrow_mut()[number as usize]);
        }
        answer.status == 200
    }
}

/// Where one stands, as programs ask.
struct Polls(Rc<Vec<Waiting>>);

impl Asking for Polls {
    fn write(&self, number: u64, request: &mut RequestText) {
        let waiting = &self.0[number as usize % self.0.len()];
        request.get("/api/v1/line").header("charye-ticket", &waiting.ticket).end();
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        answer.status == 200 && answer.body.starts_with(br#"{"state":"waiting","ahead":"#)
    }
}

/// The page that loads itself again.
struct WaitingPages(Rc<Vec<Waiting>>);

impl Asking for WaitingPages {
    fn write(&self, number: u64, request: &mut RequestText) {
        let Waiting { login, ticket } = &self.0[number as usize % self.0.len()];
        let cookies = format!("charye_login={login}; charye_ticket={ticket}");
        request.get(&format!("/line/{CAMPAIGN}")).header("cookie", &cookies).end();
    }

    fn hear(&self, _number: u64, answer: &Answer<'_>) -> bool {
        let says = |words: &[u8]| answer.body.windows(words.len()).any(|window| window == words);
        answer.status == 200 && says(br#"data-state="waiting""#)
    }
}

/// A demo's installation, with few seats, and a listener to say so at.
fn serve(programs: &Programs, data: &Path) -> Result<Program, Failure> {
    let (config, tokens) = (data.with_extension("toml"), data.with_extension("operators"));
    let operations = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let citizens = data.join("nation").join("citizens.csv");
    write_private(&tokens, &format!("1 {OPERATORS_TOKEN}\n"))?;
    let configuration = format!(
        "[data]\nfolder = {data:?}\n\n[listen]\naddress = \"127.0.0.1:0\"\noperations_address = \"{operations}\"\n\
         connections_per_address_max = 0\n\n[engine]\naccept_clock = true\n\n[rehearsal]\nenabled = true\n\
         citizens = {citizens:?}\n\n[operators]\ntoken_file = {tokens:?}\n\n[log]\nlevel = \"warn\"\n"
    );
    std::fs::write(&config, configuration)?;
    let charye = programs.serve(&config)?;
    let config = config.to_str().ok_or("a path that is no text")?;
    let status: Value = serde_json::from_str(&programs.say(&["steer", "status", "--json", "--config", config])?)?;
    let lines = status["lines"].as_array().ok_or("no lines")?;
    let open = lines.iter().find(|line| line["campaign"] == CAMPAIGN && line["phase"] == "open");
    let opening = open.and_then(|line| line["opening"].as_u64()).ok_or("no line is open")?.to_string();
    let terms = ["steer", "terms", CAMPAIGN, &opening, "--reason", "bench", "--hard-cap", SEATS];
    programs.say(&[&terms[..], &["--min", "60", "--max", "60", "--config", config]].concat())?;
    Ok(charye)
}

fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    Ok(options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())?)
}

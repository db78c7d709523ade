//! Room: rehearsal, bench `http`. What the demo costs over HTTP, as multiples of E: the CPU of one request to a bare hyper
//! server that echoes 100 bytes of JSON (`charye-web`'s example `echo`), taken just before each figure, in every round.
//!
//! `cargo run --release -p charye-rehearsal --example http_bench` builds both servers (`-- --as-built` takes them as they
//! stand; after it `--look-ups` asks look-ups alone, on whatever demo is there, `--find-pages` asks find pages alone that nobody
//! asked for before, and `--storm` reserves beside forged sign-ins),
//! plays on two demos at full scale in
//! `target/bench`, made anew each time, and prints one JSON object a figure:
//! `{"id", "value", "unit", "baseline", "ratio", "goal", "met"}`. CPU is the whole server process's, user and system, the
//! projector included: it is waited for before the process is read. The generator shares the machine's cores.

#[expect(dead_code, reason = "shared with bench `journeys`, which uses the rest")]
#[path = "../stage/mod.rs"]
mod stage;
mod storm;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use charye_rehearsal::load::{Asking, ClosedLoop, Connection, Measured, OpenLoop, RequestText, Target};
use rustix::process::setpriority_process;

use stage::Failure;
use stage::askings::{AllTake, Citizen, LookUpsAnew, Pages, Step};
use stage::figures::{Goal, figure, median, ratio_figure};
use stage::people::{self, Client};
use stage::program::{Program, cpu_in, pause};
use stage::servers::{CONNECTIONS, ECHOES, PHASE_MAX, Programs, all_wanted, catch_up, echo_us, micros};

const ROUNDS: usize = 5;
/// Requests of one measurement: about a second of the server's CPU, which /proc tells in hundredths.
const LOOK_UPS: u64 = 16_000;
const PAGES: u64 = 8_000;
/// Test people of the demo that is played on; a twelfth of them may reserve on its first evening.
const TEST_PEOPLE: &str = "60000";
const CITIZENS: usize = 4_000;
/// Everybody asks to come in at most so often, with a pause between.
const CALLS_AWAITED: usize = 300;
const CALL_EVERY: Duration = Duration::from_millis(200);
/// A thread that takes less than this of a request is not shown. Unit: microseconds.
const PART_MIN_US: f64 = 0.5;
const CAMPAIGN: &str = "kr-2021-18-49";
const OPEN_LOOP: Duration = Duration::from_secs(15);
/// As `nice` counts: of this thread and of those it starts, while it asks in open loop.
const GOES_FIRST: i32 = -15;
const IDLE_CONNECTIONS: usize = 5_000;
/// The demo takes 512 from one address.
const IDLE_PER_ADDRESS: usize = 250;

/// Those who may reserve, as every asking of theirs changes them.
type Citizens = Rc<RefCell<Vec<Citizen>>>;

fn main() -> Result<(), Failure> {
    let programs = Programs::ready()?;
    if std::env::args().any(|argument| argument == "--look-ups") {
        return look_ups_alone(&programs, &programs.folder.join("demo-of-many"));
    }
    if std::env::args().any(|argument| argument == "--find-pages") {
        return find_pages_alone(&programs, &programs.folder.join("demo-of-many"));
    }
    if std::env::args().any(|argument| argument == "--storm") {
        return reservations_in_a_storm(&programs, &programs.folder.join("demo-of-many"));
    }
    starts_and_idle_connections(&programs, &programs.folder.join("demo"))?;
    requests(&programs, &programs.folder.join("demo-of-many"))
}

/// First start, later start, and what a connection that rests takes of a server that has done little else.
fn starts_and_idle_connections(programs: &Programs, data: &Path) -> Result<(), Failure> {
    let first = programs.demo(data, &["--fresh"])?;
    figure("http.demo_first_start", first.start.as_secs_f64(), "s", None, Goal::AtMost(60.0))?;
    figure("http.demo_first_resident", gibibytes(first.resident()?), "GiB", None, Goal::AtMost(1.5))?;
    first.stop()?;
    let later = programs.demo(data, &[])?;
    figure("http.demo_later_start", later.start.as_secs_f64(), "s", None, Goal::AtMost(15.0))?;
    figure("http.demo_later_resident", gibibytes(later.resident()?), "GiB", None, Goal::AtMost(1.5))?;
    Client::connect(later.target)?.get("/readyz")?;
    let before = later.resident()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let open = runtime.block_on(idle_connections(later.target))?;
    let taken = later.resident()?.saturating_sub(before);
    let each = taken as f64 / open.len() as f64 / 1_000.0;
    figure("http.idle_connection", each, "KB", None, Goal::AtMost(20.0))?;
    drop(open);
    later.stop()
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / (1_u64 << 30) as f64
}

/// Connections that were answered once and rest now.
async fn idle_connections(target: Target) -> Result<Vec<Connection>, Failure> {
    let mut request = RequestText::default();
    request.get("/livez").end();
    let mut open = Vec::with_capacity(IDLE_CONNECTIONS);
    for index in 0..IDLE_CONNECTIONS {
        let nth = u8::try_from(index / IDLE_PER_ADDRESS)?;
        let from = SocketAddr::from((Ipv4Addr::new(127, 2, 0, nth), 0));
        let mut connection = Connection::open(target, Some(from)).await?;
        connection.ask(&request).await?;
        open.push(connection);
    }
    Ok(open)
}

/// A server, and what its requests cost.
struct Bench {
    charye: Program,
    echo: Program,
    client: Client,
}

/// What was measured of one thing, a round after the other.
#[derive(Default)]
struct Rounds {
    cpu_us: Vec<f64>,
    /// The same by the names of the process's threads, in every round.
    by_thread_us: BTreeMap<String, Vec<f64>>,
    echo_us: Vec<f64>,
    per_sec: Vec<f64>,
}

impl Rounds {
    /// Prints how much more this costs than the same bytes from the bare server.
    fn times_bare(&self, bare: &Self, id: &str) -> Result<(), Failure> {
        let ratios = self.cpu_us.iter().zip(&bare.cpu_us).map(|(cpu, bare)| cpu / bare).collect();
        let (value, bare) = (median(self.cpu_us.clone()), median(bare.cpu_us.clone()));
        let goal = Goal::TimesAtMost(3.0);
        ratio_figure(&format!("http.{id}_times_bare"), value, "us", Some(bare), Some(median(ratios)), goal)
    }

    fn print(self, id: &str, goal: Goal) -> Result<(), Failure> {
        for (thread, spent) in self.by_thread_us {
            let part = median(spent);
            if part >= PART_MIN_US {
                figure(&format!("http.{id}_cpu_of_{thread}"), part, "us", None, Goal::None)?;
            }
        }
        let ratios = self.cpu_us.iter().zip(&self.echo_us).map(|(cpu, echo)| cpu / echo).collect();
        let (value, baseline) = (median(self.cpu_us), median(self.echo_us));
        ratio_figure(&format!("http.{id}_cpu"), value, "us", Some(baseline), Some(median(ratios)), goal)?;
        figure(&format!("http.{id}_rate"), median(self.per_sec), "1/s", None, Goal::None)
    }
}

/// A demo of many, all of whose people who may reserve are signed in.
fn signed_in(programs: &Programs, data: &Path) -> Result<(Bench, Citizens), Failure> {
    let charye = programs.demo(data, &["--fresh", "--citizens", TEST_PEOPLE])?;
    let mut client = Client::connect(charye.target)?;
    let nation = data.join("nation").join("citizens.csv");
    let mut citizens = people::who_may_reserve(&mut client, CAMPAIGN, &nation, CITIZENS)?;
    people::give_places(&mut client, CAMPAIGN, &mut citizens)?;
    let echo = programs.echo()?;
    let mut bench = Bench { charye, echo, client };
    let citizens = Rc::new(RefCell::new(citizens));
    bench.all_take(Step::SignIn, 0, &citizens)?;
    bench.charye.settle()?;
    Ok((bench, citizens))
}

fn reservations_in_a_storm(programs: &Programs, data: &Path) -> Result<(), Failure> {
    let (mut bench, citizens) = signed_in(programs, data)?;
    storm::beside(&mut bench, &citizens)?;
    bench.charye.stop()
}

fn requests(programs: &Programs, data: &Path) -> Result<(), Failure> {
    let (mut bench, citizens) = signed_in(programs, data)?;
    figure("http.machine_load", load_average()?, "", None, Goal::None)?;

    let first_paths = find_paths_of_everywhere(&data.join("nation").join("clinics.csv"))?;
    let mut measured: [Rounds; 10] = Default::default();
    for round in 0..ROUNDS {
        bench.all_take(Step::Enter, round, &citizens)?;
        let inside = citizens.borrow().first().cloned().unwrap_or_default();
        let [landing, bare_landing, find, bare_find, first, bare_first, look_up, anew, reserve, cancel] = &mut measured;
        bench.against_echo(landing, PAGES, || Rc::new(landing_page()))?;
        bench.bare(bare_landing, &landing_page())?;
        bench.against_echo(find, PAGES, || Rc::new(find_pages(&inside)))?;
        bench.bare(bare_find, &find_pages(&inside))?;
        let firsts = || pages_inside(&inside, first_paths.clone());
        bench.against_echo(first, PAGES, || Rc::new(firsts()))?;
        bench.bare(bare_first, &firsts())?;
        bench.against_echo(look_up, LOOK_UPS, look_ups)?;
        bench.against_echo(anew, LOOK_UPS, || look_ups_anew(round))?;
        let count = citizens.borrow().len() as u64;
        bench.against_echo(reserve, count, || step(Step::Reserve, round, &citizens))?;
        bench.against_echo(cancel, count, || step(Step::Cancel, round, &citizens))?;
    }
    let [landing, bare_landing, find, bare_find, first, bare_first, look_up, anew, reserve, cancel] = measured;
    let look_ups_per_sec = median(look_up.per_sec.clone());
    look_up.print("look_up_20", Goal::TimesAtMost(1.6))?;
    anew.print("look_up_20_anew", Goal::TimesAtMost(1.6))?;
    reserve.print("reserve", Goal::TimesAtMost(2.5))?;
    cancel.print("cancel", Goal::None)?;
    find.times_bare(&bare_find, "page_find")?;
    find.print("page_find", Goal::AtMost(60.0))?;
    first.times_bare(&bare_first, "page_find_first")?;
    first.print("page_find_first", Goal::AtMost(60.0))?;
    landing.times_bare(&bare_landing, "page_landing")?;
    landing.print("page_landing", Goal::None)?;
    bench.half_load(look_ups_per_sec)?;
    figure("http.machine_load_after", load_average()?, "", None, Goal::None)?;
    bench.charye.stop()
}

/// Look-ups and nothing else, on whatever demo is there.
fn look_ups_alone(programs: &Programs, data: &Path) -> Result<(), Failure> {
    let charye = programs.demo(data, &["--citizens", TEST_PEOPLE])?;
    let client = Client::connect(charye.target)?;
    let mut bench = Bench { charye, echo: programs.echo()?, client };
    bench.charye.settle()?;
    let [mut look_up, mut anew]: [Rounds; 2] = Default::default();
    for round in 0..ROUNDS {
        bench.against_echo(&mut look_up, LOOK_UPS, look_ups)?;
        bench.against_echo(&mut anew, LOOK_UPS, || look_ups_anew(round))?;
    }
    let look_ups_per_sec = median(look_up.per_sec.clone());
    look_up.print("look_up_20", Goal::TimesAtMost(1.6))?;
    anew.print("look_up_20_anew", Goal::TimesAtMost(1.6))?;
    bench.half_load(look_ups_per_sec)?;
    bench.charye.stop()
}

/// Find pages that nobody asked for before and nothing else: for whoever counts the server's instructions meanwhile.
fn find_pages_alone(programs: &Programs, data: &Path) -> Result<(), Failure> {
    let (mut bench, citizens) = signed_in(programs, data)?;
    let paths = find_paths_of_everywhere(&data.join("nation").join("clinics.csv"))?;
    bench.all_take(Step::Enter, 0, &citizens)?;
    let inside = citizens.borrow().first().cloned().unwrap_or_default();
    let firsts = || pages_inside(&inside, paths.clone());
    figure("http.machine_load", load_average()?, "", None, Goal::None)?;
    let [mut first, mut bare_first]: [Rounds; 2] = Default::default();
    for _ in 0..ROUNDS {
        bench.against_echo(&mut first, PAGES, || Rc::new(firsts()))?;
        bench.bare(&mut bare_first, &firsts())?;
    }
    first.times_bare(&bare_first, "page_find_first")?;
    first.print("page_find_first", Goal::AtMost(60.0))?;
    bench.charye.stop()
}

fn landing_page() -> Pages {
    Pages { paths: vec!["/".to_owned()], cookies: None }
}

/// Districts large and small, near the capital and far from it.
const DISTRICTS: [u32; 10] = [11_110, 11_680, 26_350, 28_260, 41_117, 41_590, 42_110, 46_910, 48_121, 50_110];

/// The page of a citizen who looks for a clinic in a district.
fn find_pages(inside: &Citizen) -> Pages {
    pages_inside(inside, DISTRICTS.iter().map(find_path).collect())
}

fn pages_inside(inside: &Citizen, paths: Vec<String>) -> Pages {
    Pages { paths, cookies: Some(format!("charye_login={}; charye_pass={}", inside.login, inside.pass)) }
}

fn find_path(district: &u32) -> String {
    format!("/find?province={}&district={district}", district / 1_000)
}

/// Every district in every order, all day, mornings and afternoons: some two thousand wishes, asked in turn. A thread keeps 128
/// pages at most, so none is there any more when it is asked for again.
fn find_paths_of_everywhere(clinics: &Path) -> Result<Vec<String>, Failure> {
    let mut districts = BTreeSet::new();
    for row in csv::Reader::from_path(clinics)?.into_records() {
        districts.insert(row?.get(4).ok_or("a clinic without a district")?.parse::<u32>()?);
    }
    let mut paths = Vec::new();
    for more in ["", "&times=morning", "&times=afternoon"] {
        for order in ["", "&order=early", "&order=name"] {
            paths.extend(districts.iter().map(|district| format!("{}{more}{order}", find_path(district))));
        }
    }
    Ok(paths)
}

/// Twenty clinics of a district.
fn look_ups() -> Rc<dyn Asking> {
    let path = |district: &u32| format!("/api/v1/campaigns/{CAMPAIGN}/clinics?district={district}&limit=20");
    Rc::new(Pages { paths: DISTRICTS.iter().map(path).collect(), cookies: None })
}

/// The same, in a round of letters of its own.
fn look_ups_anew(round: usize) -> Rc<dyn Asking> {
    let path = |district: &u32| {
        // A parameter that says what is so anyway, in as many ways as there are rounds.
        let times = ["times=1", "dose=1", "show=free", "order=district", "times=1&dose=1"][round % ROUNDS];
        let query = format!("district={district}&limit=20&{times}");
        (format!("/api/v1/campaigns/{CAMPAIGN}/clinics"), query)
    };
    Rc::new(LookUpsAnew { paths: DISTRICTS.iter().map(path).collect() })
}

fn step(step: Step, round: usize, citizens: &Citizens) -> Rc<dyn Asking> {
    Rc::new(AllTake { step, campaign: CAMPAIGN.to_owned(), citizens: citizens.clone(), round })
}

impl Bench {
    /// Every citizen takes a step, unmeasured.
    fn all_take(&mut self, taken: Step, round: usize, citizens: &Citizens) -> Result<(), Failure> {
        let count = citizens.borrow().len() as u64;
        citizens.borrow_mut().iter_mut().for_each(|citizen| citizen.pass.clear());
        for _ in 0..CALLS_AWAITED {
            all_wanted(&closed_loop(self.charye.target, count, step(taken, round, citizens))?)?;
            let all_in = citizens.borrow().iter().all(|citizen| !citizen.pass.is_empty());
            if taken != Step::Enter || all_in {
                return catch_up(&mut self.client);
            }
            // Whoever is not called yet asks again; whoever is inside is told the same again.
            pause(CALL_EVERY);
        }
        Err("the line did not let everybody in".into())
    }

    /// One measurement of the echo, and right after it one of ours.
    fn against_echo(
        &mut self,
        rounds: &mut Rounds,
        requests: u64,
        asking: impl Fn() -> Rc<dyn Asking>,
    ) -> Result<(), Failure> {
        rounds.echo_us.push(echo_us(&self.echo)?);

        let (before, before_by_thread) = (self.charye.cpu()?, self.charye.cpu_by_thread()?);
        let measured = closed_loop(self.charye.target, requests, asking())?;
        all_wanted(&measured)?;
        catch_up(&mut self.client)?;
        rounds.cpu_us.push(micros(self.charye.cpu()? - before) / measured.answers() as f64);
        for (thread, cpu) in self.charye.cpu_by_thread()? {
            let spent = cpu.saturating_sub(before_by_thread.get(&thread).copied().unwrap_or_default());
            rounds.by_thread_us.entry(thread).or_default().push(micros(spent) / measured.answers() as f64);
        }
        rounds.per_sec.push(measured.per_sec());
        Ok(())
    }

    /// As many bytes as these pages have, from the bare server: the least that a page can cost.
    fn bare(&mut self, rounds: &mut Rounds, pages: &Pages) -> Result<(), Failure> {
        let bytes = self.client.mean_bytes(&pages.paths, pages.cookies.as_deref())?;
        let path = format!("/{bytes}");
        let before = self.echo.cpu()?;
        all_wanted(&closed_loop(self.echo.target, ECHOES / 2, Rc::new(Pages { paths: vec![path], cookies: None }))?)?;
        rounds.cpu_us.push(micros(self.echo.cpu()? - before) / (ECHOES / 2) as f64);
        Ok(())
    }

    /// Look-ups at half the rate that was reached, open loop.
    fn half_load(&self, per_sec: f64) -> Result<(), Failure> {
        let plan = OpenLoop { connections: 256, rate_per_sec: (per_sec / 2.0) as u32, time: OPEN_LOOP };
        // Whoever asks late is charged to the server, so the generator's thread goes before the server's, if that is allowed.
        let goes_first = setpriority_process(None, GOES_FIRST).is_ok();
        let before = own_cpu()?;
        let measured = plan.run(self.charye.target, look_ups());
        if goes_first {
            setpriority_process(None, 0)?;
        }
        let measured = measured?;
        let each = micros(own_cpu()? - before) / measured.answers() as f64;
        figure("http.look_up_half_load_generator_cpu", each, "us", None, Goal::None)?;
        figure("http.look_up_half_load_goes_first", f64::from(u8::from(goes_first)), "", None, Goal::None)?;
        all_wanted(&measured)?;
        let millis = |quantile| measured.latency(quantile).as_secs_f64() * 1_000.0;
        figure("http.look_up_half_load_rate", measured.per_sec(), "1/s", Some(per_sec), Goal::None)?;
        // What of it is no answer's: the generator, or every connection, was late.
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let late = measured.lateness(quantile).as_secs_f64() * 1_000.0;
            figure(&format!("http.look_up_half_load_asked_late_{name}"), late, "ms", None, Goal::None)?;
        }
        figure("http.look_up_half_load_p50", millis(0.5), "ms", None, Goal::None)?;
        figure("http.look_up_half_load_p99", millis(0.99), "ms", None, Goal::AtMost(1.0))?;
        figure("http.look_up_half_load_p999", millis(0.999), "ms", None, Goal::None)
    }
}

fn closed_loop(target: Target, requests: u64, asking: Rc<dyn Asking>) -> Result<Measured, Failure> {
    Ok(ClosedLoop { connections: CONNECTIONS, requests, time: PHASE_MAX }.run(target, asking)?)
}

/// CPU time of this process so far.
fn own_cpu() -> Result<Duration, Failure> {
    cpu_in(&std::fs::read_to_string("/proc/self/stat")?)
}

/// How many threads wanted a core, over the last minute, ours included: much above two before we begin, and latencies say
/// more about the others than about us.
fn load_average() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().next().ok_or("an empty /proc/loadavg")?.parse()?)
}

//! The play: one data folder, a server that is killed and started again, clients who go on regardless, and the audit.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use charye_gateway::keys::{DataFolder, LocalKeys};

use crate::citizens::{self, Choices, Citizen, Dice};
use crate::crash;
use crate::history::History;
use crate::support::{self, Server};
use crate::tell;

/// How often the process is killed; half of it at a crash point.
const KILLS: u32 = 56;
const AUDIT_EVERY: u32 = 10;
const THREADS: usize = 4;
const CITIZENS_PER_THREAD: usize = 8;
/// A process that does not come to its crash point within this, under load, hangs.
const CRASH_LIMIT: Duration = Duration::from_secs(60);

/// What clients and the killer share.
pub(crate) struct Stage {
    pub(crate) history: History,
    pub(crate) keys: LocalKeys,
    /// Where the server answers; `None` while there is none.
    address: Mutex<Option<SocketAddr>>,
    /// Held for writing while the history is read, by everybody else from a question to what is written of its answer.
    pub(crate) reading: RwLock<()>,
    over: AtomicBool,
    pub(crate) counts: Counts,
}

/// What happened, counted by the clients. A test that saw too little proves nothing.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) confirmed: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unknown: AtomicU64,
    /// Unknown outcomes that turned out to be on record.
    pub(crate) settled_recorded: AtomicU64,
    /// Unknown outcomes that turned out never to have happened.
    pub(crate) settled_nothing: AtomicU64,
}

impl Stage {
    /// Where to ask, waiting while the server is away; `None` once the play is over.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        while !self.over.load(Ordering::Relaxed) {
            if let Some(address) = *self.address.lock().unwrap_or_else(PoisonError::into_inner) {
                return Some(address);
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        None
    }

    fn set_address(&self, address: Option<SocketAddr>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// The whole test.
pub(crate) fn play() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let opened = prepare(&data);
    let config = support::write_config(temporary.path(), &data, "");
    let history_file = temporary.path().join("history.jsonl");
    let stage = Arc::new(Stage {
        history: History::create(&history_file),
        keys: LocalKeys::open(&data.join("keys.toml"), &data.join("keys.check"), DataFolder::InUse).unwrap(),
        address: Mutex::new(None),
        reading: RwLock::new(()),
        over: AtomicBool::new(false),
        counts: Counts::default(),
    });

    let mut server = start(&config, None);
    stage.set_address(Some(server.address));
    let choices = Arc::new(Choices::look_up(&mut server.client()));
    let clients: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (stage, choices) = (Arc::clone(&stage), Arc::clone(&choices));
            let mine = opened.iter().skip(thread).step_by(THREADS).take(CITIZENS_PER_THREAD);
            let citizens: Vec<_> = mine.map(|row| Citizen::new(*row)).collect();
            std::thread::spawn(move || citizens::act(&stage, &choices, citizens, Dice::new(thread as u64)))
        })
        .collect();

    let mut dice = Dice::new(2021);
    let mut between = 0;
    for kill in 1..=KILLS {
        let point = crash::point_of(kill);
        match point {
            None => {
                std::thread::park_timeout(Duration::from_millis(20 + dice.below(200)));
                server.kill();
            }
            Some(point) => {
                let ended = server.ends_within(CRASH_LIMIT);
                assert!(ended.is_some_and(|status| !status.success()), "kill {kill}: it did not come to {point:?}");
                between += u32::from(crash::is_before_answers(point));
            }
        }
        stage.set_address(None);
        if kill % AUDIT_EVERY == 0 {
            let _reading = stage.reading.write().unwrap_or_else(PoisonError::into_inner);
            audit(&data, Some(&history_file), kill);
        }
        let next = crash::point_of(kill + 1).filter(|_| kill < KILLS);
        let next = next.map(|point| {
            let visits = u64::from(crash::visits_max(point));
            crash::value(point, 1 + u32::try_from(dice.below(visits)).unwrap())
        });
        server = start(&config, next.as_deref());
        stage.set_address(Some(server.address));
    }

    // Once more at peace: whoever still waits for an answer gets it.
    std::thread::park_timeout(Duration::from_millis(300));
    stage.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("a client saw something that must not be");
    }
    server.terminate();
    assert!(server.wait().success(), "it drains and stops");
    audit(&data, Some(&history_file), KILLS + 1);
    assert!(between * 5 >= KILLS, "{between} of {KILLS} kills hit between append and answer");
    enough_happened(&stage.counts, between);
    a_lie_is_found(&data, &history_file);
}

/// Makes the small nation once; the rows of those who may reserve today.
fn prepare(data: &Path) -> Vec<u32> {
    let mut demo = Server::demo(data);
    let told = demo.said.iter().find(|line| line.contains("may reserve now")).expect("somebody may reserve now");
    let born = told.split("born ").nth(1).and_then(|rest| rest.get(..10)).unwrap();
    let digit = born.chars().last().unwrap();
    demo.terminate();
    assert!(demo.wait().success());
    let citizens = fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
    let may_reserve = |line: &str| {
        let birth_date = line.split(',').nth(3).unwrap();
        birth_date.ends_with(digit) && ("1973".."2003").contains(&&birth_date[..4])
    };
    let rows = citizens.lines().skip(1).zip(0_u32..).filter(|(line, _)| may_reserve(line)).map(|(_, row)| row);
    let rows: Vec<u32> = rows.take(THREADS * CITIZENS_PER_THREAD).collect();
    assert_eq!(rows.len(), THREADS * CITIZENS_PER_THREAD, "enough people may reserve today");
    rows
}

/// The released program; or, to crash at a point, this binary.
fn start(config: &Path, crash_at: Option<&str>) -> Server {
    let arguments = ["serve", "--config", config.to_str().unwrap()];
    match crash_at {
        None => Server::start(&arguments, &[]),
        Some(value) => {
            let this = std::env::current_exe().unwrap();
            Server::start_program(&this, &arguments, &[(crash::VARIABLE, value)])
        }
    }
}

/// Nobody may find anything.
fn audit(data: &Path, history: Option<&Path>, kill: u32) {
    #[expect(clippy::disallowed_methods, reason = "how long an audit takes is told to the reader")]
    let began = Instant::now();
    let (code, said, complained) = verify(data, history);
    assert_eq!(code, 0, "after kill {kill}:\n{said}{complained}");
    tell(&format!("audit after kill {kill}: {} ({:?})", said.lines().collect::<Vec<_>>().join("; "), began.elapsed()));
}

fn verify(data: &Path, history: Option<&Path>) -> (i32, String, String) {
    let mut arguments = vec!["audit", "verify", "--data", data.to_str().unwrap()];
    if let Some(history) = history {
        arguments.extend(["--history", history.to_str().unwrap()]);
    }
    support::charye(&arguments)
}

fn enough_happened(counts: &Counts, between: u32) {
    tell(&format!("{KILLS} kills, {between} between append and answer; {counts:?}"));
    let seen = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert!(seen(&counts.confirmed) > 500, "enough was confirmed: {counts:?}");
    assert!(seen(&counts.unknown) > 20, "enough was unknown: {counts:?}");
    assert!(seen(&counts.settled_recorded) > 5, "some unknown outcomes had happened: {counts:?}");
    assert!(seen(&counts.settled_nothing) > 5, "some unknown outcomes had not: {counts:?}");
}

/// The same audit finds one confirmation too many: it is not blind.
fn a_lie_is_found(data: &Path, history: &Path) {
    let mut text = fs::read_to_string(history).unwrap();
    text.push_str(&format!(
        "{{\"t_ms\":0,\"client\":\"liar\",\"op\":\"reserve\",\"key\":\"{}\",\"answer\":\"confirmed\",\"seq\":1}}\n",
        "00".repeat(16)
    ));
    let lie = history.with_extension("lie");
    fs::write(&lie, text).unwrap();
    let (code, said, _) = verify(data, Some(&lie));
    assert!(code == 1 && said.contains("I3"), "{code}: {said}");
}

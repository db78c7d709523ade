//! Room: rehearsal, tests. Load against a server of a few lines, which can be told to stop for a while.

#![expect(clippy::unwrap_used, reason = "a failure of the toy server is a failure of the test")]

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use charye_rehearsal::load::{
    Answer, Asking, ClosedLoop, LoadFailure, OpenLoop, RATE_PER_SEC_MAX, RequestText, TIME_MAX, Target,
};

/// Answers every request with the last part of its path; the request that ends in `stop` stops the server for a while.
struct ToyServer {
    target: Target,
}

const STOP: Duration = Duration::from_millis(300);
/// Runs until one is not disturbed by whatever else the machine does: a hang guard.
const RUNS_MAX: usize = 40;

impl ToyServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let busy = Arc::new(Mutex::new(()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let busy = busy.clone();
                std::thread::spawn(move || answer_all(stream, &busy));
            }
        });
        Self { target }
    }
}

fn answer_all(mut stream: TcpStream, busy: &Mutex<()>) {
    let mut buffer = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
        let one_at_a_time = busy.lock().unwrap();
        if path == "stop" {
            std::thread::park_timeout(STOP);
        }
        drop(one_at_a_time);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{path}", path.len());
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Asks for its number, and for a stop once.
struct Numbers {
    stop_at: Option<u64>,
    heard: RefCell<Vec<u64>>,
}

impl Numbers {
    fn new(stop_at: Option<u64>) -> Rc<Self> {
        Rc::new(Self { stop_at, heard: RefCell::default() })
    }

    fn path(&self, number: u64) -> String {
        if self.stop_at == Some(number) { "stop".to_owned() } else { number.to_string() }
    }
}

impl Asking for Numbers {
    fn write(&self, number: u64, request: &mut RequestText) {
        request.get(&format!("/{}", self.path(number))).end();
    }

    fn hear(&self, number: u64, answer: &Answer<'_>) -> bool {
        self.heard.borrow_mut().push(number);
        answer.status == 200 && answer.body == self.path(number).as_bytes()
    }
}

#[test]
fn every_request_of_a_closed_loop_is_asked_once_and_hears_its_own_answer() {
    let server = ToyServer::start();
    let numbers = Numbers::new(None);
    let plan = ClosedLoop { connections: 7, requests: 500, time: Duration::from_secs(60) };
    let measured = plan.run(server.target, numbers.clone()).unwrap();
    assert_eq!((measured.answers(), measured.unwanted()), (500, 0));
    let mut heard = numbers.heard.take();
    heard.sort_unstable();
    assert_eq!(heard, (0..500).collect::<Vec<_>>());
}

#[test]
fn a_stop_is_charged_for_everybody_who_came_meanwhile() {
    let server = ToyServer::start();
    let others_were_quick = (0..RUNS_MAX).any(|_| {
        let plan = OpenLoop { connections: 4, rate_per_sec: 500, time: Duration::from_secs(1) };
        let measured = plan.run(server.target, Numbers::new(Some(100))).unwrap();
        assert_eq!((measured.answers(), measured.unwanted()), (500, 0));
        // 150 of 500 came during the stop of 300 ms; the middle one of them waited half of it.
        assert!(measured.latency(0.82) > STOP / 3, "82nd percentile {:?}", measured.latency(0.82));
        // On a busy machine the others wait too, and not for the stop.
        measured.latency(0.5) < STOP / 3
    });
    assert!(others_were_quick, "in {RUNS_MAX} runs half of those who came waited for a stop that was not theirs");
}

#[test]
fn a_plan_over_a_bound_sends_nothing() {
    let nobody = Target::parse("http://127.0.0.1:9").unwrap();
    let open = OpenLoop { connections: 1, rate_per_sec: RATE_PER_SEC_MAX + 1, time: Duration::from_secs(1) };
    let refused = open.run(nobody, Numbers::new(None)).unwrap_err();
    assert!(matches!(refused, LoadFailure::OverBound { what: "a rate per second", .. }), "{refused}");
    let closed = ClosedLoop { connections: 60_001, requests: 1, time: Duration::from_secs(1) };
    assert!(matches!(closed.run(nobody, Numbers::new(None)), Err(LoadFailure::OverBound { .. })));
    let long = ClosedLoop { connections: 1, requests: 1, time: TIME_MAX + Duration::from_secs(1) };
    assert!(matches!(long.run(nobody, Numbers::new(None)), Err(LoadFailure::OverBound { .. })));
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    // No port that was free a moment ago: somebody else may have it by now, or the connection itself.
    let target = Target::parse("http://127.0.0.1:9").unwrap();
    let plan = ClosedLoop { connections: 1, requests: 1, time: Duration::from_secs(1) };
    assert!(matches!(plan.run(target, Numbers::new(None)), Err(LoadFailure::Connect(_))));
}

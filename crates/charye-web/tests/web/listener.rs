//! Sockets: slow ones, idle ones, many of them, pipelined ones, and what becomes of them when the listener drains.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use charye_web::listener::{self, Body, Drain, Limits, Respond, Serving};
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::sync::watch;

use crate::client::Client;
use crate::stage::{Setting, Stage};

/// Answers everything with its path; `/panic` is a bug, `/slow` takes a while, `/never` is never answered.
#[derive(Clone, Default)]
struct Echo {
    answered: Arc<AtomicUsize>,
    /// Of `/never`, how many have begun and how many were dropped.
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    _of_one_thread: Option<Rc<()>>,
}

impl Respond for Echo {
    async fn respond(&self, request: Request<Incoming>, _: SocketAddr) -> Response<Body> {
        let path = request.uri().path();
        assert_ne!(path, "/panic", "a bug, as the test asked for");
        if path == "/slow" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if path == "/never" {
            let _counted = CountedWhenDropped(self.dropped.clone());
            self.begun.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        self.answered.fetch_add(1, Ordering::SeqCst);
        Response::new(Bytes::copy_from_slice(path.as_bytes()).into())
    }
}

struct CountedWhenDropped(Arc<AtomicUsize>);

impl Drop for CountedWhenDropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Listening {
    address: SocketAddr,
    answered: Arc<AtomicUsize>,
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
    drain: watch::Sender<Drain>,
    serving: Option<Serving>,
}

impl Listening {
    fn with(limits: &Limits) -> Self {
        let bound = listener::bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = bound.address;
        let [answered, begun, dropped] = <[Arc<AtomicUsize>; 3]>::default();
        let (drain, drained) = watch::channel(Drain::No);
        let counted = (answered.clone(), begun.clone(), dropped.clone());
        let make = move || {
            let (answered, begun, dropped) = counted.clone();
            Echo { answered, begun, dropped, _of_one_thread: None }
        };
        let serving = Some(listener::serve(bound, limits, &drained, make).unwrap());
        Self { address, answered, begun, dropped, drain, serving }
    }

    fn begin_drain(&self) {
        self.drain.send_replace(Drain::Begin);
    }

    fn join(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.join();
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.begin_drain();
        self.join();
    }
}

/// Limits that a test can wait for, and that whoever asks at once keeps on a busy machine.
fn quick(millis: u64) -> Limits {
    let time = Duration::from_millis(millis);
    Limits { first_byte: time, head: time, request: time, idle: time, ..Limits::default() }
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let listening = Listening::with(&Limits::default());
    let mut client = Client::connect(listening.address);
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send([request("/slow"), request("/b"), request("/c")].concat().as_bytes());
    for path in ["/slow", "/b", "/c"] {
        assert_eq!(client.hear().unwrap().body, path.as_bytes());
    }
}

#[test]
fn whoever_leaves_before_the_answer_is_waited_for_no_longer() {
    let listening = Listening::with(&Limits { request: Duration::from_secs(600), ..Limits::default() });
    let mut client = Client::connect(listening.address);
    client.send(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    until(|| listening.begun.load(Ordering::SeqCst) == 1);
    assert_eq!(listening.dropped.load(Ordering::SeqCst), 0);
    drop(client);
    until(|| listening.dropped.load(Ordering::SeqCst) == 1);
}

#[test]
fn whoever_has_more_to_ask_has_not_left() {
    let listening = Listening::with(&Limits { drain: Duration::from_millis(300), ..Limits::default() });
    let mut client = Client::connect(listening.address);
    client.send(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    until(|| listening.begun.load(Ordering::SeqCst) == 1);
    client.send(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    // The input is that time passes, less than a request may take.
    wait(Duration::from_millis(200));
    assert_eq!(listening.dropped.load(Ordering::SeqCst), 0);
}

/// Looks again and again until it is so.
fn until(is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        wait(Duration::from_millis(5));
    }
    panic!("it never came to be");
}

#[test]
fn sockets_that_say_nothing_or_say_it_slowly_are_closed() {
    let listening = Listening::with(&quick(3_000));
    let mut silent = Client::connect(listening.address);
    let mut idle = Client::connect(listening.address);
    assert_eq!(idle.ask("GET", "/a", &[], b"").status, 200);
    let mut dribbling = Client::connect(listening.address);
    let mut closed = false;
    for byte in
        b"GET / HTTP/1.1\r\nX-Long-Name-Of-A-Header-That-Never-Ends: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".iter()
    {
        if !dribbling.send(&[*byte]) {
            closed = true;
            break;
        }
        // A peer that is late on purpose cannot be told by a condition: the wait is the input.
        wait(Duration::from_millis(50));
    }
    assert!(closed || dribbling.is_closed());
    assert!(silent.is_closed());
    assert!(idle.is_closed());
    assert_eq!(Client::connect(listening.address).ask("GET", "/b", &[], b"").status, 200);
}

/// Lets time pass on the machine, where the subject of a test is a peer's slowness.
fn wait(duration: Duration) {
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    let _ = receiver.recv_timeout(duration);
}

#[test]
fn a_request_whose_body_never_ends_is_closed() {
    let listening = Listening::with(&quick(3_000));
    let mut client = Client::connect(listening.address);
    // Echo reads no body, so it answers at once; the connection cannot be kept for what is left.
    client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    assert_eq!(client.hear().unwrap().status, 200);
    assert!(client.is_closed());
}

#[test]
fn thousands_of_idle_sockets_leave_others_unaffected() {
    let limits = Limits { connections_per_address_max: 0, idle: Duration::from_secs(300), ..Limits::default() };
    let limits = Limits { first_byte: Duration::from_secs(300), ..limits };
    let stage = Stage::with(&Setting { limits, ..Setting::default() });
    let idle: Vec<_> = (0..idle_sockets()).map(|_| std::net::TcpStream::connect(stage.address).unwrap()).collect();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    assert_eq!(citizen.reserve(&slot, "idle-key-1").status, 201);
    for _ in 0..100 {
        assert_eq!(citizen.get("/api/v1/campaigns/sample/clinics").status, 200);
    }
    drop(idle);
}

/// Ten thousand, or what this process may open: each costs two file descriptors, since both ends are ours.
fn idle_sockets() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open_files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = open_files.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok()).unwrap_or(1_024);
    (soft.saturating_sub(400) / 2).min(10_000)
}

#[test]
fn one_address_gets_its_share_of_connections_and_no_more() {
    let listening = Listening::with(&Limits { connections_per_address_max: 3, ..Limits::default() });
    let mut kept: Vec<_> = (0..3).map(|_| Client::connect(listening.address)).collect();
    assert!(kept.iter_mut().all(|client| client.ask("GET", "/a", &[], b"").status == 200));
    assert!(Client::connect(listening.address).is_closed(), "the fourth is closed at once");
    assert_eq!(kept[0].ask("GET", "/b", &[], b"").status, 200);
}

#[test]
fn a_bug_in_a_handler_ends_one_connection_and_gives_its_place_back() {
    // Whoever were waited for at the end would be waited for until the test is stopped.
    let drain = Duration::from_secs(600);
    let mut listening = Listening::with(&Limits { connections_max: 1, drain, ..Limits::default() });
    for _ in 0..3 {
        let mut unlucky = Client::connect(listening.address);
        unlucky.send(b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(unlucky.is_closed());
    }
    // The place comes back with the connection's end, a moment after its socket closed.
    let heard = (0..600).find_map(|_| {
        let mut client = Client::connect(listening.address);
        client.send(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.hear().or_else(|| {
            wait(Duration::from_millis(100));
            None
        })
    });
    assert_eq!(heard.unwrap().status, 200);
    listening.begin_drain();
    listening.join();
}

#[test]
fn a_drain_during_load_loses_no_answer() {
    let mut listening = Listening::with(&Limits::default());
    let address = listening.address;
    let clients: Vec<_> = (0..16)
        .map(|index| {
            std::thread::spawn(move || {
                let mut client = Client::connect(address);
                let path = if index % 2 == 0 { "/slow" } else { "/quick" };
                let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
                let mut heard = 0_usize;
                while client.send(request.as_bytes()) && client.hear().is_some() {
                    heard += 1;
                }
                heard
            })
        })
        .collect();
    while listening.answered.load(Ordering::SeqCst) < 500 {
        std::thread::yield_now();
    }
    listening.begin_drain();
    listening.join();
    let heard: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert_eq!(heard, listening.answered.load(Ordering::SeqCst), "every answer that was made was heard");
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn a_reservation_asked_for_before_the_drain_is_answered() {
    let mut stage = Stage::open();
    let mut citizen = stage.inside(1);
    let slot = citizen.slots("single", "2021-08-30").remove(0);
    let (login, pass) = (citizen.login.clone().unwrap(), citizen.pass.clone().unwrap());
    drop(citizen);
    stage.world.journal.hang_appends();
    let address = stage.address;
    let asking = std::thread::spawn(move || {
        let bearer = format!("Bearer {login}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Charye-Pass", pass.as_str()),
            ("Idempotency-Key", "drain-key-1"),
            ("Content-Type", "application/json"),
        ];
        let body = serde_json::json!({ "campaign": "sample", "first": slot }).to_string();
        Client::connect(address).ask("POST", "/api/v1/reservations", &headers, body.as_bytes())
    });
    stage.world.journal.wait_until_an_append_hangs();
    let world = stage.world.clone();
    let letting_go = std::thread::spawn(move || {
        wait(Duration::from_millis(100));
        world.journal.let_appends_go();
    });
    stage.drain();
    letting_go.join().unwrap();
    assert_eq!(asking.join().unwrap().status, 201);
}

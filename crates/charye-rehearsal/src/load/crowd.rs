//! Room: rehearsal/load. A crowd on one thread: many kept connections, each with somebody who asks one thing after another.
//! For benches, which must leave the machine to the server: a system call to send, one to hear, and one to learn of many
//! answers at once; no task, no timer and no memory of its own a request.
//!
//! What is asked, a [`Walk`] says. Must never ask on a connection before it was answered there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use super::bounds::{GRACE, check_connections, check_rate, check_time};
use super::channel::Channel;
use super::closed_loop::PER_ADDRESS;
use super::pacer::Schedule;
use super::target::source_address;
use super::wire::{Kept, Trust, Wire};
use super::{Answer, LoadFailure, RequestText, Target, stopwatch};

/// Bytes read at once: more than most answers have.
const READ_BYTES: usize = 64 * 1024;
/// Connections heard of at once.
const EVENTS: usize = 512;
/// Fewer answers than this at once are not worth another look: while more gather, the core is the server's.
const GATHERED: usize = 64;
/// How long answers gather. It is part of every latency, and a hundredth of those of a crowd that is as large as it must be.
const GATHER: Duration = Duration::from_micros(300);
/// Longest time between two looks at the clock.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Loopback addresses that new connections come from in turns: each has 28,000 ports, and a closed one rests for a minute.
const ADDRESSES: usize = 4_096;

/// So many connections, for so long.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub connections: usize,
    /// People a second, who come when they come (open loop); without it, the next comes as soon as somebody has gone.
    pub rate_per_sec: Option<u32>,
    /// After this nobody comes any more; who is on the way goes on.
    pub time: Duration,
}

/// Who walks, and where to. Called on one thread.
pub trait Walk {
    /// The person with this number comes, by the connection with this index, and was meant to at `intended`: writes their
    /// first request. `false`: nobody is left.
    fn come(&mut self, connection: usize, number: u64, intended: Instant, request: &mut RequestText) -> bool;

    /// Somebody is answered; writes what they ask next.
    fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next;
}

/// What somebody does after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Asks what was written.
    Ask,
    /// Asks what was written, after a while.
    AskAfter(Duration),
    /// Is done; the connection is free for the next.
    Go,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    pub people: u64,
    /// From the first request to the last answer.
    pub wall: Duration,
    /// Looks at who was answered.
    pub looks: u64,
    /// Connections made while people walked, and how many of them resumed TLS.
    pub opened: u64,
    pub resumed: u64,
}

impl Crowd {
    /// Runs on this thread until the last answer, over connections in the clear that are kept.
    ///
    /// # Errors
    /// `OverBound` before anything is sent; otherwise the first thing that went wrong with a connection, or `Overdue`.
    pub fn run(self, target: Target, walk: &mut dyn Walk) -> Result<Walked, LoadFailure> {
        self.gather(target, Wire::default())?.run(walk)
    }

    /// Opens what is kept all along, and shakes hands: nothing of that is part of a run.
    ///
    /// # Errors
    /// `OverBound` before anything is sent; otherwise the first thing that went wrong with a connection.
    pub fn gather(self, target: Target, wire: Wire) -> Result<Gathered, LoadFailure> {
        check_connections(self.connections)?;
        check_time(self.time)?;
        check_rate(self.rate_per_sec.unwrap_or(0))?;
        let poll = Poll::new().map_err(LoadFailure::Runtime)?;
        let mut lines = Vec::with_capacity(self.connections);
        for index in 0..self.connections {
            let mut line = Line::default();
            if wire.kept == Kept::AllAlong {
                let trust = wire.tls.as_ref().map(Trust::of_somebody_new);
                let from = source_address(index, PER_ADDRESS);
                line.join(&poll, index, Channel::open(target, from, trust.as_ref())?)?;
            }
            lines.push(line);
        }
        Ok(Gathered { plan: self, target, wire, poll, lines })
    }
}

/// A crowd that is connected, and stands.
pub struct Gathered {
    plan: Crowd,
    target: Target,
    wire: Wire,
    poll: Poll,
    lines: Vec<Line>,
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gathered({:?} at {:?} over {:?})", self.plan, self.target, self.wire)
    }
}

impl Gathered {
    /// Runs on this thread until the last answer.
    ///
    /// # Errors
    /// The first thing that went wrong with a connection, or `Overdue`.
    pub fn run(self, walk: &mut dyn Walk) -> Result<Walked, LoadFailure> {
        Walking::new(self, walk).run()
    }
}

/// Where one person after the other stands.
#[derive(Default)]
struct Line {
    /// None before the first, unless it is kept all along.
    channel: Option<Channel>,
    /// What the browser of whoever stands here remembers of the server; nothing in the clear.
    trust: Option<Trust>,
    /// What is asked after a pause.
    later: Vec<u8>,
}

impl Line {
    /// Goes on by this connection instead of the one before.
    fn join(&mut self, poll: &Poll, index: usize, mut channel: Channel) -> Result<(), LoadFailure> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(channel.stream(), Token(index), interest).map_err(LoadFailure::Runtime)?;
        if let Some(former) = self.channel.replace(channel) {
            former.end();
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LoadFailure> {
        self.channel.as_mut().map_or(Ok(()), |channel| channel.send(bytes))
    }

    fn send_unsent(&mut self) -> Result<(), LoadFailure> {
        self.channel.as_mut().map_or(Ok(()), Channel::send_unsent)
    }
}

struct Walking<'w> {
    gathered: Gathered,
    walk: &'w mut dyn Walk,
    /// Lines on which nobody is.
    free: Vec<usize>,
    /// Who asks again when.
    pauses: BinaryHeap<Reverse<(Instant, usize)>>,
    request: RequestText,
    began: Instant,
    came: u64,
    looks: u64,
    opened: u64,
    resumed: u64,
    nobody_is_left: bool,
}

impl<'w> Walking<'w> {
    fn new(gathered: Gathered, walk: &'w mut dyn Walk) -> Self {
        Self {
            walk,
            free: (0..gathered.lines.len()).rev().collect(),
            gathered,
            pauses: BinaryHeap::new(),
            request: RequestText::default(),
            began: stopwatch::now(),
            came: 0,
            looks: 0,
            opened: 0,
            resumed: 0,
            nobody_is_left: false,
        }
    }

    fn run(mut self) -> Result<Walked, LoadFailure> {
        let limit = self.gathered.plan.time + GRACE;
        let mut room = vec![0; READ_BYTES];
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = stopwatch::now();
            self.go_on_after_pauses(now)?;
            self.let_come(now)?;
            if self.free.len() == self.gathered.lines.len() && self.is_over(now) {
                return Ok(self.walked());
            }
            if now.duration_since(self.began) > limit {
                return Err(LoadFailure::Overdue { limit });
            }
            match self.gathered.poll.poll(&mut events, Some(self.until_next(now))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(LoadFailure::Runtime(error)),
                _ => {}
            }
            self.looks += 1;
            let mut answers = 0;
            for event in &events {
                answers += 1;
                let Token(index) = event.token();
                if event.is_writable() {
                    self.gathered.lines[index].send_unsent()?;
                }
                if event.is_readable() {
                    self.hear(index, &mut room)?;
                }
            }
            if answers < GATHERED && self.gathered.lines.len() > GATHERED {
                std::thread::park_timeout(GATHER);
            }
        }
    }

    fn walked(&self) -> Walked {
        let has_resumed = |line: &&Line| line.channel.as_ref().is_some_and(Channel::has_resumed);
        Walked {
            people: self.came,
            wall: self.began.elapsed(),
            looks: self.looks,
            opened: self.opened,
            resumed: self.resumed + self.gathered.lines.iter().filter(has_resumed).count() as u64,
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.nobody_is_left || now.duration_since(self.began) >= self.gathered.plan.time
    }

    fn hear(&mut self, index: usize, room: &mut [u8]) -> Result<(), LoadFailure> {
        let line = &mut self.gathered.lines[index];
        let Some(channel) = &mut line.channel else { return Ok(()) };
        let Some(answer) = channel.hear(room)? else { return Ok(()) };
        let next = self.walk.hear(index, &answer, &mut self.request);
        channel.forget();
        match next {
            Next::Ask => self.ask(index),
            Next::AskAfter(pause) => {
                line.later.extend_from_slice(self.request.bytes());
                self.pauses.push(Reverse((stopwatch::now() + pause, index)));
                Ok(())
            }
            Next::Go => {
                self.free.push(index);
                // Without a rate, the next comes at once, on the very connection.
                if self.gathered.plan.rate_per_sec.is_none() { self.let_come(stopwatch::now()) } else { Ok(()) }
            }
        }
    }

    /// Asks what was written.
    fn ask(&mut self, index: usize) -> Result<(), LoadFailure> {
        if self.gathered.wire.kept == Kept::ARequest {
            self.reconnect(index)?;
        }
        self.gathered.lines[index].send(self.request.bytes())
    }

    /// Goes on by a new connection; by the same browser.
    fn reconnect(&mut self, index: usize) -> Result<(), LoadFailure> {
        let from = source_address(self.opened as usize % ADDRESSES, 1);
        self.opened += 1;
        let Gathered { target, poll, lines, .. } = &mut self.gathered;
        let line = &mut lines[index];
        self.resumed += u64::from(line.channel.as_ref().is_some_and(Channel::has_resumed));
        let channel = Channel::begin(*target, from, line.trust.as_ref())?;
        line.join(poll, index, channel)
    }

    fn go_on_after_pauses(&mut self, now: Instant) -> Result<(), LoadFailure> {
        while let Some(Reverse((at, index))) = self.pauses.peek().copied()
            && at <= now
        {
            self.pauses.pop();
            if self.gathered.wire.kept == Kept::ARequest {
                self.reconnect(index)?;
            }
            let line = &mut self.gathered.lines[index];
            let later = std::mem::take(&mut line.later);
            line.send(&later)?;
        }
        Ok(())
    }

    /// Lets those come who are due, as far as there are connections.
    fn let_come(&mut self, now: Instant) -> Result<(), LoadFailure> {
        while !self.is_over(now)
            && let Some(intended) = self.next_is_due(now)
            && let Some(index) = self.free.pop()
        {
            if !self.walk.come(index, self.came, intended, &mut self.request) {
                self.nobody_is_left = true;
                self.free.push(index);
                break;
            }
            self.came += 1;
            if self.gathered.wire.kept != Kept::AllAlong {
                self.gathered.lines[index].trust = self.gathered.wire.tls.as_ref().map(Trust::of_somebody_new);
                self.reconnect(index)?;
            }
            self.gathered.lines[index].send(self.request.bytes())?;
        }
        Ok(())
    }

    /// When the next one was meant to come, if that is not ahead.
    fn next_is_due(&self, now: Instant) -> Option<Instant> {
        let intended = self.schedule().map_or(now, |schedule| schedule.intended(self.came));
        (intended <= now).then_some(intended)
    }

    fn until_next(&self, now: Instant) -> Duration {
        let pause = self.pauses.peek().map(|Reverse((at, _))| *at);
        let arrival = self.schedule().filter(|_| !self.free.is_empty()).map(|schedule| schedule.intended(self.came));
        let next = pause.into_iter().chain(arrival).min();
        next.map_or(LOOK_EVERY, |at| at.saturating_duration_since(now).min(LOOK_EVERY))
    }

    fn schedule(&self) -> Option<Schedule> {
        let rate_per_sec = self.gathered.plan.rate_per_sec?;
        Some(Schedule { began: self.began, rate_per_sec, arrivals: u64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;

    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};

    use super::super::Connection;
    use super::*;

    const CERTIFICATE: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-certificate.pem");
    const KEY: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-key.pem");

    /// Answers every request with its path, in two pieces, until the connection ends.
    fn echo_of_paths(tls: bool) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let tls = tls.then(|| {
            let certificates = CertificateDer::pem_slice_iter(CERTIFICATE).collect::<Result<Vec<_>, _>>().unwrap();
            let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
            Arc::new(config.with_no_client_auth().with_single_cert(certificates, key).unwrap())
        });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let tls = tls.clone();
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    stream.set_nodelay(true).unwrap();
                    match tls {
                        Some(tls) => answer(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)),
                        None => answer(stream),
                    }
                });
            }
        });
        target
    }

    fn answer(stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            if !matches!(stream.read_line(&mut line), Ok(1..)) {
                return;
            }
            let path = line.split(' ').nth(1).unwrap().to_owned();
            while line != "\r\n" {
                line.clear();
                stream.read_line(&mut line).unwrap();
            }
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", path.len());
            stream.get_mut().write_all(head.as_bytes()).unwrap();
            stream.get_mut().write_all(path.as_bytes()).unwrap();
        }
    }

    /// Everybody asks for three things in turn, and pauses before the last.
    #[derive(Default)]
    struct ThreeSteps {
        people: u64,
        at: Vec<(u64, u64)>,
        heard: u64,
    }

    impl Walk for ThreeSteps {
        fn come(&mut self, connection: usize, number: u64, _: Instant, request: &mut RequestText) -> bool {
            if number == self.people {
                return false;
            }
            self.at.resize(self.at.len().max(connection + 1), (0, 0));
            self.at[connection] = (number, 0);
            request.get(&format!("/{number}/0")).end();
            true
        }

        fn hear(&mut self, connection: usize, answer: &Answer<'_>, request: &mut RequestText) -> Next {
            let (number, step) = &mut self.at[connection];
            assert_eq!(answer.body, format!("/{number}/{step}").as_bytes());
            self.heard += 1;
            *step += 1;
            request.get(&format!("/{number}/{step}")).end();
            match step {
                1 => Next::Ask,
                2 => Next::AskAfter(Duration::from_millis(1)),
                _ => Next::Go,
            }
        }
    }

    fn walked(rate_per_sec: Option<u32>, wire: Wire) -> (Walked, u64) {
        let mut walk = ThreeSteps { people: 40, ..ThreeSteps::default() };
        let crowd = Crowd { connections: 7, rate_per_sec, time: Duration::from_secs(30) };
        let target = echo_of_paths(wire.tls.is_some());
        let walked = crowd.gather(target, wire).unwrap().run(&mut walk).unwrap();
        (walked, walk.heard)
    }

    #[test]
    fn everybody_hears_the_answer_to_what_they_asked() {
        for rate_per_sec in [None, Some(2_000)] {
            let (walked, heard) = walked(rate_per_sec, Wire::default());
            assert_eq!((walked.people, heard, walked.opened), (40, 120, 0), "{rate_per_sec:?}");
        }
    }

    #[test]
    fn connections_are_as_many_as_people_or_as_requests_and_tls_is_resumed_by_whoever_was_there() {
        let trust = Trust::in_pem(CERTIFICATE, "localhost").unwrap();
        for (kept, opened) in [(Kept::AllAlong, 0), (Kept::APerson, 40), (Kept::ARequest, 120)] {
            for (tls, resumed) in [(None, 0), (Some(trust.clone()), opened.max(40) - 40)] {
                let (walked, heard) = walked(None, Wire { kept, tls });
                assert_eq!((heard, walked.opened, walked.resumed), (120, opened, resumed), "{kept:?}");
            }
        }
    }

    #[test]
    fn a_single_connection_speaks_tls_as_well() {
        let trust = Trust::in_pem(CERTIFICATE, "localhost").unwrap();
        let target = echo_of_paths(true);
        let mut request = RequestText::default();
        request.get("/alone").end();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut connection = runtime.block_on(Connection::open_in_tls(target, None, &trust)).unwrap();
        assert_eq!(runtime.block_on(connection.ask(&request)).unwrap().body, b"/alone");
    }

    #[test]
    fn a_certificate_of_somebody_else_ends_the_run() {
        let other = include_bytes!("../../tests/fixtures/another-certificate.pem");
        let wire = |kept| Wire { kept, tls: Some(Trust::in_pem(other, "localhost").unwrap()) };
        let crowd = Crowd { connections: 1, rate_per_sec: None, time: Duration::from_secs(30) };
        let target = echo_of_paths(true);
        assert!(matches!(crowd.gather(target, wire(Kept::AllAlong)), Err(LoadFailure::Connect(_))));
        let new = crowd.gather(target, wire(Kept::APerson)).unwrap();
        let refused = new.run(&mut ThreeSteps { people: 1, ..ThreeSteps::default() });
        assert!(matches!(refused, Err(LoadFailure::Tls(_))), "{refused:?}");
    }

    #[test]
    fn people_come_at_their_rate_however_quick_the_answers() {
        let (walked, _) = walked(Some(400), Wire::default());
        assert!(walked.wall >= Duration::from_millis(97), "{walked:?}");
    }

    #[test]
    fn a_plan_out_of_bounds_asks_nothing() {
        let crowd = Crowd { connections: 1, rate_per_sec: Some(u32::MAX), time: Duration::ZERO };
        let refused = crowd.run(Target::parse("http://127.0.0.1:9").unwrap(), &mut ThreeSteps::default());
        assert!(matches!(refused, Err(LoadFailure::OverBound { .. })));
    }
}

//! Room: rehearsal/load. A crowd on one thread: many kept connections, each with somebody who asks one thing after another.
//! For benches, which must leave the machine to the server: a system call to send, one to hear, and one to learn of many
//! answers at once; no task, no timer and no memory of its own a request.
//!
//! What is asked, a [`Walk`] says. Must never ask on a connection before it was answered there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use super::bounds::{GRACE, check_connections, check_rate, check_time};
use super::closed_loop::{PER_ADDRESS, block_on};
use super::connection::{ANSWER_BYTES_MAX, extent_of};
use super::pacer::Schedule;
use super::target::source_address;
use super::{Answer, Connection, LoadFailure, RequestText, Target, stopwatch};

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
}

impl Crowd {
    /// Runs on this thread until the last answer.
    ///
    /// # Errors
    /// `OverBound` before anything is sent; otherwise the first thing that went wrong with a connection, or `Overdue`.
    pub fn run(self, target: Target, walk: &mut dyn Walk) -> Result<Walked, LoadFailure> {
        check_connections(self.connections)?;
        check_time(self.time)?;
        check_rate(self.rate_per_sec.unwrap_or(0))?;
        let lines = block_on(GRACE, async {
            let mut lines = Vec::with_capacity(self.connections);
            for index in 0..self.connections {
                let connection = Connection::open(target, Some(source_address(index, PER_ADDRESS))).await?;
                let stream = connection.into_stream()?;
                // Without pacing and without a model of the way: there is none on one machine. As usual, if that is not allowed.
                let _ = SockRef::from(&stream).set_tcp_congestion(b"reno");
                lines.push(Line::new(stream));
            }
            Ok(lines)
        })?;
        let poll = Poll::new().map_err(LoadFailure::Runtime)?;
        Walking::new(self, poll, lines, walk)?.run()
    }
}

/// One connection.
struct Line {
    stream: TcpStream,
    /// What could not be sent at once, or waits for its time.
    unsent: Vec<u8>,
    /// Nothing is sent before its time.
    pauses: bool,
    /// An answer that has not come whole.
    received: Vec<u8>,
}

impl Line {
    fn new(stream: std::net::TcpStream) -> Self {
        Self { stream: TcpStream::from_std(stream), unsent: Vec::new(), pauses: false, received: Vec::new() }
    }

    /// Sends; what the kernel does not take is sent when it takes more.
    fn send(&mut self, bytes: &[u8]) -> Result<(), LoadFailure> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.unsent.extend_from_slice(rest);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(LoadFailure::Exchange(error)),
            }
        }
        Ok(())
    }

    /// Sends the rest of a request, unless it is not yet time.
    fn send_unsent(&mut self) -> Result<(), LoadFailure> {
        if self.pauses || self.unsent.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.unsent);
        self.send(&bytes)
    }

    /// Reads what has come, into `room` or, if it is only a part, into what is kept. `None`: not whole yet.
    fn hear<'a>(&'a mut self, room: &'a mut [u8]) -> Result<Option<Answer<'a>>, LoadFailure> {
        loop {
            let count = match self.stream.read(room) {
                Ok(0) => return Err(LoadFailure::Exchange(ErrorKind::UnexpectedEof.into())),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(LoadFailure::Exchange(error)),
            };
            let read = room.get(..count).unwrap_or_default();
            if self.received.is_empty()
                && let Some(extent) = extent_of(read)?
            {
                return Ok(Some(extent.answer_in(room)));
            }
            self.received.extend_from_slice(room.get(..count).unwrap_or_default());
            if self.received.len() > ANSWER_BYTES_MAX {
                return Err(LoadFailure::Unreadable { reason: "an answer without an end" });
            }
            if let Some(extent) = extent_of(&self.received)? {
                return Ok(Some(extent.answer_in(&self.received)));
            }
        }
    }
}

struct Walking<'w> {
    plan: Crowd,
    walk: &'w mut dyn Walk,
    poll: Poll,
    lines: Vec<Line>,
    /// Connections on which nobody is.
    free: Vec<usize>,
    /// Who asks again when.
    pauses: BinaryHeap<Reverse<(Instant, usize)>>,
    request: RequestText,
    began: Instant,
    came: u64,
    looks: u64,
    nobody_is_left: bool,
}

impl<'w> Walking<'w> {
    fn new(plan: Crowd, poll: Poll, mut lines: Vec<Line>, walk: &'w mut dyn Walk) -> Result<Self, LoadFailure> {
        for (index, line) in lines.iter_mut().enumerate() {
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut line.stream, Token(index), interest).map_err(LoadFailure::Runtime)?;
        }
        Ok(Self {
            plan,
            walk,
            poll,
            free: (0..lines.len()).rev().collect(),
            lines,
            pauses: BinaryHeap::new(),
            request: RequestText::default(),
            began: stopwatch::now(),
            came: 0,
            looks: 0,
            nobody_is_left: false,
        })
    }

    fn run(mut self) -> Result<Walked, LoadFailure> {
        let limit = self.plan.time + GRACE;
        let mut room = vec![0; READ_BYTES];
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let now = stopwatch::now();
            self.go_on_after_pauses(now)?;
            self.let_come(now)?;
            if self.free.len() == self.lines.len() && self.is_over(now) {
                return Ok(Walked { people: self.came, wall: self.began.elapsed(), looks: self.looks });
            }
            if now.duration_since(self.began) > limit {
                return Err(LoadFailure::Overdue { limit });
            }
            match self.poll.poll(&mut events, Some(self.until_next(now))) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(LoadFailure::Runtime(error)),
                _ => {}
            }
            self.looks += 1;
            let mut answers = 0;
            for event in &events {
                answers += 1;
                let Token(index) = event.token();
                if event.is_writable() {
                    self.lines[index].send_unsent()?;
                }
                if event.is_readable() {
                    self.hear(index, &mut room)?;
                }
            }
            if answers < GATHERED && self.lines.len() > GATHERED {
                std::thread::park_timeout(GATHER);
            }
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.nobody_is_left || now.duration_since(self.began) >= self.plan.time
    }

    fn hear(&mut self, index: usize, room: &mut [u8]) -> Result<(), LoadFailure> {
        let Some(answer) = self.lines[index].hear(room)? else { return Ok(()) };
        let next = self.walk.hear(index, &answer, &mut self.request);
        let line = &mut self.lines[index];
        line.received.clear();
        match next {
            Next::Ask => line.send(self.request.bytes()),
            Next::AskAfter(pause) => {
                line.unsent.extend_from_slice(self.request.bytes());
                line.pauses = true;
                self.pauses.push(Reverse((stopwatch::now() + pause, index)));
                Ok(())
            }
            Next::Go => {
                self.free.push(index);
                // Without a rate, the next comes at once, on the very connection.
                if self.plan.rate_per_sec.is_none() { self.let_come(stopwatch::now()) } else { Ok(()) }
            }
        }
    }

    fn go_on_after_pauses(&mut self, now: Instant) -> Result<(), LoadFailure> {
        while let Some(Reverse((at, index))) = self.pauses.peek().copied()
            && at <= now
        {
            self.pauses.pop();
            self.lines[index].pauses = false;
            self.lines[index].send_unsent()?;
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
            self.lines[index].send(self.request.bytes())?;
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
        let rate_per_sec = self.plan.rate_per_sec?;
        Some(Schedule { began: self.began, rate_per_sec, arrivals: u64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;

    use super::*;

    /// Answers every request with its path, in two pieces, until the connection ends.
    fn echo_of_paths() -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                    while let Some(first) = lines.next() {
                        let path = first.split(' ').nth(1).unwrap().to_owned();
                        while lines.next().is_some_and(|line| !line.is_empty()) {}
                        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", path.len());
                        (&stream).write_all(head.as_bytes()).unwrap();
                        (&stream).write_all(path.as_bytes()).unwrap();
                    }
                });
            }
        });
        target
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

    fn walked(rate_per_sec: Option<u32>) -> (Walked, u64) {
        let mut walk = ThreeSteps { people: 40, ..ThreeSteps::default() };
        let crowd = Crowd { connections: 7, rate_per_sec, time: Duration::from_secs(30) };
        let walked = crowd.run(echo_of_paths(), &mut walk).unwrap();
        (walked, walk.heard)
    }

    #[test]
    fn everybody_hears_the_answer_to_what_they_asked() {
        for rate_per_sec in [None, Some(2_000)] {
            let (walked, heard) = walked(rate_per_sec);
            assert_eq!((walked.people, heard), (40, 120), "{rate_per_sec:?}");
        }
    }

    #[test]
    fn people_come_at_their_rate_however_quick_the_answers() {
        let (walked, _) = walked(Some(400));
        assert!(walked.wall >= Duration::from_millis(97), "{walked:?}");
    }

    #[test]
    fn a_plan_out_of_bounds_asks_nothing() {
        let crowd = Crowd { connections: 1, rate_per_sec: Some(u32::MAX), time: Duration::ZERO };
        let refused = crowd.run(Target::parse("http://127.0.0.1:9").unwrap(), &mut ThreeSteps::default());
        assert!(matches!(refused, Err(LoadFailure::OverBound { .. })));
    }
}

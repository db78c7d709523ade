//! Room: rehearsal, bench `journeys`. What a journey's eight requests cost any client on this machine: as many connections to
//! the bare server, and nothing done but to send and to hear. Answers are counted by their bytes and not read; nobody walks.
//!
//! The difference to the generator's own figure is what our client takes; the rest is the kernel's, which delivers what is
//! sent into the other process's socket within the call that sends it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use charye_rehearsal::load::Target;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::Failure;
use super::journey::STEPS;
use super::stage::now;
use super::stage::program::cpu_in;
use super::stage::servers::micros;

/// Journeys that are counted.
const JOURNEYS: usize = 20_000;
/// One request of a journey is a look-up, with an answer as long as that of twenty clinics.
const LOOK_UP_BYTES: usize = 8_400;
/// What the others are answered with, and what a login and a pass add to a request.
const ANSWER_BYTES: usize = 250;
const PROOF_BYTES: usize = 300;
/// As the crowd has it.
const GATHERED: usize = 64;
const GATHER: Duration = Duration::from_micros(300);
const LIMIT: Duration = Duration::from_secs(60);

/// CPU of the eight requests. Unit: microseconds.
pub(crate) fn of_a_journey(target: Target, connections: usize) -> Result<f64, Failure> {
    let request =
        |bytes: usize| format!("GET /{bytes} HTTP/1.1\r\nhost: bare\r\nx: {}\r\n\r\n", "x".repeat(PROOF_BYTES));
    let requests = [request(ANSWER_BYTES), request(LOOK_UP_BYTES)];
    let mut poll = Poll::new()?;
    let mut lines = Vec::with_capacity(connections);
    for index in 0..connections {
        let mut stream = TcpStream::from_std(connected(target.address())?);
        poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
        lines.push((stream, 0_usize));
    }
    let wanted = JOURNEYS * STEPS.len();
    let (mut asked, mut heard) = (0, 0);
    let before = own_cpu()?;
    for (stream, step) in &mut lines {
        ask(stream, step, &requests)?;
        asked += 1;
    }
    let began = now();
    let (mut events, mut room) = (Events::with_capacity(512), vec![0; 64 * 1024]);
    while heard < wanted && began.elapsed() < LIMIT {
        poll.poll(&mut events, Some(GATHER))?;
        let mut answers = 0;
        for event in &events {
            let (stream, step) = &mut lines[event.token().0];
            match stream.read(&mut room) {
                Ok(0) => return Err("the bare server ended".into()),
                // The rest of an answer comes as an event of its own.
                Ok(bytes) if bytes < ANSWER_BYTES => continue,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            answers += 1;
            heard += 1;
            if asked < wanted {
                ask(stream, step, &requests)?;
                asked += 1;
            }
        }
        if answers < GATHERED {
            std::thread::park_timeout(GATHER);
        }
    }
    if heard < wanted {
        return Err("the bare server did not answer all".into());
    }
    Ok(micros(own_cpu()? - before) / JOURNEYS as f64)
}

fn ask(stream: &mut TcpStream, step: &mut usize, requests: &[String; 2]) -> Result<(), Failure> {
    let [short, look_up] = requests;
    let request = if step.is_multiple_of(STEPS.len()) { look_up } else { short };
    *step += 1;
    // A request is far shorter than what a socket takes.
    Ok(stream.write_all(request.as_bytes())?)
}

fn connected(address: SocketAddr) -> Result<std::net::TcpStream, Failure> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let _ = socket2::SockRef::from(&stream).set_tcp_congestion(b"reno");
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn own_cpu() -> Result<Duration, Failure> {
    cpu_in(&std::fs::read_to_string("/proc/self/stat")?)
}

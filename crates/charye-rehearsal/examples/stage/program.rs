//! Room: rehearsal, benches. A server under measurement: started, waited for, read in /proc, ended in order.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use charye_rehearsal::load::Target;
use rustix::process::{Pid, Signal, kill_process};

use super::{Failure, now};

/// Linux tells /proc's times in hundredths of a second on every architecture (USER_HZ).
const TICK: Duration = Duration::from_millis(10);
/// CPU of a second in which nothing is asked: deadlines, heartbeats and tables are looked at.
const QUIET_A_SECOND: Duration = Duration::from_millis(80);
const SETTLE_MAX: Duration = Duration::from_secs(300);
/// How long an orderly end may take.
const END_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running server. Killed when dropped, unless it was stopped.
pub(crate) struct Program {
    child: Child,
    pub(crate) target: Target,
    /// From its start to its line `ready ..`.
    pub(crate) start: Duration,
}

impl Program {
    /// Starts it and waits for the line `ready http://ADDR`.
    pub(crate) fn start(path: &Path, arguments: &[&str], within: Duration) -> Result<Self, Failure> {
        let began = now();
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("could not start {}: {error}", path.display()))?;
        let stdout = child.stdout.take().ok_or("a child without stdout")?;
        let (say, said) = channel();
        // Reads on after `ready`, so that the program can always write.
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|l| say.send(l)));
        loop {
            let left = within.saturating_sub(began.elapsed());
            match said.recv_timeout(left) {
                Ok(line) => {
                    if let Some(address) = line.strip_prefix("ready ") {
                        // Whoever had it speak TLS knows that it does.
                        let target = Target::parse(&address.replacen("https://", "http://", 1))?;
                        return Ok(Self { child, target, start: began.elapsed() });
                    }
                }
                Err(error) => {
                    child.kill()?;
                    child.wait()?;
                    let why = if error == RecvTimeoutError::Timeout { "was not ready in time" } else { "ended" };
                    return Err(format!("{} {why}", path.display()).into());
                }
            }
        }
    }

    /// CPU time of all its threads so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        cpu_in(&stat)
    }

    /// CPU time so far by the names of its threads that run now; threads that differ in their number only are one.
    pub(crate) fn cpu_by_thread(&self) -> Result<BTreeMap<String, Duration>, Failure> {
        let mut times = BTreeMap::new();
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(task?.path().join("stat"))?;
            let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).ok_or("no name in stat")?.0;
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
            *times.entry(name).or_default() += cpu_in(&stat)?;
        }
        Ok(times)
    }

    /// Waits until it does next to nothing: a new demo still writes its first snapshot when it is ready.
    pub(crate) fn settle(&self) -> Result<(), Failure> {
        let began = now();
        while began.elapsed() < SETTLE_MAX {
            let before = self.cpu()?;
            pause(Duration::from_secs(1));
            if self.cpu()? - before <= QUIET_A_SECOND {
                return Ok(());
            }
        }
        Err("a server that nobody asks does not come to rest".into())
    }

    /// Resident memory. Unit: bytes.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/PID/status")?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1_024)
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("a child without a process id")?;
        kill_process(pid, Signal::TERM)?;
        let asked: Instant = now();
        while asked.elapsed() < END_MAX {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            pause(LOOK_EVERY);
        }
        Err("a server did not end when asked".into())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already ended, most likely; then both say so and there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time in a `stat` of /proc.
pub(crate) fn cpu_in(stat: &str) -> Result<Duration, Failure> {
    // The name in parentheses may hold anything; fields are counted from behind it. utime is the 14th of all.
    let fields = stat.rsplit_once(')').ok_or("no name in stat")?.1;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    match (times.next(), times.next()) {
        (Some(user), Some(system)) => Ok(TICK * (user? + system?)),
        _ => Err("too few fields in stat".into()),
    }
}

/// Lets time pass.
#[expect(clippy::disallowed_methods, reason = "a bench waits for another process, of which nothing can wake it")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

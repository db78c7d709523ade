//! Room: server/commands/rehearse. A server of the rehearsal's own: made as a demo is, served by a process of its own on
//! loopback, killed and started again when the profile says so.
//!
//! Ends no process but the one it started.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use charye_rehearsal::evening::Stagehand;
use charye_rehearsal::load::Target;
use charye_rehearsal::nation::MADE_MAX;
use charye_rehearsal::profile::{FaultKind, HUNG_PROVIDER, PlannedFault, Profile, Size};

use super::Rehearse;
use crate::commands::demo::{self, Demo};
use crate::commands::nation::people_file;
use crate::exit::Ending;
use crate::output::say;

/// Test people made for each who may reserve: a tenth are of the day, and chance takes its share.
const PEOPLE_EACH: u64 = 13;
/// The same where everybody of the campaign may reserve, in hundredths: seventeen of twenty are of the campaign.
const PEOPLE_EACH_OF_EVERYONE_PERCENT: u64 = 120;
/// What a generated nation may have.
const PEOPLE_MIN: u64 = 1_000;
const PEOPLE_MAX: u64 = MADE_MAX as u64;
const READY_MAX: Duration = Duration::from_secs(120);
/// Of millions there is much to write down.
const STOP_MAX: Duration = Duration::from_secs(600);
/// What the rehearsal's providers are told, they are told within this time; and so long is their answer at most.
const TROUBLE_MAX: Duration = Duration::from_secs(5);
const TROUBLE_ANSWER_BYTES_MAX: u64 = 4_096;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The server, and how to start it again.
pub(super) struct OwnServer {
    data: PathBuf,
    /// Where its people are told.
    people: PathBuf,
    config: PathBuf,
    log: PathBuf,
    clock_file: PathBuf,
    address: SocketAddr,
    operations: SocketAddr,
    /// Where the rehearsal's identity providers listen.
    identity: SocketAddr,
    child: Option<Child>,
}

impl OwnServer {
    /// Makes a nation that is large enough, publishes and imports it, and serves it.
    ///
    /// # Errors
    /// `Unreadable`: the profile wants more people than a nation has.
    pub(super) fn make(folder: &Path, profile: &Profile, size: Size, wanted: &Rehearse) -> Result<Self, Ending> {
        let citizens = people_for(size.may_reserve, profile.nation.everyone).max(PEOPLE_MIN);
        if citizens > PEOPLE_MAX {
            let share = wanted.scale * PEOPLE_MAX as f64 / citizens as f64;
            return Err(super::unreadable(&format!(
                "{} people who may reserve are more than a nation of {PEOPLE_MAX} test people has; \
                 turn --scale down to {share:.3}",
                size.may_reserve
            )));
        }
        let clinics = (f64::from(profile.nation.clinics_permille) * wanted.scale).ceil().clamp(1.0, 1_000.0);
        say(&format!("making a nation of {citizens} test people for {size}"));
        let data = folder.to_owned();
        let address = free_address()?;
        let demo = Demo {
            listen: address,
            data: data.clone(),
            scale: clinics as u32,
            citizens: u32::try_from(citizens).unwrap_or(u32::MAX),
            seed: wanted.seed,
            fresh: true,
            everyone: profile.nation.everyone,
            clinics_max: clinics_max(profile, size),
        };
        demo::make(&demo)?;
        let people = people_file(&folder.join("nation"), demo.citizens);
        let mut server = Self {
            config: folder.join("charye.toml"),
            log: folder.join("server.log"),
            clock_file: folder.join("clock-ahead-ms"),
            data,
            people,
            address,
            operations: free_address()?,
            identity: free_address()?,
            child: None,
        };
        std::fs::write(&server.config, server.configuration(citizens, wanted.connections))
            .context("could not write the server's configuration")?;
        server.start()?;
        Ok(server)
    }

    fn configuration(&self, citizens: u64, connections: usize) -> String {
        let (data, citizens_file) = (&self.data, self.citizens());
        let connections_max = connections + 1_000;
        format!(
            "[data]\nfolder = {data:?}\n\n[listen]\naddress = \"{}\"\noperations_address = \"{}\"\n\
             connections_max = {connections_max}\nconnections_per_address_max = 0\n\n[engine]\naccept_clock = true\n\
             people = {citizens}\nclock_ahead_file = {:?}\n\n[rehearsal]\nenabled = true\n\
             citizens = {citizens_file:?}\nidentity_port = {}\n\n[log]\nlevel = \"warn\"\n",
            self.address,
            self.operations,
            self.clock_file,
            self.identity.port()
        )
    }

    pub(super) fn target(&self) -> Target {
        loopback(self.address)
    }

    pub(super) fn metrics(&self) -> Target {
        loopback(self.operations)
    }

    pub(super) fn citizens(&self) -> PathBuf {
        self.people.clone()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.data.clone()
    }

    /// Starts the process and waits for its line `ready`.
    fn start(&mut self) -> Result<Duration, Ending> {
        let began = monotonic();
        let program = std::env::current_exe().context("could not find this program")?;
        let log =
            File::options().create(true).append(true).open(&self.log).context("could not open the server's log")?;
        let mut child = Command::new(program)
            .args(["serve", "--config"])
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("could not start the server")?;
        let stdout = child.stdout.take().context("a child without stdout")?;
        self.child = Some(child);
        let (says, said) = channel();
        // Reads on after `ready`, so that the server can always write.
        std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| says.send(line)))
            .context("could not start a thread")?;
        loop {
            let left = READY_MAX.saturating_sub(monotonic().saturating_duration_since(began));
            let line = said
                .recv_timeout(left)
                .map_err(|_| anyhow!("the server did not become ready; its log is {}", self.log.display()))?;
            if line.starts_with("ready ") {
                return Ok(monotonic().saturating_duration_since(began));
            }
        }
    }

    /// Asks the process to end in order, and waits until it has.
    pub(super) fn stop(&mut self) -> Result<(), Ending> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).context("could not ask the server to end")?;
        let asked = monotonic();
        while monotonic().saturating_duration_since(asked) < STOP_MAX {
            if child.try_wait().context("could not wait for the server")?.is_some() {
                return Ok(());
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        child.kill().context("could not end the server")?;
        child.wait().context("could not wait for the server")?;
        Err(Ending::Fault(anyhow!("the server did not end within {STOP_MAX:?} and was killed")))
    }

    fn kill(&mut self) -> Result<String, anyhow::Error> {
        let mut child = self.child.take().context("there is no process")?;
        child.kill().context("could not kill the server")?;
        child.wait().context("could not wait for the server")?;
        match self.start() {
            Ok(took) => Ok(format!("killed; ready again after {:.1} s", took.as_secs_f64())),
            Err(_) => Err(anyhow!("killed, and it did not start again; its log is {}", self.log.display())),
        }
    }

    /// The server's clock goes ahead while it runs: it reads how far from a file that only rehearsals have.
    fn clock_jumps(&self, secs: u32) -> Result<String, anyhow::Error> {
        std::fs::write(&self.clock_file, format!("{}", u64::from(secs) * 1_000)).context("could not move the clock")?;
        Ok(format!("the server's clock went {secs} s ahead"))
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Ended already, most likely; then both say so and there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Plays faults on the server, whoever else holds it.
pub(super) struct ServersHand(pub(super) Arc<Mutex<OwnServer>>);

impl Stagehand for ServersHand {
    fn play(&mut self, fault: PlannedFault) -> Result<String, String> {
        let mut server = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let played = match fault.kind {
            FaultKind::Kill => server.kill(),
            FaultKind::ClockJump => server.clock_jumps(fault.secs),
            FaultKind::ProviderHangs => {
                let identity = server.identity;
                // The server is whole meanwhile: whoever else wants it need not wait.
                drop(server);
                provider_hangs(identity, fault.secs)
            }
        };
        played.map_err(|error| format!("{error:#}"))
    }
}

/// One of the rehearsal's identity providers accepts and does not answer, for so long.
fn provider_hangs(identity: SocketAddr, secs: u32) -> Result<String, anyhow::Error> {
    trouble(identity, &format!("provider={HUNG_PROVIDER}&hang_percent=100"))?;
    let began = monotonic();
    while let Some(left) = Duration::from_secs(secs.into()).checked_sub(monotonic().saturating_duration_since(began)) {
        std::thread::park_timeout(left.max(LOOK_EVERY));
    }
    trouble(identity, &format!("provider={HUNG_PROVIDER}"))?;
    Ok(format!("the provider {HUNG_PROVIDER} answered nobody for {secs} s"))
}

/// Tells the rehearsal's providers what is wrong with one of them.
fn trouble(identity: SocketAddr, form: &str) -> Result<(), anyhow::Error> {
    let told = TcpStream::connect_timeout(&identity, TROUBLE_MAX).and_then(|mut stream| {
        stream.set_read_timeout(Some(TROUBLE_MAX))?;
        stream.set_write_timeout(Some(TROUBLE_MAX))?;
        let length = form.len();
        let head = format!("POST /trouble HTTP/1.1\r\nHost: {identity}\r\nConnection: close\r\n");
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        stream.write_all(format!("{head}{kind}Content-Length: {length}\r\n\r\n{form}").as_bytes())?;
        let mut answer = Vec::new();
        stream.take(TROUBLE_ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    });
    match told.context("could not reach the rehearsal's identity providers")? {
        true => Ok(()),
        false => Err(anyhow!("the rehearsal's identity providers do not know this trouble: {form}")),
    }
}

/// Test people among whom this many may reserve on the evening.
fn people_for(may_reserve: u64, everyone: bool) -> u64 {
    if everyone { (may_reserve * PEOPLE_EACH_OF_EVERYONE_PERCENT).div_ceil(100) } else { may_reserve * PEOPLE_EACH }
}

/// How few clinics there are to be, if places are to run out.
fn clinics_max(profile: &Profile, size: Size) -> Option<u32> {
    let each = u64::from(profile.nation.people_per_clinic);
    let clinics = size.may_reserve.div_ceil(each.max(1));
    (each > 0).then(|| u32::try_from(clinics).unwrap_or(u32::MAX))
}

/// A port of loopback that nobody has now. It is ours a moment later, unless somebody is very quick.
fn free_address() -> Result<SocketAddr, Ending> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("could not find a free port")?;
    Ok(listener.local_addr().context("could not find a free port")?)
}

fn loopback(address: SocketAddr) -> Target {
    Target::parse(&format!("http://{address}")).expect("made from a bound address of this machine's loopback")
}

/// Now, for measuring how long a start takes.
#[expect(clippy::disallowed_methods, reason = "a child process is waited for in real time")]
fn monotonic() -> Instant {
    Instant::now()
}

//! Room: rehearsal, benches. The two servers of every bench: `charye demo`, and the bare one (`charye-web`'s example `echo`)
//! whose CPU for one request, E, all figures are multiples of.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use charye_rehearsal::load::{ClosedLoop, Measured};

use super::askings::Echo;
use super::people::Client;
use super::program::{Program, pause};
use super::{Failure, now};

/// Connections of a measurement, unless it needs more.
pub(crate) const CONNECTIONS: usize = 64;
/// Requests that E is taken of: about half a second of the bare server's CPU, which /proc tells in hundredths.
pub(crate) const ECHOES: u64 = 60_000;
/// How long one measurement may take.
pub(crate) const PHASE_MAX: Duration = Duration::from_secs(60);
/// How long a new demo may take to be ready, its nation included.
const READY_MAX: Duration = Duration::from_secs(600);
const CAUGHT_UP_MAX: Duration = Duration::from_secs(300);

/// Where the two servers stand.
pub(crate) struct Programs {
    charye: PathBuf,
    echo: PathBuf,
    /// Where demos keep their data.
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Both, built anew unless the bench was asked to take them as they stand.
    pub(crate) fn ready() -> Result<Self, Failure> {
        if cfg!(debug_assertions) {
            return Err("a figure of an unoptimised build is no figure: add --release".into());
        }
        if std::env::args().nth(1).as_deref() != Some("--as-built") {
            build()?;
        }
        // Ourselves: target/release/examples/NAME.
        let ourselves = std::env::current_exe()?;
        let examples = ourselves.parent().ok_or("a program without a folder")?;
        let release = examples.parent().ok_or("an example outside target/release")?;
        let target = release.parent().ok_or("an example outside target")?;
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        Ok(Self { charye: release.join("charye"), echo: examples.join("echo"), folder })
    }

    /// A demo on this folder, ready.
    pub(crate) fn demo(&self, data: &Path, more: &[&str]) -> Result<Program, Failure> {
        let data = data.to_str().ok_or("a folder that is no text")?;
        let arguments = [&["demo", "--listen", "127.0.0.1:0", "--data", data], more].concat();
        Program::start(&self.charye, &arguments, READY_MAX)
    }

    /// A server of this configuration, ready.
    pub(crate) fn serve(&self, config: &Path) -> Result<Program, Failure> {
        let config = config.to_str().ok_or("a file that is no text")?;
        Program::start(&self.charye, &["serve", "--config", config], READY_MAX)
    }

    /// What a command of the program says.
    pub(crate) fn say(&self, arguments: &[&str]) -> Result<String, Failure> {
        let said = Command::new(&self.charye).args(arguments).output()?;
        if !said.status.success() {
            return Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&said.stderr)).into());
        }
        Ok(String::from_utf8(said.stdout)?)
    }

    /// The bare server, ready.
    pub(crate) fn echo(&self) -> Result<Program, Failure> {
        Program::start(&self.echo, &[], READY_MAX)
    }

    /// Has a stopped demo's journal audited: nothing oversold, nobody with two reservations, tables equal the replay.
    pub(crate) fn audit(&self, data: &Path) -> Result<(), Failure> {
        let audit = Command::new(&self.charye).args(["audit", "verify", "--data"]).arg(data).output()?;
        if audit.status.success() {
            return Ok(());
        }
        Err(format!("the audit found something: {}", String::from_utf8_lossy(&audit.stdout)).into())
    }
}

fn build() -> Result<(), Failure> {
    for what in [["charye-server", "--bin", "charye"], ["charye-web", "--example", "echo"]] {
        let built = Command::new("cargo").args(["build", "--release", "-p"]).args(what).status()?;
        if !built.success() {
            return Err(format!("could not build {}", what.join(" ")).into());
        }
    }
    Ok(())
}

/// E, the CPU of one request to the bare server. Unit: microseconds.
pub(crate) fn echo_us(echo: &Program) -> Result<f64, Failure> {
    let before = echo.cpu()?;
    let plan = ClosedLoop { connections: CONNECTIONS, requests: ECHOES, time: PHASE_MAX };
    all_wanted(&plan.run(echo.target, Rc::new(Echo::new()))?)?;
    Ok(micros(echo.cpu()? - before) / ECHOES as f64)
}

/// A figure of refusals would be a figure of nothing.
pub(crate) fn all_wanted(measured: &Measured) -> Result<(), Failure> {
    match measured.unwanted() {
        0 => Ok(()),
        unwanted => Err(format!("{unwanted} of {} answers were not what was wanted", measured.answers()).into()),
    }
}

/// Waits until the projections are where the journal is.
pub(crate) fn catch_up(client: &mut Client) -> Result<(), Failure> {
    let began = now();
    while began.elapsed() < CAUGHT_UP_MAX {
        let told = client.get("/readyz")?;
        if told["head_seq"] == told["projected_seq"] {
            return Ok(());
        }
        pause(Duration::from_millis(50));
    }
    Err("the projector did not catch up".into())
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

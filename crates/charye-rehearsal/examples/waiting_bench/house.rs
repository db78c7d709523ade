//! Room: rehearsal, bench `waiting`. The installation whose line is full: a demo of everybody, in whose line `charye fill-line`
//! has so many wait, kept as it then was, and a server over a copy of it.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::pollers::Tickets;
use super::stage::program::Program;
use super::stage::servers::Programs;
use super::stage::{Failure, now};
use super::{CAMPAIGN, Plan};

/// The certificate of those who speak TLS here, for `localhost`.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-certificate.pem");
const KEY: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-key.pem");
const OPERATORS_TOKEN: &str = "bench-bench-bench-bench-bench-bench";
/// Thousandths of the nation's clinics: enough for everybody who goes in.
const SCALE: &str = "400";
/// Connections are opened before the run and wait for whoever uses them, some of them to its end: none is closed meanwhile.
const IDLE_SECS: u32 = 3_600;

/// A demo with its line full, as it was when it was.
pub(crate) struct House {
    /// Never served from.
    kept: PathBuf,
    /// A copy, anew for each run.
    pub(crate) data: PathBuf,
    /// Where tickets and logins are.
    pockets: PathBuf,
    plan: Plan,
    /// How long filling took, if it was filled now. Unit: seconds.
    pub(crate) filled_in: Option<f64>,
}

impl House {
    /// Fills the line, unless it is there and may be taken as it stands.
    pub(crate) fn ready(programs: &Programs, plan: Plan) -> Result<Self, Failure> {
        let kept = programs.folder.join(format!("line-of-{}-{}", plan.people, plan.logins));
        let (data, pockets) = (kept.with_extension("served"), kept.with_extension("pockets"));
        let complete = pockets.join("complete");
        let mut house = Self { kept, data, pockets, plan, filled_in: None };
        if plan.takes_kept && complete.exists() {
            return Ok(house);
        }
        for folder in [&house.kept, &house.data, &house.pockets] {
            if folder.exists() {
                std::fs::remove_dir_all(folder)?;
            }
        }
        programs.demo(&house.kept, &["--fresh", "--everyone", "--scale", SCALE])?.stop()?;
        std::fs::create_dir_all(&house.pockets)?;
        let config = house.configure(&house.kept, None)?;
        let began = now();
        let (people, logins) = (plan.people.to_string(), plan.logins.to_string());
        let (into, config) = (text(&house.pockets)?, text(&config)?);
        let counts = ["--people", &people, "--logins", &logins, "--into", into, "--config", config];
        programs.say(&[&["fill-line", CAMPAIGN][..], &counts].concat())?;
        house.filled_in = Some(began.elapsed().as_secs_f64());
        std::fs::write(complete, "")?;
        Ok(house)
    }

    /// A server over a copy of it, in TLS or not. Nobody is called yet.
    pub(crate) fn serve(&self, programs: &Programs, tls: bool) -> Result<Served, Failure> {
        if self.data.exists() {
            std::fs::remove_dir_all(&self.data)?;
        }
        // As it is, rights and all; a folder of some gigabytes.
        let copied = Command::new("cp").arg("-a").arg(&self.kept).arg(&self.data).status()?;
        if !copied.success() {
            return Err("could not copy the installation".into());
        }
        let config = self.configure(&self.data, Some(tls))?;
        let program = programs.serve(&config)?;
        let status: Value =
            serde_json::from_str(&programs.say(&["steer", "status", "--json", "--config", text(&config)?])?)?;
        let lines = status["lines"].as_array().ok_or("no lines")?;
        let open = lines.iter().find(|line| line["campaign"] == CAMPAIGN && line["phase"] == "open");
        let opening = open.and_then(|line| line["opening"].as_u64()).ok_or("no line is open")?.to_string();
        Ok(Served { program, config, opening })
    }

    pub(crate) fn tickets(&self) -> Result<Tickets, Failure> {
        Tickets::read(&self.pockets.join("tickets.txt"))
    }

    pub(crate) fn logins(&self) -> Result<Vec<String>, Failure> {
        let logins = std::fs::read_to_string(self.pockets.join("logins.txt"))?;
        Ok(logins.lines().map(str::to_owned).collect())
    }

    /// How long its journal is. Unit: bytes.
    pub(crate) fn journal_bytes(&self) -> Result<u64, Failure> {
        Ok(std::fs::metadata(self.kept.join("journal.db"))?.len())
    }

    /// `tls`: it listens for operators, too, and citizens speak TLS or not.
    fn configure(&self, data: &Path, tls: Option<bool>) -> Result<PathBuf, Failure> {
        let (config, tokens) = (data.with_extension("toml"), data.with_extension("operators"));
        write_private(&tokens, format!("1 {OPERATORS_TOKEN}\n").as_bytes())?;
        let citizens = data.join("nation").join("citizens.csv");
        let operations = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut listen = format!(
            "address = \"127.0.0.1:0\"\noperations_address = \"{operations}\"\nconnections_max = 20000\n\
             connections_per_address_max = 0\nfirst_byte_secs = {IDLE_SECS}\n\
             idle_secs = {IDLE_SECS}\n"
        );
        if tls == Some(true) {
            let (certificate, key) = (data.with_extension("certificate"), data.with_extension("key"));
            write_private(&certificate, CERTIFICATE)?;
            write_private(&key, KEY)?;
            listen += &format!("tls_certificate = {certificate:?}\ntls_key = {key:?}\n");
        }
        let room = self.plan.people + self.plan.people / 50;
        let configuration = format!(
            "[data]\nfolder = {data:?}\n\n[listen]\n{listen}\n[engine]\naccept_clock = true\npeople = {room}\n\n\
             [rehearsal]\nenabled = true\ncitizens = {citizens:?}\n\n[operators]\ntoken_file = {tokens:?}\n\n\
             [log]\nlevel = \"warn\"\n"
        );
        std::fs::write(&config, configuration)?;
        Ok(config)
    }
}

/// A server with its line full.
pub(crate) struct Served {
    pub(crate) program: Program,
    config: PathBuf,
    pub(crate) opening: String,
}

impl Served {
    /// Where everybody may read how the line stands.
    pub(crate) fn public(&self) -> String {
        format!("/line/{CAMPAIGN}/{}/now", self.opening)
    }

    /// Begins to call so many a second.
    pub(crate) fn call(&self, programs: &Programs, per_sec: u32, seats: u32) -> Result<(), Failure> {
        let (per_min, seats) = ((per_sec * 60).to_string(), seats.to_string());
        let to = ["--reason", "bench", "--config", text(&self.config)?];
        let terms = ["--hard-cap", &seats, "--min", &per_min, "--max", &per_min];
        programs.say(&[&["steer", "terms", CAMPAIGN, &self.opening][..], &terms, &to].concat())?;
        programs.say(&[&["steer", "resume", CAMPAIGN, &self.opening][..], &to].concat())?;
        Ok(())
    }
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| "a path that is no text".into())
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    Ok(options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)?)
}

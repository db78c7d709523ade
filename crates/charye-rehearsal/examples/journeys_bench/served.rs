//! Room: rehearsal, bench `journeys`. The server under the journeys: a demo's installation, served by a configuration of the
//! bench's own, with windows to sign in at and a line whose rate is not what is measured.

use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::identities::Identities;
use super::stage::Failure;
use super::stage::program::Program;
use super::stage::servers::Programs;

/// People who may become known: tables are as large from the start.
const PEOPLE: usize = 1_000_000;
/// Let in at once, and a minute: as many as come.
const HARD_CAP: &str = "1000000";
const RATE_PER_MIN: &str = "3000000";
const OPERATORS_TOKEN: &str = "bench-bench-bench-bench-bench-bench";

/// A demo of everybody at full scale, made anew unless one is there that may be `taken` as it stands.
pub(crate) fn make(programs: &Programs, data: &Path, taken: bool) -> Result<(), Failure> {
    if taken && data.join("demo.complete").exists() {
        return Ok(());
    }
    programs.demo(data, &["--fresh", "--everyone"])?.stop()
}

/// The certificate of those who speak TLS here, for `localhost`.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-certificate.pem");
const KEY: &[u8] = include_bytes!("../../../charye-web/tests/fixtures/loopback-key.pem");

/// Whether the server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    InTheClear,
    Tls,
}

/// Serves a demo's installation. `window` is where its identity providers' windows answer to probes.
pub(crate) fn serve(
    programs: &Programs,
    data: &Path,
    identities: &Identities,
    window: &str,
    campaign: &str,
    spoken: Spoken,
) -> Result<Program, Failure> {
    let (config, tokens, test_people) = (beside(data, "toml"), beside(data, "operators"), beside(data, "csv"));
    let operations = free_address()?;
    write_private(&tokens, format!("1 {OPERATORS_TOKEN}\n").as_bytes())?;
    // Nobody signs in as a test person, and the page of choices shows as few as there can be: one.
    let citizens = std::fs::read_to_string(data.join("nation").join("citizens.csv"))?;
    std::fs::write(&test_people, citizens.lines().take(2).flat_map(|head| [head, "\n"]).collect::<String>())?;
    let tls = match spoken {
        Spoken::InTheClear => String::new(),
        Spoken::Tls => {
            let (certificate, key) = (beside(data, "certificate"), beside(data, "key"));
            write_private(&certificate, CERTIFICATE)?;
            write_private(&key, KEY)?;
            format!("tls_certificate = {certificate:?}\ntls_key = {key:?}\n")
        }
    };
    let configuration = format!(
        "[data]\nfolder = {data:?}\n\n[listen]\naddress = \"127.0.0.1:0\"\noperations_address = \"{operations}\"\n\
         connections_max = 20000\nconnections_per_address_max = 0\n{tls}\n[engine]\naccept_clock = true\npeople = {PEOPLE}\n\n\
         [rehearsal]\nenabled = true\ncitizens = {test_people:?}\n\n[operators]\ntoken_file = {tokens:?}\n\n\
         [log]\nlevel = \"warn\"\n\n{}",
        identities.configuration(window, data)?
    );
    std::fs::write(&config, configuration)?;
    let charye = programs.serve(&config)?;
    let status = programs.say(&["steer", "status", "--json", "--config", text(&config)?])?;
    let lines: serde_json::Value = serde_json::from_str(&status)?;
    let lines = lines["lines"].as_array().ok_or("no lines")?;
    let open = lines.iter().find(|line| line["campaign"] == *campaign && line["phase"] == "open");
    let opening = open.and_then(|line| line["opening"].as_u64()).ok_or("no line is open")?.to_string();
    let terms = ["steer", "terms", campaign, &opening, "--reason", "bench", "--hard-cap", HARD_CAP];
    let rates = ["--min", RATE_PER_MIN, "--max", RATE_PER_MIN, "--config", text(&config)?];
    programs.say(&[&terms[..], &rates[..]].concat())?;
    Ok(charye)
}

/// A file that belongs to a demo's folder and does not lie in it.
fn beside(data: &Path, extension: &str) -> PathBuf {
    data.with_extension(extension)
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| "a path that is no text".into())
}

/// Writes a file that nobody else reads.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    Ok(options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(bytes)?)
}

fn free_address() -> Result<std::net::SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

//! What black-box tests share: the real program as a child process, and a small HTTP client that knows nothing of ours.
#![expect(dead_code, reason = "each test binary uses its part")]

pub(crate) mod api;
pub(crate) mod page;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The program under test.
pub(crate) const CHARYE: &str = env!("CARGO_BIN_EXE_charye");
/// Whether clients ask again who are told that the program is busy: nothing of such a request was done. For tests that are
/// not about that, on machines that are.
pub(crate) static WAITS_WHILE_BUSY: AtomicBool = AtomicBool::new(false);
/// Tries and the time between them: a hang guard of a minute.
const BUSY_TRIES: usize = 120;
const BUSY_WAIT: Duration = Duration::from_millis(500);
/// No answer takes longer, on any machine that tests run on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command to its end: exit code, stdout, stderr.
pub(crate) fn charye(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(CHARYE).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Writes the configuration of a server over a demo's folder, for `charye serve`; `more` are lines of `[data]`.
pub(crate) fn write_config(folder: &Path, data: &Path, more: &str) -> PathBuf {
    let text = format!(
        "[data]\nfolder = {data:?}\n{more}\n[listen]\naddress = \"127.0.0.1:0\"\n\
         [engine]\naccept_clock = true\npeople = 1000\nsnapshot_every_entries = 1000\n\
         [rehearsal]\nenabled = true\ncitizens = {:?}\n[log]\nlevel = \"error\"\n",
        data.join("nation/citizens.csv")
    );
    let path = folder.join("charye.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// A server of our own, ended when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Its operators' listener, if it has one.
    pub(crate) operators: Option<SocketAddr>,
    /// Its agents' listener, if it has one.
    pub(crate) agents: Option<SocketAddr>,
    /// What it printed after `ready`, up to the first empty line.
    pub(crate) said: Vec<String>,
}

impl Server {
    /// A small demo on a free port over `data`.
    pub(crate) fn demo(data: &Path) -> Self {
        Self::start(&["demo", "--listen", "127.0.0.1:0", "--scale", "4", "--data", data.to_str().unwrap()], &[])
    }

    /// Starts the program and waits for its `ready` line.
    pub(crate) fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_program(Path::new(CHARYE), arguments, environment)
    }

    /// [`Server::start`] of another program that speaks like ours.
    pub(crate) fn start_program(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut operators, mut agents) = (None, None);
        let address = loop {
            let line = lines.next().expect("it says `ready` before it ends").unwrap();
            if let Some(address) = line.strip_prefix("operators http://") {
                operators = Some(address.parse().unwrap());
            }
            if let Some(address) = line.strip_prefix("agents http://") {
                agents = Some(address.parse().unwrap());
            }
            if let Some(address) = line.strip_prefix("ready http://").or(line.strip_prefix("ready https://")) {
                break address.parse().unwrap();
            }
        };
        // Only a demo says whom to sign in as, and then nothing.
        let told = lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty());
        let said = if arguments.first() == Some(&"demo") { told.collect() } else { Vec::new() };
        // Whatever else it prints must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, operators, agents, said }
    }

    /// Birth date and made-up national number of the citizen whom the demo tells to sign in as with these words.
    pub(crate) fn citizen(&self, data: &Path, words: &str) -> (String, String) {
        let told = self.said.iter().find(|line| line.contains(words)).unwrap_or_else(|| panic!("nobody {words}"));
        let born = told.split("born ").nth(1).and_then(|rest| rest.get(..10)).unwrap().to_owned();
        let name = told.split("sign in  as ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let citizens = std::fs::read_to_string(data.join("nation/citizens.csv")).unwrap();
        let row = citizens.lines().find(|row| row.contains(&format!(",{name},")) && row.contains(&born)).unwrap();
        (born, row.split(',').next().unwrap().to_owned())
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// SIGKILL: no last words.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// SIGTERM: drain and stop.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// SIGHUP: read the certificate again.
    pub(crate) fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// From now on no file of its can grow beyond this.
    pub(crate) fn limit_files_to(&self, bytes: u64) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(bytes), maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Waits for its end for at most `limit`; `None` if it goes on.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        const LOOK_EVERY: Duration = Duration::from_millis(2);
        for _ in 0..limit.as_millis() / LOOK_EVERY.as_millis() {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        None
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// A browser without a screen: keeps cookies and one connection.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    pub(crate) cookies: Vec<(String, String)>,
    /// Answers that broke off after their first byte.
    pub(crate) torn: u32,
    /// Headers sent with every request, such as an API login.
    pub(crate) headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, cookies: Vec::new(), torn: 0, headers: Vec::new() }
    }

    /// Goes on at another server, with everything in its pockets.
    pub(crate) fn move_to(&mut self, server: &Server) {
        self.address = server.address;
        self.connection = None;
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").unwrap()
    }

    /// Sends a form as a browser would.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let body = body.collect::<Vec<_>>().join("&");
        self.ask("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], &body).unwrap()
    }

    pub(crate) fn post_json(&mut self, path: &str, key: &str, body: &serde_json::Value) -> Answer {
        self.try_post_json(path, key, body).unwrap()
    }

    /// `Err` if the connection broke before the whole answer was there: then the outcome is unknown.
    pub(crate) fn try_post_json(&mut self, path: &str, key: &str, body: &serde_json::Value) -> std::io::Result<Answer> {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        self.ask("POST", path, &headers, &body.to_string())
    }

    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> std::io::Result<Answer> {
        for _ in 0..BUSY_TRIES {
            let answer = self.ask_once(method, path, headers, body)?;
            let asks_to_wait = answer.status == 503 && answer.header("retry-after").is_some();
            if !asks_to_wait || !WAITS_WHILE_BUSY.load(Ordering::Relaxed) {
                return Ok(answer);
            }
            std::thread::park_timeout(BUSY_WAIT);
        }
        self.ask_once(method, path, headers, body)
    }

    fn ask_once(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> std::io::Result<Answer> {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", self.address, body.len());
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
            request.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in headers.iter().copied().chain(own) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let answer = self.exchange(&request);
        if answer.is_err() {
            self.connection = None;
        }
        let answer = answer?;
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        Ok(answer)
    }

    fn exchange(&mut self, request: &str) -> std::io::Result<Answer> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                self.connection.insert(BufReader::new(stream))
            }
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let broken = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the connection ended within an answer");
        let mut line = String::new();
        connection.read_line(&mut line)?;
        self.torn += u32::from(!line.is_empty());
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line)? == 0 {
                return Err(broken());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let header = |wanted: &str| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.clone())
        };
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        self.torn -= 1;
        if header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.connection = None;
        }
        Ok(Answer { status, headers, body: String::from_utf8(body).expect("an answer is UTF-8") })
    }
}

/// Percent-encoded for a form.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The value of an input of this name on a page.
pub(crate) fn input_value(page: &str, name: &str) -> String {
    let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no input {name} on the page:\n{page}"));
    let start = page[..at].rfind('<').unwrap();
    let end = start + page[start..].find('>').unwrap();
    let tag = &page[start..end];
    let value = tag.split("value=\"").nth(1).unwrap_or_else(|| panic!("input {name} has no value: {tag}"));
    value.split('"').next().unwrap().to_owned()
}

//! Room: server/commands. Asks the operators' listener of a running installation, and reads its answer. For `charye
//! steer` and `charye provider`.
//!
//! One plain request on a connection of its own, with every limit: the listener is ours, on a network that strangers do not
//! reach. Must never follow anything, keep anything or log the token.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::Value;

use super::check_config;
use crate::config::read_tokens;
use crate::exit::Ending;
use crate::output::say;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// Where operators ask, and with which token.
pub(crate) struct OperatorsClient {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// Which running installation, and with which token: of every command that asks it.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// The configuration that names the operators' listener and the tokens
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The operators' listener, if not the configuration's
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    address: Option<SocketAddr>,
    /// A file whose first line ends with the token, if not the configuration's
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

impl Where {
    /// Where it listens, and the token, from the arguments or the configuration.
    ///
    /// # Errors
    /// `Unreadable`: neither says, or the file of tokens does not read.
    pub(crate) fn client(&self) -> Result<OperatorsClient, Ending> {
        let unreadable = |words: String| Ending::Unreadable { words: format!("charye: {words}") };
        let config = check_config::read(self.config.as_deref())?;
        let address = self.address.or(config.listen.operations_address).ok_or_else(|| {
            unreadable("no operators' listener: name it with --address, or [listen] operations_address".to_owned())
        })?;
        let file = self.token_file.as_ref().or(config.operators.token_file.as_ref());
        let file = file.ok_or_else(|| unreadable("no token: name its file with --token-file".to_owned()))?;
        let text = read_tokens(file).map_err(|error| unreadable(format!("{error:#}")))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let token = lines.into_iter().next().and_then(|line| line.split_whitespace().last());
        let token = token.ok_or_else(|| unreadable(format!("{} holds no token", file.display())))?.to_owned();
        Ok(OperatorsClient { address, token })
    }
}

/// How a command that looks at something tells it.
#[derive(Debug, Args)]
pub(crate) struct Telling {
    /// In Korean or English
    #[arg(long, value_name = "ko|en", default_value = "en", value_parser = ["ko", "en"])]
    pub(crate) lang: String,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What came back.
#[derive(Debug, PartialEq)]
struct Heard {
    status: u16,
    body: Value,
}

impl OperatorsClient {
    /// Has something changed, and says from which entry of the journal on it is in force.
    ///
    /// # Errors
    /// As [`OperatorsClient::ask`].
    pub(crate) fn order(&self, path: &str, body: &Value) -> Result<(), Ending> {
        let answered = self.ask(path, Some(body))?;
        say(&format!("in force as of entry {}", answered["seq"]));
        Ok(())
    }

    /// What is told at `path`; nothing if it is printed already, as JSON.
    ///
    /// # Errors
    /// As [`OperatorsClient::ask`].
    pub(crate) fn tell(&self, path: &str, telling: &Telling) -> Result<Option<Value>, Ending> {
        let told = self.ask(path, None)?;
        if telling.json {
            say(&told.to_string());
            return Ok(None);
        }
        Ok(Some(told))
    }

    /// Sends one request; `body` makes it a POST. Answers with the body of what came back.
    ///
    /// # Errors
    /// `Fault`: nobody listens there, or what comes back is no answer in time. `Unreadable`: it was refused.
    /// `Unavailable`: it could not be done now.
    pub(crate) fn ask(&self, path: &str, body: Option<&Value>) -> Result<Value, Ending> {
        done(self.send(path, body)?)
    }

    fn send(&self, path: &str, body: Option<&Value>) -> Result<Heard, anyhow::Error> {
        let address = self.address;
        let mut stream = TcpStream::connect_timeout(&address, CONNECT)
            .with_context(|| format!("could not reach operators' listener {address}: is `charye serve` running?"))?;
        stream.set_read_timeout(Some(ANSWER)).context("could not set a time limit")?;
        stream.set_write_timeout(Some(ANSWER)).context("could not set a time limit")?;
        let text = body.map(Value::to_string).unwrap_or_default();
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            self.token,
            text.len()
        );
        stream.write_all(request.as_bytes()).context("could not send a request to operators' listener")?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).context("could not read the answer in time")?;
        read(&answer)
    }
}

/// A text of an answer without its quotes; anything else as JSON.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// The answer, if it was done; else what it says against it.
fn done(heard: Heard) -> Result<Value, Ending> {
    let told = |name: &str| heard.body[name].as_str().unwrap_or_default();
    match heard.status {
        200 => Ok(heard.body),
        status @ 400..500 => Err(Ending::Unreadable {
            words: format!("charye: refused ({}, {status}): {}", told("code"), told("detail")),
        }),
        status => Err(Ending::Unavailable(anyhow!("{} ({status}): {}", told("code"), told("detail")))),
    }
}

/// Status and JSON of a whole answer, ended by the end of the connection.
fn read(answer: &[u8]) -> Result<Heard, anyhow::Error> {
    let head_ends = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = head_ends.and_then(|at| answer.split_at_checked(at + 4)).context("the answer has no head")?;
    let status = std::str::from_utf8(head).ok().and_then(|head| head.split(' ').nth(1)?.parse().ok());
    let status = status.context("the answer has no status")?;
    let body = serde_json::from_slice(body).map_err(|error| anyhow!("the answer ({status}) is not JSON: {error}"))?;
    Ok(Heard { status, body })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_not() {
        let heard = read(b"HTTP/1.1 422 Unprocessable\r\ncontent-length: 8\r\n\r\n{\"a\": 1}").unwrap();
        assert_eq!((heard.status, heard.body["a"].as_u64()), (422, Some(1)));
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\nhello"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_its_code_and_what_to_do() {
        let heard = |status| Heard { status, body: json!({ "code": "notice_too_short", "detail": "later, please" }) };
        assert!(done(heard(200)).is_ok());
        let Err(Ending::Unreadable { words }) = done(heard(409)) else { panic!("not refused") };
        assert!(words.contains("notice_too_short") && words.contains("later, please"));
        assert!(matches!(done(heard(503)), Err(Ending::Unavailable(_))));
    }
}

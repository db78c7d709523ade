//! Room: server/commands. Asks the operators' listener of a running installation, and reads its answer. For `charye steer`.
//!
//! One plain request on a connection of its own, with every limit: the listener is ours, on a network that strangers do not
//! reach. Must never follow anything, keep anything or log the token.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// Where operators ask, and with which token.
pub(crate) struct OperatorsClient {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl OperatorsClient {
    /// Sends one request; `body` makes it a POST.
    ///
    /// # Errors
    /// Nobody listens there, or what comes back is no answer in time.
    pub(crate) fn ask(&self, path: &str, body: Option<&Value>) -> Result<Heard, anyhow::Error> {
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
    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_not() {
        let heard = read(b"HTTP/1.1 422 Unprocessable\r\ncontent-length: 8\r\n\r\n{\"a\": 1}").unwrap();
        assert_eq!((heard.status, heard.body["a"].as_u64()), (422, Some(1)));
        for text in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\nhello"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}

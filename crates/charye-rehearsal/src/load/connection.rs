//! Room: rehearsal/load. One keep-alive connection: a request out, an answer in, as little work as that takes.
//!
//! Reads answers with `content-length`, which is all that our server sends; anything else is an error, never a guess.

use std::cmp::Ordering;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

use super::wire::Trust;
use super::{LoadFailure, RequestText, Target};

/// Bytes of an answer, head and body.
pub(super) const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Headers of an answer.
const HEADERS_MAX: usize = 48;
/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// One answer, borrowed from the connection's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub status: u16,
    /// Status line and headers, as they came.
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// The first header of this name, which is given in lower case with its colon: `retry-after:`.
    pub fn header(&self, name_and_colon: &str) -> Option<&'a str> {
        let named = |line: &&'a [u8]| {
            let name = line.get(..name_and_colon.len());
            name.is_some_and(|name| name.eq_ignore_ascii_case(name_and_colon.as_bytes()))
        };
        let line = self.head.split(|byte| *byte == b'\n').find(named)?;
        std::str::from_utf8(&line[name_and_colon.len()..]).ok().map(str::trim)
    }
}

/// An open connection. Asks one thing at a time.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    read: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// Connects; `from` chooses the loopback address it comes from.
    ///
    /// # Errors
    /// `Connect`.
    pub async fn open(target: Target, from: Option<SocketAddr>) -> Result<Self, LoadFailure> {
        let stream = Stream::Plain(connect(target, from).await.map_err(LoadFailure::Connect)?);
        Ok(Self { stream, read: Vec::new() })
    }

    /// The same in TLS, with whoever has the trusted certificate.
    ///
    /// # Errors
    /// `Connect`, if it is somebody else, too.
    pub async fn open_in_tls(target: Target, from: Option<SocketAddr>, trust: &Trust) -> Result<Self, LoadFailure> {
        let stream = async { trust.connect(connect(target, from).await?).await };
        let stream = Stream::Tls(Box::new(stream.await.map_err(LoadFailure::Connect)?));
        Ok(Self { stream, read: Vec::new() })
    }

    /// Sends a request and reads its answer whole.
    ///
    /// # Errors
    /// `Exchange` if the connection ends first, `Unreadable` if the answer is not what this client reads.
    pub async fn ask(&mut self, request: &RequestText) -> Result<Answer<'_>, LoadFailure> {
        match &mut self.stream {
            Stream::Plain(stream) => exchange(stream, request, &mut self.read).await?,
            Stream::Tls(stream) => exchange(stream, request, &mut self.read).await?,
        }
        read_answer(&self.read)?.ok_or(LoadFailure::Unreadable { reason: "no answer" })
    }
}

async fn connect(target: Target, from: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = from {
        socket.bind(from)?;
    }
    let stream = socket.connect(target.address()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a request and reads until its answer is there whole.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &RequestText,
    answer: &mut Vec<u8>,
) -> Result<(), LoadFailure> {
    stream.write_all(request.bytes()).await.map_err(LoadFailure::Exchange)?;
    stream.flush().await.map_err(LoadFailure::Exchange)?;
    answer.clear();
    while read_answer(answer)?.is_none() {
        answer.reserve(READ_BYTES);
        let read = stream.read_buf(answer).await.map_err(LoadFailure::Exchange)?;
        if read == 0 {
            return Err(LoadFailure::Exchange(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(())
}

/// The answer that `text` is, once it is there whole.
fn read_answer(text: &[u8]) -> Result<Option<Answer<'_>>, LoadFailure> {
    Ok(extent_of(text)?.map(|extent| extent.answer_in(text)))
}

/// Where the answer that `text` is lies in it, once it is there whole.
pub(super) fn extent_of(text: &[u8]) -> Result<Option<Head>, LoadFailure> {
    let Some(head) = read_head(text)? else { return Ok(None) };
    match (text.len() - head.bytes).cmp(&head.body_bytes) {
        Ordering::Less => Ok(None),
        Ordering::Equal => Ok(Some(head)),
        Ordering::Greater => Err(LoadFailure::Unreadable { reason: "more than was asked for" }),
    }
}

/// What the head of an answer says of it.
#[derive(Clone, Copy)]
pub(super) struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// The answer in the memory in which it was found.
    pub(super) fn answer_in(self, text: &[u8]) -> Answer<'_> {
        let (head, rest) = text.split_at(self.bytes.min(text.len()));
        Answer { status: self.status, head, body: rest.get(..self.body_bytes).unwrap_or_default() }
    }
}

/// The head of an answer, once it is there whole.
fn read_head(text: &[u8]) -> Result<Option<Head>, LoadFailure> {
    let unreadable = |reason| Err(LoadFailure::Unreadable { reason });
    let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let as_usual = httparse::ParserConfig::default();
    let bytes = match as_usual.parse_response_with_uninit_headers(&mut response, text, &mut headers) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if text.len() > ANSWER_BYTES_MAX => return unreadable("a head without an end"),
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return unreadable("no head of HTTP"),
    };
    let status = response.code.unwrap_or_default();
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body_bytes = match length {
        Some(header) => std::str::from_utf8(header.value).ok().and_then(|digits| digits.parse().ok()),
        None if matches!(status, 204 | 304) => Some(0),
        None => return unreadable("no content-length"),
    };
    match body_bytes {
        Some(body_bytes) if body_bytes <= ANSWER_BYTES_MAX => Ok(Some(Head { status, bytes, body_bytes })),
        _ => unreadable("a content-length out of bounds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";
        assert!(read_head(&text[..30]).unwrap().is_none());
        let head = read_head(text).unwrap().unwrap();
        assert_eq!((head.status, head.bytes, head.body_bytes), (201, 43, 5));
    }

    #[test]
    fn a_header_is_found_whatever_its_case() {
        let head = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRETRY-after:  7\r\n\r\n";
        let answer = Answer { status: 503, head, body: b"" };
        assert_eq!(answer.header("retry-after:"), Some("7"));
        assert_eq!(answer.header("retry:"), None);
    }

    #[test]
    fn what_this_client_does_not_read_is_an_error() {
        let check = |text: &[u8]| assert!(matches!(read_head(text), Err(LoadFailure::Unreadable { .. })));
        check(b"SSH-2.0-x\r\n\r\n");
        check(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        check(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n");
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n");
        assert!(read_head(b"HTTP/1.1 304 Not Modified\r\n\r\n").unwrap().is_some());
    }
}

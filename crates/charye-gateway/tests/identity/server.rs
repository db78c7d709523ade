//! Room: gateway/tests. A server on loopback that says, byte for byte, what a test has it say: late, in drips, for ever, or
//! not in HTTP at all. Ends with the test.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) manner: Manner,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Whole,
    /// Nothing, until the asker leaves.
    Hangs,
    /// A byte now and then, until the asker leaves.
    Drips,
    /// Half of it, and the connection is closed.
    Cut,
    /// Header lines without end.
    EndlessHead,
    /// Not HTTP.
    Noise,
}

impl Reply {
    /// JSON with status 200.
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::text(200, "application/json", &value.to_string())
    }

    /// A text of a type.
    pub(crate) fn text(status: u16, content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec(), manner: Manner::Whole }
    }

    /// The same, said so.
    pub(crate) fn said(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }
}

/// What was asked: path with query, and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: String,
}

/// A server that is told what to say at each path.
pub(crate) struct Server {
    pub(crate) port: u16,
    says: Arc<Mutex<HashMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Dropped with the server: what hangs or drips ends.
    _until: Sender<()>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (says, asked) = (Arc::new(Mutex::new(HashMap::new())), Arc::new(Mutex::new(Vec::new())));
        let (until, ended) = channel::<()>();
        let ended = Arc::new(Mutex::new(ended));
        let (all_say, all_asked) = (Arc::clone(&says), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (says, asked, ended) = (Arc::clone(&all_say), Arc::clone(&all_asked), Arc::clone(&ended));
                std::thread::spawn(move || serve(stream, &says, &asked, &ended));
            }
        });
        Self { port, says, asked, _until: until }
    }

    /// From now on, this at that path.
    pub(crate) fn say(&self, path: &str, reply: Reply) {
        self.says.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path.split('?').next() == Some(path)).count()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

type Shared<T> = Arc<Mutex<T>>;

fn serve(
    mut stream: TcpStream,
    says: &Shared<HashMap<String, Reply>>,
    asked: &Shared<Vec<Asked>>,
    ended: &Shared<Receiver<()>>,
) {
    let Some(question) = read_question(&mut stream) else { return };
    let path = question.path.split('?').next().unwrap_or_default().to_owned();
    asked.lock().unwrap().push(question);
    let reply = says.lock().unwrap().get(&path).cloned();
    let reply = reply.unwrap_or_else(|| Reply::text(404, "text/plain", "nothing here"));
    // An asker who leaves early is part of many tests.
    drop(write_reply(&mut stream, &reply, ended));
    drop(stream.shutdown(Shutdown::Both));
}

fn read_question(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let length = head.to_ascii_lowercase();
    let length = length.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
    while bytes.len() < head_end + length.unwrap_or(0) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Asked { path, body: String::from_utf8_lossy(&bytes[head_end..]).into_owned() })
}

fn write_reply(stream: &mut TcpStream, reply: &Reply, ended: &Shared<Receiver<()>>) -> std::io::Result<()> {
    // Waits a moment; `true` once the test is over.
    let is_over = || {
        ended.lock().unwrap().recv_timeout(Duration::from_millis(20))
            == Err(std::sync::mpsc::RecvTimeoutError::Disconnected)
    };
    let mut head =
        format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match reply.manner {
        Manner::Whole => {
            stream.write_all(head.as_bytes())?;
            stream.write_all(b"\r\n")?;
            stream.write_all(&reply.body)
        }
        Manner::Cut => {
            stream.write_all(head.as_bytes())?;
            stream.write_all(b"\r\n")?;
            stream.write_all(&reply.body[..reply.body.len() / 2])
        }
        Manner::Hangs => {
            while !is_over() {}
            Ok(())
        }
        Manner::Drips => {
            stream.write_all(head.as_bytes())?;
            stream.write_all(b"\r\n")?;
            for byte in &reply.body {
                if is_over() {
                    break;
                }
                stream.write_all(&[*byte])?;
            }
            Ok(())
        }
        Manner::EndlessHead => {
            stream.write_all(head.as_bytes())?;
            while !is_over() {
                stream.write_all(format!("x-more: {}\r\n", "x".repeat(4_000)).as_bytes())?;
            }
            Ok(())
        }
        Manner::Noise => stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\x00\xff\xfe\r\n\r\n"),
    }
}

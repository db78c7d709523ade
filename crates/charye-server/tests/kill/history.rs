//! What clients heard, written down as they heard it, in the format of docs/reference/history-format.md.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use charye_domain::book::Operation;
use serde_json::{Map, Value, json};

/// One file for all clients. Lines go out whole and at once: the reader may come at any time.
pub(crate) struct History {
    file: Mutex<File>,
}

/// One answer.
pub(crate) struct Line<'a> {
    pub(crate) client: &'a str,
    pub(crate) op: &'a str,
    pub(crate) operation: Option<Operation>,
    pub(crate) answer: &'a str,
    pub(crate) seq: Option<u64>,
    pub(crate) number: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) recorded: Option<bool>,
}

impl<'a> Line<'a> {
    /// What the client does not know; the rest is filled in.
    pub(crate) fn unknown(client: &'a str, op: &'a str, operation: Option<Operation>) -> Self {
        Self { client, op, operation, answer: "unknown", seq: None, number: None, code: None, recorded: None }
    }
}

impl History {
    pub(crate) fn create(path: &Path) -> Self {
        Self { file: Mutex::new(File::create(path).unwrap()) }
    }

    pub(crate) fn write(&self, line: &Line<'_>) {
        #[expect(clippy::disallowed_methods, reason = "the client's own clock, for people who read the file")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        };
        put("t_ms", Some(json!(u64::try_from(now.as_millis()).unwrap())));
        put("client", Some(json!(line.client)));
        put("op", Some(json!(line.op)));
        put("key", line.operation.map(|operation| json!(format!("{:032x}", operation.key.0))));
        put("request_hash", line.operation.map(|operation| json!(format!("{:016x}", operation.request_hash))));
        put("answer", Some(json!(line.answer)));
        put("seq", line.seq.map(|seq| json!(seq)));
        put("number", line.number.map(|number| json!(number)));
        put("code", line.code.map(|code| json!(code)));
        put("recorded", line.recorded.map(|recorded| json!(recorded)));
        let text = format!("{}\n", Value::Object(object));
        self.file.lock().unwrap().write_all(text.as_bytes()).unwrap();
    }
}

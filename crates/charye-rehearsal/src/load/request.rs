//! Room: rehearsal/load. A request as text, written into memory that is used again for the next one.

use std::io::Write as _;

/// Writes one HTTP/1.1 request. Paths and values come from the load itself and are sent as they are.
#[derive(Debug, Default)]
pub struct RequestText {
    text: Vec<u8>,
}

impl RequestText {
    /// Begins `GET path`.
    pub fn get(&mut self, path: &str) -> &mut Self {
        self.begin("GET", path)
    }

    /// Begins `POST path`.
    pub fn post(&mut self, path: &str) -> &mut Self {
        self.begin("POST", path)
    }

    fn begin(&mut self, method: &str, path: &str) -> &mut Self {
        self.text.clear();
        self.text.extend([method, " ", path, " HTTP/1.1\r\nhost: charye.test\r\n"].concat().as_bytes());
        self
    }

    /// Adds a header.
    pub fn header(&mut self, name: &str, value: &str) -> &mut Self {
        for part in [name, ": ", value, "\r\n"] {
            self.text.extend(part.as_bytes());
        }
        self
    }

    /// Ends the request without a body.
    pub fn end(&mut self) {
        if self.text.starts_with(b"POST") {
            self.header("content-length", "0");
        }
        self.text.extend(b"\r\n");
    }

    /// Ends the request with a JSON body.
    pub fn json(&mut self, body: &str) {
        self.header("content-type", "application/json");
        // Writing to memory cannot fail.
        let _ = write!(self.text, "content-length: {}\r\n\r\n{body}", body.len());
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_text_and_its_memory_is_used_again() {
        let mut request = RequestText::default();
        request.post("/a").header("x", "1").json("{}");
        assert_eq!(
            request.bytes(),
            b"POST /a HTTP/1.1\r\nhost: charye.test\r\nx: 1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        );
        request.get("/b").end();
        assert_eq!(request.bytes(), b"GET /b HTTP/1.1\r\nhost: charye.test\r\n\r\n");
        request.post("/c").end();
        assert!(request.bytes().ends_with(b"content-length: 0\r\n\r\n"));
    }
}

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

    /// Begins `GET` of a path made of these parts.
    pub fn get_at(&mut self, parts: &[&str]) -> &mut Self {
        self.begin_at("GET", parts)
    }

    /// Begins `POST` to a path made of these parts.
    pub fn post_at(&mut self, parts: &[&str]) -> &mut Self {
        self.begin_at("POST", parts)
    }

    fn begin(&mut self, method: &str, path: &str) -> &mut Self {
        self.begin_at(method, &[path])
    }

    fn begin_at(&mut self, method: &str, parts: &[&str]) -> &mut Self {
        self.text.clear();
        for text in [&[method, " "], parts, &[" HTTP/1.1\r\nhost: charye.test\r\n"]].into_iter().flatten() {
            self.text.extend(text.as_bytes());
        }
        self
    }

    /// Adds a header.
    pub fn header(&mut self, name: &str, value: &str) -> &mut Self {
        self.header_of(name, &[value])
    }

    /// Adds a header whose value is made of these parts.
    pub fn header_of(&mut self, name: &str, parts: &[&str]) -> &mut Self {
        for text in [&[name, ": "], parts, &["\r\n"]].into_iter().flatten() {
            self.text.extend(text.as_bytes());
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

    /// Ends the request with a form, encoded already.
    pub fn form(&mut self, body: &str) {
        self.header("content-type", "application/x-www-form-urlencoded");
        // Writing to memory cannot fail.
        let _ = write!(self.text, "content-length: {}\r\n\r\n{body}", body.len());
    }

    /// The request as text, for tests.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("a request is written from text")
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

//! Room: gateway/tests. As much of a browser as a sign-in page needs: cookies, redirects, and forms that ask one thing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Cookies of one citizen, whatever their path.
#[derive(Default)]
pub(crate) struct Browser(RefCell<BTreeMap<String, String>>);

struct Page {
    location: Option<String>,
    text: String,
}

impl Browser {
    /// Goes through the provider's pages: says who one is, agrees, and is sent back. The parameters that came back.
    pub(crate) fn sign_in(&self, url: &str, login: &str, return_url: &str) -> Vec<(String, String)> {
        let mut at = url.to_owned();
        let mut page = self.ask("GET", &at, "");
        for _ in 0..20 {
            if let Some(location) = &page.location {
                let next = absolute(&at, location);
                if let Some(query) = next.strip_prefix(return_url).and_then(|rest| rest.strip_prefix('?')) {
                    return query.split('&').map(decoded).collect();
                }
                at = next;
                page = self.ask("GET", &at, "");
            } else {
                let prompt = if page.text.contains("value=\"login\"") { "login" } else { "consent" };
                assert!(page.text.contains("name=\"prompt\""), "no form on the page: {}", page.text);
                page = self.ask("POST", &at, &format!("prompt={prompt}&login={login}&password=x"));
            }
        }
        panic!("the provider's pages never end");
    }

    pub(crate) fn post(&self, url: &str, form: &str) {
        self.ask("POST", url, form);
    }

    fn ask(&self, method: &str, url: &str, form: &str) -> Page {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut stream = TcpStream::connect(host).unwrap();
        let cookies: Vec<String> = self.0.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            cookies.join("; "),
            form.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut location = None;
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => {
                    let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                    self.0.borrow_mut().insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        Page { location, text: text.to_owned() }
    }
}

fn absolute(at: &str, location: &str) -> String {
    if location.starts_with('/') {
        let host_end = at["http://".len()..].find('/').map_or(at.len(), |place| place + "http://".len());
        format!("{}{location}", &at[..host_end])
    } else {
        location.to_owned()
    }
}

fn decoded(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap();
    let value = percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned();
    (name.to_owned(), value)
}

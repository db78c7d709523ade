//! Room: rehearsal, bench `journeys`. A page as a browser without script has it: its links and forms, the cookies that came
//! with it. Reads what our own pages hold; knows nothing else of HTML.

use charye_rehearsal::load::{Answer, RequestText};

/// The cookies of one browser.
#[derive(Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

impl Cookies {
    /// Takes what an answer sets, and lets go of what it removes.
    pub(crate) fn take(&mut self, answer: &Answer<'_>) {
        let head = String::from_utf8_lossy(answer.head);
        for line in head.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let mut parts = value.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            self.0.retain(|(known, _)| known != name);
            if !parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// Shows them all.
    pub(crate) fn show<'r>(&self, request: &'r mut RequestText) -> &'r mut RequestText {
        if self.0.is_empty() {
            return request;
        }
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("cookie", &pairs.join("; "))
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A form that posts, filled in as it came.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// The first one on a page whose address begins with `action`. Of choices none is made.
    pub(crate) fn on(page: &str, action: &str) -> Option<Self> {
        page.split("<form ").skip(1).find_map(|rest| {
            let form = rest.split("</form>").next()?;
            let tag = form.split('>').next()?;
            let to = attribute(tag, "action").filter(|to| to.starts_with(action))?;
            if attribute(tag, "method")? != "post" {
                return None;
            }
            let inputs = form.split("<input ").skip(1).filter_map(|rest| rest.split('>').next());
            let hidden = inputs.filter(|tag| tag.contains("type=\"hidden\""));
            let field = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
            Some(Self { action: to, fields: hidden.filter_map(field).collect() })
        })
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Makes a choice.
    pub(crate) fn choose(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As it is sent.
    pub(crate) fn body(&self) -> String {
        let pairs = self.fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// The first link on a page whose address begins with `address`, as it would be followed.
pub(crate) fn link(page: &str, address: &str) -> Option<String> {
    let tags = page.split("<a ").skip(1).filter_map(|rest| rest.split('>').next());
    let found = tags.filter_map(|tag| attribute(tag, "href")).find(|href| href.starts_with(address))?;
    Some(found.split('#').next().unwrap_or_default().to_owned())
}

/// An attribute of a tag.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    while let Some(at) = rest.find(name) {
        let (before, from) = rest.split_at(at);
        let after = &from[name.len()..];
        let is_whole = before.is_empty() || before.ends_with(char::is_whitespace);
        if is_whole && let Some(value) = after.strip_prefix("=\"") {
            return value.split('"').next().map(unescaped);
        }
        rest = after;
    }
    None
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let entities = [("&#38;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

//! Room: web. A request as a handler sees it, gate passed and body read, and the answer as a handler gives it. Handlers
//! are plain async functions from one to the other; they never see a connection.

use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;
use charye_engine::ports::Parameters;
use http_body_util::Full;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE, VARY,
};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;

use crate::App;
use crate::gate::{Caller, LoginSession, Pass};
use crate::gzip::Packer;
use crate::kept_answers::Standing;
use crate::listener::Body;
use crate::locale::Language;
use crate::problem::{FieldError, OperationAnswered, Problem};

/// One request that the gate let through.
#[derive(Clone, Debug)]
pub struct Asked {
    pub app: Arc<App>,
    pub caller: Caller,
    pub language: Language,
    /// The sequencer's time, at most 250 ms old.
    pub now: UnixMillis,
    /// Path and query as sent; for links that change only the language.
    pub target: String,
    pub headers: HeaderMap,
    /// Values of the path's placeholders, in order, percent-decoded.
    pub path: Vec<String>,
    pub query: Fields,
    /// A form's fields; empty unless the body was one.
    pub form: Fields,
    /// The body as sent, within the limit.
    pub body: Bytes,
    /// The same was asked for lately on this thread: an answer that anyone may get again is worth keeping.
    pub(crate) is_asked_again: bool,
}

impl Asked {
    /// The login session.
    ///
    /// # Errors
    /// `sign_in_first`, which the gate has already answered on routes that demand it.
    pub fn login(&self) -> Result<&LoginSession, Problem> {
        self.caller.login.as_ref().ok_or_else(|| Problem::new("sign_in_first"))
    }

    /// The login session of somebody who acts for themselves.
    ///
    /// # Errors
    /// `sign_in_first`; `acting_for_another`: what is somebody's own is done by themselves.
    pub fn own_login(&self) -> Result<&LoginSession, Problem> {
        let login = self.login()?;
        let own = login.behalf.is_none();
        if own { Ok(login) } else { Err(Problem { recorded: Some(false), ..Problem::new("acting_for_another") }) }
    }

    /// The pass.
    ///
    /// # Errors
    /// `wait_first`, which the gate has already answered on routes that demand it.
    pub fn pass(&self) -> Result<&Pass, Problem> {
        self.caller.pass.as_ref().ok_or_else(|| Problem::new("wait_first"))
    }

    /// The placeholder at `index` of the path.
    ///
    /// # Errors
    /// `not_found` if the path has fewer.
    pub fn path_value(&self, index: usize) -> Result<&str, Problem> {
        self.path.get(index).map(String::as_str).ok_or_else(|| Problem::new("not_found"))
    }

    /// The path's value at `index` as a number in its one spelling: no zeros before it, no sign. `None` if it is none.
    pub fn path_number<T: FromStr + ToString>(&self, index: usize) -> Option<T> {
        let text = self.path.get(index)?;
        text.parse().ok().filter(|number: &T| number.to_string() == *text)
    }

    /// The JSON body as a typed value; unknown members are refused by the type.
    ///
    /// # Errors
    /// `media_type_unsupported`, `request_malformed`.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type.split(';').next().unwrap_or_default().trim() != "application/json" {
            return Err(Problem::new("media_type_unsupported"));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde names the member and the place; neither is a cause of ours, and the client needs both.
            let mut problem = Problem { recorded: Some(false), ..Problem::new("request_malformed") };
            problem.more.insert("reason".into(), error.to_string().into());
            problem
        })
    }

    /// A failure of a use case, told.
    pub fn failed(&self, failure: charye_engine::failure::Failure) -> Problem {
        Problem::from_failure(failure, self.app.engine.random())
    }
}

/// Fields of a form or a query, in order. Small and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Fields in one form or query.
    const FIELDS_MAX: usize = 64;

    /// Reads `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// `request_malformed` with more than 64 fields or text that is not UTF-8.
    pub fn parse(text: &[u8]) -> Result<Self, Problem> {
        let fields = Self::parse_mangled(text)?;
        let lost = |text: &String| text.contains(char::REPLACEMENT_CHARACTER);
        if fields.0.iter().any(|(name, value)| lost(name) || lost(value)) {
            return Err(Problem::new("request_malformed"));
        }
        Ok(fields)
    }

    /// Reads the query of a page's address, which may have been through many hands: what is not UTF-8 is replaced, and the
    /// page says beside its field that it does not understand it.
    ///
    /// # Errors
    /// `request_malformed` with more than 64 fields.
    pub fn parse_mangled(text: &[u8]) -> Result<Self, Problem> {
        let fields: Vec<(String, String)> =
            serde_urlencoded::from_bytes(text).map_err(|_| Problem::new("request_malformed"))?;
        if fields.len() > Self::FIELDS_MAX { Err(Problem::new("request_malformed")) } else { Ok(Self(fields)) }
    }

    /// Fields of a form that came earlier, of which this is what was kept.
    pub(crate) fn kept(filled_in: &Parameters) -> Self {
        Self(filled_in.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The value of a field that was sent exactly once, trimmed; twice counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value.trim()),
            (Some((_, value)), Some(_)) if Defence::Fields.is_off() => Some(value.trim()),
            _ => None,
        }
    }

    /// The same, with an empty value counted as absent.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A field that must be there and parse.
    ///
    /// # Errors
    /// `request_invalid` naming the field: `missing` or `malformed`.
    pub fn required<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        let value = self.filled(name).ok_or_else(|| Problem::invalid_field(name, "missing"))?;
        parse(value).ok_or_else(|| Problem::invalid_field(name, "malformed"))
    }

    /// A field that must parse if it is there.
    ///
    /// # Errors
    /// `request_invalid` naming the field: `malformed`.
    pub fn optional<T>(&self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        match self.filled(name) {
            None => Ok(None),
            Some(value) => parse(value).map(Some).ok_or_else(|| Problem::invalid_field(name, "malformed")),
        }
    }

    /// Fields other than these, which a strict reader refuses.
    pub fn unknown(&self, known: &[&str]) -> Vec<FieldError> {
        let unknown = self.0.iter().filter(|(name, _)| !known.contains(&name.as_str()));
        unknown.map(|(name, _)| FieldError { field: name.clone().into(), code: "unknown" }).collect()
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// How the type of a page begins.
const HTML: &[u8] = b"text/html";

/// A handler's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// What it rests on, if it may be given again to whoever asks the same.
    standing: Option<Standing>,
}

impl Answer {
    /// A page.
    pub fn html(language: Language, html: String) -> Self {
        Self::of(StatusCode::OK, "text/html; charset=utf-8", html.into())
            .with(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()))
    }

    /// A JSON value. Serialising our own types cannot fail; if it did, the answer would be `null`.
    pub fn json(value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        Self::of(StatusCode::OK, "application/json", body.into())
    }

    /// JSON that is text already.
    pub(crate) fn json_text(text: Vec<u8>) -> Self {
        Self::of(StatusCode::OK, "application/json", text.into())
    }

    /// An RFC 9457 problem.
    pub fn problem(problem: &Problem, language: Language) -> Self {
        let body = problem.json(language).to_string();
        Self::of(problem_status(problem), "application/problem+json", body.into()).with_problem_headers(problem)
    }

    /// See other: after a form, so that a reload asks nothing twice. `path` is ours, never from the request.
    pub fn see_other(path: &str) -> Self {
        let location = HeaderValue::from_str(path).unwrap_or_else(|_| HeaderValue::from_static("/"));
        Self { status: StatusCode::SEE_OTHER, headers: vec![(LOCATION, location)], body: Bytes::new(), standing: None }
    }

    /// Anything else.
    pub fn of(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        // Room for the few that most answers add.
        let mut headers = Vec::with_capacity(4);
        headers.push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
        Self { status, headers, body, standing: None }
    }

    /// What it says.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// To be given again while `standing` holds. Only for answers that need no proof.
    pub(crate) fn standing(self, standing: Standing) -> Self {
        Self { standing: Some(standing), ..self }
    }

    /// The same page in fewer bytes, if it is one that a packer makes smaller.
    pub(crate) fn packed(mut self, packer: &mut Packer) -> Self {
        let is_page =
            self.headers.iter().any(|(name, value)| name == CONTENT_TYPE && value.as_bytes().starts_with(HTML));
        match is_page.then(|| packer.pack(&self.body)).flatten() {
            Some(packed) => {
                self.body = packed;
                self.with(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
                    .with(VARY, HeaderValue::from_static("accept-encoding"))
            }
            None => self,
        }
    }

    /// What it rests on and says, if it may be given again.
    pub(crate) fn take_standing(&mut self) -> Option<(Standing, Bytes)> {
        Some((self.standing.take()?, self.body.clone()))
    }

    /// 304, without the body that the client has already.
    pub(crate) fn not_modified(mut self) -> Self {
        self.status = StatusCode::NOT_MODIFIED;
        self.body = Bytes::new();
        self.headers.retain(|(name, _)| name != CONTENT_TYPE);
        self
    }

    /// With another status.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With a header more.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the headers that name an operation: under which key the journal has it, and whether this answer is one that
    /// had been given before.
    pub fn about(self, operation: &OperationAnswered) -> Self {
        let key = HeaderValue::from_str(&format!("{:032x}", operation.key.0));
        let told = match key {
            Ok(key) => self.with(HeaderName::from_static("charye-operation"), key),
            Err(_) => self,
        };
        if operation.replayed {
            told.with(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"))
        } else {
            told
        }
    }

    /// With a cookie set.
    pub fn with_cookie(self, cookie: HeaderValue) -> Self {
        self.with(SET_COOKIE, cookie)
    }

    /// With a cookie set before those that are set already, so that theirs count.
    pub(crate) fn with_cookie_first(mut self, cookie: HeaderValue) -> Self {
        self.headers.insert(0, (SET_COOKIE, cookie));
        self
    }

    /// With the status and the `Retry-After` of a problem, for pages that tell one.
    pub fn with_problem_headers(mut self, problem: &Problem) -> Self {
        self.status = problem_status(problem);
        if let Some(retry_after) = problem.retry_after {
            let secs = crate::problem::retry_after_secs(retry_after);
            self = self.with(hyper::header::RETRY_AFTER, HeaderValue::from(secs));
        }
        match problem.operation.as_deref() {
            Some(operation) => self.about(operation),
            None => self,
        }
    }

    /// The response as it goes out, with room for `more` headers, those of every route: growing costs more than an unused
    /// place, and places for twelve where six do are memory that the allocator does not have at hand.
    pub fn into_response(self, more: usize) -> Response<Body> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = HeaderMap::with_capacity(self.headers.len() + more);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

fn problem_status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_sent_twice_counts_as_absent() {
        let fields = Fields::parse(b"a=1&b=2&a=3&c=").unwrap();
        assert_eq!(
            (fields.get("a"), fields.get("b"), fields.get("c"), fields.get("d")),
            (None, Some("2"), Some(""), None)
        );
        assert_eq!(fields.filled("c"), None);
    }

    #[test]
    fn too_many_fields_are_refused() {
        let text = "a=1&".repeat(65);
        assert_eq!(Fields::parse(text.as_bytes()).unwrap_err().kind.code, "request_malformed");
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused() {
        for text in ["a=%FF", "%FF=a", "a=%E0%A4%A", "a=%ED%A0%80"] {
            assert_eq!(Fields::parse(text.as_bytes()).unwrap_err().kind.code, "request_malformed", "{text}");
        }
    }

    #[test]
    fn korean_arrives_whole() {
        let fields = Fields::parse("name=%EC%A2%85%EB%A1%9C%EA%B5%AC+".as_bytes()).unwrap();
        assert_eq!(fields.get("name"), Some("종로구"));
    }
}

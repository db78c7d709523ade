//! Room: web. One request's way: found in the table, through the gate and the limits to its handler, and its answer made safe
//! to send. Called by the listener, one `Dispatch` a thread.
//!
//! Must never know what a handler does, nor let a body, a wait or a panic of one go without an end.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use charye_domain::ids::Person;
use charye_domain::weakness::Defence;
use charye_engine::helping::may_act;
use charye_engine::ports::Random;
use charye_engine::{Failure, Fault};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, STRICT_TRANSPORT_SECURITY};
use hyper::{HeaderMap, Method, Request, Response};

use super::{FOREIGN_POSTS, Found, HandlerFuture, Quick, Route, RouteTable};
use crate::App;
use crate::asked::{Answer, Asked, Fields};
use crate::gate::{
    Access, Caller, CookieName, CookieSecurity, CsrfToken, Gate, Refusal, Surface, cookie_value, remove_cookie,
};
use crate::gzip::{self, Packer};
use crate::kept_answers::KeptAnswers;
use crate::listener::{Body, Respond};
use crate::locale::Language;
use crate::problem::Problem;

/// Bytes of a body, unless a route says otherwise. Our largest form is a tenth of this.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a body that are read before it is refused as too large.
const BODY_BYTES_DISCARDED_MAX: usize = 256 * 1024;
/// Bytes of path and query.
const TARGET_BYTES_MAX: usize = 2_048;

/// Answers requests by the table. One a thread.
pub struct Dispatch {
    app: Arc<App>,
    table: Arc<RouteTable>,
    kept: RefCell<KeptAnswers>,
    packer: RefCell<Packer>,
}

impl Dispatch {
    /// Answers for this application by this table.
    pub fn new(app: Arc<App>, table: Arc<RouteTable>) -> Self {
        Self { app, table, kept: RefCell::default(), packer: RefCell::new(Packer::quick()) }
    }
}

impl std::fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatch").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Respond for Dispatch {
    async fn respond(&self, request: Request<Incoming>, _peer: SocketAddr) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path();
        let surface = if path.starts_with("/api/") { Surface::Api } else { Surface::Page };
        if surface == Surface::Api
            && head.method == Method::GET
            && let Some(target) = head.uri.path_and_query()
            && let Some(response) = self.kept.borrow().find(target.as_str(), &head.headers, &self.app)
        {
            return response;
        }
        let safe = |answer| safe(answer, surface, self.app.gate.security());
        let language = self.language(surface, &head.headers);
        let target = head.uri.path_and_query().map_or_else(|| path.to_owned(), |target| target.as_str().to_owned());
        if target.len() > TARGET_BYTES_MAX {
            return safe(self.tell(surface, &head, language, &Problem::new("request_malformed")));
        }
        let (row, values) = match self.table.find(&head.method, path) {
            Found::Row { row, values: Some(values) } => (row, values),
            Found::Row { values: None, .. } => {
                return safe(self.tell(surface, &head, language, &Problem::new("request_malformed")));
            }
            Found::NoPath => return safe(self.tell(surface, &head, language, &Problem::new("not_found"))),
            Found::NoMethod(rows) => {
                let allow = rows.iter().map(|row| row.route.method.as_str()).collect::<Vec<_>>().join(", ");
                let answer = self.tell(surface, &head, language, &Problem::new("method_not_allowed"));
                let allow = HeaderValue::from_str(&allow).unwrap_or_else(|_| HeaderValue::from_static("GET"));
                return safe(answer.with(ALLOW, allow));
            }
        };
        if let Some(quick) = row.route.quick {
            self.app.engine.burn_request();
            let query = head.uri.query().unwrap_or_default();
            let asked = Quick { app: &self.app, headers: &head.headers, path: &values, query };
            let answer = std::panic::catch_unwind(AssertUnwindSafe(|| quick(&asked))).unwrap_or_else(|_| {
                let fault = Fault::unknown("answer a quick request");
                Err(Problem::from_failure(Failure::Fault(fault), self.random()))
            });
            let response = safe(answer.unwrap_or_else(|problem| self.tell(surface, &head, language, &problem)));
            row.count(response.status());
            return response;
        }
        let mut answer = match self.answer(&row.route, &mut head, target, language, values, body).await {
            Ok(answer) => answer,
            Err(Told::Answer(answer)) => answer,
            Err(Told::Problem(problem)) => self.tell(surface, &head, language, &problem),
        };
        let standing = answer.take_standing();
        if surface == Surface::Page && gzip::is_taken(&head.headers) && gzip::may_tell_its_length(&head.headers) {
            answer = answer.packed(&mut self.packer.borrow_mut());
        }
        let response = safe(answer);
        row.count(response.status());
        // Whoever asks for a kept answer is let through unseen, so only what is open to anyone is kept.
        if let Some((standing, body)) = standing.filter(|_| row.route.access == Access::Anyone) {
            let [_, whole, not_modified, ..] = &row.answered;
            let answered = [whole.clone(), not_modified.clone()];
            self.kept.borrow_mut().keep(standing, response.headers(), body, answered);
        }
        response
    }
}

/// Why a request did not reach, or did not please, its handler.
enum Told {
    Problem(Problem),
    /// An answer of the gate's own, such as the way to sign in.
    Answer(Answer),
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Dispatch {
    async fn answer(
        &self,
        route: &Route,
        head: &mut hyper::http::request::Parts,
        target: String,
        language: Language,
        values: Vec<String>,
        body: Incoming,
    ) -> Result<Answer, Told> {
        let now = self.app.engine.now();
        self.app.engine.burn_request();
        let changes = route.method != Method::GET;
        let own_form = changes && route.surface == Surface::Page && !FOREIGN_POSTS.contains(&route.path);
        // `weak-origin` stands here.
        if own_form && from_other_site(&head.headers) && !Defence::Origin.is_off() {
            return Err(Problem::new("other_site").into());
        }
        let caller = self.app.gate.recognise(route.surface, &head.headers, now);
        if let Err(refusal) = Gate::admit(&caller, route.access) {
            return Err(turned_away(route, &target, refusal));
        }
        if let Some(helper) = helper_of(&caller, route.access) {
            self.check_consent(route.surface, head, language, helper).await?;
        }
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let query = match route.surface {
            Surface::Page => Fields::parse_mangled(query)?,
            Surface::Api => Fields::parse(query)?,
        };
        let deadlines = self.app.deadlines;
        let body = if changes { read_body(&head.headers, body, deadlines.body).await? } else { Bytes::new() };
        let form =
            if changes && route.surface == Surface::Page { form_of(&head.headers, &body)? } else { Fields::default() };
        if own_form {
            check_csrf(&caller, &form)?;
        }
        // A page that tells a problem reads its headers again; the API does not.
        let headers = match route.surface {
            Surface::Page => head.headers.clone(),
            Surface::Api => std::mem::take(&mut head.headers),
        };
        let may_be_kept =
            route.surface == Surface::Api && route.method == Method::GET && route.access == Access::Anyone;
        let asked = Asked {
            app: self.app.clone(),
            caller,
            language,
            now,
            is_asked_again: may_be_kept && self.kept.borrow_mut().is_asked_again(&target),
            target,
            headers,
            path: values,
            query,
            form,
            body,
        };
        match within(deadlines.answer, survive((route.handler)(asked))).await {
            Ok(Some(answer)) => Ok(answer?),
            Ok(None) => {
                Err(Problem::from_failure(Failure::Fault(Fault::unknown("answer a request")), self.random()).into())
            }
            // A read that was not answered did nothing; a change may still be decided, and only its key can tell.
            Err(_) if changes => Err(Problem::new("outcome_unknown").into()),
            Err(_) => Err(Problem::busy(self.random()).into()),
        }
    }

    /// Law I18: whoever acts for another is asked for a consent that stands before anything is shown or done. A page goes back
    /// to one's own.
    async fn check_consent(
        &self,
        surface: Surface,
        head: &hyper::http::request::Parts,
        language: Language,
        (helper, helped): (Person, Person),
    ) -> Result<(), Told> {
        match may_act(&self.app.engine, helper, helped).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let problem = Problem { recorded: Some(false), ..Problem::new("help_not_standing") };
                let gone = remove_cookie(CookieName::ActingFor, self.app.gate.security());
                let told = self.tell(surface, head, language, &problem);
                Err(Told::Answer(if surface == Surface::Page { told.with_cookie(gone) } else { told }))
            }
            Err(failure) => Err(Problem::from_failure(failure, self.random()).into()),
        }
    }

    fn random(&self) -> &dyn Random {
        self.app.engine.random()
    }

    fn language(&self, surface: Surface, headers: &HeaderMap) -> Language {
        let chosen = match surface {
            Surface::Page => cookie_value(headers, CookieName::Language, self.app.gate.security()),
            Surface::Api => None,
        };
        Language::negotiate(chosen, headers)
    }

    fn tell(
        &self,
        surface: Surface,
        head: &hyper::http::request::Parts,
        language: Language,
        problem: &Problem,
    ) -> Answer {
        match surface {
            Surface::Api => Answer::problem(problem, language),
            Surface::Page => crate::citizen::problem_page(&self.app, head, language, problem),
        }
    }
}

/// Who helps whom, where a consent is needed for what is asked.
fn helper_of(caller: &Caller, access: Access) -> Option<(Person, Person)> {
    let login = caller.login.as_ref().filter(|_| access != Access::Anyone)?;
    Some((login.helper()?, login.person))
}

/// What `answering` gives within a deadline. Most answers are there at once, and then no timer is made.
async fn within<T>(deadline: Duration, answering: impl Future<Output = T>) -> Result<T, tokio::time::error::Elapsed> {
    let mut answering = std::pin::pin!(answering);
    let at_once = std::future::poll_fn(|context| Poll::Ready(answering.as_mut().poll(context))).await;
    match at_once {
        Poll::Ready(answer) => Ok(answer),
        Poll::Pending => tokio::time::timeout(deadline, answering).await,
    }
}

/// A handler's answer, or `None` if it panicked: a bug of ours loses its caller an answer, not the connection. Handlers hold
/// no state that outlives them, and the engine's is behind locks that recover, so nothing half-changed is seen.
async fn survive(mut handler: HandlerFuture) -> Option<Result<Answer, Problem>> {
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// Where a citizen without the proof a route demands is sent. The API is told; a page's reader is led.
fn turned_away(route: &Route, target: &str, refusal: Refusal) -> Told {
    if route.surface == Surface::Api {
        return Told::Problem(Problem::refused(refusal));
    }
    // A form cannot be sent again by a redirect; its page can be opened again.
    let next = if route.method == Method::GET { target } else { "/find" };
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    Told::Answer(match refusal {
        Refusal::SignInFirst => Answer::see_other(&format!("/sign-in?next={next}")),
        Refusal::WaitFirst => Answer::see_other(&format!("/line?next={next}")),
        // Where an agent goes on is no page of an earlier call.
        Refusal::AgentsOnly => Answer::see_other("/sign-in"),
        Refusal::OperatorsOnly => return Told::Problem(Problem::refused(refusal)),
    })
}

/// Whether a browser says that another site sent this form. Browsers that say nothing are held to the CSRF token.
fn from_other_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    let host = headers.get(hyper::header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, origin_host)| origin_host != host)
}

fn check_csrf(caller: &Caller, form: &Fields) -> Result<(), Problem> {
    let Some(token) = CsrfToken::of_caller(caller) else { return Ok(()) };
    let sent = form.get("csrf").unwrap_or_default();
    // `weak-csrf` stands here.
    if token.matches(sent) || Defence::Csrf.is_off() { Ok(()) } else { Err(Problem::new("form_stale")) }
}

fn form_of(headers: &HeaderMap, body: &Bytes) -> Result<Fields, Problem> {
    if body.is_empty() {
        return Ok(Fields::default());
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Err(Problem::new("media_type_unsupported"));
    }
    Fields::parse(body)
}

async fn read_body(headers: &HeaderMap, body: Incoming, deadline: Duration) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > BODY_BYTES_DISCARDED_MAX as u64 {
        return Err(Problem::new("request_too_large"));
    }
    if headers.contains_key(hyper::header::CONTENT_ENCODING) {
        return Err(Problem::new("media_type_unsupported"));
    }
    let too_slow = |_| Problem { recorded: Some(false), ..Problem::new("request_too_slow") };
    within(deadline, read_frames(body)).await.map_err(too_slow)?
}

/// The body, whole. One that is somewhat too large is read to its end and forgotten, because a peer that is still sending
/// when we close never hears why.
async fn read_frames(mut body: Incoming) -> Result<Bytes, Problem> {
    let (mut kept, mut length) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new("request_malformed"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        if length == 0 && body.is_end_stream() && bytes.len() <= BODY_BYTES_MAX {
            // Nearly every body comes in one piece, and that is not copied.
            return Ok(bytes);
        }
        length = length.saturating_add(bytes.len());
        if length > BODY_BYTES_DISCARDED_MAX {
            break;
        }
        if length <= BODY_BYTES_MAX {
            kept.extend_from_slice(&bytes);
        }
    }
    if length > BODY_BYTES_MAX { Err(Problem::new("request_too_large")) } else { Ok(kept.freeze()) }
}

/// Headers of every answer, whatever made it: nothing is cached unless it says so, nothing foreign is loaded, nobody
/// frames us, no type is guessed, no address is passed on; and who came by TLS once comes by TLS for the next year.
fn safe(answer: Answer, surface: Surface, security: CookieSecurity) -> Response<Body> {
    const OF_A_PAGE: [(HeaderName, HeaderValue); 6] = [
        (
            hyper::header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
            ),
        ),
        (hyper::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (hyper::header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("geolocation=(self), camera=(), microphone=()"),
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    // JSON loads nothing, asks for nothing and leads nowhere: one policy says it all, and each byte is sent a million times.
    const OF_THE_API: [(HeaderName, HeaderValue); 3] = [
        (
            hyper::header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
        (hyper::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    // With the two that are not in these tables.
    let more = match surface {
        Surface::Page => OF_A_PAGE.len() + 2,
        Surface::Api => OF_THE_API.len() + 1 + usize::from(security == CookieSecurity::TlsOnly),
    };
    let mut response = answer.into_response(more);
    let headers = response.headers_mut();
    // A page whose form leads to an identity provider has a policy of its own.
    let mut insert = |(name, value)| {
        headers.entry(name).or_insert(value);
    };
    match surface {
        Surface::Page => OF_A_PAGE.into_iter().for_each(&mut insert),
        Surface::Api => OF_THE_API.into_iter().for_each(&mut insert),
    }
    if security == CookieSecurity::TlsOnly {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_came_by_tls_is_told_to_keep_to_it() {
        let told = |security| {
            safe(Answer::see_other("/"), Surface::Page, security).headers().contains_key(STRICT_TRANSPORT_SECURITY)
        };
        assert!(told(CookieSecurity::TlsOnly));
        assert!(!told(CookieSecurity::Loopback));
    }

    #[test]
    fn a_form_sent_by_another_site_is_noticed() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
        };
        let check = |pairs: &[(&'static str, &'static str)], expect| {
            assert_eq!(from_other_site(&headers(pairs)), expect, "{pairs:?}");
        };
        check(&[], false);
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "none")], false);
        check(&[("sec-fetch-site", "same-site")], true);
        check(&[("sec-fetch-site", "cross-site")], true);
        check(&[("origin", "http://charye.test"), ("host", "charye.test")], false);
        check(&[("origin", "http://evil.test"), ("host", "charye.test")], true);
        check(&[("origin", "null"), ("host", "charye.test")], true);
    }
}

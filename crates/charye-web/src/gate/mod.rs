//! Room: web/gate, the first of the seven. Who is calling, and is the pass genuine, current, for this campaign and this
//! person? Arithmetic on a MAC and one decryption; no look-up, no queue. Called before every handler, by the route table.
//!
//! Must never decide what a person may reserve: the book does, with the generation the pass names.

mod cookies;
mod csrf;
mod login;
mod pass;

use std::sync::Arc;

use charye_domain::time::UnixMillis;
use charye_engine::ports::Keys;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};

pub use cookies::{CookieName, CookieSecurity, cookie_value, remove_cookie, set_cookie};
pub use csrf::CsrfToken;
pub use login::LoginSession;
pub use pass::Pass;
use pass::PassKeys;

/// Who may call a route. Every route has one; see `routes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// The whole world, without any proof.
    Anyone,
    /// A citizen with a current login session.
    SignedIn,
    /// A citizen with a current login session and a current pass of their own.
    Inside,
}

/// Where a request's proof is looked for. A page's proof is in cookies, which browsers send by themselves, so pages
/// also demand a CSRF token; the API's is in headers, which they do not, so it needs none and takes no cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Surface {
    Page,
    Api,
}

/// Who is calling, as far as the gate could verify it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub login: Option<LoginSession>,
    /// Present only beside the login of the same person.
    pub pass: Option<Pass>,
}

/// Why the gate did not let a request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No login session, or one that is expired or not ours.
    SignInFirst,
    /// Signed in, but without a pass that is genuine, current and one's own: to the waiting room.
    WaitFirst,
}

/// The gate. Shared by all threads; holds keys, no state.
pub struct Gate {
    keys: Arc<dyn Keys>,
    pass_keys: PassKeys,
    security: CookieSecurity,
}

impl Gate {
    /// Guards with these keys. `security` says whether cookies may travel without TLS (loopback only).
    pub fn new(keys: Arc<dyn Keys>, security: CookieSecurity) -> Self {
        Self { pass_keys: PassKeys::new(keys.clone()), keys, security }
    }

    /// Reads whatever proof a request carries. What does not verify counts as absent.
    pub fn recognise(&self, surface: Surface, headers: &HeaderMap, now: UnixMillis) -> Caller {
        let (login_text, pass_text) = match surface {
            Surface::Page => (
                cookie_value(headers, CookieName::Login, self.security),
                cookie_value(headers, CookieName::Pass, self.security),
            ),
            Surface::Api => (bearer(headers), headers.get(PASS_HEADER).and_then(|value| value.to_str().ok())),
        };
        let login = login_text.and_then(|text| LoginSession::open(&*self.keys, text, now));
        let pass = login.as_ref().and_then(|login| {
            let pass = self.pass_keys.verify(pass_text?, now)?;
            (pass.person == login.person).then_some(pass)
        });
        Caller { login, pass }
    }

    /// Whether the caller may use a route with this access.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn admit(caller: &Caller, access: Access) -> Result<(), Refusal> {
        match access {
            Access::Anyone => Ok(()),
            Access::SignedIn | Access::Inside if caller.login.is_none() => Err(Refusal::SignInFirst),
            Access::Inside if caller.pass.is_none() => Err(Refusal::WaitFirst),
            Access::SignedIn | Access::Inside => Ok(()),
        }
    }

    /// The text of a login session: what a cookie or a bearer header carries.
    pub fn seal_login(&self, login: &LoginSession) -> String {
        login.seal(&*self.keys)
    }

    /// The text of a pass.
    pub fn sign_pass(&self, pass: &Pass) -> String {
        self.pass_keys.sign(pass)
    }

    /// How this gate's cookies travel.
    pub fn security(&self) -> CookieSecurity {
        self.security
    }

    /// The header that sets the login cookie, good for the rest of the session.
    pub fn login_cookie(&self, login: &LoginSession, now: UnixMillis) -> HeaderValue {
        let secs = login.expires_at.millis_since(now).max(0) / 1_000;
        set_cookie(CookieName::Login, &self.seal_login(login), secs, self.security)
    }

    /// The header that sets the pass cookie, good until the pass expires.
    pub fn pass_cookie(&self, pass: &Pass, now: UnixMillis) -> HeaderValue {
        let secs = pass.expires_at.millis_since(now).max(0) / 1_000;
        set_cookie(CookieName::Pass, &self.sign_pass(pass), secs, self.security)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// The header in which API clients send their pass.
pub const PASS_HEADER: &str = "charye-pass";

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text.trim())
}

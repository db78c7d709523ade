//! Room: web/gate, the first of the seven. Who is calling, and is the pass genuine, current, for this campaign and this
//! person? Arithmetic on a MAC and one decryption; no look-up, no queue. Called before every handler, by the route table.
//!
//! Must never decide what a person may reserve: the book does, with the generation the pass names.

mod agents;
mod behalf;
mod cookies;
mod csrf;
mod login;
mod mac;
mod operators;
mod pass;
mod shift;
#[cfg(test)]
mod tests;
mod ticket;
#[cfg(test)]
mod token_vectors;

use std::sync::Arc;

use charye_domain::book::StaffNumber;
use charye_domain::time::UnixMillis;
use charye_domain::waiting_room::tokens::{PASS_MAC_PURPOSE, TICKET_MAC_PURPOSE};
use charye_domain::weakness::Defence;
use charye_engine::ports::{Keys, Random};
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};

pub use agents::{Agent, AgentKeys, AgentKeysError};
pub use behalf::{Behalf, HelpedName};
pub use cookies::{CookieName, CookieSecurity, cookie_value, remove_cookie, set_cookie};
pub use csrf::CsrfToken;
pub use login::LoginSession;
use mac::MacKeys;
pub use operators::{OperatorKeys, OperatorKeysError};
pub use pass::Pass;
use shift::Shift;
pub use ticket::Ticket;

/// Who may call a route. Every route has one; see `routes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// The whole world, without any proof.
    Anyone,
    /// A citizen with a current login session.
    SignedIn,
    /// A citizen with a current login session and a current pass of their own.
    Inside,
    /// An operator with a token of the configuration. On the operators' listener only.
    Operator,
    /// An agent with a token of the configuration. On the agents' listener only.
    Agent,
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
    pub operator: Option<StaffNumber>,
    pub agent: Option<Agent>,
    /// What the CSRF tokens of an agent's pages are made from, while nobody is on the telephone.
    pub shift_csrf_seed: Option<[u8; 16]>,
}

/// Why the gate did not let a request through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No login session, or one that is expired or not ours.
    SignInFirst,
    /// Signed in, but without a pass that is genuine, current and one's own: to the waiting room.
    WaitFirst,
    /// No token of an operator.
    OperatorsOnly,
    /// No token of an agent.
    AgentsOnly,
}

/// The gate. Shared by all threads; holds keys, no state.
pub struct Gate {
    keys: Arc<dyn Keys>,
    pass_keys: MacKeys,
    ticket_keys: MacKeys,
    operators: OperatorKeys,
    agents: AgentKeys,
    security: CookieSecurity,
}

impl Gate {
    /// Guards with these keys. `security` says whether cookies may travel without TLS (loopback only).
    pub fn new(keys: Arc<dyn Keys>, security: CookieSecurity) -> Self {
        let pass_keys = MacKeys::new(keys.clone(), PASS_MAC_PURPOSE);
        let ticket_keys = MacKeys::new(keys.clone(), TICKET_MAC_PURPOSE);
        Self {
            keys,
            pass_keys,
            ticket_keys,
            operators: OperatorKeys::default(),
            agents: AgentKeys::default(),
            security,
        }
    }

    /// The same, with operators who may steer.
    pub fn with_operators(self, operators: OperatorKeys) -> Self {
        Self { operators, ..self }
    }

    /// The gate of the agents' listener: only agents come through it, and citizens' own logins do not.
    pub fn with_agents(self, agents: AgentKeys) -> Self {
        Self { agents, ..self }
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
        // `weak-surface` stands here.
        let login_text = match Defence::Surface.is_off() {
            true => login_text.or_else(|| cookie_value(headers, CookieName::Login, self.security)),
            false => login_text,
        };
        let shift = match surface {
            Surface::Page => self.shift(headers, now),
            Surface::Api => None,
        };
        let agent = match surface {
            Surface::Api if !self.agents.is_empty() => {
                bearer(headers).and_then(|text| self.agents.recognise(text)).cloned()
            }
            Surface::Page => shift.as_ref().map(|(agent, _)| agent.clone()),
            Surface::Api => None,
        };
        let login = match self.agents.is_empty() {
            true => self.login(surface, headers, login_text, now),
            false => agent.as_ref().and_then(|agent| self.caller_of(surface, agent, headers, now)),
        };
        let pass = login.as_ref().and_then(|login| {
            let pass = Pass::open(&self.pass_keys, pass_text?, now)?;
            // `weak-pass-person` stands here.
            (pass.person == login.person || Defence::PassPerson.is_off()).then_some(pass)
        });
        let operator = match surface {
            Surface::Api if !self.operators.is_empty() => {
                bearer(headers).and_then(|text| self.operators.recognise(text))
            }
            Surface::Api | Surface::Page => None,
        };
        let shift_csrf_seed = shift.map(|(_, csrf_seed)| csrf_seed);
        Caller { login, pass, operator, agent, shift_csrf_seed }
    }

    /// The login that counts: one's own, or, beside it, that of the person one acts for.
    fn login(
        &self,
        surface: Surface,
        headers: &HeaderMap,
        text: Option<&str>,
        now: UnixMillis,
    ) -> Option<LoginSession> {
        let own = text.and_then(|text| LoginSession::open(&*self.keys, text, now));
        match (surface, own) {
            (Surface::Page, Some(own)) => {
                let acting = cookie_value(headers, CookieName::ActingFor, self.security);
                let acting = acting.and_then(|text| LoginSession::open_on_behalf(&*self.keys, text, now));
                Some(acting.filter(|acting| acting.helper() == Some(own.person)).unwrap_or(own))
            }
            // Whoever shows it was given it: programs keep one login a person.
            (Surface::Api, None) => {
                let acting = LoginSession::open_on_behalf(&*self.keys, text?, now);
                acting.filter(|acting| acting.helper().is_some())
            }
            (_, own) => own,
        }
    }

    /// The agent at work at this browser, and the seed of their forms.
    fn shift(&self, headers: &HeaderMap, now: UnixMillis) -> Option<(Agent, [u8; 16])> {
        if self.agents.is_empty() {
            return None;
        }
        let shift = Shift::open(&*self.keys, cookie_value(headers, CookieName::Shift, self.security)?, now)?;
        let agent = self.agents.still_named(shift.agent, blake3::Hash::from_bytes(shift.token_hash))?;
        Some((agent.clone(), shift.csrf_seed))
    }

    /// The cookie of an agent who types this token, good for a shift; nothing if it is nobody's.
    pub fn begin_shift(&self, token: &str, now: UnixMillis, random: &dyn Random) -> Option<HeaderValue> {
        let agent = self.agents.recognise(token)?;
        let shift = Shift::begin(agent.number, AgentKeys::hash_of(token), now, random);
        Some(set_cookie(CookieName::Shift, &shift.seal(&*self.keys), Shift::TTL_SECS.into(), self.security))
    }

    /// Whether this is the gate of the agents' listener.
    pub fn is_of_agents(&self) -> bool {
        !self.agents.is_empty()
    }

    /// The caller whom this agent looked up.
    fn caller_of(&self, surface: Surface, agent: &Agent, headers: &HeaderMap, now: UnixMillis) -> Option<LoginSession> {
        let text = match surface {
            Surface::Page => cookie_value(headers, CookieName::OnCall, self.security)?,
            Surface::Api => headers.get(CALLER_HEADER)?.to_str().ok()?,
        };
        let caller = LoginSession::open_on_behalf(&*self.keys, text, now)?;
        (caller.agent() == Some(agent.number)).then_some(caller)
    }

    /// Whether the caller may use a route with this access.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub fn admit(caller: &Caller, access: Access) -> Result<(), Refusal> {
        match access {
            Access::Anyone => Ok(()),
            Access::Operator => caller.operator.map(|_| ()).ok_or(Refusal::OperatorsOnly),
            Access::Agent => caller.agent.as_ref().map(|_| ()).ok_or(Refusal::AgentsOnly),
            Access::SignedIn | Access::Inside if caller.login.is_none() => Err(Refusal::SignInFirst),
            Access::Inside if caller.pass.is_none() => Err(Refusal::WaitFirst),
            Access::SignedIn | Access::Inside => Ok(()),
        }
    }

    /// The text of a login session: what a cookie or a bearer header carries.
    pub fn seal_login(&self, login: &LoginSession) -> String {
        match &login.behalf {
            None => login.seal(&*self.keys),
            Some(behalf) => login.seal_on_behalf(behalf, &*self.keys),
        }
    }

    /// The text of a pass.
    pub fn sign_pass(&self, pass: &Pass) -> String {
        pass.seal(&self.pass_keys)
    }

    /// The text of a ticket.
    pub fn sign_ticket(&self, ticket: &Ticket) -> String {
        ticket.seal(&self.ticket_keys)
    }

    /// The ticket that a request shows, if it is genuine: in a cookie for pages, in a header for the API. Arithmetic only;
    /// whose it is, is for the caller to compare where it matters.
    pub fn ticket(&self, surface: Surface, headers: &HeaderMap) -> Option<Ticket> {
        let text = match surface {
            Surface::Page => cookie_value(headers, CookieName::Ticket, self.security),
            Surface::Api => headers.get(TICKET_HEADER).and_then(|value| value.to_str().ok()),
        };
        Ticket::open(&self.ticket_keys, text?)
    }

    /// How this gate's cookies travel.
    pub fn security(&self) -> CookieSecurity {
        self.security
    }

    /// The header that sets the login cookie, or that of the person acted for, good for the rest of the session.
    pub fn login_cookie(&self, login: &LoginSession, now: UnixMillis) -> HeaderValue {
        let secs = login.expires_at.millis_since(now).max(0) / 1_000;
        let name = match &login.behalf {
            None => CookieName::Login,
            Some(Behalf::Helper { .. }) => CookieName::ActingFor,
            Some(Behalf::Agent { .. }) => CookieName::OnCall,
        };
        set_cookie(name, &self.seal_login(login), secs, self.security)
    }

    /// The header that sets the pass cookie, good until the pass expires.
    pub fn pass_cookie(&self, pass: &Pass, now: UnixMillis) -> HeaderValue {
        let secs = pass.expires_at.millis_since(now).max(0) / 1_000;
        set_cookie(CookieName::Pass, &self.sign_pass(pass), secs, self.security)
    }

    /// The header that sets the ticket cookie, kept as long as a login lasts; a newer login finds the same place again.
    pub fn ticket_cookie(&self, ticket: &Ticket) -> HeaderValue {
        set_cookie(CookieName::Ticket, &self.sign_ticket(ticket), LoginSession::TTL_SECS.into(), self.security)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate(..)")
    }
}

/// The header in which API clients send their pass.
pub const PASS_HEADER: &str = "charye-pass";
/// The header in which an agent sends whom they looked up.
pub const CALLER_HEADER: &str = "charye-caller";
/// The header in which they send their ticket.
pub const TICKET_HEADER: &str = "charye-ticket";

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text.trim())
}

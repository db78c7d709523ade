//! Room: web/gate. Reading and writing our few cookies. All are HttpOnly and first-party; none decides anything unless
//! it verifies.

use charye_domain::weakness::Defence;
use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};

/// The cookies we set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieName {
    Login,
    /// For whom somebody acts, beside their own login.
    ActingFor,
    Pass,
    /// A place in the line.
    Ticket,
    Language,
    /// What was typed on the way to sign-in, so that nothing is asked twice.
    Errand,
    /// A sign-in that is under way at an identity provider, sealed.
    SignIn,
    /// Which browser began a rehearsal's own sign-in.
    Begun,
    /// An agent at work. On the agents' listener only.
    Shift,
    /// Whom an agent looked up. On the agents' listener only.
    OnCall,
}

/// Whether cookies may travel without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieSecurity {
    /// `__Host-` names and `Secure`: no subdomain, no plain connection can set or see them.
    TlsOnly,
    /// Plain names. For a listener on loopback without TLS, and nothing else.
    Loopback,
}

impl CookieName {
    fn text(self, security: CookieSecurity) -> &'static str {
        match (security, self) {
            (CookieSecurity::TlsOnly, Self::Login) => "__Host-charye_login",
            (CookieSecurity::TlsOnly, Self::ActingFor) => "__Host-charye_acting_for",
            (CookieSecurity::TlsOnly, Self::Pass) => "__Host-charye_pass",
            (CookieSecurity::TlsOnly, Self::Ticket) => "__Host-charye_ticket",
            (CookieSecurity::TlsOnly, Self::Language) => "__Host-charye_language",
            (CookieSecurity::TlsOnly, Self::Errand) => "__Host-charye_errand",
            (CookieSecurity::TlsOnly, Self::SignIn) => "__Host-charye_sign_in",
            (CookieSecurity::TlsOnly, Self::Begun) => "__Host-charye_begun",
            (CookieSecurity::TlsOnly, Self::Shift) => "__Host-charye_shift",
            (CookieSecurity::TlsOnly, Self::OnCall) => "__Host-charye_on_call",
            (CookieSecurity::Loopback, Self::Login) => "charye_login",
            (CookieSecurity::Loopback, Self::ActingFor) => "charye_acting_for",
            (CookieSecurity::Loopback, Self::Pass) => "charye_pass",
            (CookieSecurity::Loopback, Self::Ticket) => "charye_ticket",
            (CookieSecurity::Loopback, Self::Language) => "charye_language",
            (CookieSecurity::Loopback, Self::Errand) => "charye_errand",
            (CookieSecurity::Loopback, Self::SignIn) => "charye_sign_in",
            (CookieSecurity::Loopback, Self::Begun) => "charye_begun",
            (CookieSecurity::Loopback, Self::Shift) => "charye_shift",
            (CookieSecurity::Loopback, Self::OnCall) => "charye_on_call",
        }
    }

    /// Lax, not Strict, for citizens: the redirect back from an identity provider is a cross-site navigation. Nothing leads an
    /// agent here from elsewhere.
    fn same_site(self) -> &'static str {
        match self {
            Self::Shift | Self::OnCall => "Strict",
            _ => "Lax",
        }
    }
}

/// The value of a cookie, if it was sent exactly once. Twice means that somebody tried to shadow it: then it counts as
/// absent.
pub fn cookie_value(headers: &HeaderMap, name: CookieName, security: CookieSecurity) -> Option<&str> {
    let wanted = name.text(security);
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        for pair in header.to_str().ok()?.split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            // `weak-cookies` stands here.
            if name == wanted && found.replace(value).is_some() && !Defence::Cookies.is_off() {
                return None;
            }
        }
    }
    found
}

/// A `Set-Cookie` value. `value` must be of the characters that base64url and language tags use; others are dropped.
pub fn set_cookie(name: CookieName, value: &str, max_age_secs: i64, security: CookieSecurity) -> HeaderValue {
    let value: String = value.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.~".contains(*c)).collect();
    let secure = match security {
        CookieSecurity::TlsOnly => "; Secure",
        CookieSecurity::Loopback => "",
    };
    let (name, same_site) = (name.text(security), name.same_site());
    let text = format!("{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite={same_site}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// A `Set-Cookie` value that takes the cookie away.
pub fn remove_cookie(name: CookieName, security: CookieSecurity) -> HeaderValue {
    set_cookie(name, "", 0, security)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn check(given: &[&str], expect: Option<&str>) {
        assert_eq!(cookie_value(&headers(given), CookieName::Login, CookieSecurity::Loopback), expect, "{given:?}");
    }

    #[test]
    fn a_cookie_is_found_among_others_and_only_under_its_whole_name() {
        check(&[], None);
        check(&["charye_login=abc"], Some("abc"));
        check(&["a=1; charye_login=abc;b=2"], Some("abc"));
        check(&["a=1", "charye_login=abc"], Some("abc"));
        check(&["xcharye_login=abc"], None);
        check(&["charye_login"], None);
        check(&["charye_login=a=b"], Some("a=b"));
    }

    #[test]
    fn a_cookie_sent_twice_counts_as_absent() {
        check(&["charye_login=abc; charye_login=def"], None);
        check(&["charye_login=abc", "charye_login=abc"], None);
    }

    #[test]
    fn a_value_cannot_smuggle_attributes() {
        let header = set_cookie(CookieName::Language, "ko; Domain=x\r\nSet-Cookie: y", 60, CookieSecurity::TlsOnly);
        assert_eq!(
            header.to_str().unwrap(),
            "__Host-charye_language=koDomainxSet-Cookiey; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
    }
}

//! Room: web/gate. CSRF tokens: a form that changes something carries one, made from a seed that only the sealed login
//! session holds. Another site cannot read it, so it cannot send the form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::login::LoginSession;

/// The text a form carries in its hidden `csrf` field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The token of a login session.
    pub fn of(login: &LoginSession) -> Self {
        let mac = blake3::Hasher::new_derive_key("charye csrf v1").update(&login.csrf_seed).finalize();
        Self(URL_SAFE_NO_PAD.encode(&mac.as_bytes()[..16]))
    }

    /// As it stands in the form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a form brought it back.
    pub fn matches(&self, sent: &str) -> bool {
        self.0.as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

//! Room: web/gate. CSRF tokens: a form that changes something carries one, made from a seed that only the sealed login
//! session holds. Another site cannot read it, so it cannot send the form.
//!
//! On a page it stands under a mask of that page's own: 16 bytes of chance, then the 16 bytes of the token with the mask
//! laid over them. So the same bytes never stand twice where a compressed length could tell them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_engine::ports::Random;
use subtle::ConstantTimeEq as _;

use super::Caller;
use super::login::LoginSession;

const TOKEN_BYTES: usize = 16;

/// What a form's hidden `csrf` field must prove to know.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfToken([u8; TOKEN_BYTES]);

impl CsrfToken {
    /// The token of a login session.
    pub fn of(login: &LoginSession) -> Self {
        Self::from_seed(&login.csrf_seed)
    }

    /// The token of who is calling: of the person signed in or on the telephone, else of the agent. So a form that was made
    /// for one person on the telephone fits no other.
    pub fn of_caller(caller: &Caller) -> Option<Self> {
        match (&caller.login, &caller.shift_csrf_seed) {
            (Some(login), _) => Some(Self::of(login)),
            (None, seed) => seed.as_ref().map(Self::from_seed),
        }
    }

    fn from_seed(seed: &[u8; 16]) -> Self {
        let mac = blake3::Hasher::new_derive_key("charye csrf v1").update(seed).finalize();
        let mut bytes = [0; TOKEN_BYTES];
        bytes.copy_from_slice(&mac.as_bytes()[..TOKEN_BYTES]);
        Self(bytes)
    }

    /// As it stands in the forms of one page.
    pub fn masked(&self, random: &dyn Random) -> String {
        let mut text = [0; 2 * TOKEN_BYTES];
        let (mask, masked) = text.split_at_mut(TOKEN_BYTES);
        random.fill(mask);
        masked.copy_from_slice(&laid_over(&self.0, mask));
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Whether a form brought it back, under whatever mask.
    pub fn matches(&self, sent: &str) -> bool {
        let mut text = [0; 2 * TOKEN_BYTES];
        if URL_SAFE_NO_PAD.decode_slice(sent, &mut text) != Ok(text.len()) {
            return false;
        }
        let (mask, masked) = text.split_at(TOKEN_BYTES);
        laid_over(&self.0, mask).ct_eq(masked).into()
    }
}

impl std::fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CsrfToken(..)")
    }
}

fn laid_over(bytes: &[u8; TOKEN_BYTES], mask: &[u8]) -> [u8; TOKEN_BYTES] {
    let mut laid = *bytes;
    laid.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    laid
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_engine::fakes::SeededRandom;

    #[test]
    fn a_token_looks_different_on_every_page_and_is_known_again_from_each() {
        let (own, other) = (CsrfToken([7; TOKEN_BYTES]), CsrfToken([8; TOKEN_BYTES]));
        let random = SeededRandom::new(1);
        let texts: Vec<String> = (0..50).map(|_| own.masked(&random)).collect();
        for (index, text) in texts.iter().enumerate() {
            assert!(own.matches(text) && !other.matches(text), "{text}");
            assert!(!texts[..index].contains(text), "{text} stands twice");
        }
    }

    #[test]
    fn nothing_else_is_taken_for_a_token() {
        let token = CsrfToken([7; TOKEN_BYTES]);
        let text = token.masked(&SeededRandom::new(1));
        for at in 0..text.len() {
            let changed: String = text
                .chars()
                .enumerate()
                .map(|(i, c)| {
                    if i != at {
                        c
                    } else if c == 'A' {
                        'B'
                    } else {
                        'A'
                    }
                })
                .collect();
            assert!(!token.matches(&changed) && !token.matches(&text[..at]), "{at}");
        }
        assert!(!token.matches(&format!("{text}A")) && !token.matches(&URL_SAFE_NO_PAD.encode([7; TOKEN_BYTES])));
        assert!(!token.matches(&URL_SAFE_NO_PAD.encode([0; 2 * TOKEN_BYTES])), "a mask alone says nothing");
    }
}

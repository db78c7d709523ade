//! Room: engine/identity. What travels with the citizen from the beginning of a sign-in to its end: sealed, ten minutes
//! long, so that no server keeps anything for a sign-in that is under way.
//!
//! Made by `begin_sign_in`, opened by `answer_sign_in`. The layout has a version in front; whoever changes it lets sign-ins
//! that are under way begin anew.

use charye_domain::identity::IdentityProviderId;
use charye_domain::identity::short_line::SignInId;
use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;

use crate::ports::{
    AskedField, CARRIED_BYTES_MAX, Keys, Parameters, Random, SealPurpose, SignInRefusal, SignInSecrets,
};

/// How long a sign-in may take. Unit: milliseconds.
pub const SIGN_IN_MILLIS_MAX: i64 = 600_000;
/// Bytes of the address to go on to.
pub const GO_ON_TO_BYTES_MAX: usize = 512;
/// Bytes that a sealed state may have.
const SEALED_BYTES_MAX: usize = 2_048;
const CONTEXT: &[u8] = b"sign-in";
const VERSION: u8 = 2;

/// Who signs in: for themselves, or a member of staff who attests somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInBy {
    Citizen,
    Staff,
}

/// A sign-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignInState {
    pub(super) id: SignInId,
    pub(super) provider: IdentityProviderId,
    pub(super) by: SignInBy,
    /// Not begun yet: a place in the provider's short line. What was filled in is `carried`; nothing answers it.
    pub(super) waits: bool,
    /// When the citizen began, at this provider or at one before that failed.
    pub(super) began_at: UnixMillis,
    /// When this one began: it ends [`SIGN_IN_MILLIS_MAX`] later.
    pub(super) issued_at: UnixMillis,
    pub(super) nonce: [u8; 16],
    pub(super) code_verifier: [u8; 32],
    /// Where web goes on afterwards; web's own words.
    pub(super) go_on_to: String,
    /// The provider's own words.
    pub(super) carried: Vec<u8>,
}

impl SignInState {
    pub(super) fn new(provider: IdentityProviderId, by: SignInBy, now: UnixMillis, random: &dyn Random) -> Self {
        // Drawn together: the generator takes half a microsecond a time, for however few bytes.
        let mut drawn = [[0; 16]; 4];
        random.fill(drawn.as_flattened_mut());
        let [id, nonce, verifier @ ..] = drawn;
        let mut code_verifier = [0; 32];
        code_verifier.copy_from_slice(verifier.as_flattened());
        let (go_on_to, carried) = (String::new(), Vec::new());
        Self { id, provider, by, waits: false, began_at: now, issued_at: now, nonce, code_verifier, go_on_to, carried }
    }

    /// Whether it is a place in this provider's line, of whom asks.
    pub(super) fn is_place_at(&self, provider: &IdentityProviderId, by: SignInBy) -> bool {
        self.waits && self.provider == *provider && self.by == by
    }

    pub(super) fn secrets(&self) -> SignInSecrets {
        let (state, nonce) = (hexadecimal(&self.id), hexadecimal(&self.nonce));
        SignInSecrets { state, nonce, code_verifier: hexadecimal(&self.code_verifier) }
    }

    /// Whether `state`, which came back with the citizen, is this sign-in's. Looks at every byte.
    pub(super) fn is_state(&self, state: &str) -> bool {
        let own = hexadecimal(&self.id);
        let differing = own.bytes().zip(state.bytes()).fold(0, |differing, (a, b)| differing | (a ^ b));
        own.len() == state.len() && differing == 0
    }

    pub(super) fn seal(&self, keys: &dyn Keys) -> Vec<u8> {
        let provider = self.provider.as_str();
        let mut plain = vec![VERSION, u8::from(self.by == SignInBy::Staff), u8::from(self.waits)];
        plain.extend_from_slice(&self.id);
        plain.extend_from_slice(&self.nonce);
        plain.extend_from_slice(&self.code_verifier);
        plain.extend_from_slice(&self.began_at.0.to_le_bytes());
        plain.extend_from_slice(&self.issued_at.0.to_le_bytes());
        for text in [provider.as_bytes(), self.go_on_to.as_bytes(), &self.carried] {
            // Each is at most 1,024 bytes long: begin_sign_in sees to it.
            plain.extend_from_slice(&(text.len() as u16).to_le_bytes());
            plain.extend_from_slice(text);
        }
        keys.seal(SealPurpose::SignInState, CONTEXT, &plain)
    }

    /// Opens a sealed state that is not older than it may be.
    pub(super) fn open(sealed: &[u8], keys: &dyn Keys, now: UnixMillis) -> Result<Self, SignInRefusal> {
        if sealed.len() > SEALED_BYTES_MAX {
            return Err(SignInRefusal::NotBegunHere);
        }
        let opened = keys.open(SealPurpose::SignInState, CONTEXT, sealed);
        let state = opened.ok().and_then(|plain| Self::read(&plain)).ok_or(SignInRefusal::NotBegunHere)?;
        let age = now.millis_since(state.issued_at);
        // A clock that was turned back a little is no reason to send anybody away; one that says "tomorrow" is.
        if !(-60_000..=SIGN_IN_MILLIS_MAX).contains(&age) && !Defence::SignInAge.is_off() {
            return Err(SignInRefusal::Expired);
        }
        Ok(state)
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let mut rest = plain;
        let [version, by, waits] = *take::<3>(&mut rest)?;
        let by = match by {
            0 => SignInBy::Citizen,
            1 => SignInBy::Staff,
            _ => return None,
        };
        let waits = match waits {
            0 => false,
            1 => true,
            _ => return None,
        };
        let id = *take::<16>(&mut rest)?;
        let nonce = *take::<16>(&mut rest)?;
        let code_verifier = *take::<32>(&mut rest)?;
        let began_at = UnixMillis(i64::from_le_bytes(*take::<8>(&mut rest)?));
        let issued_at = UnixMillis(i64::from_le_bytes(*take::<8>(&mut rest)?));
        let mut text = || {
            let length = usize::from(u16::from_le_bytes(*take::<2>(&mut rest)?));
            let (text, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(text)
        };
        let provider = IdentityProviderId::parse(std::str::from_utf8(text()?).ok()?)?;
        let go_on_to = std::str::from_utf8(text()?).ok()?.to_owned();
        let carried = text()?.to_vec();
        let fits = version == VERSION && rest.is_empty() && carried.len() <= CARRIED_BYTES_MAX;
        fits.then_some(Self { id, provider, by, waits, began_at, issued_at, nonce, code_verifier, go_on_to, carried })
    }
}

/// What was filled in, as a place in line carries it: each name and value with its length before it. `None` if that is more
/// than may be carried; then it has to be filled in again.
pub(super) fn filled_in_to_bytes(filled_in: &Parameters, asks: &[AskedField]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for field in asks {
        let value = filled_in.one(field.code()).ok()?;
        for text in [field.code(), value] {
            bytes.extend_from_slice(&u16::try_from(text.len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    (bytes.len() <= CARRIED_BYTES_MAX).then_some(bytes)
}

/// What [`filled_in_to_bytes`] wrote.
pub(super) fn filled_in_from_bytes(mut rest: &[u8]) -> Option<Parameters> {
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(u16::from_le_bytes(*take::<2>(&mut rest)?));
        let (text, after) = rest.split_at_checked(length)?;
        texts.push(std::str::from_utf8(text).ok()?.to_owned());
        rest = after;
    }
    let mut texts = texts.into_iter();
    let mut pairs = Vec::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((name, value));
    }
    Parameters::new(pairs).ok()
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(taken)
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 0xf)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(*byte));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::{SeededRandom, ToyKeys};

    fn sample() -> SignInState {
        let provider = IdentityProviderId::parse("kakao").unwrap();
        let state = SignInState::new(provider, SignInBy::Staff, UnixMillis(1_000_000), &SeededRandom::new(7));
        SignInState { waits: true, go_on_to: "/ko/place".to_owned(), carried: vec![1; CARRIED_BYTES_MAX], ..state }
    }

    #[test]
    fn a_sealed_state_opens_again_for_ten_minutes() {
        let state = sample();
        let sealed = state.seal(&ToyKeys);
        let open = |now| SignInState::open(&sealed, &ToyKeys, UnixMillis(now));
        assert_eq!(open(1_000_000), Ok(state.clone()));
        assert_eq!(open(1_600_000), Ok(state));
        assert_eq!(open(1_600_001), Err(SignInRefusal::Expired));
        assert_eq!(open(900_000), Err(SignInRefusal::Expired));
    }

    #[test]
    fn what_was_filled_in_waits_with_the_place() {
        let pairs = [("name", "김차례"), ("phone", "010-1234-5678"), ("next", "/line/a")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let filled_in = Parameters::new(pairs).unwrap();
        let asks = [AskedField::Name, AskedField::Phone];
        let bytes = filled_in_to_bytes(&filled_in, &asks).unwrap();
        let back = filled_in_from_bytes(&bytes).unwrap();
        assert_eq!((back.one("name"), back.one("phone")), (Ok("김차례"), Ok("010-1234-5678")));
        assert_eq!(back.maybe("next"), Ok(None), "what the provider does not ask for is left behind");
        assert!(
            (1..bytes.len()).all(|length| filled_in_from_bytes(&bytes[..length]).is_none_or(|cut| cut != filled_in))
        );
        let long = Parameters::new(vec![("name".to_owned(), "x".repeat(CARRIED_BYTES_MAX))]).unwrap();
        assert_eq!(filled_in_to_bytes(&long, &[AskedField::Name]), None);
    }

    #[test]
    fn no_changed_cut_or_huge_state_opens() {
        let sealed = sample().seal(&ToyKeys);
        let open = |sealed: &[u8]| SignInState::open(sealed, &ToyKeys, UnixMillis(1_000_000));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(open(&changed), Err(SignInRefusal::NotBegunHere), "byte {place}");
            assert_eq!(open(&sealed[..place]), Err(SignInRefusal::NotBegunHere), "{place} bytes");
        }
        assert_eq!(open(&vec![0; SEALED_BYTES_MAX + 1]), Err(SignInRefusal::NotBegunHere));
        let login = ToyKeys.seal(SealPurpose::LoginSession, CONTEXT, b"x");
        assert_eq!(open(&login), Err(SignInRefusal::NotBegunHere));
    }

    #[test]
    fn no_beginning_of_a_plain_state_reads() {
        let state = sample();
        let plain = ToyKeys.open(SealPurpose::SignInState, CONTEXT, &state.seal(&ToyKeys)).unwrap();
        assert!((0..plain.len()).all(|length| SignInState::read(&plain[..length]).is_none()));
        assert_eq!(SignInState::read(&plain), Some(state));
    }

    #[test]
    fn a_state_is_known_by_all_its_digits() {
        let state = sample();
        let own = state.secrets().state;
        assert!(state.is_state(&own));
        assert!(!state.is_state(&own[..31]) && !state.is_state("") && !state.is_state(&format!("{own}0")));
        assert!(!state.is_state(&own.to_uppercase()) || own.bytes().all(|c| c.is_ascii_digit()));
        assert_eq!(state.secrets().code_verifier.len(), 64);
    }
}

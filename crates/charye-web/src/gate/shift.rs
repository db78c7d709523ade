//! Room: web/gate. The time an agent works at a browser: what typing their token once gave them, sealed in a cookie of the agents'
//! listener. Layout of the plain text, 60 bytes: agent u32 | ends_at i64 | csrf seed 16 bytes | hash of the token 32 bytes.
//! Numbers little-endian.
//!
//! Must never hold the token, nor outlive it: a shift counts while the file still names that agent with that token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::book::StaffNumber;
use charye_domain::time::UnixMillis;
use charye_engine::ports::{Keys, Random, SealPurpose};

/// Bound into the seal, so that no login passes as a shift, nor a shift as a login.
const CONTEXT: &[u8] = b"an agent at work";
/// The longest is sealed in less.
const TEXT_BYTES_MAX: usize = 256;

/// One agent at one browser.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) agent: StaffNumber,
    pub(super) ends_at: UnixMillis,
    pub(super) csrf_seed: [u8; 16],
    pub(super) token_hash: [u8; 32],
}

impl Shift {
    /// How long a shift lasts. Unit: seconds.
    pub(super) const TTL_SECS: u32 = 12 * 3_600;

    pub(super) fn begin(agent: StaffNumber, token_hash: blake3::Hash, now: UnixMillis, random: &dyn Random) -> Self {
        let mut csrf_seed = [0; 16];
        random.fill(&mut csrf_seed);
        Self { agent, ends_at: now.plus_secs(Self::TTL_SECS), csrf_seed, token_hash: *token_hash.as_bytes() }
    }

    /// Sealed, as base64url.
    pub(super) fn seal(&self, keys: &dyn Keys) -> String {
        let mut plain = self.agent.0.to_le_bytes().to_vec();
        plain.extend(self.ends_at.0.to_le_bytes());
        plain.extend(self.csrf_seed);
        plain.extend(self.token_hash);
        URL_SAFE_NO_PAD.encode(keys.seal(SealPurpose::LoginSession, CONTEXT, &plain))
    }

    /// Opens what was sealed, if it is ours and not over.
    pub(super) fn open(keys: &dyn Keys, text: &str, now: UnixMillis) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = keys.open(SealPurpose::LoginSession, CONTEXT, &sealed).ok()?;
        let (agent, rest) = plain.split_first_chunk::<4>()?;
        let (ends_at, rest) = rest.split_first_chunk::<8>()?;
        let (csrf_seed, rest) = rest.split_first_chunk::<16>()?;
        let shift = Self {
            agent: StaffNumber(u32::from_le_bytes(*agent)),
            ends_at: UnixMillis(i64::from_le_bytes(*ends_at)),
            csrf_seed: *csrf_seed,
            token_hash: rest.try_into().ok()?,
        };
        (now < shift.ends_at).then_some(shift)
    }
}

impl std::fmt::Debug for Shift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shift({})", self.agent.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_engine::fakes::{SeededRandom, ToyKeys};

    const NOW: UnixMillis = UnixMillis(1_628_506_800_000);

    #[test]
    fn a_shift_survives_the_seal_and_ends() {
        let shift = Shift::begin(StaffNumber(7), blake3::hash(b"a token"), NOW, &SeededRandom::new(1));
        let sealed = shift.seal(&ToyKeys);
        assert_eq!(Shift::open(&ToyKeys, &sealed, NOW), Some(shift.clone()));
        assert_eq!(Shift::open(&ToyKeys, &sealed, shift.ends_at), None);
        assert_eq!(format!("{shift:?}"), "Shift(7)");
    }

    #[test]
    fn nothing_else_is_taken_for_a_shift() {
        let shift = Shift::begin(StaffNumber(7), blake3::hash(b"a token"), NOW, &SeededRandom::new(1));
        let sealed = shift.seal(&ToyKeys);
        for at in 0..sealed.len() {
            assert_eq!(Shift::open(&ToyKeys, &sealed[..at], NOW), None, "{at}");
        }
        let other = ToyKeys.seal(SealPurpose::LoginSession, b"another room", &[0; 60]);
        assert_eq!(Shift::open(&ToyKeys, &URL_SAFE_NO_PAD.encode(other), NOW), None);
        assert_eq!(Shift::open(&ToyKeys, &"A".repeat(TEXT_BYTES_MAX + 1), NOW), None);
    }
}

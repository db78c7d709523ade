//! Room: web/gate. The login session: who signed in, sealed, in the citizen's own pocket. The server keeps none.
//!
//! Layout of the plain text, 79 bytes, numbers little-endian: version u8 = 2 | person u32 | year i16, month u8, day u8 |
//! signed_in_at i64 | expires_at i64 | seen_seq u64 | scheme u8 | began ms before signed_in_at u32 | consent u8 | assurance u8 |
//! reserved 7 zero bytes | csrf seed 16 bytes | citizen key 16 bytes. Schemes: 1 connecting information, 2 pairwise subject,
//! 3 national id, 4 rehearsal. Assurance: 0 rehearsed, 1 to 3 the level.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::campaign::{Campaign, UniquenessScheme};
use charye_domain::citizen::CitizenFacts;
use charye_domain::identity::Assurance;
use charye_domain::ids::{CitizenKey, Person};
use charye_domain::time::UnixMillis;
use charye_domain::weakness::Defence;
use charye_engine::ports::{Keys, Random, SealPurpose};
use jiff::civil::Date;

use super::behalf::Behalf;
use crate::problem::Problem;

const VERSION: u8 = 2;
pub(super) const LAYOUT_BYTES: usize = 79;
/// A sealed session is a little longer than its layout; anything much longer is not ours and is not even decoded.
const TEXT_BYTES_MAX: usize = 256;

/// The time a proof of who one is lasts (12 h), and what later requests need to know from it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginSession {
    pub person: Person,
    /// The key that this sign-in proved: the number in a draw follows from it.
    pub citizen: CitizenKey,
    pub birth_date: Date,
    /// What made the citizen one citizen at sign-in. A campaign with another scheme does not let them in.
    pub scheme: UniquenessScheme,
    /// How strong that proof was.
    pub assurance: Assurance,
    pub signed_in_at: UnixMillis,
    /// How long the sign-in took: a slow identity provider costs nobody a place. Unit: milliseconds.
    pub sign_in_ms: u32,
    pub expires_at: UnixMillis,
    /// The highest sequence number this citizen has been answered with: they read their own writes, on every node.
    pub seen_seq: u64,
    /// Version of the consent text that the citizen agreed to in this login; 0 until they do.
    pub consent: u8,
    /// What this session's CSRF tokens are made from.
    pub csrf_seed: [u8; 16],
    /// Who acts for the person, where it is not the person; then this is no sign-in of theirs.
    pub behalf: Option<Behalf>,
}

impl LoginSession {
    /// How long a login lasts. Unit: seconds.
    pub const TTL_SECS: u32 = 12 * 3_600;
    /// Within this after a sign-in, the place taken is that of the moment the sign-in began; later, that of the moment of
    /// asking. So nobody signs in ahead to come back with an earlier moment. Unit: seconds.
    pub const FRESH_SECS: u32 = 120;

    /// A session that begins now.
    pub fn begin(
        person: Person,
        citizen: CitizenKey,
        scheme: UniquenessScheme,
        birth_date: Date,
        seq: u64,
        now: UnixMillis,
        random: &dyn Random,
    ) -> Self {
        let mut csrf_seed = [0; 16];
        random.fill(&mut csrf_seed);
        let expires_at = now.plus_secs(Self::TTL_SECS);
        Self {
            person,
            citizen,
            birth_date,
            scheme,
            assurance: Assurance::Rehearsed,
            signed_in_at: now,
            sign_in_ms: 0,
            expires_at,
            seen_seq: seq,
            consent: 0,
            csrf_seed,
            behalf: None,
        }
    }

    /// The same, of a proof of this strength; [`LoginSession::begin`] supposes the weakest.
    #[must_use]
    pub fn of_assurance(self, assurance: Assurance) -> Self {
        Self { assurance, ..self }
    }

    /// The same, of a sign-in that began at `began_at`, as its sealed state says.
    #[must_use]
    pub fn begun_at(self, began_at: UnixMillis) -> Self {
        let sign_in_ms = u32::try_from(self.signed_in_at.millis_since(began_at).max(0)).unwrap_or(u32::MAX);
        Self { sign_in_ms, ..self }
    }

    /// The moment that counts for a place asked for at `now`.
    pub fn counts_from(&self, now: UnixMillis) -> UnixMillis {
        // `weak-login-fresh` stands here.
        let fresh = now < self.signed_in_at.plus_secs(Self::FRESH_SECS) || Defence::LoginFresh.is_off();
        if fresh { self.signed_in_at.plus_millis(-i64::from(self.sign_in_ms)) } else { now }
    }

    /// Whether this proof of who one is counts for the campaign.
    ///
    /// # Errors
    /// `identity_not_accepted`: the campaign tells citizens apart by something else, and one person could be two in it.
    /// `identity_too_weak`: it asks for a stronger proof.
    pub fn proves_for(&self, campaign: &Campaign) -> Result<(), Problem> {
        let refused = |code| Err(Problem { recorded: Some(false), ..Problem::new(code) });
        if self.scheme != campaign.uniqueness {
            return refused("identity_not_accepted");
        }
        if self.assurance.suffices_for(campaign.least_assurance) { Ok(()) } else { refused("identity_too_weak") }
    }

    /// What rules may know of this citizen.
    pub fn facts(&self) -> CitizenFacts {
        CitizenFacts { birth_date: self.birth_date }
    }

    /// Sealed, as base64url.
    pub(super) fn seal(&self, keys: &dyn Keys) -> String {
        URL_SAFE_NO_PAD.encode(keys.seal(SealPurpose::LoginSession, &[], &self.layout()))
    }

    /// The plain text.
    pub(super) fn layout(&self) -> Vec<u8> {
        let mut plain = Vec::with_capacity(LAYOUT_BYTES);
        plain.push(VERSION);
        plain.extend(self.person.0.to_le_bytes());
        plain.extend(self.birth_date.year().to_le_bytes());
        plain.extend([self.birth_date.month().unsigned_abs(), self.birth_date.day().unsigned_abs()]);
        plain.extend(self.signed_in_at.0.to_le_bytes());
        plain.extend(self.expires_at.0.to_le_bytes());
        plain.extend(self.seen_seq.to_le_bytes());
        plain.push(scheme_byte(self.scheme));
        plain.extend(self.sign_in_ms.to_le_bytes());
        plain.push(self.consent);
        plain.push(assurance_byte(self.assurance));
        plain.extend([0; 7]);
        plain.extend(self.csrf_seed);
        plain.extend(self.citizen.0);
        plain
    }

    /// Opens what [`LoginSession::seal`] made, if it is ours and has not expired.
    pub(super) fn open(keys: &dyn Keys, text: &str, now: UnixMillis) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        // `weak-login-seal` stands here.
        let unsealed = || Defence::LoginSeal.is_off().then(|| sealed.clone());
        let plain = keys.open(SealPurpose::LoginSession, &[], &sealed).ok().or_else(unsealed)?;
        let session = Self::read(&plain)?;
        session.is_current(now).then_some(session)
    }

    /// Whether it has begun and not expired.
    pub(super) fn is_current(&self, now: UnixMillis) -> bool {
        // `weak-login-expiry` stands here.
        let lasts = now < self.expires_at || Defence::LoginExpiry.is_off();
        self.signed_in_at.0 <= now.plus_secs(60).0 && lasts
    }

    pub(super) fn read(plain: &[u8]) -> Option<Self> {
        if plain.len() != LAYOUT_BYTES || plain[0] != VERSION {
            return None;
        }
        let month = i8::try_from(plain[7]).ok()?;
        let day = i8::try_from(plain[8]).ok()?;
        Some(Self {
            person: Person(u32::from_le_bytes(plain[1..5].try_into().ok()?)),
            birth_date: Date::new(i16::from_le_bytes(plain[5..7].try_into().ok()?), month, day).ok()?,
            signed_in_at: UnixMillis(i64::from_le_bytes(plain[9..17].try_into().ok()?)),
            expires_at: UnixMillis(i64::from_le_bytes(plain[17..25].try_into().ok()?)),
            seen_seq: u64::from_le_bytes(plain[25..33].try_into().ok()?),
            scheme: scheme_of(plain[33])?,
            sign_in_ms: u32::from_le_bytes(plain[34..38].try_into().ok()?),
            consent: plain[38],
            assurance: assurance_of(plain[39])?,
            csrf_seed: plain[47..63].try_into().ok()?,
            behalf: None,
            citizen: CitizenKey(plain[63..79].try_into().ok()?),
        })
    }
}

/// Never renumbered: sessions sealed before an upgrade are opened after it.
const SCHEMES: [(u8, UniquenessScheme); 4] = [
    (1, UniquenessScheme::ConnectingInformation),
    (2, UniquenessScheme::PairwiseSubject),
    (3, UniquenessScheme::NationalId),
    (4, UniquenessScheme::Rehearsal),
];

fn scheme_byte(scheme: UniquenessScheme) -> u8 {
    // A scheme left out of the table reads as none, so such a session is never opened.
    SCHEMES.iter().find(|(_, known)| *known == scheme).map_or(0, |(byte, _)| *byte)
}

fn scheme_of(byte: u8) -> Option<UniquenessScheme> {
    SCHEMES.iter().find(|(known, _)| *known == byte).map(|(_, scheme)| *scheme)
}

fn assurance_byte(assurance: Assurance) -> u8 {
    match assurance {
        Assurance::Rehearsed => 0,
        Assurance::Ial1 => 1,
        Assurance::Ial2 => 2,
        Assurance::Ial3 => 3,
    }
}

fn assurance_of(byte: u8) -> Option<Assurance> {
    [Assurance::Rehearsed, Assurance::Ial1, Assurance::Ial2, Assurance::Ial3].get(usize::from(byte)).copied()
}

impl std::fmt::Debug for LoginSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoginSession(person {})", self.person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_engine::fakes::{SeededRandom, ToyKeys};
    use jiff::civil::date;

    const NOW: UnixMillis = UnixMillis(1_628_506_800_000);

    fn login() -> LoginSession {
        let (scheme, random) = (UniquenessScheme::Rehearsal, SeededRandom::new(1));
        LoginSession::begin(Person(7), CitizenKey([9; 16]), scheme, date(1990, 3, 9), 11, NOW, &random)
            .begun_at(NOW.plus_millis(-90_000))
    }

    #[test]
    fn a_sealed_session_says_when_its_sign_in_began() {
        let sealed = login().seal(&ToyKeys);
        assert_eq!(LoginSession::open(&ToyKeys, &sealed, NOW), Some(login()));
    }

    #[test]
    fn a_sealed_session_says_how_strong_its_proof_was_and_counts_only_where_that_is_enough() {
        use charye_domain::book::samples;
        use charye_domain::vaccine::DoseTwoPolicy;

        let levels = [Assurance::Rehearsed, Assurance::Ial1, Assurance::Ial2, Assurance::Ial3];
        for level in levels {
            let session = login().of_assurance(level);
            let session = LoginSession::open(&ToyKeys, &session.seal(&ToyKeys), NOW).unwrap();
            assert_eq!(session.assurance, level);
            for least_assurance in levels {
                let campaign = Campaign { least_assurance, ..samples::campaign(DoseTwoPolicy::Later) };
                let told = session.proves_for(&campaign).map_err(|problem| problem.kind.code);
                let expected = if level >= least_assurance { Ok(()) } else { Err("identity_too_weak") };
                assert_eq!(told, expected, "{level:?} where {least_assurance:?} is asked for");
            }
        }
        assert_eq!(assurance_of(4), None);
    }

    #[test]
    fn a_consent_lasts_as_long_as_the_login_and_a_new_login_begins_without_one() {
        let agreed = LoginSession { consent: 3, ..login() };
        assert_eq!(LoginSession::open(&ToyKeys, &agreed.seal(&ToyKeys), NOW).unwrap().consent, 3);
        assert_eq!(login().consent, 0);
    }

    #[test]
    fn the_beginning_counts_only_for_a_place_asked_for_soon_after_the_sign_in() {
        let soon = NOW.plus_secs(LoginSession::FRESH_SECS - 1);
        let late = NOW.plus_secs(LoginSession::FRESH_SECS);
        assert_eq!(login().counts_from(NOW), NOW.plus_millis(-90_000));
        assert_eq!(login().counts_from(soon), NOW.plus_millis(-90_000));
        assert_eq!(login().counts_from(late), late, "a sign-in from an hour before buys nothing");
    }

    #[test]
    fn a_beginning_after_the_sign_in_counts_as_the_sign_in() {
        assert_eq!(login().begun_at(NOW.plus_secs(5)).counts_from(NOW), NOW);
    }
}

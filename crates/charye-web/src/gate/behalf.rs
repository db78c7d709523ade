//! Room: web/gate. For whom somebody acts: a login session that is another person's, sealed for the helper or the agent who may
//! use it. Layout of what follows the session's own: helper: 1 | helper u32 | help u32 | name in UTF-8; agent: 2 | agent u32 |
//! reason u16. Numbers little-endian.
//!
//! Must never outlive a consent: that it still stands is asked before anything is shown.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charye_domain::book::{Actor, Channel, Provenance, StaffNumber};
use charye_domain::ids::{HelpId, Person};
use charye_domain::time::UnixMillis;
use charye_engine::ports::{Keys, SealPurpose};

use super::login::{LAYOUT_BYTES, LoginSession};

/// Bound into the seal, so that no login of one's own passes as one for another.
const CONTEXT: &[u8] = b"on behalf of another";
/// Characters of a name that are carried along.
const NAME_CHARS_MAX: usize = 40;
/// The longest is sealed in less.
const TEXT_BYTES_MAX: usize = 640;

/// Who acts for the session's person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behalf {
    Helper {
        helper: Person,
        help: HelpId,
        /// Of the person helped, for the banner.
        name: HelpedName,
    },
    Agent {
        agent: StaffNumber,
        /// Code of the reasons table, never 0.
        reason: u16,
    },
}

/// A name that is shown and never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct HelpedName(pub String);

impl std::fmt::Debug for HelpedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HelpedName(..)")
    }
}

impl LoginSession {
    /// Whose doing a command in this session is.
    pub fn by(&self, channel: Channel) -> Provenance {
        match &self.behalf {
            None => Provenance { actor: Actor::Citizen(self.person), channel, reason: 0 },
            Some(Behalf::Helper { helper, .. }) => Provenance { actor: Actor::Proxy(*helper), channel, reason: 0 },
            Some(Behalf::Agent { agent, reason }) => {
                Provenance { actor: Actor::Agent(*agent), channel: Channel::Call, reason: *reason }
            }
        }
    }

    /// Who acts for the person, if it is a helper.
    pub fn helper(&self) -> Option<Person> {
        match &self.behalf {
            Some(Behalf::Helper { helper, .. }) => Some(*helper),
            Some(Behalf::Agent { .. }) | None => None,
        }
    }

    /// For the banner: who is acted for, if a helper acts.
    pub fn helped_name(&self) -> Option<&str> {
        match &self.behalf {
            Some(Behalf::Helper { name, .. }) => Some(&name.0),
            Some(Behalf::Agent { .. }) | None => None,
        }
    }

    /// The agent who acts, if one does.
    pub fn agent(&self) -> Option<StaffNumber> {
        match &self.behalf {
            Some(Behalf::Agent { agent, .. }) => Some(*agent),
            Some(Behalf::Helper { .. }) | None => None,
        }
    }

    /// Sealed, as base64url.
    pub(super) fn seal_on_behalf(&self, behalf: &Behalf, keys: &dyn Keys) -> String {
        let mut plain = self.layout();
        match behalf {
            Behalf::Helper { helper, help, name } => {
                plain.push(1);
                plain.extend(helper.0.to_le_bytes());
                plain.extend(help.0.to_le_bytes());
                plain.extend(name.0.chars().take(NAME_CHARS_MAX).collect::<String>().into_bytes());
            }
            Behalf::Agent { agent, reason } => {
                plain.push(2);
                plain.extend(agent.0.to_le_bytes());
                plain.extend(reason.to_le_bytes());
            }
        }
        URL_SAFE_NO_PAD.encode(keys.seal(SealPurpose::LoginSession, CONTEXT, &plain))
    }

    /// Opens what was sealed for somebody who acts for another, if it is ours and has not expired. Whose it is, is for the
    /// gate to compare.
    pub(super) fn open_on_behalf(keys: &dyn Keys, text: &str, now: UnixMillis) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = keys.open(SealPurpose::LoginSession, CONTEXT, &sealed).ok()?;
        let (own, behalf) = plain.split_at_checked(LAYOUT_BYTES)?;
        let behalf = read(behalf)?;
        let session = Self::read(own).filter(|session| session.is_current(now))?;
        Some(Self { behalf: Some(behalf), ..session })
    }
}

fn read(plain: &[u8]) -> Option<Behalf> {
    let (kind, rest) = plain.split_first()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    let number = u32::from_le_bytes(*number);
    match kind {
        1 => {
            let (help, name) = rest.split_first_chunk::<4>()?;
            let name = HelpedName(String::from_utf8(name.to_vec()).ok()?);
            Some(Behalf::Helper { helper: Person(number), help: HelpId(u32::from_le_bytes(*help)), name })
        }
        2 => {
            let reason = u16::from_le_bytes(rest.try_into().ok()?);
            (reason != 0).then_some(Behalf::Agent { agent: StaffNumber(number), reason })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use charye_domain::campaign::UniquenessScheme;
    use charye_domain::ids::CitizenKey;
    use charye_engine::fakes::{SeededRandom, ToyKeys};
    use jiff::civil::date;

    const NOW: UnixMillis = UnixMillis(1_628_506_800_000);

    fn session(behalf: Option<Behalf>) -> LoginSession {
        let (scheme, random) = (UniquenessScheme::Rehearsal, SeededRandom::new(1));
        let own = LoginSession::begin(Person(7), CitizenKey([9; 16]), scheme, date(1990, 3, 9), 11, NOW, &random);
        LoginSession { behalf, ..own }
    }

    fn helper() -> Behalf {
        Behalf::Helper { helper: Person(3), help: HelpId(5), name: HelpedName("김하늘".to_owned()) }
    }

    #[test]
    fn who_acts_for_whom_survives_the_seal() {
        for behalf in [helper(), Behalf::Agent { agent: StaffNumber(12), reason: 4 }] {
            let session = session(Some(behalf.clone()));
            let sealed = session.seal_on_behalf(&behalf, &ToyKeys);
            assert_eq!(LoginSession::open_on_behalf(&ToyKeys, &sealed, NOW), Some(session.clone()));
            assert_eq!(LoginSession::open_on_behalf(&ToyKeys, &sealed, session.expires_at), None, "expired");
            assert_eq!(LoginSession::open(&ToyKeys, &sealed, NOW), None, "no login of one's own");
        }
        let own = session(None);
        assert_eq!(LoginSession::open_on_behalf(&ToyKeys, &own.seal(&ToyKeys), NOW), None);
    }

    #[test]
    fn every_command_says_who_acts() {
        let by = |behalf| session(behalf).by(Channel::Page);
        assert_eq!(by(None), Provenance { actor: Actor::Citizen(Person(7)), channel: Channel::Page, reason: 0 });
        assert_eq!(
            by(Some(helper())),
            Provenance { actor: Actor::Proxy(Person(3)), channel: Channel::Page, reason: 0 }
        );
        let agent = Behalf::Agent { agent: StaffNumber(12), reason: 4 };
        let expected = Provenance { actor: Actor::Agent(StaffNumber(12)), channel: Channel::Call, reason: 4 };
        assert_eq!(by(Some(agent)), expected);
        assert!(!format!("{:?}", helper()).contains("김"));
    }
}

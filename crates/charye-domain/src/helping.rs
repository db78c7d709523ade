//! Room: domain. Helping: one person acts for another, with that person's consent, or a guardian for a child by the word of a
//! registry. The numbers that bound it, and the words the journal has for it. Called by the book, which keeps who helps whom.
//!
//! Must never know a code: only the keyed hash of one comes in.

use crate::campaign::UniquenessScheme;
use crate::ids::{CitizenKey, HelpId, Person};
use crate::time::UnixMillis;

/// People whom one person may help at once.
pub const HELPED_PER_HELPER_MAX: usize = 4;
/// People who may stand as one person's helpers at once.
pub const HELPERS_PER_PERSON_MAX: usize = 2;
/// Codes that may be out at once to one person.
pub const CODES_PER_PERSON_MAX: usize = 3;
/// How long a code is good. Unit: seconds.
pub const CODE_TTL_SECS: u32 = 30 * 60;
/// Wrong codes, with the last of which the question is over.
pub const CODE_TRIES_MAX: u8 = 5;
/// How long a consent stands before it is asked for again. Unit: seconds.
pub const CONSENT_TTL_SECS: u32 = 180 * 86_400;
/// How long a registry's word stands; short, and the same for every child, so that its end tells nothing of a birthday.
/// Unit: seconds.
pub const REGISTRY_TTL_SECS: u32 = 30 * 86_400;
/// A guardian speaks for a child younger than this. Unit: years. Source: the Korean age of consent to the use of one's data
/// (개인정보 보호법 제22조의2).
pub const CHILD_YEARS: i16 = 14;

/// Most callers that an agent may look up within [`LOOK_UP_COUNTS_SECS`].
pub const LOOK_UPS_MAX: u32 = 1_000;
/// How long a look-up counts against an agent's budget. Unit: seconds.
pub const LOOK_UP_COUNTS_SECS: u32 = 3_600;

/// What proves that somebody knows a code: its hash under a key of the installation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HelpProof(pub [u8; 16]);

impl std::fmt::Debug for HelpProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HelpProof(..)")
    }
}

/// What somebody helps by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpBasis {
    /// The person helped gave the code away that only they were sent.
    Consent,
    /// A registry says that the helper is the guardian of the child.
    Registry,
}

/// Why helping, or a question whether to, is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOfHelp {
    /// By either side.
    Revoked,
    Expired,
    /// Too many wrong codes.
    TriesSpent,
}

/// How far it has come between two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpStage {
    /// A code is out: the person helped invites whoever they give it to.
    Invited {
        expires_at: UnixMillis,
    },
    Standing {
        helper: Person,
        basis: HelpBasis,
        ends_at: UnixMillis,
    },
}

/// One person's part in helping, as they are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpView {
    pub help: HelpId,
    pub helped: Person,
    /// What makes the person helped one citizen: a campaign with another scheme does not take them.
    pub scheme: UniquenessScheme,
    /// Their key, for the number in a draw that follows from it.
    pub helped_key: CitizenKey,
    pub stage: HelpStage,
}

impl HelpView {
    /// Who helps, once somebody does.
    pub fn helper(&self) -> Option<Person> {
        match self.stage {
            HelpStage::Invited { .. } => None,
            HelpStage::Standing { helper, .. } => Some(helper),
        }
    }

    /// Whether this lets `helper` act for `helped` now.
    pub fn stands_for(&self, helper: Person, helped: Person) -> bool {
        self.helped == helped && matches!(self.stage, HelpStage::Standing { helper: by, .. } if by == helper)
    }
}

/// The number of a scheme in journals and images. Never renumbered.
pub fn scheme_number(scheme: UniquenessScheme) -> u8 {
    match scheme {
        UniquenessScheme::ConnectingInformation => 1,
        UniquenessScheme::PairwiseSubject => 2,
        UniquenessScheme::NationalId => 3,
        UniquenessScheme::Rehearsal => 4,
    }
}

/// The scheme with this number.
pub fn scheme_of_number(number: u8) -> Option<UniquenessScheme> {
    match number {
        1 => Some(UniquenessScheme::ConnectingInformation),
        2 => Some(UniquenessScheme::PairwiseSubject),
        3 => Some(UniquenessScheme::NationalId),
        4 => Some(UniquenessScheme::Rehearsal),
        _ => None,
    }
}
